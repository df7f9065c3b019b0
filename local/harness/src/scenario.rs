//! The demo's organization: not a toy. Two accounts own 120 runbooks in three Regions; four rules,
//! one of them invalid and two overlapping; one owner that lets nobody in; one runbook at its quota.

use anyhow::{Context, Result};
use aws_sdk_organizations::types::{HandshakeParty, HandshakePartyType};
use aws_sdk_ssm::types::{DocumentFormat, DocumentPermissionType, DocumentType, Tag};
use futures::{StreamExt, TryStreamExt};

use crate::stack::Stack;
use crate::{HUB, aws};

/// Owns the platform's runbooks; has the owner-account stack.
pub const PLATFORM: &str = "222233334444";
/// Owns the security team's runbooks; has no owner-account stack, so it denies.
pub const SECURITY: &str = "333344445555";
/// The Regions of the demo.
pub const REGIONS: [&str; 3] = ["us-east-1", "eu-west-1", "ap-southeast-2"];
/// The runbook that 1,000 accounts have already.
pub const FULL: &str = "Org-RotateLogs-00";
/// Where the new account is moved to.
pub const UNIT: &str = "/Workloads/Prod/Payments";

/// The rules: name and text as they stand in Parameter Store.
pub const RULES: [(&str, &str); 4] = [
    ("baseline", include_str!("scenario/baseline.yaml")),
    ("payments", include_str!("scenario/payments.yaml")),
    ("security", include_str!("scenario/security.yaml")),
    ("typo", include_str!("scenario/typo.yaml")),
];

/// The documents of the demo: owner, Region, name.
pub fn documents() -> Vec<(&'static str, &'static str, String)> {
    let mut all = Vec::new();
    for region in REGIONS {
        for n in 0..20 {
            all.push((PLATFORM, region, format!("Org-{}-{n:02}", TOPICS[n % TOPICS.len()])));
        }
        for n in 0..14 {
            all.push((PLATFORM, region, format!("Pay-{}-{n:02}", TOPICS[n % TOPICS.len()])));
        }
    }
    for region in &REGIONS[..2] {
        for n in 0..9 {
            all.push((SECURITY, region, format!("Sec-{}-{n:02}", TOPICS[n % TOPICS.len()])));
        }
    }
    all
}

const TOPICS: [&str; 5] =
    ["RotateLogs", "PatchHosts", "TagResources", "CloseOpenPorts", "RestoreBackup"];

const RUNBOOK: &str = include_str!("scenario/runbook.yaml");

/// Lets the two owners join, as any account is invited and accepts.
///
/// # Errors
/// When Organizations refuses.
pub async fn owners_join(endpoint: &str) -> Result<()> {
    for owner in [PLATFORM, SECURITY] {
        join(endpoint, owner).await?;
    }
    Ok(())
}

/// Lets an account join: it is invited and accepts.
///
/// # Errors
/// When Organizations refuses.
pub async fn join(endpoint: &str, account: &str) -> Result<()> {
    let hub = aws_sdk_organizations::Client::new(&aws::config(endpoint, HUB, "us-east-1").await);
    let target = HandshakeParty::builder().id(account).r#type(HandshakePartyType::Account);
    let invited = hub.invite_account_to_organization().target(target.build()?).send().await;
    let invited = invited.map_err(aws_sdk_organizations::Error::from)?;
    let id = invited.handshake.and_then(|h| h.id).context("a handshake has an id")?;
    let account =
        aws_sdk_organizations::Client::new(&aws::config(endpoint, account, "us-east-1").await);
    let accepted = account.accept_handshake().handshake_id(id).send().await;
    accepted.map_err(aws_sdk_organizations::Error::from)?;
    Ok(())
}

/// Creates the documents, brings one to its quota, deploys the owner-account stack and writes the rules.
///
/// # Errors
/// When a call is refused.
pub async fn fill(stack: &Stack) -> Result<()> {
    let endpoint = stack.hub.endpoint_url().unwrap_or_default().to_owned();
    futures::stream::iter(documents())
        .map(|(owner, region, name)| create_document(&endpoint, owner, region, name))
        .buffer_unordered(8)
        .try_collect::<Vec<()>>()
        .await?;
    fill_up(&endpoint).await?;
    stack.deploy_owner(PLATFORM).await?;
    for (name, text) in RULES {
        stack.put_rule(name, text).await?;
    }
    Ok(())
}

async fn create_document(endpoint: &str, owner: &str, region: &str, name: String) -> Result<()> {
    let ssm = aws_sdk_ssm::Client::new(&aws::config(endpoint, owner, region).await);
    ssm.create_document()
        .name(&name)
        .content(RUNBOOK)
        .document_type(DocumentType::Automation)
        .document_format(DocumentFormat::Yaml)
        .tags(Tag::builder().key("share").value("organization").build()?)
        .send()
        .await
        .map_err(aws_sdk_ssm::Error::from)
        .with_context(|| format!("create {name} in {owner}/{region}"))?;
    Ok(())
}

/// Shares [`FULL`] with 1,000 accounts in the first Region: that is as many as SSM takes.
async fn fill_up(endpoint: &str) -> Result<()> {
    let ssm = aws_sdk_ssm::Client::new(&aws::config(endpoint, PLATFORM, REGIONS[0]).await);
    let accounts: Vec<String> =
        (0..1000).map(|n| format!("{:012}", 700_000_000_000_u64 + n)).collect();
    for twenty in accounts.chunks(20) {
        ssm.modify_document_permission()
            .name(FULL)
            .permission_type(DocumentPermissionType::Share)
            .set_account_ids_to_add(Some(twenty.to_vec()))
            .send()
            .await
            .map_err(aws_sdk_ssm::Error::from)
            .with_context(|| format!("share {FULL} with twenty accounts"))?;
    }
    Ok(())
}
