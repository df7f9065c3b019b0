//! `aws:approve`: asks, and waits until enough approvers have approved or one has rejected.
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-approve.html>

use relay_core::id::Arn;
use serde_json::{Map, Value, json};

use super::next::{Next, Task};
use super::repeat::number;
use crate::actions::failure::phrase;
use crate::actions::{Done, Failure, FailureStage, FailureType};
use crate::event::{Decision, Event, Wait};
use crate::state::{Detail, State, StepState, approval_outputs};

const APPROVERS: usize = 10;
const MESSAGE: usize = 4_096;

/// The notification that asks for an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApprovalRequest {
    pub(crate) topic: String,
    pub(crate) subject: String,
    pub(crate) message: String,
}

/// The inputs of the step.
struct Inputs<'a> {
    approvers: Vec<&'a str>,
    least: usize,
    topic: Option<&'a str>,
    message: &'a str,
}

pub(super) fn enter(place: u32, step: &StepState) -> Next {
    match read(&step.inputs) {
        Ok(Inputs { topic: Some(_), .. }) => Next::act(place, step, Task::Ask),
        Ok(_) => Next::event(Event::Waits { step: place, wait: Wait::Approval }),
        Err(error) => Next::invalid(place, &error),
    }
}

fn read(inputs: &Map<String, Value>) -> Result<Inputs<'_>, String> {
    let text = |name| inputs.get(name).and_then(Value::as_str);
    let enhanced = inputs.get("EnhancedApprovals").and_then(|all| all.get("Approvers"));
    let approvers: Vec<_> = match inputs.get("Approvers").or(enhanced) {
        Some(Value::Array(items)) => items.iter().filter_map(approver).collect(),
        Some(Value::String(one)) => vec![one.as_str()],
        _ => Vec::new(),
    };
    if approvers.is_empty() || approvers.len() > APPROVERS {
        return Err(format!("Approvers must name 1 to {APPROVERS} principals"));
    }
    let least = match inputs.get("MinRequiredApprovals") {
        // A change template asks each of its approvers.
        None if !inputs.contains_key("Approvers") => approvers.len(),
        None => 1,
        Some(value) => number(value)
            .and_then(|least| usize::try_from(least).ok())
            .filter(|least| (1..=approvers.len()).contains(least))
            .ok_or("MinRequiredApprovals must be at least 1 and at most the number of Approvers")?,
    };
    let message = text("Message").unwrap_or_default();
    if message.chars().count() > MESSAGE {
        return Err(format!("Message is longer than {MESSAGE} characters"));
    }
    let topic = text("NotificationArn").filter(|arn| !arn.is_empty());
    let named_so =
        |arn: &str| arn.rsplit(':').next().is_some_and(|name| name.starts_with("Automation"));
    if topic.is_some_and(|arn| !named_so(arn)) {
        return Err(
            "The name of the topic of NotificationArn must begin with Automation".to_owned()
        );
    }
    Ok(Inputs { approvers, least, topic, message })
}

/// An item of `Approvers`, or of those of `EnhancedApprovals`: a map that names one.
fn approver(item: &Value) -> Option<&str> {
    item.as_str().or_else(|| item.get("approver")?.as_str())
}

/// The notification that asks for approval.
pub(crate) fn ask(state: &State, step: &StepState) -> Option<ApprovalRequest> {
    let inputs = read(&step.inputs).ok()?;
    let submission = &state.submission;
    let name = state.document.step(step.def).map(|def| def.name.as_str()).unwrap_or_default();
    let message = json!({
        "message": inputs.message,
        "automationExecutionId": state.id.to_string(),
        "stepName": name,
        "documentName": submission.document_name,
        "approvers": inputs.approvers,
        "minRequiredApprovals": inputs.least,
        "accountId": submission.account,
        "region": submission.region,
    });
    Some(ApprovalRequest {
        topic: inputs.topic?.to_owned(),
        subject: "AWS Systems Manager Automation: approval required".to_owned(),
        message: message.to_string(),
    })
}

/// The next step after the decisions so far.
pub(super) fn evaluate(place: u32, step: &StepState, decisions: &[Decision]) -> Next {
    let inputs = match read(&step.inputs) {
        Ok(inputs) => inputs,
        Err(error) => return Next::invalid(place, &error),
    };
    if let Some(rejection) = decisions.iter().find(|decision| !decision.approved) {
        let mut rejected = Failure::new(
            FailureStage::Invocation,
            FailureType::Action,
            phrase::POLL,
            &format!("The approval was rejected by {}", rejection.by),
        );
        rejected.outputs = approval_outputs("Rejected", decisions);
        return Next::fail(place, rejected);
    }
    if decisions.len() < inputs.least {
        return Next::Wait(None);
    }
    Next::succeed(
        place,
        Done { outputs: approval_outputs("Approved", decisions), ..Done::default() },
    )
}

