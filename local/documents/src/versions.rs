//! Versions: making new ones, choosing the default, listing them.

use api::{
    AwsError, Request,
    paging::{PageScope, page},
};
use serde::Serialize;

use crate::{
    attachments,
    content::Content,
    create::{Described, names_latest},
    describe::Description,
    document::{Document, DocumentFormat, DocumentType, Version, Which},
    errors,
    input::{ListDocumentVersions, UpdateDocument, UpdateDocumentDefaultVersion},
    reply::Epoch,
    reviews::{Review, ReviewStatus},
    state::Documents,
};

/// The quota of versions that a document may have.
const VERSIONS: usize = 1_000;

/// And a Package.
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/distributor-working-with-packages-version.html>
const PACKAGE_VERSIONS: usize = 25;

/// The size of a page unless the request says otherwise.
const PAGE: usize = 10;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DefaultOut {
    description: DefaultVersion,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DefaultVersion {
    name: String,
    default_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_version_name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct VersionsOut {
    document_versions: Vec<VersionInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct VersionInfo {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    document_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_name: Option<String>,
    created_date: Epoch,
    is_default_version: bool,
    document_format: DocumentFormat,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_information: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    review_status: Option<ReviewStatus>,
}

impl Documents {
    /// `UpdateDocument`: a new version after the latest. The default version stays.
    pub(crate) fn update(
        &mut self,
        request: &Request,
        input: UpdateDocument,
    ) -> Result<Described, AwsError> {
        self.not_amazons(request, &input.name)?;
        let check = self.check;
        let document = self.own_mut(request, &input.name)?;
        versioned(document)?;
        if let Some(version) = &input.document_version
            && !names_latest(document, version)
        {
            return Err(errors::invalid_version(version));
        }
        let same = |version: &Version| {
            version.content.text == input.content
                && (input.target_type.is_none() || input.target_type == version.target_type)
        };
        if document.versions.values().any(same) {
            return Err(errors::duplicate_content());
        }
        if input.version_name.as_deref().is_some_and(|n| document.version_named(n).is_some()) {
            return Err(errors::duplicate_version_name());
        }
        let most = if document.kind == DocumentType::Package { PACKAGE_VERSIONS } else { VERSIONS };
        if document.versions.len() >= most {
            return Err(errors::too_many_versions());
        }
        let format = input.document_format.unwrap_or_default();
        let content = Content::accept(document.kind, format, input.content, check)?;
        // Values that the request leaves out are taken over from the latest version.
        let latest = document.versions.last_key_value().map(|(_, latest)| latest);
        let number = document.next_version;
        let attachments = input.attachments.unwrap_or_default();
        let version = Version {
            number,
            name: input.version_name,
            display_name: input.display_name.or_else(|| latest?.display_name.clone()),
            target_type: input.target_type.or_else(|| latest?.target_type.clone()),
            created: request.now,
            requires: latest.map(|latest| latest.requires.clone()).unwrap_or_default(),
            failure: attachments::failure(&content.files, &attachments),
            content,
            attachments,
            review: Review::of_new(document.kind),
        };
        document.versions.insert(number, version);
        document.next_version += 1;
        let description = Description::of_change(document, request, number, "Updating")?;
        Ok(Described { document_description: description })
    }

    /// `UpdateDocumentDefaultVersion`.
    pub(crate) fn set_default(
        &mut self,
        request: &Request,
        input: &UpdateDocumentDefaultVersion,
    ) -> Result<DefaultOut, AwsError> {
        let document = self.own_mut(request, &input.name)?;
        versioned(document)?;
        let version = match Which::parse(&input.document_version) {
            Which::Number(number) => document.versions.get(&number),
            Which::Default | Which::Latest => None,
        };
        let version = version.ok_or_else(|| errors::invalid_version(&input.document_version))?;
        let description = DefaultVersion {
            name: document.name.clone(),
            default_version: version.number.to_string(),
            default_version_name: version.name.clone(),
        };
        document.default_version = version.number;
        Ok(DefaultOut { description })
    }

    /// `ListDocumentVersions`, the oldest first; a consumer sees what is shared with it.
    pub(crate) fn versions(
        &self,
        request: &Request,
        input: &ListDocumentVersions,
    ) -> Result<VersionsOut, AwsError> {
        let view = self.view(request, &input.name)?;
        let scope = PageScope::new(request, &[&input.name]);
        let (versions, next_token) = page(
            view.versions(),
            |version| format!("{:010}", version.number),
            &scope,
            input.next_token.as_deref(),
            input.max_results.unwrap_or(PAGE),
        )
        .map_err(|_| errors::invalid_next_token())?;
        let document = view.document;
        let info = |version: &Version| VersionInfo {
            name: document.name.clone(),
            display_name: version.display_name.clone(),
            document_version: version.number.to_string(),
            version_name: version.name.clone(),
            created_date: Epoch(version.created),
            is_default_version: version.number == document.default_version,
            document_format: version.content.format,
            status: version.status(),
            status_information: version.failure.clone(),
            review_status: version.review.status,
        };
        Ok(VersionsOut { document_versions: versions.into_iter().map(info).collect(), next_token })
    }
}

/// Command documents of schema version 1.2 have one version for ever.
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-schemas-features.html>
fn versioned(document: &Document) -> Result<(), AwsError> {
    let old = |version: &Version| version.content.schema_version.as_deref() == Some("1.2");
    if document.kind == DocumentType::Command && document.versions.values().any(old) {
        return Err(errors::invalid_schema_version(
            "Documents of schema version 1.2 can't be updated: versions need schema version 2.0 \
             or later.",
        ));
    }
    Ok(())
}
