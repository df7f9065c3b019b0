//! What alarms need to be answered: the suite's own runbooks in the hub, instances that can be
//! impaired, alarms that watch them, and accounts with the member stack.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use aws_config::SdkConfig;
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, Statistic};
use aws_sdk_ssm::types::{
    DocumentFormat, DocumentPermissionType, DocumentType, ResourceTypeForTagging, Tag,
};
use domain::run::{ALLOWED, ALLOWED_TAG};
use regex::Regex;
use serde_json::json;

use crate::stack::Stack;
use crate::{HOME_REGION, HUB, aws, deploy, root};

/// Runs `Relay-RebootInstance`, then `Relay-StopStartInstance`, with times that fit a laptop.
pub const RULE: &str = include_str!("scenario/instance-check.yaml");

/// Creates or updates the runbooks of a folder (`*.yaml`, named after their files) and tags them so
/// that the suite may start them; says what became of each.
///
/// # Errors
/// When the folder cannot be read or SSM refuses: with SSM's own words.
pub async fn push_runbooks(config: &SdkConfig, folder: &Path) -> Result<Vec<(String, Pushed)>> {
    let ssm = aws_sdk_ssm::Client::new(config);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .with_context(|| format!("read {}", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "yaml" || e == "yml"))
        .collect();
    files.sort();
    ensure!(!files.is_empty(), "{} holds no *.yaml", folder.display());
    let mut pushed = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file)?;
        let done = push_runbook(&ssm, &name, &text).await;
        pushed.push((name.clone(), done.with_context(|| format!("push {name}"))?));
    }
    Ok(pushed)
}

/// What became of a runbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It was not there.
    Created,
    /// It has a new default version.
    Updated,
    /// Its text was the same.
    Unchanged,
}

async fn push_runbook(ssm: &aws_sdk_ssm::Client, name: &str, text: &str) -> Result<Pushed> {
    use aws_sdk_ssm::Error;
    let tag = Tag::builder().key(ALLOWED_TAG).value(ALLOWED).build()?;
    let create = ssm.create_document().name(name).content(text).tags(tag.clone());
    let create =
        create.document_type(DocumentType::Automation).document_format(DocumentFormat::Yaml);
    match create.send().await.map_err(Error::from) {
        Ok(_) => return Ok(Pushed::Created),
        Err(Error::DocumentAlreadyExists(_)) => {}
        Err(error) => return Err(error.into()),
    }
    // Somebody may have tagged it `destructive`: that is kept.
    let tags = ssm.list_tags_for_resource().resource_type(ResourceTypeForTagging::Document);
    let tags = tags.resource_id(name).send().await.map_err(Error::from)?;
    if !tags.tag_list().iter().any(|tag| tag.key() == ALLOWED_TAG) {
        let add = ssm.add_tags_to_resource().resource_type(ResourceTypeForTagging::Document);
        add.resource_id(name).tags(tag).send().await.map_err(Error::from)?;
    }
    let update = ssm.update_document().name(name).content(text).document_version("$LATEST");
    let updated = match update.document_format(DocumentFormat::Yaml).send().await {
        Ok(updated) => updated,
        Err(error) => match Error::from(error) {
            Error::DuplicateDocumentContent(_) => return Ok(Pushed::Unchanged),
            error => return Err(error.into()),
        },
    };
    let version = updated.document_description.and_then(|d| d.document_version);
    let version = version.context("an updated document has a version")?;
    let default = ssm.update_document_default_version().name(name).document_version(version);
    default.send().await.map_err(Error::from)?;
    Ok(Pushed::Updated)
}

/// Makes an account's alarms answered in a Region: the member stack there and in the hub's account,
/// the suite's runbooks in the hub's same Region, and shared with the account in both.
///
/// # Errors
/// When a call is refused or a stack does not become complete.
pub async fn add_member(stack: &Stack, account: &str, region: &str) -> Result<()> {
    let endpoint = stack.hub.endpoint_url().unwrap_or_default();
    for (whose, roles) in [(account, "yes"), (HUB, "no")] {
        let config = aws::config(endpoint, whose, region).await;
        let parameters = [
            ("HubAccount", HUB.to_owned()),
            ("HubRegion", HOME_REGION.to_owned()),
            ("OrganizationId", stack.seeded.organization.clone()),
            ("Roles", roles.to_owned()),
        ];
        deploy::stack(&config, "runbook-relay-member", "member.yaml", &parameters).await?;
    }
    for there in [HOME_REGION, region] {
        let config = aws::config(endpoint, HUB, there).await;
        let ssm = aws_sdk_ssm::Client::new(&config);
        for (name, _) in push_runbooks(&config, &root().join("runbooks")).await? {
            let share = ssm.modify_document_permission().name(&name).account_ids_to_add(account);
            let share = share.permission_type(DocumentPermissionType::Share).send().await;
            share.map_err(aws_sdk_ssm::Error::from).with_context(|| format!("share {name}"))?;
        }
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
    let config = aws::config(endpoint, account, region).await;
    aws_sdk_cloudwatch::Client::new(&config)
        .put_metric_alarm()
        .alarm_name(&alarm)
        .namespace("AWS/EC2")
        .metric_name("StatusCheckFailed_Instance")
        .dimensions(Dimension::builder().name("InstanceId").value(&id).build())
        .statistic(Statistic::Maximum)
        .period(60)
        .evaluation_periods(2)
        .threshold(0.0)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .send()
        .await
        .map_err(aws_sdk_cloudwatch::Error::from)
        .context("put the alarm")?;
    Ok((id, alarm))
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
