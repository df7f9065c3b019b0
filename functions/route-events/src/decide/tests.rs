//! Every event, with every answer.

use std::collections::BTreeSet;

use expect_test::{Expect, expect};

use super::*;

const ACCOUNT: &str = "444455556666";

fn account() -> AccountId {
    ACCOUNT.parse().unwrap()
}

fn member() -> Option<Member> {
    Some(Member {
        account: account(),
        joined: jiff::Timestamp::from_second(1_753_000_000).unwrap(),
    })
}

fn events() -> Vec<AccountEvent> {
    let request: relay_core::id::CreateAccountRequestId = "car-0123456789abcdef".parse().unwrap();
    let handshake: HandshakeId = "h-0123456789abcdef".parse().unwrap();
    vec![
        AccountEvent::CreateRequested { request: request.clone() },
        AccountEvent::Created { request: Some(request.clone()), account: account() },
        AccountEvent::Created { request: None, account: account() },
        AccountEvent::CreateFailed {
            request: Some(request),
            reason: "EMAIL_ALREADY_EXISTS".into(),
        },
        AccountEvent::CreateFailed { request: None, reason: "INTERNAL_FAILURE".into() },
        AccountEvent::Invited { handshake: handshake.clone() },
        AccountEvent::InvitationAccepted { handshake: handshake.clone(), account: Some(account()) },
        AccountEvent::InvitationAccepted { handshake, account: None },
        AccountEvent::Joined { account: account() },
        AccountEvent::Moved { account: account(), joined: false },
        AccountEvent::Moved { account: account(), joined: true },
        AccountEvent::Departed { account: account() },
    ]
}

fn shown(decision: EventDecision) -> String {
    match decision {
        EventDecision::Start(starts) => starts
            .iter()
            .map(|start| format!("{} ({:?})", start.name, start.kind))
            .collect::<Vec<_>>()
            .join(", "),
        EventDecision::Ignore(reason) => format!("ignored: {reason}"),
        EventDecision::Fail(error) => format!("again: {error}"),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "an expectation is written where it is used")]
fn check(member: Option<Member>, fresh: bool, expected: Expect) {
    let lines: Vec<String> = events()
        .iter()
        .map(|event| {
            let text = format!("{event:?}");
            let name = text.split(' ').next().unwrap().to_owned();
            format!("{name}: {}\n", shown(decide(event, "e-1", member, fresh)))
        })
        .collect();
    expected.assert_eq(&lines.concat());
}

