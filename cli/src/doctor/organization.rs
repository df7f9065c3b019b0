//! The organization, and whether its events reach the hub.

use aws::AwsError;
use aws::organization::read_all;
use aws_config::SdkConfig;
use relay_core::id::Region;
use relay_core::organization::Organization;
use serde_json::{Value, json};

use super::Finding;
use super::hub::call_in;
use crate::session::Session;

const CHECK: &str = "organization";
const FORWARDING: &str = "forwarding";
const TRAIL: &str = "CloudTrail";

/// The findings, and the organization if it could be read.
pub(super) async fn check(session: &Session) -> (Vec<Finding>, Option<Organization>) {
    let home = session.organizations_region();
    let client = aws::organizations(&session.config, &home);
    let described = client.describe_organization().send().await.map_err(AwsError::from);
    let organization = match described.map(|answer| answer.organization) {
        Ok(Some(organization)) => organization,
        Ok(None) => {
            return (vec![Finding::unseen(CHECK, "describe it", &"it is not in the answer")], None);
        }
        Err(error) if error.is("AWSOrganizationsNotInUseException") => {
            let remedy = "Without an organization alarms are answered and nothing is shared.";
            let what = "the account is not a member of an organization";
            return (vec![Finding::warning(CHECK, what, remedy)], None);
        }
        Err(error) => {
            return (
                vec![Finding::unseen(CHECK, "organizations:DescribeOrganization", &error)],
                None,
            );
        }
    };
    let mut findings = Vec::new();
    let (id, management) =
        (organization.id.unwrap_or_default(), organization.master_account_id.unwrap_or_default());
    let trusted = session.stack.parameter("OrganizationId");
    if id != trusted {
        findings.push(Finding::problem(
            CHECK,
            format!("the stack trusts {trusted}, and the account is in {id}"),
            format!("Update the stack with OrganizationId={id}."),
        ));
    }
    let read = match read_all(&client).await {
        Ok(read) => {
            let accounts = read.accounts().count();
            findings.push(Finding::ok(CHECK, format!("{id} can be read: {accounts} accounts")));
            Some(read)
        }
        Err(error) => {
            findings.push(Finding::problem(
                CHECK,
                format!("{id} cannot be read: {error}"),
                "The hub has to be the management account, or a delegated administrator whom the organization's \
                 resource policy lets read (docs/deploy.md).",
            ));
            None
        }
    };
    findings.push(forwarding(session, &home, &management).await);
    findings.push(trail(session, &home, &management).await);
    findings.extend(documents(session, &home, &management).await);
    (findings, read)
}

/// Whether events of the organization come to the hub's bus.
async fn forwarding(session: &Session, home: &Region, management: &str) -> Finding {
    let (hub, region) = (session.caller.account.as_str(), &session.region);
    let given = session.stack.parameter("ManagementAccountId");
    if hub != management {
        if given != management {
            return Finding::problem(
                FORWARDING,
                format!("the hub's bus takes no events of the management account {management}"),
                format!("Update the stack with ManagementAccountId={management}."),
            );
        }
        return Finding::unknown(
            FORWARDING,
            format!(
                "stacks/management-account.yaml cannot be seen from here: it belongs into {management}, {home}"
            ),
            format!("In that account: aws cloudformation describe-stacks --region {home}"),
        );
    }
    if home == region {
        return Finding::ok(FORWARDING, "the hub is where the organization's events are");
    }
    let config = in_region(&session.config, home);
    let client = aws_sdk_cloudformation::Client::new(&config);
    let mut pages = client.describe_stacks().into_paginator().items().send();
    while let Some(stack) = pages.next().await {
        let stack = match stack.map_err(AwsError::from) {
            Ok(stack) => stack,
            Err(error) => {
                let what = format!("cloudformation:DescribeStacks in {home}");
                return Finding::unseen(FORWARDING, &what, &error);
            }
        };
        let has = |key: &str, value: &str| {
            stack.parameters().iter().any(|parameter| {
                parameter.parameter_key() == Some(key) && parameter.parameter_value() == Some(value)
            })
        };
        if has("HubAccount", hub) && has("HubRegion", region.as_str()) {
            let name = stack.stack_name().unwrap_or_default();
            return Finding::ok(FORWARDING, format!("{name} in {home} forwards to the hub"));
        }
    }
    Finding::problem(
        FORWARDING,
        format!(
            "the organization's events are in {home}, the hub in {region}, and nothing forwards them"
        ),
        format!(
            "Deploy stacks/management-account.yaml in {home} with HubAccount={hub} HubRegion={region}."
        ),
    )
}

