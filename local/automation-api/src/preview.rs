//! `StartExecutionPreview` and `GetExecutionPreview`: what an execution would change, without running one.

use std::collections::{BTreeMap, BTreeSet};

use api::{AwsError, Request};
use engine::{StartRequest, Target, TargetLocation};
use jiff::Timestamp;
use runbook::{Impact, Step, StepBody};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::api::Automation;
use crate::errors;
use crate::records::Fact;
use crate::wire::{Members, epoch};

/// `StartExecutionPreview`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StartPreview {
    document_name: String,
    document_version: Option<String>,
    #[serde(default)]
    execution_inputs: Inputs,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Inputs {
    automation: AutomationInputs,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct AutomationInputs {
    parameters: BTreeMap<String, Vec<String>>,
    target_parameter_name: Option<String>,
    targets: Vec<Target>,
    target_maps: Vec<BTreeMap<String, Vec<String>>>,
    target_locations: Vec<TargetLocation>,
    #[serde(rename = "TargetLocationsURL")]
    target_locations_url: Option<String>,
}

/// `GetExecutionPreview`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetPreview {
    execution_preview_id: Uuid,
}

/// A preview, made at its request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Preview {
    pub(crate) id: Uuid,
    account: String,
    region: String,
    at: Timestamp,
    /// The reason why the preview failed.
    failure: Option<String>,
    steps: Impacts,
    regions: Vec<String>,
    /// Targets by their type.
    targets: BTreeMap<String, usize>,
    accounts: usize,
}

/// How many steps change resources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Impacts {
    mutating: usize,
    non_mutating: usize,
    undetermined: usize,
}

impl Impacts {
    /// <https://docs.aws.amazon.com/systems-manager/latest/userguide/execution-preview.html>; a loop
    /// counts for the steps in it.
    fn add(&mut self, steps: &[Step]) {
        for step in steps {
            if let StepBody::Loop { steps, .. } = &step.body {
                self.add(steps);
                continue;
            }
            *match step.action.signature().impact {
                Impact::NonMutating => &mut self.non_mutating,
                Impact::Mutating => &mut self.mutating,
                Impact::Undetermined => &mut self.undetermined,
            } += 1;
        }
    }
}

impl Automation {
    /// `StartExecutionPreview`. The preview of a document that cannot be run with this input fails.
    pub(crate) fn start_preview(
        &self,
        request: &Request,
        input: StartPreview,
    ) -> Result<Value, AwsError> {
        let (account, region) = (&request.account, &request.region);
        let version = input.document_version.as_deref();
        let document = self
            .documents
            .find(account, region, &input.document_name, version)
            .map_err(|_| no_document(&input.document_name))?;
        let wanted = input.execution_inputs.automation;
        let mut preview = Preview {
            id: request.derived_id(1),
            account: account.clone(),
            region: region.clone(),
            at: request.now,
            failure: None,
            steps: Impacts::default(),
            regions: regions(region, &wanted.target_locations),
            targets: targets(&wanted),
            accounts: self.accounts(account, &wanted.target_locations),
        };
        match runbook::parse(&document.content) {
            Ok(runbook) => preview.steps.add(&runbook.steps),
            Err(defects) => preview.failure = Some(defects.to_string()),
        }
        if preview.failure.is_none() {
            let start = trial(request, &input.document_name, input.document_version, wanted);
            let refused = self.engine.assume_role(&start).err();
            preview.failure = refused.map(|error| error.to_string());
        }
        let id = preview.id;
        self.records.write(Fact::Preview(Box::new(preview)))?;
        Ok(json!({"ExecutionPreviewId": id}))
    }

    /// `GetExecutionPreview`.
    pub(crate) fn preview(&self, request: &Request, input: &GetPreview) -> Result<Value, AwsError> {
        let id = input.execution_preview_id;
        let found = self.records.read(|state| state.previews.get(&id).cloned());
        let own = found.filter(|preview| {
            preview.account == request.account && preview.region == request.region
        });
        let preview = own.ok_or_else(|| {
            let message = format!("Execution preview {id} does not exist.");
            AwsError::new("ResourceNotFoundException", message)
        })?;
        Ok(shown(&preview))
    }

    /// How many accounts the locations have; without locations one, the caller's own.
    fn accounts(&self, viewer: &str, locations: &[TargetLocation]) -> usize {
        if locations.is_empty() {
            return 1;
        }
        let mut accounts = BTreeSet::new();
        for location in locations {
            let below = location.include_child_organization_units;
            let expanded = |id: &String| {
                if id.starts_with("ou-") || id.starts_with("r-") {
                    self.directory.accounts(viewer, id, below).unwrap_or_default()
                } else {
                    vec![id.clone()]
                }
            };
            let excluded: BTreeSet<_> =
                location.exclude_accounts.iter().flat_map(expanded).collect();
            let named = location.accounts.iter().flat_map(expanded);
            accounts.extend(named.filter(|account| !excluded.contains(account)));
        }
        accounts.len()
    }
}

fn trial(
    request: &Request,
    document: &str,
    version: Option<String>,
    wanted: AutomationInputs,
) -> StartRequest {
    let actor = engine::ports::Actor::Caller {
        principal_arn: request.principal_arn.clone(),
        access_key_id: request.access_key_id.clone(),
    };
    let (account, region) = (&request.account, &request.region);
    StartRequest {
        document_version: version,
        parameters: wanted.parameters,
        target_parameter_name: wanted.target_parameter_name,
        targets: wanted.targets,
        target_maps: wanted.target_maps,
        target_locations: wanted.target_locations,
        target_locations_url: wanted.target_locations_url,
        ..StartRequest::new(account, region, actor, Uuid::nil(), document)
    }
}

fn regions(own: &str, locations: &[TargetLocation]) -> Vec<String> {
    if locations.is_empty() {
        return vec![own.to_owned()];
    }
    let all = locations.iter().flat_map(|location| location.regions.iter().cloned());
    all.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The targets that are named; those of a tag or a group are only known when it runs.
fn targets(wanted: &AutomationInputs) -> BTreeMap<String, usize> {
    let mut targets = BTreeMap::new();
    for target in &wanted.targets {
        *targets.entry(target.key.clone()).or_default() += target.values.len();
    }
    if !wanted.target_maps.is_empty() {
        targets.insert("TargetMaps".to_owned(), wanted.target_maps.len());
    }
    targets
}

fn shown(preview: &Preview) -> Value {
    let Impacts { mutating, non_mutating, undetermined } = preview.steps;
    let previews = preview.targets.iter();
    let previews = previews.map(|(kind, count)| json!({"Count": count, "TargetType": kind}));
    let automation = json!({
        "StepPreviews": {
            "Mutating": mutating, "NonMutating": non_mutating, "Undetermined": undetermined,
        },
        "Regions": preview.regions,
        "TargetPreviews": previews.collect::<Vec<_>>(),
        "TotalAccounts": preview.accounts,
    });
    let worked = preview.failure.is_none();
    Members::default()
        .with("ExecutionPreviewId", preview.id.to_string())
        .with("EndedAt", epoch(preview.at))
        .with("Status", if worked { "Success" } else { "Failed" })
        .maybe("StatusMessage", preview.failure.as_deref())
        .maybe("ExecutionPreview", worked.then(|| json!({"Automation": automation})))
        .done()
}

fn no_document(name: &str) -> AwsError {
    errors::validation(format!("Document with name {name} does not exist."))
}
