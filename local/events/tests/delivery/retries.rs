//! Retries, their bounds, and dead letters.

use crate::support::{DEAD, QUEUE, RULE, World, bus, delivered, event, refused};
use events::{DeliveryOutcome, PortError, ResourceVerdict};
use jiff::SignedDuration;
use serde_json::{Value, json};

fn target(policy: &Value) -> Value {
    json!({"Arn": QUEUE, "RetryPolicy": policy, "DeadLetterConfig": {"Arn": DEAD}})
}

fn attribute<'a>(attributes: &'a [(&str, String)], name: &str) -> Option<&'a str> {
    attributes.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again_with_growing_waits() {
    let world = World::new();
    world.rule(&bus(), "all", &[json!({"Arn": QUEUE})]);
    world.fails(QUEUE, 3, &refused(503, "ServiceUnavailable"));
    world.fails(QUEUE, 1, &PortError::Unreachable("reset".into()));
    let records = delivered(&world, bus(), event("e-1")).await;
    assert_eq!((records[0].attempts, &records[0].outcome), (5, &DeliveryOutcome::Delivered));
    let at = world.seconds(QUEUE);
    for (attempt, pair) in at.windows(2).enumerate() {
        let ceiling = f64::from(1 << attempt);
        let wait = pair[1] - pair[0];
        assert!((ceiling / 2.0..=ceiling + 0.01).contains(&wait), "{at:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_last_attempt_the_input_lies_in_the_dead_letter_queue() {
    let world = World::new();
    let mut target = target(&json!({"MaximumRetryAttempts": 2}));
    target["Input"] = json!("{\"attempted\":true}");
    world.rule(&bus(), "all", &[target]).fails(QUEUE, 9, &refused(500, "InternalFailure"));
    let records = delivered(&world, bus(), event("e-1")).await;
    assert_eq!(world.calls(QUEUE).len(), 3);
    assert_eq!(world.bodies(DEAD), [json!({"attempted": true})]);
    assert_eq!(
        world.attributes(DEAD),
        [
            ("RULE_ARN", RULE.to_owned()),
            ("TARGET_ARN", QUEUE.to_owned()),
            ("ERROR_CODE", "ERROR_FROM_TARGET".to_owned()),
            (
                "ERROR_MESSAGE",
                "no (Service: AmazonSQS; Status Code: 500; Error Code: InternalFailure; \
                 Request ID: r; Proxy: null)"
                    .to_owned()
            ),
            ("EXHAUSTED_RETRY_CONDITION", "MaximumRetryAttempts".to_owned()),
            ("RETRY_ATTEMPTS", "2".to_owned()),
        ]
    );
    let DeliveryOutcome::DeadLettered { queue, code, .. } = &records[0].outcome else {
        panic!("{records:?}")
    };
    assert_eq!(
        (records[0].attempts, queue.as_str(), code.as_str()),
        (3, DEAD, "ERROR_FROM_TARGET")
    );
}

#[tokio::test(start_paused = true)]
async fn with_no_retries_allowed_there_is_one_attempt() {
    let world = World::new();
    world.rule(&bus(), "all", &[target(&json!({"MaximumRetryAttempts": 0}))]);
    world.fails(QUEUE, 9, &refused(400, "ThrottlingException"));
    delivered(&world, bus(), event("e-1")).await;
    assert_eq!(world.calls(QUEUE).len(), 1);
    let attributes = world.attributes(DEAD);
    assert_eq!(attribute(&attributes, "ERROR_CODE"), Some("THROTTLING"));
    assert_eq!(attribute(&attributes, "RETRY_ATTEMPTS"), Some("0"));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_grows_too_old_is_given_up_at_that_age() {
    let world = World::new();
    world.rule(&bus(), "all", &[target(&json!({"MaximumEventAgeInSeconds": 60}))]);
    world.fails(QUEUE, 999, &refused(503, "ServiceUnavailable"));
    delivered(&world, bus(), event("e-1")).await;
    let attributes = world.attributes(DEAD);
    assert_eq!(
        attribute(&attributes, "EXHAUSTED_RETRY_CONDITION"),
        Some("MaximumEventAgeInSeconds")
    );
    let retries = (world.calls(QUEUE).len() - 1).to_string();
    assert_eq!(attribute(&attributes, "RETRY_ATTEMPTS"), Some(retries.as_str()));
    let given_up = world.seconds(DEAD)[0];
    assert!((60.0..60.1).contains(&given_up), "{given_up}");
}

#[tokio::test(start_paused = true)]
async fn by_default_it_takes_185_retries_or_a_day() {
    let world = World::new();
    world.rule(&bus(), "all", &[target(&json!({}))]);
    world.fails(QUEUE, 999, &refused(503, "ServiceUnavailable"));
    delivered(&world, bus(), event("e-1")).await;
    let attributes = world.attributes(DEAD);
    match attribute(&attributes, "EXHAUSTED_RETRY_CONDITION") {
        Some("MaximumRetryAttempts") => assert_eq!(world.calls(QUEUE).len(), 186),
        Some("MaximumEventAgeInSeconds") => assert!(world.seconds(DEAD)[0] >= 86_400.0),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_age_follows_the_clock_even_when_it_is_moved() {
    let world = World::new();
    world.rule(&bus(), "all", &[target(&json!({}))]);
    world.fails(QUEUE, 999, &refused(503, "ServiceUnavailable"));
    let deliverer = world.deliverer();
    deliverer.accept(bus(), event("e-1"));
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    world.jump(SignedDuration::from_hours(48));
    deliverer.settled().await;
    assert!(world.calls(QUEUE).len() < 10);
    assert_eq!(
        attribute(&world.attributes(DEAD), "EXHAUSTED_RETRY_CONDITION"),
        Some("MaximumEventAgeInSeconds")
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_pass_goes_to_the_queue_at_once_and_says_nothing_of_retries() {
    let world = World::new();
    world.rule(&bus(), "all", &[target(&json!({}))]).verdict(QUEUE, ResourceVerdict::Denied);
    delivered(&world, bus(), event("e-1")).await;
    assert_eq!(world.bodies(DEAD), [event("e-1")]);
    assert!(world.seconds(DEAD)[0] < 0.1);
    let names: Vec<_> = world.attributes(DEAD).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["RULE_ARN", "TARGET_ARN", "ERROR_CODE", "ERROR_MESSAGE"]);
}

#[tokio::test(start_paused = true)]
async fn an_input_that_is_no_json_lies_in_the_queue_as_it_came_out() {
    let world = World::new();
    let mut target = target(&json!({}));
    target["InputTransformer"] = json!({"InputTemplate": "{\"value\":<undefined>}"});
    world.rule(&bus(), "all", &[target]);
    delivered(&world, bus(), event("e-1")).await;
    assert_eq!(world.calls(QUEUE), []);
    assert_eq!(attribute(&world.attributes(DEAD), "ERROR_CODE"), Some("INVALID_JSON"));
    let calls = world.calls(DEAD);
    assert!(format!("{:?}", calls[0].action).contains("<undefined>"));
}

#[tokio::test(start_paused = true)]
async fn an_input_that_comes_out_empty_is_neither_delivered_nor_kept() {
    let world = World::new();
    let mut target = target(&json!({}));
    target["Input"] = json!("");
    world.rule(&bus(), "all", &[target]);
    let records = delivered(&world, bus(), event("e-1")).await;
    assert_eq!((world.calls(QUEUE).len(), world.calls(DEAD).len()), (0, 0));
    assert!(matches!(records[0].outcome, DeliveryOutcome::Dropped { .. }));
}

#[tokio::test(start_paused = true)]
async fn the_dead_letter_queues_own_policy_counts() {
    let world = World::new();
    world.rule(&bus(), "all", &[target(&json!({}))]);
    world.verdict(QUEUE, ResourceVerdict::Missing).verdict(DEAD, ResourceVerdict::Denied);
    let records = delivered(&world, bus(), event("e-1")).await;
    assert_eq!(world.calls(DEAD), []);
    let DeliveryOutcome::Dropped { code, message } = &records[0].outcome else {
        panic!("{records:?}")
    };
    assert_eq!(code, "NO_RESOURCE");
    assert!(message.contains("the dead-letter queue did not take it"), "{message}");
    assert!(message.contains("not authorized"), "{message}");
    let check = world.policy_checks().pop().unwrap();
    assert_eq!((check.resource.as_str(), check.source_arn.as_deref()), (DEAD, Some(RULE)));
}

#[tokio::test(start_paused = true)]
async fn only_a_standard_queue_of_the_same_region_takes_dead_letters() {
    for queue in [
        "arn:aws:sqs:us-east-1:111122223333:dead.fifo",
        "arn:aws:sqs:eu-west-1:111122223333:dead",
        "arn:aws:sns:us-east-1:111122223333:dead",
    ] {
        let world = World::new();
        let target = json!({"Arn": QUEUE, "DeadLetterConfig": {"Arn": queue}});
        world.rule(&bus(), "all", &[target]).verdict(QUEUE, ResourceVerdict::Denied);
        let records = delivered(&world, bus(), event("e-1")).await;
        assert_eq!(world.calls(queue), []);
        assert!(matches!(records[0].outcome, DeliveryOutcome::Dropped { .. }), "{records:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_queue_that_is_busy_is_tried_again() {
    let world = World::new();
    world.rule(&bus(), "all", &[target(&json!({}))]).verdict(QUEUE, ResourceVerdict::Denied);
    world.fails(DEAD, 2, &refused(503, "ServiceUnavailable"));
    let records = delivered(&world, bus(), event("e-1")).await;
    assert_eq!(world.calls(DEAD).len(), 3);
    assert!(matches!(records[0].outcome, DeliveryOutcome::DeadLettered { .. }), "{records:?}");
}
