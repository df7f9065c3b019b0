//! What each action takes and gives, and how long it may take if the step does not say.
//!
//! From the actions reference:
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html>.

use std::time::Duration;

use crate::action::ActionKind;

/// What an action takes and gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// The inputs without which a document is refused.
    pub required: &'static [&'static str],
    /// The other inputs; `None` if it takes any, as those that call APIs do.
    pub optional: Option<&'static [&'static str]>,
    /// The outputs it has without declaring them, `OutputPayload` aside.
    pub outputs: &'static [&'static str],
    /// How long an attempt may take; `None` where none is documented.
    pub timeout: Option<Duration>,
}

const OPEN: Signature = Signature { required: &[], optional: None, outputs: &[], timeout: None };
const IMAGE: &[&str] = &["ImageId", "ImageState"];
const PROPERTY: &[&str] = &["Service", "Api", "PropertySelector", "DesiredValues"];

const fn seconds(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

impl ActionKind {
    /// What it takes and gives.
    ///
    /// Inputs are closed where AWS's list is known, and where a name that is not known silently
    /// changes what the execution does. AWS adds inputs to the others, and public runbooks use them.
    pub fn signature(self) -> Signature {
        match self {
            // `Approvers` may stand in `EnhancedApprovals`: see the checks of inputs.
            Self::Approve => Signature {
                optional: Some(&[
                    "Approvers",
                    "NotificationArn",
                    "Message",
                    "MinRequiredApprovals",
                    "EnhancedApprovals",
                ]),
                outputs: &["ApprovalStatus", "ApproverDecisions"],
                timeout: seconds(604_800),
                ..OPEN
            },
            Self::AssertAwsResourceProperty => Signature { required: PROPERTY, ..OPEN },
            Self::Branch => {
                Signature { required: &["Choices"], optional: Some(&["Default"]), ..OPEN }
            }
            Self::ChangeInstanceState => Signature {
                required: &["InstanceIds", "DesiredState"],
                outputs: &["InstanceStates"],
                timeout: seconds(3_600),
                ..OPEN
            },
            Self::CopyImage => Signature {
                required: &["SourceRegion", "SourceImageId", "ImageName"],
                outputs: IMAGE,
                ..OPEN
            },
            Self::CreateImage => {
                Signature { required: &["InstanceId", "ImageName"], outputs: IMAGE, ..OPEN }
            }
            Self::CreateStack => Signature {
                required: &["StackName"],
                outputs: &["StackId", "StackStatus", "StackStatusReason"],
                ..OPEN
            },
            Self::CreateTags => Signature { required: &["ResourceIds", "Tags"], ..OPEN },
            Self::DeleteImage => Signature { required: &["ImageId"], ..OPEN },
            Self::DeleteStack => Signature { required: &["StackName"], ..OPEN },
            Self::ExecuteAutomation => Signature {
                required: &["DocumentName"],
                outputs: &["Output", "ExecutionId", "Status"],
                ..OPEN
            },
            Self::ExecuteAwsApi => Signature { required: &["Service", "Api"], ..OPEN },
            Self::ExecuteScript => Signature {
                required: &["Runtime"],
                optional: Some(&["Handler", "Script", "Attachment", "InputPayload"]),
                outputs: &["Payload"],
                timeout: seconds(600),
            },
            Self::ExecuteStateMachine => Signature {
                required: &["stateMachineArn"],
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
                ..OPEN
            },
            Self::InvokeLambdaFunction => Signature {
                required: &["FunctionName"],
                outputs: &["StatusCode", "FunctionError", "LogResult", "Payload"],
                timeout: seconds(300),
                ..OPEN
            },
            Self::InvokeWebhook => Signature {
                required: &["IntegrationName"],
                outputs: &["Response", "ResponseCode"],
                ..OPEN
            },
            Self::Loop => Signature {
                required: &["Steps"],
                optional: Some(&[
                    "Iterators",
                    "IteratorDataType",
                    "LoopCondition",
                    "MaxIterations",
                ]),
                outputs: &["CurrentIteration", "CurrentIteratorValue"],
                ..OPEN
            },
            Self::Pause => OPEN,
            // The list is AWS's: its refusal of an unknown name tells it.
            Self::RunCommand => Signature {
                required: &["DocumentName"],
                optional: Some(&[
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
                ]),
                outputs: &["CommandId", "Status", "ResponseCode", "Output"],
                ..OPEN
            },
            Self::RunInstances => Signature {
                required: &["ImageId"],
                outputs: &["InstanceIds", "InstanceStates"],
                ..OPEN
            },
            Self::Sleep => Signature {
                optional: Some(&["Duration", "Timestamp"]),
                timeout: seconds(604_799),
                ..OPEN
            },
            Self::UpdateVariable => {
                Signature { required: &["Name", "Value"], optional: Some(&[]), ..OPEN }
            }
            Self::WaitForAwsResourceProperty => {
                Signature { required: PROPERTY, timeout: seconds(3_600), ..OPEN }
            }
        }
    }
}
