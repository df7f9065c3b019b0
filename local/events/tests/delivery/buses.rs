//! Events between buses, on buses that are not there, and under the knobs.

use crate::support::{ACCOUNT, DEAD, QUEUE, REGION, World, bus, delivered, event};
use api::Emission;
use events::{BusRef, Caller, DeliveryOutcome, Knobs, ResourceVerdict, RoleVerdict};
use serde_json::json;

const ROLE: &str = "arn:aws:iam::111122223333:role/forward";

fn hub() -> BusRef {
    BusRef { account: "444455556666".into(), region: REGION.into(), name: "hub".into() }
}

fn arn(bus: &BusRef) -> String {
    format!("arn:aws:events:{}:{}:event-bus/{}", bus.region, bus.account, bus.name)
}

fn forward(to: &BusRef) -> serde_json::Value {
    json!({"Arn": arn(to), "RoleArn": ROLE, "DeadLetterConfig": {"Arn": DEAD}})
}

#[tokio::test(start_paused = true)]
async fn another_accounts_bus_gets_the_event_with_everything_it_came_with() {
    let world = World::new();
    world.rule(&bus(), "forward", &[forward(&hub())]).rule(&hub(), "all", &[json!({"Arn": QUEUE})]);
    let records = delivered(&world, bus(), event("e-1")).await;
    assert_eq!(world.bodies(QUEUE), [event("e-1")]);
    assert_eq!(records.len(), 2);

    let role = &world.role_checks()[0];
    assert_eq!((role.action, role.resource.as_str()), ("events:PutEvents", arn(&hub()).as_str()));
    let policy = &world.policy_checks()[0];
    assert_eq!((&policy.resource, &policy.caller), (&arn(&hub()), &Caller::Role(ROLE.into())));
    assert!(policy.source_arn.as_deref().unwrap().ends_with(":rule/forward"));
    assert_eq!(policy.context["events:source"], "aws.organizations");
    assert_eq!(policy.context["events:eventBusInvocation"], "true");
}

#[tokio::test(start_paused = true)]
async fn in_the_same_account_the_role_is_enough() {
    let world = World::new();
    let other = BusRef { name: "other".into(), ..bus() };
    world
        .rule(&bus(), "forward", &[forward(&other)])
        .rule(&other, "all", &[json!({"Arn": QUEUE})])
        .verdict(&arn(&other), ResourceVerdict::Denied);
    delivered(&world, bus(), event("e-1")).await;
    assert_eq!(world.bodies(QUEUE), [event("e-1")]);
}

#[tokio::test(start_paused = true)]
async fn without_role_or_without_leave_nothing_is_forwarded() {
    for (name, role, policy, code) in [
        ("role", RoleVerdict::Denied, ResourceVerdict::Allowed, "NO_PERMISSIONS"),
        ("trust", RoleVerdict::NotAssumable, ResourceVerdict::Allowed, "NO_PERMISSIONS"),
        ("policy", RoleVerdict::Allowed, ResourceVerdict::Denied, "NO_PERMISSIONS"),
        ("no bus", RoleVerdict::Allowed, ResourceVerdict::Missing, "NO_PERMISSIONS"),
    ] {
        let world = World::new();
        world
            .rule(&bus(), "forward", &[forward(&hub())])
            .rule(&hub(), "all", &[json!({"Arn": QUEUE})])
            .role_verdict(ROLE, role)
            .verdict(&arn(&hub()), policy);
        delivered(&world, bus(), event("e-1")).await;
        assert_eq!(world.calls(QUEUE), [], "{name}");
        assert_eq!(world.bodies(DEAD), [event("e-1")], "{name}");
        assert!(world.attributes(DEAD).contains(&("ERROR_CODE", code.to_owned())), "{name}");
    }
    let world = World::new();
    world.rule(&bus(), "forward", &[json!({"Arn": arn(&hub())})]);
    let records = delivered(&world, bus(), event("e-1")).await;
    let DeliveryOutcome::Dropped { code, .. } = &records[0].outcome else { panic!("{records:?}") };
    assert_eq!(code, "INVALID_PARAMETER");
}

#[tokio::test(start_paused = true)]
async fn another_region_keeps_the_origin_and_gives_an_id_of_its_own() {
    let world = World::new();
    let away = BusRef { region: "eu-west-1".into(), ..hub() };
    world.rule(&bus(), "forward", &[forward(&away)]).rule(&away, "all", &[json!({"Arn": QUEUE})]);
    delivered(&world, bus(), event("e-1")).await;
    let body = &world.bodies(QUEUE)[0];
    assert_eq!((&body["account"], &body["region"]), (&json!(ACCOUNT), &json!(REGION)));
    assert_eq!(body["detail"], event("e-1")["detail"]);
    assert_ne!(body["id"], "e-1");
}

