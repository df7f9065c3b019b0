//! Five thousand alarms on five hundred resources, with the guardrails open and with the usual ones.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_sfn::types::ExecutionStatus;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures::{StreamExt, TryStreamExt};
use harness::outcomes::Inbox;
use harness::{HOME_REGION, HUB};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::binaries::{RESIDENT_MB, megabytes};
use super::figure::{Figure, Section};
use super::ringing::{NAMESPACE, POLICY_KEPT, Ringing};
use super::scale::Seen;
use super::world::World;

const RESOURCES: usize = 500;
/// Transitions of each alarm.
const TIMES: usize = 10;
const OFFERED_SECONDS: f64 = 60.0;
const DRAINED_SECONDS: f64 = 300.0;
/// The growth that the allocator's own ups and downs may cause.
const GROWTH: f64 = 1.2;
/// The rule's usual budget.
const PER_HOUR: f64 = 5.0;
/// A digest is published when its five minutes are over; and some time for publishing it.
const DIGESTS: Duration = Duration::from_secs(360);
/// DescribeAlarms for a trigger. CloudWatch takes nine a second, and they are most of what a trigger costs.
const DESCRIBED: f64 = 0.05;

pub(super) async fn measure(binaries: &Path) -> Result<Section> {
    let world =
        World::start(binaries, &[], vec![("AlarmVisibilityTimeoutSeconds", "240".to_owned())])
            .await?;
    let ringing = world.alarms("storm", RESOURCES).await?;
    world.runbook("Relay-Bench", 1).await?;
    let mut inbox = Inbox::subscribe(&world.stack, "storm").await?;

    // Nothing answers these alarms yet.
    world.set_all(&ringing, StateValue::Alarm).await?;
    settled(&world).await?;
    // CloudWatch's rates, from here on. SetAlarmState is the benchmark's own doing and is not limited.
    let rates = json!({"DescribeAlarms": 9, "DescribeAlarmHistory": 3});
    world.local.relay("POST", "rates", &rates).await?;
    world.rule("usual", "storm", "Relay-Bench", "").await?;
    let b = storm(&world, &mut inbox, &ringing, 0).await?;

    let ssm = aws_sdk_ssm::Client::new(&world.stack.hub);
    ssm.delete_parameter().name("/runbook-relay/remediation/usual").send().await?;
    tokio::time::sleep(POLICY_KEPT).await;
    world.set_all(&ringing, StateValue::Alarm).await?;
    settled(&world).await?;
    let open = "guard: {perHour: 1000, perAccountHour: 1000, storm: {resources: 1000}}\n";
    world.rule("open", "storm", "Relay-Bench", open).await?;
    let a = storm(&world, &mut inbox, &ringing, RESOURCES).await?;
    let dead = world.dead_letters().await?;
    world.local.stop().await?;

    let triggers = RESOURCES * TIMES;
    let (middle, end) = a.memory.halves().context("route-alarms was never seen running")?;
    let breaker: Vec<_> = b.told.values().filter(|told| told.code == "StormBreaker").collect();
    let figures = vec![
        Figure::at_most("open: offered within", a.offered, OFFERED_SECONDS, "s"),
        Figure::at_most("open: drained within", a.drained, DRAINED_SECONDS, "s"),
        Figure::exactly("open: resources started on", a.resources, RESOURCES),
        Figure::exactly("open: starts", a.starts, RESOURCES),
        Figure::exactly(
            "open: triggers published as suppressed",
            a.suppressed(),
            triggers - RESOURCES,
        ),
        Figure::exactly("open: executions that did not succeed", a.unsuccessful, 0),
        Figure::at_most(
            "open: DescribeAlarms a trigger",
            a.described as f64 / triggers as f64,
            DESCRIBED,
            "",
        ),
        Figure::noted("open: of them refused by the rate", a.throttled.to_string()),
        Figure::at_most(
            "open: route-alarms, resident",
            megabytes(a.memory.peak),
            RESIDENT_MB,
            "MB",
        ),
        Figure::at_most(
            "open: route-alarms, resident, last quarter against second",
            end / middle,
            GROWTH,
            "",
        ),
        Figure::noted("open: triggers a second", format!("{:.0}", triggers as f64 / a.drained)),
        Figure::at_most("usual: starts", b.starts as f64, PER_HOUR, ""),
        Figure::exactly(
            "usual: triggers published as suppressed",
            b.suppressed(),
            triggers - b.starts,
        ),
        Figure::at_least("usual: outcomes about the open breaker", breaker.len() as f64, 1.0, ""),
        Figure::noted(
            "usual: triggers that they count",
            breaker.iter().map(|told| told.count).sum::<usize>().to_string(),
        ),
        Figure::noted("usual: outcomes in all", b.told.len().to_string()),
        Figure::at_most("usual: drained within", b.drained, DRAINED_SECONDS, "s"),
        Figure::at_most(
            "usual: DescribeAlarms a trigger",
            b.described as f64 / triggers as f64,
            DESCRIBED,
            "",
        ),
        Figure::exactly("messages in the dead-letter queue", dead, 0),
    ];
    Ok(Section {
        title: "A storm of alarms",
        how: format!(
            "{triggers} triggers, {TIMES} transitions of each of {RESOURCES} alarms about as many \
             instances, put into the queue of route-alarms as EventBridge would, on the local AWS (its \
             gateway built as profile `speed`) with the packaged functions, which takes 9 DescribeAlarms and 3 \
             DescribeAlarmHistory a second, as CloudWatch does. *Open*: a rule whose \
             budgets and breaker suppress nothing, so that lock, cool-down and the look at the alarm \
             do; each run's alarm is set to OK when it is started. *Usual*: a rule with the \
             default guardrails. Drained is from the first message until queue and executions are done. \
             Published is counted at a subscriber of the topic, each outcome's id once."
        ),
        figures,
    })
}

