//! Whether a run helped: by the alarm, and while the alarm has no data by the status checks. Never by
//! a state's name.

use jiff::{SignedDuration, Timestamp};
use relay_core::alarm::AlarmState;
use relay_core::period::Period;
use serde::{Deserialize, Serialize};

use crate::Pace;

/// A look at the alarm and its instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// The alarm's state, or its contributor's; `None` when it is gone or cannot be read.
    pub alarm: Option<AlarmState>,
    /// Whether both status checks of every instance are ok; `None` where the resource has none.
    pub checks_ok: Option<bool>,
    /// When it was looked.
    pub at: Timestamp,
}

/// The result of a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "next", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Verified {
    /// The alarm has returned to OK.
    Recovered,
    /// The time is over, and the alarm has not returned to OK.
    NotRecovered,
    /// There is nothing to see it by.
    Unverified,
    /// Look again after a while.
    Wait {
        /// After so many seconds.
        seconds: u32,
        /// Since when the status checks are ok, to be passed in the next time.
        checks_ok_since: Option<Timestamp>,
    },
}

/// Decides by a look and the one before.
///
/// The alarm has recovered when it is OK; or, since a stopped and started instance has no data for a while, INSUFFICIENT_DATA
/// with the status checks ok in two looks a minute apart.
#[must_use]
pub fn verify(
    sight: Sight,
    checks_ok_since: Option<Timestamp>,
    ended: Timestamp,
    within: &Period,
    pace: &Pace,
) -> Verified {
    let apart = SignedDuration::from_secs(i64::from(pace.apart));
    let since = match (sight.alarm, sight.checks_ok) {
        (None, _) => return Verified::Unverified,
        (Some(AlarmState::Ok), _) => return Verified::Recovered,
        (Some(AlarmState::InsufficientData), Some(true)) => {
            Some(checks_ok_since.unwrap_or(sight.at).min(sight.at))
        }
        (Some(AlarmState::Alarm | AlarmState::InsufficientData), _) => None,
    };
    if let Some(since) = since {
        if sight.at.duration_since(since) >= apart {
            return Verified::Recovered;
        }
        // One more look is allowed for what looks good, beyond the time if need be.
        return Verified::Wait { seconds: pace.apart.max(1), checks_ok_since: Some(since) };
    }
    let left = ended + within.duration();
    match left.duration_since(sight.at).as_secs() {
        left if left > 0 => {
            let left = u32::try_from(left).unwrap_or(u32::MAX);
            Verified::Wait { seconds: pace.verify.min(left).max(1), checks_ok_since: None }
        }
        _ => Verified::NotRecovered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended() -> Timestamp {
        "2026-01-02T03:00:00Z".parse().unwrap()
    }

    fn look(
        alarm: Option<AlarmState>,
        checks_ok: Option<bool>,
        second: i64,
        since: Option<i64>,
    ) -> Verified {
        let at = |second| ended() + SignedDuration::from_secs(second);
        let sight = Sight { alarm, checks_ok, at: at(second) };
        verify(sight, since.map(at), ended(), &Period::minutes(10), &Pace::default())
    }

    const OK: Option<AlarmState> = Some(AlarmState::Ok);
    const ALARM: Option<AlarmState> = Some(AlarmState::Alarm);
    const NO_DATA: Option<AlarmState> = Some(AlarmState::InsufficientData);

    #[test]
    fn ok_is_clear_and_a_ringing_alarm_has_its_time() {
        assert_eq!(look(OK, Some(false), 0, None), Verified::Recovered);
        let wait = |seconds| Verified::Wait { seconds, checks_ok_since: None };
        assert_eq!(look(ALARM, Some(true), 0, None), wait(60));
        assert_eq!(look(ALARM, Some(true), 570, Some(0)), wait(30));
        assert_eq!(look(ALARM, Some(true), 600, None), Verified::NotRecovered);
        assert_eq!(look(ALARM, None, 100_000, None), Verified::NotRecovered);
    }

    #[test]
    fn without_data_the_status_checks_count_twice_a_minute_apart() {
        let since = |second: i64| Verified::Wait {
            seconds: 60,
            checks_ok_since: Some(ended() + SignedDuration::from_secs(second)),
        };
        assert_eq!(look(NO_DATA, Some(true), 30, None), since(30));
        assert_eq!(look(NO_DATA, Some(true), 80, Some(30)), since(30), "woken early: not yet");
        assert_eq!(look(NO_DATA, Some(true), 90, Some(30)), Verified::Recovered);
        assert_eq!(look(NO_DATA, Some(true), 600, None), since(600), "one more look is allowed");
        let again = Verified::Wait { seconds: 60, checks_ok_since: None };
        assert_eq!(look(NO_DATA, Some(false), 90, Some(30)), again, "they failed in between");
        assert_eq!(look(ALARM, Some(true), 90, Some(30)), again, "it was in ALARM in between");
    }

    #[test]
    fn without_data_and_without_checks_it_has_not_cleared_and_a_lost_alarm_proves_nothing() {
        assert_eq!(look(NO_DATA, None, 600, None), Verified::NotRecovered);
        assert_eq!(look(NO_DATA, Some(false), 600, None), Verified::NotRecovered);
        assert_eq!(look(None, Some(true), 0, None), Verified::Unverified);
    }
}
