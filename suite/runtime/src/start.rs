//! From process start to the first event, the same for every function.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::process::ExitCode;
use std::task::Poll;

use aws::SdkConfig;
use lambda_runtime::{Context, Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::Instrument;

use crate::{ConfigError, Environment, ErrorName, FunctionError, logging};

/// Runs a function: sets up logging, reads the environment, builds `deps` once, and answers events with
/// `handle` until Lambda ends the process. Calls AWS only while it handles an event.
///
/// An input that cannot be parsed leaves as `InvalidInput`, a panic as `Unexpected`, and an error of
/// `handle` under its own name. Each is logged once, here.
pub async fn start<D, I, O, E>(
    deps: impl FnOnce(&Environment, &SdkConfig) -> Result<D, ConfigError>,
    handle: impl AsyncFn(&D, I) -> Result<O, E>,
) -> ExitCode
where
    I: DeserializeOwned,
    O: Serialize,
    E: FunctionError,
{
    let environment = Environment::of_process();
    logging::init(&environment);
    let config = aws::load().await;
    // Missing when the binary was started by hand: without the runtime's address the library panics.
    let built = environment
        .require::<String>("AWS_LAMBDA_RUNTIME_API")
        .and_then(|_| deps(&environment, &config));
    let deps = match built {
        Ok(deps) => deps,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot start");
            return ExitCode::FAILURE;
        }
    };
    let (deps, handle, mut cold_start) = (&deps, &handle, true);
    // Boxed: the SDK's futures nest deeply, and with the runtime's layers around them the type exceeds the
    // compiler's limit.
    let service = service_fn(move |event: LambdaEvent<Value>| {
        let span = labels(&event.payload, &event.context, std::mem::take(&mut cold_start));
        let answer: Pin<Box<dyn Future<Output = _>>> =
            Box::pin(invoke(deps, handle, event.payload).instrument(span));
        answer
    });
    match lambda_runtime::run(service).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = &*error as &dyn std::error::Error, "the runtime ended");
            ExitCode::FAILURE
        }
    }
}

/// One invocation: parses the input, and names every error.
async fn invoke<D, I, O, E>(
    deps: &D,
    handle: &impl AsyncFn(&D, I) -> Result<O, E>,
    payload: Value,
) -> Result<O, Diagnostic>
where
    I: DeserializeOwned,
    E: FunctionError,
{
    let result = match serde_json::from_value(payload) {
        Ok(input) => unpanicked(handle(deps, input)).await,
        Err(error) => Err(Diagnostic {
            error_type: ErrorName::InvalidInput.as_str().to_owned(),
            error_message: format!("read the input: {error}"),
        }),
    };
    if let Err(error) = &result {
        tracing::error!(name = error.error_type, error = error.error_message, "failed");
    }
    result
}

/// Names a panic. The runtime would turn it into an error whose type is the name of a Rust type, which no
/// state machine can match.
async fn unpanicked<O, E: FunctionError>(
    future: impl Future<Output = Result<O, E>>,
) -> Result<O, Diagnostic> {
    let mut future = pin!(future);
    poll_fn(|context| {
        // The future is not polled again after a panic.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(poll) => poll.map_err(|error| error.diagnostic()),
            Err(panic) => Poll::Ready(Err(Diagnostic {
                error_type: ErrorName::Unexpected.as_str().to_owned(),
                error_message: format!("panicked: {}", panic_message(&*panic)),
            })),
        }
    })
    .await
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

