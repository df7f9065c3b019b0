//! A step's properties.

use json_path::Path as Selector;
use serde_json::{Map, Value};

use super::inputs;
use super::outline::{Link, LinkKind, Outline};
use super::reader::{Cursor, Fields, Reader, written};
use crate::action::ActionKind;
use crate::kind::OutputType;
use crate::model::{OnCancel, OnFailure, Step, StepOutput};
use crate::reference::mentions;

/// The keys of a step.
pub(crate) const KEYS: &[&str] = &[
    "name",
    "action",
    "description",
    "inputs",
    "outputs",
    "maxAttempts",
    "timeoutSeconds",
    "onFailure",
    "onCancel",
    "isCritical",
    "isEnd",
    "nextStep",
];

/// The steps of a list, if each of them could be read, and how they follow one another.
pub(super) fn steps(
    reader: &mut Reader<'_>,
    cursor: &Cursor<'_>,
) -> (Option<Vec<Step>>, Vec<Outline>) {
    let items = reader.items(cursor, "steps");
    if items.is_empty() && matches!(cursor.node.value, yaml_tree::Value::List(_)) {
        let key = cursor.path.rsplit('.').next().unwrap_or_default();
        reader.wrong(cursor, format!("Missing \"{key}\" in the document."));
    }
    let mut steps = Vec::new();
    let mut outlines = Vec::new();
    for item in &items {
        let (step, outline) = step(reader, item);
        steps.push(step);
        outlines.push(outline);
    }
    let steps: Option<Vec<_>> = steps.into_iter().collect();
    (steps.filter(|steps| !steps.is_empty()), outlines)
}

fn step(reader: &mut Reader<'_>, cursor: &Cursor<'_>) -> (Option<Step>, Outline) {
    let mut outline = Outline {
        name: None,
        named_at: cursor.node.at,
        at: cursor.node.at,
        path: cursor.path.clone(),
        action: None,
        links: Vec::new(),
        goes_on: true,
        inner: Vec::new(),
    };
    let fields = reader.fields(cursor, Some(KEYS));
    if !matches!(cursor.node.value, yaml_tree::Value::Map(_)) {
        return (None, outline);
    }
    outline.name = name(reader, cursor, &fields);
    outline.named_at = fields.get("name").map_or(cursor.node.at, |cursor| cursor.node.at);
    outline.action = action(reader, cursor, &fields);
    let description = fields.get("description").and_then(|cursor| reader.text(cursor, "a text"));
    let max_attempts = amount(reader, fields.get("maxAttempts"), u64::MAX);
    let most = if outline.action == Some(ActionKind::Approve) { 2_592_000 } else { u64::MAX };
    let timeout_seconds = amount(reader, fields.get("timeoutSeconds"), most);
    let is_critical = flag(reader, fields.get("isCritical"));
    let is_end = flag(reader, fields.get("isEnd"));
    let next_step = next_step(reader, &fields, is_end.as_ref(), &mut outline);
    let on_failure = on_failure(reader, &fields, &mut outline);
    let on_cancel = on_cancel(reader, &fields, &mut outline);
    let outputs = outputs(reader, &fields, &outline);
    let body = outline.action.and_then(|action| {
        inputs::read(reader, action, cursor, fields.get("inputs"), &mut outline)
    });
    let inputs = match fields.get("inputs") {
        Some(cursor) => match reader.json(cursor) {
            Value::Object(map) => Some(map),
            _ => None,
        },
        None => Some(Map::new()),
    };
    if outline.action.is_none()
        && let Some(cursor) = fields.get("inputs")
    {
        reader.note(cursor, false);
    }
    let parts = (outline.name.clone(), outline.action, inputs, body);
    let (Some(name), Some(action), Some(inputs), Some(body)) = parts else {
        return (None, outline);
    };
    let step = Step {
        name,
        action,
        description,
        inputs,
        max_attempts,
        timeout_seconds,
        on_failure,
        on_cancel,
        is_critical,
        is_end,
        next_step,
        outputs,
        body,
    };
    (Some(step), outline)
}

fn name(reader: &mut Reader<'_>, step: &Cursor<'_>, fields: &Fields<'_>) -> Option<String> {
    let Some(cursor) = fields.get("name") else {
        reader.wrong(step, "Missing \"name\" in step detail.");
        return None;
    };
    let name = reader.text(cursor, "a name")?;
    if name.is_empty() || !name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_') {
        reader.wrong(cursor, format!("StepName: {name} is invalid."));
        return None;
    }
    Some(name)
}

fn action(reader: &mut Reader<'_>, step: &Cursor<'_>, fields: &Fields<'_>) -> Option<ActionKind> {
    let Some(cursor) = fields.get("action") else {
        reader.wrong(step, "Missing \"action\" in step detail.");
        return None;
    };
    let name = reader.text(cursor, "an action")?;
    let action = ActionKind::parse(&name);
    if action.is_none() {
        reader.wrong(cursor, format!("Unknown action: {name}"));
    }
    action
}

/// From 1; a number, a text that spells one, or a reference.
fn amount(reader: &mut Reader<'_>, cursor: Option<&Cursor<'_>>, most: u64) -> Option<Value> {
    let cursor = cursor?;
    let value = reader.template(cursor, false);
    if !refers(cursor) {
        let number = written(cursor.node).and_then(|text| text.trim().parse::<u64>().ok());
        if !number.is_some_and(|number| (1..=most).contains(&number)) {
            let expected = match most {
                u64::MAX => "a number from 1".to_owned(),
                most => format!("a number from 1 to {most}"),
            };
            reader.mismatch(cursor, &expected);
        }
    }
    Some(value)
}

