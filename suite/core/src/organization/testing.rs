//! An organization for tests.

#![expect(clippy::unwrap_used, reason = "this is test code: it fails by panicking")]

use super::{Account, AccountState, JoinedMethod, Organization};
use crate::id::{AccountId, OrganizationalUnitId, ParentId, RootId};

/// r-abcd ─ Workloads ─ Prod ─ Payments; Sandbox; one account in each, numbered in this order.
#[must_use]
pub fn organization() -> Organization {
    let mut organization = Organization::complete("r-abcd".parse().unwrap());
    let unit = |n: u8| format!("ou-abcd-0000000{n}").parse::<OrganizationalUnitId>().unwrap();
    let root: RootId = "r-abcd".parse().unwrap();
    organization.add_unit(unit(1), "Workloads", root.clone());
    organization.add_unit(unit(2), "Prod", unit(1));
    organization.add_unit(unit(3), "Payments", unit(2));
    organization.add_unit(unit(4), "Sandbox", root.clone());
    organization.add_account(account(0, root));
    for n in 1..=4 {
        organization.add_account(account(n, unit(n)));
    }
    organization
}

/// The id of the account with this number.
#[must_use]
pub fn id(n: u8) -> AccountId {
    format!("00000000000{n}").parse().unwrap()
}

/// The active account with this number.
#[must_use]
pub fn account(n: u8, parent: impl Into<ParentId>) -> Account {
    Account {
        id: id(n),
        email: None,
        state: AccountState::Active,
        joined_method: Some(JoinedMethod::Created),
        joined_at: None,
        parent: parent.into(),
    }
}
