//! The engine's ports to a world that answers as a case says.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use anyhow::{Context, Result};
use engine::Engine;
use engine::ports::{
    Actor, ApiCall, ApiError, ApiErrorKind, Aws, DocumentError, Documents, Events, FoundDocument,
    Script, ScriptError, ScriptRun, Scripts, StatusChange, StatusEvent,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use runbook::ActionKind;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc::UnboundedSender;
use workbench::Document;
use workbench::cases::{
    Answer, Called, Case, Child, CommandResult, Refusal, ScriptResult, Suite, fits, same_operation,
};

use super::File;

/// The function that the script of a child which is only an end has.
const END: &str = "relay_child_ends";

/// AWS and scripts, as a case has them.
pub(super) struct World {
    answers: Vec<Answer>,
    scripts: BTreeMap<String, Vec<ScriptResult>>,
    commands: Vec<CommandResult>,
    engine: OnceLock<Weak<Engine>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    calls: Vec<Called>,
    unanswered: Vec<String>,
    /// How many calls have fitted an answer with `nth`, by its place.
    fitted: HashMap<usize, u32>,
    /// How often the script of a step has run.
    ran: HashMap<String, usize>,
    /// The commands that were sent; the id of a command counts them from 1.
    sent: Vec<(CommandResult, Vec<String>)>,
}

impl World {
    /// The words of the case come before those of the file.
    pub(super) fn new(suite: &Suite, case: &Case) -> Self {
        let (own, shared) = (&case.given, &suite.given);
        let mut scripts = shared.scripts.clone();
        scripts.extend(own.scripts.clone());
        let commands = if own.commands.is_empty() { &shared.commands } else { &own.commands };
        Self {
            answers: own.aws.iter().chain(&shared.aws).cloned().collect(),
            scripts,
            commands: commands.clone(),
            engine: OnceLock::new(),
            state: Mutex::default(),
        }
    }

    /// Names the engine: it knows which step a script belongs to.
    pub(super) fn runs_on(&self, engine: &Arc<Engine>) {
        drop(self.engine.set(Arc::downgrade(engine)));
    }

    pub(super) fn calls(&self) -> Vec<Called> {
        self.state().calls.clone()
    }

    pub(super) fn unanswered(&self) -> Vec<String> {
        self.state().unanswered.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reply(&self, call: &ApiCall) -> Result<Value, ApiError> {
        let operation = format!("{}:{}", call.service, pascal(&call.api));
        let parameters = Value::Object(call.parameters.clone());
        let mut state = self.state();
        state
            .calls
            .push(Called { operation: operation.clone(), parameters: call.parameters.clone() });
        for (place, answer) in self.answers.iter().enumerate() {
            let is_meant = same_operation(&answer.call, &operation)
                && answer.with.as_ref().is_none_or(|with| fits(with, &parameters));
            if !is_meant {
                continue;
            }
            if let Some(nth) = answer.nth {
                let fitted = state.fitted.entry(place).or_default();
                *fitted += 1;
                if *fitted != nth {
                    continue;
                }
            }
            return match &answer.error {
                Some(refusal) => Err(error(refusal, &call.api)),
                None => Ok(complete(answer.answer.clone().unwrap_or_else(|| json!({})))),
            };
        }
        if call.service == "ssm"
            && let Some(answer) = self.command(&mut state, &call.api, &call.parameters)
        {
            return Ok(complete(answer));
        }
        state.unanswered.push(format!("the call {operation} with {parameters}"));
        let refusal = Refusal {
            code: "NotInTest".to_owned(),
            message: "the test gives no answer".to_owned(),
        };
        Err(error(&refusal, &call.api))
    }

    /// Run Command, as `commands` have it.
    fn command(
        &self,
        state: &mut State,
        api: &str,
        parameters: &Map<String, Value>,
    ) -> Option<Value> {
        let id = |nth: usize| format!("00000000-0000-0000-0000-{nth:012}");
        let asked = parameters.get("CommandId").and_then(Value::as_str);
        let nth = asked.and_then(|asked| (1..=state.sent.len()).find(|nth| id(*nth) == asked));
        let of = nth.and_then(|nth| state.sent.get(nth - 1));
        match pascal(api).as_str() {
            "SendCommand" => {
                let command = self.commands.get(state.sent.len())?.clone();
                let nodes = parameters.get("InstanceIds").and_then(Value::as_array);
                let nodes: Vec<String> = nodes
                    .map(|nodes| {
                        nodes.iter().filter_map(|node| Some(node.as_str()?.to_owned())).collect()
                    })
                    .unwrap_or_default();
                state.sent.push((command, nodes));
                Some(json!({"Command": {"CommandId": id(state.sent.len())}}))
            }
            "GetCommandInvocation" => {
                let (command, _) = of?;
                Some(json!({
                    "Status": command.status, "ResponseCode": code(command),
                    "StandardOutputContent": command.output, "StandardErrorContent": "",
                }))
            }
            "ListCommands" => {
                let (command, _) = of?;
                Some(json!({"Commands": [{"CommandId": asked, "Status": command.status}]}))
            }
            "ListCommandInvocations" => {
                let (command, nodes) = of?;
                let plugins = json!([{"ResponseCode": code(command), "Output": command.output}]);
                let nodes = nodes.iter().map(|node| {
                    json!({"InstanceId": node, "Status": command.status, "CommandPlugins": plugins})
                });
                Some(json!({"CommandInvocations": nodes.collect::<Vec<_>>()}))
            }
            "CancelCommand" => of.map(|_| json!({})),
            _ => None,
        }
    }

    /// The result of a script, by its step.
    fn script(&self, script: &Script) -> Result<Value, ScriptError> {
        if script.handler == END {
            return match script.payload["fails"].as_str() {
                Some(message) => Err(ScriptError::Raised(message.to_owned())),
                None => Ok(script.payload.clone()),
            };
        }
        let step = self.engine.get().and_then(Weak::upgrade).and_then(|engine| {
            let view = engine.execution(&script.account, &script.region, &script.execution_id)?;
            view.current_step
        });
        let step = step.unwrap_or_default();
        let mut state = self.state();
        let nth = state.ran.entry(step.clone()).or_default();
        let results = self.scripts.get(&step).map(Vec::as_slice).unwrap_or_default();
        let result = results.get(*nth).or_else(|| results.last());
        *nth += 1;
        match result {
            Some(ScriptResult { real: true, .. }) => {
                // Its calls need the state.
                drop(state);
                super::script::run(script, &|call| self.reply(call))
            }
            Some(ScriptResult { raises: Some(message), .. }) => {
                Err(ScriptError::Raised(message.clone()))
            }
            Some(ScriptResult { returns, .. }) => Ok(returns.clone().unwrap_or(Value::Null)),
            None => {
                let payload = &script.payload;
                state.unanswered.push(format!("the script of {step} with {payload}"));
                Err(ScriptError::Unavailable("the test gives no result of this script".to_owned()))
            }
        }
    }
}

/// The exit code of a command.
fn code(command: &CommandResult) -> i64 {
    command.code.unwrap_or(if command.status == "Success" { 0 } else { 1 })
}

/// botocore's answers have the metadata of the response.
fn complete(mut answer: Value) -> Value {
    if let Value::Object(members) = &mut answer
        && !members.contains_key("ResponseMetadata")
    {
        members.insert("ResponseMetadata".to_owned(), json!({"HTTPStatusCode": 200}));
    }
    answer
}

/// As botocore words it, and of the kind that its code has.
fn error(refusal: &Refusal, api: &str) -> ApiError {
    let Refusal { code, message } = refusal;
    let kind = match code.as_str() {
        code if code.contains("Throttl")
            || code == "RequestLimitExceeded"
            || code == "TooManyRequestsException" =>
        {
            ApiErrorKind::Throttling
        }
        code if code.contains("AccessDenied") || code.contains("Unauthorized") => {
            ApiErrorKind::Permission
        }
        "ParamValidation" => ApiErrorKind::Input,
        _ => ApiErrorKind::Service,
    };
    ApiError {
        code: code.clone(),
        message: format!(
            "An error occurred ({code}) when calling the {} operation: {message}",
            pascal(api)
        ),
        kind,
    }
}

/// `describe_instances` and `describe-instances` are `DescribeInstances`.
pub(super) fn pascal(api: &str) -> String {
    api.split(['_', '-'])
        .map(|word| {
            let mut signs = word.chars();
            signs
                .next()
                .map(|first| first.to_ascii_uppercase())
                .into_iter()
                .chain(signs)
                .collect::<String>()
        })
        .collect()
}

impl Aws for World {
    fn call<'a>(&'a self, call: &'a ApiCall) -> BoxFuture<'a, Result<Value, ApiError>> {
        let answer = self.reply(call);
        async move { answer }.boxed()
    }

    fn check_actor<'a>(&'a self, _: &'a Actor, _: &'a str) -> BoxFuture<'a, Result<(), ApiError>> {
        async { Ok(()) }.boxed()
    }
}

