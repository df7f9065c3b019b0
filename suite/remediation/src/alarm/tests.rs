//! Tests of triggers. Every fixture's reading stands in `events/expected.txt`.

use std::collections::BTreeSet;
use std::path::Path;

use relay_core::alarm::{AlarmArn, AlarmState};
use serde_json::{Value, json};

use super::*;

fn fixture(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(file);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[track_caller]
fn trigger(file: &str) -> AlarmTrigger {
    match AlarmIntake::from_value(&fixture(file)).unwrap() {
        AlarmIntake::Trigger(trigger) => *trigger,
        AlarmIntake::Ignored { reason, .. } => panic!("{file} was ignored: {reason}"),
    }
}

#[test]
fn one_transition_is_one_trigger_whichever_way_it_arrives() {
    for ways in [
        &[
            "aws.cloudwatch/alarm-state-change.json",
            "sns/metric.json",
            "sns/metric-in-a-queue.json",
            "sns/metric-raw-delivery.json",
            "lambda-alarm/metric.json",
        ][..],
        &[
            "aws.cloudwatch/metric-math.json",
            "sns/metric-math.json",
            "lambda-alarm/metric-math.json",
        ],
        &["aws.cloudwatch/anomaly.json", "sns/anomaly.json", "lambda-alarm/anomaly.json"],
        &["aws.cloudwatch/composite.json", "sns/composite.json", "lambda-alarm/composite.json"],
        &[
            "aws.cloudwatch/contributor.json",
            "sns/contributor.json",
            "lambda-alarm/contributor.json",
        ],
        &["aws.cloudwatch/metrics-insights.json", "sns/metrics-insights.json"],
    ] {
        let first = trigger(ways[0]);
        for way in ways {
            let other = trigger(way);
            assert_eq!(other.id(), first.id(), "{way}");
            assert_eq!(
                (other.alarm, other.at, other.kind, other.metrics, other.expressions),
                (
                    first.alarm.clone(),
                    first.at,
                    first.kind,
                    first.metrics.clone(),
                    first.expressions.clone()
                ),
                "{way}"
            );
            assert_eq!(other.children, first.children, "{way}");
            assert_eq!(other.contributor, first.contributor, "{way}");
        }
    }
}

#[test]
fn alarms_contributors_and_instants_tell_triggers_apart() {
    let one = trigger("aws.cloudwatch/contributor.json");
    let mut ids = BTreeSet::from([one.id(), trigger("aws.cloudwatch/metrics-insights.json").id()]);
    let later = AlarmTrigger { at: one.at + jiff::SignedDuration::from_millis(1), ..one.clone() };
    ids.insert(later.id());
    let mut other = one.clone();
    other.contributor.as_mut().unwrap().id = "another".into();
    ids.insert(other.id());
    let elsewhere = AlarmTrigger {
        alarm: one.alarm.as_str().replace("us-east-1", "eu-west-1").parse().unwrap(),
        ..one
    };
    ids.insert(elsewhere.id());
    assert_eq!(ids.len(), 5);
}

#[test]
fn the_resource_lives_where_the_metric_comes_from() {
    let implied = |file: &str, dimension: &str| -> Vec<(String, String)> {
        let implied = trigger(file).implied(dimension);
        implied.into_iter().map(|i| (i.account.to_string(), i.value)).collect()
    };
    let one = |account: &str, value: &str| vec![(account.to_owned(), value.to_owned())];
    assert_eq!(
        implied("aws.cloudwatch/alarm-state-change.json", "InstanceId"),
        one("111122223333", "i-12345678901234567")
    );
    assert_eq!(
        implied("aws.cloudwatch/alarm-state-change-cross-account.json", "InstanceId"),
        one("444455556666", "i-12345678901234567")
    );
    assert_eq!(
        implied("aws.cloudwatch/metric-math.json", "InstanceId"),
        one("111122223333", "i-12345678901234567"),
        "one instance of two metrics"
    );
    assert_eq!(implied("aws.cloudwatch/metric-math-two-instances.json", "InstanceId").len(), 2);
    assert_eq!(
        implied("aws.cloudwatch/contributor.json", "TableName"),
        one("111122223333", "example-dynamodb-table-name")
    );
    assert_eq!(implied("aws.cloudwatch/contributor.json", "InstanceId"), []);
    assert_eq!(implied("aws.cloudwatch/metrics-insights.json", "TableName"), []);
}

#[test]
fn a_query_tells_namespace_and_metric_though_no_metric_is_listed() {
    let insights = trigger("aws.cloudwatch/metrics-insights.json");
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        insights.watched(),
        BTreeSet::from([(some("AWS/DynamoDB"), some("ConsumedWriteCapacityUnits"))])
    );
    assert!(insights.dimensions().is_empty());
    let contributor = trigger("aws.cloudwatch/contributor.json");
    assert_eq!(contributor.dimensions(), BTreeSet::from(["TableName"]));
}

