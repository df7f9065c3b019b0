//! `relay outcomes`: the history as a list, and what is added to it.

mod table;

use std::collections::HashSet;
use std::time::Duration;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use outcome::{HistoryEntry, HistoryQuery, OutcomeStatus};
use relay_core::id::AccountId;
use serde::Serialize;
use uuid::Uuid;

use crate::Exit;
use crate::archive::{Archive, instant};
use crate::arguments::Global;
use crate::output::Output;
use crate::session::{Session, Where};

pub(crate) use table::{colored_status, line, lines};

const EXAMPLES: &str = "\
Examples:
  relay outcomes                                    the last day
  relay outcomes --since 7d --status failed,partial
  relay outcomes --resource i-0123456789abcdef0 --since 90d
  relay outcomes --alarm web-status --rule ec2-status-check
  relay outcomes --follow                           what happens from now on
  relay outcomes --output json | jq '.outcomes[].summary'

relay show ID has the story of one of them; the first eight characters of its id are enough.";

/// How often `--follow` looks.
const PACE: Duration = Duration::from_secs(2);
/// An outcome is stored a little after it was decided: so far back a look begins.
const OVERLAP: SignedDuration = SignedDuration::from_secs(60);
/// The most outcomes of one look of `--follow`.
const MOST_AT_ONCE: usize = 1_000;

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// How far back: a period (30m, 12h, 7d), a date or an instant; 400 days are kept
    #[arg(long, value_name = "TIME", default_value = "1d")]
    since: String,
    /// Until when; default: now
    #[arg(long, value_name = "TIME", conflicts_with = "follow")]
    until: Option<String>,
    /// Only about this account
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
    /// Only of this rule
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// Only about this resource: its id or ARN
    #[arg(long, value_name = "ID")]
    resource: Option<String>,
    /// Only about this alarm: its name or ARN
    #[arg(long, value_name = "NAME")]
    alarm: Option<String>,
    /// Only with one of these statuses
    #[arg(long, value_name = "STATUS", value_delimiter = ',', value_parser = status)]
    status: Vec<OutcomeStatus>,
    /// At most so many, the newest
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Print each outcome as it comes; Ctrl-C ends it
    #[arg(long, short)]
    follow: bool,
}

/// A status as outcomes and their message attributes spell it.
fn status(text: &str) -> Result<OutcomeStatus, String> {
    serde_json::from_value(text.into()).map_err(|_| {
        "expected succeeded, partial, failed, suppressed, observed, pendingApproval or cancelled"
            .to_owned()
    })
}

#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    place: Where<'a>,
    since: Timestamp,
    /// In the order of time, the newest first.
    outcomes: &'a [HistoryEntry],
    /// There are more in this time: raise `--limit`, or ask for less.
    more: bool,
}

/// Prints the outcomes of a time, and with `--follow` those that come.
pub(crate) async fn run(
    arguments: &Arguments,
    global: &Global,
    now: Timestamp,
    output: &Output,
) -> Result<Exit> {
    let since = instant(&arguments.since, now)?;
    let until = arguments.until.as_deref().map_or(Ok(now), |until| instant(until, now))?;
    let session = Session::open(global).await?;
    let archive = Archive::of(&session)?;
    let query = HistoryQuery {
        resource: arguments.resource.clone(),
        alarm: arguments.alarm.clone(),
        rule: arguments.rule.clone(),
        account: arguments.account,
        statuses: arguments.status.clone(),
    };
    let limit = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    // A moment more: clocks differ.
    let end = if arguments.until.is_some() { until } else { until + OVERLAP };
    let found = archive.find(&query, (since, end), limit).await?;
    if arguments.follow {
        return follow(&archive, &query, found.entries, output).await;
    }
    let outcomes = &found.entries;
    output.json(&Report { place: session.place(), since, outcomes, more: found.more })?;
    if outcomes.is_empty() {
        output.note(format_args!("no outcomes since {since} that fit"));
        unanswered(&archive, since, output).await?;
        return Ok(Exit::Done);
    }
    for line in lines(outcomes, output.width()) {
        output.line(line);
    }
    if found.more {
        output.note(format_args!("there are more: raise --limit, or ask for less"));
    }
    Ok(Exit::Done)
}

/// Where nothing happened, alarms that no rule was about may be the reason.
async fn unanswered(archive: &Archive, since: Timestamp, output: &Output) -> Result<()> {
    let last = archive.unanswered().await?.last;
    let recent: Vec<_> = last.iter().filter(|alarm| alarm.at >= since).collect();
    if let Some(newest) = recent.first() {
        output.note(format_args!(
            "{} alarms went into ALARM and no rule was about them, the last one {} at {}: relay show {}",
            recent.len(), newest.alarm.name(), newest.at, newest.alarm
        ));
    }
    Ok(())
}

/// Prints what is found already, the oldest first, and then looks again and again. Ends where nobody reads any more.
async fn follow(
    archive: &Archive,
    query: &HistoryQuery,
    mut entries: Vec<HistoryEntry>,
    output: &Output,
) -> Result<Exit> {
    // A digest that grows is printed again, with its new count.
    let mut printed: HashSet<(Uuid, u32)> = HashSet::new();
    loop {
        entries.sort_by_key(|entry| entry.at);
        for entry in &entries {
            if !printed.insert((entry.id, entry.count)) {
                continue;
            }
            let text = if output.is_json() { serde_json::to_string(entry)? } else { line(entry) };
            if !output.stream(text) {
                return Ok(Exit::Done);
            }
        }
        tokio::time::sleep(PACE).await;
        let now = crate::clock();
        entries = archive.find(query, (now - OVERLAP, now + OVERLAP), MOST_AT_ONCE).await?.entries;
    }
}
