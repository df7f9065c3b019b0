//! `relay status`, `run`, `retry`, `cancel` and `unlock` as people with their roles run them, against the deployed suite.
#![cfg(feature = "end-to-end")]

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use harness::{HOME_REGION, HUB, build, remediation, root};
use serde_json::{Value, json};
use tests::{Person, World, run, until};
use tokio::sync::OnceCell;

const RUNBOOK: &str = "Relay-RebootInstance";

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

async fn relay(person: &Person, world: &World, line: &[&str]) -> Result<Ran> {
    let mut command = Command::new(build::binary("relay"));
    command
        .args(line)
        .env_clear()
        .env("AWS_ENDPOINT_URL", &world.local.endpoint)
        .envs(person.environment().await?)
        .stdin(Stdio::null());
    let ran = tokio::task::spawn_blocking(move || command.output()).await??;
    let text = String::from_utf8;
    Ok(Ran { code: ran.status.code(), out: text(ran.stdout)?, err: text(ran.stderr)? })
}

async fn json(person: &Person, world: &World, line: &[&str]) -> Result<Value> {
    let ran = relay(person, world, &[line, &["--output", "json"]].concat()).await?;
    serde_json::from_str(&ran.out)
        .with_context(|| format!("{line:?} ended with {:?}: {}{}", ran.code, ran.out, ran.err))
}

async fn person(world: &World) -> Result<&'static Person> {
    static ONCE: OnceCell<Person> = OnceCell::const_new();
    ONCE.get_or_try_init(|| async {
        remediation::push_runbooks(&world.stack.hub, &root().join("runbooks")).await?;
        world.person("rita", "operator+viewer").await
    })
    .await
}

async fn instance(world: &World) -> Result<String> {
    let watched = remediation::watched_instance(&world.local.endpoint, HUB, HOME_REGION).await?;
    Ok(watched.0)
}

async fn put_rule(world: &World, name: &str, text: &str) -> Result<()> {
    let ssm = world.ssm(HUB, HOME_REGION).await;
    harness::stack::put_rule(&ssm, &format!("remediation/{name}"), text).await
}

/// Lets an alarm about an instance go into ALARM.
async fn alarm(world: &World, name: &str, instance: &str) -> Result<()> {
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&world.stack.hub);
    let dimension = aws_sdk_cloudwatch::types::Dimension::builder();
    cloudwatch
        .put_metric_alarm()
        .alarm_name(name)
        .namespace("Custom")
        .metric_name("Queue")
        .dimensions(dimension.name("InstanceId").value(instance).build())
        .comparison_operator("GreaterThanThreshold".into())
        .statistic("Maximum".into())
        .threshold(1.0)
        .period(60)
        .evaluation_periods(1)
        .send()
        .await?;
    // An alarm that goes into ALARM with its first evaluation is not answered.
    for state in ["OK", "ALARM"] {
        let set = cloudwatch.set_alarm_state().alarm_name(name).state_reason("a test");
        set.state_value(state.into()).send().await?;
    }
    Ok(())
}

fn rule(mode: &str, alarms: &str) -> String {
    format!(
        "alarm: {{names: [\"{alarms}\"]}}\nresource: {{dimension: InstanceId}}\nmode: {mode}\n\
         ladder: [{{runbook: {RUNBOOK}, parameters: {{InstanceId: [\"{{resource}}\"]}}}}]\n"
    )
}

