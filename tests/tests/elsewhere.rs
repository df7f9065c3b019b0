//! Runs in other accounts and Regions and on several targets, with what they need beside a simple run: approvals, alarms
//! that stop them, targets by tag. End to end, under the roles of the templates.
#![cfg(feature = "end-to-end")]

use anyhow::{Context, Result, ensure};
use aws_sdk_ssm::types::{DocumentFormat, DocumentPermissionType, DocumentType, SignalType};
use harness::local::Options;
use harness::stack::StackOptions;
use harness::{HOME_REGION, HUB, aws, remediation};
use serde_json::{Value, json};
use tests::{Subscriber, World, run_with, until};
use tokio::sync::OnceCell;

const MEMBER: &str = "222233334444";
const OWNER: &str = "333344445555";
const ABROAD: &str = "eu-west-1";

/// A runbook of another account: it only waits.
const SHARED: &str = "\
schemaVersion: '0.3'
description: Waits a second.
assumeRole: '{{ AutomationAssumeRole }}'
parameters:
  AutomationAssumeRole: {type: String, default: ''}
mainSteps:
  - name: Wait
    action: aws:sleep
    inputs: {Duration: PT1S}
";

fn run<F: Future<Output = Result<()>>>(test: impl FnOnce(&'static World) -> F) {
    let shared = format!("arn:aws:ssm:*:{OWNER}:document/Org-*");
    let parameters = vec![("AllowedSharedRunbookArns", shared)];
    run_with(&Options::default(), &StackOptions::with(parameters), test);
}

/// A member account with the target-account stack; the suite's runbooks in the hub's two Regions.
async fn ready(world: &World) -> Result<()> {
    static ONCE: OnceCell<()> = OnceCell::const_new();
    ONCE.get_or_try_init(|| async {
        world.join_by_invitation(MEMBER).await?;
        remediation::add_member(&world.stack, MEMBER, ABROAD).await
    })
    .await
    .map(drop)
}

async fn instance(world: &World, account: &str, region: &str) -> Result<String> {
    let (instance, _) =
        remediation::watched_instance(&world.local.endpoint, account, region).await?;
    Ok(instance)
}

fn reboot(more: &Value) -> Value {
    let mut input = json!({"runbook": "Relay-RebootInstance",
        "parameters": {"InstanceId": ["{resource}"], "Settle": ["PT1S"]}});
    for (key, value) in more.as_object().into_iter().flatten() {
        input[key] = value.clone();
    }
    input
}

/// Starts a run that asks for an approval, gives it in the hub's home Region, and returns its outcome: it succeeded.
async fn approved(world: &World, inbox: &mut Subscriber, input: Value) -> Result<Value> {
    let last = ended(world, inbox, input).await?;
    ensure!(last["outcome"] == "succeeded", "{last}");
    Ok(last)
}

/// The same, however it ended.
async fn ended(world: &World, inbox: &mut Subscriber, mut input: Value) -> Result<Value> {
    input["approval"] = json!({"approvers": [format!("arn:aws:iam::{HUB}:root")], "within": "1h"});
    let arn = world.start_run(&input).await?;
    let first = inbox.wait_for("an answer", |o| o.json()["execution"] == *arn).await?;
    ensure!(first.outcome() == "pendingApproval", "{}", first.json());
    let id = first.json()["runs"][0]["executionId"].as_str().context("an id")?.to_owned();
    let ssm = world.ssm(HUB, HOME_REGION).await;
    let signal = ssm.send_automation_signal().automation_execution_id(&id);
    signal.signal_type(SignalType::Approve).send().await?;
    let last = inbox
        .wait_for("the end", |o| o.json()["execution"] == *arn && o.outcome() != "pendingApproval")
        .await?;
    Ok(last.json().clone())
}

/// The instances that a runbook has rebooted in an account and Region.
async fn rebooted(world: &World, account: &str, region: &str, ids: &[&str]) -> Result<bool> {
    let ssm = world.ssm(account, region).await;
    let mut pages = ssm.describe_automation_executions().into_paginator().send();
    let mut found = std::collections::BTreeSet::new();
    while let Some(page) = pages.next().await {
        for execution in page?.automation_execution_metadata_list() {
            let id = execution.automation_execution_id().unwrap_or_default();
            let whole = ssm.get_automation_execution().automation_execution_id(id).send().await?;
            let whole = whole.automation_execution.context("an execution")?;
            let reboots =
                whole.document_name().is_some_and(|n| n.ends_with("Relay-RebootInstance"));
            let done = whole.automation_execution_status().is_some_and(|s| s.as_str() == "Success");
            let on = whole.parameters().and_then(|parameters| parameters.get("InstanceId"));
            if reboots && done {
                found.extend(on.into_iter().flatten().cloned());
            }
        }
    }
    Ok(ids.iter().all(|id| found.contains(*id)))
}

#[test]
fn an_approval_is_given_in_the_hub_and_the_runbook_runs_in_the_member_account() {
    run(|world| async move {
        ready(world).await?;
        let mut inbox = world.subscribe("approved-member").await?;
        let id = instance(world, MEMBER, ABROAD).await?;
        let input = json!({"account": MEMBER, "region": ABROAD, "resources": [id]});
        approved(world, &mut inbox, reboot(&input)).await?;
        ensure!(rebooted(world, MEMBER, ABROAD, &[&id]).await?, "{id} was not rebooted");
        Ok(())
    });
}

#[test]
fn an_approval_is_given_in_the_home_region_and_the_runbook_runs_in_another() {
    run(|world| async move {
        ready(world).await?;
        let mut inbox = world.subscribe("approved-abroad").await?;
        let id = instance(world, HUB, ABROAD).await?;
        let input = json!({"region": ABROAD, "resources": [id]});
        approved(world, &mut inbox, reboot(&input)).await?;
        ensure!(rebooted(world, HUB, ABROAD, &[&id]).await?, "{id} was not rebooted");
        Ok(())
    });
}

#[test]
fn an_approval_is_given_once_for_several_targets_here_and_elsewhere() {
    run(|world| async move {
        ready(world).await?;
        let mut inbox = world.subscribe("approved-several").await?;
        for (account, region) in [(HUB, HOME_REGION), (MEMBER, ABROAD)] {
            let ids =
                [instance(world, account, region).await?, instance(world, account, region).await?];
            let input = json!({"account": account, "region": region, "resources": ids,
                "run": {"maxConcurrency": "1"}});
            approved(world, &mut inbox, reboot(&input)).await.context(account)?;
            let ids = ids.each_ref().map(String::as_str);
            ensure!(rebooted(world, account, region, &ids).await?, "{account}: {ids:?}");
        }
        Ok(())
    });
}

#[test]
fn a_run_whose_targets_all_fail_has_failed_though_ssm_calls_it_a_success_on_every_level() {
    run(|world| async move {
        ready(world).await?;
        let mut inbox = world.subscribe("in-vain").await?;
        let gone = ["i-00000000000000001", "i-00000000000000002"];
        for (account, region) in [(HUB, HOME_REGION), (MEMBER, ABROAD)] {
            let input = reboot(&json!({"account": account, "region": region, "resources": gone,
                "run": {"maxConcurrency": "2", "maxErrors": "100%"}}));
            let direct = world.start_run(&input).await?;
            let direct = inbox.of(&direct).await?.json().clone();
            let asked = ended(world, &mut inbox, input).await?;
            for outcome in [direct, asked] {
                ensure!(outcome["outcome"] == "failed", "{account}: {outcome}");
                let what = outcome["problems"][0]["what"].as_str().unwrap_or_default();
                ensure!(what.starts_with("2 of 2 runs"), "{account}: {outcome}");
                // The run that SSM calls a success, and its children with their place and reason.
                ensure!(outcome["runs"][0]["status"] == "Success", "{account}: {outcome}");
                let child = &outcome["runs"][1];
                ensure!(child["account"] == account && child["region"] == region, "{child}");
                ensure!(child["reason"].is_string(), "{child}");
            }
        }
        Ok(())
    });
}

#[test]
fn an_approval_is_given_once_for_several_locations() {
    run(|world| async move {
        ready(world).await?;
        let mut inbox = world.subscribe("approved-locations").await?;
        let id = instance(world, MEMBER, ABROAD).await?;
        let input = json!({"parameters": {"InstanceId": [id], "Settle": ["PT1S"]},
            "run": {"locations": {"accounts": [MEMBER], "regions": [ABROAD]}}});
        approved(world, &mut inbox, reboot(&input)).await?;
        ensure!(rebooted(world, MEMBER, ABROAD, &[&id]).await?, "{id} was not rebooted");
        Ok(())
    });
}

#[test]
fn a_runbook_of_another_account_runs_after_an_approval() {
    run(|world| async move {
        ready(world).await?;
        let mut inbox = world.subscribe("approved-shared").await?;
        let owner = world.ssm(OWNER, HOME_REGION).await;
        let create = owner.create_document().name("Org-Wait").content(SHARED);
        let create = create.document_type(DocumentType::Automation);
        create.document_format(DocumentFormat::Yaml).send().await?;
        let share = owner.modify_document_permission().name("Org-Wait").account_ids_to_add(HUB);
        share.permission_type(DocumentPermissionType::Share).send().await?;
        let arn = format!("arn:aws:ssm:{HOME_REGION}:{OWNER}:document/Org-Wait");
        approved(world, &mut inbox, json!({"runbook": arn})).await.map(drop)
    });
}

#[test]
fn targets_are_found_by_their_tag_under_the_role_of_the_run() {
    run(|world| async move {
        ready(world).await?;
        let mut inbox = world.subscribe("by-tag").await?;
        for (account, region) in [(HUB, HOME_REGION), (MEMBER, ABROAD)] {
            let id = instance(world, account, region).await?;
            let fields =
                [("ResourceId.1", id.as_str()), ("Tag.1.Key", "App"), ("Tag.1.Value", id.as_str())];
            aws::ec2(&world.local.endpoint, account, region, "CreateTags", &fields).await?;
            let input = json!({"account": account, "region": region,
                "parameters": {"Settle": ["PT1S"]},
                "run": {"maxConcurrency": "1", "targets":
                    {"parameter": "InstanceId", "key": "tag:App", "values": [id]}}});
            let arn = world.start_run(&reboot(&input)).await?;
            let told = inbox.wait_for("the end", |o| o.json()["execution"] == *arn).await?;
            ensure!(told.outcome() == "succeeded", "{account}: {}", told.json());
            ensure!(rebooted(world, account, region, &[&id]).await?, "{account}: {id}");
        }
        Ok(())
    });
}

#[test]
fn an_alarm_stops_a_run_under_the_role_of_the_run_here_and_in_a_member_account() {
    run(|world| async move {
        ready(world).await?;
        let mut inbox = world.subscribe("stops").await?;
        for (account, region) in [(HUB, HOME_REGION), (MEMBER, ABROAD)] {
            let (id, alarm) =
                remediation::watched_instance(&world.local.endpoint, account, region).await?;
            remediation::alarm_is(&world.local.endpoint, account, region, &alarm, "OK").await?;
            let input = json!({"account": account, "region": region, "resources": [id],
                "parameters": {"InstanceId": ["{resource}"], "Settle": ["PT300S"]},
                "run": {"stopOnAlarm": alarm}});
            let arn = world.start_run(&reboot(&input)).await?;
            // An alarm that cannot be read would have ended it by now.
            let ssm = world.ssm(account, region).await;
            until("the reboot to run", || async {
                let running = ssm.describe_automation_executions().send().await?;
                let mut running = running.automation_execution_metadata_list().iter();
                Ok(running
                    .any(|e| {
                        e.document_name().is_some_and(|n| n.ends_with("Relay-RebootInstance"))
                            && e.automation_execution_status()
                                .is_some_and(|s| s.as_str() == "InProgress")
                    })
                    .then_some(()))
            })
            .await?;
            // Only a stop and start would cure it: the alarm stays in ALARM.
            let endpoint = &world.local.endpoint;
            remediation::impair(endpoint, account, region, &id, "stopStart").await?;
            let told = inbox.wait_for("the end", |o| o.json()["execution"] == *arn).await?;
            ensure!(told.outcome() == "failed", "{account}: {}", told.json());
            let role = if account == HUB { "service" } else { "execution" };
            let key = |action: &str| {
                (account.to_owned(), format!("runbook-relay-{role}"), action.to_owned())
            };
            let denied = world.used_permissions().await?;
            let stop = denied.get(&key("ssm:StopAutomationExecution"));
            ensure!(stop == Some(&false), "{role}: stopped by its own identity: {stop:?}");
            let read = denied.get(&key("cloudwatch:DescribeAlarms"));
            ensure!(read != Some(&true), "{role}: the alarm was not read");
        }
        Ok(())
    });
}
