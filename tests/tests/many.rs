//! Many accounts at once: as few calls as twenty ids a call allow, and one outcome for each account.
#![cfg(feature = "end-to-end")]

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use futures::future::try_join_all;
use harness::local::Options;
use harness::stack::StackOptions;
use serde_json::Value;
use tests::{World, run_with, until};

const OWNER: &str = "222233334444";
const REGION: &str = "us-east-1";
const MANY: usize = 100;

/// A batch has the accounts of both tests, if they are at the same time.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn stack() -> StackOptions {
    let parameters = [("GatherSeconds", "4"), ("SettleSeconds", "30")];
    StackOptions::with(parameters.map(|(key, value)| (key, value.to_owned())))
}

async fn ground(world: &World) -> Result<()> {
    static ONCE: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();
    ONCE.get_or_try_init(|| async {
        world.owner(OWNER, &[REGION], &["Org-One", "Org-Two", "Prod-One"]).await?;
        world.settled(OWNER).await?;
        for (name, documents, accounts) in
            [("everyone", "Org-*", "organization"), ("prod", "Prod-*", "/Workloads/Prod")]
        {
            let rule = format!(
                "documents: {{owner: \"{OWNER}\", names: [\"{documents}\"]}}\n\
                 regions: [{REGION}]\naccounts: {{in: [{accounts}]}}\n"
            );
            world.stack.put_rule(name, &rule).await?;
        }
        world.settled("change-").await.map(drop)
    })
    .await
    .map(drop)
}

/// How often each document was shared with any of these accounts, by call.
async fn calls(world: &World, accounts: &[String]) -> Result<BTreeMap<String, usize>> {
    let calls =
        world.local.relay("GET", "calls?principal=runbook-relay-share/", &Value::Null).await?;
    let mut counts = BTreeMap::new();
    for call in calls.as_array().into_iter().flatten() {
        let ids = call["input"]["AccountIdsToAdd"].as_array().into_iter().flatten();
        let adds = ids.filter_map(Value::as_str).any(|id| accounts.iter().any(|a| a == id));
        if call["operation"] == "ModifyDocumentPermission" && call["status"] == 200 && adds {
            let name = call["input"]["Name"].as_str().unwrap_or_default();
            *counts.entry(name.to_owned()).or_default() += 1;
        }
    }
    Ok(counts)
}

#[test]
fn a_hundred_accounts_created_at_once_take_as_few_calls_as_ids_allow_and_have_one_outcome_each() {
    run_with(&Options::default(), &stack(), |world| async move {
        let _alone = ALONE.lock().await;
        ground(world).await?;
        let mut outcomes = world.subscribe("many").await?;
        let created = try_join_all(
            (0..MANY).map(|n| async move { world.create_account(&format!("many-{n}")).await }),
        )
        .await?;
        let accounts: Vec<String> = created.into_iter().map(|created| created.account).collect();
        let last = accounts.last().map(String::as_str).unwrap_or_default();
        for account in [accounts[0].as_str(), last] {
            until("an account to have its runbooks", || async {
                Ok((world.visible(account, REGION).await?.len() == 2).then_some(()))
            })
            .await?;
        }
        let end = || {
            until("all executions to end", || async {
                let all = world.executions("ShareRunbooksStateMachineArn").await?;
                Ok(all.values().all(|status| *status == ExecutionStatus::Succeeded).then_some(()))
            })
        };
        // So many processes take minutes on two processors.
        if end().await.is_err() && end().await.is_err() {
            end().await?;
        }
        let mut told: BTreeMap<String, usize> = BTreeMap::new();
        let mut batches = Vec::new();
        for outcome in outcomes.all().await? {
            let ours = outcome.accounts().filter(|id| accounts.iter().any(|a| a == id));
            let ours: Vec<String> = ours.map(str::to_owned).collect();
            batches.extend((!ours.is_empty()).then_some(ours.len()));
            ours.into_iter().for_each(|id| *told.entry(id).or_default() += 1);
        }
        // On a slow machine they arrive for more than a minute, and a batch waits no longer.
        ensure!(batches.len() <= 4, "{batches:?}");
        let fewest: usize = batches.iter().map(|accounts| accounts.div_ceil(20)).sum();
        let expected = ["Org-One", "Org-Two"].map(|name| (name.to_owned(), fewest));
        let calls = calls(world, &accounts).await?;
        ensure!(calls == BTreeMap::from(expected), "{calls:?}, in batches of {batches:?}");
        for account in &accounts {
            ensure!(told.get(account) == Some(&1), "{account}: {:?}", told.get(account));
            let visible = world.visible(account, REGION).await?;
            ensure!(visible.len() == 2, "{account} sees {visible:?}");
        }
        Ok(())
    });
}

/// The outcome of a created account waits for its move; its runbooks do not wait.
#[test]
fn an_account_that_is_moved_a_while_after_it_joined_has_one_outcome() {
    run_with(&Options::default(), &stack(), |world| async move {
        let _alone = ALONE.lock().await;
        ground(world).await?;
        let mut outcomes = world.subscribe("story").await?;
        let account = world.create_account("moved-later").await?.account;
        until("the runbooks of everybody", || async {
            Ok((world.visible(&account, REGION).await?.len() == 2).then_some(()))
        })
        .await?;
        ensure!(outcomes.about(&account, "join").await?.is_empty(), "its story is not over");
        world.place(&account, "/Workloads/Prod").await?;
        let outcome = outcomes
            .wait_for("the outcome", |outcome| outcome.accounts().any(|id| id == account))
            .await?;
        ensure!(outcome.json()["trigger"]["kind"] == "join", "{}", outcome.json());
        ensure!(outcome.json()["shares"][0]["added"] == 3, "{}", outcome.json());
        let moved = format!("move-{account}-");
        let ended = world.settled(&moved).await?;
        ensure!(ended.values().all(|status| *status == ExecutionStatus::Succeeded), "{ended:?}");
        let all = outcomes.all().await?;
        let published = all.iter().filter(|outcome| outcome.accounts().any(|id| id == account));
        ensure!(published.count() == 1, "the move has no outcome of its own");
        ensure!(world.visible(&account, REGION).await?.len() == 3);
        Ok(())
    });
}
