//! The errors of associations, each with its code and AWS's message.

use api::AwsError;
use uuid::Uuid;

/// AWS's words: <https://github.com/hashicorp/terraform-provider-aws/issues/3416>.
pub(crate) fn missing(id: Uuid) -> AwsError {
    AwsError::new("AssociationDoesNotExist", format!("Association {id} does not exist."))
}

/// Asked for by a document's name. No sample of AWS's words is known.
pub(crate) fn none_of(document: &str) -> AwsError {
    let message = format!("There is no association of the document {document} with one node.");
    AwsError::new("AssociationDoesNotExist", message)
}

pub(crate) fn unnamed() -> AwsError {
    let message = "Expected the ID of an association, or the name of its document.";
    AwsError::new("AssociationDoesNotExist", message)
}

pub(crate) fn already_exists() -> AwsError {
    AwsError::new("AssociationAlreadyExists", "")
}

pub(crate) fn too_many() -> AwsError {
    AwsError::new("AssociationLimitExceeded", "")
}

pub(crate) fn invalid_document(name: &str) -> AwsError {
    AwsError::new("InvalidDocument", format!("Document with name {name} does not exist."))
}

pub(crate) fn not_automation(name: &str) -> AwsError {
    AwsError::new(
        "InvalidDocument",
        format!("The local AWS associates Automation documents only, but {name} is not one."),
    )
}

pub(crate) fn invalid_document_version(version: &str) -> AwsError {
    AwsError::new(
        "InvalidDocumentVersion",
        format!("The document version is not valid or does not exist: {version}."),
    )
}

pub(crate) fn invalid_parameters(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidParameters", message)
}

pub(crate) fn invalid_target(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidTarget", message)
}

pub(crate) fn invalid_target_maps(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidTargetMaps", message)
}

pub(crate) fn invalid_schedule(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidSchedule", message)
}

pub(crate) fn invalid_instance_id(id: &str) -> AwsError {
    AwsError::new(
        "InvalidInstanceId",
        format!("An association of an Automation document takes no instance ID: {id}."),
    )
}

pub(crate) fn invalid_version(version: &str) -> AwsError {
    AwsError::new(
        "InvalidAssociationVersion",
        format!("The version you specified isn't valid: {version}."),
    )
}

pub(crate) fn invalid_update(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidUpdate", message)
}

pub(crate) fn too_many_versions() -> AwsError {
    AwsError::new(
        "AssociationVersionLimitExceeded",
        "You have reached the maximum number versions allowed for an association. Each \
         association has a limit of 1,000 versions.",
    )
}

pub(crate) fn no_run() -> AwsError {
    AwsError::new(
        "AssociationExecutionDoesNotExist",
        "The specified execution ID does not exist. Verify the ID number and try again.",
    )
}

pub(crate) fn invalid_tag(key: &str) -> AwsError {
    AwsError::new(
        "InvalidTag",
        format!("Tag key {key} is not valid: keys that start with aws: are reserved by AWS."),
    )
}

pub(crate) fn invalid_document_type(name: &str) -> AwsError {
    AwsError::new("InvalidDocument", format!("The document {name} is not a change calendar."))
}
