//! The start-up of every Lambda function of the suite: environment, logging, clock, and the names
//! under which errors leave it, by which the state machines match them.
//!
//! Nothing here knows what a function decides.

#![warn(missing_docs)]

mod clock;
mod environment;
mod error_name;
mod logging;
mod start;

pub use clock::Clock;
pub use environment::{ConfigError, Environment};
pub use error_name::{ErrorName, FunctionError};
pub use start::start;
