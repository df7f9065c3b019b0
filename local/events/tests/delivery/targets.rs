//! Each kind of target gets what it should, under the right permission.

use crate::support::{QUEUE, RULE, World, bus, delivered, event};
use events::{Action, Caller, DeliveryOutcome, ResourceVerdict, RoleVerdict, TargetCall};
use serde_json::{Value, json};

const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:topic";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:111122223333:function:route-events";
const MACHINE: &str = "arn:aws:states:us-east-1:111122223333:stateMachine:share";
const LOGS: &str = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/events/all";
const ROLE: &str = "arn:aws:iam::111122223333:role/deliver";

async fn delivered_to(world: &World, target: Value) -> (Vec<TargetCall>, DeliveryOutcome) {
    world.rule(&bus(), "all", std::slice::from_ref(&target));
    let records = delivered(world, bus(), event("e-1")).await;
    assert_eq!(records.len(), 1);
    (world.calls(target["Arn"].as_str().unwrap()), records[0].outcome.clone())
}

fn dropped(outcome: &DeliveryOutcome) -> (&str, &str) {
    match outcome {
        DeliveryOutcome::Dropped { code, message } => (code, message),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_gets_the_event_as_the_service_sends_it() {
    let world = World::new();
    let (calls, outcome) = delivered_to(&world, json!({"Arn": QUEUE})).await;
    assert_eq!(outcome, DeliveryOutcome::Delivered);
    assert_eq!(
        calls,
        [TargetCall {
            arn: QUEUE.into(),
            rule_arn: RULE.into(),
            role: None,
            action: Action::SendMessage {
                body: event("e-1").to_string(),
                group_id: None,
                attributes: vec![],
            },
        }]
    );
    let check = &world.policy_checks()[0];
    assert_eq!((check.action, &check.caller), ("sqs:SendMessage", &Caller::Service));
    assert_eq!(check.source_arn.as_deref(), Some(RULE));
    assert_eq!(check.source_account, "111122223333");
}

#[tokio::test(start_paused = true)]
async fn a_fifo_queue_gets_its_group_and_is_refused_without_one() {
    let fifo = "arn:aws:sqs:us-east-1:111122223333:intake.fifo";
    let world = World::new();
    let target = json!({"Arn": fifo, "SqsParameters": {"MessageGroupId": "all"}});
    let (calls, _) = delivered_to(&world, target).await;
    let Action::SendMessage { group_id, .. } = &calls[0].action else { panic!("{calls:?}") };
    assert_eq!(group_id.as_deref(), Some("all"));

    let (calls, outcome) = delivered_to(&World::new(), json!({"Arn": fifo})).await;
    assert_eq!(calls, []);
    assert_eq!(dropped(&outcome).0, "INVALID_PARAMETER");
}

#[tokio::test(start_paused = true)]
async fn topics_and_functions_get_the_input_of_the_target() {
    let world = World::new();
    let (calls, _) = delivered_to(&world, json!({"Arn": TOPIC, "Input": "\"hello\""})).await;
    assert_eq!(calls[0].action, Action::Publish { message: "\"hello\"".into() });
    assert_eq!(world.policy_checks()[0].action, "sns:Publish");

    let world = World::new();
    let target = json!({"Arn": FUNCTION, "InputPath": "$.detail"});
    let (calls, _) = delivered_to(&world, target).await;
    let payload = json!({"eventName": "CreateAccount"}).to_string();
    assert_eq!(calls[0].action, Action::Invoke { payload });
    assert_eq!(world.policy_checks()[0].action, "lambda:InvokeFunction");
}

#[tokio::test(start_paused = true)]
async fn a_state_machine_is_started_under_its_role_with_one_name_per_delivery() {
    let world = World::new();
    let target = json!({"Arn": MACHINE, "RoleArn": ROLE});
    world.fails(MACHINE, 1, &crate::support::refused(400, "ThrottlingException"));
    let (calls, outcome) = delivered_to(&world, target).await;
    assert_eq!(outcome, DeliveryOutcome::Delivered);
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0], calls[1]);
    assert_eq!(calls[0].role.as_deref(), Some(ROLE));
    let Action::StartExecution { name, input } = &calls[0].action else { panic!("{calls:?}") };
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    assert!(name.len() <= 80 && name.chars().all(legal), "{name}");
    assert_eq!(*input, event("e-1").to_string());
    let check = &world.role_checks()[0];
    assert_eq!((check.action, check.resource.as_str()), ("states:StartExecution", MACHINE));
    assert_eq!(world.policy_checks(), []);
}

