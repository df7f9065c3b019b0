//! `cargo xtask local` as a person uses it: ready, several side by side, and nothing left behind.
#![cfg(feature = "end-to-end")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use aws_sdk_ssm::types::{AutomationExecution, DocumentFormat, DocumentType};
use harness::showcase::MEMBER;
use harness::{HOME_REGION, HUB, aws, build};
use serde_json::{Value, json};
use tests::{run, until};

/// A `cargo xtask local` of its own, ended by its process id at the latest when it is dropped.
struct Started {
    child: Child,
    endpoint: String,
}

impl Started {
    fn new(port: u16) -> Result<Self> {
        Self::with(&mut empty(port))
    }

    fn with(command: &mut Command) -> Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().context("its output")?;
        for line in BufReader::new(output).lines() {
            if let Some(endpoint) = line?.strip_prefix("ready ") {
                return Ok(Self { child, endpoint: endpoint.to_owned() });
            }
        }
        anyhow::bail!("it ended before it was ready: {:?}", child.wait()?)
    }

    async fn health(&self) -> Option<Value> {
        aws::relay(&self.endpoint, "GET", "health", &json!({})).await.ok()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(port: u16) -> Command {
    let mut command = Command::new(build::binary("xtask"));
    command.args(["local", "--port", &port.to_string()]).current_dir(harness::root());
    command
}

/// Without anything to show, which takes some seconds more.
fn empty(port: u16) -> Command {
    let mut command = command(port);
    command.arg("--empty");
    command
}

fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// The processes whose command line names a port.
fn processes_of(port: u16) -> Vec<String> {
    let wanted = [format!("--port\0{port}"), format!("GATEWAY_PORT={port}")];
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let read = |file: &str| {
            let bytes = std::fs::read(entry.path().join(file)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let (line, environment) = (read("cmdline"), read("environ"));
        if wanted.iter().any(|part| line.contains(part) || environment.contains(part)) {
            found.push(line.replace('\0', " "));
        }
    }
    found
}

#[test]
fn killed_without_warning_it_leaves_no_process_and_no_folder_behind() {
    run(|_| async move {
        let port = free_port()?;
        let folder = std::env::temp_dir().join(format!("relay-killed-{port}"));
        std::fs::create_dir(&folder)?;
        let mut started = Started::with(empty(port).env("TMPDIR", &folder))?;
        ensure!(std::fs::read_dir(&folder)?.count() == 1, "its state is in the temporary folder");
        ensure!(processes_of(port).len() >= 3, "{:?}", processes_of(port));
        started.child.kill()?;
        started.child.wait()?;
        until("its processes to end", || async { Ok(processes_of(port).is_empty().then_some(())) })
            .await?;
        let left = std::fs::read_dir(&folder)?.count();
        std::fs::remove_dir_all(&folder)?;
        ensure!(left == 0, "{left} folders are left behind");
        Ok(())
    });
}

#[test]
fn it_prints_each_outcome_and_why_nothing_was_done_about_an_alarm() {
    run(|_| async move {
        let mut child = empty(free_port()?).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().context("its output")?;
        let (send, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            BufReader::new(output)
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| send.send(line))
        });
        let mut started = Started { child, endpoint: String::new() };
        let mut said: Vec<String> = Vec::new();
        let mut line = async |begin: &str| {
            until(begin, || {
                said.extend(lines.try_iter());
                let found =
                    said.iter().find_map(|line| line.strip_prefix(begin)).map(str::to_owned);
                async { Ok(found) }
            })
            .await
        };
        started.endpoint = line("ready ").await?;
        let machine = line("ShareRunbooksStateMachineArn: ").await?;
        line("outcomes, as they are published:").await?;
        let hub = aws::config(&started.endpoint, HUB, HOME_REGION).await;
        let alarms = aws_sdk_cloudwatch::Client::new(&hub);
        alarms
            .put_metric_alarm()
            .alarm_name("nobody-cares")
            .namespace("Own")
            .metric_name("Errors")
            .evaluation_periods(1)
            .period(60)
            .threshold(1.0)
            .statistic("Sum".into())
            .comparison_operator("GreaterThanThreshold".into())
            .send()
            .await?;
        let ring = alarms.set_alarm_state().alarm_name("nobody-cares");
        ring.state_value("ALARM".into()).state_reason("a test").send().await?;
        let why = line("nothing done: ").await?;
        ensure!(
            why.starts_with("no rule is about the alarm ") && why.contains("nobody-cares"),
            "{why}"
        );
        let start = aws_sdk_sfn::Client::new(&hub).start_execution().state_machine_arn(machine);
        start.input(json!({"accounts": [HUB]}).to_string()).send().await?;
        let outcome = line("succeeded ").await?;
        ensure!(outcome.contains(HUB), "{outcome}");
        // Neither rules nor shares: a look at everything has nothing to look at.
        let plan = Command::new(build::binary("relay"))
            .arg("plan")
            .env_clear()
            .env("AWS_ENDPOINT_URL", &started.endpoint)
            .env("AWS_REGION", HOME_REGION)
            .env("AWS_ACCESS_KEY_ID", HUB)
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .output()?;
        let shown = String::from_utf8_lossy(&plan.stdout);
        ensure!(plan.status.success() && shown.contains("nothing to change"), "{plan:?}");
        Ok(())
    });
}

