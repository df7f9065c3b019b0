//! `aws:runInstances`: launches instances and waits until they can be used.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::failure::phrase;
use super::inputs::Inputs;
use super::instances::{self, Instance};
use super::request::Lost;
use super::{Call, Done, Failure, outputs};
use crate::ports::ApiError;

/// The inputs, as parameters of RunInstances.
struct Step {
    parameters: Value,
}

impl Step {
    fn read(call: &Call<'_>) -> Result<Self, Failure> {
        let inputs = Inputs::of(call)?;
        let least = inputs.integer("MinInstanceCount")?.unwrap_or(1);
        let profile = json!({
            "Name": inputs.optional("IamInstanceProfileName")?,
            "Arn": inputs.optional("IamInstanceProfileArn")?,
        });
        let security_groups = |name| -> Result<Option<Vec<String>>, Failure> {
            Ok(Some(inputs.texts(name)?).filter(|groups| !groups.is_empty()))
        };
        let user_data = inputs.optional("UserData")?.map(|data| decoded(&data)).transpose()?;
        let token = inputs.optional("ClientToken")?.unwrap_or_else(|| call.token.to_string());
        let parameters = inputs.with_others(json!({
            "ImageId": inputs.text("ImageId")?,
            "InstanceType": inputs.optional("InstanceType")?.unwrap_or_else(|| "m1.small".into()),
            "MinCount": least,
            "MaxCount": inputs.integer("MaxInstanceCount")?.unwrap_or(least.max(1)),
            "ClientToken": token,
            "IamInstanceProfile": without_nulls(profile),
            "Monitoring": inputs.flag("Monitoring")?.map(|enabled| json!({"Enabled": enabled})),
            "SecurityGroupIds": security_groups("SecurityGroupIds")?,
            "SecurityGroups": security_groups("SecurityGroups")?,
            "UserData": user_data,
            "DisableApiTermination": inputs.flag("DisableApiTermination")?,
            "EbsOptimized": inputs.flag("EbsOptimized")?,
            "AdditionalInfo": inputs.optional("AdditionalInfo")?,
            "InstanceInitiatedShutdownBehavior": inputs.optional("InstanceInitiatedShutdownBehavior")?,
            "KernelId": inputs.optional("KernelId")?,
            "KeyName": inputs.optional("KeyName")?,
            "PrivateIpAddress": inputs.optional("PrivateIpAddress")?,
            "RamdiskId": inputs.optional("RamdiskId")?,
            "SubnetId": inputs.optional("SubnetId")?,
            "BlockDeviceMappings": inputs.raw("BlockDeviceMappings"),
            "MetadataOptions": inputs.raw("MetadataOptions"),
            "NetworkInterfaces": inputs.raw("NetworkInterfaces"),
            "Placement": inputs.raw("Placement"),
            "TagSpecifications": inputs.raw("TagSpecifications"),
        }));
        Ok(Self { parameters })
    }
}

/// Launches instances and waits until they run and pass both status checks. The attempt's token is
/// the call's, so a repeat finds the instances of the first try.
pub(super) async fn run(call: &Call<'_>) -> Result<Done, Failure> {
    let step = Step::read(call)?;
    let answer = call
        .request("ec2", "RunInstances", step.parameters, Lost::Repeat)
        .await
        .map_err(|error| refused(&error))?;
    let id = |instance: &Value| instance["InstanceId"].as_str().map(str::to_owned);
    let ids: Vec<_> = instances::items(&answer, "Instances").filter_map(id).collect();
    let told = |states: &[String]| json!({"InstanceIds": ids, "InstanceStates": states});

    let mut waits = call.waits();
    loop {
        let found = match instances::look(call, &ids).await {
            // EC2 may not know its own instances for some seconds.
            Err(error) if instances::unknown(&error) => Vec::new(),
            other => other.map_err(|error| Failure::api(phrase::LAUNCHED, &error))?,
        };
        let states: Vec<_> = found.iter().map(|instance| instance.state.clone()).collect();
        if let Some(Instance { id, state }) = found.iter().find(|instance| is_lost(instance)) {
            let error = format!("Instance {id} entered unexpected state: {state}");
            return Err(Failure::unverified(phrase::LAUNCHED, &error)
                .with_outputs(outputs::map(told(&states))));
        }
        let all_run = found.len() == ids.len() && states.iter().all(|state| state == "running");
        if all_run
            && instances::healthy(call, &ids)
                .await
                .map_err(|error| Failure::api(phrase::LAUNCHED, &error))?
        {
            return outputs::fixed(call, told(&states));
        }
        waits.pause().await;
    }
}

