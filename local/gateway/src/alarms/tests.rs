//! Transitions as they are delivered, held against the samples of AWS in `events/` and against the
//! parser of the suite.

use std::path::Path;

use remediation::alarm::{AlarmIntake, AlarmTrigger};
use serde_json::{Value, json};

use super::event;
use super::notification::notification;
use super::plan::{AlarmCall, Planned, plan};
use super::record::{AlarmChange, Reconfiguration, Transition};

const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:runbook-relay-alarms";

fn fixture(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(file);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The message within SNS's envelope.
fn sns_fixture(file: &str) -> (String, Value) {
    let sns = &fixture(file)["Records"][0]["Sns"];
    let text = |name: &str| sns[name].as_str().unwrap().to_owned();
    (text("Subject"), serde_json::from_str(&text("Message")).unwrap())
}

fn milliseconds(instant: &Value) -> i64 {
    let text = instant.as_str().unwrap().replace("+0000", "Z");
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

/// A record as the emulator hands it over, with the states of a sample and an alarm as DescribeAlarms
/// shows it.
fn record(sample: &Value, alarm: &Value) -> Value {
    let detail = &sample["detail"];
    let state = |name: &str| {
        let state = &detail[name];
        let mut shown = json!({"value": state["value"], "at": milliseconds(&state["timestamp"])});
        for name in ["reason", "reasonData"] {
            if !state[name].is_null() {
                shown[name] = state[name].clone();
            }
        }
        shown
    };
    let mut whole = json!({
        "AlarmName": detail["alarmName"], "AlarmArn": sample["resources"][0], "ActionsEnabled": true,
        "AlarmActions": [TOPIC], "OKActions": [], "InsufficientDataActions": [],
        "AlarmConfigurationUpdatedTimestamp": 1_569_834_000.0,
    });
    let members = alarm.as_object().unwrap().clone();
    whole.as_object_mut().unwrap().extend(members);
    json!({
        "change": "state", "account": sample["account"], "region": sample["region"], "alarm": whole,
        "at": milliseconds(&detail["state"]["timestamp"]), "suppressedBy": null,
        "state": state("state"), "previous": state("previousState"),
    })
}

fn transition(record: Value) -> Transition {
    match serde_json::from_value(record).unwrap() {
        AlarmChange::State(transition) => *transition,
        AlarmChange::Configuration(_) | AlarmChange::Contributor(_) => {
            panic!("no change of state")
        }
    }
}

fn instance() -> Value {
    json!([{"Name": "InstanceId", "Value": "i-12345678901234567"}])
}

fn metric() -> Value {
    json!({
        "AlarmDescription": "Goes into alarm when server CPU utilization is too high!",
        "MetricName": "CPUUtilization", "Namespace": "AWS/EC2", "Statistic": "Average",
        "Dimensions": instance(), "Period": 300, "EvaluationPeriods": 1, "DatapointsToAlarm": 1,
        "Threshold": 50.0, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "missing",
    })
}

fn stat(id: &str, name: &str, returned: bool) -> Value {
    json!({"Id": id, "ReturnData": returned, "MetricStat": {
        "Metric": {"Namespace": "AWS/EC2", "MetricName": name, "Dimensions": instance()},
        "Period": 300, "Stat": "Maximum"}})
}

fn metric_math() -> Value {
    json!({
        "AlarmDescription": "Goes into alarm if total network traffic exceeds 10Kb",
        "Metrics": [
            {"Id": "e1", "Expression": "SUM(METRICS())", "Label": "Total Network Traffic", "ReturnData": true},
            stat("m1", "NetworkIn", false), stat("m2", "NetworkOut", false),
        ],
        "EvaluationPeriods": 1, "DatapointsToAlarm": 1, "Threshold": 10_000.0,
        "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "missing",
    })
}

fn anomaly() -> Value {
    json!({
        "AlarmDescription": "Goes into alarm if CPU Utilization is out of band",
        "Metrics": [
            {"Id": "m1", "MetricStat": {
                "Metric": {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Dimensions": instance()},
                "Period": 60, "Stat": "Average"}},
            {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1, 0.8)",
             "Label": "CPUUtilization (expected)", "ReturnData": true},
        ],
        "EvaluationPeriods": 1, "DatapointsToAlarm": 1, "ThresholdMetricId": "ad1",
        "ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold", "TreatMissingData": "missing",
    })
}

fn composite() -> Value {
    json!({"AlarmRule": "ALARM(ServerCpuTooHigh) OR ALARM(TotalNetworkTrafficTooHigh)"})
}

fn samples() -> [(&'static str, &'static str, Transition); 4] {
    [
        ("alarm-state-change", "metric", metric()),
        ("metric-math", "metric-math", metric_math()),
        ("anomaly", "anomaly", anomaly()),
        ("composite", "composite", composite()),
    ]
    .map(|(event, other, alarm)| {
        let sample = fixture(&format!("aws.cloudwatch/{event}.json"));
        (event, other, transition(record(&sample, &alarm)))
    })
}

/// Ids that AWS makes up are those of the sample from here on.
fn with_ids_of(sample: &Value, made: &mut Value, body: &str) {
    if let Some(id) = sample.get("id") {
        made["id"] = id.clone();
    }
    let metrics = &sample[body]["configuration"]["metrics"];
    if metrics.as_array().is_some_and(|metrics| metrics.len() == 1) {
        made[body]["configuration"]["metrics"][0]["id"] = metrics[0]["id"].clone();
    }
}

#[test]
fn an_event_is_as_in_awss_samples() {
    for (file, _, transition) in samples() {
        let sample = fixture(&format!("aws.cloudwatch/{file}.json"));
        let mut made = event::state_change(&transition);
        with_ids_of(&sample, &mut made, "detail");
        assert_eq!(made, sample, "{file}");
    }
}

#[test]
fn a_functions_payload_is_as_in_awss_samples() {
    for (_, file, transition) in samples() {
        let sample = fixture(&format!("lambda-alarm/{file}.json"));
        let mut made = event::lambda_payload(&transition);
        with_ids_of(&sample, &mut made, "alarmData");
        if file == "metric-math" {
            // This sample is of the alarm's first evaluation.
            made["alarmData"]["previousState"] = sample["alarmData"]["previousState"].clone();
        }
        assert_eq!(made, sample, "{file}");
    }
}

#[test]
fn a_notification_is_as_received() {
    for (_, file, transition) in samples() {
        let (subject, mut sample) = sns_fixture(&format!("sns/{file}.json"));
        let made = notification(&transition);
        assert_eq!(made.subject, subject);
        let made: Value = serde_json::from_str(&made.message).unwrap();
        // The samples were put together from several alarms.
        sample["AlarmDescription"] = made["AlarmDescription"].clone();
        assert_eq!(made, sample, "{file}");
    }
}

#[test]
fn event_notification_and_payload_of_one_transition_are_one_trigger() {
    let read = |message: &Value| -> AlarmTrigger {
        match AlarmIntake::from_value(message).unwrap() {
            AlarmIntake::Trigger(trigger) => *trigger,
            AlarmIntake::Ignored { reason, .. } => panic!("ignored: {reason}"),
        }
    };
    for (file, _, transition) in samples() {
        let message = notification(&transition).message;
        let ways = [
            read(&event::state_change(&transition)),
            read(&json!({"Type": "Notification", "MessageId": "1", "Message": message})),
            read(&event::lambda_payload(&transition)),
        ];
        let [first, others @ ..] = &ways;
        assert_eq!(first.at, transition.at, "{file}");
        for other in others {
            assert_eq!(other.id(), first.id(), "{file}");
            assert_eq!(other.metrics, first.metrics, "{file}");
            assert_eq!(other.children, first.children, "{file}");
            assert_eq!((other.kind, other.previous), (first.kind, first.previous), "{file}");
        }
    }
}

#[test]
fn of_a_composite_alarm_that_was_just_made_nothing_is_said_before() {
    let sample = fixture("aws.cloudwatch/composite-initial-creation.json");
    let mut made = event::state_change(&transition(record(&sample, &composite())));
    with_ids_of(&sample, &mut made, "detail");
    assert_eq!(made, sample);
}

#[test]
fn a_suppressed_alarm_says_so_and_does_not_act() {
    let sample = fixture("aws.cloudwatch/composite-suppressed.json");
    let mut alarm = composite();
    alarm["ActionsSuppressor"] = json!("ServiceMaintenanceAlarm");
    alarm["ActionsSuppressorWaitPeriod"] = json!(120);
    alarm["ActionsSuppressorExtensionPeriod"] = json!(180);
    let mut record = record(&sample, &alarm);
    record["suppressedBy"] = json!("WaitPeriod");
    let transition = transition(record);
    let mut made = event::state_change(&transition);
    with_ids_of(&sample, &mut made, "detail");
    assert_eq!(made, sample);
    assert_eq!(plan(&transition), []);
}

#[test]
fn an_alarm_whose_wait_period_is_over_says_what_suppressed_it_and_acts() {
    let sample = fixture("aws.cloudwatch/composite-after-wait-period.json");
    let mut alarm = composite();
    alarm["ActionsSuppressor"] = json!("ServiceMaintenanceAlarm");
    alarm["ActionsSuppressorWaitPeriod"] = json!(120);
    alarm["ActionsSuppressorExtensionPeriod"] = json!(180);
    let action = "arn:aws:lambda:us-east-1:111122223333:function:act";
    alarm["AlarmActions"] = json!([action]);
    let mut record = record(&sample, &alarm);
    record["previouslySuppressedBy"] = json!("WaitPeriod");
    let transition = transition(record);
    let mut made = event::state_change(&transition);
    with_ids_of(&sample, &mut made, "detail");
    assert_eq!(made, sample);
    let [Planned { call: Ok(AlarmCall::Invoke { payload, .. }), .. }] = &plan(&transition)[..]
    else {
        panic!("the function is invoked")
    };
    let payload: Value = serde_json::from_str(payload).unwrap();
    assert_eq!(payload, fixture("lambda-alarm/composite-after-wait-period.json"));
}

#[test]
fn a_new_alarm_is_told_as_in_awss_sample() {
    let sample = fixture("aws.cloudwatch/alarm-configuration-change.json");
    let at = milliseconds(&sample["detail"]["state"]["timestamp"]);
    let change: AlarmChange = serde_json::from_value(json!({
        "change": "configuration", "operation": "create", "account": "111122223333",
        "region": "us-east-1", "at": at, "previousAlarm": null,
        "alarm": {
            "AlarmName": "ServiceAggregatedAlarm", "AlarmArn": sample["resources"][0],
            "AlarmDescription": "Aggregated monitor for instance", "ActionsEnabled": true,
            "AlarmRule": "ALARM(ServerCpuTooHigh) OR ALARM(TotalNetworkTrafficTooHigh)",
            "AlarmConfigurationUpdatedTimestamp": 1_646_327_182.289,
        },
        "state": {"value": "INSUFFICIENT_DATA", "at": at},
    }))
    .unwrap();
    let AlarmChange::Configuration(change) = change else { panic!("a change of configuration") };
    let made = event::configuration_change(&change);
    assert_eq!(made["detail"], sample["detail"]);
    let updated = Reconfiguration {
        operation: "update".into(),
        previous_alarm: Some(change.alarm.clone()),
        ..*change
    };
    let updated = event::configuration_change(&updated);
    assert_eq!(updated["detail"]["previousConfiguration"], updated["detail"]["configuration"]);
}

fn to(state: &str, actions: &[&str]) -> Value {
    let mut record = record(&fixture("aws.cloudwatch/alarm-state-change.json"), &metric());
    record["state"]["value"] = json!(state);
    record["alarm"]["OKActions"] = json!(["arn:aws:sns:us-east-1:111122223333:calm"]);
    record["alarm"]["InsufficientDataActions"] =
        json!(["arn:aws:sns:us-east-1:111122223333:blind"]);
    record["alarm"]["AlarmActions"] = json!(actions);
    record
}

#[test]
fn an_alarm_acts_as_its_new_state_says() {
    let actions = |record: Value| -> Vec<String> {
        plan(&transition(record)).into_iter().map(|planned| planned.action).collect()
    };
    assert_eq!(actions(to("ALARM", &[TOPIC])), [TOPIC]);
    assert_eq!(actions(to("OK", &[TOPIC])), ["arn:aws:sns:us-east-1:111122223333:calm"]);
    let blind = actions(to("INSUFFICIENT_DATA", &[TOPIC]));
    assert_eq!(blind, ["arn:aws:sns:us-east-1:111122223333:blind"]);
    let mut switched_off = to("ALARM", &[TOPIC]);
    switched_off["alarm"]["ActionsEnabled"] = json!(false);
    assert_eq!(actions(switched_off), Vec::<String>::new());
}

#[test]
fn actions_on_the_instance_are_calls_and_what_nobody_plays_is_said() {
    let calls = plan(&transition(to(
        "ALARM",
        &[
            "arn:aws:automate:us-east-1:ec2:reboot",
            "arn:aws:swf:us-east-1:111122223333:action/actions/AWS_EC2.InstanceId.Stop/1.0",
            "arn:aws:automate:us-east-1:ec2:recover",
            "arn:aws:sns:eu-west-1:111122223333:elsewhere",
            "arn:aws:lambda:us-east-1:444455556666:function:relay:live",
        ],
    )));
    let on =
        |operation| Ok(AlarmCall::Instance { operation, instance: "i-12345678901234567".into() });
    assert_eq!(calls[0].call, on("RebootInstances"));
    assert_eq!(calls[1].call, on("StopInstances"));
    assert!(calls[2].call.as_ref().unwrap_err().contains("does not play"));
    assert!(calls[3].call.as_ref().unwrap_err().contains("Only us-east-1 is supported"));
    let call = calls[4].call.as_ref().unwrap();
    let (function, principal, action) = call.permission().unwrap();
    assert_eq!(function.account, "444455556666");
    let expected = ("lambda.alarms.cloudwatch.amazonaws.com", "lambda:InvokeFunction");
    assert_eq!((principal, action), expected);
}

#[test]
fn a_subject_has_fewer_than_a_hundred_characters() {
    for length in [1, 60, 61, 62, 63, 255] {
        let mut record = to("ALARM", &[TOPIC]);
        record["alarm"]["AlarmName"] = json!("\u{e4}".repeat(length));
        let subject = notification(&transition(record)).subject;
        assert!(subject.len() < 100 && subject.is_ascii(), "{subject}");
        assert!(subject.ends_with("\" in US East (N. Virginia)"), "{subject}");
        assert_eq!(subject.contains("..."), length > 63, "{subject}");
    }
}

#[test]
fn percentiles_and_region_names_are_written_as_sns_has_them() {
    let mut record = to("ALARM", &[TOPIC]);
    record["region"] = json!("eu-west-1");
    record["alarm"]["Statistic"] = Value::Null;
    record["alarm"]["ExtendedStatistic"] = json!("p99.9");
    record["alarm"]["Unit"] = json!("Percent");
    let transition = transition(record);
    let message: Value = serde_json::from_str(&notification(&transition).message).unwrap();
    assert_eq!(message["Region"], "EU (Ireland)");
    let trigger = &message["Trigger"];
    assert_eq!(trigger["StatisticType"], "ExtendedStatistic");
    assert_eq!(
        (&trigger["ExtendedStatistic"], &trigger["Unit"]),
        (&json!("p99.9"), &json!("Percent"))
    );
    assert!(trigger.get("Statistic").is_none());
    let shown = &event::state_change(&transition)["detail"]["configuration"]["metrics"][0];
    assert_eq!(
        (&shown["metricStat"]["stat"], &shown["metricStat"]["unit"]),
        (&json!("p99.9"), &json!("Percent"))
    );
}
