//! Tags of documents.
//!
//! A consumer may tag a shared document, by its ARN; those tags are the consumer's alone.

use std::collections::BTreeMap;

use api::{AwsError, Request};
use serde::Serialize;

use crate::{
    errors,
    input::{AddTags, ListTags, RemoveTags, Tag},
    state::Documents,
};

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

/// The document that a tag operation names, found.
struct Tagged {
    owner: String,
    name: String,
}

impl Documents {
    /// `AddTagsToResource`: all of them or none.
    pub(crate) fn add_tags(&mut self, request: &Request, input: AddTags) -> Result<(), AwsError> {
        let tagged = self.tagged(request, &input.resource_type, &input.resource_id)?;
        self.not_busy(request, &format!("document/{}", tagged.name))?;
        let added = checked(input.tags)?;
        let tags = self.tags_mut(request, &tagged).ok_or_else(errors::invalid_resource_id)?;
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
        self.not_busy(request, &format!("document/{}", tagged.name))?;
        let tags = self.tags_mut(request, &tagged).ok_or_else(errors::invalid_resource_id)?;
        for key in &input.tag_keys {
            tags.remove(key);
        }
        Ok(())
    }

    /// `ListTagsForResource`, in order of key.
    pub(crate) fn tags(&self, request: &Request, input: &ListTags) -> Result<TagsOut, AwsError> {
        let Tagged { owner, name } =
            self.tagged(request, &input.resource_type, &input.resource_id)?;
        let document = self.region(&request.region).and_then(|r| r.document(&owner, &name));
        let tags = document.and_then(|document| document.tags.get(&request.account));
        Ok(TagsOut { tag_list: list(tags) })
    }

    fn tagged(&self, request: &Request, kind: &str, id: &str) -> Result<Tagged, AwsError> {
        if kind != "Document" {
            return Err(errors::invalid_resource_type());
        }
        let view = self.find(request, id).ok_or_else(errors::invalid_resource_id)?;
        let document = view.document;
        if document.is_amazons() {
            return Err(errors::invalid_resource_id());
        }
        Ok(Tagged { owner: document.owner.clone(), name: document.name.clone() })
    }

    fn tags_mut(&mut self, request: &Request, tagged: &Tagged) -> Option<&mut TagSet> {
        let region = self.region_mut(&request.region);
        let document = region.document_mut(&tagged.owner, &tagged.name)?;
        Some(document.tags.entry(request.account.clone()).or_default())
    }
}
