//! Steps that wait: for what can never be, or without an end.

use runbook::{ActionKind, duration_seconds, mentions};
use serde_json::Value;

use super::{Review, Rule};
use crate::document::{StepAt, field};

/// The values that a property of an operation can have, from the models of the services
/// (botocore's `ec2`, `cloudformation`, `autoscaling`).
const STATES: &[(&str, &str, &[&str])] = &[
    (
        "describeinstances",
        "State.Name",
        &["pending", "running", "shutting-down", "terminated", "stopping", "stopped"],
    ),
    (
        "describeinstancestatus",
        "InstanceState.Name",
        &["pending", "running", "shutting-down", "terminated", "stopping", "stopped"],
    ),
    (
        "describeinstancestatus",
        "InstanceStatus.Status",
        &["ok", "impaired", "insufficient-data", "not-applicable", "initializing"],
    ),
    (
        "describeinstancestatus",
        "SystemStatus.Status",
        &["ok", "impaired", "insufficient-data", "not-applicable", "initializing"],
    ),
    (
        "describevolumes",
        "State",
        &["creating", "available", "in-use", "deleting", "deleted", "error"],
    ),
    ("describesnapshots", "State", &["pending", "completed", "error", "recoverable", "recovering"]),
    (
        "describeimages",
        "State",
        &[
            "pending",
            "available",
            "invalid",
            "deregistered",
            "transient",
            "failed",
            "error",
            "disabled",
        ],
    ),
];

pub(super) fn check(review: &mut Review<'_>) {
    let mut found = Vec::new();
    for at in &review.steps {
        if let Some((rule, node, message, hint)) = look(at) {
            found.push((rule, node.at, at.path.clone(), message, hint));
        }
    }
    for (rule, at, path, message, hint) in found {
        review.find(rule, at, &path, message, hint);
    }
}

type Finding<'d> = (Rule, &'d yaml_tree::Node, String, String);

fn look<'d>(at: &StepAt<'d>) -> Option<Finding<'d>> {
    let step = at.step;
    match step.action {
        ActionKind::Sleep => sleep(at),
        ActionKind::WaitForAwsResourceProperty | ActionKind::AssertAwsResourceProperty => state(at),
        ActionKind::ExecuteAutomation | ActionKind::ExecuteStateMachine | ActionKind::Pause
            if step.timeout_seconds.is_none() =>
        {
            let node = field(at.node, "action").unwrap_or(at.node);
            let (name, action) = (&step.name, step.action.name());
            let message = format!("nothing ends {name} if it never comes to its end");
            let hint = format!("Give the step timeoutSeconds: {action} has none of its own.");
            // A state machine ends after an hour here, and after a year by itself.
            Some((Rule::MissingTimeout, node, message, hint))
        }
        _ => None,
    }
}

/// A sleep that is longer than its step may take.
fn sleep<'d>(at: &StepAt<'d>) -> Option<Finding<'d>> {
    let duration = at.step.inputs.get("Duration")?.as_str()?;
    let seconds = duration_seconds(duration)?;
    let limit = number(at.step.timeout_seconds.as_ref()?)?;
    if seconds <= limit {
        return None;
    }
    let node = field(at.node, "timeoutSeconds")?;
    let message = format!("the step times out after {limit} s, before it has slept for {duration}");
    let hint = "Remove timeoutSeconds, or make it longer than Duration.".to_owned();
    Some((Rule::NeverSatisfied, node, message, hint))
}

/// A value that the property never has.
fn state<'d>(at: &StepAt<'d>) -> Option<Finding<'d>> {
    let inputs = field(at.node, "inputs")?;
    let text = |name| at.step.inputs.get(name).and_then(Value::as_str);
    let plain: String = text("Api")?.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_lowercase();
    let selector = text("PropertySelector")?;
    if text("Service").is_none_or(|service| !service.eq_ignore_ascii_case("ec2")) {
        return None;
    }
    let (_, _, states) = STATES.iter().find(|(api, property, _)| {
        *api == plain && selector.strip_suffix(property).is_some_and(|rest| rest.ends_with('.'))
    })?;
    let yaml_tree::Value::List(items) = &field(inputs, "DesiredValues")?.value else { return None };
    let never = |node: &&yaml_tree::Node| {
        node.value
            .as_written()
            .is_some_and(|text| mentions(text).next().is_none() && !states.contains(&text))
    };
    // One that can be is enough.
    let odd = items.iter().find(never).filter(|_| items.iter().all(|node| never(&node)))?;
    let odd_text = odd.value.as_written().unwrap_or_default();
    let near = relay_core::text::nearest(odd_text, states.iter().copied());
    let hint = match near {
        Some(near) => format!("Did you mean {near}?"),
        None => format!("It is one of {}.", states.join(", ")),
    };
    let message =
        format!("{} is never {odd_text}", selector.rsplit("].").next().unwrap_or(selector));
    Some((Rule::NeverSatisfied, odd, message, hint))
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
