//! Automations and commands as targets of EventBridge rules: started under the rule's role.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::AwsError;
use automation_api::Automation;
use engine::StartRequest;
use engine::ports::Actor;
use events::{PortError, RunCommandTarget, TargetCall};
use http::Request;
use relay_core::id::Arn;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::emulator::Emulator;
use crate::run_command;
use crate::services::Services;

/// Starts executions and sends commands for rules.
pub struct AutomationTarget {
    automation: Arc<Automation>,
    services: Arc<Services>,
    emulator: Emulator,
}

impl AutomationTarget {
    /// On an engine's API and the gateway's documents, under roles of the emulator's IAM.
    pub fn new(automation: Arc<Automation>, services: Arc<Services>, emulator: Emulator) -> Self {
        Self { automation, services, emulator }
    }

    /// Starts the document that the target's ARN names. The token makes repeated attempts of one
    /// delivery meet the same execution.
    ///
    /// # Errors
    /// The error that EventBridge records.
    pub async fn start(
        &self,
        call: &TargetCall,
        token: Uuid,
        parameters: &str,
    ) -> Result<(), PortError> {
        let (Ok(arn), Some(role)) = (call.arn.parse::<Arn>(), &call.role) else {
            return Err(refused(&AwsError::new("ValidationException", "The target has no role.")));
        };
        let parameters = read(parameters, "InvalidAutomationExecutionParametersException")?;
        let definition = arn.resource.trim_start_matches("automation-definition/");
        let (name, version) = match definition.split_once(':') {
            Some((name, version)) => (name, Some(version.to_owned())),
            None => (definition, None),
        };
        let actor = self.session(call, role, token).await?;
        let start = StartRequest {
            document_version: version,
            parameters,
            client_token: Some(token.to_string()),
            ..StartRequest::new(&arn.account, &arn.region, actor, token, name)
        };
        self.passes(call, role, &start).await?;
        self.automation.begin(start).await.map(drop).map_err(|error| refused(&error))
    }

    /// Sends the document that the target's ARN names to nodes, in the account of the rule.
    ///
    /// # Errors
    /// The error that EventBridge records.
    pub async fn send(
        &self,
        call: &TargetCall,
        targets: &[RunCommandTarget],
        parameters: &str,
    ) -> Result<(), PortError> {
        let (Ok(document), Ok(rule)) = (call.arn.parse::<Arn>(), call.rule_arn.parse::<Arn>())
        else {
            let message = format!("{} is not the ARN of a document.", call.arn);
            return Err(refused(&AwsError::new("ValidationException", message)));
        };
        let name = document.resource.trim_start_matches("document/");
        // A document of another account goes by its ARN.
        let name = if document.account.is_empty() || document.account == rule.account {
            name
        } else {
            call.arn.as_str()
        };
        let parameters = read(parameters, "InvalidParameters")?;
        let input = json!({"DocumentName": name, "Targets": targets, "Parameters": parameters});
        self.services
            .documents(|documents| {
                run_command::check(documents, &rule.account, &document.region, &input)
            })
            .map_err(|error| refused(&error))?;
        let request = Request::post("/")
            .header("x-amz-target", "AmazonSSM.SendCommand")
            .header("content-type", "application/x-amz-json-1.1");
        let sent = self
            .emulator
            .as_root(&rule.account, &document.region, "ssm", request, input.to_string())
            .await;
        let (status, answer) = sent.map_err(unreachable)?;
        if status < 300 { Ok(()) } else { Err(crate::events::refused(status, &answer)) }
    }

    /// A session of the rule's role, which EventBridge opens.
    async fn session(&self, call: &TargetCall, role: &str, id: Uuid) -> Result<Actor, PortError> {
        let source = call.rule_arn.parse::<Arn>().ok();
        let question = json!({
            "role": role, "service": "events.amazonaws.com", "sourceArn": call.rule_arn,
            "sourceAccount": source.map(|source| source.account), "session": id.simple().to_string(),
        });
        let keys = self.emulator.hook("assume", &question).await.map_err(unreachable)?;
        match (keys["arn"].as_str(), keys["accessKeyId"].as_str()) {
            (Some(arn), Some(key)) => {
                Ok(Actor::Caller { principal_arn: arn.to_owned(), access_key_id: key.to_owned() })
            }
            _ => Err(denied("sts:AssumeRole", role, role)),
        }
    }

    /// The rule's role passes the role that the execution runs under.
    async fn passes(
        &self,
        call: &TargetCall,
        role: &str,
        start: &StartRequest,
    ) -> Result<(), PortError> {
        let passed = self.automation.role_of(start).map_err(|error| refused(&error))?;
        let Some(passed) = passed else { return Ok(()) };
        let source = call.rule_arn.parse::<Arn>().ok();
        let question = json!({
            "role": role, "action": "iam:PassRole", "resource": passed,
            "service": "events.amazonaws.com", "sourceArn": call.rule_arn,
            "sourceAccount": source.map(|source| source.account),
            "context": {"iam:PassedToService": "ssm.amazonaws.com"},
        });
        let answer = self.emulator.hook("role-allows", &question).await.map_err(unreachable)?;
        if answer["allowed"] == Value::Bool(true) {
            return Ok(());
        }
        Err(denied("iam:PassRole", role, &passed))
    }
}

/// The parameters that a rule gives to a document.
fn read(parameters: &str, code: &str) -> Result<BTreeMap<String, Vec<String>>, PortError> {
    serde_json::from_str(parameters).map_err(|error| {
        let message = format!("The parameters are not a map of lists of strings: {error}");
        refused(&AwsError::new(code, message))
    })
}

fn denied(action: &str, role: &str, resource: &str) -> PortError {
    let message = format!(
        "User: {role} is not authorized to perform: {action} on resource: {resource} because no \
         identity-based policy allows the {action} action"
    );
    refused(&AwsError::new("AccessDeniedException", message))
}

fn refused(error: &AwsError) -> PortError {
    PortError::Refused {
        status: error.status,
        code: error.code.clone(),
        message: error.message.clone(),
        request_id: String::new(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unreachable(error: anyhow::Error) -> PortError {
    PortError::Unreachable(format!("{error:#}"))
}
