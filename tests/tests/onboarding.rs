//! Onboarding runbooks: what runs in an account because it joined.
#![cfg(feature = "end-to-end")]

use anyhow::{Context, Result, ensure};
use aws_sdk_ssm::types::{DocumentFormat, DocumentType, Tag};
use harness::local::Options;
use harness::stack::StackOptions;
use harness::{HOME_REGION, HUB, aws, deploy};
use serde_json::json;
use tests::{World, run_with, until};

const OWNER: &str = "222233334444";
const ABROAD: &str = "eu-west-1";
const MACHINE: &str = "RunAutomationStateMachineArn";

/// Runs a test where the suite may start `Org-…`, the hub's and the owner's.
fn run<F: Future<Output = Result<()>>>(test: impl FnOnce(&'static World) -> F) {
    let parameters = vec![
        ("AllowedRunbookNames", "Org-*".to_owned()),
        ("AllowedSharedRunbookArns", format!("arn:aws:ssm:*:{OWNER}:document/Org-*")),
        ("OnboardingTimeoutSeconds", "40".to_owned()),
    ];
    run_with(&Options::default(), &StackOptions::with(parameters), test);
}

fn rule(documents: &str, accounts: &str, runbook: &str) -> String {
    format!(
        "documents: {{{documents}}}\nregions: [{HOME_REGION}, {ABROAD}]\n\
         accounts: {{in: [{accounts}]}}\nonboarding: [{{runbook: {runbook}}}]\n"
    )
}

/// The roles of an account in which runbooks may run.
async fn deploy_member(world: &World, account: &str) -> Result<()> {
    let config = aws::config(&world.local.endpoint, account, HOME_REGION).await;
    let parameters = [
        ("HubAccount", HUB.to_owned()),
        ("HubRegion", HOME_REGION.to_owned()),
        ("RolesRegion", HOME_REGION.to_owned()),
        ("OrganizationId", world.stack.seeded.organization.clone()),
    ];
    deploy::stack(&config, "runbook-relay-target-account", "target-account.yaml", &parameters)
        .await
        .map(drop)
}

/// How many executions onboard an account by a rule.
async fn onboarding(world: &World, account: &str, rule: &str) -> Result<usize> {
    let started = world.executions(MACHINE).await?;
    let (own, rule) = (format!("onboard-{account}-"), format!("-{rule}"));
    Ok(started.into_keys().filter(|name| name.starts_with(&own) && name.ends_with(&rule)).count())
}

/// A runbook that may run in other accounts, and is ours to start.
async fn runbook(world: &World, account: &str, region: &str, name: &str) -> Result<()> {
    let ssm = world.ssm(account, region).await;
    let tag = Tag::builder().key("runbook-relay").value("allowed").build()?;
    let create = ssm.create_document().name(name).content(BASELINE).tags(tag);
    let create = create.document_type(DocumentType::Automation);
    create.document_format(DocumentFormat::Yaml).send().await?;
    Ok(())
}

const BASELINE: &str = "\
schemaVersion: '0.3'
description: Waits a second.
assumeRole: '{{ AutomationAssumeRole }}'
parameters:
  AutomationAssumeRole: {type: AWS::IAM::Role::Arn, default: ''}
mainSteps:
  - name: Wait
    action: aws:sleep
    inputs: {Duration: PT1S}
";

#[test]
fn a_new_accounts_runbook_runs_once_in_every_region_when_the_account_can_be_reached() {
    run(|world| async move {
        for region in [HOME_REGION, ABROAD] {
            runbook(world, HUB, region, "Org-Baseline").await?;
        }
        let prod = rule("names: [Org-Baseline]", "/Workloads/Prod", "Org-Baseline");
        world.stack.put_rule("prod", &prod).await?;
        let mut inbox = world.subscribe("baseline").await?;
        let created = world.create_account("newcomer").await?;
        world.place(&created.account, "/Workloads/Prod").await?;
        until("the onboarding to wait for the account", || async {
            Ok((onboarding(world, &created.account, "prod").await? == 1).then_some(()))
        })
        .await?;
        deploy_member(world, &created.account).await?;

        let about = |told: &harness::outcomes::Received| {
            told.json()["trigger"]["kind"] == "onboarding"
                && told.accounts().any(|id| id == created.account)
                && told.json()["rules"] == json!(["prod"])
        };
        let told = inbox.wait_for("the outcome of the onboarding", about).await?;
        ensure!(told.outcome() == "succeeded", "{}", told.json());
        let id = told.json()["runs"][0]["executionId"].as_str().context("an id")?.to_owned();
        let ssm = world.ssm(HUB, HOME_REGION).await;
        let run = ssm.get_automation_execution().automation_execution_id(id).send().await?;
        let run = run.automation_execution.context("an execution")?;
        let mut places: Vec<_> =
            run.step_executions().iter().filter_map(|s| s.step_name()).collect();
        places.sort_unstable();
        let wanted = [ABROAD, HOME_REGION].map(|region| format!("{}_{region}", created.account));
        ensure!(places == wanted, "in every Region of the rule: {places:?}");
        world.settled(&created.account).await?;
        let started = onboarding(world, &created.account, "prod").await?;
        ensure!(started == 1, "join, move and second look start it once: {started}");
        // An execution that exists already is not a problem.
        let problem =
            inbox.all().await?.iter().find(|told| {
                told.problems().any(|problem| problem["code"] == "OnboardingNotStarted")
            });
        ensure!(problem.is_none(), "{problem:?}");
        // The shares say what was started.
        let shared = inbox.all().await?.iter().filter(|o| o.json()["flow"] == "sharing");
        let summaries: Vec<_> = shared.map(|o| o.json()["summary"].to_string()).collect();
        ensure!(
            summaries
                .iter()
                .any(|text| text.contains("onboarding runbook") && text.contains(" started")),
            "{summaries:?}"
        );
        Ok(())
    });
}

#[test]
fn a_runbook_of_another_owner_runs_by_its_arn_and_an_account_out_of_reach_is_told() {
    run(|world| async move {
        world.owner(OWNER, &[], &[]).await?;
        for region in [HOME_REGION, ABROAD] {
            runbook(world, OWNER, region, "Org-Shared").await?;
        }
        // The hub starts it, and so has to see it.
        let documents = format!("owner: \"{OWNER}\", names: [Org-Shared]");
        world.stack.put_rule("shared", &rule(&documents, "organization", "Org-Shared")).await?;
        let step = world.step_functions();
        step.start_execution()
            .state_machine_arn(world.stack.output("ShareRunbooksStateMachineArn")?)
            .input(json!({"accounts": [HUB]}).to_string())
            .send()
            .await?;
        until("the hub to see the runbook", || async {
            Ok(world.visible(HUB, HOME_REGION).await?.contains("Org-Shared").then_some(()))
        })
        .await?;
        let mut inbox = world.subscribe("by-arn").await?;
        for (account, reachable) in [("444455556666", true), ("555566667777", false)] {
            if reachable {
                deploy_member(world, account).await?;
            }
            world.join_by_invitation(account).await?;
            let told = inbox
                .wait_for(account, |told| {
                    told.json()["trigger"]["kind"] == "onboarding"
                        && told.accounts().any(|id| id == account)
                })
                .await?;
            let run = told.json()["runs"].as_array().and_then(|runs| runs.first());
            let run = run.context("a run")?;
            if reachable {
                ensure!(told.outcome() == "succeeded", "{}", told.json());
                let arn = format!("arn:aws:ssm:{HOME_REGION}:{OWNER}:document/Org-Shared");
                ensure!(run["runbook"] == arn.as_str(), "{run}");
            } else {
                ensure!(told.outcome() == "failed", "{}", told.json());
                let first = told.problems().next().context("a problem")?;
                ensure!(first["code"] == "RoleNotAssumable", "{first}");
            }
        }
        Ok(())
    });
}
