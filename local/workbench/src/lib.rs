//! The tools of runbook authors: the flow of a runbook, a reviewer's findings, pictures, tests, the policy of its
//! role, its page, and the schema for editors.
//!
//! Pure: it performs no I/O and reads no clock. `relay runbook` reads the files, runs `ruff` and the
//! engine, and prints.

pub mod cases;
pub mod document;
pub mod flow;
pub mod graph;
pub mod lint;
pub mod page;
pub mod policy;
pub mod python;
pub mod schema;

pub use document::Document;
