//! `relay explain`: what a word means; or what would be done about an alarm, without doing it.

mod deliberation;
pub(crate) mod pages;
mod subject;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use jiff::Timestamp;
use relay_core::text::nearest;
use remediation::alarm::AlarmTrigger;
use remediation::guard::Control;
use remediation::{
    Found, Known, RemediationRule, RemediationRules, Resolution, Subject, find_rule,
};
use run::is_secret_name;
use serde::Serialize;

use crate::Exit;
use crate::archive::Archive;
use crate::arguments::Global;
use crate::failure::Failure;
use crate::guards::GuardNumbers;
use crate::output::Output;
use crate::page::Page;
use crate::rules::comparing::{self, RuleLine};
use crate::rules::{deployed, remediation_rules};
use crate::session::Session;
use deliberation::Deliberated;

const EXAMPLES: &str = "\
Examples:
  relay explain CoolingDown                    the page about a code or an error
  relay explain alarm-event.json               an alarm's event, against the deployed rules and guardrails
  relay explain alarm-event.json --rules rules the same against the rules of a folder; needs no AWS
  relay explain web-status                     an alarm of the hub's account and Region, as if it went into ALARM now

Nothing is started, taken or written. With --rules the guardrails are not asked.";

/// The value of a parameter that holds a secret.
const HIDDEN: &str = "***";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// A code (CoolingDown), a file with an alarm's event, or an alarm's name or ARN
    subject: String,
    /// The rules of this folder instead of the deployed ones; AWS is not asked
    #[arg(long, value_name = "PATH")]
    rules: Option<PathBuf>,
}

/// Everything that is known about what would be done.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Explanation {
    alarm: String,
    /// Every rule, in the order in which they are tried.
    rules: Vec<RuleLine>,
    /// The rule that would answer; null if none would.
    rule: Option<String>,
    resources: Vec<String>,
    guards: Vec<GuardNumbers>,
    /// The decision that the suite would take: null if no rule would answer, or guardrails were not asked.
    decision: Option<Deliberated>,
    /// The runbooks, with their parameters.
    runs: Vec<PlannedRun>,
    /// Assumptions, and facts that could not be looked up.
    notes: Vec<String>,
}

/// A rung of the ladder.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PlannedRun {
    /// Counted from 1.
    rung: usize,
    runbook: String,
    parameters: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<String>,
}

/// Explains what is meant.
pub(crate) async fn run(
    arguments: &Arguments,
    global: &Global,
    now: Timestamp,
    output: &Output,
) -> Result<Exit> {
    let subject = &arguments.subject;
    if let Some(page) = pages::find(subject) {
        return pages::print(page, output);
    }
    let event = if std::path::Path::new(subject).is_file() {
        Some(subject::of_file(subject)?)
    } else {
        None
    };
    if let (Some(subject::Event::Ignored(reason)), _) = (&event, &arguments.rules) {
        output.json(&serde_json::json!({ "ignored": reason }))?;
        output.line(format_args!("nothing would be done: {reason}"));
        return Ok(Exit::Done);
    }
    let explanation = match (event, &arguments.rules) {
        (Some(subject::Event::Alarm(trigger)), Some(path)) => {
            let rules = remediation_rules(path)?;
            offline(&rules, &trigger)
        }
        (None, Some(_)) => return Err(not_a_file(subject).into()),
        (Some(subject::Event::Alarm(trigger)), None) => {
            let session = Session::open(global).await?;
            online(&session, *trigger, None, now).await?
        }
        (_, None) => {
            let session = Session::open(global).await;
            let session = session.map_err(|error| with_suggestion(error, subject))?;
            let (trigger, seen) = subject::of_alarm(&session, subject, now)
                .await
                .map_err(|error| with_suggestion(error, subject))?;
            online(&session, trigger, Some(seen), now).await?
        }
        (Some(subject::Event::Ignored(_)), _) => return Ok(Exit::Done),
    };
    output.json(&explanation)?;
    for line in page(&explanation).lines(output.width()) {
        output.line(line);
    }
    Ok(Exit::Done)
}

fn not_a_file(subject: &str) -> Failure {
    let failure = Failure::new(format!("there is no code and no file {subject}"));
    suggested(failure, subject)
        .help("With --rules, name a file with an alarm's event: an alarm is looked up in AWS.")
}

fn suggested(failure: Failure, subject: &str) -> Failure {
    match nearest(subject, pages::names()) {
        Some(near) => failure.help(format!("Did you mean `{near}`?")),
        None => failure,
    }
}

fn with_suggestion(error: anyhow::Error, subject: &str) -> anyhow::Error {
    match nearest(subject, pages::names()) {
        Some(near) => error.context(
            Failure::new(format!("{subject} is not explained"))
                .help(format!("Did you mean `{near}`?")),
        ),
        None => error,
    }
}

/// Against rules of a folder: which rule, and which runbook with which parameters.
fn offline(rules: &RemediationRules, trigger: &AlarmTrigger) -> Explanation {
    let mut explanation = matched(rules, trigger, &Known::default());
    explanation.notes.push("the guardrails were not asked: --rules names a folder".to_owned());
    if let Found::Rule(rule) = find_rule(&rules.rules, trigger, &Known::default()) {
        planned(&mut explanation, rule, trigger);
    }
    explanation
}

