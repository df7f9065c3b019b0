//! Logs as one JSON object a line, with the keys of Powertools for AWS Lambda and the fields of every span around
//! an event at its top level: `filter account = "…"` finds what happened to an account, whatever the code that
//! logged it. Measurements are lines in CloudWatch's embedded metric format, written at every level.
//!
//! Keys: <https://docs.aws.amazon.com/powertools/python/latest/core/logger/#standard-structured-keys>
//!
//! Payloads are never logged. The libraries that would (at `trace`, and the SDK at `debug`) are
//! held at `warn`, whatever level is asked for.

use std::io::Write;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::{Clock, Environment};

/// Crates that log requests, responses or credentials' owners below `warn`.
const QUIET: [&str; 9] = [
    "aws_config",
    "aws_runtime",
    "aws_sdk",
    "aws_smithy_http",
    "aws_smithy_http_client",
    "aws_smithy_runtime",
    "aws_smithy_runtime_api",
    "hyper",
    "hyper_util",
];

/// Logs to standard output from here on. Once in a process; a second call changes nothing.
pub(crate) fn init(environment: &Environment) {
    let json = Json {
        clock: Clock::system(),
        out: std::io::stdout,
        installation: environment.get("INSTALLATION_ID").unwrap_or("unknown").to_owned(),
        same: same_in_every_line(environment),
    };
    let registry =
        tracing_subscriber::registry().with(json.with_filter(filter(environment.get("RUST_LOG"))));
    if registry.try_init().is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            tracing::error!(at = panic.location().map(tracing::field::display), "{panic}");
        }));
    }
}

/// The keys that a process has the same in every line. `service` is the installation: its functions are one service.
fn same_in_every_line(environment: &Environment) -> Map<String, Value> {
    let memory = environment.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE");
    let memory = memory.and_then(|size| size.parse::<u32>().ok());
    let keys = [
        ("service", environment.get("INSTALLATION_ID").map(Value::from)),
        ("version", Some(env!("CARGO_PKG_VERSION").into())),
        ("function_name", environment.get("AWS_LAMBDA_FUNCTION_NAME").map(Value::from)),
        ("function_memory_size", memory.map(Value::from)),
    ];
    keys.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

fn filter(level: Option<&str>) -> Targets {
    let asked = level.and_then(|level| level.parse().ok());
    let mut targets = asked.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    for target in QUIET {
        targets = targets.with_target(target, LevelFilter::WARN);
    }
    // The runtime logs payloads at `trace`, and repeats panics that `start` logs in full.
    targets
        .with_target("lambda_runtime", LevelFilter::WARN)
        .with_target("lambda_runtime::layers::panic", LevelFilter::OFF)
        .with_target(metrics::TARGET, LevelFilter::INFO)
}

/// Writes events as JSON.
struct Json<W> {
    clock: Clock,
    out: W,
    /// The installation that measurements belong to.
    installation: String,
    /// The keys of every line.
    same: Map<String, Value>,
}

/// The fields of a span, kept with it.
struct Fields(Map<String, Value>);

impl<S, W, F> Layer<S> for Json<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Write,
    F: Fn() -> W + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Map::new();
        attributes.record(&mut Visitor(&mut fields));
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Fields(fields));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(Fields(fields)) = span.extensions_mut().get_mut()
        {
            values.record(&mut Visitor(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let (metadata, now) = (event.metadata(), self.clock.now());
        let mut line = Map::new();
        line.insert("timestamp".into(), now.to_string().into());
        line.insert("level".into(), metadata.level().as_str().into());
        line.extend(self.same.clone());
        let target = metadata.target();
        let location = match metadata.line() {
            Some(line) => format!("{target}:{line}"),
            None => target.to_owned(),
        };
        line.insert("location".into(), location.into());
        // From the outermost span inwards: the nearest word on a subject is the last one.
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(Fields(fields)) = span.extensions().get() {
                line.extend(fields.clone());
            }
        }
        event.record(&mut Visitor(&mut line));
        if target != metrics::TARGET {
            self.write(line);
            return;
        }
        let recorded = line.remove(metrics::FIELD);
        let recorded = recorded.as_ref().and_then(Value::as_str).unwrap_or_default();
        for measured in metrics::embedded(recorded, &self.installation, now) {
            let mut line = line.clone();
            line.extend(measured);
            self.write(line);
        }
    }
}

impl<W: Write, F: Fn() -> W> Json<F> {
    fn write(&self, line: Map<String, Value>) {
        let mut text = Value::Object(line).to_string();
        text.push('\n');
        // There is nowhere left to say that the log cannot be written.
        let _ = (self.out)().write_all(text.as_bytes());
    }
}

struct Visitor<'a>(&'a mut Map<String, Value>);

