//! `aws:branch`: the first choice that holds, or the default, or the next step in order.

use runbook::StepBody;

use super::next::Next;
use crate::actions::Done;
use crate::event::{End, Event, Route};
use crate::state::{Reader, State, StepState};

pub(super) fn enter(state: &State, place: u32, step: &StepState) -> Next {
    match choose(state, step) {
        Ok(name) => {
            let to = name.and_then(|name| state.document.place(name));
            Next::event(Event::Finished {
                step: place,
                end: End::success(Done::default()),
                route: to.map(Route::Step),
            })
        }
        Err(error) => Next::invalid(place, &error),
    }
}

fn choose<'a>(state: &'a State, step: &StepState) -> Result<Option<&'a str>, String> {
    let Some(StepBody::Branch { choices, default }) =
        state.document.step(step.def).map(|step| &step.body)
    else {
        return Err("The step has no choices".to_owned());
    };
    let reader = Reader::new(state, state.submitted_at.max(step.started_at));
    for choice in choices {
        if choice.condition.holds(&reader).map_err(|error| error.to_string())? {
            return Ok(Some(&choice.next_step));
        }
    }
    Ok(default.as_deref())
}
