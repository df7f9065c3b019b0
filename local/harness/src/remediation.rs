//! The things that alarms need to be answered: the suite's own runbooks in the hub, instances that can be
//! impaired, alarms that watch them, and accounts with the target-account stack.

use anyhow::{Context, Result};
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, Statistic};
use aws_sdk_ssm::types::DocumentPermissionType;
use regex::Regex;
pub use relay::runbooks::push_runbooks;
use serde_json::json;

use crate::stack::Stack;
use crate::{HOME_REGION, HUB, aws, deploy, root};

/// Runs `Relay-RebootInstance`, then `Relay-StopStartInstance`, with times that fit a laptop.
pub const RULE: &str = include_str!("scenario/instance-check.yaml");

/// Makes an account's alarms answered in a Region: the target-account stack there and in the hub's account,
/// the suite's runbooks in the hub's same Region, and shared with the account in both.
///
/// # Errors
/// When a call is refused or a stack does not become complete.
pub async fn add_member(stack: &Stack, account: &str, region: &str) -> Result<()> {
    let endpoint = stack.hub.endpoint_url().unwrap_or_default();
    answer_alarms(stack, account, region).await?;
    for there in [HOME_REGION, region] {
        let config = aws::config(endpoint, HUB, there).await;
        let ssm = aws_sdk_ssm::Client::new(&config);
        for name in push_runbooks(&config, &root().join("runbooks")).await? {
            let share = ssm.modify_document_permission().name(&name).account_ids_to_add(account);
            let share = share.permission_type(DocumentPermissionType::Share).send().await;
            share.map_err(aws_sdk_ssm::Error::from).with_context(|| format!("share {name}"))?;
        }
    }
    Ok(())
}

/// Deploys the target-account stack into an account and the hub's account, in a Region.
///
/// # Errors
/// When a stack does not become complete.
pub async fn answer_alarms(stack: &Stack, account: &str, region: &str) -> Result<()> {
    let endpoint = stack.hub.endpoint_url().unwrap_or_default();
    // As a StackSet does it: the same parameters in every account and Region. In the hub there are roles already.
    for whose in [account, HUB] {
        let config = aws::config(endpoint, whose, region).await;
        let parameters = [
            ("HubAccount", HUB.to_owned()),
            ("HubRegion", HOME_REGION.to_owned()),
            ("OrganizationId", stack.seeded.organization.clone()),
            ("RolesRegion", region.to_owned()),
        ];
        deploy::stack(&config, "runbook-relay-target-account", "target-account.yaml", &parameters)
            .await?;
    }
    Ok(())
}

/// Launches an instance and has an alarm watch its instance status check; returns the instance's id
/// and the alarm's name.
///
/// # Errors
/// When a call is refused.
pub async fn watched_instance(
    endpoint: &str,
    account: &str,
    region: &str,
) -> Result<(String, String)> {
    let fields = [("ImageId", "ami-12345678"), ("MinCount", "1"), ("MaxCount", "1")];
    let answer = aws::ec2(endpoint, account, region, "RunInstances", &fields).await?;
    let id = Regex::new("<instanceId>(i-[0-9a-f]+)</instanceId>")?;
    let id = id.captures(&answer).context("an instance has an id")?[1].to_owned();
    let alarm = format!("status-{id}");
    let check = ("StatusCheckFailed_Instance", alarm.clone());
    watch(endpoint, account, region, &id, &check).await?;
    Ok((id, alarm))
}

/// Has an alarm watch a metric of an instance: the metric's name, and the alarm's.
///
/// # Errors
/// When CloudWatch refuses.
pub async fn watch(
    endpoint: &str,
    account: &str,
    region: &str,
    instance: &str,
    (metric, alarm): &(&str, String),
) -> Result<()> {
    let config = aws::config(endpoint, account, region).await;
    aws_sdk_cloudwatch::Client::new(&config)
        .put_metric_alarm()
        .alarm_name(alarm)
        .namespace("AWS/EC2")
        .metric_name(*metric)
        .dimensions(Dimension::builder().name("InstanceId").value(instance).build())
        .statistic(Statistic::Maximum)
        .period(60)
        .evaluation_periods(2)
        .threshold(0.0)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .send()
        .await
        .map_err(aws_sdk_cloudwatch::Error::from)
        .context("put the alarm")?;
    Ok(())
}

/// Waits until an alarm is in a state.
///
/// # Errors
/// When it does not come to it within a minute.
pub async fn alarm_is(
    endpoint: &str,
    account: &str,
    region: &str,
    alarm: &str,
    state: &str,
) -> Result<()> {
    let config = aws::config(endpoint, account, region).await;
    let client = aws_sdk_cloudwatch::Client::new(&config);
    for _ in 0..600 {
        let answer = client.describe_alarms().alarm_names(alarm).send().await?;
        let now = answer.metric_alarms().first().and_then(|alarm| alarm.state_value());
        if now.is_some_and(|now| now.as_str() == state) {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    anyhow::bail!("alarm {alarm} did not come to {state} within a minute")
}

/// Fails an instance's status check until the named cure.
///
/// # Errors
/// When the local AWS refuses.
pub async fn impair(
    endpoint: &str,
    account: &str,
    region: &str,
    instance: &str,
    cured_by: &str,
) -> Result<()> {
    let body = json!({"account": account, "region": region, "instance": instance,
        "check": "instance", "curedBy": cured_by});
    aws::relay(endpoint, "POST", "impair", &body).await.map(drop)
}
