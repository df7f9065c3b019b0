//! `aws:runCommand` against a Run Command in memory.

use runbook::ActionKind;
use serde_json::{Value, json};

use super::super::testing::{Answer, Attempt, AwsDouble, TOKEN, error, lost, throttled};
use super::super::{FailureStage, FailureType};

const ID: &str = "a81bd492-d75b-436d-befe-35c9a6187645";

fn run(more: Value) -> Attempt {
    let inputs = json!({
        "DocumentName": "AWS-RunShellScript",
        "InstanceIds": ["i-1"],
        "Parameters": {"commands": ["uptime"]},
    });
    Attempt::new(ActionKind::RunCommand, inputs).with(more)
}

fn sent() -> Answer {
    Ok(json!({"Command": {"CommandId": ID, "Status": "Pending"}}))
}

fn invocation(status: &str, code: i64, output: &str, errors: &str) -> Answer {
    Ok(json!({
        "CommandId": ID, "Status": status, "ResponseCode": code,
        "StandardOutputContent": output, "StandardErrorContent": errors,
    }))
}

fn unknown_yet() -> Answer {
    error("InvocationDoesNotExist", "GetCommandInvocation", "")
}

fn ssm(
    sends: impl IntoIterator<Item = Answer>,
    looks: impl IntoIterator<Item = Answer>,
) -> AwsDouble {
    AwsDouble::default().on("ssm", "SendCommand", sends).when(
        "ssm",
        "GetCommandInvocation",
        json!({"InstanceId": "i-1"}),
        looks,
    )
}

fn mark() -> String {
    format!("automation attempt {TOKEN}")
}

/// The outputs are those of a transcript of GetAutomationExecution of 2024.
#[tokio::test(start_paused = true)]
async fn on_one_node_the_output_is_given_back_when_it_has_ended() {
    let looks =
        [unknown_yet(), invocation("InProgress", -1, "", ""), invocation("Success", 0, "up\n", "")];
    let aws = ssm([sent()], looks);
    let done = run(json!({})).run(&aws).await.unwrap();
    assert_eq!(
        Value::Object(done.outputs),
        json!({
            "Status": "Success", "ResponseCode": 0, "Output": "up\n", "CommandId": ID,
            "OutputPayload": {
                "Status": "Success", "ResponseCode": 0, "Output": "up\n", "CommandId": ID,
            },
        })
    );
    assert_eq!(
        aws.requests("SendCommand"),
        [json!({
            "DocumentName": "AWS-RunShellScript", "InstanceIds": ["i-1"],
            "Parameters": {"commands": ["uptime"]}, "Comment": mark(),
        })]
    );
}

/// The sentence is that of a public transcript of Image Builder (2020).
#[tokio::test(start_paused = true)]
async fn a_command_that_fails_reads_as_aws_writes_it() {
    let errors = "failed to run commands: exit status 1";
    let aws = ssm([sent()], [invocation("Failed", 1, "", errors)]);
    let failure = run(json!({})).run(&aws).await.unwrap_err();
    assert_eq!(
        failure.message,
        "Step fails when it is verifying the command has completed. Command \
         a81bd492-d75b-436d-befe-35c9a6187645 returns unexpected invocation result: \n\
         {Status=[Failed], ResponseCode=[1], Output=[\n----------ERROR-------\n\
         failed to run commands: exit status 1], OutputPayload=[{\"Status\":\"Failed\",\
         \"ResponseCode\":1,\"Output\":\"\\n----------ERROR-------\\nfailed to run commands: exit \
         status 1\",\"CommandId\":\"a81bd492-d75b-436d-befe-35c9a6187645\"}], \
         CommandId=[a81bd492-d75b-436d-befe-35c9a6187645]}. Please refer to Automation Service \
         Troubleshooting Guide for more diagnosis details."
    );
    assert_eq!(failure.kind, FailureType::Verification);
    assert_eq!(failure.outputs["Status"], "Failed");
    assert_eq!(failure.outputs["CommandId"], ID);
}

#[tokio::test(start_paused = true)]
async fn time_outs_and_cancellations_of_the_command_fail_the_step() {
    for status in ["TimedOut", "Cancelled"] {
        let aws = ssm([sent()], [invocation(status, -1, "", "")]);
        let failure = run(json!({})).run(&aws).await.unwrap_err();
        assert!(failure.message.contains(&format!("{{Status=[{status}]")), "{}", failure.message);
    }
}

#[tokio::test(start_paused = true)]
async fn output_is_cut_at_2500_characters() {
    let aws = ssm([sent()], [invocation("Success", 0, &"x".repeat(9_000), "")]);
    let done = run(json!({})).run(&aws).await.unwrap();
    let output = done.outputs["Output"].as_str().unwrap();
    assert_eq!(output.len(), 2_500);
    assert!(output.ends_with("\n---Output truncated---"));
}

