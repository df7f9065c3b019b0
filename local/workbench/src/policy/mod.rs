//! The least IAM policy for the role that a runbook runs under, and how a role's policy differs from it.
//!
//! It is read from the actions of the steps and from the calls of the scripts; a call that cannot be seen
//! is said, never guessed.

mod arn;
mod check;
mod script;
mod steps;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

pub use check::{Comparison, InvalidPolicy, compare};

use crate::Document;

/// Where the runbook runs; `*` for what is not known.
#[derive(Debug, Clone)]
pub struct Place {
    pub partition: String,
    pub region: String,
    pub account: String,
}

impl Default for Place {
    fn default() -> Self {
        Self { partition: "aws".to_owned(), region: "*".to_owned(), account: "*".to_owned() }
    }
}

/// A permission that a runbook needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Need {
    /// E.g. `ec2:StopInstances`.
    pub permission: String,
    /// The ARNs, with `*` for what only a run knows.
    pub resources: BTreeSet<String>,
    /// The condition key and its values, for a permission that is used through another service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<(String, BTreeSet<String>)>,
    /// The steps that need it, in their order.
    pub steps: Vec<String>,
}

/// A call that the policy may lack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unseen {
    pub step: String,
    /// A noun phrase: `calls of …`.
    pub what: String,
}

/// The permissions that a runbook needs.
#[derive(Debug, Default, Serialize)]
pub struct Needs {
    /// In order of permission.
    pub needs: Vec<Need>,
    pub unseen: Vec<Unseen>,
}

/// Reads the needs of a runbook. `child` finds the runbook that `aws:executeAutomation` names.
pub fn needs(
    document: &Document,
    place: &Place,
    child: &dyn Fn(&str) -> Option<Document>,
) -> Needs {
    let mut found = Found::default();
    steps::read(document, place, child, 0, &mut found);
    let needs = found.needs.into_iter().map(|((permission, condition), (resources, steps))| Need {
        permission,
        resources: narrowest(&resources),
        condition,
        steps,
    });
    Needs { needs: needs.collect(), unseen: found.unseen }
}

type Condition = Option<(String, BTreeSet<String>)>;

#[derive(Default)]
struct Found {
    needs: BTreeMap<(String, Condition), (BTreeSet<String>, Vec<String>)>,
    unseen: Vec<Unseen>,
}

impl Found {
    fn need(
        &mut self,
        step: &str,
        permission: String,
        resources: BTreeSet<String>,
        condition: Condition,
    ) {
        let (known, steps) = self.needs.entry((permission, condition)).or_default();
        known.extend(resources);
        if !steps.iter().any(|known| known == step) {
            steps.push(step.to_owned());
        }
    }

    fn unseen(&mut self, step: &str, what: impl Into<String>) {
        let unseen = Unseen { step: step.to_owned(), what: what.into() };
        if !self.unseen.contains(&unseen) {
            self.unseen.push(unseen);
        }
    }
}

/// The resources without those that another one includes.
fn narrowest(resources: &BTreeSet<String>) -> BTreeSet<String> {
    let is_within =
        |one: &String| resources.iter().any(|other| other != one && arn::matches(other, one));
    resources.iter().filter(|one| !is_within(one)).cloned().collect()
}

impl Needs {
    /// The policy document: one statement for all permissions on the same resources.
    #[must_use]
    pub fn policy(&self) -> Value {
        let mut statements: BTreeMap<(BTreeSet<String>, Condition), Vec<&str>> = BTreeMap::new();
        for need in &self.needs {
            let key = (need.resources.clone(), need.condition.clone());
            statements.entry(key).or_default().push(&need.permission);
        }
        let statements = statements.into_iter().map(|((resources, condition), actions)| {
            let mut statement = json!({
                "Effect": "Allow",
                "Action": one_or_many(&actions),
                "Resource": one_or_many(&resources.iter().map(String::as_str).collect::<Vec<_>>()),
            });
            if let Some((key, values)) = condition {
                let values = one_or_many(&values.iter().map(String::as_str).collect::<Vec<_>>());
                statement["Condition"] = json!({ "StringLike": { key: values } });
            }
            statement
        });
        json!({ "Version": "2012-10-17", "Statement": statements.collect::<Vec<_>>() })
    }
}

fn one_or_many(texts: &[&str]) -> Value {
    match texts {
        [one] => json!(one),
        many => json!(many),
    }
}

#[cfg(test)]
mod tests;
