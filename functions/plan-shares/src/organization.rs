//! The organization as a plan needs it: for some accounts, they and the OUs above them; for all of
//! them, the whole tree.
//!
//! Where an account lies comes with the account (`Paths`), so that none is missed or met twice for
//! being moved while the tree is listed. Where AWS gives no path, its parents are asked for.

mod calls;

use std::collections::{BTreeMap, BTreeSet};

use aws::members;
use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::Account as Listed;
use calls::Unit;
use futures::stream::{StreamExt, TryStreamExt, iter};
use jiff::Timestamp;
use relay_core::id::{AccountId, OrganizationalUnitId, ParentId, RootId};
use relay_core::organization::{Account, AccountState, Organization};
use sharing::Scope;

use crate::Error;

/// Calls in flight. The Organizations API allows few a second, for the whole organization.
const AT_ONCE: usize = 4;

/// A member and the way that leads to it: the root, then OUs.
struct Placed {
    id: AccountId,
    state: AccountState,
    joined_at: Option<Timestamp>,
    way: Vec<ParentId>,
}

/// Reads what the scope needs.
///
/// # Errors
/// When Organizations refuses, does not answer, or answers with what makes no sense.
pub async fn read(client: &Client, scope: &Scope) -> Result<Organization, Error> {
    match scope {
        Scope::Accounts(accounts) => some(client, accounts).await,
        Scope::Organization => all(client).await,
    }
}

async fn some(client: &Client, accounts: &BTreeSet<AccountId>) -> Result<Organization, Error> {
    let members: Vec<Listed> = iter(accounts)
        .map(|account| calls::account(client, *account))
        .buffer_unordered(AT_ONCE)
        .try_filter_map(async |member| Ok(member))
        .try_collect()
        .await?;
    let members = place(client, &members).await?;
    let root = match members.first().and_then(|member| member.way.first()) {
        Some(root) => root.as_str().parse().map_err(nonsense)?,
        // Nobody is a member: the snapshot says no more than that.
        None => calls::root(client).await?,
    };
    assemble(client, Organization::partial(root), members, BTreeMap::new()).await
}

async fn all(client: &Client) -> Result<Organization, Error> {
    let listed = calls::accounts(client).await?;
    let members = place(client, &listed).await?;
    let root = calls::root(client).await?;
    let units = tree(client, &root).await?;
    assemble(client, Organization::complete(root), members, units).await
}

/// Every OU, level by level.
async fn tree(
    client: &Client,
    root: &RootId,
) -> Result<BTreeMap<OrganizationalUnitId, Unit>, Error> {
    let mut units = BTreeMap::new();
    let mut level = vec![ParentId::from(root.clone())];
    while !level.is_empty() {
        let below: Vec<Vec<(OrganizationalUnitId, Unit)>> = iter(level)
            .map(|parent| calls::units(client, parent))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        // OUs do not move: one that was met before would be met for ever.
        level = below
            .into_iter()
            .flatten()
            .filter_map(|(id, unit)| {
                units.insert(id.clone(), unit).is_none().then(|| ParentId::from(id))
            })
            .collect();
    }
    Ok(units)
}

/// The members among these accounts, with the way to each. One that has left meanwhile is none.
async fn place(client: &Client, accounts: &[Listed]) -> Result<Vec<Placed>, Error> {
    iter(accounts)
        .map(|account| async move {
            let id: AccountId = account.id().unwrap_or_default().parse().map_err(nonsense)?;
            let state = AccountState::read(
                account.state().map(|state| state.as_str()),
                account.status().map(|status| status.as_str()),
            );
            let joined_at = account.joined_timestamp().and_then(members::timestamp);
            let way = match account.paths().iter().find_map(|path| way(path)) {
                Some(way) => Some(way),
                None => calls::way_up(client, id).await?,
            };
            Ok(way.map(|way| Placed { id, state, joined_at, way }))
        })
        .buffer_unordered(AT_ONCE)
        .try_filter_map(async |placed| Ok(placed))
        .try_collect()
        .await
}

/// `o-…/r-…/ou-…/<account>/` as the way from the root down.
fn way(path: &str) -> Option<Vec<ParentId>> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let [_organization, way @ .., _account] = parts.as_slice() else { return None };
    let way: Option<Vec<ParentId>> = way.iter().map(|id| id.parse().ok()).collect();
    way.filter(|way| way.first().is_some_and(ParentId::is_root))
}

/// Puts members and OUs together; OUs on the way to a member that are not known yet are asked for.
async fn assemble(
    client: &Client,
    mut organization: Organization,
    members: Vec<Placed>,
    mut units: BTreeMap<OrganizationalUnitId, Unit>,
) -> Result<Organization, Error> {
    let mut unknown: BTreeMap<OrganizationalUnitId, ParentId> = BTreeMap::new();
    for step in members.iter().flat_map(|member| member.way.windows(2)) {
        let [parent, unit] = step else { continue };
        let unit: OrganizationalUnitId = unit.as_str().parse().map_err(nonsense)?;
        if !units.contains_key(&unit) {
            unknown.insert(unit, parent.clone());
        }
    }
    let described: Vec<(OrganizationalUnitId, Unit)> = iter(unknown)
        .map(|(unit, parent)| calls::unit(client, unit, parent))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    units.extend(described);
    for (id, Unit { name, parent }) in units {
        organization.add_unit(id, name, parent);
    }
    for Placed { id, state, joined_at, way } in members {
        let Some(parent) = way.last().cloned() else { continue };
        organization.add_account(Account {
            id,
            email: None,
            state,
            joined_method: None,
            joined_at,
            parent,
        });
    }
    Ok(organization)
}

fn nonsense(error: impl std::fmt::Display) -> Error {
    Error::Nonsense(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_from_the_root_down() {
        let way =
            |path| way(path).map(|way| way.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(
            way("o-exampleorgid/r-root/ou-root-workload/444455556666/"),
            Some(vec!["r-root".to_owned(), "ou-root-workload".to_owned()])
        );
        assert_eq!(way("o-exampleorgid/r-root/444455556666/"), Some(vec!["r-root".to_owned()]));
        assert_eq!(way("o-exampleorgid/444455556666/"), None);
        assert_eq!(way(""), None);
    }
}
