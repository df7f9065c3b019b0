//! Targets and rate control.

use std::collections::BTreeMap;

use serde_json::json;

use super::rig::{HERE, REGION, Rig, act, runbook, summary};
use crate::ports::{ApiError, ApiErrorKind, FoundDocument};
use crate::{ExecutionView, Quotas, StartRequest, Status, StopType, Target};

const TOP: &str = "parameters:\n  Id: {type: String}\n  Other: {type: String, default: none}\n";

async fn rig(inputs: &str) -> Rig {
    Rig::with(&runbook(TOP, &act("a", "", inputs))).await
}

fn request(rig: &Rig, key: &str, values: &[&str]) -> StartRequest {
    let mut request = rig.request("Main");
    request.target_parameter_name = Some("Id".to_owned());
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    request.targets = vec![Target { key: key.to_owned(), values }];
    request
}

async fn run(rig: &Rig, request: StartRequest) -> ExecutionView {
    let id = rig.engine.start(request).await.unwrap();
    rig.end(&id).await
}

#[tokio::test(start_paused = true)]
async fn every_target_has_a_child_of_its_own() {
    let rig = rig("Id: '{{ Id }}', Other: '{{ Other }}'").await;
    let mut request = request(&rig, "ParameterValues", &["x", "y", "z"]);
    request.parameters.insert("Other".into(), vec!["given".into()]);
    let view = run(&rig, request).await;
    assert_eq!(summary(&view), "Success: x Success, y Success, z Success");
    assert_eq!(view.resolved_targets, ["x", "y", "z"]);
    assert_eq!(view.steps[0].action, runbook::ActionKind::ExecuteAutomation);
    assert_eq!(view.steps[0].inputs["Id"], "x");
    let children = rig.children(&view.id);
    assert_eq!(view.steps[1].outputs["ExecutionId"], children[1].id);
    assert_eq!(children[1].target.as_deref(), Some("y"));
    let seen: Vec<_> = rig.actions.acted().iter().map(|acted| acted.inputs["Id"].clone()).collect();
    assert_eq!(seen, ["x", "y", "z"]);
    assert!(rig.actions.acted().iter().all(|acted| acted.inputs["Other"] == "given"));
}

