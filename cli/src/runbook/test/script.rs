//! The scripts of a runbook as they are, in a Python of this machine, with AWS as the case has it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use engine::ports::{ApiCall, ApiError, Script, ScriptError, ScriptSource};
use serde_json::{Value, json};

/// Runs the script and stands between it and AWS.
const HARNESS: &str = include_str!("script.py");

/// Runs a script; `reply` answers its calls.
///
/// The process has no environment but the PATH: no credentials, and no endpoint.
///
/// # Errors
/// The exception that it raised, or the reason why it cannot be run here.
#[expect(clippy::disallowed_methods, reason = "the path is how the script's Python is found")]
pub(super) fn run(
    script: &Script,
    reply: &dyn Fn(&ApiCall) -> Result<Value, ApiError>,
) -> Result<Value, ScriptError> {
    if !script.runtime.starts_with("python") {
        let why = format!("scripts of {} are not run: give the result of this one", script.runtime);
        return Err(ScriptError::Unavailable(why));
    }
    let started = Command::new("python3")
        .args(["-I", "-c", HARNESS])
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut python = started
        .map_err(|error| ScriptError::Unavailable(format!("python3 does not start: {error}")))?;
    let (text, attachment) = match &script.source {
        ScriptSource::Inline(text) => (Some(text), None),
        ScriptSource::Attachment { name, content } => (None, Some((name, content))),
        ScriptSource::Importing { text, name, content } => (Some(text), Some((name, content))),
    };
    let attachment = attachment
        .map(|(name, content)| json!({ "name": name, "content": BASE64_STANDARD.encode(content) }));
    let given = json!({
        "script": text,
        "handler": script.handler,
        "events": script.payload,
        "attachment": attachment,
    });
    let ended = talk(&mut python, &given, script, reply);
    // It has ended, or has nobody to talk to.
    drop(python.kill());
    drop(python.wait());
    ended.unwrap_or_else(|| {
        Err(ScriptError::Lost("the script ended without a result, or took a minute".to_owned()))
    })
}

/// Answers its calls until it has a result.
fn talk(
    python: &mut Child,
    given: &Value,
    script: &Script,
    reply: &dyn Fn(&ApiCall) -> Result<Value, ApiError>,
) -> Option<Result<Value, ScriptError>> {
    let mut into = python.stdin.take()?;
    let mut lines = BufReader::new(python.stdout.take()?).lines();
    writeln!(into, "{given}").ok()?;
    loop {
        let line = lines.next()?.ok()?;
        let said: Value = serde_json::from_str(&line).ok()?;
        if let Some(returned) = said.get("returns") {
            return Some(Ok(returned.clone()));
        }
        if let Some(message) = said["raises"].as_str() {
            return Some(Err(ScriptError::Raised(message.to_owned())));
        }
        let asked = &said["call"];
        let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
        let call = ApiCall {
            service: text("service"),
            api: text("operation"),
            parameters: asked["parameters"].as_object().cloned().unwrap_or_default(),
            account: script.account.clone(),
            region: script.region.clone(),
            actor: script.actor.clone(),
        };
        let answer = match reply(&call) {
            Ok(answer) => json!({ "answer": answer }),
            Err(error) => {
                let message = error.message.rsplit_once(" operation: ").map(|(_, said)| said);
                json!({
                    "operation": super::world::pascal(&call.api),
                    "error": { "code": error.code, "message": message.unwrap_or(&error.message) },
                })
            }
        };
        writeln!(into, "{answer}").ok()?;
    }
}
