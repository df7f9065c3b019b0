//! The suite's flows, and how severe an outcome is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which of the suite's flows an outcome comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Flow {
    /// Runbooks shared with accounts.
    Sharing,
    /// A remediation that an alarm set off.
    Remediation,
    /// A runbook started for another reason.
    Run,
}

impl Flow {
    /// As it stands in the message.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sharing => "sharing",
            Self::Remediation => "remediation",
            Self::Run => "run",
        }
    }
}

/// How soon somebody should look at an outcome.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Nobody needs to look: it is for the record.
    Info,
    /// Look when there is time.
    Low,
    /// Look within a week.
    Medium,
    /// Look within a day.
    High,
    /// Look at it at once.
    Critical,
}

impl Severity {
    /// As it stands in the message.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}
