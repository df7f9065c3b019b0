//! The SSM Automation API of the local AWS: JSON in, the engine, JSON out with AWS's quirks.
//!
//! [`Automation`] answers for executions, their steps and tags, for change calendars, execution
//! previews and State Manager's associations of Automation documents. What an execution is and
//! does is the engine's ([`engine::Engine`]); what a caller may do is told in
//! [`Automation::authorizations`] and checked by the gateway.
//!
//! Inputs are checked against the service model that botocore ships (`model/`). Messages follow
//! AWS's where they have been published; where AWS's wording is not known, the model's own
//! description of the error is used.

#![expect(
    clippy::result_large_err,
    reason = "AwsError is the contract of every service; its size is not this crate's to choose"
)]

mod api;
mod association;
mod authorization;
mod calendar;
mod errors;
mod executions;
mod filters;
#[cfg(test)]
mod fixture;
mod input;
mod preview;
mod records;
mod validation;
mod wire;

pub use api::{Automation, World};
pub use authorization::Ways;
pub use calendar::{Calendar, Unsupported};
pub use records::Records;
