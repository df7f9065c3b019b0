//! `relay approvals`, `approve` and `reject`: runs that wait for a person, and the answer.

use anyhow::{Context, Result};
use aws::AwsError;
use aws_sdk_ssm::types::SignalType;
use jiff::{SignedDuration, Timestamp};
use outcome::{HistoryQuery, Outcome, OutcomeStatus};
use relay_core::id::Region;
use serde::Serialize;

use crate::Exit;
use crate::archive::Archive;
use crate::arguments::Global;
use crate::failure::Failure;
use crate::output::Output;
use crate::page::Page;
use crate::session::{Session, Where};

const LIST: &str = "\
Examples:
  relay approvals
  relay approvals --output json | jq '.approvals[].id'";

const ANSWER: &str = "\
Examples:
  relay approve 0472af54 -m \"looked at it, go on\"
  relay reject 0472af54 -m \"it is being replaced\"

Automation records who answered, when and with which comment; the outcome says so. Only approvers that the rule names can answer.";

/// No approval may take longer (`approval.within`), and its request a little.
const LONGEST: SignedDuration = SignedDuration::from_hours(8 * 24);
/// The most that are listed.
const MOST: usize = 100;

#[derive(clap::Args, Debug)]
#[command(after_help = LIST)]
pub(crate) struct ListArguments {}

#[derive(clap::Args, Debug)]
#[command(after_help = ANSWER)]
pub(crate) struct AnswerArguments {
    /// The id of `relay approvals` or its first 8 characters, or the id of the automation
    id: String,
    /// A comment for those who read the outcome
    #[arg(long = "message", short = 'm', value_name = "TEXT")]
    message: Option<String>,
}

/// The answer of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Approve,
    Reject,
}

/// A run that waits for an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Waiting {
    /// Of the outcome that asks.
    id: String,
    runbook: String,
    execution_id: String,
    /// Where Automation runs it.
    region: Region,
    resources: Vec<String>,
    alarm: Option<String>,
    rule: Option<String>,
    approvers: Vec<String>,
    minimum: u32,
    since: Timestamp,
    until: Timestamp,
    summary: String,
    /// The outcomes that asked again, by their ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reminders: Vec<String>,
}

#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    place: Where<'a>,
    approvals: &'a [Waiting],
}

/// Prints the runs that wait for an approval, the oldest first.
pub(crate) async fn list(
    _: &ListArguments,
    global: &Global,
    now: Timestamp,
    output: &Output,
) -> Result<Exit> {
    let session = Session::open(global).await?;
    let archive = Archive::of(&session)?;
    let waiting = waiting(&session, &archive, now).await?;
    output.json(&Report { place: session.place(), approvals: &waiting })?;
    if waiting.is_empty() {
        output.note("nothing waits for an approval");
    }
    let mut page = Page::default();
    for one in &waiting {
        let minutes = one.until.duration_since(now).as_mins().max(0);
        let mut lines = vec![
            one.summary.clone(),
            format!("on {}", one.resources.join(", ")),
            format!("{} of {}", one.minimum, one.approvers.join(", ")),
            format!("until {:.0} ({minutes} minutes left)", one.until),
        ];
        lines.extend(one.alarm.iter().map(|alarm| format!("alarm {alarm}")));
        page.list(one.id.get(..8).unwrap_or(&one.id), &lines);
    }
    for line in page.lines(output.width()) {
        output.line(line);
    }
    Ok(Exit::Done)
}

/// Approves or rejects a run.
pub(crate) async fn answer(
    arguments: &AnswerArguments,
    answer: Answer,
    global: &Global,
    now: Timestamp,
    output: &Output,
) -> Result<Exit> {
    let session = Session::open(global).await?;
    session.announce(output);
    let archive = Archive::of(&session)?;
    let waiting = waiting(&session, &archive, now).await?;
    let is = |one: &&Waiting| {
        let mut ids = one.reminders.iter().chain([&one.id]);
        one.execution_id == arguments.id
            || (arguments.id.len() >= 8 && ids.any(|id| id.starts_with(&arguments.id)))
    };
    let meant: Vec<&Waiting> = waiting.iter().filter(is).collect();
    let [one] = meant.as_slice() else {
        if meant.is_empty()
            && let Some(over) = over(&session, &archive, &arguments.id, now).await?
        {
            return Err(over.into());
        }
        let what = match meant.len() {
            0 => format!("no run that waits for an approval has the id {}", arguments.id),
            n => format!("{n} runs that wait have ids that begin with {}", arguments.id),
        };
        return Err(Failure::new(what)
            .help("It may have been answered, or its time is over: relay show has its end.")
            .help("relay approvals lists what waits.")
            .into());
    };
    let (signal, word) = match answer {
        Answer::Approve => (SignalType::Approve, "approved"),
        Answer::Reject => (SignalType::Reject, "rejected"),
    };
    let comment = arguments.message.clone().map(|text| vec![text]);
    let payload = comment.map(|comment| [("Comment".to_owned(), comment)].into());
    let send = ssm(&session, &one.region).send_automation_signal();
    let send = send.automation_execution_id(&one.execution_id).signal_type(signal);
    let sent = send.set_payload(payload).send().await.map_err(AwsError::from);
    sent.with_context(|| {
        Failure::new(format!("{} was not {word}", one.runbook))
            .help(format!("Those who may: {}.", one.approvers.join(", ")))
            .help("If its time is over or somebody else answered, it does not wait any more: relay approvals.")
    })?;
    output.json(
        &serde_json::json!({ "id": one.id, "executionId": one.execution_id, "answer": word }),
    )?;
    output.line(format_args!("{word}: {} on {}", one.runbook, one.resources.join(", ")));
    Ok(Exit::Done)
}

