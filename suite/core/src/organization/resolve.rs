//! From a rule's selectors to accounts.
#![expect(
    clippy::result_large_err,
    reason = "a problem is made once a selector; boxing it buys nothing"
)]

use std::collections::BTreeSet;

use crate::id::{AccountId, OrganizationalUnitId, ParentId};
use crate::organization::{AccountState, Organization};
use crate::place::Places;
use crate::problem::{Problem, ProblemCode};
use crate::rules::AccountSelector;
use crate::text::nearest;

/// The accounts that a rule asks for, as it is written.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'a> {
    /// Where its fields are, for problems.
    pub places: &'a Places,
    /// The accounts and OUs it names.
    pub accounts: &'a [AccountSelector],
    /// Whether an OU stands for the OUs below it, too.
    pub include_child_units: bool,
    /// The accounts and OUs it leaves out.
    pub exclude: &'a [AccountSelector],
}

/// The accounts that a rule selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// Active members, sorted; the owner of the documents may be among them.
    pub accounts: BTreeSet<AccountId>,
    /// Selectors that mean nothing here.
    pub problems: Vec<Problem>,
    /// Whether the OUs of all selectors were found. Without that, an account that is not selected may
    /// have been meant: an OU that was renamed is one that is not found.
    pub is_certain: bool,
}

/// Whether selectors mean an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selected {
    /// They do, and everything that is left out was found.
    Yes,
    /// They do not, or the account is left out.
    No,
    /// It hangs on an OU that was not found: it may have been renamed, and the account may be in it.
    Unclear(Problem),
}

/// An OU that a partial snapshot does not hold and that may exist.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unread {
    /// The OUs directly below this root or OU.
    Below(ParentId),
    /// The OU with this id.
    Unit(OrganizationalUnitId),
}

/// Where a path leads.
enum Descent {
    Found(ParentId),
    Missing,
    /// The OUs directly below this one are not all known.
    Unread(ParentId),
}

/// A selector, looked up once.
enum Target {
    Everywhere,
    Within {
        parent: ParentId,
        children: bool,
    },
    Account(AccountId),
    /// An OU that the organization does not have.
    Missing(Problem),
    /// The snapshot does not say.
    Unread(Unread),
}

impl Organization {
    /// The active members that a rule selects and does not exclude. An excluded OU takes the OUs
    /// below it along, whatever `includeChildUnits` says: leaving out too much is the safe side.
    #[must_use]
    pub fn resolve(&self, selection: &Selection<'_>) -> Resolution {
        let wanted = self.look_up_all(selection.accounts, selection.include_child_units);
        let excluded = self.look_up_all(selection.exclude, true);
        let mut problems = Vec::new();
        for (targets, field) in [(&wanted, "in"), (&excluded, "exclude")] {
            for (index, target) in targets.iter().enumerate() {
                if let Target::Missing(Problem { code, what, hint, .. }) = target {
                    let place = selection.places.place(&format!("accounts.{field}[{index}]"));
                    problems.push(Problem::new(*code, place, what.clone()).with_hint(hint.clone()));
                }
            }
        }
        for (index, target) in wanted.iter().enumerate() {
            problems.extend(self.outsider(selection, index, target));
        }
        let accounts = self
            .accounts
            .values()
            .filter(|account| account.state == AccountState::Active)
            .filter_map(|account| Some((account.id, self.path(account.id)?)))
            .filter(|(id, path)| {
                wanted.iter().any(|target| target.holds(*id, path))
                    && !excluded.iter().any(|target| target.holds(*id, path))
            })
            .map(|(id, _)| id)
            .collect();
        let is_certain = wanted.iter().chain(&excluded).all(Target::is_found);
        Resolution { accounts, problems, is_certain }
    }

