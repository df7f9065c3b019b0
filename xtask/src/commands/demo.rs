//! `cargo xtask demo`, shown live: an account joins an organization and gets its runbooks; alarms go
//! into ALARM and runbooks answer them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use aws_sdk_organizations::types::CreateAccountState;
use comfy_table::{Table, presets};
use console::style;
use harness::local::{Local, Options};
use harness::outcomes::{Inbox, Received};
use harness::scenario::{self, PLATFORM, REGIONS, SECURITY, UNIT};
use harness::stack::{Stack, StackOptions};
use harness::{HOME_REGION, HUB, aws, build, python, seed};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::screen::{Clock, heading, note};

/// How long the account's runbooks and outcomes may take to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much the demo prints.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print the whole outcome of the join as subscribers' machines get it
    #[arg(long)]
    json: bool,
}

/// Runs the demo and fails when anything expected is missing.
pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    let clock = Clock::of_the_command();
    heading("runbook-relay on a local AWS: no account, no network, all in this machine");
    if !build::is_built() {
        note("First build: about 6 minutes on two cores. Later runs take about half a minute.");
    }
    clock.step("building the functions and the local AWS");
    build::build_dev()?;
    python::ensure_venv()?;
    clock.step("starting the local AWS; every role and every policy counts there");
    let local = Local::start(&Options::default()).await?;
    let shown = tokio::select! {
        shown = show(&local, clock, arguments) => shown,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    local.stop().await?;
    shown?;
    clock.done("everything expected was there");
    try_next();
    Ok(())
}

/// The commands that a person may want to try after the demo.
fn try_next() {
    heading("Try next");
    for (command, what) in [
        ("cargo xtask local --rules rules", "the same local AWS, for your own AWS CLI"),
        ("cargo run -p relay -- rules lint rules", "checks the rules that ship"),
        ("cargo xtask demo --json", "the whole outcome, as machines get it"),
        ("docs/README.md", "deploy, write rules, write runbooks, operate"),
    ] {
        println!("  {:<38}  {what}", style(command).cyan());
    }
    println!();
}

async fn show(local: &Local, clock: Clock, arguments: &Arguments) -> Result<()> {
    let endpoint = &local.endpoint;
    let hub = aws::config(endpoint, HUB, HOME_REGION).await;
    let seeded = seed::organization(&hub).await?;
    scenario::owners_join(endpoint).await?;
    clock.step("deploying template.yaml and stacks/owner-account.yaml by CloudFormation");
    let stack = Stack::deploy(endpoint, seeded, &StackOptions::default()).await?;
    scenario::fill(&stack).await?;
    let documents = scenario::documents().len();
    clock.step(&format!(
        "ready: {documents} runbooks in {} Regions. {PLATFORM} owns most of them; {SECURITY} owns \
         the rest and has not let the suite in yet",
        REGIONS.len()
    ));
    for (name, text) in scenario::RULES {
        let about = text.lines().next().unwrap_or_default().trim_start_matches("# ");
        note(&format!("rule {name}: {about}"));
    }
    let mut inbox = Inbox::subscribe(&stack, "demo").await?;

    heading("An account joins");
    clock.step("CreateAccount is called; from here on, only the suite acts");
    let account = create_account(&stack, clock).await?;
    let unit = &stack.seeded.units[UNIT];
    let organizations = aws_sdk_organizations::Client::new(&stack.hub);
    let moved = organizations
        .move_account()
        .account_id(&account)
        .source_parent_id(&stack.seeded.root)
        .destination_parent_id(unit);
    moved.send().await.map_err(aws_sdk_organizations::Error::from)?;
    clock.step(&format!("MoveAccount: {account} to {UNIT}"));
    let received = follow(local, &mut inbox, &account, clock).await?;
    report(&received, arguments.json)?;
    check(endpoint, &account, &received).await?;
    super::alarms::show(&stack, &mut inbox, clock).await
}

