//! Decides what follows the end of a step. Pure: document and outcome in, place out.

use runbook::{OnCancel, OnFailure};

use crate::document::Document;
use crate::event::Route;
use crate::status::Outcome;

/// The place after the end of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Step(u32),
    /// Nothing more in this list of steps: the loop goes round, or the execution ends.
    ListEnds,
    Ends {
        /// Because a step failed.
        aborted: bool,
    },
}

/// A step that has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended<'a> {
    /// Its place in the document.
    pub(crate) def: u32,
    pub(crate) outcome: Outcome,
    /// Its `isEnd`, resolved.
    pub(crate) is_end: bool,
    /// Where the step itself sends the execution.
    pub(crate) route: Option<&'a Route>,
}

/// Where an execution begins.
pub(crate) fn first(document: &Document) -> Then {
    match document.top_level() {
        0 => Then::ListEnds,
        _ => Then::Step(0),
    }
}

/// The place after the end of a step.
pub(crate) fn after(document: &Document, ended: Ended<'_>) -> Then {
    match ended.route {
        Some(Route::Step(place)) => return Then::Step(*place),
        Some(Route::Abort) => return Then::Ends { aborted: true },
        Some(Route::End) => return Then::Ends { aborted: false },
        None => {}
    }
    let Some(step) = document.step(ended.def) else {
        return Then::Ends { aborted: true };
    };
    let jump = |name: &str| document.place(name).map(Then::Step);
    let in_order = || match document.def(ended.def).and_then(|def| def.following) {
        Some(place) => Then::Step(place),
        None => Then::ListEnds,
    };
    let onward = || {
        // In a loop it ends the iteration: AWS-DiagnoseUnmanagedEC2NetworkIssues is written so.
        if ended.is_end {
            return Then::ListEnds;
        }
        step.next_step.as_deref().and_then(jump).unwrap_or_else(in_order)
    };
    match ended.outcome {
        Outcome::Success => onward(),
        Outcome::Failed | Outcome::TimedOut => match &step.on_failure {
            // AWS-ResizeInstance jumps from a step with `isEnd`: an explicit step wins.
            Some(OnFailure::Step(name)) => jump(name).unwrap_or(Then::Ends { aborted: true }),
            // Continue ignores the failure: the next step is that of a success. AWS's public
            // EncryptRootVolume starts the instance again by it, and AWS's cdk-ssm-documents does the same.
            Some(OnFailure::Continue) => onward(),
            Some(OnFailure::Abort) | None => Then::Ends { aborted: true },
        },
        Outcome::Cancelled => match &step.on_cancel {
            Some(OnCancel::Step(name)) => jump(name).unwrap_or(Then::Ends { aborted: true }),
            Some(OnCancel::Abort) | None => Then::Ends { aborted: true },
        },
    }
}

/// The steps that may follow a step, whatever its outcome: `ValidNextSteps`.
pub(crate) fn valid_next(document: &Document, place: u32) -> Vec<String> {
    use runbook::StepBody;

    let Some((step, def)) = document.step(place).zip(document.def(place)) else {
        return Vec::new();
    };
    let mut names = Vec::new();
    let mut add = |name: &str| {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    };
    let in_order = def.following.and_then(|place| document.step(place));
    match &step.body {
        StepBody::Branch { choices, default } => {
            choices.iter().for_each(|choice| add(&choice.next_step));
            match default {
                Some(name) => add(name),
                None => in_order.iter().for_each(|next| add(&next.name)),
            }
        }
        StepBody::Plain | StepBody::Loop { .. } => {
            if let Some(name) = next(document, place) {
                add(&name);
            }
        }
    }
    if let Some(OnFailure::Step(name)) = &step.on_failure {
        add(name);
    }
    names
}

/// The step that success leads to, as the document has it: `NextStep`.
pub(crate) fn next(document: &Document, place: u32) -> Option<String> {
    let (step, def) = (document.step(place)?, document.def(place)?);
    if let Some(name) = &step.next_step {
        return Some(name.clone());
    }
    if step.is_end.as_ref().is_some_and(is_true) {
        return None;
    }
    def.following.and_then(|following| document.step(following)).map(|step| step.name.clone())
}

fn is_true(value: &serde_json::Value) -> bool {
    value == &serde_json::Value::Bool(true) || value.as_str() == Some("true")
}

/// How the execution ends, by what happened to its critical steps.
pub(crate) fn roll_up(cancelled: bool, failed: bool, timed_out: bool) -> Outcome {
    match (cancelled, failed, timed_out) {
        (true, ..) => Outcome::Cancelled,
        (_, true, _) => Outcome::Failed,
        (_, _, true) => Outcome::TimedOut,
        _ => Outcome::Success,
    }
}
