//! What both flows say of CloudWatch's alarms: names and states.

mod arn;
mod state;

pub use arn::AlarmArn;
pub use state::{AlarmState, Contributor, TriggerId};
