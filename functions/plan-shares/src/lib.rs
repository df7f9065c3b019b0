//! Makes the plan of an execution from rules, organization and ledger, and stores it in S3. The plan's
//! content is decided in `sharing`; this crate reads and writes.
//!
//! Shares nothing, and cannot: it has no permission on any document.

mod conclude;
mod error;
mod flight;
mod gather;
mod unchanged;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws::SdkConfig;
use aws::organization::{read_accounts, read_all, read_selected};
use aws_sdk_organizations::config::retry::RetryConfig;
use futures::stream::{StreamExt, TryStreamExt, iter};
use relay_core::execution::TriggerKind;
use relay_core::id::{AccountId, InstallationId, Region};
use relay_core::organization::Organization;
use relay_core::rules::{AccountSelector, RuleText};
use runtime::{Clock, ConfigError, Environment};
use sharing::plan::{
    AppliedPlan, Evidence, OnboardingInput, PlanInput, Removals, SharePlan, SharingEffect,
};
use sharing::{
    MassRemovalGuard, PlanAnswer, PlanRequest, PlanSharesInput, PlanSharesOutput, Scope,
    SharingRules, Touched, TouchedPairs, Verdict, WorkItem, rule_pairs,
};
use store::{Bucket, PlannedPlace, StoreError, Table};

pub use conclude::conclude;
pub use error::Error;
pub use gather::gather;
pub use unchanged::is_unchanged;

/// Requests to the table in flight.
const AT_ONCE: usize = 16;

/// How long executions wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatherWaits {
    /// As long as others keep arriving within this time, they become the work of one execution.
    pub window: Duration,
    /// So long the outcome of a join waits for the account's move out of the root.
    pub settle: Duration,
}

/// The clients, the clock and the settings of the function.
#[derive(Debug, Clone)]
pub struct Deps {
    /// Parameter Store, where policy is.
    pub ssm: aws_sdk_ssm::Client,
    /// Organizations, in the partition's Region for it.
    pub organizations: aws_sdk_organizations::Client,
    /// The share ledger, and for which place each account was last planned.
    pub table: Table,
    /// Where plans are stored.
    pub bucket: Bucket,
    /// The account that owns documents where a rule names none.
    pub hub: AccountId,
    /// The Region it is in, from which onboarding runbooks are started.
    pub region: Region,
    /// Where policy lies, without a slash at its end.
    pub rules_path: String,
    /// When a plan is held because members would lose much.
    pub guard: MassRemovalGuard,
    /// How long executions wait for each other.
    pub gather: GatherWaits,
    /// Step Functions, which knows whether another execution still runs.
    pub executions: aws_sdk_sfn::Client,
    /// Dates what is seen.
    pub clock: Clock,
}

impl Deps {
    /// Clients and settings, from the environment.
    ///
    /// # Errors
    /// When a variable is missing or makes no sense.
    pub fn new(environment: &Environment, config: &SdkConfig) -> Result<Self, ConfigError> {
        let organizations: Region = environment.require("ORGANIZATIONS_REGION")?;
        // A whole organization is hundreds of calls to an API that allows few a second: more
        // attempts than elsewhere, about 16 s of backing off at most. Not adaptive: at its slowest
        // that mode lets one retry through in 10 s, and a call would run into its time-out.
        let organizations = aws::organizations(config, &organizations).config().to_builder();
        let organizations = organizations
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(8)
                    .with_initial_backoff(Duration::from_millis(200))
                    .with_max_backoff(Duration::from_secs(5)),
            )
            .build();
        let installation: InstallationId = environment.require("INSTALLATION_ID")?;
        Ok(Self {
            ssm: aws_sdk_ssm::Client::new(config),
            organizations: aws_sdk_organizations::Client::from_conf(organizations),
            table: Table::new(config, environment.require::<String>("TABLE_NAME")?),
            bucket: Bucket::new(config, environment.require::<String>("BUCKET_NAME")?),
            hub: environment.require("HUB_ACCOUNT")?,
            region: environment.require("AWS_REGION")?,
            rules_path: installation.sharing_rules(),
            guard: MassRemovalGuard {
                percent: environment.or("MASS_REMOVAL_PERCENT", 20)?,
                pairs: environment.or("MASS_REMOVAL_PAIRS", 20)?,
            },
            gather: GatherWaits {
                window: Duration::from_secs(environment.or("GATHER_SECONDS", 4)?),
                settle: Duration::from_secs(environment.or("SETTLE_SECONDS", 60)?),
            },
            executions: aws_sdk_sfn::Client::new(config),
            clock: Clock::system(),
        })
    }
}

