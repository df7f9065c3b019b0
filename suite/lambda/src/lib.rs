//! The suite's table and topic.

#[cfg(feature = "sns")]
pub mod outcomes;
#[cfg(feature = "dynamodb")]
mod table;

#[cfg(feature = "dynamodb")]
pub use table::Table;
