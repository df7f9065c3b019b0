//! Whether a run helped: one look at a time, on an AWS in memory.

#![expect(clippy::unwrap_used, reason = "all of this is test code")]

use std::time::Duration;

use aws_double::{Alarm, Aws, ENVIRONMENT, Fault, HUB, Instance, REGION};
use runtime::{Clock, Environment, FunctionError};
use serde_json::{Value, json};
use verify_recovery::{Deps, Error, handle};

const ENDED: &str = "2026-07-01T00:00:00Z";
const ALARM: &str = "web-status";
const INSTANCE: &str = "i-0123456789abcdef0";
/// Another account and Region, where alarm and instance may be.
const MEMBER: &str = "444455556666";
const ELSEWHERE: &str = "eu-west-1";

struct World {
    aws: Aws,
    deps: Deps,
    /// Where alarm and instance are.
    place: (&'static str, &'static str),
}

impl World {
    /// A run has ended just now, and the alarm is in this state.
    fn new(state: &'static str) -> Self {
        Self::elsewhere((HUB, REGION), state)
    }

    fn elsewhere(place: (&'static str, &'static str), state: &'static str) -> Self {
        let aws = Aws::at(ENDED);
        let mut deps = Deps::new(&Environment::from_iter(ENVIRONMENT), &aws.sdk()).unwrap();
        deps.clock = Clock::from(aws.now());
        let world = Self { aws, deps, place };
        world.alarm(state);
        world.instance(Instance::default());
        world
    }

    fn alarm(&self, state: &'static str) {
        let alarm = Alarm::of(state, "AWS/EC2", "StatusCheckFailed", INSTANCE);
        self.aws.state().at(self.place.0, self.place.1).alarms.insert(ALARM.to_owned(), alarm);
    }

    fn instance(&self, instance: Instance) {
        let mut state = self.aws.state();
        state.at(self.place.0, self.place.1).instances.insert(INSTANCE.to_owned(), instance);
    }

    /// The first of two rungs has ended, and its alarm has ten minutes to return to OK.
    fn request(&self) -> Value {
        let (account, region) = self.place;
        json!({
            "execution": {
                "arn": "arn:aws:states:us-east-1:111122223333:execution:run-automation:alarm-1",
                "name": "alarm-1", "startTime": "2026-06-30T23:50:00Z",
            },
            "input": {
                "ladder": [
                    { "runbook": "Relay-RebootInstance", "recoverWithin": "10m" },
                    { "runbook": "AWS-RestartEC2Instance", "recoverWithin": "10m" },
                ],
                "account": account, "region": region, "resources": [INSTANCE],
                "alarm": { "arn": format!("arn:aws:cloudwatch:{region}:{account}:alarm:{ALARM}") },
            },
            "rung": 0,
            "report": {
                "rung": 1, "runbook": "Relay-RebootInstance", "account": account, "region": region,
                "executionId": "00000000-0000-4000-8000-000000000001",
                "end": { "ran": "succeeded" }, "status": "Success",
            },
            "ended": ENDED,
        })
    }

    async fn verify(&self, request: Value) -> Result<Value, Error> {
        let request = serde_json::from_value(request).unwrap();
        handle(&self.deps, request).await.map(|answer| serde_json::to_value(answer).unwrap())
    }

    /// One look, as the state machine makes it.
    async fn look(&self) -> Value {
        self.verify(self.request()).await.unwrap()
    }
}

