//! How an execution of the sharing flow ended: the status rule, and the outcome that says so.

use std::collections::BTreeSet;

use jiff::Timestamp;
use relay_core::execution::{ErrorOutput, TriggerKind};
use relay_core::flow::{Flow, Severity};
use relay_core::id::arn::{Arn, execution_console_link};
use relay_core::id::{AccountId, Region, outcome_id};
use relay_core::problem::{Problem, ProblemCode};
use relay_core::storage::S3Object;
use remediation::guard::Unlocked;
use sharing::plan::{OnboardingReport, SharePlan};
use sharing::{Membership, MembershipRequest, ShareCounts, ShareDetails, ShareReport};
use uuid::Uuid;

use crate::secrets::Secrets;
use crate::{
    Drift, Link, LinkKind, MachineInput, Outcome, OutcomeStatus, PublishOutcomeInput, Published,
    Shares, Standing, standing,
};

/// Everything that is known about an execution that came to its end.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The request of the state machine.
    pub request: &'a PublishOutcomeInput,
    /// The plan, if it was made and can be read.
    pub plan: Option<&'a SharePlan>,
    /// The failures, by owner and Region.
    pub details: &'a [ShareDetails],
    /// How the plan's problems differ from those that were published before; `None` where that is not
    /// known: then all of them are published.
    pub standing: Option<&'a Standing>,
    /// The findings of a reconcile; `None` for other executions.
    pub drift: Option<&'a Drift>,
    /// The release for a person; `None` where nobody asked for it, or nothing was tried.
    pub unlocked: Option<&'a Unlocked>,
    /// When the outcome is decided.
    pub at: Timestamp,
    /// Where the whole outcome is stored.
    pub stored: Option<&'a S3Object>,
}

/// The status to publish, and the outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The outcome's id, whether one is published or not.
    pub id: Uuid,
    /// The answer to the state machine.
    pub published: Published,
    /// The whole outcome; `None` when there is nothing to publish.
    pub outcome: Option<Outcome>,
}

/// Decides the outcome of an execution of any machine, by its flow. It repeats no secret of the input.
#[must_use]
pub fn decide(evidence: Evidence<'_>) -> Verdict {
    let verdict = match (&evidence.request.input, evidence.request.flow) {
        (MachineInput::Unlock(input), _) => crate::unlock::unlock(evidence, input),
        (_, Flow::Sharing) => sharing(evidence),
        (_, Flow::Remediation | Flow::Run) => crate::run(evidence),
    };
    let secrets = Secrets::of(&evidence.request.input);
    Verdict { outcome: verdict.outcome.map(|outcome| secrets.hide(outcome)), ..verdict }
}

/// Decides the outcome of an execution of `share-runbooks` or `await-membership`.
#[must_use]
pub fn sharing(evidence: Evidence<'_>) -> Verdict {
    let id = outcome_id(&evidence.request.execution.arn, "final");
    let (published, status) = match status(evidence) {
        None => return Verdict { id, published: Published::None, outcome: None },
        Some(OutcomeStatus::Succeeded) => (Published::Succeeded, OutcomeStatus::Succeeded),
        Some(OutcomeStatus::Partial) => (Published::Partial, OutcomeStatus::Partial),
        Some(OutcomeStatus::Cancelled) => (Published::Cancelled, OutcomeStatus::Cancelled),
        Some(_) => (Published::Failed, OutcomeStatus::Failed),
    };
    Verdict { id, published, outcome: Some(outcome(evidence, id, status)) }
}

