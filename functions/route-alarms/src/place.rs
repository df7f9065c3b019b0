//! Where an account is in the organization: the account and the OUs above it, kept for a few minutes.

use std::collections::HashMap;
use std::sync::Arc;

use aws::organization::read_ancestors;
use jiff::{SignedDuration, Timestamp};
use relay_core::id::AccountId;
use relay_core::organization::Organization;
use tokio::sync::Mutex;

use crate::{Deps, Error};

/// Accounts move seldom, and the Organizations API allows few calls a second.
const KEPT: SignedDuration = SignedDuration::from_mins(5);

/// Organizations as they were read, by account, with the time.
#[derive(Debug, Default)]
pub(crate) struct Places(Mutex<HashMap<AccountId, (Timestamp, Arc<Organization>)>>);

/// The account with the OUs above it; an organization without accounts if it is not a member.
pub(crate) async fn place(deps: &Deps, account: AccountId) -> Result<Arc<Organization>, Error> {
    // Locked during the look-up: the messages of a batch are often about one account.
    let mut places = deps.places.0.lock().await;
    let now = deps.clock.now();
    if let Some((at, place)) = places.get(&account)
        && now.duration_since(*at) < KEPT
    {
        return Ok(Arc::clone(place));
    }
    // Its alarm is in ALARM, so the account is active.
    let place = Arc::new(read_ancestors(&deps.organizations, account).await?);
    places.insert(account, (now, Arc::clone(&place)));
    Ok(place)
}
