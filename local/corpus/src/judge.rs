//! The rules that hold of an execution whichever way it went, from the document alone. The rules are written again here,
//! from AWS's pages, and not taken from the engine.
//!
//! - Order of steps: <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html#automation-common>
//!   (`nextStep`, `isEnd`, `onFailure`, `onCancel`, `isCritical`).
//! - Branches: <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-branch.html>.

use std::fmt;

use engine::{ExecutionView, Status, StepView};
use runbook::{OnCancel, OnFailure, OutputType, Runbook, Step, StepBody};
use serde_json::Value;

/// A fault of an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objection {
    /// The execution has not ended although everything in it has a time-out.
    NotEnded(String),
    /// A step followed that the document does not name there.
    Order(String),
    /// Statuses that contradict each other.
    Status(String),
    /// A value that does not have its declared type.
    Type(String),
    /// A failure without words, or with words that are the engine's own.
    Words(String),
    /// The message of a panic, with its place.
    Panicked(String),
    /// The engine could not be opened on its own log.
    NotReplayed(String),
    /// An engine opened on the same log sees something else.
    Differs(String),
    /// Something that an engine did wrong that went on in the middle of the log.
    Resumed(Box<Self>),
}

impl Objection {
    /// The same, of an engine that went on in the middle.
    pub(crate) fn resumed(self) -> Self {
        Self::Resumed(Box::new(self))
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEnded(what) => write!(f, "not ended: {what}"),
            Self::Order(what) => write!(f, "order: {what}"),
            Self::Status(what) => write!(f, "status: {what}"),
            Self::Type(what) => write!(f, "type: {what}"),
            Self::Words(what) => write!(f, "words: {what}"),
            Self::Panicked(what) => write!(f, "panicked: {what}"),
            Self::NotReplayed(what) => write!(f, "not replayed: {what}"),
            Self::Resumed(what) => write!(f, "resumed in the middle: {what}"),
            Self::Differs(what) => write!(f, "differs after replay: {what}"),
        }
    }
}

/// Everything that is wrong with an execution that has ended.
pub(crate) fn judge(runbook: &Runbook, view: &ExecutionView) -> Vec<Objection> {
    let mut objections = Vec::new();
    if !view.status.is_terminal() {
        let open =
            view.steps.iter().filter(|step| step.started_at.is_some() && step.ended_at.is_none());
        let open: Vec<String> =
            open.map(|step| format!("{} {}", step.name, step.status.name())).collect();
        objections.push(Objection::NotEnded(format!(
            "{}: {}",
            view.status.name(),
            open.join(", ")
        )));
        return objections;
    }
    let top = reached(&runbook.steps, view, None);
    list(&runbook.steps, &top, view, true, &mut objections);
    status(runbook, view, &mut objections);
    for step in view.steps.iter().filter(|step| step.started_at.is_some()) {
        outputs(runbook, step, &mut objections);
        words(step, &mut objections);
    }
    for (name, value) in &view.outputs {
        let declared = name.split_once('.').and_then(|(step, output)| {
            find(&runbook.steps, step)?.outputs.iter().find(|known| known.name == output)
        });
        if let (Some(declared), Some(value)) = (declared, value)
            && !fits(value, declared.kind)
        {
            objections.push(Objection::Type(format!(
                "output {name} is {value}, declared {}",
                declared.kind.name()
            )));
        }
    }
    objections
}

/// The steps of one list that were reached, in their order; `parent`: the loop and the iteration they are of.
fn reached<'a>(
    steps: &[Step],
    view: &'a ExecutionView,
    parent: Option<(&str, u32)>,
) -> Vec<&'a StepView> {
    let here = |step: &&StepView| {
        step.started_at.is_some()
            && step.parent.as_ref().map(|parent| (parent.id.as_str(), parent.iteration)) == parent
    };
    let mut reached: Vec<&StepView> = view.steps.iter().filter(here).collect();
    // An execution lists its steps in the order of the document. Of those that began at the same instant, one
    // that may follow comes next, if there is one.
    reached.sort_by_key(|step| step.started_at);
    let mut in_order: Vec<&StepView> = Vec::new();
    while let Some(first) = reached.first() {
        let same = reached.iter().take_while(|step| step.started_at == first.started_at);
        let may = in_order.last().map(|last| followers(steps, last));
        let follows = |step: &&StepView| match &may {
            Some(may) => may.contains(&Some(step.name.clone())),
            None => steps.first().is_some_and(|first| first.name == step.name),
        };
        let next = same.copied().position(|step| follows(&step)).unwrap_or(0);
        in_order.push(reached.remove(next));
    }
    in_order
}

