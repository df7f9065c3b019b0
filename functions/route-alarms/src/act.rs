//! What follows from a decision that stands: an execution, an outcome, a digest. Every part may be
//! done again.

use aws::{AwsError, Started, start_only_once};
use jiff::Timestamp;
use outcome::Told;
use relay_core::flow::Severity;
use remediation::guard::digest::{Bucket, Opening, Record};
use remediation::guard::{Brake, Decided, Recorded, TakeAnswer};
use remediation::{RemediationRule, Resolution, Subject};

use crate::messages::Rang;
use crate::rules::Policy;
use crate::{Deps, Error, messages, rules};

/// The longest that SQS delays a message.
const LONGEST_DELAY: i64 = 900;

fn table(what: &'static str) -> impl FnOnce(AwsError) -> Error {
    move |source| Error::Table { what, source }
}

/// Acts on a decision.
///
/// `repeat` says that it was found in the table: whoever decided may have got anywhere from there.
pub(crate) async fn act(
    deps: &Deps,
    rang: &Rang,
    recorded: &Recorded,
    subject: Option<Subject>,
    repeat: bool,
) -> Result<(), Error> {
    match &recorded.decided {
        Decided::Start(_) => start(deps, rang).await,
        Decided::WouldStart(_) | Decided::WouldHold(_) | Decided::Hold(_) => {
            // For the severity and the resource; both are cached or nearly always there.
            let policy = rules::policy(deps).await?;
            let rule = policy.rules.rule(&recorded.rule);
            if repeat {
                unlock(deps, rang, recorded, rule).await?;
            }
            tell(deps, &policy, rang, recorded, subject, repeat).await
        }
    }
}

async fn start(deps: &Deps, rang: &Rang) -> Result<(), Error> {
    let id = rang.trigger.id();
    let item = deps.table.get(&Recorded::input_key(id)).await;
    let item = item.map_err(table("read the input of the run"))?;
    let input = item.as_ref().and_then(Recorded::read_input).ok_or(Error::InputGone(id))?;
    let name = rang.trigger.execution_name();
    match start_only_once(&deps.sfn, &deps.run_automation, &name, input).await {
        Ok(Started::New(name)) => tracing::info!(started = %name, trigger = %id, "started"),
        Ok(Started::Already(name)) => {
            tracing::info!(runs = %name, trigger = %id, "started already");
        }
        Err(error) => return Err(Error::Start(error)),
    }
    Ok(())
}

/// Whoever decided may have died before giving back the lock: on the resource that the alarm names
/// it is given back again. That is a condition, so it never takes it from another.
async fn unlock(
    deps: &Deps,
    rang: &Rang,
    recorded: &Recorded,
    rule: Option<&RemediationRule>,
) -> Result<(), Error> {
    let (Decided::Hold(held), Some(rule)) = (&recorded.decided, rule) else { return Ok(()) };
    let after_the_lock =
        matches!(held.brake, Some(Brake::RuleBudget | Brake::AccountBudget | Brake::Storm));
    let Resolution::Known(subject) = rule.resolve(&rang.trigger) else { return Ok(()) };
    if !after_the_lock {
        return Ok(());
    }
    let (me, now) = (rang.trigger.id(), deps.clock.now());
    let taker = remediation::guard::takes::Taker { me, rule: &rule.name, observing: false, now };
    for key in subject.keys(rule) {
        deps.table.write(&taker.unlock(&key)).await.map_err(table("give back the lock"))?;
    }
    Ok(())
}

/// The first of a bucket at once, the rest as a digest that the first orders.
async fn tell(
    deps: &Deps,
    policy: &Policy,
    rang: &Rang,
    recorded: &Recorded,
    subject: Option<Subject>,
    repeat: bool,
) -> Result<(), Error> {
    let Some(bucket) = recorded.bucket() else { return Ok(()) };
    let (id, now) = (rang.trigger.id(), deps.clock.now());
    let rule = policy.rules.rule(&recorded.rule);
    let record = keep(deps, &bucket, record(rang, recorded, rule, subject), repeat).await?;
    tracing::info!(
        code = %bucket.code, observed = bucket.observed, rule = bucket.rule, what = record.what,
        trigger = %id, "held back"
    );
    match deps.table.write(&bucket.first(id)).await.map_err(table("claim to be the first"))? {
        TakeAnswer::Taken => {
            let item = deps.table.get(&bucket.opening_key()).await;
            let item = item.map_err(table("look whether the first was told"))?;
            if item.as_ref().and_then(Opening::read).is_some_and(|opening| opening.told > 0) {
                return Ok(());
            }
            publish(deps, &bucket, &[record], true, severity(policy, &bucket), Some(recorded))
                .await?;
            order_digest(deps, &bucket, now).await?;
            note(deps, &bucket, 1).await
        }
        // Too late for the digest that the first ordered: it is told again with one more.
        TakeAnswer::Refused(_) if bucket.is_over(now) => order_digest(deps, &bucket, now).await,
        TakeAnswer::Refused(_) => Ok(()),
    }
}

