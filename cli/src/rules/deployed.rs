//! Findings about rules from the deployed stack and the runbooks in its account.

use anyhow::{Context, Result};
use aws::runbook_facts;
use relay_core::problem::Problem;
use relay_core::rules::Glob;
use remediation::RemediationRule;
use run::{Hub, PlanInput, RoleArn, RuleRef, RunAutomationInput};

use crate::session::Session;

/// Reasons for which the rules' runbooks would not be started if their alarms went into ALARM now, in the
/// stack's Region: runbooks that do not exist, are not allowed, or take other parameters.
///
/// # Errors
/// When the stack lacks an output, or a runbook cannot be looked at.
pub(super) async fn refusals(session: &Session, rules: &[RemediationRule]) -> Result<Vec<Problem>> {
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
