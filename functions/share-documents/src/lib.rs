//! One owner, one Region: lists the owner's documents, compares the plan with the ledger, and makes the
//! calls that are missing: to share, and to copy into the accounts that get copies.
//!
//! One invocation works until its time budget ends and then returns a cursor; the state machine invokes it
//! again until it is done. If it is killed at any point, it may be invoked again with the same input: shares
//! in the ledger are not repeated.

mod calls;
mod changes;
mod claims;
mod copies;
mod cursor;
mod details;
mod document;
mod error;
mod files;
mod homes;
mod later;
mod listing;
mod lock;
mod owner_account;
mod pace;
mod permissions;
mod planning;
mod progress;
mod replicas;
mod source;
mod survey;
mod targets;
mod turns;
mod work;

pub use details::{Details, DocumentDetails};
pub use error::Error;

use std::collections::BTreeSet;
use std::time::Duration;

use aws::{Accounts, SdkConfig};
use calls::Caller;
use changes::Changes;
use claims::RecordedClaims;
use cursor::Cursor;
use document::Sharer;
use futures::FutureExt;
use later::LaterPlans;
use lock::{HeldLock, try_take};
use owner_account::OwnerAccount;
use pace::ConcurrencyLimit;
use permissions::Permissions;
use planning::Planner;
use relay_core::id::{AccountId, COPY_TAG, DocumentName, InstallationId, Region};
use runtime::{Clock, ConfigError, Environment};
use sharing::plan::{FRESH_FOR, PartEffect, SharePlan};
use sharing::{
    DocumentsAnswer, DocumentsRequest, ShareCounts, ShareDocumentsInput, ShareDocumentsOutput,
    SurveyInput, SurveyOutput, WorkItem,
};
use store::{Bucket, Ledger, Table, WorkLock};
use survey::Found;
use targets::Targets;
use tokio::sync::watch;
use tokio::time::Instant;
use turns::Turns;
use work::{WorkResult, Worker};

/// How many invocations in a row may be throttled without finishing anything before it is an
/// error.
const STALLS: u32 = 3;
/// How long a rival of the lock waits between two looks, at least; at most twice that.
const LOCK_POLL: Duration = Duration::from_secs(1);

/// The settings of the function.
#[derive(Debug, Clone)]
pub struct Config {
    /// Names the role in owner accounts, and what is claimed there.
    pub installation: InstallationId,
    /// The hub's Region: where claims are, in every owner account.
    pub home: Region,
    /// The most calls in flight per owner and Region.
    pub concurrency: usize,
    /// After this long an invocation answers with its cursor.
    pub time_budget: Duration,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// When a variable is missing or malformed.
    pub fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            installation: environment.require("INSTALLATION_ID")?,
            home: environment.require("AWS_REGION")?,
            concurrency: environment.or("CONCURRENCY", 10)?,
            time_budget: Duration::from_secs(environment.or("TIME_BUDGET_SECONDS", 240)?),
        })
    }
}

/// The clients and settings of the function.
#[derive(Debug)]
pub struct Deps {
    /// Ledger and work lock.
    pub table: Table,
    pub bucket: Bucket,
    /// Clients in the owners' accounts, with the SDK's retries off.
    pub owners: Accounts,
    /// The same in the accounts that get copies.
    pub targets: Accounts,
    pub clock: Clock,
    pub config: Config,
}

impl Deps {
    /// Builds the clients. Calls nothing.
    ///
    /// # Errors
    /// When the environment is incomplete.
    pub fn new(environment: &Environment, sdk: &SdkConfig) -> Result<Self, ConfigError> {
        let config = Config::read(environment)?;
        // Calls to SSM are retried in `calls`, which also slows down their siblings.
        let retries = aws_sdk_ssm::config::retry::RetryConfig::disabled();
        let installation = &config.installation;
        let session = installation.session("share-documents");
        let role = environment.or("SHARE_ROLE", installation.share_role())?;
        let owners = Accounts::new(sdk, role, &session);
        let role = environment.or("COPY_ROLE", installation.copy_role())?;
        let targets = Accounts::new(sdk, role, &session).with_retries(retries.clone());
        Ok(Self {
            table: Table::new(sdk, environment.require::<String>("TABLE_NAME")?),
            bucket: Bucket::new(sdk, environment.require::<String>("BUCKET_NAME")?),
            owners: owners.with_retries(retries),
            targets,
            clock: Clock::system(),
            config,
        })
    }
}

