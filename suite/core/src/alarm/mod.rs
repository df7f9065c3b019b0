//! CloudWatch's alarms as both flows know them: names and states.

mod arn;
mod state;

pub use arn::AlarmArn;
pub use state::{AlarmState, Contributor, TriggerId};
