//! A runbook that was read and found sound.

use std::collections::BTreeMap;
use std::fmt;

use json_path::Path as Selector;
use serde_json::{Map, Value};

use crate::action::ActionKind;
use crate::condition::Condition;
use crate::kind::OutputType;
use crate::pattern::Pattern;

/// A document of schema 0.3. Values that may refer to something are as written.
#[derive(Debug, Clone)]
pub struct Runbook {
    /// A text in Markdown.
    pub description: Option<String>,
    /// A role's ARN or `{{ Parameter }}`; `None` also if it is empty.
    pub assume_role: Option<String>,
    /// In the order of the document.
    pub parameters: Vec<Parameter>,
    /// In the order of the document.
    pub variables: Vec<Variable>,
    /// The top level's steps; those of loops are in their body. Never empty.
    pub steps: Vec<Step>,
    /// The outputs of the execution.
    pub outputs: Vec<OutputName>,
    /// The attachments it uses, by name.
    pub files: BTreeMap<String, AttachmentFile>,
    /// The members that only change templates have, as written: `emergencyChange`, `autoApprovable`,
    /// `templateInformation` and `executableRunBooks`.
    pub change_template: Map<String, Value>,
}

#[derive(Debug, Clone)]
pub struct Parameter {
    /// Letters and digits only.
    pub name: String,
    pub kind: ParameterType,
    pub description: Option<String>,
    /// As written; without one it has to be given.
    pub default: Option<Value>,
    /// Whatever is given has to be one of them, or consist of them.
    pub allowed_values: Option<Vec<Value>>,
    /// Whatever is given has to match it as a whole.
    pub allowed_pattern: Option<Pattern>,
    /// How large a value may be.
    pub limits: ParameterLimits,
}

/// How large a parameter's value may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ParameterLimits {
    pub min_items: Option<u64>,
    pub max_items: Option<u64>,
    pub min_chars: Option<u64>,
    pub max_chars: Option<u64>,
    pub min_value: Option<i64>,
    pub max_value: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterType {
    /// As written, e.g. `List<AWS::EC2::Instance::Id>`.
    pub name: String,
    /// How its values look: a type of AWS's resources is a String or a StringList.
    pub shape: OutputType,
}

#[derive(Debug, Clone)]
pub struct Variable {
    /// Its name after `variable:`.
    pub name: String,
    pub kind: OutputType,
    pub description: Option<String>,
    /// The default as written.
    pub default: Option<Value>,
    /// Whatever it is set to has to be one of them.
    pub allowed_values: Option<Vec<Value>>,
    /// Whatever it is set to has to match it as a whole.
    pub allowed_pattern: Option<Pattern>,
}

#[derive(Debug, Clone)]
pub struct Step {
    /// Unique in the document, loops included.
    pub name: String,
    pub action: ActionKind,
    pub description: Option<String>,
    /// As written, in the order of the document; of a loop including its `Steps`.
    pub inputs: Map<String, Value>,
    /// A number, a text that spells one, or a reference.
    pub max_attempts: Option<Value>,
    /// A number, a text that spells one, or a reference.
    pub timeout_seconds: Option<Value>,
    /// As written: `None` means [`OnFailure::Abort`].
    pub on_failure: Option<OnFailure>,
    /// As written: `None` means [`OnCancel::Abort`].
    pub on_cancel: Option<OnCancel>,
    /// A Boolean, a text that spells one, or a reference.
    pub is_critical: Option<Value>,
    /// A Boolean, a text that spells one, or a reference.
    pub is_end: Option<Value>,
    /// The step after success.
    pub next_step: Option<String>,
    /// The outputs it declares.
    pub outputs: Vec<StepOutput>,
    /// The inputs that steer the execution, read.
    pub body: StepBody,
}

/// The inputs of a step that steer the execution.
#[derive(Debug, Clone)]
pub enum StepBody {
    /// Nothing beyond its inputs.
    Plain,
    /// `aws:branch`
    Branch {
        /// The list is never empty.
        choices: Vec<Choice>,
        /// Where to go when no choice holds.
        default: Option<String>,
    },
    /// `aws:loop`: either `iterators` or `condition` is given.
    Loop {
        /// The list is never empty.
        steps: Vec<Step>,
        /// A list or a reference to one.
        iterators: Option<Value>,
        /// The kind of the iterators.
        iterator_type: OutputType,
        /// Goes round while it holds after the body.
        condition: Option<Box<Condition>>,
        /// A number, a text that spells one, or a reference.
        max_iterations: Option<Value>,
    },
}

/// A way out of a branch.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// When it is taken.
    pub condition: Condition,
    pub next_step: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepOutput {
    pub name: String,
    /// Where in the answer it is.
    pub selector: Selector,
    pub kind: OutputType,
}

/// The step that follows a failure, or the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnFailure {
    /// It ends the execution.
    Abort,
    /// It goes on with the next step.
    Continue,
    /// The step of this name.
    Step(String),
}

/// The step that follows a cancel, or the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnCancel {
    /// It ends the execution.
    Abort,
    /// The step of this name.
    Step(String),
}

/// `step.Output`: an output of the execution.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OutputName {
    pub step: String,
    pub output: String,
}

/// An attachment that the document uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentFile {
    /// SHA-256 in lower-case hexadecimal digits.
    pub sha256: Option<String>,
    /// The size in bytes.
    pub size: Option<u64>,
}

impl fmt::Display for OutputName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.step, self.output)
    }
}
