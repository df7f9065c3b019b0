//! Executions that wait for each other, on a table and a Step Functions in memory.

use aws_double::{Execution, Fault};
use jiff::Timestamp;
use plan_shares::gather;
use serde_json::{Value, json};
use sharing::Gathered;

use crate::world::{NEWCOMER, OWNER, World};

const MACHINE: &str = "arn:aws:states:us-east-1:111122223333:stateMachine:share";

fn arn(name: &str) -> String {
    format!("{}:{name}", MACHINE.replace("stateMachine", "execution"))
}

fn runs(world: &World, name: &str, status: &'static str, error: Option<&'static str>) {
    world.state().states.add(Execution {
        machine: MACHINE.to_owned(),
        name: name.to_owned(),
        status,
        input: "{}".to_owned(),
        started: Timestamp::UNIX_EPOCH,
        stopped: None,
        error: error.map(|error| (error, "")),
        requests: Vec::new(),
    });
}

async fn ask(world: &World, name: &str, input: Value, settles: bool) -> Gathered {
    let request = json!({
        "execution": {"arn": arn(name), "name": name, "startTime": "2026-03-01T12:00:00Z"},
        "gather": {"input": input, "settles": settles},
    });
    gather(&world.deps(), serde_json::from_value(request).unwrap()).await.unwrap()
}

async fn look(world: &World, name: &str, account: &str) -> Gathered {
    let kind = name.split('-').next().unwrap();
    let trigger = json!({"kind": kind, "eventIds": [format!("event-of-{name}")]});
    ask(world, name, json!({"accounts": [account], "trigger": trigger}), false).await
}

fn accounts(gathered: &Gathered) -> Vec<String> {
    let Gathered::Plan { input } = gathered else { panic!("{gathered:?}") };
    input.accounts().iter().map(ToString::to_string).collect()
}

fn pass(world: &World, seconds: i64) {
    world.now.set(world.now.get() + seconds * 1000);
}

#[tokio::test]
async fn two_accounts_become_the_work_of_one_execution_and_the_other_ends_when_it_has_ended() {
    let world = World::new();
    runs(&world, "join-1", "RUNNING", None);
    assert_eq!(look(&world, "join-1", NEWCOMER).await, Gathered::Wait { seconds: 4 });
    pass(&world, 2);
    assert_eq!(look(&world, "join-2", OWNER).await, Gathered::Wait { seconds: 4 });
    pass(&world, 2);
    assert_eq!(look(&world, "join-1", NEWCOMER).await, Gathered::Wait { seconds: 2 });
    pass(&world, 2);
    let led = look(&world, "join-1", NEWCOMER).await;
    assert_eq!(accounts(&led), [OWNER, NEWCOMER]);
    let Gathered::Plan { input } = &led else { panic!() };
    assert_eq!(input.trigger.event_ids, ["event-of-join-1", "event-of-join-2"]);
    // The answer was lost, and the machine asks once more.
    assert_eq!(look(&world, "join-1", NEWCOMER).await, led);
    assert!(matches!(look(&world, "join-2", OWNER).await, Gathered::Wait { .. }));
    for (status, error) in [("SUCCEEDED", None), ("FAILED", Some("OutcomeFailed"))] {
        runs(&world, "join-1", status, error);
        let done = Gathered::Done { by: arn("join-1") };
        assert_eq!(look(&world, "join-2", OWNER).await, done);
    }
}

#[tokio::test]
async fn what_an_execution_that_was_stopped_spoke_for_gathers_anew() {
    for (status, error) in
        [("ABORTED", None), ("TIMED_OUT", None), ("FAILED", Some("States.Runtime"))]
    {
        let world = World::new();
        look(&world, "join-1", NEWCOMER).await;
        look(&world, "join-2", OWNER).await;
        look(&world, "join-3", "555566667777").await;
        pass(&world, 4);
        assert_eq!(accounts(&look(&world, "join-1", NEWCOMER).await).len(), 3);
        runs(&world, "join-1", status, error);
        pass(&world, 8);
        assert_eq!(look(&world, "join-2", OWNER).await, Gathered::Wait { seconds: 4 });
        assert_eq!(look(&world, "join-3", "555566667777").await, Gathered::Wait { seconds: 4 });
        pass(&world, 4);
        assert_eq!(accounts(&look(&world, "join-2", OWNER).await), [OWNER, "555566667777"]);
    }
}

#[tokio::test]
async fn one_that_was_stopped_before_its_turn_is_taken_in() {
    let world = World::new();
    look(&world, "join-1", NEWCOMER).await;
    pass(&world, 1);
    look(&world, "join-2", OWNER).await;
    pass(&world, 89);
    assert!(matches!(look(&world, "join-2", OWNER).await, Gathered::Wait { .. }));
    pass(&world, 10);
    // Step Functions does not know join-1.
    assert_eq!(accounts(&look(&world, "join-2", OWNER).await), [OWNER, NEWCOMER]);
}

