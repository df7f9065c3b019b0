//! The files that are attached to a document, brought from one Region of its owner to another. SSM attaches files of another
//! document of the same Region, or of S3. So they are put into a bucket of the owner in the Region of the replica, which
//! `stacks/owner-account.yaml` brings, and which forgets them after a day: SSM keeps files of its own, and copies them after it has
//! answered.

use aws::{Accounts, AwsError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_ssm::types::{
    AttachmentContent, AttachmentHashType, AttachmentsSource, AttachmentsSourceKey,
};
use relay_core::id::{AccountId, InstallationId, Region};
use relay_core::name::sha256_hex;
use relay_core::problem::ProblemCode;

use crate::calls::{Caller, Refusal};
use crate::source::Source;

/// The largest file that is brought along: it is held in memory.
const LARGEST: i64 = 50_000_000;

/// The way of files into one Region of an owner.
#[derive(Debug)]
pub(crate) struct Files<'a> {
    accounts: &'a Accounts,
    caller: &'a Caller,
    owner: AccountId,
    region: &'a Region,
    bucket: String,
}

impl<'a> Files<'a> {
    pub(crate) fn new(
        accounts: &'a Accounts,
        caller: &'a Caller,
        installation: &InstallationId,
        (owner, region): (AccountId, &'a Region),
    ) -> Self {
        let bucket = installation.files_bucket(owner, region);
        Self { accounts, caller, owner, region, bucket }
    }

    /// Puts the files of a document into the bucket, one after the other. A repeat replaces each with the same.
    pub(crate) async fn bring(
        &self,
        source: &Source<'_>,
    ) -> Result<Vec<AttachmentsSource>, Refusal> {
        let mut brought = Vec::new();
        for file in source.attached().await? {
            let name = file.name().unwrap_or_default();
            let content = self.download(name, file).await?;
            let key = format!("{}/{}/{name}", source.name, source.version());
            self.upload(&key, content).await?;
            let attachment = AttachmentsSource::builder()
                .key(AttachmentsSourceKey::S3FileUrl)
                .values(format!("s3://{}/{key}", self.bucket))
                .name(name);
            brought.push(attachment.build());
        }
        Ok(brought)
    }

    async fn download(&self, name: &str, file: &AttachmentContent) -> Result<Vec<u8>, Refusal> {
        if file.size() > LARGEST {
            return Err(unusable(&format!(
                "the attachment {name} has {} bytes, and at most {LARGEST} are brought along; make the document in this Region by hand",
                file.size()
            )));
        }
        let url =
            file.url().ok_or_else(|| unusable(&format!("SSM does not say where {name} is")))?;
        let config = self.accounts.config(self.owner, self.region);
        let content =
            self.caller.call_elsewhere(name, || async { aws::download(&config, url).await });
        let content = content.await?;
        let named = file.hash().filter(|_| file.hash_type() == Some(&AttachmentHashType::Sha256));
        match named {
            Some(hash) if !hash.eq_ignore_ascii_case(&sha256_hex(&content)) => {
                Err(unusable(&format!("the attachment {name} is not the file that SSM describes")))
            }
            _ => Ok(content),
        }
    }

    async fn upload(&self, key: &str, content: Vec<u8>) -> Result<(), Refusal> {
        let client = aws::s3(&self.accounts.config(self.owner, self.region));
        let stored = self.caller.call_elsewhere(key, || {
            let request = client
                .put_object()
                .bucket(&self.bucket)
                .key(key)
                // Bucket names are everybody's: somebody else may have this one.
                .expected_bucket_owner(self.owner.to_string())
                .body(ByteStream::from(content.clone()));
            async move { request.send().await.map_err(AwsError::from) }
        });
        stored.await.map(|_| ())
    }
}

fn unusable(why: &str) -> Refusal {
    Refusal::Failed(ProblemCode::ReplicaFailed, AwsError::invalid_request(why))
}
