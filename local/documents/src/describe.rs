//! Descriptions of a document: `DescribeDocument`, `GetDocument`.

use api::{AwsError, Request};
use serde::Serialize;
use serde_json::Value;

use crate::{
    attachments,
    content::Parameter,
    document::{Document, DocumentFormat, DocumentType, Version},
    errors,
    input::{DescribeDocument, GetDocument, Requirement, Tag},
    lookup::View,
    reply::Epoch,
    reviews::{ReviewInformation, ReviewStatus},
    state::Documents,
    tags,
};

/// The shape `DocumentDescription`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Description {
    hash: String,
    hash_type: &'static str,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_name: Option<String>,
    owner: String,
    created_date: Epoch,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_information: Option<String>,
    document_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parameters: Vec<Parameter>,
    platform_types: Vec<&'static str>,
    document_type: DocumentType,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_version: Option<String>,
    latest_version: String,
    default_version: String,
    document_format: DocumentFormat,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_type: Option<String>,
    tags: Vec<Tag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments_information: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    requires: Vec<Requirement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    review_information: Vec<ReviewInformation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approved_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_review_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    review_status: Option<ReviewStatus>,
}

impl Description {
    fn new(view: View<'_>, version: &Version, request: &Request) -> Self {
        let document = view.document;
        let content = &version.content;
        let reviewed = |status| {
            let mut versions = document.versions.values();
            versions.find(|v| v.review.status == Some(status)).map(|v| v.number.to_string())
        };
        Self {
            hash: content.hash.clone(),
            hash_type: "Sha256",
            name: view.name(&request.region),
            display_name: version.display_name.clone(),
            version_name: version.name.clone(),
            owner: view.owner().to_owned(),
            created_date: Epoch(version.created),
            status: version.status(),
            status_information: version.failure.clone(),
            document_version: version.number.to_string(),
            description: content.description.clone(),
            parameters: content.parameters.clone(),
            platform_types: content.platforms.clone(),
            document_type: document.kind,
            schema_version: content.schema_version.clone(),
            latest_version: document.latest_version().to_string(),
            default_version: document.default_version.to_string(),
            document_format: content.format,
            target_type: version.target_type.clone(),
            tags: tags::list(document.tags.get(&request.account)),
            attachments_information: attachments::information(version),
            requires: version.requires.clone(),
            author: version.review.author.clone(),
            review_information: version.review.information(),
            approved_version: reviewed(ReviewStatus::Approved),
            pending_review_version: reviewed(ReviewStatus::Pending),
            review_status: version.review.status,
        }
    }

    /// The description of a version that its owner has just made.
    pub(crate) fn of_change(
        document: &Document,
        request: &Request,
        number: u32,
        status: &'static str,
    ) -> Result<Self, AwsError> {
        let version = document.versions.get(&number);
        match (View::of(document, &document.owner), version) {
            // Whether it can be used shows only once it is made.
            (Some(view), Some(version)) => {
                Ok(Self { status, status_information: None, ..Self::new(view, version, request) })
            }
            _ => Err(errors::invalid_document(&document.name)),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeOut {
    document: Description,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetOut {
    name: String,
    created_date: Epoch,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_name: Option<String>,
    document_version: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_information: Option<String>,
    content: String,
    document_type: DocumentType,
    document_format: DocumentFormat,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    requires: Vec<Requirement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments_content: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    review_status: Option<ReviewStatus>,
}

impl Documents {
    /// `DescribeDocument`, of a document that the caller owns, AWS owns or somebody shares.
    pub(crate) fn describe(
        &self,
        request: &Request,
        input: &DescribeDocument,
    ) -> Result<DescribeOut, AwsError> {
        let view = self.view(request, &input.name)?;
        let version =
            view.select(input.document_version.as_deref(), input.version_name.as_deref())?;
        Ok(DescribeOut { document: Description::new(view, version, request) })
    }

    /// `GetDocument`, in the format asked for.
    pub(crate) fn get(&self, request: &Request, input: &GetDocument) -> Result<GetOut, AwsError> {
        let view = self.view(request, &input.name)?;
        let version =
            view.select(input.document_version.as_deref(), input.version_name.as_deref())?;
        let (content, document_format) = version.content.rendered(input.document_format);
        Ok(GetOut {
            name: view.name(&request.region),
            created_date: Epoch(version.created),
            display_name: version.display_name.clone(),
            version_name: version.name.clone(),
            document_version: version.number.to_string(),
            status: version.status(),
            status_information: version.failure.clone(),
            content,
            document_type: view.document.kind,
            document_format,
            requires: version.requires.clone(),
            attachments_content: attachments::content(version),
            review_status: version.review.status,
        })
    }
}
