//! From bus to bus: how far an event may travel, and what it looks like when it arrives.
//!
//! An event goes to another bus of the same Region at most once, and to another Region at most
//! once; both in either order are possible. That also ends every loop.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    BusRef,
    failure::{DeliveryFailure, ErrorCode},
};

/// The hops an event has behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hops {
    within_region: bool,
    across_regions: bool,
}

impl Hops {
    /// With one more hop, or the refusal.
    pub(crate) fn and(
        self,
        from: &BusRef,
        to: &BusRef,
        event_id: &str,
    ) -> Result<Self, DeliveryFailure> {
        let refusal = |code| {
            let message = format!(
                "Event ingestion rejected for event {event_id} because an event can be sent to an \
                 event bus target only once. This event was previously delivered to an event bus \
                 target."
            );
            Err(DeliveryFailure::terminal(code, message))
        };
        if from.region == to.region {
            if self.within_region {
                return refusal(ErrorCode::ThirdAccountHopDetected);
            }
            return Ok(Self { within_region: true, ..self });
        }
        if self.across_regions {
            return refusal(ErrorCode::ThirdRegionHopDetected);
        }
        Ok(Self { across_regions: true, ..self })
    }
}

/// The envelope as the receiving bus sees it. Account and Region stay those of its origin; another
/// Region gives it an id and a time of its own.
pub(crate) fn received(envelope: &Value, from: &BusRef, to: &BusRef, now: Timestamp) -> Value {
    let mut received = envelope.clone();
    if from.region != to.region {
        let origin = format!("{}/{to}", envelope["id"].as_str().unwrap_or_default());
        received["id"] = json!(Uuid::new_v5(&Uuid::NAMESPACE_URL, origin.as_bytes()));
        received["time"] = json!(whole_seconds(now));
    }
    received
}

/// A time as envelopes carry it.
fn whole_seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bus(region: &str, name: &str) -> BusRef {
        BusRef { account: "111122223333".into(), region: region.into(), name: name.into() }
    }

    #[test]
    fn one_hop_within_a_region_and_one_across_are_the_most() {
        let (home, hub, away) =
            (bus("us-east-1", "a"), bus("us-east-1", "b"), bus("eu-west-1", "c"));
        let local = Hops::default().and(&home, &hub, "e").unwrap();
        let refused = local.and(&hub, &home, "e").unwrap_err();
        assert_eq!(refused.code, ErrorCode::ThirdAccountHopDetected);
        assert!(!refused.retryable);

        let both = local.and(&hub, &away, "e").unwrap();
        assert_eq!(
            both.and(&away, &home, "e").unwrap_err().code,
            ErrorCode::ThirdRegionHopDetected
        );
        let across = Hops::default().and(&home, &away, "e").unwrap();
        assert_eq!(across.and(&away, &bus("eu-west-1", "d"), "e"), Ok(both));
    }

    #[test]
    fn another_region_gives_a_new_id_and_time_and_keeps_the_origin() {
        let event = json!({"id": "e", "account": "1", "region": "us-east-1", "time": "t"});
        let now = "2026-01-02T03:04:05.678Z".parse().unwrap();
        let (from, to) = (bus("us-east-1", "default"), bus("eu-west-1", "hub"));
        assert_eq!(received(&event, &from, &bus("us-east-1", "hub"), now), event);

        let away = received(&event, &from, &to, now);
        assert_ne!(away["id"], event["id"]);
        assert_eq!(away["time"], "2026-01-02T03:04:05Z");
        assert_eq!((&away["account"], &away["region"]), (&event["account"], &event["region"]));
        assert_eq!(away, received(&event, &from, &to, now));
    }
}
