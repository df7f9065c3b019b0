//! The ways an alarm arrives, many at once, and what happens in the middle: end to end.
#![cfg(feature = "end-to-end")]

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, StateValue, Statistic};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use aws_sdk_ssm::types::{DocumentFormat, DocumentType, Tag};
use harness::{HOME_REGION, HUB, aws};
use serde_json::{Value, json};
use tests::{World, about, run, until};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

const MACHINE: &str = "RunAutomationStateMachineArn";
/// It only waits, and differs from the suite's own runbooks.
const RUNBOOK: &str = "\
schemaVersion: '0.3'
description: Waits.
assumeRole: '{{ AutomationAssumeRole }}'
parameters:
  InstanceId: {type: String}
  AutomationAssumeRole: {type: String, default: ''}
  Wait: {type: String, default: PT1S}
mainSteps:
  - name: Wait
    action: aws:sleep
    inputs: {Duration: '{{ Wait }}'}
";

/// The runbook and one rule for each test, before the intake has read any.
async fn ready(world: &World) -> Result<()> {
    static ONCE: OnceCell<()> = OnceCell::const_new();
    ONCE.get_or_try_init(|| async {
        let ssm = aws_sdk_ssm::Client::new(&world.stack.hub);
        let tag = Tag::builder().key("runbook-relay").value("allowed").build()?;
        let create = ssm.create_document().name("Relay-Wait").content(RUNBOOK).tags(tag);
        let create = create.document_type(DocumentType::Automation);
        create.document_format(DocumentFormat::Yaml).send().await?;
        let open = "guard: {perHour: 1000, perAccountHour: 1000, storm: {resources: 1000}}";
        let breaker = "guard: {perHour: 1000, perAccountHour: 1000, storm: {resources: 3}}";
        for (prefix, guard) in [
            ("ways", open),
            ("parent", open),
            ("killed", open),
            ("order", open),
            ("many", open),
            ("storm", breaker),
        ] {
            let rule = format!(
                "mode: active\nalarm: {{names: [{prefix}-*]}}\nresource: {{dimension: InstanceId}}\nladder: \
                 [{{runbook: Relay-Wait, parameters: {{InstanceId: [\"{{resource}}\"]}}, \
                 recoverWithin: 60s}}]\n{guard}\n"
            );
            harness::stack::put_rule(&ssm, &format!("remediation/{prefix}"), &rule).await?;
        }
        Ok(())
    })
    .await
    .map(drop)
}

/// Knobs of the delivery are everybody's: who turns them, or would be disturbed, has them alone.
async fn knobs() -> MutexGuard<'static, ()> {
    static KNOBS: Mutex<()> = Mutex::const_new(());
    KNOBS.lock().await
}

async fn instances(world: &World, count: usize) -> Result<Vec<String>> {
    let number = count.to_string();
    let fields = [("ImageId", "ami-12345678"), ("MinCount", &*number), ("MaxCount", &*number)];
    let answer = aws::ec2(&world.local.endpoint, HUB, HOME_REGION, "RunInstances", &fields).await?;
    let ids = answer.split("<instanceId>").skip(1).filter_map(|rest| rest.split('<').next());
    let ids: BTreeSet<String> = ids.map(str::to_owned).collect();
    ensure!(ids.len() == count, "{answer}");
    Ok(ids.into_iter().collect())
}

/// An alarm about an instance, in state OK.
async fn alarm(world: &World, name: &str, instance: &str, actions: &[String]) -> Result<()> {
    aws_sdk_cloudwatch::Client::new(&world.stack.hub)
        .put_metric_alarm()
        .alarm_name(name)
        .namespace("Tests")
        .metric_name("Failed")
        .dimensions(Dimension::builder().name("InstanceId").value(instance).build())
        .statistic(Statistic::Maximum)
        .period(60)
        .evaluation_periods(1)
        .threshold(0.0)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .set_alarm_actions(Some(actions.to_vec()))
        .send()
        .await?;
    set(world, name, StateValue::Ok).await
}

async fn set(world: &World, name: &str, state: StateValue) -> Result<()> {
    let client = aws_sdk_cloudwatch::Client::new(&world.stack.hub);
    client
        .set_alarm_state()
        .alarm_name(name)
        .state_value(state)
        .state_reason("test")
        .send()
        .await?;
    Ok(())
}

/// On which instances the runbook was started, each start once.
async fn starts(world: &World) -> Result<Vec<String>> {
    let calls = world.calls("runbook-relay-start-automation/", "ssm").await?;
    let started = calls
        .iter()
        .filter(|call| call["operation"] == "StartAutomationExecution" && call["status"] == 200);
    Ok(started
        .filter_map(|call| call["input"]["Parameters"]["InstanceId"][0].as_str())
        .map(str::to_owned)
        .collect())
}

