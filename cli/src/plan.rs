//! `relay plan` and `relay apply`: what bringing the organization into line with the deployed rules would change,
//! and doing it. Both start `share-runbooks`, which alone knows ledger, claims and permissions.

mod adopt;
mod apply;
mod execution;
mod file;
mod lines;
mod progress;
mod proposal;

use std::path::PathBuf;

pub(crate) use adopt::adopt;
use anyhow::{Context, Result};
pub(crate) use apply::apply;
use clap::{Args, ValueEnum};
use relay_core::storage::S3Object;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sharing::MassRemovalGuard;
use sharing::plan::{PartEffect, SharingEffect};

use self::execution::Ended;
use self::file::PlanFile;
use self::lines::Lines;
use crate::Exit;
use crate::arguments::{EXIT_CODES, Global};
use crate::output::Output;
use crate::rules::{Change, Planned, Selection, count};
use crate::session::{Session, Where};

const PLAN_EXAMPLES: &str = "\
Examples:
  relay plan                          what would be shared and taken back under the deployed rules
  relay plan rules                    under the rules of this folder, before they are deployed
  relay plan rules --out plan.json    the same, to be applied exactly so: relay apply plan.json
  relay plan --by account             account by account instead of document by document
  relay plan rules --format markdown  for a pull request
  relay plan --output json            everything, account by account";

const APPLY_EXAMPLES: &str = "\
Examples:
  relay apply                         bring the organization into line, and show the outcome
  relay apply rules                   deploy the rules of this folder, then the same
  relay apply plan.json               exactly what the plan shows, or nothing if it is not current any more
  relay apply --confirm 1a2b3c4d5e6f  apply a plan that is held because members would lose much";

/// The subject by which a plan groups its lines.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum By {
    Account,
    #[default]
    Document,
    Rule,
}

/// The form of the text.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Form {
    #[default]
    Text,
    Markdown,
}

/// Arguments of `relay plan`.
#[derive(Args, Debug)]
#[command(after_help = format!("{PLAN_EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct PlanArguments {
    /// A folder of rules to plan with, in place of the deployed ones
    #[arg(value_name = "RULES")]
    path: Option<PathBuf>,
    /// With a folder: also delete deployed rules that have no file
    #[arg(long, requires = "path")]
    prune: bool,
    /// Write the plan to this file, for `relay apply FILE`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The subject of the lines
    #[arg(long, value_enum, default_value_t)]
    by: By,
    /// Text for people, or Markdown as GitHub shows it
    #[arg(long, value_enum, default_value_t)]
    format: Form,
}

/// Arguments of `relay apply`.
#[derive(Args, Debug)]
#[command(after_help = format!("{APPLY_EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct ApplyArguments {
    /// A folder of rules to deploy first, or a plan that `relay plan --out` wrote
    #[arg(value_name = "RULES|PLAN")]
    path: Option<PathBuf>,
    /// With a folder: also delete deployed rules that have no file; asks before it does
    #[arg(long, requires = "path")]
    prune: bool,
    /// Id of a plan that is held, as plan and outcome name it
    #[arg(long, value_name = "PLAN", value_parser = plan_id)]
    confirm: Option<String>,
}

fn plan_id(text: &str) -> Result<String, String> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if digits && text.len() == 12 {
        Ok(text.to_owned())
    } else {
        Err("expected the 12 hexadecimal digits of a plan's id".to_owned())
    }
}

/// The object that `--output json` prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    #[serde(flatten)]
    place: Where<'a>,
    /// Changes to deployed rules.
    rules: &'a [Change],
    /// The effect that the execution stored.
    effect: &'a SharingEffect,
    /// Its parts, document by document, with all accounts.
    parts: &'a [PartEffect],
    /// Of `apply`: the outcome that was published, if one was.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'a Value>,
}

/// Shows what would change; exits with 2 when there is anything.
pub(crate) async fn plan(
    arguments: &PlanArguments,
    global: &Global,
    output: &Output,
) -> Result<Exit> {
    let PlanArguments { path, prune, out, by, format } = arguments;
    let planned = match path {
        Some(path) => {
            Some(Planned::make(&Selection::new(path.clone(), *prune), global, output).await?)
        }
        None => None,
    };
    let session = match &planned {
        Some(planned) => &planned.session,
        None => &Session::open(global).await?,
    };
    let changes = planned.as_ref().map_or(&[][..], |planned| &planned.plan.changes);
    let looked = look(session, &proposal::overlay(session, changes)?, None, output).await?;
    let Looked { effect, parts, .. } = &looked;
    output.json(&Report {
        place: session.place(),
        rules: changes,
        effect,
        parts,
        outcome: None,
    })?;
    let lines = Lines::new(effect, parts, *by);
    match format {
        Form::Text => {
            planned.iter().for_each(|planned| planned.print(output));
            lines.print(output);
        }
        Form::Markdown => {
            output.line(proposal::markdown(changes));
            output.line(lines.markdown());
        }
    }
    if let Some(out) = out {
        PlanFile::new(session, changes, &looked).write(out)?;
    }
    if *format == Form::Text {
        let argument = out.as_ref().or(path.as_ref()).map(|path| path.display().to_string());
        closing(session, effect, changes, argument.as_deref(), output);
    }
    let changed = effect.totals.has_changes() || !changes.is_empty();
    Ok(if changed { Exit::Findings } else { Exit::Done })
}

