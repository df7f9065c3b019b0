//! Steps that never run, and references to what is never there.

use std::collections::HashMap;

use runbook::{ActionKind, Reference, Step, mentions};

use super::{Review, Rule};
use crate::document::{field, scalars};

/// The outputs that steps have besides those of the table and those that they declare.
const ALWAYS: &[&str] = &["OutputPayload"];

pub(super) fn check(review: &mut Review<'_>) {
    let reached = review.flow.reached(|_| true);
    unreachable(review, &reached);
    references(review, &reached);
}

fn unreachable(review: &mut Review<'_>, reached: &[bool]) {
    let mut found = Vec::new();
    for (place, at) in review.steps.iter().enumerate() {
        let outer_is_reached = at.within.is_none_or(|outer| reached.get(outer) == Some(&true));
        if reached.get(place) == Some(&false) && outer_is_reached {
            let named = field(at.node, "name").map_or(at.node.at, |node| node.at);
            let before = place.checked_sub(1).and_then(|before| review.steps.get(before));
            let why = before.map_or(String::new(), |before| {
                format!(": {} before it leads elsewhere, and nothing names it", before.step.name)
            });
            let message = format!("no way leads to the step {}{why}", at.step.name);
            found.push((named, format!("{}.name", at.path), message));
        }
    }
    for (at, path, message) in found {
        let hint = "Name it in nextStep, onFailure or a choice of a step that runs, or remove it.";
        review.find(Rule::UnreachableStep, at, &path, message, hint);
    }
}

fn references(review: &mut Review<'_>, reached: &[bool]) {
    let places: HashMap<&str, usize> =
        review.steps.iter().enumerate().map(|(place, at)| (at.step.name.as_str(), place)).collect();
    let mut found = Vec::new();
    for (place, at) in review.steps.iter().enumerate() {
        let is_reached = reached.get(place) == Some(&true);
        let before = is_reached.then(|| review.flow.before(place));
        // The steps of a loop are looked at by themselves.
        scalars(at.node, &at.path, &["Steps", "description"], &mut |scalar| {
            for mention in mentions(scalar.text) {
                let Ok(Reference::Output { step, output }) = &mention.to else { continue };
                let Some(of) = places.get(step.as_str()) else { continue };
                let Some(source) = review.steps.get(*of) else { continue };
                let part = || review.place(scalar.node, scalar.text, &mention.range);
                if !has(source.step, output) {
                    let (message, hint) = unknown(source.step, output);
                    found.push((Rule::UnknownOutput, part(), scalar.path.clone(), message, hint));
                } else if let Some(before) = &before
                    && before.get(*of) == Some(&false)
                    && !encloses(review, *of, place)
                {
                    let name = &at.step.name;
                    let message = format!(
                        "{step} cannot have run before {name}: {step}.{output} has no value"
                    );
                    let hint =
                        format!("Refer to a step that runs before {name}, or change the order.");
                    found.push((
                        Rule::OutputNeverThere,
                        part(),
                        scalar.path.clone(),
                        message,
                        hint,
                    ));
                }
            }
        });
    }
    let outputs = field(review.document.root(), "outputs");
    if let Some(yaml_tree::Value::List(items)) = outputs.map(|node| &node.value) {
        for (nth, (item, name)) in items.iter().zip(&review.document.runbook().outputs).enumerate()
        {
            let source = places.get(name.step.as_str()).and_then(|place| review.steps.get(*place));
            if let Some(source) = source.filter(|source| !has(source.step, &name.output)) {
                let (message, hint) = unknown(source.step, &name.output);
                found.push((
                    Rule::UnknownOutput,
                    item.at,
                    format!("outputs[{nth}]"),
                    message,
                    hint,
                ));
            }
        }
    }
    for (rule, at, path, message, hint) in found {
        review.find(rule, at, &path, message, hint);
    }
}

/// Whether one step is a loop around another, or the other itself.
fn encloses(review: &Review<'_>, outer: usize, inner: usize) -> bool {
    let is_loop = review.steps.get(outer).is_some_and(|at| at.step.action == ActionKind::Loop);
    let mut within = Some(inner);
    while let Some(place) = within {
        if place == outer {
            return is_loop;
        }
        within = review.steps.get(place).and_then(|at| at.within);
    }
    false
}

fn has(step: &Step, output: &str) -> bool {
    // `{{ step.Payload.id }}`: the first part is the output.
    let first = output.split('.').next().unwrap_or_default();
    let names = |name: &str| name == output || name == first;
    let signature = step.action.signature();
    signature.outputs.iter().chain(ALWAYS).any(|name| names(name))
        || step.outputs.iter().any(|known| names(&known.name))
        // An automation passes on what its children return.
        || step.action == ActionKind::ExecuteAutomation
}

fn unknown(step: &Step, output: &str) -> (String, String) {
    let fixed = step.action.signature().outputs.iter().copied();
    let declared = step.outputs.iter().map(|output| output.name.as_str());
    let known: Vec<&str> = declared.chain(fixed).collect();
    let message = format!("the step {} has no output {output}", step.name);
    let near = relay_core::text::nearest(output, known.iter().copied());
    let hint = match (near, known.as_slice()) {
        (Some(near), _) => format!("Did you mean {near}?"),
        (None, []) => format!("Declare it in the outputs of {}: Name, Selector, Type.", step.name),
        (None, known) => format!("It has {}; declare others in its outputs.", known.join(", ")),
    };
    (message, hint)
}
