//! The service: the requests that it serves, and the function for each operation.

use std::sync::Arc;

use api::model::Refusal;
use api::{AwsError, Reply, Request};
use engine::ports::{Directory, Documents};
use engine::{Engine, StartRequest};
use serde_json::Value;

use crate::errors;
use crate::records::Records;
use crate::validation::{check, model, parse};

/// SSM Automation of every account and Region.
pub struct Automation {
    pub(crate) engine: Arc<Engine>,
    pub(crate) documents: Arc<dyn Documents>,
    pub(crate) directory: Arc<dyn Directory>,
    pub(crate) records: Records,
    /// Held while due runs are started, so that one task at a time does.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for Automation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Automation")
    }
}

/// The parts that the API is made of.
pub struct AutomationParts {
    pub engine: Arc<Engine>,
    pub documents: Arc<dyn Documents>,
    pub directory: Arc<dyn Directory>,
    /// The stored associations and previews.
    pub records: Records,
}

impl Automation {
    /// The API of an engine.
    pub fn new(parts: AutomationParts) -> Self {
        let AutomationParts { engine, documents, directory, records } = parts;
        Self { engine, documents, directory, records, turn: tokio::sync::Mutex::default() }
    }

    /// Whether a request is for this service: any operation of the model, and tagging if the body
    /// names an Automation execution.
    pub fn handles(operation: &str, body: &Value) -> bool {
        match operation {
            "AddTagsToResource" | "RemoveTagsFromResource" | "ListTagsForResource" => {
                body.get("ResourceType").and_then(Value::as_str) == Some("Automation")
            }
            _ => model().knows(operation),
        }
    }

    /// Starts an execution for a rule or an association, which are not callers of the API.
    ///
    /// # Errors
    /// Those of `StartAutomationExecution`.
    pub async fn begin(&self, start: StartRequest) -> Result<String, AwsError> {
        self.engine.start(start).await.map_err(|error| errors::start(&error))
    }

    /// The role that an execution would run under: its caller needs `iam:PassRole` for it.
    ///
    /// # Errors
    /// Those of `StartAutomationExecution`.
    pub fn role_of(&self, start: &StartRequest) -> Result<Option<String>, AwsError> {
        self.engine.assume_role(start).map_err(|error| errors::start(&error))
    }

    pub async fn call(&self, request: &Request) -> Reply {
        let body = &request.body;
        check(&request.operation, body)?;
        match request.operation.as_str() {
            "StartAutomationExecution" => self.start(request, parse(body)?).await,
            "StopAutomationExecution" => self.stop(request, parse(body)?).await,
            "GetAutomationExecution" => self.get(request, &parse(body)?),
            "DescribeAutomationExecutions" => self.list(request, &parse(body)?),
            "DescribeAutomationStepExecutions" => self.steps(request, &parse(body)?),
            "SendAutomationSignal" => self.signal(request, parse(body)?).await,
            "GetCalendarState" => self.calendar_state(request, &parse(body)?),
            "StartExecutionPreview" => self.start_preview(request, parse(body)?),
            "GetExecutionPreview" => self.preview(request, &parse(body)?),
            "CreateAssociation" => {
                self.then_run(request, self.associate(request, parse(body)?)).await
            }
            "UpdateAssociation" => {
                self.then_run(request, self.update_association(request, parse(body)?)).await
            }
            "DeleteAssociation" => self.disassociate(request, &parse(body)?),
            "DescribeAssociation" => self.describe_association(request, &parse(body)?),
            "ListAssociations" => self.list_associations(request, &parse(body)?),
            "ListAssociationVersions" => self.association_versions(request, &parse(body)?),
            "StartAssociationsOnce" => {
                self.then_run(request, self.start_once(request, &parse(body)?)).await
            }
            "DescribeAssociationExecutions" => self.association_runs(request, &parse(body)?),
            "DescribeAssociationExecutionTargets" => {
                self.association_targets(request, &parse(body)?)
            }
            "AddTagsToResource" => self.add_tags(request, parse(body)?).await,
            "RemoveTagsFromResource" => self.remove_tags(request, parse(body)?).await,
            "ListTagsForResource" => self.tags(request, &parse(body)?),
            unknown => Err(unknown_operation(unknown)),
        }
    }
}

impl Automation {
    /// Starts the runs that an accepted request makes due, before its reply.
    async fn then_run(&self, request: &Request, reply: Reply) -> Reply {
        if reply.is_ok() {
            self.tick(request.now).await;
        }
        reply
    }
}

fn unknown_operation(operation: &str) -> AwsError {
    Refusal::UnknownOperation(operation.to_owned()).into_error()
}
