//! Reconciles in one process and in virtual time: how many calls, states and seconds they take. Functions and AWS share
//! the process, so memory is measured elsewhere (`memory.rs`).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws::SdkConfig;
use aws_config::identity::IdentityCache;
use aws_double::{Aws, Tallies, Tally, Units};
use runtime::Clock;
use serde_json::{Value, json};

use crate::bound::{Pass, WRITES, fewest};
use crate::functions::{Function, Functions};
use crate::machine::{self, Definition, Execution, Lambda};
use crate::organization::Size;

/// How long an answer takes. Nobody promises it; what matters is that it is not zero.
const LATENCY: [(&str, u64); 5] =
    [("ssm", 50), ("organizations", 50), ("sts", 50), ("s3", 20), ("dynamodb", 5)];
/// Calls that a function may make to say what the machine is asked.
const START: &str = "2026-07-01T00:00:00Z";

/// How many calls a second AWS takes of each operation, from one account in one Region.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    pub ssm: f64,
    pub organizations: f64,
}

/// The environments that Lambda keeps warm: an invocation gets one that is free, or a new one.
struct Environments {
    sdk: SdkConfig,
    clock: Clock,
    free: Mutex<Vec<Functions>>,
}

impl Environments {
    fn free(&self) -> std::sync::MutexGuard<'_, Vec<Functions>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lambda for Environments {
    async fn invoke(&self, function: Function, payload: Value) -> Result<Value> {
        let warm = self.free().pop();
        let functions = match warm {
            Some(functions) => functions,
            None => Functions::new(&self.sdk, &self.clock)?,
        };
        let answer = functions.invoke(function, payload).await;
        self.free().push(functions);
        answer
    }
}

/// Reconciles an organization three times: when nothing is shared yet, and twice when everything is, the second time
/// with `drift`. Returns what each of them took, as JSON.
///
/// # Errors
/// When a function fails, or what is shared in the end is not what the rules say.
pub async fn run(size: &Size, rates: Rates) -> Result<Value> {
    let aws = size.aws();
    aws.rate("ssm", rates.ssm);
    aws.rate("organizations", rates.organizations);
    for (service, millis) in LATENCY {
        aws.latency_of(service, Duration::from_millis(millis));
    }
    // As `aws::load` has it: one cache for all clients, so that a role is assumed once.
    let cache = IdentityCache::lazy().build();
    let sdk = aws.sdk().to_builder().identity_cache(cache).build();
    let clock = Clock::from(aws.now());
    let environments = Environments { sdk, clock, free: Mutex::default() };
    let definition = Definition::read()?;
    let mut passes = serde_json::Map::new();
    for (name, pass, input) in [
        ("first", Pass::First, json!({ "organization": true, "trigger": { "kind": "backfill" } })),
        (
            "steady",
            Pass::Steady,
            json!({ "organization": true, "trigger": { "kind": "reconcile" } }),
        ),
        (
            "drift",
            Pass::Drift,
            json!({ "organization": true, "drift": true, "trigger": { "kind": "reconcile" } }),
        ),
    ] {
        aws.forget_calls();
        let before = aws.state().table.units();
        let execution = machine::run(&environments, &definition, name, START, &input).await;
        let execution = execution.with_context(|| format!("the reconcile {name}"))?;
        let units = since(before, aws.state().table.units());
        passes
            .insert(name.to_owned(), report(size, pass, rates, &aws.tallies(), units, &execution));
        eprintln!("{name}: {:.0} s of virtual time", execution.took.as_secs_f64());
        if pass == Pass::First {
            settle(size, &aws, &execution)?;
        }
        // Nobody is planned for by the same execution twice, and a lock's lease may still run.
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    Ok(json!({ "size": size, "passes": passes }))
}

/// Checks that the rules are fulfilled after the first reconcile.
fn settle(size: &Size, aws: &Aws, execution: &Execution) -> Result<()> {
    let (shares, copies) = size.pairs();
    let expected = (shares * size.regions, copies * size.regions);
    let made = size.made(aws);
    let said = &execution.shares;
    ensure!(made == expected, "{made:?} shares and copies, {expected:?} wanted: {said}");
    Ok(())
}

fn since(before: Units, now: Units) -> Units {
    Units { read: now.read - before.read, written: now.written - before.written }
}

fn report(
    size: &Size,
    pass: Pass,
    rates: Rates,
    tallies: &Tallies,
    units: Units,
    execution: &Execution,
) -> Value {
    let mut calls: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for ((operation, _), tally) in tallies {
        let (all, refused) = calls.entry(operation).or_default();
        *all += tally.calls;
        *refused += tally.refused;
    }
    let bound = fewest(size, pass);
    let of = |operation: &str| calls.get(operation).copied().unwrap_or_default();
    let written: usize = WRITES.iter().map(|operation| of(operation).0).sum();
    // Every operation that is bounded, and every other one that changes something.
    let bounded: BTreeMap<&str, Value> = bound
        .keys()
        .copied()
        .chain(WRITES)
        .chain(["DescribeAccount", "ListParents", "DescribeOrganizationalUnit"])
        .map(|operation| {
            let ((all, refused), fewest) = (of(operation), bound.get(operation).unwrap_or(&0));
            (operation, json!({ "calls": all, "refused": refused, "fewest": fewest }))
        })
        .filter(|(_, counts)| counts["calls"] != 0 || counts["fewest"] != 0)
        .collect();
    let others = calls.iter().filter(|(operation, _)| !bounded.contains_key(**operation));
    let others: BTreeMap<&str, usize> = others.map(|(name, (all, _))| (*name, *all)).collect();
    let counts = &execution.counts;
    let mut functions: BTreeMap<String, (usize, f64, f64)> = BTreeMap::new();
    let (mut gigabyte_seconds, mut longest) = (0.0, 0.0_f64);
    for invocation in &counts.invocations {
        let seconds = invocation.took.as_secs_f64();
        let name = format!("{:?}", invocation.function).to_lowercase();
        let (number, all, most) = functions.entry(name).or_default();
        (*number, *all, *most) = (*number + 1, *all + seconds, most.max(seconds));
        gigabyte_seconds += seconds * invocation.function.gigabytes();
        longest = longest.max(seconds);
    }
    json!({
        "seconds": execution.took.as_secs_f64(),
        "verdict": execution.verdict, "outcome": execution.outcome, "pairs": execution.pairs,
        "unfinished": execution.unfinished,
        "rounds": execution.rounds.0, "roundsAllowed": execution.rounds.1,
        "calls": bounded, "others": others, "written": written,
        "used": used(tallies, "ModifyDocumentPermission", rates.ssm),
        "transitions": counts.transitions, "events": counts.events,
        "largest": { "bytes": counts.largest.0, "state": counts.largest.1 },
        "invocations": counts.invocations.len(), "functions": functions,
        "gigabyteSeconds": gigabyte_seconds, "longestInvocation": longest,
        "readUnits": units.read, "writtenUnits": units.written,
    })
}

/// The share of the rate that was used, from the first call of an operation to the last: the mean over Regions. None for
/// an operation that was not called often enough to meet its rate.
fn used(tallies: &Tallies, operation: &str, rate: f64) -> Option<f64> {
    let of_regions = tallies.iter().filter(|((name, _), _)| name == operation);
    let shares: Vec<f64> = of_regions
        .filter_map(|(_, Tally { calls, refused, first, last })| {
            let allowed = rate * last.duration_since(*first).as_secs_f64() + rate;
            let enough = *calls as f64 > 10.0 * rate;
            enough.then(|| (calls - refused) as f64 / allowed)
        })
        .collect();
    (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64)
}