fn is_lost(instance: &Instance) -> bool {
    ["shutting-down", "terminated", "stopping", "stopped"].contains(&instance.state.as_str())
}

/// As AWS's troubleshooting guide has it.
fn refused(error: &ApiError) -> Failure {
    let message = format!(
        "Get Exception from RunInstances API of ec2 Service. Exception Message from RunInstances \
         API: [{}]",
        error.message
    );
    Failure::api(phrase::LAUNCH, &ApiError { message, ..error.clone() })
}

/// User data is Base64 in a runbook, and plain for botocore, which encodes it.
fn decoded(data: &str) -> Result<String, Failure> {
    let Ok(bytes) = STANDARD.decode(data.trim()) else {
        return Ok(data.to_owned());
    };
    String::from_utf8(bytes)
        .map_err(|_| Failure::input("Input UserData must be the Base64 of a text in UTF-8"))
}

fn without_nulls(value: Value) -> Value {
    let mut members = outputs::map(value);
    members.retain(|_, value| !value.is_null());
    if members.is_empty() { Value::Null } else { Value::Object(members) }
}

#[cfg(test)]
mod tests {
    use runbook::ActionKind;

    use super::super::testing::{Answer, Attempt, AwsDouble, TOKEN, error, lost, throttled};
    use super::super::{FailureStage, FailureType};
    use super::*;

    fn launch(more: Value) -> Attempt {
        let inputs = json!({"ImageId": "ami-1"});
        Attempt::new(ActionKind::RunInstances, inputs).with(more)
    }

    fn launched() -> Answer {
        Ok(json!({"Instances": [{"InstanceId": "i-1", "State": {"Name": "pending"}}]}))
    }

    fn state(state: &str) -> Answer {
        let instance = json!({"InstanceId": "i-1", "State": {"Name": state}});
        Ok(json!({"Reservations": [{"Instances": [instance]}]}))
    }

    fn check(check: &str) -> Answer {
        let ok = json!({"Status": "ok"});
        let status = json!({"InstanceStatus": {"Status": check}, "SystemStatus": ok});
        Ok(json!({"InstanceStatuses": [status]}))
    }

    fn ec2(looks: impl IntoIterator<Item = Answer>) -> AwsDouble {
        AwsDouble::default()
            .on("ec2", "RunInstances", [launched()])
            .on("ec2", "DescribeInstances", looks)
            .on("ec2", "DescribeInstanceStatus", [check("initializing"), check("ok")])
    }