/// Plans once. Safe to repeat: a second plan of one execution replaces the first.
///
/// # Errors
/// When policy, organization or ledger cannot be read whole, or the plan cannot be stored.
pub async fn handle(deps: &Deps, input: PlanSharesInput) -> Result<PlanSharesOutput, Error> {
    let PlanSharesInput { execution, input, surveys } = input;
    let kind = input.trigger.kind;
    // Before anything is read, so that a later plan has seen at least as much.
    let seen_at = deps.clock.now();
    // An execution that was started before an upgrade would not look first.
    if !surveys && (input.dry_run || input.plan.is_some() || input.confirm.is_some()) {
        return Err(Error::CannotLook);
    }
    let only = match &input.plan {
        Some(execution) => Some(applied(execution, &planned(deps, execution).await?)),
        None => None,
    };
    let busy = if (input.drift || input.touched.is_some()) && !input.dry_run {
        flight::other(deps, &execution.arn).await?
    } else {
        None
    };
    let (rules, mut organization) =
        tokio::try_join!(rules(deps, &input.rules), organization(deps, &input.scope))?;
    // Only of members there is a question whether a rule means them.
    if kind != TriggerKind::Join && organization.accounts().next().is_some() {
        read_selected(&deps.organizations, &mut organization, &selectors(&rules)).await?;
    }
    let accounts = in_scope(&input.accounts(), &organization);
    let touched = match (&input.scope, input.dry_run) {
        (Scope::Organization, false) => touched(deps, input.touched.as_ref(), &rules).await?,
        _ => None,
    };
    let ledger = match kind {
        TriggerKind::Join => BTreeSet::new(),
        _ if touched.is_some() => BTreeSet::new(),
        _ => shared_pairs(&deps.table, &accounts).await?,
    };
    let mut plan = SharePlan::build(PlanInput {
        rules: &rules,
        scope: &input.scope,
        trigger: kind,
        hub: deps.hub,
        evidence: Evidence { seen_at, organization: &organization, ledger: &ledger },
        touched: touched.as_ref(),
    });
    let mut onboarding = plan.onboarding(OnboardingInput {
        trigger: &input.trigger,
        execution: &execution.arn,
        organization: &organization,
        hub: deps.hub,
        region: &deps.region,
        now: seen_at,
    });

    let last = match kind {
        TriggerKind::Join | TriggerKind::Recheck => last_places(&deps.table, &accounts).await?,
        _ => BTreeMap::new(),
    };
    let mut unchanged = is_unchanged(&input.trigger, &plan, rules.texts > 0, &last);
    if unchanged && kind == TriggerKind::Recheck && rules.texts > 0 {
        unchanged = !was_overtaken(&deps.table, &accounts).await?;
    }
    unchanged = unchanged && !input.dry_run || busy.is_some();
    plan.drift = input.drift;
    plan.surveyed = surveys && plan.organization;
    plan.only = only;
    plan.adopts = input.adopt;
    let stored = deps.bucket.store_plan(&execution.name, &plan).await.map_err(Error::Plan)?;
    if input.dry_run || busy.is_some() {
        // Nobody is planned for.
    } else if plan.touched {
        // It is about what was touched, and not the organization's last plan.
    } else if plan.organization {
        deps.table.store_organization_planned(seen_at).await?;
    } else if !unchanged {
        let latest = store_places(&deps.table, &plan, &execution.name, &last).await?;
        // A later plan for the same accounts exists, and this one, made from an older view, must not
        // undo its work. A join is answered anyway: it removes nothing.
        unchanged = !latest && !matches!(kind, TriggerKind::Join | TriggerKind::Manual);
    }

    if unchanged {
        onboarding.clear();
    }
    let pairs = if unchanged { Vec::new() } else { work(&plan) };
    let (survey, work) = if plan.surveyed { (pairs, Vec::new()) } else { (Vec::new(), pairs) };
    let in_transit = input.joined.is_some() && plan.is_in_transit(&organization, seen_at);
    let (accounts, problems) = (plan.accounts.len() as u64, plan.problems.len() as u64);
    tracing::info!(
        trigger = ?kind,
        accounts,
        rules = plan.rules.len(),
        work = work.len(),
        survey = survey.len(),
        busy = busy.as_deref(),
        problems,
        onboarding = onboarding.len(),
        removals = ?plan.removals,
        rules_version = plan.rules_version,
        "{}",
        if unchanged { "unchanged" } else { "planned" }
    );
    Ok(PlanSharesOutput {
        plan: stored,
        work,
        accounts,
        problems,
        rules_version: plan.rules_version,
        survey,
        busy,
        unchanged,
        applies: input.plan,
        proposed: input.rules.len() as u64,
        in_transit,
        onboarding,
    })
}

