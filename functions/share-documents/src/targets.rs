//! Documents that the suite makes: in the accounts that get copies, and in the owner's own as replicas. A document is changed or
//! deleted there only after a look has found the suite's tag on it; IAM allows no more than that.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws::{Accounts, AwsError};
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{DocumentDescription, Tag};
use relay_core::id::{AccountId, DocumentName, Region};
use relay_core::problem::ProblemCode;

use crate::calls::{Caller, Refusal};
use crate::source::Source;

/// The accounts that get documents in one Region.
#[derive(Debug)]
pub(crate) struct Targets<'a> {
    accounts: &'a Accounts,
    caller: &'a Caller,
    region: &'a Region,
    /// The key of the suite's tag on them.
    key: &'static str,
    /// Accounts that could not be reached: they are not tried again for every document.
    unreachable: Mutex<BTreeMap<AccountId, AwsError>>,
}

/// One document in one account.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    targets: &'a Targets<'a>,
    account: AccountId,
    client: Client,
    document: &'a DocumentName,
    /// The value of the suite's tag on it.
    tag: String,
}

/// How SSM describes a document that is there.
#[derive(Debug)]
pub(crate) struct Described {
    /// It has the suite's tag.
    pub(crate) tagged: bool,
    /// Of its default version.
    pub(crate) hash: String,
    default: String,
    latest: String,
}

impl<'a> Targets<'a> {
    pub(crate) fn new(
        accounts: &'a Accounts,
        caller: &'a Caller,
        region: &'a Region,
        key: &'static str,
    ) -> Self {
        Self { accounts, caller, region, key, unreachable: Mutex::default() }
    }

    fn unreachable(&self) -> MutexGuard<'_, BTreeMap<AccountId, AwsError>> {
        self.unreachable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The document of a name in an account, where the suite's tag has this value.
    pub(crate) fn of<'b>(
        &'b self,
        account: AccountId,
        document: &'b DocumentName,
        tag: String,
    ) -> Target<'b> {
        let client = self.accounts.ssm(account, self.region);
        Target { targets: self, account, client, document, tag }
    }
}