fn child(name: &str, state: AlarmState, rule: Option<&str>) -> ChildDescription {
    let metric = AlarmMetric {
        namespace: "AWS/EC2".into(),
        name: name.into(),
        dimensions: [("InstanceId".to_owned(), format!("i-{name}"))].into(),
        account: None,
    };
    ChildDescription {
        arn: format!("arn:aws:cloudwatch:us-east-1:111122223333:alarm:{name}").parse().unwrap(),
        state,
        metrics: if rule.is_some() { vec![] } else { vec![metric] },
        expressions: vec![],
        alarm_rule: rule.map(str::to_owned),
    }
}

fn wanted(search: &ChildSearch) -> Vec<&str> {
    search.wanted().iter().map(AlarmArn::name).collect()
}

#[test]
fn a_composite_stands_for_its_children_that_rang() {
    let mut composite = trigger("aws.cloudwatch/composite.json");
    let mut search = ChildSearch::new(&composite);
    assert_eq!(wanted(&search), ["ServerCpuTooHigh"], "the one that the event names");
    search.learn(vec![child("ServerCpuTooHigh", AlarmState::Alarm, None)]);
    assert_eq!(wanted(&search), [""; 0]);
    search.tell(&mut composite);
    let implied: Vec<_> = composite.implied("InstanceId").into_iter().map(|i| i.value).collect();
    assert_eq!(implied, ["i-ServerCpuTooHigh"]);
    assert!(ChildSearch::new(&composite).wanted().is_empty(), "known now");
    assert!(ChildSearch::new(&trigger("sns/metric.json")).wanted().is_empty(), "no composite");
}

#[test]
fn where_no_child_is_named_the_rules_children_are_asked_and_the_quiet_ones_left_out() {
    let mut composite = trigger("sns/composite-set-by-hand.json");
    let mut search = ChildSearch::new(&composite);
    assert_eq!(wanted(&search), ["ServerCpuTooHigh", "TotalNetworkTrafficTooHigh"]);
    search.learn(vec![
        child("ServerCpuTooHigh", AlarmState::Ok, None),
        child("TotalNetworkTrafficTooHigh", AlarmState::Alarm, Some("ALARM(deep) OR NOT ALARM(b)")),
    ]);
    assert_eq!(wanted(&search), ["deep"], "the child is a composite itself");
    search.learn(vec![child("deep", AlarmState::Alarm, None)]);
    search.tell(&mut composite);
    let metrics: Vec<_> = composite.metrics.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(metrics, ["deep"]);
}

#[test]
fn composites_that_refer_to_each_other_end_the_search_all_the_same() {
    let mut search = ChildSearch::new(&trigger("sns/composite-set-by-hand.json"));
    for _ in 0..3 {
        let found: Vec<_> = search
            .wanted()
            .iter()
            .map(|arn| {
                let rule = format!("ALARM({0}) OR ALARM(\"{0}x\")", arn.name());
                child(arn.name(), AlarmState::Alarm, Some(&rule))
            })
            .collect();
        assert!(!found.is_empty());
        search.learn(found);
    }
    search.learn(vec![child("last", AlarmState::Alarm, Some("ALARM(more)"))]);
    assert!(search.wanted().is_empty(), "not deeper than composites sensibly go");
}

