//! Runbook documents (schema 0.3): model, parser, validation with positions, substitution, selectors.
//!
//! Pure: no I/O, no clock. What an execution does with a runbook is the `automation` crate's.
//!
//! [`parse`] reads a document and names everything that is wrong with it; [`bind`] holds what an
//! execution is given against its parameters; [`substitute`] fills in what a step refers to.

pub mod action;
mod bind;
mod check;
mod condition;
mod defect;
mod duration;
mod input;
mod java;
mod kind;
mod model;
mod pattern;
mod read;
mod reference;
mod resource;
mod step;
mod substitute;
#[cfg(test)]
mod tests;
pub mod vocabulary;

pub use action::{ActionKind, Impact, Others, Signature};
pub use bind::bind;
pub use condition::{Condition, ConditionError, Operator};
pub use defect::{Defect, DefectKind, Defects};
pub use duration::seconds as duration_seconds;
pub use json_path::{Path as Selector, PathError as SelectorError};
pub use kind::{OutputType, TypeMismatch, coerce};
pub use model::{
    AttachmentFile, Choice, OnCancel, OnFailure, OutputName, Parameter, ParameterLimits,
    ParameterType, Runbook, Step, StepBody, StepOutput, Variable,
};
pub use pattern::{Pattern, PatternError};
pub use read::{parse, parse_tree, tree};
pub use reference::{Global, MAINTENANCE_WINDOW, Mention, Reference, mentions};
pub use substitute::{NO_OUTPUT, Scope, SubstitutionError, Unresolved, substitute};
pub use yaml_tree::Position;
