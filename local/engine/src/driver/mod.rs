//! The engine's API: start, stop, signal, describe, tag.

mod alarms;
mod authority;
mod children;
mod documents;
mod drive;
mod effects;
mod execution;
mod index;
mod locations;
mod prepare;
mod resume;
mod retire;
mod signal;
mod start;
mod stop;
mod targets;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use uuid::Uuid;

use crate::actions::{self, Call, Done, Failure};
use crate::event::{Event, Idempotency, Wait};
use crate::log::{Log, LogError};
use crate::ports::{Aws, Clock, Directory, Documents, Events, Scripts, Webhooks};
use crate::quota::{Pools, Quotas};
use crate::request::Tag;
use crate::view::ExecutionView;
use documents::Library;
use execution::Execution;
use index::ExecutionIndex;
use retire::Retired;

/// The ports that the engine needs.
#[derive(Clone)]
pub struct Ports {
    /// The engine's only source of time.
    pub clock: Arc<dyn Clock>,
    /// Calls of any AWS API.
    pub aws: Arc<dyn Aws>,
    /// Runs scripts of `aws:executeScript`.
    pub scripts: Arc<dyn Scripts>,
    /// Posts to webhooks of `aws:invokeWebhook`.
    pub webhooks: Arc<dyn Webhooks>,
    /// Documents and service settings, as accounts see them.
    pub documents: Arc<dyn Documents>,
    /// The organization, for `TargetLocations`.
    pub directory: Arc<dyn Directory>,
    /// The receiver of status changes.
    pub events: Arc<dyn Events>,
}

/// Runs the actions that call AWS, a script or a webhook.
pub trait ActionRunner: Send + Sync {
    /// Makes one attempt. See [`actions::run`].
    fn run<'a>(&'a self, call: &'a Call<'a>) -> BoxFuture<'a, Result<Done, Failure>>;

    /// Ends what a dropped attempt left running. See [`actions::cancel`].
    fn cancel<'a>(&'a self, call: &'a Call<'a>) -> BoxFuture<'a, ()>;
}

/// The actions of [`actions`], as opposed to a double of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealActions;

impl ActionRunner for RealActions {
    fn run<'a>(&'a self, call: &'a Call<'a>) -> BoxFuture<'a, Result<Done, Failure>> {
        actions::run(call)
    }

    fn cancel<'a>(&'a self, call: &'a Call<'a>) -> BoxFuture<'a, ()> {
        actions::cancel(call)
    }
}

/// Account, Region and client token.
type Token = (String, String, String);

/// The engine. Lives in a tokio runtime: executions go on as tasks of it.
pub struct Engine {
    /// Itself, for the tasks that drive executions.
    me: Weak<Self>,
    ports: Ports,
    actions: Arc<dyn ActionRunner>,
    log: Box<dyn Log>,
    /// Those that have not ended, or not long ago; the log has all of them.
    executions: RwLock<HashMap<Uuid, Arc<Execution>>>,
    retired: Retired,
    index: ExecutionIndex,
    pools: Mutex<Pools>,
    /// By token: the request that used it, and the execution that it started.
    tokens: Mutex<HashMap<Token, (Idempotency, Uuid)>>,
    library: Library,
    alarm_interval: Mutex<Duration>,
    sleep_scale: Mutex<f64>,
}

/// How often an execution's alarm is looked at. AWS does not document its interval.
const ALARM_INTERVAL: Duration = Duration::from_secs(10);

