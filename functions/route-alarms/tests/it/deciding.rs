//! From alarms in the queue to executions, outcomes and digests, on an AWS in memory.

use std::sync::Arc;
use std::time::Duration;

use aws_double::{Execution, Fault, HUB, Instance, RUN_AUTOMATION};
use runtime::FunctionError;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::world::{NAME, NONE, NOW, RULE, World, again, event, fixture, ruled};

#[tokio::test(start_paused = true)]
async fn one_trigger_by_three_ways_starts_one_execution_with_the_whole_input() {
    let world = ruled();
    let ways =
        [fixture("sns/metric-in-a-queue.json"), event(), fixture("lambda-alarm/metric.json")];
    assert_eq!(world.batch(&ways).await, NONE);
    for way in ways {
        assert_eq!(world.batch(&[way]).await, NONE);
    }
    let executions = world.executions();
    assert_eq!(executions.keys().collect::<Vec<_>>(), [NAME]);
    let input = &executions[NAME];
    assert_eq!(input["ladder"][0]["runbook"], "Relay-RebootInstance");
    assert_eq!(input["account"], "111122223333");
    assert_eq!(input["region"], "us-east-1");
    assert_eq!(input["resources"], json!(["i-12345678901234567"]));
    assert_eq!(input["values"], json!({"dimension.InstanceId": "i-12345678901234567"}));
    assert_eq!(input["rule"]["name"], "cpu");
    assert!(input["rule"]["rulesVersion"].as_str().unwrap().starts_with("sha256:"));
    let key = "111122223333#us-east-1#i-12345678901234567";
    assert_eq!(input["lock"]["keys"], json!([key]));
    assert_eq!(input["trigger"]["kind"], "alarm");
    let ids = ["7ecb5c87-f12f-5506-9cce-959a05d7d308", "85062d18-5281-5362-947d-ec8fdb77c854"];
    assert_eq!(input["trigger"]["eventIds"], json!(ids));
    assert_eq!(input["warnings"][0]["code"], "InstanceMayLose");
    let state = world.state();
    assert!(state.outcomes().is_empty() && state.queue.is_empty());
    let lock = state.table.get(&format!("resource#{key}"), "lock").unwrap();
    assert_eq!(lock["owner"]["S"], input["lock"]["trigger"]);
    serde_json::from_value::<run::RunAutomationInput>(input.clone()).unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_failed_is_not_started_again_by_a_repeat() {
    let world = ruled();
    world.state().states.add(Execution {
        machine: RUN_AUTOMATION.to_owned(),
        name: NAME.to_owned(),
        status: "FAILED",
        input: "{}".to_owned(),
        started: NOW.parse().unwrap(),
        stopped: None,
        error: None,
        requests: Vec::new(),
    });
    assert_eq!(world.batch(&[event()]).await, NONE);
    assert_eq!(world.batch(&[event()]).await, NONE);
    assert_eq!(world.executions().len(), 1);
    assert_eq!(world.aws.count("DescribeExecution"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_back_is_told_once_at_first_and_then_as_a_digest_with_its_count() {
    let world = ruled();
    assert_eq!(world.batch(&[event()]).await, NONE);
    // The lock is held: the first of these is published, the others are counted.
    for seconds in [10, 20, 30] {
        let ways = [again(seconds), again(seconds)];
        assert_eq!(world.batch(&ways).await, NONE);
        assert_eq!(world.batch(&ways).await, NONE, "by yet another way");
    }
    let order = {
        let outcomes = world.state().outcomes();
        let [outcome] = &outcomes[..] else { panic!("{outcomes:#?}") };
        assert_eq!(outcome["outcome"], "suppressed");
        assert_eq!(outcome["count"], 1);
        assert_eq!(outcome["problems"][0]["code"], "Locked");
        assert_eq!(outcome["resources"], json!(["i-12345678901234567"]));
        let queue = world.queue();
        let [(order, delay)] = &queue[..] else { panic!("{queue:?}") };
        // 17:04:45 is 285 s into its bucket.
        assert_eq!((order["digest"]["code"].as_str(), *delay), (Some("Locked"), 25));
        order.clone()
    };
    tokio::time::advance(Duration::from_secs(25)).await;
    assert_eq!(world.batch(std::slice::from_ref(&order)).await, NONE);
    assert_eq!(world.batch(&[order]).await, NONE, "an order that comes twice");
    let outcomes = world.state().outcomes();
    assert_eq!(outcomes.len(), 2);
    assert_eq!(outcomes[1]["count"], 2);
    assert_ne!(outcomes[0]["id"], outcomes[1]["id"]);
    assert_eq!(world.executions().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_observes_runs_nothing_and_says_what_it_would_have_done() {
    let world = World::at(NOW);
    world.rule("cpu", &RULE.replace("mode: active", "mode: observe"));
    assert_eq!(world.batch(&[event()]).await, NONE);
    assert!(world.executions().is_empty());
    let state = world.state();
    let outcomes = state.outcomes();
    assert_eq!(outcomes[0]["outcome"], "observed");
    let summary = outcomes[0]["summary"].as_str().unwrap();
    assert!(summary.contains("it would have run Relay-RebootInstance"), "{summary}");
    assert!(state.table.keys("resource#").is_empty(), "it suppresses nothing that acts");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_read_fails_alone_and_foreign_ones_are_done_with() {
    let world = ruled();
    let bodies = [
        "no json".to_owned(),
        event().to_string(),
        fixture("sns/no-instant.json").to_string(),
        fixture("aws.cloudwatch/alarm-state-change-to-ok.json").to_string(),
        json!({"digest": {"rule": "x"}}).to_string(),
    ];
    assert_eq!(world.texts(&bodies).await, ["m-0", "m-2", "m-4"]);
    assert_eq!(world.executions().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_no_rule_is_about_has_no_outcome() {
    let world = World::at(NOW);
    world.rule("other", &RULE.replace("Server*", "web-*"));
    assert_eq!(world.batch(&[event()]).await, NONE);
    assert!(world.executions().is_empty());
    let state = world.state();
    assert!(state.outcomes().is_empty() && state.queue.is_empty());
    let kept = state.table.keys("");
    assert!(kept.iter().all(|(pk, _)| pk == "history#unanswered"), "{kept:?}");
}

#[tokio::test(start_paused = true)]
async fn a_table_that_refuses_at_any_write_fails_the_message_and_nothing_shows_twice() {
    // Every write of a start, then every write of a trigger that is suppressed.
    let mut failures = 0;
    for refused in 0..12 {
        let world = ruled();
        for message in [event(), again(10)] {
            // One fails for as long as the SDK tries.
            world.aws.on("UpdateItem").after(refused).times(10).fails(Fault::Throttled);
            let failed = world.batch(std::slice::from_ref(&message)).await;
            failures += failed.len();
            world.aws.heal();
            assert_eq!(world.batch(&[message]).await, NONE);
        }
        assert_eq!(world.executions().len(), 1, "{refused}");
        let outcomes = world.state().outcomes();
        let told: std::collections::BTreeSet<String> =
            outcomes.iter().map(|outcome| outcome["id"].to_string()).collect();
        assert_eq!(told.len(), 1, "{refused}: {outcomes:#?}");
        assert!(outcomes.len() <= 2, "{refused}");
    }
    assert!(failures >= 10, "{failures}");
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_is_lost_takes_and_starts_nothing_twice() {
    for operation in ["UpdateItem", "StartExecution", "SendMessage", "Publish"] {
        let world = ruled();
        world.aws.on(operation).once().fails(Fault::LostReply);
        assert_eq!(world.batch(&[event()]).await, NONE, "{operation}");
        assert_eq!(world.batch(&[again(10)]).await, NONE, "{operation}");
        assert_eq!(world.executions().len(), 1, "{operation}");
        let state = world.state();
        let budget = state.table.keys("budget#rule#cpu").remove(0);
        let takers = &state.table.get(&budget.0, &budget.1).unwrap()["takers"]["SS"];
        assert_eq!(takers.as_array().unwrap().len(), 1, "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_back_after_the_decision_starts_the_same_though_the_rule_is_gone() {
    let world = ruled();
    world.aws.on("StartExecution").times(10).fails(Fault::Throttled);
    assert_eq!(world.batch(&[event()]).await, ["m-0"]);
    world.aws.heal();
    world.state().hub().ssm.parameters.clear();
    world.alarm("ServerCpuTooHigh", "OK", Some(("AWS/EC2", "CPUUtilization", "i-1")));
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(world.batch(&[event()]).await, NONE);
    assert_eq!(world.executions()[NAME]["rule"]["name"], "cpu");
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_calls_the_function_is_put_into_the_queue_as_it_stands() {
    let world = ruled();
    for direct in ["lambda-alarm/metric.json", "sns/metric.json"] {
        let answer = world.direct(fixture(direct)).await.unwrap();
        assert_eq!(answer, json!({"queued": true}));
        let (message, delay) = world.pop();
        assert_eq!((message.clone(), delay), (fixture(direct), 0));
        assert_eq!(world.batch(&[message]).await, NONE);
    }
    assert_eq!(world.executions().len(), 1);
    world.aws.on("SendMessage").times(10).fails(Fault::Denied);
    let error = world.direct(fixture("sns/metric.json")).await.unwrap_err();
    assert_eq!(error.name().as_str(), "AccessDenied");
}

#[tokio::test(start_paused = true)]
async fn nobody_but_the_function_gives_its_orders() {
    let world = ruled();
    for order in [json!({"digest": {}}), json!({"later": event()})] {
        let error = world.direct(order).await.unwrap_err();
        assert_eq!(error.name().as_str(), "InvalidInput");
    }
    assert!(world.state().queue.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_system_check_is_left_to_ec2_first_in_steps_that_the_queue_can_delay() {
    let world = World::at("2026-01-02T03:04:06Z");
    let rule = RULE.replace("Server*", "ec2-*");
    world.rule("system", &format!("{rule}guard: {{deferToAutoRecovery: 20m}}\n"));
    let metric = ("AWS/EC2", "StatusCheckFailed_System", "i-0123456789abcdef0");
    let place = ("444455556666", "eu-west-1");
    world.alarm_at(place, "ec2-status-system", "ALARM", Some(metric));
    world.instance_at(place, "i-0123456789abcdef0", Instance::default());
    let event = fixture("aws.cloudwatch/status-check-system.json");
    assert_eq!(world.batch(std::slice::from_ref(&event)).await, NONE);
    let mut message = event.clone();
    for delay in [900, 300] {
        let (order, delayed) = world.pop();
        assert_eq!((&order, delayed), (&json!({"later": event}), delay));
        tokio::time::advance(Duration::from_secs(delay as u64)).await;
        assert!(world.executions().is_empty());
        message = order;
        assert_eq!(world.batch(&[message.clone()]).await, NONE);
    }
    assert!(world.state().queue.is_empty(), "{message}");
    assert_eq!(world.executions().len(), 1);
    // The account is another one: its alarm and instance were looked at with its role.
    let calls = world.aws.all_calls();
    let looks = calls.iter().filter(|c| c.service == "monitoring" || c.service == "ec2");
    for look in looks {
        assert_eq!((look.account.as_str(), look.region.as_str()), ("444455556666", "eu-west-1"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_that_cannot_be_looked_into_is_held_back_and_told() {
    let world = World::at("2026-01-02T03:04:06Z");
    world.rule("system", &RULE.replace("Server*", "ec2-*"));
    world.aws.on("AssumeRole").times(100).fails(Fault::Denied);
    let event = fixture("aws.cloudwatch/status-check-system.json");
    assert_eq!(world.batch(&[event]).await, NONE);
    let outcomes = world.state().outcomes();
    assert_eq!(outcomes[0]["outcome"], "failed");
    assert_eq!(outcomes[0]["problems"][0]["code"], "RoleNotAssumable");
    assert!(world.executions().is_empty());
}

/// Every look that the intake takes before it starts anything, each met by every kind of error that does
/// not pass, and by those that do.
#[tokio::test(start_paused = true)]
async fn a_look_that_is_refused_for_good_is_one_outcome_and_no_dead_letter() {
    const REFUSALS: [(Fault, &str); 4] = [
        (Fault::Denied, "AccessDenied"),
        (
            Fault::Error("AccessDenied", "with an explicit deny in a service control policy"),
            "AccessDenied",
        ),
        (Fault::Error("OptInRequired", "You are not subscribed to this service"), "AccessDenied"),
        (Fault::Error("ValidationError", "1 validation error detected"), "LookUpFailed"),
    ];
    let looks = [
        "ListTagsForResource",
        "ListParents",
        "DescribeOrganizationalUnit",
        "ListOrganizationalUnitsForParent",
        "DescribeAlarms",
        "DescribeInstances",
        "GetResources",
    ];
    for operation in looks {
        for (fault, code) in &REFUSALS {
            let world = looked_into();
            world.aws.on(operation).fails(fault.clone());
            assert_eq!(world.batch(&[event()]).await, NONE, "{operation}, {fault:?}");
            assert_eq!(world.batch(&[event()]).await, NONE, "{operation}, {fault:?} once more");
            let outcomes = world.state().outcomes();
            let [outcome] = &outcomes[..] else { panic!("{operation}, {fault:?}: {outcomes:#?}") };
            assert_eq!(outcome["outcome"], "failed");
            let problem = &outcome["problems"][0];
            assert_eq!(problem["code"], *code, "{operation}, {fault:?}");
            assert_eq!(outcome["rules"], json!(["looks"]));
            assert!(!problem["hint"].as_str().unwrap().contains("owner-account"), "{problem}");
            assert!(world.executions().is_empty(), "{operation}");
            assert_eq!(world.aws.count(operation), 1, "{operation}: it is asked once");
        }
        for fault in [Fault::Throttled, Fault::Unavailable, Fault::Unreachable] {
            let world = looked_into();
            world.aws.on(operation).fails(fault.clone());
            assert_eq!(world.batch(&[event()]).await, ["m-0"], "{operation}, {fault:?}");
            world.aws.heal();
            assert_eq!(world.batch(&[event()]).await, NONE);
            assert_eq!(world.executions().len(), 1, "{operation}, {fault:?}");
        }
    }
}

/// A rule that makes the intake look at everything it can look at.
fn looked_into() -> World {
    let world = World::at(NOW);
    world.rule(
        "looks",
        r#"
mode: active
alarm: {names: ["Server*"], tags: {team: web}, accounts: [/Workloads], exclude: [/Sandbox]}
resource: {tags: {app: web}}
ladder: [{runbook: Relay-RebootInstance, parameters: {InstanceId: ["{resource}"]}}]
"#,
    );
    let mut state = world.state();
    state.organization.unit("ou-root-workload", "r-root", "Workloads");
    state.organization.unit("ou-root-sandboxx", "r-root", "Sandbox");
    state.organization.member(HUB, "ou-root-workload");
    let alarm = state.hub().alarms.get_mut("ServerCpuTooHigh").unwrap();
    alarm.tags.insert("team".into(), "web".into());
    let instance = state.hub().instances.get_mut("i-12345678901234567").unwrap();
    instance.tags.insert("app".into(), "web".into());
    drop(state);
    world
}

#[tokio::test(start_paused = true)]
async fn a_composite_alarm_acts_when_its_wait_period_is_over_whichever_way_that_is_told() {
    for way in [
        "aws.cloudwatch/composite-after-wait-period.json",
        "aws.cloudwatch/composite-after-extension-period.json",
        "aws.cloudwatch/composite-after-suppressor.json",
        "lambda-alarm/composite-after-wait-period.json",
        "sns/composite-after-wait-period.json",
    ] {
        let world = World::at("2022-07-22T15:59:50Z");
        world.rule("composite", &RULE.replace("Server*", "ServiceAggregatedAlarm"));
        world.alarm("ServiceAggregatedAlarm", "ALARM", None);
        let held = fixture("aws.cloudwatch/composite-suppressed.json");
        assert_eq!(world.batch(&[held]).await, NONE);
        assert_eq!(world.state().outcomes()[0]["problems"][0]["code"], "AlarmMuted", "{way}");
        for still in ["aws.cloudwatch", "lambda-alarm", "sns"] {
            let message = fixture(&format!("{still}/composite-still-suppressed.json"));
            assert_eq!(world.batch(&[message]).await, NONE);
        }
        assert!(world.executions().is_empty(), "{way}");
        assert_eq!(world.batch(&[fixture(way), fixture(way)]).await, NONE);
        assert_eq!(world.batch(&[fixture(way)]).await, NONE);
        assert_eq!(world.executions().len(), 1, "{way}");
        assert_eq!(world.state().outcomes().len(), 1, "{way}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_is_in_alarm_when_its_mute_window_ends_acts_then() {
    let after = ["lambda-alarm/metric-after-mute-window.json", "sns/metric-after-mute-window.json"];
    let world = ruled();
    assert_eq!(world.batch(&[fixture("aws.cloudwatch/alarm-state-change-muted.json")]).await, NONE);
    assert_eq!(world.state().outcomes()[0]["problems"][0]["code"], "AlarmMuted");
    assert!(world.executions().is_empty());
    for way in after {
        assert_eq!(world.batch(&[fixture(way)]).await, NONE);
    }
    let resumed = format!("{NAME}-resumed");
    assert_eq!(world.executions().into_keys().collect::<Vec<_>>(), [resumed]);
}

#[tokio::test(start_paused = true)]
async fn in_one_batch_an_action_stands_above_the_event_that_says_muted() {
    let muted = fixture("aws.cloudwatch/alarm-state-change-muted.json");
    for way in ["lambda-alarm/metric-after-mute-window.json", "sns/metric-after-mute-window.json"] {
        for batch in [[muted.clone(), fixture(way)], [fixture(way), muted.clone()]] {
            let world = ruled();
            assert_eq!(world.batch(&batch).await, NONE);
            assert_eq!(world.batch(&batch).await, NONE);
            assert_eq!(world.executions().into_keys().collect::<Vec<_>>(), [NAME], "{way}");
            assert!(world.state().outcomes().is_empty(), "{way}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_action_acts_though_the_event_that_says_muted_is_recorded_meanwhile() {
    let world = ruled();
    let reached = Arc::new(Notify::new());
    let reaches = Arc::clone(&reached);
    // The first attempt to record the decision about the action is put off by the SDK.
    world.aws.on("UpdateItem").once().fails_where(move |call| {
        (call.body["Key"]["sk"]["S"] == "decision").then(|| {
            reaches.notify_one();
            Fault::Throttled
        })
    });
    let action = [fixture("sns/metric-after-mute-window.json")];
    let event = [fixture("aws.cloudwatch/alarm-state-change-muted.json")];
    let (acted, reported) = tokio::join!(world.batch(&action), async {
        reached.notified().await;
        world.batch(&event).await
    });
    assert_eq!((acted, reported), (Vec::new(), Vec::new()));
    assert_eq!(world.state().outcomes()[0]["problems"][0]["code"], "AlarmMuted");
    let resumed = format!("{NAME}-resumed");
    assert_eq!(world.executions().into_keys().collect::<Vec<_>>(), [resumed]);
}

#[tokio::test(start_paused = true)]
async fn alarms_of_every_kind_start_the_run_of_their_rule() {
    for (file, name) in [
        ("aws.cloudwatch/insight-rule.json", "TopTalkers"),
        ("aws.cloudwatch/promql.json", "HttpErrors"),
        ("aws.cloudwatch/log-alarm.json", "OutOfMemory"),
        ("lambda-alarm/log-alarm.json", "OutOfMemory"),
        ("sns/log-alarm.json", "OutOfMemory"),
        ("sns/metric-with-every-action.json", "ServerCpuTooHigh"),
    ] {
        let world = World::at(NOW);
        let metric = ("AWS/EC2", "CPUUtilization", "i-12345678901234567");
        if name != "OutOfMemory" {
            world.alarm(name, "ALARM", Some(metric));
        }
        let rule =
            RULE.replace("Server*", name).replace("{dimension: InstanceId}", "{literal: web}");
        world.rule("any", &rule);
        assert_eq!(world.batch(&[fixture(file)]).await, NONE, "{file}");
        assert_eq!(world.executions().len(), 1, "{file}: {:?}", world.state().outcomes());
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_of_a_group_is_refused_unless_the_rule_says_otherwise() {
    let grouped = Instance { group: Some("web"), loose_address: true, ..Instance::default() };
    let world = ruled();
    world.instance("i-12345678901234567", grouped.clone());
    assert_eq!(world.batch(&[event()]).await, NONE);
    assert_eq!(world.state().outcomes()[0]["problems"][0]["code"], "ResourceRefused");
    assert!(world.executions().is_empty());

    let world = World::at(NOW);
    world.rule("cpu", &RULE.replace("InstanceId}", "InstanceId, autoScaling: standby}"));
    world.instance("i-12345678901234567", grouped);
    assert_eq!(world.batch(&[event()]).await, NONE);
    let input = world.executions()[NAME].clone();
    assert_eq!(input["standby"], "web");
    assert_eq!(input["warnings"].as_array().unwrap().len(), 2, "volumes and the address");
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_is_gone_is_no_resource() {
    let world = ruled();
    world.state().hub().instances.clear();
    assert_eq!(world.batch(&[event()]).await, NONE);
    assert_eq!(world.state().outcomes()[0]["problems"][0]["code"], "ResourceUnknown");
}

#[tokio::test(start_paused = true)]
async fn a_composite_alarm_is_about_what_its_ringing_children_are_about() {
    let world = World::at("2023-08-04T13:00:00Z");
    let event = fixture("aws.cloudwatch/composite.json");
    let name = event["detail"]["alarmName"].as_str().unwrap().to_owned();
    world.rule("composite", &RULE.replace("Server*", &name));
    let place = (event["account"].as_str().unwrap(), event["region"].as_str().unwrap());
    world.alarm_at(place, &name, "ALARM", None);
    let children = remediation::alarm::AlarmIntake::from_value(&event).unwrap();
    let remediation::alarm::AlarmIntake::Trigger(trigger) = children else { panic!("no trigger") };
    let search = remediation::alarm::ChildSearch::new(&trigger);
    let metric = ("AWS/EC2", "CPUUtilization", "i-12345678901234567");
    for child in search.wanted() {
        let account = child.account();
        let place = (account.as_str(), child.region().as_str());
        world.alarm_at(place, child.name(), "ALARM", Some(metric));
    }
    assert_eq!(world.batch(std::slice::from_ref(&event)).await, NONE);
    let executions = world.executions();
    let input = executions.values().next().unwrap();
    assert_eq!(input["resources"], json!(["i-12345678901234567"]));
}

#[tokio::test(start_paused = true)]
async fn whether_it_rang_with_its_first_evaluation_is_in_its_history_where_sns_does_not_say() {
    let rang = 1_570_035_880.989;
    for (history, code) in [
        (
            vec![
                ("StateUpdate", rang, "to ALARM"),
                ("ConfigurationUpdate", rang - 60.0, "Alarm \"x\" created"),
            ],
            Some("InitialCreation"),
        ),
        (
            vec![
                ("StateUpdate", rang, "to ALARM"),
                ("StateUpdate", rang - 30.0, "to OK"),
                ("ConfigurationUpdate", rang - 60.0, "Alarm \"x\" created"),
            ],
            None,
        ),
        (vec![("StateUpdate", rang, "to ALARM")], None),
    ] {
        let world = ruled();
        let message = fixture("sns/metric-from-insufficient-data.json");
        world.state().hub().alarms.get_mut("ServerCpuTooHigh").unwrap().history = history;
        assert_eq!(world.batch(&[message]).await, NONE);
        let told = world.state().outcomes();
        let told = told.first().map(|outcome| outcome["problems"][0]["code"].clone());
        assert_eq!(told, code.map(Value::from));
        assert_eq!(world.executions().len(), usize::from(code.is_none()));
    }
}

#[tokio::test(start_paused = true)]
async fn rules_look_at_tags_and_places_and_resources_by_tag() {
    let world = looked_into();
    assert_eq!(world.batch(&[event(), again(10)]).await, NONE);
    assert_eq!(world.executions().len(), 1);
    assert_eq!(world.aws.count("ListParents"), 2, "the account's and its OU's, kept for a while");
}

/// A rename or a deletion of an OU leaves a rule behind that names it.
#[tokio::test(start_paused = true)]
async fn a_closed_calendar_holds_back_until_it_opens() {
    let world = World::at(NOW);
    world.rule("cpu", &format!("{RULE}guard: {{calendar: Freeze}}\n"));
    let opens = "2026-01-03T00:00:00Z".to_owned();
    world.state().hub().ssm.calendars.insert("Freeze".into(), Some(opens));
    assert_eq!(world.batch(&[event()]).await, NONE);
    assert_eq!(world.state().outcomes()[0]["problems"][0]["code"], "CalendarClosed");
}

#[tokio::test(start_paused = true)]
async fn a_storm_starts_as_many_as_the_budget_has_and_tells_the_rest_together() {
    let world = World::at(NOW);
    world.rule(
        "cpu",
        &format!("{RULE}guard: {{perHour: 2, storm: {{resources: 5, window: 5m}}}}\n"),
    );
    let mut messages = Vec::new();
    for n in 0..30 {
        let id = format!("i-{n:017x}");
        let name = format!("Server-{n}");
        world.alarm(&name, "ALARM", Some(("AWS/EC2", "CPUUtilization", &id)));
        world.instance(&id, Instance::default());
        let text = event().to_string().replace("ServerCpuTooHigh", &name);
        messages.push(serde_json::from_str(&text.replace("i-12345678901234567", &id)).unwrap());
    }
    for batch in messages.chunks(10) {
        assert_eq!(world.batch(batch).await, NONE);
    }
    let orders: Vec<Value> = world.state().queue.drain(..).map(|order| order.body).collect();
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(world.batch(&orders).await, NONE);
    assert_eq!(world.executions().len(), 2);
    let outcomes = world.state().outcomes();
    let count: u64 = outcomes.iter().map(|outcome| outcome["count"].as_u64().unwrap()).sum();
    assert_eq!(count, 28);
    assert!(outcomes.len() <= 4, "two reasons, a first and a digest each");
    let codes: Vec<&str> =
        outcomes.iter().map(|o| o["problems"][0]["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"StormBreaker"), "{codes:?}");
}
