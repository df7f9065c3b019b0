//! `aws:executeScript` with scripts that end in every way.

use std::time::Duration;

use runbook::ActionKind;
use serde_json::{Value, json};

use super::super::testing::{ACCOUNT, Attempt, AwsDouble, EXECUTION, REGION, actor};
use super::super::{FailureStage, FailureType};
use super::*;

fn script(more: Value) -> Attempt {
    let inputs = json!({
        "Runtime": "python3.11",
        "Handler": "handler",
        "Script": "def handler(events, context):\n    return events\n",
    });
    Attempt::new(ActionKind::ExecuteScript, inputs).with(more)
}

fn returning(value: Value) -> ScriptRun {
    ScriptRun { result: Ok(value), log: String::new() }
}

fn failing(error: ScriptError) -> ScriptRun {
    ScriptRun { result: Err(error), log: "before\n\nat the end".into() }
}

async fn run(attempt: &Attempt) -> Result<Done, Failure> {
    let aws = AwsDouble::default();
    let done = attempt.run(&aws).await;
    assert!(aws.calls().is_empty());
    done
}

#[tokio::test(start_paused = true)]
async fn what_it_returns_is_the_payload_and_can_be_selected_from() {
    let attempt = script(json!({"InputPayload": {"id": "i-1", "n": 2}}))
        .script(ScriptRun {
            result: Ok(json!({"state": {"name": "ok"}, "ids": ["a", "b"], "n": 3})),
            log: "hello\n".into(),
        })
        .output("Name", "$.Payload.state.name", "String")
        .output("Ids", "$.Payload.ids", "StringList")
        .output("N", "$.Payload.n", "Integer");
    let done = run(&attempt).await.unwrap();
    let returned = json!({"state": {"name": "ok"}, "ids": ["a", "b"], "n": 3});
    assert_eq!(
        Value::Object(done.outputs),
        json!({
            "Payload": returned, "OutputPayload": {"Payload": returned},
            "Name": "ok", "Ids": ["a", "b"], "N": 3,
        })
    );
    assert_eq!(done.response.as_deref(), Some("hello\n"));
    assert_eq!(
        attempt.scripts(),
        [Script {
            runtime: "python3.11".into(),
            handler: "handler".into(),
            source: ScriptSource::Inline(
                "def handler(events, context):\n    return events\n".into()
            ),
            payload: json!({"id": "i-1", "n": 2}),
            timeout: Duration::from_secs(600),
            actor: actor(),
            account: ACCOUNT.into(),
            region: REGION.into(),
            execution_id: EXECUTION.into(),
        }]
    );
}

#[tokio::test(start_paused = true)]
async fn no_script_has_more_than_600_seconds_and_one_may_have_less() {
    for (given, expected) in [(3_600, 600), (60, 60)] {
        let attempt = script(json!({})).timeout(given);
        run(&attempt).await.unwrap();
        assert_eq!(attempt.scripts()[0].timeout, Duration::from_secs(expected));
    }
}

/// The traceback is that of a public transcript (2021).
#[tokio::test(start_paused = true)]
async fn a_script_that_raises_fails_the_step_with_its_traceback() {
    let traceback = "Traceback (most recent call last):\n  File \"/tmp/customer_script.py\", line 4, \
                     in parse_event\n    my_control_id = event['expected_control_id']\n\n\
                     KeyError - 'expected_control_id'";
    let attempt = script(json!({})).script(failing(ScriptError::Raised(traceback.into())));
    let failure = run(&attempt).await.unwrap_err();
    assert_eq!(
        failure.message,
        format!(
            "Step fails when it is Poll action status for completion. {traceback}. Please refer to \
             Automation Service Troubleshooting Guide for more diagnosis details."
        )
    );
    assert_eq!(failure.details["Log"], ["before", "at the end"]);
    assert!(!failure.timed_out);
}

#[tokio::test(start_paused = true)]
async fn every_way_to_give_nothing_has_its_stage_and_type() {
    use FailureStage::{Invocation, PreVerification};
    for (error, stage, kind, says) in [
        (ScriptError::Raised("X - y".into()), Invocation, FailureType::Action, "X - y"),
        (ScriptError::Limit("512 MB".into()), Invocation, FailureType::Action, "512 MB"),
        (
            ScriptError::Unavailable("no pwsh".into()),
            PreVerification,
            FailureType::Action,
            "no pwsh",
        ),
        (
            ScriptError::Lost("killed".into()),
            Invocation,
            FailureType::Internal,
            "Interrupted: killed",
        ),
    ] {
        let failure = run(&script(json!({})).script(failing(error))).await.unwrap_err();
        assert_eq!((failure.stage, failure.kind, failure.timed_out), (stage, kind, false));
        assert!(failure.message.contains(says), "{}", failure.message);
    }
    let failure = run(&script(json!({})).script(failing(ScriptError::TimedOut))).await.unwrap_err();
    assert!(failure.timed_out);
    assert!(
        failure.message.starts_with("Step timed out while step is Poll"),
        "{}",
        failure.message
    );
}

