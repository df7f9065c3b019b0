//! `relay outcomes`, `show` and `explain` as an operator runs them, against the deployed suite.
#![cfg(feature = "end-to-end")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use harness::{HOME_REGION, HUB, build, remediation, root};
use serde_json::{Value, json};
use tests::{World, run, until};
use tokio::sync::OnceCell;

const RUNBOOK: &str = "Relay-RebootInstance";

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

fn command(world: &World, line: &[&str]) -> Command {
    let mut command = Command::new(build::binary("relay"));
    command
        .args(line)
        .env_clear()
        .env("AWS_ENDPOINT_URL", &world.local.endpoint)
        .env("AWS_REGION", HOME_REGION)
        .env("AWS_ACCESS_KEY_ID", HUB)
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .stdin(Stdio::null());
    command
}

fn relay(world: &World, line: &[&str], environment: &[(&str, &str)]) -> Result<Ran> {
    let ran = command(world, line).envs(environment.iter().copied()).output()?;
    let text = String::from_utf8;
    Ok(Ran { code: ran.status.code(), out: text(ran.stdout)?, err: text(ran.stderr)? })
}

fn json(world: &World, line: &[&str]) -> Result<Value> {
    let line = [line, &["--output", "json"]].concat();
    let Ran { code, out, err } = relay(world, &line, &[])?;
    ensure!(code == Some(0), "{line:?} ended with {code:?}: {out}{err}");
    serde_json::from_str(&out).with_context(|| format!("{line:?} printed {out}"))
}

/// One run by hand that failed, one that succeeded; their outcomes' ids.
async fn happened(world: &World) -> Result<&'static (String, String, String)> {
    static ONCE: OnceCell<(String, String, String)> = OnceCell::const_new();
    ONCE.get_or_try_init(|| async {
        remediation::push_runbooks(&world.stack.hub, &root().join("runbooks")).await?;
        let (instance, _) =
            remediation::watched_instance(&world.local.endpoint, HUB, HOME_REGION).await?;
        let mut outcomes = world.subscribe("relay-history").await?;
        let refused = world.start_sharing("by-hand-relay", &json!({"accounts": []})).await?;
        let failed = outcomes.of(&refused).await?.id().to_owned();
        let input = json!({"runbook": RUNBOOK, "resources": [instance],
            "parameters": {"InstanceId": ["{resource}"], "Settle": ["PT1S"]}});
        world.start_run(&input).await?;
        let done = outcomes.on(&instance, "succeeded").await?.id().to_owned();
        Ok((failed, done, instance))
    })
    .await
}

fn ids(found: &Value) -> Vec<&str> {
    let outcomes = found["outcomes"].as_array().into_iter().flatten();
    outcomes.filter_map(|outcome| outcome["id"].as_str()).collect()
}