/// Does what it is asked: gather, plan, or say what to do about the effect of a plan.
///
/// # Errors
/// As [`gather`], [`handle`] and [`conclude`].
pub async fn respond(deps: &Deps, request: PlanRequest) -> Result<PlanAnswer, Error> {
    match request {
        PlanRequest::Gather(input) => Ok(PlanAnswer::Gathered(gather(deps, input).await?)),
        PlanRequest::Conclude(input) => Ok(PlanAnswer::Conclusion(conclude(deps, input).await?)),
        PlanRequest::Plan(input) => Ok(PlanAnswer::Plan(handle(deps, input).await?)),
    }
}

/// Where to look after a change: at the owners and Regions that the rules name and named before, which is stored for
/// the next change. `None` means everywhere.
async fn touched(
    deps: &Deps,
    touched: Option<&Touched>,
    rules: &SharingRules,
) -> Result<Option<TouchedPairs>, Error> {
    let before = deps.table.rule_pairs().await?;
    let pairs = touched.and_then(|touched| touched.pairs(rules, deps.hub, &before));
    for (rule, mut now) in rule_pairs(rules, deps.hub) {
        let known = before.get(&rule);
        if pairs.is_some() {
            // It is not everything that is looked at now.
            now.extend(known.into_iter().flatten().cloned());
        }
        if known != Some(&now) {
            deps.table.store_rule_pairs(&rule, &now).await?;
        }
    }
    Ok(pairs)
}

