//! The command line as a person or a pipeline meets it: the built binary, its exit codes and what it
//! prints. AWS is a stub on the loopback interface; nothing of the machine's own configuration is read.

#![expect(clippy::unwrap_used, clippy::panic, reason = "this is test code: it fails by panicking")]

mod credentials;
mod explain;
mod history;
mod import;
mod line;
mod lint;
mod local;
mod relay;
mod rules;
mod runbook_export;
mod runbook_graph;
mod runbook_lint;
mod runbook_new;
mod runbook_policy;
mod runbook_test;
mod runbooks;
mod shipped;
mod stub;
mod trouble;
