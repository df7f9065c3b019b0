//! Finding the document that a request names, and the version of it that the caller may see.

use api::{AwsError, Request};

use crate::{
    arn::{self, Named},
    document::{Document, Version, Which},
    errors,
    permissions::SharedVersion,
    state::Documents,
};

/// A document as one caller sees it.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) document: &'a Document,
    access: Access,
}

#[derive(Clone, Copy, PartialEq)]
enum Access {
    /// The owner, and everybody for AWS's own documents.
    Whole,
    /// A consumer of a shared document.
    Shared(SharedVersion),
}

impl<'a> View<'a> {
    /// A document as a caller sees it; nothing if it is somebody else's and not shared.
    pub(crate) fn of(document: &'a Document, caller: &str) -> Option<Self> {
        let access = if document.is_amazons() || document.owner == caller {
            Access::Whole
        } else {
            Access::Shared(document.permissions.shared_with(caller)?)
        };
        Some(Self { document, access })
    }

    pub(crate) fn is_shared(&self) -> bool {
        self.access != Access::Whole
    }

    /// The name by which the caller must call it: a consumer uses the ARN.
    pub(crate) fn name(&self, region: &str) -> String {
        if self.is_shared() {
            arn::ssm(region, &self.document.owner, &format!("document/{}", self.document.name))
        } else {
            self.document.name.clone()
        }
    }

    /// The owner as replies show it.
    pub(crate) fn owner(&self) -> &'a str {
        if self.document.is_amazons() { "Amazon" } else { &self.document.owner }
    }

    pub(crate) fn versions(&self) -> impl Iterator<Item = &'a Version> {
        let view = *self;
        view.document.versions.values().filter(move |version| view.sees(version.number))
    }

    /// The version that an unversioned request gets: the default one, or the latest if only that
    /// is shared.
    pub(crate) fn version(&self) -> Option<&'a Version> {
        let number = match self.access {
            Access::Shared(SharedVersion::Latest) => self.document.latest_version(),
            _ => self.document.default_version,
        };
        self.document.versions.get(&number)
    }

    /// The version that a request names by number, by name or by both.
    pub(crate) fn select(
        &self,
        version: Option<&str>,
        version_name: Option<&str>,
    ) -> Result<&'a Version, AwsError> {
        let document = self.document;
        let by_number = match version.map(Which::parse) {
            None => None,
            Some(Which::Default) => Some(document.default_version),
            Some(Which::Latest) => Some(document.latest_version()),
            Some(Which::Number(number)) => Some(number),
        };
        let found = match (by_number, version_name) {
            (None, None) => self.version(),
            (Some(number), None) => document.versions.get(&number),
            (None, Some(name)) => document.version_named(name),
            (Some(number), Some(name)) => {
                document.version_named(name).filter(|version| version.number == number)
            }
        };
        found
            .filter(|version| self.sees(version.number))
            .ok_or_else(|| errors::invalid_version(version.or(version_name).unwrap_or_default()))
    }

    fn sees(&self, number: u32) -> bool {
        match self.access {
            Access::Whole | Access::Shared(SharedVersion::All) => true,
            Access::Shared(SharedVersion::Default) => number == self.document.default_version,
            Access::Shared(SharedVersion::Latest) => number == self.document.latest_version(),
        }
    }
}

impl Documents {
    /// The document that a caller names, if there is one that it may see. A document of another
    /// account is found by its ARN only, and only in the Region of the request.
    pub(crate) fn find(&self, request: &Request, name: &str) -> Option<View<'_>> {
        self.seen_by(&request.account, &request.region, name)
    }

    /// The same for a caller without a request.
    pub(crate) fn seen_by(&self, caller: &str, region: &str, name: &str) -> Option<View<'_>> {
        let document = match Named::parse(name) {
            Named::Bare(name) => self.bare(caller, region, name)?,
            Named::Arn { region: other, .. } if other != region => return None,
            Named::Arn { account: "", name, .. } => self.amazons.get(name)?,
            Named::Arn { region, account, name } => self.region(region)?.document(account, name)?,
            Named::Nothing => return None,
        };
        View::of(document, caller)
    }

    pub(crate) fn view(&self, request: &Request, name: &str) -> Result<View<'_>, AwsError> {
        self.find(request, name).ok_or_else(|| errors::invalid_document(name))
    }

    /// The caller's own document of this name, else AWS's.
    fn bare(&self, caller: &str, region: &str, name: &str) -> Option<&Document> {
        let own = self.region(region).and_then(|region| region.document(caller, name));
        own.or_else(|| self.amazons.get(name))
    }

    /// The caller's own document of this name.
    pub(crate) fn own(&self, request: &Request, name: &str) -> Result<&Document, AwsError> {
        self.region(&request.region)
            .and_then(|region| region.document(&request.account, name))
            .ok_or_else(|| errors::invalid_document(name))
    }

    /// The caller's own document of this name, to change.
    pub(crate) fn own_mut(
        &mut self,
        request: &Request,
        name: &str,
    ) -> Result<&mut Document, AwsError> {
        self.regions
            .get_mut(&request.region)
            .and_then(|region| region.document_mut(&request.account, name))
            .ok_or_else(|| errors::invalid_document(name))
    }

    /// Refuses what would change one of AWS's own documents, where the operation has an error to
    /// say so.
    pub(crate) fn not_amazons(&self, request: &Request, name: &str) -> Result<(), AwsError> {
        if self.amazons.contains_key(name) && self.own(request, name).is_err() {
            return Err(errors::amazons(name));
        }
        Ok(())
    }

    /// Refuses a second update of what is being updated.
    pub(crate) fn not_busy(&self, request: &Request, resource: &str) -> Result<(), AwsError> {
        if self.busy.is_empty() {
            return Ok(());
        }
        let arn = arn::ssm(&request.region, &request.account, resource);
        if self.busy.contains(&arn) { Err(errors::too_many_updates()) } else { Ok(()) }
    }
}
