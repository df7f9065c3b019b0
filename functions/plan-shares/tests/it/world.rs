//! The function on an AWS in memory, with an organization:
//!
//! ```text
//! r-root ── ou-root-workload (Workloads) ── ou-root-workprod (Prod)
//! ```

use std::cell::Cell;
use std::sync::MutexGuard;

use aws::SdkConfig;
use aws_double::{Aws, ENVIRONMENT, Item, State};
use jiff::Timestamp;
use plan_shares::Deps;
use runtime::{Clock, Environment};
use serde_json::json;
use sharing::plan::SharePlan;

pub(crate) const OWNER: &str = "222233334444";
pub(crate) const NEWCOMER: &str = "444455556666";
pub(crate) const WORKLOADS: &str = "ou-root-workload";
pub(crate) const PROD: &str = "ou-root-workprod";

pub(crate) struct World {
    pub(crate) aws: Aws,
    /// The time, in epoch milliseconds.
    pub(crate) now: Cell<i64>,
}

impl World {
    pub(crate) fn new() -> Self {
        let world = Self { aws: Aws::at("1970-01-01T00:00:00Z"), now: Cell::new(0) };
        world.state().organization.unit(WORKLOADS, "r-root", "Workloads");
        world.state().organization.unit(PROD, WORKLOADS, "Prod");
        world
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.aws.state()
    }

    pub(crate) fn calls(&self, operation: &str) -> usize {
        self.aws.count(operation)
    }

    pub(crate) fn sdk(&self) -> SdkConfig {
        self.aws.sdk()
    }

    pub(crate) fn deps(&self) -> Deps {
        let deps = Deps::new(&Environment::from_iter(ENVIRONMENT), &self.aws.sdk()).unwrap();
        let now = Timestamp::from_millisecond(self.now.get()).unwrap();
        Deps { clock: Clock::fixed(now), ..deps }
    }

    pub(crate) fn member(&self, account: &str, parent: &str) {
        self.state().organization.member(account, parent);
    }

    pub(crate) fn suspend(&self, account: &str) {
        self.state().organization.suspended.insert(account.to_owned());
    }

    pub(crate) fn rule(&self, name: &str, text: &str) {
        let name = format!("/runbook-relay/sharing/{name}");
        self.state().hub().ssm.parameters.insert(name, text.to_owned());
    }

    /// An entry of the ledger: `sk2` is `<owner>#<region>#<document>`.
    pub(crate) fn shared(&self, account: &str, sk2: &str) {
        self.state().table.put(&json!({
            "pk": { "S": format!("share#{sk2}") }, "sk": { "S": account },
            "account": { "S": account }, "sk2": { "S": sk2 },
        }));
    }

    /// Where the account was when it was last planned for.
    pub(crate) fn place(&self, account: &str) -> Item {
        self.state().table.get(&format!("place#{account}"), "place").unwrap().clone()
    }

    pub(crate) fn plan(&self, execution: &str) -> SharePlan {
        let plan = self.state().object(&format!("plans/{execution}.json")).unwrap();
        serde_json::from_value(plan).unwrap()
    }
}
