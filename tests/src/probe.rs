//! The views of tests from outside: executions and their histories, outcomes by execution, the
//! ledger, the record of calls, and the functions' processes.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sfn::types::{ExecutionStatus, HistoryEvent};
use bytes::Bytes;
use harness::outcomes::Received;
use harness::{HOME_REGION, HUB};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use relay_core::id::outcome_id;
use serde_json::{Value, json};

use crate::{Subscriber, World, until};

/// No state may be larger: Step Functions' own limit, 256 KiB, cannot be caught.
pub const LARGEST_STATE: usize = 200_000;

/// How an execution ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// SUCCEEDED, FAILED, TIMED_OUT or ABORTED.
    pub status: ExecutionStatus,
    /// The error's name, if it failed.
    pub error: String,
    /// The error's cause, if it failed.
    pub cause: String,
    /// Its output, if it succeeded.
    pub output: Value,
}

/// A process of a function.
#[derive(Clone, Debug)]
pub struct FunctionProcess {
    /// The process id, of this machine.
    pub id: u32,
    /// As it was started with.
    pub environment: BTreeMap<String, String>,
}

impl World {
    /// Starts an execution of share-runbooks and returns its ARN.
    ///
    /// # Errors
    /// When Step Functions refuses.
    pub async fn start_sharing(&self, name: &str, input: &Value) -> Result<String> {
        let machine = self.stack.output("ShareRunbooksStateMachineArn")?;
        let start = self.step_functions().start_execution().state_machine_arn(machine);
        let started = start.name(name).input(input.to_string()).send().await;
        Ok(started.map_err(aws_sdk_sfn::Error::from)?.execution_arn)
    }

    /// Waits for the end of an execution, and holds every state of its history against
    /// [`LARGEST_STATE`].
    ///
    /// # Errors
    /// When it does not end in time, or carried too much.
    pub async fn end_of(&self, execution: &str) -> Result<Ended> {
        let client = self.step_functions();
        let ended = until(&format!("the end of {execution}"), || async {
            let described = client.describe_execution().execution_arn(execution).send().await;
            let described = described.map_err(aws_sdk_sfn::Error::from)?;
            Ok((*described.status() != ExecutionStatus::Running).then_some(described))
        })
        .await;
        let ended = match ended {
            Ok(ended) => ended,
            Err(error) => {
                let history = client.get_execution_history().execution_arn(execution);
                let last = history.reverse_order(true).max_results(8).send().await?.events;
                return Err(error.context(format!("its last events, backwards: {last:#?}")));
            }
        };
        self.assert_small_states(execution).await?;
        let output = ended.output().map(serde_json::from_str).transpose()?;
        Ok(Ended {
            status: ended.status.clone(),
            error: ended.error.clone().unwrap_or_default(),
            cause: ended.cause.clone().unwrap_or_default(),
            output: output.unwrap_or_default(),
        })
    }

    /// Reads an execution's history and fails over a state larger than [`LARGEST_STATE`].
    ///
    /// # Errors
    /// Also when Step Functions refuses.
    pub async fn assert_small_states(&self, execution: &str) -> Result<()> {
        let client = self.step_functions();
        let history = client.get_execution_history().execution_arn(execution);
        let mut pages = history.include_execution_data(true).into_paginator().send();
        let mut events = 0;
        while let Some(page) = pages.next().await {
            for event in page.map_err(aws_sdk_sfn::Error::from)?.events {
                events += 1;
                let size = size(&event);
                ensure!(
                    size <= LARGEST_STATE,
                    "{execution}: event {} carries {size} bytes",
                    event.id
                );
            }
        }
        ensure!(events > 0, "{execution} has no history");
        Ok(())
    }

