//! `relay show`: the story of one outcome, execution or alarm, in the order in which it happened.

mod find;
pub(crate) mod runs;

use anyhow::Result;
use jiff::Timestamp;
use outcome::{
    AlarmDetails, ApprovalDetails, HistoryEntry, HistoryQuery, Outcome, OutcomeStatus,
    UnansweredAlarm,
};
use relay_core::problem::ProblemCode;
use remediation::Known;
use remediation::alarm::{AlarmKind, AlarmMetric, AlarmTrigger, Creation, Via};
use remediation::guard::{Conclusion, DecisionRecord};
use run::ApproverAnswer;
use serde::Serialize;

use crate::Exit;
use crate::archive::{Archive, KEPT};
use crate::arguments::Global;
use crate::failure::Failure;
use crate::guards::GuardNumbers;
use crate::outcomes::{colored_status, lines as table};
use crate::output::Output;
use crate::page::Page;
use crate::rules::comparing::{self, RuleLine};
use crate::session::{Session, Where};
use find::Subject;
use runs::LiveRun;

const EXAMPLES: &str = "\
Examples:
  relay show 0472af54                               an outcome of `relay outcomes`, by the begin of its id
  relay show alarm-444455556666-eu-west-1-…         an execution, by its name or ARN
  relay show web-status                             the newest outcome about an alarm, by its name or ARN
  relay show 0472af54 --output json

Guardrails' numbers are known for a day after the decision. Steps of an automation are read from Systems Manager while it keeps
them (30 days).";

/// The outcomes before the newest one that a story lists.
const EARLIER: usize = 5;

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// An outcome's id or its first 8 characters, an execution's name or ARN, an alarm's name or ARN
    subject: String,
}

/// The story as one object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Story<'a> {
    #[serde(flatten)]
    place: Where<'a>,
    /// The outcome; null where no rule was about the alarm, or the execution still runs.
    outcome: Option<&'a Outcome>,
    /// How the rules that are deployed now fit the alarm.
    rules: Vec<RuleLine>,
    /// The guardrails' state at the decision, as far as it is still known.
    guards: Vec<GuardNumbers>,
    /// The automations with their steps as they are now.
    automations: Vec<LiveRun>,
    /// Transitions of the alarm that no rule was about, the newest first.
    unanswered: Vec<UnansweredAlarm>,
    /// Earlier outcomes about the same, the newest first.
    earlier: Vec<HistoryEntry>,
}

/// Finds what is meant and prints its story.
pub(crate) async fn run(
    arguments: &Arguments,
    global: &Global,
    now: Timestamp,
    output: &Output,
) -> Result<Exit> {
    let session = Session::open(global).await?;
    let archive = Archive::of(&session)?;
    match find::find(&archive, &session, &arguments.subject, now).await? {
        Subject::Outcome(outcome) => {
            story(&session, &archive, &outcome, Vec::new(), now, output).await?;
        }
        Subject::Alarm { outcome, unanswered } => {
            story(&session, &archive, &outcome, unanswered, now, output).await?;
        }
        Subject::Unanswered(alarms) => no_rule(&session, &alarms, output).await?,
        Subject::Running { execution, started, status } => {
            let automations = runs::of_execution(&session, &archive, &execution).await?;
            let mut page = Page::default();
            page.add(
                "execution",
                format!("{execution}\n{status}, started {started}; no outcome is stored"),
            );
            page_runs(&mut page, &automations);
            let story = Story { automations, ..Story::empty(session.place()) };
            output.json(&story)?;
            print(&page, output);
        }
        Subject::Nothing => {
            let what = format!("nothing is known of {}", arguments.subject);
            return Err(Failure::new(what)
                .help("An outcome's id, an execution's name or ARN, or an alarm's name or ARN is expected.")
                .help("relay outcomes --since 7d lists what is known.")
                .into());
        }
    }
    Ok(Exit::Done)
}

