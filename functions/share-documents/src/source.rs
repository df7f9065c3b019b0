//! An owner's document as it is copied: one version of it, described at once and read when it is needed.

use aws::AwsError;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{
    AttachmentContent, AttachmentsSource, AttachmentsSourceKey, DocumentDescription, DocumentStatus,
};
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
    client: Client,
    caller: &'a Caller,
    pub(crate) name: DocumentName,
    arn: String,
    pub(crate) described: DocumentDescription,
    read: OnceCell<ReadContent>,
    /// Where its files are, if not beside it.
    brought: Option<Vec<AttachmentsSource>>,
}

/// The text of a document, and where its files are.
#[derive(Debug)]
struct ReadContent {
    text: String,
    files: Vec<AttachmentContent>,
}

impl<'a> Source<'a> {
    /// Describes the version that is shared as `version`.
    pub(crate) async fn read(
        client: Client,
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
        let (name, read) = (name.clone(), OnceCell::new());
        Ok(Self { client, caller, name, arn, described, read, brought: None })
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
        Ok(&self.read_content().await?.text)
    }

    /// The files that are attached, with addresses that are good for some minutes.
    pub(crate) async fn attached(&self) -> Result<&[AttachmentContent], Refusal> {
        Ok(&self.read_content().await?.files)
    }

    /// From now on the files are taken from these places.
    pub(crate) fn take_files_from(&mut self, brought: Vec<AttachmentsSource>) {
        self.brought = Some(brought);
    }

    /// Where SSM takes the files from: this document, unless they were brought elsewhere. SSM lets an account do so that sees
    /// the document, and in its own Region only.
    pub(crate) fn attachments(&self) -> Option<Vec<AttachmentsSource>> {
        if self.brought.is_some() {
            return self.brought.clone();
        }
        let files = self.files();
        let attachment = |file: &str| {
            AttachmentsSource::builder()
                .key(AttachmentsSourceKey::AttachmentReference)
                .values(format!("{}/{}/{file}", self.arn, self.version()))
                .name(file)
                .build()
        };
        (!files.is_empty()).then(|| files.into_iter().map(attachment).collect())
    }

    async fn read_content(&self) -> Result<&ReadContent, Refusal> {
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
            let answer = answer.await?;
            let text = answer.content.ok_or_else(|| unusable("the answer has no content"))?;
            Ok(ReadContent { text, files: answer.attachments_content.unwrap_or_default() })
        };
        self.read.get_or_try_init(read).await
    }
}

fn unusable(why: &str) -> Refusal {
    Refusal::Failed(ProblemCode::CopyFailed, AwsError::invalid_request(why))
}
