//! `relay approvals`, `approve`, `reject`, `pause` and `resume` as people with their roles run them.
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

async fn relay(world: &World, person: &Person, line: &[&str]) -> Result<Ran> {
    let ran = Command::new(build::binary("relay"))
        .args(line)
        .env_clear()
        .env("AWS_ENDPOINT_URL", &world.local.endpoint)
        .envs(person.environment().await?)
        .stdin(Stdio::null())
        .output()?;
    let text = String::from_utf8;
    Ok(Ran { code: ran.status.code(), out: text(ran.stdout)?, err: text(ran.stderr)? })
}

async fn instance(world: &World) -> Result<String> {
    static ONCE: OnceCell<()> = OnceCell::const_new();
    ONCE.get_or_try_init(|| async {
        remediation::push_runbooks(&world.stack.hub, &root().join("runbooks")).await.map(drop)
    })
    .await?;
    let (instance, _) =
        remediation::watched_instance(&world.local.endpoint, HUB, HOME_REGION).await?;
    Ok(instance)
}

/// Starts a run that the person has to approve, and waits until it is listed.
async fn waiting(world: &World, person: &Person, instance: &str) -> Result<Value> {
    let input = json!({"runbook": RUNBOOK, "resources": [instance],
        "parameters": {"InstanceId": ["{resource}"], "Settle": ["PT1S"]},
        "approval": {"approvers": [person.role], "minimum": 1, "within": "1h"}});
    world.start_run(&input).await?;
    until("the run to be listed", || async {
        let ran = relay(world, person, &["approvals", "--output", "json"]).await?;
        ensure!(ran.code == Some(0), "{}", ran.err);
        let listed: Value = serde_json::from_str(&ran.out)?;
        let ours = |one: &&Value| one["resources"].to_string().contains(instance);
        let found = listed["approvals"].as_array().into_iter().flatten().find(ours);
        Ok(found.cloned())
    })
    .await
}

#[test]
fn a_run_that_waits_is_listed_and_approved_with_a_comment_and_a_late_answer_says_so() {
    run(|world| async move {
        let instance = instance(world).await?;
        let person = world.person("olivia", "operator+viewer").await?;
        let mut outcomes = world.subscribe("relay-approve").await?;
        let one = waiting(world, &person, &instance).await?;
        ensure!(one["runbook"] == RUNBOOK && one["approvers"] == json!([person.role]), "{one}");
        let id = &one["id"].as_str().context("an id")?[..8];
        let text = relay(world, &person, &["approvals"]).await?;
        ensure!(text.out.contains(id) && text.out.contains("minutes left"), "{}", text.out);

        let unknown = relay(world, &person, &["approve", "00000000"]).await?;
        ensure!(unknown.code == Some(1), "{}", unknown.out);
        let nothing = "no run that waits for an approval has the id";
        ensure!(unknown.err.contains(nothing), "{}", unknown.err);
        let approved = relay(world, &person, &["approve", id, "-m", "looked at it"]).await?;
        ensure!(approved.code == Some(0), "{}", approved.err);
        ensure!(approved.out.starts_with("approved: "), "{}", approved.out);
        let done = outcomes.on(&instance, "succeeded").await?;
        let decision = &done.json()["approval"]["decisions"][0];
        ensure!(
            decision["comment"] == "looked at it" && decision["answer"] == "approved",
            "{decision}"
        );

        let late = relay(world, &person, &["approve", id]).await?;
        ensure!(late.code == Some(1), "{}", late.out);
        let answered = "was answered already: approved by arn:aws:sts::";
        ensure!(late.err.contains(answered) && late.err.contains("olivia"), "{}", late.err);
        let shown = relay(world, &person, &["show", done.id()]).await?;
        ensure!(shown.out.contains("looked at it"), "{}{}", shown.out, shown.err);
        Ok(())
    });
}

