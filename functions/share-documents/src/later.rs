//! Plans that are later than the one that is worked on. An execution may be retried for a long time, and the
//! account may have been moved and planned for anew meanwhile: what it has then is not removed by an older
//! plan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use futures::stream::{StreamExt, TryStreamExt, iter};
use jiff::Timestamp;
use relay_core::id::AccountId;
use store::{StoreError, Table};
use tokio::sync::OnceCell;

/// Requests to the table in flight.
const AT_ONCE: usize = 16;

/// Looks up, once an invocation, for which accounts there is a later plan.
#[derive(Debug)]
pub(crate) struct LaterPlans {
    table: Table,
    /// When what the plan at hand rests on was seen.
    seen_at: Timestamp,
    organization: OnceCell<bool>,
    accounts: Mutex<BTreeMap<AccountId, bool>>,
}

impl LaterPlans {
    pub(crate) fn new(table: Table, seen_at: Timestamp) -> Self {
        Self { table, seen_at, organization: OnceCell::new(), accounts: Mutex::default() }
    }

    /// Those of the accounts for which there is a later plan.
    pub(crate) async fn of(
        &self,
        accounts: BTreeSet<AccountId>,
    ) -> Result<BTreeSet<AccountId>, StoreError> {
        if accounts.is_empty() {
            return Ok(accounts);
        }
        let whole = self.organization.get_or_try_init(async || {
            let planned = self.table.organization_planned_at().await?;
            Ok::<_, StoreError>(is_later(planned, self.seen_at))
        });
        if *whole.await? {
            return Ok(accounts);
        }
        let looked_up: Vec<(AccountId, bool)> = iter(accounts)
            .map(|account| async move {
                let known = self.known().get(&account).copied();
                let later = match known {
                    Some(later) => later,
                    None => is_later(self.table.planned_at(account).await?, self.seen_at),
                };
                Ok::<_, StoreError>((account, later))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        self.known().extend(looked_up.iter().copied());
        Ok(looked_up.into_iter().filter(|(_, later)| *later).map(|(account, _)| account).collect())
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<AccountId, bool>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether another plan saw the world after this one did. Times are stored in milliseconds.
pub(crate) fn is_later(other: Option<Timestamp>, this: Timestamp) -> bool {
    other.is_some_and(|other| other.as_millisecond() > this.as_millisecond())
}
