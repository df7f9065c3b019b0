//! What runbook authors ask of a runbook: its flow, a reviewer's findings, pictures, tests.
//!
//! Pure: it performs no I/O and reads no clock. `relay runbook` reads the files, runs `ruff` and the
//! engine, and prints.

pub mod cases;
pub mod document;
pub mod flow;
pub mod graph;
pub mod lint;
pub mod python;

pub use document::Document;
