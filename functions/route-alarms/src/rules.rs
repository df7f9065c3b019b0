//! The remediation rules and the kill switch, read together and kept for a few seconds.
//!
//! Whole or not at all: a page that cannot be read is not an absence of rules, and a kill switch
//! that cannot be read counts as pulled.

use std::sync::Arc;

use aws::AwsError;
use jiff::{SignedDuration, Timestamp};
use outcome::{Outcome, RuleProblems};
use relay_core::problem::{Problem, ProblemCode};
use relay_core::text::error_chain;
use remediation::RemediationRules;
use remediation::guard::Control;
use store::StandingOf;
use tokio::sync::Mutex;

use crate::{Deps, Error};

/// How long what was read holds. In a storm the intake would read the rules a hundred times a second.
const KEPT: SignedDuration = SignedDuration::from_secs(15);

/// The rules and the kill switch as they were read together.
#[derive(Debug)]
pub(crate) struct CurrentRules {
    pub(crate) rules: RemediationRules,
    pub(crate) control: Control,
    /// The problems of the kill switch.
    problems: Vec<Problem>,
}

/// The rules as they were read last, and their problems as the last outcome about them has them, as far as is known.
#[derive(Debug, Default)]
pub(crate) struct RuleCache {
    read: Mutex<Option<(Timestamp, Arc<CurrentRules>)>>,
    published: Mutex<Option<Vec<Problem>>>,
}

/// The rules, at most [`KEPT`] old. While one message reads them the others wait.
pub(crate) async fn current(deps: &Deps) -> Result<Arc<CurrentRules>, Error> {
    let current = {
        let mut cached = deps.rules.read.lock().await;
        let now = deps.clock.now();
        match &*cached {
            Some((at, current)) if now.duration_since(*at) < KEPT => {
                return Ok(Arc::clone(current));
            }
            _ => {
                let read = match read(deps).await {
                    Ok(read) => read,
                    Err(error) => {
                        publish_unreadable(deps, &error).await;
                        return Err(error);
                    }
                };
                let current = Arc::new(read);
                *cached = Some((now, Arc::clone(&current)));
                current
            }
        }
    };
    publish_problems(deps, &current).await;
    Ok(current)
}

async fn read(deps: &Deps) -> Result<CurrentRules, Error> {
    let (rules, (control, problems)) = tokio::try_join!(
        rules(&deps.ssm, deps.installation.remediation_rules()),
        control(&deps.ssm, deps.installation.control_parameter()),
    )?;
    for problem in rules.problems.iter().chain(&problems) {
        tracing::warn!(problem = %problem, version = rules.version, "left out");
    }
    Ok(CurrentRules { rules, control, problems })
}

async fn rules(client: &aws_sdk_ssm::Client, path: String) -> Result<RemediationRules, Error> {
    let texts = aws::parameters::texts(client, &path).await;
    Ok(RemediationRules::parse(texts.map_err(|source| Error::Rules { path, source })?))
}

/// The kill switch, and what is wrong with it. A transient failure is an error: the message is
/// delivered again, where a decision would hold for ever.
async fn control(
    client: &aws_sdk_ssm::Client,
    path: String,
) -> Result<(Control, Vec<Problem>), Error> {
    let answer = client.get_parameter().name(&path).with_decryption(true).send().await;
    match answer.map_err(AwsError::from) {
        Ok(answer) => {
            let text = answer.parameter().and_then(|parameter| parameter.value());
            Ok(match Control::parse(&path, text.unwrap_or_default()) {
                Ok(control) => (control, Vec::new()),
                Err(problems) => (Control::pulled(&path), problems),
            })
        }
        Err(error) if error.is("ParameterNotFound") => Ok((Control::default(), Vec::new())),
        Err(source) if source.is_transient() => Err(Error::Rules { path, source }),
        Err(error) => {
            let pulled = Control::pulled(&path);
            let problem = Problem::new(ProblemCode::ControlInvalid, path, error.to_string());
            Ok((pulled, vec![problem]))
        }
    }
}

/// Publishes what is invalid when it appears, when it changes and when it is mended. A failure does not keep alarms
/// from being handled: the next reading tries again.
async fn publish_problems(deps: &Deps, current: &CurrentRules) {
    let problems = current.rules.problems.iter().chain(&current.problems).cloned();
    let problems = outcome::remembered(problems);
    let mut published = deps.rules.published.lock().await;
    if published.as_ref() == Some(&problems) {
        return;
    }
    match publish_change(deps, current, &problems).await {
        Ok(()) => *published = Some(problems),
        Err(error) => {
            tracing::error!(error = error_chain(&error), "problems of rules were not published");
        }
    }
}

async fn publish_change(
    deps: &Deps,
    current: &CurrentRules,
    problems: &[Problem],
) -> Result<(), Error> {
    let (before, before_at) = deps.table.standing_problems(StandingOf::RemediationRules).await?;
    let at = deps.clock.now();
    let changed = outcome::rules_problems_changed(RuleProblems {
        rules_version: &current.rules.version,
        before: &before,
        before_at,
        now: problems,
        switch_unreadable: !current.problems.is_empty(),
        at,
    });
    let Some(outcome) = changed else { return Ok(()) };
    publish_once(deps, &outcome).await?;
    // After the message: where this fails, it is known by its id to be published.
    Ok(deps.table.store_standing_problems(StandingOf::RemediationRules, problems, at, at).await?)
}

/// Publishes that the rules may not be read, which does not pass by itself. The message fails all the same: in the
/// dead-letter queue it can be sent again.
async fn publish_unreadable(deps: &Deps, error: &Error) {
    let Error::Rules { path, source } = error else { return };
    if source.is_transient() {
        return;
    }
    let outcome = outcome::rules_unreadable(path, &source.to_string(), deps.clock.now());
    if let Err(error) = publish_once(deps, &outcome).await {
        tracing::error!(error = error_chain(&error), "unreadable rules were not published");
    }
}

async fn publish_once(deps: &Deps, outcome: &Outcome) -> Result<(), Error> {
    if !deps.table.is_published(outcome.id).await? {
        deps.outlet.publish(outcome).await.map_err(Error::Publish)?;
        deps.table.note_published(outcome.id, deps.clock.now()).await?;
    }
    Ok(())
}
