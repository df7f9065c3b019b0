//! A step's inputs: which there have to be, and what is known of their values before they are
//! substituted.

use super::outline::{LinkKind, Outline};
use super::reader::{Cursor, Fields, Reader, join, written};
use super::{condition, literal, step};
use crate::action::{ActionKind, Others, Signature};
use crate::kind::OutputType;
use crate::model::{Choice, StepBody};

/// Holds the inputs of a step against its action; what steers the execution is read.
pub(super) fn read(
    reader: &mut Reader<'_>,
    action: ActionKind,
    step: &Cursor<'_>,
    cursor: Option<&Cursor<'_>>,
    outline: &mut Outline,
) -> Option<StepBody> {
    let inputs = match cursor {
        Some(cursor) => reader.fields(cursor, None),
        None => Fields { list: Vec::new() },
    };
    let absent = Cursor { node: step.node, path: join(&step.path, "inputs") };
    let place = cursor.unwrap_or(&absent);
    let signature = action.signature();
    if signature.required.iter().any(|name| inputs.get(name).is_none()) {
        missing(reader, place, signature.required, &inputs);
    }
    if signature.others == Others::Refused {
        unknown(reader, &signature, &inputs);
    }
    for (name, _, cursor) in &inputs.list {
        // Steps of a loop note their own references.
        if !(action == ActionKind::Loop && name == "Steps") {
            reader.note(cursor, false);
        }
    }
    literal::check(reader, action, place, &inputs);
    match action {
        ActionKind::Branch => branch(reader, &inputs, outline),
        ActionKind::Loop => repeat(reader, place, &inputs, outline),
        _ => Some(StepBody::Plain),
    }
}

/// That a required input is missing, in AWS's words.
pub(super) fn missing(
    reader: &mut Reader<'_>,
    place: &Cursor<'_>,
    required: &[&str],
    inputs: &Fields<'_>,
) {
    let (required, provided) = (required.join(", "), names(inputs));
    reader.wrong(
        place,
        format!(
            "Missing required input names. Required=[ [{required}] ], Provided =[ [{provided}] ]."
        ),
    );
}

/// Inputs that the action does not take, in AWS's words.
fn unknown(reader: &mut Reader<'_>, signature: &Signature, inputs: &Fields<'_>) {
    let known: Vec<_> = signature.required.iter().chain(signature.optional).copied().collect();
    for (name, at, cursor) in &inputs.list {
        if !known.contains(&name.as_str()) {
            let (known, provided) = (known.join(", "), names(inputs));
            reader.defect(
                *at,
                &cursor.path,
                format!(
                    "Unknown input names provided. Known=[ [{known}] ], Provided=[ [{provided}] ]."
                ),
            );
        }
    }
}

fn names(inputs: &Fields<'_>) -> String {
    inputs.list.iter().map(|(name, ..)| name.as_str()).collect::<Vec<_>>().join(", ")
}

fn branch(reader: &mut Reader<'_>, inputs: &Fields<'_>, outline: &mut Outline) -> Option<StepBody> {
    let default = inputs.get("Default").and_then(|cursor| {
        let name = reader.text(cursor, "the name of a step")?;
        outline.links.push(step::link(cursor, LinkKind::Default, &name));
        outline.goes_on = false;
        Some(name)
    });
    let cursor = inputs.get("Choices")?;
    let items = reader.items(cursor, "choices");
    if items.is_empty() && matches!(cursor.node.value, yaml_tree::Value::List(_)) {
        reader.wrong(cursor, "At least one choice is required");
    }
    let choices: Vec<_> = items.iter().map(|item| choice(reader, item, outline)).collect();
    let choices: Option<Vec<_>> = choices.into_iter().collect();
    let choices = choices.filter(|choices| !choices.is_empty())?;
    Some(StepBody::Branch { choices, default })
}

fn choice(reader: &mut Reader<'_>, cursor: &Cursor<'_>, outline: &mut Outline) -> Option<Choice> {
    let step = outline.name.clone().unwrap_or_default();
    let condition = condition::read(reader, cursor, &["NextStep"], &step);
    if !matches!(cursor.node.value, yaml_tree::Value::Map(_)) {
        return None;
    }
    let fields = reader.fields(cursor, None);
    let Some(next) = fields.get("NextStep") else {
        reader.wrong(cursor, "Missing \"NextStep\" in choice.");
        return None;
    };
    let next_step = reader.text(next, "the name of a step")?;
    outline.links.push(step::link(next, LinkKind::Choices, &next_step));
    Some(Choice { condition: condition?, next_step })
}

fn repeat(
    reader: &mut Reader<'_>,
    place: &Cursor<'_>,
    inputs: &Fields<'_>,
    outline: &mut Outline,
) -> Option<StepBody> {
    let steps = inputs.get("Steps").and_then(|cursor| {
        let (steps, inner) = step::steps(reader, cursor);
        outline.inner = inner;
        steps
    });
    let iterators = inputs.get("Iterators").map(|cursor| reader.json(cursor));
    let step = outline.name.clone().unwrap_or_default();
    let condition =
        inputs.get("LoopCondition").map(|cursor| condition::read(reader, cursor, &[], &step));
    match (&iterators, &condition) {
        (Some(_), Some(_)) => {
            reader.wrong(place, "Iterators and LoopCondition should not exist in same step.");
        }
        (None, None) => reader.wrong(place, "Either Iterators or LoopCondition is required"),
        _ => {}
    }
    let iterator_type = match inputs.get("IteratorDataType") {
        None => Some(OutputType::String),
        Some(cursor) => {
            let kind = written(cursor.node).and_then(|name| OutputType::parse(&name));
            let kind =
                kind.filter(|kind| !matches!(kind, OutputType::StringList | OutputType::MapList));
            if kind.is_none() {
                reader.mismatch(cursor, "Boolean, Integer, String or StringMap");
            }
            kind
        }
    };
    let max_iterations = inputs.get("MaxIterations").map(|cursor| reader.json(cursor));
    let condition = match condition {
        Some(condition) => Some(Box::new(condition?)),
        None => None,
    };
    Some(StepBody::Loop {
        steps: steps?,
        iterators,
        iterator_type: iterator_type?,
        condition,
        max_iterations,
    })
}
