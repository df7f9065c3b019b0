//! From policy and organization to a plan.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::id::AccountId;
use relay_core::organization::{AccountState, Organization};
use relay_core::problem::{Problem, ProblemCode};

use crate::plan::{AccountPlace, PlannedRule, PlannedWork, SharePlan};
use crate::{Ownership, Scope, SharingRules, WorkItem};

/// What a plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct PlanInput<'a> {
    pub rules: &'a SharingRules,
    /// The organization: complete, or partial with the accounts in scope that are members.
    pub organization: &'a Organization,
    /// Whom to look at.
    pub scope: &'a Scope,
    /// The account that owns documents where a rule names none.
    pub hub: AccountId,
    /// Owners and Regions where the ledger holds shares with accounts in scope: policy may have
    /// forgotten them.
    pub ledger: &'a BTreeSet<WorkItem>,
}

impl SharePlan {
    /// Makes the plan. Rules that mean no account in scope are left out, unless they are
    /// exclusive: those have something to take back from whoever they do not mean.
    #[must_use]
    pub fn build(input: PlanInput<'_>) -> Self {
        let PlanInput { rules: set, organization, scope, hub, ledger } = input;
        let mut problems = set.problems.clone();
        if set.texts == 0 {
            problems.push(Problem::new(ProblemCode::RulesEmpty, "policy", "there is no rule"));
        }
        let mut rules = Vec::new();
        let mut all_found = true;
        for rule in &set.rules {
            let resolution = organization.resolve(&rule.selection());
            all_found &= !resolution
                .problems
                .iter()
                .any(|problem| problem.code == ProblemCode::UnknownOrganizationalUnit);
            problems.extend(resolution.problems);
            let accounts: Vec<AccountId> =
                resolution.accounts.into_iter().filter(|id| in_scope(scope, *id)).collect();
            if accounts.is_empty() && rule.ownership == Ownership::Ledger {
                continue;
            }
            rules.push(PlannedRule {
                name: rule.name.clone(),
                owner: rule.documents.owner.unwrap_or(hub),
                regions: rule.regions.clone(),
                documents: rule.documents.selector.clone(),
                document_version: rule.document_version,
                ownership: rule.ownership,
                accounts,
                onboarding: rule.onboarding.clone(),
            });
        }
        let places = organization
            .accounts()
            .filter(|account| in_scope(scope, account.id))
            .filter_map(|account| {
                Some(AccountPlace {
                    account: account.id,
                    path: organization.path_ids(account.id)?,
                    active: account.state == AccountState::Active,
                })
            });
        Self {
            rules_version: set.version.clone(),
            organization: *scope == Scope::Organization,
            accounts: match scope {
                Scope::Accounts(accounts) => accounts.iter().copied().collect(),
                Scope::Organization => organization.accounts().map(|account| account.id).collect(),
            },
            places: places.collect(),
            work: work(&rules, ledger),
            valid_rules: set.rules.len() as u64,
            rules,
            // A unit that was renamed, or an account between two units while they were listed, must
            // not look like one that nobody wants any more.
            removals_allowed: set.is_sound() && all_found && every_path_is_known(input),
            problems,
        }
    }

    /// The same plan for an execution whose policy could not be read: nothing to share, nothing to
    /// take back, and a problem that says why.
    #[must_use]
    pub fn unreadable_policy(scope: &Scope, reason: impl Into<String>) -> Self {
        Self {
            rules_version: String::new(),
            organization: *scope == Scope::Organization,
            accounts: match scope {
                Scope::Accounts(accounts) => accounts.iter().copied().collect(),
                Scope::Organization => Vec::new(),
            },
            places: Vec::new(),
            valid_rules: 0,
            rules: Vec::new(),
            work: Vec::new(),
            removals_allowed: false,
            problems: vec![Problem::new(ProblemCode::RulesUnreadable, "policy", reason)],
        }
    }
}

fn in_scope(scope: &Scope, account: AccountId) -> bool {
    match scope {
        Scope::Accounts(accounts) => accounts.contains(&account),
        Scope::Organization => true,
    }
}

fn every_path_is_known(input: PlanInput<'_>) -> bool {
    let PlanInput { organization, scope, .. } = input;
    organization
        .accounts()
        .filter(|account| in_scope(scope, account.id))
        .all(|account| organization.path(account.id).is_some())
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
        .map(|(WorkItem { owner, region }, rules)| PlannedWork { owner, region, rules })
        .collect()
}
