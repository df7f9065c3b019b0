//! `aws:deleteStack`: deletes a CloudFormation stack and waits until it is gone.

use serde_json::{Value, json};

use super::failure::phrase;
use super::inputs::{self, Inputs};
use super::request::Lost;
use super::{Call, Done, Failure, stacks};

/// A stack whose earlier deletion failed may be shown as it was for so many looks.
const STALE_LOOKS: u32 = 3;

struct Step {
    name: String,
    parameters: Value,
}

impl Step {
    fn read(call: &Call<'_>) -> Result<Self, Failure> {
        let inputs = Inputs::of(call)?;
        let name = inputs.text("StackName")?;
        let mut retained = inputs.texts("RetainResources")?;
        for value in inputs.numbered("RetainResources.member.") {
            inputs::flatten(value, &mut retained)
                .ok_or_else(|| Failure::input("A resource to retain must be a string"))?;
        }
        let token =
            inputs.optional("ClientRequestToken")?.unwrap_or_else(|| call.token.to_string());
        let parameters = inputs.with_others(json!({
            "StackName": name,
            "RetainResources": Some(retained).filter(|retained| !retained.is_empty()),
            "RoleARN": inputs.optional("RoleARN")?,
            "ClientRequestToken": token,
        }));
        Ok(Self { name, parameters })
    }
}

/// Deletes the stack and waits. A stack that is not there is deleted, as it is for CloudFormation;
/// so a repeat does no more than the first try.
pub(super) async fn run(call: &Call<'_>) -> Result<Done, Failure> {
    let Step { name, parameters } = Step::read(call)?;
    let refused = |error| Failure::api(phrase::EXECUTE, &error);
    let Some(before) = stacks::find(call, &name).await.map_err(refused)? else {
        return Ok(Done::default());
    };
    if before.status != "DELETE_IN_PROGRESS" {
        call.request("cloudformation", "DeleteStack", parameters, Lost::Repeat)
            .await
            .map_err(refused)?;
    }
    // The name means nothing once the stack is gone; another stack may even take it.
    let id = before.id;
    let mut stale = if before.status == "DELETE_FAILED" { STALE_LOOKS } else { 0 };
    let mut waits = call.waits();
    loop {
        let stack =
            stacks::find(call, &id).await.map_err(|error| Failure::api(phrase::POLL, &error))?;
        match stack {
            None => return Ok(Done::default()),
            Some(stack) if stack.status == "DELETE_COMPLETE" => return Ok(Done::default()),
            Some(stack) if stack.status == "DELETE_FAILED" && stale == 0 => {
                let error =
                    format!("Stack {id} entered unexpected state: DELETE_FAILED: {}", stack.reason);
                return Err(Failure::unverified(phrase::POLL, &error));
            }
            Some(stack) => {
                let goes_on = stack.status == "DELETE_IN_PROGRESS";
                stale = if goes_on { 0 } else { stale.saturating_sub(1) };
            }
        }
        waits.pause().await;
    }
}

#[cfg(test)]
mod tests {
    use runbook::ActionKind;

    use super::super::testing::{Answer, Attempt, AwsDouble, TOKEN, error, lost, throttled};
    use super::super::{FailureStage, FailureType};
    use super::*;

    const ID: &str = "arn:aws:cloudformation:eu-west-1:111122223333:stack/web/1";

    fn delete(more: Value) -> Attempt {
        let inputs = json!({"StackName": "web"});
        Attempt::new(ActionKind::DeleteStack, inputs).with(more)
    }

    fn stack(status: &str) -> Answer {
        let stack = json!({"StackId": ID, "StackStatus": status, "StackStatusReason": "in use"});
        Ok(json!({"Stacks": [stack]}))
    }

    fn missing() -> Answer {
        error("ValidationError", "DescribeStacks", "Stack with id web does not exist")
    }

