//! The values that the actions document for their inputs, held against values that refer to nothing.
//!
//! A value that refers to something is known only when the step begins; the action looks again
//! then.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::inputs;
use super::reader::{Cursor, Fields, Reader, written};
use crate::action::ActionKind;
use crate::duration;
use crate::input;
use crate::reference::{Reference, mentions};

/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-sleep.html>
const LONGEST_SLEEP: u64 = 604_799;
const MESSAGE: usize = 4_096;

pub(super) fn check(
    reader: &mut Reader<'_>,
    action: ActionKind,
    place: &Cursor<'_>,
    inputs: &Fields<'_>,
) {
    let mut checks = Checks { reader, place, inputs };
    checks.types(action);
    match action {
        ActionKind::Approve => checks.approve(),
        ActionKind::ChangeInstanceState => {
            checks.one_of("DesiredState", &["running", "stopped", "terminated"]);
        }
        ActionKind::CreateStack => {
            checks.not_both("TemplateBody", "TemplateURL");
            checks.not_both("DisableRollback", "OnFailure");
            checks.one_of("OnFailure", &["DO_NOTHING", "ROLLBACK", "DELETE"]);
            checks.items("NotificationARNs", 0..=5);
        }
        ActionKind::CreateTags => {
            let kinds = ["EC2", "ManagedInstance", "MaintenanceWindow", "Parameter"];
            checks.one_of("ResourceType", &kinds);
        }
        ActionKind::ExecuteAutomation => {
            checks.items("TargetLocations", 1..=100);
            checks.items("Tags", 0..=5);
        }
        ActionKind::ExecuteScript => checks.script(),
        ActionKind::InvokeLambdaFunction => {
            checks.one_of("LogType", &["None", "Tail"]);
        }
        ActionKind::Loop => {
            checks.items("Iterators", 0..=100);
            checks.number("MaxIterations", 1..=100);
        }
        ActionKind::RunCommand => checks.items("InstanceIds", 0..=50),
        ActionKind::Sleep => checks.sleep(),
        ActionKind::UpdateVariable => checks.variable(),
        _ => {}
    }
}

struct Checks<'r, 't, 'c, 'n> {
    reader: &'r mut Reader<'t>,
    place: &'c Cursor<'n>,
    inputs: &'c Fields<'n>,
}

/// A text that refers to something, or a list of one: what it will be is known when the step begins.
fn is_open(value: &Value) -> bool {
    match value {
        Value::String(text) => mentions(text).next().is_some(),
        Value::Array(items) => {
            matches!(&items[..], [Value::String(text)] if mentions(text).next().is_some())
        }
        _ => false,
    }
}

