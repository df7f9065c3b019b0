//! Alarms on the local AWS, from ALARM to the outcome: end to end, faults included.
#![cfg(feature = "end-to-end")]

use anyhow::{Context, Result, ensure};
use aws_sdk_cloudwatch::types::StateValue;
use harness::remediation::{self, RULE};
use harness::{HOME_REGION, HUB, root};
use serde_json::{Value, json};
use tests::{World, about, run, until};
use tokio::sync::OnceCell;

const MEMBER: &str = "222233334444";
const STRANGER: &str = "333344445555";
const ABROAD: &str = "eu-west-1";
const MACHINE: &str = "RunAutomationStateMachineArn";

/// The suite's runbooks and the rule, once for all tests of this binary.
async fn ready(world: &World) -> Result<()> {
    static ONCE: OnceCell<()> = OnceCell::const_new();
    ONCE.get_or_try_init(|| async {
        remediation::push_runbooks(&world.stack.hub, &root().join("runbooks")).await?;
        let ssm = aws_sdk_ssm::Client::new(&world.stack.hub);
        // The budgets are the tests', who share one rule.
        let rule = format!("{RULE}guard: {{perHour: 100, perAccountHour: 100}}\n");
        harness::stack::put_rule(&ssm, "remediation/instance-check", &rule).await
    })
    .await
    .map(drop)
}

/// An instance whose alarm is OK.
async fn healthy(world: &World, account: &str, region: &str) -> Result<(String, String)> {
    let endpoint = &world.local.endpoint;
    let (instance, alarm) = remediation::watched_instance(endpoint, account, region).await?;
    remediation::alarm_is(endpoint, account, region, &alarm, "OK").await?;
    Ok((instance, alarm))
}

async fn impair(world: &World, instance: &str, cure: &str) -> Result<()> {
    remediation::impair(&world.local.endpoint, HUB, HOME_REGION, instance, cure).await
}

/// How many automations of a runbook were started on an instance.
async fn starts(world: &World, runbook: &str, instance: &str) -> Result<usize> {
    let ssm = aws_sdk_ssm::Client::new(&world.stack.hub);
    let mut pages = ssm.describe_automation_executions().into_paginator().send();
    let mut found = 0;
    while let Some(page) = pages.next().await {
        for execution in page?.automation_execution_metadata_list() {
            if execution.document_name() != Some(runbook) {
                continue;
            }
            let id = execution.automation_execution_id().unwrap_or_default();
            let whole = ssm.get_automation_execution().automation_execution_id(id).send().await?;
            let whole = whole.automation_execution.context("an execution")?;
            let on = whole.parameters().and_then(|parameters| parameters.get("InstanceId"));
            found += usize::from(on.is_some_and(|on| on.iter().any(|id| id == instance)));
        }
    }
    Ok(found)
}

fn reboot(instance: &str) -> Value {
    json!({"runbook": "Relay-RebootInstance", "resources": [instance],
        "parameters": {"InstanceId": ["{resource}"], "Settle": ["PT1S"]}})
}

#[test]
fn an_alarm_rings_the_instance_is_rebooted_and_the_alarm_clears() {
    run(|world| async move {
        ready(world).await?;
        let mut inbox = world.subscribe("cured").await?;
        let (instance, alarm) = healthy(world, HUB, HOME_REGION).await?;
        impair(world, &instance, "reboot").await?;
        let told = inbox.on(&instance, "succeeded").await?;
        ensure!(told.json()["flow"] == "remediation", "{}", told.json());
        ensure!(told.json()["runs"][0]["runbook"] == "Relay-RebootInstance", "{}", told.json());
        ensure!(told.json()["runs"][0]["status"] == "Success", "{}", told.json());
        ensure!(told.json()["trigger"]["kind"] == "alarm", "{}", told.json());
        ensure!(told.attributes()["rule"].contains("instance-check"), "{:?}", told.attributes());
        let endpoint = &world.local.endpoint;
        remediation::alarm_is(endpoint, HUB, HOME_REGION, &alarm, "OK").await?;
        ensure!(starts(world, "Relay-RebootInstance", &instance).await? == 1, "one reboot");
        world.assert_small_states(told.json()["execution"].as_str().unwrap_or_default()).await
    });
}

