//! Findings about rules from the deployed stack and the runbooks in its account.

use anyhow::{Context, Result};
use aws::organization::{self, OrganizationError};
use aws::runbook_facts;
use relay_core::organization::Organization;
use relay_core::place::Place;
use relay_core::problem::Problem;
use relay_core::rules::{AccountSelector, Glob};
use remediation::RemediationRule;
use run::{Hub, PlanInput, RoleArn, RuleRef, RunAutomationInput};
use sharing::SharingRule;

use crate::session::Session;

/// Reasons for which the rules' runbooks would not be started if their alarms went into ALARM now, in the
/// stack's Region: runbooks that do not exist, are not allowed, or take other parameters.
///
/// # Errors
/// When the stack lacks an output, or a runbook cannot be looked at.
pub(crate) async fn refusals(session: &Session, rules: &[RemediationRule]) -> Result<Vec<Problem>> {
    let hub = hub(session)?;
    let ssm = aws_sdk_ssm::Client::new(&session.config);
    let mut problems = Vec::new();
    for rule in rules {
        for (number, rung) in rule.ladder.iter().enumerate() {
            let runbook = runbook_facts::read(&ssm, &hub, rung).await.with_context(|| {
                format!("look at the runbook of rung {number} of {}", rule.name)
            })?;
            let input = input(rule);
            let plan = PlanInput {
                input: &input,
                rung: number,
                execution: "",
                hub: &hub,
                runbook: &runbook,
                organization: None,
            };
            problems.extend(plan.objections().into_iter().map(|problem| placed(rule, problem)));
        }
    }
    Ok(problems)
}

/// The part of the organization that says whether the OUs of rules exist; `None` where they name no OU.
///
/// # Errors
/// When Organizations refuses or does not answer.
pub(super) async fn organization(
    session: &Session,
    sharing: &[SharingRule],
    remediation: &[RemediationRule],
) -> Result<Option<Organization>, OrganizationError> {
    let named = selectors(sharing, remediation).map(|(selector, _)| selector);
    let units: Vec<&AccountSelector> = named.filter(|selector| is_unit(selector)).collect();
    if units.is_empty() {
        return Ok(None);
    }
    let client = aws::organizations(&session.config, &session.organizations_region());
    organization::read_units(&client, &units).await.map(Some)
}

fn is_unit(selector: &AccountSelector) -> bool {
    !matches!(selector, AccountSelector::Account(_) | AccountSelector::Organization)
}

/// OUs that rules name and the organization does not have, each at its place.
pub(crate) fn unknown_units(
    organization: &Organization,
    sharing: &[SharingRule],
    remediation: &[RemediationRule],
) -> Vec<Problem> {
    selectors(sharing, remediation)
        .filter(|(selector, _)| is_unit(selector))
        .filter_map(|(selector, place)| {
            let problem = organization.target_account(selector).err()?;
            Some(Problem { place, ..problem })
        })
        .collect()
}

/// Every account and OU that rules name, and where.
fn selectors<'a>(
    sharing: &'a [SharingRule],
    remediation: &'a [RemediationRule],
) -> impl Iterator<Item = (&'a AccountSelector, Place)> {
    let sharing = sharing.iter().flat_map(|rule| {
        let selection = rule.selection();
        let places = selection.places;
        let wanted = places_of(selection.accounts, "accounts.in", |path| places.place(path));
        wanted.chain(places_of(selection.exclude, "accounts.exclude", |path| places.place(path)))
    });
    let remediation = remediation.iter().flat_map(|rule| {
        let at = |path: &str| rule.place(path);
        let alarm = places_of(&rule.alarm.accounts, "alarm.accounts", at).chain(places_of(
            &rule.alarm.exclude,
            "alarm.exclude",
            at,
        ));
        let locations = rule.run.locations.iter().flat_map(move |locations| {
            places_of(&locations.accounts, "run.locations.accounts", at).chain(places_of(
                &locations.exclude,
                "run.locations.exclude",
                at,
            ))
        });
        alarm.chain(locations)
    });
    sharing.chain(remediation)
}

fn places_of<'a>(
    selectors: &'a [AccountSelector],
    field: &'static str,
    place: impl Fn(&str) -> Place,
) -> impl Iterator<Item = (&'a AccountSelector, Place)> {
    let placed = move |(index, selector)| (selector, place(&format!("{field}[{index}]")));
    selectors.iter().enumerate().map(placed)
}

/// The problem at its line of the rule's file: `rule (field)` becomes `file:line:column (field)`.
fn placed(rule: &RemediationRule, mut problem: Problem) -> Problem {
    let place = problem.place.to_string();
    let field = place.strip_prefix(rule.name.as_str());
    let field = field.and_then(|rest| rest.strip_prefix(" (")?.strip_suffix(')'));
    if let Some(field) = field {
        problem.place = rule.place(field);
    }
    problem
}

fn input(rule: &RemediationRule) -> RunAutomationInput {
    let mut input = RunAutomationInput::of(rule.ladder.clone());
    input.run = rule.run.clone();
    input.rule = Some(RuleRef { name: rule.name.clone(), rules_version: String::new() });
    input
}

/// The hub as its stack was deployed.
fn hub(session: &Session) -> Result<Hub> {
    let stack = &session.stack;
    let role: RoleArn = stack.output("ServiceRoleArn")?.parse()?;
    let installation = stack.installation()?;
    Ok(Hub {
        // Rules are looked at here, not started: with what prefix and path it was made does not matter.
        execution_role: installation.execution_role(),
        installation,
        account: role.account(),
        region: session.region.clone(),
        service_role: Some(role),
        allowed_runbooks: Glob::list(stack.parameter("AllowedRunbookNames")),
        shared_runbooks: Glob::list(stack.parameter("AllowedSharedRunbookArns")),
        approval_topic: Some(stack.output("ApprovalTopicArn")?.to_owned()),
    })
}
