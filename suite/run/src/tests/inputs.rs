//! The input of run-automation: who wrote it decides how it is read.

use relay_core::flow::Flow;

use super::*;

/// Reads an input as `start-automation` reads it first.
fn first_read(input: &Value) -> Result<RunAutomationInput, String> {
    let request = json!({
        "execution": {"arn": "arn:aws:states:us-east-1:111122223333:execution:run-automation:a",
                      "name": "a", "startTime": "2026-01-02T03:04:05Z"},
        "input": input, "rung": 0
    });
    let request: Result<StartAutomationInput, _> = serde_json::from_value(request);
    request.map(|request| request.input).map_err(|error| error.to_string())
}

#[test]
fn an_input_is_one_runbook_or_a_ladder_and_keeps_what_it_says() {
    let one = input(json!({"timeout": "2h", "destructive": true}));
    assert_eq!(one.ladder.len(), 1);
    assert_eq!(one.ladder[0].timeout.as_secs(), 7_200);
    assert_eq!(one.flow(), Flow::Run);
    assert_eq!(one.trigger.kind, relay_core::execution::TriggerKind::Manual);
    let again: RunAutomationInput =
        serde_json::from_value(serde_json::to_value(&one).unwrap()).unwrap();
    assert_eq!(again, one);
    let alarm = input(json!({
        "rule": {"name": "web", "rulesVersion": "sha256:1"},
        "alarm": {"arn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:cpu"}
    }));
    assert_eq!(alarm.flow(), Flow::Remediation);
    for (wrong, expected) in [
        (json!({}), "expected exactly one of `runbook`, `ladder`, found none. Add one of them."),
        (json!({"ladder": []}), "ladder: expected 1 to 10 entries, found none."),
        (
            json!({"runbook": "Org-A", "ladder": [{"runbook": "Org-B"}]}),
            "found `runbook`, `ladder`",
        ),
        (
            json!({"parameters": {"a": ["b"]}, "ladder": [{"runbook": "Org-B"}]}),
            "parameters: `parameters` belongs to a rung of `ladder`.",
        ),
        (json!({"runbook": "a b"}), "expected a runbook's name or ARN"),
        (json!({"runbook": "Org-A", "parametrs": {}}), "Did you mean `parameters`?"),
        (json!({"runbook": "Org-A", "account": 111122223333u64}), "Quote it: \"111122223333\"."),
    ] {
        let error = first_read(&wrong).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn what_a_person_wrote_has_no_unknown_fields_and_what_the_suite_wrote_may_be_of_a_later_version() {
    let alarm = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:cpu";
    for (input, path) in [
        (json!({"runbook": "Org-A"}), ""),
        (json!({"ladder": [{"runbook": "Org-A"}]}), "/ladder/0"),
        (json!({"runbook": "Org-A", "run": {"tags": {"a": "b"}}}), "/run"),
        (
            json!({"runbook": "Org-A", "run": {"targets": {"parameter": "a", "values": ["b"]}}}),
            "/run/targets",
        ),
        (json!({"runbook": "Org-A", "approval": {"approvers": ["a"]}}), "/approval"),
        (json!({"runbook": "Org-A", "alarm": {"arn": alarm}}), "/alarm"),
    ] {
        let with = |kind: &str, later: bool| {
            let mut input = input.clone();
            input["trigger"] = json!({"kind": kind});
            if later {
                input.pointer_mut(path).unwrap()["later"] = json!({"a": 1});
            }
            input
        };
        for kind in ["manual", "schedule", "association"] {
            let error = first_read(&with(kind, true)).unwrap_err();
            assert!(error.contains("unknown field `later`"), "{kind}: {error}");
        }
        for kind in ["alarm", "onboarding"] {
            let read = first_read(&with(kind, true)).unwrap();
            assert_eq!(read, first_read(&with(kind, false)).unwrap(), "{kind}");
        }
        let mut input = with("manual", true);
        input.as_object_mut().unwrap().remove("trigger");
        let error = first_read(&input).unwrap_err();
        assert!(error.contains("unknown field `later`"), "{error}");
        // Every other function reads it after that one.
        assert!(serde_json::from_value::<RunAutomationInput>(input).is_ok());
    }
}

#[test]
fn executions_that_began_before_an_update_are_read_by_their_words() {
    for (before, now) in [("cleared", Seen::Recovered), ("notCleared", Seen::NotRecovered)] {
        assert_eq!(serde_json::from_value::<Seen>(json!(before)).unwrap(), now);
        assert_ne!(serde_json::to_value(now).unwrap(), json!(before));
    }
    let follow = json!({
        // words: quoted
        "told": true,
        "execution": {"arn": "arn:aws:states:us-east-1:111122223333:execution:run-automation:a",
                      "name": "a", "startTime": "2026-01-02T03:04:05Z"},
        "input": input(json!({})), "rung": 0, "token": "t",
        "run": {"executionId": "333ba70b-2333-48db-b17e-a5e69c6f4d1c", "account": "111122223333",
                "region": "us-east-1", "at": "2026-01-02T03:04:05Z", "limit": 3600}
    });
    let follow: FollowAutomationInput = serde_json::from_value(follow).unwrap();
    assert!(follow.pending_published);
}

#[test]
fn alarm_names_never_become_references_of_ssm() {
    refused(
        json!({"parameters": {"InstanceId": ["{alarm}"]},
               "alarm": {"arn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:{{ssm:/key}}"}}),
        &reboot(),
        &[
            "ParameterUnfilled input (ladder[0].parameters.InstanceId): the value of `{alarm}` holds \
           `{{`, which SSM takes for a reference of its own",
        ],
    );
}
