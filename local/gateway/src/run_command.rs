//! SendCommand's own checks: the document, its parameters, the nodes and what is to be done with the
//! output. The emulator, which keeps the commands, knows no documents.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use api::model::Model;
use api::{Authorization, AwsError};
use documents::{DocumentType, Documents, Unusable, Usable};
use serde_json::{Map, Value, json};

/// The part of a parameter that the language of runbooks knows; Command documents have more.
const KNOWN: [&str; 9] = [
    "type",
    "description",
    "default",
    "allowedValues",
    "allowedPattern",
    "minItems",
    "maxItems",
    "minChars",
    "maxChars",
];

/// AWS's words, which name no parameter; why is in the log.
/// Seen for an undeclared parameter (Teleport, RFD 223) and for a value that is not allowed.
const DO_NOT_FIT: &str = "Parameters provided in document are invalid or not supported.";

fn model() -> &'static Model {
    static MODEL: LazyLock<Model> = LazyLock::new(|| {
        Model::read(include_str!("../model/ssm-commands.json"))
            // Scripts are longer than the model says.
            .unbounded("ParameterValue")
    });
    &MODEL
}

/// Refuses what SendCommand refuses before it sends anything.
///
/// # Errors
/// AWS's error of the operation.
pub(crate) fn check(
    documents: &Documents,
    account: &str,
    region: &str,
    input: &Value,
) -> Result<(), AwsError> {
    model().check("SendCommand", input).map_err(api::model::Refusal::into_error)?;
    let text = |name: &str| input[name].as_str();
    let name = text("DocumentName").unwrap_or_default();
    let version = text("DocumentVersion").filter(|version| !version.is_empty());
    let document = documents.usable(account, region, name, version).map_err(|why| match why {
        Unusable::NoDocument => {
            invalid_document(format!("Document with name {name} does not exist."))
        }
        Unusable::NoVersion => AwsError::new(
            "InvalidDocumentVersion",
            format!(
                "The document version is not valid or does not exist: {}.",
                version.unwrap_or("$DEFAULT")
            ),
        ),
    })?;
    if document.document_type != DocumentType::Command {
        let kind = document.document_type.name();
        return Err(invalid_document(format!(
            "Document {name} is of type {kind}, and SendCommand runs documents of type Command."
        )));
    }
    hash(&document, input)?;
    nodes(input)?;
    parameters(&document, input)?;
    notification(input)
}

/// The permission by which a caller learns why a command is refused.
pub(crate) fn authorizations(
    documents: &Documents,
    account: &str,
    region: &str,
    input: &Value,
) -> Vec<Authorization> {
    let name = input["DocumentName"].as_str().unwrap_or_default();
    vec![Authorization {
        action: "ssm:SendCommand".to_owned(),
        resource: documents.arn_for(account, region, name),
        context: Map::new(),
    }]
}

/// The hash that the caller expects the document to have.
fn hash(document: &Usable, input: &Value) -> Result<(), AwsError> {
    let Some(expected) = input["DocumentHash"].as_str() else { return Ok(()) };
    // Sha1 hashes are deprecated, and no document has one any longer.
    let is_sha256 = input["DocumentHashType"].as_str().is_none_or(|kind| kind == "Sha256");
    if is_sha256 && expected.eq_ignore_ascii_case(&document.hash) {
        return Ok(());
    }
    Err(invalid_document(format!(
        "The hash of document {} is Sha256 {}, not {expected}.",
        document.name, document.hash
    )))
}

