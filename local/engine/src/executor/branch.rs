//! `aws:branch`: the first choice that holds, or the default, or the next step in order.

use runbook::StepBody;

use super::Next;
use super::attempt::{failure, finished, success};
use crate::actions::{Done, Failure};
use crate::event::{Event, Route};
use crate::execution::{Reader, State, StepState};

pub(super) fn enter(state: &State, place: u32, step: &StepState) -> Next {
    match choose(state, step) {
        Ok(name) => {
            let to = name.and_then(|name| state.document.place(name));
            Next::Log(vec![Event::Finished {
                step: place,
                end: success(Done::default()),
                route: to.map(Route::Step),
            }])
        }
        Err(error) => finished(place, failure(Failure::input(&error))),
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
