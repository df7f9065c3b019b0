//! The engine that runs SSM Automation: executions, steps, one file per `aws:` action, rate
//! control.
//!
//! An append-only event log is the truth; the state of an execution is a fold of its events, and
//! resuming is replaying a prefix. What touches the world are the few traits in [`ports`].

pub mod actions;
mod engine;
mod error;
pub mod log;
pub mod ports;
mod request;
mod status;
mod view;

pub use engine::{Engine, Ports};
pub use error::{SignalError, StartError, StopError};
pub use log::{Log, LogError};
pub use request::{
    Alarm, AlarmConfiguration, Mode, Signal, StartRequest, StopType, Tag, Target, TargetLocation,
};
pub use status::{Change, IllegalTransition, Outcome, Status};
pub use view::{ExecutionView, FailureDetails, ParentStep, Progress, StepView, TriggeredAlarm};
