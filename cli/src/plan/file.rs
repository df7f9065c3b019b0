//! A plan as a file: what `relay plan --out` writes, and `relay apply` applies exactly.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sharing::plan::{PartEffect, SharingEffect};

use super::Looked;
use crate::failure::Failure;
use crate::rules::{Change, RuleAction as Action};
use crate::session::Session;

/// The first field of a plan: which form it has.
const FORM: &str = "runbook-relay plan 1";

/// A plan for one stack: changes to its rules, and the effect on shares under them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlanFile {
    form: String,
    account: String,
    region: String,
    stack: String,
    /// The name of the execution that looked. What it stored is applied, not what this file repeats of it.
    pub(super) execution: String,
    rules: Vec<PlannedRule>,
    effect: SharingEffect,
    parts: Vec<PartEffect>,
}

/// A change to one deployed rule.
#[derive(Debug, Serialize, Deserialize)]
struct PlannedRule {
    /// The name of its parameter.
    parameter: String,
    /// Its text as it was deployed; none if the rule did not exist.
    before: Option<String>,
    /// Its text as it is to be; none if it is to be deleted.
    after: Option<String>,
}

impl PlanFile {
    /// The plan that a look has made.
    pub(super) fn new(session: &Session, changes: &[Change], looked: &Looked) -> Self {
        let rules = changes.iter().map(|change| PlannedRule {
            parameter: change.parameter.clone(),
            before: change.before.clone(),
            after: change.text.clone(),
        });
        Self {
            form: FORM.to_owned(),
            account: session.caller.account.clone(),
            region: session.region.to_string(),
            stack: session.stack.name.clone(),
            execution: looked.execution.clone(),
            rules: rules.collect(),
            effect: looked.effect.clone(),
            parts: looked.parts.clone(),
        }
    }

    /// Whether a path is that of a plan, not of rules.
    pub(super) fn is(path: &Path) -> bool {
        let extension = path.extension().and_then(|extension| extension.to_str());
        path.is_file() && !matches!(extension, Some("yaml" | "yml")) && !is_rule(path)
    }

    /// Writes the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        std::fs::write(path, text).with_context(|| format!("write {}", path.display()))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or is not a plan of this version.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
        let read: Result<Self, _> = serde_json::from_str(&text);
        let help = "Expected a file that `relay plan --out FILE` of this version wrote.";
        match read {
            Ok(plan) if plan.form == FORM => Ok(plan),
            Ok(plan) => {
                let what = format!("{} has the form `{}`", path.display(), plan.form);
                Err(Failure::new(what).help(help).into())
            }
            Err(error) => {
                let what = format!("{} is not a plan: {error}", path.display());
                Err(Failure::new(what).help(help).into())
            }
        }
    }

    /// Refuses the plan of another stack.
    ///
    /// # Errors
    /// When it was made in another account or Region, or for another stack.
    pub(super) fn demand_place(&self, session: &Session) -> Result<()> {
        let here = (session.caller.account.as_str(), session.region.as_str(), &*session.stack.name);
        let there = (&*self.account, &*self.region, &*self.stack);
        if here == there {
            return Ok(());
        }
        let say = |(account, region, stack): (&str, &str, &str)| {
            format!("stack {stack} in account {account}, {region}")
        };
        let what = format!("the plan was made for {}, and this is {}", say(there), say(here));
        Err(Failure::new(what).help("Choose --profile, --region and --stack of the plan.").into())
    }

    /// The changes to rules that are still to be made.
    ///
    /// # Errors
    /// When a rule is neither as the plan found it nor as it is to be.
    pub(super) fn changes(&self, deployed: &BTreeMap<String, String>) -> Result<Vec<Change>> {
        let now = |rule: &PlannedRule| deployed.get(&rule.parameter);
        let moved: Vec<&PlannedRule> = self
            .rules
            .iter()
            .filter(|rule| now(rule) != rule.before.as_ref() && now(rule) != rule.after.as_ref())
            .collect();
        if !moved.is_empty() {
            let mut failure = Failure::new("the plan is not current any more: nothing was changed");
            for rule in moved {
                let what = match now(rule) {
                    None => "was deleted since",
                    Some(_) if rule.before.is_none() => "was deployed since",
                    Some(_) => "has another text since",
                };
                failure = failure.help(format!("{} {what}", rule.parameter));
            }
            return Err(failure.help("Make a new plan: relay plan --out FILE").into());
        }
        let open = self.rules.iter().filter(|rule| now(rule) != rule.after.as_ref());
        Ok(open
            .map(|rule| {
                let action = match (&rule.before, &rule.after) {
                    (_, None) => Action::Delete,
                    (None, Some(_)) => Action::Create,
                    (Some(_), Some(_)) => Action::Update,
                };
                let parameter = rule.parameter.clone();
                Change::new(action, parameter, rule.before.clone(), rule.after.clone())
            })
            .collect())
    }
}

/// Whether the folder around a file says that it is a rule: those may be JSON, too.
fn is_rule(path: &Path) -> bool {
    let folder = std::path::absolute(path).ok();
    let folder = folder.as_deref().and_then(Path::parent).and_then(Path::file_name);
    folder.is_some_and(|name| name == "sharing" || name == "remediation")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(rules: Vec<PlannedRule>) -> PlanFile {
        let effect = serde_json::json!({
            "id": "0123456789ab", "execution": "arn", "rulesVersion": "sha256:0",
            "seenAt": "2026-01-01T00:00:00Z", "verdict": "shown", "totals": {}, "parts": [],
            "problems": [],
        });
        PlanFile {
            form: FORM.to_owned(),
            account: "111122223333".to_owned(),
            region: "us-east-1".to_owned(),
            stack: "runbook-relay".to_owned(),
            execution: "look".to_owned(),
            rules,
            effect: serde_json::from_value(effect).unwrap(),
            parts: Vec::new(),
        }
    }

    fn rule(parameter: &str, before: Option<&str>, after: Option<&str>) -> PlannedRule {
        let text = |text: Option<&str>| text.map(str::to_owned);
        PlannedRule { parameter: parameter.to_owned(), before: text(before), after: text(after) }
    }

    fn deployed(rules: &[(&str, &str)]) -> BTreeMap<String, String> {
        rules.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn a_rule_that_is_as_the_plan_wants_it_already_is_left_and_the_others_are_changed() {
        let plan = file(vec![
            rule("new", None, Some("1")),
            rule("done", Some("1"), Some("2")),
            rule("old", Some("1"), None),
            rule("gone", Some("1"), None),
        ]);
        let changes = plan.changes(&deployed(&[("done", "2"), ("old", "1")])).unwrap();
        let changes: Vec<(&str, Action)> =
            changes.iter().map(|change| (change.parameter.as_str(), change.action)).collect();
        assert_eq!(changes, [("new", Action::Create), ("old", Action::Delete)]);
    }

    #[test]
    fn every_rule_that_has_moved_is_named() {
        let plan = file(vec![
            rule("edited", Some("1"), Some("2")),
            rule("deleted", Some("1"), Some("2")),
            rule("made", None, Some("2")),
            rule("fine", Some("1"), Some("2")),
        ]);
        let now = deployed(&[("edited", "3"), ("made", "3"), ("fine", "1")]);
        let error = plan.changes(&now).unwrap_err();
        let failure: &Failure = error.downcast_ref().unwrap();
        assert_eq!(
            failure.remedies(),
            [
                "edited has another text since",
                "deleted was deleted since",
                "made was deployed since",
                "Make a new plan: relay plan --out FILE",
            ]
        );
    }
}