fn ssm(session: &Session, region: &Region) -> aws_sdk_ssm::Client {
    let region = aws_sdk_ssm::config::Region::new(region.as_str().to_owned());
    let config = aws_sdk_ssm::config::Builder::from(&session.config).region(region).build();
    aws_sdk_ssm::Client::from_conf(config)
}

/// The runs that the history knows as waiting and that Automation still has waiting, the oldest first.
pub(crate) async fn waiting(
    session: &Session,
    archive: &Archive,
    now: Timestamp,
) -> Result<Vec<Waiting>> {
    let query =
        HistoryQuery { statuses: vec![OutcomeStatus::PendingApproval], ..HistoryQuery::default() };
    let soon = now + SignedDuration::from_mins(1);
    let found = archive.find(&query, (now - LONGEST, soon), MOST).await?;
    let mut waiting = Vec::new();
    for entry in found.entries.into_iter().rev() {
        let Some(outcome) = archive.outcome(entry.id).await? else { continue };
        let Some(one) = Waiting::of(&outcome, session) else { continue };
        // A reminder is about a run that is listed already.
        let known =
            waiting.iter_mut().find(|known: &&mut Waiting| known.execution_id == one.execution_id);
        match known {
            Some(known) => known.reminders.push(one.id),
            None if still_waits(session, &one).await? => waiting.push(one),
            None => {}
        }
    }
    Ok(waiting)
}

/// Why a run that waited does not wait any more: who answered, or when its time was over. `None` for an id that is unknown.
async fn over(
    session: &Session,
    archive: &Archive,
    id: &str,
    now: Timestamp,
) -> Result<Option<Failure>> {
    let query =
        HistoryQuery { statuses: vec![OutcomeStatus::PendingApproval], ..HistoryQuery::default() };
    let found = archive.find(&query, (now - LONGEST, now), MOST).await?;
    for entry in found.entries {
        let Some(outcome) = archive.outcome(entry.id).await? else { continue };
        let Some(one) = Waiting::of(&outcome, session) else { continue };
        if one.execution_id != id && !(id.len() >= 8 && one.id.starts_with(id)) {
            continue;
        }
        let ended = archive.of_execution(&outcome.execution).await?.into_iter().next();
        let approval = ended.and_then(|ended| ended.approval);
        let decisions = approval.as_ref().map(|approval| approval.decisions.as_slice());
        let answers: Vec<String> = decisions.unwrap_or_default().iter().map(answered).collect();
        let what = if !answers.is_empty() {
            format!("{} was answered already: {}", one.runbook, answers.join("; "))
        } else if now >= one.until {
            format!(
                "too late: the time for the approval of {} was over at {:.0}",
                one.runbook, one.until
            )
        } else {
            format!("{} does not wait for an approval any more", one.runbook)
        };
        return Ok(Some(Failure::new(what).help(format!("relay show {}", outcome.execution))));
    }
    Ok(None)
}

fn answered(decision: &run::ApprovalDecision) -> String {
    let word = match decision.answer {
        run::ApproverAnswer::Approved => "approved",
        run::ApproverAnswer::Rejected => "rejected",
    };
    let at = decision.at.map(|at| format!(" at {at:.0}")).unwrap_or_default();
    format!("{word} by {}{at}", decision.approver)
}

impl Waiting {
    fn of(outcome: &Outcome, session: &Session) -> Option<Self> {
        let approval = outcome.approval.as_ref()?;
        let run = outcome.runs.first()?;
        let within = SignedDuration::from_secs(approval.within_seconds.into());
        // The run is one of the hub's account, where it was started.
        let region = if run.account.as_str() == session.caller.account {
            run.region.clone()
        } else {
            session.region.clone()
        };
        Some(Self {
            id: outcome.id.to_string(),
            runbook: approval.runbook.clone(),
            execution_id: approval.execution_id.clone(),
            region,
            resources: outcome.resources.iter().map(|one| outcome.resource_in_words(one)).collect(),
            alarm: outcome.alarm.as_ref().map(|alarm| alarm.arn.to_string()),
            rule: outcome.rules.first().cloned(),
            approvers: approval.approvers.clone(),
            minimum: approval.minimum,
            since: outcome.at,
            until: approval.deadline.unwrap_or(outcome.at + within),
            summary: outcome.summary.clone(),
            reminders: Vec::new(),
        })
    }
}

async fn still_waits(session: &Session, one: &Waiting) -> Result<bool> {
    let get = ssm(session, &one.region).get_automation_execution();
    let answer =
        get.automation_execution_id(&one.execution_id).send().await.map_err(AwsError::from);
    match answer {
        Ok(answer) => {
            let execution = answer.automation_execution;
            let status = execution.and_then(|execution| execution.automation_execution_status);
            Ok(status.is_some_and(|status| status.as_str() == "Waiting"))
        }
        Err(error) if error.is("AutomationExecutionNotFoundException") => Ok(false),
        Err(error) => Err(error).with_context(|| format!("look at the run {}", one.execution_id)),
    }
}
