//! The outputs of a step: those that the action has and those that the step declares.

use runbook::{ActionKind, OutputType, Selector, coerce};
use serde_json::{Map, Value};

use super::failure::phrase;
use super::{Call, DeclaredOutput, Done, Failure, FailureStage, FailureType};

/// The name under which AWS shows all of an action's own outputs as one.
const PAYLOAD: &str = "OutputPayload";

/// The outputs that the step declares, out of what came back. One whose selector finds nothing, or
/// null, is left out: only a step that refers to it fails.
pub(super) fn declared(call: &Call<'_>, root: &Value) -> Result<Done, Failure> {
    let outputs = selected(call.action, call.outputs, root)?;
    Ok(Done { outputs, ..Done::default() })
}

/// The values of declared outputs in what an action returned.
pub(crate) fn selected(
    action: ActionKind,
    declared: &[DeclaredOutput],
    root: &Value,
) -> Result<Map<String, Value>, Failure> {
    let mut outputs = Map::new();
    let others = others(action, root);
    for output in declared {
        let (name, path) = (&output.name, &output.selector);
        let selector = Selector::parse(path).map_err(|error| {
            Failure::input(&format!("The selector {path} of the output {name} is invalid: {error}"))
        })?;
        let kind = OutputType::parse(&output.kind).ok_or_else(|| {
            Failure::input(&format!("The output {name} has no type {}", output.kind))
        })?;
        let Others { before, after } = &others;
        let roots = before.iter().chain([root]).chain(after);
        let Some(found) = found(&selector, kind, roots) else { continue };
        let value = coerce(found, kind).map_err(|_| {
            Failure::new(
                FailureStage::PostVerification,
                FailureType::Verification,
                phrase::EXECUTE,
                &format!("The output {name} ({path}) is not of type {}", output.kind),
            )
        })?;
        outputs.insert(name.clone(), value);
    }
    Ok(outputs)
}

/// The values of a selector in the first root where it finds some. A path that may lead to
/// several values finds an empty list at least, unless the output is to be a single value.
fn found<'v>(
    selector: &Selector,
    kind: OutputType,
    roots: impl Iterator<Item = &'v Value>,
) -> Option<Value> {
    let is_nothing =
        |found: &Value| found.is_null() || (selector.is_plural() && found == &Value::Array(vec![]));
    let mut nothing = None;
    for root in roots {
        match selector.select(root) {
            Some(found) if is_nothing(&found) => nothing = Some(found),
            Some(found) => return Some(found),
            None => {}
        }
    }
    let is_list = matches!(kind, OutputType::StringList | OutputType::MapList);
    nothing.filter(|found| is_list && !found.is_null())
}

/// The action's own outputs, all of them once more as `OutputPayload`, and those that the step
/// declares.
pub(super) fn fixed(call: &Call<'_>, own: Value) -> Result<Done, Failure> {
    let Done { outputs: declared, .. } = declared(call, &own)?;
    let mut outputs = with_payload(own);
    outputs.extend(declared);
    Ok(Done { outputs, ..Done::default() })
}

/// As [`fixed`], without `OutputPayload`: AWS shows none for `aws:changeInstanceState`.
pub(super) fn bare(call: &Call<'_>, own: Value) -> Result<Done, Failure> {
    let Done { outputs: declared, .. } = declared(call, &own)?;
    let mut outputs = map(own);
    outputs.extend(declared);
    Ok(Done { outputs, ..Done::default() })
}

/// Outputs with all of them once more as `OutputPayload`.
pub(super) fn with_payload(own: Value) -> Map<String, Value> {
    let mut outputs = map(own.clone());
    outputs.insert(PAYLOAD.into(), own);
    outputs
}

/// The members of an object.
pub(super) fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Text cut to so many bytes, at a character's end.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let end = (0..=bytes).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}

/// A selector that an input holds.
pub(super) fn selector(input: &str, path: &str) -> Result<Selector, Failure> {
    Selector::parse(path).map_err(|error| {
        Failure::input(&format!("Input {input} is not a selector ({path}): {error}"))
    })
}

