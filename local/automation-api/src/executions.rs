//! The operations on executions: start, stop, signal, describe, tag.

use api::paging::{PageScope, page_by_id};
use api::{AwsError, Request};
use engine::{ExecutionView, Signal, StartRequest};
use serde_json::{Value, json};

use crate::api::Automation;
use crate::filters;
use crate::input::{AddTags, Get, List, ListTags, RemoveTags, Send, Start, Steps, Stop};
use crate::{errors, wire};

/// Items of a page, unless the caller asks for fewer.
const PAGE: usize = 50;

/// How many tags an execution may have.
const TAGS: usize = 50;

/// The engine's form of a request to start.
pub(crate) fn start_request(request: &Request, input: Start) -> StartRequest {
    let caller = engine::ports::Actor::Caller {
        principal_arn: request.principal_arn.clone(),
        access_key_id: request.access_key_id.clone(),
    };
    let (account, region) = (&request.account, &request.region);
    let new =
        StartRequest::new(account, region, caller, request.derived_id(1), &input.document_name);
    StartRequest {
        document_version: input.document_version,
        parameters: input.parameters.unwrap_or_default(),
        client_token: input.client_token,
        mode: input.mode.unwrap_or_default(),
        target_parameter_name: input.target_parameter_name,
        targets: input.targets.unwrap_or_default(),
        target_maps: input.target_maps.unwrap_or_default(),
        max_concurrency: input.max_concurrency,
        max_errors: input.max_errors,
        target_locations: input.target_locations.unwrap_or_default(),
        target_locations_url: input.target_locations_url,
        tags: input.tags.unwrap_or_default(),
        alarms: input.alarm_configuration,
        ..new
    }
}

impl Automation {
    /// `StartAutomationExecution`.
    pub(crate) async fn start(&self, request: &Request, input: Start) -> Result<Value, AwsError> {
        reserved(input.tags.iter().flatten().map(|tag| tag.key.as_str()))?;
        let start = start_request(request, input);
        let id = self.engine.start(start).await.map_err(|error| errors::start(&error))?;
        Ok(json!({"AutomationExecutionId": id}))
    }

    /// `StopAutomationExecution`.
    pub(crate) async fn stop(&self, request: &Request, input: Stop) -> Result<Value, AwsError> {
        let Stop { automation_execution_id: id, how } = input;
        let stopped = self.engine.stop(&request.account, &request.region, &id, how).await;
        stopped.map_err(|error| errors::stop(&error)).map(|()| json!({}))
    }

    /// `SendAutomationSignal`.
    pub(crate) async fn signal(&self, request: &Request, input: Send) -> Result<Value, AwsError> {
        let id = &input.automation_execution_id;
        let (account, region) = (&request.account, &request.region);
        // An unknown execution is reported before an invalid signal.
        self.view(request, id)?;
        let signal = signal_of(&input)?;
        let sent = self.engine.signal(account, region, id, signal, &request.principal_arn).await;
        sent.map_err(|error| errors::signal(&error)).map(|()| json!({}))
    }

    /// `GetAutomationExecution`.
    pub(crate) fn get(&self, request: &Request, input: &Get) -> Result<Value, AwsError> {
        let view = self.view(request, &input.automation_execution_id)?;
        Ok(json!({"AutomationExecution": wire::described(&view)}))
    }

    /// `DescribeAutomationExecutions`, newest first.
    pub(crate) fn list(&self, request: &Request, input: &List) -> Result<Value, AwsError> {
        let filters = filters::executions::Filters::parse(&input.filters)?;
        let found = self.engine.executions(&request.account, &request.region);
        let (views, next) = page_by_id(
            found.into_iter().filter(|view| filters.pass(view)),
            |view| &view.id,
            &PageScope::new(request, &[&said(request, "Filters")]),
            input.next_token.as_deref(),
            input.max_results.unwrap_or(PAGE),
        )
        .map_err(|_| errors::invalid_next_token())?;
        let items: Vec<Value> = views.iter().map(wire::listed).collect();
        Ok(paged("AutomationExecutionMetadataList", items, next))
    }

    /// `DescribeAutomationStepExecutions`, in the order of the execution.
    pub(crate) fn steps(&self, request: &Request, input: &Steps) -> Result<Value, AwsError> {
        let view = self.view(request, &input.automation_execution_id)?;
        let filters = filters::steps::Filters::parse(&input.filters)?;
        let mut steps: Vec<_> = view.steps.iter().filter(|step| filters.pass(step)).collect();
        if input.reverse_order {
            steps.reverse();
        }
        let reverse = if input.reverse_order { "reverse" } else { "" };
        let (steps, next) = page_by_id(
            steps,
            |step| &step.id,
            &PageScope::new(request, &[&view.id, &said(request, "Filters"), reverse]),
            input.next_token.as_deref(),
            input.max_results.unwrap_or(PAGE),
        )
        .map_err(|_| errors::invalid_next_token())?;
        Ok(paged("StepExecutions", steps.into_iter().map(wire::step).collect(), next))
    }

