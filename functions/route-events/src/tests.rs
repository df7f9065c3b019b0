//! Whole batches, against a mocked Organizations and a mocked Step Functions.

use std::sync::{Arc, Mutex};

use aws_sdk_organizations::operation::describe_account::{
    DescribeAccountError, DescribeAccountOutput,
};
use aws_sdk_organizations::operation::describe_handshake::DescribeHandshakeOutput;
use aws_sdk_organizations::operation::list_accounts::ListAccountsOutput;
use aws_sdk_organizations::types::{
    Account, AccountJoinedMethod, Handshake, HandshakeParty, HandshakePartyType, HandshakeState,
};
use aws_sdk_sfn::operation::start_execution::{StartExecutionError, StartExecutionOutput};
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use aws_smithy_types::DateTime;
use aws_smithy_types::error::ErrorMetadata;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;

const NOW: &str = "2026-03-01T12:00:00Z";
const AWAIT: &str = "arn:aws:states:us-east-1:111122223333:stateMachine:await-membership";
const SHARE: &str = "arn:aws:states:us-east-1:111122223333:stateMachine:share-runbooks";

fn envelope(id: &str, name: &str, detail: Value) -> String {
    let mut envelope = json!({
        "id": id, "source": "aws.organizations", "time": NOW,
        "detail-type": "AWS Service Event via CloudTrail", "detail": {"eventName": name}
    });
    if let Value::Object(detail) = detail {
        envelope["detail"].as_object_mut().unwrap().extend(detail);
    }
    envelope.to_string()
}

fn joined(id: &str) -> String {
    envelope(
        id,
        "AccountJoinedOrganization",
        json!({"serviceEventDetails": {"accountId": "444455556666"}}),
    )
}

fn created(id: &str) -> String {
    envelope(
        id,
        "CreateAccountResult",
        json!({"serviceEventDetails": {"createAccountStatus": {
            "id": "car-0123456789abcdef", "state": "SUCCEEDED", "accountId": "444455556666"}}}),
    )
}

fn moved(id: &str, account: &str) -> String {
    envelope(id, "MoveAccount", json!({"requestParameters": {"accountId": account}}))
}

fn batch(bodies: &[String]) -> SqsEvent {
    let records: Vec<Value> = bodies
        .iter()
        .enumerate()
        .map(|(index, body)| json!({"messageId": format!("m-{index}"), "body": body}))
        .collect();
    serde_json::from_value(json!({"Records": records})).unwrap()
}

/// Starts that were asked for: machine and name, and the input.
#[derive(Clone, Default)]
struct Starts(Arc<Mutex<Vec<(String, String, Value)>>>);

impl Starts {
    fn accepting(&self) -> Rule {
        let starts = self.clone();
        mock!(aws_sdk_sfn::Client::start_execution).then_compute_output(move |request| {
            starts.0.lock().unwrap().push((
                request.state_machine_arn().unwrap().to_owned(),
                request.name().unwrap().to_owned(),
                serde_json::from_str(request.input().unwrap()).unwrap(),
            ));
            StartExecutionOutput::builder()
                .execution_arn("arn")
                .start_date(DateTime::from_secs(0))
                .build()
                .unwrap()
        })
    }

    fn names(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|(_, name, _)| name.clone()).collect()
    }
}

fn member() -> Rule {
    mock!(aws_sdk_organizations::Client::describe_account).then_compute_output(|request| {
        let account = Account::builder()
            .id(request.account_id().unwrap())
            .joined_timestamp(DateTime::from_secs(1_753_000_000))
            .build();
        DescribeAccountOutput::builder().account(account).build()
    })
}

fn failing(code: &'static str) -> Rule {
    mock!(aws_sdk_organizations::Client::describe_account).then_error(move || {
        DescribeAccountError::generic(ErrorMetadata::builder().code(code).build())
    })
}

fn deps(organizations: &[&Rule], sfn: &[&Rule]) -> Deps {
    Deps {
        organizations: mock_client!(aws_sdk_organizations, RuleMode::MatchAny, organizations),
        sfn: mock_client!(aws_sdk_sfn, RuleMode::MatchAny, sfn),
        await_membership: AWAIT.into(),
        share_runbooks: SHARE.into(),
        clock: Clock::fixed(NOW.parse::<Timestamp>().unwrap()),
    }
}