    /// The shares that the ledger has for an account: (owner, Region, document).
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn ledger(&self, account: &str) -> Result<BTreeSet<(String, String, String)>> {
        let table = aws_sdk_dynamodb::Client::new(&self.stack.hub);
        let mut pages = table
            .query()
            .table_name(self.stack.output("TableName")?)
            .index_name("by-account")
            .key_condition_expression("account = :account")
            .expression_attribute_values(":account", AttributeValue::S(account.to_owned()))
            .into_paginator()
            .items()
            .send();
        let mut shares = BTreeSet::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(aws_sdk_dynamodb::Error::from)?;
            let key = item.get("sk2").and_then(|value| value.as_s().ok());
            let parts: Vec<&str> = key.context("an item has sk2")?.split('#').collect();
            let [owner, region, document] = parts.as_slice() else { bail!("{parts:?}") };
            shares.insert(((*owner).into(), (*region).into(), (*document).into()));
        }
        Ok(shares)
    }

    /// The recorded calls of a service's operation by principals whose ARN contains a text, those
    /// with injected faults included, oldest first.
    ///
    /// # Errors
    /// When the gateway does not answer.
    pub async fn calls(&self, principal: &str, service: &str) -> Result<Vec<Value>> {
        let path = format!("calls?principal={principal}");
        let calls = self.local.relay("GET", &path, &Value::Null).await?;
        let calls = calls.as_array().context("calls are a list")?;
        Ok(calls.iter().filter(|call| call["service"] == service).cloned().collect())
    }

    /// Starts an execution of run-automation and returns its ARN.
    ///
    /// # Errors
    /// When Step Functions refuses.
    pub async fn start_run(&self, input: &Value) -> Result<String> {
        let machine = self.stack.output("RunAutomationStateMachineArn")?;
        let start = self.step_functions().start_execution().state_machine_arn(machine);
        Ok(start.input(input.to_string()).send().await?.execution_arn)
    }

    /// Sets how unpleasant the delivery of events is; what is not named is at rest.
    ///
    /// # Errors
    /// When the gateway refuses.
    pub async fn delivery(&self, knobs: &Value) -> Result<()> {
        self.local.relay("POST", "events/delivery", knobs).await.map(drop)
    }

    /// Invokes a function of the suite and waits for its answer.
    ///
    /// # Errors
    /// When it answers with an error.
    pub async fn invoke(&self, function: &str, payload: &Value) -> Result<Value> {
        let path = format!("2015-03-31/functions/runbook-relay-{function}/invocations");
        let answer = post(&self.local.endpoint, "lambda", &path, payload.to_string()).await;
        serde_json::from_slice(&answer.with_context(|| function.to_owned())?)
            .with_context(|| format!("{function} answers with JSON"))
    }

    /// All roles and policies of the hub, as IAM's GetAccountAuthorizationDetails returns them: XML.
    ///
    /// # Errors
    /// When IAM refuses.
    pub async fn authorization_details(&self) -> Result<String> {
        self.iam(&[("Action", "GetAccountAuthorizationDetails")]).await
    }

    /// Calls IAM as the hub's root: the answer's XML.
    ///
    /// # Errors
    /// When IAM refuses.
    pub async fn iam(&self, fields: &[(&str, &str)]) -> Result<String> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Version", "2010-05-08").extend_pairs(fields);
        let answer = post(&self.local.endpoint, "iam", "", form.finish()).await?;
        Ok(String::from_utf8(answer.to_vec())?)
    }

    /// The permissions that roles have used: (account, role, action) to whether it was ever denied.
    ///
    /// # Errors
    /// When the gateway does not answer.
    pub async fn used_permissions(&self) -> Result<BTreeMap<(String, String, String), bool>> {
        let used = self.local.relay("GET", "used-permissions", &Value::Null).await?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let row = |row: &Value| {
            let key = (text(&row["account"]), text(&row["role"]), text(&row["action"]));
            (key, row["denied"] == true)
        };
        Ok(used.as_array().context("a list")?.iter().map(row).collect())
    }

    /// The work of the sweep's rule: invokes `recover-outcomes`; returns how many it recovered.
    ///
    /// # Errors
    /// When an outcome could not be recovered.
    pub async fn sweep(&self) -> Result<u64> {
        let answer = self.invoke("recover-outcomes", &json!({"sweep": true})).await?;
        answer["recovered"].as_u64().with_context(|| format!("the sweep answered {answer}"))
    }

    /// The living processes of a function; all functions' without a name. Linux only.
    ///
    /// # Errors
    /// When the emulator is gone or `/proc` cannot be read.
    pub fn processes(&self, function: Option<&str>) -> Result<Vec<FunctionProcess>> {
        let emulator = self.local.processes()[0].context("the emulator runs")?.to_string();
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc")? {
            let entry = entry?;
            let Ok(id) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
            // Processes come and go while they are listed.
            let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
            let after_name = stat.rsplit(") ").next().unwrap_or_default();
            if after_name.split(' ').nth(1) != Some(&emulator) {
                continue;
            }
            let Ok(environment) = std::fs::read(entry.path().join("environ")) else { continue };
            let environment: BTreeMap<String, String> = environment
                .split(|byte| *byte == 0)
                .filter_map(|pair| String::from_utf8_lossy(pair).split_once('=').map(owned))
                .collect();
            let name = environment.get("AWS_LAMBDA_FUNCTION_NAME");
            let wanted = |name: &String| {
                function.is_none_or(|function| *name == format!("runbook-relay-{function}"))
            };
            if name.is_some_and(wanted) {
                found.push(FunctionProcess { id, environment });
            }
        }
        Ok(found)
    }

    /// Kills a function's processes where they stand; returns how many.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub fn kill(&self, function: &str) -> Result<usize> {
        let processes = self.processes(Some(function))?;
        for process in &processes {
            let id = process.id.to_string();
            std::process::Command::new("kill").args(["-KILL", &id]).status()?;
        }
        Ok(processes.len())
    }
}

