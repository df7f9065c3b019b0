//! `relay import --adopt`: shares that somebody else made and that the deployed rules want become the suite's, so that it
//! takes them back when no rule wants them any more. Nothing else is changed.

use anyhow::Result;
use serde_json::json;

use super::lines::Lines;
use super::{By, Looked, Report, dry_run, effect, execution};
use crate::Exit;
use crate::arguments::Global;
use crate::failure::Failure;
use crate::output::Output;
use crate::rules::count;
use crate::session::Session;

/// Shows the shares, asks, and takes over exactly those.
pub(crate) async fn adopt(global: &Global, output: &Output) -> Result<Exit> {
    let session = Session::open(global).await?;
    session.announce(output);
    let mut input = json!({
        "organization": true, "drift": true, "adopt": true, "dryRun": true,
        "trigger": {"kind": "manual"},
    });
    let Looked { execution, effect: shown, parts } = dry_run(&session, &input, output).await?;
    let lines = Lines::new(&shown, &parts, By::Document);
    lines.print(output);
    let adopted = shown.totals.adopted;
    if adopted == 0 {
        output.json(&Report {
            place: session.place(),
            rules: &[],
            effect: &shown,
            parts: &parts,
            outcome: None,
        })?;
        output.line("no share of others is one that the rules want");
        return Ok(Exit::Done);
    }
    let question = format!("Make {} of others the suite's?", count(adopted as usize, "share"));
    let shares = lines.adoptions();
    output.confirm(&question, shares.iter().map(String::as_str))?;
    input["dryRun"] = json!(false);
    input["plan"] = json!(execution);
    let ended = execution::run(&session, &input, output).await?;
    let (effect, parts) = effect(&session, &ended).await?;
    output.json(&Report {
        place: session.place(),
        rules: &[],
        effect: &effect,
        parts: &parts,
        outcome: None,
    })?;
    if effect.totals.moved > 0 {
        Lines::new(&effect, &parts, By::Document).print(output);
        let failure =
            Failure::new("shares have changed since they were shown: none was taken over");
        return Err(failure.help("Repeat the command, and look again.").into());
    }
    output.line(format_args!("{} of others are the suite's now", count(adopted as usize, "share")));
    Ok(Exit::Done)
}
