//! One run of an automation: what it is started with, how it is followed, when it has ended, and
//! what comes after it.

mod event;
mod status;

pub use event::{AutomationEvent, AutomationEventError, AutomationIntake};
pub use status::{AutomationStatus, Ending, Phase};
