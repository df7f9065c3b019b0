//! Which execution does the work for whom. Decided in `sharing`; this file reads and writes, and asks Step Functions
//! whether the others still run.

use std::time::Duration;

use aws::AwsError;
use aws_sdk_sfn::types::ExecutionStatus;
use futures::stream::{StreamExt, TryStreamExt, iter};
use jiff::Timestamp;
use sharing::{
    Gather, GatherInput, Gathered, Scope, ShareRunbooksInput, Turn, Waiting, is_gathered,
    look_again, moves, together, turn,
};

use crate::{AT_ONCE, Deps, Error, flight};

/// How often others may be faster before the execution waits.
const ATTEMPTS: usize = 5;
/// The errors with which an execution ends whose outcome was published: all that it spoke for are named there.
const ANSWERED: [&str; 2] = ["OutcomeFailed", "OutcomeUnpublished"];
/// How long a change waits for an execution that brings the whole organization into line.
const BEHIND_ANOTHER: Duration = Duration::from_secs(10);

/// Says whether an execution waits, goes on for itself and others, or is done. Safe to repeat.
///
/// # Errors
/// When the table or Step Functions does not answer. The execution may then go on alone.
pub async fn gather(deps: &Deps, request: GatherInput) -> Result<Gathered, Error> {
    let GatherInput { execution, gather: Gather { input, settles } } = request;
    let window = deps.gather.window;
    if settles {
        return settle(deps, &execution.arn, input).await;
    }
    if window.is_zero() || !is_gathered(&input) {
        return Ok(Gathered::Plan { input });
    }
    let now = deps.clock.now();
    for _ in 0..ATTEMPTS {
        let all = deps.table.waiting().await?;
        match turn(&execution.name, &all, now, window) {
            Turn::Register => {
                let mine = Waiting {
                    name: execution.name.clone(),
                    execution: execution.arn.clone(),
                    input,
                    at: now,
                    by: None,
                    settles_until: None,
                };
                deps.table.register_waiting(&mine).await?;
                return Ok(wait(window));
            }
            Turn::Wait(left) => return Ok(wait(left)),
            // A repeat, after an answer that was lost.
            Turn::Follow { by } if by == execution.arn => {
                let mine = all.into_iter().filter(|waiting| waiting.by.as_ref() == Some(&by));
                let taken: Vec<Waiting> = mine.collect();
                return Ok(Gathered::Plan { input: together(&input, &taken) });
            }
            Turn::Follow { by } => {
                let Some(mine) = all.iter().find(|waiting| waiting.name == execution.name) else {
                    continue;
                };
                match state(deps, &by).await? {
                    // A move that is left to a join: that looks for it all the time.
                    State::Runs if mine.by.is_none() => return Ok(wait(window)),
                    State::Runs => return Ok(wait(look_again(mine, now, window))),
                    State::Answered if mine.by.is_some() => return Ok(Gathered::Done { by }),
                    // It has said of the join what it had to say, and does not know of this move.
                    _ if mine.by.is_none() => {
                        let settled = all.iter().filter(|w| w.by.as_ref() == Some(&by));
                        for settled in settled.filter(|w| w.settles_until.is_some()) {
                            let settled = Waiting { settles_until: None, ..settled.clone() };
                            deps.table.restore_waiting(&settled, &by).await?;
                        }
                    }
                    // It was stopped: what it spoke for gathers anew.
                    _ => {
                        let mine = Waiting { at: now, by: None, ..mine.clone() };
                        deps.table.restore_waiting(&mine, &by).await?;
                        tracing::warn!(by, "the execution that spoke for this one was stopped");
                        return Ok(wait(window));
                    }
                }
            }
            Turn::Overdue { name, execution: other } => match state(deps, &other).await? {
                State::Runs => {
                    let mine = all.iter().find(|waiting| waiting.name == execution.name);
                    let pause = mine.map_or(window, |mine| look_again(mine, now, window));
                    return Ok(wait(pause));
                }
                _ => {
                    let passed = all.iter().find(|waiting| waiting.name == name);
                    if let Some(passed) = passed {
                        deps.table.speak_for(passed, &execution.arn).await?;
                    }
                }
            },
            Turn::Lead(taken) => {
                if input.scope == Scope::Organization
                    && flight::other(deps, &execution.arn).await?.is_some()
                {
                    return Ok(wait(BEHIND_ANOTHER));
                }
                let (mine, others): (Vec<Waiting>, Vec<Waiting>) =
                    taken.into_iter().partition(|waiting| waiting.name == execution.name);
                let mine = speak_for(deps, mine, &execution.arn).await?;
                if mine.is_empty() {
                    continue;
                }
                let mut others = speak_for(deps, others, &execution.arn).await?;
                // Those of executions that were stopped.
                let passed = all.into_iter().filter(|w| w.by.as_ref() == Some(&execution.arn));
                others.extend(passed);
                tracing::info!(others = others.len(), "gathered");
                return Ok(Gathered::Plan { input: together(&input, &others) });
            }
        }
    }
    Ok(wait(window))
}

