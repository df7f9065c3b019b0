//! Creating and deleting documents.

use api::{AwsError, Request};
use serde::Serialize;

use crate::{
    attachments,
    content::Content,
    describe::Description,
    document::{Document, DocumentType, Version, Which},
    errors,
    input::{CreateDocument, DeleteDocument},
    lookup::View,
    reviews::Review,
    state::Documents,
    tags,
};

/// Prefixes of names that AWS keeps to itself. That case does not matter is an inference.
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html>
const RESERVED: [&str; 3] = ["aws", "amazon", "amzn"];

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Described {
    pub(crate) document_description: Description,
}

impl Documents {
    /// `CreateDocument`. The reply says `Creating`; the next look finds it active.
    pub(crate) fn create(
        &mut self,
        request: &Request,
        input: CreateDocument,
    ) -> Result<Described, AwsError> {
        let CreateDocument { name, content, document_type, document_format, .. } = input;
        let kind = document_type.unwrap_or_default();
        let lower = name.to_ascii_lowercase();
        if let Some(prefix) = RESERVED.into_iter().find(|prefix| lower.starts_with(prefix)) {
            return Err(errors::validation(format!(
                "Document name {name} is not valid: names that start with {prefix} are reserved \
                 by AWS."
            )));
        }
        if self.retired.contains(&kind) {
            return Err(errors::no_longer_supported());
        }
        self.not_busy(request, &format!("document/{name}"))?;
        if self.own(request, &name).is_ok() || self.amazons.contains_key(&name) {
            return Err(errors::already_exists(&name));
        }
        let quota = self.region(&request.region).map(|region| {
            let owned = region.owned.get(&request.account).map_or(0, |owned| owned.len());
            (owned, region.quota(&request.account))
        });
        if let Some((_, quota)) = quota.filter(|(owned, quota)| owned >= quota) {
            return Err(errors::too_many_documents(quota));
        }
        let tags = tags::on_creation(input.tags)?;
        let format = document_format.unwrap_or_default();
        let content = Content::accept(kind, format, content, self.check)?;
        let attachments = input.attachments.unwrap_or_default();
        let version = Version {
            number: 1,
            name: input.version_name,
            display_name: input.display_name,
            target_type: input.target_type,
            created: request.now,
            requires: input.requires.unwrap_or_default(),
            failure: attachments::failure(&content.files, &attachments),
            content,
            attachments,
            review: Review::of_new(kind),
        };
        let owner = request.account.clone();
        let mut document = Document::new(name.clone(), owner.clone(), kind, version);
        if !tags.is_empty() {
            document.tags.insert(owner.clone(), tags);
        }
        let owned = self.region_mut(&request.region).owned.entry(owner).or_default();
        let document = owned.entry(name).or_insert(document);
        Ok(Described {
            document_description: Description::of_change(document, request, 1, "Creating")?,
        })
    }

    /// `DeleteDocument`: the whole document, or one version that is not the default.
    pub(crate) fn delete(
        &mut self,
        request: &Request,
        input: &DeleteDocument,
    ) -> Result<(), AwsError> {
        let name = &input.name;
        self.not_amazons(request, name)?;
        self.not_busy(request, &format!("document/{name}"))?;
        let document = self.own_mut(request, name)?;
        let schema = document.kind == DocumentType::ApplicationConfigurationSchema;
        if schema && input.force != Some(true) {
            return Err(errors::invalid_operation(format!(
                "Document {name} is of a type that is deleted only with the Force flag."
            )));
        }
        if input.document_version.is_some() || input.version_name.is_some() {
            return delete_version(document, input);
        }
        if !document.permissions.is_empty() {
            return Err(errors::still_shared());
        }
        if !document.instances.is_empty() {
            return Err(errors::associated_instances());
        }
        if let Some(owned) = self.region_mut(&request.region).owned.get_mut(&request.account) {
            owned.remove(name);
        }
        Ok(())
    }
}

/// The operation declares no error for a version that does not exist but `InvalidDocument`.
fn delete_version(document: &mut Document, input: &DeleteDocument) -> Result<(), AwsError> {
    let gone = || errors::invalid_document(&input.name);
    let number = {
        let view = View::of(document, &document.owner).ok_or_else(gone)?;
        let version = view
            .select(input.document_version.as_deref(), input.version_name.as_deref())
            .map_err(|_| gone())?;
        version.number
    };
    if number == document.default_version {
        return Err(errors::invalid_operation("Default version of the document can't be deleted."));
    }
    document.versions.remove(&number);
    Ok(())
}

/// Whether a version that an update names is the latest, which alone can be updated.
pub(crate) fn names_latest(document: &Document, version: &str) -> bool {
    let latest = document.latest_version();
    match Which::parse(version) {
        Which::Latest => true,
        Which::Default => document.default_version == latest,
        Which::Number(number) => number == latest,
    }
}
