//! The statuses of automations and of their steps, in both spellings.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The meaning of a status for a task that waits for the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// It goes on by itself.
    Running,
    /// Nothing happens until somebody decides: an approval, a pause, an interactive step.
    Waiting,
    /// The run has ended.
    Ended(Ending),
}

/// How an automation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ending {
    /// Every step that counts succeeded.
    Succeeded,
    /// A step failed that ends the run.
    Failed,
    /// A step took too long.
    TimedOut,
    /// Somebody, or an alarm, stopped it.
    Cancelled,
    /// An approver refused, or none decided in time: then the report says `unanswered`.
    Rejected,
}

macro_rules! statuses {
    ($($(#[doc = $doc:literal])+ $status:ident: $phase:expr,)+) => {
        /// A status of SSM Automation (service model 2014-11-06), or one that came later.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum AutomationStatus {
            $($(#[doc = $doc])+ $status,)+
            /// One that this version does not know; it counts as running, so that nobody takes it
            /// for an end.
            Unknown(String),
        }

        impl AutomationStatus {
            /// Every status that SSM documents.
            pub const KNOWN: &'static [Self] = &[$(Self::$status,)+];

            /// As the API writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$status => stringify!($status),)+
                    Self::Unknown(text) => text,
                }
            }

            /// The meaning for a task that waits for the run.
            #[must_use]
            pub fn phase(&self) -> Phase {
                match self {
                    $(Self::$status => $phase,)+
                    Self::Unknown(_) => Phase::Running,
                }
            }
        }
    };
}

statuses! {
    /// Queued, or not begun.
    Pending: Phase::Running,
    /// The automation is under way.
    InProgress: Phase::Running,
    /// An `aws:approve`, an `aws:pause` or an interactive execution waits.
    Waiting: Phase::Waiting,
    /// It did what it should.
    Success: Phase::Ended(Ending::Succeeded),
    /// A critical step ran out of time.
    TimedOut: Phase::Ended(Ending::TimedOut),
    /// Being stopped; steps for this case may still run.
    Cancelling: Phase::Running,
    /// Somebody or something stopped it.
    Cancelled: Phase::Ended(Ending::Cancelled),
    /// A critical step failed.
    Failed: Phase::Ended(Ending::Failed),
    /// A change request waits for approval.
    PendingApproval: Phase::Waiting,
    /// A change request was approved; its runbook is still to run.
    Approved: Phase::Running,
    /// An approval was refused.
    Rejected: Phase::Ended(Ending::Rejected),
    /// A change request waits for its hour.
    Scheduled: Phase::Running,
    /// A change request's runbook is under way.
    RunbookInProgress: Phase::Running,
    /// A closed calendar holds a change request back.
    PendingChangeCalendarOverride: Phase::Waiting,
    /// Somebody let it pass all the same.
    ChangeCalendarOverrideApproved: Phase::Running,
    /// Nobody let it pass.
    ChangeCalendarOverrideRejected: Phase::Ended(Ending::Rejected),
    /// A change request whose runbook succeeded.
    CompletedWithSuccess: Phase::Ended(Ending::Succeeded),
    /// A change request whose runbook failed.
    CompletedWithFailure: Phase::Ended(Ending::Failed),
    /// Left before it did anything.
    Exited: Phase::Ended(Ending::Cancelled),
}

impl AutomationStatus {
    /// From the API's or an event's writing: events say Canceled, the API Cancelled.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        let same = |status: &&Self| status.as_str().eq_ignore_ascii_case(text);
        let american = |status: &&Self| {
            let british = text.to_ascii_lowercase().replace("cancel", "cancell");
            status.as_str().eq_ignore_ascii_case(&british)
        };
        let known = Self::KNOWN.iter().find(same).or_else(|| Self::KNOWN.iter().find(american));
        known.cloned().unwrap_or_else(|| Self::Unknown(text.to_owned()))
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn ending(&self) -> Option<Ending> {
        match self.phase() {
            Phase::Ended(ending) => Some(ending),
            Phase::Running | Phase::Waiting => None,
        }
    }
}

impl fmt::Display for AutomationStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for AutomationStatus {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for AutomationStatus {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::parse(&<std::borrow::Cow<'de, str>>::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_the_service_model_is_known_and_none_is_left_out() {
        const MODEL: &str = "Pending InProgress Waiting Success TimedOut Cancelling Cancelled \
            Failed PendingApproval Approved Rejected Scheduled RunbookInProgress \
            PendingChangeCalendarOverride ChangeCalendarOverrideApproved \
            ChangeCalendarOverrideRejected CompletedWithSuccess CompletedWithFailure Exited";
        let known: Vec<&str> = AutomationStatus::KNOWN.iter().map(|s| s.as_str()).collect();
        assert_eq!(known, MODEL.split_whitespace().collect::<Vec<_>>());
        for status in AutomationStatus::KNOWN {
            assert_eq!(AutomationStatus::parse(status.as_str()), *status);
        }
    }

    #[test]
    fn the_spelling_of_events_means_the_same() {
        assert_eq!(AutomationStatus::parse("Canceled"), AutomationStatus::Cancelled);
        assert_eq!(AutomationStatus::parse("Canceling"), AutomationStatus::Cancelling);
        assert_eq!(AutomationStatus::parse("Timedout"), AutomationStatus::TimedOut);
    }

    #[test]
    fn nine_statuses_are_ends_and_what_nobody_knows_is_none() {
        let ends: Vec<&str> = AutomationStatus::KNOWN
            .iter()
            .filter(|status| status.ending().is_some())
            .map(AutomationStatus::as_str)
            .collect();
        assert_eq!(
            ends,
            [
                "Success",
                "TimedOut",
                "Cancelled",
                "Failed",
                "Rejected",
                "ChangeCalendarOverrideRejected",
                "CompletedWithSuccess",
                "CompletedWithFailure",
                "Exited"
            ]
        );
        let paused = AutomationStatus::parse("Paused");
        assert_eq!(paused, AutomationStatus::Unknown("Paused".into()));
        assert_eq!(paused.phase(), Phase::Running);
    }
}
