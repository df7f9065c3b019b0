//! Starting executions.

use std::sync::{Arc, PoisonError};

use super::Engine;
use super::authority::Ancestry;
use super::drive::Batch;
use super::execution::Execution;
use super::prepare::Prepared;
use crate::error::StartError;
use crate::event::{Event, Idempotency};
use crate::log::LogError;
use crate::quota::Admission;
use crate::request::StartRequest;
use crate::state::State;

impl Engine {
    /// Starts an execution; resolves to its id once the start is in the log.
    ///
    /// # Errors
    /// When AWS would refuse it.
    pub async fn start(&self, request: StartRequest) -> Result<String, StartError> {
        self.start_as(request, Ancestry::default()).await
    }

    pub(super) async fn start_as(
        &self,
        request: StartRequest,
        ancestry: Ancestry,
    ) -> Result<String, StartError> {
        let idempotency = super::prepare::idempotency(&request);
        if let Some(known) = self.known(&request, idempotency.as_ref())? {
            return Ok(known);
        }
        let (id, place) = (request.id, (request.account.clone(), request.region.clone()));
        let mut prepared = self.prepare(request, ancestry).await?;
        prepared.submission.idempotency = idempotency;
        // A repeat may have come while the role was checked: the first to get here starts it.
        if let Some(idempotency) = &prepared.submission.idempotency {
            let key = (place.0, place.1, idempotency.token.clone());
            let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((known, id)) = tokens.get(&key) {
                return same(known, idempotency).map(|()| id.to_string());
            }
            tokens.insert(key, (idempotency.clone(), id));
        }
        let token = prepared.submission.idempotency.clone();
        let started = self.submit(id, prepared).await;
        if let (Err(_), Some(token)) = (&started, token) {
            let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            tokens.retain(|_, (known, of)| *known != token || *of != id);
        }
        started.map(|()| id.to_string())
    }

    /// The execution that an earlier request with the same token has started.
    fn known(
        &self,
        request: &StartRequest,
        idempotency: Option<&Idempotency>,
    ) -> Result<Option<String>, StartError> {
        let Some(idempotency) = idempotency else {
            return Ok(None);
        };
        let key = (request.account.clone(), request.region.clone(), idempotency.token.clone());
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        match tokens.get(&key) {
            Some((known, id)) => same(known, idempotency).map(|()| Some(id.to_string())),
            None => Ok(None),
        }
    }

    /// Admits an execution and writes its start to the log.
    async fn submit(&self, id: uuid::Uuid, prepared: Prepared) -> Result<(), StartError> {
        let Prepared { submission, document } = prepared;
        if self.in_memory(id).is_some() {
            return Err(StartError::Internal(format!("there is an execution {id} already")));
        }
        let now = self.now();
        let (account, region) =
            (self.index.name(&submission.account), self.index.name(&submission.region));
        let submitted = Event::Submitted(Box::new(submission.clone()));
        let key = document.key;
        let execution =
            Arc::new(Execution::new(State::new(id, submission, document, now), account, region));
        // It must be known before it is admitted: its turn may come at once.
        self.add(&execution);
        let (admission, pool) = match execution.pool() {
            None => (Admission::Runs, None),
            Some(pool) => {
                let adaptive = self.is_adaptive(&pool.account, &pool.region);
                (self.pools().admit(&pool, id, adaptive), Some(pool))
            }
        };
        if admission == Admission::Refused {
            self.remove(&execution);
            return Err(StartError::LimitExceeded(
                "The number of simultaneously running Automation executions exceeded the allowable limit."
                    .to_owned(),
            ));
        }
        let has_turn = admission == Admission::Runs;
        execution.count(has_turn && pool.is_some());
        let watched = execution.state().submission.alarms.is_some();
        let commit = self.log_start(&execution, key, submitted, has_turn && !watched);
        let done = match commit {
            Ok(commit) => self.settle(&execution, commit).await,
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            self.release_place(&execution).await;
            self.remove(&execution);
            return Err(StartError::Internal(error.to_string()));
        }
        self.library.logged(key);
        if has_turn && watched {
            self.watch(&execution);
        }
        self.wake(&execution);
        Ok(())
    }

    fn log_start(
        &self,
        execution: &Execution,
        document: uuid::Uuid,
        submitted: Event,
        begins: bool,
    ) -> Result<super::drive::Commit, LogError> {
        let mut state = execution.state();
        let now = state.submitted_at;
        let mut batch = Batch::default();
        if let Some(entry) = self.library.unlogged(document)? {
            batch.entry(entry);
        }
        batch.add(&mut state, submitted, now)?;
        if begins {
            batch.add(&mut state, Event::Began, now)?;
        }
        Ok(self.commit(batch))
    }

    pub(super) fn add(&self, execution: &Arc<Execution>) {
        self.executions
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(execution.id, Arc::clone(execution));
        self.index.add(execution);
    }

    fn remove(&self, execution: &Arc<Execution>) {
        self.executions.write().unwrap_or_else(PoisonError::into_inner).remove(&execution.id);
        self.index.remove(execution);
    }
}

/// Refuses a request that has the token of an earlier, different one.
fn same(known: &Idempotency, now: &Idempotency) -> Result<(), StartError> {
    if known.digest == now.digest {
        return Ok(());
    }
    Err(StartError::IdempotentParameterMismatch(
        "The client token was used for a request with other parameters.".to_owned(),
    ))
}
