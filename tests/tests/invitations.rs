//! Invitations share nothing until they are accepted, and say so when they come to nothing.
#![cfg(feature = "end-to-end")]

use anyhow::{Context, Result, ensure};
use aws_sdk_organizations::types::HandshakeState;
use harness::HOME_REGION;
use harness::outcomes::Received;
use serde_json::json;
use tests::{Subscriber, World, run};

const OWNER: &str = "222233334444";

async fn ground(world: &World) -> Result<()> {
    static ONCE: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();
    ONCE.get_or_try_init(|| async {
        world.owner(OWNER, &["us-east-1"], &["Org-One", "Org-Two"]).await?;
        world.settled(OWNER).await?;
        let rule = format!(
            "documents: {{owner: \"{OWNER}\", names: [\"Org-*\"]}}\nregions: [us-east-1]\n\
             accounts: {{in: [organization]}}\n"
        );
        world.stack.put_rule("everyone", &rule).await
    })
    .await
    .map(drop)
}

/// The outcome of the wait for a handshake.
async fn outcome_of(outcomes: &mut Subscriber, handshake: &str) -> Result<Received> {
    let ends =
        |o: &Received| o.json()["execution"].as_str().is_some_and(|e| e.ends_with(handshake));
    outcomes.wait_for(&format!("the outcome of {handshake}"), ends).await
}

/// An invited account that has not accepted sees nothing.
async fn assert_nothing_shared(world: &World, account: &str) -> Result<()> {
    ensure!(world.modifications(account).await?.added.is_empty(), "{account} was shared with");
    ensure!(world.visible(account, "us-east-1").await?.is_empty());
    Ok(())
}

#[test]
fn an_account_gets_its_runbooks_when_it_accepts_and_not_before() {
    run(|world| async move {
        ground(world).await?;
        let account = "555566667777";
        let mut outcomes = world.subscribe("accepted").await?;
        let handshake = world.invite("ACCOUNT", account).await?;
        assert_nothing_shared(world, account).await?;
        accept(world, account, &handshake).await?;
        outcomes
            .wait_for("the join's outcome", |o| {
                o.accounts().any(|id| id == account) && o.outcome() == "succeeded"
            })
            .await?;
        world.settled(account).await?;
        let added = world.modifications(account).await?.added;
        ensure!(added.len() == 2 && added.values().all(|times| *times == 1), "{added:?}");
        ensure!(outcomes.about(account, "join").await?.len() == 1);
        Ok(())
    });
}

#[test]
fn an_address_gets_its_runbooks_though_its_handshake_never_names_an_account() {
    run(|world| async move {
        ground(world).await?;
        // The events that would name the account are lost; only the invitation's is delivered.
        let lost = json!({"drop": ["AcceptHandshake", "AccountJoinedOrganization"]});
        world.local.relay("POST", "events/delivery", &lost).await?;
        let account = "666677778888";
        let mut outcomes = world.subscribe("address").await?;
        let handshake = world.invite("EMAIL", "guest@example.com").await?;
        accept(world, account, &handshake).await?;
        let outcome = outcomes
            .wait_for("the join's outcome", |o| o.accounts().any(|id| id == account))
            .await?;
        world.local.relay("POST", "events/delivery", &json!({})).await?;
        ensure!(outcome.outcome() == "succeeded", "{}", outcome.json());
        ensure!(world.visible(account, "us-east-1").await?.len() == 2);
        Ok(())
    });
}

#[test]
fn a_declined_a_cancelled_and_an_expired_invitation_share_nothing_and_say_so() {
    run(|world| async move {
        ground(world).await?;
        let mut outcomes = world.subscribe("nothing").await?;
        let declined = world.invite("ACCOUNT", "777788889990").await?;
        let member = world.account("777788889990", HOME_REGION).await;
        let member = aws_sdk_organizations::Client::new(&member);
        member.decline_handshake().handshake_id(&declined).send().await?;
        let cancelled = world.invite("ACCOUNT", "777788889991").await?;
        world.organizations().cancel_handshake().handshake_id(&cancelled).send().await?;
        for handshake in [&declined, &cancelled] {
            let outcome = outcome_of(&mut outcomes, handshake).await?;
            ensure!(outcome.outcome() == "cancelled", "{}", outcome.json());
        }
        let expired = world.invite("ACCOUNT", "777788889992").await?;
        world.local.relay("POST", "clock", &json!({"advance": "P16D"})).await?;
        let described =
            world.organizations().describe_handshake().handshake_id(&expired).send().await?;
        let state = described.handshake.and_then(|h| h.state).context("a state")?;
        ensure!(state == HandshakeState::Expired, "{state:?}");
        let outcome = outcome_of(&mut outcomes, &expired).await?;
        ensure!(outcome.outcome() == "cancelled", "{}", outcome.json());
        ensure!(
            outcome.summary().to_lowercase().contains("expired")
                || outcome.json()["problems"].to_string().to_lowercase().contains("expired")
        );
        for account in ["777788889990", "777788889991", "777788889992"] {
            assert_nothing_shared(world, account).await?;
        }
        Ok(())
    });
}

async fn accept(world: &World, account: &str, handshake: &str) -> Result<()> {
    let member = aws_sdk_organizations::Client::new(&world.account(account, HOME_REGION).await);
    let accepted = member.accept_handshake().handshake_id(handshake).send().await;
    accepted.map_err(aws_sdk_organizations::Error::from)?;
    Ok(())
}
