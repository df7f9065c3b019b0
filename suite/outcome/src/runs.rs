//! How an execution of `run-automation` ended, or what it waits for.

use std::collections::BTreeSet;

use relay_core::flow::Severity;
use relay_core::id::arn::{alarm_console_link, automation_console_link};
use relay_core::id::{AccountId, Region, outcome_id};
use relay_core::place::Place;
use relay_core::problem::{Problem, ProblemCode};
use run::{
    AlarmRef, Approval, ApproverAnswer, ChildReport, Ending, PendingRun, RunAutomationInput,
    RunReport, RungEnd, Seen, WaitingFor,
};

use crate::decide::{execution_link, execution_problem};
use crate::{
    AlarmDetails, ApprovalDetails, ApprovalStatus, Evidence, INLINE_LIMIT, Link, LinkKind,
    MachineInput, Outcome, OutcomeStatus, PublishOutcomeInput, Published, Run, Verdict,
};

/// Decides the outcome of an execution of `run-automation`.
#[must_use]
pub fn run(evidence: Evidence<'_>) -> Verdict {
    let request = evidence.request;
    if let Some(pending) = &request.pending {
        let kind = if pending.reminder { "reminder" } else { "pending" };
        let id = outcome_id(&request.execution.arn, &format!("{kind}-{}", pending.rung));
        let outcome = outcome(evidence, id, OutcomeStatus::PendingApproval);
        return Verdict { id, published: Published::PendingApproval, outcome: Some(outcome) };
    }
    let id = outcome_id(&request.execution.arn, "final");
    let (published, status) = match status(request) {
        OutcomeStatus::Succeeded => (Published::Succeeded, OutcomeStatus::Succeeded),
        OutcomeStatus::Partial => (Published::Partial, OutcomeStatus::Partial),
        _ => (Published::Failed, OutcomeStatus::Failed),
    };
    Verdict { id, published, outcome: Some(outcome(evidence, id, status)) }
}

fn runs(request: &PublishOutcomeInput) -> &[RunReport] {
    request.runs.as_deref().unwrap_or_default()
}

fn input(request: &PublishOutcomeInput) -> Option<&RunAutomationInput> {
    match &request.input {
        MachineInput::RunAutomation(input) => Some(input),
        _ => None,
    }
}

/// The last rung decides. It helped and its runbook did what it should: succeeded; one of the two,
/// or some of its children: partial; neither: failed.
fn status(request: &PublishOutcomeInput) -> OutcomeStatus {
    let Some(last) = runs(request).last() else { return OutcomeStatus::Failed };
    // With errors allowed, SSM calls a run on which nothing went well a success.
    let in_vain = last.children_succeeded == 0 && last.children_failed > 0;
    let ran = last.end == RungEnd::Ran(Ending::Succeeded) && !in_vain;
    let some_children = last.children_succeeded > 0 && last.children_failed > 0;
    let status = match (last.seen, ran) {
        (Some(Seen::NotRecovered), _) => OutcomeStatus::Failed,
        (Some(Seen::Recovered) | None, true) if last.children_failed == 0 => {
            OutcomeStatus::Succeeded
        }
        (Some(Seen::Recovered), _) | (Some(Seen::Unverified) | None, true) => {
            OutcomeStatus::Partial
        }
        (Some(Seen::Unverified) | None, false) if some_children => OutcomeStatus::Partial,
        (Some(Seen::Unverified) | None, false) => OutcomeStatus::Failed,
    };
    match (&request.error, status) {
        (None, status) => status,
        // The execution broke off, but not before something was done.
        (Some(_), OutcomeStatus::Succeeded | OutcomeStatus::Partial) => OutcomeStatus::Partial,
        (Some(_), _) => OutcomeStatus::Failed,
    }
}

