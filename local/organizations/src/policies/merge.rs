//! How management policies merge on the way down: the inheritance operators of AWS.
//!
//! A key's value is set with `@@assign`, extended with `@@append` and reduced with `@@remove`;
//! `@@operators_allowed_for_child_policies` says which of these may be used further down. What a
//! policy may not do has no effect.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

const ALLOWED: &str = "@@operators_allowed_for_child_policies";
const OPERATORS: [&str; 3] = ["@@assign", "@@append", "@@remove"];

/// A policy on its way down.
#[derive(Debug, Default)]
pub(crate) struct Merged {
    value: Option<Value>,
    children: BTreeMap<String, Merged>,
    /// The operators a policy further down may use; `None` while nobody has restricted them.
    allowed: Option<Vec<String>>,
}

impl Merged {
    /// Merges the policies attached to one root, OU or account. What one of them forbids holds for
    /// those further down, not for its neighbours.
    pub(crate) fn descend<'a>(&mut self, policies: impl Iterator<Item = &'a Value>) {
        let policies: Vec<&Value> = policies.collect();
        for policy in &policies {
            self.apply(policy, None);
        }
        for policy in &policies {
            self.restrict(policy);
        }
    }

    fn apply(&mut self, policy: &Value, inherited: Option<&[String]>) {
        let Some(members) = policy.as_object() else {
            // A plain value is an assignment.
            if may(self.allowed.as_deref().or(inherited), "@@assign") {
                self.value = Some(policy.clone());
            }
            return;
        };
        let allowed = self.allowed.clone();
        let allowed = allowed.as_deref().or(inherited);
        for (key, value) in members {
            if OPERATORS.contains(&key.as_str()) {
                if may(allowed, key) {
                    self.operate(key, value);
                }
            } else if !key.starts_with("@@") {
                self.children.entry(key.clone()).or_default().apply(value, allowed);
            }
        }
    }

    fn operate(&mut self, operator: &str, value: &Value) {
        if operator == "@@assign" {
            self.value = Some(value.clone());
            return;
        }
        let mut list = as_list(self.value.take().unwrap_or(Value::Array(Vec::new())));
        for item in as_list(value.clone()) {
            match operator {
                "@@append" if !list.contains(&item) => list.push(item),
                "@@remove" => list.retain(|present| *present != item),
                _ => {}
            }
        }
        self.value = Some(list.into());
    }

    fn restrict(&mut self, policy: &Value) {
        let Some(members) = policy.as_object() else { return };
        if let Some(operators) = members.get(ALLOWED) {
            let names = as_list(operators.clone());
            let names: Vec<String> =
                names.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            // Only ever narrower: a policy cannot restore what one above has removed.
            let may_restrict = self.allowed.is_none();
            if may_restrict {
                self.allowed = Some(names);
            }
        }
        for (key, value) in members.iter().filter(|(key, _)| !key.starts_with("@@")) {
            if let Some(child) = self.children.get_mut(key) {
                child.restrict(value);
            }
        }
    }

    /// The effective policy: values without operators. `None` where nothing is set.
    pub(crate) fn effective(&self) -> Option<Value> {
        if self.value.is_some() {
            return self.value.clone();
        }
        let members: Map<String, Value> = self
            .children
            .iter()
            .filter_map(|(key, child)| Some((key.clone(), child.effective()?)))
            .collect();
        if members.is_empty() { None } else { Some(members.into()) }
    }
}

fn may(allowed: Option<&[String]>, operator: &str) -> bool {
    allowed.is_none_or(|names| names.iter().any(|name| name == "@@all" || name == operator))
}

fn as_list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list,
        one => vec![one],
    }
}
