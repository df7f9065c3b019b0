//! Starting against a mocked Step Functions.

use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use aws_sdk_sfn::operation::start_execution::{StartExecutionError, StartExecutionOutput};
use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types::error::ExecutionAlreadyExists;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;

use super::*;

const MACHINE: &str = "arn:aws:states:us-east-1:111122223333:stateMachine:share-runbooks";

fn fact() -> ExecutionName {
    ExecutionName::handshake(&"h-12345678".parse().unwrap())
}

fn starts(name: &'static str) -> Rule {
    mock!(Client::start_execution)
        .match_requests(move |request| {
            request.name() == Some(name)
                && request.state_machine_arn() == Some(MACHINE)
                && request.input().is_some_and(|input| {
                    // The attempt is in the input, and only there.
                    let repeat = name.strip_prefix("h-12345678-").unwrap_or("1");
                    input == format!("{{\"attempt\":{repeat}}}")
                })
        })
        .then_output(|| {
            StartExecutionOutput::builder()
                .execution_arn("arn")
                .start_date(DateTime::from_secs(0))
                .build()
                .unwrap()
        })
}

fn exists(name: &'static str) -> Rule {
    mock!(Client::start_execution)
        .match_requests(move |request| request.name() == Some(name))
        .then_error(|| {
            let metadata = ErrorMetadata::builder().code("ExecutionAlreadyExists").build();
            StartExecutionError::ExecutionAlreadyExists(
                ExecutionAlreadyExists::builder().meta(metadata).build(),
            )
        })
}

fn is(name: &'static str, status: ExecutionStatus) -> Rule {
    mock!(Client::describe_execution)
        .match_requests(move |request| {
            request.execution_arn()
                == Some(&format!(
                    "arn:aws:states:us-east-1:111122223333:execution:share-runbooks:{name}"
                ))
        })
        .then_output(move || {
            DescribeExecutionOutput::builder()
                .execution_arn("arn")
                .state_machine_arn(MACHINE)
                .status(status.clone())
                .start_date(DateTime::from_secs(0))
                .build()
                .unwrap()
        })
}

async fn start(rules: &[&Rule]) -> Result<Started, StartError> {
    let client = mock_client!(aws_sdk_sfn, RuleMode::MatchAny, rules);
    start_once(&client, MACHINE, &fact(), |attempt| Ok(input(attempt))).await
}

fn input(attempt: u32) -> String {
    format!("{{\"attempt\":{attempt}}}")
}

#[tokio::test(start_paused = true)]
async fn a_new_fact_starts_its_execution() {
    let first = starts("h-12345678");
    assert_eq!(start(&[&first]).await.unwrap(), Started::New(fact()));
    assert_eq!(first.num_calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fact_whose_execution_runs_or_has_succeeded_starts_nothing() {
    for status in [ExecutionStatus::Running, ExecutionStatus::Succeeded] {
        let (first, old) = (exists("h-12345678"), is("h-12345678", status));
        assert_eq!(start(&[&first, &old]).await.unwrap(), Started::Already(fact()));
        assert_eq!((first.num_calls(), old.num_calls()), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_fact_whose_execution_did_not_succeed_is_tried_under_the_next_name() {
    for status in [ExecutionStatus::Failed, ExecutionStatus::TimedOut, ExecutionStatus::Aborted] {
        let (first, old, second) =
            (exists("h-12345678"), is("h-12345678", status), starts("h-12345678-2"));
        assert_eq!(
            start(&[&first, &old, &second]).await.unwrap(),
            Started::New(fact().next().unwrap())
        );
        assert_eq!(second.num_calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_had_the_last_word_is_not_followed_by_another() {
    let first = exists("h-12345678");
    let old = mock!(Client::describe_execution).then_output(|| {
        DescribeExecutionOutput::builder()
            .execution_arn("arn")
            .state_machine_arn(MACHINE)
            .status(ExecutionStatus::Failed)
            .error(MEMBERSHIP_FAILED)
            .start_date(DateTime::from_secs(0))
            .build()
            .unwrap()
    });
    assert_eq!(start(&[&first, &old]).await.unwrap(), Started::Already(fact()));
    assert_eq!((first.num_calls(), old.num_calls()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_started_only_once_is_not_even_looked_at_again() {
    let first = exists("h-12345678");
    let client = mock_client!(aws_sdk_sfn, RuleMode::MatchAny, &[&first]);
    let started = start_only_once(&client, MACHINE, &fact(), &input(1)).await.unwrap();
    assert_eq!(started, Started::Already(fact()));
    let fresh = starts("h-12345678");
    let client = mock_client!(aws_sdk_sfn, RuleMode::MatchAny, &[&fresh]);
    let started = start_only_once(&client, MACHINE, &fact(), &input(1)).await.unwrap();
    assert_eq!(started, Started::New(fact()));
    assert_eq!((first.num_calls(), fresh.num_calls()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn the_second_execution_counts_as_much_as_the_first() {
    let rules = [
        exists("h-12345678"),
        is("h-12345678", ExecutionStatus::Failed),
        exists("h-12345678-2"),
        is("h-12345678-2", ExecutionStatus::Running),
    ];
    let started = start(&rules.iter().collect::<Vec<_>>()).await.unwrap();
    assert_eq!(started, Started::Already(fact().next().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn after_five_failures_nothing_more_is_started() {
    let names = ["h-12345678", "h-12345678-2", "h-12345678-3", "h-12345678-4", "h-12345678-5"];
    let taken = names.map(exists);
    let failed = names.map(|name| is(name, ExecutionStatus::Failed));
    let rules: Vec<&Rule> = taken.iter().chain(&failed).collect();
    let error = start(&rules).await.unwrap_err();
    assert!(matches!(error, StartError::UsedUp { .. }), "{error}");
    assert!(taken.iter().chain(&failed).all(|rule| rule.num_calls() == 1));
}

#[tokio::test(start_paused = true)]
async fn too_many_open_executions_are_a_reason_to_wait() {
    let refused = mock!(Client::start_execution).then_error(|| {
        StartExecutionError::generic(
            ErrorMetadata::builder().code("ExecutionLimitExceeded").build(),
        )
    });
    let error = start(&[&refused]).await.unwrap_err();
    assert_eq!(error.kind(), AwsErrorKind::Throttled);
}

#[test]
fn the_arn_of_an_execution_follows_from_its_machine() {
    assert_eq!(
        execution_arn("arn:aws-us-gov:states:us-gov-west-1:111122223333:stateMachine:m", &fact()),
        Some("arn:aws-us-gov:states:us-gov-west-1:111122223333:execution:m:h-12345678".into())
    );
    assert_eq!(execution_arn("arn:aws:lambda:us-east-1:1:function:f", &fact()), None);
}
