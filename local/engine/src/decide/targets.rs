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
        if !targets.is_idle() {
            return Next::Wait(None);
        }
        if state.is_cancelling() {
            return onward::end(state);
        }
        return ended(targets.is_exhausted());
    }
    let startable = targets.startable();
    if !startable.is_empty() {
        return Next::Act(Effect::StartTargets(startable));
    }
    if targets.is_finished() { ended(targets.is_exhausted()) } else { Next::Wait(None) }
}

/// Errors within the budget do not change how it ends; AWS does not say.
fn ended(exhausted: bool) -> Next {
    let (outcome, message) = if exhausted {
        (Outcome::Failed, Some("The number of errors exceeds MaxErrors.".to_owned()))
    } else {
        (Outcome::Success, None)
    };
    Next::event(Event::Ended { outcome, message })
}
