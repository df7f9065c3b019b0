//! The function against a mocked Organizations and a mocked Step Functions.

use aws_sdk_organizations::operation::describe_account::{
    DescribeAccountError, DescribeAccountOutput,
};
use aws_sdk_organizations::operation::describe_create_account_status::{
    DescribeCreateAccountStatusError, DescribeCreateAccountStatusOutput,
};
use aws_sdk_organizations::operation::describe_handshake::DescribeHandshakeOutput;
use aws_sdk_organizations::operation::list_accounts::ListAccountsOutput;
use aws_sdk_organizations::types::{
    Account, AccountJoinedMethod, CreateAccountFailureReason, CreateAccountState,
    CreateAccountStatus, Handshake, HandshakeParty, HandshakePartyType, HandshakeState,
};
use aws_sdk_sfn::operation::start_execution::StartExecutionOutput;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::DateTime;
use aws_smithy_types::error::ErrorMetadata;
use jiff::Timestamp;
use runtime::{ErrorName, FunctionError};
use serde_json::{Value, json};

use super::*;

const NEWCOMER: &str = "444455556666";
const SHARE: &str = "arn:aws:states:us-east-1:111122223333:stateMachine:share-runbooks";

fn input(request: &Value) -> CheckMembershipInput {
    serde_json::from_value(json!({
        "execution": {
            "arn": "arn:aws:states:us-east-1:111122223333:execution:await-membership:x",
            "name": "x", "startTime": "2026-03-01T12:00:00Z"
        },
        "request": request,
        "trigger": {"kind": "manual", "arn": null, "eventIds": ["e-1"]},
        "attempt": 2
    }))
    .unwrap()
}

fn creation() -> CheckMembershipInput {
    input(&json!({"createAccountRequestId": "car-0123456789abcdef"}))
}

fn invitation() -> CheckMembershipInput {
    input(&json!({"handshakeId": "h-0123456789abcdef"}))
}

fn creation_is(status: CreateAccountStatus) -> Rule {
    mock!(Organizations::describe_create_account_status)
        .match_requests(|request| {
            request.create_account_request_id() == Some("car-0123456789abcdef")
        })
        .then_output(move || {
            DescribeCreateAccountStatusOutput::builder()
                .create_account_status(status.clone())
                .build()
        })
}

fn succeeded() -> CreateAccountStatus {
    CreateAccountStatus::builder().state(CreateAccountState::Succeeded).account_id(NEWCOMER).build()
}

fn invitation_is(state: HandshakeState, kind: HandshakePartyType, id: &'static str) -> Rule {
    mock!(Organizations::describe_handshake)
        .match_requests(|request| request.handshake_id() == Some("h-0123456789abcdef"))
        .then_output(move || {
            let party = HandshakeParty::builder().r#type(kind.clone()).id(id).build().unwrap();
            let handshake = Handshake::builder()
                .state(state.clone())
                .parties(party)
                .requested_timestamp(DateTime::from_secs(1_000))
                .expiration_timestamp(DateTime::from_secs(1_900_000_000))
                .build();
            DescribeHandshakeOutput::builder().handshake(handshake).build()
        })
}

fn member() -> Account {
    Account::builder()
        .id(NEWCOMER)
        .email("new@example.com")
        .joined_method(AccountJoinedMethod::Invited)
        .joined_timestamp(DateTime::from_secs(1_753_000_000))
        .build()
}

fn is_member() -> Rule {
    mock!(Organizations::describe_account)
        .match_requests(|request| request.account_id() == Some(NEWCOMER))
        .then_output(|| DescribeAccountOutput::builder().account(member()).build())
}

/// Takes the one start there may be.
fn starts() -> Rule {
    mock!(StepFunctions::start_execution)
        .match_requests(|request| {
            request.state_machine_arn() == Some(SHARE)
                && request.name() == Some("join-444455556666-1753000000")
                && request.input()
                    == Some(
                        r#"{"accounts":["444455556666"],"trigger":{"kind":"join","arn":null,"eventIds":["e-1"]},"joined":1753000000}"#,
                    )
        })
        .then_output(|| {
            StartExecutionOutput::builder()
                .execution_arn("arn")
                .start_date(DateTime::from_secs(0))
                .build()
                .unwrap()
        })
}

fn deps(organizations: &[&Rule], sfn: &[&Rule]) -> Deps {
    Deps {
        organizations: mock_client!(aws_sdk_organizations, RuleMode::MatchAny, organizations),
        sfn: mock_client!(aws_sdk_sfn, RuleMode::MatchAny, sfn),
        share_runbooks: SHARE.into(),
        waits: Waits { first: 5, longest: 3600 },
        clock: Clock::fixed("2026-03-01T12:00:10Z".parse::<Timestamp>().unwrap()),
    }
}

