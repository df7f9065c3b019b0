//! Triggers on which nothing was started: the first of a window is published at once, the rest as a
//! digest that the first orders.

use jiff::Timestamp;
use outcome::SuppressedTriggers;
use relay_core::flow::Severity;
use remediation::guard::DecisionRecord;
use remediation::guard::digest::{DigestEntry, DigestWindow};
use store::Table;

use crate::rules::CurrentRules;
use crate::{Deps, Error, messages, rules};

/// Adds a trigger to its window, and publishes it if it is the first.
pub(crate) async fn add(
    deps: &Deps,
    current: &CurrentRules,
    window: &DigestWindow,
    entry: DigestEntry,
    record: &DecisionRecord,
    repeat: bool,
) -> Result<(), Error> {
    let now = deps.clock.now();
    let trigger = entry.trigger;
    let entry = store_entry(&deps.table, window, entry, repeat).await?;
    if deps.table.claim_first(window, trigger).await? {
        let state = deps.table.digest_state(window).await?;
        if state.is_some_and(|state| state.published > 0) {
            return Ok(());
        }
        let version = Some(record.rules_version.as_str());
        publish(deps, current, window, &[entry], version, true).await?;
        order(deps, window, now).await?;
        deps.table.note_digest(window, 1).await?;
    } else if window.is_over(now) {
        // Too late for the digest that the first ordered: it is published again, with one more.
        order(deps, window, now).await?;
    }
    Ok(())
}

/// Publishes the digest of a window: all but the first, once for each number of triggers.
pub(crate) async fn publish_digest(deps: &Deps, window: &DigestWindow) -> Result<(), Error> {
    let state = deps.table.digest_state(window).await?;
    let mut rest = deps.table.entries(window).await?;
    rest.retain(|entry| state.is_none_or(|state| state.first != entry.trigger));
    let count = u32::try_from(rest.len()).unwrap_or(u32::MAX).saturating_add(1);
    if rest.is_empty() || state.is_some_and(|state| state.published >= count) {
        tracing::info!(%window, count, "nothing more to publish");
        return Ok(());
    }
    let current = rules::current(deps).await?;
    publish(deps, &current, window, &rest, None, false).await?;
    deps.table.note_digest(window, count).await?;
    Ok(())
}

async fn order(deps: &Deps, window: &DigestWindow, now: Timestamp) -> Result<(), Error> {
    let delay = i32::try_from(window.delay(now)).unwrap_or(0);
    deps.send(&messages::digest(window), delay, "the order to publish a digest").await
}

async fn publish(
    deps: &Deps,
    current: &CurrentRules,
    window: &DigestWindow,
    entries: &[DigestEntry],
    rules_version: Option<&str>,
    first: bool,
) -> Result<(), Error> {
    // A rule that is gone: somebody should look.
    let severity = current.rules.rule(&window.rule).map_or(Severity::High, |rule| rule.severity);
    let at = deps.clock.now();
    let triggers = SuppressedTriggers { window, entries, first, severity, rules_version, at };
    let Some(outcome) = outcome::suppressed(triggers) else { return Ok(()) };
    let outcome = outcome.through(deps.portal.as_ref());
    deps.outlet.publish(&outcome).await.map_err(Error::Publish)
}

/// Stores the trigger. A repeat leaves the one that is stored, which may name more.
async fn store_entry(
    table: &Table,
    window: &DigestWindow,
    new: DigestEntry,
    repeat: bool,
) -> Result<DigestEntry, Error> {
    if repeat && let Some(stored) = table.entry(window, new.trigger).await? {
        return Ok(stored);
    }
    table.store_entry(window, &new).await?;
    Ok(new)
}
