//! What holds a remediation back, decided before an execution exists.
//!
//! Pure: [`next`] says what to look up or to write next, and at last what is decided. The brakes'
//! memory is a table; every take is one conditional write, described as data here and performed by
//! whoever has a client. There are no transactions: what a later brake refuses gives back what the
//! earlier ones took, and each take may be repeated without taking twice.

mod control;
mod deliberation;
pub mod digest;
mod held_back;
mod once;
mod recorded;
pub mod takes;

pub use control::Control;
pub use deliberation::{
    AlarmNow, CalendarState, Case, Decision, Facts, Look, Step, Take, TakeAnswer, Verdict, next,
};
pub use held_back::{Brake, HeldBack};
pub use once::{once, once_key};
pub use recorded::{Decided, Recorded};

#[cfg(test)]
mod tests;