impl Visitor<'_> {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Visitor<'_> {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put(field, relay_core::text::error_chain(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use jiff::Timestamp;
    use metrics::{Measurement, Metric};
    use serde_json::json;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: Option<&str>, log: impl FnOnce()) -> Vec<Value> {
        let lines = Lines::default();
        let out = lines.clone();
        let environment = Environment::from_iter([
            ("INSTALLATION_ID", "qa"),
            ("AWS_LAMBDA_FUNCTION_NAME", "qa-route-alarms"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ]);
        let layer = Json {
            clock: Clock::fixed(Timestamp::UNIX_EPOCH),
            out: move || out.clone(),
            installation: "qa".to_owned(),
            same: same_in_every_line(&environment),
        };
        let subscriber = tracing_subscriber::registry().with(layer.with_filter(filter(level)));
        tracing::subscriber::with_default(subscriber, log);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn a_line_carries_the_fields_of_every_span_around_it() {
        let mut lines = logged(None, || {
            let outer = tracing::error_span!("invoke", function_request_id = "r-1");
            let _outer = outer.enter();
            let inner = tracing::error_span!(
                "handle",
                execution = "join-1",
                account = tracing::field::Empty
            );
            let _inner = inner.enter();
            inner.record("account", "111122223333");
            tracing::info!(documents = 3, "shared");
        });
        let location = lines[0].as_object_mut().unwrap().remove("location").unwrap();
        assert!(location.as_str().unwrap().starts_with("runtime::logging::tests:"), "{location}");
        assert_eq!(
            lines,
            [json!({
                "timestamp": "1970-01-01T00:00:00Z", "level": "INFO", "service": "qa",
                "version": env!("CARGO_PKG_VERSION"), "function_name": "qa-route-alarms",
                "function_memory_size": 256, "function_request_id": "r-1", "execution": "join-1",
                "account": "111122223333", "documents": 3, "message": "shared",
            })]
        );
    }

    #[test]
    fn measurements_survive_every_level_and_keep_the_labels_of_their_span() {
        for level in [None, Some("off"), Some("error"), Some("warn"), Some("trace"), Some("==")] {
            let lines = logged(level, || {
                let span = tracing::error_span!("handle", execution = "join-1");
                let _span = span.enter();
                tracing::info!("shared");
                metrics::record(&[
                    Measurement::count(Metric::Joins, 1),
                    Measurement::count(Metric::Remediations, 1).of("failed"),
                ]);
            });
            let measured: Vec<&Value> =
                lines.iter().filter(|line| line["_aws"].is_object()).collect();
            assert_eq!(measured.len(), 2, "{level:?}: {lines:?}");
            assert_eq!(
                (&measured[0]["Joins"], &measured[0]["Installation"]),
                (&json!(1.0), &json!("qa"))
            );
            assert_eq!(
                (&measured[1]["Remediations"], &measured[1]["Result"]),
                (&json!(1.0), &json!("failed"))
            );
            assert_eq!(measured[0]["function_name"], "qa-route-alarms");
            assert!(measured[0]["measurements"].is_null(), "{}", measured[0]);
            if level != Some("off") {
                assert_eq!(measured[0]["execution"], "join-1", "{level:?}");
            }
            let says_more = [None, Some("trace"), Some("==")].contains(&level);
            assert_eq!(lines.len(), if says_more { 3 } else { 2 }, "{level:?}: {lines:?}");
        }
    }

    #[test]
    fn an_error_keeps_the_labels_of_its_span_whatever_the_level() {
        let lines = logged(Some("error"), || {
            let span = tracing::error_span!("handle", account = "111122223333");
            let _span = span.enter();
            tracing::info!("not this");
            tracing::error!("failed");
        });
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["account"], "111122223333");
    }

    #[test]
    fn an_error_is_logged_with_its_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("share")]
        struct Failed(#[source] std::io::Error);
        let lines = logged(None, || {
            let error = Failed(std::io::Error::other("gone"));
            tracing::error!(error = &error as &dyn std::error::Error, "failed");
        });
        assert_eq!(lines[0]["error"], "share: gone");
    }

    #[test]
    fn libraries_that_log_payloads_stay_quiet_at_every_level() {
        let lines = logged(Some("trace"), || {
            tracing::debug!(target: "aws_smithy_runtime::client", "request: secret");
            tracing::trace!(target: "lambda_runtime::requests", "body: secret");
            tracing::debug!(target: "route_events", "routed");
        });
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["message"], "routed");
    }

    #[test]
    fn a_level_that_cannot_be_read_means_info() {
        let lines = logged(Some("=="), || {
            tracing::debug!("not this");
            tracing::info!("this");
        });
        assert_eq!(lines.len(), 1);
    }
}
