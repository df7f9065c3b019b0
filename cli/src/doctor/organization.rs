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
            let remedy = "Without an organization alarms are answered and nothing is shared. To make one: \
                          aws organizations create-organization --feature-set ALL";
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
            format!("{} --parameter-overrides OrganizationId={id}", session.stack.deploy()),
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
                "The hub has to be the management account, or an account whom the organization's resource policy lets \
                 read. In the management account: aws organizations put-resource-policy --content \
                 file://organization-policy.json (docs/deploy.md)",
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
                format!(
                    "{} --parameter-overrides ManagementAccountId={management}",
                    session.stack.deploy()
                ),
            );
        }
        return Finding::unknown(
            FORWARDING,
            format!(
                "stacks/management-account.yaml cannot be seen from here: it belongs into {management}, {home}"
            ),
            format!(
                "In that account: aws cloudformation describe-stacks --region {home} --query \
                 \"Stacks[?Parameters[?ParameterKey=='HubAccount' && ParameterValue=='{hub}']].StackName\""
            ),
        );
    }
    if home == region {
        return Finding::ok(FORWARDING, "the hub is where the organization's events are");
    }
    let parameters = format!("HubAccount={hub} HubRegion={region}");
    let deploy = format!(
        "aws cloudformation deploy --region {home} --template-file dist/stacks/management-account.yaml --stack-name \
         {}-management-account --capabilities CAPABILITY_NAMED_IAM --parameter-overrides {parameters}",
        session.stack.installation().map(|id| id.to_string()).unwrap_or_default()
    );
    let found = async |region: &Region| forwarding_stack(session, region).await;
    match found(home).await {
        Ok(Some(name)) => Finding::ok(FORWARDING, format!("{name} in {home} forwards to the hub")),
        Err(error) => {
            Finding::unseen(FORWARDING, &format!("cloudformation:DescribeStacks in {home}"), &error)
        }
        Ok(None) => match found(region).await {
            Ok(Some(name)) => Finding::problem(
                FORWARDING,
                format!(
                    "{name} is in {region}, and the organization's events are in {home}: nothing forwards them"
                ),
                format!(
                    "aws cloudformation delete-stack --region {region} --stack-name {name}\n{deploy}"
                ),
            ),
            _ => Finding::problem(
                FORWARDING,
                format!(
                    "the organization's events are in {home}, the hub in {region}, and nothing forwards them"
                ),
                deploy,
            ),
        },
    }
}

/// The stack of `stacks/management-account.yaml` for this hub in a Region of its account. The stacks of target accounts
/// have the same two parameters and more.
async fn forwarding_stack(session: &Session, place: &Region) -> Result<Option<String>, AwsError> {
    let config = in_region(&session.config, place);
    let client = aws_sdk_cloudformation::Client::new(&config);
    let mut pages = client.describe_stacks().into_paginator().items().send();
    while let Some(stack) = pages.next().await {
        let stack = stack.map_err(AwsError::from)?;
        let parameter = |key: &str| {
            let mut all = stack.parameters().iter();
            all.find(|parameter| parameter.parameter_key() == Some(key))
                .map(|parameter| parameter.parameter_value().unwrap_or_default())
        };
        let forwards = parameter("HubAccount") == Some(session.caller.account.as_str())
            && parameter("HubRegion") == Some(session.region.as_str())
            && parameter("RolesRegion").is_none();
        if forwards {
            return Ok(stack.stack_name().map(str::to_owned));
        }
    }
    Ok(None)
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
        Ok(Ok(name)) => Finding::ok(TRAIL, format!("{name} records {home}")),
        Ok(Err(remedy)) => Finding::problem(
            TRAIL,
            format!(
                "no trail of {management} records {home}: EventBridge sees no account that joins"
            ),
            remedy,
        ),
        Err((what, error)) => Finding::unseen(TRAIL, what, &error),
    }
}

/// The name of a trail that records a Region and is switched on, or the command that makes one so; an error with the
/// call that was refused.
async fn recording(
    config: &SdkConfig,
    region: &Region,
) -> Result<Result<String, String>, (&'static str, AwsError)> {
    const SERVICE: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101";
    let config = in_region(config, region);
    let call = async |operation: &str, question: Value| {
        call_in(&config, "cloudtrail", &format!("{SERVICE}.{operation}"), &question).await
    };
    let trails = match call("DescribeTrails", json!({"includeShadowTrails": true})).await {
        Ok(answer) => answer["trailList"].as_array().cloned().unwrap_or_default(),
        Err(error) => return Err(("cloudtrail:DescribeTrails", error)),
    };
    let mut silent = None;
    for trail in &trails {
        let records = trail["IsMultiRegionTrail"] == true || trail["HomeRegion"] == region.as_str();
        if !records {
            continue;
        }
        let name = trail["Name"].as_str().unwrap_or_default();
        match call("GetTrailStatus", json!({"Name": trail["TrailARN"]})).await {
            Ok(status) if status["IsLogging"] == true => {
                return Ok(Ok(name.to_owned()));
            }
            Ok(_) => silent = trail["TrailARN"].as_str(),
            Err(error) => return Err(("cloudtrail:GetTrailStatus", error)),
        }
    }
    let start =
        |name: &str| format!("aws cloudtrail start-logging --region {region} --name {name}");
    Ok(Err(match silent {
        Some(arn) => start(arn),
        None => format!(
            "aws cloudtrail create-trail --region {region} --name organization-events --s3-bucket-name BUCKET \
             --is-multi-region-trail\n{}",
            start("organization-events")
        ),
    }))
}

/// Changes of documents are followed by their events, which a trail has to record in the account and Region of the documents. Where
/// the trail of the organization's events is that of the hub as well, it was looked at already.
async fn documents(session: &Session, home: &Region, management: &str) -> Option<Finding> {
    let region = &session.region;
    if session.caller.account == management && region == home {
        return None;
    }
    Some(match recording(&session.config, region).await {
        Ok(Ok(name)) => Finding::ok(
            TRAIL,
            format!("{name} records {region}: changes of the hub's documents are followed"),
        ),
        Ok(Err(remedy)) => Finding::warning(
            TRAIL,
            format!(
                "no trail records {region}: changes of the hub's documents wait for the next reconcile"
            ),
            format!(
                "{remedy}
The accounts that own documents need one as well, and stacks/owner-account.yaml in every Region with documents."
            ),
        ),
        Err((what, error)) => Finding::unseen(TRAIL, what, &error),
    })
}

fn in_region(config: &SdkConfig, region: &Region) -> SdkConfig {
    let region = aws_config::Region::new(region.as_str().to_owned());
    config.clone().into_builder().region(region).build()
}
