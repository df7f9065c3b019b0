//! From a rung to one StartAutomationExecution, on an AWS in memory.

use std::time::Duration;

use aws_double::{Automation, Document, Fault, HUB, REGION};
use runtime::FunctionError;
use serde_json::{Value, json};

use crate::world::{INSTANCE, MEMBER, NOW, RUNBOOK, World, problem, request};

const START: &str = "StartAutomationExecution";

#[tokio::test(start_paused = true)]
async fn a_rung_is_started_once_with_its_parameters_filled_in_and_remembered() {
    let world = World::new();
    let answer = world.start(request()).await.unwrap();
    assert_eq!(answer["next"], "follow");
    let (id, run) = world.only_run();
    assert_eq!(
        answer["run"],
        json!({ "executionId": id, "account": HUB, "region": REGION, "at": NOW, "limit": 3600 })
    );
    assert_eq!(answer["pace"]["rounds"], json!([150, 300, 900]));
    let call = &run.request;
    assert_eq!((&call["DocumentName"], &call["Mode"]), (&json!(RUNBOOK), &json!("Auto")));
    assert_eq!(call["Parameters"], json!({ "InstanceId": [INSTANCE] }));
    let token = call["ClientToken"].as_str().unwrap();
    assert_eq!(run.tags["relay:token"], format!("runbook-relay/{token}"));
    assert_eq!(run.tags["runbook-relay:execution"], "alarm-1");
    assert_eq!(world.remembered("00").unwrap(), answer["run"]);
    let operations: Vec<String> =
        world.aws.all_calls().into_iter().map(|call| call.operation).collect();
    assert_eq!(operations, ["DescribeDocument", "ListTagsForResource", START, "UpdateItem"]);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_call_finds_the_same_run_whether_ssm_answers_it_or_refuses_it() {
    for refuses in [false, true] {
        let world = World::new();
        world.aws.state().hub().ssm.refuses_known_tokens = refuses;
        let first = world.start(request()).await.unwrap();
        tokio::time::advance(Duration::from_secs(60)).await;
        let second = world.start(request()).await.unwrap();
        assert_eq!(second["run"]["executionId"], first["run"]["executionId"]);
        world.only_run();
        assert_eq!(world.aws.count("DescribeAutomationExecutions") > 0, refuses);
    }
}

#[tokio::test(start_paused = true)]
async fn of_several_runs_of_the_runbook_the_one_with_the_token_is_found() {
    let world = World::new();
    let first = world.start(request()).await.unwrap();
    let (_, ours) = world.only_run();
    let mut other = Automation::new(RUNBOOK, "InProgress", ours.started);
    other.tags.insert("relay:token".into(), "another".into());
    let mut earlier = ours.clone();
    earlier.started -= Duration::from_secs(86_400);
    {
        let mut state = world.aws.state();
        let ssm = &mut state.hub().ssm;
        ssm.refuses_known_tokens = true;
        ssm.automations.insert("00000000-0000-4000-8000-000000000000".into(), other);
        ssm.automations.insert("00000000-0000-4000-8000-00000000000e".into(), earlier);
    }
    world.aws.forget_calls();
    let second = world.start(request()).await.unwrap();
    assert_eq!(second["run"]["executionId"], first["run"]["executionId"]);
    assert_eq!(world.aws.count(START), 1);
    // The runbook's own tags, and those of the two candidates since the machine began.
    assert_eq!(world.aws.count("ListTagsForResource"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_used_token_whose_run_is_not_found_is_never_a_refusal() {
    let world = World::new();
    world.aws.on(START).fails(Fault::Error("IdempotentParameterMismatch", "used before"));
    // A run that began just now may not be in SSM's lists yet: the machine asks again.
    let error = world.start(request()).await.unwrap_err();
    assert_eq!(error.name().as_str(), "Unavailable");
    let text = error.to_string();
    assert!(
        text.contains("a run may exist") && text.contains("relay:token=runbook-relay/"),
        "{text}"
    );
    assert!(world.runs().is_empty());
    // It may not be looked for, which is not a refusal of the start either.
    world.aws.on("DescribeAutomationExecutions").fails(Fault::Denied);
    let error = world.start(request()).await.unwrap_err();
    assert_eq!(error.name().as_str(), "AccessDenied");
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_starts_nothing_twice() {
    for refuses in [false, true] {
        // One reply is lost, or all that the SDK waits for.
        for lost in [1, 10] {
            let world = World::new();
            world.aws.state().hub().ssm.refuses_known_tokens = refuses;
            world.aws.on(START).times(lost).fails(Fault::LostReply);
            let first = world.start(request()).await;
            if lost > 1 {
                assert_eq!(first.unwrap_err().name().as_str(), "Unavailable");
                world.aws.heal();
            } else {
                assert_eq!(first.unwrap()["next"], "follow");
            }
            let (id, _) = world.only_run();
            let again = world.start(request()).await.unwrap();
            assert_eq!(again["run"]["executionId"], id);
            world.only_run();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_start_or_a_full_queue_is_worth_another_try() {
    for fault in [
        Fault::Throttled,
        Fault::Error("AutomationExecutionLimitExceededException", "too many are running"),
    ] {
        let world = World::new();
        world.aws.on(START).fails(fault.clone());
        let error = world.start(request()).await.unwrap_err();
        assert_eq!(error.name().as_str(), "Throttled", "{fault:?}");
        assert!(world.remembered("00").is_none());
        world.aws.heal();
        assert_eq!(world.start(request()).await.unwrap()["next"], "follow");
        world.only_run();
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_that_ssm_refuses_for_good_is_a_report_and_not_an_error() {
    for fault in [
        Fault::Denied,
        Fault::Error("InvalidAutomationExecutionParametersException", "no such parameter"),
        Fault::Error("AutomationDefinitionNotFoundException", "deleted meanwhile"),
    ] {
        let world = World::new();
        world.aws.on(START).fails(fault);
        let answer = world.start(request()).await.unwrap();
        let problem = problem(&answer);
        assert_eq!(problem["code"], "StartRefused");
        assert!(problem["what"].as_str().unwrap().starts_with("start Relay-RebootInstance: "));
        let report = &answer["report"];
        assert_eq!((&report["end"], &report["rung"]), (&json!("notStarted"), &json!(1)));
        assert_eq!(report["executionId"], Value::Null);
        assert_eq!(world.aws.count(START), 1, "it is not tried again");
        assert!(world.remembered("00").is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_valid_id_is_not_a_refusal_and_its_run_is_found_by_the_token() {
    let world = World::new();
    let invalid = || aws_double::Reply::Data(json!({ "AutomationExecutionId": "what is this" }));
    world.aws.on(START).answers(move |_| invalid());
    let error = world.start(request()).await.unwrap_err();
    assert_eq!(error.name().as_str(), "Unavailable");
    assert!(error.to_string().contains("what is this"), "{error}");
    // The run began all the same.
    world.aws.heal();
    let first = world.start(request()).await.unwrap();
    world.aws.on(START).answers(move |_| invalid());
    let again = world.start(request()).await.unwrap();
    assert_eq!(again["run"]["executionId"], first["run"]["executionId"]);
    world.only_run();
}

#[tokio::test(start_paused = true)]
async fn a_runbook_that_may_not_be_started_is_named_with_the_reason() {
    let takes = || Document::requiring(&["InstanceId"]);
    let more = Document::requiring(&["InstanceId", "Force"]);
    let cases = [
        (None, "RunbookNotFound"),
        (Some(takes()), "RunbookNotAllowed"),
        (Some(takes().tagged("runbook-relay", "destructive")), "DestructiveWithoutApproval"),
        (Some(more.tagged("runbook-relay", "allowed")), "RunbookParameters"),
    ];
    for (document, code) in cases {
        let world = World::new();
        world.aws.state().hub().ssm.documents.clear();
        if let Some(document) = document {
            world.document(REGION, RUNBOOK, document);
        }
        let answer = world.start(request()).await.unwrap();
        assert_eq!(problem(&answer)["code"], code);
        assert_eq!(world.aws.count(START), 0, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_runbook_beyond_the_allowed_names_is_not_started() {
    let world = World::new();
    let document = Document::requiring(&["InstanceId"]).tagged("runbook-relay", "allowed");
    world.document(REGION, "Mine-Reboot", document);
    let mut request = request();
    request["input"]["ladder"][0]["runbook"] = json!("Mine-Reboot");
    let answer = world.start(request).await.unwrap();
    assert_eq!(problem(&answer)["code"], "RunbookNotAllowed");
    assert_eq!(world.aws.count(START), 0);
}

#[tokio::test(start_paused = true)]
async fn amazons_runbooks_need_no_tag() {
    let world = World::new();
    let document = Document { by_amazon: true, ..Document::requiring(&["InstanceId"]) };
    world.document(REGION, "AWS-RestartEC2Instance", document);
    let mut request = request();
    request["input"]["ladder"][0]["runbook"] = json!("AWS-RestartEC2Instance");
    assert_eq!(world.start(request).await.unwrap()["next"], "follow");
    assert_eq!(world.aws.count("ListTagsForResource"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_runbook_of_another_account_is_started_by_its_arn_where_the_stack_names_it() {
    let arn = format!("arn:aws:ssm:{REGION}:{MEMBER}:document/Org-Reboot");
    for (named, expected) in [(arn.as_str(), "follow"), ("", "finish")] {
        let world = World::with(&[("SHARED_RUNBOOK_ARNS", named)]);
        let mut document = Document::requiring(&["InstanceId"]);
        document.shared.insert(HUB.into(), "$DEFAULT".into());
        world.document_of(MEMBER, REGION, "Org-Reboot", document);
        let mut request = request();
        request["input"]["ladder"][0]["runbook"] = json!(arn);
        let answer = world.start(request).await.unwrap();
        assert_eq!(answer["next"], expected, "{answer}");
        assert_eq!(world.aws.count("ListTagsForResource"), 0, "its tags cannot be seen");
    }
}

#[tokio::test(start_paused = true)]
async fn a_runbook_that_cannot_be_looked_at_is_an_error_that_names_why() {
    for (operation, fault, name) in [
        ("DescribeDocument", Fault::Throttled, "Throttled"),
        ("DescribeDocument", Fault::Denied, "AccessDenied"),
        ("DescribeDocument", Fault::LostReply, "Unavailable"),
        ("ListTagsForResource", Fault::Throttled, "Throttled"),
        ("ListTagsForResource", Fault::Denied, "AccessDenied"),
    ] {
        let world = World::new();
        world.aws.on(operation).fails(fault.clone());
        let error = world.start(request()).await.unwrap_err();
        assert_eq!(error.name().as_str(), name, "{operation} {fault:?}");
        assert_eq!(world.aws.count(START), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_the_table_may_not_remember_is_followed_all_the_same() {
    let world = World::new();
    world.aws.on("UpdateItem").fails(Fault::Denied);
    let answer = world.start(request()).await.unwrap();
    assert_eq!(answer["next"], "follow");
    assert!(world.remembered("00").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_the_table_does_not_remember_yet_is_found_by_the_repeat() {
    for fault in [Fault::Throttled, Fault::Unavailable, Fault::LostReply] {
        let world = World::new();
        world.aws.on("UpdateItem").fails(fault);
        world.start(request()).await.unwrap_err();
        world.aws.heal();
        let answer = world.start(request()).await.unwrap();
        assert_eq!(answer["run"]["executionId"], world.only_run().0);
        assert_eq!(world.remembered("00").unwrap(), answer["run"]);
    }
}

#[tokio::test(start_paused = true)]
async fn every_rung_and_every_trigger_has_a_token_of_its_own() {
    let world = World::new();
    world.start(request()).await.unwrap();
    let mut second_rung = request();
    second_rung["rung"] = json!(1);
    assert_eq!(world.start(second_rung).await.unwrap()["next"], "follow");
    let mut other_execution = request();
    other_execution["execution"]["name"] = json!("alarm-2");
    assert_eq!(world.start(other_execution).await.unwrap()["next"], "follow");
    assert_eq!(world.runs().len(), 3);
    assert!(world.remembered("00").is_some() && world.remembered("01").is_some());
}

#[tokio::test(start_paused = true)]
async fn an_unknown_rung_is_invalid_input_and_calls_nothing() {
    let world = World::new();
    let mut request = request();
    request["rung"] = json!(2);
    let error = world.start(request).await.unwrap_err();
    assert_eq!(error.name().as_str(), "InvalidInput");
    assert_eq!(error.to_string(), "the ladder has no rung 2, counted from 0");
    assert!(world.aws.all_calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_parameter_that_nothing_fills_is_a_problem() {
    let world = World::new();
    let mut request = request();
    request["input"]["resources"] = json!([]);
    let answer = world.start(request).await.unwrap();
    assert_eq!(problem(&answer)["code"], "ParameterUnfilled");
    assert_eq!(world.aws.count(START), 0);
}

#[tokio::test(start_paused = true)]
async fn an_approval_is_asked_for_by_the_runbook_that_runs_the_other() {
    let topic = "arn:aws:sns:us-east-1:111122223333:Automation-approvals";
    let world = World::with(&[("APPROVAL_TOPIC_ARN", topic)]);
    world.document(REGION, "Relay-ApproveThenRun", Document::default());
    let approver = "arn:aws:iam::111122223333:role/ops";
    let mut request = request();
    request["input"]["ladder"][0]["approval"] = json!({ "approvers": [approver], "within": "2h" });
    let answer = world.start(request).await.unwrap();
    assert_eq!(answer["run"]["limit"], 3 * 3600, "the approval's time and the run's own");
    let (_, run) = world.only_run();
    let parameters = &run.request["Parameters"];
    assert_eq!(run.document, "Relay-ApproveThenRun");
    assert_eq!(parameters["RunbookName"], json!([RUNBOOK]));
    assert_eq!(parameters["Approvers"], json!([approver]));
    assert_eq!(parameters["TopicArn"], json!([topic]));
    let inner: Value = serde_json::from_str(parameters["Parameters"][0].as_str().unwrap()).unwrap();
    assert_eq!(inner, json!({ "InstanceId": [INSTANCE] }));
}
