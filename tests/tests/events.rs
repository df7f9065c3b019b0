//! Every fixture in `events/`, and what never gets as far as being one.

#![expect(clippy::unwrap_used, reason = "this is test code: it fails by panicking")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use expect_test::expect_file;
use relay_core::event::{EventError, MAX_BYTES};
use remediation::alarm::AlarmIntake;
use run::AutomationIntake;
use serde_json::json;
use sharing::{AccountEvent, Intake};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../events")
}

/// `<source>/<case>.json`, sorted.
fn fixtures() -> Vec<String> {
    let entries = |path: &Path| {
        std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
    };
    let mut files: Vec<String> = entries(&folder())
        .into_iter()
        .filter(|path| path.is_dir())
        .flat_map(|path| entries(&path))
        .map(|path| path.strip_prefix(folder()).unwrap().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    files
}

/// Events of SSM about documents and rules; the others are about automations.
fn is_change(file: &str) -> bool {
    file.starts_with("aws.ssm/document-") || file.starts_with("aws.ssm/rule-")
}

/// The result of the intake that a file is meant for.
fn outcome(file: &str, text: &str) -> String {
    let (source, _) = file.split_once('/').unwrap();
    match source {
        "aws.cloudwatch" | "sns" | "lambda-alarm" => alarm_outcome(text),
        "aws.ssm" if !is_change(file) => match AutomationIntake::parse(text) {
            Ok(AutomationIntake::Changed(event)) => format!("{event:?}"),
            Ok(AutomationIntake::Ignored { reason, .. }) => format!("ignored: {reason}"),
            Err(error) => format!("error: {error}"),
        },
        _ => match Intake::parse(text) {
            Ok(Intake::Account { event, .. }) => format!("{event:?}"),
            Ok(Intake::Change { touched, .. }) => format!("{touched:?}"),
            Ok(Intake::Ignored { reason, .. }) => format!("ignored: {reason}"),
            Err(error) => format!("error: {error}"),
        },
    }
}

/// The parts of a trigger that decide anything.
fn alarm_outcome(text: &str) -> String {
    let trigger = match AlarmIntake::parse(text) {
        Ok(AlarmIntake::Trigger(trigger)) => trigger,
        Ok(AlarmIntake::Ignored { reason, .. }) => return format!("ignored: {reason}"),
        Err(error) => return format!("error: {error}"),
    };
    let mut lines = format!(
        "{:?} alarm by {:?}: {} at {} ({})\n  from {:?}, creation {:?}",
        trigger.kind,
        trigger.via,
        trigger.alarm,
        trigger.at,
        trigger.id(),
        trigger.previous,
        trigger.creation
    );
    for metric in &trigger.metrics {
        write!(lines, "\n  {} {} {:?}", metric.namespace, metric.name, metric.dimensions).unwrap();
        if let Some(account) = metric.account {
            write!(lines, " of account {account}").unwrap();
        }
    }
    for expression in &trigger.expressions {
        write!(lines, "\n  {expression}").unwrap();
    }
    if let Some(rule) = &trigger.alarm_rule {
        write!(lines, "\n  rule {rule}").unwrap();
    }
    for child in &trigger.children {
        write!(lines, "\n  child {} {:?}", child.arn, child.state).unwrap();
    }
    if let Some(contributor) = &trigger.contributor {
        write!(lines, "\n  contributor {} {:?}", contributor.id, contributor.attributes).unwrap();
    }
    if let Some(quiet) = &trigger.quiet {
        write!(lines, "\n  {quiet:?}").unwrap();
    }
    lines
}

#[test]
fn every_fixture_leads_to_what_is_expected_of_it() {
    let mut outcomes = String::new();
    for file in fixtures() {
        let text = std::fs::read_to_string(folder().join(&file)).unwrap();
        writeln!(outcomes, "{file}\n  {}", outcome(&file, &text)).unwrap();
    }
    expect_file!["../../events/expected.txt"].assert_eq(&outcomes);
}

/// Every rule may be wired to every intake: what is somebody else's is ignored there.
#[test]
fn an_envelope_is_ignored_by_the_intakes_that_it_is_not_meant_for() {
    for file in
        fixtures().iter().filter(|file| !file.starts_with("sns") && !file.starts_with("lam"))
    {
        let text = std::fs::read_to_string(folder().join(file)).unwrap();
        let source = file.split_once('/').unwrap().0;
        if !matches!(source, "aws.organizations" | "aws.controltower") && !is_change(file) {
            assert!(matches!(Intake::parse(&text), Ok(Intake::Ignored { .. })), "{file}");
        }
        if source != "aws.cloudwatch" {
            assert!(matches!(AlarmIntake::parse(&text), Ok(AlarmIntake::Ignored { .. })), "{file}");
        }
        if source != "aws.ssm" {
            let read = AutomationIntake::parse(&text);
            assert!(matches!(read, Ok(AutomationIntake::Ignored { .. })), "{file}");
        }
    }
}

#[test]
fn every_fixture_is_named_in_the_table_with_its_source() {
    let table = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let listed: Vec<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(file, _)| file)
        .collect();
    assert_eq!(listed, fixtures());
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        assert!(line.split('|').all(|cell| cell.trim() != "" || cell.is_empty()), "{line}");
    }
}

