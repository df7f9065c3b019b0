//! The state of every account and Region, and the indexes that listing by consumer needs.

use std::collections::{BTreeMap, BTreeSet};

use api::AwsError;
use jiff::Timestamp;

use crate::{
    content::{Content, ContentCheck},
    document::{Document, DocumentType, Predefined, Version},
    reviews::Review,
    settings::Setting,
};

/// The quota of documents that an account may own in a Region.
pub(crate) const DOCUMENTS: usize = 500;

/// The creation date of AWS's own documents in replies here: 2018-01-01.
const PREDEFINED_SINCE: i64 = 1_514_764_800;

/// Documents, permissions, tags and service settings of every account and Region.
pub struct Documents {
    pub(crate) amazons: BTreeMap<String, Document>,
    pub(crate) regions: BTreeMap<String, Region>,
    pub(crate) check: ContentCheck,
    /// Types that are no longer supported, set by [`crate::Control`].
    pub(crate) retired: BTreeSet<DocumentType>,
    /// ARNs of resources that something else is just updating, set by [`crate::Control`].
    pub(crate) busy: BTreeSet<String>,
}

/// One Region: nothing here refers to another.
#[derive(Default)]
pub(crate) struct Region {
    /// By owner, then by name.
    pub(crate) owned: BTreeMap<String, BTreeMap<String, Document>>,
    /// By consumer (an account or `all`): the owner and name of each document shared with it.
    pub(crate) shared: BTreeMap<String, BTreeSet<(String, String)>>,
    /// Quotas of documents that differ from [`DOCUMENTS`].
    pub(crate) quotas: BTreeMap<String, usize>,
    /// By account and setting id: what somebody set.
    pub(crate) settings: BTreeMap<(String, String), Setting>,
}

impl Default for Documents {
    /// No documents, and no deeper check of content.
    fn default() -> Self {
        Self {
            amazons: BTreeMap::new(),
            regions: BTreeMap::new(),
            check: |_| Ok(()),
            retired: BTreeSet::new(),
            busy: BTreeSet::new(),
        }
    }
}

impl Documents {
    /// A local AWS with these documents of Amazon's own in every account and Region, and this
    /// check of the content that others submit.
    ///
    /// # Errors
    /// A predefined document whose content would be refused.
    pub fn new(predefined: Vec<Predefined>, check: ContentCheck) -> Result<Self, AwsError> {
        let mut documents = Self { check, ..Self::default() };
        for Predefined { name, document_type, format, content, target_type } in predefined {
            let content = Content::accept(document_type, format, content, check)?;
            let version = Version {
                number: 1,
                name: None,
                display_name: None,
                target_type,
                content,
                created: Timestamp::from_second(PREDEFINED_SINCE).unwrap_or_default(),
                requires: Vec::new(),
                attachments: Vec::new(),
                failure: None,
                review: Review::default(),
            };
            let document = Document::new(name.clone(), String::new(), document_type, version);
            documents.amazons.insert(name, document);
        }
        Ok(documents)
    }

    pub(crate) fn region(&self, region: &str) -> Option<&Region> {
        self.regions.get(region)
    }

    /// The Region to write to. Every name a client signs for is a Region.
    pub(crate) fn region_mut(&mut self, region: &str) -> &mut Region {
        self.regions.entry(region.to_owned()).or_default()
    }
}

impl Region {
    pub(crate) fn document(&self, owner: &str, name: &str) -> Option<&Document> {
        self.owned.get(owner)?.get(name)
    }

    pub(crate) fn document_mut(&mut self, owner: &str, name: &str) -> Option<&mut Document> {
        self.owned.get_mut(owner)?.get_mut(name)
    }

    /// The documents shared with a consumer (an account or `all`), in order of owner and name.
    pub(crate) fn shared_with(&self, consumer: &str) -> impl Iterator<Item = &Document> {
        let entries = self.shared.get(consumer).into_iter().flatten();
        entries.filter_map(|(owner, name)| self.document(owner, name))
    }

    /// How many of an owner's documents are public.
    pub(crate) fn public_of(&self, owner: &str) -> usize {
        let all = self.shared.get(crate::permissions::ALL);
        all.map_or(0, |all| {
            let first = (owner.to_owned(), String::new());
            all.range(first..).take_while(|(of, _)| of == owner).count()
        })
    }

    pub(crate) fn quota(&self, account: &str) -> usize {
        self.quotas.get(account).copied().unwrap_or(DOCUMENTS)
    }
}
