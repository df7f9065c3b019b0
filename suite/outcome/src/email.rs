//! The outcome as a text for people: what happened, where, what failed, what to do.

use std::fmt::Write as _;

use relay_core::flow::Flow;
use run::{ApprovalDecision, ApproverAnswer};

use crate::{AlarmDetails, ApprovalStatus, Link, LinkKind, Outcome, OutcomeStatus, Run};

/// Longest line of hints and the like.
const WIDTH: usize = 78;

/// The whole message. At most `problems` of the problems are written out.
pub(super) fn text(outcome: &Outcome, problems: usize) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut text, outcome, problems);
    text
}

fn write(text: &mut String, outcome: &Outcome, shown: usize) -> std::fmt::Result {
    writeln!(text, "{}", wrap(&outcome.summary, ""))?;
    writeln!(text)?;
    writeln!(text, "Outcome   {} (severity {})", word(outcome), outcome.severity.as_str())?;
    writeln!(text, "When      {:.0}, after {:.1} s", outcome.at, outcome.duration_seconds)?;
    if let Some(trigger) = &outcome.trigger {
        let kind = serde_json::to_value(trigger.kind).ok();
        let kind = kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or_default();
        writeln!(text, "Cause     {kind}")?;
    }
    list(text, "Accounts", outcome.accounts.iter().map(|id| id.as_str()))?;
    list(text, "Regions", outcome.regions.iter().map(|region| region.as_str()))?;
    list(text, "Rules", outcome.rules.iter().map(String::as_str))?;
    let resources = outcome.resources.iter().map(|resource| outcome.resource_in_words(resource));
    let resources: Vec<String> = resources.collect();
    list(text, "Resources", resources.iter().map(String::as_str))?;
    if let Some(alarm) = &outcome.alarm {
        let AlarmDetails { name, account, region, .. } = alarm;
        writeln!(text, "Alarm     {name}, in {account} {region}")?;
        if let Some(reason) = &alarm.reason {
            writeln!(text, "          {}", wrap(reason, "          "))?;
        }
    }
    if outcome.count > 1 {
        writeln!(text, "Triggers  {}", outcome.count)?;
    }
    if !outcome.runs.is_empty() {
        writeln!(text, "\nWhat was run\n")?;
        for run in &outcome.runs {
            let Run { rung, runbook, status, account, region, .. } = run;
            writeln!(text, "  rung {rung}  {runbook}: {status}, in {account} {region}")?;
            if let Some(step) = &run.failed_step {
                writeln!(text, "          step {step}")?;
            }
            if let Some(reason) = &run.reason {
                writeln!(text, "          {}", wrap(reason, "          "))?;
            }
            if let Some(console) = &run.console {
                let link = outcome.links.iter().find(|link| link.href == *console);
                writeln!(text, "          {}", link.map_or(console.as_str(), Link::address))?;
            }
        }
    }
    if !outcome.shares.is_empty() {
        writeln!(text, "\nWhat was shared\n")?;
        writeln!(text, "  owner         Region            documents   added removed  failed")?;
        for share in &outcome.shares {
            writeln!(
                text,
                "  {:<12}  {:<16}  {:>9} {:>7} {:>7} {:>7}",
                share.owner,
                share.region,
                share.documents,
                share.added,
                share.removed,
                share.failed
            )?;
            if share.copied + share.deleted > 0 {
                let (copied, deleted) = (share.copied, share.deleted);
                writeln!(
                    text,
                    "    copies: {copied} made or brought up to date, {deleted} deleted"
                )?;
            }
        }
    }
    if let Some(drift) = &outcome.drift {
        writeln!(text, "\nDrift     {}", wrap(&drift.in_words(), "          "))?;
    }
    if outcome.problems_total > 0 {
        let heading = match outcome.outcome {
            OutcomeStatus::PendingApproval => "What is waited for, and what to do",
            OutcomeStatus::Suppressed | OutcomeStatus::Observed => "Why, and what to do",
            _ => "What went wrong, and what to do",
        };
        writeln!(text, "\n{heading}\n")?;
        for (number, problem) in outcome.problems.iter().take(shown).enumerate() {
            writeln!(text, "{:>3}. {} [{}]", number + 1, problem.place, problem.code)?;
            writeln!(text, "     {}", wrap(&problem.what, "     "))?;
            if !problem.hint.is_empty() {
                writeln!(text, "     -> {}", hint(&problem.hint))?;
            }
        }
        let rest = outcome.problems_total.saturating_sub(outcome.problems.len().min(shown) as u64);
        if rest > 0 {
            writeln!(text, "     and {rest} more, in the full report")?;
        }
    }
    if !outcome.solved.is_empty() {
        writeln!(text, "\nSolved since an earlier outcome\n")?;
        for problem in &outcome.solved {
            writeln!(text, "  {} [{}]", problem.place, problem.code)?;
            writeln!(text, "     {}", wrap(&problem.what, "     "))?;
        }
    }
    if let Some(approval) = &outcome.approval {
        let state = match approval.status {
            ApprovalStatus::Pending => "pending",
            ApprovalStatus::Approved => "given",
            ApprovalStatus::Rejected => "refused",
            ApprovalStatus::Expired => "expired: nobody decided by the deadline",
        };
        writeln!(text, "\nApproval of {}: {state}\n", approval.runbook)?;
        let approvers = approval.approvers.join(", ");
        let who = format!("{} of: {approvers}", approval.minimum);
        writeln!(text, "  {}", wrap(&who, "  "))?;
        for decision in &approval.decisions {
            writeln!(text, "  {}", wrap(&decided(decision), "  "))?;
        }
    }
    writeln!(text, "\nWhere to look\n")?;
    let link = |kind| outcome.links.iter().find(|link| link.kind == kind).map(Link::address);
    match link(LinkKind::Execution) {
        _ if outcome.execution.is_empty() => {}
        Some(link) => writeln!(text, "  Execution    {link}")?,
        None => writeln!(text, "  Execution    {}", outcome.execution)?,
    }
    if let Some(alarm) = link(LinkKind::Alarm) {
        writeln!(text, "  Alarm        {alarm}")?;
    }
    if let Some(details) = &outcome.details {
        writeln!(text, "  Full report  s3://{}/{}", details.bucket, details.key)?;
    }
    if let Some(version) = &outcome.rules_version {
        writeln!(text, "  Rules        {version}")?;
    }
    writeln!(text, "  Outcome id   {}", outcome.id)?;
    writeln!(text, "  Published by runbook-relay {}", outcome.suite_version)
}