/// Where rules look for accounts: all of it has to be found before anything is removed.
fn selectors(rules: &SharingRules) -> Vec<&AccountSelector> {
    let accounts = rules.rules.iter().map(|rule| &rule.accounts);
    accounts.flat_map(|accounts| accounts.r#in.iter().chain(&accounts.exclude)).collect()
}

async fn organization(deps: &Deps, scope: &Scope) -> Result<Organization, Error> {
    Ok(match scope {
        Scope::Accounts(accounts) => read_accounts(&deps.organizations, accounts).await?,
        Scope::Organization => read_all(&deps.organizations).await?,
    })
}

/// The deployed rules, and in place of some of them those that somebody proposes. Never cached: a function stays warm
/// for hours.
async fn rules(
    deps: &Deps,
    proposed: &BTreeMap<String, Option<String>>,
) -> Result<SharingRules, Error> {
    let path = deps.rules_path.clone();
    let texts = aws::parameters::texts(&deps.ssm, &path).await;
    let mut texts = texts.map_err(|source| Error::Policy { path: path.clone(), source })?;
    texts.retain(|rule| !proposed.contains_key(&rule.name));
    texts.extend(proposed.iter().filter_map(|(name, text)| {
        let parameter = format!("{}/{name}", path.trim_end_matches('/'));
        Some(RuleText::parameter(parameter, text.as_deref()?))
    }));
    Ok(SharingRules::parse(texts))
}

/// The plan that an execution applies.
fn applied(execution: &str, effect: &SharingEffect) -> AppliedPlan {
    let parts = effect.parts.iter().filter(|part| part.object.is_some());
    AppliedPlan {
        execution: execution.to_owned(),
        parts: parts
            .map(|part| WorkItem { owner: part.owner, region: part.region.clone() })
            .collect(),
    }
}

/// The effect that a dry run has stored, if it is still kept.
async fn planned(deps: &Deps, execution: &str) -> Result<SharingEffect, Error> {
    let effect = deps.bucket.effect(execution).await.map_err(Error::Plan)?;
    effect
        .filter(|effect| effect.verdict == Verdict::Shown)
        .ok_or_else(|| Error::NoPlan { execution: execution.to_owned() })
}

fn work(plan: &SharePlan) -> Vec<WorkItem> {
    plan.work
        .iter()
        .map(|work| WorkItem { owner: work.owner, region: work.region.clone() })
        .collect()
}

/// The accounts named, or every member.
fn in_scope(named: &[AccountId], organization: &Organization) -> Vec<AccountId> {
    if organization.is_complete() {
        organization.accounts().map(|account| account.id).collect()
    } else {
        named.to_vec()
    }
}

/// Owners and Regions in the ledger: shares remain when their rule is deleted.
async fn shared_pairs(
    table: &Table,
    accounts: &[AccountId],
) -> Result<BTreeSet<WorkItem>, StoreError> {
    iter(accounts)
        .map(|account| table.shared_pairs(*account))
        .buffer_unordered(AT_ONCE)
        .try_fold(BTreeSet::new(), async |mut all, pairs| {
            all.extend(pairs);
            Ok(all)
        })
        .await
}

/// Whether the whole organization was planned for after one of the accounts: from a list that may have lacked
/// it.
async fn was_overtaken(table: &Table, accounts: &[AccountId]) -> Result<bool, StoreError> {
    let Some(organization) = table.organization_planned_at().await? else { return Ok(false) };
    for account in accounts {
        if table.planned_at(*account).await?.is_none_or(|planned| planned.at < organization) {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn last_places(
    table: &Table,
    accounts: &[AccountId],
) -> Result<BTreeMap<AccountId, PlannedPlace>, StoreError> {
    iter(accounts)
        .map(|account| async move { Ok((*account, table.place(*account).await?)) })
        .buffer_unordered(AT_ONCE)
        .try_filter_map(async |(account, place)| Ok(place.map(|place| (account, place))))
        .try_collect()
        .await
}

/// Stores what each account was planned for. Returns whether this plan is the latest of any of them.
async fn store_places(
    table: &Table,
    plan: &SharePlan,
    execution: &str,
    last: &BTreeMap<AccountId, PlannedPlace>,
) -> Result<bool, StoreError> {
    iter(&plan.accounts)
        .map(|account| {
            let place = plan.places.iter().find(|place| place.account == *account);
            let path = place.and_then(|place| place.path.as_deref());
            let place = PlannedPlace {
                path: path.unwrap_or(PlannedPlace::NOWHERE).to_owned(),
                active: place.is_some_and(|place| place.active),
                rules_version: plan.rules_version.clone(),
                execution: execution.to_owned(),
                first: plan.removals == Removals::Nobody
                    && last
                        .get(account)
                        .is_none_or(|last| last.execution == execution && last.first),
            };
            table.store_place(*account, place, plan.seen_at)
        })
        .buffer_unordered(AT_ONCE)
        .try_fold(false, async |any, latest| Ok(any || latest))
        .await
}
