//! Tests of the names.

use proptest::prelude::*;

use super::*;

fn account() -> AccountId {
    "000011112222".parse().unwrap()
}

#[test]
fn names_say_which_fact_they_are_about() {
    let joined: Timestamp = "2026-01-02T03:04:05.678Z".parse().unwrap();
    let request = "car-examplecreateaccountrequestid111".parse().unwrap();
    let handshake = "h-examplehandshakeid111".parse().unwrap();
    for (name, expected) in [
        (ExecutionName::create_request(&request), "car-examplecreateaccountrequestid111"),
        (ExecutionName::handshake(&handshake), "h-examplehandshakeid111"),
        (ExecutionName::join(account(), joined), "join-000011112222-1767323045"),
        (ExecutionName::recheck(account(), joined), "recheck-000011112222-1767323045"),
        (
            ExecutionName::moved(account(), "315c1398-40ff-a850-213b-158f73e60175"),
            "move-000011112222-315c1398-40ff-a850-213b-158f73e60175",
        ),
        (
            ExecutionName::departure(account(), "315c1398-40ff-a850-213b-158f73e60175"),
            "departure-000011112222-315c1398-40ff-a850-213b-158f73e60175",
        ),
    ] {
        assert_eq!(name.to_string(), expected);
        assert_eq!(name.attempt(), 1);
    }
}

#[test]
fn a_failed_execution_is_repeated_four_times_and_no_more() {
    let first = ExecutionName::moved(account(), "e");
    let names: Vec<ExecutionName> =
        std::iter::successors(Some(first), ExecutionName::next).collect();
    assert_eq!(names.iter().map(ExecutionName::attempt).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        ["", "-2", "-3", "-4", "-5"].map(|suffix| format!("move-000011112222-e{suffix}"))
    );
}

#[test]
fn a_session_name_keeps_short_names_and_tells_long_ones_apart() {
    assert_eq!(role_session_name("join-000011112222-1767323045"), "join-000011112222-1767323045");
    assert_eq!(role_session_name("a"), "relay-a");
    let long = |tail: &str| format!("move-000011112222-{}{tail}", "x".repeat(60));
    assert_ne!(role_session_name(&long("a")), role_session_name(&long("b")));
    assert_eq!(role_session_name(&long("a")).len(), 64);
}

proptest! {
    #[test]
    fn any_event_id_makes_a_name_that_step_functions_takes(event_id in ".{0,200}") {
        let mut name = Some(ExecutionName::departure(account(), &event_id));
        while let Some(this) = name {
            let text = this.to_string();
            prop_assert!((1..=80).contains(&text.len()), "{text}");
            prop_assert!(
                text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)),
                "{text}"
            );
            name = this.next();
        }
    }

    #[test]
    fn any_name_makes_a_session_name_that_sts_takes(name in ".{0,200}") {
        let session = role_session_name(&name);
        prop_assert!((2..=64).contains(&session.len()));
        prop_assert!(session.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)));
    }

    #[test]
    fn different_event_ids_keep_different_names(a in ".{0,120}", b in ".{0,120}") {
        prop_assume!(a != b);
        prop_assert_ne!(ExecutionName::moved(account(), &a), ExecutionName::moved(account(), &b));
    }
}

#[test]
fn onboarding_is_named_by_the_membership_the_runbook_and_the_rule() {
    let joined: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
    let name = |runbook: &str, rule: &str| {
        let account = "000000000042".parse().unwrap();
        let runbook = runbook.parse().unwrap();
        ExecutionName::onboarding(account, joined, &runbook, rule).to_string()
    };
    assert_eq!(name("Org-A", "web"), "onboard-000000000042-1767323045-Org-A-web");
    let long = "x".repeat(120);
    assert!(name(&long, "web").len() <= 78);
    assert_ne!(name(&long, "web"), name(&long, "db"));
}
