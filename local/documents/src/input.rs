//! The inputs of the operations, as the service model names their members. What arrives here has
//! passed [`crate::validation`].

use serde::{Deserialize, Serialize};

use crate::{
    attachments::FetchedFile,
    document::{DocumentFormat, DocumentType},
    permissions::SharedVersion,
    usage::AttachmentSource,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateDocument {
    pub(crate) name: String,
    pub(crate) content: String,
    #[serde(default)]
    pub(crate) document_type: Option<DocumentType>,
    pub(crate) document_format: Option<DocumentFormat>,
    pub(crate) display_name: Option<String>,
    pub(crate) version_name: Option<String>,
    pub(crate) target_type: Option<String>,
    pub(crate) requires: Option<Vec<Requirement>>,
    pub(crate) attachments: Option<Vec<Attachment>>,
    pub(crate) tags: Option<Vec<Tag>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateDocument {
    pub(crate) name: String,
    pub(crate) content: String,
    pub(crate) document_version: Option<String>,
    pub(crate) document_format: Option<DocumentFormat>,
    pub(crate) display_name: Option<String>,
    pub(crate) version_name: Option<String>,
    pub(crate) target_type: Option<String>,
    pub(crate) attachments: Option<Vec<Attachment>>,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Requirement {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) require_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version_name: Option<String>,
}

/// Where an attachment is said to be, and what was fetched from there. Nothing is fetched here.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Attachment {
    pub(crate) name: Option<String>,
    key: Option<String>,
    values: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) fetched: Vec<FetchedFile>,
}

impl Attachment {
    /// The source as others use it.
    pub(crate) fn source(&self) -> Option<AttachmentSource> {
        let value = self.values.as_ref()?.first()?.clone();
        Some(AttachmentSource { key: self.key.clone()?, value, name: self.name.clone() })
    }
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateDocumentDefaultVersion {
    pub(crate) name: String,
    pub(crate) document_version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteDocument {
    pub(crate) name: String,
    pub(crate) document_version: Option<String>,
    pub(crate) version_name: Option<String>,
    pub(crate) force: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetDocument {
    pub(crate) name: String,
    pub(crate) document_version: Option<String>,
    pub(crate) version_name: Option<String>,
    pub(crate) document_format: Option<DocumentFormat>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeDocument {
    pub(crate) name: String,
    pub(crate) document_version: Option<String>,
    pub(crate) version_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListDocuments {
    pub(crate) document_filter_list: Option<Vec<LegacyFilter>>,
    pub(crate) filters: Option<Vec<KeyValues>>,
    pub(crate) max_results: Option<usize>,
    pub(crate) next_token: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct LegacyFilter {
    pub(crate) key: String,
    pub(crate) value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct KeyValues {
    pub(crate) key: Option<String>,
    pub(crate) values: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListDocumentVersions {
    pub(crate) name: String,
    pub(crate) max_results: Option<usize>,
    pub(crate) next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListDocumentMetadataHistory {
    pub(crate) name: String,
    pub(crate) document_version: Option<String>,
    pub(crate) max_results: Option<usize>,
    pub(crate) next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateDocumentMetadata {
    pub(crate) name: String,
    pub(crate) document_version: Option<String>,
    pub(crate) document_reviews: DocumentReviews,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DocumentReviews {
    pub(crate) action: ReviewAction,
    pub(crate) comment: Option<Vec<ReviewComment>>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
pub(crate) enum ReviewAction {
    SendForReview,
    UpdateReview,
    Approve,
    Reject,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ReviewComment {
    #[serde(rename = "Type", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ModifyDocumentPermission {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) account_ids_to_add: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) account_ids_to_remove: Option<Vec<String>>,
    pub(crate) shared_document_version: Option<SharedVersion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeDocumentPermission {
    pub(crate) name: String,
    pub(crate) max_results: Option<usize>,
    pub(crate) next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AddTags {
    pub(crate) resource_type: String,
    pub(crate) resource_id: String,
    pub(crate) tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RemoveTags {
    pub(crate) resource_type: String,
    pub(crate) resource_id: String,
    pub(crate) tag_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListTags {
    pub(crate) resource_type: String,
    pub(crate) resource_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SettingName {
    pub(crate) setting_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateServiceSetting {
    pub(crate) setting_id: String,
    pub(crate) setting_value: String,
}
