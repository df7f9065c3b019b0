//! The bucket: plans, details and whole outcomes, each a JSON object that is written whole.
//!
//! Its errors are the SDK's to retry. A repeat replaces the object with the same.

use aws::{AwsError, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use outcome::Outcome;
use relay_core::id::{AccountId, Region};
use relay_core::storage::S3Object;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sharing::plan::{PartEffect, SharePlan, SharingEffect};
use uuid::Uuid;

use crate::StoreError;

/// The suite's bucket: plans, details, outcomes.
#[derive(Debug, Clone)]
pub struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    /// The bucket of this name. Calls nothing.
    #[must_use]
    pub fn new(config: &SdkConfig, name: impl Into<String>) -> Self {
        Self::from_client(aws::s3(config), name)
    }

    /// The bucket of this name, through a client that is there already.
    #[must_use]
    pub fn from_client(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    /// Stores the plan of an execution, in place of one that it stored before.
    ///
    /// # Errors
    /// When the bucket does not take it.
    pub async fn store_plan(
        &self,
        execution: &str,
        plan: &SharePlan,
    ) -> Result<S3Object, StoreError> {
        let object = self.object(format!("plans/{execution}.json"));
        self.write(&object, plan).await?;
        Ok(object)
    }

    /// Reads a plan.
    ///
    /// # Errors
    /// When the bucket does not answer, or the object is not a plan.
    pub async fn plan(&self, object: &S3Object) -> Result<SharePlan, StoreError> {
        self.read(object).await
    }

    /// Stores what was done and what failed at one owner account in one Region.
    ///
    /// # Errors
    /// When the bucket does not take it.
    pub async fn store_details(
        &self,
        execution: &str,
        (owner, region): (AccountId, &Region),
        details: &impl Serialize,
    ) -> Result<(), StoreError> {
        self.write(&self.details_object(execution, owner, region), details).await
    }

    /// Reads what was done and what failed at one owner account in one Region.
    ///
    /// # Errors
    /// When the bucket does not answer, or the object has another shape.
    pub async fn details<T: DeserializeOwned>(
        &self,
        execution: &str,
        (owner, region): (AccountId, &Region),
    ) -> Result<T, StoreError> {
        self.read(&self.details_object(execution, owner, region)).await
    }

    /// Where the effect of a plan at one owner account in one Region is stored.
    #[must_use]
    pub fn part_object(&self, execution: &str, (owner, region): (AccountId, &Region)) -> S3Object {
        self.object(format!("details/{execution}/effect/{owner}/{region}.json"))
    }

    /// Stores what an execution would do at one owner account in one Region.
    ///
    /// # Errors
    /// When the bucket does not take it.
    pub async fn store_part(&self, execution: &str, part: &PartEffect) -> Result<(), StoreError> {
        self.write(&self.part_object(execution, (part.owner, &part.region)), part).await
    }

    /// Reads what an execution would do at one owner account in one Region.
    ///
    /// # Errors
    /// When the bucket does not answer, or the object has another shape.
    pub async fn part(
        &self,
        execution: &str,
        place: (AccountId, &Region),
    ) -> Result<PartEffect, StoreError> {
        self.read(&self.part_object(execution, place)).await
    }

    /// Stores the effect of an execution's plan.
    ///
    /// # Errors
    /// When the bucket does not take it.
    pub async fn store_effect(
        &self,
        execution: &str,
        effect: &SharingEffect,
    ) -> Result<S3Object, StoreError> {
        let object = self.object(format!("plans/{execution}.effect.json"));
        self.write(&object, effect).await?;
        Ok(object)
    }

    /// Reads the effect of an execution's plan, if it is still kept. S3 says of an object that is not there that it may not
    /// be read, to whom may not list the bucket.
    ///
    /// # Errors
    /// When the bucket does not answer, or the object has another shape.
    pub async fn effect(&self, execution: &str) -> Result<Option<SharingEffect>, StoreError> {
        match self.read(&self.object(format!("plans/{execution}.effect.json"))).await {
            Ok(effect) => Ok(Some(effect)),
            Err(StoreError { source, .. })
                if source.is("NoSuchKey") || source.is("AccessDenied") =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads an object of the bucket that an answer names: an effect, or a part of it.
    ///
    /// # Errors
    /// When the bucket does not answer, or the object has another shape.
    pub async fn object_at<T: DeserializeOwned>(&self, object: &S3Object) -> Result<T, StoreError> {
        self.read(object).await
    }

    /// Where the whole outcome of an execution is stored. The execution's name makes it findable by
    /// hand.
    #[must_use]
    pub fn outcome_object(&self, execution: &str, outcome: Uuid) -> S3Object {
        self.object(format!("outcomes/{execution}/{outcome}.json"))
    }

    /// Stores a whole outcome at [`Bucket::outcome_object`].
    ///
    /// # Errors
    /// When the bucket does not take it.
    pub async fn store_outcome(
        &self,
        object: &S3Object,
        outcome: &Outcome,
    ) -> Result<(), StoreError> {
        self.write(object, outcome).await
    }

    /// Reads a whole outcome.
    ///
    /// # Errors
    /// When the bucket does not answer, or the object is not an outcome.
    pub async fn outcome(&self, object: &S3Object) -> Result<Outcome, StoreError> {
        self.read(object).await
    }

    fn details_object(&self, execution: &str, owner: AccountId, region: &Region) -> S3Object {
        self.object(format!("details/{execution}/{owner}/{region}.json"))
    }

    fn object(&self, key: String) -> S3Object {
        S3Object { bucket: self.name.clone(), key }
    }

    async fn read<T: DeserializeOwned>(&self, object: &S3Object) -> Result<T, StoreError> {
        let S3Object { bucket, key } = object;
        let what = || format!("read s3://{bucket}/{key}");
        let answer = self.client.get_object().bucket(bucket).key(key).send().await;
        let body = answer.map_err(|error| StoreError::new(what(), error))?.body.collect().await;
        let body =
            body.map_err(|error| StoreError::new(what(), AwsError::unreadable_answer(&error)))?;
        serde_json::from_slice(&body.into_bytes())
            .map_err(|error| StoreError::malformed(what(), &error))
    }

    async fn write(&self, object: &S3Object, value: &impl Serialize) -> Result<(), StoreError> {
        let S3Object { bucket, key } = object;
        let what = || format!("write s3://{bucket}/{key}");
        let body = serde_json::to_vec(value).map_err(|e| StoreError::malformed(what(), &e))?;
        let put = self.client.put_object().bucket(bucket).key(key);
        let put = put.content_type("application/json").body(ByteStream::from(body));
        put.send().await.map(drop).map_err(|error| StoreError::new(what(), error))
    }
}