#[test]
fn a_reminder_comes_before_the_deadline_and_is_not_listed_twice() {
    run(|world| async move {
        let instance = instance(world).await?;
        let person = world.person("otto", "operator+viewer").await?;
        let mut outcomes = world.subscribe("relay-remind").await?;
        let input = json!({"runbook": RUNBOOK, "resources": [instance],
            "parameters": {"InstanceId": ["{resource}"], "Settle": ["PT1S"]},
            "approval": {"approvers": [person.role], "minimum": 1, "within": "1m"}});
        world.start_run(&input).await?;
        let line = ["outcomes", "--resource", &instance, "--output", "json"];
        let [again, first] = until("the reminder", || async {
            let asked: Value = serde_json::from_str(&relay(world, &person, &line).await?.out)?;
            let asked = asked["outcomes"].as_array().cloned().unwrap_or_default();
            Ok(<[Value; 2]>::try_from(asked).ok())
        })
        .await?;
        // At once: a quarter of the minute is left.
        let listed = relay(world, &person, &["approvals", "--output", "json"]).await?;
        let listed: Value = serde_json::from_str(&listed.out)?;
        let ours = |one: &&Value| one["resources"].to_string().contains(&instance);
        let ours: Vec<&Value> =
            listed["approvals"].as_array().into_iter().flatten().filter(ours).collect();
        let summary = again["summary"].as_str().unwrap_or_default();
        ensure!(
            summary.starts_with("Reminder: ") && again["outcome"] == first["outcome"],
            "{again}"
        );
        let id = |outcome: &Value| outcome["id"].as_str().unwrap_or_default()[..8].to_owned();
        let mut deadlines = Vec::new();
        for one in [id(&first), id(&again)] {
            let shown = relay(world, &person, &["show", &one, "--output", "json"]).await?;
            let shown: Value = serde_json::from_str(&shown.out)?;
            deadlines.push(shown["outcome"]["approval"]["deadline"].clone());
        }
        let deadline = deadlines[0].clone();
        ensure!(deadline.is_string() && deadline == deadlines[1], "{deadlines:?}");
        ensure!(ours.len() == 1 && ours[0]["until"] == deadline, "{listed}");

        let end = outcomes.on(&instance, "failed").await?;
        ensure!(end.json()["approval"]["status"] == "expired", "{}", end.json());
        let late = relay(world, &person, &["approve", &id(&again)]).await?;
        ensure!(late.code == Some(1), "{}", late.out);
        ensure!(late.err.contains("too late: the time for the approval of"), "{}", late.err);
        Ok(())
    });
}

#[test]
fn a_run_that_is_rejected_does_nothing_and_the_outcome_says_who() {
    run(|world| async move {
        let instance = instance(world).await?;
        let person = world.person("rachel", "operator+viewer").await?;
        let mut outcomes = world.subscribe("relay-reject").await?;
        let one = waiting(world, &person, &instance).await?;
        let id = one["executionId"].as_str().context("an id")?;
        let rejected = relay(world, &person, &["reject", id, "-m", "not now"]).await?;
        ensure!(rejected.code == Some(0), "{}", rejected.err);
        let end = outcomes.on(&instance, "failed").await?;
        let approval = &end.json()["approval"];
        ensure!(approval["status"] == "rejected", "{approval}");
        ensure!(approval["decisions"][0]["comment"] == "not now", "{approval}");
        Ok(())
    });
}

#[test]
fn a_pause_has_an_end_and_a_reason_and_is_resumed() {
    run(|world| async move {
        let person = world.person("paula", "operator+viewer").await?;
        let line = ["pause", "--for", "2h", "--reason", "a migration", "--output", "json"];
        let paused = relay(world, &person, &line).await?;
        ensure!(paused.code == Some(0), "{}", paused.err);
        let paused: Value = serde_json::from_str(&paused.out)?;
        let control = &paused["now"];
        ensure!(control["mode"] == "off" && control["until"].is_string(), "{paused}");
        let reason = control["reason"].as_str().unwrap_or_default();
        ensure!(reason.starts_with("a migration (") && reason.contains("paula"), "{paused}");
        let stored = world.ssm(HUB, HOME_REGION).await.get_parameter();
        let stored = stored.name("/runbook-relay/control").send().await?.parameter;
        let stored: Value = serde_json::from_str(stored.context("it")?.value().unwrap_or("{}"))?;
        ensure!(stored == *control, "{stored}");

        let resumed = relay(world, &person, &["resume"]).await?;
        ensure!(resumed.code == Some(0) && resumed.out.contains("active"), "{}", resumed.out);
        let again = relay(world, &person, &["resume"]).await?;
        ensure!(again.out == "it was not paused\n", "{}", again.out);
        let wrong = relay(world, &person, &["pause", "--for", "2h"]).await?;
        ensure!(wrong.code == Some(64), "a reason is asked for: {}", wrong.err);
        Ok(())
    });
}
