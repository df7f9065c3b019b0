//! Looking up members and invitations against a mocked Organizations.

use aws_sdk_organizations::operation::describe_account::{
    DescribeAccountError, DescribeAccountOutput,
};
use aws_sdk_organizations::operation::describe_handshake::DescribeHandshakeOutput;
use aws_sdk_organizations::operation::list_accounts::ListAccountsOutput;
use aws_sdk_organizations::types::HandshakeParty;
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;

use super::*;
use crate::AwsErrorKind;

const NEWCOMER: &str = "444455556666";

fn account(id: &str, email: &str, method: AccountJoinedMethod, joined: i64) -> Account {
    Account::builder()
        .id(id)
        .email(email)
        .joined_method(method)
        .joined_timestamp(DateTime::from_secs_and_nanos(joined, 500_000_000))
        .build()
}

fn by_email() -> Invitation {
    Invitation {
        state: HandshakeState::Accepted,
        requested: Some(Timestamp::from_second(1_000).unwrap()),
        expires: None,
        invitee: Some(Invitee::Email("new@example.com".into())),
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_is_known_with_the_moment_it_joined() {
    let describe = mock!(Client::describe_account)
        .match_requests(|request| request.account_id() == Some(NEWCOMER))
        .then_output(|| {
            let account = account(NEWCOMER, "x", AccountJoinedMethod::Created, 1_753_000_000);
            DescribeAccountOutput::builder().account(account).build()
        });
    let client = mock_client!(aws_sdk_organizations, [&describe]);
    let member = member(&client, NEWCOMER.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(member.account.as_str(), NEWCOMER);
    assert_eq!(member.joined.as_second(), 1_753_000_000);
}

#[tokio::test(start_paused = true)]
async fn an_account_the_organization_does_not_know_is_no_member() {
    let describe = mock!(Client::describe_account).then_error(|| {
        let metadata = ErrorMetadata::builder().code("AccountNotFoundException").build();
        DescribeAccountError::generic(metadata)
    });
    let client = mock_client!(aws_sdk_organizations, [&describe]);
    assert_eq!(member(&client, NEWCOMER.parse().unwrap()).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_an_error_and_not_the_absence_of_a_member() {
    let describe = mock!(Client::describe_account).then_error(|| {
        let metadata = ErrorMetadata::builder().code("AccessDeniedException").build();
        DescribeAccountError::generic(metadata)
    });
    let client = mock_client!(aws_sdk_organizations, [&describe]);
    let error = member(&client, NEWCOMER.parse().unwrap()).await.unwrap_err();
    assert_eq!(error.kind, AwsErrorKind::AccessDenied);
}

#[tokio::test(start_paused = true)]
async fn an_invitation_by_email_is_resolved_by_who_joined_with_it_since() {
    let first = mock!(Client::list_accounts)
        .match_requests(|request| request.next_token().is_none())
        .then_output(|| ListAccountsOutput::builder().next_token("2").build());
    let second = mock!(Client::list_accounts)
        .match_requests(|request| request.next_token() == Some("2"))
        .then_output(|| {
            ListAccountsOutput::builder()
                .accounts(account(
                    "1".repeat(12).as_str(),
                    "other@example.com",
                    AccountJoinedMethod::Invited,
                    2_000,
                ))
                .accounts(account(
                    "2".repeat(12).as_str(),
                    "new@example.com",
                    AccountJoinedMethod::Created,
                    2_000,
                ))
                .accounts(account(
                    "3".repeat(12).as_str(),
                    "new@example.com",
                    AccountJoinedMethod::Invited,
                    999,
                ))
                .accounts(account(NEWCOMER, "New@Example.com", AccountJoinedMethod::Invited, 2_000))
                .build()
        });
    let client = mock_client!(aws_sdk_organizations, RuleMode::MatchAny, [&first, &second]);
    let member = invited_member(&client, &by_email()).await.unwrap().unwrap();
    assert_eq!(member.account.as_str(), NEWCOMER);
    assert_eq!((first.num_calls(), second.num_calls()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_invited_account_that_was_a_member_before_has_not_joined_by_this_invitation() {
    let describe = mock!(Client::describe_account).then_output(|| {
        let account = account(NEWCOMER, "x", AccountJoinedMethod::Invited, 10);
        DescribeAccountOutput::builder().account(account).build()
    });
    let client = mock_client!(aws_sdk_organizations, [&describe]);
    let invitation =
        Invitation { invitee: Some(Invitee::Account(NEWCOMER.parse().unwrap())), ..by_email() };
    assert_eq!(invited_member(&client, &invitation).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn the_invitee_is_the_account_or_the_email_among_the_parties() {
    let party = |kind, id: &str| HandshakeParty::builder().r#type(kind).id(id).build().unwrap();
    for (kind, id, invitee) in [
        (HandshakePartyType::Account, NEWCOMER, Invitee::Account(NEWCOMER.parse().unwrap())),
        (HandshakePartyType::Email, "a@example.com", Invitee::Email("a@example.com".into())),
    ] {
        let handshake = Handshake::builder()
            .state(HandshakeState::Open)
            .parties(party(HandshakePartyType::Organization, "o-exampleorgid"))
            .parties(party(kind, id))
            .requested_timestamp(DateTime::from_secs(5))
            .build();
        let describe = mock!(Client::describe_handshake).then_output(move || {
            DescribeHandshakeOutput::builder().handshake(handshake.clone()).build()
        });
        let client = mock_client!(aws_sdk_organizations, [&describe]);
        let found = invitation(&client, &"h-12345678".parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(found.invitee, Some(invitee));
        assert_eq!(found.state, HandshakeState::Open);
        assert_eq!(found.expires, None);
    }
}
