//! `aws:executeAwsApi`: any operation of any service that botocore knows.

use serde_json::{Map, Value};

use super::inputs::Inputs;
use super::request::Lost;
use super::service::Operation;
use super::{Call, Done, Failure, outputs};

/// The inputs: an operation and, beside it, the operation's parameters.
struct Step {
    operation: Operation,
    parameters: Map<String, Value>,
}

impl Step {
    fn read(call: &Call<'_>) -> Result<Self, Failure> {
        let inputs = Inputs::of(call)?;
        Ok(Self { operation: Operation::read(&inputs)?, parameters: inputs.others() })
    }
}

/// Calls the operation once; outputs are what the step declares. After a restart only calls that
/// may be made twice are.
pub(super) async fn run(call: &Call<'_>) -> Result<Done, Failure> {
    let Step { operation, parameters } = Step::read(call)?;
    let parameters = Value::Object(parameters);
    let repeatable = operation.repeatable(&parameters);
    if call.resumed && !repeatable {
        return Err(Failure::interrupted());
    }
    let lost = if repeatable { Lost::Repeat } else { Lost::Tell };
    let answer = operation.call(call, parameters, lost).await?;
    outputs::declared(call, &answer)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use runbook::ActionKind;
    use serde_json::json;

    use super::super::testing::{Attempt, AwsDouble, error, lost, of_kind, throttled};
    use super::super::{FailureStage, FailureType};
    use super::*;
    use crate::ports::ApiErrorKind;

    fn describe() -> Attempt {
        let inputs = json!({"Service": "ec2", "Api": "describe_instances", "InstanceIds": ["i-1"]});
        Attempt::new(ActionKind::ExecuteAwsApi, inputs)
    }

    fn reboot() -> Attempt {
        let inputs = json!({"Service": "ec2", "Api": "RebootInstances", "InstanceIds": ["i-1"]});
        Attempt::new(ActionKind::ExecuteAwsApi, inputs)
    }

    #[tokio::test(start_paused = true)]
    async fn outputs_are_what_the_selectors_find_and_nothing_else() {
        let answer = json!({
            "Reservations": [{"Instances": [{"InstanceId": "i-1", "State": {"Name": "running"}, "Cores": 4}]}],
            "ResponseMetadata": {"HTTPStatusCode": 200},
        });
        let aws = AwsDouble::default().on("ec2", "describe_instances", [Ok(answer)]);
        let done = describe()
            .output("State", "$.Reservations[0].Instances[0].State.Name", "String")
            .output("Ids", "$.Reservations..InstanceId", "StringList")
            .output("Cores", "$.Reservations[0].Instances[0].Cores", "Integer")
            .output("Http", "$.ResponseMetadata.HTTPStatusCode", "Integer")
            .output("Missing", "$.Reservations[9].Instances[0].State", "StringMap")
            .run(&aws)
            .await
            .unwrap();
        assert_eq!(
            Value::Object(done.outputs),
            json!({"State": "running", "Ids": ["i-1"], "Cores": 4, "Http": 200})
        );
        assert_eq!(aws.requests("describe_instances"), [json!({"InstanceIds": ["i-1"]})]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_of_the_service_is_told_in_botocores_words() {
        let refused = error("InvalidInstanceID.NotFound", "RebootInstances", "No such id 'i-1'");
        let aws = AwsDouble::default().on("ec2", "RebootInstances", [refused]);
        let failure = reboot().run(&aws).await.unwrap_err();
        assert_eq!(
            failure.message,
            "Step fails when it is Execute/Cancelling action. An error occurred \
             (InvalidInstanceID.NotFound) when calling the RebootInstances operation: No such id \
             'i-1'. Please refer to Automation Service Troubleshooting Guide for more diagnosis \
             details."
        );
        assert_eq!((failure.stage, failure.kind), (FailureStage::Invocation, FailureType::Action));
        assert_eq!(aws.count("RebootInstances"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn parameters_that_the_model_refuses_fail_the_validation_of_inputs() {
        let refused =
            of_kind(ApiErrorKind::Input, "ParamValidation", "RebootInstances", "Bad type");
        let aws = AwsDouble::default().on("ec2", "RebootInstances", [refused]);
        let failure = reboot().run(&aws).await.unwrap_err();
        assert_eq!(failure.stage, FailureStage::InputValidation);
    }

    #[tokio::test(start_paused = true)]
    async fn inputs_that_name_no_operation_call_nothing() {
        for (inputs, says) in [
            (json!({"Api": "DescribeInstances"}), "needs the input Service"),
            (json!({"Service": "ec2"}), "needs the input Api"),
            (json!({"Service": "ec2", "Api": {"a": 1}}), "Input Api must be a string"),
        ] {
            let aws = AwsDouble::default();
            let failure =
                Attempt::new(ActionKind::ExecuteAwsApi, inputs).run(&aws).await.unwrap_err();
            assert!(failure.message.contains(says), "{}", failure.message);
            assert_eq!(failure.stage, FailureStage::InputValidation);
            assert!(aws.calls().is_empty());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_call_is_repeated_with_growing_pauses_until_it_goes_through() {
        let answers = [throttled("x"), throttled("x"), throttled("x"), Ok(json!({}))];
        let aws = AwsDouble::default().on("ec2", "RebootInstances", answers);
        let attempt = reboot().throttling_retry(60);
        attempt.run(&aws).await.unwrap();
        assert_eq!(aws.count("RebootInstances"), 4);
        assert_eq!(attempt.took(), Duration::from_secs(1 + 2 + 4));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_throttled_for_longer_than_the_setting_fails_as_throttled() {
        for (seconds, calls) in [(0, 1), (1, 2), (6, 3), (7, 4), (3_600, 124)] {
            let aws = AwsDouble::default().on("ec2", "RebootInstances", [throttled("Reboot")]);
            let failure = reboot().throttling_retry(seconds).run(&aws).await.unwrap_err();
            assert_eq!(failure.kind, FailureType::Throttling);
            assert_eq!(aws.count("RebootInstances"), calls, "within {seconds} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_answer_is_asked_for_again_only_where_a_second_call_does_nothing_more() {
        let aws = AwsDouble::default().on("ec2", "describe_instances", [lost("x"), Ok(json!({}))]);
        describe().run(&aws).await.unwrap();
        assert_eq!(aws.count("describe_instances"), 2);

        let aws = AwsDouble::default().on("ec2", "RebootInstances", [lost("x"), Ok(json!({}))]);
        let failure = reboot().run(&aws).await.unwrap_err();
        assert_eq!(failure.kind, FailureType::Internal);
        assert_eq!(aws.count("RebootInstances"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_has_25_seconds_whatever_the_step_has() {
        for (api, attempt) in [("RebootInstances", reboot()), ("describe_instances", describe())] {
            let attempt = attempt.timeout(3_600);
            let slow =
                |seconds| AwsDouble::default().on("ec2", api, [Ok(json!({}))]).taking(seconds);
            attempt.run(&slow(24)).await.unwrap();
            let aws = slow(26);
            let failure = attempt.run(&aws).await.unwrap_err();
            let says = format!("The {api} operation did not answer within 25 seconds");
            assert!(failure.message.contains(&says), "{}", failure.message);
            assert_eq!(attempt.took(), Duration::from_secs(25));
            assert_eq!(aws.count(api), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_restart_a_call_that_reads_is_made_again_and_one_that_writes_is_interrupted() {
        let aws = AwsDouble::default().on("ec2", "describe_instances", [Ok(json!({}))]);
        describe().resumed().run(&aws).await.unwrap();
        assert_eq!(aws.count("describe_instances"), 1);

        let aws = AwsDouble::default();
        let failure = reboot().resumed().run(&aws).await.unwrap_err();
        assert!(failure.message.contains("Interrupted"), "{}", failure.message);
        assert!(aws.calls().is_empty());

        let tokened = json!({"Service": "ec2", "Api": "RunInstances", "ClientToken": "t-1"});
        let aws = AwsDouble::default().on("ec2", "RunInstances", [Ok(json!({}))]);
        Attempt::new(ActionKind::ExecuteAwsApi, tokened).resumed().run(&aws).await.unwrap();
        assert_eq!(aws.requests("RunInstances"), [json!({"ClientToken": "t-1"})]);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_are_made_in_the_steps_account_and_region_by_its_actor() {
        let aws = AwsDouble::default().on("ec2", "RebootInstances", [Ok(json!({}))]);
        reboot().run(&aws).await.unwrap();
        let call = &aws.calls()[0];
        assert_eq!(call.account, super::super::testing::ACCOUNT);
        assert_eq!(call.region, super::super::testing::REGION);
        assert_eq!(call.actor, super::super::testing::actor());
    }
}
