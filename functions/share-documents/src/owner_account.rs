//! The owner's own account in other Regions: what home Regions have, and replicas of it. A replica is changed or deleted only
//! after a look has found the suite's tag on it; IAM allows no more than that.

use std::collections::BTreeMap;

use aws::{Accounts, AwsError};
use aws_sdk_ssm::types::DocumentDescription;
use relay_core::id::{AccountId, DocumentName, InstallationId, REPLICA_TAG, Region};
use sharing::{Document, SharedVersion};

use crate::calls::{Caller, Refusal};
use crate::files::Files;
use crate::source::Source;
use crate::targets::{Target, Targets};

/// The account of one owner, as the replicas in one Region need it.
#[derive(Debug)]
pub(crate) struct OwnerAccount<'a> {
    accounts: &'a Accounts,
    caller: &'a Caller,
    installation: &'a InstallationId,
    owner: AccountId,
    replicas: Targets<'a>,
    files: Files<'a>,
}

impl<'a> OwnerAccount<'a> {
    pub(crate) fn new(
        accounts: &'a Accounts,
        caller: &'a Caller,
        installation: &'a InstallationId,
        (owner, region): (AccountId, &'a Region),
    ) -> Self {
        Self {
            accounts,
            caller,
            installation,
            owner,
            replicas: Targets::new(accounts, caller, region, REPLICA_TAG),
            files: Files::new(accounts, caller, installation, (owner, region)),
        }
    }

    /// The value of the suite's tag on replicas from a Region.
    pub(crate) fn tag(&self, home: &Region) -> String {
        self.installation.replica_tag(home)
    }

    /// The replica of a document that was made from a Region, or is to be.
    pub(crate) fn replica<'b>(&'b self, document: &'b DocumentName, home: &Region) -> Target<'b> {
        self.replicas.of(self.owner, document, self.tag(home))
    }

    /// The version of a document at home that a replica has the content of.
    pub(crate) async fn source(
        &self,
        home: &Region,
        document: &DocumentName,
        version: SharedVersion,
    ) -> Result<Source<'a>, Refusal> {
        let client = self.accounts.ssm(self.owner, home);
        Source::read(client, self.caller, (self.owner, home), document, version).await
    }

    /// Brings the files of a document to the Region of the replica, from where SSM takes them.
    pub(crate) async fn bring_files(&self, source: &mut Source<'_>) -> Result<(), Refusal> {
        let brought = self.files.bring(source).await?;
        source.take_files_from(brought);
        Ok(())
    }

    /// Looks whether a Region has a document, whatever its listing says: that lags behind.
    pub(crate) async fn find(
        &self,
        region: &Region,
        document: &DocumentName,
    ) -> Result<Option<Document>, Refusal> {
        let client = self.accounts.ssm(self.owner, region);
        let request = client.describe_document().name(document.as_str());
        let answer = self.caller.read_ahead(document.as_str(), || {
            let request = request.clone();
            async move { request.send().await.map_err(AwsError::from) }
        });
        match answer.await {
            Ok(answer) => Ok(answer.document.map(|described| as_listed(document, described))),
            Err(Refusal::Gone(_)) => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }
}

fn as_listed(name: &DocumentName, described: DocumentDescription) -> Document {
    let kind = described.document_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default();
    let tags = described.tags.unwrap_or_default();
    let tags: BTreeMap<String, String> = tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
    Document { name: name.clone(), kind, tags }
}