/// Which item of `Approvers` a principal is, that has not decided yet.
///
/// # Errors
/// When the principal is not an approver of the step, or has decided already.
pub(crate) fn open_approver(step: &StepState, account: &str, by: &str) -> Result<String, String> {
    let Detail::Approval(decisions) = &step.detail else {
        return Err("The step does not wait for an approval".to_owned());
    };
    let inputs = read(&step.inputs)?;
    let decided = |approver: &str| decisions.iter().any(|decision| decision.approver == approver);
    let mut matching =
        inputs.approvers.iter().filter(|approver| is(approver, account, by)).peekable();
    if matching.peek().is_none() {
        return Err(format!("{by} is not an approver of this step"));
    }
    // A principal counts once, however many items name it.
    if decisions.iter().any(|decision| decision.by == by) {
        return Err(format!("{by} has decided already"));
    }
    let open = matching.find(|approver| !decided(approver));
    open.map(|approver| (*approver).to_owned()).ok_or_else(|| format!("{by} has decided already"))
}

/// Whether a principal is an approver: a user by name or ARN, anyone in a role by its ARN, one
/// session of a role by its own.
fn is(approver: &str, account: &str, by: &str) -> bool {
    if approver == by {
        return true;
    }
    let Some(by) = identity(by) else {
        return false;
    };
    if let Some(user) = by.resource.strip_prefix("user/") {
        let name = user.rsplit('/').next().unwrap_or(user);
        return by.account == account && approver == name;
    }
    let session = by.resource.strip_prefix("assumed-role/").and_then(|rest| rest.split_once('/'));
    let approver = identity(approver);
    let role = approver.as_ref().and_then(|arn| Some((arn, arn.resource.strip_prefix("role/")?)));
    match (session, role) {
        (Some((session_role, _)), Some((approver, role))) => {
            approver.account == by.account && role.rsplit('/').next() == Some(session_role)
        }
        _ => false,
    }
}

fn identity(arn: &str) -> Option<Arn> {
    arn.parse().ok().filter(|arn: &Arn| matches!(arn.service.as_str(), "iam" | "sts"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "111122223333";

    #[test]
    fn approvers_are_users_by_name_or_arn_roles_and_sessions() {
        let user = "arn:aws:iam::111122223333:user/ops/Alice";
        let session = "arn:aws:sts::111122223333:assumed-role/Approvers/alice";
        for (approver, by, expected) in [
            ("Alice", user, true),
            (user, user, true),
            ("alice", user, false),
            ("Alice", "arn:aws:iam::444455556666:user/Alice", false),
            ("arn:aws:iam::111122223333:role/Approvers", session, true),
            ("arn:aws:iam::111122223333:role/path/Approvers", session, true),
            ("arn:aws:iam::444455556666:role/Approvers", session, false),
            ("arn:aws:iam::111122223333:role/Other", session, false),
            (session, session, true),
            ("arn:aws:sts::111122223333:assumed-role/Approvers/bob", session, false),
            ("Approvers", session, false),
            ("arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:root", true),
        ] {
            assert_eq!(is(approver, HERE, by), expected, "{approver} {by}");
        }
    }

    #[test]
    fn inputs_keep_to_the_documented_limits() {
        let reads = |inputs: Value| read(inputs.as_object().unwrap()).map(|inputs| inputs.least);
        let many: Vec<_> = (0..11).map(|n| format!("user{n}")).collect();
        assert_eq!(reads(json!({"Approvers": ["a", "b"], "MinRequiredApprovals": 2})), Ok(2));
        assert_eq!(reads(json!({"Approvers": ["a"]})), Ok(1));
        for bad in [
            json!({}),
            json!({"Approvers": []}),
            json!({"Approvers": many}),
            json!({"Approvers": ["a"], "MinRequiredApprovals": 2}),
            json!({"Approvers": ["a"], "MinRequiredApprovals": 0}),
            json!({"Approvers": ["a"], "Message": "x".repeat(4_097)}),
            json!({"Approvers": ["a"], "NotificationArn": "arn:aws:sns:eu-west-1:111122223333:Approvals"}),
        ] {
            assert!(reads(bad.clone()).is_err(), "{bad}");
        }
    }
}
