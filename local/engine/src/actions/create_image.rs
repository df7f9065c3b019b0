//! `aws:createImage`: makes an AMI of an instance.

use serde_json::{Value, json};

use super::failure::phrase;
use super::inputs::Inputs;
use super::{Call, Done, Failure, images};

struct Step {
    name: String,
    parameters: Value,
}

impl Step {
    fn read(call: &Call<'_>) -> Result<Self, Failure> {
        let inputs = Inputs::of(call)?;
        let name = inputs.text("ImageName")?;
        let parameters = inputs.with_others(json!({
            "InstanceId": inputs.text("InstanceId")?,
            "Name": name,
            "Description": inputs.optional("ImageDescription")?,
            "NoReboot": inputs.flag("NoReboot")?,
            "BlockDeviceMappings": inputs.raw("BlockDeviceMappings"),
        }));
        Ok(Self { name, parameters })
    }
}

/// Makes the image and waits until it is available. CreateImage takes no token, but an account has
/// one image of a name: after a restart the image of this name is the earlier try's.
pub(super) async fn run(call: &Call<'_>) -> Result<Done, Failure> {
    let step = Step::read(call)?;
    let refused = |error| Failure::api(phrase::EXECUTE, &error);
    let made =
        if call.resumed { images::named(call, &step.name).await.map_err(refused)? } else { None };
    let id = match made {
        Some(id) => id,
        None => {
            let answer =
                call.write("ec2", "CreateImage", step.parameters).await.map_err(refused)?;
            answer["ImageId"].as_str().unwrap_or_default().to_owned()
        }
    };
    images::available(call, &id).await
}

#[cfg(test)]
mod tests {
    use runbook::ActionKind;

    use super::super::testing::{Answer, Attempt, AwsDouble, error, lost, throttled};
    use super::super::{FailureStage, FailureType};
    use super::*;

    fn create() -> Attempt {
        // AWS-UpdateLinuxAmi gives the list of one that runInstances gave.
        let inputs = json!({
            "InstanceId": ["i-1"], "ImageName": "nightly", "ImageDescription": "d", "NoReboot": false,
        });
        Attempt::new(ActionKind::CreateImage, inputs)
    }

    fn image(state: &str) -> Answer {
        Ok(json!({"Images": [{"ImageId": "ami-2", "Name": "nightly", "State": state}]}))
    }

    fn ec2(made: impl IntoIterator<Item = Answer>) -> AwsDouble {
        AwsDouble::default().on("ec2", "CreateImage", made).when(
            "ec2",
            "DescribeImages",
            json!({"ImageIds": ["ami-2"]}),
            [image("pending"), image("available")],
        )
    }

    fn made() -> Answer {
        Ok(json!({"ImageId": "ami-2"}))
    }

    /// The outputs are those of the example in AWS's reference of GetAutomationExecution.
    #[tokio::test(start_paused = true)]
    async fn the_image_is_given_back_when_it_is_available() {
        let aws = ec2([made()]);
        let done = create().run(&aws).await.unwrap();
        assert_eq!(
            Value::Object(done.outputs),
            json!({
                "ImageId": "ami-2", "ImageState": "available",
                "OutputPayload": {"ImageId": "ami-2", "ImageState": "available"},
            })
        );
        assert_eq!(
            aws.requests("CreateImage"),
            [
                json!({"InstanceId": "i-1", "Name": "nightly", "Description": "d", "NoReboot": false})
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_and_wrong_inputs_fail_it() {
        let refused = error("InvalidAMIName.Duplicate", "CreateImage", "nightly is already in use");
        let aws = ec2([refused]);
        let failure = create().run(&aws).await.unwrap_err();
        assert!(failure.message.contains("(InvalidAMIName.Duplicate)"), "{}", failure.message);
        assert_eq!(aws.count("CreateImage"), 1);

        let aws = AwsDouble::default();
        let inputs = json!({"InstanceId": ["i-1", "i-2"], "ImageName": "n"});
        let failure = Attempt::new(ActionKind::CreateImage, inputs).run(&aws).await.unwrap_err();
        assert_eq!(failure.stage, FailureStage::InputValidation);
        assert!(failure.message.contains("InstanceId must be a string"), "{}", failure.message);
        assert!(aws.calls().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_call_is_repeated_and_a_lost_one_is_not() {
        let aws = ec2([throttled("x"), made()]);
        create().run(&aws).await.unwrap();
        assert_eq!(aws.count("CreateImage"), 2);

        let aws = ec2([lost("x"), made()]);
        let failure = create().run(&aws).await.unwrap_err();
        assert_eq!(failure.kind, FailureType::Internal);
        assert_eq!(aws.count("CreateImage"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_restart_the_image_of_the_name_is_taken_for_the_earlier_attempts() {
        let by_name =
            json!({"Owners": ["self"], "Filters": [{"Name": "name", "Values": ["nightly"]}]});
        let aws = ec2([made()]).when("ec2", "DescribeImages", by_name.clone(), [image("pending")]);
        create().resumed().run(&aws).await.unwrap();
        assert_eq!(aws.count("CreateImage"), 0);

        let none = Ok(json!({"Images": []}));
        let aws = ec2([made()]).when("ec2", "DescribeImages", by_name, [none]);
        create().resumed().run(&aws).await.unwrap();
        assert_eq!(aws.count("CreateImage"), 1);
    }
}
