//! One run of an automation: what it is started with, how it is followed, when it has ended, and
//! what comes after it.

mod event;
mod facts;
mod follow;
mod input;
mod ladder;
mod pace;
mod plan;
mod remembered;
mod start;
mod status;
mod verify;

pub use event::{AutomationEvent, AutomationEventError, AutomationIntake};
pub use facts::{ALLOWED, ALLOWED_TAG, DESTRUCTIVE, ROLE_PATH, RunbookFacts};
pub use follow::{Follow, Look, follow};
pub use input::{AlarmRef, LockRef, RuleRef, RunAutomationInput};
pub use ladder::{AfterRung, RungEnd, after_rung, time_to_clear};
pub use pace::Pace;
pub use plan::{
    APPROVE_THEN_RUN, ASSUME_ROLE, EXECUTION_ROLE, EXECUTION_TAG, Hub, PlanInput, StartPlan,
    TOKEN_TAG, plan,
};
pub use remembered::{runs_of, waiting_for};
pub use start::{Alarm, AlarmConfiguration, StartAutomation, Tag, Target, TargetLocation};
pub use status::{AutomationStatus, Ending, Phase};
pub use verify::{Sight, Verified, verify};

#[cfg(test)]
mod tests;
