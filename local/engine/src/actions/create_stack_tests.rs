//! `aws:createStack` against a CloudFormation in memory.

use runbook::ActionKind;
use serde_json::{Value, json};

use super::super::testing::{Answer, Attempt, AwsDouble, TOKEN, error, lost, throttled};
use super::super::{FailureStage, FailureType};

const ID: &str = "arn:aws:cloudformation:eu-west-1:111122223333:stack/web/1";

fn create(more: Value) -> Attempt {
    let inputs = json!({"StackName": "web", "TemplateBody": "{}"});
    Attempt::new(ActionKind::CreateStack, inputs).with(more)
}

fn stack(status: &str, reason: Option<&str>) -> Answer {
    let stack = json!({"StackId": ID, "StackStatus": status, "StackStatusReason": reason});
    Ok(json!({"Stacks": [stack]}))
}

fn created() -> Answer {
    Ok(json!({"StackId": ID}))
}

fn exists() -> Answer {
    error("AlreadyExistsException", "CreateStack", "Stack [web] already exists")
}

fn cloudformation(
    creates: impl IntoIterator<Item = Answer>,
    looks: impl IntoIterator<Item = Answer>,
) -> AwsDouble {
    AwsDouble::default().on("cloudformation", "CreateStack", creates).on(
        "cloudformation",
        "DescribeStacks",
        looks,
    )
}

fn events(token: Option<&str>) -> Answer {
    let event = token.map_or(json!({}), |token| json!({"ClientRequestToken": token}));
    Ok(json!({"StackEvents": [{}, event]}))
}

#[tokio::test(start_paused = true)]
async fn the_stack_is_given_back_when_it_is_complete() {
    let looks =
        [stack("CREATE_IN_PROGRESS", Some("User Initiated")), stack("CREATE_COMPLETE", None)];
    let aws = cloudformation([created()], looks);
    let done = create(json!({
        "Parameters": [
            {"ParameterKey": "Size", "ParameterValue": 3},
            {"ParameterKey": "Subnets", "ParameterValue": ["a", "b"]},
        ],
        "Capabilities": ["CAPABILITY_IAM"],
        "TimeoutInMinutes": "5",
        "OnFailure": "DELETE",
    }))
    .run(&aws)
    .await
    .unwrap();
    let told = json!({"StackId": ID, "StackStatus": "CREATE_COMPLETE", "StackStatusReason": ""});
    assert_eq!(done.outputs["OutputPayload"], told);
    assert_eq!(done.outputs["StackId"], ID);
    assert_eq!(
        aws.requests("CreateStack"),
        [json!({
            "StackName": "web",
            "TemplateBody": "{}",
            "Parameters": [
                {"ParameterKey": "Size", "ParameterValue": "3"},
                {"ParameterKey": "Subnets", "ParameterValue": "a,b"},
            ],
            "Capabilities": ["CAPABILITY_IAM"],
            "ClientRequestToken": TOKEN,
            "OnFailure": "DELETE",
            "TimeoutInMinutes": 5,
        })]
    );
    assert_eq!(
        aws.requests("DescribeStacks"),
        [json!({"StackName": ID}), json!({"StackName": ID})]
    );
}

#[tokio::test(start_paused = true)]
async fn whatever_becomes_of_a_stack_that_failed_the_step_fails_with_the_first_reason() {
    let missing = || error("ValidationError", "DescribeStacks", "Stack with id web does not exist");
    for (more, looks, status) in [
        (
            json!({"OnFailure": "DO_NOTHING"}),
            vec![stack("CREATE_FAILED", Some("no bucket"))],
            "CREATE_FAILED",
        ),
        (
            json!({"DisableRollback": true}),
            vec![stack("CREATE_FAILED", Some("no bucket"))],
            "CREATE_FAILED",
        ),
        (
            json!({"OnFailure": "ROLLBACK"}),
            vec![
                stack("ROLLBACK_IN_PROGRESS", Some("no bucket")),
                stack("ROLLBACK_COMPLETE", None),
            ],
            "ROLLBACK_COMPLETE",
        ),
        (
            json!({}),
            vec![
                stack("ROLLBACK_IN_PROGRESS", Some("no bucket")),
                stack("ROLLBACK_FAILED", Some("stuck")),
            ],
            "ROLLBACK_FAILED",
        ),
        (
            json!({"OnFailure": "DELETE"}),
            vec![stack("DELETE_IN_PROGRESS", Some("no bucket")), stack("DELETE_COMPLETE", None)],
            "DELETE_COMPLETE",
        ),
        (
            json!({"OnFailure": "DELETE"}),
            vec![stack("DELETE_IN_PROGRESS", Some("no bucket")), missing()],
            "DELETE_COMPLETE",
        ),
    ] {
        let aws = cloudformation([created()], looks);
        let failure = create(more.clone()).run(&aws).await.unwrap_err();
        assert_eq!(failure.kind, FailureType::Verification);
        let says = format!("entered unexpected state: {status}: no bucket. Please");
        assert!(failure.message.contains(&says), "{more}: {}", failure.message);
        assert_eq!(failure.outputs["StackStatus"], status);
        assert_eq!(failure.outputs["StackStatusReason"], "no bucket");
    }
}

