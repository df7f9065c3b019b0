//! Faults that a test asks for: `POST /_relay/faults`, applied to every service alike. They live as
//! long as the gateway's process: one that is started again has none.

use std::sync::Mutex;
use std::time::Duration;

use api::AwsError;
use serde::{Deserialize, Serialize};

use crate::incoming::Incoming;

#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// The service's own throttling error.
    Throttle,
    /// The service's own denial.
    Deny,
    /// The service's own internal error, HTTP 500 or 503.
    #[serde(rename = "error5xx")]
    Error5xx,
    /// The answer comes `ms` later.
    Delay,
    /// The call is carried out and the connection closed without an answer.
    LoseReply,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// The signing name, or `*`.
    pub service: String,
    /// The operation, or `*`.
    pub operation: String,
    /// Only callers of this account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Only calls to this Region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The share of calls it hits, 0 to 1: exact, evenly spread, not random.
    #[serde(default = "always")]
    pub rate: f64,
    /// How often at most; in a listing, how often still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    pub kind: Kind,
    /// Milliseconds, for `delay`.
    #[serde(default)]
    pub ms: u64,
    /// The error's code instead of the service's usual one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(skip)]
    due: f64,
}

fn always() -> f64 {
    1.0
}

/// The fate of one call.
#[derive(Debug, Default, PartialEq)]
pub struct Effect {
    /// The answer waits this long.
    pub delay: Duration,
    /// The call is not carried out; this is the answer.
    pub error: Option<AwsError>,
    /// The call is carried out; the answer is lost.
    pub lose_reply: bool,
}

/// The faults in force.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    /// Adds faults to those in force.
    pub fn add(&self, faults: Vec<Fault>) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(faults);
    }

    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
    }

    /// The faults in force, those that are used up included, as they were asked for.
    pub fn list(&self) -> Vec<Fault> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// The fate of a call of `account`.
    pub fn effect(&self, incoming: &Incoming, account: &str) -> Effect {
        let mut effect = Effect::default();
        let mut faults = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for fault in faults.iter_mut().filter(|fault| fault.concerns(incoming, account)) {
            fault.due += fault.rate;
            if fault.due < 1.0 - f64::EPSILON || fault.times == Some(0) {
                continue;
            }
            fault.due -= 1.0;
            fault.times = fault.times.map(|times| times - 1);
            match fault.kind {
                Kind::Delay => effect.delay += Duration::from_millis(fault.ms),
                Kind::LoseReply => effect.lose_reply = true,
                kind => {
                    let mut error = service_error(&incoming.service, kind, &incoming.operation);
                    if let Some(code) = &fault.code {
                        error.code.clone_from(code);
                    }
                    effect.error = Some(error);
                }
            }
        }
        effect
    }
}

impl Fault {
    fn concerns(&self, incoming: &Incoming, account: &str) -> bool {
        (self.service == "*" || self.service == incoming.service)
            && (self.operation == "*" || self.operation == incoming.operation)
            && self.account.as_deref().is_none_or(|wanted| wanted == account)
            && self.region.as_deref().is_none_or(|wanted| wanted == incoming.region)
    }
}

/// The error with which a service throttles an operation.
pub(crate) fn throttled(service: &str, operation: &str) -> AwsError {
    service_error(service, Kind::Throttle, operation)
}

fn service_error(service: &str, kind: Kind, operation: &str) -> AwsError {
    let (code, status, message) = match (kind, service) {
        (Kind::Throttle, "organizations") => {
            ("TooManyRequestsException", 400, "You have sent too many requests.".into())
        }
        (Kind::Throttle, "s3") => ("SlowDown", 503, "Please reduce your request rate.".into()),
        (Kind::Throttle, "sns" | "sts" | "iam" | "cloudformation") => {
            ("Throttling", 400, "Rate exceeded".into())
        }
        (Kind::Throttle, "lambda") => ("TooManyRequestsException", 429, "Rate Exceeded.".into()),
        (Kind::Throttle, _) => ("ThrottlingException", 400, "Rate exceeded".into()),
        (Kind::Deny, "sns") => {
            ("AuthorizationError", 403, format!("User is not authorized to perform: {operation}"))
        }
        (Kind::Deny, "sts" | "s3" | "iam" | "cloudformation") => {
            ("AccessDenied", 403, format!("User is not authorized to perform: {operation}"))
        }
        (Kind::Deny, _) => (
            "AccessDeniedException",
            400,
            format!("User is not authorized to perform: {service}:{operation}"),
        ),
        (_, "organizations") => ("ServiceException", 500, "An internal error occurred.".into()),
        (_, "ssm" | "dynamodb") => {
            ("InternalServerError", 500, "An internal error occurred.".into())
        }
        (_, "s3") => ("InternalError", 500, "We encountered an internal error.".into()),
        (_, _) => ("InternalFailure", 500, "An internal error occurred.".into()),
    };
    AwsError { status, ..AwsError::new(code, message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> Incoming {
        Incoming { service: "ssm".into(), operation: "X".into(), ..Incoming::default() }
    }

    fn faults(json: serde_json::Value) -> Faults {
        let faults = Faults::default();
        faults.add(serde_json::from_value(json).unwrap());
        faults
    }

    #[test]
    fn a_rate_of_a_half_hits_every_second_call() {
        let faults = faults(serde_json::json!([
            {"service": "ssm", "operation": "*", "rate": 0.5, "kind": "throttle"}
        ]));
        let hits: Vec<bool> = (0..6).map(|_| faults.effect(&call(), "1").error.is_some()).collect();
        assert_eq!(hits, [false, true, false, true, false, true]);
    }

    #[test]
    fn times_bounds_how_often_a_fault_hits() {
        let faults = faults(serde_json::json!([
            {"service": "*", "operation": "X", "times": 2, "kind": "error5xx"}
        ]));
        let hits = (0..5).filter(|_| faults.effect(&call(), "1").error.is_some()).count();
        assert_eq!(hits, 2);
    }

    #[test]
    fn a_listing_says_how_often_a_fault_will_still_hit() {
        let fault = serde_json::json!(
            {"service": "ssm", "operation": "X", "times": 2, "rate": 1.0, "kind": "deny", "ms": 0}
        );
        let faults = faults(serde_json::json!([fault]));
        assert_eq!(serde_json::to_value(faults.list()).unwrap(), serde_json::json!([fault]));
        faults.effect(&call(), "1");
        assert_eq!(faults.list()[0].times, Some(1));
    }

    #[test]
    fn a_fault_for_another_account_leaves_a_call_alone() {
        let faults = faults(serde_json::json!([
            {"service": "ssm", "operation": "X", "account": "222233334444", "kind": "deny"}
        ]));
        assert_eq!(faults.effect(&call(), "111122223333"), Effect::default());
    }
}
