//! Decides what follows a failed attempt.

use jiff::Timestamp;

use crate::actions::Failure;
use crate::event::{End, Event};
use crate::state::{State, StepState};

/// The events after a failed attempt: another attempt, or the end of the step.
pub(crate) fn after_failure(
    state: &State,
    place: u32,
    step: &StepState,
    failure: Failure,
    now: Timestamp,
) -> Event {
    if step.attempt >= step.max_attempts || state.is_cancelling() || state.is_completing() {
        return Event::Finished { step: place, end: End::failure(failure), route: None };
    }
    let attempt = step.attempt + 1;
    // Each attempt has the whole time.
    let deadline = step
        .deadline
        .and_then(|deadline| now.checked_add(deadline.duration_since(step.attempt_at)).ok());
    Event::Retried {
        step: place,
        attempt,
        token: state.token(place, attempt),
        deadline,
        failure: Box::new(failure),
    }
}