#[tokio::test]
async fn the_move_of_an_account_that_joined_belongs_to_the_story_of_the_join() {
    let world = World::new();
    runs(&world, "join-1", "RUNNING", None);
    look(&world, "join-1", NEWCOMER).await;
    pass(&world, 4);
    let joined = json!({"accounts": [NEWCOMER], "trigger": {"kind": "join"}, "joined": 0});
    ask(&world, "join-1", joined.clone(), false).await;
    assert_eq!(ask(&world, "join-1", joined.clone(), true).await, Gathered::Wait { seconds: 2 });
    pass(&world, 20);
    assert_eq!(look(&world, "move-1", NEWCOMER).await, Gathered::Wait { seconds: 4 });
    pass(&world, 2);
    assert_eq!(ask(&world, "join-1", joined.clone(), true).await, Gathered::Wait { seconds: 2 });
    pass(&world, 2);
    assert!(matches!(look(&world, "move-1", NEWCOMER).await, Gathered::Wait { .. }));
    let moved = ask(&world, "join-1", joined.clone(), true).await;
    let Gathered::Plan { input } = &moved else { panic!("{moved:?}") };
    assert_eq!(input.trigger.event_ids, ["event-of-move-1"]);
    pass(&world, 36);
    assert_eq!(ask(&world, "join-1", joined, true).await, Gathered::Publish);
    runs(&world, "join-1", "SUCCEEDED", None);
    assert_eq!(look(&world, "move-1", NEWCOMER).await, Gathered::Done { by: arn("join-1") });
}

#[tokio::test]
async fn a_move_that_was_left_to_a_join_is_done_where_that_join_was_stopped() {
    let world = World::new();
    look(&world, "join-1", NEWCOMER).await;
    pass(&world, 4);
    let joined = json!({"accounts": [NEWCOMER], "trigger": {"kind": "join"}, "joined": 0});
    ask(&world, "join-1", joined.clone(), false).await;
    ask(&world, "join-1", joined, true).await;
    runs(&world, "join-1", "ABORTED", None);
    pass(&world, 10);
    look(&world, "move-1", NEWCOMER).await;
    pass(&world, 4);
    assert_eq!(accounts(&look(&world, "move-1", NEWCOMER).await), [NEWCOMER]);
}

#[tokio::test]
async fn changes_wait_for_an_execution_that_brings_the_organization_into_line() {
    let world = World::new();
    world.state().table.put(&json!({"pk": {"S": "place#reconcile"}, "sk": {"S": "holder"},
        "execution": {"S": arn("reconcile")}}));
    runs(&world, "reconcile", "RUNNING", None);
    let change = |rule: &str| {
        let touched = json!({"rules": [rule]});
        json!({"organization": true, "touched": touched, "trigger": {"kind": "change"}})
    };
    ask(&world, "change-1", change("one"), false).await;
    pass(&world, 4);
    let behind = ask(&world, "change-1", change("one"), false).await;
    assert_eq!(behind, Gathered::Wait { seconds: 10 });
    ask(&world, "change-2", change("two"), false).await;
    runs(&world, "reconcile", "SUCCEEDED", None);
    pass(&world, 10);
    let led = ask(&world, "change-1", change("one"), false).await;
    let Gathered::Plan { input } = led else { panic!("{led:?}") };
    assert_eq!(input.touched.unwrap().rules.len(), 2);
}

#[tokio::test]
async fn nothing_else_waits_and_a_table_that_does_not_answer_is_an_error_to_go_on_from() {
    let world = World::new();
    for input in [
        json!({"organization": true}),
        json!({"accounts": [NEWCOMER]}),
        json!({"accounts": [NEWCOMER, OWNER], "trigger": {"kind": "join"}}),
        json!({"accounts": [NEWCOMER], "trigger": {"kind": "recheck"}}),
    ] {
        let gathered = ask(&world, "any", input, false).await;
        assert!(matches!(gathered, Gathered::Plan { .. }));
    }
    assert_eq!(world.calls("Query") + world.calls("PutItem"), 0);
    world.aws.on("Query").fails(Fault::Denied);
    let request = json!({
        "execution": {"arn": arn("join-1"), "name": "join-1", "startTime": "2026-03-01T12:00:00Z"},
        "gather": {"input": {"accounts": [NEWCOMER], "trigger": {"kind": "join"}}},
    });
    gather(&world.deps(), serde_json::from_value(request).unwrap()).await.unwrap_err();
}
