//! The intake asks AWS for nothing that its own table knows, and for the rest in as few calls as can be.

use aws_double::{Fault, Instance};
use serde_json::{Value, json};

use crate::world::{NOW, World};

const RULE: &str = r#"
mode: active
alarm: {names: ["web-*"]}
resource: {dimension: InstanceId}
ladder: [{runbook: Relay-RebootInstance, parameters: {InstanceId: ["{resource}"]}}]
"#;
const OPEN: &str = "guard: {perHour: 100, perAccountHour: 100, storm: {resources: 100}}\n";
const LOOKS: [&str; 3] = ["DescribeAlarms", "DescribeAlarmHistory", "DescribeInstances"];

fn instance(number: usize) -> String {
    format!("i-{number:017}")
}

/// So many alarms in ALARM, each about a running instance of its own, and a rule about them.
fn world(alarms: usize, guard: &str) -> World {
    let world = World::at(NOW);
    for number in 0..alarms {
        let metric = ("AWS/EC2", "CPUUtilization", &*instance(number));
        world.alarm(&format!("web-{number}"), "ALARM", Some(metric));
        world.instance(&instance(number), Instance::default());
    }
    world.rule("web", &format!("{RULE}{guard}"));
    world
}

/// The transition of an alarm, so many seconds after the first.
fn event(number: usize, seconds: u32) -> Value {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/aws.cloudwatch/alarm-state-change.json");
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.replace("ServerCpuTooHigh", &format!("web-{number}"));
    let text = text.replace("i-12345678901234567", &instance(number));
    let mut event: Value = serde_json::from_str(&text).unwrap();
    event["id"] = json!(format!("e-{number}-{seconds}"));
    event["detail"]["state"]["timestamp"] =
        json!(format!("2019-10-02T17:04:{seconds:02}.000+0000"));
    event
}

fn events(numbers: std::ops::Range<usize>, seconds: u32) -> Vec<Value> {
    numbers.map(|number| event(number, seconds)).collect()
}

fn looks(world: &World) -> [usize; 3] {
    LOOKS.map(|operation| world.aws.count(operation))
}

#[tokio::test(start_paused = true)]
async fn a_batch_asks_for_its_alarms_and_for_its_instances_in_one_call_each() {
    let world = world(10, OPEN);
    assert_eq!(world.batch(&events(0..10, 40)).await, [""; 0]);
    assert_eq!(world.executions().len(), 10);
    assert_eq!(looks(&world), [1, 0, 1]);
    assert_eq!(world.aws.count("DescribeInstanceTypes"), 1);
}

/// A trigger that lock, cool-down, budget or breaker suppresses costs no call of CloudWatch or EC2.
#[tokio::test(start_paused = true)]
async fn what_the_table_knows_is_not_asked_again() {
    let world = world(3, "guard: {perHour: 2, perAccountHour: 100, storm: {resources: 2}}\n");
    assert_eq!(world.batch(&events(0..2, 40)).await, [""; 0]);
    assert_eq!((world.executions().len(), looks(&world)), (2, [1, 0, 1]));

    for (number, seconds, code) in
        [(0, 41, "Locked"), (2, 41, "StormBreaker"), (2, 42, "StormBreaker")]
    {
        assert_eq!(world.batch(&[event(number, seconds)]).await, [""; 0]);
        let outcomes = world.state().outcomes();
        let said: Vec<&Value> = outcomes.iter().map(|one| &one["problems"][0]["code"]).collect();
        assert!(said.contains(&&json!(code)), "{said:?}");
        assert_eq!(looks(&world), [1, 0, 1], "{code}");
    }
    assert_eq!(world.executions().len(), 2);

    // Another rule, whose budget of an hour is used up, and which is far from a storm.
    let world = self::world(2, "guard: {perHour: 1}\n");
    for number in 0..2 {
        assert_eq!(world.batch(&[event(number, 40)]).await, [""; 0]);
    }
    assert_eq!(world.state().outcomes()[0]["problems"][0]["code"], "RuleBudget");
    assert_eq!(looks(&world), [1, 0, 1]);
}

#[tokio::test(start_paused = true)]
async fn one_instance_that_ec2_refuses_stops_no_other_of_the_batch() {
    let world = world(3, OPEN);
    world.state().hub().instances.remove(&instance(1));
    assert_eq!(world.batch(&events(0..3, 40)).await, [""; 0]);
    assert_eq!(world.executions().len(), 2);
    let outcomes = world.state().outcomes();
    assert_eq!(outcomes.len(), 1, "{outcomes:#?}");
    assert_eq!(outcomes[0]["problems"][0]["code"], "ResourceUnknown");
    assert_eq!(world.aws.count("DescribeInstances"), 4, "together, then each by itself");
}

#[tokio::test(start_paused = true)]
async fn while_cloudwatch_throttles_the_whole_batch_comes_again_and_nothing_is_lost() {
    let world = world(5, OPEN);
    world.aws.on("DescribeAlarms").fails(Fault::Throttled);
    assert_eq!(world.batch(&events(0..5, 40)).await.len(), 5);
    assert!(world.executions().is_empty() && world.state().outcomes().is_empty());
    world.aws.heal();
    assert_eq!(world.batch(&events(0..5, 40)).await, [""; 0]);
    assert_eq!(world.executions().len(), 5);
}
