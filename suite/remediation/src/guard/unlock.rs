//! A person's order to release what blocks a resource, and what came of it.
//!
//! Guardrails release by themselves what a run held. An order is for what is left over, such as the lock of a run whose end
//! nobody could report, and for a cool-down that somebody does not want to wait for. It names what the person saw: what
//! another run has taken since then stays.

use jiff::Timestamp;
use relay_core::alarm::TriggerId;
use relay_core::execution::{Trigger, TriggerKind};
use relay_core::id::{AccountId, Region};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The input of `run-automation` that runs nothing: it releases what blocks a resource, and publishes that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnlockInput {
    /// The blocks to release, and why.
    pub unlock: Unlock,
    /// The cause of the execution.
    #[serde(default = "by_hand")]
    pub trigger: Trigger,
}

/// The blocks to release, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unlock {
    /// The account of the resource.
    pub account: AccountId,
    /// The Region of the resource.
    pub region: Region,
    /// The resource, as outcomes name it; `rule:<name>` for a rule that is run without a resource.
    pub resource: String,
    /// The lock that is released, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<HeldLock>,
    /// The cool-downs that are ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cool_downs: Vec<CoolDown>,
    /// The reason, for everybody who reads the outcome.
    pub reason: String,
    /// Who asks for it.
    pub by: String,
    /// It was not known that the run had ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forced: bool,
}

/// A lock as a person saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeldLock {
    /// The trigger whose run holds it.
    pub owner: TriggerId,
    /// That run's rule, if the lock names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// A cool-down as a person saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CoolDown {
    /// The rule that waits.
    pub rule: String,
    /// Until when it waits.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub until: Timestamp,
}

impl Unlock {
    /// The key of the resource: `<account>#<region>#<resource>`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}#{}#{}", self.account, self.region, self.resource)
    }
}

fn by_hand() -> Trigger {
    Trigger::without_event(TriggerKind::Manual)
}

/// Who released something on a resource last, and why: it is kept beside the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnlockNote {
    /// Who asked for it.
    pub by: String,
    /// When it was released.
    pub at: Timestamp,
    /// Why, in that person's words.
    pub reason: String,
    /// The execution that released it.
    pub execution: String,
    /// It was not known that the run had ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forced: bool,
}

/// The result of an order: the blocks that it named, and whether they were released.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unlocked {
    /// The lock; `None` where the order named none.
    pub lock: Option<bool>,
    /// The cool-downs by their rules, in the order in which they were named.
    pub cool_downs: Vec<(String, bool)>,
}

/// How much of an order was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Everything that it named.
    All,
    /// Some of what it named; a run has taken the rest since.
    Some,
    /// Nothing that it named, or it named nothing.
    Nothing,
}

impl Unlocked {
    /// How much was released.
    #[must_use]
    pub fn extent(&self) -> Extent {
        let all = self.lock.into_iter().chain(self.cool_downs.iter().map(|(_, ended)| *ended));
        let (done, kept): (Vec<bool>, Vec<bool>) = all.partition(|released| *released);
        match (done.is_empty(), kept.is_empty()) {
            (true, _) => Extent::Nothing,
            (false, true) => Extent::All,
            (false, false) => Extent::Some,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_that_is_done_in_parts_says_so() {
        let unlocked = |lock: Option<bool>, cool_downs: &[bool]| {
            let cool_downs = cool_downs.iter().map(|ended| ("web".to_owned(), *ended)).collect();
            Unlocked { lock, cool_downs }.extent()
        };
        assert_eq!(unlocked(Some(true), &[]), Extent::All);
        assert_eq!(unlocked(None, &[true, true]), Extent::All);
        assert_eq!(unlocked(Some(true), &[false]), Extent::Some);
        assert_eq!(unlocked(None, &[true, false]), Extent::Some);
        assert_eq!(unlocked(Some(false), &[]), Extent::Nothing);
        assert_eq!(unlocked(None, &[]), Extent::Nothing);
    }

    #[test]
    fn an_order_needs_a_resource_a_reason_and_a_person_and_may_have_more() {
        let order = serde_json::json!({"unlock": {"account": "444455556666", "region": "eu-west-1",
            "resource": "i-1", "reason": "lost", "by": "me", "ofALaterVersion": 1}});
        let read: UnlockInput = serde_json::from_value(order.clone()).unwrap();
        assert_eq!(read.unlock.key(), "444455556666#eu-west-1#i-1");
        assert_eq!(read.trigger.kind, TriggerKind::Manual);
        for field in ["account", "region", "resource", "reason", "by"] {
            let mut less = order.clone();
            less["unlock"].as_object_mut().unwrap().remove(field);
            assert!(serde_json::from_value::<UnlockInput>(less).is_err(), "{field}");
        }
    }
}
