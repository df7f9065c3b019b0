//! Samples for tests: an execution that has stopped instances and starts them next.

use std::collections::BTreeMap;

use engine::{ExecutionView, Mode, Progress, Status, StepView, Tag};
use jiff::Timestamp;
use runbook::ActionKind;
use serde_json::{Map, Value, json};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "us-east-1";

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_millisecond(1_700_000_000_000 + second * 1_000 + 134).expect("in range")
}

pub(crate) fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is not an object"),
    }
}

/// A step that was not reached.
pub(crate) fn pending(name: &str, action: ActionKind) -> StepView {
    StepView {
        id: format!("00000000-0000-0000-0000-{:0>12}", name.len()),
        name: name.into(),
        action,
        timeout_seconds: None,
        on_failure: None,
        max_attempts: 1,
        started_at: None,
        ended_at: None,
        status: Status::Pending,
        response_code: None,
        inputs: Map::new(),
        outputs: Map::new(),
        response: None,
        failure_message: None,
        failure_details: None,
        is_end: None,
        next_step: None,
        is_critical: None,
        valid_next_steps: Vec::new(),
        targets: Vec::new(),
        target_location: None,
        triggered_alarms: Vec::new(),
        parent: None,
    }
}

/// Stops instances, with success; starts them next.
pub(crate) fn execution(id: &str) -> ExecutionView {
    let stopped = StepView {
        started_at: Some(at(0)),
        ended_at: Some(at(1)),
        status: Status::Success,
        inputs: members(json!({
            "DesiredState": "stopped", "InstanceIds": ["i-0cb99161f6"], "CheckStateOnly": false,
        })),
        outputs: members(json!({
            "InstanceStates": ["stopped"], "OutputPayload": {"InstanceStates": ["stopped"]},
        })),
        next_step: Some("startInstances".into()),
        valid_next_steps: vec!["startInstances".into()],
        ..pending("stopInstances", ActionKind::ChangeInstanceState)
    };
    ExecutionView {
        id: id.into(),
        account: ACCOUNT.into(),
        region: REGION.into(),
        document_name: "AWS-RestartEC2Instance".into(),
        document_version: "1".into(),
        started_at: at(0),
        ended_at: None,
        status: Status::InProgress,
        steps: vec![stopped, pending("startInstances", ActionKind::ChangeInstanceState)],
        progress: Progress::default(),
        parameters: BTreeMap::from([
            ("AutomationAssumeRole".into(), json!("")),
            ("InstanceId".into(), json!(["i-0cb99161f6"])),
        ]),
        outputs: vec![
            ("stopInstances.InstanceStates".into(), Some(json!(["stopped"]))),
            ("startInstances.InstanceStates".into(), None),
        ],
        failure_message: None,
        mode: Mode::Auto,
        parent: None,
        executed_by: "arn:aws:iam::111122223333:user/op".into(),
        current_step: Some("startInstances".into()),
        current_action: Some(ActionKind::ChangeInstanceState),
        target_parameter_name: None,
        targets: Vec::new(),
        target_maps: Vec::new(),
        resolved_targets: Vec::new(),
        max_concurrency: None,
        max_errors: None,
        target: None,
        target_locations: Vec::new(),
        target_locations_url: None,
        cross_account: false,
        alarms: None,
        triggered_alarms: Vec::new(),
        association_id: None,
        variables: BTreeMap::new(),
        tags: vec![Tag { key: "team".into(), value: "blue".into() }],
    }
}