#[test]
fn it_starts_with_a_member_whose_failing_instance_is_answered() {
    run(|_| async move {
        let mut quick = command(free_port()?);
        quick.args(["--time-scale", "0.1", "--parameter", "RecheckSeconds=6"]);
        let started = Started::with(&mut quick)?;
        let member = aws::config(&started.endpoint, MEMBER, HOME_REGION).await;
        let cloudwatch = aws_sdk_cloudwatch::Client::new(&member);
        let alarms = cloudwatch.describe_alarms().send().await?;
        let mut names = alarms.metric_alarms().iter().filter_map(|alarm| alarm.alarm_name());
        let name = names.find(|name| name.starts_with("status-"));
        let name = name.context("the member has an alarm")?.to_owned();
        let instance = name.trim_start_matches("status-").to_owned();
        let body = json!({"account": MEMBER, "region": HOME_REGION, "instance": instance,
            "check": "instance", "curedBy": "reboot"});
        aws::relay(&started.endpoint, "POST", "impair", &body).await?;
        let relay = |line: &[&str]| {
            let mut relay = Command::new(build::binary("relay"));
            relay.args(line).env_clear().env("AWS_ENDPOINT_URL", &started.endpoint);
            relay.env("AWS_ACCESS_KEY_ID", HUB).env("AWS_SECRET_ACCESS_KEY", "local");
            let ran = relay.env("AWS_REGION", HOME_REGION).output()?;
            anyhow::Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
        };
        let line = ["outcomes", "--resource", &instance, "--status", "succeeded"];
        let said = until("the instance to be cured", || async {
            Ok(Some(relay(&line)?).filter(|said| said.contains("succeeded")))
        })
        .await?;
        ensure!(said.contains("Relay-RebootInstance") || said.contains(&instance), "{said}");
        let status = relay(&["status"])?;
        for part in ["active instance-check", "observe any-check", "1 sharing rule"] {
            ensure!(status.contains(part), "{part} in {status}");
        }
        Ok(())
    });
}

#[test]
fn a_parameter_that_the_template_does_not_have_is_refused_before_anything_is_started() {
    run(|_| async move {
        let output =
            command(free_port()?).args(["--parameter", "AllowedRunbooks=Mine-*"]).output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(!output.status.success(), "{said}");
        ensure!(said.contains("no parameter AllowedRunbooks"), "{said}");
        ensure!(said.contains("AllowedRunbookNames"), "it lists those that there are: {said}");
        Ok(())
    });
}

#[test]
fn a_busy_port_is_refused_with_what_to_do() {
    run(|world| async move {
        let port: u16 = world.local.endpoint.rsplit(':').next().context("a port")?.parse()?;
        let output = command(port).output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(!output.status.success());
        ensure!(
            said.contains(&format!("port {port} is in use")) && said.contains("--port"),
            "{said}"
        );
        Ok(())
    });
}

#[test]
fn it_starts_again_with_the_state_of_an_earlier_start() {
    run(|_| async move {
        let folder = std::env::temp_dir().join(format!("relay-again-{}", free_port()?));
        let mut organizations = Vec::new();
        for _ in 0..2 {
            let mut again = command(free_port()?);
            let mut started = Started::with(again.arg("--state").arg(&folder))?;
            let hub = aws::config(&started.endpoint, HUB, HOME_REGION).await;
            let client = aws_sdk_organizations::Client::new(&hub);
            let found = client.describe_organization().send().await?.organization;
            organizations.push(found.and_then(|found| found.id).context("an organization")?);
            Command::new("kill").arg(started.child.id().to_string()).status()?;
            started.child.wait()?;
        }
        std::fs::remove_dir_all(&folder)?;
        ensure!(organizations[0] == organizations[1], "{organizations:?}");
        Ok(())
    });
}