#[test]
fn a_second_alarm_within_the_cool_down_is_held_back_and_told() {
    run(|world| async move {
        ready(world).await?;
        let mut inbox = world.subscribe("cooling").await?;
        let (instance, alarm) = healthy(world, HUB, HOME_REGION).await?;
        impair(world, &instance, "reboot").await?;
        inbox.on(&instance, "succeeded").await?;
        aws_sdk_cloudwatch::Client::new(&world.stack.hub)
            .set_alarm_state()
            .alarm_name(&alarm)
            .state_value(StateValue::Alarm)
            .state_reason("again")
            .send()
            .await?;
        let told = inbox.on(&instance, "suppressed").await?;
        ensure!(told.problems().any(|p| p["code"] == "CoolingDown"), "{}", told.json());
        ensure!(starts(world, "Relay-RebootInstance", &instance).await? == 1, "no second reboot");
        Ok(())
    });
}

#[test]
fn what_the_first_rung_does_not_cure_climbs_to_the_second() {
    run(|world| async move {
        ready(world).await?;
        let mut inbox = world.subscribe("climbs").await?;
        let (instance, _) = healthy(world, HUB, HOME_REGION).await?;
        impair(world, &instance, "stopStart").await?;
        let told = inbox.on(&instance, "succeeded").await?;
        let runs = told.json()["runs"].as_array().context("runs")?.clone();
        let names: Vec<&Value> = runs.iter().map(|run| &run["runbook"]).collect();
        ensure!(names == ["Relay-RebootInstance", "Relay-StopStartInstance"], "{names:?}");
        ensure!(runs[0]["failedStep"] == "waitForInstanceCheck", "{}", runs[0]);
        Ok(())
    });
}

#[test]
fn an_alarm_of_another_account_and_region_is_remediated_there() {
    run(|world| async move {
        ready(world).await?;
        world.join_by_invitation(MEMBER).await?;
        remediation::add_member(&world.stack, MEMBER, ABROAD).await?;
        let mut inbox = world.subscribe("abroad").await?;
        let (instance, _) = healthy(world, MEMBER, ABROAD).await?;
        let endpoint = &world.local.endpoint;
        remediation::impair(endpoint, MEMBER, ABROAD, &instance, "reboot").await?;
        let told = inbox.on(&instance, "succeeded").await?;
        ensure!(told.json()["accounts"] == json!([MEMBER]), "{}", told.json());
        ensure!(told.json()["regions"] == json!([ABROAD]), "{}", told.json());
        // The execution is in the hub's account and Region; the alarm is where the instance is.
        let page = told.json()["runs"][0]["console"].as_str().unwrap_or_default();
        ensure!(page.starts_with(&format!("https://{HOME_REGION}.")), "{page}");
        for link in told.json()["links"].as_array().context("links")? {
            let account = if link["kind"] == "alarm" { MEMBER } else { HUB };
            ensure!(link["account"] == account, "{link}");
        }

        // Under the roles of that account, which were asked for nothing that they do not grant.
        let used = world.used_permissions().await?;
        for role in ["read", "execution"] {
            let role = format!("runbook-relay-{role}");
            let of_role =
                used.iter().filter(|((account, name, _), _)| *name == role && account == MEMBER);
            let (denied, granted): (Vec<_>, Vec<_>) = of_role.partition(|(_, denied)| **denied);
            ensure!(denied.is_empty(), "{denied:?}");
            ensure!(granted.len() > 1, "the record holds what {role} was used for: {granted:?}");
        }

        // An account without the stack sends nothing.
        let (silent, _) = healthy(world, STRANGER, ABROAD).await?;
        remediation::impair(endpoint, STRANGER, ABROAD, &silent, "reboot").await?;
        let alarm = format!("status-{silent}");
        remediation::alarm_is(endpoint, STRANGER, ABROAD, &alarm, "ALARM").await?;
        let executions = world.executions(MACHINE).await?;
        ensure!(!executions.keys().any(|name| name.contains(STRANGER)), "{executions:?}");
        Ok(())
    });
}

