//! Clients in the accounts and Regions of alarms and resources.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use aws::Accounts;
use aws::ec2::Ec2;
use aws::tagging::Tagging;
use relay_core::id::{AccountId, Region};

/// The clients of one account and Region.
#[derive(Debug, Clone)]
pub struct RegionClients {
    /// The alarm as it is, its tags, history, children, contributors.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub ec2: Ec2,
    /// Resources by their tags.
    pub tagging: Tagging,
    /// Change calendars; only ever asked in the suite's own account.
    pub ssm: aws_sdk_ssm::Client,
}

/// Clients of every account and Region, made when they are first asked for: through the read role of
/// the account, or in the suite's own through the function's.
pub struct ClientPool {
    accounts: Accounts,
    made: Mutex<HashMap<(AccountId, Region), RegionClients>>,
}

impl ClientPool {
    #[must_use]
    pub fn new(accounts: Accounts) -> Self {
        Self { accounts, made: Mutex::default() }
    }

    /// The clients of one account and Region. Calls nothing.
    #[must_use]
    pub fn at(&self, account: AccountId, region: &Region) -> RegionClients {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let config = self.accounts.config(account, region);
            RegionClients {
                cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
                ec2: Ec2::new(&config),
                tagging: Tagging::new(&config),
                ssm: aws_sdk_ssm::Client::new(&config),
            }
        };
        made.entry((account, region.clone())).or_insert_with(make).clone()
    }
}

impl fmt::Debug for ClientPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientPool")
    }
}
