//! AWS as the functions of the suite call it: clients per account and Region, errors by what they
//! mean, and the calls that more than one function makes.
//!
//! Decides nothing: what an answer means for a flow is the pure crates' business. Reads no environment.

#![warn(missing_docs)]

#[cfg(feature = "accounts")]
mod accounts;
#[cfg(feature = "accounts")]
mod assumed_role;
mod clients;
#[cfg(feature = "download")]
mod download;
#[cfg(feature = "signed")]
pub mod ec2;
mod error;
#[cfg(feature = "events")]
pub mod event_bus;
#[cfg(feature = "sfn")]
mod executions;
mod lost_reply;
#[cfg(feature = "organizations")]
pub mod members;
#[cfg(feature = "organizations")]
pub mod organization;
#[cfg(feature = "ssm")]
pub mod parameters;
#[cfg(feature = "ssm")]
pub mod runbook_facts;
#[cfg(any(feature = "signed", feature = "events"))]
pub mod signed;
#[cfg(feature = "signed")]
pub mod tagging;

#[cfg(feature = "accounts")]
pub use accounts::Accounts;
#[cfg(feature = "organizations")]
pub use clients::organizations;
#[cfg(feature = "s3")]
pub use clients::s3;
pub use clients::{https_client, load};
#[cfg(feature = "download")]
pub use download::download;
pub use error::{AwsError, AwsErrorKind};
#[cfg(feature = "sfn")]
pub use executions::{MEMBERSHIP_FAILED, StartError, Started, start_once, start_only_once};
pub use lost_reply::LostReply;

pub use aws_config::SdkConfig;
