//! The figures of a rule over a time, from the history: how often it acted, or would have, and what suppressed it. A
//! change board signs with them before a rule goes from observe to active.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::Timestamp;
use outcome::{HistoryEntry, HistoryQuery, OutcomeStatus};
use relay_core::problem::ProblemCode;
use serde::Serialize;

use crate::archive::Archive;

/// The most outcomes of a rule that are counted.
const MOST: usize = 10_000;

/// How often a rule was asked, and the answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RuleNumbers {
    /// Executions for it that have ended, whatever their end.
    pub acted: u32,
    /// Triggers on which it would have started a runbook, in observe mode.
    pub would_have_acted: u32,
    /// Triggers that were suppressed or could not be answered, by code.
    pub suppressed: BTreeMap<String, u32>,
    /// Triggers that would have been suppressed, in observe mode, by code.
    pub would_have_suppressed: BTreeMap<String, u32>,
    /// There are more than were counted.
    pub more: bool,
}

impl RuleNumbers {
    /// Those of one rule: one query of its list.
    ///
    /// # Errors
    /// When the table does not answer.
    pub(crate) async fn read(
        archive: &Archive,
        rule: &str,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Self> {
        let query = HistoryQuery { rule: Some(rule.to_owned()), ..HistoryQuery::default() };
        let found = archive.find(&query, (since, until), MOST).await?;
        let mut numbers = Self { more: found.more, ..Self::default() };
        for entry in &found.entries {
            numbers.add(entry);
        }
        Ok(numbers)
    }

    fn add(&mut self, entry: &HistoryEntry) {
        let count = entry.count;
        let code = entry.codes.first().copied();
        let word = code.map_or("unknown", ProblemCode::as_str).to_owned();
        match entry.outcome {
            OutcomeStatus::Observed if code == Some(ProblemCode::WouldStart) => {
                self.would_have_acted += count;
            }
            OutcomeStatus::Observed => {
                *self.would_have_suppressed.entry(word).or_default() += count;
            }
            OutcomeStatus::PendingApproval => {}
            _ if !entry.execution.is_empty() => self.acted += 1,
            _ => *self.suppressed.entry(word).or_default() += count,
        }
    }

    /// Whether nothing is known of the rule.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// `would have acted 12 times, 3 suppressed (2 CoolingDown, 1 RuleBudget)`, or what it did.
    pub(crate) fn words(&self) -> String {
        if self.is_empty() {
            return "was not asked".to_owned();
        }
        let mut parts = Vec::new();
        if self.acted > 0 || !self.suppressed.is_empty() {
            parts.push(format!(
                "acted {}{}",
                times(self.acted),
                by(", ", " suppressed", &self.suppressed)
            ));
        }
        if self.would_have_acted > 0 || !self.would_have_suppressed.is_empty() {
            parts.push(format!(
                "would have acted {}{}",
                times(self.would_have_acted),
                by(", ", " suppressed", &self.would_have_suppressed)
            ));
        }
        if self.more {
            parts.push(format!("of the newest {MOST} outcomes"));
        }
        parts.join("; ")
    }
}

fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        n => format!("{n} times"),
    }
}

/// The most frequent code first.
fn by(before: &str, verb: &str, codes: &BTreeMap<String, u32>) -> String {
    if codes.is_empty() {
        return String::new();
    }
    let total: u32 = codes.values().sum();
    let mut codes: Vec<(&String, &u32)> = codes.iter().collect();
    codes.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let codes: Vec<String> = codes.iter().map(|(code, count)| format!("{count} {code}")).collect();
    format!("{before}{total}{verb} ({})", codes.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(outcome: &str, code: &str, count: u32, execution: &str) -> HistoryEntry {
        serde_json::from_value(json!({
            "id": "0472af54-dd01-5d43-9bae-bdc798260d9c", "at": "2026-01-02T03:04:05Z",
            "flow": "remediation", "outcome": outcome, "severity": "info", "summary": "",
            "count": count, "execution": execution, "rules": ["web"], "accounts": [],
            "regions": [], "resources": [], "alarms": [], "codes": [code],
        }))
        .unwrap()
    }

    #[test]
    fn an_observing_rule_would_have_acted_and_been_suppressed_so_often() {
        let mut numbers = RuleNumbers::default();
        assert_eq!(numbers.words(), "was not asked");
        for (code, count) in
            [("WouldStart", 1), ("WouldStart", 11), ("RuleBudget", 1), ("CoolingDown", 2)]
        {
            numbers.add(&entry("observed", code, count, ""));
        }
        assert_eq!(
            numbers.words(),
            "would have acted 12 times, 3 suppressed (2 CoolingDown, 1 RuleBudget)"
        );
    }

    #[test]
    fn an_execution_counts_once_whatever_its_end_and_what_it_waited_for_does_not() {
        let mut numbers = RuleNumbers::default();
        for outcome in ["pendingApproval", "failed"] {
            numbers.add(&entry(outcome, "AlarmNotRecovered", 1, "arn:execution"));
        }
        numbers.add(&entry("suppressed", "CoolingDown", 4, ""));
        numbers.add(&entry("failed", "ResourceUnknown", 1, ""));
        assert_eq!(numbers.words(), "acted once, 5 suppressed (4 CoolingDown, 1 ResourceUnknown)");
    }
}
