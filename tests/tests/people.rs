//! The policies for people: a session under each tries what it may do, and what it may not.
#![cfg(feature = "end-to-end")]

use std::collections::HashMap;
use std::fmt::Debug;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use aws_sdk_sfn::error::ProvideErrorMetadata;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{ExecutionMode, ParameterType, ResourceTypeForTagging, SignalType, Tag};
use harness::{HOME_REGION, HUB, build, remediation, root};
use serde_json::json;
use tests::{Person, World, run, until};
use tokio::sync::OnceCell;

const RUNBOOK: &str = "Relay-RebootInstance";
const FIRST_STEP: &str = "requireRunning";
const CONTROL: &str = "/runbook-relay/control";
const RULE: &str = "/runbook-relay/sharing/people";

/// The suite's runbooks, once, and an instance.
async fn instance(world: &World) -> Result<String> {
    static ONCE: OnceCell<()> = OnceCell::const_new();
    ONCE.get_or_try_init(|| async {
        remediation::push_runbooks(&world.stack.hub, &root().join("runbooks")).await.map(drop)
    })
    .await?;
    let (instance, _) =
        remediation::watched_instance(&world.local.endpoint, HUB, HOME_REGION).await?;
    Ok(instance)
}

fn allowed<T, E: Debug>(what: &str, result: Result<T, E>) -> Result<T> {
    result.map_err(|error| anyhow::anyhow!("{what} was refused: {error:?}"))
}

/// Ensures that a call is refused for want of a permission, and for nothing else.
fn denied<T, E: ProvideErrorMetadata + Debug>(what: &str, result: Result<T, E>) -> Result<()> {
    match result {
        Ok(_) => bail!("{what} was allowed"),
        Err(error) if error.code().is_some_and(|code| code.starts_with("AccessDenied")) => Ok(()),
        Err(error) => bail!("{what} failed otherwise: {error:?}"),
    }
}

/// Starts the runbook under the stack's role, step by step, as nobody's run or as the suite's.
async fn start(
    world: &World,
    ssm: &Client,
    instance: &str,
    tag: Option<&str>,
) -> Result<String, Box<aws_sdk_ssm::Error>> {
    let role = world.stack.output("ServiceRoleArn").unwrap_or_default();
    let tag = tag.and_then(|value| Tag::builder().key("relay:token").value(value).build().ok());
    let start = ssm
        .start_automation_execution()
        .document_name(RUNBOOK)
        .mode(ExecutionMode::Interactive)
        .parameters("InstanceId", vec![instance.to_owned()])
        .parameters("AutomationAssumeRole", vec![role.to_owned()])
        .set_tags(tag.map(|tag| vec![tag]));
    let started = start.send().await.map_err(|error| Box::new(error.into()))?;
    Ok(started.automation_execution_id.unwrap_or_default())
}

async fn signal(
    ssm: &Client,
    run: &str,
    signal: SignalType,
) -> Result<(), Box<aws_sdk_ssm::Error>> {
    let payload = HashMap::from([("StepName".to_owned(), vec![FIRST_STEP.to_owned()])]);
    let payload = (signal == SignalType::StartStep).then_some(payload);
    let send = ssm.send_automation_signal().automation_execution_id(run).signal_type(signal);
    let send = send.set_payload(payload);
    send.send().await.map(drop).map_err(|error| Box::new(error.into()))
}

async fn stop(ssm: &Client, run: &str) -> Result<(), Box<aws_sdk_ssm::Error>> {
    let stop = ssm.stop_automation_execution().automation_execution_id(run);
    stop.send().await.map(drop).map_err(|error| Box::new(error.into()))
}

async fn put(ssm: &Client, name: &str, value: &str) -> Result<(), Box<aws_sdk_ssm::Error>> {
    let put = ssm.put_parameter().name(name).value(value).overwrite(true);
    let put = put.r#type(ParameterType::String).send().await;
    put.map(drop).map_err(|error| Box::new(error.into()))
}

