//! The EventBridge events of a status change.
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/reference-eventbridge-events.html>

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::Offset;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Changes, State};
use crate::arn;
use crate::document::Document;
use crate::event::Submission;
use crate::ports::StatusEvent;
use crate::status::Status;

const EXECUTION: &str = "EC2 Automation Execution Status-change Notification";
const STEP: &str = "EC2 Automation Step Status-change Notification";

/// A change of status, before anybody has asked for the event: most runs have no listener, and the
/// text of an event costs more than the step that it is about.
#[derive(Clone, Debug)]
pub struct StatusChange {
    id: Uuid,
    submission: Arc<Submission>,
    document: Arc<Document>,
    subject: Subject,
    status: Status,
    started_at: Timestamp,
    at: Timestamp,
}

/// The part of an execution whose status changed.
#[derive(Clone, Debug)]
enum Subject {
    Execution,
    /// A step, by its place in the document.
    Step(u32),
    /// The child of a target or of a location, by its name.
    Target(String),
}

impl State {
    /// The changes of status that have just happened.
    pub(crate) fn notices(&self, changes: Changes, now: Timestamp, into: &mut Vec<StatusChange>) {
        if let Some((place, status)) = changes.step {
            let step = self.changed_step(place);
            into.extend(step.map(|(subject, from)| self.notice(subject, status, from, now)));
        }
        if let Some(status) = changes.execution {
            into.push(self.notice(Subject::Execution, status, self.submitted_at, now));
        }
    }

    fn notice(
        &self,
        subject: Subject,
        status: Status,
        started_at: Timestamp,
        at: Timestamp,
    ) -> StatusChange {
        StatusChange {
            id: self.id,
            submission: Arc::clone(&self.submission),
            document: Arc::clone(&self.document),
            subject,
            status,
            started_at,
            at,
        }
    }

    fn changed_step(&self, place: u32) -> Option<(Subject, Timestamp)> {
        if self.has_targets() {
            let target = self.targets.as_ref()?.children.get(place as usize)?;
            return Some((Subject::Target(target.child.name.clone()), target.started_at?));
        }
        let step = self.step(place)?;
        Some((Subject::Step(step.def), step.started_at))
    }
}

impl StatusChange {
    /// The event as EventBridge delivers it.
    #[must_use]
    pub fn event(&self) -> StatusEvent {
        let submission = &self.submission;
        let (account, region) = (&submission.account, &submission.region);
        let (name, version) = (&submission.document_name, &submission.document_version);
        let mut detail = self.common();
        let detail_type = match &self.subject {
            Subject::Execution => {
                detail.insert("ExecutedBy".into(), submission.executed_by.clone().into());
                EXECUTION
            }
            Subject::Step(def) => {
                if let Some(step) = self.document.step(*def) {
                    detail.insert("StepName".into(), step.name.clone().into());
                    detail.insert("Action".into(), step.action.name().into());
                }
                STEP
            }
            Subject::Target(name) => {
                detail.insert("StepName".into(), name.clone().into());
                detail.insert("Action".into(), "aws:executeAutomation".into());
                STEP
            }
        };
        StatusEvent {
            account: account.clone(),
            region: region.clone(),
            detail_type,
            time: self.at,
            resources: vec![
                arn::execution(region, account, self.id),
                arn::definition(region, account, name, version),
            ],
            detail: detail.into(),
        }
    }

    fn common(&self) -> Map<String, Value> {
        let Self { submission, status, started_at, at, .. } = self;
        let mut detail = Map::new();
        detail.insert("ExecutionId".into(), self.id.to_string().into());
        detail.insert("Definition".into(), submission.document_name.clone().into());
        let version: f64 = submission.document_version.parse().unwrap_or(1.0);
        detail.insert("DefinitionVersion".into(), json!(version));
        // AWS's events spell it with one l, its API with two.
        let spelled = if *status == Status::Cancelled { "Canceled" } else { status.name() };
        detail.insert("Status".into(), spelled.into());
        detail.insert("StartTime".into(), date(*started_at).into());
        if status.is_terminal() {
            detail.insert("EndTime".into(), date(*at).into());
            let took = at.as_millisecond() - started_at.as_millisecond();
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of a run are few")]
            detail.insert("Time".into(), json!(took as f64));
        }
        detail
    }
}

/// `MMM d, yyyy h:mm:ss a`, in UTC.
fn date(at: Timestamp) -> String {
    Offset::UTC.to_datetime(at).strftime("%b %-d, %Y %-I:%M:%S %p").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_as_in_the_documented_example() {
        let at: Timestamp = "2016-11-29T19:43:05Z".parse().unwrap();
        assert_eq!(date(at), "Nov 29, 2016 7:43:05 PM");
    }
}