#[test]
fn what_is_no_alarm_is_a_typed_error() {
    for garbage in ["", "\u{0}\u{1}", "<xml/>", &"[".repeat(100_000)] {
        assert!(
            matches!(AlarmIntake::parse(garbage), Err(AlarmError::NotJson(_))),
            "{garbage:.40}"
        );
    }
    assert!(matches!(
        AlarmIntake::parse(&"x".repeat(relay_core::event::MAX_BYTES + 1)),
        Err(AlarmError::TooLarge { .. })
    ));
    for value in [
        json!(null),
        json!([]),
        json!({}),
        json!({"Records": []}),
        json!({"Records": [{"Sns": {}}, {"Sns": {}}]}),
        json!({"Records": [{"eventSource": "aws:s3"}]}),
        json!({"Type": "Notification", "Message": "{}"}),
        json!({"Type": "Notification", "Message": "[]"}),
        json!({"detail-type": "x", "detail": {}}),
        json!({"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change"}),
        json!({"alarmData": "text"}),
    ] {
        let error = AlarmIntake::from_value(&value).unwrap_err();
        assert!(matches!(error, AlarmError::NotAnAlarm { .. }), "{value}: {error}");
    }
}

#[test]
fn unknown_fields_and_the_case_of_keys_never_matter() {
    let event = json!({
        "Source": "aws.cloudwatch", "Detail-Type": "CloudWatch Alarm State Change", "more": [1],
        "Resources": ["arn:aws-cn:cloudwatch:cn-north-1:000000000042:alarm:a:b c"],
        "Detail": {"State": {"Value": "ALARM", "Timestamp": "2026-01-02T03:04:05.678+0000"},
                   "Configuration": {"Metrics": ["odd", {"MetricStat": {"Metric": {
                       "Namespace": "N", "MetricName": "m",
                       "Dimensions": [{"Name": "d", "Value": "v"}]}}}]}}
    });
    let AlarmIntake::Trigger(trigger) = AlarmIntake::from_value(&event).unwrap() else { panic!() };
    assert_eq!(trigger.alarm.name(), "a:b c");
    assert_eq!(trigger.alarm.account(), "000000000042".parse().unwrap());
    assert_eq!(trigger.metrics[0].dimensions, [("d".to_owned(), "v".to_owned())].into());
    assert_eq!(trigger.event_id, None);
}

#[test]
fn an_alarms_arn_is_one_of_cloudwatch_with_a_name() {
    let arn: AlarmArn =
        "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:CPU / 90 %".parse().unwrap();
    assert_eq!((arn.name(), arn.region().as_str()), ("CPU / 90 %", "eu-west-1"));
    assert_eq!(
        arn.console_link().unwrap(),
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1\
         #alarmsV2:alarm/CPU%20%2F%2090%20%25"
    );
    for text in [
        "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:",
        "arn:aws:cloudwatch:eu-west-1:111122223333:dashboard:a",
        "arn:aws:cloudwatch:eu-west-1::alarm:a",
        "arn:aws:sns:eu-west-1:111122223333:alarm:a",
        "arn:other:cloudwatch:eu-west-1:111122223333:alarm:a",
        "arn:aws:cloudwatch:US East (N. Virginia):111122223333:alarm:a",
    ] {
        assert!(text.parse::<AlarmArn>().is_err(), "{text}");
    }
}

#[test]
fn one_transition_of_an_alarm_has_one_name_that_step_functions_takes() {
    use crate::tests::trigger;
    let name = |file: &str| trigger(file).execution_name().to_string();
    let cpu = name("aws.cloudwatch/alarm-state-change.json");
    assert_eq!(cpu, "alarm-111122223333-us-east-1-1570035880989-ServerCpuTooHigh");
    for way in ["sns/metric.json", "lambda-alarm/metric.json"] {
        assert_eq!(name(way), cpu);
    }
    let long = name("aws.cloudwatch/contributor.json");
    assert!(long.len() <= 78, "room for a repeat: {long}");
    let mut other = trigger("aws.cloudwatch/contributor.json");
    other.contributor.as_mut().unwrap().id = "another".into();
    assert_ne!(other.execution_name().to_string(), long);
    let blanks = name("aws.cloudwatch/anomaly.json");
    assert!(blanks.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)), "{blanks}");
}