async fn look(ssm: &Client, run: &str) -> Result<String, Box<aws_sdk_ssm::Error>> {
    let get = ssm.get_automation_execution().automation_execution_id(run).send().await;
    let found = get.map_err(|error| Box::new(aws_sdk_ssm::Error::from(error)))?;
    let status = found.automation_execution.and_then(|run| run.automation_execution_status);
    Ok(status.map(|status| status.as_str().to_owned()).unwrap_or_default())
}

/// Runs `relay` as a person.
async fn relay(world: &World, person: &Person, line: &[&str]) -> Result<(Option<i32>, String)> {
    let ran = Command::new(build::binary("relay"))
        .args(line)
        .env_clear()
        .env("AWS_ENDPOINT_URL", &world.local.endpoint)
        .envs(person.environment().await?)
        .output()?;
    let said = [ran.stdout, ran.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    Ok((ran.status.code(), said.concat()))
}

#[test]
fn an_operator_starts_steps_stops_and_pauses_and_writes_no_rules() {
    run(|world| async move {
        let (instance, hub) = (instance(world).await?, Client::new(&world.stack.hub));
        let operator = world.person("olga", "operator").await?;
        let (ssm, sfn) =
            (Client::new(&operator.config), aws_sdk_sfn::Client::new(&operator.config));

        let ours =
            allowed("a start", start(world, &ssm, &instance, Some("runbook-relay/1")).await)?;
        let waiting = || async {
            let status = allowed("a look", look(&ssm, &ours).await)?;
            Ok((status == "Waiting").then_some(()))
        };
        until("the run to wait", waiting).await?;
        allowed("a step", signal(&ssm, &ours, SignalType::StartStep).await)?;
        until("the run to wait again", waiting).await?;
        allowed("a stop", stop(&ssm, &ours).await)?;

        denied(
            "a start that is not marked",
            start(world, &ssm, &instance, None).await.map_err(|e| *e),
        )?;
        let other = start(world, &ssm, &instance, Some("another/1")).await;
        denied("a start for another installation", other.map_err(|e| *e))?;
        let foreign = allowed("the root's start", start(world, &hub, &instance, None).await)?;
        denied(
            "a foreign run's step",
            signal(&ssm, &foreign, SignalType::StartStep).await.map_err(|e| *e),
        )?;
        denied("a foreign run's stop", stop(&ssm, &foreign).await.map_err(|e| *e))?;
        allowed("the root's stop", stop(&hub, &foreign).await)?;
        let theirs = start(world, &hub, &instance, Some("another/2")).await;
        let theirs = allowed("the root's start", theirs)?;
        let mark = ssm.add_tags_to_resource().resource_id(&theirs);
        let mark = mark.resource_type(ResourceTypeForTagging::Automation);
        let mark = mark.tags(Tag::builder().key("relay:token").value("runbook-relay/2").build()?);
        denied("another installation's run", mark.send().await)?;
        allowed("the root's stop", stop(&hub, &theirs).await)?;
        let start_other = ssm.start_automation_execution().document_name("AWS-StopEC2Instance");
        denied("another runbook", start_other.send().await)?;
        let approval = ssm.start_automation_execution().document_name("Relay-ApproveThenRun");
        let mark = Tag::builder().key("relay:token").value("runbook-relay/3").build()?;
        denied("the runbook of the approval", approval.tags(mark).send().await)?;

        let machine = world.stack.output("RunAutomationStateMachineArn")?;
        let input = json!({"runbook": RUNBOOK, "resources": [instance],
            "parameters": {"InstanceId": ["{resource}"], "Settle": ["PT300S"]}});
        let begin = sfn.start_execution().state_machine_arn(machine).input(input.to_string());
        let execution = allowed("an execution", begin.send().await)?.execution_arn;
        allowed("its end", sfn.stop_execution().execution_arn(execution).send().await)?;
        let waits = world.stack.output("AwaitMembershipStateMachineArn")?;
        denied("another machine", sfn.start_execution().state_machine_arn(waits).send().await)?;

        allowed("a pause", put(&ssm, CONTROL, r#"{"mode": "off", "reason": "a test"}"#).await)?;
        allowed("its end", ssm.delete_parameter().name(CONTROL).send().await)?;
        denied("a rule", put(&ssm, RULE, "x").await.map_err(|e| *e))?;
        denied("rules", ssm.get_parameters_by_path().path("/runbook-relay").send().await)?;
        Ok(())
    });
}

#[test]
fn an_operator_passes_the_service_role_and_no_other() {
    run(|world| async move {
        let instance = instance(world).await?;
        let operator = world.person("oscar", "operator").await?;
        let other = format!("arn:aws:iam::{HUB}:role/runbook-relay-share");
        let tag = Tag::builder().key("relay:token").value("runbook-relay/2").build()?;
        let start = Client::new(&operator.config)
            .start_automation_execution()
            .document_name(RUNBOOK)
            .parameters("InstanceId", vec![instance])
            .parameters("AutomationAssumeRole", vec![other])
            .tags(tag);
        let refused = start.send().await;
        ensure!(format!("{refused:?}").contains("iam:PassRole"), "{refused:?}");
        denied("another role", refused)
    });
}

#[test]
fn an_approver_decides_and_does_nothing_else() {
    run(|world| async move {
        let (instance, hub) = (instance(world).await?, Client::new(&world.stack.hub));
        let approver = world.person("alice", "approver").await?;
        let ssm = Client::new(&approver.config);
        let mut outcomes = world.subscribe("approver").await?;
        let input = json!({"runbook": RUNBOOK, "resources": [instance],
            "parameters": {"InstanceId": ["{resource}"], "Settle": ["PT1S"]},
            "approval": {"approvers": [approver.role], "minimum": 1, "within": "1h"}});
        world.start_run(&input).await?;
        let pending = outcomes.on(&instance, "pendingApproval").await?;
        let run = pending.json()["runs"][0]["executionId"].as_str().context("an id")?.to_owned();
        ensure!(allowed("a look", look(&ssm, &run).await)? == "Waiting");
        denied("a stop", stop(&ssm, &run).await.map_err(|e| *e))?;
        allowed("an approval", signal(&ssm, &run, SignalType::Approve).await)?;
        let done = outcomes.on(&instance, "succeeded").await?;
        let by = done.json()["approval"]["decisions"][0]["approver"].clone();
        let session = format!("arn:aws:sts::{HUB}:assumed-role/alice/test");
        ensure!(by == session, "{}", done.json()["approval"]);

        let foreign = allowed("the root's start", start(world, &hub, &instance, None).await)?;
        let approve = signal(&ssm, &foreign, SignalType::Approve).await;
        denied("a foreign run's approval", approve.map_err(|e| *e))?;
        allowed("the root's stop", stop(&hub, &foreign).await)?;
        let begun = start(world, &ssm, &instance, Some("runbook-relay/3")).await;
        denied("a start", begun.map_err(|e| *e))?;
        denied("a pause", put(&ssm, CONTROL, "{}").await.map_err(|e| *e))?;
        denied("a rule", put(&ssm, RULE, "x").await.map_err(|e| *e))?;
        denied("rules", ssm.get_parameters_by_path().path("/runbook-relay").send().await)?;
        let machine = world.stack.output("RunAutomationStateMachineArn")?;
        let sfn = aws_sdk_sfn::Client::new(&approver.config);
        denied("an execution", sfn.start_execution().state_machine_arn(machine).send().await)?;
        denied("executions", sfn.list_executions().state_machine_arn(machine).send().await)
    });
}

#[test]
fn a_viewer_sees_everything_and_changes_nothing() {
    run(|world| async move {
        let (instance, hub) = (instance(world).await?, Client::new(&world.stack.hub));
        let viewer = world.person("vera", "viewer").await?;
        let (ssm, sfn) = (Client::new(&viewer.config), aws_sdk_sfn::Client::new(&viewer.config));
        let run = allowed("the root's start", start(world, &hub, &instance, None).await)?;
        allowed("a look", look(&ssm, &run).await)?;
        let steps = ssm.describe_automation_step_executions().automation_execution_id(&run);
        allowed("steps", steps.send().await)?;
        allowed("runs", ssm.describe_automation_executions().send().await)?;
        allowed("rules", ssm.get_parameters_by_path().path("/runbook-relay").send().await)?;
        let machine = world.stack.output("RunAutomationStateMachineArn")?;
        allowed("executions", sfn.list_executions().state_machine_arn(machine).send().await)?;
        allowed("a machine", sfn.describe_state_machine().state_machine_arn(machine).send().await)?;
        let queue = world.stack.output("AlarmDeadLetterQueueUrl")?;
        let sqs = aws_sdk_sqs::Client::new(&viewer.config);
        let letters = sqs.get_queue_attributes().queue_url(queue);
        let letters = letters.attribute_names("ApproximateNumberOfMessages".into());
        allowed("dead letters", letters.send().await)?;

        for line in [&["outcomes"][..], &["explain", "web-status"], &["show", "nothing"]] {
            let (code, said) = relay(world, &viewer, line).await?;
            let denied = said.contains("AccessDenied") || said.contains("not authorized");
            ensure!(!denied, "{line:?} ended with {code:?}: {said}");
        }
        let table = world.stack.output("TableName")?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&viewer.config);
        let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
        let ledger = dynamodb.get_item().table_name(table);
        let ledger = ledger.key("pk", text("place#organization")).key("sk", text("place"));
        denied("what is not history", ledger.send().await)?;
        let write = dynamodb.put_item().table_name(table);
        let write = write.item("pk", text("history#day#2026-01-02")).item("sk", text("x"));
        denied("a write to the history", write.send().await)?;

        denied("messages", sqs.receive_message().queue_url(queue).send().await)?;
        denied("an execution", sfn.start_execution().state_machine_arn(machine).send().await)?;
        denied("a stop", stop(&ssm, &run).await.map_err(|e| *e))?;
        denied("a step", signal(&ssm, &run, SignalType::StartStep).await.map_err(|e| *e))?;
        denied(
            "a start",
            start(world, &ssm, &instance, Some("runbook-relay/4")).await.map_err(|e| *e),
        )?;
        denied("a pause", put(&ssm, CONTROL, "{}").await.map_err(|e| *e))?;
        denied("a rule", put(&ssm, RULE, "x").await.map_err(|e| *e))?;
        allowed("the root's stop", stop(&hub, &run).await)
    });
}

#[test]
fn a_rule_author_applies_rules_and_does_nothing_else() {
    run(|world| async move {
        let instance = instance(world).await?;
        let author = world.person("rosa", "rule-author").await?;
        let ssm = Client::new(&author.config);
        let folder = tempfile::tempdir()?;
        let (rules, file) = (folder.path(), folder.path().join("sharing/two.yaml"));
        std::fs::create_dir_all(rules.join("sharing"))?;
        std::fs::create_dir_all(rules.join("remediation"))?;
        let text = "documents: {names: [\"None-*\"]}\nregions: [us-east-1]\naccounts: {in: [organization]}\n";
        std::fs::write(rules.join("sharing/one.yaml"), text)?;
        std::fs::write(&file, text)?;
        std::fs::write(rules.join("remediation/instance-check.yaml"), remediation::RULE)?;
        let path = rules.to_str().context("a path of UTF-8")?;
        for line in [["rules", "plan", path], ["rules", "apply", path]] {
            let (code, said) = relay(world, &author, &line).await?;
            ensure!(matches!(code, Some(0 | 2)), "{line:?} ended with {code:?}: {said}");
        }
        std::fs::remove_file(&file)?;
        let prune = ["rules", "apply", path, "--prune", "--yes"];
        let (code, said) = relay(world, &author, &prune).await?;
        ensure!(code == Some(0), "{prune:?} ended with {code:?}: {said}");

        denied("a pause", put(&ssm, CONTROL, "{}").await.map_err(|e| *e))?;
        denied("another parameter", put(&ssm, "/other", "x").await.map_err(|e| *e))?;
        denied(
            "a start",
            start(world, &ssm, &instance, Some("runbook-relay/5")).await.map_err(|e| *e),
        )?;
        denied("runs", ssm.describe_automation_executions().send().await)?;
        let document = ssm.update_document().name(RUNBOOK).content("x");
        denied("a runbook's text", document.send().await)?;
        let machine = world.stack.output("ShareRunbooksStateMachineArn")?;
        let sfn = aws_sdk_sfn::Client::new(&author.config);
        denied("an execution", sfn.start_execution().state_machine_arn(machine).send().await)
    });
}
