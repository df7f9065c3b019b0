//! From rules, organization and ledger to a plan.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use relay_core::execution::TriggerKind;
use relay_core::id::AccountId;
use relay_core::organization::{Account, AccountState, JoinedMethod, Organization};
use relay_core::problem::{Problem, ProblemCode};

use crate::plan::{AccountPlace, PlannedRule, PlannedWork, Removals, SharePlan};
use crate::{Ownership, Scope, SharingRules, TouchedPairs, WorkItem};

/// For how long after its creation nobody else can have shared documents with an account.
pub const FRESH_FOR: SignedDuration = SignedDuration::from_mins(15);

/// The input of a plan.
#[derive(Debug, Clone, Copy)]
pub struct PlanInput<'a> {
    /// All sharing rules, invalid ones as problems.
    pub rules: &'a SharingRules,
    /// Whom to look at.
    pub scope: &'a Scope,
    /// Why. A join removes nothing.
    pub trigger: TriggerKind,
    /// The account that owns documents where a rule names none.
    pub hub: AccountId,
    /// The facts that were read of the world.
    pub evidence: Evidence<'a>,
    /// Look at nothing else than this.
    pub touched: Option<&'a TouchedPairs>,
}

/// The facts that were read for a plan, when, and how completely. A share is removed only where this is enough to know
/// that nobody wants it.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// When reading for the plan began.
    pub seen_at: Timestamp,
    /// The organization: complete, or partial with the accounts in scope that are members. It knows itself
    /// which OUs it does not hold.
    pub organization: &'a Organization,
    /// Owners and Regions where the ledger holds shares with accounts in scope: a rule that was deleted
    /// names them no more.
    pub ledger: &'a BTreeSet<WorkItem>,
}

