//! From an alarm to its runbook: how long that takes, how many steps, and what it costs.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_sfn::types::{ExecutionStatus, HistoryEvent};
use serde_json::Value;

use super::figure::{Figure, Section};
use super::price;
use super::ringing::{Ringing, RoleCalls};
use super::world::World;

/// Alarms that go into ALARM one after the other.
const ALARMS: usize = 100;
const MOST_TRANSITIONS: f64 = 25.0;
/// A fiftieth of the template's times, for a run that takes a fiftieth of ten minutes.
const POLLING: [(&str, &str); 4] = [
    ("AutomationPollSeconds", "3,6,18"),
    ("AutomationPollStageSeconds", "12,72"),
    ("RecoveryPollSeconds", "1"),
    ("StatusCheckIntervalSeconds", "1"),
];
const TEN_MINUTES: u32 = 12;
/// The assumed duration of an invocation of a function, in seconds, with 256 MB: on AWS it is calls over
/// the network that it waits for.
const BILLED_SECONDS: f64 = 0.25;
const GIGABYTES: f64 = 0.25;

pub(super) async fn measure(binaries: &Path) -> Result<Section> {
    let world =
        World::start(binaries, &[], POLLING.map(|(key, value)| (key, value.to_owned())).to_vec())
            .await?;
    let quick = world.alarms("quick", ALARMS).await?;
    let slow = world.alarms("slow", 1).await?;
    world.runbook("Relay-BenchQuick", 1).await?;
    world.runbook("Relay-BenchSlow", TEN_MINUTES).await?;
    const OPEN: &str = "guard: {perHour: 1000, perAccountHour: 1000, storm: {resources: 1000}}\n";
    world.rule("slow", "slow", "Relay-BenchSlow", OPEN).await?;
    world.rule("quick", "quick", "Relay-BenchQuick", OPEN).await?;

    // The functions warm up with the slow one, whose steps are counted.
    let before = invocations(&world).await?;
    remedy(&world, slow.first().context("an alarm")?).await?;
    let history = ended(&world, 1).await?.pop().context("an execution")?;
    let history = world.history(&history).await?;
    let transitions = entered(&history);
    let invoked = scheduled(&history) + invocations(&world).await? - before + 1;

    let calls = world.calls_of_roles().await?;
    let mut waits = Vec::new();
    for ringing in &quick {
        waits.push(remedy(&world, ringing).await?);
    }
    let arns = ended(&world, 1 + ALARMS).await?;
    let remedied = since(world.calls_of_roles().await?, &calls);
    let quick_history = world.history(arns.first().context("an execution")?).await?;
    let quick_transitions = entered(&quick_history);

    let calls = world.calls_of_roles().await?;
    world.set_all(&quick, StateValue::Alarm).await?;
    drained(&world).await?;
    let suppressed = since(world.calls_of_roles().await?, &calls);
    world.local.stop().await?;

    waits.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let index = (waits.len() as f64 * share) as usize;
        waits.get(index.min(waits.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
    };
    let run = Costs::of(&remedied, ALARMS, transitions, invoked);
    // A batch holds up to ten; alone is the dearest.
    let held = Costs::of(&suppressed, ALARMS, 0, 1);
    let mut figures = vec![
        Figure::noted("alarm to StartAutomationExecution: median", format!("{:.2} s", at(0.5))),
        Figure::noted(
            "alarm to StartAutomationExecution: 99th percentile",
            format!("{:.2} s", at(0.99)),
        ),
        Figure::at_most(
            "state transitions, one rung that takes ten minutes",
            transitions as f64,
            MOST_TRANSITIONS,
            "",
        ),
        Figure::noted(
            "state transitions, one rung that takes a second",
            quick_transitions.to_string(),
        ),
        Figure::noted("invocations of functions, ten minutes", invoked.to_string()),
    ];
    for (what, costs) in [("remediations", &run), ("suppressed triggers", &held)] {
        for (service, dollars) in costs.thousand() {
            figures.push(Figure::noted(
                format!("a thousand {what}: {service}"),
                format!("${dollars:.4}"),
            ));
        }
    }
    Ok(Section {
        title: "From an alarm to its runbook",
        how: format!(
            "{ALARMS} alarms set to ALARM one after the other on the local AWS (its gateway built as \
             profile `speed`) with the packaged functions; from just before SetAlarmState to \
             StartAutomationExecution in the gateway's record. The ten minutes are {TEN_MINUTES} s at \
             a pace of a fiftieth of the template's. Transitions are states entered; invocations are \
             tasks of the machine, events delivered to functions, and one of route-alarms. Prices are \
             AWS's list prices in us-east-1 times what was counted per remediation and per trigger \
             that a cool-down suppresses, each in an invocation of its own; a function is taken to \
             run {BILLED_SECONDS} s with 256 MB on Arm. Not in them: free tiers, \
             logs, the key, and the steps of the runbook, whose price is listed separately."
        ),
        figures,
    })
}

/// Sets an alarm off, waits for the start and has the alarm clear; how long the start took, in seconds.
async fn remedy(world: &World, ringing: &Ringing) -> Result<f64> {
    let rang = world.now().await?;
    world.set(&ringing.alarm, StateValue::Alarm).await?;
    let begun = Instant::now();
    loop {
        let starts = world.starts().await?;
        if let Some((_, at)) = starts.iter().find(|(instance, _)| *instance == ringing.instance) {
            world.set(&ringing.alarm, StateValue::Ok).await?;
            return Ok(at.duration_since(rang).as_secs_f64());
        }
        if begun.elapsed() > Duration::from_secs(60) {
            bail!("{} was not answered within a minute", ringing.alarm);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The executions, once so many have ended well, the latest first.
async fn ended(world: &World, count: usize) -> Result<Vec<String>> {
    let begun = Instant::now();
    loop {
        let mut runs = world.runs().await?;
        let well = runs.remove(&ExecutionStatus::Succeeded).unwrap_or_default();
        if well.len() >= count {
            return Ok(well);
        }
        if begun.elapsed() > Duration::from_secs(180) {
            bail!("{} of {count} executions succeeded; others: {runs:?}", well.len());
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

async fn drained(world: &World) -> Result<()> {
    let (begun, mut quiet) = (Instant::now(), 0);
    while quiet < 5 {
        quiet = if world.waiting().await? == 0 { quiet + 1 } else { 0 };
        if begun.elapsed() > Duration::from_secs(300) {
            bail!("the alarms were not drained within five minutes");
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

/// Events that were delivered to functions so far.
async fn invocations(world: &World) -> Result<usize> {
    let told = world.local.relay("GET", "events", &Value::Null).await?;
    let to_function = |record: &&Value| {
        record["target"].as_str().is_some_and(|target| target.contains(":function:"))
    };
    Ok(told.as_array().context("deliveries are a list")?.iter().filter(to_function).count())
}

fn entered(history: &[HistoryEvent]) -> usize {
    history.iter().filter(|event| event.state_entered_event_details().is_some()).count()
}

/// Tasks that call a function.
fn scheduled(history: &[HistoryEvent]) -> usize {
    let lambda = |event: &&HistoryEvent| {
        event.task_scheduled_event_details().is_some_and(|task| task.resource_type() == "lambda")
    };
    history.iter().filter(lambda).count()
}

fn since(mut calls: RoleCalls, before: &RoleCalls) -> RoleCalls {
    for (call, count) in before {
        calls.entry(call.clone()).and_modify(|now| *now -= count);
    }
    calls
}

/// The cost of one remediation, or of one trigger.
struct Costs {
    transitions: f64,
    invocations: f64,
    writes: f64,
    reads: f64,
    queue: f64,
    publishes: f64,
    cloudwatch: f64,
    puts: f64,
    starts: f64,
}

impl Costs {
    fn of(calls: &RoleCalls, cases: usize, transitions: usize, invocations: usize) -> Self {
        // Roles of runbooks and of the benchmark's own do other things.
        let suite: BTreeSet<&str> = [
            "route-alarms",
            "start-automation",
            "follow-automation",
            "verify-recovery",
            "publish-outcome",
        ]
        .into();
        let count = |service: &str, fits: &dyn Fn(&str) -> bool| {
            let all = calls.iter().filter(|((role, of, operation), _)| {
                suite.contains(role.as_str()) && of == service && fits(operation)
            });
            all.map(|(_, count)| *count as f64).sum::<f64>() / cases as f64
        };
        let reads = |operation: &str| ["GetItem", "Query", "BatchGetItem"].contains(&operation);
        Self {
            transitions: transitions as f64,
            invocations: invocations as f64,
            writes: count("dynamodb", &|operation| !reads(operation)),
            reads: count("dynamodb", &reads),
            // The event's message is sent, received and deleted by others than functions.
            queue: 3.0 + count("sqs", &|_| true),
            publishes: count("sns", &|_| true),
            cloudwatch: count("monitoring", &|_| true),
            puts: count("s3", &|operation| operation.starts_with("PUT")),
            starts: count("ssm", &|operation| operation == "StartAutomationExecution"),
        }
    }

    /// Dollars for a thousand, by service.
    fn thousand(&self) -> Vec<(String, f64)> {
        let Self { transitions, invocations, writes, reads, .. } = self;
        let Self { queue, publishes, cloudwatch, puts, starts, .. } = self;
        let compute = price::INVOCATION + BILLED_SECONDS * GIGABYTES * price::GIGABYTE_SECOND;
        let mut lines = vec![
            (
                format!("Step Functions, {transitions:.0} transitions"),
                transitions * price::TRANSITION,
            ),
            (format!("Lambda, {invocations:.0} invocations"), invocations * compute),
            (
                format!("DynamoDB, {writes:.1} writes, {reads:.1} reads"),
                writes * price::WRITE + reads * price::READ,
            ),
            (format!("SQS, {queue:.1} requests"), queue * price::QUEUE),
            (format!("SNS, {publishes:.1} messages"), publishes * price::PUBLISH),
            (format!("CloudWatch, {cloudwatch:.1} requests"), cloudwatch * price::CLOUDWATCH),
            (format!("S3, {puts:.1} objects put"), puts * price::PUT),
        ];
        lines.retain(|(_, dollars)| *dollars > 0.0);
        let sum = lines.iter().map(|(_, dollars)| dollars).sum();
        lines.push(("all of the suite's".to_owned(), sum));
        if *starts > 0.0 {
            lines.push(("each step of a runbook".to_owned(), price::STEP));
        }
        lines.iter_mut().for_each(|(_, dollars)| *dollars *= 1_000.0);
        lines
    }
}
