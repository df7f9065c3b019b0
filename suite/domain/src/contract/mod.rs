//! What state machines and functions say to each other: JSON, camelCase, as ARCHITECTURE.md lists
//! it. Inputs are strict on what is required and tolerant of fields they do not know.

mod functions;
mod machine;
mod recovery;
mod remediation;
pub mod storage;

pub use functions::{
    CheckMembershipInput, CheckMembershipOutput, ErrorOutput, Membership, PlanSharesInput,
    PlanSharesOutput, PublishOutcomeInput, PublishOutcomeOutput, Published, ShareCounts,
    ShareDetails, ShareDocumentsInput, ShareDocumentsOutput, ShareReport, WorkItem,
};
pub use machine::{
    AwaitMembershipInput, ExecutionRef, MachineInput, MembershipRequest, Scope, ShareRunbooksInput,
    Trigger, TriggerKind,
};
pub use recovery::{ExecutionStatusChange, RecoverOutcomesInput, StatusChangeDetail};
pub use remediation::{
    ChildReport, FollowAutomationInput, FollowAutomationOutput, PendingRun, RunReport, Seen,
    StartAutomationInput, StartAutomationOutput, StartedRun, VerifyRecoveryInput,
    VerifyRecoveryOutput, WaitingFor,
};
pub use storage::S3Object;

#[cfg(test)]
mod tests;
