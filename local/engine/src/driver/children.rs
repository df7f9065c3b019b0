//! Parents and children: starts and stops children, notifies the parent when a child has ended.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use runbook::NO_OUTPUT;
use uuid::Uuid;

use super::Engine;
use super::authority::{Ancestry, Authority};
use super::drive::Refused;
use super::effects::not_started;
use super::execution::Execution;
use crate::actions::Failure;
use crate::decide;
use crate::event::{ChildEnd, Event, Kind, Parent, Submission, TargetChild};
use crate::request::{StartRequest, StopType};
use crate::state::{Detail, State};
use crate::status::{Outcome, Status};

impl Engine {
    /// Starts the child of an `aws:executeAutomation` step, or finds the one that was started
    /// before a restart: its id is the attempt's token.
    pub(super) async fn start_step_child(
        &self,
        execution: &Execution,
        step: u32,
    ) -> Result<Uuid, Failure> {
        let (request, ancestry) = {
            let state = execution.state();
            let Some(started) = state.step(step) else {
                return Err(not_started("the step is gone"));
            };
            if self.get(started.token).is_some() {
                return Ok(started.token);
            }
            let child =
                decide::child_of(&started.inputs).map_err(|error| Failure::input(&error))?;
            let mut request = inherited(&state.submission, started.token, &child.document_name);
            request.document_version = child.document_version;
            request.parameters = child.parameters;
            request.target_parameter_name = child.target_parameter_name;
            request.targets = child.targets;
            request.target_maps = child.target_maps;
            request.target_locations = child.target_locations;
            request.max_concurrency = child.max_concurrency;
            request.max_errors = child.max_errors;
            request.tags = child.tags;
            let parent = Parent { run: state.id, place: step, target: None, shares_place: true };
            (request, Ancestry { parent: Some(parent), authority: Authority::Own })
        };
        let id = request.id;
        let started = self.start_boxed(request, ancestry).await;
        started.map(|_| id).map_err(|error| not_started(&error.to_string()))
    }

    /// Starts the child of a target, or finds the one that was started before a restart.
    pub(super) async fn start_target_child(
        &self,
        execution: &Execution,
        target: u32,
    ) -> Result<Uuid, String> {
        let (submission, child, id, arn) = {
            let state = execution.state();
            let targets =
                state.targets.as_ref().and_then(|targets| targets.children.get(target as usize));
            let Some(target_state) = targets else {
                return Err("the target is gone".to_owned());
            };
            let id = Uuid::new_v5(&state.id, format!("target/{target}").as_bytes());
            (state.submitted(), target_state.child.clone(), id, state.arn())
        };
        if self.get(id).is_some() {
            return Ok(id);
        }
        let (request, authority) = match &child.location {
            None => target_request(&submission, &child, id),
            Some((item, account, region)) => {
                self.location_request(&submission, (*item, account, region), id, &arn)?
            }
        };
        let shown = child.location.is_none().then(|| child.name.clone());
        let parent =
            Parent { run: execution.id, place: target, target: shown, shares_place: false };
        let ancestry = Ancestry { parent: Some(parent), authority };
        let started = self.start_boxed(request, ancestry).await;
        started.map(|_| id).map_err(|error| error.to_string())
    }

