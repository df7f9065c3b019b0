//! Finds the subject that a person names by an id, a name or an ARN.

use anyhow::Result;
use aws::AwsError;
use jiff::Timestamp;
use outcome::{HistoryQuery, Outcome, UnansweredAlarm};
use relay_core::alarm::AlarmArn;
use uuid::Uuid;

use crate::archive::{Archive, KEPT};
use crate::failure::Failure;
use crate::session::Session;

/// The shortest begin of an id.
const PREFIX: usize = 8;

/// The subject that a person named, as far as it was found.
#[derive(Debug)]
pub(super) enum Subject {
    /// An outcome, by its id or its execution.
    Outcome(Box<Outcome>),
    /// The newest outcome about an alarm, and when no rule was about it.
    Alarm {
        outcome: Box<Outcome>,
        unanswered: Vec<UnansweredAlarm>,
    },
    /// An alarm that no rule was about.
    Unanswered(Vec<UnansweredAlarm>),
    /// An execution without an outcome: it has not ended, or only just.
    Running {
        execution: String,
        started: Timestamp,
        /// As Step Functions says it.
        status: String,
    },
    Nothing,
}

/// Looks for an outcome, an execution and an alarm, in this order.
pub(super) async fn find(
    archive: &Archive,
    session: &Session,
    subject: &str,
    now: Timestamp,
) -> Result<Subject> {
    // Step Functions gives executions that are started without a name one of the same form.
    if let Ok(id) = subject.parse::<Uuid>()
        && let Some(outcome) = archive.outcome(id).await?
    {
        return Ok(Subject::Outcome(Box::new(outcome)));
    }
    if subject.parse::<AlarmArn>().is_ok() {
        return alarm(archive, subject, now).await;
    }
    let executions = if subject.contains(":execution:") {
        vec![subject.to_owned()]
    } else {
        archive.executions(subject)
    };
    for execution in executions {
        if let Some(outcome) = archive.of_execution(&execution).await?.into_iter().next() {
            return Ok(Subject::Outcome(Box::new(outcome)));
        }
        if let Some((started, status)) = running(session, &execution).await? {
            return Ok(Subject::Running { execution, started, status });
        }
    }
    let about = alarm(archive, subject, now).await?;
    if !matches!(about, Subject::Nothing) || !is_prefix(subject) {
        return Ok(about);
    }
    match archive.by_prefix(&subject.to_lowercase(), now).await?.as_slice() {
        [] => Ok(Subject::Nothing),
        [id] => Ok(archive
            .outcome(*id)
            .await?
            .map_or(Subject::Nothing, |outcome| Subject::Outcome(Box::new(outcome)))),
        several => {
            let ids: Vec<String> = several.iter().map(ToString::to_string).collect();
            let what = format!("{} outcomes have ids that begin with {subject}", ids.len());
            Err(Failure::new(what).help(format!("Name one of them: {}", ids.join(", "))).into())
        }
    }
}

fn is_prefix(text: &str) -> bool {
    text.len() >= PREFIX && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

async fn alarm(archive: &Archive, alarm: &str, now: Timestamp) -> Result<Subject> {
    let query = HistoryQuery { alarm: Some(alarm.to_owned()), ..HistoryQuery::default() };
    let soon = now + jiff::SignedDuration::from_mins(1);
    let newest = archive.find(&query, (now - KEPT, soon), 1).await?.entries.into_iter().next();
    let unanswered = archive.unanswered_of(alarm).await?;
    let outcome = match newest {
        Some(entry) => archive.outcome(entry.id).await?,
        None => None,
    };
    Ok(match outcome {
        // The newest transition decides which story it is.
        Some(outcome) if unanswered.first().is_none_or(|alarm| alarm.at <= outcome.at) => {
            Subject::Alarm { outcome: Box::new(outcome), unanswered }
        }
        _ if !unanswered.is_empty() => Subject::Unanswered(unanswered),
        _ => Subject::Nothing,
    })
}

/// When an execution was started, and its status; `None` also where it may not be looked at.
async fn running(session: &Session, execution: &str) -> Result<Option<(Timestamp, String)>> {
    let client = aws_sdk_sfn::Client::new(&session.config);
    let answer = client.describe_execution().execution_arn(execution).send().await;
    match answer.map_err(AwsError::from) {
        Ok(answer) => {
            let started = Timestamp::from_second(answer.start_date().secs()).ok();
            Ok(started.map(|started| (started, answer.status().as_str().to_owned())))
        }
        Err(error) => {
            tracing::debug!(%error, execution, "not looked at");
            Ok(None)
        }
    }
}
