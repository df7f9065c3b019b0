//! Where an account lies in the organization: it and the OUs above it, kept for a few minutes.

use std::collections::HashMap;
use std::sync::Arc;

use aws::AwsError;
use aws_sdk_organizations::Client;
use jiff::{SignedDuration, Timestamp};
use relay_core::id::{AccountId, OrganizationalUnitId, ParentId};
use relay_core::organization::{Account, AccountState, Organization};
use tokio::sync::Mutex;

use crate::{Deps, Error};

/// AWS allows five levels of OUs; more is a sign of a loop.
const DEEPEST: usize = 16;
/// Accounts move seldom, and the Organizations API allows few calls a second.
const KEPT: SignedDuration = SignedDuration::from_mins(5);

/// What was looked up, and when.
#[derive(Debug, Default)]
pub(crate) struct Places(Mutex<HashMap<AccountId, (Timestamp, Arc<Organization>)>>);

/// A snapshot that holds the account with the OUs above it; one without it if it is no member.
pub(crate) async fn place(deps: &Deps, account: AccountId) -> Result<Arc<Organization>, Error> {
    // Held while asking: the messages of a batch are often about one account.
    let mut places = deps.places.0.lock().await;
    let now = deps.clock.now();
    if let Some((at, place)) = places.get(&account)
        && now.duration_since(*at) < KEPT
    {
        return Ok(Arc::clone(place));
    }
    let place = Arc::new(look_up(&deps.organizations, account).await?);
    places.insert(account, (now, Arc::clone(&place)));
    Ok(place)
}

async fn look_up(client: &Client, account: AccountId) -> Result<Organization, Error> {
    let Some(way) = way_up(client, account).await? else {
        // Any root will do for a snapshot in which nobody lies.
        return Ok(Organization::partial("r-none".parse().map_err(nonsense)?));
    };
    let (Some(root), Some(parent)) = (way.first(), way.last()) else {
        return Err(nonsense(format!("account {account} lies nowhere")));
    };
    let mut organization = Organization::partial(root.as_str().parse().map_err(nonsense)?);
    for step in way.windows(2) {
        let [parent, unit] = step else { continue };
        let id: OrganizationalUnitId = unit.as_str().parse().map_err(nonsense)?;
        let answer = client.describe_organizational_unit().organizational_unit_id(id.as_str());
        let answer = answer.send().await.map_err(failed(format!("look up the OU {id}")))?;
        let name = answer.organizational_unit().and_then(|unit| unit.name()).unwrap_or_default();
        organization.add_unit(id, name, parent.clone());
    }
    organization.add_account(Account {
        id: account,
        email: None,
        // Its alarm rings.
        state: AccountState::Active,
        joined_method: None,
        joined_at: None,
        parent: parent.clone(),
    });
    Ok(organization)
}

/// The way from the root down to an account, one ListParents a level; `None` for no member.
async fn way_up(client: &Client, account: AccountId) -> Result<Option<Vec<ParentId>>, Error> {
    let mut way: Vec<ParentId> = Vec::new();
    let mut child = account.to_string();
    while way.len() < DEEPEST {
        let answer = client.list_parents().child_id(&child).send().await.map_err(AwsError::from);
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if way.is_empty() && error.is("ChildNotFoundException") => return Ok(None),
            Err(source) => {
                let what = format!("look up the parent of {child}");
                return Err(Error::Organization { what, source });
            }
        };
        let parent = answer.parents().first().and_then(|parent| parent.id()).unwrap_or_default();
        let parent: ParentId = parent.parse().map_err(nonsense)?;
        child = parent.to_string();
        let arrived = parent.is_root();
        way.push(parent);
        if arrived {
            way.reverse();
            return Ok(Some(way));
        }
    }
    Err(nonsense(format!("no root above account {account}")))
}

fn failed<E: Into<AwsError>>(what: String) -> impl FnOnce(E) -> Error {
    move |error| Error::Organization { what, source: error.into() }
}

fn nonsense(error: impl std::fmt::Display) -> Error {
    Error::Nonsense(format!("read the organization: {error}"))
}