async fn started(world: &World, instance: &str) -> Result<usize> {
    Ok(starts(world).await?.iter().filter(|id| *id == instance).count())
}

/// Waits for the start on an instance and has its alarm clear.
async fn cure(world: &World, name: &str, instance: &str) -> Result<()> {
    until(&format!("the start on {instance}"), || async {
        Ok((started(world, instance).await? > 0).then_some(()))
    })
    .await?;
    set(world, name, StateValue::Ok).await
}

#[test]
fn by_event_by_topic_and_by_the_function_itself_it_runs_once_and_each_way_is_enough() {
    run(|world| async move {
        ready(world).await?;
        let _alone = knobs().await;
        let topic = world.stack.output("AlarmActionTopicArn")?.to_owned();
        let function =
            format!("arn:aws:lambda:{HOME_REGION}:{HUB}:function:runbook-relay-route-alarms");
        let mut inbox = world.subscribe("ways").await?;
        let none: [String; 0] = [];
        let lost = json!({"drop": ["CloudWatch Alarm State Change"]});
        for (actions, delivery) in [
            (&[topic.clone(), function.clone()][..], json!({})),
            (&none[..], json!({})),
            (&[topic][..], lost.clone()),
            (&[function][..], lost),
        ] {
            let instance = instances(world, 1).await?.remove(0);
            let name = format!("ways-{instance}");
            alarm(world, &name, &instance, actions).await?;
            world.delivery(&delivery).await?;
            set(world, &name, StateValue::Alarm).await?;
            let cured = cure(world, &name, &instance).await;
            world.delivery(&json!({})).await?;
            cured.with_context(|| format!("{actions:?} {delivery}"))?;
            let told = inbox.on(&instance, "succeeded").await?;
            ensure!(told.json()["trigger"]["kind"] == "alarm", "{}", told.json());
            ensure!(started(world, &instance).await? == 1, "once: {actions:?}");
            let outcomes = inbox.all().await?.iter().filter(|one| about(&instance)(one)).count();
            ensure!(outcomes == 1, "{outcomes} outcomes of one transition: {actions:?}");
        }
        Ok(())
    });
}

#[test]
fn a_composite_alarm_is_about_the_resource_of_the_child_that_rings() {
    run(|world| async move {
        ready(world).await?;
        let mut inbox = world.subscribe("composite").await?;
        let both = instances(world, 2).await?;
        for instance in &both {
            alarm(world, &format!("child-{instance}"), instance, &[]).await?;
        }
        let parent = format!("parent-{}", both[0]);
        let rule = format!("ALARM(\"child-{}\") OR ALARM(\"child-{}\")", both[0], both[1]);
        aws_sdk_cloudwatch::Client::new(&world.stack.hub)
            .put_composite_alarm()
            .alarm_name(&parent)
            .alarm_rule(rule)
            .send()
            .await?;
        // Not with its first evaluation: that would be suppressed.
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        set(world, &format!("child-{}", both[1]), StateValue::Alarm).await?;
        cure(world, &format!("child-{}", both[1]), &both[1]).await?;
        let told = inbox.on(&both[1], "succeeded").await?;
        ensure!(told.json()["resources"] == json!([both[1]]), "{}", told.json());
        ensure!(started(world, &both[0]).await? == 0, "the other child is not in ALARM");
        Ok(())
    });
}

#[test]
fn functions_killed_in_the_middle_start_nothing_twice_and_leave_nothing_untold() {
    run(|world| async move {
        ready(world).await?;
        let _alone = knobs().await;
        let mut inbox = world.subscribe("killed").await?;
        // Each waits two seconds for an answer of the service: time to be killed in.
        for (function, service, operation) in [
            ("route-alarms", "monitoring", "DescribeAlarms"),
            ("start-automation", "ssm", "StartAutomationExecution"),
            ("follow-automation", "ssm", "GetAutomationExecution"),
            ("publish-outcome", "sns", "Publish"),
        ] {
            let instance = instances(world, 1).await?.remove(0);
            let name = format!("killed-{instance}");
            alarm(world, &name, &instance, &[]).await?;
            world
                .faults(&json!([{"service": service, "operation": operation, "kind": "delay",
                    "ms": 2000, "times": 2}]))
                .await?;
            set(world, &name, StateValue::Alarm).await?;
            let kill = async {
                let killed = until(&format!("{function} to be busy"), || async {
                    let faults = world.local.relay("GET", "faults", &Value::Null).await?;
                    let left = faults[0]["times"].as_u64().unwrap_or_default();
                    match left {
                        2 => Ok(None),
                        _ => world.kill(function).map(Some),
                    }
                })
                .await?;
                ensure!(killed > 0, "{function} was not there to be killed");
                world.no_faults().await
            };
            tokio::try_join!(kill, cure(world, &name, &instance))?;
            inbox.on(&instance, "succeeded").await.context(function)?;
            ensure!(started(world, &instance).await? == 1, "{function}: started once");
            let ids = inbox.ids(&instance).await?;
            ensure!(ids.len() == 1, "{function}: one outcome: {ids:?}");
        }
        Ok(())
    });
}