#[tokio::test(start_paused = true)]
async fn on_several_nodes_all_have_to_succeed_and_there_is_no_output() {
    let node = |id| json!({"InstanceId": id});
    let two = || json!({"InstanceIds": [["i-1", "i-2"]]});
    let aws = ssm([sent()], [invocation("Success", 0, "up", "")]).when(
        "ssm",
        "GetCommandInvocation",
        node("i-2"),
        [invocation("InProgress", -1, "", ""), invocation("Success", 0, "up", "")],
    );
    let done = run(two()).run(&aws).await.unwrap();
    assert_eq!(
        Value::Object(done.outputs),
        json!({
            "Status": "Success", "CommandId": ID,
            "OutputPayload": {"Status": "Success", "CommandId": ID},
        })
    );
    // A node that has ended is not looked at again.
    assert_eq!(aws.count("GetCommandInvocation"), 3);

    let aws = ssm([sent()], [invocation("Success", 0, "up", "")]).when(
        "ssm",
        "GetCommandInvocation",
        node("i-2"),
        [invocation("Failed", 1, "", "no")],
    );
    let failure = run(two()).run(&aws).await.unwrap_err();
    assert!(failure.message.contains("{Status=[Failed], OutputPayload="), "{}", failure.message);
}

#[tokio::test(start_paused = true)]
async fn with_targets_the_command_says_when_it_has_ended_and_how() {
    let command = |status: &str| Ok(json!({"Commands": [{"CommandId": ID, "Status": status}]}));
    let plugin = json!({"ResponseCode": 0, "Output": "up"});
    let node = json!({"Status": "Success", "CommandPlugins": [plugin]});
    for (nodes, output) in [(vec![node.clone()], Some("up")), (vec![node.clone(), node], None)] {
        let aws = AwsDouble::default()
            .on("ssm", "SendCommand", [sent()])
            .on(
                "ssm",
                "ListCommands",
                [Ok(json!({"Commands": []})), command("InProgress"), command("Success")],
            )
            .on("ssm", "ListCommandInvocations", [Ok(json!({"CommandInvocations": nodes}))]);
        let targets = json!([{"Key": "tag:Role", "Values": ["web"]}]);
        let inputs = json!({"InstanceIds": [], "Targets": targets, "MaxErrors": 1});
        let done = run(inputs).run(&aws).await.unwrap();
        assert_eq!(done.outputs.get("Output").and_then(Value::as_str), output);
        assert_eq!(aws.requests("SendCommand")[0]["Targets"], targets);
        assert_eq!(aws.requests("SendCommand")[0]["MaxErrors"], "1");
        assert_eq!(aws.requests("SendCommand")[0]["InstanceIds"], Value::Null);
        assert_eq!(aws.count("ListCommands"), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_document_of_several_steps_is_read_step_by_step() {
    let plugins = json!([
        {"ResponseCode": 0, "Output": "one\n"},
        {"ResponseCode": 3, "Output": "two\n"},
    ]);
    let list = json!({"CommandInvocations": [{"Status": "Failed", "CommandPlugins": plugins}]});
    let ambiguous = error("InvalidPluginName", "GetCommandInvocation", "");
    let aws = ssm([sent()], [ambiguous]).when(
        "ssm",
        "ListCommandInvocations",
        json!({"CommandId": ID, "InstanceId": "i-1", "Details": true}),
        [Ok(list)],
    );
    let failure = run(json!({})).run(&aws).await.unwrap_err();
    assert_eq!(failure.outputs["Output"], "one\ntwo\n");
    assert_eq!(failure.outputs["ResponseCode"], 3);
}

#[tokio::test(start_paused = true)]
async fn parameters_are_lists_of_texts_for_run_command() {
    let aws = ssm([sent()], [invocation("Success", 0, "", "")]);
    run(json!({"Parameters": {
        "commands": ["a", "", ["b", "c"]], "workingDirectory": "/tmp", "count": 3,
        "flag": true, "map": {"k": "v"}, "none": null, "empty": [],
    }}))
    .run(&aws)
    .await
    .unwrap();
    assert_eq!(
        aws.requests("SendCommand")[0]["Parameters"],
        json!({
            "commands": ["a", "", "b", "c"], "workingDirectory": ["/tmp"], "count": ["3"],
            "flag": ["true"], "map": ["{\"k\":\"v\"}"], "empty": [],
        })
    );
}

#[tokio::test(start_paused = true)]
async fn wrong_inputs_send_nothing() {
    let many: Vec<_> = (0..51).map(|n| format!("i-{n}")).collect();
    for (inputs, says) in [
        (json!({"DocumentName": null}), "needs the input DocumentName"),
        (json!({"InstanceIds": []}), "one of the inputs InstanceIds and Targets"),
        (json!({"Targets": [{"Key": "k", "Values": ["v"]}]}), "one of the inputs InstanceIds"),
        (json!({"InstanceIds": many}), "at most 50 items, but has 51"),
        (json!({"TimeoutSeconds": "soon"}), "an integer"),
    ] {
        let aws = AwsDouble::default();
        let failure = run(inputs).run(&aws).await.unwrap_err();
        assert_eq!(failure.stage, FailureStage::InputValidation);
        assert!(failure.message.contains(says), "{}", failure.message);
        assert!(aws.calls().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_without_an_agent_is_waited_for() {
    let not_yet = || error("InvalidInstanceId", "SendCommand", "Instances not in a valid state");
    let aws = ssm([not_yet(), not_yet(), sent()], [invocation("Success", 0, "", "")]);
    run(json!({})).run(&aws).await.unwrap();
    assert_eq!(aws.count("SendCommand"), 3);

    let aws = ssm([not_yet()], [invocation("Success", 0, "", "")]);
    let attempt = run(json!({}));
    assert!(attempt.runs_longer_than(&aws, 3_600).await);
    let waiting = attempt.waited_for().unwrap();
    assert_eq!(waiting.phrase, "verifying the SSM Agent availability on the target instance(s)");
    assert_eq!(waiting.error, "SSM Agent on Instances: [i-1] are not functioning");
}

#[tokio::test(start_paused = true)]
async fn of_several_nodes_those_without_an_agent_are_named() {
    let message = "Instances [[i-2]] not in a valid state for account 111122223333";
    let refused = error("InvalidInstanceId", "SendCommand", message);
    let aws = AwsDouble::default().on("ssm", "SendCommand", [refused]);
    let attempt = run(json!({"InstanceIds": ["i-1", "i-2", "i-3"]}));
    assert!(attempt.runs_longer_than(&aws, 60).await);
    let waiting = attempt.waited_for().unwrap();
    assert_eq!(waiting.error, "SSM Agent on Instances: [i-2] are not functioning");
}

#[tokio::test(start_paused = true)]
async fn once_the_command_is_sent_the_step_waits_for_its_end() {
    let not_yet = error("InvalidInstanceId", "SendCommand", "");
    let aws = ssm([not_yet, sent()], [invocation("InProgress", -1, "", "")]);
    let attempt = run(json!({}));
    assert!(attempt.runs_longer_than(&aws, 3_600).await);
    assert_eq!(attempt.waited_for(), None);
}

#[tokio::test(start_paused = true)]
async fn refusals_fail_it_throttled_calls_are_repeated_and_lost_ones_are_not() {
    let refused = error("InvalidDocument", "SendCommand", "Document does not exist");
    let aws = ssm([refused], [sent()]);
    let failure = run(json!({})).run(&aws).await.unwrap_err();
    assert!(failure.message.contains("(InvalidDocument)"), "{}", failure.message);

    let aws = ssm([throttled("x"), sent()], [throttled("x"), invocation("Success", 0, "", "")]);
    run(json!({})).run(&aws).await.unwrap();
    assert_eq!((aws.count("SendCommand"), aws.count("GetCommandInvocation")), (2, 2));

    let aws = ssm([lost("x"), sent()], [sent()]);
    let failure = run(json!({})).run(&aws).await.unwrap_err();
    assert_eq!(failure.kind, FailureType::Internal);
    assert_eq!(aws.count("SendCommand"), 1);
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_the_command_is_found_by_its_comment() {
    let command = |comment: &str| json!({"CommandId": ID, "Comment": comment});
    let pages = [
        Ok(json!({"Commands": [command("another")], "NextToken": "more"})),
        Ok(json!({"Commands": [command(&mark())]})),
    ];
    let aws = ssm([sent()], [invocation("Success", 0, "", "")]).on("ssm", "ListCommands", pages);
    run(json!({})).resumed().run(&aws).await.unwrap();
    assert_eq!((aws.count("SendCommand"), aws.count("ListCommands")), (0, 2));

    let none = Ok(json!({"Commands": []}));
    let aws = ssm([sent()], [invocation("Success", 0, "", "")]).on("ssm", "ListCommands", [none]);
    run(json!({})).resumed().run(&aws).await.unwrap();
    assert_eq!(aws.count("SendCommand"), 1);

    let aws = AwsDouble::default();
    let failure = run(json!({"Comment": "mine"})).resumed().run(&aws).await.unwrap_err();
    assert!(failure.message.contains("Interrupted"), "{}", failure.message);
    assert!(aws.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn cancelling_cancels_the_command_if_it_can_be_found() {
    let command = json!({"CommandId": ID, "Comment": mark()});
    let aws = AwsDouble::default()
        .on("ssm", "ListCommands", [Ok(json!({"Commands": [command]}))])
        .on("ssm", "CancelCommand", [Ok(json!({}))]);
    run(json!({})).cancel(&aws).await;
    assert_eq!(aws.requests("CancelCommand"), [json!({"CommandId": ID})]);

    let aws = AwsDouble::default();
    run(json!({"Comment": "mine"})).cancel(&aws).await;
    assert!(aws.calls().is_empty());
}
