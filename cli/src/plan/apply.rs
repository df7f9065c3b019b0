//! `relay apply`: brings the organization into line with the deployed rules, with the rules of a folder, or exactly as a
//! plan says.

use std::path::Path;

use anyhow::Result;
use serde_json::{Map, Value, json};
use sharing::Verdict;

use super::execution::{self, Ended};
use super::file::PlanFile;
use super::lines::Lines;
use super::{ApplyArguments, By, Looked, Report, effect, guard, look, proposal};
use crate::Exit;
use crate::arguments::Global;
use crate::failure::Failure;
use crate::output::Output;
use crate::rules::{Change, Planned, Selection, confirm_deletions, deployed_texts, write_rules};
use crate::session::Session;

/// Does what it is given, waits, and ends with the outcome.
pub(crate) async fn apply(
    arguments: &ApplyArguments,
    global: &Global,
    output: &Output,
) -> Result<Exit> {
    let confirm = arguments.confirm.as_deref();
    match &arguments.path {
        None => {
            let session = Session::open(global).await?;
            session.announce(output);
            share(&session, &[], None, confirm, output).await
        }
        Some(path) if PlanFile::is(path) => {
            if arguments.prune {
                let failure = Failure::new("--prune goes with a folder of rules");
                return Err(failure.help("A plan says itself which rules are deleted.").into());
            }
            plan_file(path, confirm, global, output).await
        }
        Some(path) => {
            let selection = Selection::new(path.clone(), arguments.prune);
            let planned = Planned::make(&selection, global, output).await?;
            let session = &planned.session;
            session.announce(output);
            let changes = &planned.plan.changes;
            let looked = look(session, &proposal::overlay(session, changes)?, None, output).await?;
            planned.print(output);
            Lines::new(&looked.effect, &looked.parts, By::Document).print(output);
            deploy(session, changes, &looked, confirm, output).await
        }
    }
}

/// Applies exactly what a plan says, if it is still current.
async fn plan_file(
    path: &Path,
    confirm: Option<&str>,
    global: &Global,
    output: &Output,
) -> Result<Exit> {
    let plan = PlanFile::read(path)?;
    let session = Session::open(global).await?;
    plan.demand_place(&session)?;
    let changes = plan.changes(&deployed_texts(&session).await?)?;
    session.announce(output);
    let rules = proposal::overlay(&session, &changes)?;
    let looked = look(&session, &rules, Some(&plan.execution), output).await?;
    let lines = Lines::new(&looked.effect, &looked.parts, By::Document);
    if looked.effect.totals.moved > 0 {
        lines.print(output);
        let what = format!("the plan {} is not current any more", path.display());
        let failure =
            Failure::new(what).help("Nothing was changed. The lines above say what has moved.");
        return Err(failure.help("Make a new plan: relay plan --out FILE").into());
    }
    proposal::print(&changes, output);
    lines.print(output);
    let looked = Looked { execution: plan.execution, ..looked };
    deploy(&session, &changes, &looked, confirm, output).await
}

/// Deploys rules, and then changes exactly what was seen with them.
async fn deploy(
    session: &Session,
    changes: &[Change],
    looked: &Looked,
    confirm: Option<&str>,
    output: &Output,
) -> Result<Exit> {
    let effect = &looked.effect;
    if guard(session).holds(effect.totals) && confirm != Some(effect.id.as_str()) {
        // Rules that were deployed already would be held by the next reconcile, and by every one after it.
        return Err(held(effect.totals.losing, effect.totals.holding, &effect.id).into());
    }
    confirm_deletions(changes, output)?;
    write_rules(session, changes).await?;
    share(session, changes, Some(&looked.execution), confirm, output).await
}

/// Starts `share-runbooks` and ends with its outcome.
async fn share(
    session: &Session,
    rules: &[Change],
    plan: Option<&str>,
    confirm: Option<&str>,
    output: &Output,
) -> Result<Exit> {
    let mut input = Map::from_iter([
        ("organization".to_owned(), json!(true)),
        ("drift".to_owned(), json!(true)),
        ("trigger".to_owned(), json!({"kind": "manual"})),
    ]);
    input.extend(plan.map(|plan| ("plan".to_owned(), json!(plan))));
    input.extend(confirm.map(|id| ("confirm".to_owned(), json!(id))));
    let ended = execution::run(session, &Value::Object(input), output).await?;
    let (effect, parts) = effect(session, &ended).await?;
    let outcome = outcome(session, &ended).await?;
    output.json(&Report {
        place: session.place(),
        rules,
        effect: &effect,
        parts: &parts,
        outcome: outcome.as_ref(),
    })?;
    if plan.is_none() || effect.totals.moved > 0 {
        Lines::new(&effect, &parts, By::Document).print(output);
    }
    if effect.totals.moved > 0 {
        let failure =
            Failure::new("the plan is not current any more: shares were left as they are");
        return Err(failure.help("Make a new plan: relay plan --out FILE").into());
    }
    if effect.verdict == Verdict::Held {
        return Err(held(effect.totals.losing, effect.totals.holding, &effect.id).into());
    }
    if effect.totals.adopted > 0 {
        output.line(format_args!("{} shares of others are the suite's now", effect.totals.adopted));
    }
    match &outcome {
        None if effect.totals.adopted > 0 => {}
        None => output.line("nothing to change"),
        Some(outcome) => {
            output.line(outcome["summary"].as_str().unwrap_or_default());
            output.line(format_args!(
                "outcome {}: {}",
                outcome["id"].as_str().unwrap_or_default(),
                outcome["outcome"].as_str().unwrap_or_default()
            ));
        }
    }
    let succeeded = outcome.is_none_or(|outcome| outcome["outcome"] == "succeeded");
    Ok(if succeeded { Exit::Done } else { Exit::Failed })
}

/// The outcome that an execution published, if it did.
async fn outcome(session: &Session, ended: &Ended) -> Result<Option<Value>> {
    Ok(match ended.output["id"].as_str() {
        Some(id) if ended.output["outcome"] != "none" => Some(ended.outcome(session, id).await?),
        _ => None,
    })
}

fn held(losing: u64, holding: u64, id: &str) -> Failure {
    Failure::new(format!("held: members would lose {losing} of {holding} shares"))
        .help(format!("If that is meant, repeat the command with --confirm {id}"))
}