impl<'a> Story<'a> {
    fn empty(place: Where<'a>) -> Self {
        Self {
            place,
            outcome: None,
            rules: Vec::new(),
            guards: Vec::new(),
            automations: Vec::new(),
            unanswered: Vec::new(),
            earlier: Vec::new(),
        }
    }
}

fn print(page: &Page, output: &Output) {
    for line in page.lines(output.width()) {
        output.line(line);
    }
}

async fn story(
    session: &Session,
    archive: &Archive,
    outcome: &Outcome,
    unanswered: Vec<UnansweredAlarm>,
    now: Timestamp,
    output: &Output,
) -> Result<()> {
    let decision = decision(archive, outcome).await?;
    let (rules, guards) = why(session, archive, outcome, decision.as_ref(), output).await;
    let automations = runs::of_outcome(session, outcome).await;
    let earlier = earlier(archive, outcome, now).await?;
    let mut page = Page::default();
    let status = outcome.outcome.as_str();
    page.add("outcome", format!("{status}\n{}", outcome.summary));
    page.add("time", outcome.at.to_string());
    page.add("id", outcome.id.to_string());
    if outcome.count > 1 {
        page.add("count", format!("it stands for {} triggers", outcome.count));
    }
    page.add("alarm", outcome.alarm.as_ref().map(alarm_text).unwrap_or_default());
    if outcome.alarm.is_none() {
        let alarms: Vec<String> = outcome.alarms.iter().map(ToString::to_string).collect();
        page.list("alarms", &alarms);
    }
    let resources: Vec<String> =
        outcome.resources.iter().map(|resource| outcome.resource_in_words(resource)).collect();
    page.add("resources", resources.join(", "));
    page.add("rule", rule_text(outcome));
    let others = rules.iter().filter(|line| !outcome.rules.contains(&line.rule));
    page.list("not", &others.map(RuleLine::line).collect::<Vec<_>>());
    page.add("decision", decision.as_ref().map(decision_text).unwrap_or_default());
    page.list("guards", &guards.iter().map(GuardNumbers::line).collect::<Vec<_>>());
    page.add("approval", outcome.approval.as_ref().map(approval_text).unwrap_or_default());
    page_runs(&mut page, &automations);
    let shares = outcome.shares.iter().map(|share| {
        let outcome::Shares { owner, region, documents, added, removed, copied, deleted, failed } = share;
        let copies = match copied + deleted {
            0 => String::new(),
            _ => format!("{copied} copied, {deleted} copies deleted, "),
        };
        format!("{owner} {region}: {documents} documents, {added} added, {removed} removed, {copies}{failed} failed")
    });
    page.list("shares", &shares.collect::<Vec<_>>());
    page.add("verified", verified_text(outcome));
    for problem in &outcome.problems {
        page.add("problem", format!("{}: {}\n{}", problem.code, problem.what, problem.hint));
    }
    for link in &outcome.links {
        page.add("link", link.address());
    }
    for (row, line) in page.lines(output.width()).into_iter().enumerate() {
        match row {
            0 => output.line(line.replacen(status, &colored_status(outcome.outcome), 1)),
            _ => output.line(line),
        }
    }
    if !earlier.is_empty() {
        output.line("\nEarlier:");
        table(&earlier, output.width()).into_iter().for_each(|line| output.line(line));
    }
    if !unanswered.is_empty() {
        let last = unanswered.first().map(|alarm| alarm.at.to_string()).unwrap_or_default();
        output.line(format_args!(
            "\nNo rule was about it {} times, the last time at {last}.",
            unanswered.len()
        ));
    }
    let place = session.place();
    output.json(&Story {
        place,
        outcome: Some(outcome),
        rules,
        guards,
        automations,
        unanswered,
        earlier,
    })
}

