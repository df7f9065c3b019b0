//! Which kind of target an ARN names, and what its service's errors mean to EventBridge.

use relay_core::id::Arn;

use crate::{
    Caller, PortError,
    failure::{DeliveryFailure, ErrorCode},
};

/// EventBridge, as policies name it.
const SERVICE: &str = "events.amazonaws.com";

/// Whose policy did not allow a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DeniedBy<'a> {
    /// The target's own, for this caller.
    Resource(&'a Caller),
    /// That of the role with this ARN.
    Identity(&'a str),
}

/// The kinds of target that the local AWS delivers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Queue,
    Topic,
    Function,
    StateMachine,
    Bus,
    LogGroup,
    Automation,
    /// A document that Run Command runs on nodes.
    Command,
    /// An OpsItem of OpsCenter that is made.
    OpsItem,
}

impl Kind {
    /// Whether it is called under the target's role, always: it has no policy of its own.
    pub(crate) fn needs_role(self) -> bool {
        matches!(self, Self::StateMachine | Self::Automation | Self::Command | Self::OpsItem)
    }

    pub(crate) fn of(arn: &Arn) -> Option<Self> {
        let starts = |prefix| arn.resource.starts_with(prefix);
        match arn.service.as_str() {
            "sqs" => Some(Self::Queue),
            "sns" => Some(Self::Topic),
            "lambda" if starts("function:") => Some(Self::Function),
            "states" if starts("stateMachine:") => Some(Self::StateMachine),
            "events" if starts("event-bus/") => Some(Self::Bus),
            "logs" if starts("log-group:") => Some(Self::LogGroup),
            "ssm" if starts("automation-definition/") => Some(Self::Automation),
            "ssm" if starts("document/") => Some(Self::Command),
            "ssm" if arn.resource == "opsitem" => Some(Self::OpsItem),
            _ => None,
        }
    }

    /// The IAM action that delivering needs.
    pub(crate) fn action(self) -> &'static str {
        match self {
            Self::Queue => "sqs:SendMessage",
            Self::Topic => "sns:Publish",
            Self::Function => "lambda:InvokeFunction",
            Self::StateMachine => "states:StartExecution",
            Self::Bus => "events:PutEvents",
            Self::LogGroup => "logs:PutLogEvents",
            Self::Automation => "ssm:StartAutomationExecution",
            Self::Command => "ssm:SendCommand",
            Self::OpsItem => "ssm:CreateOpsItem",
        }
    }

    /// The service as the SDK inside EventBridge names it in messages.
    fn sdk_name(self) -> &'static str {
        match self {
            Self::Queue => "AmazonSQS",
            Self::Topic => "AmazonSNS",
            Self::Function => "AWSLambda",
            Self::StateMachine => "AWSStepFunctions",
            Self::Bus => "AmazonEventBridge",
            Self::LogGroup => "AWSLogs",
            Self::Automation | Self::Command | Self::OpsItem => "AWSSimpleSystemsManagement",
        }
    }

    /// The error that the service gives when it does not have `arn`.
    pub(crate) fn missing(self, arn: &Arn, request_id: &str) -> DeliveryFailure {
        let (status, code, message) = match self {
            Self::Queue => (
                400,
                "AWS.SimpleQueueService.NonExistentQueue",
                "The specified queue does not exist or you do not have access to it.".to_owned(),
            ),
            Self::Topic => (404, "NotFound", "Topic does not exist".to_owned()),
            Self::Function => {
                (404, "ResourceNotFoundException", format!("Function not found: {arn}"))
            }
            Self::StateMachine => {
                (400, "StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{arn}'"))
            }
            Self::Bus | Self::LogGroup => {
                (400, "ResourceNotFoundException", "The specified resource does not exist.".into())
            }
            Self::Automation => (
                400,
                "AutomationDefinitionNotFoundException",
                "Automation definition not found".to_owned(),
            ),
            Self::Command => (400, "InvalidDocument", "The document does not exist.".to_owned()),
            // It has no policy that could be missing with it.
            Self::OpsItem => (400, "OpsItemNotFoundException", "OpsItem not found".to_owned()),
        };
        self.refused(status, code, &message, request_id)
    }

    /// The error that the service gives when nothing allows the call.
    pub(crate) fn denied(self, by: DeniedBy<'_>, arn: &Arn, request_id: &str) -> DeliveryFailure {
        let action = self.action();
        let action = if self == Self::Queue { action.to_lowercase() } else { action.to_owned() };
        let (who, kind) = match by {
            DeniedBy::Resource(Caller::Service) => (SERVICE, "resource"),
            DeniedBy::Resource(Caller::Role(role)) => (role.as_str(), "resource"),
            DeniedBy::Identity(role) => (role, "identity"),
        };
        let message = format!(
            "User: {who} is not authorized to perform: {action} on resource: {arn} because no \
             {kind}-based policy allows the {action} action"
        );
        self.refused(403, "AccessDenied", &message, request_id)
    }

    /// The meaning of an answer of the target's service.
    pub(crate) fn failure(self, error: PortError) -> DeliveryFailure {
        match error {
            PortError::Unreachable(message) => {
                DeliveryFailure::passing(ErrorCode::ConnectionFailure, message)
            }
            PortError::Refused { status, code, message, request_id } => {
                self.refused(status, &code, &message, &request_id)
            }
        }
    }

    fn refused(self, status: u16, code: &str, message: &str, request_id: &str) -> DeliveryFailure {
        let (error_code, retryable) = meaning(status, code);
        let message = format!(
            "{message} (Service: {}; Status Code: {status}; Error Code: {code}; \
             Request ID: {request_id}; Proxy: null)",
            self.sdk_name()
        );
        DeliveryFailure { code: error_code, message, retryable }
    }
}

