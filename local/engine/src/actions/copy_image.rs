//! `aws:copyImage`: copies an AMI into the step's Region.

use serde_json::{Value, json};

use super::failure::phrase;
use super::inputs::Inputs;
use super::request::Lost;
use super::{Call, Done, Failure, images};

/// The inputs, as parameters of CopyImage.
struct Step {
    parameters: Value,
}

impl Step {
    fn read(call: &Call<'_>) -> Result<Self, Failure> {
        let inputs = Inputs::of(call)?;
        let token = inputs.optional("ClientToken")?.unwrap_or_else(|| call.token.to_string());
        Ok(Self {
            parameters: inputs.with_others(json!({
                "SourceRegion": inputs.text("SourceRegion")?,
                "SourceImageId": inputs.text("SourceImageId")?,
                "Name": inputs.text("ImageName")?,
                "Description": inputs.optional("ImageDescription")?,
                "Encrypted": inputs.flag("Encrypted")?,
                "KmsKeyId": inputs.optional("KmsKeyId")?,
                "ClientToken": token,
            })),
        })
    }
}

/// Copies and waits until the copy is available. The attempt's token is the call's.
pub(super) async fn run(call: &Call<'_>) -> Result<Done, Failure> {
    let step = Step::read(call)?;
    let answer = call
        .request("ec2", "CopyImage", step.parameters, Lost::Repeat)
        .await
        .map_err(|error| Failure::api(phrase::EXECUTE, &error))?;
    images::available(call, answer["ImageId"].as_str().unwrap_or_default()).await
}

#[cfg(test)]
mod tests {
    use runbook::ActionKind;

    use super::super::testing::{Answer, Attempt, AwsDouble, TOKEN, error, lost, throttled};
    use super::super::{FailureStage, FailureType};
    use super::*;

    fn copy(more: Value) -> Attempt {
        let inputs =
            json!({"SourceRegion": "us-east-1", "SourceImageId": "ami-1", "ImageName": "copy"});
        Attempt::new(ActionKind::CopyImage, inputs).with(more)
    }

    fn image(state: &str) -> Answer {
        Ok(
            json!({"Images": [{"ImageId": "ami-2", "State": state, "StateReason": {"Message": "no key"}}]}),
        )
    }

    fn ec2(looks: impl IntoIterator<Item = Answer>) -> AwsDouble {
        AwsDouble::default().on("ec2", "CopyImage", [Ok(json!({"ImageId": "ami-2"}))]).when(
            "ec2",
            "DescribeImages",
            json!({"ImageIds": ["ami-2"]}),
            looks,
        )
    }

    #[tokio::test(start_paused = true)]
    async fn the_copy_is_given_back_when_it_is_available() {
        let not_yet = error("InvalidAMIID.NotFound", "DescribeImages", "does not exist");
        let aws = ec2([not_yet, image("pending"), image("available")]);
        let done =
            copy(json!({"ImageDescription": "d", "Encrypted": "true", "KmsKeyId": "alias/k"}))
                .run(&aws)
                .await
                .unwrap();
        assert_eq!(
            Value::Object(done.outputs),
            json!({
                "ImageId": "ami-2", "ImageState": "available",
                "OutputPayload": {"ImageId": "ami-2", "ImageState": "available"},
            })
        );
        assert_eq!(
            aws.requests("CopyImage"),
            [json!({
                "SourceRegion": "us-east-1", "SourceImageId": "ami-1", "Name": "copy",
                "Description": "d", "Encrypted": true, "KmsKeyId": "alias/k", "ClientToken": TOKEN,
            })]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_copy_that_fails_says_why() {
        let failure = copy(json!({})).run(&ec2([image("failed")])).await.unwrap_err();
        assert_eq!(failure.kind, FailureType::Verification);
        let says = "Image ami-2 entered unexpected state: failed: no key. Please";
        assert!(failure.message.contains(says), "{}", failure.message);
        assert_eq!(failure.outputs["ImageState"], "failed");
    }

    #[tokio::test(start_paused = true)]
    async fn a_copy_that_never_appears_is_not_waited_for_for_ever() {
        let aws = ec2([Ok(json!({"Images": []}))]);
        let failure = copy(json!({})).run(&aws).await.unwrap_err();
        assert!(failure.message.contains("Image ami-2 does not exist"), "{}", failure.message);
        assert_eq!(aws.count("DescribeImages"), 11);
    }

    #[tokio::test(start_paused = true)]
    async fn wrong_inputs_copy_nothing_and_refusals_fail_it() {
        let aws = AwsDouble::default();
        let failure = copy(json!({"ImageName": null})).run(&aws).await.unwrap_err();
        assert_eq!(failure.stage, FailureStage::InputValidation);
        assert!(aws.calls().is_empty());

        let refused = error("InvalidAMIID.NotFound", "CopyImage", "ami-1 does not exist");
        let aws = AwsDouble::default().on("ec2", "CopyImage", [refused]);
        let failure = copy(json!({})).run(&aws).await.unwrap_err();
        assert_eq!(failure.stage, FailureStage::Invocation);
        assert!(failure.message.contains("calling the CopyImage operation"), "{}", failure.message);
    }

    #[tokio::test(start_paused = true)]
    async fn repeats_carry_the_token_of_the_first_try_or_the_runbooks_own() {
        let aws = AwsDouble::default()
            .on("ec2", "CopyImage", [throttled("x"), lost("x"), Ok(json!({"ImageId": "ami-2"}))])
            .on("ec2", "DescribeImages", [image("available")]);
        copy(json!({})).run(&aws).await.unwrap();
        copy(json!({})).resumed().run(&aws).await.unwrap();
        let tokens: Vec<_> = aws
            .requests("CopyImage")
            .iter()
            .map(|request| request["ClientToken"].clone())
            .collect();
        assert_eq!(tokens, [TOKEN; 4]);

        let aws = ec2([image("available")]);
        copy(json!({"ClientToken": "mine"})).run(&aws).await.unwrap();
        assert_eq!(aws.requests("CopyImage")[0]["ClientToken"], "mine");
    }
}
