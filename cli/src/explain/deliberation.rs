//! The decision that the guardrails would take now: the suite's own deliberation, answered by looking alone. Takes nothing.

use anyhow::Result;
use aws::AwsError;
use jiff::Timestamp;
use remediation::alarm::AlarmTrigger;
use remediation::guard::{
    AlarmNow, CalendarState, Case, Control, Decision, Facts, MemoryNow, Question, Step, Take,
    TakeAnswer, next,
};
use remediation::{RemediationRule, Resolution, Subject};
use serde::Serialize;
use store::{GuardStates, Table};

use super::Explanation;
use crate::guards::GuardNumbers;
use crate::session::Session;

/// A decision that was not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deliberated {
    /// `start`, `observe`, `suppress`, `later`, `over` or `unknown`.
    decision: &'static str,
    /// The guardrail that objects, by the code of its problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// The decision and its reason for people.
    what: String,
}

impl Deliberated {
    fn new(decision: &'static str, what: impl Into<String>) -> Self {
        Self { decision, code: None, what: what.into() }
    }

    /// The text of a page.
    pub(super) fn text(&self) -> String {
        match &self.code {
            Some(code) => format!("{} ({code}: relay explain {code})", self.what),
            None => self.what.clone(),
        }
    }
}

/// Deliberates, with what the table and AWS say now, and notes what it assumed.
pub(super) async fn deliberate(
    session: &Session,
    table: &Table,
    rule: &RemediationRule,
    trigger: &AlarmTrigger,
    (control, seen, now): (&Control, Option<AlarmNow>, Timestamp),
    explanation: &mut Explanation,
) -> Result<Deliberated> {
    let case = Case { rule, trigger, control, now };
    let recorded = table.decision(trigger.id()).await?;
    if let Some(record) = recorded {
        let note = format!(
            "about this very transition it was decided at {}: relay show {}",
            record.at, trigger.alarm
        );
        explanation.notes.push(note);
    }
    // The decision if the alarm went into ALARM now.
    let mut facts = Facts { decided: Some(None), ..Facts::default() };
    let mut states: Option<GuardStates> = None;
    if let Resolution::Known(subject) = rule.resolve(trigger) {
        let read = table.guard_states(&case.taker(), rule, &subject).await?;
        explanation.guards = GuardNumbers::of(&read, rule, now);
        states = Some(read);
    }
    loop {
        match next(&case, &facts) {
            Step::Ask(question) => {
                if !answer(
                    session,
                    table,
                    &case,
                    question,
                    seen,
                    &mut facts,
                    &mut explanation.notes,
                )
                .await?
                {
                    return Ok(Deliberated::new(
                        "unknown",
                        "it hangs on resources that were not looked up",
                    ));
                }
            }
            Step::Take(take) => {
                let answer = refusal(states.as_ref(), &take).unwrap_or(TakeAnswer::Taken);
                facts.takes.push((take, answer));
            }
            Step::Decided(verdict) => return Ok(words(&verdict.decision, &case)),
        }
    }
}

fn refusal(states: Option<&GuardStates>, take: &Take) -> Option<TakeAnswer> {
    states?.states.iter().find(|state| state.take == *take)?.refused
}

/// Answers a question; false where it cannot be answered.
async fn answer(
    session: &Session,
    table: &Table,
    case: &Case<'_>,
    question: Question,
    seen: Option<AlarmNow>,
    facts: &mut Facts,
    notes: &mut Vec<String>,
) -> Result<bool> {
    match question {
        Question::Decided => facts.decided = Some(None),
        Question::History => {
            notes.push("assumed: the alarm had been evaluated before".to_owned());
            facts.initial = Some(false);
        }
        // It is explained as if it were in ALARM.
        Question::Alarm => {
            if seen.is_none() {
                notes.push(
                    "assumed: the alarm is still in ALARM, and its actions are enabled".to_owned(),
                );
            }
            let actions_enabled = seen.is_none_or(|seen| seen.actions_enabled);
            let state = Some(relay_core::alarm::AlarmState::Alarm);
            facts.alarm = Some(AlarmNow { state, actions_enabled });
        }
        Question::Calendar(name) => {
            facts.calendar = Some(calendar(session, name.as_str(), notes).await);
        }
        Question::Subject => match case.rule.resolve(case.trigger) {
            Resolution::Known(subject) => facts.subject = Some(Ok(subject)),
            Resolution::Refused(problem) => facts.subject = Some(Err(problem)),
            Resolution::LookUp { .. } => return Ok(false),
        },
        Question::Memory(takes) => {
            let memory: MemoryNow = table.look(&case.taker(), &takes).await?;
            facts.memory = Some(memory);
        }
        Question::Fitness => {
            if let Some(Ok(Subject { resources, .. })) = &facts.subject
                && !resources.is_empty()
            {
                notes.push(
                    "assumed: the rule may be run on the resources (Auto Scaling, instance store)"
                        .to_owned(),
                );
            }
            facts.fitness = Some(Ok(()));
        }
    }
    Ok(true)
}

async fn calendar(session: &Session, name: &str, notes: &mut Vec<String>) -> CalendarState {
    let client = aws_sdk_ssm::Client::new(&session.config);
    match client.get_calendar_state().calendar_names(name).send().await.map_err(AwsError::from) {
        Ok(answer) => match answer.state().map(|state| state.as_str()) {
            Some("OPEN") => CalendarState::Open,
            _ => CalendarState::Closed {
                until: answer.next_transition_time().and_then(|until| until.parse().ok()),
            },
        },
        Err(error) => {
            notes.push(format!(
                "assumed: the change calendar {name} is open; it was not read: {error}"
            ));
            CalendarState::Open
        }
    }
}

fn words(decision: &Decision, case: &Case<'_>) -> Deliberated {
    let runbook = case.rule.ladder.first().map(|rung| rung.runbook.to_string()).unwrap_or_default();
    match decision {
        Decision::Start(_) => Deliberated::new("start", format!("{runbook} would be started")),
        Decision::Observe(Ok(_)) => Deliberated::new(
            "observe",
            format!("observed only: {runbook} would be started if the mode were active"),
        ),
        Decision::Observe(Err(suppression)) | Decision::Suppress(suppression) => Deliberated {
            decision: "suppress",
            code: Some(suppression.problem.code.as_str().to_owned()),
            what: format!("suppressed: {}", suppression.problem.what),
        },
        Decision::Later(until) => {
            Deliberated::new("later", format!("it would be looked at again at {until}"))
        }
        Decision::Repeat(_) | Decision::Over => Deliberated::new("over", "its run has ended"),
    }
}
