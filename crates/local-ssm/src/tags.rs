//! Tags of documents and of Automation executions.
//!
//! A consumer may tag a shared document, by its ARN; those tags are the consumer's alone. An
//! execution is only an id here: the engine that knows it keeps nothing about its tags.

use std::collections::BTreeMap;

use local_api::{AwsError, Request};
use serde::Serialize;

use crate::{
    errors,
    input::{AddTags, ListTags, RemoveTags, Tag},
    state::Documents,
};

/// Values by key.
pub(crate) type TagSet = BTreeMap<String, String>;

/// How many tags a resource may have.
const TAGS: usize = 50;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TagsOut {
    tag_list: Vec<Tag>,
}

/// Tags in order of key.
pub(crate) fn list(tags: Option<&TagSet>) -> Vec<Tag> {
    let tags = tags.into_iter().flatten();
    tags.map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect()
}

/// The tags of a new resource.
pub(crate) fn on_creation(tags: Option<Vec<Tag>>) -> Result<TagSet, AwsError> {
    let tags = checked(tags.unwrap_or_default())?;
    if tags.len() > TAGS {
        return Err(errors::validation(format!("A resource can have at most {TAGS} tags.")));
    }
    Ok(tags)
}

fn checked(tags: Vec<Tag>) -> Result<TagSet, AwsError> {
    let reserved = |key: &str| key.to_ascii_lowercase().starts_with("aws:");
    if let Some(Tag { key, .. }) = tags.iter().find(|tag| reserved(&tag.key)) {
        return Err(errors::validation(format!(
            "Tag key {key} is not valid: keys that start with aws: are reserved by AWS."
        )));
    }
    Ok(tags.into_iter().map(|Tag { key, value }| (key, value)).collect())
}

/// What a tag operation names, found.
enum Tagged {
    Document { owner: String, name: String },
    Execution(String),
}

impl Documents {
    /// `AddTagsToResource`: all of them or none.
    pub(crate) fn add_tags(&mut self, request: &Request, input: AddTags) -> Result<(), AwsError> {
        let tagged = self.tagged(request, &input.resource_type, &input.resource_id)?;
        self.tags_not_busy(request, &tagged)?;
        let added = checked(input.tags)?;
        let tags = self.tags_mut(request, tagged).ok_or_else(errors::invalid_resource_id)?;
        let news = added.keys().filter(|key| !tags.contains_key(*key)).count();
        if tags.len() + news > TAGS {
            return Err(errors::too_many_tags());
        }
        tags.extend(added);
        Ok(())
    }

    /// `RemoveTagsFromResource`. What is not there is removed already.
    pub(crate) fn remove_tags(
        &mut self,
        request: &Request,
        input: &RemoveTags,
    ) -> Result<(), AwsError> {
        let tagged = self.tagged(request, &input.resource_type, &input.resource_id)?;
        self.tags_not_busy(request, &tagged)?;
        let tags = self.tags_mut(request, tagged).ok_or_else(errors::invalid_resource_id)?;
        for key in &input.tag_keys {
            tags.remove(key);
        }
        Ok(())
    }

    /// `ListTagsForResource`, in order of key.
    pub(crate) fn tags(&self, request: &Request, input: &ListTags) -> Result<TagsOut, AwsError> {
        let tags = match self.tagged(request, &input.resource_type, &input.resource_id)? {
            Tagged::Document { owner, name } => {
                let document = self.region(&request.region).and_then(|r| r.document(&owner, &name));
                document.and_then(|document| document.tags.get(&request.account))
            }
            Tagged::Execution(id) => self.execution_tags(request, id),
        };
        Ok(TagsOut { tag_list: list(tags) })
    }

    pub(crate) fn execution_tags(&self, request: &Request, id: String) -> Option<&TagSet> {
        self.region(&request.region)?.execution_tags.get(&(request.account.clone(), id))
    }

    fn tagged(&self, request: &Request, kind: &str, id: &str) -> Result<Tagged, AwsError> {
        match kind {
            "Document" => {
                let view = self.find(request, id).ok_or_else(errors::invalid_resource_id)?;
                if view.document.is_amazons() {
                    return Err(errors::invalid_resource_id());
                }
                let document = view.document;
                let (owner, name) = (document.owner.clone(), document.name.clone());
                Ok(Tagged::Document { owner, name })
            }
            "Automation" if is_execution_id(id) => Ok(Tagged::Execution(id.to_owned())),
            "Automation" => Err(errors::invalid_resource_id()),
            _ => Err(errors::invalid_resource_type()),
        }
    }

    fn tags_not_busy(&self, request: &Request, tagged: &Tagged) -> Result<(), AwsError> {
        self.not_busy(
            request,
            &match tagged {
                Tagged::Document { name, .. } => format!("document/{name}"),
                Tagged::Execution(id) => format!("automation-execution/{id}"),
            },
        )
    }

    fn tags_mut(&mut self, request: &Request, tagged: Tagged) -> Option<&mut TagSet> {
        let region = self.region_mut(&request.region);
        let account = request.account.clone();
        match tagged {
            Tagged::Document { owner, name } => {
                let document = region.document_mut(&owner, &name)?;
                Some(document.tags.entry(account).or_default())
            }
            Tagged::Execution(id) => Some(region.execution_tags.entry((account, id)).or_default()),
        }
    }
}

/// The form of an execution's id, a UUID: whether there is such an execution is not known here.
pub(crate) fn is_execution_id(id: &str) -> bool {
    let parts: Vec<_> = id.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && id.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}
