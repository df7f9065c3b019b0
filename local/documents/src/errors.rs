//! The errors of these operations, each with its code and AWS's message.
//!
//! Shapes without a message member in the model are sent without one.

use api::AwsError;

pub(crate) fn validation(message: impl Into<String>) -> AwsError {
    AwsError::new("ValidationException", message)
}

pub(crate) fn serialization(message: impl Into<String>) -> AwsError {
    AwsError::new("SerializationException", message)
}

pub(crate) fn invalid_document(name: &str) -> AwsError {
    AwsError::new("InvalidDocument", format!("Document with name {name} does not exist."))
}

pub(crate) fn invalid_version(version: &str) -> AwsError {
    AwsError::new(
        "InvalidDocumentVersion",
        format!("The document version is not valid or does not exist: {version}."),
    )
}

pub(crate) fn already_exists(name: &str) -> AwsError {
    AwsError::new("DocumentAlreadyExists", format!("Document with same name {name} already exists"))
}

pub(crate) fn invalid_content(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidDocumentContent", message)
}

pub(crate) fn invalid_schema_version(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidDocumentSchemaVersion", message)
}

pub(crate) fn too_large() -> AwsError {
    AwsError::new("MaxDocumentSizeExceeded", "The size limit of a document is 64 KB.")
}

pub(crate) fn too_many_documents(quota: usize) -> AwsError {
    AwsError::new(
        "DocumentLimitExceeded",
        format!("You can have at most {quota} active SSM documents."),
    )
}

pub(crate) fn too_many_versions() -> AwsError {
    AwsError::new(
        "DocumentVersionLimitExceeded",
        "The document has too many versions. Delete one or more document versions and try again.",
    )
}

pub(crate) fn duplicate_content() -> AwsError {
    AwsError::new(
        "DuplicateDocumentContent",
        "The content of the association document matches another document. Change the content of \
         the document and try again.",
    )
}

pub(crate) fn duplicate_version_name() -> AwsError {
    AwsError::new(
        "DuplicateDocumentVersionName",
        "The version name has already been used in this document. Specify a different version \
         name, and then try again.",
    )
}

pub(crate) fn invalid_operation(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidDocumentOperation", message)
}

/// The documents of AWS's own belong to no caller.
pub(crate) fn amazons(name: &str) -> AwsError {
    invalid_operation(format!("Document {name} is owned by Amazon and can't be modified."))
}

pub(crate) fn still_shared() -> AwsError {
    invalid_operation(
        "You attempted to delete a document while it is still shared. You must stop sharing the \
         document before you can delete it.",
    )
}

pub(crate) fn associated_instances() -> AwsError {
    AwsError::new("AssociatedInstances", "")
}

pub(crate) fn too_many_updates() -> AwsError {
    AwsError::new(
        "TooManyUpdates",
        "There are concurrent updates for a resource that supports one update at a time.",
    )
}

pub(crate) fn no_longer_supported() -> AwsError {
    AwsError::new(
        "NoLongerSupportedException",
        "The requested operation is no longer supported by Systems Manager.",
    )
}

pub(crate) fn invalid_permission_type(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidPermissionType", message)
}

/// Seen where a caller named no accounts:
/// <https://github.com/awslabs/landing-zone-accelerator-on-aws/issues/786>.
pub(crate) fn no_accounts() -> AwsError {
    AwsError::new(
        "InvalidParameterException",
        "Either AccountIdsToAdd or AccountIdsToRemove must be specified for API operation",
    )
}

pub(crate) fn all_or_some() -> AwsError {
    permission_limit("Accounts can either be all or a group of AWS accounts")
}

pub(crate) fn too_many_accounts(quota: usize) -> AwsError {
    permission_limit(format!(
        "The document can't be shared with more Amazon Web Services accounts. You can share a \
         private document with a maximum of {quota} accounts. If you need to increase the quota, \
         contact Amazon Web Services Support."
    ))
}

pub(crate) fn too_many_public(quota: usize) -> AwsError {
    permission_limit(format!(
        "The document can't be shared publicly. You can publicly share up to {quota} documents. \
         If you need to increase the quota, contact Amazon Web Services Support."
    ))
}

fn permission_limit(message: impl Into<String>) -> AwsError {
    AwsError::new("DocumentPermissionLimit", message)
}

/// AWS's answer while public sharing is blocked is not documented beyond that it refuses.
pub(crate) fn public_sharing_blocked() -> AwsError {
    AwsError::new(
        "AccessDeniedException",
        "Public sharing of documents is blocked for this account and Region by the service \
         setting /ssm/documents/console/public-sharing-permission.",
    )
}

pub(crate) fn invalid_filter_key() -> AwsError {
    AwsError::new("InvalidFilterKey", "")
}

pub(crate) fn invalid_next_token() -> AwsError {
    AwsError::new("InvalidNextToken", "The specified token isn't valid.")
}

pub(crate) fn invalid_resource_type() -> AwsError {
    AwsError::new("InvalidResourceType", "")
}

pub(crate) fn invalid_resource_id() -> AwsError {
    AwsError::new("InvalidResourceId", "")
}

pub(crate) fn too_many_tags() -> AwsError {
    AwsError::new("TooManyTagsError", "")
}

pub(crate) fn setting_not_found(id: &str) -> AwsError {
    AwsError::new(
        "ServiceSettingNotFound",
        format!(
            "The specified service setting was not found: {id}. Either the service name or the \
             setting has not been provisioned by the AWS service team."
        ),
    )
}