/// Tells the digest of a bucket: all but the first. Told once for each number of triggers.
pub(crate) async fn digest(deps: &Deps, bucket: &Bucket) -> Result<(), Error> {
    let opening = deps.table.get(&bucket.opening_key()).await;
    let opening = opening.map_err(table("look what was told of a digest"))?;
    let opening = opening.as_ref().and_then(Opening::read);
    let items = deps.table.query(&bucket.pk(), "t#").await;
    let items = items.map_err(table("read the triggers of a digest"))?;
    let first = opening.map(|opening| opening.first);
    let rest: Vec<Record> = items
        .iter()
        .filter_map(|(sk, item)| Record::read(sk, item))
        .filter(|record| Some(record.trigger) != first)
        .collect();
    let count = u32::try_from(rest.len()).unwrap_or(u32::MAX).saturating_add(1);
    if rest.is_empty() || opening.is_some_and(|opening| opening.told >= count) {
        tracing::info!(bucket = bucket.pk(), count, "nothing more to tell");
        return Ok(());
    }
    let policy = rules::policy(deps).await?;
    publish(deps, bucket, &rest, false, severity(&policy, bucket), None).await?;
    note(deps, bucket, count).await
}

/// Orders to look at the trigger again, in steps where the time is longer than SQS delays.
pub(crate) async fn later(deps: &Deps, rang: &Rang, until: Timestamp) -> Result<(), Error> {
    let now = deps.clock.now();
    // A second more: SQS's clock is not ours.
    let seconds = until.as_second() - now.as_second() + 1;
    let delay = i32::try_from(seconds.clamp(0, LONGEST_DELAY)).unwrap_or(0);
    tracing::info!(%until, delay, "looked at again later");
    deps.send(&messages::later(&rang.message), delay, "a deferred alarm").await
}

async fn order_digest(deps: &Deps, bucket: &Bucket, now: Timestamp) -> Result<(), Error> {
    let delay = i32::try_from(bucket.delay(now)).unwrap_or(0);
    deps.send(&messages::digest(bucket), delay, "the order to tell a digest").await
}

async fn publish(
    deps: &Deps,
    bucket: &Bucket,
    records: &[Record],
    first: bool,
    severity: Severity,
    recorded: Option<&Recorded>,
) -> Result<(), Error> {
    let at = deps.clock.now();
    let rules_version = recorded.map(|recorded| recorded.rules_version.as_str());
    let told = Told { bucket, records, first, severity, rules_version, at };
    let Some(outcome) = outcome::held(told) else { return Ok(()) };
    deps.tell(&outcome).await
}

async fn note(deps: &Deps, bucket: &Bucket, count: u32) -> Result<(), Error> {
    // Refused where more were told meanwhile.
    deps.table.write(&bucket.told(count)).await.map_err(table("note what was told"))?;
    Ok(())
}

/// How much somebody should care: as the rule says, or much where it is gone.
fn severity(policy: &Policy, bucket: &Bucket) -> Severity {
    policy.rules.rule(&bucket.rule).map_or(Severity::High, |rule| rule.severity)
}

/// Writes the record. Whoever repeats leaves the first one's, which may know more.
async fn keep(deps: &Deps, bucket: &Bucket, new: Record, repeat: bool) -> Result<Record, Error> {
    let write = bucket.record(&new);
    if repeat {
        let item = deps.table.get(&write.key).await.map_err(table("look for a held trigger"))?;
        if let Some(kept) = item.and_then(|item| Record::read(&write.key.sk, &item)) {
            return Ok(kept);
        }
    }
    deps.table.write(&write).await.map_err(table("keep a held trigger"))?;
    Ok(new)
}

fn record(
    rang: &Rang,
    recorded: &Recorded,
    rule: Option<&RemediationRule>,
    subject: Option<Subject>,
) -> Record {
    let trigger = &rang.trigger;
    let (subject, what) = match &recorded.decided {
        Decided::Start(subject) | Decided::WouldStart(subject) => {
            let runbook = rule.and_then(|rule| rule.ladder.first());
            let what = match runbook {
                Some(rung) => format!("it would have run {}", rung.runbook),
                None => "it would have been run".to_owned(),
            };
            (Some(subject.clone()), what)
        }
        Decided::WouldHold(held) => {
            (subject, format!("it would have been held back: {}", held.problem.what))
        }
        Decided::Hold(held) => (subject, held.problem.what.clone()),
    };
    let subject = subject.or_else(|| match rule?.resolve(trigger) {
        Resolution::Known(subject) => Some(subject),
        Resolution::LookUp { .. } | Resolution::Refused(_) => None,
    });
    let subject = subject.unwrap_or_else(|| Subject {
        account: trigger.alarm.account(),
        region: trigger.alarm.region().clone(),
        resources: Vec::new(),
    });
    Record {
        trigger: trigger.id(),
        alarm: trigger.alarm.to_string(),
        account: subject.account.to_string(),
        region: subject.region.to_string(),
        resources: subject.resources,
        what,
    }
}
