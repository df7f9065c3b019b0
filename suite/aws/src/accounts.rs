//! Other accounts, as the suite reaches them: a role of one name in each.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use relay_core::id::{AccountId, Partition, Region, arn};
use relay_core::name::role_session_name;

use crate::assumed_role::AssumedRole;

/// Configurations of SDK clients in other accounts and Regions.
///
/// A warm function keeps the credentials: one AssumeRole per account, whatever the number of Regions
/// and services, repeated by the SDK's identity cache some minutes before they expire. The call to STS
/// goes to the function's own Region, whose tokens are valid in every Region.
#[derive(Debug)]
pub struct Accounts {
    config: SdkConfig,
    sts: aws_sdk_sts::Client,
    role: String,
    session: String,
    own: Option<AccountId>,
    credentials: Mutex<HashMap<AccountId, SharedCredentialsProvider>>,
    #[cfg(feature = "ssm")]
    ssm: Mutex<HashMap<(AccountId, Region), aws_sdk_ssm::Client>>,
}

impl Accounts {
    /// Reaches every account through the role named `role`; `session` names the sessions in their
    /// CloudTrail. Calls nothing.
    #[must_use]
    pub fn new(config: &SdkConfig, role: impl Into<String>, session: &str) -> Self {
        Self {
            config: config.clone(),
            sts: aws_sdk_sts::Client::new(config),
            // A path begins with a slash, which the ARN has already.
            role: role.into().trim_start_matches('/').to_owned(),
            session: role_session_name(session),
            own: None,
            credentials: Mutex::default(),
            #[cfg(feature = "ssm")]
            ssm: Mutex::default(),
        }
    }

    /// Assumes no role in the function's own account, where it has permissions of its own.
    #[must_use]
    pub fn with_own(self, own: AccountId) -> Self {
        Self { own: Some(own), ..self }
    }

    /// Retries so inside one call. Without it, as the function's other clients do ([`crate::load`]).
    #[must_use]
    pub fn with_retries(mut self, retries: RetryConfig) -> Self {
        self.config = self.config.to_builder().retry_config(retries).build();
        self
    }

    /// The configuration for one account and Region, from which any client is made. Calls nothing.
    #[must_use]
    pub fn config(&self, account: AccountId, region: &Region) -> SdkConfig {
        let there = aws_config::Region::new(region.as_str().to_owned());
        let builder = self.config.to_builder().region(there);
        if self.own == Some(account) {
            return builder.build();
        }
        builder.credentials_provider(self.credentials(account, region.partition())).build()
    }

    /// The client of Systems Manager in one account and Region, made once.
    #[cfg(feature = "ssm")]
    #[must_use]
    pub fn ssm(&self, account: AccountId, region: &Region) -> aws_sdk_ssm::Client {
        use aws_sdk_ssm::config::{Builder, retry::RetryPartition};

        let mut clients = self.ssm.lock().unwrap_or_else(PoisonError::into_inner);
        let client = clients.entry((account, region.clone())).or_insert_with(|| {
            // By default all clients of one service share a retry quota and a rate: one account that
            // throttles would slow the others down.
            let partition = RetryPartition::new(format!("ssm-{account}-{region}"));
            let config = Builder::from(&self.config(account, region)).retry_partition(partition);
            aws_sdk_ssm::Client::from_conf(config.build())
        });
        client.clone()
    }

    /// One provider per account: the identity cache knows them apart, so another provider of the same
    /// role would assume it once more.
    fn credentials(&self, account: AccountId, partition: Partition) -> SharedCredentialsProvider {
        let mut credentials = self.credentials.lock().unwrap_or_else(PoisonError::into_inner);
        let provider = credentials.entry(account).or_insert_with(|| {
            let role = arn::role(partition, account, &self.role);
            let provider = AssumedRole::new(self.sts.clone(), role, self.session.clone());
            SharedCredentialsProvider::new(provider)
        });
        provider.clone()
    }
}

#[cfg(test)]
mod tests;
