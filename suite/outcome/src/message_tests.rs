//! Tests of the SNS message.

use expect_test::expect;
use relay_core::problem::{Problem, ProblemCode};
use relay_core::storage::S3Object;
use serde_json::{Value, json};

use super::*;
use crate::tests::{ACCOUNT, decide, request};

fn partial() -> Outcome {
    let shares = json!([
        {"owner": "111122223333", "region": "us-east-1",
         "counts": {"documents": 118, "added": 118, "removed": 0, "present": 0, "failed": 2}},
        {"owner": "222233334444", "region": "eu-west-1",
         "counts": {"documents": 3, "added": 2, "removed": 0, "present": 1, "failed": 0}},
    ]);
    let mut outcome = decide(&request(json!({"shares": shares})), None).outcome.unwrap();
    outcome.rules = vec!["baseline".into(), "zeta".into()];
    outcome.rules_version = Some("sha256:0123".into());
    outcome.details = Some(S3Object { bucket: "relay".into(), key: "outcomes/x.json".into() });
    let place = "111122223333/us-east-1/Org-Full";
    outcome.problems = vec![
        Problem::new(ProblemCode::DocumentPermissionLimit, place, "shared with 1,000 accounts"),
        Problem::new(ProblemCode::UnknownField, "web:3:1 (region)", "unknown field `region`")
            .with_hint("Did you mean `regions`?"),
    ];
    outcome.problems_total = 2;
    outcome.suite_version = "1.2.3".into();
    outcome
}

fn body(message: &Message) -> (Outcome, String) {
    let body: Value = serde_json::from_str(&message.body).unwrap();
    assert_eq!(body.as_object().unwrap().len(), 2);
    let default = body["default"].as_str().unwrap();
    (serde_json::from_str(default).unwrap(), body["email"].as_str().unwrap().to_owned())
}

#[test]
fn the_message_carries_the_outcome_for_machines_as_it_is() {
    let outcome = partial();
    let (inline, _) = body(&Message::render(&outcome));
    assert_eq!(inline, outcome);
}

#[test]
fn the_email_tells_what_happened_what_failed_and_what_to_do() {
    let (_, email) = body(&Message::render(&partial()));
    expect![[r#"
        Runbooks for account 444455556666: 120 added, 1 already in place; 2 failed.

        Outcome   partial: some is in place, some failed (severity high)
        When      2026-01-02T03:04:46Z, after 41.2 s
        Cause     join
        Accounts  444455556666
        Regions   eu-west-1, us-east-1
        Rules     baseline, zeta

        What was shared

          owner         Region            documents   added removed  failed
          111122223333  us-east-1               118     118       0       2
          222233334444  eu-west-1                 3       2       0       0

        What went wrong, and what to do

          1. 111122223333/us-east-1/Org-Full [DocumentPermissionLimit]
             shared with 1,000 accounts
             -> Unshare accounts that no longer need it, or have the quota raised
                (1,000 accounts a document).
          2. web:3:1 (region) [UnknownField]
             unknown field `region`
             -> Did you mean `regions`?

        Where to look

          Execution    https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/arn:aws:states:us-east-1:111122223333:execution:share-runbooks:join-1
          Full report  s3://relay/outcomes/x.json
          Rules        sha256:0123
          Outcome id   0472af54-dd01-5d43-9bae-bdc798260d9c
          Published by runbook-relay 1.2.3
    "#]].assert_eq(&email);
}

#[test]
fn attributes_are_texts_or_arrays_and_none_is_empty() {
    let message = Message::render(&partial());
    let attributes: Vec<String> = message
        .attributes
        .iter()
        .map(|Attribute { name, data_type, value }| format!("{name} {data_type} {value}"))
        .collect();
    assert_eq!(
        attributes,
        [
            "flow String sharing",
            "outcome String partial",
            "severity String high",
            "account String 444455556666",
            "region String.Array [\"eu-west-1\",\"us-east-1\"]",
            "rule String.Array [\"baseline\",\"zeta\"]",
        ]
    );
}

#[test]
fn the_subject_is_one_short_line_of_printable_ascii() {
    assert_eq!(
        Message::render(&partial()).subject,
        "runbook-relay sharing partial: account 444455556666, 2 problems"
    );
    let mut odd = partial();
    odd.resources = vec![format!("i-é\n{}", "x".repeat(300))];
    let subject = Message::render(&odd).subject;
    assert!(subject.len() < 100 && subject.chars().all(|c| (' '..='~').contains(&c)), "{subject}");
}

#[test]
fn at_most_fifty_problems_stand_in_the_message_with_the_total() {
    let mut outcome = partial();
    outcome.problems = (0..51)
        .map(|n| Problem::new(ProblemCode::AccessDenied, format!("o/r/doc-{n}"), "denied"))
        .collect();
    outcome.problems_total = 51;
    let (inline, email) = body(&Message::render(&outcome));
    assert_eq!(inline.problems, outcome.problems[..50]);
    assert_eq!(inline.problems_total, 51);
    assert!(inline.truncated);
    assert!(email.contains("and 1 more, in the full report"), "{email}");
}

/// Percent-encoding, as the SDK does it.
fn form(text: &str) -> usize {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) { 1 } else { 3 })
        .sum()
}

