//! Later changes are brought back to policy: moves, departures, backfill, invalid rules.
#![cfg(feature = "end-to-end")]

use anyhow::{Context, Result, ensure};
use harness::outcomes::Received;
use tests::{World, run, until};

const OWNER: &str = "222233334444";
const REGION: &str = "us-east-1";

/// Policy is one for all: a test that breaks it, or that adds a document for everybody, is alone.
static POLICY: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

async fn ground(world: &World) -> Result<()> {
    static ONCE: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();
    ONCE.get_or_try_init(|| async {
        world.owner(OWNER, &[REGION], &["Org-One", "Prod-One", "Test-One", "Foreign-One"]).await?;
        world.settled(OWNER).await?;
        for (name, documents, accounts) in [
            ("everyone", "Org-*", "organization"),
            ("prod", "Prod-*", "/Workloads/Prod"),
            ("test", "Test-*", "/Workloads/Test"),
        ] {
            let rule = format!(
                "documents: {{owner: \"{OWNER}\", names: [\"{documents}\"]}}\n\
                 regions: [{REGION}]\naccounts: {{in: [{accounts}]}}\n"
            );
            world.stack.put_rule(name, &rule).await?;
        }
        Ok(())
    })
    .await
    .map(drop)
}

async fn assert_sees(world: &World, account: &str, names: &[&str]) -> Result<()> {
    let wanted: std::collections::BTreeSet<String> =
        names.iter().map(|name| (*name).to_owned()).collect();
    let what = format!("{account} to see {names:?}");
    let reached = until(&what, || async {
        let mut visible = world.visible(account, REGION).await?;
        // Shares that the backfill's test adds for everybody may be there already.
        visible.retain(|name| name != "Org-New" || wanted.contains(name));
        Ok((visible == wanted).then_some(()))
    });
    match reached.await {
        Ok(()) => Ok(()),
        Err(error) => {
            let sees = world.visible(account, REGION).await?;
            Err(error.context(format!("{account} sees {sees:?}")))
        }
    }
}

#[test]
fn shares_follow_an_account_from_ou_to_ou_and_out_and_foreign_shares_stay() {
    run(|world| async move {
        let _alone = POLICY.lock().await;
        ground(world).await?;
        let mut outcomes = world.subscribe("follow").await?;
        let account = world.create_account("follow").await?.account;
        let ssm = world.ssm(OWNER, REGION).await;
        ssm.modify_document_permission()
            .name("Foreign-One")
            .permission_type(aws_sdk_ssm::types::DocumentPermissionType::Share)
            .account_ids_to_add(&account)
            .send()
            .await?;
        assert_sees(world, &account, &["Foreign-One", "Org-One"]).await?;
        world.place(&account, "/Workloads/Prod").await?;
        assert_sees(world, &account, &["Foreign-One", "Org-One", "Prod-One"]).await?;
        let units = &world.stack.seeded.units;
        world.shift(&account, &units["/Workloads/Prod"], &units["/Workloads/Test"]).await?;
        assert_sees(world, &account, &["Foreign-One", "Org-One", "Test-One"]).await?;
        world.settled(&account).await?;
        let removal = world.organizations().remove_account_from_organization();
        removal.account_id(&account).send().await?;
        assert_sees(world, &account, &["Foreign-One"]).await?;
        let left = |o: &Received| {
            o.accounts().any(|id| id == account) && o.json()["trigger"]["kind"] == "departure"
        };
        let outcome = outcomes.wait_for("the departure's outcome", left).await?;
        ensure!(outcome.outcome() == "succeeded", "{}", outcome.json());
        Ok(())
    });
}