    #[tokio::test(start_paused = true)]
    async fn instances_are_launched_and_given_back_when_they_can_be_used() {
        let not_yet = error("InvalidInstanceID.NotFound", "DescribeInstances", "No such id");
        let aws = ec2([not_yet, state("pending"), state("running")]);
        let done = launch(json!({})).run(&aws).await.unwrap();
        assert_eq!(
            Value::Object(done.outputs),
            json!({
                "InstanceIds": ["i-1"],
                "InstanceStates": ["running"],
                "OutputPayload": {"InstanceIds": ["i-1"], "InstanceStates": ["running"]},
            })
        );
        assert_eq!(
            aws.requests("RunInstances"),
            [json!({
                "ImageId": "ami-1", "InstanceType": "m1.small", "MinCount": 1, "MaxCount": 1,
                "ClientToken": TOKEN,
            })]
        );
        assert_eq!(aws.count("DescribeInstanceStatus"), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn inputs_become_the_parameters_of_the_api_and_empty_ones_are_left_out() {
        let aws = ec2([state("running")]);
        launch(json!({
            "InstanceType": "t3.micro", "MinInstanceCount": "2", "MaxInstanceCount": 3,
            "IamInstanceProfileName": "profile", "Monitoring": true, "KeyName": "",
            "SecurityGroupIds": [["sg-1", "sg-2"]], "SecurityGroups": [], "SubnetId": "subnet-1",
            "UserData": "IyEvYmluL3NoCmVjaG8gaGkK", "ClientToken": "mine",
            "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}],
            "MetadataOptions": {"HttpTokens": "required"}, "CreditSpecification": {"CpuCredits": "standard"},
        }))
        .run(&aws)
        .await
        .unwrap();
        assert_eq!(
            aws.requests("RunInstances"),
            [json!({
                "ImageId": "ami-1", "InstanceType": "t3.micro", "MinCount": 2, "MaxCount": 3,
                "ClientToken": "mine", "IamInstanceProfile": {"Name": "profile"},
                "Monitoring": {"Enabled": true}, "SecurityGroupIds": ["sg-1", "sg-2"],
                "UserData": "#!/bin/sh\necho hi\n", "SubnetId": "subnet-1",
                "MetadataOptions": {"HttpTokens": "required"},
                "CreditSpecification": {"CpuCredits": "standard"},
                "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}],
            })]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_launch_reads_as_in_awss_troubleshooting_guide() {
        let refused =
            error("InvalidKeyPair.NotFound", "RunInstances", "The key pair 'k' does not exist");
        let aws = AwsDouble::default().on("ec2", "RunInstances", [refused]);
        let failure = launch(json!({})).run(&aws).await.unwrap_err();
        assert_eq!(
            failure.message,
            "Step fails when it is launching the instance(s). Get Exception from RunInstances API \
             of ec2 Service. Exception Message from RunInstances API: [An error occurred \
             (InvalidKeyPair.NotFound) when calling the RunInstances operation: The key pair 'k' \
             does not exist]. Please refer to Automation Service Troubleshooting Guide for more \
             diagnosis details."
        );
        assert_eq!(failure.stage, FailureStage::Invocation);
    }

    #[tokio::test(start_paused = true)]
    async fn an_instance_that_shuts_down_ends_the_wait_and_is_named() {
        let aws = ec2([state("pending"), state("shutting-down")]);
        let failure = launch(json!({})).run(&aws).await.unwrap_err();
        assert_eq!(
            failure.message,
            "Step fails when it is verifying launched instance(s) are ready to be used. Instance \
             i-1 entered unexpected state: shutting-down. Please refer to Automation Service \
             Troubleshooting Guide for more diagnosis details."
        );
        assert_eq!(failure.kind, FailureType::Verification);
        assert_eq!(failure.outputs["InstanceIds"], json!(["i-1"]));
    }

    #[tokio::test(start_paused = true)]
    async fn wrong_inputs_launch_nothing() {
        for (inputs, says) in [
            (json!({"ImageId": ""}), "needs the input ImageId"),
            (json!({"MinInstanceCount": "many"}), "an integer"),
            (json!({"UserData": "/w=="}), "UTF-8"),
        ] {
            let aws = AwsDouble::default();
            let failure = launch(inputs).run(&aws).await.unwrap_err();
            assert_eq!(failure.stage, FailureStage::InputValidation);
            assert!(failure.message.contains(says), "{}", failure.message);
            assert!(aws.calls().is_empty());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn repeats_carry_the_token_of_the_first_try() {
        let aws = AwsDouble::default()
            .on("ec2", "RunInstances", [throttled("x"), lost("x"), launched()])
            .on("ec2", "DescribeInstances", [state("running")])
            .on("ec2", "DescribeInstanceStatus", [check("ok")]);
        launch(json!({})).run(&aws).await.unwrap();
        launch(json!({})).resumed().run(&aws).await.unwrap();
        let requests = aws.requests("RunInstances");
        assert_eq!(requests.len(), 4);
        assert!(requests.iter().all(|request| request["ClientToken"] == TOKEN));
    }
}
