//! The engine that runs SSM Automation: executions, steps, one file per `aws:` action, rate
//! control.
//!
//! An append-only event log is the truth; the state of an execution is a fold of its events, and
//! resuming is replaying a prefix. What touches the world are the few traits in [`ports`].

pub mod actions;
mod arn;
mod decide;
mod document;
mod driver;
mod error;
mod event;
mod flow;
pub mod log;
pub mod ports;
mod quota;
mod rate;
mod request;
mod state;
mod status;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod view;

pub use driver::{ActionRunner, Engine, Ports, RealActions};
pub use error::{SignalError, StartError, StopError};
pub use log::{Log, LogError, MemoryLog, SqliteLog};
pub use quota::Quotas;
pub use request::{
    Alarm, AlarmConfiguration, Mode, Signal, StartRequest, StopType, Tag, Target, TargetLocation,
};
pub use status::{Change, IllegalTransition, Outcome, Status};
pub use view::{ExecutionView, FailureDetails, ParentStep, Progress, StepView, TriggeredAlarm};
