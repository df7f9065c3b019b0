//! `TargetLocations`.

use serde_json::json;

use super::rig::{HERE, Rig, act, runbook, summary};
use crate::ports::{Actor, Assumer};
use crate::{ExecutionView, StartError, StartRequest, Status, Target, TargetLocation};

const A: &str = "444455556666";
const B: &str = "777788889999";
const C: &str = "222233334444";

fn text() -> String {
    let top = "assumeRole: '{{ AutomationAssumeRole }}'\nparameters:\n  AutomationAssumeRole: {type: String, default: 'arn:aws:iam::111122223333:role/Administration'}\n  Id: {type: String, default: none}\n";
    runbook(top, &act("a", "", "Id: '{{ Id }}'"))
}

fn location(accounts: &[&str], regions: &[&str]) -> TargetLocation {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    TargetLocation {
        accounts: owned(accounts),
        regions: owned(regions),
        target_location_max_concurrency: Some("10".to_owned()),
        ..TargetLocation::default()
    }
}

fn request(rig: &Rig, locations: Vec<TargetLocation>) -> StartRequest {
    let mut request = rig.request("Main");
    request.target_locations = locations;
    request
}

async fn run(rig: &Rig, request: StartRequest) -> ExecutionView {
    let id = rig.engine.start(request).await.unwrap();
    rig.end(&id).await
}