/// The next step of the machine, and whether the run was seen to help.
fn next(answer: &Value) -> (&str, &Value) {
    (answer["next"].as_str().unwrap(), &answer["report"]["seen"])
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_returned_to_ok_ends_the_ladder_after_one_look() {
    let world = World::new("OK");
    let answer = world.look().await;
    assert_eq!(next(&answer), ("finish", &json!("recovered")));
    assert_eq!(answer["report"]["runbook"], "Relay-RebootInstance");
    assert_eq!(world.aws.count("DescribeAlarms"), 1);
    assert_eq!(world.aws.count("DescribeInstanceStatus"), 1);
    assert_eq!(world.aws.count("AssumeRole"), 0, "the hub's own account needs no role");
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_stays_in_alarm_is_looked_at_until_its_time_is_over() {
    let world = World::new("ALARM");
    let mut waited = 0;
    let last = loop {
        let answer = world.look().await;
        if answer["next"] != "wait" {
            break answer;
        }
        let seconds = answer["seconds"].as_u64().unwrap();
        waited += seconds;
        tokio::time::advance(Duration::from_secs(seconds)).await;
    };
    assert_eq!(waited, 600, "the rung's recoverWithin");
    assert_eq!(next(&last), ("rung", &json!("notRecovered")));
    assert_eq!(last["rung"], 1);
    assert_eq!(world.aws.count("DescribeAlarms"), 11);
}

#[tokio::test(start_paused = true)]
async fn the_last_rung_that_does_not_help_ends_the_ladder() {
    let world = World::new("ALARM");
    tokio::time::advance(Duration::from_secs(600)).await;
    let mut request = world.request();
    request["rung"] = json!(1);
    let answer = world.verify(request).await.unwrap();
    assert_eq!(next(&answer), ("finish", &json!("notRecovered")));
}

#[tokio::test(start_paused = true)]
async fn without_data_two_looks_at_status_checks_a_minute_apart_decide() {
    let world = World::new("INSUFFICIENT_DATA");
    let first = world.look().await;
    assert_eq!(first, json!({ "next": "wait", "seconds": 60, "checksOkSince": ENDED }));
    tokio::time::advance(Duration::from_secs(60)).await;
    let mut request = world.request();
    request["checksOkSince"] = first["checksOkSince"].clone();
    let second = world.verify(request).await.unwrap();
    assert_eq!(next(&second), ("finish", &json!("recovered")));
}

#[tokio::test(start_paused = true)]
async fn status_checks_that_fail_or_are_not_shown_do_not_count() {
    for instance in [
        Instance { checks: ["ok", "impaired"], ..Instance::default() },
        Instance { checks: ["initializing", "ok"], ..Instance::default() },
        Instance { state: "stopped", ..Instance::default() },
    ] {
        let world = World::new("INSUFFICIENT_DATA");
        world.instance(instance);
        let mut request = world.request();
        request["checksOkSince"] = json!(ENDED);
        tokio::time::advance(Duration::from_secs(90)).await;
        let answer = world.verify(request).await.unwrap();
        assert_eq!(answer, json!({ "next": "wait", "seconds": 60, "checksOkSince": null }));
    }
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_is_gone_or_may_not_be_read_proves_nothing() {
    let gone = World::new("ALARM");
    gone.aws.state().hub().alarms.clear();
    let denied = World::new("ALARM");
    denied.aws.on("DescribeAlarms").fails(Fault::Denied);
    for world in [gone, denied] {
        let answer = world.look().await;
        assert_eq!(next(&answer), ("finish", &json!("unverified")));
        assert_eq!(world.aws.count("DescribeAlarms"), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_is_gone_has_no_status_checks() {
    let world = World::new("INSUFFICIENT_DATA");
    world.aws.state().hub().instances.clear();
    tokio::time::advance(Duration::from_secs(600)).await;
    assert_eq!(next(&world.look().await), ("rung", &json!("notRecovered")));
}

#[tokio::test(start_paused = true)]
async fn an_account_that_cannot_be_looked_into_proves_nothing() {
    let world = World::elsewhere((MEMBER, ELSEWHERE), "ALARM");
    world.aws.state().without_roles.insert(MEMBER.to_owned());
    assert_eq!(next(&world.look().await), ("finish", &json!("unverified")));
}

#[tokio::test(start_paused = true)]
async fn alarm_and_instance_of_another_account_are_looked_at_there_with_one_role() {
    let world = World::elsewhere((MEMBER, ELSEWHERE), "OK");
    assert_eq!(next(&world.look().await), ("finish", &json!("recovered")));
    for operation in ["DescribeAlarms", "DescribeInstanceStatus"] {
        let calls = world.aws.calls(operation);
        let [call] = &calls[..] else { panic!("{calls:?}") };
        assert_eq!((call.account.as_str(), call.region.as_str()), (MEMBER, ELSEWHERE));
    }
    let roles = world.aws.calls("AssumeRole");
    assert!(!roles.is_empty());
    let role = format!("arn:aws:iam::{MEMBER}:role/runbook-relay-read");
    assert!(roles.iter().all(|call| call.text("RoleArn") == role), "{roles:?}");
}

#[tokio::test(start_paused = true)]
async fn a_throttle_or_an_outage_is_an_error_that_is_worth_another_try() {
    for (operation, fault, name) in [
        ("DescribeAlarms", Fault::Throttled, "Throttled"),
        ("DescribeAlarms", Fault::Unavailable, "Unavailable"),
        ("DescribeAlarms", Fault::Unreachable, "Unavailable"),
        ("DescribeAlarms", Fault::LostReply, "Unavailable"),
        ("DescribeInstanceStatus", Fault::Throttled, "Throttled"),
        ("DescribeInstanceStatus", Fault::LostReply, "Unavailable"),
    ] {
        let world = World::new("ALARM");
        world.aws.on(operation).fails(fault.clone());
        let error = world.verify(world.request()).await.unwrap_err();
        assert_eq!(error.name().as_str(), name, "{operation} {fault:?}");
        world.aws.heal();
        assert_eq!(world.look().await["next"], "wait", "{operation} {fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_single_lost_reply_of_cloudwatch_is_not_noticed() {
    let world = World::new("OK");
    world.aws.on("DescribeAlarms").once().fails(Fault::LostReply);
    assert_eq!(next(&world.look().await), ("finish", &json!("recovered")));
    assert_eq!(world.aws.count("DescribeAlarms"), 2);
}

#[tokio::test(start_paused = true)]
async fn status_checks_that_may_not_be_read_leave_the_alarm_to_decide() {
    let world = World::new("OK");
    world.aws.on("DescribeInstanceStatus").fails(Fault::Denied);
    assert_eq!(next(&world.look().await), ("finish", &json!("recovered")));
}

#[tokio::test(start_paused = true)]
async fn of_an_alarm_that_watches_many_time_series_the_one_of_the_trigger_counts() {
    for (contributors, expected) in [
        (vec!["other", "ours"], ("wait", Value::Null)),
        (vec!["other"], ("finish", json!("recovered"))),
        (vec![], ("finish", json!("recovered"))),
    ] {
        let world = World::new("ALARM");
        {
            let mut state = world.aws.state();
            let alarm = state.hub().alarms.get_mut(ALARM).unwrap();
            alarm.contributors = contributors.into_iter().map(str::to_owned).collect();
        }
        let mut request = world.request();
        request["input"]["alarm"]["contributor"] = json!({ "id": "ours", "attributes": {} });
        let answer = world.verify(request).await.unwrap();
        assert_eq!(next(&answer), (expected.0, &expected.1));
        assert_eq!(world.aws.count("DescribeAlarms"), 0, "the alarm's own state says less");
    }
}

#[tokio::test(start_paused = true)]
async fn a_composite_alarm_is_seen_as_well() {
    let world = World::new("OK");
    let alarm = Alarm::composite("OK");
    world.aws.state().hub().alarms.insert(ALARM.to_owned(), alarm);
    assert_eq!(next(&world.look().await), ("finish", &json!("recovered")));
}

#[tokio::test(start_paused = true)]
async fn a_failed_run_has_no_time_to_help_and_the_alarm_decides_at_once() {
    for (state, expected) in [("OK", ("finish", "recovered")), ("ALARM", ("rung", "notRecovered"))]
    {
        for end in ["failed", "timedOut"] {
            let world = World::new(state);
            let mut request = world.request();
            request["report"]["end"] = json!({ "ran": end });
            let answer = world.verify(request).await.unwrap();
            assert_eq!(next(&answer), (expected.0, &json!(expected.1)), "{end}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_somebody_stopped_or_refused_or_that_never_began_needs_no_look() {
    for end in [json!({ "ran": "cancelled" }), json!({ "ran": "rejected" }), json!("notStarted")] {
        let world = World::new("ALARM");
        let mut request = world.request();
        request["report"]["end"] = end;
        let answer = world.verify(request).await.unwrap();
        assert_eq!(next(&answer), ("finish", &Value::Null));
        assert!(world.aws.all_calls().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_alarm_the_runbooks_own_word_counts() {
    for (end, expected) in [("succeeded", "finish"), ("failed", "rung")] {
        let world = World::new("ALARM");
        let mut request = world.request();
        request["input"]["alarm"].take();
        request["report"]["end"] = json!({ "ran": end });
        let answer = world.verify(request).await.unwrap();
        assert_eq!(next(&answer), (expected, &Value::Null));
        assert!(world.aws.all_calls().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn resources_that_are_not_all_instances_have_no_status_checks() {
    for resources in [json!([]), json!(["my-queue"]), json!([INSTANCE, "my-queue"])] {
        let world = World::new("INSUFFICIENT_DATA");
        let mut request = world.request();
        request["input"]["resources"] = resources;
        request["input"]["run"] = json!({ "maxConcurrency": "1", "maxErrors": "0" });
        let answer = world.verify(request).await.unwrap();
        assert_eq!(answer["next"], "wait");
        assert_eq!(world.aws.count("DescribeInstanceStatus"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_rung_that_the_ladder_does_not_have_is_invalid_input() {
    let world = World::new("OK");
    let mut request = world.request();
    request["rung"] = json!(2);
    let error = world.verify(request).await.unwrap_err();
    assert_eq!(error.name().as_str(), "InvalidInput");
    assert!(world.aws.all_calls().is_empty());
}