impl<'n> Checks<'_, '_, '_, 'n> {
    /// A literal of another type than the input's is refused, in AWS's words.
    fn types(&mut self, action: ActionKind) {
        for (name, _, cursor) in &self.inputs.list {
            let Some(kind) = input::kind(action, name) else { continue };
            // A reference without quotes is named where it is noted.
            if let yaml_tree::Value::Map(entries) = &cursor.node.value
                && entries.iter().any(|(key, _)| written(key).is_none())
            {
                continue;
            }
            let value = self.reader.json(cursor);
            if !input::takes(kind, &value) && !is_open(&value) {
                self.reader.wrong(cursor, input::mismatch(&value, kind.name()));
            }
        }
    }

    /// A scalar that refers to nothing.
    fn literal(&self, name: &str) -> Option<(String, Cursor<'n>)> {
        let cursor = self.inputs.get(name)?;
        let text = written(cursor.node).filter(|text| mentions(text).next().is_none())?;
        Some((text, cursor.clone()))
    }

    /// A list each of whose items is one item: a reference may stand for more.
    fn list(&self, name: &str) -> Option<(usize, Cursor<'n>)> {
        let cursor = self.inputs.get(name)?;
        let yaml_tree::Value::List(items) = &cursor.node.value else {
            return None;
        };
        let refers = |text: String| mentions(&text).next().is_some();
        let is_known = items.iter().all(|item| !written(item).is_some_and(refers));
        is_known.then(|| (items.len(), cursor.clone()))
    }

    fn one_of(&mut self, name: &str, words: &[&str]) {
        if let Some((text, cursor)) = self.literal(name)
            && !words.contains(&text.as_str())
        {
            self.reader.mismatch(&cursor, &format!("one of {}", words.join(", ")));
        }
    }

    fn not_both(&mut self, one: &str, other: &str) {
        if self.inputs.get(one).is_some()
            && let Some(cursor) = self.inputs.get(other)
        {
            let message = format!("{one} and {other} should not exist in same step.");
            self.reader.wrong(cursor, message);
        }
    }

    fn items(&mut self, name: &str, allowed: RangeInclusive<usize>) {
        if let Some((count, cursor)) = self.list(name)
            && !allowed.contains(&count)
        {
            let (least, most) = allowed.into_inner();
            let message = format!("{name} has {count} items, {least} to {most} are allowed");
            self.reader.wrong(&cursor, message);
        }
    }

    fn number(&mut self, name: &str, allowed: RangeInclusive<u64>) -> Option<u64> {
        let (text, cursor) = self.literal(name)?;
        let number = text.trim().parse().ok().filter(|number| allowed.contains(number));
        if number.is_none() {
            let (least, most) = allowed.into_inner();
            self.reader.mismatch(&cursor, &format!("a number from {least} to {most}"));
        }
        number
    }

    /// <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-approve.html>
    fn approve(&mut self) {
        if self.inputs.get("Approvers").is_none() && self.inputs.get("EnhancedApprovals").is_none()
        {
            inputs::missing(self.reader, self.place, &["Approvers"], self.inputs);
        }
        self.items("Approvers", 1..=10);
        let most = self.list("Approvers").map(|(count, _)| count.clamp(1, 10)).unwrap_or(10);
        self.number("MinRequiredApprovals", 1..=most as u64);
        if let Some((text, cursor)) = self.literal("Message")
            && text.chars().count() > MESSAGE
        {
            self.reader.wrong(&cursor, format!("Message is longer than {MESSAGE} characters"));
        }
    }

    /// <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeScript.html>
    fn script(&mut self) {
        // AWS's own runbooks give both: the script imports from the attachment.
        if self.inputs.get("Script").is_none() && self.inputs.get("Attachment").is_none() {
            self.reader.wrong(self.place, "Either Script or Attachment is required");
        }
        let Some((runtime, cursor)) = self.literal("Runtime") else {
            return;
        };
        let is_python = runtime.starts_with("python");
        if !is_python && !runtime.starts_with("PowerShell") {
            self.reader.mismatch(&cursor, "a version of python or PowerShell");
        }
        if is_python && self.inputs.get("Handler").is_none() {
            inputs::missing(self.reader, self.place, &["Runtime", "Handler"], self.inputs);
        }
    }

    fn sleep(&mut self) {
        self.not_both("Duration", "Timestamp");
        if self.inputs.get("Duration").is_none() && self.inputs.get("Timestamp").is_none() {
            self.reader.wrong(self.place, "Either Duration or Timestamp is required");
        }
        if let Some((text, cursor)) = self.literal("Duration")
            && duration::seconds(&text).is_none_or(|seconds| seconds > LONGEST_SLEEP)
        {
            let expected =
                format!("an ISO 8601 duration up to {LONGEST_SLEEP} seconds, e.g. PT10M");
            self.reader.mismatch(&cursor, &expected);
        }
        if let Some((text, cursor)) = self.literal("Timestamp")
            && !duration::is_timestamp(&text)
        {
            self.reader.mismatch(&cursor, "an ISO 8601 timestamp, e.g. 2030-01-01T01:00:00Z");
        }
    }

    /// `variable:x` is not a reference here: it names the variable to set.
    fn variable(&mut self) {
        let Some((text, cursor)) = self.literal("Name") else {
            return;
        };
        match text.trim().strip_prefix("variable:") {
            Some(name) => self.reader.refer(&cursor, Reference::Variable(name.trim().to_owned())),
            None => self.reader.mismatch(&cursor, "variable:NAME"),
        }
    }
}