/// Holds the order in a list of steps, and in the loops of it.
fn list(
    steps: &[Step],
    reached_here: &[&StepView],
    view: &ExecutionView,
    top: bool,
    objections: &mut Vec<Objection>,
) {
    if let (Some(first), Some(begun)) = (steps.first(), reached_here.first())
        && first.name != begun.name
    {
        objections
            .push(Objection::Order(format!("begins with {}, not with {}", begun.name, first.name)));
    }
    for pair in reached_here.windows(2) {
        let [before, after] = pair else { continue };
        let may = followers(steps, before);
        if !may.iter().any(|name| name.as_deref() == Some(&after.name)) {
            let may: Vec<&str> =
                may.iter().map(|name| name.as_deref().unwrap_or("the end")).collect();
            objections.push(Objection::Order(format!(
                "{} ({}) is followed by {}, the document allows {}",
                before.name,
                before.status.name(),
                after.name,
                may.join(", ")
            )));
        }
    }
    if top && let Some(last) = reached_here.last() {
        let may = followers(steps, last);
        if !may.contains(&None) && view.status != Status::Cancelled {
            objections.push(Objection::Order(format!(
                "ends with {} ({}), the document goes on",
                last.name,
                last.status.name()
            )));
        }
    }
    for step in reached_here {
        let Some(Step { body: StepBody::Loop { steps, .. }, .. }) = find(steps, &step.name) else {
            continue;
        };
        let ids = view.steps.iter().filter_map(|inner| inner.parent.as_ref());
        let mut iterations: Vec<u32> =
            ids.filter(|parent| parent.id == step.id).map(|parent| parent.iteration).collect();
        iterations.sort_unstable();
        iterations.dedup();
        for iteration in iterations {
            let inner = reached(steps, view, Some((&step.id, iteration)));
            list(steps, &inner, view, false, objections);
        }
    }
}

/// The steps that may follow a step that ended so; `None` is the end of the list.
fn followers(steps: &[Step], ended: &StepView) -> Vec<Option<String>> {
    let Some(at) = steps.iter().position(|step| step.name == ended.name) else { return Vec::new() };
    let step = &steps[at];
    let in_order = steps.get(at + 1).map(|next| next.name.clone());
    let onward = || step.next_step.clone().map_or_else(|| in_order.clone(), Some);
    let mut may = match ended.status {
        Status::Success => match &step.body {
            StepBody::Branch { choices, default } => {
                let mut may: Vec<_> =
                    choices.iter().map(|choice| Some(choice.next_step.clone())).collect();
                may.push(default.clone().map_or_else(|| in_order.clone(), Some));
                may
            }
            _ => vec![onward()],
        },
        Status::Failed | Status::TimedOut => match &step.on_failure {
            None | Some(OnFailure::Abort) => vec![None],
            Some(OnFailure::Continue) => vec![onward()],
            Some(OnFailure::Step(name)) => vec![Some(name.clone())],
        },
        _ => match &step.on_cancel {
            None | Some(OnCancel::Abort) => vec![None],
            Some(OnCancel::Step(name)) => vec![Some(name.clone())],
        },
    };
    let ends = step.is_end.as_ref().is_some_and(|end| {
        end == &Value::Bool(true)
            || end.as_str().is_some_and(|end| end == "true" || end.contains("{{"))
    });
    if ends && step.next_step.is_none() {
        may.push(None);
    }
    may
}

