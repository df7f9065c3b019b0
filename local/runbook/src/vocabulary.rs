//! The names that the parser knows, for those who describe the language: keys, and the types of inputs.

use crate::action::ActionKind;
use crate::kind::OutputType;
use crate::read;

/// The keys at the top of a document.
pub const DOCUMENT: &[&str] = read::DOCUMENT_KEYS;
/// The keys of a parameter and of a variable.
pub const PARAMETER: &[&str] = read::PARAMETER_KEYS;
/// The keys of a step.
pub const STEP: &[&str] = read::STEP_KEYS;

/// The type of an action's input; `None` for inputs that the API of the step defines, and for those that
/// may be written in several ways.
#[must_use]
pub fn input_type(action: ActionKind, name: &str) -> Option<OutputType> {
    crate::input::kind(action, name)
}
