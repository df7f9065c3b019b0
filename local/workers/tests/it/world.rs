//! One set of Python processes for all tests; calls and scripts as tests write them.

use std::collections::HashMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use engine::ports::{
    Actor, ApiCall, ApiError, ApiErrorKind, Assumer, Aws, Script, ScriptError, ScriptRun,
    ScriptSource, Scripts,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;
use workers::{Keys, Python, PythonSettings, Sessions};

use crate::endpoint::Endpoint;

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "eu-west-1";
pub(crate) const EXECUTION: &str =
    "arn:aws:ssm:eu-west-1:111122223333:automation-execution/5a927c4c-3d51-4915-8d7e-82fc4c61e479";

/// The runtime that every test runs on.
pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
static WORLD: OnceCell<World> = OnceCell::const_new();
static KEYS: AtomicU32 = AtomicU32::new(0);

/// Python, what it talks to, and who hands out sessions.
pub(crate) struct World {
    pub(crate) python: Arc<Python>,
    pub(crate) endpoint: Endpoint,
    pub(crate) sessions: Arc<Minted>,
    pub(crate) folder: TempDir,
}

/// Runs a test on the world that all share.
pub(crate) fn run<F: Future<Output = ()>>(test: impl FnOnce(&'static World) -> F) {
    RUNTIME.block_on(async { test(WORLD.get_or_init(|| World::start(|it| it)).await).await });
}

/// Runs a test on a world of its own, with other settings.
pub(crate) fn run_alone<F: Future<Output = ()>>(
    change: impl FnOnce(PythonSettings) -> PythonSettings,
    test: impl FnOnce(Arc<World>) -> F,
) {
    RUNTIME.block_on(async { test(Arc::new(World::start(change).await)).await });
}

/// The project's interpreter, which `cargo xtask test` has made.
pub(crate) fn interpreter() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/python")
}

impl World {
    async fn start(change: impl FnOnce(PythonSettings) -> PythonSettings) -> Self {
        let endpoint = Endpoint::start().await;
        let folder = tempfile::tempdir().unwrap();
        let sessions = Arc::new(Minted::default());
        let settings =
            PythonSettings::new(interpreter(), endpoint.url(), folder.path().join("python"));
        let sessions_of_it: Arc<dyn Sessions> = Arc::clone(&sessions) as _;
        let python = Python::start(change(settings), sessions_of_it).unwrap();
        Self { python, endpoint, sessions, folder }
    }

    /// Makes a call as a caller of its own.
    pub(crate) async fn call(&self, call: ApiCall) -> Result<Value, ApiError> {
        self.python.call(&call).await
    }

    /// Runs a Python script without credentials.
    pub(crate) async fn script(&self, source: &str, payload: Value) -> ScriptRun {
        self.python.run(&script(source, payload)).await
    }

    /// The value that a script must return.
    pub(crate) async fn value(&self, source: &str, payload: Value) -> Value {
        let run = self.script(source, payload).await;
        run.result.unwrap_or_else(|error| panic!("{error:?}\n{}", run.log))
    }

    /// The error that a script must raise.
    pub(crate) async fn raised(&self, source: &str) -> String {
        match self.script(source, json!({})).await.result {
            Err(ScriptError::Raised(text)) => text,
            other => panic!("{other:?}"),
        }
    }
}

/// An access key that no other test has.
pub(crate) fn new_key() -> String {
    format!("AKIA{:04}", KEYS.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn caller(access_key: &str) -> Actor {
    Actor::Caller {
        principal_arn: format!("arn:aws:iam::{ACCOUNT}:user/{access_key}"),
        access_key_id: access_key.into(),
    }
}

/// A role that the service assumes; `Minted` gives its session the access key `ASIA` + name + number.
pub(crate) fn role(name: &str) -> Actor {
    Actor::Role {
        role_arn: format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
        through: Assumer::Service,
        source_arn: EXECUTION.into(),
    }
}

pub(crate) fn call(actor: &Actor, service: &str, api: &str, parameters: Value) -> ApiCall {
    let Value::Object(parameters) = parameters else { panic!("{parameters}") };
    ApiCall {
        service: service.into(),
        api: api.into(),
        parameters,
        account: ACCOUNT.into(),
        region: REGION.into(),
        actor: actor.clone(),
    }
}

pub(crate) fn script(source: &str, payload: Value) -> Script {
    Script {
        runtime: "python3.11".into(),
        handler: "handler".into(),
        source: ScriptSource::Inline(source.into()),
        payload,
        timeout: Duration::from_secs(60),
        actor: caller("111122223333"),
        account: ACCOUNT.into(),
        region: REGION.into(),
        execution_id: "5f0c4a2e-0000-4000-8000-00000000abcd".into(),
    }
}

/// Hands out sessions and remembers to whom.
#[derive(Debug, Default)]
pub(crate) struct Minted {
    pub(crate) asked: Mutex<Vec<(String, String, String)>>,
    lifetimes: Mutex<HashMap<String, Duration>>,
}

impl Minted {
    /// How long the sessions of a role last; an hour if nothing is said.
    pub(crate) fn last(&self, role: &str, lifetime: Duration) {
        self.lifetimes.lock().unwrap().insert(role.into(), lifetime);
    }

    /// How many sessions of a role were asked for.
    pub(crate) fn count(&self, role: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|(it, ..)| it.ends_with(role)).count()
    }
}

impl Sessions for Minted {
    fn for_service<'a>(
        &'a self,
        role_arn: &'a str,
        session_name: &'a str,
        source_arn: &'a str,
    ) -> BoxFuture<'a, Result<Keys, ApiError>> {
        async move {
            let asked = (role_arn.into(), session_name.into(), source_arn.into());
            self.asked.lock().unwrap().push(asked);
            let name = role_arn.rsplit('/').next().unwrap();
            if name == "untrusting" {
                return Err(ApiError {
                    code: "AccessDenied".into(),
                    message: format!("{role_arn} does not let ssm.amazonaws.com in"),
                    kind: ApiErrorKind::Permission,
                });
            }
            let lifetime = self.lifetimes.lock().unwrap().get(name).copied();
            Ok(Keys {
                access_key_id: format!("ASIA{name}{}", self.count(name)),
                secret_access_key: "a session's secret".into(),
                session_token: Some(format!("token-of-{name}")),
                lifetime: Some(lifetime.unwrap_or(Duration::from_secs(3600))),
            })
        }
        .boxed()
    }

    fn of_caller<'a>(&'a self, access_key_id: &'a str) -> BoxFuture<'a, Result<Keys, ApiError>> {
        async move {
            Ok(Keys {
                access_key_id: access_key_id.into(),
                secret_access_key: "a caller's secret".into(),
                session_token: None,
                lifetime: None,
            })
        }
        .boxed()
    }
}