/// Prints the effect of changes to sharing rules on shares, for `relay rules plan`; nothing where none of them changes.
/// Without the permission to start `share-runbooks`, which authors of rules lack, a note says so.
///
/// # Errors
/// When the rules are too large.
pub(crate) async fn print_effect(
    session: &Session,
    changes: &[Change],
    output: &Output,
) -> Result<()> {
    let rules = proposal::overlay(session, changes)?;
    if rules.is_empty() || output.is_json() {
        return Ok(());
    }
    match look(session, &rules, None, output).await {
        Ok(Looked { effect, parts, .. }) => {
            Lines::new(&effect, &parts, By::Document).print(output);
        }
        Err(error) => {
            output.note(format_args!("note: the effect on shares is not shown: {error:#}"));
        }
    }
    Ok(())
}

/// The result of a dry run.
struct Looked {
    /// The name of the execution that looked.
    execution: String,
    effect: SharingEffect,
    parts: Vec<PartEffect>,
}

/// Looks at every owner and Region: with these rules in place of deployed ones, and only at the pairs of `plan` where one
/// is applied. Changes nothing.
async fn look(
    session: &Session,
    rules: &Map<String, Value>,
    plan: Option<&str>,
    output: &Output,
) -> Result<Looked> {
    let mut input = json!({
        "organization": true, "drift": true, "dryRun": true, "trigger": {"kind": "manual"},
    });
    if !rules.is_empty() {
        input["rules"] = Value::Object(rules.clone());
    }
    if let Some(plan) = plan {
        input["plan"] = json!(plan);
    }
    dry_run(session, &input, output).await
}

/// The effect of an execution.
async fn dry_run(session: &Session, input: &Value, output: &Output) -> Result<Looked> {
    output.note("looking at every owner and Region; nothing is changed");
    let ended = execution::run(session, input, output).await?;
    let (effect, parts) = effect(session, &ended).await?;
    Ok(Looked { execution: ended.name().to_owned(), effect, parts })
}

/// How a plan ends: what to do about it. `argument` is what `relay apply` is to be given.
fn closing(
    session: &Session,
    effect: &SharingEffect,
    changes: &[Change],
    argument: Option<&str>,
    output: &Output,
) {
    let totals = effect.totals;
    if !totals.has_changes() && changes.is_empty() {
        output.line("nothing to change");
        return;
    }
    let rules = match changes.len() {
        0 => String::new(),
        n => format!("{} to rules, ", count(n, "change")),
    };
    let mut what = format!("{rules}{} to share, {} to take back", totals.share, totals.unshare);
    if totals.copy + totals.delete > 0 {
        let (copy, delete) = (totals.copy, totals.delete);
        what += &format!(", copies and replicas: {copy} to make or update, {delete} to delete");
    }
    if totals.adopted > 0 {
        what += &format!(", {} to take over", totals.adopted);
    }
    let mut command = String::from("relay apply");
    if let Some(argument) = argument {
        command += &format!(" {argument}");
    }
    if guard(session).holds(totals) {
        output.line(format_args!(
            "{what}; members would lose {} of {}, so it has to be confirmed: {command} --confirm {}",
            totals.losing, totals.holding, effect.id
        ));
    } else {
        output.line(format_args!("{what}: {command}"));
    }
}

/// The guard against mass removal, as the stack has it.
fn guard(session: &Session) -> MassRemovalGuard {
    let number = |name: &str| session.stack.parameter(name).parse().unwrap_or(20);
    MassRemovalGuard { percent: number("MassRemovalPercent"), pairs: number("MassRemovalPairs") }
}

/// The effect that an execution stored, and those of its parts that say something.
async fn effect(session: &Session, ended: &Ended) -> Result<(SharingEffect, Vec<PartEffect>)> {
    let object = serde_json::from_value(ended.output["plan"]["effect"].clone());
    let object: S3Object = object.with_context(|| {
        format!("the execution {} ended without a plan: {}", ended.arn, ended.output)
    })?;
    let bucket = Ended::bucket(session)?;
    let effect: SharingEffect = bucket.object_at(&object).await?;
    let mut parts = Vec::new();
    for part in &effect.parts {
        let counts = part.counts;
        let says = counts.changes()
            + counts.left
            + counts.foreign
            + counts.unadopted
            + counts.failed
            + counts.disputed
            + counts.moved;
        if let Some(object) = part.object.as_ref().filter(|_| says > 0) {
            parts.push(bucket.object_at(object).await?);
        }
    }
    Ok((effect, parts))
}