    /// `AddTagsToResource`: adds all of them or none.
    pub(crate) async fn add_tags(
        &self,
        request: &Request,
        input: AddTags,
    ) -> Result<Value, AwsError> {
        reserved(input.tags.iter().map(|tag| tag.key.as_str()))?;
        let view = self.tagged(request, &input.resource_id)?;
        let news = input.tags.iter().filter(|new| view.tags.iter().all(|old| old.key != new.key));
        if view.tags.len() + news.count() > TAGS {
            return Err(errors::too_many_tags());
        }
        self.tag(request, &view.id, input.tags, Vec::new()).await
    }

    /// `RemoveTagsFromResource`. Unknown keys are ignored.
    pub(crate) async fn remove_tags(
        &self,
        request: &Request,
        input: RemoveTags,
    ) -> Result<Value, AwsError> {
        let view = self.tagged(request, &input.resource_id)?;
        self.tag(request, &view.id, Vec::new(), input.tag_keys).await
    }

    /// `ListTagsForResource`, in order of key.
    pub(crate) fn tags(&self, request: &Request, input: &ListTags) -> Result<Value, AwsError> {
        let mut tags = self.tagged(request, &input.resource_id)?.tags;
        tags.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(json!({"TagList": tags.iter().map(wire::plain).collect::<Vec<_>>()}))
    }

    async fn tag(
        &self,
        request: &Request,
        id: &str,
        add: Vec<engine::Tag>,
        remove: Vec<String>,
    ) -> Result<Value, AwsError> {
        let (account, region) = (&request.account, &request.region);
        let found = self.engine.tag(account, region, id, add, remove).await;
        found.then(|| json!({})).ok_or_else(errors::invalid_resource_id)
    }

    fn tagged(&self, request: &Request, id: &str) -> Result<ExecutionView, AwsError> {
        let found = self.engine.execution(&request.account, &request.region, id);
        found.ok_or_else(errors::invalid_resource_id)
    }

    pub(crate) fn view(&self, request: &Request, id: &str) -> Result<ExecutionView, AwsError> {
        let found = self.engine.execution(&request.account, &request.region, id);
        found.ok_or_else(|| errors::execution_not_found(id))
    }
}

/// Keys that begin with `aws:` are AWS's own.
fn reserved<'a>(mut keys: impl Iterator<Item = &'a str>) -> Result<(), AwsError> {
    match keys.find(|key| key.to_ascii_lowercase().starts_with("aws:")) {
        None => Ok(()),
        Some(key) => Err(errors::validation(format!(
            "Tag key {key} is not valid: keys that start with aws: are reserved by AWS."
        ))),
    }
}

/// A signal with what it carries.
fn signal_of(input: &Send) -> Result<Signal, AwsError> {
    let payload = |name: &str| {
        let values = input.payload.as_ref().and_then(|payload| payload.get(name));
        values.and_then(|values| values.first()).cloned()
    };
    let needed = |name: &str| {
        payload(name).ok_or_else(|| {
            let kind = &input.signal_type;
            errors::invalid_signal(format!("The signal {kind} needs {name} in its payload."))
        })
    };
    match input.signal_type.as_str() {
        "Approve" => Ok(Signal::Approve { comment: payload("Comment") }),
        "Reject" => Ok(Signal::Reject { comment: payload("Comment") }),
        "StartStep" => Ok(Signal::StartStep { step: needed("StepName")? }),
        "Resume" => Ok(Signal::Resume { step: needed("StepName")? }),
        "StopStep" => Ok(Signal::StopStep { step_execution_id: needed("StepExecutionId")? }),
        // Revoke is for just-in-time access.
        other => Err(errors::invalid_signal(format!(
            "The signal {other} does not apply to this automation execution."
        ))),
    }
}

/// A member of the request as text, for the scope of a token.
pub(crate) fn said(request: &Request, member: &str) -> String {
    request.body.get(member).map(ToString::to_string).unwrap_or_default()
}

/// A page with its token, if there is more.
pub(crate) fn paged(list: &str, items: Vec<Value>, next: Option<String>) -> Value {
    wire::Members::default().with(list, items).maybe("NextToken", next).done()
}