#[tokio::test(start_paused = true)]
async fn an_ops_item_is_made_under_the_targets_role_and_never_without_one() {
    let arn = "arn:aws:ssm:us-east-1:111122223333:opsitem";
    let world = World::new();
    let item = json!({"title": "it broke", "source": "tests"}).to_string();
    let target = json!({"Arn": arn, "RoleArn": ROLE, "Input": item});
    let (calls, outcome) = delivered_to(&world, target).await;
    assert_eq!(outcome, DeliveryOutcome::Delivered);
    assert_eq!(calls[0].action, Action::CreateOpsItem { item });
    let check = &world.role_checks()[0];
    assert_eq!((check.action, check.resource.as_str()), ("ssm:CreateOpsItem", arn));

    let (calls, outcome) = delivered_to(&World::new(), json!({"Arn": arn})).await;
    assert_eq!(calls, []);
    let (code, message) = dropped(&outcome);
    assert_eq!((code, message.starts_with("RoleArn is required")), ("INVALID_PARAMETER", true));
}

#[tokio::test(start_paused = true)]
async fn a_command_goes_to_its_nodes_under_a_role_that_may_reach_each_of_them() {
    let shell = "arn:aws:ssm:us-east-1::document/AWS-RunShellScript";
    let targets = json!([
        {"Key": "InstanceIds", "Values": ["i-1", "mi-2"]}, {"Key": "tag:Role", "Values": ["web"]},
    ]);
    let parameters = json!({"commands": ["uptime"]}).to_string();
    let world = World::new();
    let target = json!({
        "Arn": shell, "RoleArn": ROLE, "Input": parameters,
        "RunCommandParameters": {"RunCommandTargets": targets},
    });
    let (calls, outcome) = delivered_to(&world, target.clone()).await;
    assert_eq!(outcome, DeliveryOutcome::Delivered);
    let Action::SendCommand { targets: sent, parameters: said } = &calls[0].action else {
        panic!("{calls:?}")
    };
    assert_eq!((json!(sent), said), (targets, &parameters));
    let checks = world.role_checks();
    let resources: Vec<&str> = checks.iter().map(|check| check.resource.as_str()).collect();
    let node = |resource: &str| format!("arn:aws:{resource}");
    assert_eq!(
        resources,
        [
            shell,
            &node("ec2:us-east-1:111122223333:instance/i-1"),
            &node("ssm:us-east-1:111122223333:managed-instance/mi-2"),
            &node("ec2:us-east-1:111122223333:instance/*"),
        ]
    );
    assert_eq!(checks[0].action, "ssm:SendCommand");
    assert_eq!(checks[3].context["ssm:resourceTag/Role"], "web");

    let world = World::new();
    let mut elsewhere = target;
    elsewhere["RoleArn"] = json!("arn:aws:iam::444455556666:role/deliver");
    let (calls, outcome) = delivered_to(&world, elsewhere).await;
    assert_eq!((calls.len(), dropped(&outcome).0), (0, "NO_PERMISSIONS"));
}

#[tokio::test(start_paused = true)]
async fn a_state_machine_without_role_or_in_another_account_is_not_started() {
    let (calls, outcome) = delivered_to(&World::new(), json!({"Arn": MACHINE})).await;
    assert_eq!(calls, []);
    assert_eq!(
        dropped(&outcome),
        ("INVALID_PARAMETER", format!("RoleArn is required for target {MACHINE}.").as_str())
    );

    let elsewhere = MACHINE.replace("111122223333", "444455556666");
    let target = json!({"Arn": elsewhere, "RoleArn": ROLE});
    let (calls, outcome) = delivered_to(&World::new(), target).await;
    assert_eq!(calls, []);
    assert_eq!(dropped(&outcome).0, "NO_PERMISSIONS");
}

