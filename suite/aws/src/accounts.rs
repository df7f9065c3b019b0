//! The other accounts, as the suite reaches them: a role of one name in each, assumed once per
//! account, whatever the number of Regions and services.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use relay_core::id::{AccountId, Partition, Region, arn};
use relay_core::name::role_session_name;

use crate::assumed_role::AssumedRole;

/// Configurations of SDK clients in other accounts and Regions.
///
/// In the suite's own account no role is assumed: its functions have permissions of their own there.
#[derive(Debug)]
pub struct Accounts {
    config: SdkConfig,
    sts: aws_sdk_sts::Client,
    own: AccountId,
    role: String,
    session: String,
    credentials: Mutex<HashMap<AccountId, SharedCredentialsProvider>>,
}

impl Accounts {
    /// Reaches accounts other than `own` through the role named `role`; `session` names the sessions
    /// in their CloudTrail. Calls nothing.
    #[must_use]
    pub fn new(config: &SdkConfig, own: AccountId, role: impl Into<String>, session: &str) -> Self {
        Self {
            config: config.clone(),
            sts: aws_sdk_sts::Client::new(config),
            own,
            role: role.into(),
            session: role_session_name(session),
            credentials: Mutex::default(),
        }
    }

    /// The suite's own account.
    #[must_use]
    pub fn own(&self) -> AccountId {
        self.own
    }

    /// The configuration for one account and Region, from which any client is made.
    #[must_use]
    pub fn config(&self, account: AccountId, region: &Region) -> SdkConfig {
        let there = aws_config::Region::new(region.as_str().to_owned());
        let builder = self.config.to_builder().region(there);
        if account == self.own {
            return builder.build();
        }
        builder.credentials_provider(self.credentials(account, region.partition())).build()
    }

    fn credentials(&self, account: AccountId, partition: Partition) -> SharedCredentialsProvider {
        let mut credentials = self.credentials.lock().unwrap_or_else(PoisonError::into_inner);
        let role = || {
            let role = arn::role(partition, account, &self.role);
            let provider = AssumedRole::new(self.sts.clone(), role, self.session.clone());
            SharedCredentialsProvider::new(provider)
        };
        credentials.entry(account).or_insert_with(role).clone()
    }
}
