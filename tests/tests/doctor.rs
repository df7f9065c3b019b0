//! `relay doctor` on the deployed suite: what is well is said to be, and each planted fault is found with
//! its remedy.
#![cfg(feature = "end-to-end")]

use std::process::Command;

use anyhow::{Context, Result, ensure};
use aws_sdk_ssm::types::ParameterType;
use harness::{HOME_REGION, HUB, build};
use serde_json::{Value, json};
use tests::{World, run};

/// The exit code and the findings, each as `verdict check: what | remedy`.
fn doctor(world: &World) -> Result<(Option<i32>, Vec<String>)> {
    let ran = Command::new(build::binary("relay"))
        .args(["doctor", "--output", "json"])
        .env_clear()
        .env("AWS_ENDPOINT_URL", &world.local.endpoint)
        .env("AWS_REGION", HOME_REGION)
        .env("AWS_ACCESS_KEY_ID", HUB)
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .output()?;
    let out = String::from_utf8(ran.stdout)?;
    let report: Value = serde_json::from_str(&out)
        .with_context(|| format!("{out}{}", String::from_utf8_lossy(&ran.stderr)))?;
    let findings = report["findings"].as_array().context("findings are a list")?.iter();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let line = |finding: &Value| {
        let [verdict, check, what, remedy] =
            ["verdict", "check", "what", "remedy"].map(|key| text(finding, key));
        format!("{verdict} {check}: {what} | {remedy}")
    };
    Ok((ran.status.code(), findings.map(line).collect()))
}

fn has(findings: &[String], begin: &str, remedy: &str) -> Result<()> {
    let found = findings.iter().any(|line| line.starts_with(begin) && line.contains(remedy));
    ensure!(found, "no `{begin}` with `{remedy}` in {findings:#?}");
    Ok(())
}

/// A call of CloudTrail in the hub.
async fn trail(world: &World, operation: &str, input: Value) -> Result<()> {
    let target = format!("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.{operation}");
    let headers =
        [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
    let client = aws::signed::Signed::new(&world.stack.hub, "cloudtrail");
    let (status, body) = client.post(operation, &headers, input.to_string()).await?;
    ensure!(status == 200, "{operation}: {status} {body}");
    Ok(())
}

#[test]
fn each_planted_fault_is_found_with_its_remedy_and_nothing_else_is() {
    run(|world| async move {
        let ssm = world.ssm(HUB, HOME_REGION).await;
        let put = async |name: &str, value: &str| {
            let put = ssm.put_parameter().name(name).value(value).overwrite(true);
            put.r#type(ParameterType::String).send().await.map(drop)
        };
        let (_, well) = doctor(world)?;
        for check in [
            "version",
            "dead letters",
            "topics",
            "concurrency",
            "automations",
            "organization",
            "forwarding",
            "kill switch",
        ] {
            has(&well, &format!("ok {check}: "), "")?;
        }
        has(&well, "warning rules: there are none", "relay rules apply")?;
        has(&well, "problem CloudTrail: no trail of ", "Create a trail")?;

        trail(
            world,
            "CreateTrail",
            json!({"Name": "all", "S3BucketName": "trail", "IsMultiRegionTrail": true}),
        )
        .await?;
        trail(world, "StartLogging", json!({"Name": "all"})).await?;
        put(
            "/runbook-relay/sharing/gone",
            "documents: {names: [\"Org-*\"]}\nregions: [us-east-1]\naccounts: {in: [/Nowhere]}\n",
        )
        .await?;
        put(
            "/runbook-relay/remediation/none",
            "alarm: {names: [a-*], exclude: [ou-abcd-00000009]}\nresource: {dimension: InstanceId}\n\
             ladder: [{runbook: Relay-None}]\n",
        )
        .await?;
        put("/runbook-relay/remediation/broken", "alarm: {}\n").await?;
        put("/runbook-relay/control", "mode: off\nreason: drill\n").await?;
        let sqs = aws_sdk_sqs::Client::new(&world.stack.hub);
        let queue = world.stack.output("AlarmDeadLetterQueueUrl")?;
        sqs.send_message().queue_url(queue).message_body("{}").send().await?;

        let (code, ill) = doctor(world)?;
        ensure!(code == Some(2), "{code:?}: {ill:#?}");
        has(&ill, "ok CloudTrail: ", "")?;
        has(&ill, "warning kill switch: the suite is on `off`: drill", "docs/operate.md")?;
        has(&ill, "problem dead letters: 1 in ", "relay replay ")?;
        let rules = "problem rules: /runbook-relay/";
        has(
            &ill,
            &format!(
                "{rules}sharing/gone:3:17 (accounts.in[0]): the organization has no OU /Nowhere"
            ),
            "id",
        )?;
        has(
            &ill,
            &format!(
                "{rules}remediation/none:1:33 (alarm.exclude[0]): the organization has no OU ou-"
            ),
            "id",
        )?;
        has(&ill, &format!("{rules}remediation/none"), "")?;
        ensure!(ill.iter().any(|line| line.contains("[RunbookNotFound]")), "{ill:#?}");
        has(&ill, &format!("{rules}remediation/broken"), "")?;
        Ok(())
    });
}
