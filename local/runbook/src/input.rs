//! The types of the actions' inputs, and what AWS says of a literal that has another.
//!
//! From the pages of the actions:
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html>.

use serde_json::Value;

use crate::action::ActionKind;
use crate::kind::OutputType;
use crate::substitute::written;

/// The inputs of type String, of all actions: no name has another type elsewhere.
const TEXTS: &[&str] = &[
    "AdditionalInfo",
    "Api",
    "Attachment",
    "ClientContext",
    "ClientRequestToken",
    "ClientToken",
    "Comment",
    "Default",
    "DesiredState",
    "DocumentHash",
    "DocumentHashType",
    "DocumentName",
    "DocumentVersion",
    "Duration",
    "FunctionName",
    "Handler",
    "IamInstanceProfileArn",
    "IamInstanceProfileName",
    "ImageDescription",
    "ImageId",
    "ImageName",
    "InstanceId",
    "InstanceInitiatedShutdownBehavior",
    "InstanceType",
    "IntegrationName",
    "InvocationType",
    "IteratorDataType",
    "KernelId",
    "KeyName",
    "KmsKeyId",
    "LogType",
    "MaxConcurrency",
    "MaxErrors",
    "Message",
    "NotificationArn",
    "OnFailure",
    "OutputS3BucketName",
    "OutputS3KeyPrefix",
    "PrivateIpAddress",
    "PropertySelector",
    "Qualifier",
    "RamdiskId",
    "ResourceType",
    "RoleARN",
    "Runtime",
    "Script",
    "Service",
    "ServiceRoleArn",
    "SourceImageId",
    "SourceRegion",
    "StackName",
    "StackPolicyBody",
    "StackPolicyURL",
    "SubnetId",
    "TargetParameterName",
    "TemplateBody",
    "TemplateURL",
    "Timestamp",
    "UserData",
    "name",
    "stateMachineArn",
];

const BOOLEANS: &[&str] = &[
    "CheckStateOnly",
    "DisableApiTermination",
    "DisableRollback",
    "EbsOptimized",
    "Encrypted",
    "Force",
    "NoReboot",
];

const INTEGERS: &[&str] = &[
    "MaxInstanceCount",
    "MaxIterations",
    "MinInstanceCount",
    "MinRequiredApprovals",
    "TimeoutInMinutes",
    "TimeoutSeconds",
];

const TEXT_LISTS: &[&str] = &[
    "Approvers",
    "Capabilities",
    "DesiredValues",
    "InstanceIds",
    "NotificationARNs",
    "ResourceIds",
    "ResourceTypes",
    "SecurityGroupIds",
    "SecurityGroups",
];

const MAPS: &[&str] = &[
    "CloudWatchOutputConfig",
    "InputPayload",
    "MetadataOptions",
    "NotificationConfig",
    "Placement",
    "RuntimeParameters",
];

const MAP_LISTS: &[&str] = &[
    "BlockDeviceMappings",
    "NetworkInterfaces",
    "TagSpecifications",
    "Tags",
    "TargetLocations",
    "TargetMaps",
    "Targets",
];

/// The type of an action's input; `None` for inputs that the API of the step defines, and for those
/// that may be written in several ways.
pub(crate) fn kind(action: ActionKind, name: &str) -> Option<OutputType> {
    if name == "Parameters" {
        return match action {
            ActionKind::RunCommand => Some(OutputType::StringMap),
            ActionKind::CreateStack => Some(OutputType::MapList),
            _ => None,
        };
    }
    if !action.signature().names(name) {
        return None;
    }
    let lists = [
        (TEXTS, OutputType::String),
        (BOOLEANS, OutputType::Boolean),
        (INTEGERS, OutputType::Integer),
        (TEXT_LISTS, OutputType::StringList),
        (MAPS, OutputType::StringMap),
        (MAP_LISTS, OutputType::MapList),
    ];
    lists.into_iter().find(|(names, _)| names.contains(&name)).map(|(_, kind)| kind)
}

/// Whether a literal is one that the type takes. AWS converts scalars: a number is a text, and the text
/// of a Boolean or a number is one. What stands for a list of one item may be the item.
pub(crate) fn takes(kind: OutputType, value: &Value) -> bool {
    let spells = |text: &str, is_map: fn(&Value) -> bool| {
        serde_json::from_str::<Value>(text).is_ok_and(|value| is_map(&value))
    };
    match (kind, value) {
        (_, Value::Null) => true,
        (OutputType::String, value) => !value.is_array() && !value.is_object(),
        (OutputType::Boolean, Value::String(text)) => {
            text.is_empty() || ["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word))
        }
        (OutputType::Boolean, value) => value.is_boolean(),
        (OutputType::Integer, Value::String(text)) => {
            text.is_empty() || text.trim().parse::<i64>().is_ok()
        }
        (OutputType::Integer, value) => value.is_i64() || value.is_u64(),
        (OutputType::StringList, value) => !value.is_object(),
        (OutputType::StringMap, Value::String(text)) => {
            text.is_empty() || spells(text, Value::is_object)
        }
        (OutputType::StringMap, value) => value.is_object(),
        (OutputType::MapList, Value::String(text)) => {
            text.is_empty() || spells(text, |value| value.is_array() || value.is_object())
        }
        (OutputType::MapList, value) => value.is_array() || value.is_object(),
    }
}

/// That a literal has another type than the one that is expected, in AWS's words. They name the types
/// of Java.
pub(crate) fn mismatch(value: &Value, expected: &str) -> String {
    format!(
        "Input {} is of type {}, but expected type is {expected}.",
        in_java(value),
        match value {
            Value::Null => "Null",
            Value::Bool(_) => "Boolean",
            Value::Number(number) if number.is_f64() => "Double",
            Value::Number(_) => "Integer",
            Value::String(_) => "String",
            Value::Array(_) => "ArrayList",
            Value::Object(_) => "LinkedHashMap",
        }
    )
}

/// `toString()` of Java.
fn in_java(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(in_java).collect::<Vec<_>>().join(", "))
        }
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{name}={}", in_java(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        scalar => written(scalar),
    }
}
