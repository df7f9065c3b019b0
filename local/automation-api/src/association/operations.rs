//! `CreateAssociation`, `UpdateAssociation`, `DeleteAssociation`, `DescribeAssociation`,
//! `ListAssociations`, `ListAssociationVersions`, `StartAssociationsOnce`.

use api::paging::{PageScope, page_by_id};
use api::{AwsError, Request};
use engine::Tag;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::filters::Filters;
use super::model::{Association, Spec};
use super::{errors, shapes};
use crate::api::Automation;
use crate::errors::invalid_next_token;
use crate::executions::{paged, said};
use crate::records::Fact;

/// How many associations an account may have in a Region.
const QUOTA: usize = 2_000;

/// How many versions an association may have.
const VERSIONS: u32 = 1_000;

/// Items of a page, unless the caller asks for fewer.
const PAGE: usize = 50;

/// `CreateAssociation`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Create {
    #[serde(flatten)]
    spec: Spec,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// `UpdateAssociation`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Update {
    #[serde(flatten)]
    spec: Spec,
    association_id: Uuid,
    association_version: Option<String>,
}

/// `DeleteAssociation` and `DescribeAssociation`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Named {
    association_id: Option<Uuid>,
    name: Option<String>,
    association_version: Option<String>,
}

/// `StartAssociationsOnce`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Once {
    association_ids: Vec<Uuid>,
}

/// `ListAssociations`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct List {
    #[serde(default)]
    association_filter_list: Vec<super::filters::Filter>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

/// `ListAssociationVersions`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Versions {
    association_id: Uuid,
    max_results: Option<usize>,
    next_token: Option<String>,
}

impl Automation {
    pub(crate) fn associate(&self, request: &Request, input: Create) -> Result<Value, AwsError> {
        let Create { spec, tags } = input;
        let reserved = tags.iter().find(|tag| tag.key.to_ascii_lowercase().starts_with("aws:"));
        if let Some(tag) = reserved {
            return Err(errors::invalid_tag(&tag.key));
        }
        let (account, region) = (&request.account, &request.region);
        self.check_spec(account, region, &spec, request.now)?;
        let others = self.associations(request);
        if others.len() >= QUOTA {
            return Err(errors::too_many());
        }
        if others.iter().any(|other| other.spec() == spec) {
            return Err(errors::already_exists());
        }
        let (id, run) = (request.derived_id(1), request.derived_id(2));
        let association = Association::new(id, account, region, spec, run, request.now);
        let description = self.described(&association, association.version());
        self.records.write(Fact::Association(Box::new(association)))?;
        Ok(json!({"AssociationDescription": description}))
    }

    /// Members that the request omits are removed, as AWS does.
    pub(crate) fn update_association(
        &self,
        request: &Request,
        input: Update,
    ) -> Result<Value, AwsError> {
        let mut association = self.association(request, input.association_id)?;
        let known = association.version();
        if let Some(version) = input.association_version
            && version != "$LATEST"
            && version != known.to_string()
        {
            return Err(errors::invalid_version(&version));
        }
        if known >= VERSIONS {
            return Err(errors::too_many_versions());
        }
        let mut spec = input.spec;
        let name = association.spec().name;
        if !spec.name.is_empty() && spec.name != name {
            return Err(errors::invalid_update("The document of an association can't be changed."));
        }
        spec.name = name;
        self.check_spec(&request.account, &request.region, &spec, request.now)?;
        association.put(spec, request.derived_id(2), request.now);
        let description = self.described(&association, association.version());
        self.records.write(Fact::Association(Box::new(association)))?;
        Ok(json!({"AssociationDescription": description}))
    }

    pub(crate) fn disassociate(&self, request: &Request, input: &Named) -> Result<Value, AwsError> {
        let association = self.named(request, input)?;
        self.records.write(Fact::Disassociated(association.id))?;
        Ok(json!({}))
    }

