//! `aws:createTags`: tags EC2 resources, or one resource of Systems Manager.

use serde_json::{Map, Value, json};

use super::failure::phrase;
use super::inputs::{self, Inputs};
use super::request::Lost;
use super::{Call, Done, Failure, outputs};

struct Step {
    resources: Vec<String>,
    kind: Option<String>,
    tags: Vec<Value>,
    others: Map<String, Value>,
}

impl Step {
    fn read(call: &Call<'_>) -> Result<Self, Failure> {
        let inputs = Inputs::of(call)?;
        let kinds = ["EC2", "ManagedInstance", "MaintenanceWindow", "Parameter"];
        let kind = inputs.one_of("ResourceType", &kinds)?.filter(|kind| kind != "EC2");
        let resources = inputs.some_texts("ResourceIds")?;
        if let (Some(kind), true) = (&kind, resources.len() > 1) {
            let error = format!("With the ResourceType {kind}, ResourceIds has one item");
            return Err(Failure::input(&error));
        }
        let tags = tags(&inputs.raw("Tags"))?;
        Ok(Self { resources, kind, tags, others: inputs.others() })
    }
}

/// `[{Key, Value}]`, values as text; a tag without a value has an empty one.
fn tags(given: &Value) -> Result<Vec<Value>, Failure> {
    let unfit =
        || Failure::input(&format!("Input Tags must be a list of Key and Value, but is {given}"));
    let tag = |tag: &Value| -> Option<Value> {
        let value = match &tag["Value"] {
            Value::Null => String::new(),
            value => inputs::text(value)?,
        };
        Some(json!({"Key": inputs::text(&tag["Key"])?, "Value": value}))
    };
    let tags = given.as_array().ok_or_else(unfit)?;
    tags.iter()
        .map(tag)
        .collect::<Option<Vec<_>>>()
        .filter(|tags| !tags.is_empty())
        .ok_or_else(unfit)
}

/// Tags; doing it twice does what once does.
pub(super) async fn run(call: &Call<'_>) -> Result<Done, Failure> {
    let Step { resources, kind, tags, others: mut all } = Step::read(call)?;
    let (service, api, parameters) = match kind {
        None => ("ec2", "CreateTags", json!({"Resources": resources, "Tags": tags})),
        Some(kind) => (
            "ssm",
            "AddTagsToResource",
            json!({"ResourceType": kind, "ResourceId": resources[0], "Tags": tags}),
        ),
    };
    all.extend(outputs::map(parameters));
    call.request(service, api, Value::Object(all), Lost::Repeat)
        .await
        .map_err(|error| Failure::api(phrase::EXECUTE, &error))?;
    Ok(Done::default())
}

#[cfg(test)]
mod tests {
    use runbook::ActionKind;

    use super::super::FailureStage;
    use super::super::testing::{Attempt, AwsDouble, error, lost, throttled};
    use super::*;

    fn tag(kind: Option<&str>, resources: Value) -> Attempt {
        let inputs = json!({
            "ResourceType": kind,
            "Tags": [{"Key": "Name", "Value": "web"}, {"Key": "Size", "Value": 3}, {"Key": "Bare"}],
        });
        Attempt::new(ActionKind::CreateTags, inputs).input("ResourceIds", resources)
    }

    fn tags() -> Value {
        json!([
            {"Key": "Name", "Value": "web"},
            {"Key": "Size", "Value": "3"},
            {"Key": "Bare", "Value": ""},
        ])
    }

    #[tokio::test(start_paused = true)]
    async fn ec2_resources_are_tagged_together() {
        for kind in [None, Some("EC2")] {
            let aws = AwsDouble::default().on("ec2", "CreateTags", [Ok(json!({}))]);
            let done = tag(kind, json!(["i-1", ["ami-1"]])).run(&aws).await.unwrap();
            assert_eq!(done, Done::default());
            assert_eq!(
                aws.requests("CreateTags"),
                [json!({"Resources": ["i-1", "ami-1"], "Tags": tags()})]
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_resource_of_systems_manager_is_tagged_there() {
        for kind in ["ManagedInstance", "MaintenanceWindow", "Parameter"] {
            let aws = AwsDouble::default().on("ssm", "AddTagsToResource", [Ok(json!({}))]);
            tag(Some(kind), json!(["r-1"])).run(&aws).await.unwrap();
            assert_eq!(
                aws.requests("AddTagsToResource"),
                [json!({"ResourceType": kind, "ResourceId": "r-1", "Tags": tags()})]
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn wrong_inputs_tag_nothing() {
        let one = json!([{"Key": "a", "Value": "b"}]);
        for (inputs, says) in [
            (json!({"Tags": one}), "needs the input ResourceIds"),
            (json!({"ResourceIds": ["i-1"]}), "needs the input Tags"),
            (json!({"ResourceIds": ["i-1"], "Tags": [{"Value": "b"}]}), "a list of Key and Value"),
            (json!({"ResourceIds": ["i-1"], "Tags": []}), "a list of Key and Value"),
            (
                json!({"ResourceIds": ["i-1"], "Tags": one, "ResourceType": "Bucket"}),
                "must be one of EC2",
            ),
            (
                json!({"ResourceIds": ["a", "b"], "Tags": one, "ResourceType": "Parameter"}),
                "ResourceIds has one item",
            ),
        ] {
            let aws = AwsDouble::default();
            let failure = Attempt::new(ActionKind::CreateTags, inputs).run(&aws).await.unwrap_err();
            assert_eq!(failure.stage, FailureStage::InputValidation);
            assert!(failure.message.contains(says), "{}", failure.message);
            assert!(aws.calls().is_empty());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_fail_it_and_repeats_do_no_more() {
        let refused = error("TagLimitExceeded", "CreateTags", "Too many");
        let aws = AwsDouble::default().on("ec2", "CreateTags", [refused]);
        let failure = tag(None, json!(["i-1"])).run(&aws).await.unwrap_err();
        assert!(failure.message.contains("(TagLimitExceeded)"), "{}", failure.message);

        let answers = [throttled("x"), lost("x"), Ok(json!({}))];
        let aws = AwsDouble::default().on("ec2", "CreateTags", answers);
        tag(None, json!(["i-1"])).resumed().run(&aws).await.unwrap();
        assert_eq!(aws.count("CreateTags"), 3);
    }
}