/// The decision about the alarm's transition, while it is kept.
async fn decision(archive: &Archive, outcome: &Outcome) -> Result<Option<DecisionRecord>> {
    let Some(AlarmDetails { arn, contributor, at: Some(at), .. }) = &outcome.alarm else {
        return Ok(None);
    };
    // An action that CloudWatch performed after all is a trigger of its own.
    for resumed in [true, false] {
        let id = AlarmTrigger::id_of(arn, contributor.as_deref(), *at, resumed);
        if let Some(record) = archive.table.decision(id).await? {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// How the deployed rules fit the alarm, and what the guardrails of its rule held. What cannot be read is left out,
/// with a note.
async fn why(
    session: &Session,
    archive: &Archive,
    outcome: &Outcome,
    decision: Option<&DecisionRecord>,
    output: &Output,
) -> (Vec<RuleLine>, Vec<GuardNumbers>) {
    let Some(alarm) = &outcome.alarm else { return (Vec::new(), Vec::new()) };
    let rules = match comparing::deployed(session).await {
        Ok(rules) => rules,
        Err(error) => {
            output
                .note(format_args!("note: why other rules did not answer is not known: {error:#}"));
            return (Vec::new(), Vec::new());
        }
    };
    let at = alarm.at.unwrap_or(outcome.at);
    let trigger = trigger(&alarm.arn, at, alarm.reason.as_deref().unwrap_or_default(), &[]);
    let mut lines = comparing::lines(&rules, &trigger, &Known::default());
    // An outcome names no metrics: what depends on them is not known.
    lines.retain(|line| !line.why.contains("names no metric"));
    let mut guards = Vec::new();
    if let Some(record) = decision
        && let Some(rule) = rules.rule(&record.rule)
        && let Some(subject) = &record.subject
    {
        let id = AlarmTrigger::id_of(&alarm.arn, alarm.contributor.as_deref(), at, false);
        match archive.table.guard_states(&record.taker(id), rule, subject).await {
            Ok(states) => guards = GuardNumbers::of_decision(&states, rule, record),
            Err(error) => output.note(format_args!("note: guardrails were not read: {error}")),
        }
    }
    (lines, guards)
}

/// A transition as far as the history knows it.
fn trigger(
    alarm: &relay_core::alarm::AlarmArn,
    at: Timestamp,
    reason: &str,
    metrics: &[String],
) -> AlarmTrigger {
    let metrics = metrics.iter().filter_map(|text| {
        let (namespace, name) = text.rsplit_once('/')?;
        Some(AlarmMetric {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions: Default::default(),
            account: None,
        })
    });
    AlarmTrigger {
        alarm: alarm.clone(),
        contributor: None,
        at,
        previous: None,
        reason: reason.to_owned(),
        description: None,
        via: Via::EventBridge,
        event_id: None,
        kind: AlarmKind::Other,
        metrics: metrics.collect(),
        expressions: Vec::new(),
        alarm_rule: None,
        children: Vec::new(),
        quiet: None,
        creation: Creation::Unknown,
        resumed: false,
    }
}

/// The story of an alarm that no rule was about: why each rule was not.
async fn no_rule(session: &Session, alarms: &[UnansweredAlarm], output: &Output) -> Result<()> {
    let mut page = Page::default();
    let mut rules = Vec::new();
    if let Some(newest) = alarms.first() {
        let details = AlarmDetails {
            at: Some(newest.at),
            reason: Some(newest.reason.clone()),
            ..AlarmDetails::new(newest.alarm.clone())
        };
        page.add("alarm", alarm_text(&details));
        page.add("outcome", "none: no rule was about the alarm when it went into ALARM");
        let trigger = trigger(&newest.alarm, newest.at, &newest.reason, &newest.metrics);
        rules = comparing::lines(&comparing::deployed(session).await?, &trigger, &Known::default());
        match rules.as_slice() {
            [] => page.add("rules", "there are none: relay rules apply"),
            lines => page.list("rules now", &lines.iter().map(RuleLine::line).collect::<Vec<_>>()),
        }
        let times: Vec<String> = alarms.iter().map(|alarm| alarm.at.to_string()).collect();
        page.add("times", times.join(", "));
    }
    print(&page, output);
    output.json(&Story { rules, unanswered: alarms.to_vec(), ..Story::empty(session.place()) })
}

/// Outcomes before this one about the same alarm, or the same accounts.
async fn earlier(
    archive: &Archive,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<Vec<HistoryEntry>> {
    let alarm = outcome.alarm.as_ref().map(|alarm| alarm.arn.to_string());
    let account = match outcome.accounts.as_slice() {
        [account] => Some(*account),
        _ => None,
    };
    if alarm.is_none() && account.is_none() {
        return Ok(Vec::new());
    }
    let account = account.filter(|_| alarm.is_none());
    let query = HistoryQuery { alarm, account, ..HistoryQuery::default() };
    let found = archive.find(&query, (now - KEPT, outcome.at), EARLIER + 1).await?;
    let others = found.entries.into_iter().filter(|entry| entry.id != outcome.id);
    Ok(others.take(EARLIER).collect())
}

fn alarm_text(alarm: &AlarmDetails) -> String {
    let since = alarm.at.map(|at| format!(", in ALARM since {at}")).unwrap_or_default();
    let contributor =
        alarm.contributor.as_ref().map(|id| format!(", contributor {id}")).unwrap_or_default();
    let reason = alarm.reason.as_ref().map(|reason| format!("\n{reason}")).unwrap_or_default();
    let AlarmDetails { name, account, region, .. } = alarm;
    format!("{name} in {account}, {region}{contributor}{since}{reason}")
}

fn rule_text(outcome: &Outcome) -> String {
    let version = outcome.rules_version.as_deref().unwrap_or_default();
    let version: String = version.chars().take("sha256:".len() + 8).collect();
    match outcome.rules.as_slice() {
        [] => String::new(),
        rules if version.is_empty() => rules.join(", "),
        rules => format!("{} (rules {version})", rules.join(", ")),
    }
}

fn decision_text(record: &DecisionRecord) -> String {
    let what = match &record.conclusion {
        Conclusion::Start => "the run was started".to_owned(),
        Conclusion::WouldStart => "observed: the run would have been started".to_owned(),
        Conclusion::WouldSuppress(suppression) => {
            format!("observed: it would have been suppressed: {}", suppression.problem.what)
        }
        Conclusion::Suppress(suppression) => format!("suppressed: {}", suppression.problem.what),
    };
    format!("{}, {what}", record.at)
}

fn approval_text(approval: &ApprovalDetails) -> String {
    let ApprovalDetails { runbook, minimum, approvers, within_seconds, .. } = approval;
    let minutes = within_seconds / 60;
    let mut text = format!(
        "{minimum} of {} had to approve {runbook} within {minutes} minutes",
        approvers.join(", ")
    );
    for decision in &approval.decisions {
        let answer = match decision.answer {
            ApproverAnswer::Approved => "approved",
            ApproverAnswer::Rejected => "rejected",
        };
        let at = decision.at.map(|at| format!(" at {at}")).unwrap_or_default();
        let comment = decision.comment.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
        text.push_str(&format!("\n{answer} by {}{at}{comment}", decision.approver));
    }
    text
}

/// Whether the alarm returned to OK, as far as the outcome says.
fn verified_text(outcome: &Outcome) -> String {
    let has = |code| outcome.problems.iter().any(|problem| problem.code == code);
    let text = match outcome.outcome {
        _ if outcome.alarm.is_none() || outcome.runs.is_empty() => "",
        OutcomeStatus::PendingApproval => "",
        _ if has(ProblemCode::RecoveryUnverified) => "the alarm is gone or unreadable",
        // An earlier rung may not have helped.
        OutcomeStatus::Succeeded => "the alarm returned to OK",
        _ if has(ProblemCode::AlarmNotRecovered) => "the alarm did not return to OK in time",
        _ => "",
    };
    text.to_owned()
}

fn page_runs(page: &mut Page, automations: &[LiveRun]) {
    for run in automations {
        page.add(&format!("rung {}", run.rung), run.text());
    }
}
