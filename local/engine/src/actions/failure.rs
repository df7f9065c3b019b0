//! Why an attempt failed, in AWS's sentences.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ports::{ApiError, ApiErrorKind};

/// How every failure message of AWS ends.
const GUIDE: &str =
    "Please refer to Automation Service Troubleshooting Guide for more diagnosis details.";

/// The phase of a step, as AWS puts it between "when it is" and the error.
pub mod phrase {
    /// While inputs are checked.
    pub const INPUTS: &str = "validating and resolving the step inputs";
    /// While a call is made.
    pub const EXECUTE: &str = "Execute/Cancelling action";
    /// While what was begun goes on.
    pub const POLL: &str = "Poll action status for completion";
    /// `aws:runInstances`: while the call is made.
    pub const LAUNCH: &str = "launching the instance(s)";
    /// `aws:runInstances`: while the instances start.
    pub const LAUNCHED: &str = "verifying launched instance(s) are ready to be used";
    /// `aws:runCommand`: while the nodes work.
    pub const COMMAND: &str = "verifying the command has completed";
    /// `aws:executeAutomation`: once the child has ended.
    pub const CHILD: &str = "Execution complete: verified";
    /// `aws:runCommand`: while no agent answers for a node.
    pub const AGENT: &str = "verifying the SSM Agent availability on the target instance(s)";
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// AWS's `FailureStage`.
    pub stage: FailureStage,
    /// AWS's `FailureType`.
    pub kind: FailureType,
    /// `FailureMessage`, whole, in AWS's wording.
    pub message: String,
    pub details: BTreeMap<String, Vec<String>>,
    /// Whether the step timed out (status `TimedOut`) rather than failed.
    pub timed_out: bool,
    /// Outputs there are all the same (runCommand's `Output`, `Status`).
    pub outputs: Map<String, Value>,
    /// `ResponseCode` of the step execution.
    pub response_code: Option<String>,
}

/// Where an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureStage {
    /// The inputs do not fit.
    InputValidation,
    /// A check before the call failed.
    PreVerification,
    /// The call itself failed.
    Invocation,
    /// A check after the call failed.
    PostVerification,
}

/// The kinds of failure that AWS names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureType {
    /// The action itself failed.
    Action,
    /// The identity may not do this.
    Permission,
    /// AWS throttled the call.
    Throttling,
    Verification,
    /// The engine itself failed.
    Internal,
}

impl Failure {
    /// `Step fails when it is <phrase>. <error>. Please refer to …`
    pub fn new(stage: FailureStage, kind: FailureType, phrase: &str, error: &str) -> Self {
        Self {
            stage,
            kind,
            message: format!("Step fails when it is {phrase}. {}. {GUIDE}", sentence(error)),
            details: BTreeMap::new(),
            timed_out: false,
            outputs: Map::new(),
            response_code: None,
        }
    }

    /// Inputs that do not fit.
    pub fn input(error: &str) -> Self {
        Self::new(FailureStage::InputValidation, FailureType::Action, phrase::INPUTS, error)
    }

    /// The action was accepted, and its result did not come about.
    pub fn unverified(phrase: &str, error: &str) -> Self {
        Self::new(FailureStage::PostVerification, FailureType::Verification, phrase, error)
    }

    /// An API call that failed.
    pub fn api(phrase: &str, error: &ApiError) -> Self {
        let (stage, kind) = match error.kind {
            ApiErrorKind::Throttling => (FailureStage::Invocation, FailureType::Throttling),
            ApiErrorKind::Permission => (FailureStage::Invocation, FailureType::Permission),
            ApiErrorKind::Input => (FailureStage::InputValidation, FailureType::Action),
            ApiErrorKind::Lost => (FailureStage::Invocation, FailureType::Internal),
            ApiErrorKind::Service => (FailureStage::Invocation, FailureType::Action),
        };
        Self::new(stage, kind, phrase, &error.message)
    }

    /// The step was in flight at a restart, and it is unknown whether its effect happened.
    pub fn interrupted() -> Self {
        Self::new(
            FailureStage::Invocation,
            FailureType::Internal,
            phrase::EXECUTE,
            "Interrupted: the engine was restarted during this attempt, and repeating it could do twice what it does",
        )
    }

    /// `Step timed out while step is <phrase>. Please refer to …`
    pub fn time_out(phrase: &str) -> Self {
        Self::timed_out(format!("Step timed out while step is {phrase}. {GUIDE}"))
    }

    /// `Step timed out while step is <phrase>. <error>. Please refer to …`
    pub fn time_out_with(phrase: &str, error: &str) -> Self {
        let error = sentence(error);
        Self::timed_out(format!("Step timed out while step is {phrase}. {error}. {GUIDE}"))
    }

    fn timed_out(message: String) -> Self {
        let mut failure = Self::new(FailureStage::Invocation, FailureType::Action, "", "");
        failure.message = message;
        failure.timed_out = true;
        failure
    }

    /// The same with outputs that there are all the same.
    pub(super) fn with_outputs(mut self, outputs: Map<String, Value>) -> Self {
        self.outputs = outputs;
        self
    }
}

/// AWS puts its own full stop: an error that ends in one is not given two.
fn sentence(error: &str) -> &str {
    let error = error.trim_end();
    error.strip_suffix('.').unwrap_or(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seen in public transcripts, 2021–2024.
    #[test]
    fn messages_read_as_those_that_aws_was_seen_to_write() {
        let error = ApiError {
            code: "InsufficientCapabilitiesException".into(),
            message: "An error occurred (InsufficientCapabilitiesException) when calling the \
                      UpdateStack operation: Requires capabilities : [CAPABILITY_IAM]"
                .into(),
            kind: ApiErrorKind::Service,
        };
        assert_eq!(
            Failure::api(phrase::EXECUTE, &error).message,
            "Step fails when it is Execute/Cancelling action. An error occurred \
             (InsufficientCapabilitiesException) when calling the UpdateStack operation: Requires \
             capabilities : [CAPABILITY_IAM]. Please refer to Automation Service Troubleshooting \
             Guide for more diagnosis details."
        );
    }

    #[test]
    fn an_error_that_ends_in_a_full_stop_keeps_one() {
        let failure = Failure::input("The bucket does not exist. ");
        assert_eq!(
            failure.message,
            "Step fails when it is validating and resolving the step inputs. The bucket does not \
             exist. Please refer to Automation Service Troubleshooting Guide for more diagnosis \
             details."
        );
    }

    #[test]
    fn each_kind_of_error_has_its_stage_and_type() {
        use FailureStage::{InputValidation, Invocation};
        let of = |kind| {
            let error = ApiError { code: "X".into(), message: "x".into(), kind };
            let failure = Failure::api(phrase::POLL, &error);
            (failure.stage, failure.kind)
        };
        assert_eq!(of(ApiErrorKind::Throttling), (Invocation, FailureType::Throttling));
        assert_eq!(of(ApiErrorKind::Permission), (Invocation, FailureType::Permission));
        assert_eq!(of(ApiErrorKind::Input), (InputValidation, FailureType::Action));
        assert_eq!(of(ApiErrorKind::Lost), (Invocation, FailureType::Internal));
        assert_eq!(of(ApiErrorKind::Service), (Invocation, FailureType::Action));
    }

    #[test]
    fn a_time_out_says_what_the_step_was_doing() {
        let failure = Failure::time_out(phrase::AGENT);
        assert!(failure.timed_out);
        assert!(
            failure.message.starts_with(
                "Step timed out while step is verifying the SSM Agent availability on the target \
                 instance(s). Please refer"
            ),
            "{}",
            failure.message
        );
    }
}