/// EventBridge has no call of Organizations unless a trail records it.
async fn trail(session: &Session, home: &Region, management: &str) -> Finding {
    if session.caller.account != management {
        return Finding::unknown(
            TRAIL,
            format!("the trails of the management account {management} cannot be seen from here"),
            format!("In that account: aws cloudtrail describe-trails --region {home}"),
        );
    }
    match recording(&session.config, home).await {
        Ok(Some(name)) => Finding::ok(TRAIL, format!("{name} records {home}")),
        Ok(None) => Finding::problem(
            TRAIL,
            format!(
                "no trail of {management} records {home}: EventBridge sees no account that joins"
            ),
            "Create a trail with management events in this Region, or start its logging.",
        ),
        Err((what, error)) => Finding::unseen(TRAIL, what, &error),
    }
}

/// The name of a trail that records a Region and is switched on; an error with the call that was refused.
async fn recording(
    config: &SdkConfig,
    region: &Region,
) -> Result<Option<String>, (&'static str, AwsError)> {
    const SERVICE: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101";
    let config = in_region(config, region);
    let call = async |operation: &str, question: Value| {
        call_in(&config, "cloudtrail", &format!("{SERVICE}.{operation}"), &question).await
    };
    let trails = match call("DescribeTrails", json!({"includeShadowTrails": true})).await {
        Ok(answer) => answer["trailList"].as_array().cloned().unwrap_or_default(),
        Err(error) => return Err(("cloudtrail:DescribeTrails", error)),
    };
    for trail in &trails {
        let records = trail["IsMultiRegionTrail"] == true || trail["HomeRegion"] == region.as_str();
        if !records {
            continue;
        }
        match call("GetTrailStatus", json!({"Name": trail["TrailARN"]})).await {
            Ok(status) if status["IsLogging"] == true => {
                return Ok(Some(trail["Name"].as_str().unwrap_or_default().to_owned()));
            }
            Ok(_) => {}
            Err(error) => return Err(("cloudtrail:GetTrailStatus", error)),
        }
    }
    Ok(None)
}

/// Changes of documents are followed by their events, which a trail has to record in the account and Region of the documents. Where
/// the trail of the organization's events is that of the hub as well, it was looked at already.
async fn documents(session: &Session, home: &Region, management: &str) -> Option<Finding> {
    let region = &session.region;
    if session.caller.account == management && region == home {
        return None;
    }
    Some(match recording(&session.config, region).await {
        Ok(Some(name)) => Finding::ok(
            TRAIL,
            format!("{name} records {region}: changes of the hub's documents are followed"),
        ),
        Ok(None) => Finding::warning(
            TRAIL,
            format!(
                "no trail records {region}: changes of the hub's documents wait for the next reconcile"
            ),
            "Create a trail with management events in this Region, or start its logging. The accounts that own documents need \
             one as well, and stacks/owner-account.yaml in every Region with documents.",
        ),
        Err((what, error)) => Finding::unseen(TRAIL, what, &error),
    })
}

fn in_region(config: &SdkConfig, region: &Region) -> SdkConfig {
    let region = aws_config::Region::new(region.as_str().to_owned());
    config.clone().into_builder().region(region).build()
}
