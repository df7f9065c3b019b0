//! The ports over real Python processes, against an endpoint that answers as a test has set.
#![cfg(feature = "end-to-end")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "this is test code: it fails by panicking")]

mod apis;
mod attachments;
mod deaths;
mod endpoint;
mod environment;
mod failures;
mod fence;
mod limits;
mod powershell;
mod scripts;
mod sessions;
mod world;
