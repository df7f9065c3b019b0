//! Writes `tests/compatibility/<version>`: what the functions and machines of this version hand to each other and store,
//! taken from flows on a local AWS. `cargo run --example freeze` once per release; see `tests/compatibility/README.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

mod recorded {
    use anyhow::{Context, Result, ensure};
    use aws_sdk_dynamodb::types::AttributeValue;
    use aws_sdk_sfn::types::HistoryEvent;
    use aws_sdk_ssm::types::SignalType;
    use harness::remediation::{self, RULE, alarm_is, impair, watched_instance};
    use harness::{HOME_REGION, HUB, root};
    use serde_json::{Map, Value, json};
    use tests::{Subscriber, World};

    use super::Folder;

    const OWNER: &str = "222233334444";
    const MACHINES: [&str; 3] = ["AwaitMembership", "ShareRunbooks", "RunAutomation"];

    /// Both flows, with as many of their ways as fit two minutes.
    pub(super) async fn flows(world: &World) -> Result<()> {
        let mut inbox = world.subscribe("freeze").await?;
        remediation::push_runbooks(&world.stack.hub, &root().join("runbooks")).await?;
        let ssm = aws_sdk_ssm::Client::new(&world.stack.hub);
        harness::stack::put_rule(&ssm, "remediation/instance-check", RULE).await?;
        world.owner(OWNER, &["us-east-1", "eu-west-1"], &["Org-Baseline", "Org-Patch"]).await?;
        world.settled(OWNER).await?;
        let rule = format!(
            "documents: {{owner: \"{OWNER}\", names: [\"Org-*\"]}}\nregions: [us-east-1, eu-west-1]\n\
             accounts: {{in: [organization], exclude: [/Nowhere]}}\n\
             onboarding: [{{runbook: AWS-StopEC2Instance, parameters: {{InstanceId: [\"i-1\"]}}}}]\n"
        );
        world.stack.put_rule("everyone", &rule).await?;
        let fault = json!([{"service": "ssm", "operation": "ModifyDocumentPermission",
            "region": "eu-west-1", "times": 50, "kind": "deny"}]);
        world.faults(&fault).await?;
        let created = world.create_account("frozen").await?;
        inbox
            .wait_for("the join", |outcome| {
                outcome.accounts().any(|id| id == created.account)
                    && outcome.json()["trigger"]["kind"] == "join"
            })
            .await?;
        world.no_faults().await?;
        let all = json!({"organization": true});
        let all = world.start_sharing("all", &all).await?;
        inbox.wait_for("all", |outcome| outcome.json()["execution"] == all).await?;

        for cure in ["reboot", "stopStart"] {
            let endpoint = &world.local.endpoint;
            let (instance, alarm) = watched_instance(endpoint, HUB, HOME_REGION).await?;
            alarm_is(endpoint, HUB, HOME_REGION, &alarm, "OK").await?;
            impair(endpoint, HUB, HOME_REGION, &instance, cure).await?;
            inbox.on(&instance, "succeeded").await?;
            if cure == "reboot" {
                let again = aws_sdk_cloudwatch::Client::new(&world.stack.hub).set_alarm_state();
                again
                    .alarm_name(&alarm)
                    .state_value("ALARM".into())
                    .state_reason("again")
                    .send()
                    .await?;
                inbox.on(&instance, "suppressed").await?;
            }
        }
        let endpoint = &world.local.endpoint;
        let (instance, _) = watched_instance(endpoint, HUB, HOME_REGION).await?;
        let run = json!({"runbook": "Relay-RebootInstance", "resources": [instance],
            "parameters": {"InstanceId": ["{resource}"], "Settle": ["PT1S"]}});
        let mut asking = run.clone();
        asking["approval"] =
            json!({"approvers": [format!("arn:aws:iam::{HUB}:root")], "within": "1h"});
        for answer in [SignalType::Approve, SignalType::Reject] {
            decided(world, &mut inbox, &asking, answer).await?;
        }
        let mut refused = run;
        refused["runbook"] = json!("Org-NotAllowed");
        let refused = world.start_run(&refused).await?;
        inbox.wait_for("a refusal", |outcome| outcome.json()["execution"] == refused).await?;
        Ok(())
    }