#[tokio::test(start_paused = true)]
async fn inputs_that_exclude_each_other_or_are_too_large_create_nothing() {
    let tags: Vec<_> = (0..11).map(|n| json!({"Key": n.to_string(), "Value": "v"})).collect();
    for (more, says) in [
        (json!({"StackName": null}), "needs the input StackName"),
        (json!({"TemplateBody": null}), "one of the inputs TemplateBody and TemplateURL"),
        (json!({"TemplateURL": "https://x"}), "one of the inputs TemplateBody and TemplateURL"),
        (json!({"TemplateBody": "x".repeat(51_201)}), "at most 51200 bytes"),
        (json!({"OnFailure": "DELETE", "DisableRollback": false}), "OnFailure and DisableRollback"),
        (json!({"OnFailure": "EXPLODE"}), "must be one of DO_NOTHING, ROLLBACK, DELETE"),
        (json!({"Tags": tags}), "at most 10 items"),
        (json!({"NotificationARNs": ["1", "2", "3", "4", "5", "6"]}), "at most 5 items"),
        (
            json!({"Parameters": [{"ParameterKey": "k", "ParameterValue": {"a": 1}}]}),
            "ParameterValue must be a string",
        ),
    ] {
        let aws = AwsDouble::default();
        let failure = create(more).run(&aws).await.unwrap_err();
        assert_eq!(failure.stage, FailureStage::InputValidation);
        assert!(failure.message.contains(says), "{}", failure.message);
        assert!(aws.calls().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stack_of_that_name_that_is_somebody_elses_fails_it() {
    for (token, resumed) in [(Some("another"), false), (Some("another"), true), (None, false)] {
        let aws = cloudformation([exists()], [stack("CREATE_COMPLETE", None)]).on(
            "cloudformation",
            "DescribeStackEvents",
            [events(token)],
        );
        let attempt = create(json!({}));
        let attempt = if resumed { attempt.resumed() } else { attempt };
        let failure = attempt.run(&aws).await.unwrap_err();
        assert!(failure.message.contains("(AlreadyExistsException)"), "{}", failure.message);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stack_with_the_attempts_token_is_its_own_after_a_restart_or_a_lost_answer() {
    let looks = || [stack("CREATE_IN_PROGRESS", None), stack("CREATE_COMPLETE", None)];
    let aws = cloudformation([exists()], looks()).on(
        "cloudformation",
        "DescribeStackEvents",
        [events(Some(TOKEN))],
    );
    create(json!({})).resumed().run(&aws).await.unwrap();
    assert_eq!(aws.count("CreateStack"), 1);

    let aws = cloudformation([lost("x"), exists()], looks()).on(
        "cloudformation",
        "DescribeStackEvents",
        [events(Some(TOKEN))],
    );
    create(json!({})).run(&aws).await.unwrap();
    assert_eq!(aws.count("CreateStack"), 2);

    // An emulator whose events carry no tokens.
    let aws = cloudformation([exists()], looks()).on(
        "cloudformation",
        "DescribeStackEvents",
        [events(None)],
    );
    create(json!({})).resumed().run(&aws).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn refusals_fail_it_and_throttled_calls_are_repeated() {
    let refused =
        error("InsufficientCapabilitiesException", "CreateStack", "Requires capabilities");
    let aws = cloudformation([refused], [stack("CREATE_COMPLETE", None)]);
    let failure = create(json!({})).run(&aws).await.unwrap_err();
    assert_eq!(failure.stage, FailureStage::Invocation);
    assert!(failure.message.contains("(InsufficientCapabilitiesException)"), "{}", failure.message);

    let looks = [throttled("x"), stack("CREATE_COMPLETE", None)];
    let aws = cloudformation([throttled("x"), created()], looks);
    create(json!({})).run(&aws).await.unwrap();
    assert_eq!((aws.count("CreateStack"), aws.count("DescribeStacks")), (2, 2));
}
