//! The effect of a recorded decision: an execution, or an outcome. Every part may be done again.

use aws::{Started, start_only_once};
use jiff::Timestamp;
use metrics::{Measurement, Metric};
use remediation::guard::digest::DigestEntry;
use remediation::guard::{Conclusion, DecisionRecord};
use remediation::{RemediationRule, Resolution, Subject};
use store::Table;

use crate::messages::IncomingAlarm;
use crate::{Deps, Error, digests, messages, rules};

/// The longest that SQS delays a message.
const LONGEST_DELAY: i64 = 900;

/// Acts on a decision.
///
/// `repeat` says that it was recorded before this attempt: the one that recorded it may have got
/// anywhere from there.
pub(crate) async fn act(
    deps: &Deps,
    alarm: &IncomingAlarm,
    record: &DecisionRecord,
    repeat: bool,
) -> Result<(), Error> {
    if record.starts() {
        return start(deps, alarm).await;
    }
    // Cached, or nearly always.
    let current = rules::current(deps).await?;
    let rule = current.rules.rule(&record.rule);
    if alarm.redelivered {
        recover(&deps.table, alarm, record, rule).await?;
    }
    let Some(window) = record.window() else { return Ok(()) };
    let entry = entry(alarm, record, rule);
    tracing::info!(
        code = %window.code, observed = window.observed, rule = window.rule, what = entry.what,
        trigger = %entry.trigger, "suppressed"
    );
    // Once a trigger, with the attempt that recorded the decision.
    if !repeat && !window.observed {
        metrics::record(&[Measurement::count(Metric::Suppressed, 1).of(window.code.as_str())]);
    }
    digests::add(deps, &current, &window, entry, record, repeat).await
}

async fn start(deps: &Deps, alarm: &IncomingAlarm) -> Result<(), Error> {
    let id = alarm.trigger.id();
    let input = deps.table.input(id).await?.ok_or(Error::InputGone(id))?;
    let name = alarm.trigger.execution_name();
    match start_only_once(&deps.sfn, &deps.run_automation, &name, &input).await {
        Ok(Started::New(name)) => tracing::info!(started = %name, trigger = %id, "started"),
        Ok(Started::Already(name)) => {
            tracing::info!(runs = %name, trigger = %id, "started already");
        }
        Err(error) => return Err(Error::Start(error)),
    }
    Ok(())
}

/// An earlier attempt at the message may have been killed after it had taken something. All of that
/// is released, as far as the resources are known. What another trigger holds is never touched.
async fn recover(
    table: &Table,
    alarm: &IncomingAlarm,
    record: &DecisionRecord,
    rule: Option<&RemediationRule>,
) -> Result<(), Error> {
    // Without its rule the leases end by themselves.
    let Some(rule) = rule else { return Ok(()) };
    let Some(subject) = subject(alarm, record, Some(rule)) else { return Ok(()) };
    let taker = record.taker(alarm.trigger.id());
    for release in record.leftovers(rule, &subject) {
        table.release(&taker, &release).await?;
    }
    Ok(())
}

/// Orders to look at the trigger again, in steps where the time is longer than SQS delays.
pub(crate) async fn later(
    deps: &Deps,
    alarm: &IncomingAlarm,
    until: Timestamp,
) -> Result<(), Error> {
    let now = deps.clock.now();
    // A second more: SQS's clock is not ours.
    let seconds = until.as_second() - now.as_second() + 1;
    let delay = i32::try_from(seconds.clamp(0, LONGEST_DELAY)).unwrap_or(0);
    tracing::info!(%until, delay, "looked at again later");
    deps.send(&messages::later(&alarm.message), delay, "a deferred alarm").await
}

/// The trigger as its digest shows it.
fn entry(
    alarm: &IncomingAlarm,
    record: &DecisionRecord,
    rule: Option<&RemediationRule>,
) -> DigestEntry {
    let trigger = &alarm.trigger;
    let what = match &record.conclusion {
        Conclusion::Start | Conclusion::WouldStart => {
            match rule.and_then(|rule| rule.ladder.first()) {
                Some(rung) => format!("it would have run {}", rung.runbook),
                None => "it would have been run".to_owned(),
            }
        }
        Conclusion::WouldSuppress(suppression) => {
            format!("it would have been suppressed: {}", suppression.problem.what)
        }
        Conclusion::Suppress(suppression) => suppression.problem.what.clone(),
    };
    let subject = subject(alarm, record, rule).unwrap_or_else(|| Subject {
        account: trigger.alarm.account(),
        region: trigger.alarm.region().clone(),
        resources: Vec::new(),
    });
    DigestEntry {
        trigger: trigger.id(),
        alarm: trigger.alarm.clone(),
        contributor: trigger.contributor.clone(),
        account: subject.account,
        region: subject.region,
        resources: subject.resources,
        what,
        at: Some(trigger.at),
        reason: Some(trigger.reason.clone()).filter(|reason| !reason.is_empty()),
    }
}

/// The resources as they were known to the decision, or as the alarm names them.
fn subject(
    alarm: &IncomingAlarm,
    record: &DecisionRecord,
    rule: Option<&RemediationRule>,
) -> Option<Subject> {
    record.subject.clone().or_else(|| match rule?.resolve(&alarm.trigger) {
        Resolution::Known(subject) => Some(subject),
        Resolution::LookUp { .. } | Resolution::Refused(_) => None,
    })
}
