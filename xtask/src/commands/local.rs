//! `cargo xtask local`: the local AWS with the stack deployed, in the foreground.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use ::aws::signed::Signed;
use anyhow::{Context, Result, ensure};
use harness::local::{Local, Options};
use harness::outcomes::Inbox;
use harness::showcase::{self, MEMBER, UNIT, Watched};
use harness::stack::{self, Stack, StackOptions};
use harness::{HOME_REGION, HUB, aws, build, deploy, seed};
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The public port on 127.0.0.1
    #[arg(long, default_value_t = 4566)]
    port: u16,
    /// A folder with sharing/*.yaml and remediation/*.yaml, instead of the rules to begin with
    #[arg(long, alias = "policies")]
    rules: Option<PathBuf>,
    /// Where state and logs go; default: a temporary folder, removed at the end
    #[arg(long)]
    state: Option<PathBuf>,
    /// Leaves the hub's stack out, to deploy it yourself as docs/deploy.md says
    #[arg(long, conflicts_with_all = ["rules", "parameter"])]
    without_stack: bool,
    /// Starts with the organization and the stack alone: no member account, no runbooks, no instances
    #[arg(long)]
    empty: bool,
    /// A parameter of template.yaml, such as AllowedRunbookNames=Mine-*; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter)]
    parameter: Vec<(String, String)>,
    /// How long an aws:sleep of a runbook lasts, as a share of its time: 0.1 is ten times as fast
    #[arg(long, value_name = "SHARE", value_parser = share)]
    time_scale: Option<f64>,
    /// Really runs shell commands of Run Command, on this machine, in throw-away folders
    #[arg(long)]
    allow_run_command: bool,
    /// Lets aws:invokeWebhook post to addresses beyond the loopback interface
    #[arg(long)]
    allow_webhooks: bool,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "expected a number such as 0.1")?;
    if share > 0.0 && share <= 100.0 {
        Ok(share)
    } else {
        Err("expected a number above 0, at most 100".to_owned())
    }
}

/// Prints a line. The reader may close the pipe after `ready`: that does not end the command.
macro_rules! say {
    ($($text:tt)*) => {
        drop(writeln!(std::io::stdout(), $($text)*))
    };
}

/// Runs until Ctrl-C, SIGTERM or the emulator's end.
pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let options = Options {
        port: Some(arguments.port),
        state: arguments.state,
        allow_run_command: arguments.allow_run_command,
        allow_webhooks: arguments.allow_webhooks,
        sleep_scale: arguments.time_scale,
        ..Options::default()
    };
    if let Some(folder) = &arguments.rules {
        stack::demand_valid_rules(folder)?;
    }
    demand_known(&arguments.parameter)?;
    let content = Content {
        rules: arguments.rules,
        without_stack: arguments.without_stack,
        empty: arguments.empty,
        parameters: arguments.parameter,
    };
    Local::check_port(arguments.port)?;
    build::build_dev_and_renew()?;
    let mut local = Local::start(&options).await?;
    let outcome = tokio::select! {
        never = serve(&mut local, content) => never.map(|never| match never {}),
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    local.stop().await?;
    outcome
}

/// The content of the local AWS that is ready.
struct Content {
    rules: Option<PathBuf>,
    without_stack: bool,
    empty: bool,
    parameters: Vec<(String, String)>,
}

/// Ensures that the template has these parameters, before anything is started.
fn demand_known(parameters: &[(String, String)]) -> Result<()> {
    let known = deploy::parameters()?;
    for (name, _) in parameters {
        ensure!(
            known.contains(name),
            "template.yaml has no parameter {name}. It has: {}",
            known.join(", ")
        );
    }
    Ok(())
}

async fn serve(local: &mut Local, content: Content) -> Result<std::convert::Infallible> {
    let endpoint = &local.endpoint;
    let seeded = seed::organization(&aws::config(endpoint, HUB, HOME_REGION).await).await?;
    let mut outputs = deploy::Outputs::new();
    let mut news = None;
    let mut watched = Vec::new();
    if !content.without_stack {
        let options = StackOptions::with(content.parameters);
        let stack = Stack::deploy(endpoint, seeded.clone(), &options).await?;
        news = Some(News::of(&stack).await?);
        if let Some(folder) = &content.rules {
            let written = stack.put_rules(folder).await?;
            eprintln!("{written} rules written from {}", folder.display());
        }
        if !content.empty {
            watched = showcase::fill(&stack, content.rules.is_none()).await?;
        }
        outputs = stack.outputs;
    }
    say!("ready {endpoint}");
    say!("organization {}, management account and hub {HUB}", seeded.organization);
    for (path, id) in &seeded.units {
        say!("  {id}  {path}");
    }
    say!("any 12-digit id is a usable account: its id is the access key, any secret does\n");
    say!("export AWS_ENDPOINT_URL={endpoint}");
    say!("export AWS_ACCESS_KEY_ID={HUB} AWS_SECRET_ACCESS_KEY=local");
    say!("export AWS_DEFAULT_REGION={HOME_REGION} AWS_REGION={HOME_REGION}");
    say!("unset AWS_PROFILE AWS_SESSION_TOKEN\n");
    for (key, value) in &outputs {
        say!("{key}: {value}");
    }
    if !watched.is_empty() {
        show(&watched, endpoint);
    }
    eprintln!("\nlogs are in {}; Ctrl-C ends it", local.state().display());
    if news.is_some() {
        say!("\noutcomes, as they are published:");
    }
    tokio::select! {
        never = local.watch() => never.context("the local AWS is gone"),
        never = News::follow(news) => Ok(never),
    }
}