/// All wanted in place: succeeded; some of it: partial; none: failed. What is in place already
/// counts. Where nothing was to be done, there is something to publish if an account joined, or if there are
/// problems that no outcome has named yet, or that somebody who asked has to see.
fn status(evidence: Evidence<'_>) -> Option<OutcomeStatus> {
    let Evidence { request, plan, .. } = evidence;
    if let (Some(membership), None) = (&request.membership, &request.error) {
        return match membership.membership {
            Membership::HandedOver { .. } => None,
            Membership::Cancelled { .. } => Some(OutcomeStatus::Cancelled),
            Membership::Failed { .. } | Membership::Pending { .. } => Some(OutcomeStatus::Failed),
        };
    }
    let total = total(reports(request));
    let failed = request.error.is_some()
        || total.failed > 0
        || reports(request).iter().any(|report| report.error.is_some())
        || onboarding(request).iter().any(|report| report.error.is_some())
        || plan.is_some_and(onboarding_was_cut);
    let news = evidence.standing.is_some_and(Standing::has_changed);
    let quiet = !news && total.changed() == 0 && is_known_failure(evidence);
    if failed && !quiet {
        return Some(match total.changed() + total.present {
            0 => OutcomeStatus::Failed,
            _ => OutcomeStatus::Partial,
        });
    }
    let joined = kind(request) == Some(TriggerKind::Join);
    let told = !new_problems(evidence).is_empty()
        || found(evidence).any(|problem| standing::stands_at_owner(problem.code));
    if !(joined || news || told || total.changed() > 0) {
        return None;
    }
    let held = [ProblemCode::MassRemovalHeld, ProblemCode::PlanOutdated];
    if new_problems(evidence).iter().any(|problem| held.contains(&problem.code)) {
        return Some(OutcomeStatus::Partial);
    }
    let nothing_done = total.changed() + total.present == 0;
    Some(if nothing_done && plan.is_some_and(rules_are_broken) {
        OutcomeStatus::Failed
    } else {
        OutcomeStatus::Succeeded
    })
}

/// Whether all that failed is what an outcome has named: owners whose role cannot be assumed, one reconcile after the
/// other. An answer to somebody who asked names it again.
fn is_known_failure(evidence: Evidence<'_>) -> bool {
    let Evidence { request, plan: Some(plan), details, standing: Some(known), .. } = evidence
    else {
        return false;
    };
    let is_known = |report: &ShareReport| {
        let of_report =
            |read: &&ShareDetails| read.owner == report.owner && read.region == report.region;
        let read = details.iter().find(of_report);
        let problems = read.map_or(&[][..], |read| &read.problems);
        let denied = |problem: &&Problem| standing::is_about_reach(problem.code);
        let others = problems.iter().filter(|problem| !standing::stands_at_owner(problem.code));
        report.error.is_none()
            && problems.iter().any(|problem| denied(&problem))
            && others.clone().all(|problem| denied(&problem) && known.has_named(problem))
    };
    let failed = |report: &&ShareReport| {
        report.error.is_some() || report.counts.is_some_and(|counts| counts.failed > 0)
    };
    plan.organization
        && !was_asked(request)
        && request.error.is_none()
        && onboarding(request).is_empty()
        && reports(request).iter().filter(failed).all(is_known)
}

fn kind(request: &PublishOutcomeInput) -> Option<TriggerKind> {
    request.input.trigger().map(|trigger| trigger.kind)
}

/// The plan's problems that have to be published: all of them for somebody who asked, otherwise those that no
/// outcome has named yet.
fn new_problems(evidence: Evidence<'_>) -> Vec<Problem> {
    let Evidence { request, plan: Some(plan), standing: known, .. } = evidence else {
        return Vec::new();
    };
    let Some(known) = known.filter(|_| !was_asked(request)) else {
        return plan.problems.clone();
    };
    let of_account = plan.problems.iter().filter(|problem| !standing::stands(problem));
    known.new.iter().chain(of_account).cloned().collect()
}

/// Whether somebody waits for an answer, and not only for news.
fn was_asked(request: &PublishOutcomeInput) -> bool {
    matches!(kind(request), None | Some(TriggerKind::Manual | TriggerKind::Backfill))
}

/// The problems that the work on documents found. One that stands there is left out if an outcome has named it, and is among the
/// new problems if none has. A conflict is named all the same where it is why something failed.
fn found<'a>(evidence: Evidence<'a>) -> impl Iterator<Item = &'a Problem> {
    let Evidence { request, details, standing: known, .. } = evidence;
    let all = known.is_none() || was_asked(request);
    let failed = total(reports(request)).failed > 0;
    let mut owners = BTreeSet::new();
    details.iter().flat_map(|details| &details.problems).filter(move |problem| {
        let named = failed && !standing::is_about_claims(problem.code);
        named
            || !standing::stands_at_owner(problem.code)
            || all && owners.insert((problem.code, &problem.place))
    })
}