    /// [`Engine::start`] of a child: boxed, because a start may end an execution whose parent then
    /// starts the next.
    fn start_boxed(
        &self,
        request: StartRequest,
        ancestry: Ancestry,
    ) -> BoxFuture<'_, Result<String, crate::error::StartError>> {
        self.start_as(request, ancestry).boxed()
    }

    /// Stops a child, and its children with it.
    pub(super) fn cancel_child(&self, id: Uuid) -> BoxFuture<'_, ()> {
        async move {
            let Some(execution) = self.get(id) else {
                return;
            };
            // It may have ended, or be cancelling already: then there is nothing to stop.
            if let Err(Refused::Log(error)) =
                self.stop_execution(&execution, StopType::Cancel, Vec::new()).await
            {
                tracing::error!(execution = %id, %error, "the child is not stopped");
            }
        }
        .boxed()
    }

    /// The parent waits for a child from now on. The child may have ended before, and the parent may
    /// have been stopped.
    pub(super) async fn look_at_child(&self, parent: &Arc<Execution>, id: Uuid) {
        let Some(child) = self.get(id) else {
            return;
        };
        let cancelled = parent.state().is_stopping_child(id);
        if cancelled {
            self.cancel_child(id).await;
        }
        self.notify_parent(&child).await;
    }

    /// Releases the place of an execution that has ended, and notifies its parent.
    pub(super) async fn ended(&self, execution: &Arc<Execution>) {
        execution.over.notify_waiters();
        self.release_place(execution).await;
        self.notify_parent(execution).await;
        self.retire(execution.id);
    }

    /// Notifies the parent of an execution that has ended, if the parent waits for it.
    pub(super) async fn notify_parent(&self, execution: &Arc<Execution>) {
        let (parent, end) = {
            let state = execution.state();
            let Some(parent) = state.submission.parent.clone() else {
                return;
            };
            let Some(end) = child_end(&state) else {
                return;
            };
            (parent, end)
        };
        let Some(parent_execution) = self.get(parent.run) else {
            return;
        };
        let id = execution.id;
        let notified = self.update(&parent_execution, |state| {
            Ok::<_, ()>(match state.waits_for(parent.place, id) {
                Some(Waiter::Step) => vec![Event::ChildEnded { step: parent.place, child: end }],
                Some(Waiter::Target) => {
                    vec![Event::TargetEnded { target: parent.place, child: end }]
                }
                None => Vec::new(),
            })
        });
        if let Err(Refused::Log(error)) = notified.await {
            tracing::error!(execution = %parent.run, %error, "the end of a child is not logged");
        }
    }
}

/// Who waits for a child.
pub(super) enum Waiter {
    Step,
    Target,
}

impl State {
    /// Whether a child is waited for that has not ended.
    fn waits_for(&self, place: u32, id: Uuid) -> Option<Waiter> {
        if self.status.is_terminal() {
            return None;
        }
        if let Some(targets) = &self.targets {
            let child = targets.children.get(place as usize)?;
            let waits = child.id == Some(id) && !child.status.is_terminal();
            return waits.then_some(Waiter::Target);
        }
        match self.step(place).map(|step| &step.detail)? {
            Detail::Child { id: child, end: None } if *child == id => Some(Waiter::Step),
            _ => None,
        }
    }

    /// Whether this child is to be stopped because its parent was.
    fn is_stopping_child(&self, id: Uuid) -> bool {
        if self.targets.is_some() {
            return self.is_cancelling();
        }
        self.children_to_stop().contains(&id)
    }

    /// The children in flight that a cancellation, or a stop of their step, reaches.
    pub(super) fn children_to_stop(&self) -> Vec<Uuid> {
        if let Some(targets) = self.targets.as_ref().filter(|_| self.is_cancelling()) {
            return targets.in_flight().collect();
        }
        let stopped = self.stop.as_ref().filter(|_| self.is_cancelling());
        let steps = stopped.and_then(|stop| stop.in_flight).into_iter().chain(self.stopping_step);
        steps
            .filter_map(|step| match &self.step(step)?.detail {
                Detail::Child { id, end: None } => Some(*id),
                _ => None,
            })
            .collect()
    }
}

fn child_end(state: &State) -> Option<ChildEnd> {
    let outcome = match state.status {
        Status::Success => Outcome::Success,
        Status::Failed => Outcome::Failed,
        Status::TimedOut => Outcome::TimedOut,
        Status::Cancelled => Outcome::Cancelled,
        _ => return None,
    };
    let outputs =
        state.outputs().into_iter().map(|(_, value)| value.unwrap_or_else(|| NO_OUTPUT.into()));
    let outputs = outputs.collect();
    Some(ChildEnd { outcome, outputs, message: state.failure.clone() })
}

/// A request with the account, Region and caller that a child inherits from its parent.
fn inherited(submission: &Submission, id: Uuid, document_name: &str) -> StartRequest {
    let mut request = StartRequest::new(
        &submission.account,
        &submission.region,
        submission.caller.clone(),
        id,
        document_name,
    );
    request.executed_by.clone_from(&submission.executed_by);
    request
}

/// The child of a target: the same document and parameters, with the target's own.
fn target_request(
    submission: &Submission,
    child: &TargetChild,
    id: Uuid,
) -> (StartRequest, Authority) {
    let mut request = inherited(submission, id, &submission.document_name);
    request.document_version = Some(submission.document_version.clone());
    request.parameters.clone_from(&submission.given);
    request.parameters.extend(child.parameters.clone());
    (request, Authority::Inherited(submission.actor.clone()))
}

impl Submission {
    /// Whether children run in other accounts or Regions.
    pub(crate) fn is_cross_account(&self) -> bool {
        self.kind == Kind::Locations
    }
}
