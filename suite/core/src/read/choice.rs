//! Which fields of a mapping go together: `anyOf` and `oneOf` over `required`.

use serde_json::Value;
use yaml_tree::Node;

use crate::place::field;
use crate::problem::ProblemCode;
use crate::read::form::list;
use crate::read::words::quoted;

/// Ways to write a mapping: at least one of them, or exactly one.
pub(super) struct Choice<'a> {
    pub(super) ways: &'a [Value],
    pub(super) exactly_one: bool,
}

impl Choice<'_> {
    /// For people: which fields may be given.
    pub(super) fn sentence(&self) -> String {
        let all = names(self.ways.iter());
        let number = if self.exactly_one { "Exactly" } else { "At least" };
        format!("{number} one of {all} is given.")
    }

    /// The objection to the fields that are given: code, what, hint.
    pub(super) fn objection(
        &self,
        given: &[(&str, &Node)],
    ) -> Option<(ProblemCode, String, Option<String>)> {
        let taken: Vec<&Value> = self.ways.iter().filter(|way| holds(way, given)).collect();
        let all = names(self.ways.iter());
        match (taken.as_slice(), self.exactly_one) {
            ([], false) => {
                let what = format!("expected at least one of {all}, found none");
                Some((ProblemCode::EmptySelection, what, None))
            }
            ([], true) => {
                let what = format!("expected exactly one of {all}, found none");
                Some((ProblemCode::InvalidField, what, Some("Add one of them.".to_owned())))
            }
            ([_], _) | (_, false) => None,
            (several, true) => {
                let found = names(several.iter().copied());
                let what = format!("expected exactly one of {all}, found {found}");
                Some((ProblemCode::InvalidField, what, Some("Keep one of them.".to_owned())))
            }
        }
    }
}

fn holds(way: &Value, given: &[(&str, &Node)]) -> bool {
    let node = |name: &str| given.iter().find(|(known, _)| *known == name).map(|(_, node)| *node);
    list(&way["required"]).iter().filter_map(Value::as_str).all(|name| {
        node(name).is_some_and(|node| match within(way, name) {
            None => way["properties"][name]["minProperties"] != 1 || !node.fields().is_empty(),
            Some(ways) => ways.iter().any(|way| holds(way, &node.fields())),
        })
    })
}

/// The ways to write a field, where the choice is about fields of that field.
fn within<'a>(way: &'a Value, name: &str) -> Option<&'a [Value]> {
    way["properties"][name].get("anyOf").map(list)
}

fn names<'a>(ways: impl Iterator<Item = &'a Value>) -> String {
    let mut all = Vec::new();
    for way in ways {
        for name in list(&way["required"]).iter().filter_map(Value::as_str) {
            match within(way, name) {
                None => all.push(name.to_owned()),
                Some(ways) => all.extend(
                    ways.iter()
                        .flat_map(|way| list(&way["required"]))
                        .filter_map(Value::as_str)
                        .map(|inner| field(name, inner)),
                ),
            }
        }
    }
    quoted(&all)
}
