//! AWS on the loopback interface, as far as `relay` calls it: one account, parameters and documents in
//! every Region, and the stack of the hub where a test wants it, with its table ([`Stub::suite`]).

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use std::time::Duration;

use serde_json::{Value, json};

/// A running stub; it answers until the test process ends.
pub(crate) struct Stub {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

/// The parameters, documents and faults of the stub.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) calls: Vec<Call>,
    /// The stack's outputs; without any, there is no stack.
    pub(crate) outputs: BTreeMap<&'static str, String>,
    pub(crate) parameters: BTreeMap<String, String>,
    /// By Region and name.
    pub(crate) documents: BTreeMap<(String, String), Document>,
    /// Operations that are denied in a Region.
    pub(crate) denied: Vec<(&'static str, &'static str)>,
    /// Operations that fail so many times with a code and a message.
    pub(crate) failing: BTreeMap<&'static str, (u32, &'static str, &'static str)>,
    /// An operation that is done at once and answered late.
    pub(crate) late: Option<(&'static str, Duration)>,
    /// The items that functions would have written.
    pub(crate) table: aws_double::Table,
    /// Executions of state machines by their ARNs, as DescribeExecution answers.
    pub(crate) executions: BTreeMap<String, Value>,
    /// Automations by their ids, as GetAutomationExecution answers.
    pub(crate) automations: BTreeMap<String, Value>,
}

/// A document with all its versions, the first one first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) versions: Vec<String>,
    pub(crate) default: usize,
    pub(crate) tagged: bool,
}

/// A request as the stub understood it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) region: String,
    /// The access key that signed it.
    pub(crate) key: String,
    pub(crate) body: String,
}

type Reply = (u16, String);

impl Stub {
    /// Starts without a stack.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream.unwrap(), &shared));
            }
        });
        Self { url, state }
    }

    /// Starts with the hub's stack.
    pub(crate) fn deployed() -> Self {
        let stub = Self::start();
        stub.state().outputs = [
            ("ServiceRoleArn", "arn:aws:iam::111122223333:role/runbook-relay/automation"),
            ("ApprovalTopicArn", "arn:aws:sns:us-east-1:111122223333:Automation-approvals"),
            ("Version", "0.1.0"),
        ]
        .map(|(key, value)| (key, value.to_owned()))
        .into();
        stub
    }

    /// Starts with the hub's stack and all its outputs.
    pub(crate) fn suite() -> Self {
        let stub = Self::deployed();
        let mut outputs: BTreeMap<&'static str, String> = [
            ("TableName", aws_double::TABLE),
            ("BucketName", aws_double::BUCKET),
            ("RunAutomationStateMachineArn", aws_double::RUN_AUTOMATION),
            ("ShareRunbooksStateMachineArn", aws_double::SHARE_RUNBOOKS),
            ("AwaitMembershipStateMachineArn", aws_double::AWAIT_MEMBERSHIP),
        ]
        .map(|(key, value)| (key, value.to_owned()))
        .into();
        for queue in [
            "IntakeQueueUrl",
            "AlarmQueueUrl",
            "IntakeDeadLetterQueueUrl",
            "AlarmDeadLetterQueueUrl",
            "RecoverDeadLetterQueueUrl",
        ] {
            outputs.insert(queue, format!("{}/111122223333/{queue}", stub.url));
        }
        stub.state().outputs.extend(outputs);
        stub
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The calls that change something, as `Operation Region`.
    pub(crate) fn writes(&self) -> Vec<String> {
        let calls = &self.state().calls;
        let writes = calls.iter().filter(|call| {
            !["Get", "List", "Describe", "Assume"]
                .iter()
                .any(|verb| call.operation.starts_with(verb))
        });
        writes.map(|call| format!("{} {}", call.operation, call.region)).collect()
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream);
    while let Some(call) = read(&mut reader) {
        let ((status, body), late) = {
            let mut state = state.lock().unwrap();
            state.calls.push(call.clone());
            let late = state.late.filter(|(operation, _)| *operation == call.operation);
            (state.answer(&call), late)
        };
        if let Some((_, after)) = late {
            std::thread::sleep(after);
        }
        let head = format!("HTTP/1.1 {status} .\r\ncontent-length: {}\r\n\r\n", body.len());
        if reader.get_mut().write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}

