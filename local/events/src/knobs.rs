//! How unpleasant delivery is made for tests: repeats, disorder and loss, as AWS reserves for
//! itself. The same seed gives the same misfortunes.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::retry::mix;

/// The fate of the status events of SSM Automation, which AWS sends as best it can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SsmStatus {
    #[default]
    Deliver,
    Drop,
}

/// The settings of `POST /_relay/events/delivery` that concern delivery. One that is not named is
/// set back to its default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Knobs {
    /// How often each delivery is made; 0 and 1 mean once.
    pub duplicate: u32,
    /// Whether deliveries overtake each other within the window.
    pub shuffle: bool,
    /// The longest delay of a shuffled delivery, in milliseconds.
    pub window_ms: u64,
    /// Names of events that never arrive: `detail.eventName` or `detail-type`.
    pub drop: Vec<String>,
    /// Whether events of source `aws.ssm` arrive.
    pub ssm_status: SsmStatus,
    /// The seed of the disorder.
    pub seed: u64,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            duplicate: 1,
            shuffle: false,
            window_ms: 250,
            drop: Vec::new(),
            ssm_status: SsmStatus::Deliver,
            seed: 0,
        }
    }
}

impl Knobs {
    /// How many times a delivery is made.
    pub(crate) fn copies(&self) -> u32 {
        self.duplicate.max(1)
    }

    /// How long delivery number `sequence` is delayed.
    pub(crate) fn delay(&self, sequence: u64) -> Duration {
        if !self.shuffle {
            return Duration::ZERO;
        }
        Duration::from_millis(mix(self.seed ^ mix(sequence)) % (self.window_ms + 1))
    }

    /// Whether the event never arrives.
    pub(crate) fn drops(&self, envelope: &Value) -> bool {
        if self.ssm_status == SsmStatus::Drop && envelope["source"] == "aws.ssm" {
            return true;
        }
        [&envelope["detail"]["eventName"], &envelope["detail-type"]]
            .iter()
            .filter_map(|name| name.as_str())
            .any(|name| self.drop.iter().any(|dropped| dropped == name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn absent_members_have_defaults_and_unknown_ones_are_refused() {
        let knobs: Knobs = serde_json::from_value(json!({"duplicate": 2, "windowMs": 10})).unwrap();
        assert_eq!(knobs, Knobs { duplicate: 2, window_ms: 10, ..Knobs::default() });
        assert!(serde_json::from_value::<Knobs>(json!({"dupliacte": 2})).is_err());
    }

    #[test]
    fn status_events_of_automation_can_be_lost_for_themselves() {
        let knobs: Knobs = serde_json::from_value(json!({"ssmStatus": "drop"})).unwrap();
        let event = json!({"source": "aws.ssm",
            "detail-type": "EC2 Automation Execution Status-change Notification"});
        assert!(knobs.drops(&event));
        assert!(!knobs.drops(&json!({"source": "aws.organizations", "detail-type": "x"})));
        assert!(!Knobs::default().drops(&event));
    }

    #[test]
    fn shuffled_deliveries_are_held_back_within_the_window_and_differently_by_seed() {
        let delays = |seed| {
            let knobs = Knobs { shuffle: true, seed, ..Knobs::default() };
            (0..20).map(|n| knobs.delay(n)).collect::<Vec<_>>()
        };
        assert_eq!(delays(1), delays(1));
        assert_ne!(delays(1), delays(2));
        assert!(!delays(1).is_sorted());
        assert!(delays(1).iter().all(|delay| *delay <= Duration::from_millis(250)));
        assert_eq!(Knobs::default().delay(7), Duration::ZERO);
    }

    #[test]
    fn events_are_dropped_by_either_of_their_names() {
        let knobs = Knobs { drop: vec!["MoveAccount".into(), "Tick".into()], ..Knobs::default() };
        assert!(knobs.drops(&json!({"detail-type": "x", "detail": {"eventName": "MoveAccount"}})));
        assert!(knobs.drops(&json!({"detail-type": "Tick", "detail": {}})));
        assert!(!knobs.drops(&json!({"detail-type": "x", "detail": {"eventName": "Tock"}})));
    }
}
