//! The words that an editor shows beside keys, actions and inputs.

use runbook::ActionKind;

/// The effect of an action. Each has its page in AWS's reference of actions:
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html>.
pub(super) fn of_action(action: ActionKind) -> &'static str {
    match action {
        ActionKind::Approve => "Waits until people have approved; one rejection fails the step.",
        ActionKind::AssertAwsResourceProperty => {
            "Calls an API and fails if a property has another value."
        }
        ActionKind::Branch => "Goes to the step of the first choice that holds.",
        ActionKind::ChangeInstanceState => {
            "Starts, stops or terminates instances, and waits for the state."
        }
        ActionKind::CopyImage => "Copies an image to this Region, and waits until it is available.",
        ActionKind::CreateImage => {
            "Makes an image of an instance, and waits until it is available."
        }
        ActionKind::CreateStack => {
            "Creates a CloudFormation stack, and waits until it is complete."
        }
        ActionKind::CreateTags => "Adds tags to EC2 resources or managed nodes.",
        ActionKind::DeleteImage => "Deregisters an image and deletes its snapshots.",
        ActionKind::DeleteStack => "Deletes a CloudFormation stack, and waits until it is gone.",
        ActionKind::ExecuteAutomation => "Runs another runbook, and waits for its end.",
        ActionKind::ExecuteAwsApi => "Calls one operation of an AWS API.",
        ActionKind::ExecuteScript => "Runs a Python or PowerShell script.",
        ActionKind::ExecuteStateMachine => {
            "Runs a Step Functions state machine, and waits for its end."
        }
        ActionKind::InvokeLambdaFunction => "Invokes a Lambda function.",
        ActionKind::InvokeWebhook => "Posts to a webhook that is set up as an integration.",
        ActionKind::Loop => "Repeats steps, for each value or while a condition holds.",
        ActionKind::Pause => "Waits until somebody resumes the execution.",
        ActionKind::RunCommand => {
            "Runs a Command document on managed nodes, and waits for its end."
        }
        ActionKind::RunInstances => "Launches an instance, and waits until it runs.",
        ActionKind::Sleep => "Waits for a duration or until a time.",
        ActionKind::UpdateVariable => "Sets a variable of the runbook.",
        ActionKind::WaitForAwsResourceProperty => {
            "Calls an API until a property has a wanted value."
        }
    }
}

/// The meaning of a key of the document, of a parameter or of a step.
pub(super) fn of_key(key: &str) -> Option<&'static str> {
    Some(match key {
        "schemaVersion" => "The schema of Automation documents: '0.3'.",
        "description" => "What it is for, in Markdown.",
        "assumeRole" => {
            "The ARN of the role that the steps run under, usually '{{ AutomationAssumeRole }}'."
        }
        "parameters" => "What a start has to give, by name.",
        "variables" => "Values that aws:updateVariable changes while the runbook runs.",
        "mainSteps" => "The steps, in their order.",
        "outputs" => "What it gives: step.Output of a document, Name, Selector and Type of a step.",
        "files" => "The attachments, each with its checksum.",
        "type" => "Its type.",
        "default" => "The value where none is given; without one it has to be given.",
        "allowedValues" => "The values that it may have.",
        "allowedPattern" => "A regular expression that the whole value has to match.",
        "displayType" => "How the console asks for it.",
        "minItems" | "maxItems" => "How many items a list may have.",
        "minChars" | "maxChars" => "How many characters a text may have.",
        "minValue" | "maxValue" => "The bounds of a number.",
        "name" => "The name of the step: letters, digits and _, once in the document.",
        "inputs" => "What the action takes.",
        "maxAttempts" => "How often the step is tried; 1 if it is left out.",
        "timeoutSeconds" => "How long one attempt may take.",
        "onFailure" => "What follows when it fails: Abort (if left out), Continue, or step:NAME.",
        "onCancel" => "What follows when it is cancelled: Abort (if left out), or step:NAME.",
        "isCritical" => "Whether its failure makes the execution Failed; true if it is left out.",
        "isEnd" => "Whether the execution ends after it.",
        "nextStep" => "The step after it; if left out, the next one of the list.",
        _ => return None,
    })
}

/// The meaning of an input of an action.
pub(super) fn of_input(action: ActionKind, name: &str) -> Option<&'static str> {
    Some(match (action, name) {
        (_, "Service") => "The service as boto3 names it: ec2, rds, autoscaling.",
        (_, "Api") => {
            "The operation: DescribeInstances. Its parameters are inputs beside this one."
        }
        (_, "PropertySelector") => "Where in the answer the property is, as JSONPath.",
        (_, "DesiredValues") => "The values that the property may have.",
        (_, "Runtime") => "python3.11, or PowerShell 7.4.",
        (_, "Handler") => "The function of a Python script that is called with events and context.",
        (_, "Script") => {
            "The script itself. Give it values by InputPayload; {{ }} in its text is an injection."
        }
        (_, "Attachment") => "The name of the attachment that has the script.",
        (_, "InputPayload") => "What the script or function is given as its first argument.",
        (ActionKind::ExecuteAutomation, "DocumentName") => "The runbook, by name or ARN.",
        (_, "DocumentName") => "The Command document, by name or ARN.",
        (_, "RuntimeParameters") => "The parameters of the runbook.",
        (ActionKind::RunCommand, "Parameters") => "The parameters of the Command document.",
        (_, "InstanceIds") => "The ids of the instances.",
        (_, "DesiredState") => "running, stopped or terminated.",
        (_, "CheckStateOnly") => "Only waits for the state.",
        (_, "Force") => {
            "Stops without a flush of caches: for an instance that does not stop otherwise."
        }
        (_, "Choices") => {
            "The ways on, each a comparison with NextStep; the first that holds is taken."
        }
        (_, "Default") => "The step where no choice holds.",
        (_, "Steps") => "The steps that are repeated.",
        (_, "Iterators") => "The values, once for each of which the steps run.",
        (_, "LoopCondition") => "Repeats while it holds; it is looked at after the steps.",
        (_, "MaxIterations") => "How often at most.",
        (_, "Duration") => "An ISO 8601 duration: PT30S, PT5M, PT2H.",
        (_, "Timestamp") => "An ISO 8601 time: 2026-01-31T12:00:00Z.",
        (_, "Approvers") => "Who may approve: users, roles, their ARNs or SNS names.",
        (_, "NotificationArn") => {
            "The SNS topic that the request goes to; its name begins with Automation."
        }
        (_, "MinRequiredApprovals") => "How many approvals are needed; 1 if it is left out.",
        (_, "Message") => "What approvers read.",
        (_, "FunctionName") => "The Lambda function, by name or ARN.",
        (_, "stateMachineArn") => "The ARN of the state machine.",
        (_, "Targets") => "The nodes or resources, by key and values.",
        (_, "MaxConcurrency") => "How many at once: a number or a percentage.",
        (_, "MaxErrors") => "How many may fail: a number or a percentage.",
        (ActionKind::UpdateVariable, "Name") => "variable:NAME.",
        (ActionKind::UpdateVariable, "Value") => "What it is set to.",
        _ => return None,
    })
}
