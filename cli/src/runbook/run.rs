//! `relay runbook run`: a runbook from its file, on a local AWS that ends with it or on a given endpoint.

mod place;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use aws::AwsError;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{AutomationExecution, DocumentFormat, DocumentType};
use serde_json::json;
use tokio::time::{Instant, sleep};
use workbench::Document;

use self::place::Place;
use super::lint;
use crate::Exit;
use crate::arguments::Global;
use crate::output::Output;
use crate::run::steps::StepLines;
use crate::show::runs::LiveStep;

pub(super) const EXAMPLES: &str = "\
Examples:
  relay runbook run my-runbook.yaml --parameter Name=web
  relay runbook run my-runbook.yaml --setup 'sh setup.sh' --watch
  relay runbook run my-runbook.yaml --endpoint-url http://127.0.0.1:4577

Without an endpoint it starts an empty local AWS and ends it afterwards. --setup runs a command there first, with the
settings of the AWS CLI in its environment; each line NAME=VALUE that it prints is a parameter of the runbook.
The document is created under a name of its own and deleted at the end. Exit code 1 when the run does not succeed.";

/// How often the run is looked at.
const PACE: Duration = Duration::from_millis(500);

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// The runbook, YAML or JSON
    file: PathBuf,
    /// A parameter of the runbook; of a list, one item each time
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = pair)]
    parameters: Vec<(String, String)>,
    /// A shell command that prepares the local AWS, and prints parameters
    #[arg(long, value_name = "COMMAND")]
    setup: Option<String>,
    /// Run it again whenever the file changes
    #[arg(long)]
    watch: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

type Parameters = BTreeMap<String, Vec<String>>;

/// Runs it, and with `--watch` again and again until Ctrl-C.
///
/// # Errors
/// When no local AWS was found to run it on, or AWS refuses a call.
pub(super) async fn run(arguments: &Arguments, global: &Global, output: &Output) -> Result<Exit> {
    let place = Place::open(global, output).await?;
    let work = async {
        let mut given = Parameters::new();
        for (name, value) in &arguments.parameters {
            given.entry(name.clone()).or_default().push(value.clone());
        }
        if let Some(command) = &arguments.setup {
            let mut made = Parameters::new();
            for line in place.setup(command).await?.lines() {
                if let Ok((name, value)) = pair(line.trim()) {
                    made.entry(name).or_default().push(value);
                }
            }
            made.extend(given);
            given = made;
        }
        for nth in 1_u32.. {
            let seen = changed(&arguments.file);
            let exit = once(arguments, nth, &place.ssm, &given, output).await?;
            if !arguments.watch {
                return Ok(exit);
            }
            output.note(format_args!("waiting for a change of {}", arguments.file.display()));
            while changed(&arguments.file) == seen {
                sleep(PACE).await;
            }
        }
        Ok(Exit::Done)
    };
    let ended = tokio::select! {
        ended = work => ended,
        interrupted = tokio::signal::ctrl_c() => interrupted.context("wait for Ctrl-C").map(|()| Exit::Failed),
    };
    place.close().await;
    ended
}

fn changed(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|data| data.modified()).ok()
}

/// One run from the file as it is now.
async fn once(
    arguments: &Arguments,
    nth: u32,
    ssm: &Client,
    given: &Parameters,
    output: &Output,
) -> Result<Exit> {
    let path = &arguments.file;
    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    if let Err(defects) = Document::parse(&text) {
        return lint::refuse(&path.display().to_string(), &text, defects, "run", output);
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    // Never a document that is there: somebody else may use it.
    let name = format!("{stem}-run-{}-{nth}", std::process::id());
    let is_json = path.extension().is_some_and(|end| end == "json");
    let format = if is_json { DocumentFormat::Json } else { DocumentFormat::Yaml };
    let created = ssm
        .create_document()
        .name(&name)
        .content(&text)
        .document_type(DocumentType::Automation)
        .document_format(format);
    created.send().await.map_err(AwsError::from).context("create the document")?;
    let ended = follow(ssm, &name, given, output).await;
    let deleted = ssm.delete_document().name(&name).send().await.map_err(AwsError::from);
    if let Err(error) = deleted {
        output.note(format_args!("the document {name} is still there: {error}"));
    }
    let execution = ended?;
    let status = execution.automation_execution_status().map_or("", |status| status.as_str());
    let outputs = execution.outputs().cloned().unwrap_or_default();
    if output.is_json() {
        let steps: Vec<LiveStep> = execution.step_executions().iter().map(LiveStep::of).collect();
        let outputs: BTreeMap<_, _> = outputs.into_iter().collect();
        output.json(&json!({
            "execution": execution.automation_execution_id(),
            "status": status,
            "failure": execution.failure_message(),
            "steps": steps,
            "outputs": outputs,
        }))?;
    } else {
        let outputs: BTreeMap<_, _> = outputs.into_iter().collect();
        for (name, values) in outputs {
            output.line(format_args!("        {name} = {}", values.join(", ")));
        }
        output.line(format_args!("{status}: {stem}"));
        if let Some(message) = execution.failure_message() {
            output.line(message);
        }
    }
    Ok(if status == "Success" { Exit::Done } else { Exit::Failed })
}

/// Starts the document and shows its steps until it has ended.
async fn follow(
    ssm: &Client,
    document: &str,
    given: &Parameters,
    output: &Output,
) -> Result<AutomationExecution> {
    let mut start = ssm.start_automation_execution().document_name(document);
    for (name, values) in given {
        start = start.parameters(name, values.clone());
    }
    let started = start.send().await.map_err(AwsError::from).context("start the runbook")?;
    let id = started.automation_execution_id.context("SSM names no execution")?;
    let begun = Instant::now();
    let mut lines = StepLines::default();
    let mut has_waited = false;
    loop {
        let get = ssm.get_automation_execution().automation_execution_id(&id);
        let answer = get.send().await.map_err(AwsError::from).context("look at the run")?;
        let execution = answer.automation_execution.context("SSM describes no execution")?;
        let steps: Vec<LiveStep> = execution.step_executions().iter().map(LiveStep::of).collect();
        for line in lines.news(&id, &steps, begun.elapsed().as_secs()) {
            output.line(line);
        }
        match execution.automation_execution_status().map_or("", |status| status.as_str()) {
            "Success" | "Failed" | "TimedOut" | "Cancelled" => return Ok(execution),
            "Waiting" if !std::mem::replace(&mut has_waited, true) => output.note(format_args!(
                "it waits for a person: aws ssm send-automation-signal --automation-execution-id {id} \
                 --signal-type Approve (Reject, Resume)"
            )),
            _ => {}
        }
        sleep(PACE).await;
    }
}
