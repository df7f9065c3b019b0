//! The record of calls that `GET /_relay/calls` shows: who called what, where, with what result.

use std::collections::VecDeque;
use std::sync::Mutex;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// How many calls are kept; the oldest go first.
const KEPT: usize = 200_000;

/// One call as it was answered.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedCall {
    /// When it was answered, on the local AWS's clock.
    pub at: Timestamp,
    /// The caller's principal; for calls that pass through, the access key where none is known.
    pub principal: String,
    pub account: String,
    /// The Region it was signed for.
    pub region: String,
    /// The service's signing name, e.g. `ssm`.
    pub service: String,
    /// The operation; for REST services the method and path.
    pub operation: String,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The error's code, if it failed in a service of the gateway or by an injected fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The input, for the gateway's own services.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub input: Value,
}

/// A bounded record of calls.
#[derive(Debug, Default)]
pub struct CallLog(Mutex<VecDeque<RecordedCall>>);

impl CallLog {
    pub fn record(&self, call: RecordedCall) {
        let mut calls = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if calls.len() == KEPT {
            calls.pop_front();
        }
        calls.push_back(call);
    }

    /// The calls since an instant whose principal contains `principal`, oldest first.
    pub fn list(&self, principal: Option<&str>, since: Option<Timestamp>) -> Vec<RecordedCall> {
        let calls = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        calls
            .iter()
            .filter(|call| since.is_none_or(|since| call.at >= since))
            .filter(|call| principal.is_none_or(|part| call.principal.contains(part)))
            .cloned()
            .collect()
    }
}