/// Who answered what, when, and why.
fn decided(decision: &ApprovalDecision) -> String {
    let answer = match decision.answer {
        ApproverAnswer::Approved => "approved",
        ApproverAnswer::Rejected => "rejected",
    };
    let at = decision.at.map(|at| format!(" at {at}")).unwrap_or_default();
    let comment = decision.comment.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
    format!("{answer} by {}{at}{comment}", decision.approver)
}

fn word(outcome: &Outcome) -> &'static str {
    match (outcome.outcome, outcome.flow) {
        (OutcomeStatus::Partial, Flow::Sharing) => "partial: some is in place, some failed",
        (OutcomeStatus::Failed, Flow::Sharing) => "failed: nothing is in place",
        (OutcomeStatus::Partial, _) => "partial: not all of it went as it should",
        (OutcomeStatus::PendingApproval, _) => "waiting for approval",
        (OutcomeStatus::Suppressed, _) => "suppressed: nothing was run",
        (OutcomeStatus::Observed, _) => "observed: nothing was run",
        (other, _) => other.as_str(),
    }
}

/// `name  a, b, c and 7 more`; nothing where there is nothing.
fn list<'a>(
    text: &mut String,
    name: &str,
    items: impl ExactSizeIterator<Item = &'a str>,
) -> std::fmt::Result {
    const SHOWN: usize = 6;
    let rest = items.len().saturating_sub(SHOWN);
    if items.len() == 0 {
        return Ok(());
    }
    let shown = items.take(SHOWN).collect::<Vec<_>>().join(", ");
    match rest {
        0 => writeln!(text, "{name:<9} {shown}"),
        _ => writeln!(text, "{name:<9} {shown} and {rest} more"),
    }
}

/// A hint: its words in lines, and the command at its end in one line, as a shell takes it.
fn hint(hint: &str) -> String {
    const INDENT: &str = "        ";
    match hint.split_once(": aws ") {
        Some((words, command)) => format!("{}:\n{INDENT}aws {command}", wrap(words, INDENT)),
        None => wrap(hint, INDENT),
    }
}

/// Words in lines, the following ones indented.
fn wrap(words: &str, indent: &str) -> String {
    let mut wrapped = String::new();
    let mut width = indent.len();
    for word in words.split_whitespace() {
        let length = word.chars().count();
        if wrapped.is_empty() {
            width += length;
        } else if width + 1 + length > WIDTH {
            wrapped.push('\n');
            wrapped.push_str(indent);
            width = indent.len() + length;
        } else {
            wrapped.push(' ');
            width += 1 + length;
        }
        wrapped.push_str(word);
    }
    wrapped
}
