//! The view of a state for callers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use runbook::{ActionKind, OnFailure};
use serde_json::{Map, Value};

use super::{Detail, Reader, State, StepState, TargetState, approval_outputs};
use crate::event::{Kind, Targeting};
use crate::flow;
use crate::request::{Target, TargetLocation};
use crate::status::Status;
use crate::view::{ExecutionView, FailureDetails, ParentStep, Progress, StepView, TriggeredAlarm};

impl State {
    /// Everything about the execution; its steps if they are asked for.
    pub(crate) fn view(&self, now: Timestamp, with_steps: bool) -> ExecutionView {
        let submission = &self.submission;
        let none = Targeting::default();
        let targeting = submission.targeting.as_deref().unwrap_or(&none);
        let current = self.current();
        ExecutionView {
            id: self.id.to_string(),
            account: submission.account.clone(),
            region: submission.region.clone(),
            document_name: submission.document_name.clone(),
            document_version: submission.document_version.clone(),
            started_at: self.submitted_at,
            ended_at: self.ended_at,
            status: self.status,
            steps: if with_steps { self.step_views() } else { Vec::new() },
            progress: self.progress(),
            parameters: self.parameters(now),
            outputs: self.outputs(),
            failure_message: self.failure.clone().filter(|_| self.status.is_terminal()),
            mode: submission.mode,
            parent: submission.parent.as_ref().map(|parent| parent.run.to_string()),
            executed_by: submission.executed_by.clone(),
            current_step: current.as_ref().map(|(name, _)| name.clone()),
            current_action: current.map(|(_, action)| action),
            target_parameter_name: targeting.target_parameter_name.clone(),
            targets: targeting.targets.clone(),
            target_maps: targeting.target_maps.clone(),
            resolved_targets: self.resolved_targets(),
            max_concurrency: targeting.max_concurrency.clone(),
            max_errors: targeting.max_errors.clone(),
            target: submission.parent.as_ref().and_then(|parent| parent.target.clone()),
            target_locations: targeting.target_locations.clone(),
            target_locations_url: targeting.target_locations_url.clone(),
            cross_account: submission.is_cross_account(),
            alarms: submission.alarms.clone(),
            triggered_alarms: self.triggered(),
            association_id: submission.association_id.clone(),
            variables: self.all_variables(),
            tags: self.tags.clone(),
        }
    }

    fn triggered(&self) -> Vec<TriggeredAlarm> {
        self.stop.as_ref().map(|stop| stop.alarms.clone()).unwrap_or_default()
    }

    /// The step in flight.
    fn current(&self) -> Option<(String, ActionKind)> {
        let (_, step) = self.innermost()?;
        let def = self.document.step(step.def)?;
        Some((def.name.clone(), def.action))
    }

    /// All variables, at what they were set to or their defaults.
    fn all_variables(&self) -> BTreeMap<String, Value> {
        let declared = self.document.runbook.variables.iter().filter_map(|variable| {
            let value = self.variables.get(&variable.name).or(variable.default.as_ref())?;
            Some((variable.name.clone(), value.clone()))
        });
        declared.collect()
    }

    fn parameters(&self, now: Timestamp) -> BTreeMap<String, Value> {
        // Defaults that show the time show that of the start.
        let reader = Reader::new(self, self.submitted_at.min(now));
        let parameters = self.submission.parameters.iter();
        parameters
            .map(|(name, written)| {
                (name.clone(), reader.parameter(name).unwrap_or_else(|_| written.clone()))
            })
            .collect()
    }

    /// The execution's outputs, `None` where the step has given none.
    pub(crate) fn outputs(&self) -> Vec<(String, Option<Value>)> {
        if self.has_targets() {
            return Vec::new();
        }
        let outputs = self.document.runbook.outputs.iter();
        outputs
            .map(|output| {
                let latest = self.document.place(&output.step).and_then(|def| self.latest(def));
                let value = latest.and_then(|step| step.output(&output.output));
                (format!("{}.{}", output.step, output.output), value)
            })
            .collect()
    }