fn nodes(input: &Value) -> Result<(), AwsError> {
    let list = |name: &str| input[name].as_array().map_or(&[][..], Vec::as_slice);
    let (ids, targets) = (list("InstanceIds"), list("Targets"));
    let invalid = |message: &str| Err(AwsError::new("ValidationException", message));
    if ids.is_empty() && targets.is_empty() {
        return invalid("Specify the nodes, either by InstanceIds or by Targets.");
    }
    if !ids.is_empty() && !targets.is_empty() {
        return invalid("Specify either InstanceIds or Targets, not both.");
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = ids.iter().find(|id| !seen.insert(id.as_str())) {
        let message = format!("Duplicate instance id: {}", twice.as_str().unwrap_or_default());
        return Err(AwsError::new("DuplicateInstanceId", message));
    }
    for target in targets {
        let key = target["Key"].as_str().unwrap_or_default();
        let is_known = key.starts_with("tag:")
            || [
                "InstanceIds",
                "tag-key",
                "resource-groups:Name",
                "resource-groups:ResourceTypeFilters",
            ]
            .contains(&key);
        if !is_known {
            return invalid(&format!(
                "Target key {key} is not valid. Expected InstanceIds, tag:KEY, tag-key, \
                 resource-groups:Name or resource-groups:ResourceTypeFilters."
            ));
        }
        if target["Values"].as_array().is_none_or(Vec::is_empty) {
            return invalid(&format!("Target {key} has no values."));
        }
    }
    Ok(())
}

/// Holds the given parameters against those that the document declares: as the language of runbooks
/// does, whose parameters are the same.
fn parameters(document: &Usable, input: &Value) -> Result<(), AwsError> {
    let given: BTreeMap<String, Vec<String>> =
        serde_json::from_value(input["Parameters"].clone()).unwrap_or_default();
    let declared = documents::structure(&document.content);
    let declared = declared["parameters"].as_object().cloned().unwrap_or_default();
    let declared: Map<String, Value> = declared
        .into_iter()
        .map(|(name, definition)| {
            let mut definition = definition.as_object().cloned().unwrap_or_default();
            definition.retain(|key, _| KNOWN.contains(&key.as_str()));
            (name, Value::Object(definition))
        })
        .collect();
    let step = json!({"name": "send", "action": "aws:pause", "inputs": {}});
    let text = json!({"schemaVersion": "0.3", "parameters": declared, "mainSteps": [step]});
    let fits = match runbook::parse(&text.to_string()) {
        Ok(runbook) => runbook::bind(&runbook, &given).map(drop),
        // A definition that runbooks do not have: then the names are all that can be held.
        Err(_) => match given.keys().find(|name| !declared.contains_key(*name)) {
            Some(name) => Err(format!("Parameter \"{name}\" is not declared in the document.")),
            None => Ok(()),
        },
    };
    fits.map_err(|why| {
        tracing::warn!(document = document.name, why, "the parameters of a command do not fit");
        AwsError::new("InvalidParameters", DO_NOT_FIT)
    })
}

fn notification(input: &Value) -> Result<(), AwsError> {
    let role = input["ServiceRoleArn"].as_str();
    if role.is_some_and(|role| !(role.starts_with("arn:") && role.contains(":role/"))) {
        return Err(AwsError::new(
            "InvalidRole",
            "The role name can't contain invalid characters. Also verify that you specified an IAM \
             role for notifications that includes the required trust policy.",
        ));
    }
    let Some(topic) = input["NotificationConfig"]["NotificationArn"].as_str() else {
        return Ok(());
    };
    let is_topic = topic.starts_with("arn:") && topic.split(':').nth(2) == Some("sns");
    if topic.is_empty() || (is_topic && role.is_some()) {
        return Ok(());
    }
    Err(AwsError::new(
        "InvalidNotificationConfig",
        "One or more configuration items isn't valid. Verify that a valid Amazon Resource Name (ARN) \
         was provided for an Amazon Simple Notification Service topic.",
    ))
}

fn invalid_document(message: String) -> AwsError {
    AwsError::new("InvalidDocument", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predefined;

    const NODE: &str = "i-0123456789abcdef0";
    const REFUSED: &str =
        "InvalidParameters: Parameters provided in document are invalid or not supported.";

    fn refusal(input: &Value) -> String {
        let documents = predefined::documents().unwrap();
        match check(&documents, "111122223333", "us-east-1", input) {
            Ok(()) => "sent".to_owned(),
            Err(error) => format!("{}: {}", error.code, error.message),
        }
    }

    fn shell(more: Value) -> Value {
        let mut input = json!({
            "DocumentName": "AWS-RunShellScript", "InstanceIds": [NODE],
            "Parameters": {"commands": ["uptime"]},
        });
        if let (Value::Object(input), Value::Object(more)) = (&mut input, more) {
            input.extend(more);
            input.retain(|_, value| !value.is_null());
        }
        input
    }

    #[test]
    fn a_command_that_fits_its_document_is_sent() {
        let topic = "arn:aws:sns:us-east-1:111122223333:done";
        for more in [
            json!({}),
            json!({"DocumentVersion": "$LATEST"}),
            json!({"DocumentVersion": "1"}),
            json!({"Parameters": {"commands": ["a", "b"], "executionTimeout": ["60"]}}),
            json!({"InstanceIds": null, "Targets": [{"Key": "tag:Role", "Values": ["web"]}]}),
            json!({"CloudWatchOutputConfig": {"CloudWatchOutputEnabled": true}}),
            json!({
                "ServiceRoleArn": "arn:aws:iam::111122223333:role/notify",
                "NotificationConfig": {"NotificationArn": topic, "NotificationEvents": ["All"]},
            }),
        ] {
            assert_eq!(refusal(&shell(more.clone())), "sent", "{more}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_error_of_the_operation() {
        for (more, expected) in [
            (
                json!({"DocumentName": "No-Such-Document"}),
                "InvalidDocument: Document with name No-Such-Document does not exist.",
            ),
            (
                json!({"DocumentName": "AWS-StopEC2Instance"}),
                "InvalidDocument: Document AWS-StopEC2Instance is of type Automation",
            ),
            (json!({"DocumentVersion": "7"}), "InvalidDocumentVersion: "),
            (
                json!({"DocumentHash": "0".repeat(64), "DocumentHashType": "Sha256"}),
                "InvalidDocument: The hash of document",
            ),
            (json!({"Parameters": {"commands": ["a"], "shell": ["zsh"]}}), REFUSED),
            (json!({"Parameters": {}}), REFUSED),
            (json!({"Parameters": {"commands": []}}), REFUSED),
            (json!({"Parameters": {"commands": ["a"], "executionTimeout": ["soon"]}}), REFUSED),
            (json!({"InstanceIds": null}), "ValidationException: Specify the nodes"),
            (
                json!({"Targets": [{"Key": "tag:Role", "Values": ["web"]}]}),
                "ValidationException: Specify either InstanceIds or Targets",
            ),
            (json!({"InstanceIds": [NODE, NODE]}), "DuplicateInstanceId: "),
            (
                json!({"InstanceIds": null, "Targets": [{"Key": "Role", "Values": ["web"]}]}),
                "ValidationException: Target key Role is not valid.",
            ),
            (json!({"TimeoutSeconds": 5}), "ValidationException: 1 validation error detected"),
            (json!({"ServiceRoleArn": "notify"}), "InvalidRole: "),
            (
                json!({"NotificationConfig": {"NotificationArn": "arn:aws:sqs:us-east-1:111122223333:q"}}),
                "InvalidNotificationConfig: ",
            ),
        ] {
            let said = refusal(&shell(more.clone()));
            assert!(said.starts_with(expected), "{more}: {said}");
        }
    }

    #[test]
    fn the_documents_hash_is_held_against_the_callers() {
        let documents = predefined::documents().unwrap();
        let document =
            documents.usable("111122223333", "us-east-1", "AWS-RunShellScript", None).unwrap();
        let hash = json!({"DocumentHash": document.hash, "DocumentHashType": "Sha256"});
        assert_eq!(refusal(&shell(hash)), "sent");
    }
}