fn names(view: &ExecutionView) -> Vec<&str> {
    view.steps.iter().map(|step| step.name.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_child_runs_in_every_account_and_region_under_the_execution_role() {
    let rig = Rig::with(&text()).await;
    let view = run(&rig, request(&rig, vec![location(&[A, B], &["eu-west-1", "us-east-1"])])).await;
    assert_eq!(view.status, Status::Success, "{}", summary(&view));
    assert!(view.cross_account);
    assert_eq!(
        names(&view),
        [
            "444455556666_eu-west-1",
            "444455556666_us-east-1",
            "777788889999_eu-west-1",
            "777788889999_us-east-1"
        ]
    );
    let there = rig.engine.executions(B, "us-east-1");
    assert_eq!(there.len(), 1);
    assert_eq!(there[0].parent.as_deref(), Some(view.id.as_str()));
    assert_eq!(view.steps[3].outputs["ExecutionId"], there[0].id);
    let administration = Actor::Role {
        role_arn: "arn:aws:iam::111122223333:role/Administration".to_owned(),
        through: Assumer::Service,
        source_arn: format!("arn:aws:ssm:eu-west-1:111122223333:automation-execution/{}", view.id),
    };
    let execution = Actor::Role {
        role_arn: "arn:aws:iam::777788889999:role/AWS-SystemsManager-AutomationExecutionRole"
            .to_owned(),
        through: Assumer::Actor(Box::new(administration)),
        source_arn: format!("arn:aws:ssm:eu-west-1:111122223333:automation-execution/{}", view.id),
    };
    assert!(rig.world.aws.checked().contains(&execution));
    let mut accounts: Vec<_> =
        rig.actions.acted().iter().map(|acted| acted.account.clone()).collect();
    accounts.dedup();
    assert!(accounts.len() >= 2, "{accounts:?}");
}

#[tokio::test(start_paused = true)]
async fn units_are_expanded_with_those_below_only_if_asked_and_exclusions_are_left_out() {
    let rig = Rig::with(&text()).await;
    rig.world.directory.add(HERE, "ou-abcd-11111111", &[A], &[B]);
    rig.world.directory.add(HERE, "r-abcd", &[A], &[B, C]);
    let unit = |below: bool, exclude: &[&str]| TargetLocation {
        include_child_organization_units: below,
        exclude_accounts: exclude.iter().map(|name| (*name).to_owned()).collect(),
        ..location(&["ou-abcd-11111111"], &["eu-west-1"])
    };
    let root = |exclude: &[&str]| TargetLocation {
        accounts: vec!["r-abcd".into()],
        ..unit(true, exclude)
    };
    for (item, expected) in [
        (unit(false, &[]), vec![A]),
        (unit(true, &[]), vec![A, B]),
        (unit(true, &[A]), vec![B]),
        (root(&[]), vec![A, B, C]),
        (root(&["ou-abcd-11111111"]), vec![C]),
    ] {
        let view = run(&rig, request(&rig, vec![item.clone()])).await;
        let accounts: Vec<_> =
            view.steps.iter().map(|step| step.name.split_once('_').unwrap().0).collect();
        assert_eq!(accounts, expected, "{item:?}");
    }
    let view =
        run(&rig, request(&rig, vec![location(&["ou-none-11111111"], &["eu-west-1"])])).await;
    assert_eq!(view.status, Status::Failed);
}

#[tokio::test(start_paused = true)]
async fn an_account_whose_role_cannot_be_assumed_fails_alone_within_the_budget() {
    let rig = Rig::with(&text()).await;
    rig.world.aws.close_role("arn:aws:iam::444455556666:role/Own");
    for (errors, expected) in [
        (None, "Failed: 444455556666_eu-west-1 Failed, 777788889999_eu-west-1 Pending"),
        (Some("1"), "Success: 444455556666_eu-west-1 Failed, 777788889999_eu-west-1 Success"),
    ] {
        let item = TargetLocation {
            execution_role_name: Some("Own".to_owned()),
            target_location_max_concurrency: None,
            target_location_max_errors: errors.map(str::to_owned),
            ..location(&[A, B], &["eu-west-1"])
        };
        assert_eq!(summary(&run(&rig, request(&rig, vec![item])).await), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn the_document_is_the_one_that_the_account_there_sees() {
    let rig = Rig::with(&text()).await;
    rig.world.documents.add_to(HERE, "Own", HERE, &text());
    let arn = format!("arn:aws:ssm:us-east-1:{HERE}:document/Own");
    rig.world.documents.add_to(A, &arn, HERE, &text());
    let mut start = request(
        &rig,
        vec![TargetLocation {
            target_location_max_errors: Some("1".to_owned()),
            ..location(&[A, B], &["us-east-1"])
        }],
    );
    start.document_name = "Own".to_owned();
    let view = run(&rig, start).await;
    assert_eq!(
        summary(&view),
        "Success: 444455556666_us-east-1 Success, 777788889999_us-east-1 Failed"
    );
    assert_eq!(rig.engine.executions(A, "us-east-1")[0].document_name, arn);
    assert!(view.steps[1].failure_message.as_deref().unwrap().contains("Own"));
}

#[tokio::test(start_paused = true)]
async fn with_targets_each_location_is_an_execution_with_children_of_its_own() {
    let rig = Rig::with(&text()).await;
    let mut start = request(
        &rig,
        vec![TargetLocation {
            targets: vec![Target {
                key: "ParameterValues".into(),
                values: vec!["x".into(), "y".into()],
            }],
            targets_max_concurrency: Some("1".to_owned()),
            ..location(&[A], &["eu-west-1"])
        }],
    );
    start.target_parameter_name = Some("Id".to_owned());
    let view = run(&rig, start).await;
    assert_eq!(summary(&view), "Success: 444455556666_eu-west-1 Success");
    let there = rig.engine.executions(A, "eu-west-1");
    assert_eq!(there.len(), 3, "one with targets and its two children");
    let middle = there.last().unwrap();
    assert_eq!(middle.parent.as_deref(), Some(view.id.as_str()));
    assert_eq!(middle.max_concurrency.as_deref(), Some("1"));
    assert!(there[..2].iter().all(|child| child.parent.as_deref() == Some(middle.id.as_str())));
    let ids: Vec<_> = rig.actions.acted().iter().map(|acted| acted.inputs["Id"].clone()).collect();
    assert_eq!(ids, ["x", "y"]);
}

#[tokio::test(start_paused = true)]
async fn locations_may_be_in_an_object_of_s3() {
    let rig = Rig::with(&text()).await;
    rig.world.aws.answer(|call| {
        assert_eq!((call.service.as_str(), &call.parameters["Key"]), ("s3", &json!("list.json")));
        Ok(json!({"Body": "[{\"Accounts\": [\"444455556666\"], \"Regions\": [\"eu-west-1\"]}]"}))
    });
    let mut start = rig.request("Main");
    start.target_locations_url =
        Some("https://lists.s3.amazonaws.com/list.json?X-Amz-Signature=0".into());
    assert_eq!(summary(&run(&rig, start).await), "Success: 444455556666_eu-west-1 Success");
    let mut start = rig.request("Main");
    start.target_locations_url = Some("https://example.com/list.json".into());
    assert!(matches!(rig.engine.start(start).await, Err(StartError::InvalidParameters(_))));
}

#[tokio::test(start_paused = true)]
async fn a_location_without_accounts_or_with_a_wrong_rate_is_refused() {
    let rig = Rig::with(&text()).await;
    for item in [
        location(&[], &["eu-west-1"]),
        location(&[A], &[]),
        TargetLocation {
            target_location_max_concurrency: Some("0".into()),
            ..location(&[A], &["eu-west-1"])
        },
    ] {
        let refused = rig.engine.start(request(&rig, vec![item])).await;
        assert!(matches!(refused, Err(StartError::InvalidParameters(_))));
    }
}
