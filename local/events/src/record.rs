//! The end of each delivery, for people and tests to look at.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use serde::Serialize;

/// How one delivery ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    pub at: Timestamp,
    pub event_id: String,
    pub detail_type: String,
    /// The bus it arrived on, `account/region/name`.
    pub bus: String,
    /// The rule's ARN; none where the event did not get as far.
    pub rule: Option<String>,
    pub target: Option<String>,
    /// Attempts made at the target.
    pub attempts: u32,
    #[serde(flatten)]
    pub outcome: DeliveryOutcome,
}

/// How a delivery ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
pub enum DeliveryOutcome {
    /// The target took it.
    Delivered,
    /// The dead-letter queue took it.
    DeadLettered {
        queue: String,
        /// `ERROR_CODE`.
        code: String,
        /// `ERROR_MESSAGE`.
        message: String,
    },
    /// It was lost: no dead-letter queue took it.
    Dropped {
        /// `ERROR_CODE`, or why no attempt was made.
        code: String,
        /// The whole error message.
        message: String,
    },
}

/// The latest records, oldest first.
#[derive(Debug)]
pub(crate) struct Ring {
    capacity: usize,
    records: Mutex<VecDeque<Record>>,
}

impl Ring {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, records: Mutex::default() }
    }

    pub(crate) fn push(&self, record: Record) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() == self.capacity {
            records.pop_front();
        }
        records.push_back(record);
    }

    pub(crate) fn all(&self) -> Vec<Record> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(event_id: &str, outcome: DeliveryOutcome) -> Record {
        Record {
            at: Timestamp::UNIX_EPOCH,
            event_id: event_id.into(),
            detail_type: "t".into(),
            bus: "1/r/default".into(),
            rule: None,
            target: None,
            attempts: 0,
            outcome,
        }
    }

    #[test]
    fn only_the_latest_are_kept() {
        let ring = Ring::new(2);
        for id in ["a", "b", "c"] {
            ring.push(record(id, DeliveryOutcome::Delivered));
        }
        let ids: Vec<_> = ring.all().into_iter().map(|record| record.event_id).collect();
        assert_eq!(ids, ["b", "c"]);
    }

    #[test]
    fn a_record_reads_as_one_flat_object() {
        let dropped =
            DeliveryOutcome::Dropped { code: "NO_RESOURCE".into(), message: "gone".into() };
        assert_eq!(
            serde_json::to_value(record("a", dropped)).unwrap(),
            json!({"at": "1970-01-01T00:00:00Z", "eventId": "a", "detailType": "t",
                   "bus": "1/r/default", "rule": null, "target": null, "attempts": 0,
                   "outcome": "dropped", "code": "NO_RESOURCE", "message": "gone"})
        );
    }
}