fn outcome(evidence: Evidence<'_>, id: uuid::Uuid, status: OutcomeStatus) -> Outcome {
    let Evidence { request, at, stored, .. } = evidence;
    let input = input(request);
    let published_runs: Vec<Run> = match &request.pending {
        Some(pending) => vec![waiting_run(pending)],
        None => runs(request).iter().flat_map(published_run).collect(),
    };
    let problems = problems(request);
    let elapsed = at.duration_since(request.execution.start_time).as_millis().max(0);
    let accounts: BTreeSet<AccountId> = published_runs.iter().map(|run| run.account).collect();
    let regions: BTreeSet<Region> = published_runs.iter().map(|run| run.region.clone()).collect();
    let rule = input.and_then(|input| input.rule.as_ref());
    let alarm = input.and_then(|input| input.alarm.as_ref());
    let links = [
        execution_link(request),
        alarm.and_then(|alarm| {
            Link::of(LinkKind::Alarm, alarm.arn.account(), alarm_console_link(&alarm.arn))
        }),
    ];
    let automations = automation_links(request);
    let outcome = Outcome {
        severity: severity(status, input, &problems),
        summary: summary(request, status, &problems),
        // Milliseconds of an execution that lasts at most a year: exact in a double.
        duration_seconds: elapsed as f64 / 1000.0,
        // Never started again under another number; the alarm's own name may end in one.
        attempt: 1,
        rules: rule.map(|rule| rule.name.clone()).into_iter().collect(),
        rules_version: rule.map(|rule| rule.rules_version.clone()),
        execution: request.execution.arn.clone(),
        trigger: request.input.trigger().cloned(),
        alarm: alarm.map(alarm_details),
        alarms: alarm.map(|alarm| alarm.arn.clone()).into_iter().collect(),
        approval: approval(request),
        accounts: accounts.into_iter().collect(),
        regions: regions.into_iter().collect(),
        resources: input.map(|input| input.resources.clone()).unwrap_or_default(),
        resource_names: input.map(|input| input.resource_names.clone()).unwrap_or_default(),
        links: links.into_iter().flatten().chain(automations.take(INLINE_LIMIT)).collect(),
        runs_total: published_runs.len() as u64,
        runs: published_runs,
        details: stored.cloned(),
        ..Outcome::new(id, request.flow, status, at)
    };
    outcome.with_problems(problems)
}

fn alarm_details(alarm: &AlarmRef) -> AlarmDetails {
    AlarmDetails {
        at: alarm.at,
        reason: Some(alarm.reason.clone()).filter(|reason| !reason.is_empty()),
        ..AlarmDetails::new(alarm.arn.clone()).with_contributor(alarm.contributor.clone())
    }
}

/// The approval of the run that waits, or of the last run that asked for one. Whether it was given is known when it was
/// rejected, when nobody answered in time, when enough approved it, and when the runbook behind it succeeded; otherwise there is none to report.
fn approval(request: &PublishOutcomeInput) -> Option<ApprovalDetails> {
    let pending = request.pending.as_ref();
    if pending.is_some_and(|pending| pending.waiting_for != WaitingFor::Approval) {
        return None;
    }
    let ladder = &input(request)?.ladder;
    let asking = |number: u32| {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        let rung = ladder.get(index)?;
        Some((rung, rung.approval.as_ref()?))
    };
    let last = match pending {
        Some(_) => None,
        // A later rung may have asked nobody, or may not have been started.
        None => Some(
            runs(request)
                .iter()
                .rev()
                .find(|run| run.execution_id.is_some() && asking(run.rung).is_some())?,
        ),
    };
    let (number, execution_id) = match (pending, last) {
        (Some(pending), _) => (pending.rung, &pending.execution_id),
        (None, last) => (last?.rung, last?.execution_id.as_ref()?),
    };
    let (rung, approval) = asking(number)?;
    let decisions = last.map(|last| last.decisions.clone()).unwrap_or_default();
    let approved = decisions.iter().filter(|each| each.answer == ApproverAnswer::Approved).count();
    let status = match last.map(|last| last.end) {
        None => ApprovalStatus::Pending,
        Some(RungEnd::Ran(Ending::Rejected)) if last.is_some_and(|last| last.unanswered) => {
            ApprovalStatus::Expired
        }
        Some(RungEnd::Ran(Ending::Rejected)) => ApprovalStatus::Rejected,
        Some(RungEnd::Ran(Ending::Succeeded)) => ApprovalStatus::Approved,
        Some(_) if approved >= usize::try_from(approval.minimum).ok()? => ApprovalStatus::Approved,
        Some(_) => return None,
    };
    Some(ApprovalDetails {
        status,
        runbook: rung.runbook.to_string(),
        execution_id: execution_id.to_string(),
        approvers: approval.approvers.clone(),
        minimum: approval.minimum,
        within_seconds: approval.within.as_secs(),
        deadline: pending.and_then(|pending| pending.deadline),
        decisions,
    })
}