#[test]
fn what_is_no_envelope_is_a_typed_error() {
    let cut_off = &serde_json::to_string(&json!({"source": "aws.organizations"})).unwrap()[..20];
    for garbage in ["", "\u{0}\u{1}", "<xml/>", cut_off, &"[".repeat(100_000)] {
        assert!(matches!(Intake::parse(garbage), Err(EventError::NotJson(_))), "{garbage:.40}");
    }
    for value in [json!(null), json!([]), json!("text"), json!({}), json!({"source": "aws.ec2"})] {
        let error = Intake::from_value(&value).unwrap_err();
        assert!(matches!(error, EventError::NotAnEnvelope { .. }), "{error}");
    }
    let without_detail =
        json!({"id": "e", "source": "aws.organizations", "detail-type": "x", "detail": "text"});
    assert_eq!(
        Intake::from_value(&without_detail).unwrap_err().to_string(),
        "read the event as an EventBridge envelope: expected the object `detail`"
    );
}

#[test]
fn an_event_larger_than_a_message_can_be_is_refused_before_it_is_read() {
    let event = "x".repeat(MAX_BYTES + 1);
    assert!(matches!(
        Intake::parse(&event),
        Err(EventError::TooLarge { bytes }) if bytes == MAX_BYTES + 1
    ));
}

#[test]
fn a_huge_event_of_ours_is_read_for_what_it_says() {
    let mut event: serde_json::Value = serde_json::from_str(
        &std::fs::read_to_string(folder().join("aws.organizations/move-account.json")).unwrap(),
    )
    .unwrap();
    event["detail"]["additionalEventData"] = json!({"padding": "x".repeat(900_000)});
    assert!(matches!(
        Intake::parse(&event.to_string()),
        Ok(Intake::Account { event: AccountEvent::Moved { joined: false, .. }, .. })
    ));
}

#[test]
fn unknown_fields_and_the_case_of_keys_never_matter() {
    let event = json!({
        "id": "e-1", "source": "aws.organizations", "surprise": [1, 2],
        "detail-type": "AWS Service Event via CloudTrail",
        "detail": {"eventName": "CreateAccountResult", "ServiceEventDetails": {
            "CreateAccountStatus": {"State": "succeeded", "AccountId": 11112222, "more": null}
        }}
    });
    assert_eq!(
        Intake::from_value(&event).unwrap(),
        Intake::Account {
            event_id: "e-1".into(),
            event: AccountEvent::Created {
                request: None,
                account: "000011112222".parse().unwrap()
            }
        }
    );
}

#[test]
fn an_empty_error_code_is_no_refusal() {
    let event = json!({
        "id": "e-1", "source": "aws.organizations",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {"eventName": "MoveAccount", "errorCode": null,
                   "requestParameters": {"accountId": "444455556666"}}
    });
    assert!(matches!(Intake::from_value(&event), Ok(Intake::Account { .. })));
}

proptest::proptest! {
    #[test]
    fn no_text_in_any_field_makes_the_intake_panic(
        field in 0usize..64, text in "\\PC{0,20}", file in 0usize..128
    ) {
        let fixtures = fixtures();
        let file = folder().join(&fixtures[file % fixtures.len()]);
        let event = std::fs::read_to_string(file).unwrap();
        let mut event: serde_json::Value = serde_json::from_str(&event).unwrap();
        let mut leaves = Vec::new();
        leaves_of(&mut event, &mut leaves);
        let count = leaves.len();
        *leaves.swap_remove(field % count) = json!(text);
        if let Ok(Intake::Ignored { reason, .. }) = Intake::from_value(&event) {
            assert!(!reason.is_empty());
        }
        if let Ok(AlarmIntake::Ignored { reason, .. }) = AlarmIntake::from_value(&event) {
            assert!(!reason.is_empty());
        }
        if let Ok(AutomationIntake::Ignored { reason, .. }) = AutomationIntake::from_value(&event) {
            assert!(!reason.is_empty());
        }
    }
}

fn leaves_of<'a>(value: &'a mut serde_json::Value, leaves: &mut Vec<&'a mut serde_json::Value>) {
    match value {
        serde_json::Value::Object(map) => map.values_mut().for_each(|v| leaves_of(v, leaves)),
        serde_json::Value::Array(items) => items.iter_mut().for_each(|v| leaves_of(v, leaves)),
        leaf => leaves.push(leaf),
    }
}