    fn resolved_targets(&self) -> Vec<String> {
        match &self.targets {
            Some(targets) if self.submission.kind == Kind::Targets => {
                targets.children.iter().map(|target| target.child.name.clone()).collect()
            }
            _ => Vec::new(),
        }
    }

    fn progress(&self) -> Progress {
        let mut progress = Progress::default();
        let mut count = |status| {
            progress.total += 1;
            match status {
                Status::Success => progress.success += 1,
                Status::Failed => progress.failed += 1,
                Status::Cancelled => progress.cancelled += 1,
                Status::TimedOut => progress.timed_out += 1,
                _ => {}
            }
        };
        match &self.targets {
            Some(targets) => targets.children.iter().for_each(|target| count(target.status)),
            None if self.has_targets() => {}
            None if self.steps.is_empty() => {
                (0..self.document.top_level()).for_each(|_| count(Status::Pending));
            }
            None => self.steps.iter().for_each(|step| {
                count(step.as_ref().map_or(Status::Pending, |step| step.status));
            }),
        }
        progress
    }

    fn step_views(&self) -> Vec<StepView> {
        if let Some(targets) = &self.targets {
            let places = 0_u32..;
            return places
                .zip(&targets.children)
                .map(|(place, target)| self.target_view(place, target))
                .collect();
        }
        if self.has_targets() {
            return Vec::new();
        }
        // Steps of the top level that were not reached are there, those of loops are not.
        let places = self.steps.len().max(self.document.top_level() as usize);
        (0_u32..)
            .take(places)
            .filter_map(|place| {
                let step = self.step(place);
                self.step_view(place, step, step.map_or(place, |step| step.def))
            })
            .collect()
    }

    fn step_view(&self, place: u32, step: Option<&StepState>, def: u32) -> Option<StepView> {
        let written = self.document.step(def)?;
        let next = |cancelled: bool| if cancelled { None } else { flow::next(&self.document, def) };
        let mut view = StepView {
            id: self.step_id(place).to_string(),
            name: written.name.clone(),
            action: written.action,
            timeout_seconds: written.timeout_seconds.as_ref().and_then(Value::as_i64),
            on_failure: written.on_failure.as_ref().map(|on_failure| match on_failure {
                OnFailure::Abort => "Abort".to_owned(),
                OnFailure::Continue => "Continue".to_owned(),
                OnFailure::Step(name) => format!("step:{name}"),
            }),
            max_attempts: 1,
            started_at: None,
            ended_at: None,
            status: Status::Pending,
            response_code: None,
            inputs: Map::new(),
            outputs: Map::new(),
            response: None,
            failure_message: None,
            failure_details: None,
            is_end: written.is_end.as_ref().and_then(Value::as_bool),
            next_step: next(false),
            is_critical: written.is_critical.as_ref().and_then(Value::as_bool),
            valid_next_steps: flow::valid_next(&self.document, def),
            targets: Vec::new(),
            target_location: None,
            triggered_alarms: Vec::new(),
            parent: None,
        };
        if let Some(step) = step {
            self.fill(&mut view, step);
        }
        Some(view)
    }

