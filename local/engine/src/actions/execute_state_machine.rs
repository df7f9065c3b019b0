//! `aws:executeStateMachine`: starts an execution of a state machine and waits for its end.

use serde_json::{Value, json};

use super::failure::phrase;
use super::inputs::Inputs;
use super::request::Lost;
use super::{Call, Done, Failure, outputs};
use crate::ports::ApiError;

struct Step {
    machine: String,
    name: String,
    parameters: Value,
}

impl Step {
    fn read(call: &Call<'_>) -> Result<Self, Failure> {
        let inputs = Inputs::of(call)?;
        let input = match inputs.value("input") {
            // JSON in a string, by its documentation; written as a map it means the same.
            Some(input @ (Value::Object(_) | Value::Array(_))) => Some(input.to_string()),
            _ => inputs.optional("input")?,
        };
        let name = inputs.optional("name")?.unwrap_or_else(|| call.token.to_string());
        let machine = inputs.text("stateMachineArn")?;
        let parameters = json!({"stateMachineArn": machine, "name": name, "input": input});
        Ok(Self { machine, name, parameters: inputs.with_others(parameters) })
    }

    /// The ARN that the execution has: `…:stateMachine:M` gives `…:execution:M:NAME`.
    fn execution(&self) -> Option<String> {
        let mut parts: Vec<_> = self.machine.split(':').collect();
        // A version or an alias (`…:stateMachine:M:2`) is not a part of the execution's ARN.
        parts.truncate(7);
        (parts.get(5) == Some(&"stateMachine") && parts.len() == 7).then(|| {
            parts[5] = "execution";
            format!("{}:{}", parts.join(":"), self.name)
        })
    }

    /// Starts the execution, or finds the one that an earlier try of this attempt started: its
    /// name is the attempt's token unless the runbook gives one, and Step Functions starts one
    /// execution of a name.
    async fn start(&self, call: &Call<'_>) -> Result<String, ApiError> {
        let parameters = self.parameters.clone();
        let answer =
            call.request("stepfunctions", "StartExecution", parameters, Lost::Repeat).await;
        match (answer, self.execution()) {
            (Ok(answer), _) => Ok(answer["executionArn"].as_str().unwrap_or_default().to_owned()),
            (Err(error), Some(execution))
                if error.code == "ExecutionAlreadyExists"
                    && (call.resumed || self.name == call.token.to_string()) =>
            {
                Ok(execution)
            }
            (Err(error), _) => Err(error),
        }
    }
}

/// Starts an execution and waits until it has ended; any end but success fails the step.
pub(super) async fn run(call: &Call<'_>) -> Result<Done, Failure> {
    let step = Step::read(call)?;
    let arn = step.start(call).await.map_err(|error| Failure::api(phrase::EXECUTE, &error))?;
    let mut waits = call.waits();
    loop {
        let answer = call
            .read("stepfunctions", "DescribeExecution", json!({"executionArn": arn}))
            .await
            .map_err(|error| Failure::api(phrase::POLL, &error))?;
        match answer["status"].as_str() {
            Some("SUCCEEDED") => return outputs::fixed(call, told(&answer)),
            Some(status @ ("FAILED" | "TIMED_OUT" | "ABORTED")) => {
                let text = |name: &str| answer[name].as_str().unwrap_or_default();
                let error = format!(
                    "Execution {arn} ended with status {status}: error [{}], cause [{}]",
                    text("error"),
                    text("cause")
                );
                return Err(Failure::unverified(phrase::POLL, &error)
                    .with_outputs(outputs::map(told(&answer))));
            }
            _ => waits.pause().await,
        }
    }
}

/// Stops the execution of a dropped attempt.
pub(super) async fn cancel(call: &Call<'_>) -> Result<(), ApiError> {
    let Some(execution) = Step::read(call).ok().and_then(|step| step.execution()) else {
        return Ok(());
    };
    let cause = format!("Automation execution {} was cancelled", call.execution_id);
    let parameters = json!({"executionArn": execution, "cause": cause});
    call.request("stepfunctions", "StopExecution", parameters, Lost::Repeat).await.map(|_| ())
}

/// DescribeExecution's answer in the documented outputs; fields that it lacks are left out.
fn told(answer: &Value) -> Value {
    let names = [
        "executionArn",
        "input",
        "name",
        "output",
        "startDate",
        "stateMachineArn",
        "status",
        "stopDate",
    ];
    let found = names.iter().filter(|name| !answer[**name].is_null());
    Value::Object(found.map(|name| ((*name).to_owned(), answer[*name].clone())).collect())
}

#[cfg(test)]
mod tests {
    use runbook::ActionKind;

    use super::super::testing::{Answer, Attempt, AwsDouble, TOKEN, error, lost, throttled};
    use super::super::{FailureStage, FailureType};
    use super::*;

    const MACHINE: &str = "arn:aws:states:eu-west-1:111122223333:stateMachine:share";
    const ARN: &str = "arn:aws:states:eu-west-1:111122223333:execution:share:0190f0c8-0000-5000-8000-00000000a001";

    fn execute(more: Value) -> Attempt {
        let inputs = json!({"stateMachineArn": MACHINE});
        Attempt::new(ActionKind::ExecuteStateMachine, inputs).with(more)
    }

    fn started() -> Answer {
        Ok(json!({"executionArn": ARN, "startDate": "2026-03-01T00:00:00Z"}))
    }