/// Nothing can be shared: the rules could not be read, or there are rules and none of them is valid.
/// The absence of rules is not a failure: nobody asked for anything.
fn rules_are_broken(plan: &SharePlan) -> bool {
    plan.valid_rules == 0
        && !plan.problems.is_empty()
        && plan.problems.iter().all(|problem| problem.code != ProblemCode::RulesEmpty)
}

/// Not all onboarding runbooks fitted into the machine.
fn onboarding_was_cut(plan: &SharePlan) -> bool {
    plan.problems.iter().any(|problem| problem.code == ProblemCode::OnboardingNotStarted)
}

fn onboarding(request: &PublishOutcomeInput) -> &[OnboardingReport] {
    request.onboarding.as_deref().unwrap_or_default()
}

fn reports(request: &PublishOutcomeInput) -> &[ShareReport] {
    request.shares.as_deref().unwrap_or_default()
}

fn total(reports: &[ShareReport]) -> ShareCounts {
    let mut total = ShareCounts::default();
    for counts in reports.iter().filter_map(|report| report.counts) {
        total += counts;
    }
    total
}

fn outcome(evidence: Evidence<'_>, id: Uuid, status: OutcomeStatus) -> Outcome {
    let Evidence { request, plan, at, stored, .. } = evidence;
    let problems = problems(evidence, status);
    let shares: Vec<Shares> = reports(request).iter().filter_map(shares).collect();
    let regions: BTreeSet<Region> = shares.iter().map(|share| share.region.clone()).collect();
    let elapsed = at.duration_since(request.execution.start_time).as_millis().max(0);
    let accounts = accounts(request);
    let outcome = Outcome {
        severity: severity(status, &problems),
        summary: summary(evidence, status, &accounts, &problems),
        // Milliseconds of an execution that lasts at most a year: exact in a double.
        duration_seconds: elapsed as f64 / 1000.0,
        attempt: request.input.trigger().map_or(1, |trigger| trigger.attempt),
        rules: plan.map_or_else(Vec::new, |plan| {
            plan.rules.iter().map(|rule| rule.name.clone()).collect()
        }),
        rules_version: plan
            .map(|plan| &plan.rules_version)
            .or(request.plan.as_ref().map(|plan| &plan.rules_version))
            .filter(|version| !version.is_empty())
            .cloned(),
        execution: request.execution.arn.clone(),
        trigger: request.input.trigger().cloned(),
        accounts,
        regions: regions.into_iter().collect(),
        shares,
        drift: evidence.drift.map(|drift| drift.clone().with_changes(total(reports(request)))),
        solved: evidence.standing.map_or_else(Vec::new, |standing| standing.solved.clone()),
        links: execution_link(request).into_iter().collect(),
        details: stored.cloned(),
        ..Outcome::new(id, Flow::Sharing, status, at)
    };
    outcome.with_problems(problems)
}

/// The console's page of the execution.
pub(super) fn execution_link(request: &PublishOutcomeInput) -> Option<Link> {
    let arn = &request.execution.arn;
    let account = arn.parse::<Arn>().ok()?.account.parse().ok()?;
    Link::of(LinkKind::Execution, account, execution_console_link(arn))
}

fn accounts(request: &PublishOutcomeInput) -> Vec<AccountId> {
    let named = request.input.accounts();
    if !named.is_empty() {
        return named;
    }
    let account = request.membership.as_ref().and_then(|output| match &output.membership {
        Membership::HandedOver { account } => Some(*account),
        Membership::Failed { account, .. } | Membership::Cancelled { account, .. } => *account,
        Membership::Pending { .. } => None,
    });
    account.into_iter().collect()
}

