//! CloudTrail's events of calls that write. AWS publishes no sample of them: names of members are in lower camel
//! case and times are text, as in the events of other services.

use api::cloudtrail::{RecordedCall, java_text, lower_camel};
use api::{Emission, Reply, Request};
use jiff::Timestamp;
use serde_json::Value;

/// The event of a call, for the bus of the caller's account. `DeleteDocument` and the like have no elements.
pub(crate) fn api_call(request: &Request, reply: &Reply) -> Emission {
    let elements = match reply {
        Ok(output) if output.as_object().is_some_and(|members| !members.is_empty()) => {
            recorded(output)
        }
        _ => Value::Null,
    };
    let call = RecordedCall {
        request,
        reply,
        service: "ssm",
        account: &request.account,
        region: &request.region,
        parameters: recorded(&request.body),
        elements,
    };
    call.emission()
}

/// A shape as CloudTrail records it. Whether AWS records the content of a document is not known: CloudTrail leaves out
/// what is long, and nobody should rely on it.
fn recorded(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let record = |(name, value): (&String, &Value)| {
                let value = match value {
                    Value::String(_) if name == "Content" => "***".into(),
                    Value::Number(seconds) if name.ends_with("Date") => seconds
                        .as_f64()
                        .and_then(|at| Timestamp::from_millisecond((at * 1000.0) as i64).ok())
                        .map_or(Value::Null, |at| java_text(at).into()),
                    other => recorded(other),
                };
                (lower_camel(name), value)
            };
            Value::Object(members.iter().map(record).collect())
        }
        Value::Array(items) => items.iter().map(recorded).collect(),
        other => other.clone(),
    }
}
