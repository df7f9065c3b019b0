//! Effects: carries them out, and turns each result into events of the execution.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use relay_core::id::Partition;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Engine;
use super::execution::Execution;
use crate::actions::failure::phrase;
use crate::actions::{
    ActionPorts, Call, Done, Failure, FailureStage, FailureType, Progress, words,
};
use crate::decide::{self, Effect, Next, Task};
use crate::document::Document;
use crate::event::{ChildEnd, End, Event, Submission, TargetChild, Wait};
use crate::ports::ApiCall;
use crate::state::State;
use crate::status::Outcome;

/// The result of an effect.
pub(super) enum EffectResult {
    /// An attempt has ended.
    Ran { effect: Effect, result: Result<Done, Failure> },
    /// A step waits from now on.
    Waits { effect: Effect, wait: Wait },
    /// The targets are these, or cannot be found.
    Resolved(Result<Vec<TargetChild>, String>),
    /// These targets were started, or could not be.
    Started(Vec<(u32, Result<Uuid, String>)>),
}

impl Engine {
    /// Carries out an effect. `None` if the execution does not need it any longer.
    pub(super) async fn act(
        &self,
        execution: &Arc<Execution>,
        effect: Effect,
    ) -> Option<EffectResult> {
        match effect {
            Effect::Step { step, task: Task::Run, .. } => {
                let job = Job::of(&execution.state(), step)?;
                let result = self.attempt(execution, &effect, job).await?;
                Some(EffectResult::Ran { effect, result })
            }
            Effect::Step { step, task: Task::Ask, .. } => match self.ask(execution, step).await {
                Ok(()) => Some(EffectResult::Waits { effect, wait: Wait::Approval }),
                Err(failure) => Some(EffectResult::Ran { effect, result: Err(failure) }),
            },
            Effect::Step { step, task: Task::StartChild, .. } => {
                match self.start_step_child(execution, step).await {
                    Ok(child) => Some(EffectResult::Waits { effect, wait: Wait::Child(child) }),
                    Err(failure) => Some(EffectResult::Ran { effect, result: Err(failure) }),
                }
            }
            Effect::Resolve => Some(EffectResult::Resolved(self.resolve(execution).await)),
            Effect::StartTargets(targets) => {
                // Together, so that they share a commit of the log.
                let starts = targets
                    .into_iter()
                    .map(async |target| (target, self.start_target_child(execution, target).await));
                Some(EffectResult::Started(futures::future::join_all(starts).await))
            }
        }
    }

    /// One attempt of an action, until it ends, its time is over or it is not needed any longer.
    async fn attempt(
        &self,
        execution: &Arc<Execution>,
        effect: &Effect,
        job: Job,
    ) -> Option<Result<Done, Failure>> {
        let Effect::Step { step, attempt, .. } = *effect else {
            return None;
        };
        let setting = "/ssm/automation/throttling-retry-time-limit";
        let documents = &self.ports.documents;
        let throttling_retry = documents.setting(&execution.account, &execution.region, setting);
        let execution_id = execution.id.to_string();
        let progress = Progress::default();
        let call = Call {
            action: job.action,
            inputs: &job.inputs,
            outputs: job.document.def(job.def).map_or(&[], |def| &def.outputs),
            token: job.token,
            resumed: execution.resumed == Some((step, attempt)),
            actor: &job.submission.actor,
            account: &job.submission.account,
            region: &job.submission.region,
            partition: Partition::of_region(&job.submission.region).as_str(),
            execution_id: &execution_id,
            timeout: job.timeout,
            throttling_retry: throttling_retry
                .and_then(|seconds| seconds.parse().ok())
                .map_or(Duration::ZERO, Duration::from_secs),
            attachments: &job.document.attachments,
            files: &job.document.runbook.files,
            progress: &progress,
            ports: ActionPorts {
                clock: self.ports.clock.as_ref(),
                aws: self.ports.aws.as_ref(),
                scripts: self.ports.scripts.as_ref(),
                documents: documents.as_ref(),
                webhooks: self.ports.webhooks.as_ref(),
            },
        };
        let mut work = self.actions.run(&call);
        loop {
            if let Some(result) = (&mut work).now_or_never() {
                return Some(result);
            }
            let Some(until) = self.wanted_until(execution, effect) else {
                drop(work);
                self.note_waiting(execution, effect, &progress).await;
                self.actions.cancel(&call).await;
                return None;
            };
            tokio::select! {
                result = &mut work => return Some(result),
                () = self.ports.clock.sleep_until(until) => {}
                () = execution.changed.notified() => {}
            }
        }
    }

    /// Logs what an attempt whose time is over was waiting for: its time-out says so.
    async fn note_waiting(&self, execution: &Arc<Execution>, effect: &Effect, progress: &Progress) {
        let (Some(waiting), Effect::Step { step, attempt, .. }) = (progress.get(), effect) else {
            return;
        };
        let noted = self.update(execution, |state| {
            let is_current =
                state.step(*step).is_some_and(|at| at.attempts() && at.attempt == *attempt);
            let events = is_current.then_some(Event::WaitsFor { step: *step, waiting });
            Ok::<_, std::convert::Infallible>(events.into_iter().collect())
        });
        if noted.await.is_err() {
            tracing::error!(execution = %execution.id, "what a step waited for is not logged");
        }
    }

