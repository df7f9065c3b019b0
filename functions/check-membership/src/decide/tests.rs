//! Everything that can be seen, at every age.

use expect_test::{Expect, expect};

use super::*;

const ACCOUNT: &str = "444455556666";

fn creation() -> MembershipRequest {
    MembershipRequest::CreateAccountRequestId("car-0123456789abcdef".parse().unwrap())
}

fn invitation() -> MembershipRequest {
    MembershipRequest::HandshakeId("h-0123456789abcdef".parse().unwrap())
}

fn hours(count: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(count)
}

fn at(
    request: &MembershipRequest,
    now: Timestamp,
    attempt: u32,
    seen: MembershipState,
) -> MembershipDecision {
    let waits = Waits { first: 5, longest: 3600 };
    decide(MembershipCheck { request, since: Timestamp::UNIX_EPOCH, now, attempt, waits }, seen)
}

#[expect(clippy::needless_pass_by_value, reason = "an expectation is written where it is used")]
fn check(request: &MembershipRequest, now: Timestamp, seen: MembershipState, expected: Expect) {
    let text = match at(request, now, 0, seen) {
        MembershipDecision::HandOver(member) => {
            format!("hand over {} {}", member.account, member.joined)
        }
        MembershipDecision::Report(membership) => serde_json::to_string(&membership).unwrap(),
    };
    expected.assert_eq(&text);
}

#[test]
fn a_member_is_handed_over_however_late() {
    let member = Member { account: ACCOUNT.parse().unwrap(), joined: hours(1) };
    for now in [hours(0), hours(9_999)] {
        assert_eq!(
            at(&creation(), now, 99, MembershipState::Joined(member)),
            MembershipDecision::HandOver(member)
        );
    }
}

#[test]
fn a_failed_creation_says_awss_reason_and_what_to_do() {
    check(
        &creation(),
        hours(0),
        MembershipState::CreationFailed { reason: "EMAIL_ALREADY_EXISTS".into() },
        expect![[
            r#"{"state":"failed","reason":"EMAIL_ALREADY_EXISTS: another AWS account has this e-mail address: create it with another one","code":"EMAIL_ALREADY_EXISTS"}"#
        ]],
    );
}

#[test]
fn a_creation_is_waited_for_a_day_and_then_given_up() {
    check(
        &creation(),
        hours(23),
        MembershipState::Creating,
        expect![[r#"{"state":"pending","waitSeconds":5}"#]],
    );
    check(
        &creation(),
        hours(24),
        MembershipState::Creating,
        expect![[
            r#"{"state":"failed","reason":"AWS has neither created the account nor failed in 24 hours"}"#
        ]],
    );
}

#[test]
fn what_aws_does_not_know_is_waited_for_some_minutes() {
    check(
        &creation(),
        hours(0),
        MembershipState::Unknown,
        expect![[r#"{"state":"pending","waitSeconds":5}"#]],
    );
    check(
        &creation(),
        hours(1),
        MembershipState::Unknown,
        expect![[
            r#"{"state":"failed","reason":"Organizations knows no account creation car-0123456789abcdef"}"#
        ]],
    );
    check(
        &invitation(),
        hours(1),
        MembershipState::Unknown,
        expect![[
            r#"{"state":"failed","reason":"Organizations knows no invitation h-0123456789abcdef: it forgets them some weeks after their end"}"#
        ]],
    );
}

#[test]
fn an_open_invitation_is_waited_for_a_day_longer_than_it_lasts() {
    let account = Some(ACCOUNT.parse().unwrap());
    let open = |expires| MembershipState::Invited { account, expires };
    for (expires, last) in [(Some(hours(100)), 124), (None, 15 * 24)] {
        let waits = at(&invitation(), hours(last - 1), 0, open(expires));
        assert_eq!(waits, MembershipDecision::Report(Membership::Pending { wait_seconds: 5 }));
        let over = at(&invitation(), hours(last), 0, open(expires));
        assert!(matches!(over, MembershipDecision::Report(Membership::Failed { .. })), "{over:?}");
    }
}

#[test]
fn an_invitation_that_came_to_nothing_is_cancelled_with_the_account_and_how() {
    let ended = |ending| MembershipState::InvitationEnded {
        account: Some(ACCOUNT.parse().unwrap()),
        ending,
    };
    check(
        &invitation(),
        hours(0),
        ended(Ending::Declined),
        expect![[
            r#"{"state":"cancelled","account":"444455556666","reason":"DECLINED: the account declined the invitation"}"#
        ]],
    );
    check(
        &invitation(),
        hours(0),
        ended(Ending::Cancelled),
        expect![[
            r#"{"state":"cancelled","account":"444455556666","reason":"CANCELED: the organization took the invitation back"}"#
        ]],
    );
    check(
        &invitation(),
        hours(0),
        ended(Ending::Expired),
        expect![[
            r#"{"state":"cancelled","account":"444455556666","reason":"EXPIRED: nobody accepted the invitation in time"}"#
        ]],
    );
}

#[test]
fn an_account_that_accepted_and_never_appears_is_given_up_in_the_end() {
    let arriving = MembershipState::Arriving { account: None, expires: Some(hours(100)) };
    check(
        &invitation(),
        hours(123),
        arriving.clone(),
        expect![[r#"{"state":"pending","waitSeconds":5}"#]],
    );
    check(
        &invitation(),
        hours(124),
        arriving,
        expect![[
            r#"{"state":"failed","reason":"the invitation was accepted and its account is not among the organization's members: it may have left again"}"#
        ]],
    );
}

fn waits(seen: &MembershipState, waits: Waits) -> Vec<u32> {
    (0..40)
        .map(|attempt| {
            let now = Timestamp::UNIX_EPOCH;
            let request = invitation();
            let question = MembershipCheck { request: &request, since: now, now, attempt, waits };
            match decide(question, seen.clone()) {
                MembershipDecision::Report(Membership::Pending { wait_seconds }) => wait_seconds,
                verdict => panic!("{verdict:?}"),
            }
        })
        .collect()
}

#[test]
fn waits_double_from_the_first_to_the_longest() {
    let open = MembershipState::Invited { account: None, expires: None };
    let grown = waits(&open, Waits { first: 5, longest: 3600 });
    assert_eq!(grown[..11], [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600]);
    assert_eq!(grown[39], 3600);
}

#[test]
fn what_is_under_way_at_aws_is_never_left_alone_for_longer_than_five_minutes() {
    let grown = waits(&MembershipState::Creating, Waits { first: 5, longest: 3600 });
    assert_eq!(grown.iter().max(), Some(&300));
    assert_eq!(waits(&MembershipState::Creating, Waits { first: 1, longest: 2 })[5], 2);
}

#[test]
fn no_setting_makes_the_machine_spin() {
    assert!(
        waits(&MembershipState::Creating, Waits { first: 0, longest: 0 })
            .iter()
            .all(|wait| *wait == 1)
    );
}