#[test]
fn anybody_starts_the_machine_and_bad_input_says_what_to_do() {
    run(|world| async move {
        ready(world).await?;
        let mut inbox = world.subscribe("by-hand").await?;
        let (instance, _) = healthy(world, HUB, HOME_REGION).await?;
        world.start_run(&reboot(&instance)).await?;
        let told = inbox.on(&instance, "succeeded").await?;
        ensure!(told.json()["flow"] == "run", "{}", told.json());
        for (input, code) in [
            (json!({"runbook": "Org-Missing"}), "RunbookNotFound"),
            (json!({"runbook": "AWS-StopEC2Instance"}), "RunbookNotAllowed"),
            (
                json!({"runbook": "Relay-RebootInstance", "parameters": {"Nonsense": ["1"]}}),
                "RunbookParameters",
            ),
            (json!({"nothing": true}), "InvalidInput"),
            (json!({"runbok": "Relay-RebootInstance"}), "InvalidInput"),
            (json!({"runbook": "Relay-RebootInstance", "resource": ["i-1"]}), "InvalidInput"),
            (json!({"accounts": [HUB]}), "InvalidInput"),
        ] {
            let arn = world.start_run(&input).await?;
            let told = inbox.wait_for(code, |o| o.json()["execution"] == arn.as_str()).await?;
            ensure!(told.outcome() == "failed", "{}", told.json());
            let problem = told.problems().find(|p| p["code"] == code);
            let problem = problem.with_context(|| format!("{code}: {}", told.json()))?;
            let what = problem["what"].as_str().context("a sentence")?;
            let ended = world.end_of(&arn).await?;
            ensure!(!ended.cause.starts_with("Outcome "), "{}", ended.cause);
            if code == "InvalidInput" {
                ensure!(ended.cause.contains(what.trim_end_matches('.')), "{}", ended.cause);
                ensure!(what.contains("unknown field `"), "{what}");
                ensure!(problem["hint"].to_string().contains("run-automation-input"), "{problem}");
            }
        }
        Ok(())
    });
}

#[test]
fn adaptive_concurrency_is_on_before_a_run_that_asks_for_it() {
    run(|world| async move {
        ready(world).await?;
        let mut inbox = world.subscribe("adaptive").await?;
        let ssm = aws_sdk_ssm::Client::new(&world.stack.hub);
        let id = "/ssm/automation/enable-adaptive-concurrency";
        let setting = || async {
            let setting = ssm.get_service_setting().setting_id(id).send().await?.service_setting;
            anyhow::Ok(setting.and_then(|s| s.setting_value).context("a value")?.to_lowercase())
        };
        ensure!(setting().await? == "false", "off at first");
        let (instance, _) = healthy(world, HUB, HOME_REGION).await?;
        let mut input = reboot(&instance);
        input["run"] = json!({"adaptiveConcurrency": true});
        world.start_run(&input).await?;
        inbox.on(&instance, "succeeded").await?;
        ensure!(setting().await? == "true", "on before the run");
        Ok(())
    });
}

#[test]
fn an_approval_is_asked_for_once_and_then_it_runs() {
    run(|world| async move {
        ready(world).await?;
        let mut inbox = world.subscribe("approval").await?;
        let (instance, _) = healthy(world, HUB, HOME_REGION).await?;
        let mut input = reboot(&instance);
        input["approval"] = json!({"approvers": [format!("arn:aws:iam::{HUB}:root")],
            "minimum": 1, "within": "1h"});
        world.start_run(&input).await?;
        let pending = inbox.on(&instance, "pendingApproval").await?;
        let id = pending.json()["runs"][0]["executionId"].as_str().context("an id")?.to_owned();
        ensure!(starts(world, "Relay-RebootInstance", &instance).await? == 0, "nothing runs yet");
        aws_sdk_ssm::Client::new(&world.stack.hub)
            .send_automation_signal()
            .automation_execution_id(&id)
            .signal_type(aws_sdk_ssm::types::SignalType::Approve)
            .payload("Comment", vec!["It is mine".to_owned()])
            .send()
            .await?;
        let done = inbox.on(&instance, "succeeded").await?;
        let approval = &done.json()["approval"];
        ensure!(approval["status"] == "approved", "{approval}");
        let decision = &approval["decisions"][0];
        ensure!(decision["approver"] == format!("arn:aws:iam::{HUB}:root"), "{approval}");
        ensure!(decision["answer"] == "approved" && decision["at"].is_string(), "{approval}");
        ensure!(decision["comment"] == "It is mine", "{approval}");
        let asked = inbox.all().await?.iter().filter(|told| about(&instance)(told)).count();
        ensure!(asked == 2, "asked once, ended once: {asked}");
        Ok(())
    });
}