impl Scripts for World {
    fn run<'a>(&'a self, script: &'a Script) -> BoxFuture<'a, ScriptRun> {
        async move { ScriptRun { result: self.script(script), log: String::new() } }.boxed()
    }
}

/// Passes on what happens.
pub(super) struct Notices(pub UnboundedSender<StatusEvent>);

impl Events for Notices {
    fn emit(&self, change: StatusChange) {
        // The run is over when nobody listens any more.
        drop(self.0.send(change.event()));
    }
}

/// The runbook under test, and those that it starts.
pub(super) struct Library {
    documents: BTreeMap<String, Content>,
}

struct Content {
    text: String,
    attachments: BTreeMap<String, Vec<u8>>,
}

impl Library {
    /// # Errors
    /// When the file of a child or of an attachment cannot be read.
    pub(super) fn new(file: &File, document: &Document, case: &Case) -> Result<Self> {
        let mut children = file.suite.given.children.clone();
        children.extend(case.given.children.clone());
        let mut documents = BTreeMap::new();
        for (name, child) in &children {
            let content = match &child.file {
                Some(path) => {
                    Content::of(&file.path.with_file_name(path), super::play::beside(file, path)?)?
                }
                None => Content {
                    text: end(child, &parameters(document, name, child)),
                    attachments: BTreeMap::new(),
                },
            };
            documents.insert(name.clone(), content);
        }
        let content = Content::of(&file.runbook, file.content.clone())?;
        documents.insert(super::play::name(file), content);
        Ok(Self { documents })
    }
}

