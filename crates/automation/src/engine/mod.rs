//! The engine as its callers see it: start, stop, signal, look.

use std::sync::Arc;

use crate::error::{SignalError, StartError, StopError};
use crate::log::{Log, LogError};
use crate::ports::{Aws, Clock, Directory, Documents, Events, Scripts, Webhooks};
use crate::request::{Signal, StartRequest, StopType, Tag};
use crate::view::ExecutionView;

/// The world as the engine knows it.
#[derive(Clone)]
pub struct Ports {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// AWS.
    pub aws: Arc<dyn Aws>,
    /// Scripts.
    pub scripts: Arc<dyn Scripts>,
    /// Webhooks.
    pub webhooks: Arc<dyn Webhooks>,
    /// Documents and settings.
    pub documents: Arc<dyn Documents>,
    /// The organization.
    pub directory: Arc<dyn Directory>,
    /// Where status changes are told.
    pub events: Arc<dyn Events>,
}

/// The engine. Lives in a tokio runtime.
pub struct Engine {
    #[expect(dead_code, reason = "filled in the next commit")]
    ports: Ports,
    #[expect(dead_code, reason = "filled in the next commit")]
    log: Box<dyn Log>,
}

impl Engine {
    /// Replays the log and resumes everything that has not ended.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn open(ports: Ports, log: Box<dyn Log>) -> Result<Arc<Self>, LogError> {
        Ok(Arc::new(Self { ports, log }))
    }

    /// Starts an execution; resolves to its id once the start is in the log.
    ///
    /// # Errors
    /// When AWS would refuse it.
    pub async fn start(&self, request: StartRequest) -> Result<String, StartError> {
        Err(StartError::DefinitionNotFound(request.document_name))
    }

    /// The role that the execution would run under, for `iam:PassRole`; `None` for the caller's
    /// own context.
    ///
    /// # Errors
    /// When AWS would refuse the start for its document or parameters.
    pub fn assume_role(&self, request: &StartRequest) -> Result<Option<String>, StartError> {
        Err(StartError::DefinitionNotFound(request.document_name.clone()))
    }

    /// Stops an execution and its children.
    ///
    /// # Errors
    /// When there is none of this id, or it has ended.
    pub async fn stop(
        &self,
        _account: &str,
        _region: &str,
        id: &str,
        _how: StopType,
    ) -> Result<(), StopError> {
        Err(StopError::NotFound(id.to_owned()))
    }

    /// Signals an execution; `by` is the principal's ARN.
    ///
    /// # Errors
    /// When nothing waits for the signal, or `by` is not who it waits for.
    pub async fn signal(
        &self,
        _account: &str,
        _region: &str,
        id: &str,
        _signal: Signal,
        _by: &str,
    ) -> Result<(), SignalError> {
        Err(SignalError::NotFound(id.to_owned()))
    }

    /// Adds tags to an execution (same key: new value) and removes others. False if there is none
    /// of this id.
    pub async fn tag(
        &self,
        _account: &str,
        _region: &str,
        _id: &str,
        _add: Vec<Tag>,
        _remove: Vec<String>,
    ) -> bool {
        false
    }

    /// Everything about one execution.
    pub fn execution(&self, _account: &str, _region: &str, _id: &str) -> Option<ExecutionView> {
        None
    }

    /// The executions of an account and Region, newest first, without their steps.
    pub fn executions(&self, _account: &str, _region: &str) -> Vec<ExecutionView> {
        Vec::new()
    }
}
