//! How long a lock can be held, and when a digest is published.

use jiff::Timestamp;
use proptest::prelude::*;
use relay_core::problem::ProblemCode;

use crate::guard::digest::{DigestWindow, SLACK, WINDOW};
use crate::tests::{least, rule};

/// The lock of a ladder of these rungs, in minutes beyond those that are always added.
fn lease(rungs: &str) -> u32 {
    let rule = rule(&least(&format!("ladder: [{rungs}]\n")));
    let always = 15 * 60;
    (rule.longest_run().as_secs() - always) / 60
}

#[test]
fn a_lock_is_leased_for_as_long_as_all_rungs_of_the_ladder_can_last() {
    let first = "{runbook: Relay-RebootInstance, timeout: 1h, recoverWithin: 10m}";
    let approver = "arn:aws:iam::111122223333:role/OnCall";
    let second = format!(
        "{{runbook: Org-ReplaceInstance, timeout: 2h, recoverWithin: 20m, \
         approval: {{approvers: [\"{approver}\"], within: 4h}}}}"
    );
    assert_eq!(lease(first), 60 + 10, "the run, and the time to recover");
    assert_eq!(lease(&second), 240 + 120 + 20, "somebody has to approve it first");
    assert_eq!(lease(&format!("{first}, {second}")), 70 + 380);
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

proptest! {
    /// Seconds before 1970, too: a window begins before its decisions, and the next one when it ends.
    #[test]
    fn a_digest_is_published_once_its_window_and_the_slack_are_over(
        now in -1_000_000_i64..2_000_000_000, later in 0i64..1000
    ) {
        let window = DigestWindow::at("web", ProblemCode::Locked, false, at(now));
        prop_assert_eq!(window.begin % WINDOW, 0);
        prop_assert!((0..WINDOW).contains(&(now - window.begin)));
        let due = window.begin + WINDOW + SLACK;
        let (left, asked) = ((due - now - later).max(0), at(now + later));
        prop_assert_eq!(i64::from(window.delay(asked)), left);
        prop_assert_eq!(window.is_over(asked), left == 0);
    }
}

#[test]
fn a_clock_that_lags_behind_asks_sqs_for_no_longer_delay_than_it_takes() {
    let window = DigestWindow::at("web", ProblemCode::Locked, false, at(1_767_322_800));
    assert_eq!(window.delay(at(window.begin - 3600)), 900);
}
