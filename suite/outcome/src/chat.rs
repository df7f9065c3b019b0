//! The outcome as a custom notification of Amazon Q Developer in chat applications: a message in a channel of Slack or
//! Teams, one thread for each transition of an alarm.
//!
//! <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>

use relay_core::id::outcome_id;
use serde_json::{Map, Value, json};

use crate::{Outcome, OutcomeStatus};

/// The longest title and the longest text: more is not read in a channel, and `relay show` has the rest.
const TITLE: usize = 200;
const TEXT: usize = 2_000;
/// The longest line of it.
const LINE: usize = 300;
/// How many problems and resources are named.
const NAMED: usize = 3;
/// The first characters of an id, which `relay` takes.
const SHORT: usize = 8;

/// The notification, as JSON.
#[must_use]
pub fn chat(outcome: &Outcome) -> String {
    let id: String = outcome.id.to_string().chars().take(SHORT).collect();
    let mut metadata = json!({
        "threadId": thread(outcome),
        "summary": plain(&outcome.summary, LINE),
        "eventType": format!("runbook-relay-{}", outcome.outcome.as_str()),
        "additionalContext": context(outcome),
        "enableCustomActions": outcome.outcome == OutcomeStatus::PendingApproval,
    });
    let resources: Vec<String> =
        outcome.resources.iter().take(NAMED).map(|resource| plain(resource, LINE)).collect();
    if !resources.is_empty() {
        metadata["relatedResources"] = json!(resources);
    }
    json!({
        "version": "1.0",
        "source": "custom",
        "id": outcome.id,
        "content": {
            "textType": "client-markdown",
            "title": title(outcome),
            "description": description(outcome),
            "nextSteps": next_steps(outcome, &id),
            "keywords": keywords(outcome),
        },
        "metadata": metadata,
    })
    .to_string()
}

/// All outcomes of one transition of an alarm are one thread, and all of one execution.
fn thread(outcome: &Outcome) -> String {
    let transition = outcome.alarm.as_ref().and_then(|alarm| {
        let contributor = alarm.contributor.as_deref().unwrap_or_default();
        Some(format!("{}/{contributor}/{}", alarm.arn, alarm.at?))
    });
    let subject = match transition {
        Some(transition) => transition,
        None if outcome.execution.is_empty() => return outcome.id.to_string(),
        None => outcome.execution.clone(),
    };
    outcome_id(&subject, "thread").to_string()
}

fn title(outcome: &Outcome) -> String {
    let (mark, word) = match outcome.outcome {
        OutcomeStatus::Succeeded => ("\u{2705}", "succeeded"),
        OutcomeStatus::Failed => ("\u{274c}", "failed"),
        OutcomeStatus::Partial => ("\u{26a0}\u{fe0f}", "partial"),
        OutcomeStatus::Suppressed => ("\u{1f507}", "suppressed"),
        OutcomeStatus::Observed => ("\u{1f440}", "observed"),
        OutcomeStatus::PendingApproval => ("\u{270b}", "waits for an approval"),
        OutcomeStatus::Cancelled => ("\u{23f9}\u{fe0f}", "cancelled"),
    };
    let about = match (&outcome.alarm, outcome.accounts.as_slice()) {
        (Some(alarm), _) => format!("{} in {}, {}", alarm.name, alarm.account, alarm.region),
        (None, [account]) => format!("account {account}"),
        (None, []) => "the organization".to_owned(),
        (None, accounts) => format!("{} accounts", accounts.len()),
    };
    plain(&format!("{mark} {word}: {about}"), TITLE)
}

fn description(outcome: &Outcome) -> String {
    let mut lines = vec![plain(&outcome.summary, LINE)];
    if let Some(reason) = outcome.alarm.as_ref().and_then(|alarm| alarm.reason.as_ref()) {
        lines.push(format!("Alarm: {}", plain(reason, LINE)));
    }
    for run in outcome.runs.iter().take(NAMED) {
        let reason = run.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let line = format!("Rung {}: {} {}{reason}", run.rung, run.runbook, run.status);
        lines.push(plain(&line, LINE));
    }
    for problem in outcome.problems.iter().take(NAMED) {
        let line = format!("{}: {} {}", problem.code, problem.what, problem.hint);
        lines.push(plain(&line, LINE));
    }
    if outcome.problems_total > NAMED as u64 {
        lines.push(format!("and {} more problems", outcome.problems_total - NAMED as u64));
    }
    // Addresses are ours, made of ids and names that AWS allows.
    lines.extend(outcome.links.iter().take(NAMED).map(|link| link.address().to_owned()));
    clipped(&lines.join("\n"), TEXT)
}

fn next_steps(outcome: &Outcome, id: &str) -> Vec<String> {
    let show = format!("What happened and why: `relay show {id}`");
    match (&outcome.approval, outcome.outcome) {
        (Some(approval), OutcomeStatus::PendingApproval) => {
            let minutes = approval.within_seconds / 60;
            let who = plain(&approval.approvers.join(", "), LINE);
            vec![
                format!("Approve: `relay approve {id} -m \"why\"`"),
                format!("Reject: `relay reject {id} -m \"why\"`"),
                format!("{} of {who}, within {minutes} minutes", approval.minimum),
                show,
            ]
        }
        _ => vec![show],
    }
}

fn keywords(outcome: &Outcome) -> Vec<String> {
    let rules = outcome.rules.iter().take(NAMED).map(|rule| plain(rule, LINE));
    [outcome.outcome.as_str().to_owned(), outcome.severity.as_str().to_owned()]
        .into_iter()
        .chain(rules)
        .collect()
}

/// The words that buttons of a channel are made from: `event.metadata.additionalContext.<word>`.
fn context(outcome: &Outcome) -> Value {
    let mut context = Map::new();
    let mut add = |name: &str, value: String| context.insert(name.to_owned(), value.into());
    add("outcome", outcome.outcome.as_str().to_owned());
    add("severity", outcome.severity.as_str().to_owned());
    add("id", outcome.id.to_string());
    if let Some(approval) =
        outcome.approval.as_ref().filter(|_| outcome.outcome == OutcomeStatus::PendingApproval)
    {
        add("approvalExecutionId", approval.execution_id.clone());
        add("approvalRunbook", plain(&approval.runbook, LINE));
    }
    if let Some(rule) = outcome.rules.first() {
        add("rule", plain(rule, LINE));
    }
    context.into()
}

/// A text from elsewhere on one line. It cannot call a channel or a person, or hide an address behind a word: Slack writes
/// these between angle brackets.
fn plain(text: &str, most: usize) -> String {
    let safe = text.chars().map(|c| match c {
        '<' => '\u{2039}',
        '>' => '\u{203a}',
        '`' => '\'',
        '\n' | '\r' | '\t' => ' ',
        c => c,
    });
    clipped(&safe.collect::<String>(), most)
}

fn clipped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
    }
}