async fn answer(deps: &Deps, input: CheckMembershipInput) -> Value {
    serde_json::to_value(handle(deps, input).await.unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_created_account_is_handed_over_under_the_name_of_its_join() {
    let (status, member, starts) = (creation_is(succeeded()), is_member(), starts());
    let deps = deps(&[&status, &member], &[&starts]);
    assert_eq!(
        answer(&deps, creation()).await,
        json!({"state": "handedOver", "account": NEWCOMER, "attempt": 3})
    );
    assert_eq!((status.num_calls(), member.num_calls(), starts.num_calls()), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_creation_in_progress_is_pending() {
    let status = CreateAccountStatus::builder().state(CreateAccountState::InProgress).build();
    let status = creation_is(status);
    assert_eq!(
        answer(&deps(&[&status], &[]), creation()).await,
        json!({"state": "pending", "waitSeconds": 20, "attempt": 3})
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_creation_says_why() {
    let status = CreateAccountStatus::builder()
        .state(CreateAccountState::Failed)
        .failure_reason(CreateAccountFailureReason::EmailAlreadyExists)
        .build();
    let answer = answer(&deps(&[&creation_is(status)], &[]), creation()).await;
    assert_eq!(answer["state"], "failed");
    assert!(answer["reason"].as_str().unwrap().starts_with("EMAIL_ALREADY_EXISTS: "), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_created_account_that_cannot_be_seen_yet_is_pending() {
    let (status, unknown) = (
        creation_is(succeeded()),
        mock!(Organizations::describe_account).then_error(|| {
            let code = ErrorMetadata::builder().code("AccountNotFoundException").build();
            DescribeAccountError::generic(code)
        }),
    );
    let answer = answer(&deps(&[&status, &unknown], &[]), creation()).await;
    assert_eq!(answer["state"], "pending");
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_aws_does_not_know_yet_is_pending() {
    let unknown = mock!(Organizations::describe_create_account_status).then_error(|| {
        let code = ErrorMetadata::builder().code("CreateAccountStatusNotFoundException").build();
        DescribeCreateAccountStatusError::generic(code)
    });
    let answer = answer(&deps(&[&unknown], &[]), creation()).await;
    assert_eq!(answer["state"], "pending");
}

#[tokio::test(start_paused = true)]
async fn a_throttled_question_is_an_error_that_the_machine_retries() {
    let throttled = mock!(Organizations::describe_create_account_status).then_error(|| {
        let code = ErrorMetadata::builder().code("TooManyRequestsException").build();
        DescribeCreateAccountStatusError::generic(code)
    });
    let error = handle(&deps(&[&throttled], &[]), creation()).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Throttled);
    assert!(
        error.diagnostic().error_message.starts_with("look up car-0123456789abcdef: TooMany"),
        "{}",
        error.diagnostic().error_message
    );
}

#[tokio::test(start_paused = true)]
async fn an_accepted_invitation_of_an_account_is_handed_over() {
    let accepted = invitation_is(HandshakeState::Accepted, HandshakePartyType::Account, NEWCOMER);
    let (member, starts) = (is_member(), starts());
    let deps = deps(&[&accepted, &member], &[&starts]);
    assert_eq!(answer(&deps, invitation()).await["state"], "handedOver");
    assert_eq!(starts.num_calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_accepted_invitation_by_email_is_handed_over_for_the_account_that_joined_with_it() {
    let accepted =
        invitation_is(HandshakeState::Accepted, HandshakePartyType::Email, "new@example.com");
    let accounts = mock!(Organizations::list_accounts)
        .then_output(|| ListAccountsOutput::builder().accounts(member()).build());
    let starts = starts();
    let deps = deps(&[&accepted, &accounts], &[&starts]);
    assert_eq!(answer(&deps, invitation()).await["account"], NEWCOMER);
    assert_eq!((accounts.num_calls(), starts.num_calls()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_open_invitation_shares_nothing_even_if_its_account_is_a_member() {
    let open = invitation_is(HandshakeState::Open, HandshakePartyType::Account, NEWCOMER);
    let answer = answer(&deps(&[&open], &[]), invitation()).await;
    assert_eq!(answer["state"], "pending");
}

#[tokio::test(start_paused = true)]
async fn an_invitation_that_came_to_nothing_is_cancelled() {
    for state in [HandshakeState::Declined, HandshakeState::Canceled, HandshakeState::Expired] {
        let word = state.as_str().to_owned();
        let ended = invitation_is(state, HandshakePartyType::Account, NEWCOMER);
        let answer = answer(&deps(&[&ended], &[]), invitation()).await;
        assert_eq!((&answer["state"], &answer["account"]), (&json!("cancelled"), &json!(NEWCOMER)));
        assert!(answer["reason"].as_str().unwrap().starts_with(&word), "{answer}");
    }
}

#[test]
fn the_waits_have_defaults_and_the_machine_must_be_named() {
    let config = SdkConfig::builder()
        .behavior_version(aws_sdk_sfn::config::BehaviorVersion::v2026_01_12())
        .build();
    let mut variables = vec![("ORGANIZATIONS_REGION", "us-east-1"), ("POLL_LONGEST_SECONDS", "60")];
    let error = Deps::new(&variables.iter().copied().collect(), &config).unwrap_err();
    assert_eq!(error, ConfigError::Missing("SHARE_RUNBOOKS_ARN".into()));
    variables.push(("SHARE_RUNBOOKS_ARN", SHARE));
    let deps = Deps::new(&variables.into_iter().collect(), &config).unwrap();
    assert_eq!(deps.waits, Waits { first: 5, longest: 60 });
}