/// Permissions and absent resources are final, throttling and the service's own faults are not.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html>
fn meaning(status: u16, code: &str) -> (ErrorCode, bool) {
    let code = code.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| code.contains(word));
    if has(&["throttl", "toomanyrequests", "requestlimitexceeded", "throughputexceeded"]) {
        (ErrorCode::Throttling, true)
    } else if has(&["accessdenied", "notauthorized", "authorizationerror", "unauthorized"]) {
        (ErrorCode::NoPermissions, false)
    } else if has(&["notfound", "nonexistent", "doesnotexist", "nosuch", "kmsdisabled"]) {
        (ErrorCode::NoResource, false)
    } else if has(&["alreadyexists"]) {
        (ErrorCode::ResourceAlreadyExists, false)
    } else if has(&["limitexceeded", "overlimit"]) {
        (ErrorCode::ResourceLimitExceeded, true)
    } else if has(&["conflict", "concurrentmodification"]) {
        (ErrorCode::ResourceModificationCollision, true)
    } else if has(&["timeout", "timedout"]) {
        (ErrorCode::Timeout, true)
    } else if status >= 500 {
        (ErrorCode::ErrorFromTarget, true)
    } else if has(&["invalid", "validation", "missing", "malformed"]) {
        (ErrorCode::InvalidParameter, false)
    } else {
        (ErrorCode::ErrorFromTarget, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_target_is_told_by_its_arn() {
        let kind = |service: &str, resource: &str| {
            let arn = format!("arn:aws:{service}:us-east-1:111122223333:{resource}");
            Kind::of(&arn.parse().unwrap())
        };
        assert_eq!(kind("sqs", "queue.fifo"), Some(Kind::Queue));
        assert_eq!(kind("sns", "topic"), Some(Kind::Topic));
        assert_eq!(kind("lambda", "function:name:live"), Some(Kind::Function));
        assert_eq!(kind("states", "stateMachine:name"), Some(Kind::StateMachine));
        assert_eq!(kind("events", "event-bus/hub"), Some(Kind::Bus));
        assert_eq!(kind("logs", "log-group:/aws/events/all:*"), Some(Kind::LogGroup));
        assert_eq!(kind("ssm", "automation-definition/Doc:$DEFAULT"), Some(Kind::Automation));
        assert_eq!(kind("ssm", "document/AWS-RunShellScript"), Some(Kind::Command));
        assert_eq!(kind("ssm", "opsitem"), Some(Kind::OpsItem));
        assert_eq!(kind("ssm", "opsitem/oi-0123456789ab"), None);
        assert_eq!(kind("states", "express:name"), None);
        assert_eq!(kind("ecs", "cluster/name"), None);
    }

    #[test]
    fn throttling_and_faults_pass_while_permissions_and_absence_do_not() {
        for (status, code, expected) in [
            (400, "ThrottlingException", (ErrorCode::Throttling, true)),
            (429, "TooManyRequestsException", (ErrorCode::Throttling, true)),
            (400, "ExecutionLimitExceeded", (ErrorCode::ResourceLimitExceeded, true)),
            (409, "ResourceConflictException", (ErrorCode::ResourceModificationCollision, true)),
            (400, "ExecutionAlreadyExists", (ErrorCode::ResourceAlreadyExists, false)),
            (408, "RequestTimeout", (ErrorCode::Timeout, true)),
            (500, "ServiceException", (ErrorCode::ErrorFromTarget, true)),
            (503, "ServiceUnavailable", (ErrorCode::ErrorFromTarget, true)),
            (403, "AccessDeniedException", (ErrorCode::NoPermissions, false)),
            (404, "ResourceNotFoundException", (ErrorCode::NoResource, false)),
            (400, "InvalidExecutionInput", (ErrorCode::InvalidParameter, false)),
            (400, "StateMachineDeleting", (ErrorCode::ErrorFromTarget, false)),
        ] {
            assert_eq!(meaning(status, code), expected, "{code}");
        }
    }

    #[test]
    fn messages_read_as_the_sdk_inside_eventbridge_writes_them() {
        let arn: Arn = "arn:aws:sqs:us-east-1:111122223333:intake".parse().unwrap();
        let denied = Kind::Queue.denied(DeniedBy::Resource(&Caller::Service), &arn, "d3d93ce3");
        assert_eq!(
            denied.message,
            "User: events.amazonaws.com is not authorized to perform: sqs:sendmessage on resource: \
             arn:aws:sqs:us-east-1:111122223333:intake because no resource-based policy allows the \
             sqs:sendmessage action (Service: AmazonSQS; Status Code: 403; Error Code: AccessDenied; \
             Request ID: d3d93ce3; Proxy: null)"
        );
        assert_eq!((denied.code, denied.retryable), (ErrorCode::NoPermissions, false));
        let missing = Kind::Queue.missing(&arn, "19981146");
        assert_eq!((missing.code, missing.retryable), (ErrorCode::NoResource, false));
    }
}