#[test]
fn outcomes_are_listed_filtered_and_fit_the_terminal() {
    run(|world| async move {
        let (failed, done, instance) = happened(world).await?;
        let all = json(world, &["outcomes"])?;
        ensure!(ids(&all).contains(&&**failed) && ids(&all).contains(&&**done), "{all}");
        ensure!(all["account"] == HUB && all["more"] == false, "{all}");
        for (line, expected) in [
            (&["outcomes", "--resource", instance][..], vec![&**done]),
            (&["outcomes", "--resource", instance, "--status", "failed"], vec![]),
            (&["outcomes", "--resource", "i-unknown"], vec![]),
            (&["outcomes", "--since", "2020-01-01", "--until", "2020-02-01"], vec![]),
        ] {
            let found = json(world, line)?;
            ensure!(ids(&found) == expected, "{line:?}: {found}");
        }
        let of_account = json(world, &["outcomes", "--account", HUB, "--status", "succeeded"])?;
        ensure!(ids(&of_account) == [&**done], "{of_account}");
        let one = json(world, &["outcomes", "--limit", "1"])?;
        ensure!(ids(&one).len() == 1 && one["more"] == true, "{one}");

        for columns in ["80", "120"] {
            let wide = [("COLUMNS", columns)];
            let ran = relay(world, &["outcomes"], &wide)?;
            let most: usize = columns.parse()?;
            ensure!(ran.code == Some(0) && ran.out.starts_with("STATUS "), "{}", ran.out);
            ensure!(ran.out.lines().all(|line| line.chars().count() <= most), "{}", ran.out);
            ensure!(ran.out.contains(&done[..8]) && !ran.out.contains('\u{1b}'), "{}", ran.out);
        }
        let colored = relay(world, &["outcomes"], &[("CLICOLOR_FORCE", "1")])?;
        ensure!(colored.out.contains("\u{1b}[32msucceeded\u{1b}[0m"), "{:?}", colored.out);
        let plain = relay(world, &["outcomes"], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")])?;
        ensure!(!plain.out.contains('\u{1b}'), "{:?}", plain.out);

        let nothing = relay(world, &["outcomes", "--rule", "nothing"], &[])?;
        ensure!(nothing.code == Some(0) && nothing.out.is_empty(), "{}", nothing.out);
        ensure!(nothing.err.contains("no outcomes since"), "{}", nothing.err);
        for wrong in [&["outcomes", "--status", "lost"][..], &["outcomes", "--limit", "0"]] {
            ensure!(relay(world, wrong, &[])?.code == Some(64), "{wrong:?}");
        }
        let wrong = relay(world, &["outcomes", "--since", "yesterday"], &[])?;
        ensure!(
            wrong.code == Some(1) && wrong.err.contains("yesterday is not a time"),
            "{}",
            wrong.err
        );
        Ok(())
    });
}

#[test]
fn the_story_of_a_run_has_its_steps_and_is_found_by_id_begin_of_id_and_execution() {
    run(|world| async move {
        let (failed, done, instance) = happened(world).await?;
        let story = json(world, &["show", done])?;
        let outcome = &story["outcome"];
        ensure!(outcome["id"] == **done, "{story}");
        let run = &story["automations"][0];
        ensure!(run["status"] == "Success" && run["runbook"] == RUNBOOK, "{story}");
        let steps = run["steps"].as_array().context("steps")?;
        ensure!(steps.len() > 1 && steps.iter().all(|step| step["status"].is_string()), "{run}");
        ensure!(!story.to_string().contains("\"inputs\""), "{story}");

        let execution = outcome["execution"].as_str().context("an execution")?;
        let name = execution.rsplit(':').next().context("a name")?;
        for subject in [&done[..8], execution, name] {
            let again = json(world, &["show", subject])?;
            ensure!(again["outcome"]["id"] == **done, "{subject}: {again}");
        }
        for columns in ["80", "120"] {
            let ran = relay(world, &["show", done], &[("COLUMNS", columns)])?;
            ensure!(ran.code == Some(0), "{}", ran.err);
            for part in ["outcome", "succeeded", "resources", instance, "rung 1", "Success"] {
                ensure!(ran.out.contains(part), "{part} in {}", ran.out);
            }
        }
        let ran = relay(world, &["show", failed], &[])?;
        ensure!(ran.out.contains("problem") && ran.out.contains("InvalidInput"), "{}", ran.out);
        let nothing = relay(world, &["show", "nothing-of-the-kind"], &[])?;
        ensure!(nothing.code == Some(1), "{}", nothing.out);
        ensure!(nothing.err.contains("nothing is known of nothing-of-the-kind"), "{}", nothing.err);
        Ok(())
    });
}

/// A follower of the outcomes, and its first line.
fn follower(world: &World) -> Result<(Child, BufReader<std::process::ChildStdout>)> {
    let mut child = command(world, &["outcomes", "--follow", "--since", "1d"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let out = child.stdout.take().context("its standard output")?;
    Ok((child, BufReader::new(out)))
}

#[test]
fn a_follower_prints_each_outcome_once_as_it_comes_and_ends_when_nobody_reads() {
    run(|world| async move {
        happened(world).await?;
        let (mut child, mut lines) = follower(world)?;
        let mut line = String::new();
        lines.read_line(&mut line)?;
        ensure!(!line.is_empty(), "it begins with what happened");
        let mut outcomes = world.subscribe("relay-follow").await?;
        let refused = world.start_sharing("by-hand-follow", &json!({"accounts": []})).await?;
        let id = outcomes.of(&refused).await?.id()[..8].to_owned();
        let read = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            while lines.read_line(&mut line)? > 0 && !line.contains(&id) {
                line.clear();
            }
            anyhow::Ok((lines, line))
        });
        let (lines, line) = read.await??;
        ensure!(line.starts_with("failed "), "{line}");

        // Nobody reads any more: the next outcome ends it, without an error.
        drop(lines);
        world.start_sharing("by-hand-unread", &json!({"accounts": []})).await?;
        let ended = until("the follower to end", || {
            let ended = child.try_wait();
            async move { Ok(ended?) }
        });
        let status = ended.await?;
        ensure!(status.code() == Some(0), "{status:?}");
        Ok(())
    });
}

#[test]
fn an_alarm_is_explained_with_its_rule_its_guards_and_its_parameters_and_nothing_is_done() {
    run(|world| async move {
        let (_, _, instance) = happened(world).await?;
        let rule = "/runbook-relay/remediation/relay-explain";
        let text = format!(
            "alarm: {{names: [relay-explain]}}\nresource: {{dimension: InstanceId}}\nmode: active\n\
             ladder: [{{runbook: {RUNBOOK}, parameters: {{InstanceId: [\"{{resource}}\"]}}}}]\n"
        );
        let ssm = world.ssm(HUB, HOME_REGION).await;
        let put = ssm.put_parameter().name(rule).value(text).overwrite(true);
        put.r#type(aws_sdk_ssm::types::ParameterType::String).send().await?;
        let cloudwatch = aws_sdk_cloudwatch::Client::new(&world.stack.hub);
        let dimension = aws_sdk_cloudwatch::types::Dimension::builder();
        cloudwatch
            .put_metric_alarm()
            .alarm_name("relay-explain")
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
        let viewer = world.person("xenia", "viewer").await?;
        let looked = command(world, &["explain", "relay-explain"])
            .envs(viewer.environment().await?)
            .output()?;
        ensure!(looked.status.code() == Some(0), "{}", String::from_utf8_lossy(&looked.stderr));
        let wrote = writes(world, "xenia").await?;
        ensure!(wrote.is_empty(), "{wrote:?}");
        let explained = json(world, &["explain", "relay-explain"])?;
        ensure!(explained["rule"] == "relay-explain", "{explained}");
        ensure!(explained["decision"]["decision"] == "start", "{explained}");
        ensure!(explained["resources"] == json!([instance]), "{explained}");
        let parameters = json!({"InstanceId": [instance]});
        ensure!(explained["runs"][0]["parameters"] == parameters, "{explained}");
        let guards = explained["guards"].to_string();
        for numbers in ["0 of 5 runs this hour", "0 of 20 resources in ALARM within 5m"] {
            ensure!(guards.contains(numbers), "{numbers} in {guards}");
        }
        let text = relay(world, &["explain", "relay-explain"], &[("COLUMNS", "80")])?;
        ensure!(text.out.contains("relay-explain would answer it (mode active)"), "{}", text.out);

        let control = ssm.put_parameter().name("/runbook-relay/control").overwrite(true);
        let control = control.value(r#"{"mode": "off", "reason": "a drill"}"#);
        control.r#type(aws_sdk_ssm::types::ParameterType::String).send().await?;
        let paused = json(world, &["explain", "relay-explain"])?;
        ssm.delete_parameter().name("/runbook-relay/control").send().await?;
        ssm.delete_parameter().name(rule).send().await?;
        ensure!(paused["decision"]["code"] == "KillSwitch", "{paused}");
        Ok(())
    });
}

/// The calls of a person that change something.
async fn writes(world: &World, person: &str) -> Result<Vec<String>> {
    let calls =
        world.local.relay("GET", &format!("calls?principal={person}/"), &Value::Null).await?;
    let reads = ["Get", "List", "Describe", "Query", "BatchGet"];
    let operations = calls.as_array().context("calls are a list")?.iter();
    let operations = operations.filter_map(|call| call["operation"].as_str());
    ensure!(operations.clone().count() > 5, "{calls}");
    let writes = operations.filter(|name| !reads.iter().any(|read| name.starts_with(read)));
    Ok(writes.map(str::to_owned).collect())
}

#[test]
fn an_alarm_that_no_rule_is_about_is_shown_with_the_reason_why_each_rule_was_not() {
    run(|world| async move {
        let path = root().join("events/aws.cloudwatch/alarm-state-change.json");
        let event = std::fs::read_to_string(path)?.replace("ServerCpuTooHigh", "relay-nobody");
        world.deliver(&serde_json::from_str(&event)?).await?;
        let shown = until("the alarm to be noted", || async {
            let ran = relay(world, &["show", "relay-nobody", "--output", "json"], &[])?;
            Ok((ran.code == Some(0)).then_some(ran.out))
        })
        .await?;
        let shown: Value = serde_json::from_str(&shown)?;
        ensure!(shown["outcome"].is_null(), "{shown}");
        ensure!(shown["unanswered"][0]["metrics"] == json!(["AWS/EC2/CPUUtilization"]), "{shown}");
        let text = relay(world, &["show", "relay-nobody"], &[])?;
        ensure!(text.out.contains("none: no rule was about the alarm"), "{}", text.out);
        Ok(())
    });
}