#[tokio::test(start_paused = true)]
async fn a_list_is_given_back_to_its_hundredth_item() {
    let items: Vec<_> = (0..150).collect();
    let done = run(&script(json!({})).script(returning(json!(items)))).await.unwrap();
    assert_eq!(done.outputs["Payload"].as_array().unwrap().len(), 100);

    let attempt = script(json!({}))
        .script(returning(json!({"items": items.iter().map(i32::to_string).collect::<Vec<_>>()})))
        .output("Items", "$.Payload.items", "StringList");
    let done = run(&attempt).await.unwrap();
    assert_eq!(done.outputs["Items"].as_array().unwrap().len(), 100);
}

#[tokio::test(start_paused = true)]
async fn more_than_100_kilobytes_fail_the_verification() {
    let text = |bytes| returning(json!("x".repeat(bytes)));
    run(&script(json!({})).script(text(100 * 1024 - 2))).await.unwrap();
    let failure = run(&script(json!({})).script(text(100 * 1024 - 1))).await.unwrap_err();
    assert_eq!(failure.stage, FailureStage::PostVerification);
}

#[tokio::test(start_paused = true)]
async fn an_attachment_is_handed_over_with_its_name() {
    let inputs = json!({
        "Runtime": "python3.8", "Handler": "tool.handler", "Attachment": "tool.zip",
    });
    let attempt =
        Attempt::new(ActionKind::ExecuteScript, inputs).attachment("tool.zip", b"PK\x03\x04");
    run(&attempt).await.unwrap();
    let scripts = attempt.scripts();
    assert_eq!(scripts[0].handler, "tool.handler");
    assert_eq!(
        scripts[0].source,
        ScriptSource::Attachment { name: "tool.zip".into(), content: b"PK\x03\x04".to_vec() }
    );
    assert_eq!(scripts[0].payload, json!({}));
}

#[tokio::test(start_paused = true)]
async fn an_attachment_with_another_checksum_than_the_documents_never_runs() {
    // SHA-256 of "N = 1".
    let right = "26cbd3967d0e79448e3b5eef527e2290f9fd2c39267be55a78fee018db1354f1";
    let attached = |sha256: &str| {
        script(json!({"Attachment": "tool.py"}))
            .attachment("tool.py", b"N = 1")
            .file("tool.py", sha256)
    };
    attached(right).run(&AwsDouble::default()).await.unwrap();
    let attempt = attached(&"0".repeat(64));
    let failure = attempt.run(&AwsDouble::default()).await.unwrap_err();
    assert_eq!(failure.stage, FailureStage::InputValidation);
    assert!(
        failure.message.contains("checksum of the attachment tool.py is "),
        "{}",
        failure.message
    );
    assert!(attempt.scripts().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_script_is_handed_over_with_the_attachment_it_imports_from() {
    let attempt = script(json!({"Attachment": "tool.py"})).attachment("tool.py", b"N = 1");
    run(&attempt).await.unwrap();
    let scripts = attempt.scripts();
    assert_eq!(scripts[0].handler, "handler");
    assert_eq!(
        scripts[0].source,
        ScriptSource::Importing {
            text: "def handler(events, context):\n    return events\n".into(),
            name: "tool.py".into(),
            content: b"N = 1".to_vec(),
        }
    );
}

#[tokio::test(start_paused = true)]
async fn powershell_needs_no_handler() {
    let inputs = json!({"Runtime": "PowerShell 7.4", "Script": "'hi' | ConvertTo-Json"});
    let attempt = Attempt::new(ActionKind::ExecuteScript, inputs);
    run(&attempt).await.unwrap();
    assert_eq!(attempt.scripts()[0].runtime, "PowerShell 7.4");
}

#[tokio::test(start_paused = true)]
async fn wrong_inputs_run_nothing() {
    for (inputs, says) in [
        (json!({"Runtime": null}), "needs the input Runtime"),
        (json!({"Runtime": "ruby3.2"}), "Runtime is ruby3.2"),
        (json!({"Runtime": "python3.x"}), "Runtime is python3.x"),
        (json!({"Handler": ""}), "needs the input Handler"),
        (json!({"Script": ""}), "one of the inputs Script and Attachment"),
        (json!({"Attachment": "a.py"}), "no attachment of the name a.py"),
        (json!({"Attachment": "a.sh"}), "must name a .py or .zip file, not a.sh"),
        (
            json!({"Script": null, "Attachment": "a.sh", "Handler": "a.f"}),
            "must name a .py or .zip file, not a.sh",
        ),
        (
            json!({"Script": null, "Attachment": "a.py", "Runtime": "PowerShell 7.4"}),
            "must name a .zip file, not a.py",
        ),
        (json!({"Script": null, "Attachment": "a.py"}), "Handler is file.function"),
        (
            json!({"Script": null, "Attachment": "a.py", "Handler": "a.f"}),
            "no attachment of the name a.py",
        ),
    ] {
        let attempt = script(inputs);
        let failure = run(&attempt).await.unwrap_err();
        assert_eq!(failure.stage, FailureStage::InputValidation);
        assert!(failure.message.contains(says), "{}", failure.message);
        assert!(attempt.scripts().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_it_is_interrupted() {
    let attempt = script(json!({})).resumed();
    let failure = run(&attempt).await.unwrap_err();
    assert!(failure.message.contains("Interrupted"), "{}", failure.message);
    assert!(attempt.scripts().is_empty());
}