    async fn decided(
        world: &World,
        inbox: &mut Subscriber,
        input: &Value,
        answer: SignalType,
    ) -> Result<()> {
        let arn = world.start_run(input).await?;
        let of = |outcome: &harness::outcomes::Received| outcome.json()["execution"] == arn;
        let first = inbox.wait_for("a request", of).await?;
        let id = first.json()["runs"][0]["executionId"].as_str().context("an id")?.to_owned();
        let ssm = world.ssm(HUB, HOME_REGION).await;
        let signal = ssm.send_automation_signal().automation_execution_id(&id);
        signal.signal_type(answer).send().await?;
        let waits = "pendingApproval";
        inbox.wait_for("the end", |outcome| of(outcome) && outcome.outcome() != waits).await?;
        Ok(())
    }

    /// Everything that the flows have left behind.
    pub(super) async fn record(world: &World, folder: &mut Folder) -> Result<()> {
        for machine in MACHINES {
            machine_payloads(world, machine, folder).await?;
        }
        table(world, folder).await?;
        bucket(world, folder).await
    }

    async fn machine_payloads(world: &World, machine: &str, folder: &mut Folder) -> Result<()> {
        let client = world.step_functions();
        let output = format!("{machine}StateMachineArn");
        let executions = world.stack.output(&output)?.replace(":stateMachine:", ":execution:");
        for name in world.executions(&output).await?.keys() {
            let arn = format!("{executions}:{name}");
            let input = client.describe_execution().execution_arn(&arn).send().await?.input;
            let input: Value = serde_json::from_str(&input.context("an input")?)?;
            folder.add(&format!("machines/{}", kebab(machine)), &input)?;
            let history = client.get_execution_history().execution_arn(&arn);
            let mut pages = history.include_execution_data(true).into_paginator().send();
            let mut events = Vec::new();
            while let Some(page) = pages.next().await {
                events.extend(page?.events);
            }
            calls(&events, folder)?;
        }
        Ok(())
    }

    /// The inputs that a machine hands to its functions, and their answers. Tasks of a Map run side by side; all of them call the same
    /// function.
    fn calls(events: &[HistoryEvent], folder: &mut Folder) -> Result<()> {
        let mut called = None;
        for event in events {
            if event.task_scheduled_event_details().is_some() {
                called = None;
            }
            if let Some((function, payload)) = scheduled(event)? {
                folder.add(&format!("functions/{function}/input"), &payload)?;
                called = Some(function);
            }
            let done = event.task_succeeded_event_details().and_then(|details| details.output());
            let (Some(output), Some(function)) = (done, &called) else { continue };
            let output: Value = serde_json::from_str(output)?;
            let answer = output.get("Payload").unwrap_or(&output);
            folder.add(&format!("functions/{function}/output"), answer)?;
        }
        Ok(())
    }

    fn scheduled(event: &HistoryEvent) -> Result<Option<(String, Value)>> {
        let Some(task) = event.task_scheduled_event_details() else { return Ok(None) };
        let parameters: Value = serde_json::from_str(task.parameters())?;
        let function = parameters["FunctionName"].as_str().unwrap_or_default();
        let function = function.trim_end_matches(":live").rsplit(':').next().unwrap_or_default();
        let function = function.trim_start_matches("runbook-relay-").to_owned();
        Ok(parameters.get("Payload").map(|payload| (function, payload.clone())))
    }

