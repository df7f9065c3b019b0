//! Guardrails: they keep a matching rule from starting a run, decided before an execution exists.
//!
//! Pure: [`next`] says what to ask or to take next, and in the end what is decided. Guardrails that
//! need a memory ask for [`Take`]s in the words of this crate; the owner of the memory performs
//! them, each by itself and safe to repeat. There are no transactions: when a later guardrail
//! objects, what earlier ones took is [released](Release).
//!
//! To add a guardrail: its name, code and line in `order.rs`, its check in `checks.rs`, and where it
//! remembers something other than runs a [`Take`] with its [`Release`].

mod checks;
mod control;
mod deliberation;
pub mod digest;
mod order;
mod record;
mod suppression;
mod take;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod unlock;

pub use control::Control;
pub use deliberation::{
    AlarmNow, CalendarState, Case, Decision, Facts, GuardVerdict, MemoryNow, Question, Step, next,
};
pub use order::{Guardrail, takes};
pub use record::{Conclusion, DecisionRecord};
pub use suppression::Suppression;
pub use take::{Release, Take, TakeAnswer, Taker};
pub use unlock::{CoolDown, Extent, HeldLock, Unlock, UnlockInput, UnlockNote, Unlocked};

#[cfg(test)]
mod tests;
