//! Keeps secrets out of outcomes: the values of parameters that hold one, by their names. An outcome names no
//! parameters, but the texts that it quotes (AWS's messages about failed steps, errors about an input) may repeat
//! their values.

use std::collections::BTreeSet;

use relay_core::problem::Problem;
use run::is_secret_name;
use serde_json::Value;

use crate::{MachineInput, Outcome};

/// The text in the place of a secret.
const HIDDEN: &str = "***";
/// A shorter value would also be found within other words.
const SHORTEST: usize = 4;

/// The values that must not be repeated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// The secrets in the input of an execution, also in one that no machine takes.
    pub(crate) fn of(input: &MachineInput) -> Self {
        let value = serde_json::to_value(input).unwrap_or_default();
        let mut found = BTreeSet::new();
        collect(&value, false, &mut found);
        let mut secrets: Vec<String> = found.into_iter().collect();
        // One may be a part of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(secrets)
    }

    /// The outcome with every secret replaced in what is quoted from elsewhere.
    pub(crate) fn hide(&self, mut outcome: Outcome) -> Outcome {
        if self.0.is_empty() {
            return outcome;
        }
        self.replace(&mut outcome.summary);
        for problem in outcome.problems.iter_mut().chain(&mut outcome.solved) {
            let Problem { place, what, hint, .. } = problem;
            let mut text = place.to_string();
            if self.replace(&mut text) {
                *place = text.into();
            }
            self.replace(what);
            self.replace(hint);
        }
        for run in &mut outcome.runs {
            for text in [&mut run.reason, &mut run.failed_step].into_iter().flatten() {
                self.replace(text);
            }
        }
        let decisions = outcome.approval.iter_mut().flat_map(|approval| &mut approval.decisions);
        for comment in decisions.filter_map(|decision| decision.comment.as_mut()) {
            self.replace(comment);
        }
        outcome
    }

    fn replace(&self, text: &mut String) -> bool {
        let mut replaced = false;
        for secret in self.0.iter().filter(|secret| text.contains(*secret)).collect::<Vec<_>>() {
            *text = text.replace(secret, HIDDEN);
            replaced = true;
        }
        replaced
    }
}

fn collect(value: &Value, secret: bool, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if secret && text.chars().count() >= SHORTEST => {
            found.insert(text.clone());
        }
        Value::Number(number) if secret && number.to_string().len() >= SHORTEST => {
            found.insert(number.to_string());
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, secret, found)),
        Value::Object(object) => {
            for (name, value) in object {
                collect(value, secret || is_secret_name(name), found);
            }
        }
        _ => {}
    }
}
