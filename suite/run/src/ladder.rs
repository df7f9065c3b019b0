//! Decides what comes after a rung.

use relay_core::period::Period;
use serde::{Deserialize, Serialize};

use crate::{Ending, Verified};

/// How a rung ended, as far as the ladder cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RungEnd {
    /// The automation came to an end.
    Ran(Ending),
    /// SSM did not start it, or something stood against the start.
    NotStarted,
}

/// The step of the machine after a rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "next", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum AfterRung {
    /// Start another rung of the ladder.
    Rung {
        /// Its number, from 0.
        rung: usize,
    },
    /// The ladder ends here.
    Finish,
}

/// How long the alarm may take to return to OK after a run: the rung's time, or no time at all where the
/// runbook has not done what it should.
#[must_use]
pub fn time_to_recover(ending: Ending, within: &Period) -> Option<Period> {
    match ending {
        Ending::Succeeded => Some(within.clone()),
        Ending::Failed | Ending::TimedOut => Some(Period::seconds(0)),
        // A person who stops a run, or refuses it, is not asked again.
        Ending::Cancelled | Ending::Rejected => None,
    }
}

/// The step up the ladder. Without an alarm to see by, a run that succeeded has helped.
#[must_use]
pub fn after_rung(
    rung: usize,
    rungs: usize,
    end: RungEnd,
    verified: Option<&Verified>,
) -> AfterRung {
    let helped = match (end, verified) {
        (RungEnd::NotStarted | RungEnd::Ran(Ending::Cancelled | Ending::Rejected), _) => true,
        (_, Some(Verified::NotRecovered | Verified::Wait { .. })) => false,
        (_, Some(Verified::Recovered)) => true,
        // Nobody could look: the runbook's own word counts.
        (RungEnd::Ran(ending), Some(Verified::Unverified) | None) => ending == Ending::Succeeded,
    };
    match rung + 1 {
        next if !helped && next < rungs => AfterRung::Rung { rung: next },
        _ => AfterRung::Finish,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEXT: AfterRung = AfterRung::Rung { rung: 1 };
    const FINISH: AfterRung = AfterRung::Finish;

    #[test]
    fn the_next_rung_is_tried_when_the_alarm_still_rings_and_only_then() {
        use Ending::{Cancelled, Failed, Rejected, Succeeded, TimedOut};
        let (cleared, rings, unseen) =
            (Verified::Recovered, Verified::NotRecovered, Verified::Unverified);
        for (ending, verified, next) in [
            (Succeeded, Some(&cleared), FINISH),
            (Succeeded, Some(&rings), NEXT),
            (Succeeded, Some(&unseen), FINISH),
            (Succeeded, None, FINISH),
            (Failed, Some(&cleared), FINISH),
            (Failed, Some(&rings), NEXT),
            (Failed, None, NEXT),
            (Failed, Some(&unseen), NEXT),
            (TimedOut, Some(&rings), NEXT),
            (TimedOut, None, NEXT),
            (Cancelled, Some(&rings), FINISH),
            (Cancelled, None, FINISH),
            (Rejected, Some(&rings), FINISH),
        ] {
            let after = after_rung(0, 2, RungEnd::Ran(ending), verified);
            assert_eq!(after, next, "{ending:?} {verified:?}");
            let last = after_rung(1, 2, RungEnd::Ran(ending), verified);
            assert_eq!(last, FINISH, "nothing comes after the last");
        }
        assert_eq!(after_rung(0, 2, RungEnd::NotStarted, Some(&rings)), FINISH);
    }

    #[test]
    fn what_failed_is_looked_at_once_and_what_was_refused_not_at_all() {
        let within = Period::minutes(10);
        let time = |ending| time_to_recover(ending, &within).map(|period| period.as_secs());
        assert_eq!(time(Ending::Succeeded), Some(600));
        assert_eq!(time(Ending::Failed), Some(0));
        assert_eq!(time(Ending::TimedOut), Some(0));
        assert_eq!(time(Ending::Cancelled), None);
        assert_eq!(time(Ending::Rejected), None);
    }
}
