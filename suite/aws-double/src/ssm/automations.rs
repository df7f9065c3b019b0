//! Executions of Automation documents. They do nothing by themselves: a test sets what became of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{documents, tag_list};
use crate::call::page;
use crate::{Call, Refusal, State};

/// Statuses that are ends.
const ENDS: [&str; 4] = ["Success", "Failed", "TimedOut", "Cancelled"];

#[derive(Debug, Clone)]
pub struct Automation {
    pub document: String,
    pub status: &'static str,
    pub started: Timestamp,
    pub tags: BTreeMap<String, String>,
    /// The request that started it; `null` for one that the test made.
    pub request: Value,
    /// Its steps in the API's shape (`StepExecution`).
    pub steps: Vec<Value>,
    /// More of GetAutomationExecution's answer, for example `FailureMessage`, `ProgressCounters`.
    pub more: Value,
}

impl Automation {
    /// One that nobody started by a call.
    #[must_use]
    pub fn new(document: &str, status: &'static str, started: Timestamp) -> Self {
        Self {
            document: document.to_owned(),
            status,
            started,
            tags: BTreeMap::new(),
            request: Value::Null,
            steps: Vec::new(),
            more: json!({}),
        }
    }

    fn described(&self, id: &str) -> Value {
        let mut described = json!({
            "AutomationExecutionId": id, "DocumentName": self.document,
            "AutomationExecutionStatus": self.status,
            "ExecutionStartTime": self.started.as_millisecond() as f64 / 1000.0,
        });
        let more = self.more.as_object().unwrap().clone();
        described.as_object_mut().unwrap().extend(more);
        described
    }
}

pub(super) fn serve(state: &mut State, call: &Call, now: Timestamp) -> Result<Value, Refusal> {
    if call.operation == "StartAutomationExecution" {
        return start(state, call, now);
    }
    let automations = &mut state.at(&call.account, &call.region).ssm.automations;
    let missing = |code: &str| Refusal::new(code, "There is no automation execution with this id.");
    let id = call.text("AutomationExecutionId");
    match call.operation.as_str() {
        "GetAutomationExecution" => {
            let found = automations.get(id);
            let found = found.ok_or_else(|| missing("AutomationExecutionNotFoundException"))?;
            let mut described = found.described(id);
            described["StepExecutions"] = json!(found.steps);
            Ok(json!({ "AutomationExecution": described }))
        }
        "DescribeAutomationStepExecutions" => {
            let found = automations.get(id);
            let found = found.ok_or_else(|| missing("AutomationExecutionNotFoundException"))?;
            let steps = found.steps.iter().filter(|step| {
                filters(call).all(|(key, values)| match key.as_str() {
                    "StepExecutionStatus" => {
                        values.iter().any(|status| step["StepStatus"] == status.as_str())
                    }
                    other => panic!("aws-double does not know the filter {other}"),
                })
            });
            Ok(json!({ "StepExecutions": steps.collect::<Vec<_>>() }))
        }
        "StopAutomationExecution" => {
            assert_eq!(call.body["Type"], "Cancel", "steps for this case are to run");
            let found = automations.get_mut(id);
            let found = found.ok_or_else(|| missing("AutomationExecutionNotFoundException"))?;
            if ENDS.contains(&found.status) {
                let what = "The execution has ended.";
                return Err(Refusal::new("InvalidAutomationStatusUpdateException", what));
            }
            found.status = "Cancelled";
            Ok(json!({}))
        }
        "DescribeAutomationExecutions" => {
            let found: Vec<Value> = automations
                .iter()
                .filter(|(_, one)| filters(call).all(|filter| fits(one, &filter)))
                .map(|(id, one)| one.described(id))
                .collect();
            let (found, next) = page(&found, call.body["NextToken"].as_str(), 1, true);
            Ok(json!({ "AutomationExecutionMetadataList": found, "NextToken": next }))
        }
        "ListTagsForResource" => {
            assert_eq!(call.body["ResourceType"], "Automation");
            let found = automations.get(call.text("ResourceId"));
            let found = found.ok_or_else(|| missing("InvalidResourceId"))?;
            Ok(json!({ "TagList": tag_list(&found.tags) }))
        }
        _ => call.unknown(),
    }
}

fn filters(call: &Call) -> impl Iterator<Item = (String, Vec<String>)> {
    call.body["Filters"].as_array().into_iter().flatten().map(|filter| {
        (filter["Key"].as_str().unwrap().to_owned(), crate::call::texts(&filter["Values"]))
    })
}

fn fits(automation: &Automation, (key, values): &(String, Vec<String>)) -> bool {
    match key.as_str() {
        "DocumentNamePrefix" => values.iter().any(|name| automation.document.starts_with(name)),
        "TagKey" => values.iter().any(|key| automation.tags.contains_key(key)),
        "StartTimeAfter" => {
            values.iter().any(|time| automation.started >= time.parse::<Timestamp>().unwrap())
        }
        other => panic!("aws-double does not know the filter {other}"),
    }
}

fn start(state: &mut State, call: &Call, now: Timestamp) -> Result<Value, Refusal> {
    let name = call.text("DocumentName");
    if documents::find(state, call, name).is_none() {
        let code = "AutomationDefinitionNotFoundException";
        return Err(Refusal::new(
            code,
            "An Automation runbook with the specified name was not found.",
        ));
    }
    let ssm = &mut state.at(&call.account, &call.region).ssm;
    let known = |one: &&Automation| one.request["ClientToken"] == call.body["ClientToken"];
    if let Some((id, first)) = ssm.automations.iter().find(|(_, one)| known(one)) {
        if ssm.refuses_known_tokens || first.request != call.body {
            let what = "The client token was used with other parameters.";
            return Err(Refusal::new("IdempotentParameterMismatch", what));
        }
        return Ok(json!({ "AutomationExecutionId": id }));
    }
    let id = format!("00000000-0000-4000-8000-{:012}", ssm.automations.len() + 1);
    let document = name.rsplit('/').next().unwrap();
    let mut automation = Automation::new(document, "InProgress", now);
    let tags = call.body["Tags"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    automation.tags = tags.map(|tag| (text(&tag["Key"]), text(&tag["Value"]))).collect();
    automation.request = call.body.clone();
    ssm.automations.insert(id.clone(), automation);
    Ok(json!({ "AutomationExecutionId": id }))
}
