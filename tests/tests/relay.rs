//! `relay` as an operator runs it, against the deployed suite.
#![cfg(feature = "end-to-end")]

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use harness::{HOME_REGION, HUB, build, root};
use serde_json::{Value, json};
use tests::{World, run};

const RULE: &str = "\
documents: {names: [\"Org-*\"]}
regions: [us-east-1]
accounts: {in: [organization]}
";

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs the program as the root of an account.
fn relay(world: &World, account: &str, line: &[&str]) -> Result<Ran> {
    let ran = Command::new(build::binary("relay"))
        .args(line)
        .env_clear()
        .env("AWS_ENDPOINT_URL", &world.local.endpoint)
        .env("AWS_REGION", HOME_REGION)
        .env("AWS_ACCESS_KEY_ID", account)
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .output()?;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes);
    Ok(Ran { code: ran.status.code(), out: text(ran.stdout)?, err: text(ran.stderr)? })
}

/// Runs it in the hub, holds the exit code against what is expected, and returns standard output.
fn ends(world: &World, code: i32, line: &[&str]) -> Result<String> {
    let Ran { code: ended, out, err } = relay(world, HUB, line)?;
    ensure!(ended == Some(code), "{line:?} ended with {ended:?}, not {code}:\n{out}{err}");
    Ok(out)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path of UTF-8")
}

#[test]
fn a_rule_that_outgrew_the_standard_tier_and_shrank_again_is_applied() {
    run(|world| async move {
        let folder = tempfile::tempdir()?;
        let rules = text(folder.path())?;
        std::fs::create_dir(folder.path().join("remediation"))?;
        let rule = "alarm: {names: [tier-*]}\nresource: {dimension: InstanceId}\nladder: \
                    [{runbook: Relay-RebootInstance}]\n";
        let long = format!("{rule}#{}\n", "x".repeat(4096));
        for written in [rule, &long, rule] {
            std::fs::write(folder.path().join("remediation/tier.yaml"), written)?;
            let applied = relay(world, HUB, &["rules", "apply", rules])?;
            ensure!(applied.code == Some(0), "{} bytes: {}", written.len(), applied.err);
        }
        let name = "/runbook-relay/remediation/tier";
        let ssm = world.ssm(HUB, HOME_REGION).await;
        let found = ssm.get_parameter().name(name).send().await?.parameter.context("it")?;
        ssm.delete_parameter().name(name).send().await?;
        ensure!(found.value() == Some(rule), "{found:?}");
        Ok(())
    });
}

#[test]
fn rules_are_planned_applied_planned_again_and_pruned() {
    run(|world| async move {
        let folder = tempfile::tempdir()?;
        let rules = text(folder.path())?;
        std::fs::create_dir(folder.path().join("sharing"))?;
        for name in ["one", "two"] {
            std::fs::write(folder.path().join(format!("sharing/{name}.yaml")), RULE)?;
        }
        let plan = ends(world, 2, &["rules", "plan", rules])?;
        ensure!(plan.contains("+ /runbook-relay/sharing/one\n"), "{plan}");
        let applied = relay(world, HUB, &["rules", "apply", rules])?;
        ensure!(applied.code == Some(0), "{}", applied.err);
        let line =
            format!("arn:aws:iam::{HUB}:root, account {HUB}, {HOME_REGION}, stack runbook-relay ");
        ensure!(applied.err.starts_with(&line), "{}", applied.err);
        ends(world, 0, &["rules", "plan", rules])?;

        std::fs::remove_file(folder.path().join("sharing/two.yaml"))?;
        let kept = ends(world, 0, &["rules", "apply", rules])?;
        ensure!(kept.contains("/runbook-relay/sharing/two has no file"), "{kept}");
        ends(world, 1, &["rules", "apply", rules, "--prune"])?;
        ends(world, 0, &["rules", "apply", rules, "--prune", "--yes"])?;
        let left = ends(world, 0, &["rules", "plan", rules, "--output", "json"])?;
        let left: Value = serde_json::from_str(&left)?;
        ensure!(left["withoutFile"] == json!([]) && left["version"].is_string(), "{left}");

        // It is valid, and names an OU that is not there.
        let rule = RULE.replace("organization]", "/Nowhere]");
        std::fs::write(folder.path().join("sharing/one.yaml"), rule)?;
        let found = ends(world, 2, &["rules", "plan", rules])?;
        ensure!(found.contains("the organization has no OU /Nowhere"), "{found}");
        ensure!(found.ends_with("1 change to make, 1 finding: relay rules apply\n"), "{found}");
        Ok(())
    });
}

#[test]
fn runbooks_are_pushed_to_two_regions_and_a_second_push_changes_nothing() {
    run(|world| async move {
        let folder = root().join("runbooks");
        let folder = text(&folder)?;
        let regions = ["--regions", "us-east-1,eu-west-1"];
        let push = [&["runbooks", "push", folder][..], &regions].concat();
        let diff = [&["runbooks", "diff", folder][..], &regions].concat();
        ends(world, 2, &diff)?;
        let pushed = ends(world, 0, &push)?;
        ensure!(pushed.lines().all(|line| line.contains("created")), "{pushed}");
        let again = ends(world, 0, &push)?;
        ensure!(again.lines().count() == pushed.lines().count(), "{again}");
        ensure!(again.lines().all(|line| line.contains("unchanged")), "{again}");
        ends(world, 0, &diff)?;
        Ok(())
    });
}

#[test]
fn an_account_without_the_stack_is_left_alone() {
    run(|world| async move {
        let account = "222233334444";
        let rules = root().join("rules");
        let ran = relay(world, account, &["rules", "apply", text(&rules)?])?;
        ensure!(ran.code == Some(1), "{}", ran.out);
        let said = format!("no stack runbook-relay in account {account}, Region {HOME_REGION}");
        ensure!(ran.err.contains(&said), "{}", ran.err);
        let calls =
            world.local.relay("GET", &format!("calls?principal={account}"), &Value::Null).await?;
        let calls = calls.as_array().context("calls are a list")?;
        let wrote = calls.iter().any(|call| call["operation"] == "PutParameter");
        ensure!(!wrote, "{calls:?}");
        Ok(())
    });
}

#[test]
fn recorded_events_are_replayed_each_to_its_intake() {
    run(|world| async move {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("events.jsonl");
        let ignored = json!({"source": "aws.organizations", "detail": {"eventName": "ListRoots"}});
        let alarm = json!({"source": "aws.cloudwatch", "detail-type": "none of ours"});
        std::fs::write(&file, format!("{ignored}\n{alarm}\n{ignored}\n"))?;
        let sent = ends(world, 0, &["replay", text(&file)?, "--output", "json"])?;
        let sent: Value = serde_json::from_str(&sent)?;
        let queue = |key: &str| world.stack.output(key).map(str::to_owned);
        let expected = json!({"sent": [
            {"queue": queue("AlarmQueueUrl")?, "messages": 1},
            {"queue": queue("IntakeQueueUrl")?, "messages": 2},
        ]});
        ensure!(sent == expected, "{sent}");
        Ok(())
    });
}