/// After the shares of a join: whether the moves of its accounts have come, whether they may still come, or whether
/// the story is over.
async fn settle(
    deps: &Deps,
    execution: &str,
    input: ShareRunbooksInput,
) -> Result<Gathered, Error> {
    let now = deps.clock.now();
    let all = deps.table.waiting().await?;
    let mine: Vec<&Waiting> =
        all.iter().filter(|waiting| waiting.by.as_deref() == Some(execution)).collect();
    let until = mine.iter().filter_map(|waiting| waiting.settles_until).max();
    let Some(until) = until else {
        if mine.is_empty() || deps.gather.settle.is_zero() {
            return Ok(Gathered::Publish);
        }
        // From now on moves of these accounts are left to this execution.
        let until = now.checked_add(deps.gather.settle).unwrap_or(now);
        iter(mine)
            .map(async |waiting| {
                let settling = Waiting { settles_until: Some(until), ..waiting.clone() };
                deps.table.restore_waiting(&settling, execution).await
            })
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<bool>>()
            .await?;
        return Ok(wait(pause(deps, now, until)));
    };
    let accounts = input.accounts();
    let Some(moves) = moves(&accounts, &all, now, deps.gather.window) else {
        return Ok(wait(deps.gather.window / 2));
    };
    if !moves.is_empty() {
        let taken = speak_for(deps, moves, execution).await?;
        tracing::info!(moves = taken.len(), "the moves of joined accounts");
        return Ok(Gathered::Plan { input: together(&input, &taken) });
    }
    Ok(if until <= now { Gathered::Publish } else { wait(pause(deps, now, until)) })
}

fn pause(deps: &Deps, now: Timestamp, until: Timestamp) -> Duration {
    let left = until.duration_since(now);
    let left = if left.is_positive() { left.unsigned_abs() } else { Duration::ZERO };
    left.min(deps.gather.window / 2)
}

/// Those for which this execution speaks from now on.
async fn speak_for(deps: &Deps, taken: Vec<Waiting>, me: &str) -> Result<Vec<Waiting>, Error> {
    let taken = iter(taken).map(async |waiting| {
        let ours = deps.table.speak_for(&waiting, me).await?;
        Ok::<_, Error>(ours.then_some(waiting))
    });
    let taken: Vec<Option<Waiting>> = taken.buffered(AT_ONCE).try_collect().await?;
    Ok(taken.into_iter().flatten().collect())
}

/// Whole seconds, at least one: a state machine waits no shorter.
fn wait(left: Duration) -> Gathered {
    let seconds = left.as_millis().div_ceil(1000).clamp(1, 3600);
    Gathered::Wait { seconds: u32::try_from(seconds).unwrap_or(1) }
}

enum State {
    Runs,
    /// It has ended, and said of all that it spoke for what was done.
    Answered,
    Stopped,
}

async fn state(deps: &Deps, execution: &str) -> Result<State, Error> {
    let described = deps.executions.describe_execution().execution_arn(execution).send().await;
    match described.map_err(AwsError::from) {
        Ok(described) => Ok(match described.status() {
            ExecutionStatus::Running | ExecutionStatus::PendingRedrive => State::Runs,
            ExecutionStatus::Succeeded => State::Answered,
            _ if described.error().is_some_and(|error| ANSWERED.contains(&error)) => {
                State::Answered
            }
            _ => State::Stopped,
        }),
        Err(error) if error.is("ExecutionDoesNotExist") => Ok(State::Stopped),
        Err(source) => Err(Error::Execution { execution: execution.to_owned(), source }),
    }
}
