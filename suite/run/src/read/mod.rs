//! From a rule's YAML to rungs and options.

pub mod ladder;
pub mod options;