/// Owners and Regions where something was wanted, done, or went wrong.
fn shares(report: &ShareReport) -> Option<Shares> {
    let counts = report.counts.unwrap_or_default();
    let ShareCounts { documents, added, removed, copied, deleted, present, failed, .. } = counts;
    // An error leaves at least one pair undone, whatever was counted before it.
    let failed = failed.max(u64::from(report.error.is_some()));
    (counts.changed() + present + failed > 0).then(|| Shares {
        owner: report.owner,
        region: report.region.clone(),
        documents,
        added,
        removed,
        copied,
        deleted,
        failed,
    })
}

fn severity(status: OutcomeStatus, problems: &[Problem]) -> Severity {
    match status {
        OutcomeStatus::Failed | OutcomeStatus::Partial => Severity::High,
        OutcomeStatus::Succeeded if problems.is_empty() => Severity::Info,
        _ => Severity::Low,
    }
}

/// The most urgent first: what ended the execution, then what was not shared, then policy.
fn problems(evidence: Evidence<'_>, status: OutcomeStatus) -> Vec<Problem> {
    let Evidence { request, plan, .. } = evidence;
    let mut problems = Vec::new();
    problems.extend(request.error.as_ref().map(|error| execution_problem(request, error)));
    problems.extend(membership_problem(request));
    for report in reports(request) {
        if let Some(error) = &report.error {
            let place = format!("{}/{}", report.owner, report.region);
            let code = code_of(error).unwrap_or(ProblemCode::WorkerFailed);
            problems.push(Problem::new(code, place, error.in_words()));
        }
    }
    problems.extend(onboarding(request).iter().filter_map(|report| {
        let error = report.error.as_ref()?;
        Some(Problem::new(ProblemCode::OnboardingNotStarted, &report.name, error.in_words()))
    }));
    problems.extend(found(evidence).cloned());
    // They are why nothing was shared, whether an outcome has named them before or not.
    match plan.filter(|plan| status == OutcomeStatus::Failed && rules_are_broken(plan)) {
        Some(plan) => problems.extend(plan.problems.iter().cloned()),
        None => problems.extend(new_problems(evidence)),
    }
    let mut seen = BTreeSet::new();
    problems.retain(|problem| seen.insert(problem.clone()));
    problems
}

pub(super) fn execution_problem(request: &PublishOutcomeInput, error: &ErrorOutput) -> Problem {
    let code = code_of(error).unwrap_or(match (&request.input, &request.plan) {
        (MachineInput::Unknown(_), _) => ProblemCode::InvalidInput,
        (MachineInput::ShareRunbooks(_), None) => ProblemCode::PlanFailed,
        _ => ProblemCode::ExecutionFailed,
    });
    let problem = Problem::new(code, &request.execution.name, error.in_words());
    match code {
        ProblemCode::InvalidInput => problem.with_hint(input_hint(request)),
        _ => problem,
    }
}

/// How the machine is started whose input is invalid.
fn input_hint(request: &PublishOutcomeInput) -> &'static str {
    match request.flow {
        Flow::Remediation | Flow::Run => {
            "Start it with {\"runbook\": \"<name>\"} or {\"ladder\": [...]}: docs/schemas/run-automation-input.json."
        }
        Flow::Sharing if request.execution.arn.contains("await-membership:") => {
            "The suite starts it by itself: docs/schemas/await-membership-input.json."
        }
        Flow::Sharing => {
            "Start it with {\"accounts\": [\"<id>\"]} or {\"organization\": true}: docs/schemas/share-runbooks-input.json."
        }
    }
}

fn membership_problem(request: &PublishOutcomeInput) -> Option<Problem> {
    let place = match &request.input {
        MachineInput::AwaitMembership(input) => match &input.request {
            MembershipRequest::CreateAccountRequestId(id) => id.to_string(),
            MembershipRequest::HandshakeId(id) => id.to_string(),
        },
        _ => request.execution.name.clone(),
    };
    let (code, what) = match &request.membership.as_ref()?.membership {
        Membership::HandedOver { .. } => return None,
        Membership::Pending { .. } => {
            (ProblemCode::MembershipUnresolved, "it was still pending at the end".to_owned())
        }
        Membership::Cancelled { reason, .. } => {
            (ProblemCode::InvitationNotAccepted, reason.clone())
        }
        Membership::Failed { reason, code: Some(_), .. } => {
            (ProblemCode::AccountCreationFailed, format!("AWS could not create it: {reason}"))
        }
        Membership::Failed { reason, code: None, .. } => {
            (ProblemCode::MembershipUnresolved, reason.clone())
        }
    };
    Some(Problem::new(code, place, what))
}