#[tokio::test(start_paused = true)]
async fn a_role_that_cannot_be_assumed_or_may_not_is_told_apart() {
    for (verdict, code) in [
        (RoleVerdict::NotAssumable, "FAILED_TO_ASSUME_ROLE"),
        (RoleVerdict::Denied, "NO_PERMISSIONS"),
    ] {
        let world = World::new();
        world.role_verdict(ROLE, verdict);
        let (calls, outcome) = delivered_to(&world, json!({"Arn": MACHINE, "RoleArn": ROLE})).await;
        assert_eq!((calls.len(), dropped(&outcome).0), (0, code));
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_role_a_queues_own_policy_counts_only_in_another_account() {
    let world = World::new();
    let (_, outcome) = delivered_to(&world, json!({"Arn": QUEUE, "RoleArn": ROLE})).await;
    assert_eq!(outcome, DeliveryOutcome::Delivered);
    assert_eq!(world.policy_checks(), []);

    let elsewhere = QUEUE.replace("111122223333", "444455556666");
    let world = World::new();
    world.verdict(&elsewhere, ResourceVerdict::Denied);
    let (calls, outcome) = delivered_to(&world, json!({"Arn": elsewhere, "RoleArn": ROLE})).await;
    assert_eq!((calls.len(), dropped(&outcome).0), (0, "NO_PERMISSIONS"));
    let check = &world.policy_checks()[0];
    assert_eq!(check.caller, Caller::Role(ROLE.into()));
    assert_eq!(check.source_arn, None);
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_denies_or_is_missing_gets_one_attempt() {
    for (verdict, code, word) in [
        (ResourceVerdict::Denied, "NO_PERMISSIONS", "no resource-based policy allows"),
        (ResourceVerdict::Missing, "NO_RESOURCE", "does not exist"),
    ] {
        let world = World::new();
        world.verdict(QUEUE, verdict);
        let (calls, outcome) = delivered_to(&world, json!({"Arn": QUEUE})).await;
        assert_eq!(calls, []);
        assert_eq!(world.policy_checks().len(), 1);
        assert_eq!(dropped(&outcome).0, code);
        assert!(dropped(&outcome).1.contains(word), "{outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_group_gets_the_event_under_its_own_time_or_what_a_template_says() {
    let (calls, _) = delivered_to(&World::new(), json!({"Arn": LOGS})).await;
    let message = event("e-1").to_string();
    assert_eq!(calls[0].action, Action::PutLogEvent { timestamp: 1_767_225_598_000, message });

    let target = json!({"Arn": LOGS, "InputTransformer": {
        "InputPathsMap": {"time": "$.time", "name": "$.detail.eventName"},
        "InputTemplate": "{\"timestamp\": <time>, \"message\": \"called <name>\"}"}});
    let (calls, _) = delivered_to(&World::new(), target).await;
    assert_eq!(
        calls[0].action,
        Action::PutLogEvent {
            timestamp: 1_767_225_598_000,
            message: "called CreateAccount".into()
        }
    );
}

#[tokio::test(start_paused = true)]
async fn any_other_target_fails_with_a_clear_reason() {
    for arn in ["arn:aws:ecs:us-east-1:111122223333:cluster/c", "nonsense"] {
        let (calls, outcome) = delivered_to(&World::new(), json!({"Arn": arn})).await;
        assert_eq!(calls, []);
        assert_eq!(dropped(&outcome).0, "INVALID_PARAMETER");
        assert!(dropped(&outcome).1.contains(arn), "{outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_target_of_every_rule_is_served_whatever_becomes_of_the_others() {
    let world = World::new();
    world
        .rule(&bus(), "all", &[json!({"Arn": TOPIC}), json!({"Arn": QUEUE})])
        .rule(&bus(), "more", &[json!({"Arn": FUNCTION})])
        .verdict(TOPIC, ResourceVerdict::Denied);
    let records = delivered(&world, bus(), event("e-1")).await;
    assert_eq!(records.len(), 3);
    assert_eq!((world.calls(QUEUE).len(), world.calls(FUNCTION).len()), (1, 1));
    assert_eq!(world.calls(TOPIC), []);
}

#[tokio::test(start_paused = true)]
async fn an_execution_is_named_after_its_event() {
    let world = World::new();
    world.rule(&bus(), "all", &[json!({"Arn": MACHINE, "RoleArn": ROLE})]);
    let id = "7bf73129-1428-4cd3-a780-95db273d1602";
    delivered(&world, bus(), event(id)).await;
    let calls = world.calls(MACHINE);
    let Action::StartExecution { name, .. } = &calls[0].action else { panic!("{calls:?}") };
    assert!(name.starts_with(&format!("{id}_")), "{name}");
}
