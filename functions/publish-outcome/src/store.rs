//! Plans, details and whole outcomes in S3.

use aws::{AwsError, AwsErrorKind};
use aws_sdk_s3::primitives::ByteStream;
use outcome::Outcome;
use relay_core::storage::S3Object;
use serde::de::DeserializeOwned;

use crate::{Error, Publisher, passes};

impl Publisher {
    /// Reads an object; `None` if it is gone, forbidden or malformed, which is logged: an outcome
    /// that says less is better than none.
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        bucket: &str,
        key: &str,
    ) -> Result<Option<T>, Error> {
        let failed = |source: AwsError| {
            let (bucket, key) = (bucket.to_owned(), key.to_owned());
            Error::Bucket { action: "read", bucket, key, source }
        };
        let body = match self.s3.get_object().bucket(bucket).key(key).send().await {
            Ok(answer) => answer.body,
            Err(error) => {
                let source = AwsError::from(error);
                if passes(source.kind) {
                    return Err(failed(source));
                }
                tracing::warn!(key, error = %source, "the outcome goes out without this object");
                return Ok(None);
            }
        };
        let bytes = body.collect().await.map_err(|error| {
            let (kind, code) = (AwsErrorKind::Unavailable, "NoAnswer".to_owned());
            failed(AwsError { kind, code, message: relay_core::text::error_chain(&error) })
        })?;
        match serde_json::from_slice(&bytes.into_bytes()) {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                tracing::warn!(key, %error, "the outcome goes out without this object");
                Ok(None)
            }
        }
    }

    /// Writes the whole outcome; says whether it lies there now.
    pub(crate) async fn keep(&self, object: &S3Object, outcome: &Outcome) -> Result<bool, Error> {
        let body = serde_json::to_vec(outcome).unwrap_or_default();
        let put = self.s3.put_object().bucket(&object.bucket).key(&object.key);
        let put = put.content_type("application/json").body(ByteStream::from(body));
        let Err(error) = put.send().await else { return Ok(true) };
        let source = AwsError::from(error);
        if passes(source.kind) {
            let S3Object { bucket, key } = object.clone();
            return Err(Error::Bucket { action: "write", bucket, key, source });
        }
        tracing::error!(key = object.key, error = %source, "the outcome goes out without its file");
        Ok(false)
    }
}
