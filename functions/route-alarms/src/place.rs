//! Where an account is in the organization, and where the OUs are that rules name; kept for a few minutes.

use std::sync::Arc;

use aws::organization::{read_ancestors, read_selected};
use jiff::{SignedDuration, Timestamp};
use relay_core::id::AccountId;
use relay_core::organization::Organization;
use relay_core::rules::AccountSelector;
use remediation::{Mode, RemediationRules};
use tokio::sync::Mutex;

use crate::{Deps, Error};

/// Accounts move seldom, and the Organizations API allows few calls a second.
const KEPT: SignedDuration = SignedDuration::from_mins(5);

/// The part of the organization that was read, with the time of its first look-up.
#[derive(Debug, Default)]
pub(crate) struct Places(Mutex<Option<(Timestamp, Arc<Organization>)>>);

/// A snapshot with the account, the OUs above it and the OUs that the rules name; one without accounts if
/// it is not a member.
pub(crate) async fn place(
    deps: &Deps,
    rules: &RemediationRules,
    account: AccountId,
) -> Result<Arc<Organization>, Error> {
    let named: Vec<&AccountSelector> = rules
        .rules
        .iter()
        .filter(|rule| rule.mode != Mode::Off)
        .flat_map(|rule| rule.alarm.accounts.iter().chain(&rule.alarm.exclude))
        .collect();
    // Locked during the look-up: the messages of a batch are often about one account.
    let mut kept = deps.places.0.lock().await;
    let now = deps.clock.now();
    let fresh = kept.clone().filter(|(at, _)| now.duration_since(*at) < KEPT);
    if let Some((_, snapshot)) = &fresh
        && snapshot.account(account).is_some()
        && snapshot.unread(named.iter().copied()).is_empty()
    {
        return Ok(Arc::clone(snapshot));
    }
    // Its alarm is in ALARM, so the account is active.
    let read = read_ancestors(&deps.organizations, account).await?;
    if read.account(account).is_none() {
        return Ok(Arc::new(read));
    }
    let (at, mut snapshot) = match fresh {
        Some((at, snapshot)) => {
            let mut snapshot = Arc::unwrap_or_clone(snapshot);
            snapshot.add(read);
            (at, snapshot)
        }
        None => (now, read),
    };
    read_selected(&deps.organizations, &mut snapshot, &named).await?;
    let snapshot = Arc::new(snapshot);
    *kept = Some((at, Arc::clone(&snapshot)));
    Ok(snapshot)
}
