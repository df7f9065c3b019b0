//! The flow of a runbook: which step may follow which, and why.

use runbook::{Condition, OnCancel, OnFailure, Operator, Step, StepBody};
use serde_json::Value;

use crate::document::StepAt;

/// The steps and the ways between them.
#[derive(Debug)]
pub struct Flow {
    /// How many steps there are; they are counted as [`crate::Document::steps`] counts them.
    pub steps: usize,
    pub ways: Vec<Way>,
    /// For each step those from which a way leads to it.
    sources: Vec<Vec<usize>>,
}

/// A way from one step to another, or to the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    pub from: usize,
    /// `None`: the end of the execution.
    pub to: Option<usize>,
    pub kind: WayKind,
    /// The condition of a choice, for people; otherwise empty.
    pub label: String,
}

/// Why one step follows another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WayKind {
    /// The step succeeded: `nextStep`, or the order.
    Next,
    /// A choice of `aws:branch`.
    Choice,
    /// No choice of `aws:branch`.
    Default,
    /// It failed: `onFailure`.
    Failure,
    /// It was cancelled: `onCancel`.
    Cancel,
    /// From a loop to its first step.
    Enter,
    /// From the last step of a loop back to the loop.
    Again,
}

impl WayKind {
    /// The word of reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Choice => "choice",
            Self::Default => "default",
            Self::Failure => "failure",
            Self::Cancel => "cancel",
            Self::Enter => "enter",
            Self::Again => "again",
        }
    }
}

