//! The actions of the language, and the one table of what each takes, returns and may take long.
//!
//! From the actions reference:
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html>.
//! `docs/actions.md` says the same for readers; a test of the engine compares the two.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The inputs and outputs of an action, and their meaning where it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// The inputs without which a document is refused.
    pub required: &'static [&'static str],
    /// The other inputs that are known by name; `NAME.N` stands for `NAME.1`, `NAME.2`, …
    pub optional: &'static [&'static str],
    /// The treatment of inputs of other names.
    pub others: Others,
    /// The outputs it has without declaring them, `OutputPayload` aside.
    pub outputs: &'static [&'static str],
    /// How long an attempt may take if the step does not say; `None` if nothing ends it. AWS
    /// documents none for most actions that call AWS: they get an hour, since an attempt that
    /// never ends helps nobody.
    pub timeout: Option<Duration>,
    /// Whether it may run while an execution is being cancelled.
    /// <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html>
    pub on_cancel: bool,
    /// <https://docs.aws.amazon.com/systems-manager/latest/userguide/execution-preview.html>
    pub impact: Impact,
}

/// The treatment of inputs that the table does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// A document with one is refused: AWS's list is known, or an unknown name would silently
    /// change what the execution does.
    Refused,
    /// A document may have them, for AWS adds inputs with time; the step fails.
    FailStep,
    /// They are parameters of the API that the step names.
    Api,
    /// They are parameters of an operation that the action calls: AWS adds to these with time, and
    /// the operation's model refuses what it does not know.
    Operation(&'static str),
}

/// Whether a step changes something, as an execution preview counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Impact {
    /// It changes resources or variables.
    Mutating,
    /// It only reads, waits or decides.
    NonMutating,
    /// It depends on what the step calls.
    Undetermined,
}

macro_rules! actions {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// An `aws:` action.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum ActionKind {
            $(
                #[doc = concat!("`", $name, "`")]
                #[serde(rename = $name)]
                $variant,
            )*
        }

        impl ActionKind {
            /// Every action, in the order of their names.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name in a document, e.g. `aws:sleep`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

actions! {
    Approve = "aws:approve",
    AssertAwsResourceProperty = "aws:assertAwsResourceProperty",
    Branch = "aws:branch",
    ChangeInstanceState = "aws:changeInstanceState",
    CopyImage = "aws:copyImage",
    CreateImage = "aws:createImage",
    CreateStack = "aws:createStack",
    CreateTags = "aws:createTags",
    DeleteImage = "aws:deleteImage",
    DeleteStack = "aws:deleteStack",
    ExecuteAutomation = "aws:executeAutomation",
    ExecuteAwsApi = "aws:executeAwsApi",
    ExecuteScript = "aws:executeScript",
    ExecuteStateMachine = "aws:executeStateMachine",
    InvokeLambdaFunction = "aws:invokeLambdaFunction",
    InvokeWebhook = "aws:invokeWebhook",
    Loop = "aws:loop",
    Pause = "aws:pause",
    RunCommand = "aws:runCommand",
    RunInstances = "aws:runInstances",
    Sleep = "aws:sleep",
    UpdateVariable = "aws:updateVariable",
    WaitForAwsResourceProperty = "aws:waitForAwsResourceProperty",
}

impl ActionKind {
    /// The action of a name, e.g. `aws:sleep`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == name)
    }
}

