//! What the deployed stack and the runbooks that are there say against the rules of a folder.

use std::path::Path;

use anyhow::{Context, Result};
use aws::runbook_facts;
use aws_config::SdkConfig;
use aws_sdk_cloudformation::types::Stack;
use relay_core::id::Region;
use relay_core::problem::Problem;
use relay_core::rules::Glob;
use remediation::{RemediationRule, RemediationRules};
use run::{Hub, PlanInput, RoleArn, RuleRef, RunAutomationInput};

use super::texts;

/// What would keep the rules' runbooks from being started, were their alarms to ring now. Nothing
/// where the stack is not deployed yet: then nobody knows what it will allow.
///
/// # Errors
/// When the runbooks cannot be looked at.
pub(super) async fn deployed_stack(config: &SdkConfig, folder: &Path) -> Result<Vec<Problem>> {
    let rules = RemediationRules::parse(texts(folder, "remediation/")?).rules;
    let Some(hub) = hub(config).await? else { return Ok(Vec::new()) };
    let ssm = aws_sdk_ssm::Client::new(config);
    let mut problems = Vec::new();
    for rule in &rules {
        for (number, rung) in rule.ladder.iter().enumerate() {
            let runbook = runbook_facts::read(&ssm, &hub, rung).await;
            let runbook =
                runbook.with_context(|| format!("look at the runbook {}", rung.runbook))?;
            let input = input(rule);
            let plan = PlanInput {
                input: &input,
                rung: number,
                execution: "",
                hub: &hub,
                runbook: &runbook,
                organization: None,
            };
            problems.extend(plan.objections());
        }
    }
    Ok(problems)
}

fn input(rule: &RemediationRule) -> RunAutomationInput {
    let mut input = RunAutomationInput::of(rule.ladder.clone());
    input.run = rule.run.clone();
    input.rule = Some(RuleRef { name: rule.name.clone(), rules_version: String::new() });
    input
}

/// The hub as its stack was deployed.
async fn hub(config: &SdkConfig) -> Result<Option<Hub>> {
    let stacks = aws_sdk_cloudformation::Client::new(config);
    let described = stacks.describe_stacks().stack_name("runbook-relay").send().await;
    let Ok(described) = described else {
        eprintln!("the stack runbook-relay is not here: what it lets start is not checked");
        return Ok(None);
    };
    let stack = described.stacks().first().context("a described stack")?;
    let parameter = |key: &str| {
        let all = stack.parameters().iter();
        all.filter(|parameter| parameter.parameter_key() == Some(key))
            .find_map(|parameter| parameter.parameter_value())
            .unwrap_or_default()
    };
    let role: RoleArn = output(stack, "ServiceRoleArn")?.parse()?;
    let region: Region = config.region().context("a Region is configured")?.as_ref().parse()?;
    Ok(Some(Hub {
        installation: parameter("InstallationId").parse()?,
        account: role.account(),
        region,
        service_role: Some(role),
        allowed_runbooks: Glob::list(parameter("AllowedRunbookNames")),
        shared_runbooks: Glob::list(parameter("AllowedSharedRunbookArns")),
        approval_topic: Some(output(stack, "ApprovalTopicArn")?.to_owned()),
    }))
}

fn output<'a>(stack: &'a Stack, key: &str) -> Result<&'a str> {
    let found = stack.outputs().iter().find(|output| output.output_key() == Some(key));
    let value = found.and_then(|output| output.output_value());
    value.with_context(|| format!("the stack runbook-relay has no output {key}"))
}