impl Engine {
    /// Replays the log and resumes everything that has not ended.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn open(ports: Ports, log: Box<dyn Log>) -> Result<Arc<Self>, LogError> {
        Self::open_with(ports, log, Arc::new(RealActions)).await
    }

    /// As [`Engine::open`], with another runner of actions.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn open_with(
        ports: Ports,
        log: Box<dyn Log>,
        actions: Arc<dyn ActionRunner>,
    ) -> Result<Arc<Self>, LogError> {
        let engine = Arc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            ports,
            actions,
            log,
            executions: RwLock::default(),
            retired: Retired::default(),
            index: ExecutionIndex::default(),
            pools: Mutex::default(),
            tokens: Mutex::default(),
            library: Library::default(),
            alarm_interval: Mutex::new(ALARM_INTERVAL),
            sleep_scale: Mutex::new(1.0),
        });
        engine.replay()?;
        engine.resume().await?;
        Ok(engine)
    }

    /// Everything about one execution.
    pub fn execution(&self, account: &str, region: &str, id: &str) -> Option<ExecutionView> {
        let execution = self.find(account, region, id)?;
        let state = execution.state();
        Some(state.view(self.now(), true))
    }

    /// Waits until an execution has ended. False if the id is unknown.
    pub async fn wait(&self, account: &str, region: &str, id: &str) -> bool {
        let Some(execution) = self.find(account, region, id) else {
            return false;
        };
        loop {
            let over = execution.over.notified();
            if execution.state().status.is_terminal() {
                return true;
            }
            over.await;
        }
    }

    /// The executions of an account and Region, newest first, without their steps.
    pub fn executions(&self, account: &str, region: &str) -> Vec<ExecutionView> {
        let executions = self.index.of(account, region);
        executions.iter().rev().filter_map(|id| self.brief(*id)).collect()
    }

    /// Adds tags to an execution (same key: new value) and removes others. False if the id
    /// is unknown.
    pub async fn tag(
        &self,
        account: &str,
        region: &str,
        id: &str,
        add: Vec<Tag>,
        remove: Vec<String>,
    ) -> bool {
        let Some(execution) = self.find(account, region, id) else {
            return false;
        };
        let happened = self.update(&execution, |state| {
            let mut tags = state.tags.clone();
            tags.retain(|tag| {
                !remove.contains(&tag.key) && !add.iter().any(|added| added.key == tag.key)
            });
            tags.extend(add);
            Ok::<_, ()>(vec![Event::Tagged { tags }])
        });
        happened.await.is_ok()
    }

    /// Changes the quotas of every account and Region, and begins queued executions that fit.
    pub async fn set_quotas(&self, quotas: Quotas) {
        self.pools().set(quotas);
        let pools = self.pools().pools();
        for pool in pools {
            self.admit_next(&pool).await;
        }
    }

    /// Changes how often an execution's alarm is looked at.
    pub fn set_alarm_interval(&self, interval: Duration) {
        *self.alarm_interval.lock().unwrap_or_else(PoisonError::into_inner) = interval;
    }

    /// Shortens every `aws:sleep` that begins from now on: with 0.1 it lasts a tenth of its time. Time-outs and
    /// approvals keep theirs.
    pub fn set_sleep_scale(&self, scale: f64) {
        *self.sleep_scale.lock().unwrap_or_else(PoisonError::into_inner) = scale;
    }

    /// An event as it is logged: a sleep with the length that the scale gives it.
    fn scaled(&self, event: Event, now: Timestamp) -> Event {
        let scale = *self.sleep_scale.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Waits { step, wait: Wait::Until(until) } => {
                let length = Duration::try_from(until.duration_since(now)).unwrap_or_default();
                let until = now.saturating_add(length.mul_f64(scale)).unwrap_or(until);
                Event::Waits { step, wait: Wait::Until(until) }
            }
            other => other,
        }
    }

    /// The time, as precise as the log keeps it.
    fn now(&self) -> Timestamp {
        let now = self.ports.clock.now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    fn find(&self, account: &str, region: &str, id: &str) -> Option<Arc<Execution>> {
        let execution = self.get(id.parse().ok()?)?;
        let here = &*execution.account == account && &*execution.region == region;
        here.then_some(execution)
    }

    fn get(&self, id: Uuid) -> Option<Arc<Execution>> {
        self.in_memory(id).or_else(|| self.recall(id))
    }

    fn pools(&self) -> MutexGuard<'_, Pools> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
