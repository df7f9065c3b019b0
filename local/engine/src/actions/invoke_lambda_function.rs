//! `aws:invokeLambdaFunction`: calls a Lambda function.

use serde_json::{Value, json};

use super::failure::phrase;
use super::inputs::Inputs;
use super::{Call, Done, Failure, FailureStage, FailureType, outputs};

/// Bytes of an answer's payload that are kept.
const LONGEST_PAYLOAD: usize = 200 * 1024;

/// The inputs, as parameters of Invoke.
struct Step {
    parameters: Value,
}

impl Step {
    fn read(call: &Call<'_>) -> Result<Self, Failure> {
        let inputs = Inputs::of(call)?;
        let payload = match inputs.value("InputPayload").or_else(|| inputs.value("Payload")) {
            // Payload is JSON text already; InputPayload is a map. Either may be written as both.
            Some(Value::String(text)) => Some(text.clone()),
            Some(other) => Some(other.to_string()),
            None => None,
        };
        let types = ["RequestResponse", "Event", "DryRun"];
        let parameters = inputs.with_others(json!({
            "FunctionName": inputs.text("FunctionName")?,
            "Qualifier": inputs.optional("Qualifier")?,
            "InvocationType": inputs.one_of("InvocationType", &types)?,
            "LogType": inputs.one_of("LogType", &["Tail", "None"])?,
            "ClientContext": inputs.optional("ClientContext")?,
            "Payload": payload,
        }));
        Ok(Self { parameters })
    }
}

/// Calls the function once: what it does cannot be known, so nothing repeats it but `maxAttempts`.
/// An error of the function's own fails the step.
pub(super) async fn run(call: &Call<'_>) -> Result<Done, Failure> {
    let step = Step::read(call)?;
    let limit = call.action.signature().timeout.unwrap_or(call.timeout);
    let invoked = call.within(limit, call.write("lambda", "Invoke", step.parameters)).await;
    let answer = invoked
        .ok_or_else(|| Failure::time_out(phrase::EXECUTE))?
        .map_err(|error| Failure::api(phrase::EXECUTE, &error))?;
    let told = told(&answer);
    match answer["FunctionError"].as_str() {
        None => outputs::fixed(call, told),
        Some(error) => {
            let payload = answer["Payload"].as_str().unwrap_or_default();
            let error = format!("The function ended with the error {error}: {payload}");
            Err(Failure::new(
                FailureStage::Invocation,
                FailureType::Action,
                phrase::EXECUTE,
                &error,
            )
            .with_outputs(outputs::map(told)))
        }
    }
}

/// Invoke's answer in the documented outputs; fields that it lacks are left out.
fn told(answer: &Value) -> Value {
    let mut told = serde_json::Map::new();
    for name in ["StatusCode", "FunctionError", "LogResult", "Payload"] {
        match &answer[name] {
            Value::Null => {}
            Value::String(text) => {
                told.insert(name.into(), outputs::cut(text, LONGEST_PAYLOAD).into());
            }
            other => {
                told.insert(name.into(), other.clone());
            }
        }
    }
    Value::Object(told)
}

#[cfg(test)]
mod tests {
    use runbook::ActionKind;

    use super::super::testing::{Answer, Attempt, AwsDouble, error, lost, throttled};
    use super::*;

    fn invoke(more: Value) -> Attempt {
        let inputs = json!({"FunctionName": "check"});
        Attempt::new(ActionKind::InvokeLambdaFunction, inputs).with(more)
    }

    fn lambda(answers: impl IntoIterator<Item = Answer>) -> AwsDouble {
        AwsDouble::default().on("lambda", "Invoke", answers)
    }