/// The next request of a connection; `None` when there is none.
fn read(reader: &mut BufReader<TcpStream>) -> Option<Call> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let header = |name: &str| {
        let named = |line: &String| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then(|| value.to_owned())
        };
        head.iter().find_map(named).unwrap_or_default()
    };
    let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).unwrap();
    // Either a header, or a field of the form, or the path names the operation.
    let target = header("x-amz-target");
    let operation = match (target.rsplit_once('.'), body.strip_prefix("Action=")) {
        (Some((_, operation)), _) => operation.to_owned(),
        (None, Some(form)) => form.split('&').next().unwrap_or_default().to_owned(),
        (None, None) => head[0].split(' ').nth(1).unwrap_or_default().to_owned(),
    };
    let authorization = header("authorization");
    let scope = authorization.split("Credential=").nth(1).unwrap_or_default();
    let mut scope = scope.split('/').map(str::to_owned);
    let (key, region) = (scope.next(), scope.nth(1));
    let (key, region) = (key.unwrap_or_default(), region.unwrap_or_default());
    Some(Call { operation, region, key, body })
}

impl State {
    fn answer(&mut self, call: &Call) -> Reply {
        let Call { operation, region, .. } = call;
        if self.denied.iter().any(|(denied, place)| denied == operation && place == region) {
            return refusal("AccessDeniedException", &format!("not authorized: {operation}"));
        }
        if let Some((times, code, message)) = self.failing.get_mut(operation.as_str())
            && *times > 0
        {
            *times -= 1;
            let of_query = ["GetCallerIdentity", "DescribeStacks"].contains(&operation.as_str());
            return if of_query { xml(code, message) } else { refusal(code, message) };
        }
        let input: Value = serde_json::from_str(&call.body).unwrap_or_default();
        let text = |name: &str| input[name].as_str().unwrap_or_default().to_owned();
        match operation.as_str() {
            "GetCallerIdentity" => (200, IDENTITY.to_owned()),
            "AssumeRole" => (200, ASSUMED.to_owned()),
            "DescribeStacks" => self.stack(),
            "GetParametersByPath" => {
                let below =
                    self.parameters.iter().filter(|(name, _)| name.starts_with(&text("Path")));
                let below = below.map(|(name, value)| json!({"Name": name, "Value": value}));
                (200, json!({ "Parameters": below.collect::<Vec<_>>() }).to_string())
            }
            "PutParameter" => {
                self.parameters.insert(text("Name"), text("Value"));
                (200, json!({"Version": 1}).to_string())
            }
            "DeleteParameter" => {
                self.parameters.remove(&text("Name"));
                (200, "{}".to_owned())
            }
            "GetParameter" => match self.parameters.get(&text("Name")) {
                Some(value) => {
                    (200, json!({"Parameter": {"Name": text("Name"), "Value": value}}).to_string())
                }
                None => refusal("ParameterNotFound", ""),
            },
            "GetItem" | "Query" | "UpdateItem" => match self.table.perform(operation, &input) {
                Ok(answer) => (200, answer.to_string()),
                Err(_) => refusal("ConditionalCheckFailedException", ""),
            },
            "GetQueueAttributes" => {
                let attributes = json!({"ApproximateNumberOfMessages": "0"});
                (200, json!({ "Attributes": attributes }).to_string())
            }
            "ListStackInstances" => (200, INSTANCES.to_owned()),
            "DescribeExecution" => match self.executions.get(&text("executionArn")) {
                Some(execution) => (200, execution.to_string()),
                None => refusal("ExecutionDoesNotExist", ""),
            },
            "GetAutomationExecution" => {
                match self.automations.get(&text("AutomationExecutionId")) {
                    Some(one) => (200, json!({ "AutomationExecution": one }).to_string()),
                    None => refusal("AutomationExecutionNotFoundException", ""),
                }
            }
            operation if operation.starts_with("/federation/credentials") => (200, SSO.to_owned()),
            _ => self.document(operation, region, &input),
        }
    }