/// The span of an invocation: Powertools' keys, and execution, event and account, wherever the input has them. What
/// belongs to one fact has one `correlation_id`: the name of its execution.
///
/// The level is that of errors, so that every line has them, whatever the log level is.
fn labels(payload: &Value, context: &Context, cold_start: bool) -> tracing::Span {
    let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str);
    let list =
        |pointer: &str| payload.pointer(pointer).and_then(Value::as_array).map(|ids| joined(ids));
    let execution = text("/execution/name").or_else(|| text("/detail/name"));
    let event = list("/trigger/eventIds")
        .or_else(|| list("/input/trigger/eventIds"))
        .or_else(|| text("/id").map(str::to_owned));
    let account = list("/input/accounts").or_else(|| execution.and_then(account_in_name));
    tracing::error_span!(
        "handle",
        function_arn = context.invoked_function_arn,
        function_request_id = context.request_id,
        cold_start,
        xray_trace_id = context.xray_trace_id.as_deref().and_then(trace_root),
        correlation_id = execution.or(event.as_deref()),
        execution,
        event,
        account,
        owner = text("/owner"),
        region = text("/region")
    )
}

/// `Root=1-…;Parent=…;Sampled=1` → `1-…`, as Powertools has it.
fn trace_root(header: &str) -> Option<&str> {
    header.split(';').find_map(|part| part.strip_prefix("Root="))
}

/// At most three of a list: a label, not a payload.
fn joined(values: &[Value]) -> String {
    let shown: Vec<&str> = values.iter().take(3).filter_map(Value::as_str).collect();
    let more = values.len() - shown.len();
    let shown = shown.join(",");
    if more == 0 { shown } else { format!("{shown},+{more}") }
}

/// `join-<account>-…` and its like name the account.
fn account_in_name(execution: &str) -> Option<String> {
    let account = execution.split('-').nth(1)?;
    let digits = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| account.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("out of luck")]
    struct Failed;

    impl FunctionError for Failed {
        const NAMES: &'static [ErrorName] = &[ErrorName::LockLost];

        fn name(&self) -> ErrorName {
            ErrorName::LockLost
        }
    }

    async fn double(deps: &u32, input: u32) -> Result<u32, Failed> {
        match input {
            0 => Err(Failed),
            1 => panic!("one is {input}"),
            input => Ok(deps * input),
        }
    }

    async fn run(payload: Value) -> Result<u32, (String, String)> {
        invoke(&2, &double, payload).await.map_err(|error| (error.error_type, error.error_message))
    }

    #[tokio::test]
    async fn the_handlers_answer_is_the_functions() {
        assert_eq!(run(json!(21)).await, Ok(42));
    }

    #[tokio::test]
    async fn an_error_leaves_under_its_own_name() {
        assert_eq!(run(json!(0)).await, Err(("LockLost".into(), "out of luck".into())));
    }

    #[tokio::test]
    async fn an_input_that_cannot_be_read_is_invalid_input() {
        let (name, message) = run(json!({"x": 1})).await.unwrap_err();
        assert_eq!(name, "InvalidInput");
        assert!(message.starts_with("read the input: invalid type: map"), "{message}");
    }

    #[tokio::test]
    async fn a_panic_has_a_name_that_a_state_machine_can_match() {
        assert_eq!(run(json!(1)).await, Err(("Unexpected".into(), "panicked: one is 1".into())));
    }

    #[test]
    fn the_trace_is_named_by_its_root() {
        assert_eq!(
            trace_root("Root=1-5759e988-bd86;Parent=53995c3f;Sampled=1"),
            Some("1-5759e988-bd86")
        );
        assert_eq!(trace_root("Parent=53995c3f"), None);
    }

    #[test]
    fn a_long_list_is_cut_to_a_label() {
        let ids = [json!("a"), json!("b"), json!("c"), json!("d"), json!("e")];
        assert_eq!(joined(&ids), "a,b,c,+2");
        assert_eq!(joined(&[json!("a")]), "a");
    }

    #[test]
    fn the_account_is_found_in_the_executions_name() {
        assert_eq!(account_in_name("join-111122223333-1753"), Some("111122223333".into()));
        assert_eq!(account_in_name("car-0123456789abcdef"), None);
        assert_eq!(account_in_name("6d3f"), None);
    }
}
