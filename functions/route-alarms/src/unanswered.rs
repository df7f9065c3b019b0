//! Alarms that no rule is about: counted, and the last of them kept, for people who ask why nothing was done.
//!
//! Best effort: a failure is logged, and the message counts as handled. In a storm each instance of the function
//! writes a few a second and adds the others to the count of the next; what it has not written when it ends is lost.

use std::sync::{Mutex, PoisonError};

use outcome::UnansweredAlarm;
use relay_core::text::error_chain;
use remediation::alarm::AlarmTrigger;

use crate::Deps;

/// The most that an instance writes in a second.
const PER_SECOND: u32 = 5;

/// How much was written this second, and what is still to be counted.
#[derive(Debug, Default)]
pub(crate) struct Unanswered(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    second: i64,
    written: u32,
    uncounted: u32,
}

impl Unanswered {
    /// How many alarms the write for this one counts; `None` where it is left to a later one.
    fn admit(&self, second: i64) -> Option<u32> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if window.second != second {
            (window.second, window.written) = (second, 0);
        }
        window.uncounted = window.uncounted.saturating_add(1);
        if window.written == PER_SECOND {
            return None;
        }
        window.written += 1;
        Some(std::mem::take(&mut window.uncounted))
    }
}

pub(crate) async fn note(deps: &Deps, trigger: &AlarmTrigger) {
    let now = deps.clock.now();
    let Some(count) = deps.unanswered.admit(now.as_second()) else { return };
    let alarm = UnansweredAlarm::of(trigger);
    if let Err(error) = deps.table.note_unanswered(&alarm, count, now).await {
        tracing::warn!(error = error_chain(&error), "an alarm without a rule was not noted");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_storm_a_few_are_written_and_all_are_counted() {
        let unanswered = Unanswered::default();
        let counts: Vec<Option<u32>> = (0..20).map(|_| unanswered.admit(7)).collect();
        let written = [Some(1); 5].into_iter().chain([None; 15]);
        assert!(counts.iter().copied().eq(written), "{counts:?}");
        assert_eq!(unanswered.admit(8), Some(16));
    }
}
