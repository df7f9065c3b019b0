//! When something in flight has taken too long.

use jiff::{SignedDuration, Timestamp};

use crate::state::State;

/// How long the steps that a cancellation runs may take, all together.
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html#automation-common>
const CANCEL_BRANCH: SignedDuration = SignedDuration::from_mins(2);

/// When the steps that a cancellation runs have taken too long.
pub(super) fn of_cancellation(state: &State) -> Option<Timestamp> {
    let stop = state.stop.as_ref().filter(|_| state.is_cancelling())?;
    stop.at.checked_add(CANCEL_BRANCH).ok()
}

/// When the step in flight is ended at the latest.
pub(crate) fn latest_end(state: &State) -> Option<Timestamp> {
    let deadline = state.innermost().and_then(|(_, step)| step.deadline);
    earlier(deadline, of_cancellation(state))
}

/// The earlier of two times, if there are any.
pub(super) fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
