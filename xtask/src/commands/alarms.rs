//! The demo's second half: instances fail, their alarms go into ALARM by themselves, runbooks cure them.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use aws_sdk_cloudwatch::types::StateValue;
use comfy_table::{Table, presets};
use harness::outcomes::{Inbox, Received};
use harness::remediation::{self, RULE};
use harness::scenario::{PLATFORM, REGIONS};
use harness::stack::Stack;
use harness::{HOME_REGION, HUB};

use super::screen::{Clock, heading, note};

/// How long an outcome may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Shows three failures and one that comes too soon, and fails when an outcome is not as expected.
pub(crate) async fn show(stack: &Stack, inbox: &mut Inbox, clock: Clock) -> Result<()> {
    let endpoint = stack.hub.endpoint_url().unwrap_or_default();
    let abroad = REGIONS[1];
    heading("Alarms go into ALARM");
    clock.step(&format!(
        "the suite's runbooks are pushed, and stacks/target-account.yaml is deployed in {PLATFORM}, \
         {abroad}"
    ));
    remediation::add_member(stack, PLATFORM, abroad).await?;
    let client = aws_sdk_ssm::Client::new(&stack.hub);
    harness::stack::put_rule(&client, "remediation/instance-check", RULE).await?;
    note("rule instance-check: Relay-RebootInstance, then Relay-StopStartInstance");

    let mut received = Vec::new();
    let ill = [
        (HUB, HOME_REGION, "reboot", "a reboot will cure it"),
        (PLATFORM, abroad, "reboot", "in another account and Region; a reboot will cure it"),
        (HUB, HOME_REGION, "stopStart", "a reboot will not cure it"),
    ];
    let mut watched = Vec::new();
    for (account, region, cure, text) in ill {
        let (instance, alarm) = remediation::watched_instance(endpoint, account, region).await?;
        remediation::alarm_is(endpoint, account, region, &alarm, "OK").await?;
        remediation::impair(endpoint, account, region, &instance, cure).await?;
        clock.step(&format!("{instance} in {account}, {region} fails its status check: {text}"));
        watched.push((account, region, instance, alarm));
    }
    for (account, region, instance, alarm) in &watched {
        let outcome = about(inbox, &mut received, instance, "succeeded").await?;
        clock.step(&format!("outcome {}: {}", outcome.outcome(), outcome.summary()));
        remediation::alarm_is(endpoint, account, region, alarm, "OK").await?;
    }
    let rungs = |instance: &str| {
        received
            .iter()
            .filter(|outcome| names(outcome, instance))
            .filter_map(|outcome| outcome.json()["runsTotal"].as_u64())
            .max()
    };
    ensure!(rungs(&watched[0].2) == Some(1), "the first instance took one rung");
    ensure!(rungs(&watched[2].2) == Some(2), "the last instance took two rungs");

    let (_, _, instance, alarm) = watched.first().context("there is a first instance")?;
    aws_sdk_cloudwatch::Client::new(&stack.hub)
        .set_alarm_state()
        .alarm_name(alarm)
        .state_value(StateValue::Alarm)
        .state_reason("the demo sets it once more")
        .send()
        .await
        .map_err(aws_sdk_cloudwatch::Error::from)?;
    clock.step(&format!("the alarm of {instance} goes into ALARM once more, within the cool-down"));
    let outcome = about(inbox, &mut received, instance, "suppressed").await?;
    clock.step(&format!("outcome {}: {}", outcome.outcome(), outcome.summary()));
    report(&received);
    Ok(())
}

fn names(outcome: &Received, instance: &str) -> bool {
    let resources = outcome.json()["resources"].as_array();
    resources.is_some_and(|resources| resources.iter().any(|id| id == instance))
}

/// The outcome about an instance, once it has come.
async fn about(
    inbox: &mut Inbox,
    received: &mut Vec<Received>,
    instance: &str,
    expected: &str,
) -> Result<Received> {
    let begun = Instant::now();
    loop {
        let found = received
            .iter()
            .find(|outcome| names(outcome, instance) && outcome.outcome() == expected);
        if let Some(found) = found {
            return Ok(found.clone());
        }
        if begun.elapsed() > PATIENCE {
            let got: Vec<&str> = received.iter().map(Received::summary).collect();
            bail!("no outcome `{expected}` of {instance} within {PATIENCE:?}; got {got:#?}");
        }
        let flow = |outcome: &Received| outcome.json()["flow"] == "remediation";
        received.extend(inbox.receive().await?.into_iter().filter(flow));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn report(received: &[Received]) {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["outcome", "resource", "rung", "runbook", "status"]);
    for outcome in received {
        let runs = outcome.json()["runs"].as_array().cloned().unwrap_or_default();
        let resource = outcome.json()["resources"][0].as_str().unwrap_or_default().to_owned();
        if runs.is_empty() {
            let nothing = || "–".to_owned();
            let row = [outcome.outcome().to_owned(), resource, nothing(), nothing(), nothing()];
            table.add_row(row);
            continue;
        }
        for run in runs {
            let text = |name: &str| run[name].as_str().unwrap_or_default().to_owned();
            table.add_row([
                outcome.outcome().to_owned(),
                resource.clone(),
                run["rung"].to_string(),
                text("runbook"),
                text("status"),
            ]);
        }
    }
    println!("\n{table}\n");
}
