//! Tests of a runbook, `NAME.test.yaml` beside `NAME.yaml`: what is given, what is expected, and
//! whether it came so. `relay runbook test` runs them on the engine.

mod coverage;
mod format;
mod judge;
#[cfg(test)]
mod tests;

pub use coverage::Coverage;
pub use format::{
    Answer, Case, Child, CommandResult, Expected, FormatError, Given, Refusal, ScriptResult, Send,
    SignalGiven, Suite,
};
pub use judge::{Called, Ran, StepRan, fits, judge, same_operation};
