//! The SSM Automation API of the local AWS: JSON in, the engine, JSON out as AWS writes it.
//!
//! [`Automation`] serves executions, their steps and tags, change calendars, execution previews and
//! State Manager's associations of Automation documents. The engine ([`engine::Engine`]) runs the
//! executions. [`Automation::authorizations`] lists the permissions a request needs; the gateway
//! checks them.
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
mod input;
mod preview;
mod records;
#[cfg(test)]
mod samples;
mod validation;
mod wire;

pub use api::{Automation, AutomationParts};
pub use authorization::PermissionAlternatives;
pub use calendar::{Calendar, Unsupported};
pub use records::Records;