/// How to let one of the member's alarms go into ALARM.
fn show(watched: &[Watched], endpoint: &str) {
    say!("\nmember {MEMBER} in {UNIT}; its alarms and instances:");
    for Watched { instance, alarm } in watched {
        say!("  {alarm} watches {instance}");
    }
    if let Some(Watched { instance, alarm }) = watched.first() {
        let body = format!(
            r#"{{"account": "{MEMBER}", "region": "{HOME_REGION}", "instance": "{instance}", "check": "instance", "curedBy": "stopStart"}}"#
        );
        say!(
            "fail its status check; a reboot will not help, and the second runbook asks you first:"
        );
        say!("  curl -sd '{body}' {endpoint}/_relay/impair");
        say!("then: relay approvals, relay approve ID, relay outcomes, relay show {alarm}");
    }
}

/// The messages of the suite: its outcomes, and why it did nothing about an event.
struct News {
    inbox: Inbox,
    logs: Signed,
    groups: Vec<String>,
    /// The ids of the lines of a log that were said.
    said: BTreeSet<String>,
}

impl News {
    async fn of(stack: &Stack) -> Result<Self> {
        let functions = ["route-events", "route-alarms"];
        let mut news = Self {
            inbox: Inbox::subscribe(stack, "local").await?,
            logs: Signed::new(&stack.hub, "logs"),
            groups: functions.map(|name| format!("/aws/lambda/runbook-relay-{name}")).into(),
            said: BTreeSet::new(),
        };
        // Those of an earlier start with the same state.
        news.said =
            news.ignored().await.unwrap_or_default().into_iter().map(|(id, _)| id).collect();
        Ok(news)
    }

    /// Prints it line by line. While the local AWS does not answer there is nothing to say.
    async fn follow(news: Option<Self>) -> std::convert::Infallible {
        let Some(mut news) = news else { return std::future::pending().await };
        let mut looks = tokio::time::interval(std::time::Duration::from_secs(1));
        loop {
            looks.tick().await;
            for outcome in news.inbox.receive().await.unwrap_or_default() {
                say!("{}", outcome_line(outcome.json()));
            }
            for (id, reason) in news.ignored().await.unwrap_or_default() {
                if news.said.insert(id) {
                    say!("nothing done: {reason}");
                }
            }
        }
    }

    /// The events that were ignored since the start: the ids of the lines that say so, each with its reason.
    async fn ignored(&self) -> Result<Vec<(String, String)>> {
        let mut found = Vec::new();
        for group in &self.groups {
            let headers = [
                ("content-type", "application/x-amz-json-1.1"),
                ("x-amz-target", "Logs_20140328.FilterLogEvents"),
            ];
            let question = serde_json::json!({
                "logGroupName": group, "limit": 10_000,
            });
            let answer = self.logs.post("FilterLogEvents", &headers, question.to_string()).await?;
            let answer: Value = serde_json::from_str(&answer.1)?;
            for event in answer["events"].as_array().into_iter().flatten() {
                let line = event["message"].as_str().unwrap_or_default();
                let line: Value = serde_json::from_str(line).unwrap_or_default();
                let reason = line["reason"].as_str().filter(|_| line["message"] == "ignored");
                if let Some(reason) = reason {
                    let id = format!("{group} {} {reason}", event["timestamp"]);
                    found.push((id, reason.to_owned()));
                }
            }
        }
        Ok(found)
    }
}

/// `partial  Runbooks for account 444455556666: …`, on one line.
fn outcome_line(outcome: &Value) -> String {
    let text = |key: &str| outcome[key].as_str().unwrap_or_default().replace('\n', " ");
    format!("{:<10} {}", text("outcome"), text("summary"))
}