/// The code that an error's name stands for.
fn code_of(error: &ErrorOutput) -> Option<ProblemCode> {
    match error.error.as_str() {
        "States.Timeout" => Some(ProblemCode::ExecutionTimedOut),
        name => ProblemCode::ALL.iter().copied().find(|code| code.as_str() == name),
    }
}

fn summary(
    evidence: Evidence<'_>,
    status: OutcomeStatus,
    accounts: &[AccountId],
    problems: &[Problem],
) -> String {
    let request = evidence.request;
    let whom = match (accounts, &request.input) {
        ([account], _) => format!("account {account}"),
        ([], MachineInput::ShareRunbooks(_)) => "the organization".to_owned(),
        ([], MachineInput::AwaitMembership(input)) => match &input.request {
            MembershipRequest::CreateAccountRequestId(id) => format!("the account of {id}"),
            MembershipRequest::HandshakeId(id) => format!("the account invited by {id}"),
        },
        ([], MachineInput::Unknown(_)) => "an input that cannot be used".to_owned(),
        (many, _) => format!("{} accounts", many.len()),
    };
    let ShareCounts { added, removed, copied, deleted, present, failed, .. } =
        total(reports(request));
    let broken = reports(request).iter().filter(|report| report.error.is_some()).count();
    let first = problems.first().map(|problem| problem.what.as_str()).unwrap_or("unknown");
    let first = first.trim_end_matches('.');
    let mut done = Vec::new();
    for (count, what) in [
        (added, "added"),
        (removed, "removed"),
        (copied, "copied"),
        (deleted, if deleted == 1 { "copy deleted" } else { "copies deleted" }),
        (present, "already in place"),
    ] {
        if count > 0 {
            done.push(format!("{count} {what}"));
        }
    }
    match onboarding(request).iter().filter(|report| report.error.is_none()).count() {
        0 => {}
        1 => done.push("1 onboarding runbook started".to_owned()),
        n => done.push(format!("{n} onboarding runbooks started")),
    }
    match evidence.standing.map_or(0, |standing| standing.solved.len()) {
        0 => {}
        1 => done.push("1 earlier problem is solved".to_owned()),
        n => done.push(format!("{n} earlier problems are solved")),
    }
    let done = if done.is_empty() { "nothing to share".to_owned() } else { done.join(", ") };
    let mut not_done = Vec::new();
    if failed > 0 {
        not_done.push(format!("{failed} failed"));
    }
    match broken {
        0 => {}
        1 => not_done.push("the work in one Region of an owner broke off".to_owned()),
        n => not_done.push(format!("the work in {n} Regions of owners broke off")),
    }
    match onboarding(request).iter().filter(|report| report.error.is_some()).count() {
        0 => {}
        1 => not_done.push("1 onboarding runbook could not be started".to_owned()),
        n => not_done.push(format!("{n} onboarding runbooks could not be started")),
    }
    match status {
        OutcomeStatus::Succeeded if problems.is_empty() => format!("Runbooks for {whom}: {done}."),
        OutcomeStatus::Succeeded => format!("Runbooks for {whom}: {done}; but: {first}."),
        OutcomeStatus::Cancelled => format!("No runbooks for {whom}: {first}."),
        OutcomeStatus::Partial if not_done.is_empty() => {
            format!("Runbooks for {whom}: {done}; then: {first}.")
        }
        OutcomeStatus::Partial => {
            format!("Runbooks for {whom}: {done}; {}.", not_done.join("; "))
        }
        _ if not_done.is_empty() => format!("No runbooks for {whom}: {first}."),
        _ => format!("No runbooks for {whom}: {}.", not_done.join("; ")),
    }
}