/// How a storm went.
struct Storm {
    offered: f64,
    drained: f64,
    starts: usize,
    resources: usize,
    unsuccessful: usize,
    /// DescribeAlarms that route-alarms called, and those of them that the rate refused.
    described: usize,
    throttled: usize,
    memory: Seen,
    told: BTreeMap<String, Told>,
}

/// An outcome about triggers that came to nothing.
struct Told {
    code: String,
    count: usize,
}

impl Storm {
    fn suppressed(&self) -> usize {
        self.told.values().map(|told| told.count).sum()
    }
}

/// Offers a storm and sees it through; at least so many starts are waited for.
async fn storm(
    world: &World,
    inbox: &mut Inbox,
    ringing: &[Ringing],
    least: usize,
) -> Result<Storm> {
    let (already, ran) = (world.starts().await?.len(), runs(world).await?);
    let since = world.now().await?;
    let alarms: BTreeMap<&str, &str> =
        ringing.iter().map(|r| (r.instance.as_str(), r.alarm.as_str())).collect();
    let begun = Instant::now();
    let mut memory = Seen::default();
    let mut cured = 0;
    let offering = async {
        offer(world, ringing).await?;
        anyhow::Ok(begun.elapsed().as_secs_f64())
    };
    let watching = async {
        let mut quiet = 0;
        while quiet < 3 {
            memory.look(&world.local.endpoint, "runbook-relay-route-alarms");
            let starts = world.starts().await?;
            let new: Vec<Ringing> = starts[already + cured..]
                .iter()
                .filter_map(|(instance, _)| {
                    let alarm = (*alarms.get(instance.as_str())?).to_owned();
                    Some(Ringing { instance: instance.clone(), alarm })
                })
                .collect();
            cured = starts.len() - already;
            world.set_all(&new, StateValue::Ok).await?;
            let still = new.is_empty() && cured >= least && world.waiting().await? == 0;
            let still = still && !world.runs().await?.contains_key(&ExecutionStatus::Running);
            quiet = if still { quiet + 1 } else { 0 };
            if begun.elapsed() > Duration::from_secs(1_200) {
                bail!("after 20 minutes: {cured} starts, {} messages", world.waiting().await?);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        anyhow::Ok(begun.elapsed().as_secs_f64())
    };
    let (offered, drained) = futures::try_join!(offering, watching)?;
    let starts: Vec<String> =
        world.starts().await?.split_off(already).into_iter().map(|(on, _)| on).collect();
    let now = runs(world).await?;
    let (described, throttled) = described(world, since).await?;
    let triggers = RESOURCES * TIMES;
    let (waiting, mut heard) = (Instant::now(), BTreeMap::new());
    loop {
        heard = told(inbox, heard).await?;
        let sum: usize = heard.values().map(|told| told.count).sum();
        if sum + starts.len() >= triggers || waiting.elapsed() > DIGESTS {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(Storm {
        offered,
        drained,
        resources: starts.iter().collect::<BTreeSet<_>>().len(),
        starts: starts.len(),
        unsuccessful: now.1 - ran.1,
        described,
        throttled,
        memory,
        told: heard,
    })
}

/// How often route-alarms has called DescribeAlarms since then, and how often it was refused.
async fn described(world: &World, since: Timestamp) -> Result<(usize, usize)> {
    let path = format!("calls?principal=runbook-relay-route-alarms/&since={since}");
    let listed = world.local.relay("GET", &path, &Value::Null).await?;
    let calls = listed.as_array().context("calls are a list")?;
    let described = calls.iter().filter(|call| call["operation"] == "DescribeAlarms");
    let refused = described.clone().filter(|call| call["status"] != 200);
    Ok((described.count(), refused.count()))
}

/// How many executions succeeded, and how many did not.
async fn runs(world: &World) -> Result<(usize, usize)> {
    let mut runs = world.runs().await?;
    let well = runs.remove(&ExecutionStatus::Succeeded).unwrap_or_default().len();
    Ok((well, runs.values().map(Vec::len).sum()))
}

/// The outcomes so far of suppressed triggers, by id: a digest that is published again counts more.
async fn told(
    inbox: &mut Inbox,
    mut known: BTreeMap<String, Told>,
) -> Result<BTreeMap<String, Told>> {
    for outcome in inbox.receive().await? {
        if outcome.outcome() != "suppressed" {
            continue;
        }
        let code = outcome.problems().next().and_then(|p| p["code"].as_str()).unwrap_or_default();
        let count = outcome.json()["count"].as_u64().unwrap_or_default() as usize;
        let told = known
            .entry(outcome.id().to_owned())
            .or_insert_with(|| Told { code: code.to_owned(), count });
        told.count = told.count.max(count);
    }
    Ok(known)
}

/// Until nothing is in the queue for a while.
async fn settled(world: &World) -> Result<()> {
    let mut quiet = 0;
    while quiet < 4 {
        quiet = if world.waiting().await? == 0 { quiet + 1 } else { 0 };
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Ok(())
}

/// Puts every transition of every alarm into the queue: first one of each, then the next.
async fn offer(world: &World, ringing: &[Ringing]) -> Result<()> {
    let sqs = aws_sdk_sqs::Client::new(&world.stack.hub);
    let queue = world.stack.output("AlarmQueueUrl")?;
    let now = world.now().await?;
    let mut bodies = Vec::new();
    for time in 0..TIMES {
        for ringing in ringing {
            let at = now + SignedDuration::from_millis(i64::try_from(time)?);
            bodies.push(envelope(ringing, at, bodies.len()).to_string());
        }
    }
    let (sqs, queue) = (&sqs, &queue);
    futures::stream::iter(bodies.chunks(10))
        .map(|bodies| async move {
            let mut send = sqs.send_message_batch().queue_url(*queue);
            for (number, body) in bodies.iter().enumerate() {
                let entry = SendMessageBatchRequestEntry::builder();
                let entry = entry.id(number.to_string()).message_body(body).build()?;
                send = send.entries(entry);
            }
            let sent = send.send().await.map_err(aws_sdk_sqs::Error::from)?;
            anyhow::ensure!(sent.failed().is_empty(), "the queue refused {:?}", sent.failed());
            Ok(())
        })
        .buffer_unordered(4)
        .try_collect()
        .await
}

/// As EventBridge puts it into the queue.
fn envelope(ringing: &Ringing, at: Timestamp, number: usize) -> Value {
    let Ringing { instance, alarm } = ringing;
    let state = |value: &str, at: Timestamp| {
        let at = at.strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string();
        json!({"value": value, "reason": "bench", "timestamp": at})
    };
    json!({
        "version": "0", "id": format!("00000000-0000-4000-8000-{number:012}"),
        "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch",
        "account": HUB, "region": HOME_REGION, "time": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "resources": [format!("arn:aws:cloudwatch:{HOME_REGION}:{HUB}:alarm:{alarm}")],
        "detail": {
            "alarmName": alarm,
            "configuration": {"metrics": [{"id": "m1", "returnData": true, "metricStat": {
                "metric": {"namespace": NAMESPACE, "name": "Failed",
                    "dimensions": {"InstanceId": instance}},
                "period": 60, "stat": "Maximum"}}]},
            "previousState": state("OK", at - SignedDuration::from_mins(10)),
            "state": state("ALARM", at)
        }
    })
}