impl Target<'_> {
    /// Looks at the document; `None` where there is none of this name.
    pub(crate) async fn describe(&self) -> Result<Option<Described>, Refusal> {
        let request = self.client.describe_document().name(self.document.as_str());
        let answer = self.call(|| {
            let request = request.clone();
            async move { request.send().await.map_err(AwsError::from) }
        });
        match answer.await {
            Ok(answer) => Ok(answer.document.map(|document| self.read(document))),
            Err(Refusal::Gone(_)) => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    fn read(&self, document: DocumentDescription) -> Described {
        let ours = |tag: &Tag| tag.key == self.targets.key && tag.value == self.tag;
        Described {
            tagged: document.tags().iter().any(ours),
            hash: document.hash.unwrap_or_default(),
            default: document.default_version.unwrap_or_default(),
            latest: document.latest_version.unwrap_or_default(),
        }
    }

    /// Makes a copy; `None` where a document of this name is there already. Returns SSM's hash of it.
    pub(crate) async fn create(&self, source: &Source<'_>) -> Result<Option<String>, Refusal> {
        let content = source.content().await?;
        let described = &source.described;
        let tag = Tag::builder().key(self.targets.key).value(&self.tag).build();
        let tag = tag.map_err(|error| unsent(&error))?;
        let request = self
            .client
            .create_document()
            .name(self.document.as_str())
            .content(content)
            .set_document_type(described.document_type.clone())
            .set_document_format(described.document_format.clone())
            .set_target_type(described.target_type.clone())
            .set_display_name(described.display_name.clone())
            .set_version_name(described.version_name.clone())
            .set_requires(described.requires.clone())
            .set_attachments(source.attachments())
            .tags(tag);
        let answer = self.call(|| {
            let request = request.clone();
            async move { request.send().await.map_err(AwsError::from) }
        });
        match answer.await {
            Ok(answer) => Ok(Some(hash(answer.document_description))),
            Err(Refusal::Failed(_, error)) if error.is("DocumentAlreadyExists") => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// Makes the default version of a copy the same as the source: by a new version, or by an earlier one that has
    /// this content. Returns SSM's hash of it.
    pub(crate) async fn update(
        &self,
        copy: &Described,
        source: &Source<'_>,
    ) -> Result<String, Refusal> {
        let name = source.described.version_name.clone();
        let updated = match self.add_version(source, name).await {
            // The name belongs to another content of the past.
            Err(Refusal::Failed(_, error)) if error.is("DuplicateDocumentVersionName") => {
                self.add_version(source, None).await
            }
            updated => updated,
        };
        match updated {
            Ok(added) => {
                let version = added.document_version.clone().unwrap_or_default();
                self.set_default(&version).await?;
                Ok(hash(Some(added)))
            }
            Err(Refusal::Failed(code, error)) if error.is("DuplicateDocumentContent") => {
                let Some(version) = self.version_with(copy, source).await? else {
                    return Err(Refusal::Failed(code, error));
                };
                if version != copy.default {
                    self.set_default(&version).await?;
                }
                let now = self.describe().await?;
                Ok(now.map(|copy| copy.hash).unwrap_or_default())
            }
            Err(refusal) => Err(refusal),
        }
    }

    async fn add_version(
        &self,
        source: &Source<'_>,
        version_name: Option<String>,
    ) -> Result<DocumentDescription, Refusal> {
        let content = source.content().await?;
        let described = &source.described;
        let request = self
            .client
            .update_document()
            .name(self.document.as_str())
            .content(content)
            .document_version("$LATEST")
            .set_document_format(described.document_format.clone())
            .set_target_type(described.target_type.clone())
            .set_display_name(described.display_name.clone())
            .set_version_name(version_name)
            .set_attachments(source.attachments());
        let answer = self.call(|| {
            let request = request.clone();
            async move { request.send().await.map_err(AwsError::from) }
        });
        let missing = || unsent("the answer has no description of the document");
        answer.await?.document_description.ok_or_else(missing)
    }

    async fn set_default(&self, version: &str) -> Result<(), Refusal> {
        let request = self.client.update_document_default_version();
        let request = request.name(self.document.as_str()).document_version(version);
        let answer = self.call(|| {
            let request = request.clone();
            async move { request.send().await.map_err(AwsError::from) }
        });
        answer.await.map(|_| ())
    }

    /// The last version with the source's content. Versions are numbered from 1; some may have been deleted.
    async fn version_with(
        &self,
        copy: &Described,
        source: &Source<'_>,
    ) -> Result<Option<String>, Refusal> {
        let content = source.content().await?;
        let latest: u32 = copy.latest.parse().unwrap_or_default();
        for version in (1..=latest).rev().map(|version| version.to_string()) {
            let request = self
                .client
                .get_document()
                .name(self.document.as_str())
                .document_version(&version)
                .set_document_format(source.described.document_format.clone());
            let answer = self.call(|| {
                let request = request.clone();
                async move { request.send().await.map_err(AwsError::from) }
            });
            match answer.await {
                Ok(answer) if answer.content.as_deref() == Some(content) => {
                    return Ok(Some(version));
                }
                Ok(_) => {}
                Err(Refusal::Failed(_, error)) if error.is("InvalidDocumentVersion") => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(None)
    }

    /// Deletes a copy. One that is gone is deleted.
    pub(crate) async fn delete(&self) -> Result<(), Refusal> {
        let request = self.client.delete_document().name(self.document.as_str());
        let answer = self.call(|| {
            let request = request.clone();
            async move { request.send().await.map_err(AwsError::from) }
        });
        match answer.await {
            Ok(_) | Err(Refusal::Gone(_)) => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }

    /// Makes a call in the account, unless it could not be reached before.
    async fn call<T, F>(&self, attempt: impl FnMut() -> F) -> Result<T, Refusal>
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        let known = self.targets.unreachable().get(&self.account).cloned();
        if let Some(error) = known {
            return Err(Refusal::Failed(ProblemCode::CopyFailed, error));
        }
        let about = format!("{}/{}", self.account, self.document);
        match self.targets.caller.call_elsewhere(&about, attempt).await {
            // About this account, and not about the owner.
            Err(Refusal::Everywhere(_, error)) => {
                self.targets.unreachable().insert(self.account, error.clone());
                Err(Refusal::Failed(ProblemCode::CopyFailed, error))
            }
            answer => answer,
        }
    }
}

fn hash(description: Option<DocumentDescription>) -> String {
    description.and_then(|description| description.hash).unwrap_or_default()
}

fn unsent(error: &(impl ToString + ?Sized)) -> Refusal {
    Refusal::Failed(ProblemCode::CopyFailed, AwsError::invalid_request(error))
}