#[test]
fn with_a_member_every_way_of_joining_meets_in_one_name() {
    check(
        member(),
        true,
        expect![[r#"
            CreateRequested: car-0123456789abcdef (Join)
            Created: join-444455556666-1753000000 (Join)
            Created: join-444455556666-1753000000 (Join)
            CreateFailed: car-0123456789abcdef (Join)
            CreateFailed: again: read event e-1: CreateAccountResult FAILED without the id of its request
            Invited: h-0123456789abcdef (Join)
            InvitationAccepted: join-444455556666-1753000000 (Join)
            InvitationAccepted: join-444455556666-1753000000 (Join)
            Joined: join-444455556666-1753000000 (Join)
            Moved: move-444455556666-e-1 (Move)
            Moved: join-444455556666-1753000000 (Join), move-444455556666-e-1 (Move)
            Departed: departure-444455556666-e-1 (Departure)
        "#]],
    );
}

#[test]
fn a_fresh_join_that_cannot_be_seen_yet_is_waited_for() {
    check(
        None,
        true,
        expect![[r#"
            CreateRequested: car-0123456789abcdef (Join)
            Created: car-0123456789abcdef (Join)
            Created: again: Organizations does not show account 444455556666 as a member yet
            CreateFailed: car-0123456789abcdef (Join)
            CreateFailed: again: read event e-1: CreateAccountResult FAILED without the id of its request
            Invited: h-0123456789abcdef (Join)
            InvitationAccepted: h-0123456789abcdef (Join)
            InvitationAccepted: h-0123456789abcdef (Join)
            Joined: again: Organizations does not show account 444455556666 as a member yet
            Moved: move-444455556666-e-1 (Move)
            Moved: again: Organizations does not show account 444455556666 as a member yet
            Departed: departure-444455556666-e-1 (Departure)
        "#]],
    );
}

#[test]
fn an_old_join_of_an_account_that_left_again_is_ignored() {
    check(
        None,
        false,
        expect![[r#"
            CreateRequested: car-0123456789abcdef (Join)
            Created: ignored: account 444455556666 is not a member of the organization, or no longer
            Created: ignored: account 444455556666 is not a member of the organization, or no longer
            CreateFailed: car-0123456789abcdef (Join)
            CreateFailed: again: read event e-1: CreateAccountResult FAILED without the id of its request
            Invited: h-0123456789abcdef (Join)
            InvitationAccepted: ignored: account 444455556666 is not a member of the organization, or no longer
            InvitationAccepted: h-0123456789abcdef (Join)
            Joined: ignored: account 444455556666 is not a member of the organization, or no longer
            Moved: move-444455556666-e-1 (Move)
            Moved: ignored: account 444455556666 is not a member of the organization, or no longer
            Departed: departure-444455556666-e-1 (Departure)
        "#]],
    );
}

#[test]
fn only_what_is_named_by_the_moment_of_joining_asks_for_it() {
    let asked: Vec<bool> = events().iter().map(|event| needed_lookup(event).is_some()).collect();
    let member_names: Vec<bool> = events()
        .iter()
        .map(|event| match decide(event, "e-1", member(), true) {
            EventDecision::Start(starts) => {
                starts.iter().any(|start| start.name.to_string().starts_with("join-"))
            }
            EventDecision::Ignore(_) | EventDecision::Fail(_) => false,
        })
        .collect();
    assert_eq!(asked, member_names);
}

/// All orders of these items.
fn orders<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    (0..items.len())
        .flat_map(|first| {
            let mut rest = items.to_vec();
            let head = rest.remove(first);
            orders(&rest).into_iter().map(move |mut tail| {
                tail.insert(0, head.clone());
                tail
            })
        })
        .collect()
}

#[test]
fn in_whatever_order_and_however_often_the_events_of_a_join_arrive_the_names_are_the_same() {
    let of_one_creation: Vec<AccountEvent> = events()
        .into_iter()
        .filter(|event| {
            matches!(
                event,
                AccountEvent::CreateRequested { .. }
                    | AccountEvent::Created { request: Some(_), .. }
                    | AccountEvent::Joined { .. }
                    | AccountEvent::Moved { joined: true, .. }
            )
        })
        .collect();
    for order in orders(&of_one_creation) {
        let names: BTreeSet<String> = order
            .iter()
            .chain(&order)
            .flat_map(|event| match decide(event, "e-1", member(), true) {
                EventDecision::Start(starts) => starts,
                decision => panic!("{decision:?}"),
            })
            .map(|start| start.name.to_string())
            .collect();
        assert_eq!(
            names.into_iter().collect::<Vec<_>>(),
            ["car-0123456789abcdef", "join-444455556666-1753000000", "move-444455556666-e-1"]
        );
    }
}

#[test]
fn the_input_is_the_machines_contract() {
    let input = |event: &AccountEvent| match decide(event, "e-1", member(), true) {
        EventDecision::Start(starts) => {
            starts[0].input(vec!["e-1".into(), "e-2".into()], 1).unwrap()
        }
        decision => panic!("{decision:?}"),
    };
    expect![[
        r#"{"accounts":["444455556666"],"trigger":{"kind":"join","arn":null,"eventIds":["e-1","e-2"]},"joined":1753000000}"#
    ]]
    .assert_eq(&input(&AccountEvent::Joined { account: account() }));
    expect![[
        r#"{"request":{"handshakeId":"h-0123456789abcdef"},"trigger":{"kind":"join","arn":null,"eventIds":["e-1","e-2"]}}"#
    ]]
    .assert_eq(&input(&events()[5]));
}