#[test]
fn an_execution_that_is_stopped_stops_its_automation_and_says_so() {
    run(|world| async move {
        ready(world).await?;
        let mut inbox = world.subscribe("stopped").await?;
        let (instance, _) = healthy(world, HUB, HOME_REGION).await?;
        let mut input = reboot(&instance);
        input["parameters"]["Settle"] = json!(["PT300S"]);
        let arn = world.start_run(&input).await?;
        until("the reboot to run", || async {
            Ok((starts(world, "Relay-RebootInstance", &instance).await? == 1).then_some(()))
        })
        .await?;
        let stop = world.step_functions().stop_execution().execution_arn(&arn);
        stop.cause("enough").send().await?;
        let told = inbox.on(&instance, "failed").await?;
        ensure!(told.problems().any(|p| p["code"] == "AutomationCancelled"), "{}", told.json());
        let id = told.json()["runs"][0]["executionId"].as_str().context("an id")?.to_owned();
        let ssm = aws_sdk_ssm::Client::new(&world.stack.hub);
        until("the automation to be cancelled", || async {
            let found = ssm.get_automation_execution().automation_execution_id(&id).send().await?;
            let status = found.automation_execution.and_then(|e| e.automation_execution_status);
            Ok((status.context("a status")?.as_str() == "Cancelled").then_some(()))
        })
        .await
    });
}

#[test]
fn lost_events_lost_replies_and_throttled_starts_start_nothing_twice() {
    run(|world| async move {
        ready(world).await?;
        let mut inbox = world.subscribe("faults").await?;
        let (instance, _) = healthy(world, HUB, HOME_REGION).await?;
        // SSM's status events never come, alarms come twice.
        world.delivery(&json!({"ssmStatus": "drop", "duplicate": 2})).await?;
        let start = |kind: &str| {
            json!({"service": "ssm", "operation": "StartAutomationExecution", "rate": 1.0,
                "times": 1, "kind": kind})
        };
        world.faults(&json!([start("throttle"), start("loseReply")])).await?;
        impair(world, &instance, "reboot").await?;
        let told = inbox.on(&instance, "succeeded").await;
        world.no_faults().await?;
        world.delivery(&json!({})).await?;
        told?;
        ensure!(starts(world, "Relay-RebootInstance", &instance).await? == 1, "one reboot");
        let ids = inbox.all().await?.iter().filter(|told| about(&instance)(told));
        let ids: std::collections::BTreeSet<_> = ids.map(|told| told.id().to_owned()).collect();
        ensure!(ids.len() == 1, "one outcome: {ids:?}");
        Ok(())
    });
}

#[test]
fn a_malformed_alarm_lies_in_the_dead_letter_queue_and_stops_no_other() {
    run(|world| async move {
        ready(world).await?;
        let mut inbox = world.subscribe("malformed").await?;
        let envelope = json!({"version": "0", "id": "0c0f1f9e-0000-4000-8000-000000000001",
            "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch",
            "account": HUB, "time": "2026-01-02T03:04:05Z", "region": HOME_REGION,
            "resources": [], "detail": {"state": {"value": "ALARM"}, "unreadable": true}});
        world.deliver(&envelope).await?;
        let (instance, _) = healthy(world, HUB, HOME_REGION).await?;
        impair(world, &instance, "reboot").await?;
        inbox.on(&instance, "succeeded").await?;
        let sqs = aws_sdk_sqs::Client::new(&world.stack.hub);
        let queue = world.stack.output("AlarmDeadLetterQueueUrl")?;
        let body = until("the dead letter", || async {
            let answer = sqs.receive_message().queue_url(queue).send().await?;
            Ok(answer.messages().first().and_then(|m| m.body().map(str::to_owned)))
        })
        .await?;
        ensure!(body.contains("\"unreadable\":true"), "the whole event: {body}");
        Ok(())
    });
}