#[test]
fn the_status_counts_what_an_observing_rule_would_have_done_and_a_plan_shows_it() {
    run(|world| async move {
        let person = person(world).await?;
        let instance = instance(world).await?;
        put_rule(world, "status-watch", &rule("observe", "status-*")).await?;
        alarm(world, "status-1", &instance).await?;
        let numbers = |status: &Value| {
            let rules = status["rules"].as_array().into_iter().flatten();
            rules.into_iter().find(|rule| rule["name"] == "status-watch").cloned()
        };
        let status = until("the trigger to be counted", || async {
            let status = json(person, world, &["status"]).await?;
            let counted =
                numbers(&status).is_some_and(|rule| rule["numbers"]["wouldHaveActed"] == 1);
            Ok(counted.then_some(status))
        })
        .await?;
        ensure!(numbers(&status).is_some_and(|rule| rule["mode"] == "observe"), "{status}");
        ensure!(status["control"].is_null() && status["approvals"].is_u64(), "{status}");
        ensure!(status["queues"].as_array().is_some_and(|queues| queues.len() == 5), "{status}");
        ensure!(status["outcomes"]["observed"].as_u64() >= Some(1), "{status}");
        let text = relay(person, world, &["status"]).await?;
        let line = "observe status-watch, since 7d: would have acted once";
        ensure!(text.code == Some(0) && text.out.contains(line), "{}{}", text.out, text.err);

        let folder = std::env::temp_dir().join(format!("relay-status-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("remediation"))?;
        let file = folder.join("remediation/status-watch.yaml");
        std::fs::write(&file, rule("active", "status-*"))?;
        let path = file.to_string_lossy().into_owned();
        let author = world.person("ruth", "rule-author+viewer").await?;
        let plan = relay(&author, world, &["rules", "plan", &path]).await?;
        std::fs::remove_dir_all(&folder)?;
        let line = "in 30 days it would have acted once";
        ensure!(plan.code == Some(2) && plan.out.contains(line), "{}{}", plan.out, plan.err);
        Ok(())
    });
}

#[test]
fn a_runbook_by_hand_is_shown_step_by_step_until_its_outcome_and_can_be_retried() {
    run(|world| async move {
        let (person, instance) = (person(world).await?, instance(world).await?);
        let line =
            ["run", RUNBOOK, "--resource", &instance, "--parameter", "InstanceId={resource}"];
        let quick = ["--parameter", "Settle=PT1S"];
        let ran = relay(person, world, &[&line[..], &quick[..]].concat()).await?;
        ensure!(ran.code == Some(0), "{}{}", ran.out, ran.err);
        ensure!(ran.err.contains("assumed-role/rita"), "the caller is announced: {}", ran.err);
        for part in ["rung 1: Relay-RebootInstance", "Success requireRunning", "succeeded  "] {
            ensure!(ran.out.contains(part), "{part} in {}", ran.out);
        }
        let execution = ran.err.split("started ").nth(1).and_then(|rest| rest.lines().next());
        let execution = execution.context("the execution is named")?;
        let again = json(person, world, &["retry", execution]).await?;
        ensure!(again["outcome"]["outcome"] == "succeeded", "{again}");
        ensure!(again["outcome"]["resources"] == json!([instance]), "{again}");

        let unknown = relay(person, world, &["run", "Relay-Nothing"]).await?;
        ensure!(unknown.code == Some(1), "{}", unknown.out);
        ensure!(unknown.out.starts_with("failed  "), "{}", unknown.out);
        let gone = relay(person, world, &["retry", "hand-nothing"]).await?;
        ensure!(gone.code == Some(1) && gone.err.contains("hand-nothing"), "{}", gone.err);
        let rung = relay(person, world, &["run", "--rule", "no-such-rule", "--rung", "1"]).await?;
        ensure!(rung.code == Some(1) && rung.err.contains("no valid rule"), "{}", rung.err);
        Ok(())
    });
}

#[test]
fn a_run_in_interactive_mode_takes_one_step_at_a_time_until_a_person_ends_it() {
    run(|world| async move {
        let (person, instance) = (person(world).await?, instance(world).await?);
        let line =
            ["run", RUNBOOK, "--resource", &instance, "--parameter", "InstanceId={resource}"];
        let interactive = ["--mode", "Interactive", "--no-follow"];
        let started = json(person, world, &[&line[..], &interactive[..]].concat()).await?;
        let execution = started["execution"].as_str().context("an execution")?.to_owned();
        let step = async || {
            until("a step to be started", || async {
                let ran = relay(person, world, &["step", &execution, "next"]).await?;
                Ok((ran.code == Some(0)).then_some(ran.out))
            })
            .await
        };
        let (first, second) = (step().await?, step().await?);
        ensure!(first == "started: requireRunning\n" && second != first, "{first}{second}");
        let stopped = relay(person, world, &["step", &execution, "stop"]).await?;
        ensure!(stopped.code == Some(0), "{}{}", stopped.out, stopped.err);
        let story = until("the outcome", || async {
            let shown = json(person, world, &["show", &execution]).await?;
            let ended =
                shown["outcome"]["outcome"].as_str().is_some_and(|it| it != "pendingApproval");
            Ok(ended.then_some(shown))
        })
        .await?;
        ensure!(story["outcome"]["resources"] == json!([instance]), "{story}");
        let again = relay(person, world, &["step", &execution, "next"]).await?;
        ensure!(again.code == Some(1) && again.err.contains("does not wait"), "{}", again.err);
        let wrong = relay(person, world, &["run", RUNBOOK, "--mode", "Manual"]).await?;
        ensure!(wrong.code == Some(64), "{}", wrong.err);
        Ok(())
    });
}

#[test]
fn a_rung_of_a_rule_by_hand_is_cancelled_with_a_reason_that_the_outcome_has() {
    run(|world| async move {
        let (person, instance) = (person(world).await?, instance(world).await?);
        put_rule(world, "status-rung", &rule("off", "rung-*")).await?;
        let line = ["run", "--rule", "status-rung", "--rung", "1", "--resource", &instance];
        let slow = ["--parameter", "Settle=PT10M", "--no-follow"];
        let started = json(person, world, &[&line[..], &slow[..]].concat()).await?;
        let execution = started["execution"].as_str().context("an execution")?;
        until("the run to have begun", || async {
            let shown = json(person, world, &["show", execution]).await;
            Ok(shown.ok().filter(|shown| shown["automations"][0]["steps"].is_array()))
        })
        .await?;
        let cancel = ["cancel", execution, "-m", "it is being replaced"];
        let cancelled = relay(person, world, &cancel).await?;
        ensure!(cancelled.code == Some(0), "{}{}", cancelled.out, cancelled.err);
        let story = until("the outcome", || async {
            let shown = json(person, world, &["show", execution]).await?;
            Ok(Some(shown).filter(|shown| shown["outcome"].is_object()))
        })
        .await?;
        ensure!(story["outcome"].to_string().contains("it is being replaced"), "{story}");
        ensure!(story["outcome"]["rules"] == json!(["status-rung"]), "{story}");
        let again = relay(person, world, &cancel).await?;
        ensure!(again.code == Some(1) && again.err.contains("has ended already"), "{}", again.err);
        Ok(())
    });
}

const LOCKED: &str = "i-0000000000locked0";

/// An item of the table with texts and numbers.
async fn put_item(world: &World, texts: &[(&str, &str)], numbers: &[(&str, i64)]) -> Result<()> {
    use aws_sdk_dynamodb::types::AttributeValue::{N, S};
    let client = aws_sdk_dynamodb::Client::new(&world.stack.hub);
    let mut put = client.put_item().table_name(world.stack.output("TableName")?);
    for (name, text) in texts {
        put = put.item(*name, S((*text).to_owned()));
    }
    for (name, number) in numbers {
        put = put.item(*name, N(number.to_string()));
    }
    put.send().await.map(drop).context("put an item")
}

/// A lock that an execution holds which has ended, as if its end had not released it.
async fn lost_lock(world: &World) -> Result<()> {
    let (alarm, at) = ("lost-run", "2026-01-02T03:04:05.678Z");
    let arn: relay_core::alarm::AlarmArn =
        format!("arn:aws:cloudwatch:{HOME_REGION}:{HUB}:alarm:{alarm}").parse()?;
    let trigger = ::remediation::alarm::AlarmTrigger::id_of(&arn, None, at.parse()?, false);
    let machine = world.stack.output("RunAutomationStateMachineArn")?;
    let name = format!("alarm-{HUB}-{HOME_REGION}-1767323045678-{alarm}");
    let input = json!({"runbook": "Relay-Nothing", "alarm": {"arn": arn, "at": at}});
    let sfn = world.step_functions();
    let start = sfn.start_execution().state_machine_arn(machine).name(name);
    let execution = start.input(input.to_string()).send().await?.execution_arn;
    world.end_of(&execution).await?;
    let (trigger, input) = (trigger.to_string(), input.to_string());
    let stored = format!("trigger#{trigger}");
    put_item(world, &[("pk", &stored), ("sk", "input"), ("input", &input)], &[]).await?;
    let lock = format!("resource#{HUB}#{HOME_REGION}#{LOCKED}");
    let texts = [("pk", &*lock), ("sk", "lock"), ("owner", &*trigger), ("rule", "lost")];
    put_item(world, &texts, &[("leaseUntil", 4_102_444_800), ("cool#db", 4_102_444_800)]).await
}

#[test]
fn the_lock_of_a_lost_run_is_released_with_a_reason_that_everybody_sees() {
    run(|world| async move {
        let person = person(world).await?;
        lost_lock(world).await?;
        let mut outcomes = world.subscribe("relay-unlock").await?;
        let line = ["unlock", LOCKED, "-m", "lost in the outage"];
        let ran = relay(person, world, &line).await?;
        ensure!(ran.code == Some(0), "{}{}", ran.out, ran.err);
        ensure!(ran.err.contains("is locked by a run of rule lost"), "{}", ran.err);
        let told = outcomes.on(LOCKED, "succeeded").await?;
        let summary = told.json()["summary"].as_str().unwrap_or_default().to_owned();
        ensure!(summary.contains("/rita/") && summary.contains("lost in the outage"), "{summary}");
        let status = json(person, world, &["status"]).await?;
        ensure!(status["unlocked"].to_string().contains("lost in the outage"), "{status}");
        let again = relay(person, world, &line).await?;
        ensure!(again.code == Some(1), "{}", again.out);
        ensure!(again.err.contains("With --cool-down, these cool-downs end now"), "{}", again.err);
        ensure!(again.err.contains("lost in the outage"), "who and why: {}", again.err);
        let cools = relay(person, world, &[&line[..], &["--cool-down"]].concat()).await?;
        ensure!(
            cools.code == Some(0) && cools.out.contains("cool-down of rule db"),
            "{}",
            cools.err
        );
        let free = relay(person, world, &line).await?;
        ensure!(free.code == Some(0) && free.out.contains("does not cool down"), "{}", free.err);

        // A lock of nobody who is known: only by force, and not without a question.
        let lock = format!("resource#{HUB}#{HOME_REGION}#{LOCKED}");
        let nobody = "333ba70b-2333-48db-b17e-a5e69c6f4d1c";
        let texts = [("pk", &*lock), ("sk", "lock"), ("owner", nobody), ("rule", "lost")];
        put_item(world, &texts, &[("leaseUntil", 4_102_444_800)]).await?;
        let unknown = relay(person, world, &line).await?;
        ensure!(unknown.code == Some(1) && unknown.err.contains("is not known"), "{}", unknown.err);
        let asked = relay(person, world, &[&line[..], &["--force"]].concat()).await?;
        ensure!(asked.code == Some(1) && asked.err.contains("not confirmed"), "{}", asked.err);
        let forced = relay(person, world, &[&line[..], &["--force", "--yes"]].concat()).await?;
        ensure!(forced.code == Some(0) && forced.out.contains("may still go on"), "{}", forced.out);
        Ok(())
    });
}