/// Shares one owner's documents in one Region, as far as the time budget goes.
///
/// A failure of one document, or of the whole owner and Region, is counted and written to the details; it is
/// not an error.
///
/// # Errors
/// When the work could not be done at all, or another invocation took it over. The same input may be tried
/// again.
pub async fn handle(
    deps: &Deps,
    input: ShareDocumentsInput,
) -> Result<ShareDocumentsOutput, Error> {
    let until = Instant::now() + deps.config.time_budget;
    let cursor = Cursor::read(input.cursor.as_deref()).map_err(|source| Error::Cursor {
        cursor: input.cursor.clone().unwrap_or_default(),
        source,
    })?;
    let (owner, region) = (input.owner, &input.region);
    let lock = WorkLock::new(deps.table.clone(), &input.execution.arn, owner, region);
    let read = async { deps.bucket.plan(&input.plan).await.map_err(Error::Plan) };
    let (plan, held) = futures::join!(read.boxed(), wait_for(&lock, &deps.clock, until).boxed());
    let held = match (&plan, held?) {
        (_, Some(held)) => held,
        (Err(_), None) => return Err(plan.err().unwrap_or_else(|| lost(&lock))),
        (Ok(_), None) => {
            tracing::info!("another execution works on this owner and Region, coming back later");
            return Ok(answer(&input, input.counts.unwrap_or_default(), Some(&cursor)));
        }
    };
    let worked = match plan {
        // Type erased: the future is too deep for the compiler in one piece.
        Ok(plan) => work(deps, &input, &plan, &cursor, until, &held).boxed().await,
        Err(error) => Err(error),
    };
    let was_lost = *held.lost().borrow();
    held.release().await;
    if was_lost {
        return Err(lost(&lock));
    }
    worked
}

/// Waits for the lock, looking again and again, until the time budget ends.
async fn wait_for(
    lock: &WorkLock,
    clock: &Clock,
    until: Instant,
) -> Result<Option<HeldLock>, Error> {
    for look in 0_u32.. {
        if let Some(held) = try_take(lock, clock).await.map_err(Error::Lock)? {
            return Ok(Some(held));
        }
        // By the holder of the lock, so that rivals do not all look at the same time.
        let jitter = cursor::jitter(&format!("{}/{look}", lock.holder()));
        let pause = LOCK_POLL + LOCK_POLL.mul_f64(jitter);
        if Instant::now() + pause >= until {
            break;
        }
        tokio::time::sleep(pause).await;
    }
    Ok(None)
}

/// The work itself, with the lock held.
async fn work(
    deps: &Deps,
    input: &ShareDocumentsInput,
    plan: &SharePlan,
    cursor: &Cursor,
    until: Instant,
    held: &HeldLock,
) -> Result<ShareDocumentsOutput, Error> {
    let ShareDocumentsInput { execution, owner, region, .. } = input;
    let place = (*owner, region);
    let mut details = details(deps, &execution.name, place, cursor).await?;
    // The findings of a look, if there was one: the documents that need work, and what was reported of them.
    let again = if plan.surveyed { looked_at(deps, &execution.name, place).await? } else { None };
    let applied = applied(deps, plan, place).await?;
    let (applied, lost) = (applied.as_ref(), held.lost());
    let errand = Errand { plan, execution: &execution.arn, place, again, applied, until, lost };
    let counts = input.counts.unwrap_or_default();
    let worked = errand.run(deps, cursor, counts, &mut details, None).await?;
    store_details(deps, &execution.name, place, &details).await?;
    check_progress(&worked)?;
    let counts = worked.counts;
    tracing::info!(?counts, done = worked.cursor.is_none(), "shared");
    Ok(answer(input, counts, worked.cursor.as_ref()))
}

