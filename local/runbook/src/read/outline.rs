//! How steps follow one another, of a document that may be broken elsewhere.

use yaml_tree::Position;

use crate::action::ActionKind;

/// A step, as far as the flow of execution goes.
#[derive(Debug)]
pub(crate) struct Outline {
    /// `None` if it is missing or invalid.
    pub(crate) name: Option<String>,
    /// Where the name is, or the step that has none.
    pub(crate) named_at: Position,
    pub(crate) at: Position,
    pub(crate) path: String,
    /// `None` if it is missing or unknown.
    pub(crate) action: Option<ActionKind>,
    pub(crate) links: Vec<Link>,
    /// Whether the next step in order may follow.
    pub(crate) goes_on: bool,
    /// The steps of a loop.
    pub(crate) inner: Vec<Outline>,
}

/// That a step names another.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) to: String,
    pub(crate) kind: LinkKind,
    pub(crate) at: Position,
    pub(crate) path: String,
}

/// The key that leads to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkKind {
    NextStep,
    OnFailure,
    OnCancel,
    Choices,
    Default,
}

impl LinkKind {
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::NextStep => "nextStep",
            Self::OnFailure => "onFailure",
            Self::OnCancel => "onCancel",
            Self::Choices => "Choices",
            Self::Default => "Default",
        }
    }
}
