//! An execution with targets: as many children at once as its rate control allows.

use super::next::{Effect, Next};
use super::onward;
use crate::event::Event;
use crate::state::State;
use crate::status::Outcome;

pub(super) fn decide(state: &State) -> Next {
    let Some(targets) = &state.targets else {
        return match state.stop {
            Some(_) => onward::end(state),
            None => Next::Act(Effect::Resolve),
        };
    };
    if state.stop.is_some() {
        return match targets.is_idle() {
            true if state.is_cancelling() => onward::end(state),
            true => ended(targets.is_exhausted()),
            false => Next::Wait(None),
        };
    }
    let startable = targets.startable();
    if !startable.is_empty() {
        return Next::Act(Effect::StartTargets(startable));
    }
    match targets.is_finished() {
        true => ended(targets.is_exhausted()),
        false => Next::Wait(None),
    }
}

/// Errors within the budget do not change how it ends; AWS does not say.
fn ended(exhausted: bool) -> Next {
    let (outcome, message) = match exhausted {
        true => (Outcome::Failed, Some("The number of errors exceeds MaxErrors.".to_owned())),
        false => (Outcome::Success, None),
    };
    Next::event(Event::Ended { outcome, message })
}
