//! The port `Scripts`: a forked process for each, and the end of it whatever it does.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use engine::ports::{Actor, Script, ScriptError, ScriptRun, ScriptSource, Scripts};
use futures::FutureExt;
use futures::future::BoxFuture;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::sync::SemaphorePermit;

use crate::Python;
use crate::credentials::Keys;
use crate::process::{Answers, Process};
use crate::runtime::Runtime;

/// The longest payload that goes to a script. The action lets less pass; this guards the pipe.
const LONGEST_PAYLOAD: usize = 8 << 20;
/// How much longer than a script's time-out its server may take to say that it is over.
const GRACE: Duration = Duration::from_secs(10);
/// Said at the end of a log that was cut.
const CUT: &str = "\n---Output truncated---\n";

/// The fork server's report of a script.
#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Begun { pid: i32 },
    Ended { outcome: Outcome, log: String, cut: bool },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Outcome {
    /// The text that the script's process itself wrote: not to be trusted.
    Result(String),
    Raised(String),
    Limit(String),
    Unavailable(String),
    TimedOut,
}

/// The report of a script's process.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Written {
    Value(Value),
    Raised(String),
    Limit(String),
    Unavailable(String),
}

impl Outcome {
    fn result(self) -> Result<Value, ScriptError> {
        Err(match self {
            Self::Result(text) => match serde_json::from_str(&text) {
                Ok(Written::Value(value)) => return Ok(value),
                Ok(Written::Raised(text)) => ScriptError::Raised(text),
                Ok(Written::Limit(which)) => ScriptError::Limit(which),
                Ok(Written::Unavailable(why)) => ScriptError::Unavailable(why),
                Err(_) => {
                    ScriptError::Raised("The script wrote into the pipe of its result".into())
                }
            },
            Self::Raised(text) => ScriptError::Raised(text),
            Self::Limit(which) => ScriptError::Limit(which),
            Self::Unavailable(why) => ScriptError::Unavailable(why),
            Self::TimedOut => ScriptError::TimedOut,
        })
    }
}

impl Scripts for Python {
    fn run<'a>(&'a self, script: &'a Script) -> BoxFuture<'a, ScriptRun> {
        async move {
            match self.begin(script).await {
                Ok(running) => running.end(script.timeout).await,
                Err(error) => ScriptRun { result: Err(error), log: String::new() },
            }
        }
        .boxed()
    }
}

impl Python {
    async fn begin(&self, script: &Script) -> Result<Running<'_>, ScriptError> {
        let powershell = match Runtime::of(&script.runtime) {
            Some(Runtime::Python) => None,
            Some(Runtime::PowerShell) => Some(self.settings.find("pwsh").ok_or_else(|| {
                let said = format!("{} needs pwsh, which is not installed here", script.runtime);
                ScriptError::Unavailable(said)
            })?),
            None => {
                let said = format!("There is no runtime {}", script.runtime);
                return Err(ScriptError::Unavailable(said));
            }
        };
        let length = script.payload.to_string().len();
        if length > LONGEST_PAYLOAD {
            let said = format!("The payload has {length} octets, more than {LONGEST_PAYLOAD}");
            return Err(ScriptError::Limit(said));
        }
        let keys = match &script.actor {
            Actor::Caller { .. } => None,
            role @ Actor::Role { .. } => {
                Some(self.keys(role, &script.region).await.map_err(|error| {
                    ScriptError::Unavailable(format!("No credentials: {}", error.message))
                })?)
            }
        };
        let unavailable = |error: std::io::Error| ScriptError::Unavailable(error.to_string());
        let room = self.room.acquire().await;
        let room = room.map_err(|_| ScriptError::Unavailable("No more scripts are run".into()))?;
        let folder = tempfile::Builder::new()
            .prefix("script-")
            .tempdir_in(&self.settings.folder)
            .map_err(unavailable)?;
        let attached = |name: &String, content: &Vec<u8>| {
            Some(json!({"name": name, "content": STANDARD.encode(content)}))
        };
        let (source, attachment) = match &script.source {
            ScriptSource::Inline(text) => (Some(text), None),
            ScriptSource::Attachment { name, content } => (None, attached(name, content)),
            ScriptSource::Importing { text, name, content } => {
                (Some(text), attached(name, content))
            }
        };
        let server = self.scripts.worker().map_err(unavailable)?;
        let answers = server
            .ask(json!({"run": {
                "powershell": powershell,
                "handler": script.handler,
                "source": source,
                "attachment": attachment,
                "payload": script.payload,
                "context": {
                    "global:ACCOUNT_ID": script.account,
                    "global:REGION": script.region,
                    "automation:EXECUTION_ID": script.execution_id,
                },
                "timeout": script.timeout.as_secs_f64(),
                "folder": folder.path(),
                "environment": self.environment(folder.path(), &script.region, keys.as_ref()),
            }}))
            .map_err(|error| ScriptError::Limit(error.to_string()))?;
        Ok(Running {
            answers,
            server,
            process: None,
            over: false,
            folder: Some(folder),
            _room: room,
        })
    }

    /// All of a script's environment.
    fn environment(&self, folder: &Path, region: &str, keys: Option<&Keys>) -> Value {
        let mut environment = Map::new();
        let mut set = |name: &str, value: &str| environment.insert(name.into(), value.into());
        let folder = folder.to_string_lossy();
        set("PATH", &self.settings.path);
        set("HOME", &folder);
        set("TMPDIR", &folder);
        set("LANG", "C.UTF-8");
        set("AWS_ENDPOINT_URL", &self.settings.endpoint);
        set("AWS_REGION", region);
        set("AWS_DEFAULT_REGION", region);
        set("AWS_CONFIG_FILE", "/dev/null");
        set("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
        set("AWS_EC2_METADATA_DISABLED", "true");
        if let Some(keys) = keys {
            set("AWS_ACCESS_KEY_ID", &keys.access_key_id);
            set("AWS_SECRET_ACCESS_KEY", &keys.secret_access_key);
            if let Some(token) = &keys.session_token {
                set("AWS_SESSION_TOKEN", token);
            }
        }
        Value::Object(environment)
    }
}

