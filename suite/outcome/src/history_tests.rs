//! Under which questions an outcome is found, and what a list shows of it.

use jiff::Timestamp;
use relay_core::flow::Flow;
use uuid::Uuid;

use super::*;

const ALARM: &str = "arn:aws:cloudwatch:eu-west-1:444455556666:alarm:web/status";

fn at() -> Timestamp {
    "2026-01-02T23:59:59.999Z".parse().unwrap()
}

fn outcome() -> Outcome {
    Outcome {
        rules: vec!["web".to_owned()],
        resources: vec!["i-1".to_owned()],
        alarms: vec![ALARM.parse().unwrap()],
        summary: "x".repeat(1000),
        ..Outcome::new(Uuid::nil(), Flow::Remediation, OutcomeStatus::Suppressed, at())
    }
}

#[test]
fn an_outcome_is_found_by_day_account_rule_resource_and_alarm() {
    let expected = [
        HistoryIndex::Day("2026-01-02".parse().unwrap()),
        HistoryIndex::Account("444455556666".parse().unwrap()),
        HistoryIndex::Rule("web".to_owned()),
        HistoryIndex::Resource("i-1".to_owned()),
        HistoryIndex::Alarm(ALARM.to_owned()),
        HistoryIndex::Alarm("web/status".to_owned()),
    ];
    assert_eq!(HistoryIndex::of(&outcome(), at()), expected);
}

#[test]
fn a_storm_of_thousands_is_found_by_the_first_thousand_of_each_kind() {
    let resources = (0..5_000).map(|n| format!("i-{n:04}")).collect();
    let alarms = (0..5_000).map(|n| format!("{ALARM}-{n:04}").parse().unwrap()).collect();
    let storm = Outcome { resources, alarms, ..outcome() };
    assert_eq!(HistoryIndex::of(&storm, at()).len(), 1 + 1 + 1 + 1_000 + 2 * 1_000);
}

#[test]
fn the_short_form_stays_small_and_says_that_it_is_short() {
    let entry = HistoryEntry::of(&outcome());
    assert!(!entry.shortened);
    assert_eq!(entry.accounts, ["444455556666".parse().unwrap()]);
    let resources: Vec<String> = (0..50).map(|n| format!("{n}{}", "r".repeat(600))).collect();
    let rules: Vec<String> = (0..50).map(|n| format!("rule-{n}")).collect();
    let alarms = (0..50).map(|n| format!("{ALARM}-{n:04}").parse().unwrap()).collect();
    let entry = HistoryEntry::of(&Outcome { resources, rules, alarms, ..outcome() });
    assert!(entry.shortened);
    let size = serde_json::to_string(&entry).unwrap().len();
    assert!(size < 2_000, "{size} bytes");
}

#[test]
fn a_question_is_answered_by_one_list_or_by_a_list_for_each_day() {
    let since = "2025-12-31T12:00:00Z".parse().unwrap();
    let query = HistoryQuery::default();
    let days = query.indexes(since, at());
    let day = |text: &str| HistoryIndex::Day(text.parse().unwrap());
    assert_eq!(days, ["2026-01-02", "2026-01-01", "2025-12-31"].map(day));
    let query = HistoryQuery {
        account: "444455556666".parse().ok(),
        rule: Some("web".to_owned()),
        ..HistoryQuery::default()
    };
    assert_eq!(query.indexes(since, at()), [HistoryIndex::Rule("web".to_owned())]);
    let query = HistoryQuery { resource: Some("i-1".to_owned()), ..query };
    assert_eq!(query.indexes(since, at()), [HistoryIndex::Resource("i-1".to_owned())]);
}

#[test]
fn every_condition_of_a_question_holds_and_a_short_form_that_does_not_say_is_unclear() {
    let (whole, entry) = (outcome(), HistoryEntry::of(&outcome()));
    let asked = |query: &HistoryQuery| (query.selects(&entry), query.selects_outcome(&whole));
    let all = HistoryQuery {
        resource: Some("i-1".to_owned()),
        alarm: Some(ALARM.to_owned()),
        rule: Some("web".to_owned()),
        account: "444455556666".parse().ok(),
        statuses: vec![OutcomeStatus::Failed, OutcomeStatus::Suppressed],
    };
    assert_eq!(asked(&all), (Selection::Yes, true));
    let by_name = HistoryQuery { alarm: Some("web/status".to_owned()), ..all.clone() };
    assert_eq!(asked(&by_name), (Selection::Yes, true));
    for other in [
        HistoryQuery { resource: Some("i-2".to_owned()), ..all.clone() },
        HistoryQuery { alarm: Some("web".to_owned()), ..all.clone() },
        HistoryQuery { rule: Some("we".to_owned()), ..all.clone() },
        HistoryQuery { account: "111122223333".parse().ok(), ..all.clone() },
        HistoryQuery { statuses: vec![OutcomeStatus::Failed], ..all.clone() },
    ] {
        assert_eq!(asked(&other), (Selection::No, false), "{other:?}");
    }
    let shortened = HistoryEntry { shortened: true, resources: Vec::new(), ..entry };
    assert_eq!(all.selects(&shortened), Selection::Unclear);
    let none = HistoryQuery { statuses: vec![OutcomeStatus::Failed], ..all };
    assert_eq!(none.selects(&shortened), Selection::No);
}