#[test]
fn an_outcome_of_any_size_shrinks_until_it_fits() {
    let mut outcome = partial();
    let awkward = "\"\\\n語".repeat(20_000);
    outcome.summary = awkward.clone();
    outcome.problems = (0..5_000)
        .map(|n| {
            Problem::new(ProblemCode::ShareFailed, format!("{n}{awkward}"), awkward.clone())
                .with_hint(awkward.clone())
        })
        .take(60)
        .collect();
    outcome.problems_total = 5_000;
    outcome.accounts = (0..20_000).map(|n| format!("{n:012}").parse().unwrap()).collect();
    outcome.rules = (0..2_000).map(|n| format!("rule-{n}")).collect();
    outcome.shares =
        (0..2_000).map(|n| Shares { documents: n, ..outcome.shares[0].clone() }).collect();
    outcome.trigger.as_mut().unwrap().event_ids = (0..9_000).map(|n| n.to_string()).collect();
    let message = Message::render(&outcome);
    let attributes: usize = message.attributes.iter().map(|a| form(&a.value) + 100).sum();
    let size = form(&message.body) + form(&message.subject) + attributes;
    assert!(size <= 204_800, "{size}");
    assert!(size <= message.encoded_len() && message.encoded_len() <= 204_800);
    let (inline, email) = body(&message);
    assert!(inline.truncated);
    assert_eq!((inline.id, inline.problems_total), (outcome.id, 5_000));
    assert!(email.contains("s3://relay/outcomes/x.json"));
    assert!(!inline.problems.is_empty(), "as much as fits is kept");
}

#[test]
fn an_outcome_about_one_account_names_it_in_the_attribute() {
    let attributes = Message::render(&partial()).attributes;
    let account = attributes.iter().find(|attribute| attribute.name == "account").unwrap();
    assert_eq!((account.data_type, account.value.as_str()), ("String", ACCOUNT));
}

#[test]
fn a_message_is_cut_only_when_it_would_not_fit_and_always_then() {
    let mut cut = Vec::new();
    for letters in (100..1_900).step_by(100) {
        let mut outcome = partial();
        outcome.problems = (0..50)
            .map(|n| Problem::new(ProblemCode::ShareFailed, format!("{n}"), "x ".repeat(letters)))
            .collect();
        let message = Message::render(&outcome);
        assert!(form(&message.body) <= 204_800, "{letters}");
        cut.push(body(&message).0.truncated);
    }
    assert!(!cut[0] && cut[17], "{cut:?}");
    assert!(cut.is_sorted(), "once cut, always cut: {cut:?}");
}