async fn failures(deps: &Deps, bodies: &[String]) -> Vec<String> {
    let response = handle(deps, batch(bodies)).await.unwrap();
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

#[tokio::test(start_paused = true)]
async fn the_events_of_one_join_in_one_batch_are_one_question_and_one_start() {
    let (starts, member) = (Starts::default(), member());
    let deps = deps(&[&member], &[&starts.accepting()]);
    let bodies = [created("e-2"), joined("e-1"), joined("e-1")];
    assert_eq!(failures(&deps, &bodies).await, Vec::<String>::new());
    assert_eq!(member.num_calls(), 1);
    let starts = starts.0.lock().unwrap();
    let [(machine, name, input)] = &starts[..] else { panic!("{starts:?}") };
    assert_eq!((machine.as_str(), name.as_str()), (SHARE, "join-444455556666-1753000000"));
    assert_eq!(input["trigger"]["eventIds"], json!(["e-1", "e-2"]));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_read_fails_alone() {
    let starts = Starts::default();
    let deps = deps(&[], &[&starts.accepting()]);
    let bodies = [
        "no json".to_owned(),
        moved("e-1", "444455556666"),
        "{}".to_owned(),
        envelope("e-2", "MoveAccount", json!({})),
        "x".repeat(2 << 20),
    ];
    assert_eq!(failures(&deps, &bodies).await, ["m-0", "m-2", "m-3", "m-4"]);
    assert_eq!(starts.names(), ["move-444455556666-e-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_without_a_body_or_an_id_is_not_lost() {
    let deps = deps(&[], &[]);
    let batch = serde_json::from_value(json!({"Records": [{"messageId": "m"}, {}]})).unwrap();
    let response = handle(&deps, batch).await.unwrap();
    let failed: Vec<String> =
        response.batch_item_failures.into_iter().map(|item| item.item_identifier).collect();
    assert_eq!(failed, ["", "m"]);
}

#[tokio::test(start_paused = true)]
async fn refused_calls_and_foreign_events_start_nothing_and_are_done_with() {
    let starts = Starts::default();
    let deps = deps(&[], &[&starts.accepting()]);
    let bodies = [
        envelope("e-1", "MoveAccount", json!({"errorCode": "AccessDenied"})),
        envelope("e-2", "TagResource", json!({})),
        json!({"id": "e-3", "source": "aws.ec2", "detail-type": "x", "detail": {}}).to_string(),
    ];
    assert_eq!(failures(&deps, &bodies).await, Vec::<String>::new());
    assert_eq!(starts.names(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_account_that_cannot_be_seen_yet_is_looked_at_again_and_then_left_to_the_queue() {
    let (starts, unknown) = (Starts::default(), failing("AccountNotFoundException"));
    let deps = deps(&[&unknown], &[&starts.accepting()]);
    assert_eq!(failures(&deps, &[joined("e-1")]).await, ["m-0"]);
    assert_eq!(unknown.num_calls(), 3);
    assert_eq!(starts.names(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_creation_whose_account_cannot_be_seen_yet_is_waited_for_by_its_request() {
    let (starts, unknown) = (Starts::default(), failing("AccountNotFoundException"));
    let deps = deps(&[&unknown], &[&starts.accepting()]);
    assert_eq!(failures(&deps, &[created("e-1")]).await, Vec::<String>::new());
    assert_eq!(starts.names(), ["car-0123456789abcdef"]);
    assert_eq!(starts.0.lock().unwrap()[0].0, AWAIT);
}

#[tokio::test(start_paused = true)]
async fn an_event_of_yesterday_about_an_account_that_is_gone_is_ignored() {
    let (starts, unknown) = (Starts::default(), failing("AccountNotFoundException"));
    let mut deps = deps(&[&unknown], &[&starts.accepting()]);
    deps.clock = Clock::fixed("2026-03-02T12:00:00Z".parse::<Timestamp>().unwrap());
    assert_eq!(failures(&deps, &[joined("e-1")]).await, Vec::<String>::new());
    assert_eq!(unknown.num_calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_is_refused_for_good_is_left_to_an_execution_named_after_the_event() {
    for code in ["AccessDeniedException", "AWSOrganizationsNotInUseException", "SomethingNew"] {
        let (starts, denied) = (Starts::default(), failing(code));
        let deps = deps(&[&denied], &[&starts.accepting()]);
        let bodies = [joined("e-1"), moved("e-2", "444455556666"), created("e-3")];
        assert_eq!(failures(&deps, &bodies).await, Vec::<String>::new(), "{code}");
        let mut names = starts.names();
        names.sort();
        assert_eq!(names, ["e-1", "e-2", "e-3"].map(|id| format!("move-444455556666-{id}")));
        assert!(starts.0.lock().unwrap().iter().all(|(machine, ..)| machine == SHARE));
    }
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_fails_for_a_while_fails_the_messages_that_asked_and_no_other() {
    let (starts, throttled) = (Starts::default(), failing("TooManyRequestsException"));
    let deps = deps(&[&throttled], &[&starts.accepting()]);
    let bodies = [joined("e-1"), moved("e-2", "444455556666"), joined("e-3")];
    assert_eq!(failures(&deps, &bodies).await, ["m-0", "m-2"]);
    assert_eq!(starts.names(), ["move-444455556666-e-2"]);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_fails_brings_back_every_message_that_asked_for_it() {
    let member = member();
    let sfn = mock!(aws_sdk_sfn::Client::start_execution).then_compute_response(|request| {
        if request.name().unwrap().starts_with("join-") {
            let metadata = ErrorMetadata::builder().code("AccessDeniedException").build();
            MockResponse::Error(StartExecutionError::generic(metadata))
        } else {
            MockResponse::Output(
                StartExecutionOutput::builder()
                    .execution_arn("arn")
                    .start_date(DateTime::from_secs(0))
                    .build()
                    .unwrap(),
            )
        }
    });
    let deps = deps(&[&member], &[&sfn]);
    let bodies = [created("e-1"), moved("e-2", "444455556666"), joined("e-3")];
    assert_eq!(failures(&deps, &bodies).await, ["m-0", "m-2"]);
    assert_eq!(sfn.num_calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_accepted_invitation_by_email_is_resolved_to_the_account_that_joined() {
    let starts = Starts::default();
    let handshake = mock!(aws_sdk_organizations::Client::describe_handshake)
        .match_requests(|request| request.handshake_id() == Some("h-0123456789abcdef"))
        .then_output(|| {
            let party = HandshakeParty::builder()
                .r#type(HandshakePartyType::Email)
                .id("new@example.com")
                .build()
                .unwrap();
            let handshake = Handshake::builder()
                .state(HandshakeState::Accepted)
                .parties(party)
                .requested_timestamp(DateTime::from_secs(1_752_000_000))
                .build();
            DescribeHandshakeOutput::builder().handshake(handshake).build()
        });
    let accounts = mock!(aws_sdk_organizations::Client::list_accounts).then_output(|| {
        let account = Account::builder()
            .id("444455556666")
            .email("new@example.com")
            .joined_method(AccountJoinedMethod::Invited)
            .joined_timestamp(DateTime::from_secs(1_753_000_000))
            .build();
        ListAccountsOutput::builder().accounts(account).build()
    });
    let deps = deps(&[&handshake, &accounts], &[&starts.accepting()]);
    let accepted = envelope(
        "e-1",
        "AcceptHandshake",
        json!({"responseElements": {"handshake": {
            "id": "h-0123456789abcdef", "action": "INVITE", "state": "ACCEPTED",
            "parties": [{"type": "EMAIL", "id": "****"}]}}}),
    );
    assert_eq!(failures(&deps, &[accepted]).await, Vec::<String>::new());
    assert_eq!(starts.names(), ["join-444455556666-1753000000"]);
    assert_eq!((handshake.num_calls(), accounts.num_calls()), (1, 1));
}

#[test]
fn the_settings_come_from_the_environment() {
    let config = SdkConfig::builder()
        .behavior_version(aws_sdk_sfn::config::BehaviorVersion::v2026_01_12())
        .build();
    let environment = Environment::from_iter([
        ("ORGANIZATIONS_REGION", "us-gov-west-1"),
        ("AWAIT_MEMBERSHIP_ARN", AWAIT),
        ("SHARE_RUNBOOKS_ARN", SHARE),
    ]);
    let deps = Deps::new(&environment, &config).unwrap();
    let region = deps.organizations.config().region().map(ToString::to_string);
    assert_eq!(region.as_deref(), Some("us-gov-west-1"));
    let error = Deps::new(&Environment::default(), &config).unwrap_err();
    assert_eq!(error, ConfigError::Missing("ORGANIZATIONS_REGION".into()));
}
