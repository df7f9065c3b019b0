//! The decision about a trigger as it is recorded: made once, acted on as often as it takes.

use jiff::Timestamp;
use relay_core::alarm::TriggerId;
use relay_core::problem::ProblemCode;
use serde::{Deserialize, Serialize};

use crate::guard::digest::DigestWindow;
use crate::guard::{Decision, Release, Suppression, Taker, order};
use crate::{RemediationRule, Subject};

/// A decision, made once and for all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionRecord {
    /// The rule that matched.
    pub rule: String,
    /// The version of the rules: `sha256:…`.
    pub rules_version: String,
    /// The moment of the decision.
    pub at: Timestamp,
    /// The resources, as far as they were known by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// Start, or the reason to start nothing.
    pub conclusion: Conclusion,
}

/// The conclusion of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Conclusion {
    /// The execution is to be started; its name makes sure that it is started once.
    Start,
    /// Only observed: it would have been started.
    WouldStart,
    /// Only observed: it would have been suppressed.
    WouldSuppress(Suppression),
    /// Nothing is started, for this reason.
    Suppress(Suppression),
}

impl DecisionRecord {
    /// The record of a decision; `None` for one that is put off or was made before.
    #[must_use]
    pub fn new(
        decision: &Decision,
        rule: &str,
        rules_version: &str,
        at: Timestamp,
        subject: Option<Subject>,
    ) -> Option<Self> {
        let conclusion = match decision {
            Decision::Start(_) => Conclusion::Start,
            Decision::Observe(Ok(_)) => Conclusion::WouldStart,
            Decision::Observe(Err(suppression)) => Conclusion::WouldSuppress(suppression.clone()),
            Decision::Suppress(suppression) => Conclusion::Suppress(suppression.clone()),
            Decision::Later(_) | Decision::Repeat(_) | Decision::Over => return None,
        };
        let (rule, rules_version) = (rule.to_owned(), rules_version.to_owned());
        Some(Self { rule, rules_version, at, subject, conclusion })
    }

    /// Whether an execution is to be started.
    #[must_use]
    pub fn starts(&self) -> bool {
        matches!(self.conclusion, Conclusion::Start)
    }

    /// Whether CloudWatch suppressed the alarm's actions. If one arrives all the same, it does so no longer.
    #[must_use]
    pub fn was_held_back(&self) -> bool {
        match &self.conclusion {
            Conclusion::Start | Conclusion::WouldStart => false,
            Conclusion::WouldSuppress(suppression) | Conclusion::Suppress(suppression) => {
                suppression.held_back
            }
        }
    }

    /// On whose behalf the takes of this decision were made.
    #[must_use]
    pub fn taker(&self, trigger: TriggerId) -> Taker<'_> {
        let observing = match self.conclusion {
            Conclusion::WouldStart | Conclusion::WouldSuppress(_) => true,
            Conclusion::Start | Conclusion::Suppress(_) => false,
        };
        Taker { trigger, rule: &self.rule, observing, now: self.at }
    }

    /// Everything that an attempt at this trigger may have taken and, because it was killed, not
    /// released: whatever any guardrail takes for these resources. An attempt may have died before
    /// the decision was recorded, so the guardrail that objected in the end does not say what was
    /// taken. Nothing for a start, which needs it all.
    #[must_use]
    pub fn leftovers(&self, rule: &RemediationRule, subject: &Subject) -> Vec<Release> {
        let takes = order::takes(rule, subject);
        match self.conclusion {
            Conclusion::Start => Vec::new(),
            Conclusion::WouldStart => {
                takes.filter_map(|take| take.end_of_run(&rule.guard.cool_down)).collect()
            }
            Conclusion::WouldSuppress(_) | Conclusion::Suppress(_) => {
                takes.filter_map(|take| take.release()).collect()
            }
        }
    }

    /// The window of the digest it belongs to; `None` for a start, which has an outcome of its own.
    #[must_use]
    pub fn window(&self) -> Option<DigestWindow> {
        let (code, observed) = match &self.conclusion {
            Conclusion::Start => return None,
            Conclusion::WouldStart => (ProblemCode::WouldStart, true),
            Conclusion::WouldSuppress(suppression) => (suppression.problem.code, true),
            Conclusion::Suppress(suppression) => (suppression.problem.code, false),
        };
        Some(DigestWindow::at(&self.rule, code, observed, self.at))
    }
}
