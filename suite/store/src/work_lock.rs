//! The work lock: at most one execution at a time shares one owner's documents in one Region.
//! `lock#<owner>#<region>` / `lock`.
//!
//! A lease: its end is compared, never left to the TTL. `owner` is the execution together with what
//! it works on, so that a retry of the same work is not its own rival. Written by `share-documents`.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use jiff::Timestamp;
use relay_core::id::{AccountId, Region};

use crate::item::{Attribute, Key, Update};
use crate::table::Written;
use crate::{StoreError, Table};

/// The lock of one owner's documents in one Region, as one execution sees it.
#[derive(Debug, Clone)]
pub struct WorkLock {
    table: Table,
    key: Key,
    owner: String,
}

impl WorkLock {
    /// The lock on the documents of `owner` in `region`, for the execution with this ARN.
    #[must_use]
    pub fn new(table: Table, execution_arn: &str, owner: AccountId, region: &Region) -> Self {
        Self {
            table,
            key: Key::new(format!("lock#{owner}#{region}"), "lock"),
            owner: format!("{execution_arn}#{owner}#{region}"),
        }
    }

    /// The name of the lock, for logs and errors.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.key.pk
    }

    /// The name of the holder; rivals differ in it.
    #[must_use]
    pub fn holder(&self) -> &str {
        &self.owner
    }

    /// Takes the lock for a while; `false` when somebody else holds it.
    ///
    /// # Errors
    /// When the table does not answer. It may have been taken.
    pub async fn take(&self, now: Timestamp, lease: Duration) -> Result<bool, StoreError> {
        let condition = "attribute_not_exists(pk) OR #owner = :me OR #lease < :now";
        let update = self.lease(now, lease).when(condition).number(":now", now.as_second());
        let written = self.table.update(&self.what("take"), update).await?;
        Ok(written == Written::Done)
    }

    /// Renews the lease; `false` when the lock is somebody else's by now.
    ///
    /// # Errors
    /// When the table does not answer. It may have been renewed.
    pub async fn renew(&self, now: Timestamp, lease: Duration) -> Result<bool, StoreError> {
        let update = self.lease(now, lease).when("#owner = :me");
        let written = self.table.update(&self.what("renew"), update).await?;
        Ok(written == Written::Done)
    }

    /// Releases the lock, if it is still ours.
    ///
    /// # Errors
    /// When the table does not answer. It may have been released.
    pub async fn release(&self) -> Result<(), StoreError> {
        let me = Attribute::Text(self.owner.clone());
        let delete = self
            .table
            .client
            .delete_item()
            .table_name(&self.table.name)
            .set_key(Some(self.key.clone().into_values()))
            .condition_expression("#owner = :me")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":me", me.into_value());
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error))
                if error.err().is_conditional_check_failed_exception() =>
            {
                Ok(())
            }
            Err(error) => Err(StoreError::new(self.what("release"), error)),
        }
    }

    fn lease(&self, now: Timestamp, lease: Duration) -> Update {
        let until = now.as_second() + lease.as_secs().cast_signed();
        Update::new(self.key.clone(), "SET #owner = :me, #lease = :until")
            .name("#owner", "owner")
            .name("#lease", "leaseUntil")
            .text(":me", self.owner.clone())
            .number(":until", until)
    }

    fn what(&self, verb: &str) -> String {
        format!("{verb} the work lock {}", self.key.pk)
    }
}
