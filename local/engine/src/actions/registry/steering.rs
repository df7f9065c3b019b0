//! The actions that steer an execution: `decide` runs them.

use std::time::Duration;

use runbook::ActionKind;

use super::{Entry, Others, Recovery, Runner, optional, required};
use crate::actions::failure::phrase;

const fn control(action: ActionKind, timeout: Option<Duration>) -> Entry {
    Entry {
        action,
        runner: Runner::Decision,
        inputs: &[],
        others: Others::Refused,
        outputs: &[],
        timeout,
        recovery: Recovery::Replay,
        waiting: phrase::EXECUTE,
    }
}

pub(super) const APPROVE: Entry = Entry {
    inputs: &[
        optional("Approvers"),
        optional("NotificationArn"),
        optional("Message"),
        optional("MinRequiredApprovals"),
        optional("EnhancedApprovals"),
    ],
    outputs: &["ApprovalStatus", "ApproverDecisions"],
    ..control(ActionKind::Approve, Some(Duration::from_secs(604_800)))
};

pub(super) const BRANCH: Entry = Entry {
    inputs: &[required("Choices"), optional("Default")],
    ..control(ActionKind::Branch, None)
};

pub(super) const EXECUTE_AUTOMATION: Entry = Entry {
    inputs: &[
        required("DocumentName"),
        optional("DocumentVersion"),
        optional("RuntimeParameters"),
        optional("MaxConcurrency"),
        optional("MaxErrors"),
        optional("Tags"),
        optional("TargetLocations"),
        optional("TargetMaps"),
        optional("TargetParameterName"),
        optional("Targets"),
    ],
    outputs: &["Output", "ExecutionId", "Status"],
    // The child has limits of its own; an hour would cut off its approvals.
    ..control(ActionKind::ExecuteAutomation, None)
};

pub(super) const LOOP: Entry = Entry {
    inputs: &[
        required("Steps"),
        optional("Iterators"),
        optional("IteratorDataType"),
        optional("LoopCondition"),
        optional("MaxIterations"),
    ],
    outputs: &["CurrentIteration", "CurrentIteratorValue"],
    ..control(ActionKind::Loop, None)
};

pub(super) const PAUSE: Entry = control(ActionKind::Pause, None);

pub(super) const SLEEP: Entry = Entry {
    inputs: &[optional("Duration"), optional("Timestamp")],
    ..control(ActionKind::Sleep, Some(Duration::from_secs(604_799)))
};

pub(super) const UPDATE_VARIABLE: Entry = Entry {
    inputs: &[required("Name"), required("Value")],
    ..control(ActionKind::UpdateVariable, None)
};