fn severity(
    status: OutcomeStatus,
    input: Option<&RunAutomationInput>,
    problems: &[Problem],
) -> Severity {
    let own = input.map_or(Severity::High, |input| input.severity);
    match status {
        OutcomeStatus::Succeeded if problems.is_empty() => Severity::Info,
        OutcomeStatus::Succeeded => own.min(Severity::Low),
        OutcomeStatus::Partial => own.min(Severity::Medium),
        _ => own,
    }
}

/// The page of a run's execution, and the account that sees it: the hub's, also where the run acts elsewhere.
fn automation_page(report: &RunReport) -> Option<(AccountId, String)> {
    let id = report.execution_id.as_ref()?;
    let (account, region) = match &report.started_in {
        Some(place) => (place.account, &place.region),
        None => (report.account, &report.region),
    };
    Some((account, automation_console_link(region, id)?))
}

/// The pages of all runs and children, in the order of the runs.
fn automation_links(request: &PublishOutcomeInput) -> impl Iterator<Item = Link> {
    let pending = request.pending.iter().filter_map(|pending| {
        let page = automation_console_link(&pending.region, &pending.execution_id);
        Some((pending.account, page?))
    });
    let reports = if request.pending.is_some() { &[] } else { runs(request) };
    let ended = reports.iter().flat_map(|report| {
        let children = report.children.iter().filter_map(|child| {
            let page = automation_console_link(&child.region, child.execution_id.as_ref()?);
            Some((child.account, page?))
        });
        automation_page(report).into_iter().chain(children)
    });
    let pages = pending.chain(ended);
    pages.filter_map(|(account, page)| Link::of(LinkKind::Automation, account, Some(page)))
}

/// A run, and its children that did not succeed.
fn published_run(report: &RunReport) -> Vec<Run> {
    let status = match (&report.status, report.end) {
        (Some(status), _) => status.to_string(),
        (None, RungEnd::NotStarted) => "NotStarted".to_owned(),
        (None, RungEnd::Ran(_)) => "Unknown".to_owned(),
    };
    let id = report.execution_id.as_ref();
    let mut runs = vec![Run {
        runbook: report.runbook.to_string(),
        rung: report.rung,
        execution_id: id.map(ToString::to_string).unwrap_or_default(),
        account: report.account,
        region: report.region.clone(),
        status,
        console: automation_page(report).map(|(_, page)| page),
        failed_step: report.failed_step.clone(),
        reason: report.reason.clone(),
    }];
    runs.extend(report.children.iter().map(|child| child_run(report, child)));
    runs
}

fn child_run(report: &RunReport, child: &ChildReport) -> Run {
    let id = child.execution_id.as_ref();
    Run {
        runbook: report.runbook.to_string(),
        rung: report.rung,
        execution_id: id.map(ToString::to_string).unwrap_or_default(),
        account: child.account,
        region: child.region.clone(),
        status: child.status.to_string(),
        console: id.and_then(|id| automation_console_link(&child.region, id)),
        failed_step: child.failed_step.clone(),
        reason: child.reason.clone(),
    }
}

fn waiting_run(pending: &PendingRun) -> Run {
    Run {
        runbook: pending.runbook.to_string(),
        rung: pending.rung,
        execution_id: pending.execution_id.to_string(),
        account: pending.account,
        region: pending.region.clone(),
        status: "Waiting".to_owned(),
        console: automation_console_link(&pending.region, &pending.execution_id),
        failed_step: None,
        reason: None,
    }
}