impl Flow {
    /// The flow of all steps of a document.
    #[must_use]
    pub fn of(steps: &[StepAt<'_>]) -> Self {
        let sources = vec![Vec::new(); steps.len()];
        let mut flow = Self { steps: steps.len(), ways: Vec::new(), sources };
        for (place, at) in steps.iter().enumerate() {
            flow.ways_of(steps, place, at);
        }
        for way in &flow.ways {
            if let Some(sources) = way.to.and_then(|to| flow.sources.get_mut(to)) {
                sources.push(way.from);
            }
        }
        flow
    }

    fn ways_of(&mut self, steps: &[StepAt<'_>], place: usize, at: &StepAt<'_>) {
        let step = at.step;
        let named = |name: &str| steps.iter().position(|other| other.step.name == name);
        let sibling = (place + 1..steps.len())
            .find(|next| steps.get(*next).is_some_and(|next| next.within == at.within));
        let sibling = sibling.filter(|next| {
            // A step of the same list; a list ends where a step further out follows.
            (place + 1..*next).all(|between| is_inside(steps, between, place))
        });
        // The end of a list: of a loop it goes round, of the document the execution ends.
        let end = at.within;
        let last = if end.is_some() { WayKind::Again } else { WayKind::Next };
        let mut add = |to, kind, label: String| {
            let way = Way { from: place, to, kind, label };
            if !self.ways.contains(&way) {
                self.ways.push(way);
            }
        };
        if let StepBody::Loop { steps: inner, .. } = &step.body
            && !inner.is_empty()
        {
            add(Some(place + 1), WayKind::Enter, String::new());
        }
        let ends = step.is_end.as_ref().map(spelled);
        // Where it goes on by itself: after a success, and for a branch without `Default` where no choice holds.
        let (onward, at_end) = match &step.body {
            StepBody::Branch { default, .. } => {
                let at_end = if end.is_some() { WayKind::Again } else { WayKind::Default };
                (default.is_none().then_some(WayKind::Default), at_end)
            }
            StepBody::Plain | StepBody::Loop { .. } => (Some(WayKind::Next), last),
        };
        if let StepBody::Branch { choices, default } = &step.body {
            for choice in choices {
                add(named(&choice.next_step), WayKind::Choice, words(&choice.condition));
            }
            if let Some(name) = default {
                add(named(name), WayKind::Default, String::new());
            }
        }
        if let Some(kind) = onward {
            // A reference decides at run time: both ways are there.
            if ends != Some(Some(true)) {
                match (&step.next_step, sibling) {
                    (Some(name), _) => add(named(name), kind, String::new()),
                    (None, Some(next)) => add(Some(next), kind, String::new()),
                    (None, None) => add(end, at_end, String::new()),
                }
            }
            if matches!(ends, Some(Some(true) | None)) {
                add(end, at_end, String::new());
            }
        }
        match &step.on_failure {
            Some(OnFailure::Step(name)) => add(named(name), WayKind::Failure, String::new()),
            // The failure is ignored: the next step is that of a success.
            Some(OnFailure::Continue) => {
                let named = step.next_step.as_deref().and_then(named);
                let to = if ends == Some(Some(true)) { end } else { named.or(sibling).or(end) };
                add(to, WayKind::Failure, String::new());
            }
            Some(OnFailure::Abort) | None => {}
        }
        if let Some(OnCancel::Step(name)) = &step.on_cancel {
            add(named(name), WayKind::Cancel, String::new());
        }
    }

    /// Which steps may run, when only these ways are taken.
    pub fn reached(&self, take: impl Fn(&Way) -> bool) -> Vec<bool> {
        let mut reached = vec![false; self.steps];
        let mut open = vec![0];
        while let Some(step) = open.pop() {
            let Some(seen) = reached.get_mut(step).filter(|seen| !**seen) else { continue };
            *seen = true;
            let ways = self.ways.iter().filter(|way| way.from == step && take(way));
            open.extend(ways.filter_map(|way| way.to));
        }
        reached
    }

    /// For each step, whether it may have run before a step begins.
    #[must_use]
    pub fn before(&self, step: usize) -> Vec<bool> {
        let mut before = vec![false; self.steps];
        let mut open = vec![step];
        while let Some(step) = open.pop() {
            for from in self.sources.get(step).into_iter().flatten() {
                if let Some(seen) = before.get_mut(*from).filter(|seen| !**seen) {
                    *seen = true;
                    open.push(*from);
                }
            }
        }
        before
    }
}

/// Whether a step is in a loop, at any depth.
fn is_inside(steps: &[StepAt<'_>], step: usize, of: usize) -> bool {
    let mut within = steps.get(step).and_then(|step| step.within);
    while let Some(place) = within {
        if place == of {
            return true;
        }
        within = steps.get(place).and_then(|step| step.within);
    }
    false
}

/// A Boolean, or `None` for a reference.
fn spelled(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Whether a step says that it is the last.
#[must_use]
pub fn is_end(step: &Step) -> bool {
    step.is_end.as_ref().and_then(spelled) == Some(true)
}

/// A condition for people: `InstanceState = running`.
#[must_use]
pub fn words(condition: &Condition) -> String {
    let joined = |all: &[Condition], word: &str| {
        let parts = all.iter().map(|part| match part {
            Condition::And(_) | Condition::Or(_) => format!("({})", words(part)),
            part => words(part),
        });
        parts.collect::<Vec<_>>().join(word)
    };
    match condition {
        Condition::And(all) => joined(all, " and "),
        Condition::Or(any) => joined(any, " or "),
        Condition::Not(inner) => format!("not ({})", words(inner)),
        Condition::Test { variable, operator, operand } => {
            let sign = match operator {
                Operator::StringEquals | Operator::NumericEquals | Operator::BooleanEquals => "=",
                Operator::EqualsIgnoreCase => "=",
                Operator::StartsWith => "starts with",
                Operator::EndsWith => "ends with",
                Operator::Contains => "contains",
                Operator::NumericGreater => ">",
                Operator::NumericLesser => "<",
                Operator::NumericGreaterOrEquals => ">=",
                Operator::NumericLesserOrEquals => "<=",
            };
            format!("{} {sign} {}", plain(variable), plain(operand))
        }
    }
}

/// A value without the braces of its references.
fn plain(value: &Value) -> String {
    let text = match value {
        Value::String(text) if text.is_empty() => return "''".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut plain = String::with_capacity(text.len());
    let mut from = 0;
    for mention in runbook::mentions(&text) {
        plain.push_str(text.get(from..mention.range.start).unwrap_or_default());
        let inner = text.get(mention.range.start + 2..mention.range.end - 2).unwrap_or_default();
        plain.push_str(inner.trim());
        from = mention.range.end;
    }
    plain.push_str(text.get(from..).unwrap_or_default());
    plain
}