    async fn table(world: &World, folder: &mut Folder) -> Result<()> {
        let client = aws_sdk_dynamodb::Client::new(&world.stack.hub);
        let scan = client.scan().table_name(world.stack.output("TableName")?);
        let mut items = scan.into_paginator().items().send();
        while let Some(item) = items.next().await {
            let item: Map<String, Value> = item?
                .into_iter()
                .map(|(name, value)| Ok((name, attribute(&value)?)))
                .collect::<Result<_>>()?;
            let pk = item["pk"]["S"].as_str().unwrap_or_default();
            let sk = item["sk"]["S"].as_str().unwrap_or_default();
            let kind = pk.split('#').next().unwrap_or_default();
            let part = match kind {
                "trigger" => format!("-{sk}"),
                "history" => match pk.split('#').nth(1) {
                    Some(list @ ("outcome" | "unanswered")) => format!("-{list}"),
                    _ => "-list".to_owned(),
                },
                _ => String::new(),
            };
            folder.add(&format!("table/{kind}{part}"), &Value::Object(item))?;
        }
        Ok(())
    }

    fn attribute(value: &AttributeValue) -> Result<Value> {
        Ok(match value {
            AttributeValue::S(text) => json!({"S": text}),
            AttributeValue::N(number) => json!({"N": number}),
            AttributeValue::Bool(flag) => json!({"BOOL": flag}),
            AttributeValue::Ss(texts) => json!({"SS": texts}),
            AttributeValue::Null(null) => json!({ "NULL": *null }),
            other => anyhow::bail!("an attribute that nothing of the suite writes: {other:?}"),
        })
    }

    async fn bucket(world: &World, folder: &mut Folder) -> Result<()> {
        let config = aws_sdk_s3::config::Builder::from(&world.stack.hub).force_path_style(true);
        let client = aws_sdk_s3::Client::from_conf(config.build());
        let bucket = world.stack.output("BucketName")?;
        let listed = client.list_objects_v2().bucket(bucket).send().await?;
        ensure!(listed.is_truncated() != Some(true), "one page of objects was expected");
        for key in listed.contents().iter().filter_map(|object| object.key()) {
            let object = client.get_object().bucket(bucket).key(key).send().await?;
            let kind = key.split('/').next().unwrap_or_default();
            let text = object.body.collect().await?.into_bytes();
            folder.add(&format!("bucket/{kind}"), &serde_json::from_slice(&text)?)?;
        }
        Ok(())
    }

    fn kebab(name: &str) -> String {
        let mut kebab = String::new();
        for letter in name.chars() {
            if letter.is_uppercase() && !kebab.is_empty() {
                kebab.push('-');
            }
            kebab.push(letter.to_ascii_lowercase());
        }
        kebab
    }
}

/// The files that are written: one of each shape.
struct Folder {
    path: PathBuf,
    shapes: BTreeMap<String, BTreeSet<BTreeSet<String>>>,
}

impl Folder {
    fn add(&mut self, kind: &str, payload: &serde_json::Value) -> anyhow::Result<()> {
        let shapes = self.shapes.entry(kind.to_owned()).or_default();
        let mut shape = BTreeSet::new();
        paths(payload, "", &mut shape);
        if !shapes.insert(shape) {
            return Ok(());
        }
        let folder = self.path.join(kind);
        std::fs::create_dir_all(&folder)?;
        let text = serde_json::to_string_pretty(payload)? + "\n";
        Ok(std::fs::write(folder.join(format!("{}.json", shapes.len())), text)?)
    }
}

/// The paths of all values, and the words that choose between forms.
fn paths(value: &serde_json::Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            paths(value, &format!("{path}.{name}"), found);
        }),
        serde_json::Value::Array(items) => {
            items.iter().for_each(|item| paths(item, &format!("{path}[]"), found));
        }
        serde_json::Value::String(word) if path == ".next" || path.ends_with(".kind") => {
            found.insert(format!("{path}={word}"));
        }
        serde_json::Value::Null => drop(found.insert(format!("{path}=null"))),
        _ => drop(found.insert(path.to_owned())),
    }
}

fn main() -> ExitCode {
    let version = env!("CARGO_PKG_VERSION");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("compatibility").join(version);
    if path.exists() {
        eprintln!("{} exists: a version is frozen once", path.display());
        return ExitCode::FAILURE;
    }
    tests::run(|world| async move {
        recorded::flows(world).await?;
        let mut folder = Folder { path, shapes: BTreeMap::new() };
        recorded::record(world, &mut folder).await
    });
    ExitCode::SUCCESS
}
