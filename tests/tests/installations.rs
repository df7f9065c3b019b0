//! Two installations in one hub account and one organization, on the documents of one owner.
#![cfg(feature = "end-to-end")]

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::{Value, json};
use tests::{Layout, Shell, World, run_without_stack, until};

/// A second installation beside the first, with stacks and rules of its own, in the same accounts.
const SECOND_INSTALLATION: &str = r#"
aws cloudformation deploy --template-file packaged.yaml --stack-name relay-trial \
    --s3-bucket "runbook-relay-code-$HUB" --capabilities CAPABILITY_NAMED_IAM CAPABILITY_AUTO_EXPAND \
    --parameter-overrides InstallationId=relay-trial "OrganizationId=$ORGANIZATION" "${PARAMETERS[@]}"
aws cloudformation deploy --profile owner --template-file dist/stacks/owner-account.yaml \
    --stack-name relay-trial-owner-account --capabilities CAPABILITY_NAMED_IAM --parameter-overrides \
    InstallationId=relay-trial "HubAccount=$HUB" "OrganizationId=$ORGANIZATION"
"#;

/// Says which documents of the owner an installation claims.
fn claim(installation: &str, names: &str) -> String {
    format!(
        "aws cloudformation deploy --profile owner --template-file dist/stacks/owner-account.yaml \
             --stack-name {installation}-owner-account --capabilities CAPABILITY_NAMED_IAM \
             --parameter-overrides 'ClaimedDocumentNames={names}'\n"
    )
}

/// Rules of an installation that share these documents of the owner.
fn rules(folder: &str, stack: &str, names: &str) -> String {
    format!(
        "mkdir -p {folder}/sharing\n\
         cat > {folder}/sharing/platform.yaml <<EOF\n\
         documents: {{owner: \"$OWNER\", names: [{names}]}}\n\
         regions: [us-east-1]\n\
         accounts: {{in: [organization]}}\n\
         EOF\n\
         relay --stack {stack} rules apply {folder}\n"
    )
}

#[test]
fn two_installations_in_one_hub_share_by_their_own_rules_and_take_nothing_from_each_other() {
    run_without_stack(|local| async move {
        let layout = Layout {
            heading: "Layout B: the hub in the management account",
            management: "999900001111",
            hub: "999900001111",
            owner: Some("121212121212"),
            home: "us-east-1",
            second: "eu-west-1",
            parameters: "",
        };
        layout.prepare(Arc::clone(&local)).await?;
        let shell = layout.shell(&local.endpoint)?;
        shell.part(layout.heading, "The hub").await?;
        shell.part(layout.heading, "The accounts that own runbooks").await?;
        shell.run(SECOND_INSTALLATION).await?;
        shell.run(&claim("runbook-relay", "Org-*,Relay-*")).await?;
        shell.run(&claim("relay-trial", "Trial-*")).await?;
        shell.run(&rules("first", "runbook-relay", "\"Org-*\"")).await?;
        shell.run(&rules("trial", "relay-trial", "\"Trial-*\"")).await?;
        let world = layout.world(Arc::clone(&local), "runbook-relay").await?;
        let trial = layout.world(local, "relay-trial").await?;
        let owner = layout.owner.context("it has an owner")?;
        world.documents(owner, &["us-east-1"], &["Trial-Backup"]).await?;
        let account = world.create_account("both").await?.account;
        let sees = |wanted: &'static [&'static str]| {
            let (world, account) = (&world, &account);
            async move {
                until(&format!("{account} to see {wanted:?}"), || async {
                    let visible = world.visible(account, "us-east-1").await?;
                    Ok(visible.iter().map(String::as_str).eq(wanted.iter().copied()).then_some(()))
                })
                .await
            }
        };
        sees(&["Org-Backup", "Trial-Backup"]).await?;
        world.settled(&account).await?;
        trial.settled(&account).await?;

        // Shares of the first are found by the second, and does not take back when its rule no longer names it.
        for (names, execution) in [("\"*-Backup\"", "wider"), ("\"Trial-*\"", "narrower")] {
            shell.run(&rules("trial", "relay-trial", names)).await?;
            let machine = trial.stack.output("ShareRunbooksStateMachineArn")?;
            let start = trial.step_functions().start_execution().state_machine_arn(machine);
            start.name(execution).input("{\"organization\": true}").send().await?;
            let ended = trial.settled(execution).await?;
            let succeeded = ended.values().all(|status| *status == ExecutionStatus::Succeeded);
            ensure!(succeeded, "{ended:?}");
            sees(&["Org-Backup", "Trial-Backup"]).await?;
        }
        // And the other way round: the first's rule for everything of its own goes, and only that.
        shell.run(&rules("first", "runbook-relay", "\"None-*\"")).await?;
        let machine = world.stack.output("ShareRunbooksStateMachineArn")?;
        let start = world.step_functions().start_execution().state_machine_arn(machine);
        start.name("gone").input("{\"organization\": true}").send().await?;
        sees(&["Trial-Backup"]).await
    });
}

