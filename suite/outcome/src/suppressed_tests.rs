//! Tests of the outcomes of triggers on which nothing was started.

use jiff::Timestamp;
use relay_core::alarm::TriggerId;
use relay_core::flow::{Flow, Severity};
use relay_core::problem::ProblemCode;
use remediation::guard::digest::{DigestEntry, DigestWindow};

use super::*;

fn at() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

fn entries(count: u128) -> Vec<DigestEntry> {
    (0..count)
        .map(|n| DigestEntry {
            trigger: TriggerId(uuid::Uuid::from_u128(n)),
            alarm: format!("arn:aws:cloudwatch:us-east-1:111122223333:alarm:cpu-{n}")
                .parse()
                .unwrap(),
            contributor: None,
            account: "111122223333".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            resources: vec![format!("i-{}", n % 10)],
            what: "the rule has had its 5 runs of this hour".into(),
            at: Some(at()),
            reason: Some(format!("Threshold Crossed: {n}")),
        })
        .collect()
}

fn publish(
    code: ProblemCode,
    observed: bool,
    entries: &[DigestEntry],
    first: bool,
) -> Option<Outcome> {
    suppressed(SuppressedTriggers {
        window: &DigestWindow::at("web", code, observed, at()),
        entries,
        first,
        severity: Severity::High,
        rules_version: Some("sha256:1"),
        at: at(),
    })
}

#[test]
fn the_first_is_published_alone_and_the_rest_with_their_count() {
    let all = entries(13);
    let first = publish(ProblemCode::RuleBudget, false, &all[..1], true).unwrap();
    assert_eq!((first.outcome, first.count), (OutcomeStatus::Suppressed, 1));
    assert_eq!(
        first.summary,
        "Rule web on i-0 suppressed: the rule has had its 5 runs of this hour."
    );
    assert_eq!(first.trigger.as_ref().unwrap().arn.as_deref(), Some(all[0].alarm.as_str()));
    let alarm = first.alarm.unwrap();
    assert_eq!((alarm.name.as_str(), alarm.region.as_str()), ("cpu-0", "us-east-1"));
    assert_eq!((alarm.at, alarm.reason.as_deref()), (Some(at()), Some("Threshold Crossed: 0")));
    assert_eq!(first.links[0].account, Some(alarm.account));
    assert_eq!(first.links[0].kind, LinkKind::Alarm);
    let digest = publish(ProblemCode::RuleBudget, false, &all[1..], false).unwrap();
    assert_eq!((digest.count, digest.resources.len()), (12, 10));
    assert_eq!(
        digest.summary,
        "Rule web: 12 more triggers on 10 resources suppressed within five minutes, the first \
         because the rule has had its 5 runs of this hour."
    );
    assert_eq!(digest.trigger.unwrap().arn, None, "there are several");
    assert_eq!(digest.alarm, None, "there are several");
    assert_eq!(digest.rules, ["web"]);
    assert_ne!(first.id, digest.id);
    assert_eq!(publish(ProblemCode::RuleBudget, false, &all[..1], true).unwrap().id, first.id);
    assert_eq!(publish(ProblemCode::RuleBudget, false, &[], false), None, "a digest of none");
}

#[test]
fn a_digest_of_one_alarm_names_it_but_no_reason_of_several_transitions() {
    let one = entries(1).remove(0);
    let again = DigestEntry { trigger: TriggerId(uuid::Uuid::from_u128(9)), ..one.clone() };
    let digest = publish(ProblemCode::RuleBudget, false, &[one, again], false).unwrap();
    let alarm = digest.alarm.unwrap();
    assert_eq!((alarm.name.as_str(), alarm.at, alarm.reason), ("cpu-0", None, None));
}

#[test]
fn what_it_is_and_how_much_it_matters_follows_from_the_reason() {
    use OutcomeStatus::{Failed, Observed, Suppressed};
    for (code, observed, status, severity) in [
        (ProblemCode::KillSwitch, false, Suppressed, Severity::Info),
        (ProblemCode::AlreadyOk, false, Suppressed, Severity::Info),
        (ProblemCode::Locked, false, Suppressed, Severity::Info),
        (ProblemCode::CoolingDown, false, Suppressed, Severity::Low),
        (ProblemCode::AccountBudget, false, Suppressed, Severity::Medium),
        (ProblemCode::StormBreaker, false, Suppressed, Severity::High),
        (ProblemCode::ResourceRefused, false, Suppressed, Severity::Info),
        (ProblemCode::ResourceUnknown, false, Failed, Severity::High),
        (ProblemCode::SeveralResources, false, Failed, Severity::High),
        (ProblemCode::WouldStart, true, Observed, Severity::Info),
        (ProblemCode::StormBreaker, true, Observed, Severity::Info),
    ] {
        let outcome = publish(code, observed, &entries(1), true).unwrap();
        assert_eq!((outcome.outcome, outcome.severity), (status, severity), "{code}");
        assert_eq!(outcome.problems[0].code, code);
        assert_eq!(outcome.flow, Flow::Remediation);
    }
}

#[test]
fn a_digest_of_thousands_fits_into_a_message_and_names_no_execution() {
    let outcome = publish(ProblemCode::StormBreaker, false, &entries(5_000), false).unwrap();
    assert_eq!(outcome.count, 5_000);
    let message = Message::render(&outcome);
    assert!(message.encoded_len() <= MAX_REQUEST_BYTES);
    assert!(!message.body.contains("Execution "), "{}", message.body);
    assert!(message.body.contains("Triggers  5000"));
}