#[test]
fn of_transitions_that_come_late_twice_and_in_any_order_each_has_one_end() {
    run(|world| async move {
        ready(world).await?;
        let _alone = knobs().await;
        let mut inbox = world.subscribe("order").await?;
        let instance = instances(world, 1).await?.remove(0);
        let name = format!("order-{instance}");
        alarm(world, &name, &instance, &[]).await?;
        world
            .delivery(&json!({"duplicate": 3, "shuffle": true, "windowMs": 1500, "seed": 11}))
            .await?;
        for state in [StateValue::Alarm, StateValue::Ok, StateValue::Alarm] {
            set(world, &name, state).await?;
        }
        let cured = cure(world, &name, &instance).await;
        world.delivery(&json!({})).await?;
        cured?;
        inbox.on(&instance, "succeeded").await?;
        // One of the two started a run; the other met its lock, its cool-down, or an alarm in OK.
        inbox.on(&instance, "suppressed").await?;
        ensure!(started(world, &instance).await? == 1, "started once");
        let ends = inbox.ids(&instance).await?;
        ensure!(ends.len() == 2, "two transitions, two ends: {ends:?}");
        Ok(())
    });
}

/// Puts transitions into the intake's queue as EventBridge does, each of them `copies` times.
async fn offer(
    world: &World,
    alarms: &[(String, String)],
    times: usize,
    copies: usize,
) -> Result<()> {
    let sqs = aws_sdk_sqs::Client::new(&world.stack.hub);
    let queue = world.stack.output("AlarmQueueUrl")?;
    let health = world.local.relay("GET", "health", &Value::Null).await?;
    let minute = health["now"].as_str().and_then(|now| now.get(..16)).context("a clock")?;
    let mut bodies = Vec::new();
    for time in 0..times {
        for (name, instance) in alarms {
            let at = format!("{minute}:00.{time:03}+0000");
            let state = |value: &str| json!({"value": value, "reason": "r", "timestamp": at});
            let body = json!({
                "version": "0", "id": format!("{name}-{time}"), "source": "aws.cloudwatch",
                "detail-type": "CloudWatch Alarm State Change", "account": HUB,
                "region": HOME_REGION, "time": format!("{minute}:00Z"),
                "resources": [format!("arn:aws:cloudwatch:{HOME_REGION}:{HUB}:alarm:{name}")],
                "detail": {"alarmName": name, "state": state("ALARM"), "previousState": state("OK"),
                    "configuration": {"metrics": [{"id": "m", "returnData": true, "metricStat": {
                        "metric": {"namespace": "Tests", "name": "Failed",
                            "dimensions": {"InstanceId": instance}},
                        "period": 60, "stat": "Maximum"}}]}}
            });
            bodies.extend(std::iter::repeat_n(body.to_string(), copies));
        }
    }
    for bodies in bodies.chunks(10) {
        let mut send = sqs.send_message_batch().queue_url(queue);
        for (number, body) in bodies.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder().id(number.to_string());
            send = send.entries(entry.message_body(body).build()?);
        }
        ensure!(send.send().await?.failed().is_empty(), "the queue refused some");
    }
    Ok(())
}

/// Instances whose alarms are in ALARM, before anything has answered them.
async fn ringing(world: &World, prefix: &str, count: usize) -> Result<Vec<(String, String)>> {
    let mut alarms = Vec::new();
    world.delivery(&json!({"drop": ["CloudWatch Alarm State Change"]})).await?;
    for instance in instances(world, count).await? {
        let name = format!("{prefix}-{instance}");
        alarm(world, &name, &instance, &[]).await?;
        set(world, &name, StateValue::Alarm).await?;
        alarms.push((name, instance));
    }
    world.delivery(&json!({})).await?;
    Ok(alarms)
}

/// Until the intake has nothing in hand.
async fn drained(world: &World) -> Result<()> {
    use aws_sdk_sqs::types::QueueAttributeName::{
        ApproximateNumberOfMessages as Waiting, ApproximateNumberOfMessagesNotVisible as InHand,
    };
    let sqs = aws_sdk_sqs::Client::new(&world.stack.hub);
    let queue = world.stack.output("AlarmQueueUrl")?;
    until("the queue to be empty", || async {
        let ask = sqs.get_queue_attributes().queue_url(queue);
        let told = ask.attribute_names(Waiting).attribute_names(InHand).send().await?;
        let told = told.attributes.unwrap_or_default();
        Ok(told.values().all(|number| number == "0").then_some(()))
    })
    .await
}

