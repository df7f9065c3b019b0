//! Tests of the notification for chat applications.

use relay_core::flow::{Flow, Severity};
use relay_core::id::outcome_id;
use relay_core::problem::{Problem, ProblemCode};
use serde_json::{Value, json};

use super::*;

const ALARM: &str = "arn:aws:cloudwatch:eu-west-1:444455556666:alarm:web-status";

fn outcome(status: OutcomeStatus, execution: &str) -> Outcome {
    let alarm = AlarmDetails {
        at: "2026-01-02T03:04:05Z".parse().ok(),
        reason: Some("Threshold <!channel> crossed\nagain".into()),
        ..AlarmDetails::new(ALARM.parse().unwrap())
    };
    let id = outcome_id(execution, status.as_str());
    let at = "2026-01-02T03:05:00Z".parse().unwrap();
    Outcome {
        alarm: Some(alarm),
        execution: execution.to_owned(),
        severity: Severity::High,
        summary: "Alarm web-status: all is well.".into(),
        resources: vec!["i-1".into()],
        rules: vec!["web".into()],
        ..Outcome::new(id, Flow::Remediation, status, at)
    }
}

fn rendered(outcome: &Outcome) -> Value {
    serde_json::from_str(&chat(outcome)).unwrap()
}

#[test]
fn it_has_the_shape_that_amazon_q_demands() {
    let outcome = outcome(OutcomeStatus::Succeeded, "arn:execution");
    let id = outcome.id.to_string();
    let rendered = rendered(&outcome);
    let thread = rendered["metadata"]["threadId"].clone();
    assert_eq!(
        rendered,
        json!({
            "version": "1.0",
            "source": "custom",
            "id": id,
            "content": {
                "textType": "client-markdown",
                "title": "✅ succeeded: web-status in 444455556666, eu-west-1",
                "description": "Alarm web-status: all is well.\nAlarm: Threshold ‹!channel› crossed again",
                "nextSteps": [format!("What happened and why: `relay show {}`", &id[..8])],
                "keywords": ["succeeded", "high", "web"],
            },
            "metadata": {
                "threadId": thread,
                "summary": "Alarm web-status: all is well.",
                "eventType": "runbook-relay-succeeded",
                "relatedResources": ["i-1"],
                "additionalContext": {"outcome": "succeeded", "severity": "high", "id": id, "rule": "web"},
                "enableCustomActions": false,
            },
        })
    );
}

#[test]
fn a_question_names_the_commands_and_the_button_finds_the_automation() {
    let mut outcome = outcome(OutcomeStatus::PendingApproval, "arn:execution");
    outcome.approval = serde_json::from_value(json!({
        "status": "pending", "runbook": "Relay-StopStartInstance", "executionId": "0472af54-0000",
        "approvers": ["arn:aws:iam::111122223333:role/on-call"], "minimum": 1,
        "withinSeconds": 3600, "decisions": [],
    }))
    .map(Some)
    .unwrap();
    let rendered = rendered(&outcome);
    let id = &outcome.id.to_string()[..8];
    let steps = &rendered["content"]["nextSteps"];
    assert_eq!(steps[0], format!("Approve: `relay approve {id} -m \"why\"`"));
    assert_eq!(steps[2], "1 of arn:aws:iam::111122223333:role/on-call, within 60 minutes");
    assert_eq!(rendered["metadata"]["enableCustomActions"], true);
    let context = &rendered["metadata"]["additionalContext"];
    assert_eq!(context["approvalExecutionId"], "0472af54-0000");
}

#[test]
fn all_outcomes_of_a_transition_are_one_thread_and_other_transitions_are_others() {
    let thread = |outcome: &Outcome| rendered(outcome)["metadata"]["threadId"].clone();
    let asked = outcome(OutcomeStatus::PendingApproval, "arn:execution");
    let done = outcome(OutcomeStatus::Succeeded, "arn:execution");
    // The second start of a failed execution is another execution about the same transition.
    let again = outcome(OutcomeStatus::Failed, "arn:execution-2");
    assert_eq!(thread(&asked), thread(&done));
    assert_eq!(thread(&asked), thread(&again));
    let mut later = done.clone();
    later.alarm.as_mut().unwrap().at = "2026-01-02T04:00:00Z".parse().ok();
    assert_ne!(thread(&later), thread(&done));
    let by_hand = Outcome { alarm: None, ..done.clone() };
    assert_eq!(thread(&by_hand), thread(&Outcome { alarm: None, ..asked }));
    let digest = Outcome { alarm: None, execution: String::new(), ..done };
    assert_eq!(thread(&digest), digest.id.to_string());
}

#[test]
fn long_texts_are_cut() {
    let mut outcome = outcome(OutcomeStatus::Failed, "arn:execution");
    outcome.summary = "ä".repeat(5_000);
    outcome.problems =
        vec![Problem::new(ProblemCode::AlarmNotRecovered, "web", "x".repeat(5_000)); 50];
    outcome.problems_total = 50;
    let rendered = rendered(&outcome);
    let description = rendered["content"]["description"].as_str().unwrap();
    assert!(description.chars().count() <= 2_003, "{}", description.len());
    assert!(description.contains("and 47 more problems"), "{description}");
    assert!(rendered["metadata"]["summary"].as_str().unwrap().chars().count() <= 303);
}
