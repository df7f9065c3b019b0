//! The actions that act on the world: each has a file of its own beside the registry.

use std::time::Duration;

use runbook::ActionKind;

use super::{Entry, HOUR, Input, Others, Recovery, Runner, optional, required};
use crate::actions::failure::phrase;

/// What most actions have in common: an hour (AWS documents no default for them; an attempt that
/// never ends helps nobody).
const fn action(action: ActionKind, recovery: Recovery) -> Entry {
    Entry {
        action,
        runner: Runner::Action,
        inputs: &[],
        others: Others::Refused,
        outputs: &[],
        timeout: HOUR,
        recovery,
        waiting: phrase::POLL,
    }
}

/// What names the API of a generic action.
const SERVICE: Input = required("Service");
/// See [`SERVICE`].
const API: Input = required("Api");

pub(super) const ASSERT_AWS_RESOURCE_PROPERTY: Entry = Entry {
    inputs: &[SERVICE, API, required("PropertySelector"), required("DesiredValues")],
    others: Others::Api,
    ..action(ActionKind::AssertAwsResourceProperty, Recovery::Idempotent)
};

pub(super) const WAIT_FOR_AWS_RESOURCE_PROPERTY: Entry = Entry {
    inputs: &[SERVICE, API, required("PropertySelector"), required("DesiredValues")],
    others: Others::Api,
    ..action(ActionKind::WaitForAwsResourceProperty, Recovery::Idempotent)
};

pub(super) const EXECUTE_AWS_API: Entry = Entry {
    inputs: &[SERVICE, API],
    others: Others::Api,
    waiting: phrase::EXECUTE,
    ..action(ActionKind::ExecuteAwsApi, Recovery::ByCall)
};

pub(super) const CHANGE_INSTANCE_STATE: Entry = Entry {
    inputs: &[
        required("InstanceIds"),
        required("DesiredState"),
        optional("CheckStateOnly"),
        optional("Force"),
        optional("AdditionalInfo"),
    ],
    outputs: &["InstanceStates"],
    others: Others::Operation("StartInstances, StopInstances, TerminateInstances"),
    ..action(ActionKind::ChangeInstanceState, Recovery::NaturalKey)
};

pub(super) const COPY_IMAGE: Entry = Entry {
    inputs: &[
        required("SourceRegion"),
        required("SourceImageId"),
        required("ImageName"),
        optional("ImageDescription"),
        optional("Encrypted"),
        optional("KmsKeyId"),
        optional("ClientToken"),
    ],
    outputs: &["ImageId", "ImageState"],
    others: Others::Operation("CopyImage"),
    ..action(ActionKind::CopyImage, Recovery::Token)
};

pub(super) const CREATE_IMAGE: Entry = Entry {
    inputs: &[
        required("InstanceId"),
        required("ImageName"),
        optional("ImageDescription"),
        optional("NoReboot"),
        optional("BlockDeviceMappings"),
    ],
    outputs: &["ImageId", "ImageState"],
    others: Others::Operation("CreateImage"),
    ..action(ActionKind::CreateImage, Recovery::NaturalKey)
};

pub(super) const DELETE_IMAGE: Entry = Entry {
    inputs: &[required("ImageId")],
    others: Others::Operation("DeregisterImage"),
    ..action(ActionKind::DeleteImage, Recovery::NaturalKey)
};

pub(super) const CREATE_STACK: Entry = Entry {
    inputs: &[
        required("StackName"),
        optional("TemplateBody"),
        optional("TemplateURL"),
        optional("Parameters"),
        optional("Capabilities"),
        optional("ClientRequestToken"),
        optional("DisableRollback"),
        optional("OnFailure"),
        optional("NotificationARNs"),
        optional("ResourceTypes"),
        optional("RoleARN"),
        optional("StackPolicyBody"),
        optional("StackPolicyURL"),
        optional("Tags"),
        optional("TimeoutInMinutes"),
    ],
    outputs: &["StackId", "StackStatus", "StackStatusReason"],
    others: Others::Operation("CreateStack"),
    ..action(ActionKind::CreateStack, Recovery::NaturalKey)
};

pub(super) const DELETE_STACK: Entry = Entry {
    inputs: &[
        required("StackName"),
        optional("ClientRequestToken"),
        optional("RetainResources.member.N"),
        optional("RetainResources"),
        optional("RoleARN"),
    ],
    others: Others::Operation("DeleteStack"),
    ..action(ActionKind::DeleteStack, Recovery::Idempotent)
};