/// Where else a selector may be rooted than in an action's outputs.
struct Others {
    /// A root that is tried before the outputs.
    before: Option<Value>,
    /// A root that is tried where the outputs have nothing.
    after: Option<Value>,
}

/// The selectors of `aws:invokeLambdaFunction` are rooted in what the function returned, as in AWS's
/// example of a loop that goes on while `$.Retry`:
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-loop.html>.
/// Public runbooks also write `$.Payload.x`, as of a script, and so of the outputs in which other
/// actions return JSON as text: these are opened.
fn others(action: ActionKind, root: &Value) -> Others {
    let name = match action {
        ActionKind::InvokeLambdaFunction => "Payload",
        ActionKind::ExecuteStateMachine => "output",
        ActionKind::InvokeWebhook => "Response",
        _ => return Others { before: None, after: None },
    };
    let inner = root[name].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let Some(inner) = inner else { return Others { before: None, after: None } };
    let before = (action == ActionKind::InvokeLambdaFunction).then(|| inner.clone());
    let mut opened = map(root.clone());
    opened.insert(name.into(), inner);
    Others { before, after: Some(Value::Object(opened)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{Attempt, AwsDouble};
    use super::*;

    fn get() -> Attempt {
        Attempt::new(ActionKind::ExecuteAwsApi, json!({"Service": "x", "Api": "GetThing"}))
    }

    fn answering(answer: Value) -> AwsDouble {
        AwsDouble::default().on("x", "GetThing", [Ok(answer)])
    }

    #[tokio::test(start_paused = true)]
    async fn an_output_that_is_not_of_its_type_fails_the_step() {
        let attempt = get().output("N", "$.Thing", "Integer");
        let failure = attempt.run(&answering(json!({"Thing": {"a": 1}}))).await.unwrap_err();
        assert_eq!(failure.stage, FailureStage::PostVerification);
        assert!(
            failure.message.contains("The output N ($.Thing) is not of type Integer"),
            "{}",
            failure.message
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_selector_that_cannot_be_read_fails_the_step() {
        let attempt = get().output("N", "$.Things[?(@.a", "String");
        let failure = attempt.run(&answering(json!({}))).await.unwrap_err();
        assert_eq!(failure.stage, FailureStage::InputValidation);
    }

    /// AWS's samples write `$.Stacks[0].Outputs[?(@.OutputKey == 'X')].OutputValue` with the type
    /// String.
    #[tokio::test(start_paused = true)]
    async fn a_filter_that_one_item_fits_gives_a_single_value() {
        let tags = json!([{"Key": "Tier", "Value": "db"}, {"Key": "Name", "Value": "orders"}]);
        let done = get()
            .output("Name", "$.Tags[?(@.Key == 'Name')].Value", "String")
            .output("All", "$.Tags[*].Value", "StringList")
            .output("Last", "$.Tags[-1:].Key", "String")
            .output("Count", "$.Tags.length()", "Integer")
            .output("None", "$.Tags[?(@.Key == 'Owner')].Value", "String")
            .output("Nobody", "$.Tags[?(@.Key == 'Owner')].Value", "StringList")
            .run(&answering(json!({"Tags": tags})))
            .await
            .unwrap();
        assert_eq!(
            Value::Object(done.outputs),
            json!({
                "Name": "orders", "All": ["db", "orders"], "Last": "Name", "Count": 2,
                "Nobody": [],
            })
        );
    }

    #[tokio::test(start_paused = true)]
    async fn text_of_a_service_that_holds_json_stays_text() {
        let answer = json!({"Policy": "{\"Version\":\"2012-10-17\"}"});
        let done = get()
            .output("Policy", "$.Policy", "String")
            .output("Version", "$.Policy.Version", "String")
            .run(&answering(answer))
            .await
            .unwrap();
        assert_eq!(Value::Object(done.outputs), json!({"Policy": "{\"Version\":\"2012-10-17\"}"}));
    }

    #[test]
    fn text_is_cut_at_a_characters_end() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abc", 2), "ab");
        assert_eq!(cut("a\u{e9}c", 2), "a");
        assert_eq!(cut("\u{e9}", 0), "");
    }
}