fn matched(rules: &RemediationRules, trigger: &AlarmTrigger, known: &Known<'_>) -> Explanation {
    let mut explanation = Explanation {
        alarm: trigger.alarm.to_string(),
        rules: comparing::lines(rules, trigger, known),
        ..Explanation::default()
    };
    explanation.notes.extend(rules.problems.iter().map(|problem| format!("left out: {problem}")));
    match find_rule(&rules.rules, trigger, known) {
        Found::Rule(rule) => explanation.rule = Some(rule.name.clone()),
        Found::Nothing => {}
        Found::Unclear { rule, problem } => {
            explanation.notes.push(format!("{} may answer it: {}", rule.name, problem.what));
        }
        Found::Needs { rule, .. } => {
            explanation.notes.push(format!("whether {} answers it was not looked up", rule.name));
        }
    }
    explanation
}

/// Against the deployed rules and what the guardrails hold.
async fn online(
    session: &Session,
    trigger: AlarmTrigger,
    seen: Option<remediation::guard::AlarmNow>,
    now: Timestamp,
) -> Result<Explanation> {
    let archive = Archive::of(session)?;
    let rules = comparing::deployed(session).await?;
    let mut notes = Vec::new();
    let looked = subject::look_up(session, &rules, &trigger, &mut notes).await;
    let known = Known {
        tags: looked.tags.as_ref(),
        organization: looked.organization.as_ref(),
        children: false,
    };
    let mut explanation = matched(&rules, &trigger, &known);
    explanation.notes.splice(0..0, notes);
    let Some(rule) = explanation.rule.as_deref().and_then(|name| rules.rule(name)) else {
        return Ok(explanation);
    };
    let control = control(session, &mut explanation.notes).await?;
    let deliberated = deliberation::deliberate(
        session,
        &archive.table,
        rule,
        &trigger,
        (&control, seen, now),
        &mut explanation,
    );
    explanation.decision = Some(deliberated.await?);
    planned(&mut explanation, rule, &trigger);
    match deployed::refusals(session, std::slice::from_ref(rule)).await {
        Ok(problems) => explanation
            .notes
            .extend(problems.iter().map(|problem| format!("it would not be started: {problem}"))),
        Err(error) => explanation.notes.push(format!("the runbooks were not looked at: {error:#}")),
    }
    Ok(explanation)
}

/// The kill switch. Where it cannot be read, the suite counts it as pulled.
async fn control(session: &Session, notes: &mut Vec<String>) -> Result<Control> {
    let name = format!("{}control", session.stack.rule_path());
    let client = aws_sdk_ssm::Client::new(&session.config);
    let answer = client.get_parameter().name(&name).send().await.map_err(aws::AwsError::from);
    match answer {
        Ok(answer) => {
            let text = answer.parameter.and_then(|parameter| parameter.value).unwrap_or_default();
            Ok(Control::parse(&name, &text).unwrap_or_else(|_| Control::pulled(&name)))
        }
        Err(error) if error.is("ParameterNotFound") => Ok(Control::default()),
        Err(error) => {
            notes.push(format!("the kill switch was not read: {error}"));
            Ok(Control::default())
        }
    }
}

/// The runbooks of the rule with the parameters that they would get.
fn planned(explanation: &mut Explanation, rule: &RemediationRule, trigger: &AlarmTrigger) {
    let subject = match rule.resolve(trigger) {
        Resolution::Known(subject) => subject,
        Resolution::Refused(problem) => {
            explanation.notes.push(format!("the rule finds no resource: {}", problem.what));
            return;
        }
        Resolution::LookUp { kind, .. } => {
            explanation
                .notes
                .push(format!("the resources ({kind}, by tags) are looked up when it runs"));
            Subject {
                account: trigger.alarm.account(),
                region: trigger.alarm.region().clone(),
                resources: Vec::new(),
            }
        }
    };
    let values = rule.values(trigger, &subject);
    let run = |(index, rung): (usize, &run::Rung)| {
        let filled = values.fill_all(&rung.parameters);
        let mut parameters = filled.unwrap_or_else(|_| rung.parameters.clone());
        for (name, value) in &mut parameters {
            if is_secret_name(name) {
                *value = vec![HIDDEN.to_owned()];
            }
        }
        let approval = rung.approval.as_ref().map(|approval| {
            format!(
                "{} of {}, within {}",
                approval.minimum,
                approval.approvers.join(", "),
                approval.within
            )
        });
        PlannedRun { rung: index + 1, runbook: rung.runbook.to_string(), parameters, approval }
    };
    explanation.runs = rule.ladder.iter().enumerate().map(run).collect();
    explanation.resources = subject.resources;
}

fn page(explanation: &Explanation) -> Page {
    let Explanation { alarm, rules, rule, resources, guards, decision, runs, notes } = explanation;
    let mut page = Page::default();
    page.add("alarm", alarm);
    match rule {
        Some(name) => {
            let mode = rules.iter().find(|line| line.rule == *name).map_or("", |line| line.mode);
            page.add("rule", format!("{name} would answer it (mode {mode})"));
        }
        None => page.add("rule", "none would answer it"),
    }
    let others = rules.iter().filter(|line| line.verdict != "answers");
    page.list("not", &others.map(RuleLine::line).collect::<Vec<_>>());
    page.add("resources", resources.join(", "));
    page.list("guards", &guards.iter().map(GuardNumbers::line).collect::<Vec<_>>());
    page.add("decision", decision.as_ref().map(Deliberated::text).unwrap_or_default());
    for run in runs {
        let parameters = run.parameters.iter();
        let parameters = parameters.map(|(name, values)| format!("{name}: {}", values.join(", ")));
        let approval = run.approval.iter().map(|approval| format!("once approved by {approval}"));
        let lines: Vec<String> =
            [run.runbook.clone()].into_iter().chain(approval).chain(parameters).collect();
        page.list(&format!("rung {}", run.rung), &lines);
    }
    page.list("notes", notes);
    page
}

/// Reads a file as text.
fn read(path: &str) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("read {path}"))
}