    /// When to check again whether an effect is needed; `None` if it is not needed any longer.
    fn wanted_until(&self, execution: &Execution, effect: &Effect) -> Option<Timestamp> {
        let state = execution.state();
        if !wants(&state, effect, self.now()) {
            return None;
        }
        let tomorrow = self.now().checked_add(SignedDuration::from_hours(24)).ok();
        decide::latest_end(&state).or(tomorrow)
    }

    /// Publishes the notification of an `aws:approve`. It is published again if the engine
    /// dies before it logs that the step waits: two notifications then ask for one approval.
    async fn ask(&self, execution: &Execution, step: u32) -> Result<(), Failure> {
        let (ask, submission) = {
            let state = execution.state();
            (state.step(step).and_then(|step| decide::ask(&state, step)), state.submitted())
        };
        let Some(ask) = ask else {
            return Ok(());
        };
        let mut parameters = Map::new();
        parameters.insert("TopicArn".into(), json!(ask.topic));
        parameters.insert("Subject".into(), json!(ask.subject));
        parameters.insert("Message".into(), json!(ask.message));
        let answer = self.call(&submission, "sns", "Publish", parameters).await;
        answer.map(|_| ()).map_err(|error| Failure::api(phrase::EXECUTE, &error))
    }

    /// One call under the execution's authority.
    pub(super) async fn call(
        &self,
        submission: &Submission,
        service: &str,
        api: &str,
        parameters: Map<String, Value>,
    ) -> Result<Value, crate::ports::ApiError> {
        let call = ApiCall {
            service: service.to_owned(),
            api: api.to_owned(),
            parameters,
            account: submission.account.clone(),
            region: submission.region.clone(),
            actor: submission.actor.clone(),
        };
        self.ports.aws.call(&call).await
    }
}

/// The data of an attempt, so that the execution's state is not held while it runs.
struct Job {
    action: runbook::ActionKind,
    inputs: Arc<Map<String, Value>>,
    /// The step's place in the document.
    def: u32,
    token: Uuid,
    timeout: Duration,
    submission: Arc<Submission>,
    document: Arc<Document>,
}

impl Job {
    fn of(state: &State, place: u32) -> Option<Self> {
        let step = state.step(place)?;
        let limit = step.deadline.map(|deadline| deadline.duration_since(step.attempt_at));
        Some(Self {
            action: state.document.step(step.def)?.action,
            inputs: Arc::clone(&step.inputs),
            def: step.def,
            token: step.token,
            timeout: limit.and_then(|limit| limit.try_into().ok()).unwrap_or(Duration::MAX),
            submission: state.submitted(),
            document: Arc::clone(&state.document),
        })
    }
}

fn wants(state: &State, effect: &Effect, now: Timestamp) -> bool {
    matches!(decide::decide(state, now), Next::Act(wanted) if wanted == *effect)
}

impl EffectResult {
    /// The events that follow from the result; none if the execution has moved on.
    pub(super) fn events(self, state: &State, now: Timestamp) -> Vec<Event> {
        match self {
            Self::Ran { effect, result } if wants(state, &effect, now) => {
                let Effect::Step { step: place, .. } = effect else {
                    return Vec::new();
                };
                match (result, state.step(place)) {
                    (Ok(done), _) => {
                        vec![Event::Finished { step: place, end: End::success(done), route: None }]
                    }
                    (Err(failure), Some(step)) => {
                        vec![decide::after_failure(state, place, step, failure, now)]
                    }
                    (Err(_), None) => Vec::new(),
                }
            }
            Self::Waits { effect: Effect::Step { step, .. }, wait } => {
                // Also if the effect is not needed any longer: its child has to be stopped.
                let attempts =
                    |step| state.step(step).is_some_and(crate::state::StepState::attempts);
                if attempts(step) { vec![Event::Waits { step, wait }] } else { Vec::new() }
            }
            Self::Resolved(Ok(targets)) if wants(state, &Effect::Resolve, now) => {
                vec![Event::Resolved { targets }]
            }
            Self::Resolved(Err(message)) if wants(state, &Effect::Resolve, now) => {
                vec![Event::Ended { outcome: Outcome::Failed, message: Some(message) }]
            }
            Self::Started(started) => started.into_iter().map(target_event).collect(),
            Self::Ran { .. } | Self::Waits { .. } | Self::Resolved(_) => Vec::new(),
        }
    }
}

fn target_event((target, started): (u32, Result<Uuid, String>)) -> Event {
    match started {
        Ok(child) => Event::TargetStarted { target, child },
        Err(message) => {
            let failure = not_started(&message);
            let child = ChildEnd {
                outcome: Outcome::Failed,
                outputs: Vec::new(),
                message: Some(failure.message),
            };
            Event::TargetEnded { target, child }
        }
    }
}

/// A child that could not be started.
pub(super) fn not_started(message: &str) -> Failure {
    Failure::new(
        FailureStage::Invocation,
        FailureType::Action,
        "Executing",
        &words::child_not_started(message),
    )
}
