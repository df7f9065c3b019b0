//! What every action takes, gives back, how long it may take, and what becomes of it when it was
//! in flight at a restart. `docs/actions.md` says the same in words; a test holds the two together.

use std::time::Duration;

use runbook::ActionKind;

use super::failure::phrase;

/// An input of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name, as documents write it.
    pub name: &'static str,
    /// Whether a step without it fails.
    pub required: bool,
}

/// Who runs an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// [`super::run`]: it acts on the world.
    Action,
    /// The executor: it steers the execution.
    Executor,
}

/// What becomes of an attempt that was in flight at a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Run again with the same token, by which AWS knows the repeat.
    Token,
    /// Looks first, by a name or id of its own, for what the earlier try did.
    NaturalKey,
    /// Run again: twice does what once does.
    Idempotent,
    /// Run again if the call only reads, or carries a token; else [`Recovery::Interrupted`].
    ByCall,
    /// Fails as `Interrupted`; `maxAttempts` decides.
    Interrupted,
    /// The executor's own state says where it was.
    Executor,
}

/// An action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which.
    pub action: ActionKind,
    /// Who runs it.
    pub runner: Runner,
    /// What it takes. With `open`, more: whatever the API takes.
    pub inputs: &'static [Input],
    /// Whether names beyond `inputs` go to the API that the step names.
    pub open: bool,
    /// The outputs that it has without declaring any, `OutputPayload` aside.
    pub outputs: &'static [&'static str],
    /// How long an attempt may take if the step does not say; `None` if nothing ends it.
    pub timeout: Option<Duration>,
    /// What becomes of it at a restart.
    pub recovery: Recovery,
    /// What it is doing while it takes long: "Step timed out while step is …".
    pub waiting: &'static str,
}

impl Entry {
    /// Whether the action takes an input of this name.
    pub fn takes(&self, name: &str) -> bool {
        self.open || self.inputs.iter().any(|input| input.name == name)
    }
}

/// The entry of an action.
pub fn entry(action: ActionKind) -> &'static Entry {
    match action {
        ActionKind::Approve => &APPROVE,
        ActionKind::AssertAwsResourceProperty => &ASSERT_AWS_RESOURCE_PROPERTY,
        ActionKind::Branch => &BRANCH,
        ActionKind::ChangeInstanceState => &CHANGE_INSTANCE_STATE,
        ActionKind::CopyImage => &COPY_IMAGE,
        ActionKind::CreateImage => &CREATE_IMAGE,
        ActionKind::CreateStack => &CREATE_STACK,
        ActionKind::CreateTags => &CREATE_TAGS,
        ActionKind::DeleteImage => &DELETE_IMAGE,
        ActionKind::DeleteStack => &DELETE_STACK,
        ActionKind::ExecuteAutomation => &EXECUTE_AUTOMATION,
        ActionKind::ExecuteAwsApi => &EXECUTE_AWS_API,
        ActionKind::ExecuteScript => &EXECUTE_SCRIPT,
        ActionKind::ExecuteStateMachine => &EXECUTE_STATE_MACHINE,
        ActionKind::InvokeLambdaFunction => &INVOKE_LAMBDA_FUNCTION,
        ActionKind::InvokeWebhook => &INVOKE_WEBHOOK,
        ActionKind::Loop => &LOOP,
        ActionKind::Pause => &PAUSE,
        ActionKind::RunCommand => &RUN_COMMAND,
        ActionKind::RunInstances => &RUN_INSTANCES,
        ActionKind::Sleep => &SLEEP,
        ActionKind::UpdateVariable => &UPDATE_VARIABLE,
        ActionKind::WaitForAwsResourceProperty => &WAIT_FOR_AWS_RESOURCE_PROPERTY,
    }
}

/// Every action, in the order of their names.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    ActionKind::ALL.iter().map(|action| entry(*action))
}

const fn required(name: &'static str) -> Input {
    Input { name, required: true }
}

const fn optional(name: &'static str) -> Input {
    Input { name, required: false }
}

const HOUR: Option<Duration> = Some(Duration::from_secs(3_600));

