//! Checks of a start: document, parameters, targets, role.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use runbook::Runbook;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Engine;
use super::authority::{Ancestry, Authority};
use crate::arn;
use crate::document::Document;
use crate::error::StartError;
use crate::event::{Idempotency, Kind, Submission, Targeting};
use crate::ports::{Actor, Assumer, DocumentError, FoundDocument};
use crate::rate::Amount;
use crate::request::StartRequest;
use crate::state::Reader;

/// A start that passed all checks.
pub(super) struct Prepared {
    pub(super) submission: Submission,
    pub(super) document: Arc<Document>,
}

/// The keys of `Targets`.
const PARAMETER_VALUES: &str = "ParameterValues";

impl Engine {
    /// The role that the execution would run under, for `iam:PassRole`; `None` for the caller's
    /// own context.
    ///
    /// # Errors
    /// When AWS would refuse the start for its document or parameters.
    pub fn assume_role(&self, request: &StartRequest) -> Result<Option<String>, StartError> {
        let (_, document) = self.document(request)?;
        let parameters = bind(&document.runbook, request)?;
        assume_role(&document.runbook, request, &parameters, self.now())
    }

    pub(super) async fn prepare(
        &self,
        request: StartRequest,
        ancestry: Ancestry,
    ) -> Result<Prepared, StartError> {
        let (found, document) = self.document(&request)?;
        let mut request = request;
        check(&request, &document.runbook)?;
        let parameters = bind(&document.runbook, &request)?;
        let source_arn = arn::execution(&request.region, &request.account, request.id);
        let role = assume_role(&document.runbook, &request, &parameters, self.now())?;
        let (actor, tried) = match ancestry.authority {
            Authority::Inherited(actor) => (actor, true),
            Authority::Through(actor) => (actor, false),
            Authority::Own => match role {
                Some(role_arn) => {
                    (Actor::Role { role_arn, through: Assumer::Service, source_arn }, false)
                }
                None => (request.caller.clone(), true),
            },
        };
        if !tried {
            let assumed = self.ports.aws.check_actor(&actor, &request.region).await;
            assumed.map_err(|error| {
                tracing::info!(error = error.message, "the role is not assumed");
                StartError::InvalidParameters(
                    "The defined assume role is unable to be assumed.".to_owned(),
                )
            })?;
        }
        let ssm = self.ssm_defaults(&document.runbook, &request, &actor).await?;
        if let Some(url) = &request.target_locations_url {
            request.target_locations = self.locations_at(url, &request, &actor).await?;
        }
        let kind = kind(&request);
        let targeting = (kind != Kind::Steps).then(|| Box::new(targeting(&request, &found)));
        let submission = Submission {
            account: request.account,
            region: request.region,
            document: document.key,
            document_name: request.document_name,
            document_version: found.version,
            document_owner: found.owner,
            kind,
            actor,
            caller: request.caller,
            executed_by: request.executed_by,
            given: request.parameters,
            parameters,
            ssm,
            mode: request.mode,
            tags: request.tags,
            idempotency: None,
            alarms: request.alarms,
            association_id: request.association_id,
            parent: ancestry.parent,
            targeting,
        };
        Ok(Prepared { submission, document })
    }

    fn document(
        &self,
        request: &StartRequest,
    ) -> Result<(FoundDocument, Arc<Document>), StartError> {
        let (name, version) = (&request.document_name, request.document_version.as_deref());
        let found = self.ports.documents.find(&request.account, &request.region, name, version);
        let found = found.map_err(|error| match error {
            DocumentError::NotFound => StartError::DefinitionNotFound(format!(
                "Automation definition {name} does not exist."
            )),
            DocumentError::VersionNotFound => StartError::VersionNotFound(format!(
                "Automation definition {name} version {} does not exist.",
                version.unwrap_or("$DEFAULT")
            )),
        })?;
        if found.document_type != "Automation" {
            return Err(StartError::DefinitionNotFound(format!(
                "Automation definition {name} does not exist."
            )));
        }
        let document = self.library.take_in(&found)?;
        Ok((found, document))
    }

    /// Reads the parameters of Parameter Store that defaults in use refer to.
    async fn ssm_defaults(
        &self,
        runbook: &Runbook,
        request: &StartRequest,
        actor: &Actor,
    ) -> Result<BTreeMap<String, String>, StartError> {
        let mut values = BTreeMap::new();
        for name in crate::state::ssm_names(runbook, &request.parameters) {
            let mut parameters = Map::new();
            parameters.insert("Name".into(), json!(name));
            let call = crate::ports::ApiCall {
                service: "ssm".to_owned(),
                api: "GetParameter".to_owned(),
                parameters,
                account: request.account.clone(),
                region: request.region.clone(),
                actor: actor.clone(),
            };
            let answer = self.ports.aws.call(&call).await;
            let answer = answer.map_err(|error| StartError::InvalidParameters(error.message))?;
            let value = answer.pointer("/Parameter/Value").and_then(Value::as_str);
            let secure = answer.pointer("/Parameter/Type").and_then(Value::as_str);
            match value.filter(|_| secure != Some("SecureString")) {
                Some(value) => values.insert(name, value.to_owned()),
                None => {
                    return Err(StartError::InvalidParameters(format!(
                        "Parameter {name} of Parameter Store cannot be used as a default."
                    )));
                }
            };
        }
        Ok(values)
    }
}

