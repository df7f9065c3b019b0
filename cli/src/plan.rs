//! `relay plan` and `relay apply`: what bringing the organization into line with the deployed rules would change,
//! and doing it. Both start `share-runbooks`, which alone knows ledger, claims and permissions.

mod execution;
mod lines;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use relay_core::storage::S3Object;
use serde::Serialize;
use serde_json::json;
use sharing::MassRemovalGuard;
use sharing::plan::{PartEffect, SharingEffect};

use self::execution::Ended;
use self::lines::Lines;
use crate::Exit;
use crate::arguments::{EXIT_CODES, Global};
use crate::failure::Failure;
use crate::output::Output;
use crate::session::{Session, Where};

const PLAN_EXAMPLES: &str = "\
Examples:
  relay plan                          what would be shared and taken back, by document
  relay plan --by account             the same, by account
  relay plan --format markdown        for a pull request
  relay plan --output json            everything, account by account";

const APPLY_EXAMPLES: &str = "\
Examples:
  relay apply                         bring the organization into line, and show the outcome
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
    /// What the lines are about
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
    /// Id of a plan that is held, as plan and outcome name it
    #[arg(long, value_name = "PLAN", value_parser = plan_id)]
    confirm: Option<String>,
}

fn plan_id(text: &str) -> Result<String, String> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    match digits && text.len() == 12 {
        true => Ok(text.to_owned()),
        false => Err("expected the 12 hexadecimal digits of a plan's id".to_owned()),
    }
}

/// The object that `--output json` prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    #[serde(flatten)]
    place: Where<'a>,
    /// The effect that the execution stored.
    effect: &'a SharingEffect,
    /// Its parts, document by document, with all accounts.
    parts: &'a [PartEffect],
    /// Of `apply`: the outcome that was published, if one was.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'a serde_json::Value>,
}

/// Shows what would change; exits with 2 when there is anything.
pub(crate) async fn plan(
    arguments: &PlanArguments,
    global: &Global,
    output: &Output,
) -> Result<Exit> {
    let session = Session::open(global).await?;
    let input = json!({
        "organization": true, "drift": true, "dryRun": true, "trigger": {"kind": "manual"},
    });
    output.note("looking at every owner and Region; nothing is changed");
    let ended = execution::run(&session, &input, output).await?;
    let (effect, parts) = effect(&session, &ended).await?;
    output.json(&Report {
        place: session.place(),
        effect: &effect,
        parts: &parts,
        outcome: None,
    })?;
    let lines = Lines::new(&effect, &parts, arguments.by);
    match arguments.format {
        Form::Text => lines.print(output),
        Form::Markdown => output.line(lines.markdown()),
    }
    if arguments.format == Form::Text {
        closing(&session, &effect, output);
    }
    Ok(if effect.totals.has_changes() { Exit::Findings } else { Exit::Done })
}

/// How a plan ends: what to do about it.
fn closing(session: &Session, effect: &SharingEffect, output: &Output) {
    let totals = effect.totals;
    if !totals.has_changes() {
        output.line("nothing to change");
        return;
    }
    let number = |name: &str| session.stack.parameter(name).parse().unwrap_or(20);
    let guard = MassRemovalGuard {
        percent: number("MassRemovalPercent"),
        pairs: number("MassRemovalPairs"),
    };
    let mut what = format!("{} to share, {} to take back", totals.share, totals.unshare);
    if totals.adopted > 0 {
        what += &format!(", {} to take over", totals.adopted);
    }
    match guard.holds(totals) {
        true => output.line(format_args!(
            "{what}; members would lose {} of {}, so it has to be confirmed: relay apply --confirm {}",
            totals.losing, totals.holding, effect.id
        )),
        false => output.line(format_args!("{what}: relay apply")),
    }
}

/// Brings the organization into line and ends with the outcome.
pub(crate) async fn apply(
    arguments: &ApplyArguments,
    global: &Global,
    output: &Output,
) -> Result<Exit> {
    let session = Session::open(global).await?;
    session.announce(output);
    let mut input = json!({"organization": true, "drift": true, "trigger": {"kind": "manual"}});
    if let Some(id) = &arguments.confirm {
        input["confirm"] = json!(id);
    }
    let ended = execution::run(&session, &input, output).await?;
    if let Some(busy) = ended.output["busy"].as_str() {
        let failure = Failure::new("another execution brings the organization into line");
        return Err(failure.help(format!("Wait for its end, then repeat: {busy}")).into());
    }
    let (effect, parts) = effect(&session, &ended).await?;
    let outcome = match ended.output["id"].as_str() {
        Some(id) if ended.output["outcome"] != "none" => Some(ended.outcome(&session, id).await?),
        _ => None,
    };
    output.json(&Report {
        place: session.place(),
        effect: &effect,
        parts: &parts,
        outcome: outcome.as_ref(),
    })?;
    Lines::new(&effect, &parts, By::Document).print(output);
    if effect.verdict == sharing::Verdict::Held {
        let what = format!(
            "held: members would lose {} of {} shares",
            effect.totals.losing, effect.totals.holding
        );
        let help = format!("If that is meant: relay apply --confirm {}", effect.id);
        return Err(Failure::new(what).help(help).into());
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
        let says = counts.share
            + counts.unshare
            + counts.adopted
            + counts.left
            + counts.foreign
            + counts.failed
            + counts.disputed;
        if let Some(object) = part.object.as_ref().filter(|_| says > 0) {
            parts.push(bucket.object_at(object).await?);
        }
    }
    Ok((effect, parts))
}