/// What most actions have in common: an hour (AWS documents no default for them; an attempt that
/// never ends helps nobody).
const fn action(action: ActionKind, recovery: Recovery) -> Entry {
    Entry {
        action,
        runner: Runner::Action,
        inputs: &[],
        open: false,
        outputs: &[],
        timeout: HOUR,
        recovery,
        waiting: phrase::POLL,
    }
}

const fn control(action: ActionKind, timeout: Option<Duration>) -> Entry {
    Entry {
        action,
        runner: Runner::Executor,
        inputs: &[],
        open: false,
        outputs: &[],
        timeout,
        recovery: Recovery::Executor,
        waiting: phrase::EXECUTE,
    }
}

const APPROVE: Entry = Entry {
    inputs: &[
        required("Approvers"),
        optional("NotificationArn"),
        optional("Message"),
        optional("MinRequiredApprovals"),
        optional("EnhancedApprovals"),
    ],
    outputs: &["ApprovalStatus", "ApproverDecisions"],
    ..control(ActionKind::Approve, Some(Duration::from_secs(604_800)))
};

const BRANCH: Entry = Entry {
    inputs: &[required("Choices"), optional("Default")],
    ..control(ActionKind::Branch, None)
};

const EXECUTE_AUTOMATION: Entry = Entry {
    inputs: &[
        required("DocumentName"),
        optional("DocumentVersion"),
        optional("RuntimeParameters"),
        optional("MaxConcurrency"),
        optional("MaxErrors"),
        optional("Tags"),
        optional("TargetLocations"),
        optional("TargetMaps"),
        optional("TargetParameterName"),
        optional("Targets"),
    ],
    outputs: &["Output", "ExecutionId", "Status"],
    ..control(ActionKind::ExecuteAutomation, HOUR)
};

const LOOP: Entry = Entry {
    inputs: &[
        required("Steps"),
        optional("Iterators"),
        optional("IteratorDataType"),
        optional("LoopCondition"),
        optional("MaxIterations"),
    ],
    outputs: &["CurrentIteration", "CurrentIteratorValue"],
    ..control(ActionKind::Loop, None)
};

const PAUSE: Entry = control(ActionKind::Pause, None);

const SLEEP: Entry = Entry {
    inputs: &[optional("Duration"), optional("Timestamp")],
    ..control(ActionKind::Sleep, Some(Duration::from_secs(604_799)))
};

const UPDATE_VARIABLE: Entry = Entry {
    inputs: &[required("Name"), required("Value")],
    ..control(ActionKind::UpdateVariable, None)
};

/// What names the API of a generic action.
const SERVICE: Input = required("Service");
/// See [`SERVICE`].
const API: Input = required("Api");

const ASSERT_AWS_RESOURCE_PROPERTY: Entry = Entry {
    inputs: &[SERVICE, API, required("PropertySelector"), required("DesiredValues")],
    open: true,
    ..action(ActionKind::AssertAwsResourceProperty, Recovery::Idempotent)
};

const WAIT_FOR_AWS_RESOURCE_PROPERTY: Entry = Entry {
    inputs: &[SERVICE, API, required("PropertySelector"), required("DesiredValues")],
    open: true,
    ..action(ActionKind::WaitForAwsResourceProperty, Recovery::Idempotent)
};

const EXECUTE_AWS_API: Entry = Entry {
    inputs: &[SERVICE, API],
    open: true,
    waiting: phrase::EXECUTE,
    ..action(ActionKind::ExecuteAwsApi, Recovery::ByCall)
};

const CHANGE_INSTANCE_STATE: Entry = Entry {
    inputs: &[
        required("InstanceIds"),
        required("DesiredState"),
        optional("CheckStateOnly"),
        optional("Force"),
        optional("AdditionalInfo"),
    ],
    outputs: &["InstanceStates"],
    ..action(ActionKind::ChangeInstanceState, Recovery::NaturalKey)
};

const COPY_IMAGE: Entry = Entry {
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
    ..action(ActionKind::CopyImage, Recovery::Token)
};

const CREATE_IMAGE: Entry = Entry {
    inputs: &[
        required("InstanceId"),
        required("ImageName"),
        optional("ImageDescription"),
        optional("NoReboot"),
        optional("BlockDeviceMappings"),
    ],
    outputs: &["ImageId", "ImageState"],
    ..action(ActionKind::CreateImage, Recovery::NaturalKey)
};