    fn fill(&self, view: &mut StepView, step: &StepState) {
        view.timeout_seconds = step.timeout_seconds.map(i64::from);
        view.max_attempts = step.max_attempts;
        view.started_at = Some(step.started_at);
        view.ended_at = step.ended_at;
        view.status = step.status;
        view.response_code.clone_from(&step.response_code);
        view.response.clone_from(&step.response);
        view.inputs = Map::clone(&step.inputs);
        view.outputs = match &step.detail {
            Detail::Approval(decisions) if !step.status.is_terminal() => {
                approval_outputs("Waiting", decisions)
            }
            Detail::Loop(_) => ["CurrentIteration", "CurrentIteratorValue"]
                .into_iter()
                .filter_map(|name| Some((name.to_owned(), step.output(name)?)))
                .collect(),
            _ => step.outputs.clone(),
        };
        let failed = matches!(step.status, Status::Failed | Status::TimedOut);
        if let Some(failure) = step.failure.as_ref().filter(|_| failed) {
            view.failure_message = Some(failure.message.clone());
            view.failure_details = Some(FailureDetails {
                stage: failure.stage,
                kind: failure.kind,
                details: failure.details.clone(),
            });
        }
        if step.is_end {
            view.is_end = Some(true);
        }
        if let Some(targets) = step.inputs.get("Targets") {
            view.targets = serde_json::from_value(targets.clone()).unwrap_or_default();
        }
        if step.status == Status::Cancelled {
            view.triggered_alarms = self.triggered();
        }
        view.parent = step.within.and_then(|within| self.parent_view(within, step));
    }

    fn parent_view(&self, (place, iteration): (u32, u32), step: &StepState) -> Option<ParentStep> {
        let parent = self.step(place)?;
        let written = self.document.step(parent.def)?;
        let values = parent.looping().and_then(|looping| looping.iterations.values.as_ref());
        let nth = iteration.checked_sub(1)? as usize;
        debug_assert!(step.within.is_some());
        Some(ParentStep {
            id: self.step_id(place).to_string(),
            name: written.name.clone(),
            action: written.action,
            iteration,
            iterator_value: values.and_then(|values| values.get(nth)).cloned(),
        })
    }

    /// A target's step is the `aws:executeAutomation` that runs its child.
    fn target_view(&self, place: u32, target: &TargetState) -> StepView {
        let child = &target.child;
        let parameters = child.parameters.iter().map(|(name, values)| {
            let value = match values.as_slice() {
                [one] => Value::from(one.clone()),
                many => Value::from(many.to_vec()),
            };
            (name.clone(), value)
        });
        let mut outputs = Map::new();
        if let Some(id) = target.id {
            outputs.insert("ExecutionId".into(), id.to_string().into());
        }
        if let Some(end) = &target.end {
            let status = Status::from(end.outcome);
            outputs.insert("Status".into(), status.name().into());
            outputs.insert("Output".into(), end.outputs.clone().into());
        }
        let failure = target.end.as_ref().and_then(|end| end.message.clone());
        StepView {
            id: self.step_id(place).to_string(),
            name: child.name.clone(),
            action: ActionKind::ExecuteAutomation,
            timeout_seconds: None,
            on_failure: None,
            max_attempts: 1,
            started_at: target.started_at,
            ended_at: target.ended_at,
            status: target.status,
            response_code: None,
            inputs: parameters.collect(),
            outputs,
            response: None,
            failure_message: failure.filter(|_| target.status != Status::Success),
            failure_details: None,
            is_end: None,
            next_step: None,
            is_critical: None,
            valid_next_steps: Vec::new(),
            targets: self.location_targets(target),
            target_location: self.location(target),
            triggered_alarms: Vec::new(),
            parent: None,
        }
    }

    /// The item of `TargetLocations` that a child belongs to, narrowed to the child's own account
    /// and Region.
    fn location(&self, target: &TargetState) -> Option<TargetLocation> {
        let (item, account, region) = target.child.location.as_ref()?;
        let targeting = self.submission.targeting.as_deref()?;
        let location = targeting.target_locations.get(*item as usize)?;
        Some(TargetLocation {
            accounts: vec![account.clone()],
            regions: vec![region.clone()],
            exclude_accounts: Vec::new(),
            include_child_organization_units: false,
            ..location.clone()
        })
    }

    fn location_targets(&self, target: &TargetState) -> Vec<Target> {
        let location = self.location(target);
        location.map(|location| location.targets).unwrap_or_default()
    }
}