impl Content {
    /// A runbook with its attachments, which are beside it. One that is not there is missed by the step that uses it.
    fn of(path: &Path, text: String) -> Result<Self> {
        let Ok(document) = Document::parse(&text) else {
            return Ok(Self { text, attachments: BTreeMap::new() });
        };
        let steps = document.steps();
        let used = steps.iter().filter_map(|at| at.step.inputs.get("Attachment")?.as_str());
        let names = document.runbook().files.keys().map(String::as_str).chain(used);
        let mut attachments = BTreeMap::new();
        for name in names {
            let beside = path.with_file_name(name);
            if beside.is_file() {
                let content =
                    std::fs::read(&beside).with_context(|| format!("read {}", beside.display()))?;
                attachments.insert(name.to_owned(), content);
            }
        }
        Ok(Self { text, attachments })
    }
}

/// The parameters that a child takes: those that steps write out for it, and those that the case names.
fn parameters(document: &Document, name: &str, child: &Child) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = child.parameters.iter().cloned().collect();
    for at in document.steps() {
        let inputs = &at.step.inputs;
        if at.step.action == ActionKind::ExecuteAutomation
            && inputs.get("DocumentName") == Some(&name.into())
        {
            let given = inputs.get("RuntimeParameters").and_then(Value::as_object);
            names.extend(given.into_iter().flatten().map(|(name, _)| name.clone()));
        }
    }
    names
}

/// A runbook that does nothing but end as the case says.
fn end(child: &Child, parameters: &BTreeSet<String>) -> String {
    let parameters: Map<String, Value> = parameters
        .iter()
        .map(|name| (name.clone(), json!({"type": "StringList", "default": []})))
        .collect();
    let names: Vec<String> = (0..child.outputs.len()).map(|nth| format!("o{nth}")).collect();
    let declared: Vec<Value> = names
        .iter()
        .map(
            |name| json!({"Name": name, "Selector": format!("$.Payload.{name}"), "Type": "String"}),
        )
        .collect();
    let mut payload: Map<String, Value> =
        names.iter().cloned().zip(child.outputs.clone()).collect();
    if let Some(message) = &child.fails {
        payload.insert("fails".to_owned(), message.clone().into());
    }
    let outputs: Vec<String> = names.iter().map(|name| format!("end.{name}")).collect();
    let mut content = json!({
        "schemaVersion": "0.3",
        "mainSteps": [{
            "name": "end",
            "action": "aws:executeScript",
            "inputs": {"Runtime": "python3.11", "Handler": END, "Script": END, "InputPayload": payload},
            "outputs": declared,
        }],
    });
    if !parameters.is_empty() {
        content["parameters"] = parameters.into();
    }
    if !outputs.is_empty() {
        content["outputs"] = outputs.into();
    }
    content.to_string()
}

impl Documents for Library {
    fn find(
        &self,
        _account: &str,
        _region: &str,
        name: &str,
        _version: Option<&str>,
    ) -> Result<FoundDocument, DocumentError> {
        let bare = name.rsplit("document/").next().unwrap_or(name);
        let found = self.documents.get(name).or_else(|| self.documents.get(bare));
        let Content { text, attachments } = found.ok_or(DocumentError::NotFound)?;
        Ok(FoundDocument {
            name: name.to_owned(),
            owner: String::new(),
            version: "1".to_owned(),
            document_type: "Automation".to_owned(),
            target_type: None,
            content: text.clone(),
            attachments: attachments.clone(),
        })
    }

    fn setting(&self, _account: &str, _region: &str, _id: &str) -> Option<String> {
        None
    }
}
