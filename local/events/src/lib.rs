//! EventBridge delivery for the local AWS: an event that has arrived on a bus is taken to the
//! targets of the rules that matched it, as EventBridge does.
//!
//! Here are: input transformation, permissions of targets, retries, dead letters, forwarding
//! between buses, the knobs that make delivery as unpleasant as AWS promises it may be, and a
//! record of what became of each delivery. What is not: pattern matching, policies and the
//! targets themselves. Those are asked for through [`DeliveryPort`].
//!
//! Facts that AWS's documentation leaves open (what a dead letter's body is, what an absent path
//! renders to, how far buses forward) follow observations of the real service of September 2026.
//!
//! Time enters through the clock given to [`Deliverer::new`] and through tokio's timers.

mod bus;
mod classify;
mod dead_letter;
mod deliver;
mod delivery;
mod failure;
mod forward;
mod input;
mod knobs;
mod path;
mod permission;
mod port;
mod record;
mod retry;
mod target;
mod template;

pub use bus::BusRef;
pub use deliver::{Deliverer, Now};
pub use failure::{DeliveryFailure, ErrorCode};
pub use knobs::{Knobs, SsmStatus};
pub use port::{
    Action, Caller, DeliveryPort, MatchedRule, Matches, PortError, ResourcePolicyCheck,
    ResourceVerdict, RoleCheck, RoleVerdict, TargetCall,
};
pub use record::{DeliveryOutcome, Record};
pub use target::{
    DeadLetterConfig, InputTransformer, RetryPolicy, RuleTarget, RunCommandParameters,
    RunCommandTarget, SqsParameters,
};