/// Looks at one owner's documents in one Region and changes nothing, as far as the time budget goes. Takes no
/// lock: what is found is planned again, with the lock held, before it is changed.
///
/// # Errors
/// As [`handle`].
pub async fn look(deps: &Deps, input: SurveyInput) -> Result<SurveyOutput, Error> {
    let until = Instant::now() + deps.config.time_budget;
    let cursor = Cursor::read(input.cursor.as_deref()).map_err(|source| Error::Cursor {
        cursor: input.cursor.clone().unwrap_or_default(),
        source,
    })?;
    let SurveyInput { execution, survey: WorkItem { owner, region }, .. } = &input;
    let place = (*owner, region);
    let plan = deps.bucket.plan(&input.plan).await.map_err(Error::Plan)?;
    let mut details = details(deps, &execution.name, place, &cursor).await?;
    let applied = applied(deps, &plan, place).await?;
    let mut found = Found::new(*owner, region.clone(), applied.clone());
    if input.cursor.is_some() {
        found.part = deps.bucket.part(&execution.name, place).await.map_err(Error::Details)?;
        found.counts = input.counts.unwrap_or_default();
    }
    let before = ShareCounts {
        failed: found.counts.failed,
        disputed: found.counts.disputed,
        ..ShareCounts::default()
    };
    let (_held, lost) = watch::channel(false);
    let (plan, execution_arn, applied) = (&plan, execution.arn.as_str(), applied.as_ref());
    let errand =
        Errand { plan, execution: execution_arn, place, again: None, applied, until, lost };
    let worked = errand.run(deps, &cursor, before, &mut details, Some(&mut found)).await?;
    store_details(deps, &execution.name, place, &details).await?;
    found.part.problems = details.failures.problems.clone();
    if worked.cursor.is_none() {
        found.compare();
    }
    let counts = found.counts(worked.counts);
    // An owner that was not listed whole, or a document that could not be read.
    found.part.incomplete = counts.failed > 0;
    deps.bucket.store_part(&execution.name, &found.part).await.map_err(Error::Details)?;
    check_progress(&worked)?;
    tracing::info!(?counts, done = worked.cursor.is_none(), "looked");
    Ok(SurveyOutput {
        done: worked.cursor.is_none(),
        cursor: worked.cursor.as_ref().map(Cursor::write),
        owner: *owner,
        region: region.clone(),
        counts,
    })
}

/// Does what it is asked: share, or look.
///
/// # Errors
/// As [`handle`].
pub async fn respond(deps: &Deps, request: DocumentsRequest) -> Result<DocumentsAnswer, Error> {
    match request {
        DocumentsRequest::Survey(input) => Ok(DocumentsAnswer::Survey(look(deps, input).await?)),
        DocumentsRequest::Share(input) => Ok(DocumentsAnswer::Share(handle(deps, input).await?)),
    }
}

/// One owner in one Region, for one invocation.
struct Errand<'a> {
    plan: &'a SharePlan,
    /// The ARN of the execution.
    execution: &'a str,
    place: (AccountId, &'a Region),
    /// After a look: the documents that need work.
    again: Option<BTreeSet<DocumentName>>,
    /// The part of the plan that is applied, if one is.
    applied: Option<&'a PartEffect>,
    until: Instant,
    /// Turns true when nothing may be changed any more.
    lost: watch::Receiver<bool>,
}

