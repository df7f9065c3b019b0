//! What every function of the suite shares: start-up, configuration, logging, errors that Step
//! Functions can match on, clients per account and Region, and the one way to start an execution.
//!
//! Nothing here knows what a function decides; those are the pure crates and the functions themselves.

#[cfg(feature = "accounts")]
mod accounts;
#[cfg(feature = "accounts")]
mod assumed_role;
mod aws_error;
mod clients;
mod clock;
#[cfg(feature = "signed")]
pub mod ec2;
mod environment;
mod error_name;
#[cfg(feature = "sfn")]
mod executions;
mod logging;
#[cfg(feature = "organizations")]
pub mod members;
#[cfg(feature = "sns")]
pub mod outcomes;
#[cfg(feature = "ssm")]
mod owners;
#[cfg(feature = "ssm")]
pub mod policy;
#[cfg(feature = "signed")]
mod signed;
mod start;
#[cfg(feature = "dynamodb")]
mod table;
#[cfg(feature = "signed")]
pub mod tagging;

#[cfg(feature = "accounts")]
pub use accounts::Accounts;
pub use aws_error::{AwsError, AwsErrorKind};
#[cfg(feature = "organizations")]
pub use clients::organizations;
#[cfg(feature = "s3")]
pub use clients::s3;
pub use clock::Clock;
pub use environment::{ConfigError, Environment};
pub use error_name::{ErrorName, FunctionError, chain};
#[cfg(feature = "sfn")]
pub use executions::{LAST_WORD, StartError, Started, start_once, start_only_once};
#[cfg(feature = "ssm")]
pub use owners::OwnerAccounts;
pub use start::start;
#[cfg(feature = "dynamodb")]
pub use table::Table;

pub use aws_config::SdkConfig;