#[test]
fn backfill_shares_with_every_existing_account_and_then_finds_nothing_to_do() {
    run(|world| async move {
        let _alone = POLICY.lock().await;
        ground(world).await?;
        let first = world.create_account("backfill-1").await?.account;
        let second = world.create_account("backfill-2").await?.account;
        world.settled(&first).await?;
        world.settled(&second).await?;
        world.documents(OWNER, &[REGION], &["Org-New"]).await?;
        let mut outcomes = world.subscribe("backfill").await?;
        backfill(world, "backfill-a").await?;
        for account in [&first, &second] {
            assert_sees(world, account, &["Org-New", "Org-One"]).await?;
        }
        let told = |o: &Received| o.json()["trigger"]["kind"] == "backfill";
        let outcome = outcomes.wait_for("the backfill's outcome", told).await?;
        ensure!(outcome.outcome() == "succeeded", "{}", outcome.json());
        let before = world.modifications(&first).await?;
        backfill(world, "backfill-b").await?;
        world.settled("backfill-b").await?;
        ensure!(
            world.modifications(&first).await? == before,
            "a second backfill changed something"
        );
        let again = |o: &&Received| {
            o.json()["execution"].as_str().is_some_and(|arn| arn.ends_with("backfill-b"))
        };
        ensure!(!outcomes.all().await?.iter().any(|o| again(&o)), "it published something");
        Ok(())
    });
}

#[test]
fn an_invalid_rule_is_named_with_its_place_and_takes_no_valid_one_with_it() {
    run(|world| async move {
        let _alone = POLICY.lock().await;
        ground(world).await?;
        let broken =
            format!("documents: {{owner: {OWNER}, names: [\"X-*\"]}}\nregions: [us-east-1]\n");
        let mut outcomes = world.subscribe("broken").await?;
        world.stack.put_rule("zz-broken", &broken).await?;
        // Named once, by whichever execution meets it first: the one of the rule's own event, or of the account.
        let names = |o: &Received| {
            o.problems().any(|problem| {
                problem["where"].as_str().is_some_and(|w| w.contains("zz-broken:1:20"))
                    && problem["code"] == "AccountIdNotQuoted"
            })
        };
        outcomes.wait_for("the problem of the rule", names).await?;
        let account = world.create_account("broken").await?.account;
        let about = |o: &Received| o.accounts().any(|id| id == account);
        let outcome = outcomes.wait_for("the outcome", about).await?;
        ssm_delete(world, "zz-broken").await?;
        ensure!(outcome.outcome() == "succeeded", "{}", outcome.json());
        assert_sees(world, &account, &["Org-One"]).await
    });
}

/// A join looks up no OU: the recheck after it, or the look that the rule's own event leads to, finds the problem first.
#[test]
fn a_problem_that_only_a_settled_recheck_sees_is_published_once_and_when_it_is_gone() {
    run(|world| async move {
        let _alone = POLICY.lock().await;
        ground(world).await?;
        let names_it = |problems: &serde_json::Value| {
            let mut all = problems.as_array().into_iter().flatten();
            all.any(|one| one["what"].as_str().is_some_and(|what| what.contains("/Nowhere")))
        };
        let rule = format!(
            "documents: {{owner: \"{OWNER}\", names: [\"Org-*\"]}}\nregions: [{REGION}]\n\
             accounts: {{in: [/Nowhere]}}\n"
        );
        world.stack.put_rule("zz-nowhere", &rule).await?;
        let mut outcomes = world.subscribe("nowhere").await?;
        let first = world.create_account("nowhere-1").await?.account;
        let named = |o: &Received| names_it(&o.json()["problems"]);
        let outcome = outcomes.wait_for("the problem", named).await?;
        let problem = outcome.problems().next().context("a problem")?;
        ensure!(problem["code"] == "UnknownOrganizationalUnit", "{problem}");

        world.settled(&first).await?;
        let second = world.create_account("nowhere-2").await?.account;
        world.settled(&second).await?;
        let times = outcomes.all().await?.iter().filter(|o| named(o)).count();
        ensure!(times == 1, "it was published {times} times");

        ssm_delete(world, "zz-nowhere").await?;
        world.create_account("nowhere-3").await?;
        let solved = |o: &Received| names_it(&o.json()["solved"]);
        outcomes.wait_for("the end of the problem", solved).await.map(drop)
    });
}

async fn ssm_delete(world: &World, rule: &str) -> Result<()> {
    let ssm = aws_sdk_ssm::Client::new(&world.stack.hub);
    ssm.delete_parameter().name(format!("/runbook-relay/sharing/{rule}")).send().await?;
    Ok(())
}

async fn backfill(world: &World, name: &str) -> Result<()> {
    world
        .step_functions()
        .start_execution()
        .state_machine_arn(world.stack.output("ShareRunbooksStateMachineArn")?)
        .name(name)
        .input("{\"organization\": true}")
        .send()
        .await?;
    Ok(())
}