fn kind(request: &StartRequest) -> Kind {
    if !request.target_locations.is_empty() {
        Kind::Locations
    } else if request.targets.is_empty() && request.target_maps.is_empty() {
        Kind::Steps
    } else {
        Kind::Targets
    }
}

fn targeting(request: &StartRequest, found: &FoundDocument) -> Targeting {
    Targeting {
        target_parameter_name: request.target_parameter_name.clone(),
        targets: request.targets.clone(),
        target_maps: request.target_maps.clone(),
        target_locations: request.target_locations.clone(),
        target_locations_url: request.target_locations_url.clone(),
        max_concurrency: request.max_concurrency.clone(),
        max_errors: request.max_errors.clone(),
        target_type: found.target_type.clone(),
        document_version: request.document_version.clone(),
    }
}

/// Checks the fields against each other.
fn check(request: &StartRequest, runbook: &Runbook) -> Result<(), StartError> {
    let invalid = |message: &str| Err(StartError::InvalidParameters(message.to_owned()));
    if let Some(text) = &request.max_concurrency
        && Amount::concurrency(text).is_none()
    {
        return invalid("MaxConcurrency must be a number of at least 1, or a percentage.");
    }
    if let Some(text) = &request.max_errors
        && Amount::errors(text).is_none()
    {
        return invalid("MaxErrors must be a number or a percentage.");
    }
    if !request.targets.is_empty() && !request.target_maps.is_empty() {
        return invalid("Targets and TargetMaps cannot be used together.");
    }
    if request.tags.len() > 5 {
        return invalid("An automation execution can be started with 5 tags at most.");
    }
    if let Some(alarms) = &request.alarms
        && alarms.alarms.len() != 1
    {
        return invalid("AlarmConfiguration must name exactly one alarm.");
    }
    // In AWS's words: https://github.com/aws/aws-cli/issues/9028. The API's model refuses it before.
    if request.targets.len() > 1 {
        return invalid("Only one resource group or tag can be specified at a time");
    }
    let within = request.target_locations.iter().any(|location| !location.targets.is_empty());
    if (!request.targets.is_empty() || within) && request.target_parameter_name.is_none() {
        return invalid("TargetParameterName is required with Targets.");
    }
    if let Some(name) = &request.target_parameter_name
        && !runbook.parameters.iter().any(|parameter| parameter.name == *name)
    {
        return Err(StartError::InvalidParameters(format!(
            "TargetParameterName {name} is not a parameter of the document."
        )));
    }
    for target in
        request.targets.iter().chain(request.target_locations.iter().flat_map(|at| &at.targets))
    {
        let known = target.key.starts_with("tag:")
            || [PARAMETER_VALUES, "ResourceGroup", "AWS::EC2::Instance"].contains(&&*target.key);
        if !known || target.values.is_empty() {
            return Err(StartError::InvalidTarget(format!(
                "Target with key {} is not valid.",
                target.key
            )));
        }
    }
    super::locations::check(request)
}

/// Binds the given parameters; those of the targets are bound later.
fn bind(runbook: &Runbook, request: &StartRequest) -> Result<BTreeMap<String, Value>, StartError> {
    let by_target: Vec<&String> = match &request.target_parameter_name {
        Some(name) if has_targets(request) => vec![name],
        _ => request.target_maps.iter().flat_map(BTreeMap::keys).collect(),
    };
    let bound = if by_target.is_empty() {
        runbook::bind(runbook, &request.parameters)
    } else {
        let mut own = runbook.clone();
        own.parameters.retain(|parameter| !by_target.contains(&&parameter.name));
        let mut given = request.parameters.clone();
        given.retain(|name, _| !by_target.contains(&name));
        runbook::bind(&own, &given)
    };
    bound.map_err(StartError::InvalidParameters)
}

fn has_targets(request: &StartRequest) -> bool {
    !request.targets.is_empty()
        || request.target_locations.iter().any(|location| !location.targets.is_empty())
}

/// The role of the document, if it names one.
fn assume_role(
    runbook: &Runbook,
    request: &StartRequest,
    parameters: &BTreeMap<String, Value>,
    now: Timestamp,
) -> Result<Option<String>, StartError> {
    let Some(written) = runbook.assume_role.as_deref().filter(|text| !text.trim().is_empty())
    else {
        return Ok(None);
    };
    let reader = Reader::of_request(runbook, request, parameters, now);
    let role = runbook::substitute(&Value::from(written), &reader)
        .map_err(|error| StartError::InvalidParameters(error.to_string()))?;
    let role = role.as_str().unwrap_or_default().trim();
    match role {
        "" => Ok(None),
        role if arn::is_role(role) => Ok(Some(role.to_owned())),
        _ => Err(StartError::InvalidParameters(
            "The format of the supplied assume role ARN isn't valid.".to_owned(),
        )),
    }
}

/// The client token with a digest of everything else in the request.
pub(super) fn idempotency(request: &StartRequest) -> Option<Idempotency> {
    let token = request.client_token.as_ref()?.to_ascii_lowercase();
    let said = json!([
        request.document_name,
        request.document_version,
        request.parameters,
        request.mode,
        request.target_parameter_name,
        request.targets,
        request.target_maps,
        request.max_concurrency,
        request.max_errors,
        request.target_locations,
        request.target_locations_url,
        request.tags,
        request.alarms,
    ]);
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, said.to_string().as_bytes());
    Some(Idempotency { token, digest })
}
