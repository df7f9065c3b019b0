//! Rules that are to be written, as text, and what exists and no rule can say. Pure.

use std::collections::BTreeSet;

use relay_core::id::Region;
use relay_core::problem::Problem;
use relay_core::rules::RuleText;
use remediation::RemediationRules;
use serde::Serialize;
use serde_json::Value;
use sharing::SharingRules;

/// The longest line of a list.
const WIDTH: usize = 96;
/// Plain words that YAML may read as something else than text.
const WORDS: [&str; 10] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan"];

/// A rule that is to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Draft {
    /// `sharing` or `remediation`.
    pub kind: &'static str,
    /// The name of the rule, and of its file without extension.
    pub name: String,
    /// Where it comes from, and what differs from there: the comment at its head.
    pub notes: Vec<String>,
    /// Its YAML, with the notes.
    pub text: String,
}

impl Draft {
    /// A rule with these fields, in this order.
    pub(super) fn new(
        kind: &'static str,
        name: impl Into<String>,
        notes: Vec<String>,
        fields: &Value,
    ) -> Self {
        let mut text: String =
            notes.iter().map(|note| format!("# {}\n", note.replace('\n', " "))).collect();
        for (key, value) in fields.as_object().into_iter().flatten() {
            text += &field(key, value);
        }
        Self { kind, name: name.into(), notes, text }
    }

    /// The problems that `relay rules lint` would find in it.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let text = RuleText::file(self.file(), self.text.as_str());
        match self.kind {
            "sharing" => SharingRules::parse([text]).problems,
            _ => RemediationRules::parse([text]).problems,
        }
    }

    /// Its file below the folder of rules.
    pub(super) fn file(&self) -> String {
        format!("{}/{}.yaml", self.kind, self.name)
    }
}

/// Something that exists and that no rule can say, or that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LeftOut {
    /// The share, the EventBridge rule, or the part of the account.
    pub what: String,
    /// The reason for which no rule says it.
    pub why: String,
    /// The next step for a person.
    pub help: String,
}

impl LeftOut {
    pub(super) fn new(
        what: impl Into<String>,
        why: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { what: what.into(), why: why.into(), help: help.into() }
    }
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub drafts: Vec<Draft>,
    pub left_out: Vec<LeftOut>,
    names: BTreeSet<String>,
}

impl Found {
    /// Adds a rule of a Region. One whose name is taken gets the Region's name as well; one that `relay rules lint`
    /// would refuse is left out.
    pub(super) fn add(&mut self, mut draft: Draft, region: &Region) {
        if self.names.contains(&draft.file()) {
            draft.name = format!("{}-{region}", draft.name);
        }
        match draft.problems().first() {
            None => {
                self.names.insert(draft.file());
                self.drafts.push(draft);
            }
            Some(problem) => {
                let what = draft.notes.first().cloned().unwrap_or(draft.name);
                let why = format!("the rule would not be valid: {}", problem.what);
                let help = match problem.hint.as_str() {
                    "" => "Write the rule by hand: docs/rules.md.",
                    hint => hint,
                };
                self.left_out.push(LeftOut::new(what, why, help));
            }
        }
    }
}

/// A field of the rule itself: mappings and lists of mappings in lines, all else in one.
fn field(key: &str, value: &Value) -> String {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let lines = fields.iter().map(|(key, value)| {
                let key = scalar(key);
                format!("  {key}: {}\n", flow(value, key.len() + 4))
            });
            format!("{key}:\n{}", lines.collect::<String>())
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            let items = items.iter().map(|item| {
                let fields = item.as_object().into_iter().flatten();
                let lines: Vec<String> = fields
                    .map(|(key, value)| format!("{}: {}\n", scalar(key), flow(value, 8)))
                    .collect();
                format!("  - {}", lines.join("    "))
            });
            format!("{key}:\n{}", items.collect::<String>())
        }
        value => format!("{key}: {}\n", flow(value, key.len() + 2)),
    }
}

/// A value in flow style, which begins at this column. Long lists go on in the next line.
fn flow(value: &Value, column: usize) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(items) => {
            let (mut text, mut width) = (String::from("["), column + 1);
            for (index, item) in items.iter().enumerate() {
                let item = flow(item, column + 1);
                if index > 0 {
                    let wraps = width + item.len() + 3 > WIDTH;
                    text += if wraps { ",\n      " } else { ", " };
                    width = if wraps { 6 } else { width + 2 };
                }
                width += item.len();
                text += &item;
            }
            text + "]"
        }
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(key, value)| format!("{}: {}", scalar(key), flow(value, column)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

/// A text: plain where it can only be read as a text, else in the quotes of JSON, which YAML reads, too.
fn scalar(text: &str) -> String {
    let inner = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(inner)
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if plain { text.to_owned() } else { Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rule_is_written_as_people_write_it_and_read_as_it_was_meant() {
        let ids: Vec<String> = (0..9).map(|n| format!("01234567890{n}")).collect();
        let fields = json!({
            "documents": {"owner": "012345678901", "names": ["Org-A", "yes", "a\"b"]},
            "regions": ["us-east-1"],
            "accounts": {"in": ids},
            "documentVersion": "$LATEST",
        });
        let draft = Draft::new("sharing", "web", vec!["two\nlines".to_owned()], &fields);
        assert_eq!(
            draft.text,
            "# two lines\n\
             documents:\n  owner: \"012345678901\"\n  names: [Org-A, \"yes\", \"a\\\"b\"]\n\
             regions: [us-east-1]\n\
             accounts:\n  in: [\"012345678900\", \"012345678901\", \"012345678902\", \"012345678903\", \"012345678904\",\n      \
             \"012345678905\", \"012345678906\", \"012345678907\", \"012345678908\"]\n\
             documentVersion: \"$LATEST\"\n"
        );
        let tree = yaml_tree_of(&draft.text);
        assert_eq!(tree["accounts"]["in"], json!(ids));
        assert_eq!(tree["documents"]["names"], json!(["Org-A", "yes", "a\"b"]));
        assert_eq!(draft.problems(), []);
    }

    /// The rule's fields as the reader of rules takes them.
    fn yaml_tree_of(text: &str) -> Value {
        let rules = SharingRules::parse([RuleText::file("sharing/web.yaml", text)]);
        serde_json::to_value(&rules.rules[0]).unwrap()
    }

    #[test]
    fn a_rule_that_lint_would_refuse_is_left_out_and_a_name_is_used_once() {
        let region: Region = "eu-west-1".parse().unwrap();
        let draft = |regions: Value| {
            let fields = json!({
                "documents": {"names": ["Org-A"]},
                "regions": regions,
                "accounts": {"in": ["organization"]},
            });
            Draft::new("sharing", "web", vec!["Of a test.".to_owned()], &fields)
        };
        let mut found = Found::default();
        found.add(draft(json!(["us-east-1"])), &region);
        found.add(draft(json!(["us-east-1"])), &region);
        found.add(draft(json!([])), &region);
        let names: Vec<String> = found.drafts.iter().map(Draft::file).collect();
        assert_eq!(names, ["sharing/web.yaml", "sharing/web-eu-west-1.yaml"]);
        let [left_out] = found.left_out.as_slice() else { panic!("{:?}", found.left_out) };
        assert!(left_out.why.starts_with("the rule would not be valid: "), "{left_out:?}");
        assert_eq!(left_out.what, "Of a test.");
    }
}
