//! The bus: takes events, finds their rules, and sends each to each target on its own.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use api::Emission;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::watch;

use crate::{
    BusRef, DeliveryOutcome, DeliveryPort, ErrorCode, Knobs, Matches, Record, RetryPolicy,
    delivery::{Arrival, Delivery},
    forward::Hops,
    record::Ring,
    retry,
};

/// How many records are kept.
const RECORDS: usize = 1_000;

/// The local AWS's own clock.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// EventBridge's delivery. Clones are the same one. What is under way lives in memory: when the
/// process ends, it ends too.
pub struct Deliverer<E>(Arc<Inner<E>>);

struct Inner<E> {
    emulator: E,
    clock: Now,
    knobs: Mutex<Knobs>,
    records: Ring,
    arrivals: AtomicU64,
    under_way: watch::Sender<usize>,
}

impl<E> Clone for Deliverer<E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<E: DeliveryPort> Deliverer<E> {
    /// Nothing under way, all knobs at rest.
    pub fn new(emulator: E, clock: Now) -> Self {
        Self(Arc::new(Inner {
            emulator,
            clock,
            knobs: Mutex::default(),
            records: Ring::new(RECORDS),
            arrivals: AtomicU64::new(0),
            under_way: watch::Sender::new(0),
        }))
    }

    /// Takes an event as it stands. Returns at once; must be called within a tokio runtime.
    pub fn accept(&self, bus: BusRef, envelope: Value) {
        self.arrive(bus, envelope, Hops::default());
    }

    /// Takes an event that one of AWS's services sent.
    pub fn emit(&self, emission: Emission) {
        self.accept(BusRef::default_of(emission.account, emission.region), emission.envelope);
    }

    /// The knobs as they are.
    pub fn knobs(&self) -> Knobs {
        self.0.knobs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets the knobs for events that arrive from now on.
    pub fn set_knobs(&self, knobs: Knobs) {
        *self.0.knobs.lock().unwrap_or_else(PoisonError::into_inner) = knobs;
    }

    /// The latest deliveries that have ended, oldest first.
    pub fn records(&self) -> Vec<Record> {
        self.0.records.all()
    }

    /// Waits until nothing is under way, retries included.
    pub async fn settled(&self) {
        // The sender lives as long as self, so the channel cannot close.
        let _ = self.0.under_way.subscribe().wait_for(|under_way| *under_way == 0).await;
    }

    pub(crate) fn emulator(&self) -> &E {
        &self.0.emulator
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.0.clock)()
    }

    pub(crate) fn keep(&self, record: Record) {
        self.0.records.push(record);
    }

    pub(crate) fn arrive(&self, bus: BusRef, envelope: Value, hops: Hops) {
        let sequence = self.0.arrivals.fetch_add(1, Ordering::Relaxed);
        let arrival = Arrival { bus, envelope, hops, ingested: self.now(), sequence };
        let knobs = self.knobs();
        if knobs.drops(&arrival.envelope) {
            let message = "the delivery knobs drop this event".to_owned();
            let outcome = DeliveryOutcome::Dropped { code: "KNOB".into(), message };
            self.keep(arrival.record(arrival.ingested, 0, outcome));
            return;
        }
        self.spawn(|deliverer| async move { deliverer.fan_out(Arc::new(arrival), &knobs).await });
    }

    async fn fan_out(&self, arrival: Arc<Arrival>, knobs: &Knobs) {
        let Some(matches) = self.matching(&arrival).await else { return };
        if !matches.bus_exists {
            let message = format!("there is no bus {}", arrival.bus);
            let outcome =
                DeliveryOutcome::Dropped { code: ErrorCode::NoResource.as_str().into(), message };
            self.keep(arrival.record(self.now(), 0, outcome));
            return;
        }
        let mut sequence = retry::mix(arrival.sequence);
        for rule in matches.rules {
            for target in rule.targets {
                for copy in 1..=knobs.copies() {
                    let delivery = Delivery {
                        arrival: Arc::clone(&arrival),
                        rule_name: rule.name.clone(),
                        rule_arn: rule.arn.clone(),
                        target: target.clone(),
                        copy,
                    };
                    let delay = knobs.delay(sequence);
                    sequence = sequence.wrapping_add(1);
                    self.spawn(move |deliverer| async move {
                        tokio::time::sleep(delay).await;
                        delivery.run(&deliverer).await;
                    });
                }
            }
        }
    }

    /// Asks for as long as EventBridge would retry.
    async fn matching(&self, arrival: &Arrival) -> Option<Matches> {
        let age = RetryPolicy::default().maximum_event_age_in_seconds;
        let mut attempt = 0;
        loop {
            let error = match self.0.emulator.matching(&arrival.bus, &arrival.envelope).await {
                Ok(matches) => return Some(matches),
                Err(error) => error,
            };
            attempt += 1;
            tracing::warn!(bus = %arrival.bus, %error, attempt, "rules not found out");
            if self.now().duration_since(arrival.ingested) > SignedDuration::from_secs(age.into()) {
                let code = ErrorCode::InternalError.as_str().into();
                let outcome = DeliveryOutcome::Dropped { code, message: error.to_string() };
                self.keep(arrival.record(self.now(), attempt, outcome));
                return None;
            }
            tokio::time::sleep(retry::delay(arrival.sequence, attempt)).await;
        }
    }

    fn spawn<F>(&self, work: impl FnOnce(Self) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let guard = UnderWay::start(self);
        let future = work(self.clone());
        tokio::spawn(async move {
            let _guard = guard;
            future.await;
        });
    }
}

/// Counts a piece of work until it is dropped, however the work ends.
struct UnderWay<E>(Deliverer<E>);

impl<E> UnderWay<E> {
    fn start(deliverer: &Deliverer<E>) -> Self {
        deliverer.0.under_way.send_modify(|count| *count += 1);
        Self(deliverer.clone())
    }
}

impl<E> Drop for UnderWay<E> {
    fn drop(&mut self) {
        self.0.0.under_way.send_modify(|count| *count -= 1);
    }
}
