//! `ListDocuments`: what a caller owns, what AWS owns, and what is shared with the caller.

use std::iter;

use api::{
    AwsError, Request,
    paging::{PageScope, page},
};
use serde::Serialize;

use crate::{
    document::{Document, DocumentFormat, DocumentType},
    errors,
    filters::{Filters, Owner},
    input::{ListDocuments, Requirement, Tag},
    lookup::View,
    permissions::ALL,
    reply::Epoch,
    reviews::ReviewStatus,
    state::{Documents, Region},
    tags,
};

/// The size of a page unless the request says otherwise.
const PAGE: usize = 10;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListOut {
    document_identifiers: Vec<Identifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// The shape `DocumentIdentifier`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Identifier {
    name: String,
    created_date: Epoch,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    owner: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_name: Option<String>,
    platform_types: Vec<&'static str>,
    document_version: String,
    document_type: DocumentType,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_version: Option<String>,
    document_format: DocumentFormat,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_type: Option<String>,
    tags: Vec<Tag>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    requires: Vec<Requirement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    review_status: Option<ReviewStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
}

impl Documents {
    /// `ListDocuments`, in order of name.
    pub(crate) fn list(
        &self,
        request: &Request,
        input: &ListDocuments,
    ) -> Result<ListOut, AwsError> {
        let filters = Filters::parse(input)?;
        let caller = &request.account;
        let mut views: Vec<_> = self
            .candidates(request, filters.owner)
            .filter_map(|document| View::of(document, caller))
            .filter(|view| filters.pass(view, caller))
            .collect();
        let key = |view: &View<'_>| {
            let Document { name, owner, .. } = view.document;
            format!("{name}\0{owner}")
        };
        views.sort_unstable_by(|one, other| {
            let (one, other) = (one.document, other.document);
            (&one.name, &one.owner).cmp(&(&other.name, &other.owner))
        });
        // A document may be shared both with all and with the caller by name.
        views.dedup_by(|one, other| std::ptr::eq(one.document, other.document));

        let said = |member| request.body.get(member).map(ToString::to_string).unwrap_or_default();
        let scope = PageScope::new(request, &[&said("Filters"), &said("DocumentFilterList")]);
        let (views, next_token) = page(
            views.into_iter(),
            key,
            &scope,
            input.next_token.as_deref(),
            input.max_results.unwrap_or(PAGE),
        )
        .map_err(|_| errors::invalid_next_token())?;
        let identifiers = views.iter().filter_map(|view| identifier(view, request)).collect();
        Ok(ListOut { document_identifiers: identifiers, next_token })
    }

    /// Everything that may be listed for a caller, before filters.
    fn candidates<'a>(
        &'a self,
        request: &'a Request,
        owner: Owner,
    ) -> Box<dyn Iterator<Item = &'a Document> + 'a> {
        let caller = request.account.as_str();
        let region = self.region(&request.region);
        let own = move || region.and_then(|r| r.owned.get(caller)).into_iter().flatten();
        let own = move || own().map(|(_, document)| document);
        let shared = move |with: &'a str| {
            let others = move |document: &&Document| document.owner != caller;
            region.into_iter().flat_map(move |r: &Region| r.shared_with(with)).filter(others)
        };
        let amazons = self.amazons.values();
        match owner {
            Owner::Amazon => Box::new(amazons),
            Owner::Own => Box::new(own()),
            Owner::Private => Box::new(shared(caller)),
            Owner::Public => Box::new(shared(ALL)),
            Owner::ThirdParty => Box::new(iter::empty()),
            Owner::Unsaid => Box::new(own().chain(amazons).chain(shared(caller))),
            Owner::All => Box::new(own().chain(amazons).chain(shared(caller)).chain(shared(ALL))),
        }
    }
}

fn identifier(view: &View<'_>, request: &Request) -> Option<Identifier> {
    let document = view.document;
    let version = view.version()?;
    Some(Identifier {
        name: view.name(&request.region),
        created_date: Epoch(version.created),
        display_name: version.display_name.clone(),
        owner: view.owner().to_owned(),
        version_name: version.name.clone(),
        platform_types: version.content.platforms.clone(),
        document_version: version.number.to_string(),
        document_type: document.kind,
        schema_version: version.content.schema_version.clone(),
        document_format: version.content.format,
        target_type: version.target_type.clone(),
        tags: tags::list(document.tags.get(&request.account)),
        requires: version.requires.clone(),
        review_status: version.review.status,
        author: version.review.author.clone(),
    })
}
