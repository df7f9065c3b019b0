//! Names that are keys: of executions, so that one fact has one execution, and of role sessions.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::id::{AccountId, CreateAccountRequestId, DocumentName, HandshakeId};

/// The limit of Step Functions.
const EXECUTION_NAME: usize = 80;

/// Room for `-2` to `-5`.
const SUFFIX: usize = 2;

/// The limit of STS's `RoleSessionName`.
const SESSION_NAME: usize = 64;

/// The name of an execution: the key of the fact it is about. At most 80 characters of
/// `0-9 A-Z a-z - _ .`, a subset of what Step Functions takes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExecutionName {
    base: String,
    attempt: u32,
}

impl ExecutionName {
    /// The last repeat of a failed execution; what fails then stays failed.
    pub const LAST_ATTEMPT: u32 = 5;

    /// `car-…`: a creation in progress.
    #[must_use]
    pub fn create_request(request: &CreateAccountRequestId) -> Self {
        Self::new(request.as_str())
    }

    /// `h-…`: an open invitation.
    #[must_use]
    pub fn handshake(handshake: &HandshakeId) -> Self {
        Self::new(handshake.as_str())
    }

    /// `join-<account>-<epoch seconds>`: one membership of an account. All the events that one
    /// join gives rise to meet in this name; an account that comes back gets another.
    #[must_use]
    pub fn join(account: AccountId, joined: Timestamp) -> Self {
        Self::new(&format!("join-{account}-{}", joined.as_second()))
    }

    /// `move-<account>-<event id>`: one move of an account.
    #[must_use]
    pub fn moved(account: AccountId, event_id: &str) -> Self {
        Self::new(&format!("move-{account}-{event_id}"))
    }

    /// `departure-<account>-<event id>`: one departure.
    #[must_use]
    pub fn departure(account: AccountId, event_id: &str) -> Self {
        Self::new(&format!("departure-{account}-{event_id}"))
    }

    /// `recheck-<account>-<epoch seconds>`: the second look after a join.
    #[must_use]
    pub fn recheck(account: AccountId, joined: Timestamp) -> Self {
        Self::new(&format!("recheck-{account}-{}", joined.as_second()))
    }

    /// `change-<event id>`, or a hash of several ids: changes of documents, rules and OUs that were reported together.
    #[must_use]
    pub fn change(event_ids: &BTreeSet<String>) -> Self {
        let mut ids = event_ids.iter();
        match (ids.next(), ids.next()) {
            (Some(only), None) => Self::new(&format!("change-{only}")),
            _ => {
                let ids: Vec<&str> = event_ids.iter().map(String::as_str).collect();
                Self::new(&format!("change-{}", &sha256_hex(ids.join("\n").as_bytes())[..32]))
            }
        }
    }

    /// The name of a fact, made to fit: `alarm-<account>-<region>-<epoch milliseconds>-<alarm>`, for one.
    #[must_use]
    pub fn of(fact: &str) -> Self {
        Self::new(fact)
    }

    /// `onboard-<account>-<epoch seconds>-<runbook>-<rule>`: one runbook for one membership of an
    /// account.
    #[must_use]
    pub fn onboarding(
        account: AccountId,
        joined: Timestamp,
        runbook: &DocumentName,
        rule: &str,
    ) -> Self {
        let joined = joined.as_second();
        Self::new(&format!("onboard-{account}-{joined}-{runbook}-{rule}"))
    }

    /// The next name to try after an execution of this one failed; `None` after the last.
    #[must_use]
    pub fn next(&self) -> Option<Self> {
        (self.attempt < Self::LAST_ATTEMPT)
            .then(|| Self { base: self.base.clone(), attempt: self.attempt + 1 })
    }

    /// Which name for the fact this is, counted from 1. Only the caller that made the name knows: a name
    /// that is read says nothing about it.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    fn new(text: &str) -> Self {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        Self { base: fit(text, EXECUTION_NAME - SUFFIX, 16, allowed), attempt: 1 }
    }
}

impl fmt::Display for ExecutionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attempt {
            1 => f.write_str(&self.base),
            attempt => write!(f, "{}-{attempt}", self.base),
        }
    }
}

/// A session name for AssumeRole that shows the execution in CloudTrail: 2 to 64 characters of
/// `[\w+=,.@-]`.
#[must_use]
pub fn role_session_name(execution_name: &str) -> String {
    let allowed =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '=' | ',' | '.' | '@' | '-');
    let name = fit(execution_name, SESSION_NAME, 8, allowed);
    if name.len() < 2 { format!("relay-{name}") } else { name }
}

/// The text itself where it is allowed and short enough; else what is allowed of it, cut, and a
/// tail of its hash, so that different texts keep different names.
fn fit(text: &str, longest: usize, hash: usize, allowed: impl Fn(char) -> bool) -> String {
    if text.len() <= longest && text.chars().all(&allowed) {
        return text.to_owned();
    }
    let kept = text.chars().map(|c| if allowed(c) { c } else { '-' }).take(longest - hash - 1);
    let mut name: String = kept.collect();
    name.push('-');
    name.push_str(&sha256_hex(text.as_bytes())[..hash]);
    name
}

/// The SHA-256 of some bytes, in lowercase hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests;
