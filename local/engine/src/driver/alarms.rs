//! The alarm of an execution: the execution begins only while the alarm is not in ALARM, and is
//! cancelled when it is.
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-alarms.html>

use std::sync::{Arc, PoisonError};

use serde_json::{Map, Value, json};

use super::Engine;
use super::drive::Refused;
use super::execution::Execution;
use crate::request::{AlarmConfiguration, StopType};
use crate::view::TriggeredAlarm;

/// The state of an alarm that cannot be read.
const UNKNOWN: &str = "UNKNOWN";

impl Engine {
    /// Watches an execution's alarm until it ends or is cancelled. The execution begins after
    /// the first look.
    pub(super) fn watch(&self, execution: &Arc<Execution>) {
        let (me, execution) = (self.me.clone(), Arc::clone(execution));
        tokio::spawn(async move {
            loop {
                let Some(engine) = me.upgrade() else {
                    return;
                };
                let alarms = {
                    let state = execution.state();
                    if state.status.is_terminal() || state.is_cancelling() {
                        return;
                    }
                    state.submission.alarms.clone()
                };
                let Some(alarms) = alarms else {
                    return;
                };
                let triggered = engine.triggered(&execution, &alarms).await;
                if triggered.is_empty() {
                    engine.begin_now(&execution).await;
                } else if engine.may_stop(&execution, &triggered).await {
                    engine.stop_for_alarm(&execution, triggered).await;
                    return;
                }
                let interval =
                    *engine.alarm_interval.lock().unwrap_or_else(PoisonError::into_inner);
                let clock = Arc::clone(&engine.ports.clock);
                let until = engine.now().checked_add(interval).unwrap_or(jiff::Timestamp::MAX);
                drop(engine);
                clock.sleep_until(until).await;
            }
        });
    }

    /// Whether the execution's identity may stop the execution that its alarm wants stopped: `ssm:StopAutomationExecution`
    /// is one of the two permissions that alarms need (guide, automation-cw-alarm-monitoring). AWS does not say what
    /// happens without it; here the execution goes on, so that a missing permission is seen. An alarm that cannot be
    /// read ends the execution without it.
    async fn may_stop(&self, execution: &Arc<Execution>, triggered: &[TriggeredAlarm]) -> bool {
        if triggered.iter().all(|alarm| alarm.state == UNKNOWN) {
            return true;
        }
        // The call itself stops the execution where AWS is more than a test's double.
        execution.expect_alarms(triggered);
        let submission = execution.state().submitted();
        let mut parameters = Map::new();
        parameters.insert("AutomationExecutionId".into(), json!(execution.id.to_string()));
        parameters.insert("Type".into(), json!("Cancel"));
        match self.call(&submission, "ssm", "StopAutomationExecution", parameters).await {
            Ok(_) => true,
            Err(error) => {
                let error = error.message;
                tracing::warn!(execution = %execution.id, error, "the alarm may not stop the execution");
                false
            }
        }
    }

    async fn stop_for_alarm(&self, execution: &Arc<Execution>, triggered: Vec<TriggeredAlarm>) {
        let stopped = self.stop_execution(execution, StopType::Cancel, triggered).await;
        if let Err(Refused::Log(error)) = stopped {
            tracing::error!(execution = %execution.id, %error, "an alarm does not stop the execution");
        }
    }

    /// The alarms that end the execution now: those in ALARM, and those that cannot be read, unless
    /// the configuration ignores that.
    async fn triggered(
        &self,
        execution: &Execution,
        config: &AlarmConfiguration,
    ) -> Vec<TriggeredAlarm> {
        let submission = execution.state().submitted();
        let names: Vec<_> = config.alarms.iter().map(|alarm| alarm.name.as_str()).collect();
        let mut parameters = Map::new();
        parameters.insert("AlarmNames".into(), json!(names));
        parameters.insert("AlarmTypes".into(), json!(["MetricAlarm", "CompositeAlarm"]));
        let answer = self.call(&submission, "cloudwatch", "DescribeAlarms", parameters).await;
        let state = |name: &str| answer.as_ref().ok().and_then(|answer| state_of(answer, name));
        names
            .iter()
            .filter_map(|name| {
                let state = match state(name) {
                    Some("ALARM") => "ALARM",
                    Some(_) => return None,
                    None if config.ignore_poll_alarm_failure => return None,
                    None => UNKNOWN,
                };
                Some(TriggeredAlarm { name: (*name).to_owned(), state: state.to_owned() })
            })
            .collect()
    }
}

fn state_of<'a>(answer: &'a Value, name: &str) -> Option<&'a str> {
    let lists = ["MetricAlarms", "CompositeAlarms"];
    let alarms = lists.iter().filter_map(|list| answer.get(list)?.as_array()).flatten();
    let mut named =
        alarms.filter(|alarm| alarm.get("AlarmName").and_then(Value::as_str) == Some(name));
    named.next()?.get("StateValue")?.as_str()
}
