//! The EventBridge events of a status change.
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/reference-eventbridge-events.html>

use jiff::Timestamp;
use jiff::tz::Offset;
use serde_json::{Map, Value, json};

use super::{Changes, State};
use crate::arn;
use crate::ports::StatusEvent;
use crate::status::Status;

const EXECUTION: &str = "EC2 Automation Execution Status-change Notification";
const STEP: &str = "EC2 Automation Step Status-change Notification";

impl State {
    /// The events about these changes, which have just happened.
    pub(crate) fn notices(&self, changes: Changes, now: Timestamp, into: &mut Vec<StatusEvent>) {
        if let Some((place, status)) = changes.step {
            let step = self.step_notice(place, status, now);
            into.extend(step.map(|detail| self.notice(STEP, now, detail)));
        }
        if let Some(status) = changes.execution {
            into.push(self.notice(EXECUTION, now, self.execution_notice(status, now)));
        }
    }

    fn notice(&self, detail_type: &'static str, time: Timestamp, detail: Value) -> StatusEvent {
        let submission = &self.submission;
        let definition = arn::definition(
            &submission.region,
            &submission.account,
            &submission.document_name,
            &submission.document_version,
        );
        StatusEvent {
            account: submission.account.clone(),
            region: submission.region.clone(),
            detail_type,
            time,
            resources: vec![self.arn(), definition],
            detail,
        }
    }

    fn execution_notice(&self, status: Status, now: Timestamp) -> Value {
        let mut detail = self.common(status, self.submitted_at, now);
        detail.insert("ExecutedBy".into(), self.submission.executed_by.clone().into());
        detail.into()
    }

    fn step_notice(&self, place: u32, status: Status, now: Timestamp) -> Option<Value> {
        let (started_at, name, action) = if self.has_targets() {
            let target = self.targets.as_ref()?.children.get(place as usize)?;
            (target.started_at?, target.child.name.clone(), "aws:executeAutomation")
        } else {
            let step = self.step(place)?;
            let def = self.document.step(step.def)?;
            (step.started_at, def.name.clone(), def.action.name())
        };
        let mut detail = self.common(status, started_at, now);
        detail.insert("StepName".into(), name.into());
        detail.insert("Action".into(), action.into());
        Some(detail.into())
    }

    fn common(&self, status: Status, started_at: Timestamp, now: Timestamp) -> Map<String, Value> {
        let submission = &self.submission;
        let mut detail = Map::new();
        detail.insert("ExecutionId".into(), self.id.to_string().into());
        detail.insert("Definition".into(), submission.document_name.clone().into());
        let version: f64 = submission.document_version.parse().unwrap_or(1.0);
        detail.insert("DefinitionVersion".into(), json!(version));
        // AWS's events spell it with one l, its API with two.
        let spelled = if status == Status::Cancelled { "Canceled" } else { status.name() };
        detail.insert("Status".into(), spelled.into());
        detail.insert("StartTime".into(), date(started_at).into());
        if status.is_terminal() {
            detail.insert("EndTime".into(), date(now).into());
            let took = now.as_millisecond() - started_at.as_millisecond();
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
