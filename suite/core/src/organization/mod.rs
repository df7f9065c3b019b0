//! The organization at one moment: OUs, accounts, and where each account lies.
//!
//! A snapshot is *complete* (everything was listed) or *partial*: of some accounts, only their own parents
//! are known, and whatever else was looked up for a rule's selectors. What is not in a partial one says
//! nothing, unless it is known to be missing: its parent's OUs were all listed, or Organizations does not
//! know its id.

mod resolve;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

pub use resolve::{Resolution, Selected, Selection, Unread};

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::id::{AccountId, OrganizationalUnitId, ParentId, RootId};

/// AWS allows five levels of OUs below the root; more is a sign of a loop.
const DEEPEST: usize = 16;

/// Where an account is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountState {
    /// The account is being activated.
    PendingActivation,
    /// The account can be used.
    Active,
    /// AWS suspended the account.
    Suspended,
    /// The account is being closed.
    PendingClosure,
    /// The account is closed; it leaves the organization after 90 days.
    Closed,
    /// A state this version does not know.
    Other,
}

impl AccountState {
    /// From Organizations' `State`. Where an answer has none yet, its retired `Status` will do;
    /// a listed account with neither is taken as active.
    #[must_use]
    pub fn read(state: Option<&str>, status: Option<&str>) -> Self {
        match state.or(status) {
            None | Some("ACTIVE") => Self::Active,
            Some("PENDING_ACTIVATION") => Self::PendingActivation,
            Some("SUSPENDED") => Self::Suspended,
            Some("PENDING_CLOSURE") => Self::PendingClosure,
            Some("CLOSED") => Self::Closed,
            Some(_) => Self::Other,
        }
    }
}

/// How an account came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JoinedMethod {
    /// It was invited and accepted.
    Invited,
    /// It was created in the organization.
    Created,
}

/// A member of the organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The id, twelve digits.
    pub id: AccountId,
    /// Its root user's address.
    pub email: Option<String>,
    /// Where it is in its life.
    pub state: AccountState,
    /// How it came in.
    pub joined_method: Option<JoinedMethod>,
    /// When it joined the organization.
    pub joined_at: Option<Timestamp>,
    /// The root or OU that it is in.
    pub parent: ParentId,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Unit {
    name: String,
    parent: ParentId,
}

/// The organization, as far as it was read: its OUs and accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    complete: bool,
    root: RootId,
    units: BTreeMap<OrganizationalUnitId, Unit>,
    accounts: BTreeMap<AccountId, Account>,
    /// Roots and OUs of which every OU directly below is known.
    listed: BTreeSet<ParentId>,
    /// OUs that Organizations does not know.
    missing: BTreeSet<OrganizationalUnitId>,
}

impl Organization {
    /// A snapshot to which every OU and every account is added.
    #[must_use]
    pub fn complete(root: RootId) -> Self {
        Self {
            complete: true,
            root,
            units: BTreeMap::new(),
            accounts: BTreeMap::new(),
            listed: BTreeSet::new(),
            missing: BTreeSet::new(),
        }
    }

    /// A snapshot to which only the accounts in question and their own parents are added.
    #[must_use]
    pub fn partial(root: RootId) -> Self {
        Self { complete: false, ..Self::complete(root) }
    }

    /// Adds an OU below a parent.
    pub fn add_unit(
        &mut self,
        id: OrganizationalUnitId,
        name: impl Into<String>,
        parent: impl Into<ParentId>,
    ) {
        self.units.insert(id, Unit { name: name.into(), parent: parent.into() });
    }

    /// States that every OU directly below this parent has been added.
    pub fn add_listed(&mut self, parent: impl Into<ParentId>) {
        self.listed.insert(parent.into());
    }

    /// States that the organization has no such OU.
    pub fn add_missing(&mut self, id: OrganizationalUnitId) {
        self.missing.insert(id);
    }

    /// Adds what another snapshot of the same organization holds.
    pub fn add(&mut self, other: Self) {
        self.units.extend(other.units);
        self.accounts.extend(other.accounts);
        self.listed.extend(other.listed);
        self.missing.extend(other.missing);
    }

    /// Adds a member account.
    pub fn add_account(&mut self, account: Account) {
        self.accounts.insert(account.id, account);
    }

    /// Whether everything was listed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The account with this id, if it is a member.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id)
    }

    /// The member accounts, by id.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// Root and OUs that lead to an account, outermost first. `None` for an account that is not a
    /// member, or whose parents are not all known.
    #[must_use]
    pub fn path(&self, account: AccountId) -> Option<Vec<ParentId>> {
        self.way_down(&self.accounts.get(&account)?.parent)
    }

    /// The account's path as text, for comparing and for people: `r-…/ou-…/ou-…`.
    #[must_use]
    pub fn path_ids(&self, account: AccountId) -> Option<String> {
        let path = self.path(account)?;
        Some(path.iter().map(ParentId::as_str).collect::<Vec<_>>().join("/"))
    }

    /// The account's path in names: `/Workloads/Prod`; `/` in the root.
    #[must_use]
    pub fn path_names(&self, account: AccountId) -> Option<String> {
        Some(match self.names(&self.path(account)?) {
            names if names.is_empty() => "/".to_owned(),
            names => names,
        })
    }

    fn way_down(&self, to: &ParentId) -> Option<Vec<ParentId>> {
        let mut way = vec![to.clone()];
        while let Some(last) = way.last()
            && !last.is_root()
        {
            let unit: OrganizationalUnitId = last.as_str().parse().ok()?;
            let parent = self.units.get(&unit)?.parent.clone();
            if way.len() > DEEPEST {
                return None;
            }
            way.push(parent);
        }
        way.reverse();
        Some(way)
    }

    /// The names along a way, each after a slash; nothing for the root alone.
    fn names(&self, way: &[ParentId]) -> String {
        way.iter()
            .filter_map(|id| self.units.get(&id.as_str().parse().ok()?))
            .map(|unit| format!("/{}", unit.name))
            .collect()
    }
}
