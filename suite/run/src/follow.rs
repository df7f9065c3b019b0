//! Following a run: what a look at it means.

use serde::{Deserialize, Serialize};

use crate::{AutomationStatus, Ending, Pace, Phase, Rung};

/// The step of `Relay-ApproveThenRun` that asks.
const APPROVE_STEP: &str = "approve";

/// The next step after a look at a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "next", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Follow {
    /// Wait for the event, at most so long, then look again.
    Wait {
        /// At most, before the next look.
        seconds: u32,
        /// Publish that it waits for somebody; true once in the life of a run.
        publish: bool,
    },
    /// The run has ended.
    Ended {
        /// Whether it succeeded, and if not, why.
        ending: Ending,
    },
    /// Its time is over: stop it (StopAutomationExecution, Cancel), then it has timed out.
    Stop,
}

impl Rung {
    /// How long a run of this rung may take, its approval included, in seconds.
    #[must_use]
    pub fn limit(&self) -> u32 {
        let approval = self.approval.as_ref().map_or(0, |approval| approval.within.as_secs());
        approval.saturating_add(self.timeout.as_secs())
    }

    /// Whether the time for the approval is nearly over: its last quarter, and half an hour at most.
    fn is_nearly_over(&self, elapsed: u32) -> bool {
        let Some(approval) = &self.approval else { return false };
        let within = approval.within.as_secs();
        let last = (within / 4).min(30 * 60);
        (within - last..within).contains(&elapsed)
    }
}

/// A look at a run: GetAutomationExecution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look<'a> {
    /// The status that SSM shows.
    pub status: &'a AutomationStatus,
    /// The step that failed or timed out, if one did.
    pub failed_step: Option<&'a str>,
    /// Seconds since the start.
    pub elapsed: u32,
    /// The outcome that says that it waits for somebody is published already.
    pub pending_published: bool,
    /// The reminder before the deadline is published already.
    pub reminded: bool,
}

/// Decides what comes after a look.
#[must_use]
pub fn follow(look: &Look<'_>, rung: &Rung, pace: &Pace) -> Follow {
    let limit = rung.limit();
    match look.status.phase() {
        Phase::Ended(ending) => Follow::Ended { ending: ending_of(ending, look, rung) },
        Phase::Running | Phase::Waiting if look.elapsed >= limit => Follow::Stop,
        phase => {
            let news =
                !look.pending_published || (!look.reminded && rung.is_nearly_over(look.elapsed));
            let publish = phase == Phase::Waiting && news;
            Follow::Wait { seconds: pace.wait(look.elapsed, limit), publish }
        }
    }
}

/// A refused approval fails its step, and one that nobody answers times it out: for SSM the run has
/// failed like any other. Either way the runbook was not run; the report says which of the two it was.
fn ending_of(ending: Ending, look: &Look<'_>, rung: &Rung) -> Ending {
    let asked = rung.approval.is_some() && look.failed_step == Some(APPROVE_STEP);
    match ending {
        Ending::Failed | Ending::TimedOut if asked => Ending::Rejected,
        ending => ending,
    }
}

#[cfg(test)]
mod tests {
    use relay_core::period::Period;

    use super::*;
    use crate::Approval;

    fn rung() -> Rung {
        Rung { timeout: Period::minutes(30), ..Rung::new("Org-A".parse().unwrap()) }
    }

    fn look_at(
        rung: &Rung,
        status: &str,
        failed_step: Option<&str>,
        elapsed: u32,
        pending_published: bool,
    ) -> Follow {
        let status = &AutomationStatus::parse(status);
        let reminded = true;
        let look = Look { status, failed_step, elapsed, pending_published, reminded };
        follow(&look, rung, &Pace::default())
    }

    fn look(status: &str, elapsed: u32, pending_published: bool) -> Follow {
        look_at(&rung(), status, None, elapsed, pending_published)
    }

    fn asking() -> Rung {
        Rung {
            approval: Some(Approval {
                approvers: vec!["a".into()],
                minimum: 1,
                within: Period::minutes(60),
                topic: None,
            }),
            ..rung()
        }
    }

    #[test]
    fn every_end_is_seen_as_one_in_either_spelling_however_late() {
        for (status, ending) in [
            ("Success", Ending::Succeeded),
            ("CompletedWithSuccess", Ending::Succeeded),
            ("Failed", Ending::Failed),
            ("CompletedWithFailure", Ending::Failed),
            ("TimedOut", Ending::TimedOut),
            ("Cancelled", Ending::Cancelled),
            ("Canceled", Ending::Cancelled),
            ("Exited", Ending::Cancelled),
            ("Rejected", Ending::Rejected),
            ("ChangeCalendarOverrideRejected", Ending::Rejected),
        ] {
            for elapsed in [0, 100_000] {
                assert_eq!(look(status, elapsed, false), Follow::Ended { ending }, "{status}");
            }
        }
    }

    #[test]
    fn a_reminder_is_published_once_in_the_last_quarter_of_the_time_for_an_approval() {
        let publishes = |rung: &Rung, elapsed, reminded| {
            let status = &AutomationStatus::parse("Waiting");
            let look =
                Look { status, failed_step: None, elapsed, pending_published: true, reminded };
            matches!(follow(&look, rung, &Pace::default()), Follow::Wait { publish: true, .. })
        };
        let asking = asking();
        for (elapsed, expected) in [(0, false), (2_699, false), (2_700, true), (3_599, true)] {
            assert_eq!(publishes(&asking, elapsed, false), expected, "{elapsed}");
            assert!(!publishes(&asking, elapsed, true), "{elapsed}");
        }
        assert!(!publishes(&asking, 3_600, false), "it is over");
        assert!(!publishes(&rung(), 1_700, false), "nobody is asked");
    }

    #[test]
    fn waiting_for_somebody_is_told_once() {
        assert_eq!(look("Waiting", 0, false), Follow::Wait { seconds: 150, publish: true });
        assert_eq!(look("Waiting", 0, true), Follow::Wait { seconds: 150, publish: false });
        assert_eq!(look("InProgress", 0, false), Follow::Wait { seconds: 150, publish: false });
        assert_eq!(look("Whatever", 0, false), Follow::Wait { seconds: 150, publish: false });
    }

    #[test]
    fn nothing_waits_for_ever_and_an_approval_has_its_own_time() {
        assert_eq!(look("InProgress", 1_800, false), Follow::Stop);
        assert_eq!(look("Cancelling", 9_999, true), Follow::Stop);
        let look = |elapsed| look_at(&asking(), "Waiting", None, elapsed, true);
        assert_eq!(look(1_800), Follow::Wait { seconds: 300, publish: false });
        assert_eq!(look(5_400), Follow::Stop);
    }

    #[test]
    fn an_approval_that_was_refused_or_not_given_is_no_failure_of_the_runbook() {
        let rejected = Follow::Ended { ending: Ending::Rejected };
        for status in ["Failed", "TimedOut"] {
            assert_eq!(look_at(&asking(), status, Some("approve"), 0, true), rejected);
            assert_ne!(look_at(&asking(), status, Some("run"), 0, true), rejected);
            assert_ne!(look_at(&rung(), status, Some("approve"), 0, true), rejected);
        }
    }
}
