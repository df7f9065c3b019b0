//! From a rule's selectors to accounts.
#![expect(
    clippy::result_large_err,
    reason = "a problem is made once a selector; boxing it buys nothing"
)]

use std::collections::BTreeSet;

use crate::id::{AccountId, OrganizationalUnitId, ParentId};
use crate::organization::Organization;
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolution {
    /// Active members, sorted; the owner of the documents may be among them.
    pub accounts: BTreeSet<AccountId>,
    /// Selectors that mean nothing here.
    pub problems: Vec<Problem>,
}

/// A selector, looked up once.
enum Target {
    Everywhere,
    Within { parent: ParentId, children: bool },
    Account(AccountId),
    Nowhere,
}

impl Organization {
    /// The active members that a rule selects and does not exclude. An excluded OU takes the OUs
    /// below it along, whatever `includeChildUnits` says: leaving out too much is the safe side.
    #[must_use]
    pub fn resolve(&self, selection: &Selection<'_>) -> Resolution {
        let mut problems = Vec::new();
        let mut places = |selectors: &[AccountSelector], children: bool, field: &str| {
            let look_up = |(index, selector): (usize, &AccountSelector)| {
                self.look_up(selector, children).unwrap_or_else(|problem| {
                    let Problem { code, what, hint, .. } = problem;
                    let place = selection.places.place(&format!("accounts.{field}[{index}]"));
                    problems.push(Problem::new(code, place, what).with_hint(hint));
                    Target::Nowhere
                })
            };
            selectors.iter().enumerate().map(look_up).collect::<Vec<_>>()
        };
        let wanted = places(selection.accounts, selection.include_child_units, "in");
        let excluded = places(selection.exclude, true, "exclude");
        for (index, place) in wanted.iter().enumerate() {
            problems.extend(self.outsider(selection, index, place));
        }
        let accounts = self
            .accounts
            .values()
            .filter(|account| account.state == crate::organization::AccountState::Active)
            .filter_map(|account| Some((account.id, self.path(account.id)?)))
            .filter(|(id, path)| {
                wanted.iter().any(|place| place.holds(*id, path))
                    && !excluded.iter().any(|place| place.holds(*id, path))
            })
            .map(|(id, _)| id)
            .collect();
        Resolution { accounts, problems }
    }

    fn look_up(&self, selector: &AccountSelector, children: bool) -> Result<Target, Problem> {
        let unknown = |what: String| Problem::new(ProblemCode::UnknownOrganizationalUnit, "", what);
        let within = |parent: ParentId| Target::Within { parent, children };
        match selector {
            AccountSelector::Organization => Ok(Target::Everywhere),
            AccountSelector::Account(id) => Ok(Target::Account(*id)),
            AccountSelector::Root(id) if *id == self.root => Ok(within(id.clone().into())),
            AccountSelector::Root(id) => {
                Err(unknown(format!("the organization's root is {}, not {id}", self.root))
                    .with_hint("Use the root's id, or `/`."))
            }
            AccountSelector::Unit(id) if self.units.contains_key(id) => {
                Ok(within(id.clone().into()))
            }
            AccountSelector::Unit(_) | AccountSelector::Path(_) if !self.complete => match selector
            {
                AccountSelector::Path(path) => {
                    Ok(self.unit_at(path).map_or(Target::Nowhere, within))
                }
                _ => Ok(Target::Nowhere),
            },
            AccountSelector::Unit(id) => Err(unknown(format!("the organization has no OU {id}"))),
            AccountSelector::Path(path) => self.unit_at(path).map(within).ok_or_else(|| {
                let problem = unknown(format!("the organization has no OU {path}"));
                let known: Vec<String> = self.unit_paths().map(|(path, _)| path).collect();
                match nearest(path, known.iter().map(String::as_str)) {
                    Some(near) => problem.with_hint(format!(
                        "Did you mean {near}? Paths begin below the root and are case-sensitive."
                    )),
                    None => problem,
                }
            }),
        }
    }

    /// Whether selectors mean an account, and no exclusion does. Selectors that mean nothing here
    /// mean nobody; an excluded OU takes the OUs below it along.
    #[must_use]
    pub fn selects(
        &self,
        account: AccountId,
        wanted: &[AccountSelector],
        include_child_units: bool,
        exclude: &[AccountSelector],
    ) -> bool {
        let Some(path) = self.path(account) else { return false };
        let any = |selectors: &[AccountSelector], children: bool| {
            selectors.iter().any(|selector| {
                self.look_up(selector, children).is_ok_and(|place| place.holds(account, &path))
            })
        };
        any(wanted, include_child_units) && !any(exclude, true)
    }

    /// A selector as SSM's TargetLocations take it: an account's, an OU's or the root's id.
    ///
    /// # Errors
    /// When the organization has no such OU.
    pub fn target_account(&self, selector: &AccountSelector) -> Result<String, Problem> {
        Ok(match self.look_up(selector, true)? {
            Target::Everywhere => self.root.to_string(),
            Target::Account(id) => id.to_string(),
            Target::Within { parent, .. } => parent.to_string(),
            Target::Nowhere => {
                let what = format!("the organization's part that was read has no {selector}");
                return Err(Problem::new(ProblemCode::UnknownOrganizationalUnit, "", what));
            }
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

    fn unit_at(&self, path: &str) -> Option<ParentId> {
        if path.is_empty() {
            return Some(self.root.clone().into());
        }
        self.unit_paths().find(|(known, _)| known == path).map(|(_, id)| id.clone().into())
    }

    fn unit_paths(&self) -> impl Iterator<Item = (String, &OrganizationalUnitId)> {
        self.units.keys().filter_map(|id| {
            let way = self.way_down(&id.clone().into())?;
            Some((self.names(&way), id))
        })
    }
}

impl Target {
    fn holds(&self, account: AccountId, path: &[ParentId]) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Account(id) => *id == account,
            Self::Within { parent, children: true } => path.contains(parent),
            Self::Within { parent, children: false } => path.last() == Some(parent),
            Self::Nowhere => false,
        }
    }
}
