//! The organization, read as a whole or as far as some accounts are concerned.
//!
//! DescribeAccount and ListAccounts return where an account is (`Paths`), so that an account that is
//! moved while the tree is listed is neither missed nor found twice. Where AWS returns no path,
//! ListParents is called for each level.

mod calls;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::{Account as Listed, AccountJoinedMethod};
use calls::Unit;
use futures::stream::{StreamExt, TryStreamExt, iter};
use jiff::Timestamp;
use relay_core::id::{AccountId, OrganizationalUnitId, ParentId, RootId};
use relay_core::organization::{Account, AccountState, JoinedMethod, Organization, Unread};
use relay_core::rules::AccountSelector;

use crate::{AwsError, AwsErrorKind, members};

/// AWS allows five levels of OUs; more is a sign of a loop.
const DEEPEST: usize = 16;
/// Calls in flight. The Organizations API allows few a second, for the whole organization.
const AT_ONCE: usize = 4;

/// A member with what contains it: the root, then OUs.
struct Member {
    id: AccountId,
    state: AccountState,
    joined_method: Option<JoinedMethod>,
    joined_at: Option<Timestamp>,
    ancestors: Vec<ParentId>,
}

/// Why the organization could not be read.
#[derive(Debug, thiserror::Error)]
pub enum OrganizationError {
    /// Organizations did not answer, or refused.
    #[error("{what}")]
    Call {
        /// The failed action, as a phrase.
        what: String,
        /// The failed call of Organizations.
        source: AwsError,
    },
    /// An answer that contradicts itself or holds an invalid id.
    #[error("read the organization: {0}")]
    Nonsense(String),
}

impl OrganizationError {
    /// The meaning for the caller; [`AwsErrorKind::Other`] for an answer that makes no sense.
    #[must_use]
    pub fn kind(&self) -> AwsErrorKind {
        match self {
            Self::Call { source, .. } => source.kind,
            Self::Nonsense(_) => AwsErrorKind::Other,
        }
    }
}

/// Every account and every OU.
///
/// # Errors
/// When Organizations refuses, does not answer, or its answer makes no sense.
pub async fn read_all(client: &Client) -> Result<Organization, OrganizationError> {
    let listed = calls::accounts(client).await?;
    let members = place(client, &listed).await?;
    let root = calls::root(client).await?;
    let units = tree(client, &root).await?;
    assemble(client, Organization::complete(root), members, units).await
}

/// The members among these accounts, and the OUs above them.
///
/// # Errors
/// When Organizations refuses, does not answer, or its answer makes no sense.
pub async fn read_accounts(
    client: &Client,
    accounts: &BTreeSet<AccountId>,
) -> Result<Organization, OrganizationError> {
    let members: Vec<Listed> = iter(accounts)
        .map(|account| calls::account(client, *account))
        .buffer_unordered(AT_ONCE)
        .try_filter_map(async |member| Ok(member))
        .try_collect()
        .await?;
    let members = place(client, &members).await?;
    let root = match members.first().and_then(|member| member.ancestors.first()) {
        Some(root) => root.as_str().parse().map_err(nonsense)?,
        // None of them is a member.
        None => calls::root(client).await?,
    };
    assemble(client, Organization::partial(root), members, BTreeMap::new()).await
}

/// One account and the OUs above it, by ListParents alone; an organization without accounts where it is
/// not a member. The account counts as active, and the caller has to know that it is: ListParents does
/// not say.
///
/// # Errors
/// When Organizations refuses, does not answer, or its answer makes no sense.
pub async fn read_ancestors(
    client: &Client,
    account: AccountId,
) -> Result<Organization, OrganizationError> {
    let Some(ancestors) = calls::ancestors(client, account).await? else {
        // An organization without accounts is the same below any root.
        return Ok(Organization::partial("r-none".parse().map_err(nonsense)?));
    };
    let root = ancestors.first().map(ParentId::as_str).unwrap_or_default();
    let organization = Organization::partial(root.parse().map_err(nonsense)?);
    let state = AccountState::Active;
    let member = Member { id: account, state, joined_method: None, joined_at: None, ancestors };
    assemble(client, organization, vec![member], BTreeMap::new()).await
}