    fn execution(status: &str) -> Answer {
        Ok(json!({
            "executionArn": ARN, "stateMachineArn": MACHINE, "name": TOKEN, "status": status,
            "startDate": "2026-03-01T00:00:00Z", "stopDate": "2026-03-01T00:00:05Z",
            "input": "{\"a\":1}", "output": "{\"b\":{\"c\":2}}",
            "error": "NoSuchThing", "cause": "it was not there",
        }))
    }

    fn states(
        starts: impl IntoIterator<Item = Answer>,
        looks: impl IntoIterator<Item = Answer>,
    ) -> AwsDouble {
        AwsDouble::default().on("stepfunctions", "StartExecution", starts).when(
            "stepfunctions",
            "DescribeExecution",
            json!({"executionArn": ARN}),
            looks,
        )
    }

    #[tokio::test(start_paused = true)]
    async fn the_execution_is_given_back_when_it_has_succeeded() {
        let aws = states([started()], [execution("RUNNING"), execution("SUCCEEDED")]);
        let attempt = execute(json!({"input": "{\"a\":1}"}));
        let done = attempt.output("C", "$.output.b.c", "Integer").run(&aws).await.unwrap();
        assert_eq!(
            Value::Object(done.outputs),
            json!({
                "executionArn": ARN, "input": "{\"a\":1}", "name": TOKEN,
                "output": "{\"b\":{\"c\":2}}", "startDate": "2026-03-01T00:00:00Z",
                "stateMachineArn": MACHINE, "status": "SUCCEEDED", "stopDate": "2026-03-01T00:00:05Z",
                "OutputPayload": {
                    "executionArn": ARN, "input": "{\"a\":1}", "name": TOKEN,
                    "output": "{\"b\":{\"c\":2}}", "startDate": "2026-03-01T00:00:00Z",
                    "stateMachineArn": MACHINE, "status": "SUCCEEDED",
                    "stopDate": "2026-03-01T00:00:05Z",
                },
                "C": 2,
            })
        );
        assert_eq!(
            aws.requests("StartExecution"),
            [json!({"stateMachineArn": MACHINE, "name": TOKEN, "input": "{\"a\":1}"})]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn every_other_end_fails_the_step_with_error_and_cause() {
        for status in ["FAILED", "TIMED_OUT", "ABORTED"] {
            let aws = states([started()], [execution("RUNNING"), execution(status)]);
            let failure = execute(json!({})).run(&aws).await.unwrap_err();
            assert_eq!(failure.kind, FailureType::Verification);
            let says =
                format!("with status {status}: error [NoSuchThing], cause [it was not there]");
            assert!(failure.message.contains(&says), "{}", failure.message);
            assert_eq!(failure.outputs["executionArn"], ARN);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_input_written_as_a_map_is_sent_as_json() {
        let aws = states([started()], [execution("SUCCEEDED")]);
        execute(json!({"input": {"a": [1]}})).run(&aws).await.unwrap();
        assert_eq!(aws.requests("StartExecution")[0]["input"], "{\"a\":[1]}");
    }

    #[tokio::test(start_paused = true)]
    async fn wrong_inputs_and_refusals_fail_it() {
        let aws = AwsDouble::default();
        let attempt = Attempt::new(ActionKind::ExecuteStateMachine, json!({"name": "x"}));
        let failure = attempt.run(&aws).await.unwrap_err();
        assert_eq!(failure.stage, FailureStage::InputValidation);
        assert!(aws.calls().is_empty());

        let refused = error("StateMachineDoesNotExist", "StartExecution", "does not exist");
        let failure = execute(json!({})).run(&states([refused], [started()])).await.unwrap_err();
        assert!(failure.message.contains("(StateMachineDoesNotExist)"), "{}", failure.message);
    }

    #[tokio::test(start_paused = true)]
    async fn the_name_makes_a_repeat_find_what_the_first_try_started() {
        let exists = || error("ExecutionAlreadyExists", "StartExecution", "already exists");
        let looks = || [throttled("x"), execution("RUNNING"), execution("SUCCEEDED")];
        for starts in
            [vec![throttled("x"), started()], vec![lost("x"), started()], vec![lost("x"), exists()]]
        {
            let aws = states(starts, looks());
            execute(json!({})).run(&aws).await.unwrap();
            assert_eq!(aws.count("StartExecution"), 2);
        }
        let aws = states([exists()], looks());
        execute(json!({})).resumed().run(&aws).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_of_the_runbooks_own_may_be_taken_by_another() {
        let exists = || error("ExecutionAlreadyExists", "StartExecution", "already exists");
        let aws = states([exists()], [execution("SUCCEEDED")]);
        let failure = execute(json!({"name": "daily"})).run(&aws).await.unwrap_err();
        assert!(failure.message.contains("(ExecutionAlreadyExists)"), "{}", failure.message);

        let aws = AwsDouble::default().on("stepfunctions", "StartExecution", [exists()]).on(
            "stepfunctions",
            "DescribeExecution",
            [execution("SUCCEEDED")],
        );
        let attempt = Attempt::new(
            ActionKind::ExecuteStateMachine,
            json!({"stateMachineArn": format!("{MACHINE}:2"), "name": "daily"}),
        );
        attempt.resumed().run(&aws).await.unwrap();
        let expected = "arn:aws:states:eu-west-1:111122223333:execution:share:daily";
        assert_eq!(aws.requests("DescribeExecution"), [json!({"executionArn": expected})]);
    }

    #[tokio::test(start_paused = true)]
    async fn cancelling_stops_the_execution() {
        let aws = AwsDouble::default().on("stepfunctions", "StopExecution", [Ok(json!({}))]);
        execute(json!({})).cancel(&aws).await;
        assert_eq!(aws.requests("StopExecution")[0]["executionArn"], ARN);
    }
}
