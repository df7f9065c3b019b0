//! No secret of an input is in an outcome, whatever AWS says about it.

use serde_json::{Value, json};

use crate::{Evidence, Message, PublishOutcomeInput, decide};

const SECRET: &str = "hunter2-hunter2";
const ARN: &str = "arn:aws:states:us-east-1:111122223333:execution:run-automation:e";

/// Everything that is published about a request: the whole outcome, and the message in all its parts.
fn published(more: &Value) -> String {
    let mut request = json!({
        "execution": {"arn": ARN, "name": "e", "startTime": "2026-01-02T03:04:05Z"},
        "flow": "remediation",
        "input": {
            "ladder": [{"runbook": "Org-Rotate", "parameters": {
                "InstanceId": ["{resource}"], "DbPassword": [SECRET], "api_token": ["other-secret"],
            }}],
            "resources": ["i-0123456789abcdef0"], "account": "444455556666", "region": "eu-west-1",
        },
    });
    for (key, value) in more.as_object().unwrap() {
        request[key] = value.clone();
    }
    let request: PublishOutcomeInput = serde_json::from_value(request).unwrap();
    let verdict = decide(Evidence {
        request: &request,
        plan: None,
        details: &[],
        standing: None,
        drift: None,
        unlocked: None,
        at: "2026-01-02T03:14:05Z".parse().unwrap(),
        stored: None,
    });
    let outcome = verdict.outcome.unwrap();
    let Message { subject, body, json, attributes } = Message::render(&outcome);
    let whole = serde_json::to_string(&outcome).unwrap();
    format!("{whole}\n{subject}\n{body}\n{json}\n{attributes:?}")
}

fn run(more: &Value) -> Value {
    let mut run = json!({
        "rung": 1, "runbook": "Org-Rotate", "executionId": "333ba70b-2333-48db-b17e-a5e69c6f4d1c",
        "account": "444455556666", "region": "eu-west-1", "end": {"ran": "failed"},
    });
    for (key, value) in more.as_object().unwrap() {
        run[key] = value.clone();
    }
    json!({ "runs": [run] })
}

#[test]
fn a_secret_that_aws_or_a_script_repeats_is_hidden_wherever_it_would_be_published() {
    let said =
        format!("login failed: password {SECRET} and token other-secret on i-0123456789abcdef0");
    let problem = json!({"code": "InvalidInput", "where": SECRET, "what": said, "hint": said});
    let child = json!({
        "account": "444455556666", "region": "eu-west-1", "status": "Failed", "reason": said,
        "failedStep": said,
    });
    for more in [
        run(&json!({ "reason": said, "failedStep": said })),
        run(&json!({ "problems": [problem], "children": [child] })),
        json!({ "error": {"Error": "InvalidInput", "Cause": said} }),
        json!({ "flow": "run", "error": {"Error": "Unexpected",
                "Cause": json!({"errorMessage": said}).to_string()} }),
        // An input that no machine takes is an input all the same.
        json!({ "flow": "sharing", "input": {"parameters": {"Password": SECRET}, "token": ["other-secret"]},
                "error": {"Error": "InvalidInput", "Cause": said} }),
    ] {
        let text = published(&more);
        assert!(text.contains("password *** and token ***"), "{text}");
        assert!(!text.contains(SECRET) && !text.contains("other-secret"), "{text}");
        assert!(text.contains("i-0123456789abcdef0"), "what is not secret stays: {text}");
    }
}

#[test]
fn parameters_are_no_part_of_an_outcome() {
    let pending = json!({ "pending": {
        "rung": 1, "runbook": "Org-Rotate", "executionId": "333ba70b-2333-48db-b17e-a5e69c6f4d1c",
        "account": "444455556666", "region": "eu-west-1", "waitingFor": "approval",
    }});
    let succeeded = run(&json!({ "end": {"ran": "succeeded"}, "seen": "recovered" }));
    for more in [pending, succeeded, run(&json!({ "end": "notStarted", "executionId": null }))] {
        let text = published(&more);
        for part in [SECRET, "other-secret", "DbPassword"] {
            assert!(!text.contains(part), "{part} in {text}");
        }
    }
}
