//! The accounts whose alarms are answered: whether each has its stack of the StackSet, and with it its roles.
//!
//! Only the functions may assume those roles. CloudFormation knows whether they were made, which needs no further power.

use std::collections::BTreeSet;

use aws::AwsError;
use aws_sdk_cloudformation::types::{
    CallAs, StackInstanceDetailedStatus, StackInstanceStatus, StackInstanceSummary,
};
use relay_core::organization::{AccountState, Organization};

use super::Finding;
use crate::session::Session;

const CHECK: &str = "target accounts";
/// The most accounts that one finding names.
const NAMED: usize = 5;

pub(super) async fn check(session: &Session, organization: Option<&Organization>) -> Vec<Finding> {
    let name = match session.stack.installation() {
        Ok(installation) => format!("{installation}-target-account"),
        Err(error) => return vec![Finding::unseen(CHECK, "read the installation's id", &error)],
    };
    let (instances, call_as) = match instances(session, &name).await {
        Ok(found) => found,
        // Without access to the organization there are no service-managed StackSets.
        Err(error)
            if error.is("StackSetNotFoundException")
                || error.message.contains("enable organizations access") =>
        {
            return vec![Finding::unknown(
                CHECK,
                format!(
                    "there is no StackSet {name} here, so the stacks of target accounts cannot be seen"
                ),
                "Deploy stacks/target-account.yaml as this StackSet (docs/deploy.md). Where the accounts have the stack \
                 another way, look for outcomes with RoleNotAssumable.",
            )];
        }
        Err(error) => {
            return vec![Finding::unseen(CHECK, "cloudformation:ListStackInstances", &error)];
        }
    };
    let set = format!("{name}{call_as}");
    let mut findings: Vec<Finding> =
        instances.iter().filter_map(|instance| fault(&set, instance)).collect();
    let current = instances.len() - findings.len();
    findings.extend(
        organization.and_then(|organization| without(session, &set, organization, &instances)),
    );
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, format!("{current} stacks of {name} are current")));
    }
    findings
}

/// The stacks of a StackSet, and the flag by which this account's commands reach it.
///
/// # Errors
/// When CloudFormation refuses or does not answer, or the StackSet does not exist.
pub(crate) async fn instances(
    session: &Session,
    name: &str,
) -> Result<(Vec<StackInstanceSummary>, &'static str), AwsError> {
    let client = aws_sdk_cloudformation::Client::new(&session.config);
    let list = async |call_as| {
        let list = client.list_stack_instances().stack_set_name(name).call_as(call_as);
        let listed: Result<Vec<_>, _> = list.into_paginator().items().send().collect().await;
        listed.map_err(AwsError::from)
    };
    // The hub is the management account, or administers StackSets for it.
    match list(CallAs::SelfValue).await {
        Ok(own) => Ok((own, "")),
        Err(error) => match list(CallAs::DelegatedAdmin).await {
            Ok(own) => Ok((own, " --call-as DELEGATED_ADMIN")),
            Err(_) => Err(error),
        },
    }
}

/// An instance that is not as the StackSet wants it.
fn fault(name: &str, instance: &StackInstanceSummary) -> Option<Finding> {
    let detailed = instance.stack_instance_status().and_then(|status| status.detailed_status());
    let failed = matches!(
        detailed,
        Some(
            StackInstanceDetailedStatus::Failed
                | StackInstanceDetailedStatus::Cancelled
                | StackInstanceDetailedStatus::Inoperable
        )
    );
    if !failed && instance.status() == Some(&StackInstanceStatus::Current) {
        return None;
    }
    let place = [instance.account(), instance.region()].map(Option::unwrap_or_default).join(" ");
    let reason = instance.status_reason().filter(|reason| !reason.is_empty());
    let what = match reason {
        Some(reason) => format!("the stack of {place} failed: {reason}"),
        None => format!("the stack of {place} is not current"),
    };
    let collides = reason.is_some_and(|reason| reason.to_lowercase().contains("already exists"));
    let (account, region) =
        (instance.account().unwrap_or_default(), instance.region().unwrap_or_default());
    let update = |more: &str| {
        format!(
            "aws cloudformation update-stack-set --stack-set-name {name} --use-previous-template --capabilities \
             CAPABILITY_NAMED_IAM --parameters ParameterKey=HubAccount,UsePreviousValue=true \
             ParameterKey=HubRegion,UsePreviousValue=true ParameterKey=RolesRegion,UsePreviousValue=true \
             ParameterKey=OrganizationId,UsePreviousValue=true{more}"
        )
    };
    let remedy = if collides {
        format!(
            "Another stack or a person made a role of this name there. If it is the execution role to use: \
             {}\nOtherwise choose a RoleNamePrefix the same way, or delete the role in {account}.",
            update(" ParameterKey=ExistingExecutionRoleName,ParameterValue=NAME")
        )
    } else {
        format!(
            "In {account}: aws cloudformation describe-stack-events --region {region} --stack-name {}\nThen: {}",
            instance.stack_id().unwrap_or("NAME"),
            update("")
        )
    };
    Some(Finding::problem(CHECK, what, remedy))
}

/// Members that have no stack at all.
fn without(
    session: &Session,
    name: &str,
    organization: &Organization,
    instances: &[StackInstanceSummary],
) -> Option<Finding> {
    let covered: BTreeSet<&str> = instances.iter().filter_map(|one| one.account()).collect();
    let missing: Vec<&str> = organization
        .accounts()
        .filter(|account| account.state == AccountState::Active)
        .map(|account| account.id.as_str())
        .filter(|id| *id != session.caller.account && !covered.contains(id))
        .collect();
    let named = missing.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let more = match missing.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!missing.is_empty()).then(|| {
        Finding::warning(
            CHECK,
            format!("{named}{more} have no stack of the StackSet: their alarms are not heard, and no run reaches them"),
            format!(
                "Nothing, if that is meant. Otherwise add their organizational units: aws cloudformation \
                 create-stack-instances --stack-set-name {name} --regions {} --deployment-targets \
                 OrganizationalUnitIds=OU",
                session.region
            ),
        )
    })
}
