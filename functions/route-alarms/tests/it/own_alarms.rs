//! The alarms about the suite itself start nothing: a run that fails would set off the alarm that starts the next.

use std::path::Path;

use aws_double::{HUB, Instance, REGION};
use serde_json::Value;

use crate::world::{NOW, World};

const NAME: &str = "runbook-relay-run-automation-failed";
const INSTANCE: &str = "i-12345678901234567";
/// It names every alarm, the suite's own as well.
const RULE: &str = r#"
mode: active
alarm: {names: ["*"]}
resource: {dimension: InstanceId}
ladder: [{runbook: Relay-RebootInstance, parameters: {InstanceId: ["{resource}"]}}]
"#;

/// A fixture about another alarm, in a Region.
fn about(fixture: &str, name: &str, region: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(fixture);
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.replace("ServerCpuTooHigh", name).replace(REGION, region);
    serde_json::from_str(&text).unwrap()
}

/// The executions that a transition of an alarm starts, whichever way it arrives.
async fn started(name: &str, region: &str) -> usize {
    let world = World::at(NOW);
    world.rule("everything", RULE);
    world.alarm_at((HUB, region), name, "ALARM", Some(("AWS/EC2", "CPUUtilization", INSTANCE)));
    world.instance_at((HUB, region), INSTANCE, Instance::default());
    for way in
        ["aws.cloudwatch/alarm-state-change.json", "sns/metric.json", "lambda-alarm/metric.json"]
    {
        assert_eq!(world.batch(&[about(way, name, region)]).await, [""; 0], "{way}");
    }
    assert!(world.state().outcomes().is_empty(), "{name}: an outcome is published");
    world.executions().len()
}

#[tokio::test(start_paused = true)]
async fn an_alarm_about_the_suite_itself_starts_nothing_whichever_way_it_arrives() {
    assert_eq!(started(NAME, REGION).await, 0);
}

#[tokio::test(start_paused = true)]
async fn an_alarm_about_another_installation_in_the_hubs_account_starts_nothing() {
    for (name, region) in
        [("trial-intake-stalled", REGION), ("trial-run-automation-failed", "eu-west-1")]
    {
        assert_eq!(started(name, region).await, 0, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_alarm_whose_name_only_begins_or_ends_alike_or_of_another_region_is_answered() {
    for (name, region) in [
        ("runbook-relayed", REGION),
        ("runbook-relay-web", "eu-west-1"),
        ("Web-intake-stalled", REGION),
        ("intake-stalled", REGION),
        ("trial-intake-stalled-2", REGION),
    ] {
        assert_eq!(started(name, region).await, 1, "{name}");
    }
}
