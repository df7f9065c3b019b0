//! The size of an execution's history and the times in it.

use std::time::Duration;

use anyhow::{Context, Result};
use aws_sdk_sfn::types::{HistoryEvent, HistoryEventType};

/// The largest input, output or set of parameters in any event, in bytes.
pub(super) fn largest_state(history: &[HistoryEvent]) -> usize {
    history.iter().flat_map(payloads).map(str::len).max().unwrap_or_default()
}

fn payloads(event: &HistoryEvent) -> Vec<&str> {
    let entered = event.state_entered_event_details().and_then(|d| d.input());
    let exited = event.state_exited_event_details().and_then(|d| d.output());
    let scheduled = event.task_scheduled_event_details().map(|d| d.parameters());
    let task = event.task_succeeded_event_details().and_then(|d| d.output());
    let started = event.execution_started_event_details().and_then(|d| d.input());
    let succeeded = event.execution_succeeded_event_details().and_then(|d| d.output());
    [entered, exited, scheduled, task, started, succeeded].into_iter().flatten().collect()
}

/// From the Map's beginning to its end: every owner and Region shared.
pub(super) fn map_took(history: &[HistoryEvent]) -> Result<Duration> {
    took(history, HistoryEventType::MapStateEntered, HistoryEventType::MapStateExited)
}

/// From the execution's beginning to its end.
pub(super) fn execution_took(history: &[HistoryEvent]) -> Result<Duration> {
    took(history, HistoryEventType::ExecutionStarted, HistoryEventType::ExecutionSucceeded)
}

#[expect(clippy::needless_pass_by_value, reason = "an event's type is a word")]
fn took(
    history: &[HistoryEvent],
    first: HistoryEventType,
    last: HistoryEventType,
) -> Result<Duration> {
    let at = |wanted: &HistoryEventType| {
        let event = history.iter().find(|event| event.r#type == *wanted);
        let event = event.with_context(|| format!("the history has no {wanted}"))?;
        anyhow::Ok(event.timestamp.as_secs_f64())
    };
    Ok(Duration::from_secs_f64((at(&last)? - at(&first)?).max(0.0)))
}

#[cfg(test)]
mod tests {
    use aws_sdk_sfn::primitives::DateTime;
    use aws_sdk_sfn::types::{StateEnteredEventDetails, TaskSucceededEventDetails};

    use super::*;

    fn event(kind: HistoryEventType, at: f64) -> aws_sdk_sfn::types::builders::HistoryEventBuilder {
        HistoryEvent::builder().id(1).r#type(kind).timestamp(DateTime::from_secs_f64(at))
    }

    #[test]
    fn the_largest_payload_counts_wherever_it_is() {
        let entered = StateEnteredEventDetails::builder().name("a").input("{}").build().unwrap();
        let task = TaskSucceededEventDetails::builder()
            .resource_type("lambda")
            .resource("invoke")
            .output("x".repeat(77));
        let history = [
            event(HistoryEventType::PassStateEntered, 0.0)
                .state_entered_event_details(entered)
                .build()
                .unwrap(),
            event(HistoryEventType::TaskSucceeded, 0.0)
                .task_succeeded_event_details(task.build().unwrap())
                .build()
                .unwrap(),
        ];
        assert_eq!(largest_state(&history), 77);
    }

    #[test]
    fn the_maps_time_is_from_entering_to_leaving_it() {
        let history = [
            event(HistoryEventType::MapStateEntered, 10.5).build().unwrap(),
            event(HistoryEventType::MapStateExited, 12.0).build().unwrap(),
        ];
        assert_eq!(map_took(&history).unwrap(), Duration::from_millis(1500));
        assert!(execution_took(&history).is_err());
    }
}
