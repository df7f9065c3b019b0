//! The calls to Organizations, each with its pages. "Does not exist" is an answer, not an error.

use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::Account as Listed;
use relay_core::id::{AccountId, OrganizationalUnitId, ParentId, RootId};

use super::{DEEPEST, OrganizationError, nonsense};
use crate::AwsError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) name: String,
    pub(super) parent: ParentId,
}

fn failed(what: impl Into<String>) -> impl FnOnce(AwsError) -> OrganizationError {
    let what = what.into();
    move |source| OrganizationError::Call { what, source }
}

/// The account, if it is a member.
pub(super) async fn account(
    client: &Client,
    id: AccountId,
) -> Result<Option<Listed>, OrganizationError> {
    match client.describe_account().account_id(id.as_str()).send().await.map_err(AwsError::from) {
        Ok(answer) => Ok(answer.account),
        Err(error) if error.is("AccountNotFoundException") => Ok(None),
        Err(error) => Err(failed(format!("look up account {id}"))(error)),
    }
}

pub(super) async fn accounts(client: &Client) -> Result<Vec<Listed>, OrganizationError> {
    let mut accounts = Vec::new();
    let mut token = None;
    loop {
        let page = client.list_accounts().set_next_token(token).send().await;
        let page = page.map_err(AwsError::from).map_err(failed("list the accounts"))?;
        accounts.extend(page.accounts.unwrap_or_default());
        // A page may be empty and still have a next one.
        token = page.next_token;
        if token.is_none() {
            return Ok(accounts);
        }
    }
}

/// The organization's root; there is one.
pub(super) async fn root(client: &Client) -> Result<RootId, OrganizationError> {
    let mut token = None;
    loop {
        let page = client.list_roots().set_next_token(token).send().await;
        let page = page.map_err(AwsError::from).map_err(failed("look up the root"))?;
        if let Some(root) = page.roots().first() {
            return root.id().unwrap_or_default().parse().map_err(nonsense);
        }
        token = page.next_token;
        if token.is_none() {
            return Err(nonsense("it has no root"));
        }
    }
}

/// The OUs directly in a root or an OU; no OUs where the parent was deleted meanwhile.
pub(super) async fn units(
    client: &Client,
    parent: ParentId,
) -> Result<Vec<(OrganizationalUnitId, Unit)>, OrganizationError> {
    let mut units = Vec::new();
    let mut token = None;
    loop {
        let page = client
            .list_organizational_units_for_parent()
            .parent_id(parent.as_str())
            .set_next_token(token)
            .send()
            .await;
        let page = match page.map_err(AwsError::from) {
            Ok(page) => page,
            Err(error) if error.is("ParentNotFoundException") => return Ok(Vec::new()),
            Err(error) => return Err(failed(format!("list the OUs in {parent}"))(error)),
        };
        for unit in page.organizational_units() {
            let id = unit.id().unwrap_or_default().parse().map_err(nonsense)?;
            let name = unit.name().unwrap_or_default().to_owned();
            units.push((id, Unit { name, parent: parent.clone() }));
        }
        token = page.next_token;
        if token.is_none() {
            return Ok(units);
        }
    }
}

/// An OU whose parent is known. A deleted OU is an error: its accounts have been moved meanwhile, and
/// the next attempt sees where to.
pub(super) async fn unit(
    client: &Client,
    id: OrganizationalUnitId,
    parent: ParentId,
) -> Result<(OrganizationalUnitId, Unit), OrganizationError> {
    let answer =
        client.describe_organizational_unit().organizational_unit_id(id.as_str()).send().await;
    let answer = answer.map_err(AwsError::from).map_err(failed(format!("look up the OU {id}")))?;
    let unit = answer.organizational_unit();
    let name = unit.and_then(|unit| unit.name()).unwrap_or_default().to_owned();
    Ok((id, Unit { name, parent }))
}

/// The OU with this id, as a list of one; nothing where the organization has no such
/// OU.
pub(super) async fn unit_by_id(
    client: &Client,
    id: &OrganizationalUnitId,
) -> Result<Vec<(OrganizationalUnitId, Unit)>, OrganizationError> {
    let answer =
        client.describe_organizational_unit().organizational_unit_id(id.as_str()).send().await;
    let answer = match answer.map_err(AwsError::from) {
        Ok(answer) => answer,
        Err(error) if error.is("OrganizationalUnitNotFoundException") => return Ok(Vec::new()),
        Err(error) => return Err(failed(format!("look up the OU {id}"))(error)),
    };
    let unit = answer.organizational_unit();
    let name = unit.and_then(|unit| unit.name()).unwrap_or_default().to_owned();
    let parent = parent(client, id.as_str()).await?;
    Ok(vec![(id.clone(), Unit { name, parent })])
}

/// The root or OU directly above an OU.
async fn parent(client: &Client, child: &str) -> Result<ParentId, OrganizationError> {
    let answer = client.list_parents().child_id(child).send().await.map_err(AwsError::from);
    let answer = answer.map_err(failed(format!("look up the parent of {child}")))?;
    let parent = answer.parents().first().and_then(|parent| parent.id()).unwrap_or_default();
    parent.parse().map_err(nonsense)
}

/// The root and OUs above an account, from the root down, by one ListParents a level; `None` where the account
/// is not a member.
pub(super) async fn ancestors(
    client: &Client,
    account: AccountId,
) -> Result<Option<Vec<ParentId>>, OrganizationError> {
    let mut ancestors: Vec<ParentId> = Vec::new();
    let mut child = account.to_string();
    while ancestors.len() < DEEPEST {
        let answer = client.list_parents().child_id(&child).send().await.map_err(AwsError::from);
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if ancestors.is_empty() && error.is("ChildNotFoundException") => {
                return Ok(None);
            }
            Err(error) => return Err(failed(format!("look up the parent of {child}"))(error)),
        };
        let parent = answer.parents().first().and_then(|parent| parent.id()).unwrap_or_default();
        let parent: ParentId = parent.parse().map_err(nonsense)?;
        child = parent.to_string();
        let arrived = parent.is_root();
        ancestors.push(parent);
        if arrived {
            ancestors.reverse();
            return Ok(Some(ancestors));
        }
    }
    Err(nonsense(format!("no root above account {account}")))
}