/// A call as the hub's root, for services that no SDK is at hand for.
async fn post(endpoint: &str, service: &str, path: &str, body: String) -> Result<Bytes> {
    call(endpoint, service, path, None, body).await
}

/// The same; with a target, by the JSON protocol.
pub(crate) async fn call(
    endpoint: &str,
    service: &str,
    path: &str,
    target: Option<&str>,
    body: String,
) -> Result<Bytes> {
    let credential = format!("{HUB}/20200101/{HOME_REGION}/{service}/aws4_request");
    let signature = "0".repeat(64);
    let content_type = match target {
        Some(_) => "application/x-amz-json-1.1",
        None => "application/x-www-form-urlencoded",
    };
    let mut request = hyper::Request::post(format!("{endpoint}/{path}"));
    if let Some(target) = target {
        request = request.header("x-amz-target", target);
    }
    let request = request
        .header(
            "authorization",
            format!(
                "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, \
                 Signature={signature}"
            ),
        )
        .header("content-type", content_type)
        .header("x-amz-date", "20200101T000000Z")
        .body(Full::new(Bytes::from(body)))?;
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let response = client.request(request).await.with_context(|| format!("call {service}"))?;
    let status = response.status();
    let failed = response.headers().contains_key("x-amz-function-error");
    let body = response.into_body().collect().await?.to_bytes();
    let text = String::from_utf8_lossy(&body);
    ensure!(status.is_success() && !failed, "{service}: {status} {text}");
    Ok(body)
}

impl Subscriber {
    /// The one outcome of an execution: waits for it, and fails when anything received says it
    /// under another id than the execution's own.
    ///
    /// # Errors
    /// When none comes in time.
    pub async fn of(&mut self, execution: &str) -> Result<Received> {
        let found = self
            .wait_for(&format!("the outcome of {execution}"), |outcome| {
                outcome.json()["execution"] == execution
            })
            .await?;
        self.assert_one_id(execution).await?;
        Ok(found)
    }

    /// All messages about an execution, repeats included: each has the execution's own id.
    ///
    /// # Errors
    /// When one has another.
    pub async fn assert_one_id(&mut self, execution: &str) -> Result<Vec<Received>> {
        let id = outcome_id(execution, "final").to_string();
        let about = |outcome: &&Received| outcome.json()["execution"] == execution;
        let all: Vec<Received> = self.all().await?.iter().filter(about).cloned().collect();
        for outcome in &all {
            ensure!(outcome.id() == id, "expected the id {id}, got {}", outcome.json());
        }
        Ok(all)
    }
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// The larger of what an event of a history carries in and out.
fn size(event: &HistoryEvent) -> usize {
    let carried = [
        event.execution_started_event_details().and_then(|d| d.input()),
        event.execution_succeeded_event_details().and_then(|d| d.output()),
        event.state_entered_event_details().and_then(|d| d.input()),
        event.state_exited_event_details().and_then(|d| d.output()),
        event.task_scheduled_event_details().map(|d| d.parameters()),
        event.task_succeeded_event_details().and_then(|d| d.output()),
        event.lambda_function_scheduled_event_details().and_then(|d| d.input()),
        event.lambda_function_succeeded_event_details().and_then(|d| d.output()),
    ];
    carried.into_iter().flatten().map(str::len).max().unwrap_or_default()
}