/// The most urgent first: what ended the execution, then the rungs from the last to the first, then
/// the intake's warnings.
fn problems(request: &PublishOutcomeInput) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(request.pending.as_ref().map(|pending| waiting(request, pending)));
    problems.extend(request.error.as_ref().map(|error| execution_problem(request, error)));
    if request.pending.is_none() && request.error.is_none() && runs(request).is_empty() {
        problems.push(unreadable_order(request));
    }
    for report in runs(request).iter().rev() {
        problems.extend(report.problems.iter().cloned());
        problems.extend(rung_problems(request, report));
    }
    problems.extend(input(request).into_iter().flat_map(|input| input.warnings.iter().cloned()));
    let mut seen = BTreeSet::new();
    problems.retain(|problem| seen.insert(problem.clone()));
    problems
}

/// The machine comes to its end without a run and without an error where its input has `unlock`.
fn unreadable_order(request: &PublishOutcomeInput) -> Problem {
    let what = "`unlock` of the input cannot be read";
    Problem::new(ProblemCode::InvalidInput, &request.execution.name, what)
        .with_hint("`relay unlock` writes it: docs/relay.md.")
}

fn rung_problems(request: &PublishOutcomeInput, report: &RunReport) -> Vec<Problem> {
    let path = format!("ladder[{}]", report.rung.saturating_sub(1));
    let place = input(request).map_or_else(|| Place::from(&path), |input| input.place(&path));
    let step = report.failed_step.as_deref();
    let at = step.map(|step| format!(" in step {step}")).unwrap_or_default();
    let why = report.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    let runbook = &report.runbook;
    let mut problems = Vec::new();
    let mut say = |code: ProblemCode, what: String| {
        problems.push(Problem::new(code, place.clone(), what));
    };
    match report.end {
        RungEnd::Ran(Ending::Failed) => {
            say(ProblemCode::AutomationFailed, format!("{runbook} failed{at}{why}"));
        }
        RungEnd::Ran(Ending::TimedOut) => {
            say(ProblemCode::AutomationTimedOut, format!("{runbook} ran out of time{at}{why}"));
        }
        RungEnd::Ran(Ending::Cancelled) => {
            say(ProblemCode::AutomationCancelled, format!("{runbook} was stopped{at}{why}"));
        }
        RungEnd::Ran(Ending::Rejected) if report.unanswered => {
            let deadline = approval_of(request, report.rung).map(|approval| &approval.within);
            let within =
                deadline.map(|within| format!(", {within} after the request")).unwrap_or_default();
            say(
                ProblemCode::ApprovalExpired,
                format!("{runbook} was not run: nobody decided by the deadline{within}"),
            );
        }
        RungEnd::Ran(Ending::Rejected) => {
            say(ProblemCode::ApprovalRefused, format!("{runbook} was not approved{why}"));
        }
        RungEnd::NotStarted if report.problems.is_empty() => {
            say(ProblemCode::StartRefused, format!("{runbook} was not started{why}"));
        }
        RungEnd::NotStarted => {}
        RungEnd::Ran(Ending::Succeeded) if report.children_failed > 0 => {
            let (failed, succeeded) = (report.children_failed, report.children_succeeded);
            say(
                ProblemCode::AutomationFailed,
                format!("{failed} of {} runs of {runbook} failed", failed + succeeded),
            );
        }
        RungEnd::Ran(Ending::Succeeded) => {}
    }
    match report.seen {
        Some(Seen::NotRecovered) => {
            say(
                ProblemCode::AlarmNotRecovered,
                format!("the alarm is still in ALARM after {runbook}"),
            );
        }
        Some(Seen::Unverified) => say(
            ProblemCode::RecoveryUnverified,
            format!("whether {runbook} helped cannot be seen: the alarm is gone or unreadable"),
        ),
        Some(Seen::Recovered) | None => {}
    }
    problems
}

/// The approval that a rung, counted from 1, asks for.
fn approval_of(request: &PublishOutcomeInput, rung: u32) -> Option<&Approval> {
    let index = usize::try_from(rung).ok()?.checked_sub(1)?;
    input(request)?.ladder.get(index)?.approval.as_ref()
}

