//! The engine's ports to a world that answers at random.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use engine::ports::{
    Actor, ApiCall, ApiError, ApiErrorKind, Aws, Script, ScriptError, ScriptRun, ScriptSource,
    Scripts, WebhookAnswer, WebhookError, WebhookRequest, Webhooks,
};
use fastrand::Rng;
use futures::FutureExt;
use futures::future::BoxFuture;
use runbook::{ActionKind, OutputType, Runbook, Step, StepBody};
use serde_json::{Map, Value, json};

use crate::answers::Answers;
use crate::models::Models;

/// AWS, scripts and webhooks.
pub(crate) struct RandomWorld {
    models: Arc<Models>,
    rng: Mutex<Rng>,
    /// By a script's text: a result in which its step finds its outputs.
    results: HashMap<String, Vec<(Vec<String>, OutputType)>>,
    /// The values that the runbook compares answers with.
    words: Vec<String>,
}

impl RandomWorld {
    pub(crate) fn new(models: Arc<Models>, runbook: &Runbook, seed: u64) -> Self {
        let mut results = HashMap::new();
        each_step(&runbook.steps, &mut |step| {
            if step.action == ActionKind::ExecuteScript
                && let Some(Value::String(script)) = step.inputs.get("Script")
            {
                let outputs = step.outputs.iter().filter_map(|output| {
                    let path = members(&output.selector.to_string())?;
                    Some((path, output.kind))
                });
                results.insert(script.trim().to_owned(), outputs.collect());
            }
        });
        let mut words = Vec::new();
        each_step(&runbook.steps, &mut |step| {
            compared(&Value::Object(step.inputs.clone()), &mut words);
        });
        Self { models, rng: Mutex::new(Rng::with_seed(seed)), results, words }
    }

    fn random(&self) -> std::sync::MutexGuard<'_, Rng> {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reply(&self, call: &ApiCall) -> Result<Value, ApiError> {
        let error = |code: &str, kind: ApiErrorKind, says: &str| ApiError {
            code: code.to_owned(),
            message: format!(
                "An error occurred ({code}) when calling the {} operation: {says}",
                call.api
            ),
            kind,
        };
        let Some(service) = self.models.service(&call.service) else {
            return Err(error("UnknownService", ApiErrorKind::Input, "there is no such service"));
        };
        let Some(operation) = service.operation(&call.api) else {
            return Err(error(
                "UnknownOperation",
                ApiErrorKind::Input,
                "there is no such operation",
            ));
        };
        let mut rng = self.random();
        match rng.u8(0..100) {
            0 => return Err(error("Throttling", ApiErrorKind::Throttling, "Rate exceeded")),
            1 => return Err(error("RequestTimeout", ApiErrorKind::Lost, "no answer")),
            2 => return Err(error("AccessDenied", ApiErrorKind::Permission, "not allowed")),
            3 => {
                let declared: Vec<&str> =
                    operation.errors.iter().map(|e| e.shape.as_str()).collect();
                let code = rng.choice(declared).unwrap_or("ServiceUnavailable");
                return Err(error(code, ApiErrorKind::Service, "as the dice fell"));
            }
            _ => {}
        }
        let mut answers = Answers { service: &service, words: &self.words, rng: &mut rng };
        let mut reply = match &operation.output {
            Some(output) => match answers.answer(&output.shape) {
                Value::Object(members) => members,
                _ => Map::new(),
            },
            None => Map::new(),
        };
        if let Some(Value::Object(parameter)) = reply.get_mut("Parameter") {
            // The parameter that a default `{{ ssm:name }}` refers to has to be a plain text.
            parameter.insert("Type".to_owned(), "String".into());
            parameter.insert("Value".to_owned(), "a-value".into());
        }
        reply.insert(
            "ResponseMetadata".to_owned(),
            json!({"HTTPStatusCode": 200, "RetryAttempts": 0}),
        );
        Ok(Value::Object(reply))
    }

    fn result(&self, script: &Script) -> ScriptRun {
        let mut rng = self.random();
        let log = "a line that the script printed\n".to_owned();
        let failed = |error| ScriptRun { result: Err(error), log: log.clone() };
        match rng.u8(0..100) {
            0..2 => return failed(ScriptError::Raised("Traceback …\nKeyError - 'x'".to_owned())),
            2 => return failed(ScriptError::TimedOut),
            3 => return failed(ScriptError::Lost("its worker died".to_owned())),
            _ => {}
        }
        let text = match &script.source {
            ScriptSource::Inline(text) | ScriptSource::Importing { text, .. } => text.trim(),
            ScriptSource::Attachment { .. } => "",
        };
        let mut result = json!({"message": "done"});
        for (path, kind) in self.results.get(text).into_iter().flatten() {
            let value = match (kind, rng.bool()) {
                (OutputType::String, true) => rng
                    .choice(&self.words)
                    .map_or_else(|| "text".into(), |word| word.as_str().into()),
                _ => of(*kind, &mut rng),
            };
            let Some((last, parents)) = path.split_last() else {
                result = value;
                continue;
            };
            let mut place = &mut result;
            for name in parents {
                if !place.is_object() {
                    *place = json!({});
                }
                place = &mut place[name.as_str()];
            }
            if !place.is_object() {
                *place = json!({});
            }
            place[last.as_str()] = value;
        }
        ScriptRun { result: Ok(result), log }
    }
}