pub(super) const CREATE_TAGS: Entry = Entry {
    inputs: &[required("ResourceIds"), required("Tags"), optional("ResourceType")],
    waiting: phrase::EXECUTE,
    others: Others::Operation("CreateTags"),
    ..action(ActionKind::CreateTags, Recovery::Idempotent)
};

pub(super) const EXECUTE_STATE_MACHINE: Entry = Entry {
    inputs: &[required("stateMachineArn"), optional("name"), optional("input")],
    outputs: &[
        "executionArn",
        "input",
        "name",
        "output",
        "startDate",
        "stateMachineArn",
        "status",
        "stopDate",
    ],
    others: Others::Operation("StartExecution"),
    ..action(ActionKind::ExecuteStateMachine, Recovery::NaturalKey)
};

pub(super) const INVOKE_LAMBDA_FUNCTION: Entry = Entry {
    inputs: &[
        required("FunctionName"),
        optional("Qualifier"),
        optional("InvocationType"),
        optional("LogType"),
        optional("ClientContext"),
        optional("InputPayload"),
        optional("Payload"),
    ],
    outputs: &["StatusCode", "FunctionError", "LogResult", "Payload"],
    timeout: Some(Duration::from_secs(300)),
    waiting: phrase::EXECUTE,
    others: Others::Operation("Invoke"),
    ..action(ActionKind::InvokeLambdaFunction, Recovery::Interrupted)
};

pub(super) const INVOKE_WEBHOOK: Entry = Entry {
    inputs: &[required("IntegrationName"), optional("Body")],
    outputs: &["Response", "ResponseCode"],
    waiting: phrase::EXECUTE,
    ..action(ActionKind::InvokeWebhook, Recovery::Interrupted)
};

pub(super) const RUN_COMMAND: Entry = Entry {
    inputs: &[
        required("DocumentName"),
        optional("DocumentVersion"),
        optional("InstanceIds"),
        optional("Targets"),
        optional("Parameters"),
        optional("CloudWatchOutputConfig"),
        optional("Comment"),
        optional("DocumentHash"),
        optional("DocumentHashType"),
        optional("MaxConcurrency"),
        optional("MaxErrors"),
        optional("NotificationConfig"),
        optional("OutputS3BucketName"),
        optional("OutputS3KeyPrefix"),
        optional("ServiceRoleArn"),
        optional("TimeoutSeconds"),
    ],
    outputs: &["CommandId", "Status", "ResponseCode", "Output"],
    waiting: phrase::COMMAND,
    ..action(ActionKind::RunCommand, Recovery::NaturalKey)
};

pub(super) const RUN_INSTANCES: Entry = Entry {
    inputs: &[
        required("ImageId"),
        optional("InstanceType"),
        optional("MinInstanceCount"),
        optional("MaxInstanceCount"),
        optional("AdditionalInfo"),
        optional("BlockDeviceMappings"),
        optional("ClientToken"),
        optional("DisableApiTermination"),
        optional("EbsOptimized"),
        optional("IamInstanceProfileArn"),
        optional("IamInstanceProfileName"),
        optional("InstanceInitiatedShutdownBehavior"),
        optional("KernelId"),
        optional("KeyName"),
        optional("MetadataOptions"),
        optional("Monitoring"),
        optional("NetworkInterfaces"),
        optional("Placement"),
        optional("PrivateIpAddress"),
        optional("RamdiskId"),
        optional("SecurityGroupIds"),
        optional("SecurityGroups"),
        optional("SubnetId"),
        optional("TagSpecifications"),
        optional("UserData"),
    ],
    outputs: &["InstanceIds", "InstanceStates"],
    waiting: phrase::LAUNCHED,
    others: Others::Operation("RunInstances"),
    ..action(ActionKind::RunInstances, Recovery::Token)
};

pub(super) const EXECUTE_SCRIPT: Entry = Entry {
    inputs: &[
        required("Runtime"),
        optional("Handler"),
        optional("Script"),
        optional("Attachment"),
        optional("InputPayload"),
    ],
    outputs: &["Payload"],
    timeout: Some(Duration::from_secs(600)),
    ..action(ActionKind::ExecuteScript, Recovery::Interrupted)
};