const fn seconds(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

/// An action that steers the execution.
const STEERING: Signature = Signature {
    required: &[],
    optional: &[],
    others: Others::Refused,
    outputs: &[],
    timeout: None,
    on_cancel: true,
    impact: Impact::NonMutating,
};

/// An action that calls AWS, a script or a webhook.
const CALLING: Signature =
    Signature { timeout: seconds(3_600), impact: Impact::Mutating, ..STEERING };

/// An action that looks at a property of a resource.
const PROPERTY: Signature = Signature {
    required: &["Service", "Api", "PropertySelector", "DesiredValues"],
    others: Others::Api,
    impact: Impact::NonMutating,
    ..CALLING
};

/// An action that makes an image.
const IMAGE: Signature =
    Signature { outputs: &["ImageId", "ImageState"], on_cancel: false, ..CALLING };

impl ActionKind {
    /// Its inputs and outputs.
    pub const fn signature(self) -> Signature {
        match self {
            // `Approvers` may be in `EnhancedApprovals`: see the checks of inputs.
            Self::Approve => Signature {
                optional: &[
                    "Approvers",
                    "NotificationArn",
                    "Message",
                    "MinRequiredApprovals",
                    "EnhancedApprovals",
                ],
                outputs: &["ApprovalStatus", "ApproverDecisions"],
                timeout: seconds(604_800),
                on_cancel: false,
                ..STEERING
            },
            Self::AssertAwsResourceProperty | Self::WaitForAwsResourceProperty => PROPERTY,
            Self::Branch => {
                Signature { required: &["Choices"], optional: &["Default"], ..STEERING }
            }
            Self::ChangeInstanceState => Signature {
                required: &["InstanceIds", "DesiredState"],
                optional: &["CheckStateOnly", "Force", "AdditionalInfo"],
                others: Others::Operation("StartInstances, StopInstances, TerminateInstances"),
                outputs: &["InstanceStates"],
                ..CALLING
            },
            Self::CopyImage => Signature {
                required: &["SourceRegion", "SourceImageId", "ImageName"],
                optional: &["ImageDescription", "Encrypted", "KmsKeyId", "ClientToken"],
                others: Others::Operation("CopyImage"),
                ..IMAGE
            },
            Self::CreateImage => Signature {
                required: &["InstanceId", "ImageName"],
                optional: &["ImageDescription", "NoReboot", "BlockDeviceMappings"],
                others: Others::Operation("CreateImage"),
                ..IMAGE
            },
            Self::CreateStack => Signature {
                required: &["StackName"],
                optional: &[
                    "TemplateBody",
                    "TemplateURL",
                    "Parameters",
                    "Capabilities",
                    "ClientRequestToken",
                    "DisableRollback",
                    "OnFailure",
                    "NotificationARNs",
                    "ResourceTypes",
                    "RoleARN",
                    "StackPolicyBody",
                    "StackPolicyURL",
                    "Tags",
                    "TimeoutInMinutes",
                ],
                others: Others::Operation("CreateStack"),
                outputs: &["StackId", "StackStatus", "StackStatusReason"],
                on_cancel: false,
                ..CALLING
            },
            Self::CreateTags => Signature {
                required: &["ResourceIds", "Tags"],
                optional: &["ResourceType"],
                others: Others::Operation("CreateTags"),
                on_cancel: false,
                ..CALLING
            },
            Self::DeleteImage => Signature {
                required: &["ImageId"],
                others: Others::Operation("DeregisterImage"),
                ..CALLING
            },
            Self::DeleteStack => Signature {
                required: &["StackName"],
                optional: &[
                    "ClientRequestToken",
                    "RetainResources.member.N",
                    "RetainResources",
                    "RoleARN",
                ],
                others: Others::Operation("DeleteStack"),
                ..CALLING
            },
            // No time-out: the child has limits of its own, and an hour would cut off its
            // approvals.
            Self::ExecuteAutomation => Signature {
                required: &["DocumentName"],
                optional: &[
                    "DocumentVersion",
                    "RuntimeParameters",
                    "MaxConcurrency",
                    "MaxErrors",
                    "Tags",
                    "TargetLocations",
                    "TargetMaps",
                    "TargetParameterName",
                    "Targets",
                ],
                others: Others::FailStep,
                outputs: &["Output", "ExecutionId", "Status"],
                impact: Impact::Undetermined,
                ..STEERING
            },
            Self::ExecuteAwsApi => Signature {
                required: &["Service", "Api"],
                others: Others::Api,
                impact: Impact::Undetermined,
                ..CALLING
            },
            Self::ExecuteScript => Signature {
                required: &["Runtime"],
                optional: &["Handler", "Script", "Attachment", "InputPayload"],
                outputs: &["Payload"],
                timeout: seconds(600),
                impact: Impact::Undetermined,
                ..CALLING
            },
            Self::ExecuteStateMachine => Signature {
                required: &["stateMachineArn"],
                optional: &["name", "input"],
                others: Others::Operation("StartExecution"),
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
                impact: Impact::Undetermined,
                ..CALLING
            },
            Self::InvokeLambdaFunction => Signature {
                required: &["FunctionName"],
                optional: &[
                    "Qualifier",
                    "InvocationType",
                    "LogType",
                    "ClientContext",
                    "InputPayload",
                    "Payload",
                ],
                others: Others::Operation("Invoke"),
                outputs: &["StatusCode", "FunctionError", "LogResult", "Payload"],
                timeout: seconds(300),
                impact: Impact::Undetermined,
                ..CALLING
            },
            Self::InvokeWebhook => Signature {
                required: &["IntegrationName"],
                optional: &["Body"],
                others: Others::FailStep,
                outputs: &["Response", "ResponseCode"],
                impact: Impact::Undetermined,
                ..CALLING
            },
            Self::Loop => Signature {
                required: &["Steps"],
                optional: &["Iterators", "IteratorDataType", "LoopCondition", "MaxIterations"],
                outputs: &["CurrentIteration", "CurrentIteratorValue"],
                ..STEERING
            },
            Self::Pause => Signature { others: Others::FailStep, on_cancel: false, ..STEERING },
            // The list and its order are AWS's: its message about an unknown name has them.
            Self::RunCommand => Signature {
                required: &["DocumentName"],
                optional: &[
                    "DocumentVersion",
                    "DocumentHash",
                    "DocumentHashType",
                    "InstanceIds",
                    "Targets",
                    "Parameters",
                    "Comment",
                    "TimeoutSeconds",
                    "MaxConcurrency",
                    "MaxErrors",
                    "OutputS3BucketName",
                    "OutputS3KeyPrefix",
                    "ServiceRoleArn",
                    "NotificationConfig",
                    "CloudWatchOutputConfig",
                ],
                outputs: &["CommandId", "Status", "ResponseCode", "Output"],
                impact: Impact::Undetermined,
                ..CALLING
            },
            Self::RunInstances => Signature {
                required: &["ImageId"],
                optional: &[
                    "InstanceType",
                    "MinInstanceCount",
                    "MaxInstanceCount",
                    "AdditionalInfo",
                    "BlockDeviceMappings",
                    "ClientToken",
                    "DisableApiTermination",
                    "EbsOptimized",
                    "IamInstanceProfileArn",
                    "IamInstanceProfileName",
                    "InstanceInitiatedShutdownBehavior",
                    "KernelId",
                    "KeyName",
                    "MetadataOptions",
                    "Monitoring",
                    "NetworkInterfaces",
                    "Placement",
                    "PrivateIpAddress",
                    "RamdiskId",
                    "SecurityGroupIds",
                    "SecurityGroups",
                    "SubnetId",
                    "TagSpecifications",
                    "UserData",
                ],
                others: Others::Operation("RunInstances"),
                outputs: &["InstanceIds", "InstanceStates"],
                on_cancel: false,
                ..CALLING
            },
            Self::Sleep => Signature {
                optional: &["Duration", "Timestamp"],
                timeout: seconds(604_799),
                on_cancel: false,
                ..STEERING
            },
            Self::UpdateVariable => {
                Signature { required: &["Name", "Value"], impact: Impact::Mutating, ..STEERING }
            }
        }
    }
}

impl Signature {
    /// Whether the table names an input.
    pub fn names(&self, input: &str) -> bool {
        let listed = |name: &str| self.required.contains(&name) || self.optional.contains(&name);
        let numbered = || {
            let (stem, number) = input.rsplit_once('.')?;
            number.parse::<u32>().ok().map(|_| format!("{stem}.N"))
        };
        listed(input) || numbered().is_some_and(|name| listed(&name))
    }
}
