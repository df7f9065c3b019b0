//! Stopping executions, and freeing their places.

use std::sync::Arc;

use super::Engine;
use super::drive::Refused;
use super::execution::Execution;
use crate::error::StopError;
use crate::event::Event;
use crate::quota::Pool;
use crate::request::StopType;
use crate::view::TriggeredAlarm;

impl Engine {
    /// Stops an execution and its children.
    ///
    /// # Errors
    /// When the id is unknown, or the execution has ended.
    pub async fn stop(
        &self,
        account: &str,
        region: &str,
        id: &str,
        how: StopType,
    ) -> Result<(), StopError> {
        let Some(execution) = self.find(account, region, id) else {
            return Err(StopError::NotFound(format!(
                "Couldn't find automation execution with id {id}"
            )));
        };
        let alarms = execution.take_alarms();
        self.stop_execution(&execution, how, alarms).await.map_err(|refused| match refused {
            Refused::Here(()) => StopError::InvalidStatus(
                "The specified update status operation isn't valid.".to_owned(),
            ),
            Refused::Log(error) => StopError::Internal(error.to_string()),
        })
    }

    /// Stops an execution for its caller, its parent or its alarm. Refused if it has ended or is
    /// being cancelled.
    pub(super) async fn stop_execution(
        &self,
        execution: &Arc<Execution>,
        how: StopType,
        alarms: Vec<TriggeredAlarm>,
    ) -> Result<(), Refused<()>> {
        self.update(execution, |state| {
            if state.status.is_terminal() || state.is_cancelling() {
                return Err(());
            }
            if state.is_completing() && how == StopType::Complete {
                return Ok(Vec::new());
            }
            Ok(vec![Event::Stopped { how, alarms }])
        })
        .await?;
        self.stop_children(execution).await;
        Ok(())
    }

    /// Cancels the children that a cancellation reaches.
    pub(super) async fn stop_children(&self, execution: &Execution) {
        let children = execution.state().children_to_stop();
        for child in children {
            self.cancel_child(child).await;
        }
    }

    /// Releases the place of an execution, for the one that has queued longest.
    pub(super) async fn release_place(&self, execution: &Execution) {
        let Some(pool) = execution.pool() else {
            return;
        };
        if execution.count(false) {
            self.pools().release(&pool);
            self.admit_next(&pool).await;
        } else {
            self.pools().withdraw(&pool, execution.id);
        }
    }

    /// Begins queued executions as far as there is room.
    pub(super) async fn admit_next(&self, pool: &Pool) {
        loop {
            let adaptive = self.is_adaptive(&pool.account, &pool.region);
            let next = self.pools().next(pool, adaptive);
            let Some(execution) = next.and_then(|id| self.get(id)) else {
                return;
            };
            self.begin(&execution).await;
        }
    }

    /// Whether adaptive concurrency is switched on.
    pub(super) fn is_adaptive(&self, account: &str, region: &str) -> bool {
        let setting = "/ssm/automation/enable-adaptive-concurrency";
        let value = self.ports.documents.setting(account, region, setting);
        value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// An execution has its turn.
    pub(super) async fn begin(&self, execution: &Arc<Execution>) {
        execution.count(true);
        let watched = execution.state().submission.alarms.is_some();
        if watched {
            // It begins once its alarm is known not to be in ALARM.
            self.watch(execution);
        } else {
            self.begin_now(execution).await;
        }
        // It may have been cancelled while its turn came.
        let ended = execution.state().status.is_terminal();
        let pool = execution.pool().filter(|_| ended && execution.count(false));
        if let Some(pool) = pool {
            self.pools().release(&pool);
        }
    }

    /// The execution's first step may start.
    pub(super) async fn begin_now(&self, execution: &Arc<Execution>) {
        let begun = self.update(execution, |state| {
            let waits = !state.began && state.stop.is_none() && !state.status.is_terminal();
            Ok::<_, ()>(if waits { vec![Event::Began] } else { Vec::new() })
        });
        if let Err(Refused::Log(error)) = begun.await {
            tracing::error!(execution = %execution.id, %error, "the execution does not begin");
        }
    }
}
