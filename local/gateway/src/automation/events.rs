//! Status changes of executions as EventBridge events on the default bus of their account.

use std::sync::Arc;

use engine::ports::{Events, StatusChange, StatusEvent};
use events::BusRef;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::events::Delivery;

/// Where the engine's events go.
pub(super) struct StatusEvents(Arc<Delivery>);

impl StatusEvents {
    /// Through the deployed rules.
    pub(super) fn new(delivery: Arc<Delivery>) -> Self {
        Self(delivery)
    }
}

impl Events for StatusEvents {
    fn emit(&self, change: StatusChange) {
        let event = change.event();
        let envelope = envelope(&event);
        self.0.deliver(BusRef::default_of(event.account, event.region), envelope);
    }
}

/// The whole envelope. Its id is derived from what it says, so that a repeat has the same.
fn envelope(event: &StatusEvent) -> Value {
    let StatusEvent { account, region, detail_type, time, resources, detail } = event;
    let said = format!("{detail_type} {time} {resources:?} {detail}");
    json!({
        "version": "0",
        "id": Uuid::new_v5(&Uuid::NAMESPACE_OID, said.as_bytes()),
        "detail-type": detail_type,
        "source": "aws.ssm",
        "account": account,
        // EventBridge's times have no fraction.
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": region,
        "resources": resources,
        "detail": detail,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_the_envelope_that_rules_match() {
        let event = StatusEvent {
            account: "123456789012".into(),
            region: "us-east-2".into(),
            detail_type: "EC2 Automation Execution Status-change Notification",
            time: "2016-11-29T19:43:35.512Z".parse().unwrap(),
            resources: vec!["arn:aws:ssm:us-east-2:123456789012:automation-execution/333".into()],
            detail: json!({"Status": "Success"}),
        };
        let first = envelope(&event);
        assert_eq!(first["time"], "2016-11-29T19:43:35Z");
        assert_eq!(first["source"], "aws.ssm");
        assert_eq!(first["id"], envelope(&event)["id"]);
        let other = StatusEvent { detail: json!({"Status": "Failed"}), ..event };
        assert_ne!(first["id"], envelope(&other)["id"]);
    }
}
