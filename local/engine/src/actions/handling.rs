//! How the engine runs an action, and what becomes of an attempt that a restart interrupts.

use futures::future::BoxFuture;

use super::call::{Call, Done};
use super::failure::{Failure, phrase};

/// How the engine runs an action.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handling {
    pub(crate) runner: Runner,
    pub(crate) recovery: Recovery,
    /// The phase of a step that takes long: "Step timed out while step is …".
    pub(crate) waiting: &'static str,
}

/// One attempt of an action.
pub(crate) type Attempt = for<'a> fn(&'a Call<'a>) -> BoxFuture<'a, Result<Done, Failure>>;

/// The part of the engine that runs an action.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Runner {
    /// An attempt that calls AWS, a script or a webhook.
    Attempt(Attempt),
    /// `decide`: the action steers the execution.
    Decision,
}

/// The treatment of an attempt that was in flight at a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recovery {
    /// It runs again with the same token, by which AWS knows the repeat.
    Token,
    /// It first looks, by a name or id of its own, for what the earlier try did.
    NaturalKey,
    /// It runs again: twice does what once does.
    Idempotent,
    /// It runs again if the call only reads, or carries a token; else [`Recovery::Interrupted`].
    ByCall,
    /// It fails as `Interrupted`; `maxAttempts` decides.
    Interrupted,
    /// Nothing is run again: the execution's own state says where it was.
    Replay,
}

impl Handling {
    /// An action that steers the execution.
    pub(super) const STEERING: Self =
        Self { runner: Runner::Decision, recovery: Recovery::Replay, waiting: phrase::EXECUTE };

    /// An action that runs as an attempt.
    pub(super) const fn new(recovery: Recovery, attempt: Attempt) -> Self {
        Self { runner: Runner::Attempt(attempt), recovery, waiting: phrase::POLL }
    }

    pub(super) const fn waiting(self, waiting: &'static str) -> Self {
        Self { waiting, ..self }
    }
}