/// Whose approval a run waits for, and until when, in words.
fn approver_and_deadline(request: &PublishOutcomeInput, pending: &PendingRun) -> String {
    let Some(approval) = approval_of(request, pending.rung) else {
        return "its approval".to_owned();
    };
    let (minimum, approvers) = (approval.minimum, approval.approvers.join(", "));
    if let Some(deadline) = pending.deadline.filter(|_| pending.reminder) {
        return format!("{minimum} of {approvers} to approve it, not later than {deadline:.0}");
    }
    let within = &approval.within;
    format!("{minimum} of {approvers} to approve it, within {within}")
}

/// The problem of a run that waits, with the command that answers it.
fn waiting(request: &PublishOutcomeInput, pending: &PendingRun) -> Problem {
    let PendingRun { rung, runbook, execution_id, region, .. } = pending;
    let path = format!("ladder[{}]", rung.saturating_sub(1));
    let place = input(request).map_or_else(|| Place::from(&path), |input| input.place(&path));
    let signal = format!(
        "aws ssm send-automation-signal --region {region} --automation-execution-id {execution_id}"
    );
    match pending.waiting_for {
        WaitingFor::Approval => Problem::new(
            ProblemCode::ApprovalWaiting,
            place,
            format!("{runbook} waits for {}", approver_and_deadline(request, pending)),
        )
        // The command is the end of it and nothing else, so that any shell takes it.
        .with_hint(format!(
            "Approve it, or write Reject for Approve: {signal} --signal-type Approve"
        )),
        WaitingFor::Step => Problem::new(
            ProblemCode::StepWaiting,
            place,
            format!("{runbook} waits for a signal before its next step"),
        )
        .with_hint(format!(
            "Write the step's name for STEP, or at a pause Resume for StartStep, without the payload: \
             {signal} --signal-type StartStep --payload StepName=STEP"
        )),
    }
}

fn summary(request: &PublishOutcomeInput, status: OutcomeStatus, problems: &[Problem]) -> String {
    let input = input(request);
    let resources = input.map(|input| input.resources.as_slice()).unwrap_or_default();
    let whom = match resources {
        [] => String::new(),
        [one] => match input.and_then(|input| input.resource_names.get(one)) {
            Some(name) => format!(" on {one} ({name})"),
            None => format!(" on {one}"),
        },
        many => format!(" on {} resources", many.len()),
    };
    let cause = input
        .and_then(|input| input.alarm.as_ref())
        .map(|alarm| format!("Alarm {}: ", alarm.arn.name()))
        .unwrap_or_default();
    let last = runs(request).last();
    let runbook = request.pending.as_ref().map(|pending| &pending.runbook);
    let runbook = runbook.or(last.map(|report| &report.runbook));
    let runbook = runbook.or(input.and_then(|input| input.ladder.first()).map(|r| &r.runbook));
    let runbook = runbook.map(ToString::to_string).unwrap_or_else(|| "nothing".to_owned());
    let first = problems.first().map(|problem| problem.what.as_str()).unwrap_or("unknown");
    let first = first.trim_end_matches('.');
    // The sentence has begun with the runbook's name already.
    let then = first.strip_prefix(runbook.as_str()).map_or(first, str::trim_start);
    let recovered = match last.and_then(|report| report.seen) {
        Some(Seen::Recovered) => ", and the alarm returned to OK",
        _ => "",
    };
    let rung = match last.map(|report| report.rung) {
        Some(rung) if rung > 1 => format!(" (rung {rung})"),
        _ => String::new(),
    };
    match status {
        OutcomeStatus::Succeeded => format!("{cause}{runbook}{whom} succeeded{rung}{recovered}."),
        OutcomeStatus::PendingApproval => {
            let again = request.pending.as_ref().is_some_and(|pending| pending.reminder);
            let reminder = if again { "Reminder: " } else { "" };
            format!("{reminder}{cause}{runbook}{whom} {then}.")
        }
        OutcomeStatus::Partial => format!("{cause}{runbook}{whom}{rung}: {then}{recovered}."),
        _ => format!("{cause}{runbook}{whom}{rung}: {then}."),
    }
}
