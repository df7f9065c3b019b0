//! `relay doctor`: whether the deployed suite can do its work, checked from the hub. Writes nothing.
//!
//! A check that cannot be made is `unknown`, with how to look: it is neither passed nor failed.

mod hub;
mod organization;
mod policies;
mod quotas;
mod rules;
mod statements;
pub(crate) mod targets;

use anyhow::Result;
pub(crate) use hub::call_in;
use serde::Serialize;

use crate::Exit;
use crate::arguments::Global;
use crate::output::{Output, style};
use crate::rules::count;
use crate::session::{Session, Where};

const EXAMPLES: &str = "\
Examples:
  relay doctor --profile hub
  relay doctor --profile hub --output json";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// A stable word, e.g. `organization`.
    check: &'static str,
    verdict: Verdict,
    /// The observation, in a sentence or a part of one.
    what: String,
    /// The remedy; for an unknown one, how to look.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Unknown,
    Warning,
    Problem,
}

#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    place: Where<'a>,
    findings: &'a [Finding],
}

impl Finding {
    fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, what: what.into(), remedy: None }
    }

    fn warning(check: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        let remedy = Some(remedy.into());
        Self { check, verdict: Verdict::Warning, what: what.into(), remedy }
    }

    fn problem(check: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        let remedy = Some(remedy.into());
        Self { check, verdict: Verdict::Problem, what: what.into(), remedy }
    }

    fn unknown(check: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        let remedy = Some(remedy.into());
        Self { check, verdict: Verdict::Unknown, what: what.into(), remedy }
    }

    /// The caller may not look, or AWS does not answer.
    fn unseen(check: &'static str, what: &str, error: &impl std::fmt::Display) -> Self {
        Self::unknown(
            check,
            format!("{what}: {error}"),
            "Allow the caller this call, or look by hand.",
        )
    }
}

/// Makes every check and prints what was found; exits with 2 when something needs a person.
pub(crate) async fn run(_: &Arguments, global: &Global, output: &Output) -> Result<Exit> {
    let session = Session::open(global).await?;
    session.announce(output);
    let mut findings = hub::check(&session).await;
    findings.extend(policies::check(&session).await);
    findings.push(quotas::invocations(&session).await);
    findings.push(quotas::automations(&session).await);
    let (seen, organization) = organization::check(&session).await;
    findings.extend(seen);
    findings.extend(targets::check(&session, organization.as_ref()).await);
    findings.extend(rules::check(&session, organization.as_ref()).await);
    output.json(&Report { place: session.place(), findings: &findings })?;
    for Finding { check, verdict, what, remedy } in &findings {
        let (color, word) = match verdict {
            Verdict::Ok => (style::GREEN, "ok     "),
            Verdict::Unknown => (style::CYAN, "unknown"),
            Verdict::Warning => (style::YELLOW, "warning"),
            Verdict::Problem => (style::BOLD_RED, "problem"),
        };
        output.line(format_args!("{color}{word}{} {check}: {what}", style::RESET));
        for line in remedy.iter().flat_map(|remedy| remedy.lines()) {
            output.line(format_args!("        {line}"));
        }
    }
    let of = |wanted| findings.iter().filter(|finding| finding.verdict == wanted).count();
    let (problems, warnings) = (of(Verdict::Problem), of(Verdict::Warning));
    output.line(format_args!(
        "{}: {}, {}, {} unknown",
        count(findings.len(), "finding"),
        count(problems, "problem"),
        count(warnings, "warning"),
        of(Verdict::Unknown)
    ));
    Ok(if problems + warnings > 0 { Exit::Findings } else { Exit::Done })
}
