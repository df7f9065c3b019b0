//! `aws:deleteImage`: deregisters an AMI and deletes the snapshots it was made of.

use serde_json::{Value, json};

use super::failure::phrase;
use super::inputs::Inputs;
use super::instances::items;
use super::request::Lost;
use super::{Call, Done, Failure, images};
use crate::ports::ApiError;

struct Step {
    image: String,
    parameters: Value,
}

impl Step {
    fn read(call: &Call<'_>) -> Result<Self, Failure> {
        let inputs = Inputs::of(call)?;
        let image = inputs.text("ImageId")?;
        let parameters = inputs.with_others(json!({"ImageId": image}));
        Ok(Self { image, parameters })
    }
}

/// Deregisters the image, then deletes its snapshots. A repeat does what is missing: the snapshots
/// of an image that is gone already are found by their descriptions, in which EC2 names it.
pub(super) async fn run(call: &Call<'_>) -> Result<Done, Failure> {
    let step = Step::read(call)?;
    delete(call, step).await.map_err(|error| Failure::api(phrase::EXECUTE, &error))?;
    Ok(Done::default())
}

async fn delete(call: &Call<'_>, step: Step) -> Result<(), ApiError> {
    let Step { image: id, parameters } = step;
    let deregister = call.write("ec2", "DeregisterImage", parameters);
    let snapshots = match images::find(call, &id).await? {
        Some(image) => {
            deregister.await?;
            snapshots_of(&image)
        }
        None if call.resumed => snapshots_left_by(call, &id).await?,
        // AWS's own words for an image that is not there.
        None => {
            deregister.await?;
            Vec::new()
        }
    };
    for snapshot in snapshots {
        let parameters = json!({"SnapshotId": snapshot});
        match call.request("ec2", "DeleteSnapshot", parameters, Lost::Repeat).await {
            Err(error) if error.code != "InvalidSnapshot.NotFound" => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn snapshots_of(image: &Value) -> Vec<String> {
    let id = |mapping: &Value| mapping["Ebs"]["SnapshotId"].as_str().map(str::to_owned);
    items(image, "BlockDeviceMappings").filter_map(id).collect()
}

async fn snapshots_left_by(call: &Call<'_>, image: &str) -> Result<Vec<String>, ApiError> {
    let filter = json!({"Name": "description", "Values": [format!("*{image}*")]});
    let mut found = Vec::new();
    let mut next = Value::Null;
    loop {
        let parameters = json!({"OwnerIds": ["self"], "Filters": [filter], "NextToken": next});
        let answer = call.read("ec2", "DescribeSnapshots", parameters).await?;
        let left = items(&answer, "Snapshots")
            .filter(|snapshot| {
                made_for(snapshot["Description"].as_str().unwrap_or_default(), image)
            })
            .filter_map(|snapshot| snapshot["SnapshotId"].as_str().map(str::to_owned));
        found.extend(left);
        next = answer["NextToken"].clone();
        if next.as_str().unwrap_or_default().is_empty() {
            return Ok(found);
        }
    }
}

/// `Created by CreateImage(i-…) for ami-…`, `Copied for DestinationAmi ami-… from SourceAmi …`:
/// that an image is the source of a copy does not make the copy's snapshot its own.
fn made_for(description: &str, image: &str) -> bool {
    let mut words = description.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let names = word == "for" || word == "DestinationAmi";
        if names && words.peek() == Some(&image) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use runbook::ActionKind;

    use super::super::testing::{Answer, Attempt, AwsDouble, error, throttled};
    use super::super::{FailureStage, FailureType};
    use super::*;

    fn remove() -> Attempt {
        Attempt::new(ActionKind::DeleteImage, json!({"ImageId": "ami-1"}))
    }

    fn image() -> Answer {
        let mapping =
            |snapshot| json!({"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}});
        let mappings = [mapping("snap-1"), json!({"VirtualName": "ephemeral0"}), mapping("snap-2")];
        Ok(json!({"Images": [{"ImageId": "ami-1", "BlockDeviceMappings": mappings}]}))
    }

    fn gone() -> Answer {
        error("InvalidAMIID.NotFound", "DescribeImages", "The image id '[ami-1]' does not exist")
    }

    fn ec2(image: Answer) -> AwsDouble {
        AwsDouble::default()
            .on("ec2", "DescribeImages", [image])
            .on("ec2", "DeregisterImage", [Ok(json!({}))])
            .on("ec2", "DeleteSnapshot", [Ok(json!({}))])
    }

    #[tokio::test(start_paused = true)]
    async fn the_image_goes_first_and_its_snapshots_after_it() {
        let aws = ec2(image());
        let done = remove().run(&aws).await.unwrap();
        assert_eq!(done, Done::default());
        assert_eq!(
            aws.operations(),
            ["DescribeImages", "DeregisterImage", "DeleteSnapshot", "DeleteSnapshot"]
        );
        assert_eq!(
            aws.requests("DeleteSnapshot"),
            [json!({"SnapshotId": "snap-1"}), json!({"SnapshotId": "snap-2"})]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_image_that_is_not_there_is_an_error_in_awss_words() {
        let unknown = error("InvalidAMIID.NotFound", "DeregisterImage", "'ami-1' does not exist");
        let aws = AwsDouble::default().on("ec2", "DescribeImages", [gone()]).on(
            "ec2",
            "DeregisterImage",
            [unknown],
        );
        let failure = remove().run(&aws).await.unwrap_err();
        assert_eq!(failure.stage, FailureStage::Invocation);
        assert!(failure.message.contains("calling the DeregisterImage"), "{}", failure.message);
    }

    #[tokio::test(start_paused = true)]
    async fn a_snapshot_in_use_fails_it_and_one_that_is_gone_does_not() {
        let in_use = error("InvalidSnapshot.InUse", "DeleteSnapshot", "snap-1 is in use by ami-9");
        let aws = AwsDouble::default()
            .on("ec2", "DescribeImages", [image()])
            .on("ec2", "DeregisterImage", [Ok(json!({}))])
            .on("ec2", "DeleteSnapshot", [in_use]);
        let failure = remove().run(&aws).await.unwrap_err();
        assert!(failure.message.contains("(InvalidSnapshot.InUse)"), "{}", failure.message);

        let gone = error("InvalidSnapshot.NotFound", "DeleteSnapshot", "snap-1 does not exist");
        let aws = AwsDouble::default()
            .on("ec2", "DescribeImages", [image()])
            .on("ec2", "DeregisterImage", [Ok(json!({}))])
            .on("ec2", "DeleteSnapshot", [gone, Ok(json!({}))]);
        remove().run(&aws).await.unwrap();
        assert_eq!(aws.count("DeleteSnapshot"), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn throttled_calls_are_repeated_and_inputs_checked() {
        let aws = AwsDouble::default()
            .on("ec2", "DescribeImages", [throttled("x"), image()])
            .on("ec2", "DeregisterImage", [throttled("x"), Ok(json!({}))])
            .on("ec2", "DeleteSnapshot", [throttled("x"), Ok(json!({}))]);
        remove().run(&aws).await.unwrap();
        assert_eq!(aws.calls().len(), 7);

        let aws = AwsDouble::default().on("ec2", "DescribeImages", [throttled("x")]);
        let failure = remove().throttling_retry(0).run(&aws).await.unwrap_err();
        assert_eq!(failure.kind, FailureType::Throttling);

        let aws = AwsDouble::default();
        let failure = Attempt::new(ActionKind::DeleteImage, json!({})).run(&aws).await.unwrap_err();
        assert_eq!(failure.stage, FailureStage::InputValidation);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_restart_the_snapshots_of_an_image_that_is_gone_are_still_deleted() {
        let snapshot = |id, description| json!({"SnapshotId": id, "Description": description});
        let page = json!({
            "Snapshots": [
                snapshot("snap-1", "Created by CreateImage(i-1) for ami-1"),
                snapshot("snap-8", "Created by CreateImage(i-1) for ami-12"),
                snapshot("snap-9", "Copied for DestinationAmi ami-2 from SourceAmi ami-1 for SourceSnapshot snap-1."),
            ],
            "NextToken": "more",
        });
        let last = json!({"Snapshots": [
            snapshot("snap-2", "Copied for DestinationAmi ami-1 from SourceAmi ami-0 for SourceSnapshot snap-0."),
        ]});
        let aws = ec2(gone())
            .when("ec2", "DescribeSnapshots", json!({"NextToken": "more"}), [Ok(last)])
            .on("ec2", "DescribeSnapshots", [Ok(page)]);
        remove().resumed().run(&aws).await.unwrap();
        assert_eq!(aws.count("DeregisterImage"), 0);
        assert_eq!(
            aws.requests("DeleteSnapshot"),
            [json!({"SnapshotId": "snap-1"}), json!({"SnapshotId": "snap-2"})]
        );
    }
}
