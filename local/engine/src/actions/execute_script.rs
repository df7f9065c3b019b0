//! `aws:executeScript`: runs a Python or PowerShell script and takes what it returns.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::failure::phrase;
use super::inputs::Inputs;
use super::{Call, Done, Failure, FailureStage, FailureType, outputs, script_log};
use crate::ports::{Script, ScriptError, ScriptRun, ScriptSource};

/// Bytes of a return value, as JSON.
const LONGEST_PAYLOAD: usize = 100 * 1024;
/// Items that are kept of a returned list.
const MOST_ITEMS: usize = 100;

struct Step {
    runtime: String,
    handler: String,
    source: ScriptSource,
    payload: Value,
}

impl Step {
    fn read(call: &Call<'_>) -> Result<Self, Failure> {
        let inputs = Inputs::of(call)?;
        let runtime = inputs.text("Runtime")?;
        let python = is_python(&runtime);
        if !python && !runtime.starts_with("PowerShell ") {
            return Err(Failure::input(&format!("Input Runtime is {runtime}, which there is not")));
        }
        let handler = inputs.optional("Handler")?.unwrap_or_default();
        if python && handler.is_empty() {
            return Err(Failure::input("aws:executeScript needs the input Handler for Python"));
        }
        let source = match (inputs.optional("Script")?, inputs.optional("Attachment")?) {
            (Some(script), None) => ScriptSource::Inline(script),
            (None, Some(name)) => {
                if python && handler.split('.').filter(|part| !part.is_empty()).count() < 2 {
                    return Err(Failure::input(&format!(
                        "With an attachment the input Handler is file.function, but it is {handler}"
                    )));
                }
                let content = attachment(call, &name, python)?;
                ScriptSource::Attachment { name, content }
            }
            // AWS's own runbooks give both: the script imports from the attachment.
            (Some(text), Some(name)) => {
                let content = attachment(call, &name, python)?;
                ScriptSource::Importing { text, name, content }
            }
            (None, None) => {
                return Err(Failure::input("Give one of the inputs Script and Attachment"));
            }
        };
        let payload = inputs.value("InputPayload").cloned().unwrap_or_else(|| json!({}));
        Ok(Self { runtime, handler, source, payload })
    }
}

/// `python3.` and a number: every one of them is run by the Python there is.
fn is_python(runtime: &str) -> bool {
    runtime.strip_prefix("python3.").is_some_and(|minor| minor.parse::<u8>().is_ok())
}

/// The content of the attachment of a name.
fn attachment(call: &Call<'_>, name: &str, python: bool) -> Result<Vec<u8>, Failure> {
    let kinds: &[&str] = if python { &[".py", ".zip"] } else { &[".zip"] };
    if !kinds.iter().any(|kind| name.ends_with(kind)) {
        let kinds = kinds.join(" or ");
        return Err(Failure::input(&format!(
            "Input Attachment must name a {kinds} file, not {name}"
        )));
    }
    let content = call.attachments.get(name).ok_or_else(|| {
        Failure::input(&format!("The document has no attachment of the name {name}"))
    })?;
    if let Some(expected) = call.files.get(name).and_then(|file| file.sha256.as_ref()) {
        let found = hex::encode(Sha256::digest(content));
        if found != *expected {
            return Err(Failure::input(&format!(
                "The SHA-256 checksum of the attachment {name} is {found}, but the files of the \
                 document say {expected}"
            )));
        }
    }
    Ok(content.clone())
}

/// Runs the script once, for 600 seconds at most: what it does cannot be known, so nothing repeats
/// it but `maxAttempts`. What it returned is `Payload`; outputs select from `$.Payload`.
pub(super) async fn run(call: &Call<'_>) -> Result<Done, Failure> {
    let Step { runtime, handler, source, payload } = Step::read(call)?;
    let limit = call.action.signature().timeout.unwrap_or(Duration::MAX);
    let script = Script {
        runtime,
        handler,
        source,
        payload,
        timeout: call.timeout.min(limit),
        actor: call.actor.clone(),
        account: call.account.to_owned(),
        region: call.region.to_owned(),
        execution_id: call.execution_id.to_owned(),
    };
    let ScriptRun { result, log } = call.ports.scripts.run(&script).await;
    script_log::deliver(call, &log).await;
    let done = result.map_err(|error| failed(&error)).and_then(|returned| finish(call, returned));
    match done {
        Ok(done) => Ok(Done { response: Some(log).filter(|log| !log.is_empty()), ..done }),
        Err(failure) => Err(Failure { details: lines(&log), ..failure }),
    }
}

fn finish(call: &Call<'_>, returned: Value) -> Result<Done, Failure> {
    let returned = first_items(returned);
    let size = returned.to_string().len();
    if size > LONGEST_PAYLOAD {
        let error =
            format!("The script returned {size} bytes of JSON; {LONGEST_PAYLOAD} are allowed");
        return Err(Failure::unverified(phrase::POLL, &error));
    }
    let mut done = outputs::fixed(call, json!({"Payload": returned}))?;
    for output in done.outputs.values_mut() {
        *output = first_items(output.take());
    }
    Ok(done)
}

/// "If you output a list, a maximum of 100 items is returned."
fn first_items(value: Value) -> Value {
    match value {
        Value::Array(mut items) => {
            items.truncate(MOST_ITEMS);
            Value::Array(items)
        }
        other => other,
    }
}

fn failed(error: &ScriptError) -> Failure {
    let (stage, kind, why) = match error {
        ScriptError::TimedOut => return Failure::time_out(phrase::POLL),
        ScriptError::Raised(traceback) => {
            (FailureStage::Invocation, FailureType::Action, traceback.clone())
        }
        ScriptError::Limit(limit) => (FailureStage::Invocation, FailureType::Action, limit.clone()),
        ScriptError::Unavailable(why) => {
            (FailureStage::PreVerification, FailureType::Action, why.clone())
        }
        ScriptError::Lost(why) => {
            (FailureStage::Invocation, FailureType::Internal, format!("Interrupted: {why}"))
        }
    };
    Failure::new(stage, kind, phrase::POLL, &why)
}

/// The last lines of a log, as failure details hold them: at most 50 texts of 512 characters.
fn lines(log: &str) -> BTreeMap<String, Vec<String>> {
    let mut lines: Vec<String> = log
        .lines()
        .rev()
        .filter(|line| !line.is_empty())
        .take(50)
        .map(|line| line.chars().take(512).collect())
        .collect();
    lines.reverse();
    if lines.is_empty() { BTreeMap::new() } else { BTreeMap::from([("Log".into(), lines)]) }
}

#[cfg(test)]
#[path = "execute_script_tests.rs"]
mod tests;