/// A random value of a type of the language.
fn of(kind: OutputType, rng: &mut Rng) -> Value {
    match kind {
        OutputType::String => format!("text-{}", rng.u16(..)).into(),
        OutputType::StringList => (0..rng.u8(0..4)).map(|n| format!("item-{n}")).collect(),
        OutputType::Boolean => rng.bool().into(),
        OutputType::Integer => rng.i64(0..100).into(),
        OutputType::StringMap => json!({"Key": format!("value-{}", rng.u16(..))}),
        OutputType::MapList => (0..rng.u8(0..3)).map(|n| json!({"Key": n})).collect(),
    }
}

/// The texts that steps compare with: `DesiredValues` and the operands of branches.
fn compared(inputs: &Value, words: &mut Vec<String>) {
    match inputs {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if name == "StringEquals" || name == "EqualsIgnoreCase" => {
                        words.push(text.clone());
                    }
                    Value::Array(items) if name == "DesiredValues" => {
                        words.extend(items.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    value => compared(value, words),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| compared(item, words)),
        _ => {}
    }
}

/// `$.Payload.a.b` as `a`, `b`, `$.Payload` as nothing; `None` for selectors that do more than go down.
fn members(selector: &str) -> Option<Vec<String>> {
    let path = selector.strip_prefix("$.Payload")?;
    if path.is_empty() {
        return Some(Vec::new());
    }
    let path = path.strip_prefix('.')?;
    let plain = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    path.split('.').map(|name| plain(name).then(|| name.to_owned())).collect()
}

/// Runbooks that a runbook starts, by the names under which it does: each takes whatever it is given, and sleeps.
pub(crate) fn children(runbook: &Runbook) -> BTreeMap<String, String> {
    let mut children: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    each_step(&runbook.steps, &mut |step| {
        if step.action == ActionKind::ExecuteAutomation
            && let Some(Value::String(name)) = step.inputs.get("DocumentName")
        {
            let given = step.inputs.get("RuntimeParameters").and_then(Value::as_object);
            let names = given.into_iter().flat_map(|given| given.keys().cloned());
            children.entry(name.clone()).or_default().extend(names);
        }
    });
    let text = |parameters: BTreeSet<String>| {
        let parameters: Map<String, Value> = parameters
            .into_iter()
            .map(|name| (name, json!({"type": "StringList", "default": []})))
            .collect();
        let step = json!({"name": "sleep", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}});
        json!({"schemaVersion": "0.3", "parameters": parameters, "mainSteps": [step]}).to_string()
    };
    children.into_iter().map(|(name, parameters)| (name, text(parameters))).collect()
}

/// Every step, those of loops included.
pub(crate) fn each_step<'a>(steps: &'a [Step], visit: &mut impl FnMut(&'a Step)) {
    for step in steps {
        visit(step);
        if let StepBody::Loop { steps, .. } = &step.body {
            each_step(steps, visit);
        }
    }
}

impl Aws for RandomWorld {
    fn call<'a>(&'a self, call: &'a ApiCall) -> BoxFuture<'a, Result<Value, ApiError>> {
        let reply = self.reply(call);
        async move {
            // A call takes time: so that time-outs can come in between.
            tokio::time::sleep(std::time::Duration::from_millis(40)).await;
            reply
        }
        .boxed()
    }

    fn check_actor<'a>(&'a self, _: &'a Actor, _: &'a str) -> BoxFuture<'a, Result<(), ApiError>> {
        async { Ok(()) }.boxed()
    }
}

impl Scripts for RandomWorld {
    fn run<'a>(&'a self, script: &'a Script) -> BoxFuture<'a, ScriptRun> {
        let run = self.result(script);
        async move {
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
            run
        }
        .boxed()
    }
}

impl Webhooks for RandomWorld {
    fn post<'a>(
        &'a self,
        _: &'a WebhookRequest,
    ) -> BoxFuture<'a, Result<WebhookAnswer, WebhookError>> {
        let answer = match self.random().u8(0..10) {
            0 => Err(WebhookError::Lost("the connection was lost".to_owned())),
            1 => Ok(WebhookAnswer { status: 500, body: "no".to_owned() }),
            _ => Ok(WebhookAnswer { status: 200, body: "{\"ok\": true}".to_owned() }),
        };
        async move { answer }.boxed()
    }
}
