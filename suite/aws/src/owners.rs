//! Clients in the accounts that own documents: one per account and Region, with the credentials of
//! the sharing role there.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ssm::config::retry::RetryPartition;
use relay_core::id::{AccountId, Partition, Region, arn};
use relay_core::name::role_session_name;

use crate::assumed_role::AssumedRole;

/// The accounts that own documents, as this function reaches them.
///
/// A warm function keeps both clients and credentials: one AssumeRole per account, whatever the
/// number of Regions, repeated by the SDK's identity cache some minutes before they expire. The
/// call to STS goes to the function's own Region, whose tokens are valid in every Region.
#[derive(Debug)]
pub struct OwnerAccounts {
    config: SdkConfig,
    sts: aws_sdk_sts::Client,
    role: String,
    session: String,
    retries: RetryConfig,
    credentials: Mutex<HashMap<AccountId, SharedCredentialsProvider>>,
    clients: Mutex<HashMap<(AccountId, Region), aws_sdk_ssm::Client>>,
}

impl OwnerAccounts {
    /// Reaches owners through the role named `role`; `session` names the sessions in their
    /// CloudTrail. Calls nothing.
    #[must_use]
    pub fn new(config: &SdkConfig, role: impl Into<String>, session: &str) -> Self {
        Self::with_sts(config, aws_sdk_sts::Client::new(config), role, session)
    }

    /// The same with an STS client of the caller's making.
    #[must_use]
    pub fn with_sts(
        config: &SdkConfig,
        sts: aws_sdk_sts::Client,
        role: impl Into<String>,
        session: &str,
    ) -> Self {
        Self {
            config: config.clone(),
            sts,
            role: role.into(),
            session: role_session_name(session),
            // AWS documents adaptive mode for a client that works on one resource: here an
            // account's document API in a Region, of which each client has its own.
            retries: RetryConfig::adaptive().with_max_attempts(5),
            credentials: Mutex::default(),
            clients: Mutex::default(),
        }
    }

    /// Retries inside a call as told, instead of adaptively.
    #[must_use]
    pub fn with_retries(mut self, retries: RetryConfig) -> Self {
        self.retries = retries;
        self
    }

    /// The client for one account's documents in one Region.
    #[must_use]
    pub fn ssm(&self, account: AccountId, region: &Region) -> aws_sdk_ssm::Client {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients
            .entry((account, region.clone()))
            .or_insert_with(|| {
                let mut config = aws_sdk_ssm::config::Builder::from(&self.config)
                    .region(aws_sdk_ssm::config::Region::new(region.as_str().to_owned()))
                    .retry_config(self.retries.clone())
                    // By default all clients of one service share a retry quota and a rate: one
                    // owner that throttles would slow the others down.
                    .retry_partition(RetryPartition::new(format!("ssm-{account}-{region}")));
                // Not `credentials_provider`, which wraps what it is given: the identity cache
                // would know every client's as another one and assume the role for each.
                config
                    .set_credentials_provider(Some(self.credentials(account, region.partition())));
                aws_sdk_ssm::Client::from_conf(config.build())
            })
            .clone()
    }

    fn credentials(&self, account: AccountId, partition: Partition) -> SharedCredentialsProvider {
        let mut credentials = self.credentials.lock().unwrap_or_else(PoisonError::into_inner);
        credentials
            .entry(account)
            .or_insert_with(|| {
                SharedCredentialsProvider::new(AssumedRole::new(
                    self.sts.clone(),
                    arn::role(partition, account, &self.role),
                    self.session.clone(),
                ))
            })
            .clone()
    }
}

#[cfg(test)]
mod tests;