#[test]
fn invalid_rules_end_it_with_the_readers_words_before_anything_is_started() {
    run(|_| async move {
        let folder = std::env::temp_dir().join(format!("relay-invalid-{}", free_port()?));
        std::fs::create_dir_all(folder.join("sharing"))?;
        std::fs::write(folder.join("sharing/web.yaml"), "regions: [nowhere]\n")?;
        let output = command(free_port()?).arg("--rules").arg(&folder).output()?;
        std::fs::remove_dir_all(&folder)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned()
            + &String::from_utf8_lossy(&output.stdout);
        ensure!(!output.status.success(), "{said}");
        ensure!(
            said.contains("unknown AWS Region `nowhere`") && said.contains("web.yaml"),
            "{said}"
        );
        ensure!(!said.contains("ready "), "{said}");
        Ok(())
    });
}

#[test]
fn a_gateway_that_dies_is_started_again_with_what_it_knew() {
    run(|world| async move {
        // Beside the world's own local AWS: several run side by side.
        let started = Started::new(free_port()?)?;
        ensure!(started.endpoint != world.local.endpoint);
        let organizations = aws_sdk_organizations::Client::new(
            &aws::config(&started.endpoint, HUB, HOME_REGION).await,
        );
        let before = organizations.describe_organization().send().await?.organization;
        let pid = started.health().await.and_then(|h| h["pid"].as_i64()).context("a pid")?;
        Command::new("kill").args(["-9", &pid.to_string()]).status()?;
        until("another gateway", || async {
            let now = started.health().await.and_then(|health| health["pid"].as_i64());
            Ok(now.filter(|now| *now != pid))
        })
        .await?;
        let after = organizations.describe_organization().send().await?.organization;
        ensure!(before == after, "{before:?} {after:?}");
        Ok(())
    });
}

/// A step that has ended, one that is under way when the gateway is killed, one still to come.
const INTERRUPTED: &str = r#"
schemaVersion: '0.3'
mainSteps:
- {name: done, action: 'aws:sleep', inputs: {Duration: PT0S}}
- name: slow
  action: aws:executeScript
  maxAttempts: 2
  inputs:
    Runtime: python3.11
    Handler: slow
    Script: |
      import time
      def slow(events, context):
          time.sleep(2)
          return {}
- {name: nap, action: 'aws:sleep', inputs: {Duration: PT1S}}
- name: who
  action: aws:executeAwsApi
  inputs: {Service: sts, Api: GetCallerIdentity}
"#;

#[test]
fn an_execution_goes_on_where_it_was_when_the_gateway_is_killed() {
    run(|_| async move {
        let started = Started::new(free_port()?)?;
        let ssm = aws_sdk_ssm::Client::new(&aws::config(&started.endpoint, HUB, HOME_REGION).await);
        ssm.create_document()
            .name("Relay-Interrupted")
            .content(INTERRUPTED)
            .document_type(DocumentType::Automation)
            .document_format(DocumentFormat::Yaml)
            .send()
            .await?;
        let begun = ssm.start_automation_execution().document_name("Relay-Interrupted");
        let id = begun.send().await?.automation_execution_id.context("an id")?;
        // While the gateway is away, a missing answer does not fail the test.
        let look = || async {
            let found = ssm.get_automation_execution().automation_execution_id(&id).send().await;
            found.ok().and_then(|answer| answer.automation_execution)
        };
        let first = until("the slow step", || async {
            let found = look().await;
            Ok(found.filter(|it| it.current_step_name.as_deref() == Some("slow")))
        })
        .await?;
        let pid = started.health().await.and_then(|h| h["pid"].as_i64()).context("a pid")?;
        Command::new("kill").args(["-9", &pid.to_string()]).status()?;
        let last = until("the end", || async {
            let found = look().await;
            Ok(found.filter(|it| it.execution_end_time.is_some()))
        })
        .await?;
        let status = last.automation_execution_status.as_ref().map(|status| status.as_str());
        ensure!(status == Some("Success"), "{last:?}");
        let done = |it: &AutomationExecution| it.step_executions().first().cloned();
        ensure!(done(&first) == done(&last), "a step that had ended ran again");
        Ok(())
    });
}

#[test]
fn step_functions_finds_nothing_wrong_with_the_state_machines() {
    run(|world| async move {
        for machine in ["AwaitMembershipStateMachineArn", "ShareRunbooksStateMachineArn"] {
            let client = world.step_functions();
            let arn = world.stack.output(machine)?;
            let described = client.describe_state_machine().state_machine_arn(arn).send().await?;
            let request = client.validate_state_machine_definition();
            let checked = request.definition(described.definition()).send().await?;
            ensure!(checked.result().as_str() == "OK", "{machine}: {:?}", checked.diagnostics());
            ensure!(checked.diagnostics().is_empty(), "{machine}: {:?}", checked.diagnostics());
        }
        Ok(())
    });
}
