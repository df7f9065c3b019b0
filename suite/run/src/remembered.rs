//! What is remembered of runs under way: which automations an execution started, so that they can be
//! stopped when it is stopped; and which task waits for an automation, so that its event finds it.
//!
//! | item | pk | sk | attributes |
//! |---|---|---|---|
//! | a run | `run#<execution arn>` | the rung, two digits, from 00 | `run` ([`StartedRun`]) |
//! | a waiting task | `wait#<automation id>` | `task` | `request` ([`FollowAutomationInput`]) |

use jiff::Timestamp;
use relay_core::id::AutomationId;
use relay_core::item::{Attribute, Item, Key, Write};

use crate::{FollowAutomationInput, StartedRun};

/// As long as outcomes are looked for.
const KEPT: i64 = 100 * 86_400;

/// The partition of an execution's runs.
#[must_use]
pub fn runs_of(execution_arn: &str) -> String {
    format!("run#{execution_arn}")
}

/// Where the task that waits for an automation stands.
#[must_use]
pub fn waiting_for(automation: &AutomationId) -> Key {
    Key::new(format!("wait#{automation}"), "task")
}

impl StartedRun {
    /// Remembers the run of a rung; a repeat writes the same.
    #[must_use]
    pub fn remember(&self, execution_arn: &str, rung: usize) -> Write {
        let key = Key::new(runs_of(execution_arn), format!("{rung:02}"));
        remember(key, "run", self, self.at)
    }

    /// Reads a run back, with its rung; `None` for an item that is none.
    #[must_use]
    pub fn read(sk: &str, item: &Item) -> Option<(usize, Self)> {
        let text = item.get("run").and_then(Attribute::as_text)?;
        Some((sk.parse().ok()?, serde_json::from_str(text).ok()?))
    }
}

impl FollowAutomationInput {
    /// Remembers the task that waits; the latest is the one that counts.
    #[must_use]
    pub fn remember(&self) -> Write {
        remember(waiting_for(&self.run.execution_id), "request", self, self.run.at)
    }

    #[must_use]
    pub fn read(item: &Item) -> Option<Self> {
        let text = item.get("request").and_then(Attribute::as_text)?;
        serde_json::from_str(text).ok()
    }
}

fn remember<T: serde::Serialize>(key: Key, name: &str, what: &T, at: Timestamp) -> Write {
    // Serialising these types cannot fail: texts, numbers, lists and maps with texts as keys.
    let text = serde_json::to_string(what).unwrap_or_default();
    Write::new(key, "SET #what = :what, #expires = :expires")
        .name("#what", name)
        .name("#expires", "expires")
        .text(":what", text)
        .number(":expires", at.as_second() + KEPT)
}