    /// The parts that have to be read before these selectors can be resolved; nothing in a complete snapshot. Reading
    /// it may show that more is needed: a path is followed OU by OU.
    #[must_use]
    pub fn unread<'a>(
        &self,
        selectors: impl IntoIterator<Item = &'a AccountSelector>,
    ) -> BTreeSet<Unread> {
        let targets = selectors.into_iter().map(|selector| self.look_up(selector, false));
        targets
            .filter_map(|target| match target {
                Target::Unread(unread) => Some(unread),
                _ => None,
            })
            .collect()
    }

    fn look_up_all(&self, selectors: &[AccountSelector], children: bool) -> Vec<Target> {
        selectors.iter().map(|selector| self.look_up(selector, children)).collect()
    }

    fn look_up(&self, selector: &AccountSelector, children: bool) -> Target {
        let within = |parent: ParentId| Target::Within { parent, children };
        match selector {
            AccountSelector::Organization => Target::Everywhere,
            AccountSelector::Account(id) => Target::Account(*id),
            AccountSelector::Root(id) if *id == self.root => within(id.clone().into()),
            AccountSelector::Root(id) => Target::Missing(
                unknown(format!("the organization's root is {}, not {id}", self.root))
                    .with_hint("Use the root's id, or `/`."),
            ),
            AccountSelector::Unit(id) if self.units.contains_key(id) => within(id.clone().into()),
            AccountSelector::Unit(id) if self.complete || self.missing.contains(id) => {
                Target::Missing(unknown(format!("the organization has no OU {id}")))
            }
            AccountSelector::Unit(id) => Target::Unread(Unread::Unit(id.clone())),
            AccountSelector::Path(path) => self.unit_at(path, children),
        }
    }

    /// The OU at a path: `/Workloads/Prod`, nothing for the root.
    fn unit_at(&self, path: &str, children: bool) -> Target {
        match self.descend(&self.root.clone().into(), path.trim_matches('/')) {
            Descent::Found(parent) => Target::Within { parent, children },
            Descent::Missing => Target::Missing(self.no_unit_at(path)),
            Descent::Unread(parent) => Target::Unread(Unread::Below(parent)),
        }
    }

    /// Follows a path OU by OU. A name may hold slashes, so every OU whose name the rest begins with is tried.
    fn descend(&self, parent: &ParentId, rest: &str) -> Descent {
        if rest.is_empty() {
            return Descent::Found(parent.clone());
        }
        let mut unread = None;
        for (id, unit) in self.units.iter().filter(|(_, unit)| unit.parent == *parent) {
            let Some(rest) = rest.strip_prefix(unit.name.as_str()) else { continue };
            let Some(rest) = rest.strip_prefix('/').or(rest.is_empty().then_some("")) else {
                continue;
            };
            match self.descend(&id.clone().into(), rest) {
                Descent::Found(unit) => return Descent::Found(unit),
                Descent::Unread(parent) => unread = Some(parent),
                Descent::Missing => {}
            }
        }
        match unread {
            Some(parent) => Descent::Unread(parent),
            None if self.complete || self.listed.contains(parent) => Descent::Missing,
            None => Descent::Unread(parent.clone()),
        }
    }

    fn no_unit_at(&self, path: &str) -> Problem {
        let problem = unknown(format!("the organization has no OU {path}"));
        let known: Vec<String> = self.unit_paths().collect();
        match nearest(path, known.iter().map(String::as_str)) {
            Some(near) => problem.with_hint(format!(
                "Did you mean {near}? Paths begin below the root and are case-sensitive."
            )),
            None => problem,
        }
    }

    /// Whether selectors mean an account, and no exclusion does. An excluded OU takes the OUs below it along.
    #[must_use]
    pub fn selects(
        &self,
        account: AccountId,
        wanted: &[AccountSelector],
        include_child_units: bool,
        exclude: &[AccountSelector],
    ) -> Selected {
        let Some(path) = self.path(account) else { return Selected::No };
        let any = |targets: Vec<Target>| {
            if targets.iter().any(|target| target.holds(account, &path)) {
                return Selected::Yes;
            }
            let doubt = targets.into_iter().find_map(Target::doubt);
            doubt.map_or(Selected::No, Selected::Unclear)
        };
        let wanted = any(self.look_up_all(wanted, include_child_units));
        match (wanted, any(self.look_up_all(exclude, true))) {
            (Selected::No, _) | (_, Selected::Yes) => Selected::No,
            (Selected::Yes, excluded) => match excluded {
                Selected::Unclear(problem) => Selected::Unclear(problem),
                _ => Selected::Yes,
            },
            (Selected::Unclear(problem), _) => Selected::Unclear(problem),
        }
    }

    /// A selector as SSM's TargetLocations take it: an account's, an OU's or the root's id.
    ///
    /// # Errors
    /// When the organization has no such OU.
    pub fn target_account(&self, selector: &AccountSelector) -> Result<String, Problem> {
        Ok(match self.look_up(selector, true) {
            Target::Everywhere => self.root.to_string(),
            Target::Account(id) => id.to_string(),
            Target::Within { parent, .. } => parent.to_string(),
            Target::Missing(problem) => return Err(problem),
            Target::Unread(unread) => return Err(unread.problem()),
        })
    }

    /// A single account that a complete snapshot does not have, or has closed.
    fn outsider(&self, selection: &Selection<'_>, index: usize, place: &Target) -> Option<Problem> {
        let Target::Account(id) = place else { return None };
        if !self.complete || self.accounts.contains_key(id) {
            return None;
        }
        Some(Problem::new(
            ProblemCode::AccountNotInOrganization,
            selection.places.place(&format!("accounts.in[{index}]")),
            format!("account {id} is not a member of the organization"),
        ))
    }

    fn unit_paths(&self) -> impl Iterator<Item = String> {
        self.units.keys().filter_map(|id| Some(self.names(&self.way_down(&id.clone().into())?)))
    }
}

fn unknown(what: String) -> Problem {
    Problem::new(ProblemCode::UnknownOrganizationalUnit, "", what)
}

impl Unread {
    fn problem(&self) -> Problem {
        unknown(match self {
            Self::Below(parent) => format!("the OUs below {parent} were not read"),
            Self::Unit(id) => format!("the OU {id} was not read"),
        })
    }
}

impl Target {
    /// Why it is not known which accounts it holds.
    fn doubt(self) -> Option<Problem> {
        match self {
            Self::Missing(problem) => Some(problem),
            Self::Unread(unread) => Some(unread.problem()),
            Self::Everywhere | Self::Within { .. } | Self::Account(_) => None,
        }
    }

    fn holds(&self, account: AccountId, path: &[ParentId]) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Account(id) => *id == account,
            Self::Within { parent, children: true } => path.contains(parent),
            Self::Within { parent, children: false } => path.last() == Some(parent),
            Self::Missing(_) | Self::Unread(_) => false,
        }
    }

    /// Whether it is known which accounts it holds.
    fn is_found(&self) -> bool {
        !matches!(self, Self::Missing(_) | Self::Unread(_))
    }
}