/// Reconciles an installation's shares with its rules.
async fn share_with_everybody(world: &World, name: &str) -> Result<()> {
    let input = json!({"organization": true, "trigger": {"kind": "schedule"}});
    let arn = world.start_sharing(name, &input).await?;
    let ended = world.end_of(&arn).await?;
    ensure!(ended.status == ExecutionStatus::Succeeded, "{name}: {:?}", ended.status);
    Ok(())
}

/// An installation's rule names the documents and these accounts.
async fn shared_with(shell: &Shell, folder: &str, stack: &str, accounts: &str) -> Result<()> {
    let rule = rules(folder, stack, "\"Both-*\"").replace("[organization]", accounts);
    shell.run(&rule).await.map(drop)
}

#[test]
fn what_two_installations_claim_is_never_taken_back_until_one_claim_is_left() {
    run_without_stack(|local| async move {
        let layout = Layout {
            heading: "Layout B: the hub in the management account",
            management: "555500001111",
            hub: "555500001111",
            owner: Some("343434343434"),
            home: "us-east-1",
            second: "eu-west-1",
            parameters: "",
        };
        layout.prepare(Arc::clone(&local)).await?;
        let shell = layout.shell(&local.endpoint)?;
        shell.part(layout.heading, "The hub").await?;
        shell.part(layout.heading, "The accounts that own runbooks").await?;
        shell.run(SECOND_INSTALLATION).await?;
        let prod = layout.world(Arc::clone(&local), "runbook-relay").await?;
        let trial = layout.world(local, "relay-trial").await?;
        let owner = layout.owner.context("it has an owner")?;
        prod.documents(owner, &["us-east-1"], &["Both-Patch"]).await?;
        let mut outcomes = trial.subscribe("trial").await?;
        shared_with(&shell, "first", "runbook-relay", "[organization]").await?;
        shared_with(&shell, "trial", "relay-trial", "[organization]").await?;

        // Both have the share of the new account in their ledgers.
        let account = prod.create_account("contested").await?.account;
        let claims = |outcome: &Value| -> Vec<Value> {
            let problems = outcome["problems"].as_array().into_iter().flatten();
            let about = |problem: &&Value| problem["where"] == owner;
            problems.filter(about).map(|problem| problem["code"].clone()).collect()
        };
        prod.settled(&account).await?;
        trial.settled(&account).await?;
        let sees = |wanted: bool| {
            let (world, account) = (&prod, &account);
            async move {
                until(&format!("{account} to see the document: {wanted}"), || async {
                    let visible = world.visible(account, "us-east-1").await?;
                    Ok((visible.contains("Both-Patch") == wanted).then_some(()))
                })
                .await
            }
        };
        sees(true).await?;
        let twice =
            |o: &harness::outcomes::Received| claims(o.json()) == [json!("DocumentsClaimedTwice")];
        outcomes.wait_for("the problem of the claims", twice).await?;

        // Executions of the rule and of the account that end at the same time may both name it.
        let named = |published: &[harness::outcomes::Received]| -> Vec<Vec<Value>> {
            let codes = published.iter().map(|outcome| claims(outcome.json()));
            codes.filter(|codes| !codes.is_empty()).collect()
        };
        let first = named(outcomes.all().await?);

        // The one no longer wants it, the other does.
        shared_with(&shell, "trial", "relay-trial", "[\"343434343434\"]").await?;
        share_with_everybody(&trial, "smaller").await?;
        sees(true).await?;
        let again = named(outcomes.all().await?);
        ensure!(again == first, "published once, until it changes: {first:?}, then {again:?}");

        // Each has its own claim: what only the other claims is nothing to the trial any more.
        shell.run(&claim("relay-trial", "Trial-*")).await?;
        share_with_everybody(&trial, "elsewhere").await?;
        sees(true).await?;
        let told = outcomes.wait_for("another problem", |o| {
            claims(o.json()).contains(&json!("DocumentsClaimedElsewhere"))
        });
        told.await?;
        shared_with(&shell, "trial", "relay-trial", "[organization]").await?;
        share_with_everybody(&prod, "kept").await?;
        sees(true).await?;
        shared_with(&shell, "first", "runbook-relay", "[\"343434343434\"]").await?;
        share_with_everybody(&prod, "taken").await?;
        sees(false).await?;
        share_with_everybody(&trial, "unclaimed").await?;
        sees(false).await
    });
}
