//! The one public port of the local AWS.
//!
//! It answers SSM documents, SSM Automation and Organizations itself, delivers events, authenticates and
//! authorizes its own services as the emulator does its, acts on alarms, enforces AWS's limits that the emulator does
//! not, injects faults, and records every call. Everything else passes through untouched.

pub mod alarms;
pub mod attachments;
pub mod automation;
pub mod calls;
pub mod clock;
mod content;
pub mod control;
pub mod duration;
pub mod emulator;
pub mod events;
mod exchange;
pub mod faults;
mod gateway;
pub mod incoming;
pub mod limits;
mod parameters;
mod predefined;
pub mod protocol;
pub mod rates;
mod run_command;
pub mod server;
pub mod services;

pub use gateway::{Gateway, GatewaySettings};
