//! The meaning of a step where the document does not say.

use std::time::Duration;

use serde_json::Value;

use crate::model::{OnCancel, OnFailure, Step};

impl Step {
    /// The step that follows a failure, or the end.
    pub fn effective_on_failure(&self) -> &OnFailure {
        self.on_failure.as_ref().unwrap_or(&OnFailure::Abort)
    }

    /// The step that follows a cancel, or the end.
    pub fn effective_on_cancel(&self) -> &OnCancel {
        self.on_cancel.as_ref().unwrap_or(&OnCancel::Abort)
    }

    /// Whether its failure fails the execution: as written, or `true` unless it goes on after a
    /// failure.
    pub fn effective_is_critical(&self) -> Value {
        let implied = || Value::Bool(*self.effective_on_failure() != OnFailure::Continue);
        self.is_critical.clone().unwrap_or_else(implied)
    }

    /// How long an attempt may take if the document does not say; `None` if nobody says.
    pub fn default_timeout(&self) -> Option<Duration> {
        self.action.signature().timeout
    }
}
