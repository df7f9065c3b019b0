//! Reads what people and machines write: rules, the kill switch, the inputs of state machines.
//!
//! A type says once, in its declaration, which fields it has, of which types, within which bounds and
//! with which defaults. Its JSON Schema is derived from that, and the reader goes by the schema: it
//! names everything that does not fit, at once, with its place, what was expected and found, and what
//! to do. What fits is read by serde.

mod choice;
mod form;
mod problems;
mod reference;
mod text;
mod walk;
mod words;

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use yaml_tree::Node;

pub use form::Form;
pub use problems::Problems;
pub use reference::FieldReference;

use crate::place::Places;
use crate::problem::{Problem, ProblemCode};

/// A struct whose fields say their defaults, as `field: Type = default`. With serde's `default` on the
/// struct, a field that is left out has its default.
#[macro_export]
macro_rules! with_defaults {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident {
            $($(#[$of_field:meta])* $field_visibility:vis $field:ident: $type:ty = $default:expr,)+
        }
    ) => {
        $(#[$attribute])*
        $visibility struct $name {
            $($(#[$of_field])* $field_visibility $field: $type,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }
    };
}

/// A form, made when it is first needed.
pub type LazyForm = LazyLock<Form>;

/// A type of texts that people or machines write.
pub trait Written: JsonSchema + DeserializeOwned {
    /// The form of its texts: a static `LazyForm::new(Form::of::<Self>)`.
    fn form() -> &'static Form;

    /// Reports what is wrong and no schema can say. `read` is the text as far as it fits the form, with
    /// null in the place of what does not.
    fn check(_read: &Value, _problems: &mut Problems<'_>) {}
}

/// Reads a rule; what is valid in it, and yet may not be what was meant, comes with it.
///
/// # Errors
/// With everything that is wrong with it, in the order of the text.
pub fn rule<T: Written>(root: &Node, places: &Places) -> Result<(T, Vec<Problem>), Vec<Problem>> {
    read(root, places, Reading::Rule)
}

/// Reads the input of a machine.
///
/// # Errors
/// With everything that is wrong with it.
pub fn input<T: Written>(input: Value) -> Result<T, Vec<Problem>> {
    read(&input.into(), &Places::default(), Reading::Input).map(|(input, _)| input)
}

/// Reads the input of a machine for `impl Deserialize`: all problems in one sentence.
///
/// # Errors
/// With everything that is wrong with it.
pub fn deserialize<'de, T: Written, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    input(Value::deserialize(deserializer)?).map_err(|problems| sentence(&problems))
}

/// The same for what the suite's functions hand to each other. During an upgrade the one that wrote it may be of a later
/// version than the one that reads it: a field that this version does not know is ignored, at every depth.
///
/// # Errors
/// With everything else that is wrong with it.
pub fn payload<'de, T: Written, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let root: Node = Value::deserialize(deserializer)?.into();
    read(&root, &Places::default(), Reading::Payload)
        .map(|(input, _)| input)
        .map_err(|problems| sentence(&problems))
}

fn sentence<E: serde::de::Error>(problems: &[Problem]) -> E {
    let sentences = problems.iter().map(|Problem { code, place, what, hint }| {
        let place = place.field.as_ref().map(|path| format!("{path}: ")).unwrap_or_default();
        // The hint of the code would say little here.
        let hint = if hint == code.hint() { String::new() } else { format!(" {hint}") };
        format!("{place}{what}.{hint}")
    });
    E::custom(sentences.collect::<Vec<_>>().join(" "))
}

/// Who wrote a text, which decides how strictly it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// A person wrote a rule: Regions that AWS did not have when this was written leave a warning.
    Rule,
    /// A person, or another program, wrote the input of a machine.
    Input,
    /// A function of the suite wrote it, possibly one of a later version: unknown fields are ignored.
    Payload,
}

fn read<T: Written>(
    root: &Node,
    places: &Places,
    reading: Reading,
) -> Result<(T, Vec<Problem>), Vec<Problem>> {
    let mut problems = Problems::new(places);
    let mut walk = walk::Walk { problems: &mut problems, reading };
    let read = walk.value(root, "", T::form().root()).unwrap_or_default();
    T::check(&read, &mut problems);
    let warnings = problems.warnings();
    let found = problems.in_order();
    if !found.is_empty() {
        return Err(found);
    }
    // A text may fit its pattern, and yet not be what its type takes.
    serde_path_to_error::deserialize(read).map(|read| (read, warnings)).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { "" } else { &path };
        vec![Problem::new(ProblemCode::InvalidField, places.place(path), error.inner().to_string())]
    })
}