    fn cloudformation(before: Answer, after: impl IntoIterator<Item = Answer>) -> AwsDouble {
        AwsDouble::default()
            .on("cloudformation", "DeleteStack", [Ok(json!({}))])
            .when("cloudformation", "DescribeStacks", json!({"StackName": "web"}), [before])
            .when("cloudformation", "DescribeStacks", json!({"StackName": ID}), after)
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_when_the_stack_is_gone() {
        for last in [stack("DELETE_COMPLETE"), missing()] {
            let after = [stack("CREATE_COMPLETE"), stack("DELETE_IN_PROGRESS"), last];
            let aws = cloudformation(stack("CREATE_COMPLETE"), after);
            let inputs = json!({
                "RetainResources.member.1": "Bucket", "RetainResources.member.2": "Table",
                "RoleARN": "arn:aws:iam::111122223333:role/r",
            });
            assert_eq!(delete(inputs).run(&aws).await.unwrap(), Done::default());
            assert_eq!(
                aws.requests("DeleteStack"),
                [json!({
                    "StackName": "web", "RetainResources": ["Bucket", "Table"],
                    "RoleARN": "arn:aws:iam::111122223333:role/r", "ClientRequestToken": TOKEN,
                })]
            );
            assert_eq!(aws.count("DescribeStacks"), 4);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stack_that_is_not_there_is_deleted() {
        let aws = cloudformation(missing(), [missing()]);
        delete(json!({})).run(&aws).await.unwrap();
        assert_eq!(aws.count("DeleteStack"), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_deletion_that_fails_says_why() {
        let after = [stack("DELETE_IN_PROGRESS"), stack("DELETE_FAILED")];
        let aws = cloudformation(stack("CREATE_COMPLETE"), after);
        let failure = delete(json!({})).run(&aws).await.unwrap_err();
        assert_eq!(failure.kind, FailureType::Verification);
        assert!(failure.message.contains("DELETE_FAILED: in use. Please"), "{}", failure.message);
    }

    #[tokio::test(start_paused = true)]
    async fn an_earlier_failed_deletion_is_not_taken_for_this_one() {
        let after = [stack("DELETE_FAILED"), stack("DELETE_IN_PROGRESS"), missing()];
        let aws = cloudformation(stack("DELETE_FAILED"), after);
        delete(json!({})).run(&aws).await.unwrap();

        let aws = cloudformation(stack("DELETE_FAILED"), [stack("DELETE_FAILED")]);
        let failure = delete(json!({})).run(&aws).await.unwrap_err();
        assert!(failure.message.contains("DELETE_FAILED"), "{}", failure.message);
        assert_eq!(aws.count("DescribeStacks"), 1 + 4);
    }

    #[tokio::test(start_paused = true)]
    async fn wrong_inputs_and_refusals_fail_it() {
        let aws = AwsDouble::default();
        let inputs = json!({"RetainResources": {"a": "b"}});
        let failure = delete(inputs).run(&aws).await.unwrap_err();
        assert_eq!(failure.stage, FailureStage::InputValidation);
        assert!(aws.calls().is_empty());

        let refused = error("ValidationError", "DeleteStack", "Stack [web] is protected");
        let aws = AwsDouble::default()
            .on("cloudformation", "DescribeStacks", [stack("CREATE_COMPLETE")])
            .on("cloudformation", "DeleteStack", [refused]);
        let failure = delete(json!({})).run(&aws).await.unwrap_err();
        assert!(failure.message.contains("calling the DeleteStack"), "{}", failure.message);
    }

    #[tokio::test(start_paused = true)]
    async fn repeats_do_no_more_than_the_first_try() {
        let aws = AwsDouble::default()
            .on(
                "cloudformation",
                "DescribeStacks",
                [throttled("x"), stack("CREATE_COMPLETE"), missing()],
            )
            .on("cloudformation", "DeleteStack", [throttled("x"), lost("x"), Ok(json!({}))]);
        delete(json!({})).run(&aws).await.unwrap();
        assert_eq!(aws.count("DeleteStack"), 3);

        let aws = cloudformation(stack("DELETE_IN_PROGRESS"), [missing()]);
        delete(json!({})).resumed().run(&aws).await.unwrap();
        assert_eq!(aws.count("DeleteStack"), 0);
    }
}
