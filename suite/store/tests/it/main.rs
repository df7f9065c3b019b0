//! The table on a DynamoDB in memory.

#![expect(clippy::unwrap_used, reason = "all of this is test code")]

mod guards;
mod records;
mod unlocking;
