//! The input of `run-automation` that a person asks for.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use relay_core::alarm::AlarmArn;
use relay_core::id::{AccountId, Region};
use remediation::RemediationRule;
use run::{AlarmRef, RuleRef, RunAutomationInput, RunMode, Rung};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::rules::comparing;
use crate::session::Session;

/// A runbook, or a rung of a deployed rule, on resources.
#[derive(clap::Args, Debug)]
pub(super) struct Request {
    /// The runbook's name, or its ARN if another account shares it
    #[arg(required_unless_present = "rule", conflicts_with = "rule")]
    runbook: Option<String>,
    /// A deployed rule, of which one rung is run
    #[arg(long, value_name = "NAME", requires = "rung")]
    rule: Option<String>,
    /// Which rung of the rule's ladder, counted from 1
    #[arg(long, value_name = "N", requires = "rule", value_parser = clap::value_parser!(u32).range(1..=10))]
    rung: Option<u32>,
    /// The resource by its id or ARN, for {resource} and the outcome; may be repeated
    #[arg(long, value_name = "ID")]
    resource: Vec<String>,
    /// A parameter of the runbook: NAME=VALUE; repeated for a list
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter)]
    parameter: Vec<(String, String)>,
    /// The account to run in; default: the hub
    #[arg(long, value_name = "ID")]
    in_account: Option<AccountId>,
    /// The Region to run in; default: the hub's
    #[arg(long, value_name = "REGION")]
    in_region: Option<Region>,
    /// An alarm, by its name or ARN, that must return to OK afterwards
    #[arg(long, value_name = "NAME")]
    alarm: Option<String>,
    /// Interactive: it waits before each step for `relay step`
    #[arg(long, value_name = "MODE", value_parser = mode)]
    mode: Option<RunMode>,
    /// Allow a runbook that may destroy something, by its name or its tag, without an approval
    #[arg(long)]
    destructive: bool,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn mode(text: &str) -> Result<RunMode, String> {
    serde_json::from_value(text.into()).map_err(|_| "expected Auto or Interactive".to_owned())
}

impl Request {
    /// The input for it.
    ///
    /// # Errors
    /// When the rule or its rung is not deployed, or the runbook's name is malformed.
    pub(super) async fn input(&self, session: &Session) -> Result<Value> {
        let rule = match &self.rule {
            None => None,
            Some(name) => {
                let rules = comparing::deployed(session).await?;
                let found = rules.rule(name).with_context(|| {
                    Failure::new(format!("no valid rule {name} is deployed"))
                        .help("relay status lists the deployed rules.")
                })?;
                let version = rules.version.clone();
                Some((found.clone(), RuleRef { name: name.clone(), rules_version: version }))
            }
        };
        let account = session.caller.account.parse()?;
        let input = self.build(rule, account, &session.region)?;
        Ok(serde_json::to_value(input)?)
    }

    /// The same, once the rule is known.
    fn build(
        &self,
        rule: Option<(RemediationRule, RuleRef)>,
        hub: AccountId,
        home: &Region,
    ) -> Result<RunAutomationInput> {
        let (mut rung, options, reference) = match rule {
            None => {
                let name = self.runbook.as_deref().unwrap_or_default();
                (Rung::new(name.parse()?), None, None)
            }
            Some((rule, reference)) => {
                let number = self.rung.unwrap_or(1);
                let index = usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1);
                let rung = rule.ladder.get(index).cloned().with_context(|| {
                    format!("rule {} has {} rungs", reference.name, rule.ladder.len())
                })?;
                (rung, Some(rule.run), Some(reference))
            }
        };
        let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in &self.parameter {
            given.entry(name.clone()).or_default().push(value.clone());
        }
        rung.parameters.extend(given);
        rung.destructive |= self.destructive;
        let mut input = RunAutomationInput::of(vec![rung]);
        input.run = options.unwrap_or_default();
        if let Some(mode) = self.mode {
            input.run.mode = mode;
        }
        input.account = self.in_account;
        input.region = self.in_region.clone();
        input.resources = self.resource.clone();
        if let Some(alarm) = &self.alarm {
            let account = self.in_account.unwrap_or(hub);
            let region = self.in_region.as_ref().unwrap_or(home);
            let arn = self.alarm_arn(alarm, account, region)?;
            input.alarm =
                Some(AlarmRef { arn, contributor: None, at: None, reason: String::new() });
        }
        input.rule = reference;
        Ok(input)
    }

    fn alarm_arn(&self, alarm: &str, account: AccountId, region: &Region) -> Result<AlarmArn> {
        if let Ok(arn) = alarm.parse() {
            return Ok(arn);
        }
        let partition = region.partition();
        let arn = format!("arn:{partition}:cloudwatch:{region}:{account}:alarm:{alarm}");
        arn.parse().with_context(|| format!("{alarm} is not the name of an alarm"))
    }
}

/// The input of an execution as that of a run by hand: the intake's lock and standby are gone with it.
pub(super) fn again(mut input: Value) -> Value {
    if let Some(fields) = input.as_object_mut() {
        for field in ["lock", "standby", "warnings"] {
            fields.remove(field);
        }
        fields.insert("trigger".to_owned(), json!({"kind": "manual"}));
    }
    input
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        request: Request,
    }

    fn build(line: &[&str]) -> Value {
        let line = Line::try_parse_from([&["run"], line].concat()).unwrap();
        let region = "eu-west-1".parse().unwrap();
        let input = line.request.build(None, "111122223333".parse().unwrap(), &region).unwrap();
        serde_json::to_value(input).unwrap()
    }

    #[test]
    fn a_runbook_on_a_resource_in_another_account_watches_its_alarm() {
        let input = build(&[
            "Relay-RebootInstance",
            "--resource",
            "i-1",
            "--parameter",
            "InstanceId={resource}",
            "--parameter",
            "Tags=a",
            "--parameter",
            "Tags=b",
            "--in-account",
            "444455556666",
            "--in-region",
            "us-east-1",
            "--alarm",
            "web",
        ]);
        let rung = &input["ladder"][0];
        assert_eq!(rung["runbook"], "Relay-RebootInstance");
        let parameters = json!({"InstanceId": ["{resource}"], "Tags": ["a", "b"]});
        assert_eq!(rung["parameters"], parameters);
        assert_eq!(rung["destructive"], false);
        assert_eq!(input["alarm"]["arn"], "arn:aws:cloudwatch:us-east-1:444455556666:alarm:web");
        assert_eq!(input["trigger"]["kind"], "manual");
        let here = build(&["Relay-RebootInstance", "--alarm", "web", "--destructive"]);
        assert_eq!(here["alarm"]["arn"], "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:web");
        assert_eq!(here["ladder"][0]["destructive"], true);
    }

    #[test]
    fn a_retry_holds_no_lock_of_the_first_execution_and_is_a_persons() {
        let before = json!({"ladder": [{"runbook": "A"}], "lock": {"keys": ["a"]},
            "standby": "group", "warnings": [], "rule": {"name": "web", "rulesVersion": ""},
            "trigger": {"kind": "alarm", "arn": "a"}});
        let expected = json!({"ladder": [{"runbook": "A"}], "rule": {"name": "web", "rulesVersion": ""},
            "trigger": {"kind": "manual"}});
        assert_eq!(again(before), expected);
    }
}
