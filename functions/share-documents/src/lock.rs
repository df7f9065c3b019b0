//! The work lock: at most one execution at a time shares one owner's documents in one Region.
//!
//! A single conditional write takes it; it is a lease, renewed while the work goes on, and its
//! expiry is compared, never left to TTL. The owner is the execution together with what it works
//! on, so a retry of the same work is not its own rival.

use crate::error::LockError;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;
use runtime::Clock;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long a lease lasts without being renewed.
pub(crate) const LEASE: Duration = Duration::from_secs(30);
/// How often it is renewed: two renewals may fail before it runs out.
pub(crate) const RENEWAL: Duration = Duration::from_secs(10);

/// The lock of one owner's documents in one Region, as one execution sees it.
#[derive(Debug, Clone)]
pub(crate) struct WorkLock {
    pub(crate) client: Client,
    pub(crate) table: String,
    pub(crate) clock: Clock,
    /// `lock#<owner>#<region>`.
    pub(crate) key: String,
    pub(crate) owner: String,
}

/// A lock that is held and renewed until it is released or dropped.
///
/// Dropping it stops the renewal, so that the lease runs out by itself.
#[derive(Debug)]
pub(crate) struct HeldLock {
    lock: WorkLock,
    renewal: JoinHandle<()>,
    lost: watch::Receiver<bool>,
}

impl WorkLock {
    /// Takes the lock, or answers `None` when somebody else holds it.
    pub(crate) async fn try_take(&self) -> Result<Option<HeldLock>, LockError> {
        if !self
            .write_lease("attribute_not_exists(pk) OR #owner = :me OR leaseUntil < :now")
            .await?
        {
            return Ok(None);
        }
        let (tell, lost) = watch::channel(false);
        let renewal = tokio::spawn(self.clone().renew(tell));
        Ok(Some(HeldLock { lock: self.clone(), renewal, lost }))
    }

    /// Renews the lease until the task is aborted, or until the lock is someone else's or can no
    /// longer be said to be ours.
    async fn renew(self, lost: watch::Sender<bool>) {
        let mut lease_ends = tokio::time::Instant::now() + LEASE;
        loop {
            tokio::time::sleep(RENEWAL).await;
            // The lease counts from before the write: its reply may be late.
            let opened = tokio::time::Instant::now();
            let renewal = self.write_lease("#owner = :me");
            match tokio::time::timeout_at(lease_ends, renewal).await {
                Ok(Ok(true)) => lease_ends = opened + LEASE,
                Ok(Ok(false)) => {
                    tracing::error!(lock = self.key, "the work lock is no longer ours");
                    break;
                }
                Ok(Err(error)) if tokio::time::Instant::now() + RENEWAL < lease_ends => {
                    tracing::warn!(
                        lock = self.key,
                        error = %relay_core::text::error_chain(&error),
                        "could not renew the work lock, trying again"
                    );
                }
                Ok(Err(error)) => {
                    tracing::error!(lock = self.key, error = %relay_core::text::error_chain(&error), "the lease runs out");
                    break;
                }
                Err(_) => {
                    tracing::error!(lock = self.key, "the lease ran out before it was renewed");
                    break;
                }
            }
        }
        lost.send_replace(true);
    }

    /// Writes the lease under a condition; `false` when the condition does not hold.
    async fn write_lease(&self, condition: &str) -> Result<bool, LockError> {
        let now = self.clock.now().as_second();
        let until = now + LEASE.as_secs().cast_signed();
        let written = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(self.key.clone()))
            .key("sk", AttributeValue::S("lock".to_owned()))
            .update_expression("SET #owner = :me, leaseUntil = :until")
            .condition_expression(condition)
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":me", AttributeValue::S(self.owner.clone()))
            .expression_attribute_values(":until", AttributeValue::N(until.to_string()));
        // DynamoDB refuses a value that no expression names.
        let written = if condition.contains(":now") {
            written.expression_attribute_values(":now", AttributeValue::N(now.to_string()))
        } else {
            written
        };
        match written.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error))
                if error.err().is_conditional_check_failed_exception() =>
            {
                Ok(false)
            }
            Err(source) => Err(LockError { key: self.key.clone(), source: source.into() }),
        }
    }

    async fn delete_if_ours(&self) -> Result<(), LockError> {
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(self.key.clone()))
            .key("sk", AttributeValue::S("lock".to_owned()))
            .condition_expression("#owner = :me")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":me", AttributeValue::S(self.owner.clone()))
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error))
                if error.err().is_conditional_check_failed_exception() =>
            {
                Ok(())
            }
            Err(source) => Err(LockError { key: self.key.clone(), source: source.into() }),
        }
    }
}

impl HeldLock {
    /// Turns `true` when the lock was lost: nothing may be changed after that.
    pub(crate) fn lost(&self) -> watch::Receiver<bool> {
        self.lost.clone()
    }

    /// Gives the lock back. A failure is logged and no more: the lease runs out by itself.
    pub(crate) async fn release(self) {
        self.renewal.abort();
        if let Err(error) = self.lock.delete_if_ours().await {
            tracing::warn!(error = %relay_core::text::error_chain(&error), "could not release the work lock");
        }
    }
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}