async fn create_account(stack: &Stack, clock: Clock) -> Result<String> {
    let organizations = aws_sdk_organizations::Client::new(&stack.hub);
    let request = organizations.create_account().email("payments-7@example.com");
    let made = request.account_name("payments-7").send().await;
    let made = made.map_err(aws_sdk_organizations::Error::from)?;
    let id = made.create_account_status.and_then(|s| s.id).context("a request has an id")?;
    loop {
        let described =
            organizations.describe_create_account_status().create_account_request_id(&id);
        let status = described.send().await?.create_account_status.context("a status")?;
        match status.state() {
            Some(CreateAccountState::Succeeded) => {
                let account = status.account_id.context("a created account has an id")?;
                clock.step(&format!("account {account} exists, in the root"));
                return Ok(account);
            }
            Some(CreateAccountState::Failed) => bail!("the account was not created: {status:?}"),
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Everything the rules want that can be had: the whole platform, less the one that is full.
fn wanted() -> BTreeSet<(String, String)> {
    scenario::documents()
        .into_iter()
        .filter(|(owner, region, name)| {
            *owner == PLATFORM && !(*region == REGIONS[0] && name == scenario::FULL)
        })
        .map(|(_, region, name)| (region.to_owned(), name))
        .collect()
}

/// Shows each share as it is made, until all are there and the outcomes have arrived.
async fn follow(
    local: &Local,
    inbox: &mut Inbox,
    account: &str,
    clock: Clock,
) -> Result<Vec<Received>> {
    let wanted = wanted();
    let bar = ProgressBar::new(wanted.len() as u64).with_style(ProgressStyle::with_template(
        "{elapsed:>7} {wide_bar} {pos}/{len} shared {msg}",
    )?);
    let mut received: Vec<Received> = Vec::new();
    let begun = Instant::now();
    let mut shared = BTreeSet::new();
    loop {
        for call in shares(local, account).await? {
            if shared.insert(call.clone()) {
                bar.set_message(format!("{}: {}", call.0, call.1));
            }
        }
        bar.set_position(shared.len() as u64);
        for outcome in inbox.receive().await? {
            if outcome.accounts().any(|id| id == account) {
                let text = format!("outcome {}: {}", outcome.outcome(), outcome.summary());
                bar.suspend(|| clock.step(&text));
                received.push(outcome);
            }
        }
        if wanted.is_subset(&shared) && accounted_for(&received, &shared) {
            bar.finish_and_clear();
            return Ok(received);
        }
        if begun.elapsed() > PATIENCE {
            bar.abandon();
            bail!(
                "after {PATIENCE:?}: {} of {} shared, {} outcomes; logs are in {}",
                shared.len(),
                wanted.len(),
                received.len(),
                local.state().display()
            );
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Whether the outcomes received account for every share that was made.
fn accounted_for(received: &[Received], shared: &BTreeSet<(String, String)>) -> bool {
    let added: u64 = received.iter().map(added).sum();
    join(received).is_ok() && added >= shared.len() as u64
}

/// The (Region, document) pairs that the suite has shared with an account so far.
async fn shares(local: &Local, account: &str) -> Result<Vec<(String, String)>> {
    let calls = local.relay("GET", "calls?principal=runbook-relay-share", &Value::Null).await?;
    let shares = calls.as_array().into_iter().flatten().filter(|call| {
        let added = call["input"]["AccountIdsToAdd"].as_array();
        call["operation"] == "ModifyDocumentPermission"
            && call["status"] == 200
            && added.is_some_and(|ids| ids.iter().any(|id| id == account))
    });
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(shares.map(|call| (text(&call["region"]), text(&call["input"]["Name"]))).collect())
}

fn report(received: &[Received], json: bool) -> Result<()> {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["outcome", "owner", "Region", "runbooks", "added", "failed"]);
    for outcome in received {
        let kind = outcome.json()["trigger"]["kind"].as_str().unwrap_or_default().to_owned();
        for share in outcome.json()["shares"].as_array().into_iter().flatten() {
            let cell = |name: &str| match &share[name] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            table.add_row([
                format!("{kind}: {}", outcome.outcome()),
                cell("owner"),
                cell("region"),
                cell("documents"),
                cell("added"),
                cell("failed"),
            ]);
        }
    }
    println!("\n{table}\n");
    let most = received.iter().max_by_key(|outcome| added(outcome));
    let most = most.context("no outcome arrived")?;
    println!("The outcome as an e-mail subscriber gets it, in short:\n");
    let (head, problems) =
        most.email().split_once("\nWhat was shared").unwrap_or((most.email(), ""));
    for line in head.lines() {
        println!("  {} {line}", style("│").dim());
    }
    let named = problems.matches(" -> ").count();
    println!("  {} … and {named} problems, each with what to do about it", style("│").dim());
    if json {
        println!("\nand as a machine gets it:\n\n{}", serde_json::to_string_pretty(most.json())?);
    }
    Ok(())
}

/// How many shares an outcome says were added.
fn added(outcome: &Received) -> u64 {
    let shares = outcome.json()["shares"].as_array().into_iter().flatten();
    shares.filter_map(|share| share["added"].as_u64()).sum()
}

/// The outcome of the join itself; that of the move may be beside it.
fn join(received: &[Received]) -> Result<&Received> {
    let found = received.iter().find(|outcome| outcome.json()["trigger"]["kind"] == "join");
    found.context("no outcome of the join arrived")
}

/// The facts that must be true at the end, asked of SSM itself.
async fn check(endpoint: &str, account: &str, received: &[Received]) -> Result<()> {
    for region in REGIONS {
        let ssm = aws_sdk_ssm::Client::new(&aws::config(endpoint, account, region).await);
        let filter = aws_sdk_ssm::types::DocumentKeyValuesFilter::builder()
            .key("Owner")
            .values("Private")
            .build();
        let mut pages = ssm.list_documents().filters(filter).into_paginator().send();
        let mut seen = BTreeSet::new();
        while let Some(page) = pages.next().await {
            for document in page?.document_identifiers() {
                let name = document.name().unwrap_or_default();
                seen.insert(name.rsplit('/').next().unwrap_or(name).to_owned());
            }
        }
        let missing: Vec<_> =
            wanted().into_iter().filter(|(r, name)| r == region && !seen.contains(name)).collect();
        ensure!(missing.is_empty(), "{account} does not see {missing:?}");
    }
    let first = join(received)?;
    ensure!(first.outcome() == "partial", "the outcome is {}, not partial", first.outcome());
    for code in ["RoleNotAssumable", "DocumentPermissionLimit"] {
        ensure!(
            first.problems().any(|problem| problem["code"] == code),
            "the outcome does not name {code}"
        );
    }
    ensure!(
        first
            .problems()
            .any(|problem| problem["where"].as_str().is_some_and(|w| w.contains("typo"))),
        "the outcome does not name the invalid rule"
    );
    Ok(())
}