#[tokio::test(start_paused = true)]
async fn target_maps_give_each_child_its_parameters() {
    let rig = rig("Id: '{{ Id }}', Other: '{{ Other }}'").await;
    let mut request = rig.request("Main");
    let map = |id: &str, other: &str| {
        BTreeMap::from([
            ("Id".to_owned(), vec![id.to_owned()]),
            ("Other".to_owned(), vec![other.to_owned()]),
        ])
    };
    request.target_maps = vec![map("1", "a"), map("2", "b")];
    let view = run(&rig, request).await;
    assert_eq!(view.status, Status::Success);
    let seen: Vec<_> =
        rig.actions.acted().iter().map(|acted| acted.inputs["Other"].clone()).collect();
    assert_eq!(seen, ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn the_error_after_the_budget_stops_what_has_not_started() {
    let rig = rig("Fail: -1").await;
    let values: Vec<_> = (0..10).map(|n| n.to_string()).collect();
    let values: Vec<_> = values.iter().map(String::as_str).collect();
    for (errors, concurrency, started, status) in [
        (Some("2"), "1", 3, Status::Failed),
        (None, "1", 1, Status::Failed),
        (Some("100%"), "5", 10, Status::Success),
    ] {
        let mut request = request(&rig, "ParameterValues", &values);
        request.max_concurrency = Some(concurrency.to_owned());
        request.max_errors = errors.map(str::to_owned);
        let view = run(&rig, request).await;
        let ended = view.steps.iter().filter(|step| step.status == Status::Failed).count();
        let pending = view.steps.iter().filter(|step| step.status == Status::Pending).count();
        assert_eq!((ended, pending, view.status), (started, 10 - started, status), "{errors:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn concurrency_ramps_up_by_doubling_and_never_exceeds_its_limit() {
    let rig = rig("Seconds: 10").await;
    rig.engine.set_quotas(Quotas::UNLIMITED).await;
    let values: Vec<_> = (0..60).map(|n| n.to_string()).collect();
    let values: Vec<_> = values.iter().map(String::as_str).collect();
    let mut request = request(&rig, "ParameterValues", &values);
    request.max_concurrency = Some("10".to_owned());
    let view = run(&rig, request).await;
    assert_eq!(view.status, Status::Success);
    let spans: Vec<_> =
        view.steps.iter().map(|step| (step.started_at.unwrap(), step.ended_at.unwrap())).collect();
    let at_once = |at| spans.iter().filter(|(from, to)| *from <= at && at < *to).count();
    let starts: Vec<_> = spans.iter().map(|(from, _)| at_once(*from)).collect();
    assert_eq!(starts.iter().max(), Some(&10));
    let mut sizes: Vec<_> = spans.iter().map(|(from, _)| from.as_second()).collect();
    sizes.dedup();
    let waves: Vec<_> = sizes
        .iter()
        .map(|second| spans.iter().filter(|(from, _)| from.as_second() == *second).count())
        .collect();
    assert_eq!(waves, [1, 2, 4, 8, 10, 10, 10, 10, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_reaches_the_children_in_flight_and_starts_no_other() {
    let rig = rig("Seconds: 1000").await;
    let mut request = request(&rig, "ParameterValues", &["x", "y"]);
    request.max_concurrency = Some("1".to_owned());
    let id = rig.engine.start(request).await.unwrap();
    rig.until(&id, |view| view.steps.first().is_some_and(|step| step.status == Status::InProgress))
        .await;
    rig.engine.stop(HERE, REGION, &id, StopType::Cancel).await.unwrap();
    assert_eq!(summary(&rig.end(&id).await), "Cancelled: x Cancelled, y Pending");
    assert_eq!(rig.children(&id)[0].status, Status::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn targets_by_tag_are_found_under_the_executions_authority() {
    let rig = rig("").await;
    let document = |target_type: &str| FoundDocument {
        name: "Main".into(),
        owner: String::new(),
        version: "1".into(),
        document_type: "Automation".into(),
        target_type: Some(target_type.into()),
        content: runbook(TOP, &act("a", "", "")),
        attachments: BTreeMap::new(),
    };
    rig.world.aws.answer(|call| {
        let second = call.parameters.contains_key("PaginationToken") || call.parameters.contains_key("NextToken");
        Ok(match (call.service.as_str(), call.api.as_str()) {
            ("ec2", "DescribeInstances") if second => json!({"Reservations": [
                {"Instances": [{"InstanceId": "i-2", "State": {"Name": "stopped"}}]}]}),
            ("ec2", "DescribeInstances") => json!({"NextToken": "more", "Reservations": [
                {"Instances": [{"InstanceId": "i-1", "State": {"Name": "running"}},
                               {"InstanceId": "i-0", "State": {"Name": "terminated"}}]}]}),
            ("resourcegroupstaggingapi", "GetResources") => json!({"PaginationToken": "", "ResourceTagMappingList": [
                {"ResourceARN": "arn:aws:s3:::logs"},
                {"ResourceARN": "arn:aws:ec2:eu-west-1:111122223333:instance/i-0"},
                {"ResourceARN": "arn:aws:ec2:eu-west-1:111122223333:instance/i-1"},
                {"ResourceARN": "arn:aws:ec2:eu-west-1:111122223333:instance/i-2"}]}),
            ("resource-groups", "ListGroupResources") => json!({"Resources": [
                {"Identifier": {"ResourceArn": "arn:aws:s3:::group-logs", "ResourceType": "AWS::S3::Bucket"}}]}),
            other => panic!("{other:?}"),
        })
    });
    for (target_type, key, value, expected) in [
        ("/AWS::EC2::Instance", "tag:Env", "prod", vec!["i-1", "i-2"]),
        ("/AWS::EC2::Instance", "AWS::EC2::Instance", "*", vec!["i-1", "i-2"]),
        ("/AWS::S3::Bucket", "tag:Env", "prod", vec!["logs"]),
        ("/AWS::S3::Bucket", "ResourceGroup", "mine", vec!["group-logs"]),
    ] {
        rig.world.documents.put("*", document(target_type));
        let view = run(&rig, request(&rig, key, &[value])).await;
        assert_eq!(view.resolved_targets, expected, "{key}");
        assert_eq!(view.status, Status::Success);
    }
    // Instances too are found by the tagging API: without its permission there are none.
    rig.world.aws.answer(|call| match call.service.as_str() {
        "resourcegroupstaggingapi" => Err(ApiError {
            code: "AccessDeniedException".to_owned(),
            message: "not authorized to perform: tag:GetResources".to_owned(),
            kind: ApiErrorKind::Permission,
        }),
        _ => Ok(json!({"Reservations": [
            {"Instances": [{"InstanceId": "i-1", "State": {"Name": "running"}}]}]})),
    });
    rig.world.documents.put("*", document("/AWS::EC2::Instance"));
    let view = run(&rig, request(&rig, "tag:Env", &["prod"])).await;
    assert_eq!(view.status, Status::Failed);
    assert!(
        view.failure_message.as_deref().is_some_and(|why| why.contains("tag:GetResources")),
        "{view:?}"
    );
    let nothing = Rig::with(&runbook(TOP, &act("a", "", ""))).await;
    let view = run(&nothing, request(&nothing, "tag:Env", &["none"])).await;
    assert_eq!(view.status, Status::Failed, "an execution without targets fails");
}

#[tokio::test(start_paused = true)]
async fn many_targets_keep_a_hundred_in_flight_from_the_end_of_the_ramp() {
    let rig = rig("Seconds: 10").await;
    rig.engine.set_quotas(Quotas::UNLIMITED).await;
    let values: Vec<_> = (0..2_000).map(|n| n.to_string()).collect();
    let values: Vec<_> = values.iter().map(String::as_str).collect();
    let mut request = request(&rig, "ParameterValues", &values);
    request.max_concurrency = Some("100".to_owned());
    let view = run(&rig, request).await;
    assert_eq!(view.progress.success, 2_000);
    let mut edges: Vec<(i64, i64)> = Vec::new();
    for step in &view.steps {
        edges.push((step.started_at.unwrap().as_millisecond(), 1));
        edges.push((step.ended_at.unwrap().as_millisecond(), -1));
    }
    edges.sort_unstable();
    let mut in_flight = 0;
    for (_, change) in edges {
        in_flight += change;
        assert!(in_flight <= 100);
    }
    // 127 in the waves of the ramp, the rest a hundred at a time.
    let took = view.ended_at.unwrap().duration_since(view.started_at).as_secs();
    assert_eq!(took, (7 + 19) * 10);
}
