//! Whose child an execution is, and under whose authority it acts.

use crate::event::Parent;
use crate::ports::Actor;

/// Whose child an execution is to be.
#[derive(Default)]
pub(super) struct Ancestry {
    pub(super) parent: Option<Parent>,
    pub(super) authority: Authority,
}

/// Under whose authority an execution is to be.
#[derive(Default)]
pub(super) enum Authority {
    /// As its document says.
    #[default]
    Own,
    /// As its parent, whose role could be assumed.
    Inherited(Actor),
    /// This role, whatever its document says.
    Through(Actor),
}
