//! The operations as a client meets them, with every reply and error held against the service
//! model that botocore ships.

#![expect(clippy::result_large_err, reason = "AwsError is the contract of every service")]
#![expect(clippy::expect_used, clippy::panic, reason = "a test ends where its setting fails")]
#![expect(clippy::needless_pass_by_value, reason = "bodies are written where they are used")]

mod authorization;
mod content;
mod declared_errors;
mod documents;
mod invariants;
mod listing;
mod model;
mod permissions;
mod reviews;
mod routing;
mod settings;
mod support;
mod tags;
mod validation;
mod versions;