impl Errand<'_> {
    /// Works, or looks where there is a place for what is found.
    async fn run(
        self,
        deps: &Deps,
        cursor: &Cursor,
        counts: ShareCounts,
        details: &mut Details,
        found: Option<&mut Found>,
    ) -> Result<WorkResult, Error> {
        let Self { plan, execution, place: (owner, region), again, applied, until, lost } = self;
        let planned = plan.work.iter().find(|work| work.owner == owner && work.region == *region);
        let planned = planned.ok_or_else(|| Error::NotPlanned {
            owner: owner.to_string(),
            region: region.to_string(),
        })?;
        let mut view = plan.view(owner, region);
        if deps.clock.now().duration_since(plan.seen_at) > FRESH_FOR {
            view = view.without_fresh();
        }
        let ledger = Ledger {
            table: deps.table.clone(),
            owner,
            region: region.clone(),
            execution: execution.to_owned(),
            seen_at: plan.seen_at,
        };
        let client = deps.owners.ssm(owner, region);
        let caller = Caller::new(ConcurrencyLimit::new(deps.config.concurrency), until, lost);
        let later = LaterPlans::new(deps.table.clone(), plan);
        let Config { installation, home, .. } = &deps.config;
        let place = (owner, region);
        let owner_account = OwnerAccount::new(&deps.owners, &caller, installation, place);
        let planner = Planner::new(plan, planned, &view, &ledger, &later, &owner_account);
        let mut planner = planner.applying(applied);
        if let Some(again) = again {
            planner = planner.only(again);
        }
        let at_home = deps.owners.ssm(owner, home);
        let claims = RecordedClaims::new(&at_home, &caller, installation);
        let homes = view.homes().into_iter();
        let homes = homes.map(|home| {
            let client = deps.owners.ssm(owner, &home);
            (home, client)
        });
        let worker = Worker {
            caller: &caller,
            listing: planner.listing(&client, homes.collect()),
            planner: &planner,
            claims: &claims,
            ledger: &ledger,
            clock: &deps.clock,
            counts,
        };
        let (changes, unwritten) = Changes::channel();
        let targets = Targets::new(&deps.targets, &caller, region, COPY_TAG);
        let sharer = Sharer {
            caller: &caller,
            permissions: Permissions { client: &client },
            targets: &targets,
            copy_tag: installation.copy_tag(owner),
            owner: &owner_account,
            turns: Turns::new(caller.pace.most()),
            view: &view,
            ledger: &ledger,
            later: &later,
            changes,
            // Whether what is recorded of a document that was touched is still so, SSM alone knows.
            drift: plan.drift || planned.only.is_some(),
            looks: found.is_some(),
        };
        let worked = worker.run(cursor, sharer, unwritten, details, found).await?;
        // Read by now, if there is anything to say about them.
        if let (false, Ok(claims)) = (details.claims.is_empty(), claims.get().await) {
            details.settle(claims);
        }
        Ok(worked)
    }
}

/// Refuses to go on where nothing was finished several times in a row.
fn check_progress(worked: &WorkResult) -> Result<(), Error> {
    match &worked.cursor {
        Some(next) if next.stalled >= STALLS => Err(Error::Throttled { invocations: next.stalled }),
        _ => Ok(()),
    }
}

/// The reports of earlier invocations of the execution here.
async fn details(
    deps: &Deps,
    execution: &str,
    (owner, region): (AccountId, &Region),
    cursor: &Cursor,
) -> Result<Details, Error> {
    if cursor.details {
        deps.bucket.details(execution, (owner, region)).await.map_err(Error::Details)
    } else {
        Ok(Details::new(owner, region.clone()))
    }
}

async fn store_details(
    deps: &Deps,
    execution: &str,
    place: (AccountId, &Region),
    details: &Details,
) -> Result<(), Error> {
    if details.is_empty() {
        return Ok(());
    }
    deps.bucket.store_details(execution, place, details).await.map_err(Error::Details)
}

/// The documents that need work after a look; `None` means all of them, where some could not be looked at.
async fn looked_at(
    deps: &Deps,
    execution: &str,
    place: (AccountId, &Region),
) -> Result<Option<BTreeSet<DocumentName>>, Error> {
    let part = deps.bucket.part(execution, place).await.map_err(Error::Details)?;
    Ok((!part.incomplete).then_some(part.again))
}

/// The part of the plan that is applied for one owner in one Region: an empty one, where the plan has none.
async fn applied(
    deps: &Deps,
    plan: &SharePlan,
    (owner, region): (AccountId, &Region),
) -> Result<Option<PartEffect>, Error> {
    let Some(only) = &plan.only else { return Ok(None) };
    if !only.parts.iter().any(|part| part.owner == owner && part.region == *region) {
        return Ok(Some(survey::empty_part(owner, region.clone())));
    }
    let part = deps.bucket.part(&only.execution, (owner, region)).await;
    part.map(Some).map_err(Error::Details)
}

fn answer(
    input: &ShareDocumentsInput,
    counts: ShareCounts,
    cursor: Option<&Cursor>,
) -> ShareDocumentsOutput {
    ShareDocumentsOutput {
        done: cursor.is_none(),
        cursor: cursor.map(Cursor::write),
        owner: input.owner,
        region: input.region.clone(),
        counts,
    }
}

fn lost(lock: &WorkLock) -> Error {
    Error::LockLost { key: lock.name().to_owned() }
}