/// The root and what these selectors name; no accounts.
///
/// # Errors
/// When Organizations refuses, does not answer, or its answer makes no sense.
pub async fn read_units(
    client: &Client,
    selectors: &[&AccountSelector],
) -> Result<Organization, OrganizationError> {
    let mut organization = Organization::partial(calls::root(client).await?);
    read_selected(client, &mut organization, selectors).await?;
    Ok(organization)
}

/// Reads what a partial snapshot lacks to say where these selectors lead: the OUs along the paths, and the
/// OUs named by id. Calls nothing for a complete snapshot, or where everything is known already.
///
/// # Errors
/// When Organizations refuses, does not answer, or its answer makes no sense.
pub async fn read_selected(
    client: &Client,
    organization: &mut Organization,
    selectors: &[&AccountSelector],
) -> Result<(), OrganizationError> {
    // A path is one level deeper in each round.
    for _ in 0..DEEPEST {
        let unread = organization.unread(selectors.iter().copied());
        if unread.is_empty() {
            break;
        }
        let read: Vec<_> = iter(unread)
            .map(|unread| async move {
                Ok::<_, OrganizationError>(match &unread {
                    Unread::Below(parent) => (calls::units(client, parent.clone()).await?, unread),
                    Unread::Unit(id) => (calls::unit_by_id(client, id).await?, unread),
                })
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        for (units, unread) in read {
            match unread {
                Unread::Below(parent) => organization.add_listed(parent),
                Unread::Unit(id) if units.is_empty() => organization.add_missing(id),
                Unread::Unit(_) => {}
            }
            for (id, Unit { name, parent }) in units {
                organization.add_unit(id, name, parent);
            }
        }
    }
    Ok(())
}

/// Every OU, level by level.
async fn tree(
    client: &Client,
    root: &RootId,
) -> Result<BTreeMap<OrganizationalUnitId, Unit>, OrganizationError> {
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

/// The members among these accounts, with their ancestors; without those that have left meanwhile.
async fn place(client: &Client, accounts: &[Listed]) -> Result<Vec<Member>, OrganizationError> {
    iter(accounts)
        .map(|account| async move {
            let id: AccountId = account.id().unwrap_or_default().parse().map_err(nonsense)?;
            let state = AccountState::read(
                account.state().map(|state| state.as_str()),
                account.status().map(|status| status.as_str()),
            );
            let joined_method = match account.joined_method() {
                Some(AccountJoinedMethod::Created) => Some(JoinedMethod::Created),
                Some(AccountJoinedMethod::Invited) => Some(JoinedMethod::Invited),
                _ => None,
            };
            let joined_at = account.joined_timestamp().and_then(members::timestamp);
            let ancestors = match account.paths().iter().find_map(|path| ancestors(path)) {
                Some(ancestors) => Some(ancestors),
                None => calls::ancestors(client, id).await?,
            };
            Ok(ancestors.map(|ancestors| Member { id, state, joined_method, joined_at, ancestors }))
        })
        .buffer_unordered(AT_ONCE)
        .try_filter_map(async |placed| Ok(placed))
        .try_collect()
        .await
}

/// `o-…/r-…/ou-…/<account>/` as the root and the OUs in it, from the root down.
fn ancestors(path: &str) -> Option<Vec<ParentId>> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let [_organization, ancestors @ .., _account] = parts.as_slice() else { return None };
    let ancestors: Option<Vec<ParentId>> = ancestors.iter().map(|id| id.parse().ok()).collect();
    ancestors.filter(|ancestors| ancestors.first().is_some_and(ParentId::is_root))
}

/// Puts members and OUs together; looks up the OUs above a member that are not known yet.
async fn assemble(
    client: &Client,
    mut organization: Organization,
    members: Vec<Member>,
    mut units: BTreeMap<OrganizationalUnitId, Unit>,
) -> Result<Organization, OrganizationError> {
    let mut unknown: BTreeMap<OrganizationalUnitId, ParentId> = BTreeMap::new();
    for step in members.iter().flat_map(|member| member.ancestors.windows(2)) {
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
    for Member { id, state, joined_method, joined_at, ancestors } in members {
        let Some(parent) = ancestors.last().cloned() else { continue };
        organization.add_account(Account {
            id,
            email: None,
            state,
            joined_method,
            joined_at,
            parent,
        });
    }
    Ok(organization)
}

fn nonsense(error: impl std::fmt::Display) -> OrganizationError {
    OrganizationError::Nonsense(error.to_string())
}

#[cfg(test)]
mod tests;
