//! The documents of a Region together with those of home Regions: what rules with `homeRegion` want to be here as well. All
//! of them are listed before the first page, so that a document that is in one Region only is found.

use std::collections::{BTreeMap, BTreeSet};

use aws::AwsError;
use aws_sdk_ssm::Client;
use relay_core::id::{DocumentName, REPLICA_TAG, Region};
use relay_core::problem::{Problem, ProblemCode};
use sharing::plan::WorkView;
use sharing::{Document, ListedDocument};
use store::Ledger;
use tokio::sync::OnceCell;

use crate::calls::{Caller, Refusal};
use crate::cursor::short_hash;
use crate::listing::{PAGE, Page, PageError, owned};

/// How often a listing is begun whose token expires while it is read.
const ATTEMPTS: u32 = 3;

/// The documents of an owner in one Region and in the home Regions of the rules there.
#[derive(Debug)]
pub(crate) struct HomeListing<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) view: &'a WorkView<'a>,
    pub(crate) here: &'a Client,
    pub(crate) homes: Vec<(Region, Client)>,
    pub(crate) read: OnceCell<Listed>,
}

/// The listing: the documents by the hashes of their names, and home Regions that cannot be listed.
#[derive(Debug)]
pub(crate) struct Listed {
    documents: BTreeMap<String, ListedDocument>,
    problems: Vec<Problem>,
}

impl HomeListing<'_> {
    /// A page in the order of the hashes of names, so that a token (the hash of the last name) contains no name and stays
    /// valid while documents come and go.
    pub(crate) async fn page(
        &self,
        caller: &Caller,
        token: Option<&str>,
    ) -> Result<Page, PageError> {
        let Listed { documents, problems } =
            self.read.get_or_try_init(|| self.read_all(caller)).await?;
        let mut left = documents.iter().filter(|(hash, _)| token.is_none_or(|t| hash.as_str() > t));
        let page: Vec<_> = left.by_ref().take(PAGE.unsigned_abs() as usize).collect();
        let next = left.next().and_then(|_| page.last().map(|(hash, _)| (*hash).clone()));
        let documents = page.into_iter().map(|(_, document)| document.clone()).collect();
        // Once in an execution.
        let problems = if token.is_none() { problems.clone() } else { Vec::new() };
        Ok(Page { documents, next, problems })
    }

    async fn read_all(&self, caller: &Caller) -> Result<Listed, PageError> {
        let here = all(self.here, caller).await.map_err(PageError::Refused)?;
        let mut documents: BTreeMap<DocumentName, ListedDocument> =
            here.into_iter().map(|document| (document.name.clone(), document.into())).collect();
        let (mut unread, mut problems) = (BTreeSet::new(), Vec::new());
        for (home, client) in &self.homes {
            match all(client, caller).await {
                Ok(there) => {
                    for document in there {
                        self.add(&mut documents, home, document);
                    }
                }
                Err(Refusal::Later) => return Err(PageError::Refused(Refusal::Later)),
                Err(refusal) => {
                    unread.insert(home.clone());
                    problems.push(self.unlisted(home, &refusal.explain().1));
                }
            }
        }
        let listed = documents.into_values().map(|document| {
            let document = ListedDocument { unread: unread.clone(), ..document };
            (short_hash(document.name.as_str()), document)
        });
        Ok(Listed { documents: listed.collect(), problems })
    }

    /// Adds a document of a home Region: one that is here as well, or is wanted here.
    fn add(
        &self,
        documents: &mut BTreeMap<DocumentName, ListedDocument>,
        home: &Region,
        document: Document,
    ) {
        let name = document.name.clone();
        if is_replica(&document) {
            return;
        }
        if let Some(here) = documents.get_mut(&name) {
            here.homes.insert(home.clone(), document);
        } else if self.view.replicates(home, &document) {
            let homes = BTreeMap::from([(home.clone(), document)]);
            let listed =
                ListedDocument { name: name.clone(), here: None, homes, unread: BTreeSet::new() };
            documents.insert(name, listed);
        }
    }

    fn unlisted(&self, home: &Region, error: &AwsError) -> Problem {
        let Ledger { owner, region, .. } = self.ledger;
        let what = format!(
            "the documents of the home Region {home} cannot be listed, so replicas of them are left as they are: {error}"
        );
        Problem::new(ProblemCode::ReplicaFailed, format!("{owner}/{region}"), what)
    }
}

/// Whether a document says that it is a replica. None is made of it: two Regions that are home to each other would make a
/// document again that its owner has deleted.
pub(crate) fn is_replica(document: &Document) -> bool {
    document.tags.contains_key(REPLICA_TAG)
}

/// All documents of an owner in one Region.
async fn all(client: &Client, caller: &Caller) -> Result<Vec<Document>, Refusal> {
    let (mut documents, mut token, mut attempt) = (Vec::new(), None, 1);
    loop {
        match owned(client, caller, token.as_deref()).await {
            Ok(page) => {
                documents.extend(page.documents.into_iter().filter_map(|listed| listed.here));
                token = page.next;
                if token.is_none() {
                    return Ok(documents);
                }
            }
            Err(PageError::TokenExpired) if attempt < ATTEMPTS => {
                (documents, token) = (Vec::new(), None);
                attempt += 1;
            }
            Err(PageError::Refused(refusal)) => return Err(refusal),
            // Nothing of it is about the ledger. To be listed by the next invocation.
            Err(PageError::TokenExpired | PageError::Ledger(_)) => return Err(Refusal::Later),
        }
    }
}