/// Holds the status of the execution against those of its steps.
fn status(runbook: &Runbook, view: &ExecutionView, objections: &mut Vec<Objection>) {
    let ended = view.steps.iter().filter(|step| step.started_at.is_some());
    let mut failed = None;
    for step in ended {
        if !step.status.is_terminal() {
            objections.push(Objection::Status(format!(
                "{} is {} in an execution that ended {}",
                step.name,
                step.status.name(),
                view.status.name()
            )));
        }
        if step.ended_at.is_none() {
            objections.push(Objection::Status(format!("{} has ended without a time", step.name)));
        }
        let surely = find(&runbook.steps, &step.name).is_some_and(|step| match &step.is_critical {
            Some(critical) => critical == &Value::Bool(true) || critical.as_str() == Some("true"),
            // The default with `onFailure: Continue` is false.
            None => step.on_failure != Some(OnFailure::Continue),
        });
        if surely && matches!(step.status, Status::Failed | Status::TimedOut) {
            failed = Some(step.name.clone());
        }
    }
    if let Some(step) = failed
        && view.status == Status::Success
    {
        objections
            .push(Objection::Status(format!("succeeded although the critical step {step} failed")));
    }
    let any =
        view.steps.iter().any(|step| matches!(step.status, Status::Failed | Status::TimedOut));
    if !any && matches!(view.status, Status::Failed | Status::TimedOut) {
        objections
            .push(Objection::Status(format!("{} although no step failed", view.status.name())));
    }
}

/// Holds the outputs of a step that succeeded against their declarations.
fn outputs(runbook: &Runbook, step: &StepView, objections: &mut Vec<Objection>) {
    let Some(definition) = find(&runbook.steps, &step.name) else { return };
    for declared in &definition.outputs {
        if let Some(value) = step.outputs.get(&declared.name)
            && !fits(value, declared.kind)
        {
            objections.push(Objection::Type(format!(
                "{}.{} is {value}, declared {}",
                step.name,
                declared.name,
                declared.kind.name()
            )));
        }
    }
}

fn fits(value: &Value, kind: OutputType) -> bool {
    match kind {
        OutputType::String => value.is_string(),
        OutputType::Boolean => value.is_boolean(),
        OutputType::Integer => value.is_i64() || value.is_u64(),
        OutputType::StringList => {
            value.as_array().is_some_and(|items| items.iter().all(Value::is_string))
        }
        OutputType::StringMap => value.is_object(),
        OutputType::MapList => {
            value.as_array().is_some_and(|items| items.iter().all(Value::is_object))
        }
    }
}

/// A failure says why, and not in the words of this program.
fn words(step: &StepView, objections: &mut Vec<Objection>) {
    let failed = matches!(step.status, Status::Failed | Status::TimedOut);
    let says = step.failure_message.as_deref().unwrap_or_default();
    if failed && says.trim().is_empty() {
        objections.push(Objection::Words(format!(
            "{} ended {} without a message",
            step.name,
            step.status.name()
        )));
    }
    for ours in ["Some(", "None", "Err(", "unwrap", "panicked", "Object {", "String(\""] {
        if says.contains(ours) {
            objections.push(Objection::Words(format!("{}: {says}", step.name)));
        }
    }
}

/// Whether an engine that was opened on the same log sees the same.
pub(crate) fn same(before: &ExecutionView, after: Option<&ExecutionView>) -> Option<Objection> {
    let Some(after) = after else {
        return Some(Objection::Differs("the execution is gone".to_owned()));
    };
    if before == after {
        return None;
    }
    let steps = before.steps.iter().zip(&after.steps).find(|(one, other)| one != other);
    Some(Objection::Differs(match steps {
        Some((one, other)) => format!("step {}: {one:?} / {other:?}", one.name),
        None => format!("{before:?} / {after:?}"),
    }))
}

fn find<'a>(steps: &'a [Step], name: &str) -> Option<&'a Step> {
    steps.iter().find_map(|step| match &step.body {
        _ if step.name == name => Some(step),
        StepBody::Loop { steps, .. } => find(steps, name),
        _ => None,
    })
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
