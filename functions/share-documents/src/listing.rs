//! The documents to look at, page by page: those the owner lists or, where no rule wants anything of this
//! owner in this Region any longer, those in the ledger.

use crate::calls::{Caller, Refusal};
use std::collections::{BTreeMap, BTreeSet};

use aws::AwsError;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{DocumentIdentifier, DocumentKeyValuesFilter};
use relay_core::id::{AccountId, DocumentName};
use relay_core::problem::Problem;
use sharing::{Document, ListedDocument};
use store::{Ledger, StoreError};

use crate::cursor::short_hash;
use crate::homes::HomeListing;

/// Documents on a page: the most that ListDocuments returns.
pub(crate) const PAGE: i32 = 50;

/// A page of documents and the token of the next.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) documents: Vec<ListedDocument>,
    pub(crate) next: Option<String>,
    /// The lists that could not be read beside it.
    pub(crate) problems: Vec<Problem>,
}

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum PageError {
    Refused(Refusal),
    /// The token is too old, or the listing changed meanwhile: list from the start.
    TokenExpired,
    Ledger(StoreError),
}

/// Where documents come from.
#[derive(Debug)]
pub(crate) enum Listing<'a> {
    /// ListDocuments in the owner's account.
    Owned(&'a Client),
    /// The ledger's documents of these accounts: no call to the owner is needed to know them.
    Remembered(&'a Ledger, &'a BTreeSet<AccountId>),
    /// ListDocuments in the Region and in home Regions.
    WithHomes(HomeListing<'a>),
}

impl Listing<'_> {
    /// The page that `token` names, the first without one. A page may be empty and have a next.
    pub(crate) async fn page(
        &self,
        caller: &Caller,
        token: Option<&str>,
    ) -> Result<Page, PageError> {
        match self {
            Self::Owned(client) => owned(client, caller, token).await,
            Self::Remembered(ledger, accounts) => {
                remembered(ledger, accounts, token).await.map_err(PageError::Ledger)
            }
            Self::WithHomes(homes) => homes.page(caller, token).await,
        }
    }
}

/// A page of the documents that an owner has in one Region.
pub(crate) async fn owned(
    client: &Client,
    caller: &Caller,
    token: Option<&str>,
) -> Result<Page, PageError> {
    let mine = DocumentKeyValuesFilter::builder().key("Owner").values("Self").build();
    let request = client
        .list_documents()
        .filters(mine)
        .max_results(PAGE)
        .set_next_token(token.map(str::to_owned));
    let answer = caller
        .read_ahead("ListDocuments", || {
            let request = request.clone();
            async move { request.send().await.map_err(AwsError::from) }
        })
        .await
        .map_err(|refusal| match refusal {
            Refusal::Failed(_, error) if token.is_some() && error.is("InvalidNextToken") => {
                PageError::TokenExpired
            }
            refusal => PageError::Refused(refusal),
        })?;
    let documents = answer.document_identifiers.unwrap_or_default();
    let documents = documents.into_iter().filter_map(document).map(ListedDocument::from).collect();
    let next = answer.next_token.filter(|token| !token.is_empty());
    Ok(Page { documents, next, problems: Vec::new() })
}

/// A document with its tags, which ListDocuments returns: no call per document is needed.
fn document(listed: DocumentIdentifier) -> Option<Document> {
    let name = match listed.name.as_deref().unwrap_or_default().parse() {
        Ok(name) => name,
        Err(error) => {
            tracing::warn!(%error, "left out a document with an invalid name");
            return None;
        }
    };
    let kind = listed.document_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default();
    let tags = listed.tags.unwrap_or_default();
    let tags: BTreeMap<String, String> = tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
    Some(Document { name, kind, tags })
}

/// Pages of the ledger's names in the order of their hashes, so that a token (the hash of the last
/// name) contains no name and stays valid while entries are removed.
async fn remembered(
    ledger: &Ledger,
    accounts: &BTreeSet<AccountId>,
    token: Option<&str>,
) -> Result<Page, StoreError> {
    let reads = accounts.iter().map(|account| ledger.documents_of(account));
    let names = futures::future::try_join_all(reads).await?;
    let by_hash: BTreeMap<String, DocumentName> =
        names.into_iter().flatten().map(|name| (short_hash(name.as_str()), name)).collect();
    let mut left = by_hash.into_iter().filter(|(hash, _)| token.is_none_or(|t| hash.as_str() > t));
    let page: Vec<_> = left.by_ref().take(PAGE.unsigned_abs() as usize).collect();
    let next = left.next().and_then(|_| page.last().map(|(hash, _)| hash.clone()));
    let documents = page
        .into_iter()
        .map(|(_, name)| Document { name, kind: String::new(), tags: BTreeMap::new() }.into())
        .collect();
    Ok(Page { documents, next, problems: Vec::new() })
}
