//! Plans and details in S3.

use aws::{AwsError, AwsErrorKind};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use relay_core::storage::S3Object;
use serde::de::DeserializeOwned;
use sharing::plan::SharePlan;

use crate::details::Details;
use crate::error::Error;

#[derive(Debug)]
pub(crate) struct Store<'a> {
    pub(crate) client: &'a Client,
    pub(crate) bucket: &'a str,
}

enum Unreadable {
    Aws(AwsError),
    Json(serde_json::Error),
}

impl Store<'_> {
    pub(crate) async fn plan(&self, object: &S3Object) -> Result<SharePlan, Error> {
        self.read(&object.bucket, &object.key).await.map_err(|why| match why {
            Unreadable::Aws(source) => Error::Plan { object: object.clone(), source },
            Unreadable::Json(source) => Error::PlanMalformed { object: object.clone(), source },
        })
    }

    /// Reads what an earlier invocation of the same execution wrote.
    pub(crate) async fn details(&self, key: &str) -> Result<Details, Error> {
        self.read(self.bucket, key).await.map_err(|why| {
            let source = match why {
                Unreadable::Aws(source) => source,
                Unreadable::Json(error) => unreadable(&error),
            };
            Error::Details { action: "read", key: key.to_owned(), source }
        })
    }

    /// Writes the details in place of what was there.
    pub(crate) async fn keep_details(&self, key: &str, details: &Details) -> Result<(), Error> {
        let failed = |source| Error::Details { action: "write", key: key.to_owned(), source };
        let body = serde_json::to_vec(details).map_err(|error| failed(unreadable(&error)))?;
        let put = self.client.put_object().bucket(self.bucket).key(key);
        let put = put.content_type("application/json").body(ByteStream::from(body));
        put.send().await.map(drop).map_err(|error| failed(error.into()))
    }

    async fn read<T: DeserializeOwned>(&self, bucket: &str, key: &str) -> Result<T, Unreadable> {
        let answer = self.client.get_object().bucket(bucket).key(key).send().await;
        let body = answer.map_err(|error| Unreadable::Aws(error.into()))?.body;
        let bytes = body.collect().await.map_err(|error| {
            let (kind, code) = (AwsErrorKind::Unavailable, "NoAnswer".to_owned());
            Unreadable::Aws(AwsError { kind, code, message: relay_core::text::error_chain(&error) })
        })?;
        serde_json::from_slice(&bytes.into_bytes()).map_err(Unreadable::Json)
    }
}

fn unreadable(error: &serde_json::Error) -> AwsError {
    let (kind, code) = (AwsErrorKind::Other, "InvalidJson".to_owned());
    AwsError { kind, code, message: error.to_string() }
}
