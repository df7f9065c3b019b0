//! Tests of reading events of organizations. The events themselves, with what each of them means, are in `events/`.

use std::path::Path;

use relay_core::event::{EventError, MAX_BYTES};

use super::*;

fn read(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
    std::fs::read_to_string(folder.join(file)).unwrap()
}

/// The table of expectations is written by the tests of all intakes together.
#[test]
fn every_event_of_an_organization_means_what_the_table_says() {
    let table = read("expected.txt");
    let mut lines = table.lines().peekable();
    let mut files = 0;
    while let Some(file) = lines.next() {
        let mut expected = String::new();
        while let Some(line) = lines.next_if(|line| line.starts_with("  ")) {
            expected.push_str(line.trim_start());
        }
        let ours =
            ["aws.organizations/", "aws.controltower/", "aws.ssm/document-", "aws.ssm/rule-"];
        if !ours.iter().any(|prefix| file.starts_with(prefix)) {
            continue;
        }
        let found = match Intake::parse(&read(file)) {
            Ok(Intake::Account { event, .. }) => format!("{event:?}"),
            Ok(Intake::Change { touched, .. }) => format!("{touched:?}"),
            Ok(Intake::Ignored { reason, .. }) => format!("ignored: {reason}"),
            Err(error) => format!("error: {error}"),
        };
        assert_eq!(found, expected, "{file}");
        files += 1;
    }
    assert!(files > 40, "{files}");
}

#[test]
fn an_event_of_another_service_is_ignored_with_its_source() {
    for file in ["aws.ec2/instance-state-change.json", "aws.iam/create-role.json"] {
        let source = file.split_once('/').unwrap().0;
        match Intake::parse(&read(file)).unwrap() {
            Intake::Ignored { reason, event_id } => {
                assert!(reason.contains(source), "{reason}");
                assert!(!event_id.is_empty());
            }
            found @ (Intake::Account { .. } | Intake::Change { .. }) => panic!("{file}: {found:?}"),
        }
    }
}

#[test]
fn the_largest_message_of_sqs_is_read_and_a_larger_one_is_refused() {
    let event = read("aws.organizations/move-account.json");
    let padded = |bytes: usize| format!("{event}{}", " ".repeat(bytes - event.len()));
    assert!(matches!(Intake::parse(&padded(MAX_BYTES)), Ok(Intake::Account { .. })));
    assert!(matches!(
        Intake::parse(&padded(MAX_BYTES + 1)),
        Err(EventError::TooLarge { bytes }) if bytes == MAX_BYTES + 1
    ));
}
