//! Plans that are later than the one that is worked on. An execution may be retried for a long time, and the
//! account may have been moved and planned for anew meanwhile: what it has then is not changed by an older
//! plan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::stream::{StreamExt, TryStreamExt, iter};
use jiff::{SignedDuration, Timestamp};
use relay_core::id::AccountId;
use sharing::plan::SharePlan;
use store::{StoreError, Table};
use tokio::sync::OnceCell;

/// Requests to the table in flight.
const AT_ONCE: usize = 16;
/// For how long a list of the organization's accounts may lack an account that was planned for as a member.
const LISTED_AFTER: SignedDuration = SignedDuration::from_mins(15);

/// Looks up, once an invocation, for which accounts there is a later plan.
#[derive(Debug)]
pub(crate) struct LaterPlans {
    table: Table,
    /// When what the plan at hand rests on was seen.
    seen_at: Timestamp,
    /// The members of the organization, as the plan knows them.
    members: BTreeSet<AccountId>,
    organization: OnceCell<bool>,
    accounts: Mutex<BTreeMap<AccountId, bool>>,
}

impl LaterPlans {
    pub(crate) fn new(table: Table, plan: &SharePlan) -> Self {
        Self {
            table,
            seen_at: plan.seen_at,
            members: plan.places.iter().map(|place| place.account).collect(),
            organization: OnceCell::new(),
            accounts: Mutex::default(),
        }
    }

    /// Those of the accounts from which this plan removes nothing: for them, or for the whole organization,
    /// there is a later plan. A plan for the organization is about its members; what has left it is left to
    /// no other plan.
    pub(crate) async fn bar_removal(
        &self,
        accounts: BTreeSet<AccountId>,
    ) -> Result<BTreeSet<AccountId>, StoreError> {
        let mut barred = self.planned_for(&accounts).await?;
        let members: BTreeSet<AccountId> = accounts.intersection(&self.members).copied().collect();
        if !members.is_empty() && self.organization_is_planned_later().await? {
            barred.extend(members);
        }
        Ok(barred)
    }

    /// Those of the accounts for which, by themselves, there is a later plan.
    pub(crate) async fn planned_for(
        &self,
        accounts: &BTreeSet<AccountId>,
    ) -> Result<BTreeSet<AccountId>, StoreError> {
        let looked_up: Vec<(AccountId, bool)> = iter(accounts.clone())
            .map(|account| async move {
                let known = self.known().get(&account).copied();
                let later = match known {
                    Some(later) => later,
                    None => self.is_planned_later(account).await?,
                };
                Ok::<_, StoreError>((account, later))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        self.known().extend(looked_up.iter().copied());
        Ok(looked_up.into_iter().filter(|(_, later)| *later).map(|(account, _)| account).collect())
    }

    /// Those of the accounts that a later plan has found to have left the organization. Nothing is shared with them
    /// any more, not even by a join.
    pub(crate) async fn departed(
        &self,
        accounts: BTreeSet<AccountId>,
    ) -> Result<BTreeSet<AccountId>, StoreError> {
        iter(accounts)
            .map(|account| async move {
                let planned = self.table.planned_at(account).await?;
                let gone = planned.is_some_and(|planned| {
                    !planned.active && is_later(Some(planned.at), self.seen_at)
                });
                Ok::<_, StoreError>(gone.then_some(account))
            })
            .buffer_unordered(AT_ONCE)
            .try_filter_map(async |gone| Ok(gone))
            .try_collect()
            .await
    }

    async fn is_planned_later(&self, account: AccountId) -> Result<bool, StoreError> {
        let Some(planned) = self.table.planned_at(account).await? else { return Ok(false) };
        let young = !self.members.contains(&account)
            && planned.active
            && self.seen_at.duration_since(planned.at) < LISTED_AFTER;
        Ok(young || is_later(Some(planned.at), self.seen_at))
    }

    async fn organization_is_planned_later(&self) -> Result<bool, StoreError> {
        let later = self.organization.get_or_try_init(async || {
            let planned = self.table.organization_planned_at().await?;
            Ok::<_, StoreError>(is_later(planned, self.seen_at))
        });
        later.await.copied()
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<AccountId, bool>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether another plan saw the world after this one did. Times are stored in milliseconds.
pub(crate) fn is_later(other: Option<Timestamp>, this: Timestamp) -> bool {
    other.is_some_and(|other| other.as_millisecond() > this.as_millisecond())
}