/// A Boolean, a text that spells one, or a reference.
fn flag(reader: &mut Reader<'_>, cursor: Option<&Cursor<'_>>) -> Option<Value> {
    let cursor = cursor?;
    let value = reader.template(cursor, false);
    if !refers(cursor) && spelled(&value).is_none() {
        reader.mismatch(cursor, "true or false");
    }
    Some(value)
}

fn spelled(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn refers(cursor: &Cursor<'_>) -> bool {
    written(cursor.node).is_some_and(|text| mentions(&text).next().is_some())
}

fn next_step(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    is_end: Option<&Value>,
    outline: &mut Outline,
) -> Option<String> {
    let ends = is_end.and_then(spelled) == Some(true);
    outline.goes_on = !ends;
    let cursor = fields.get("nextStep")?;
    let name = reader.text(cursor, "the name of a step")?;
    if ends {
        let message = "\"isEnd == true\" and nextStep should not exist in same step.";
        reader.wrong(cursor, message);
    }
    outline.goes_on = false;
    outline.links.push(link(cursor, LinkKind::NextStep, &name));
    Some(name)
}

pub(super) fn link(cursor: &Cursor<'_>, kind: LinkKind, to: &str) -> Link {
    Link { to: to.to_owned(), kind, at: cursor.node.at, path: cursor.path.clone() }
}

fn on_failure(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    outline: &mut Outline,
) -> Option<OnFailure> {
    let cursor = fields.get("onFailure")?;
    let text = written(cursor.node).unwrap_or_default();
    let found = match text.as_str() {
        "Abort" => Some(OnFailure::Abort),
        "Continue" => Some(OnFailure::Continue),
        _ => target(&text).map(OnFailure::Step),
    };
    match &found {
        Some(OnFailure::Step(name)) => {
            outline.links.push(link(cursor, LinkKind::OnFailure, name));
        }
        Some(OnFailure::Abort | OnFailure::Continue) => {}
        None => reader.mismatch(cursor, "Abort, Continue or step:NAME"),
    }
    found
}

fn on_cancel(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    outline: &mut Outline,
) -> Option<OnCancel> {
    let cursor = fields.get("onCancel")?;
    if let Some(action @ (ActionKind::Loop | ActionKind::UpdateVariable)) = outline.action {
        reader.wrong(cursor, format!("onCancel is not supported by action {}", action.name()));
    }
    let text = written(cursor.node).unwrap_or_default();
    let found = match text.as_str() {
        "Abort" => Some(OnCancel::Abort),
        _ => target(&text).map(OnCancel::Step),
    };
    match &found {
        Some(OnCancel::Step(name)) => outline.links.push(link(cursor, LinkKind::OnCancel, name)),
        Some(OnCancel::Abort) => {}
        None => reader.mismatch(cursor, "Abort or step:NAME"),
    }
    found
}

/// The step of `step:NAME`.
fn target(text: &str) -> Option<String> {
    text.strip_prefix("step:").map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
}

/// The inputs that `aws:invokeLambdaFunction` keeps for itself; of the other actions nothing is known.
const RESERVED: &[&str] = &["LogResult", "OutputPayload", "FunctionError", "Payload", "StatusCode"];

fn outputs(reader: &mut Reader<'_>, fields: &Fields<'_>, outline: &Outline) -> Vec<StepOutput> {
    let Some(cursor) = fields.get("outputs") else {
        return Vec::new();
    };
    let items = reader.items(cursor, "outputs with Name, Selector and Type");
    items.iter().filter_map(|item| output(reader, item, outline)).collect()
}

fn output(reader: &mut Reader<'_>, cursor: &Cursor<'_>, outline: &Outline) -> Option<StepOutput> {
    let fields = reader.fields(cursor, Some(&["Name", "Selector", "Type"]));
    if !matches!(cursor.node.value, yaml_tree::Value::Map(_)) {
        return None;
    }
    let name = required(reader, cursor, &fields, "Name");
    if let Some((name, cursor)) = &name
        && outline.action == Some(ActionKind::InvokeLambdaFunction)
        && RESERVED.contains(&name.as_str())
    {
        let (step, reserved) = (outline.name.as_deref().unwrap_or_default(), RESERVED.join(", "));
        let message = format!(
            "In step {step}, name: {name} is conflicting with one of the following reserved output names: [{reserved}]"
        );
        reader.wrong(cursor, message);
    }
    let selector = required(reader, cursor, &fields, "Selector").and_then(|(text, cursor)| {
        let selector = Selector::parse(&text);
        if let Err(error) = &selector {
            reader.wrong(cursor, format!("Selector \"{text}\" is invalid: {error}"));
        }
        selector.ok()
    });
    let kind = match fields.get("Type") {
        None => Some(OutputType::String),
        Some(cursor) => {
            let kind = written(cursor.node).and_then(|name| OutputType::parse(&name));
            if kind.is_none() {
                let types: Vec<_> = OutputType::ALL.iter().map(|kind| kind.name()).collect();
                reader.mismatch(cursor, &format!("one of {}", types.join(", ")));
            }
            kind
        }
    };
    Some(StepOutput { name: name?.0, selector: selector?, kind: kind? })
}

fn required<'f, 'n>(
    reader: &mut Reader<'_>,
    parent: &Cursor<'n>,
    fields: &'f Fields<'n>,
    name: &str,
) -> Option<(String, &'f Cursor<'n>)> {
    let Some(cursor) = fields.get(name) else {
        reader.wrong(parent, format!("Missing \"{name}\" in output of step."));
        return None;
    };
    reader.text(cursor, "a text").map(|text| (text, cursor))
}
