//! How a runbook is run: a rung, its options, what StartAutomationExecution is called with, what a
//! look at the execution means, and what comes after it. Pure.

#![warn(missing_docs)]

pub mod check;
mod contract;
mod decision;
mod event;
mod facts;
mod follow;
mod input;
mod ladder;
mod options;
mod pace;
mod plan;
mod rung;
mod secret;
mod start;
mod status;
pub mod template;
mod verify;

pub use contract::{
    ChildReport, FollowAutomationInput, FollowAutomationOutput, PendingRun, RunPlace, RunReport,
    Seen, StartAutomationInput, StartAutomationOutput, StartedRun, VerifyRecoveryInput,
    VerifyRecoveryOutput, WaitingFor,
};
pub use decision::{ApprovalDecision, ApproverAnswer};
pub use event::{AutomationEvent, AutomationEventError, AutomationIntake};
pub use facts::{ALLOWED, DESTRUCTIVE, RunbookFacts};
pub use follow::{Follow, Look, follow};
pub use input::{AlarmRef, LockRef, RuleRef, RunAutomationInput};
pub use ladder::{AfterRung, RungEnd, after_rung, time_to_recover};
pub use options::{
    Calendar, Locations, MaxConcurrency, MaxErrors, RoleArn, RunMode, RunOptions, Targets,
    all_at_a_time, any_errors, one_error, tenth,
};
pub use pace::Pace;
pub use plan::{APPROVE_THEN_RUN, ASSUME_ROLE, Hub, PlanInput, StartPlan, plan};
pub use rung::{Approval, Rung};
pub use secret::is_secret_name;
pub use start::{Alarm, AlarmConfiguration, StartAutomation, Tag, Target, TargetLocation};
pub use status::{AutomationStatus, Ending, Phase};
pub use verify::{Sight, Verified, verify};

#[cfg(test)]
mod tests;