const DELETE_IMAGE: Entry = Entry {
    inputs: &[required("ImageId")],
    ..action(ActionKind::DeleteImage, Recovery::NaturalKey)
};

const CREATE_STACK: Entry = Entry {
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
    ..action(ActionKind::CreateStack, Recovery::NaturalKey)
};

const DELETE_STACK: Entry = Entry {
    inputs: &[
        required("StackName"),
        optional("ClientRequestToken"),
        optional("RetainResources.member.N"),
        optional("RetainResources"),
        optional("RoleARN"),
    ],
    ..action(ActionKind::DeleteStack, Recovery::Idempotent)
};

const CREATE_TAGS: Entry = Entry {
    inputs: &[required("ResourceIds"), required("Tags"), optional("ResourceType")],
    waiting: phrase::EXECUTE,
    ..action(ActionKind::CreateTags, Recovery::Idempotent)
};

const EXECUTE_STATE_MACHINE: Entry = Entry {
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
    ..action(ActionKind::ExecuteStateMachine, Recovery::NaturalKey)
};

const INVOKE_LAMBDA_FUNCTION: Entry = Entry {
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
    ..action(ActionKind::InvokeLambdaFunction, Recovery::Interrupted)
};

const INVOKE_WEBHOOK: Entry = Entry {
    inputs: &[required("IntegrationName"), optional("Body")],
    outputs: &["Response", "ResponseCode"],
    waiting: phrase::EXECUTE,
    ..action(ActionKind::InvokeWebhook, Recovery::Interrupted)
};

const RUN_COMMAND: Entry = Entry {
    inputs: &[
        required("DocumentName"),
        optional("DocumentVersion"),
        optional("InstanceIds"),
        optional("Targets"),
        optional("Parameters"),
        optional("AlarmConfiguration"),
        optional("CloudWatchOutputConfig"),
        optional("Comment"),
        optional("DocumentHash"),
        optional("DocumentHashType"),
        optional("MaxConcurrency"),
        optional("MaxErrors"),
        optional("NotificationConfig"),
        optional("OutputS3BucketName"),
        optional("OutputS3KeyPrefix"),
        optional("OutputS3Region"),
        optional("ServiceRoleArn"),
        optional("TimeoutSeconds"),
    ],
    outputs: &["CommandId", "Status", "ResponseCode", "Output"],
    waiting: phrase::COMMAND,
    ..action(ActionKind::RunCommand, Recovery::NaturalKey)
};

const RUN_INSTANCES: Entry = Entry {
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
    ..action(ActionKind::RunInstances, Recovery::Token)
};

const EXECUTE_SCRIPT: Entry = Entry {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_an_entry_of_its_own() {
        for action in ActionKind::ALL {
            assert_eq!(entry(*action).action, *action);
        }
        assert_eq!(entries().count(), 23);
    }

    #[test]
    fn no_input_or_output_is_listed_twice() {
        for entry in entries() {
            let mut names: Vec<_> = entry.inputs.iter().map(|input| input.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), entry.inputs.len(), "{}", entry.action.name());
        }
    }

    #[test]
    fn actions_of_the_executor_are_recovered_by_it_and_no_others() {
        for entry in entries() {
            assert_eq!(
                entry.runner == Runner::Executor,
                entry.recovery == Recovery::Executor,
                "{}",
                entry.action.name()
            );
        }
    }

    #[test]
    fn time_outs_are_the_documented_ones() {
        let seconds = |action| entry(action).timeout.map(|timeout| timeout.as_secs());
        assert_eq!(seconds(ActionKind::Approve), Some(604_800));
        assert_eq!(seconds(ActionKind::ChangeInstanceState), Some(3_600));
        assert_eq!(seconds(ActionKind::WaitForAwsResourceProperty), Some(3_600));
        assert_eq!(seconds(ActionKind::ExecuteScript), Some(600));
        assert_eq!(seconds(ActionKind::InvokeLambdaFunction), Some(300));
        assert_eq!(seconds(ActionKind::Pause), None);
    }
}