/// A script that was handed to the fork server. Dropped before its end, it is cancelled.
struct Running<'a> {
    answers: Answers,
    server: Arc<Process>,
    process: Option<i32>,
    over: bool,
    folder: Option<TempDir>,
    _room: SemaphorePermit<'a>,
}

impl Running<'_> {
    async fn end(mut self, timeout: Duration) -> ScriptRun {
        // The server keeps the time; this is for a server that does not answer at all.
        let Ok(run) = tokio::time::timeout(timeout.saturating_add(GRACE), self.hear()).await else {
            self.server.kill();
            return lost("The process that runs scripts did not answer");
        };
        run
    }

    async fn hear(&mut self) -> ScriptRun {
        while let Some(said) = self.answers.next().await {
            match serde_json::from_value(said) {
                Ok(Said::Begun { pid }) => self.process = Some(pid),
                Ok(Said::Ended { outcome, mut log, cut }) => {
                    self.over = true;
                    if cut {
                        log.push_str(CUT);
                    }
                    return ScriptRun { result: outcome.result(), log };
                }
                Err(_) => return lost("The process that runs scripts said something unknown"),
            }
        }
        lost("The process that runs scripts ended under it")
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.answers.add(json!({"cancel": true}));
            // A server that is dead or stuck ends the script at most, not what the script started.
            if let Some(process) = self.process {
                // Fails when nothing of it is left.
                let _ = killpg(Pid::from_raw(process), Signal::SIGKILL);
            }
        }
        // It may hold many files.
        if let (Some(folder), Ok(runtime)) = (self.folder.take(), Handle::try_current()) {
            runtime.spawn_blocking(move || drop(folder));
        }
    }
}

fn lost(why: &str) -> ScriptRun {
    ScriptRun { result: Err(ScriptError::Lost(why.into())), log: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_script_wrote_is_taken_for_nothing_else() {
        for (written, expected) in [
            (r#"{"value": [1, null]}"#, Ok(json!([1, null]))),
            (r#"{"value": null}"#, Ok(Value::Null)),
            (r#"{"raised": "KeyError - 'x'"}"#, Err(ScriptError::Raised("KeyError - 'x'".into()))),
            (r#"{"limit": "memory"}"#, Err(ScriptError::Limit("memory".into()))),
            (r#"{"unavailable": "no f"}"#, Err(ScriptError::Unavailable("no f".into()))),
        ] {
            assert_eq!(Outcome::Result(written.into()).result(), expected);
        }
        for nonsense in ["", "{}", "[]", r#""timedOut""#, r#"{"value": 1"#, "\0"] {
            let result = Outcome::Result(nonsense.into()).result();
            assert!(matches!(result, Err(ScriptError::Raised(_))), "{nonsense}");
        }
    }
}
