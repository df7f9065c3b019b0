//! Clients in the accounts and Regions where alarms ring and resources live.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use aws::Accounts;
use aws::ec2::Ec2;
use aws::tagging::Tagging;
use relay_core::id::{AccountId, Region};

/// The clients of one account and Region.
#[derive(Debug, Clone)]
pub struct There {
    /// The alarm as it is, its tags, history, children, contributors.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub ec2: Ec2,
    /// Resources by their tags.
    pub tagging: Tagging,
    /// Change calendars; only ever asked in the suite's own account.
    pub ssm: aws_sdk_ssm::Client,
}

type Make = Box<dyn Fn(AccountId, &Region) -> There + Send + Sync>;

/// Clients of every account and Region, made when they are first asked for.
pub struct Everywhere {
    make: Make,
    made: Mutex<HashMap<(AccountId, Region), There>>,
}

impl Everywhere {
    /// Through the read role of the accounts, or in the suite's own through the function's.
    #[must_use]
    pub fn through(accounts: Accounts) -> Self {
        Self::new(move |account, region| {
            let config = accounts.config(account, region);
            There {
                cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
                ec2: Ec2::new(&config),
                tagging: Tagging::new(&config),
                ssm: aws_sdk_ssm::Client::new(&config),
            }
        })
    }

    /// As `make` makes them.
    pub fn new(make: impl Fn(AccountId, &Region) -> There + Send + Sync + 'static) -> Self {
        Self { make: Box::new(make), made: Mutex::default() }
    }

    /// The clients of one account and Region. Calls nothing.
    #[must_use]
    pub fn at(&self, account: AccountId, region: &Region) -> There {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || (self.make)(account, region);
        made.entry((account, region.clone())).or_insert_with(make).clone()
    }
}

impl fmt::Debug for Everywhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Everywhere")
    }
}