#[tokio::test(start_paused = true)]
async fn a_loop_of_buses_ends_in_a_dead_letter() {
    let world = World::new();
    let other = BusRef { name: "other".into(), ..bus() };
    world
        .rule(&bus(), "there", &[forward(&other)])
        .rule(&bus(), "all", &[json!({"Arn": QUEUE})])
        .rule(&other, "back", &[forward(&bus())]);
    delivered(&world, bus(), event("e-1")).await;
    assert_eq!(world.bodies(QUEUE), [event("e-1")]);
    let attributes = world.attributes(DEAD);
    assert!(attributes.contains(&("ERROR_CODE", "THIRD_ACCOUNT_HOP_DETECTED".into())));
    assert!(attributes.contains(&("TARGET_ARN", arn(&bus()))));
}

#[tokio::test(start_paused = true)]
async fn an_event_for_a_bus_that_is_not_there_is_gone() {
    let records = delivered(&World::new(), bus(), event("e-1")).await;
    assert_eq!(records.len(), 1);
    let DeliveryOutcome::Dropped { code, message } = &records[0].outcome else {
        panic!("{records:?}")
    };
    assert_eq!(code, "NO_RESOURCE");
    assert!(message.contains("111122223333/us-east-1/default"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn an_emulator_that_does_not_answer_is_asked_again() {
    let world = World::new();
    world.rule(&bus(), "all", &[json!({"Arn": QUEUE})]);
    world.unreachable(3);
    let deliverer = world.deliverer();
    deliverer.emit(Emission {
        account: ACCOUNT.into(),
        region: REGION.into(),
        envelope: event("e-1"),
    });
    deliverer.settled().await;
    assert_eq!(world.bodies(QUEUE), [event("e-1")]);

    let world = World::new();
    world.unreachable(u32::MAX);
    let records = delivered(&world, bus(), event("e-1")).await;
    let DeliveryOutcome::Dropped { code, .. } = &records[0].outcome else { panic!("{records:?}") };
    assert_eq!(code, "INTERNAL_ERROR");
}

/// The ids that arrive at the queue, in order, for 20 events at once.
async fn order(knobs: Knobs) -> Vec<String> {
    let world = World::new();
    world.rule(&bus(), "all", &[json!({"Arn": QUEUE})]);
    let deliverer = world.deliverer();
    deliverer.set_knobs(knobs);
    for n in 0..20 {
        deliverer.accept(bus(), event(&format!("e-{n}")));
    }
    deliverer.settled().await;
    assert!(world.seconds(QUEUE).iter().all(|at| *at <= 0.3));
    world.bodies(QUEUE).iter().map(|body| body["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_knobs_repeat_and_shuffle_the_same_way_for_the_same_seed() {
    let sent: Vec<_> = (0..20).map(|n| format!("e-{n}")).collect();
    let knobs = Knobs { duplicate: 2, shuffle: true, seed: 7, ..Knobs::default() };
    let first = order(knobs.clone()).await;
    assert_eq!(first.len(), 40);
    assert!(sent.iter().all(|id| first.iter().filter(|other| *other == id).count() == 2));
    assert_eq!(first, order(knobs.clone()).await);
    assert_ne!(first, order(Knobs { seed: 8, ..knobs }).await);
    let once = order(Knobs { shuffle: true, ..Knobs::default() }).await;
    assert_eq!(once.len(), 20);
    assert_ne!(once, sent);
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_of_a_delivery_starts_an_execution_of_its_own() {
    let machine = "arn:aws:states:us-east-1:111122223333:stateMachine:share";
    let world = World::new();
    world.rule(&bus(), "all", &[json!({"Arn": machine, "RoleArn": ROLE})]);
    let deliverer = world.deliverer();
    deliverer.set_knobs(Knobs { duplicate: 2, ..Knobs::default() });
    deliverer.accept(bus(), event("e-1"));
    deliverer.settled().await;
    let calls = world.calls(machine);
    assert_eq!(calls.len(), 2);
    assert_ne!(calls[0].action, calls[1].action);
}

#[tokio::test(start_paused = true)]
async fn the_knobs_lose_the_events_they_name() {
    let world = World::new();
    world.rule(&bus(), "all", &[json!({"Arn": QUEUE})]);
    let deliverer = world.deliverer();
    deliverer.set_knobs(Knobs { drop: vec!["CreateAccount".into()], ..Knobs::default() });
    deliverer.accept(bus(), event("e-1"));
    deliverer.set_knobs(Knobs::default());
    deliverer.accept(bus(), event("e-2"));
    deliverer.settled().await;
    assert_eq!(world.bodies(QUEUE), [event("e-2")]);
    assert!(matches!(&deliverer.records()[0].outcome,
        DeliveryOutcome::Dropped { code, .. } if code == "KNOB"));
}
