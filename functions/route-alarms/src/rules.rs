//! The remediation rules and the kill switch, read together and kept for a few seconds.
//!
//! Whole or not at all: a page that cannot be read is not an absence of rules, and a kill switch
//! that cannot be read counts as pulled.

use std::sync::Arc;

use aws::AwsError;
use jiff::{SignedDuration, Timestamp};
use outcome::Outcome;
use relay_core::problem::{Problem, ProblemCode};
use relay_core::text::error_chain;
use remediation::guard::{Control, once_key};
use remediation::{RuleSet, guard};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::{Deps, Error};

/// How long what was read holds. In a storm the intake would read policy a hundred times a second.
const KEPT: SignedDuration = SignedDuration::from_secs(15);

#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) rules: RuleSet,
    pub(crate) control: Control,
    /// What is wrong with the kill switch.
    problems: Vec<Problem>,
}

/// What was read last, and whose problems were told last.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    policy: Mutex<Option<(Timestamp, Arc<Policy>)>>,
    told: Mutex<Option<Uuid>>,
}

/// The policy, at most [`KEPT`] old. While one message reads it the others wait.
pub(crate) async fn policy(deps: &Deps) -> Result<Arc<Policy>, Error> {
    let policy = {
        let mut kept = deps.kept.policy.lock().await;
        let now = deps.clock.now();
        match &*kept {
            Some((at, policy)) if now.duration_since(*at) < KEPT => return Ok(Arc::clone(policy)),
            _ => {
                let policy = Arc::new(read(deps).await?);
                *kept = Some((now, Arc::clone(&policy)));
                policy
            }
        }
    };
    tell_problems(deps, &policy).await;
    Ok(policy)
}

async fn read(deps: &Deps) -> Result<Policy, Error> {
    let (rules, (control, problems)) = tokio::try_join!(
        rules(&deps.ssm, deps.installation.remediation_rules()),
        control(&deps.ssm, deps.installation.control_parameter()),
    )?;
    for problem in rules.problems.iter().chain(&problems) {
        tracing::warn!(problem = %problem, version = rules.version, "left out");
    }
    Ok(Policy { rules, control, problems })
}

async fn rules(client: &aws_sdk_ssm::Client, path: String) -> Result<RuleSet, Error> {
    let texts = aws::parameters::texts(client, &path).await;
    Ok(RuleSet::parse(texts.map_err(|source| Error::Policy { path, source })?))
}

/// The kill switch, and what is wrong with it. What passes by itself is an error: the message comes
/// again, where a decision would stand for ever.
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
        Err(source) if source.is_transient() => Err(Error::Policy { path, source }),
        Err(error) => {
            let pulled = Control::pulled(&path);
            let problem = Problem::new(ProblemCode::ControlInvalid, path, error.to_string());
            Ok((pulled, vec![problem]))
        }
    }
}

/// Tells what is invalid, once for each version of the policy. That it could not be told keeps no
/// alarm from being dealt with: the next reading tries again.
async fn tell_problems(deps: &Deps, policy: &Policy) {
    let problems: Vec<Problem> =
        policy.rules.problems.iter().chain(&policy.problems).cloned().collect();
    let (version, unreadable) = (&policy.rules.version, !policy.problems.is_empty());
    let Some(outcome) = outcome::rules_invalid(version, &problems, unreadable, deps.clock.now())
    else {
        return;
    };
    let id = outcome.id;
    let mut told = deps.kept.told.lock().await;
    if *told == Some(id) {
        return;
    }
    match tell_once(deps, outcome).await {
        Ok(()) => *told = Some(id),
        Err(error) => tracing::error!(error = error_chain(&error), "invalid rules were not told"),
    }
}

async fn tell_once(deps: &Deps, outcome: Outcome) -> Result<(), Error> {
    let failed = |what| move |source| Error::Table { what, source };
    let id = outcome.id;
    let marker = deps.table.get(&once_key(id)).await;
    if marker.map_err(failed("look whether invalid rules were told"))?.is_none() {
        deps.tell(&outcome).await?;
        let marker = guard::once(id, deps.clock.now());
        deps.table.write(&marker).await.map_err(failed("note that invalid rules were told"))?;
    }
    Ok(())
}
