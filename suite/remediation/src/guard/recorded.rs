//! The decision about a trigger as it stands in the table: made once, acted on as often as it takes.

use jiff::Timestamp;
use relay_core::alarm::TriggerId;
use relay_core::item::{Attribute, Item, Key, Write};
use relay_core::problem::ProblemCode;
use serde::{Deserialize, Serialize};

use crate::Subject;
use crate::guard::digest::Bucket;
use crate::guard::{Decision, HeldBack};

const KEPT: i64 = 100 * 86_400;

/// What was decided, once and for all. Names of executions are blocked for 90 days; decisions are
/// kept longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// The rule that matched.
    pub rule: String,
    /// The policy it was read from.
    pub rules_version: String,
    /// When it was decided.
    pub at: Timestamp,
    pub decided: Decided,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Decided {
    /// The execution is to be started; its name makes sure that it is started once.
    Start(Subject),
    /// It would have been started.
    WouldStart(Subject),
    /// It would have been held back.
    WouldHold(HeldBack),
    /// It is held back.
    Hold(HeldBack),
}

impl Recorded {
    /// What to record of a decision; nothing for one that is put off, or that stands already.
    #[must_use]
    pub fn new(
        decision: &Decision,
        rule: &str,
        rules_version: &str,
        at: Timestamp,
    ) -> Option<Self> {
        let decided = match decision {
            Decision::Start(subject) => Decided::Start(subject.clone()),
            Decision::Observe(Ok(subject)) => Decided::WouldStart(subject.clone()),
            Decision::Observe(Err(held)) => Decided::WouldHold(held.clone()),
            Decision::Hold(held) => Decided::Hold(held.clone()),
            Decision::Later(_) | Decision::Repeat(_) | Decision::Over => return None,
        };
        let (rule, rules_version) = (rule.to_owned(), rules_version.to_owned());
        Some(Self { rule, rules_version, at, decided })
    }

    /// Where the decision about a trigger stands.
    #[must_use]
    pub fn key(trigger: TriggerId) -> Key {
        Key::new(format!("trigger#{trigger}"), "decision")
    }

    /// Records it, unless another stands there: then that one holds, and the refusal shows it.
    #[must_use]
    pub fn write(&self, trigger: TriggerId) -> Write {
        // Serialising these types cannot fail: texts, numbers and lists.
        let decision = serde_json::to_string(self).unwrap_or_default();
        Write::new(Self::key(trigger), "SET #decision = :decision, #expires = :expires")
            .when("attribute_not_exists(pk)")
            .name("#decision", "decision")
            .name("#expires", "expires")
            .text(":decision", decision)
            .number(":expires", self.at.as_second() + KEPT)
    }

    #[must_use]
    pub fn read(item: &Item) -> Option<Self> {
        let text = item.get("decision").and_then(Attribute::as_text)?;
        serde_json::from_str(text).ok()
    }

    /// Where the input of the execution stands that a start leads to.
    #[must_use]
    pub fn input_key(trigger: TriggerId) -> Key {
        Key::new(format!("trigger#{trigger}"), "input")
    }

    /// Keeps the input of the execution that is about to be decided on, unless one stands there:
    /// written before the decision, so that whoever comes back starts the very same, whatever has
    /// become of the rule and the instance meanwhile.
    #[must_use]
    pub fn input_write(trigger: TriggerId, input: &str, at: Timestamp) -> Write {
        Write::new(Self::input_key(trigger), "SET #input = :input, #expires = :expires")
            .when("attribute_not_exists(pk)")
            .name("#input", "input")
            .name("#expires", "expires")
            .text(":input", input)
            .number(":expires", at.as_second() + KEPT)
    }

    /// Reads the input back.
    #[must_use]
    pub fn read_input(item: &Item) -> Option<&str> {
        item.get("input").and_then(Attribute::as_text)
    }

    /// The bucket in which it is told; nothing for a start, which has an outcome of its own.
    #[must_use]
    pub fn bucket(&self) -> Option<Bucket> {
        let (code, observed) = match &self.decided {
            Decided::Start(_) => return None,
            Decided::WouldStart(_) => (ProblemCode::WouldStart, true),
            Decided::WouldHold(held) => (held.problem.code, true),
            Decided::Hold(held) => (held.problem.code, false),
        };
        Some(Bucket::at(&self.rule, code, observed, self.at))
    }
}
