//! `aws:waitForAwsResourceProperty`: looks again and again until a property is as desired.

use super::property::Property;
use super::{Call, Done, Failure};

/// Ends when the property fits, or when the API answers with an error; the driver ends it when
/// the step's time is over (3,600 seconds unless it says).
pub(super) async fn run(call: &Call<'_>) -> Result<Done, Failure> {
    let property = Property::read(call)?;
    let mut waits = call.waits();
    while !property.look(call).await?.fits {
        waits.pause().await;
    }
    Ok(Done::default())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use runbook::ActionKind;
    use serde_json::{Value, json};

    use super::super::testing::{Answer, Attempt, AwsDouble, error, lost, throttled};
    use super::super::{FailureStage, FailureType};

    fn wait() -> Attempt {
        let inputs = json!({
            "Service": "ec2",
            "Api": "DescribeInstances",
            "InstanceIds": ["i-1"],
            "PropertySelector": "$.Reservations[0].Instances[0].State.Name",
            "DesiredValues": ["running", "stopped"],
        });
        Attempt::new(ActionKind::WaitForAwsResourceProperty, inputs)
    }

    fn state(name: &str) -> Answer {
        Ok(json!({"Reservations": [{"Instances": [{"State": {"Name": name}}]}]}))
    }

    fn answering(answers: impl IntoIterator<Item = Answer>) -> AwsDouble {
        AwsDouble::default().on("ec2", "DescribeInstances", answers)
    }

    #[tokio::test(start_paused = true)]
    async fn it_looks_at_growing_intervals_until_the_property_fits() {
        let nothing_yet: Answer = Ok(json!({"Reservations": []}));
        let aws = answering([nothing_yet, state("pending"), state("pending"), state("running")]);
        let attempt = wait();
        let done = attempt.run(&aws).await.unwrap();
        assert_eq!(Value::Object(done.outputs), json!({}));
        assert_eq!(aws.count("DescribeInstances"), 4);
        assert_eq!(attempt.took(), Duration::from_secs(1 + 2 + 4));
    }

    #[tokio::test(start_paused = true)]
    async fn a_property_that_fits_at_once_is_looked_at_once() {
        let aws = answering([state("running")]);
        wait().run(&aws).await.unwrap();
        assert_eq!(aws.count("DescribeInstances"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn it_waits_for_as_long_as_it_is_let_a_look_every_15_seconds() {
        let aws = answering([state("pending")]);
        assert!(wait().runs_longer_than(&aws, 3_600).await);
        // 1 + 2 + 4 + 8 s, then every 15 s.
        assert_eq!(aws.count("DescribeInstances"), 5 + (3_600 - 15) / 15);
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_of_the_service_ends_it() {
        let refused = error("UnauthorizedOperation", "DescribeInstances", "You are not authorized");
        let aws = answering([state("pending"), refused]);
        let failure = wait().run(&aws).await.unwrap_err();
        assert_eq!(failure.stage, FailureStage::Invocation);
        assert!(failure.message.contains("(UnauthorizedOperation)"), "{}", failure.message);
        assert_eq!(aws.count("DescribeInstances"), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn throttled_and_lost_looks_are_looked_at_again() {
        let aws = answering([throttled("x"), lost("x"), state("running")]);
        wait().run(&aws).await.unwrap();
        assert_eq!(aws.count("DescribeInstances"), 3);

        let aws = answering([throttled("x")]);
        let failure = wait().throttling_retry(0).run(&aws).await.unwrap_err();
        assert_eq!(failure.kind, FailureType::Throttling);
    }

    #[tokio::test(start_paused = true)]
    async fn a_selector_that_is_none_fails_the_validation_of_inputs() {
        let inputs = json!({
            "Service": "ec2", "Api": "DescribeInstances",
            "PropertySelector": "$.A[?(@.b]", "DesiredValues": ["x"],
        });
        let aws = AwsDouble::default();
        let action = ActionKind::WaitForAwsResourceProperty;
        let failure = Attempt::new(action, inputs).run(&aws).await.unwrap_err();
        assert_eq!(failure.stage, FailureStage::InputValidation);
        assert!(aws.calls().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_restart_it_goes_on_looking() {
        let aws = answering([state("pending"), state("stopped")]);
        wait().resumed().run(&aws).await.unwrap();
        assert_eq!(aws.count("DescribeInstances"), 2);
    }
}
