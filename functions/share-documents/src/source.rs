//! An owner's document as it is copied: one version of it, described at once and read when it is needed.

use aws::AwsError;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{DocumentDescription, DocumentStatus};
use relay_core::id::arn;
use relay_core::id::{AccountId, DocumentName, Region};
use relay_core::name::sha256_hex;
use relay_core::problem::ProblemCode;
use serde_json::json;
use sharing::SharedVersion;
use tokio::sync::OnceCell;

use crate::calls::{Caller, Refusal};

/// One version of a document.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    client: &'a Client,
    caller: &'a Caller,
    name: DocumentName,
    pub(crate) arn: String,
    pub(crate) described: DocumentDescription,
    content: OnceCell<String>,
}

impl<'a> Source<'a> {
    /// Describes the version that is shared as `version`.
    pub(crate) async fn read(
        client: &'a Client,
        caller: &'a Caller,
        (owner, region): (AccountId, &Region),
        name: &DocumentName,
        version: SharedVersion,
    ) -> Result<Self, Refusal> {
        let request = client.describe_document().name(name.as_str());
        let request = request.document_version(version.as_str());
        let answer = caller
            .call(name.as_str(), || {
                let request = request.clone();
                async move { request.send().await.map_err(AwsError::from) }
            })
            .await?;
        let described = answer.document.ok_or_else(|| unusable("the answer has no description"))?;
        if described.status == Some(DocumentStatus::Failed) {
            let why = described.status_information.as_deref().unwrap_or("for an unknown reason");
            return Err(unusable(&format!("the owner's document is unusable: {why}")));
        }
        let arn = arn::document(region, owner, name);
        let (name, content) = (name.clone(), OnceCell::new());
        Ok(Self { client, caller, name, arn, described, content })
    }

    /// The same text as long as the copies need not be changed.
    pub(crate) fn digest(&self) -> String {
        let DocumentDescription {
            hash,
            document_version,
            version_name,
            display_name,
            target_type,
            ..
        } = &self.described;
        let format = self.described.document_format.as_ref().map(|format| format.as_str());
        let kind = self.described.document_type.as_ref().map(|kind| kind.as_str());
        let described = json!([
            hash,
            document_version,
            version_name,
            display_name,
            target_type,
            format,
            kind,
            self.files(),
        ]);
        sha256_hex(described.to_string().as_bytes())
    }

    /// The number of the version.
    pub(crate) fn version(&self) -> &str {
        self.described.document_version.as_deref().unwrap_or_default()
    }

    /// The names of the files that are attached.
    pub(crate) fn files(&self) -> Vec<&str> {
        let files = self.described.attachments_information();
        files.iter().filter_map(|file| file.name.as_deref()).collect()
    }

    /// The text, in the format that it was written in: read once.
    pub(crate) async fn content(&self) -> Result<&str, Refusal> {
        let read = async || {
            // Without a format, SSM returns JSON.
            let request = self
                .client
                .get_document()
                .name(self.name.as_str())
                .document_version(self.version())
                .set_document_format(self.described.document_format.clone());
            let answer = self.caller.call(self.name.as_str(), || {
                let request = request.clone();
                async move { request.send().await.map_err(AwsError::from) }
            });
            answer.await?.content.ok_or_else(|| unusable("the answer has no content"))
        };
        self.content.get_or_try_init(read).await.map(String::as_str)
    }
}

fn unusable(why: &str) -> Refusal {
    Refusal::Failed(ProblemCode::CopyFailed, AwsError::invalid_request(why))
}