    fn answer() -> Answer {
        Ok(json!({"StatusCode": 200, "LogResult": "bG9n", "Payload": "{\"ok\":[true]}"}))
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_function_answers_is_the_output_and_can_be_selected_from() {
        let aws = lambda([answer()]);
        let attempt = invoke(json!({
            "Qualifier": "live", "LogType": "Tail", "ClientContext": "e30=",
            "InputPayload": {"id": "i-1", "deep": {"n": 1}}, "Payload": "{\"loses\":true}",
        }));
        let done = attempt.output("Ok", "$.Payload.ok[0]", "Boolean").run(&aws).await.unwrap();
        let told = json!({"StatusCode": 200, "LogResult": "bG9n", "Payload": "{\"ok\":[true]}"});
        assert_eq!(done.outputs["OutputPayload"], told);
        assert_eq!(done.outputs["Payload"], told["Payload"]);
        assert_eq!(done.outputs["StatusCode"], 200);
        assert_eq!(done.outputs["Ok"], true);
        assert_eq!(
            aws.requests("Invoke"),
            [json!({
                "FunctionName": "check", "Qualifier": "live", "LogType": "Tail",
                "ClientContext": "e30=", "Payload": "{\"id\":\"i-1\",\"deep\":{\"n\":1}}",
            })]
        );
    }

    /// `$.Retry` is AWS's own: the do-while example of aws:loop.
    #[tokio::test(start_paused = true)]
    async fn selectors_are_rooted_in_what_the_function_returned() {
        let returned = r#"{"Retry": false, "Snapshot": "s-1", "Payload": {"x": 1}, "Rows": []}"#;
        let aws = lambda([Ok(json!({"StatusCode": 200, "Payload": returned}))]);
        let done = invoke(json!({}))
            .output("More", "$.Retry", "Boolean")
            .output("Snapshot", "$.Snapshot", "String")
            .output("Own", "$.Payload.x", "Integer")
            .output("Whole", "$", "StringMap")
            .output("Status", "$.StatusCode", "Integer")
            .output("Deep", "$..x", "StringList")
            .output("Rows", "$.Rows[*].Id", "StringList")
            .run(&aws)
            .await
            .unwrap();
        assert_eq!(done.outputs["More"], false);
        assert_eq!(done.outputs["Snapshot"], "s-1");
        assert_eq!(done.outputs["Own"], 1);
        assert_eq!(done.outputs["Whole"]["Retry"], false);
        assert_eq!(done.outputs["Status"], 200);
        assert_eq!(done.outputs["Deep"], json!(["1"]));
        assert_eq!(done.outputs["Rows"], json!([]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_function_that_returns_no_json_has_its_text_as_payload() {
        let aws = lambda([Ok(json!({"StatusCode": 200, "Payload": "plain"}))]);
        let done = invoke(json!({})).output("Text", "$.Payload", "String").run(&aws).await.unwrap();
        assert_eq!(done.outputs["Text"], "plain");
    }

    #[tokio::test(start_paused = true)]
    async fn a_payload_in_text_is_sent_as_it_is() {
        let aws = lambda([answer()]);
        invoke(json!({"Payload": "{\"a\": 1}"})).run(&aws).await.unwrap();
        assert_eq!(aws.requests("Invoke")[0]["Payload"], "{\"a\": 1}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_function_that_raises_fails_the_step_with_what_it_says() {
        let raised = Ok(json!({
            "StatusCode": 200, "FunctionError": "Unhandled", "Payload": "{\"errorType\":\"KeyError\"}",
        }));
        let failure = invoke(json!({})).run(&lambda([raised])).await.unwrap_err();
        assert_eq!((failure.stage, failure.kind), (FailureStage::Invocation, FailureType::Action));
        assert!(
            failure.message.contains("Unhandled: {\"errorType\":\"KeyError\"}"),
            "{}",
            failure.message
        );
        assert_eq!(failure.outputs["FunctionError"], "Unhandled");
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_200_kilobytes_of_payload_are_cut() {
        let long = "\u{e9}".repeat(200 * 1024);
        let aws = lambda([Ok(json!({"StatusCode": 200, "Payload": long}))]);
        let done = invoke(json!({})).run(&aws).await.unwrap();
        assert_eq!(done.outputs["Payload"].as_str().unwrap().len(), 200 * 1024);
    }

    #[tokio::test(start_paused = true)]
    async fn wrong_inputs_and_refusals_fail_it() {
        for (inputs, says) in [
            (json!({"FunctionName": null}), "needs the input FunctionName"),
            (json!({"InvocationType": "Later"}), "must be one of RequestResponse"),
        ] {
            let aws = AwsDouble::default();
            let failure = invoke(inputs).run(&aws).await.unwrap_err();
            assert_eq!(failure.stage, FailureStage::InputValidation);
            assert!(failure.message.contains(says), "{}", failure.message);
            assert!(aws.calls().is_empty());
        }
        let refused = error("ResourceNotFoundException", "Invoke", "Function not found: check");
        let failure = invoke(json!({})).run(&lambda([refused])).await.unwrap_err();
        assert!(failure.message.contains("(ResourceNotFoundException)"), "{}", failure.message);
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_throttled_call_is_repeated() {
        let aws = lambda([throttled("x"), answer()]);
        invoke(json!({})).run(&aws).await.unwrap();
        assert_eq!(aws.count("Invoke"), 2);

        let aws = lambda([lost("x"), answer()]);
        invoke(json!({})).run(&aws).await.unwrap_err();
        assert_eq!(aws.count("Invoke"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_function_has_300_seconds_whatever_the_step_has() {
        let aws = lambda([answer()]).taking(301);
        let failure = invoke(json!({})).timeout(3_600).run(&aws).await.unwrap_err();
        assert!(failure.timed_out);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_restart_it_is_interrupted() {
        let aws = AwsDouble::default();
        let failure = invoke(json!({})).resumed().run(&aws).await.unwrap_err();
        assert!(failure.message.contains("Interrupted"), "{}", failure.message);
        assert!(aws.calls().is_empty());
    }
}