    pub(crate) fn describe_association(
        &self,
        request: &Request,
        input: &Named,
    ) -> Result<Value, AwsError> {
        let association = self.named(request, input)?;
        let version = match input.association_version.as_deref() {
            None | Some("$LATEST") => association.version(),
            Some(version) => version
                .parse()
                .ok()
                .filter(|number| association.versions.contains_key(number))
                .ok_or_else(|| errors::invalid_version(version))?,
        };
        Ok(json!({"AssociationDescription": self.described(&association, version)}))
    }

    pub(crate) fn list_associations(
        &self,
        request: &Request,
        input: &List,
    ) -> Result<Value, AwsError> {
        let filters = Filters::parse(&input.association_filter_list)?;
        let mut found = self.associations(request);
        found.retain(|association| filters.pass(association, self.status(association)));
        let ids: Vec<_> = found.into_iter().map(|found| (found.id.to_string(), found)).collect();
        let (page, next) = page_by_id(
            ids,
            |(id, _)| id,
            &PageScope::new(request, &[&said(request, "AssociationFilterList")]),
            input.next_token.as_deref(),
            input.max_results.unwrap_or(PAGE),
        )
        .map_err(|_| invalid_next_token())?;
        let items = page.iter().map(|(_, association)| self.listed(association)).collect();
        Ok(paged("Associations", items, next))
    }

    pub(crate) fn association_versions(
        &self,
        request: &Request,
        input: &Versions,
    ) -> Result<Value, AwsError> {
        let association = self.association(request, input.association_id)?;
        let numbers: Vec<_> =
            association.versions.keys().map(|number| (number.to_string(), *number)).collect();
        let (page, next) = page_by_id(
            numbers,
            |(id, _)| id,
            &PageScope::new(request, &[&association.id.to_string()]),
            input.next_token.as_deref(),
            input.max_results.unwrap_or(PAGE),
        )
        .map_err(|_| invalid_next_token())?;
        let items = page.iter().map(|(_, number)| shapes::version(&association, *number)).collect();
        Ok(paged("AssociationVersions", items, next))
    }

    /// Either all of them are started or none.
    pub(crate) fn start_once(&self, request: &Request, input: &Once) -> Result<Value, AwsError> {
        let ids = input.association_ids.iter();
        let found: Vec<_> =
            ids.map(|id| self.association(request, *id)).collect::<Result<_, _>>()?;
        for (association, n) in found.into_iter().zip(2..) {
            let mut association = association;
            association.owed.push((request.derived_id(n), request.now));
            self.records.write(Fact::Association(Box::new(association)))?;
        }
        Ok(json!({}))
    }

    /// The caller's associations, in the order of their creation.
    fn associations(&self, request: &Request) -> Vec<Association> {
        let mut own = self.records.read(|state| {
            let all = state.associations.values();
            let own = all.filter(|association| is_own(request, association));
            own.cloned().collect::<Vec<_>>()
        });
        own.sort_by_key(|association| (association.created, association.id));
        own
    }

    pub(crate) fn association(&self, request: &Request, id: Uuid) -> Result<Association, AwsError> {
        let found = self.records.read(|state| state.associations.get(&id).cloned());
        let own = found.filter(|association| is_own(request, association));
        own.ok_or_else(|| errors::missing(id))
    }

    /// Finds an association by its id. AWS also finds associations of single nodes by a document's
    /// name; the local AWS has no such associations.
    fn named(&self, request: &Request, input: &Named) -> Result<Association, AwsError> {
        match (input.association_id, &input.name) {
            (Some(id), _) => self.association(request, id),
            (None, Some(name)) => {
                let (account, region) = (&request.account, &request.region);
                let known = self.documents.find(account, region, name, None).is_ok();
                Err(if known { errors::none_of(name) } else { errors::invalid_document(name) })
            }
            (None, None) => Err(errors::unnamed()),
        }
    }
}

fn is_own(request: &Request, association: &Association) -> bool {
    association.account == request.account && association.region == request.region
}