impl SharePlan {
    /// Makes the plan. Rules that mean no account in scope are left out, except those that may take
    /// something away or keep it: the exclusive ones, those whose OUs were not all found and, for the organization,
    /// those that keep replicas.
    #[must_use]
    pub fn build(input: PlanInput<'_>) -> Self {
        let PlanInput { rules: set, scope, trigger, hub, evidence, touched } = input;
        let Evidence { seen_at, organization, ledger } = evidence;
        let mut problems = set.problems.clone();
        if set.texts == 0 {
            problems.push(Problem::new(ProblemCode::RulesEmpty, "rules", "there is no rule"));
        }
        let accounts = set.rules.iter().map(|rule| &rule.accounts);
        let selectors = accounts.flat_map(|accounts| accounts.r#in.iter().chain(&accounts.exclude));
        let selectors_read = organization.unread(selectors).is_empty();
        let members = organization.accounts().any(|account| in_scope(scope, account.id));
        let may_lose = trigger != TriggerKind::Join && members;
        let mut rules = Vec::new();
        for rule in &set.rules {
            let resolution = organization.resolve(&rule.selection());
            problems.extend(resolution.problems);
            let accounts: Vec<AccountId> =
                resolution.accounts.into_iter().filter(|id| in_scope(scope, *id)).collect();
            let replicates = *scope == Scope::Organization && rule.documents.home_region.is_some();
            let idle = accounts.is_empty() && rule.ownership == Ownership::Ledger && !replicates;
            // A doubtful rule keeps its documents where they are: with members, which alone it can mean,
            // where anything may be removed at all.
            if idle && (resolution.is_certain || !may_lose) {
                continue;
            }
            rules.push(PlannedRule {
                name: rule.name.clone(),
                owner: rule.documents.owner.unwrap_or(hub),
                regions: rule.regions.clone(),
                home_region: rule.documents.home_region.clone(),
                documents: rule.documents.selector.clone(),
                document_version: rule.document_version,
                distribution: rule.distribution,
                ownership: rule.ownership,
                accounts,
                certain: resolution.is_certain,
                onboarding: rule.onboarding.clone(),
            });
        }
        let places = organization.accounts().filter(|account| in_scope(scope, account.id));
        let places: Vec<AccountPlace> =
            places.map(|account| place(organization, account, trigger, seen_at)).collect();
        Self {
            rules_version: set.version.clone(),
            seen_at,
            organization: *scope == Scope::Organization,
            accounts: match scope {
                Scope::Accounts(accounts) => accounts.iter().copied().collect(),
                Scope::Organization => organization.accounts().map(|account| account.id).collect(),
            },
            places,
            work: match touched {
                Some(touched) => touched_work(&rules, touched),
                None => work(&rules, ledger),
            },
            valid_rules: set.rules.len() as u64,
            rules,
            removals: match trigger {
                // It may have been planned while the account was in the root, with the execution for its
                // OU under way, whose shares it must not remove.
                TriggerKind::Join => Removals::Nobody,
                _ if set.is_sound() => Removals::Everybody,
                _ => Removals::Departed,
            },
            selectors_read,
            drift: false,
            surveyed: false,
            only: None,
            adopts: false,
            touched: touched.is_some(),
            problems,
        }
    }

    /// Whether an account that was created minutes ago is still in the root, where every account is born: it is
    /// probably about to be moved.
    #[must_use]
    pub fn is_in_transit(&self, organization: &Organization, now: Timestamp) -> bool {
        let created = |account: &Account| {
            account.joined_method == Some(JoinedMethod::Created)
                && account.joined_at.is_some_and(|at| now.duration_since(at) <= FRESH_FOR)
        };
        let in_root =
            |place: &AccountPlace| place.path.as_ref().is_some_and(|path| !path.contains('/'));
        organization.accounts().filter(|account| created(account)).any(|account| {
            self.places.iter().any(|place| place.account == account.id && in_root(place))
        })
    }
}

fn in_scope(scope: &Scope, account: AccountId) -> bool {
    match scope {
        Scope::Accounts(accounts) => accounts.contains(&account),
        Scope::Organization => true,
    }
}

fn place(
    organization: &Organization,
    account: &Account,
    trigger: TriggerKind,
    seen_at: Timestamp,
) -> AccountPlace {
    let created = account.joined_method == Some(JoinedMethod::Created);
    let young = account.joined_at.is_some_and(|at| seen_at.duration_since(at) <= FRESH_FOR);
    AccountPlace {
        account: account.id,
        path: organization.path_ids(account.id),
        active: account.state == AccountState::Active,
        unsettled: matches!(account.state, AccountState::PendingActivation | AccountState::Other),
        fresh: trigger == TriggerKind::Join && created && young,
    }
}

/// Owners and Regions of the rules and of the ledger, in order.
fn work(rules: &[PlannedRule], ledger: &BTreeSet<WorkItem>) -> Vec<PlannedWork> {
    let mut work: BTreeMap<WorkItem, Vec<usize>> =
        ledger.iter().map(|item| (item.clone(), Vec::new())).collect();
    for (index, rule) in rules.iter().enumerate() {
        for region in &rule.regions {
            let item = WorkItem { owner: rule.owner, region: region.clone() };
            work.entry(item).or_default().push(index);
        }
    }
    work.into_iter()
        .map(|(WorkItem { owner, region }, rules)| PlannedWork { owner, region, rules, only: None })
        .collect()
}

/// The owners and Regions that were touched, with their rules.
fn touched_work(rules: &[PlannedRule], touched: &TouchedPairs) -> Vec<PlannedWork> {
    let of_pair = |pair: &WorkItem| {
        let rules = rules.iter().enumerate();
        rules
            .filter(|(_, rule)| rule.owner == pair.owner && rule.regions.contains(&pair.region))
            .map(|(index, _)| index)
            .collect()
    };
    touched
        .iter()
        .map(|(pair, only)| PlannedWork {
            owner: pair.owner,
            region: pair.region.clone(),
            rules: of_pair(pair),
            only: only.clone(),
        })
        .collect()
}