    fn stack(&self) -> Reply {
        if self.outputs.is_empty() {
            let body = "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code>\
                <Message>Stack with id runbook-relay does not exist</Message></Error></ErrorResponse>";
            return (400, body.to_owned());
        }
        let outputs = self.outputs.iter().map(|(key, value)| {
            format!(
                "<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>"
            )
        });
        let body = format!(
            "<DescribeStacksResponse><DescribeStacksResult><Stacks><member>\
             <StackName>runbook-relay</StackName><StackStatus>UPDATE_COMPLETE</StackStatus>\
             <CreationTime>2026-01-01T00:00:00Z</CreationTime><Outputs>{}</Outputs></member></Stacks>\
             </DescribeStacksResult></DescribeStacksResponse>",
            outputs.collect::<String>()
        );
        (200, body)
    }

    fn document(&mut self, operation: &str, region: &str, input: &Value) -> Reply {
        let text = |name: &str| input[name].as_str().unwrap_or_default().to_owned();
        let name = [text("Name"), text("ResourceId")].concat();
        let key = (region.to_owned(), name.clone());
        if operation == "CreateDocument" {
            let versions = vec![text("Content")];
            self.documents.insert(key, Document { versions, default: 1, tagged: true });
            return (200, "{}".to_owned());
        }
        let Some(document) = self.documents.get_mut(&key) else {
            return refusal("InvalidDocument", "");
        };
        let answer = match operation {
            "GetDocument" => {
                let latest = text("DocumentVersion") == "$LATEST";
                let version = if latest { document.versions.len() } else { document.default };
                // As SSM: JSON, unless another format is asked for.
                let content = match text("DocumentFormat").as_ref() {
                    "YAML" => document.versions[version - 1].as_str(),
                    _ => "{}",
                };
                json!({"Name": name, "Content": content, "DocumentType": "Automation",
                    "DocumentVersion": version.to_string()})
            }
            "ListTagsForResource" if document.tagged => {
                json!({"TagList": [{"Key": "runbook-relay", "Value": "destructive"}]})
            }
            "ListTagsForResource" => json!({"TagList": []}),
            "AddTagsToResource" => {
                document.tagged = true;
                json!({})
            }
            "UpdateDocument" if document.versions.contains(&text("Content")) => {
                return refusal("DuplicateDocumentContent", "");
            }
            "UpdateDocument" => {
                document.versions.push(text("Content"));
                let version = document.versions.len().to_string();
                json!({"DocumentDescription": {"DocumentVersion": version}})
            }
            "UpdateDocumentDefaultVersion" => {
                document.default = text("DocumentVersion").parse().unwrap();
                json!({})
            }
            _ => return refusal("UnknownOperation", operation),
        };
        (200, answer.to_string())
    }
}

fn refusal(code: &str, message: &str) -> Reply {
    (400, json!({"__type": code, "message": message}).to_string())
}

fn xml(code: &str, message: &str) -> Reply {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>\
         </Error></ErrorResponse>"
    );
    (if code.starts_with("Throttl") { 400 } else { 403 }, body)
}

const INSTANCES: &str = "<ListStackInstancesResponse><ListStackInstancesResult><Summaries><member>\
    <Account>444455556666</Account><Region>eu-west-1</Region><Status>CURRENT</Status></member><member>\
    <Account>444455556666</Account><Region>us-east-1</Region><Status>OUTDATED</Status></member></Summaries>\
    </ListStackInstancesResult></ListStackInstancesResponse>";

const IDENTITY: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult>\
    <Arn>arn:aws:sts::111122223333:assumed-role/Operator/me</Arn><UserId>AROA:me</UserId>\
    <Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

const ASSUMED: &str = "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser>\
    <Arn>arn:aws:sts::111122223333:assumed-role/Operator/me</Arn>\
    <AssumedRoleId>AROA:me</AssumedRoleId></AssumedRoleUser><Credentials>\
    <AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>\
    <SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
    </AssumeRoleResult></AssumeRoleResponse>";

const SSO: &str = r#"{"roleCredentials": {"accessKeyId": "ASIASSO", "secretAccessKey": "secret",
    "sessionToken": "token", "expiration": 4070908800000}}"#;
