//! `relay status`: what is deployed, what it is allowed to do, what waits for a person, and what the last day brought.
//!
//! A part that cannot be looked at is unknown, with the reason, and hides no other.

mod parts;

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use outcome::HistoryEntry;
use serde::Serialize;

use self::parts::{Queue, Reconcile, Rule, Target};
use crate::Exit;
use crate::approvals;
use crate::archive::{Archive, instant};
use crate::arguments::Global;
use crate::output::Output;
use crate::page::Page;
use crate::pause;
use crate::rules::count;
use crate::session::{Session, Where};

const EXAMPLES: &str = "\
Examples:
  relay status
  relay status --since 30d                    the figures of rules over a month
  relay status --output json | jq '.rules[] | select(.mode == \"observe\")'";

/// The last day of outcomes.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// How far the clock of the host may be behind those of the functions.
const SLACK: SignedDuration = SignedDuration::from_secs(60);
/// The most accounts that the text names.
const NAMED: usize = 10;

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The time over which rules are counted: a period (7d), a date or an instant
    #[arg(long, value_name = "TIME", default_value = "7d")]
    since: String,
}

/// A part that was looked at, or the reason why not.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase", untagged)]
enum Part<T> {
    Known(T),
    Unknown { unknown: String },
}

impl<T> Part<T> {
    fn of(result: Result<T>) -> Self {
        match result {
            Ok(known) => Self::Known(known),
            Err(error) => Self::Unknown { unknown: format!("{error:#}") },
        }
    }

    /// Its lines in a page, or that it is unknown.
    fn lines(&self, words: impl FnOnce(&T) -> Vec<String>) -> Vec<String> {
        match self {
            Self::Known(known) => words(known),
            Self::Unknown { unknown } => {
                vec![format!("unknown: {unknown}")]
            }
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    #[serde(flatten)]
    place: Where<'a>,
    program: &'static str,
    /// The kill switch; null where the suite is active.
    control: Part<Option<remediation::guard::Control>>,
    /// The stacks of target accounts.
    targets: Part<Vec<Target>>,
    /// Since when rules are counted.
    since: Timestamp,
    rules: Part<Vec<Rule>>,
    queues: Part<Vec<Queue>>,
    /// How many runs wait for an approval.
    approvals: Part<usize>,
    /// The last execution that compared the whole organization with the rules; null if there was none.
    reconcile: Part<Option<Reconcile>>,
    /// Outcomes of the last day by status. A digest counts as the triggers that it stands for.
    outcomes: Part<BTreeMap<&'static str, u32>>,
    /// Releases by people in the last day, the newest first.
    unlocked: Part<Vec<HistoryEntry>>,
    /// Alarms of the last day that no rule was about.
    unanswered: Part<usize>,
}

/// Looks at everything and prints it. Writes nothing.
pub(crate) async fn run(
    arguments: &Arguments,
    global: &Global,
    now: Timestamp,
    output: &Output,
) -> Result<Exit> {
    let since = instant(&arguments.since, now)?;
    let session = Session::open(global).await?;
    let archive = Archive::of(&session)?;
    let end = now + SLACK;
    let (outcomes, unlocked) = match parts::last_day(&archive, now - DAY, end).await {
        Ok(day) => (Part::Known(day.outcomes), Part::Known(day.unlocked)),
        Err(error) => {
            let unknown = || format!("{error:#}");
            (Part::Unknown { unknown: unknown() }, Part::Unknown { unknown: unknown() })
        }
    };
    let report = Report {
        place: session.place(),
        program: env!("CARGO_PKG_VERSION"),
        control: Part::of(pause::read(&session).await),
        targets: Part::of(parts::targets(&session).await),
        since,
        rules: Part::of(parts::rules(&session, &archive, since, end).await),
        queues: Part::of(parts::queues(&session).await),
        approvals: Part::of(
            approvals::waiting(&session, &archive, now).await.map(|waiting| waiting.len()),
        ),
        reconcile: Part::of(parts::reconcile(&session, &archive).await),
        outcomes,
        unlocked,
        unanswered: Part::of(parts::unanswered(&archive, now - DAY).await),
    };
    output.json(&report)?;
    for line in page(&report, &arguments.since, now).lines(output.width()) {
        output.line(line);
    }
    Ok(Exit::Done)
}

fn page(report: &Report<'_>, since: &str, now: Timestamp) -> Page {
    let mut page = Page::default();
    let version = report.place.version().unwrap_or("of unknown version");
    page.add("version", format!("stack {version}, program {}", report.program));
    page.list(
        "suite",
        &report.control.lines(|control| match control {
            Some(control) if control.mode_at(now) != remediation::Mode::Active => {
                vec![pause::words(control)]
            }
            _ => vec!["active".to_owned()],
        }),
    );
    page.list("stacks", &report.targets.lines(|targets| target_lines(targets)));
    page.list("rules", &report.rules.lines(|rules| rule_lines(rules, since)));
    page.list("queues", &report.queues.lines(|queues| queues.iter().map(Queue::words).collect()));
    page.list(
        "approvals",
        &report.approvals.lines(|open| match open {
            0 => vec!["none is open".to_owned()],
            n => vec![format!("{n} open: relay approvals")],
        }),
    );
    page.list(
        "reconcile",
        &report.reconcile.lines(|last| match last {
            Some(last) => vec![last.words()],
            None => vec!["never: relay plan shows what it would change".to_owned()],
        }),
    );
    page.list(
        "last day",
        &report.outcomes.lines(|outcomes| {
            let counts: Vec<String> =
                outcomes.iter().map(|(status, count)| format!("{count} {status}")).collect();
            if counts.is_empty() { vec!["no outcomes".to_owned()] } else { vec![counts.join(", ")] }
        }),
    );
    page.list(
        "unlocked",
        &report.unlocked.lines(|entries| {
            entries.iter().map(|entry| format!("{:.0} {}", entry.at, entry.summary)).collect()
        }),
    );
    page.list(
        "unanswered",
        &report.unanswered.lines(|alarms| match alarms {
            0 => Vec::new(),
            n => vec![format!("{} that no rule was about in the last day", count(*n, "alarm"))],
        }),
    );
    page
}

fn target_lines(targets: &[Target]) -> Vec<String> {
    let mut lines: Vec<String> = targets.iter().take(NAMED).map(Target::words).collect();
    match targets.len().saturating_sub(NAMED) {
        0 if targets.is_empty() => lines.push("no target account has a stack".to_owned()),
        0 => {}
        more => lines.push(format!("and {more} more accounts: --output json")),
    }
    lines
}

fn rule_lines(rules: &[Rule], since: &str) -> Vec<String> {
    if rules.is_empty() {
        return vec!["none is deployed: relay rules apply".to_owned()];
    }
    let sharing = rules.iter().filter(|rule| rule.kind == "sharing").count();
    let mut lines = vec![count(sharing, "sharing rule")];
    for mode in ["active", "observe", "off", "invalid"] {
        let of_mode = rules.iter().filter(|rule| rule.mode == Some(mode));
        lines.extend(of_mode.map(|rule| rule.words(since)));
    }
    lines
}
