//! The function is killed at the write that records its decision, and the message comes again: nothing
//! runs twice, nothing is lost, and nothing stays taken that no run needs.

use std::sync::Arc;

use aws_double::{Fault, Instance};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::world::{NAME, NOW, World, event};

const RULE: &str = r#"
mode: active
alarm: {names: ["Server*"]}
resource: {dimension: InstanceId}
ladder: [{runbook: Relay-RebootInstance, parameters: {InstanceId: ["{resource}"]}}]
guard: {storm: {resources: 1}}
"#;
const INSTANCE: &str = "i-12345678901234567";
const OTHER: &str = "i-00000000000000002";

fn world() -> World {
    let world = World::at(NOW);
    world.rule("cpu", RULE);
    world
}

/// An alarm on another instance, which is one too many for the rule's storm breaker: it takes lock and
/// budgets, and then the storm objects.
async fn beyond_the_storm(world: &World) -> Value {
    assert_eq!(deliver(world, &event(), 1).await, json!([]));
    world.alarm("Server2", "ALARM", Some(("AWS/EC2", "CPUUtilization", OTHER)));
    world.instance(OTHER, Instance::default());
    let text = event().to_string().replace("ServerCpuTooHigh", "Server2");
    serde_json::from_str(&text.replace(INSTANCE, OTHER)).unwrap()
}

/// Hands a message over for the `count`th time; what is to be delivered again.
async fn deliver(world: &World, message: &Value, count: u32) -> Value {
    let record = json!({
        "messageId": "m-0", "eventSource": "aws:sqs", "body": message.to_string(),
        "attributes": {"ApproximateReceiveCount": count.to_string()},
    });
    let answer = world.direct(json!({"Records": [record]})).await.unwrap();
    answer["batchItemFailures"].clone()
}

/// Hands a message over and kills the function at the write of the decision: before the table has it
/// ([`Fault::Silent`]), or after it ([`Fault::Slow`]).
async fn killed(world: &World, message: &Value, fault: &Fault) {
    let (reached, fault) = (Arc::new(Notify::new()), fault.clone());
    let signal = Arc::clone(&reached);
    world.aws.on("UpdateItem").once().fails_where(move |call| {
        (call.body["Key"]["sk"]["S"] == "decision").then(|| {
            signal.notify_one();
            fault.clone()
        })
    });
    tokio::select! {
        biased;
        () = reached.notified() => {}
        failed = deliver(world, message, 1) => panic!("it was not killed, and answered {failed}"),
    }
    world.aws.heal();
}

fn before() -> Fault {
    Fault::Silent
}

fn after() -> Fault {
    Fault::Slow(std::time::Duration::MAX)
}

fn is_decided(world: &World) -> usize {
    world.state().table.keys("trigger#").iter().filter(|(_, sk)| sk == "decision").count()
}

/// The trigger that holds the lock on an instance.
fn owner(world: &World, instance: &str) -> Option<String> {
    let key = format!("resource#111122223333#us-east-1#{instance}");
    let state = world.state();
    let owner = state.table.get(&key, "lock")?.get("owner")?["S"].as_str()?;
    Some(owner.to_owned())
}

/// The triggers that took a run from the rule's budget.
fn runs(world: &World) -> usize {
    let state = world.state();
    let [(pk, sk)] = &state.table.keys("budget#rule#cpu")[..] else { return 0 };
    let takers = state.table.get(pk, sk).unwrap().get("takers");
    takers.map_or(0, |takers| takers["SS"].as_array().unwrap().len())
}

#[tokio::test(start_paused = true)]
async fn killed_right_before_its_decision_is_stored_it_decides_again_and_leaves_nothing_taken() {
    // The takes are its own: the next attempt starts the run, once.
    let world = world();
    killed(&world, &event(), &before()).await;
    assert_eq!((is_decided(&world), runs(&world)), (0, 1));
    assert!(owner(&world, INSTANCE).is_some() && world.executions().is_empty());
    let next = world.another();
    for count in [2, 3] {
        assert_eq!(deliver(&next, &event(), count).await, json!([]));
    }
    assert_eq!(world.executions().keys().collect::<Vec<_>>(), [NAME]);
    assert_eq!(runs(&world), 1);
    assert_eq!(json!(owner(&world, INSTANCE)), world.executions()[NAME]["lock"]["trigger"]);

    // The alarm has returned to OK meanwhile: nothing is run, so nothing stays taken.
    let world = self::world();
    killed(&world, &event(), &before()).await;
    world.alarm("ServerCpuTooHigh", "OK", Some(("AWS/EC2", "CPUUtilization", INSTANCE)));
    assert_eq!(deliver(&world.another(), &event(), 2).await, json!([]));
    assert_eq!((owner(&world, INSTANCE), runs(&world)), (None, 0));
    assert!(world.executions().is_empty());
    assert_eq!(world.state().outcomes()[0]["problems"][0]["code"], "AlreadyOk");

    // It would have been suppressed, and is.
    let world = self::world();
    let message = beyond_the_storm(&world).await;
    killed(&world, &message, &before()).await;
    assert!(owner(&world, OTHER).is_some() && is_decided(&world) == 1 && runs(&world) == 2);
    assert_eq!(deliver(&world.another(), &message, 2).await, json!([]));
    assert_eq!((owner(&world, OTHER), runs(&world)), (None, 1));
    assert_eq!(world.executions().len(), 1);
    assert_eq!(world.state().outcomes()[0]["problems"][0]["code"], "StormBreaker");
}

#[tokio::test(start_paused = true)]
async fn killed_right_after_its_decision_is_stored_it_acts_on_that_decision_once() {
    // The decision to start holds, though the alarm has returned to OK meanwhile.
    let world = world();
    killed(&world, &event(), &after()).await;
    assert_eq!((is_decided(&world), runs(&world)), (1, 1));
    assert!(world.executions().is_empty());
    world.alarm("ServerCpuTooHigh", "OK", Some(("AWS/EC2", "CPUUtilization", INSTANCE)));
    let next = world.another();
    for count in [2, 3] {
        assert_eq!(deliver(&next, &event(), count).await, json!([]));
    }
    assert_eq!(world.executions().keys().collect::<Vec<_>>(), [NAME]);
    assert_eq!(runs(&world), 1);
    assert_eq!(json!(owner(&world, INSTANCE)), world.executions()[NAME]["lock"]["trigger"]);

    // The decision to start nothing holds, and what was taken before it is released and published once.
    let world = self::world();
    let message = beyond_the_storm(&world).await;
    killed(&world, &message, &after()).await;
    assert!(owner(&world, OTHER).is_some() && is_decided(&world) == 2);
    assert!(world.state().outcomes().is_empty());
    let next = world.another();
    for count in [2, 3] {
        assert_eq!(deliver(&next, &message, count).await, json!([]));
    }
    assert_eq!((owner(&world, OTHER), runs(&world)), (None, 1));
    assert!(owner(&world, INSTANCE).is_some(), "the first run's lock is its own");
    assert_eq!(world.executions().len(), 1);
    let outcomes = world.state().outcomes();
    assert_eq!(outcomes.len(), 1, "{outcomes:#?}");
    assert_eq!(outcomes[0]["problems"][0]["code"], "StormBreaker");
}