#[test]
fn of_many_concurrent_triggers_one_a_resource_starts_and_no_execution_fails() {
    run(|world| async move {
        ready(world).await?;
        let _alone = knobs().await;
        let alarms = ringing(world, "many", 8).await?;
        // Four transitions of each, each three times: 96 messages, five functions at a time.
        offer(world, &alarms, 4, 3).await?;
        until("a start on every resource", || async {
            let started = starts(world).await?;
            let begun: Vec<_> =
                alarms.iter().filter(|(_, instance)| started.contains(instance)).collect();
            for (name, _) in &begun {
                set(world, name, StateValue::Ok).await?;
            }
            Ok((begun.len() == alarms.len()).then_some(()))
        })
        .await?;
        drained(world).await?;
        let own = until("the executions to end", || async {
            let mut own = world.executions(MACHINE).await?;
            own.retain(|name, _| name.contains("-many-"));
            let running = own.values().any(|status| status.as_str() == "RUNNING");
            Ok((!running).then_some(own))
        })
        .await?;
        ensure!(own.len() == alarms.len(), "{own:?}");
        ensure!(own.values().all(|status| status.as_str() == "SUCCEEDED"), "{own:?}");
        for (_, instance) in &alarms {
            ensure!(started(world, instance).await? == 1, "{instance} once");
        }
        Ok(())
    });
}

#[test]
fn a_storm_opens_the_breaker_and_the_first_held_back_is_told_at_once() {
    run(|world| async move {
        ready(world).await?;
        let _alone = knobs().await;
        let mut inbox = world.subscribe("storm").await?;
        let alarms = ringing(world, "storm", 10).await?;
        offer(world, &alarms, 1, 1).await?;
        let told = inbox
            .wait_for("the open breaker", |told| {
                told.problems().any(|problem| problem["code"] == "StormBreaker")
            })
            .await?;
        ensure!(told.outcome() == "suppressed", "{}", told.json());
        ensure!(told.json()["rules"] == json!(["storm"]), "{}", told.json());
        drained(world).await?;
        let mut own = world.executions(MACHINE).await?;
        own.retain(|name, _| name.contains("-storm-"));
        ensure!((1..=3).contains(&own.len()), "three resources open it: {own:?}");
        for (name, instance) in &alarms {
            if started(world, instance).await? > 0 {
                set(world, name, StateValue::Ok).await?;
            }
        }
        Ok(())
    });
}

#[test]
fn several_resources_run_one_after_the_other_under_rate_control() {
    run(|world| async move {
        ready(world).await?;
        let mut inbox = world.subscribe("several").await?;
        let all = instances(world, 3).await?;
        let mut input = json!({"runbook": "Relay-Wait", "resources": all,
            "parameters": {"InstanceId": ["{resource}"]}});
        let arn = world.start_run(&input).await?;
        let refused = inbox.wait_for("the refusal", |o| o.json()["execution"] == *arn).await?;
        ensure!(refused.problems().any(|p| p["code"] == "SeveralResources"), "{}", refused.json());
        input["run"] = json!({"maxConcurrency": "1", "maxErrors": "0"});
        let arn = world.start_run(&input).await?;
        let told = inbox.wait_for("the end", |o| o.json()["execution"] == *arn).await?;
        ensure!(told.outcome() == "succeeded", "{}", told.json());
        let id = told.json()["runs"][0]["executionId"].as_str().context("an id")?.to_owned();
        let ssm = aws_sdk_ssm::Client::new(&world.stack.hub);
        let whole = ssm.get_automation_execution().automation_execution_id(id).send().await?;
        let whole = whole.automation_execution.context("an execution")?;
        ensure!(whole.max_concurrency() == Some("1"), "{whole:?}");
        ensure!(whole.step_executions().len() == 3, "a child for each: {whole:?}");
        Ok(())
    });
}

#[test]
fn an_alarm_that_rings_meanwhile_stops_the_run() {
    run(|world| async move {
        ready(world).await?;
        let mut inbox = world.subscribe("stop-alarm").await?;
        let instance = instances(world, 1).await?.remove(0);
        let name = format!("suppressed-{instance}");
        alarm(world, &name, &instance, &[]).await?;
        let input = json!({"runbook": "Relay-Wait", "resources": [instance],
            "parameters": {"InstanceId": ["{resource}"], "Wait": ["PT5M"]},
            "run": {"stopOnAlarm": name}});
        let arn = world.start_run(&input).await?;
        until("the start", || async { Ok((started(world, &instance).await? == 1).then_some(())) })
            .await?;
        set(world, &name, StateValue::Alarm).await?;
        let told = inbox.wait_for("the end", |o| o.json()["execution"] == *arn).await?;
        ensure!(told.outcome() == "failed", "{}", told.json());
        ensure!(told.problems().any(|p| p["code"] == "AutomationCancelled"), "{}", told.json());
        Ok(())
    });
}
