//! An organization as large as AWS allows: the calls, time, states, dollars and memory of a reconcile.
//!
//! The measuring itself is in `xtask/bench/organization`.

use anyhow::{Context, Result};
use harness::build;
use serde_json::Value;

use super::engine::{Example, number, thousands};
use super::figure::{Figure, Section};
use super::price;

/// How large an organization is: accounts, OUs, documents, copied documents, Regions.
type Size = [usize; 5];

/// The accounts, OUs and documents of the promise, in one of its Regions: they do not depend on each other.
const WHOLE: Size = [10_000, 200, 500, 20, 1];
/// All Regions, and a tenth of everything else.
const WIDE: Size = [1_000, 20, 50, 2, 17];
/// The organizations that memory is measured with: from a hundredth of the pairs of account and document to all.
const MEMORY: [Size; 4] =
    [[1_000, 20, 50, 2, 1], [1_000, 20, 500, 20, 1], [10_000, 200, 50, 2, 1], WHOLE];
/// Calls a second that SSM takes of each operation in one account and Region, for all figures but those about rates.
const RATE: f64 = 40.0;
/// The rates with which the pace is measured, in the organization of [`WIDE`] with one Region.
const RATES: [f64; 5] = [5.0, 10.0, 20.0, 40.0, 100.0];
/// The same of Organizations.
const ORGANIZATIONS: f64 = 10.0;
const PASSES: [(&str, &str); 3] = [
    ("first", "first reconcile"),
    ("steady", "steady state"),
    ("drift", "steady state, looking for drift"),
];
/// Calls against the fewest that are possible.
const MOST_CALLS: f64 = 1.02;
const LEAST_USED: f64 = 90.0;
/// Of AWS's 256 KiB.
const LARGEST_STATE_KB: f64 = 200.0;
const MOST_EVENTS: f64 = 10_000.0;
/// The longest that Lambda lets a function of the template work.
const LONGEST_SECONDS: f64 = 300.0;
/// The growth that the allocator's own ups and downs may cause.
const GROWTH: f64 = 1.2;
const FUNCTIONS: [(&str, &str, f64); 5] = [
    ("plan", "plan-shares, the plan", 512.0),
    ("look", "share-documents, a look", 512.0),
    ("conclude", "plan-shares, the decision", 512.0),
    ("share", "share-documents, the work", 512.0),
    ("publish", "publish-outcome", 256.0),
];

/// Simulates, and measures memory. Each section is complete before the next is measured.
pub(super) fn measure() -> Result<Vec<Section>> {
    let what = ["--features", "binary", "--bin", "bench-organization"];
    let binary = build::speed("bench-organization", &what)?.join("bench-organization");
    let program = Example { binary };
    let whole = simulate(&program, WHOLE, RATE)?;
    let wide = simulate(&program, WIDE, RATE)?;
    Ok(vec![
        calls(&whole, &wide)?,
        time(&program, &whole)?,
        memory(&program)?,
        states(&whole, &wide)?,
        dollars(&whole, &wide)?,
    ])
}

fn simulate(program: &Example, size: Size, rate: f64) -> Result<Value> {
    let mut arguments = vec!["simulate".to_owned()];
    arguments.extend(size.map(|number| number.to_string()));
    arguments.extend([rate, ORGANIZATIONS].map(|rate| rate.to_string()));
    program.json(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The name of an organization in the tables.
fn named([accounts, _, documents, copied, regions]: Size) -> String {
    let accounts = thousands(accounts);
    let regions = if regions == 1 { "1 Region".to_owned() } else { format!("{regions} Regions") };
    format!("{accounts} accounts, {documents} + {copied} documents, {regions}")
}

fn whole_number(value: &Value, name: &str) -> Result<usize> {
    Ok(number(value, name)? as usize)
}

fn calls(whole: &Value, wide: &Value) -> Result<Section> {
    let mut figures = Vec::new();
    for (report, size) in [(whole, WHOLE), (wide, WIDE)] {
        for (name, words) in PASSES {
            let pass = &report["passes"][name];
            let (mut all, mut accepted, mut bound) = (0.0, 0.0, 0.0);
            let what = format!("**{}: {words}**", named(size));
            let mut rows = Vec::new();
            for (operation, counts) in pass["calls"].as_object().context("calls by operation")? {
                let (made, refused) =
                    (whole_number(counts, "calls")?, whole_number(counts, "refused")?);
                let fewest = whole_number(counts, "fewest")?;
                (all, bound) = (all + made as f64, bound + fewest as f64);
                accepted += (made - refused) as f64;
                let more = match refused {
                    0 => String::new(),
                    refused => format!(", and {} refused", thousands(refused)),
                };
                let measured = format!("{}{more}", thousands(made - refused));
                let measured = format!("{measured}; fewest {}", thousands(fewest));
                rows.push(Figure::noted(format!("{words}: {operation}"), measured));
            }
            let against = format!("{what}: calls against the fewest");
            figures.push(Figure::at_most(&against, accepted / bound, MOST_CALLS, ""));
            let refused = format!("{against}, with those that the rates refuse");
            figures.push(Figure::at_most(refused, all / bound, MOST_CALLS, ""));
            if name != "first" {
                let written = whole_number(pass, "written")?;
                figures.push(Figure::exactly(
                    format!("{words}: calls that change something"),
                    written,
                    0,
                ));
            }
            figures.extend(rows);
        }
    }
    Ok(Section {
        title: "Calls",
        how: format!(
            "Calls to Organizations and SSM, against the fewest that the rules and AWS's page sizes allow \
             (`xtask/bench/organization/src/bound.rs`). A call that AWS refuses, because as many of the operation were made \
             in that second already as it takes (SSM {RATE:.0}, Organizations {ORGANIZATIONS:.0}: assumptions), is made \
             again: so there are two ratios."
        ),
        figures,
    })
}

fn time(program: &Example, whole: &Value) -> Result<Section> {
    let mut figures = Vec::new();
    for (name, words) in PASSES {
        let pass = &whole["passes"][name];
        let seconds = number(pass, "seconds")?;
        figures.push(Figure::noted(format!("{}: {words}", named(WHOLE)), minutes(seconds)));
        let longest = number(pass, "longestInvocation")?;
        figures.push(Figure::at_most(
            format!("{words}: longest invocation"),
            longest,
            LONGEST_SECONDS,
            "s",
        ));
        let unfinished = whole_number(pass, "unfinished")?;
        figures.push(Figure::exactly(
            format!("{words}: pairs of owner and Region left unfinished"),
            unfinished,
            0,
        ));
        let rounds = format!(
            "{} of {}",
            whole_number(pass, "rounds")?,
            whole_number(pass, "roundsAllowed")?
        );
        figures.push(Figure::noted(format!("{words}: rounds of a pair, of those allowed"), rounds));
    }
    let small = [WIDE[0], WIDE[1], 500, 0, 1];
    for rate in RATES {
        let report = simulate(program, small, rate)?;
        let pass = &report["passes"]["first"];
        let changes = &pass["calls"]["ModifyDocumentPermission"];
        let refused = number(changes, "refused")? / number(changes, "calls")? * 100.0;
        let Some(used) = pass["used"].as_f64().map(|used| used * 100.0) else { continue };
        let what = format!("{rate:.0} ModifyDocumentPermission a second allowed");
        let bar = "█".repeat((used / 5.0).round() as usize);
        figures.push(Figure::at_least(format!("{what}: used {bar}"), used, LEAST_USED, "%"));
        figures.push(Figure::noted(
            format!("{what}: refused"),
            format!("{refused:.0} % of the calls"),
        ));
    }
    Ok(Section {
        title: "Time and rate",
        how: format!(
            "Virtual time: SSM and Organizations answer in 50 ms, S3 in 20 ms, DynamoDB in 5 ms. SSM takes {RATE:.0} calls \
             a second of each operation from one account in one Region, Organizations {ORGANIZATIONS:.0}; both refuse \
             the others. AWS documents neither rate: they are assumptions. The rate that is used counts the calls that \
             were accepted between the first and the last ModifyDocumentPermission of {}, by what was allowed in that time.",
            named(small)
        ),
        figures,
    })
}

fn minutes(seconds: f64) -> String {
    if seconds < 120.0 { format!("{seconds:.0} s") } else { format!("{:.0} min", seconds / 60.0) }
}

fn memory(program: &Example) -> Result<Section> {
    let mut measured = Vec::new();
    for size in MEMORY {
        let mut arguments = vec!["memory".to_owned()];
        arguments.extend(size.iter().take(4).map(ToString::to_string));
        measured.push(program.json(&arguments.iter().map(String::as_str).collect::<Vec<_>>())?);
    }
    let mut figures = Vec::new();
    for (pass, words) in [("first", "first reconcile"), ("drift", "looking for drift")] {
        for (function, name, limit) in FUNCTIONS {
            let peaks: Vec<f64> = measured
                .iter()
                .filter_map(|report| report["passes"][pass]["peaks"][function].as_f64())
                .map(|bytes| bytes / 1e6)
                .collect();
            // There is no work after a look that found nothing to do.
            if peaks.len() < MEMORY.len() {
                continue;
            }
            let most = peaks.iter().copied().fold(f64::MIN, f64::max);
            for (size, peak) in MEMORY.iter().zip(&peaks) {
                let bar = "█".repeat((peak / most * 20.0).ceil() as usize);
                let what = format!("{words}: {name}: {}", named(*size));
                figures.push(Figure::noted(what, format!("{peak:.0} MB {bar}")));
            }
            let growth = peaks[peaks.len() - 1] / peaks[0];
            let what = format!("**{words}: {name}**");
            figures.push(Figure::at_most(
                format!("{what}: the whole against the smallest"),
                growth,
                GROWTH,
                "",
            ));
            figures.push(Figure::at_most(
                format!("{what}: most, of what the template gives it"),
                most,
                limit,
                "MB",
            ));
        }
    }
    Ok(Section {
        title: "Memory",
        how: "Each invocation is a process of its own, with the SDK clients of production, that talks to the AWS in \
              memory over HTTP: so the memory of that AWS is another process's. What is shown is the largest resident \
              size of a process (`VmHWM`), by the kernel, over all invocations. One Region: each pair of owner and \
              Region has invocations of its own. There are no rates here, so that an invocation does more before its \
              time is over than in *Time and rate*."
            .to_owned(),
        figures,
    })
}

fn states(whole: &Value, wide: &Value) -> Result<Section> {
    let mut figures = Vec::new();
    for (report, size) in [(wide, WIDE), (whole, WHOLE)] {
        for (name, words) in PASSES {
            let pass = &report["passes"][name];
            let what = format!("{}: {words}", named(size));
            let kilobytes = number(&pass["largest"], "bytes")? / 1e3;
            let state = pass["largest"]["state"].as_str().unwrap_or_default();
            figures.push(Figure::at_most(
                format!("{what}: largest state, *{state}*"),
                kilobytes,
                LARGEST_STATE_KB,
                "KB",
            ));
            let events = number(pass, "events")?;
            figures.push(Figure::at_most(
                format!("{what}: events in the history"),
                events,
                MOST_EVENTS,
                "events",
            ));
            let transitions = thousands(whole_number(pass, "transitions")?);
            figures.push(Figure::noted(format!("{what}: state transitions"), transitions));
            let outcome = pass["outcome"].as_str().unwrap_or_default();
            figures.push(Figure::noted(format!("{what}: outcome"), outcome));
        }
    }
    Ok(Section {
        title: "States and history",
        how: "The machine is walked by its definition, `statemachine/share-runbooks.asl.json`, with the real payloads and \
              answers of the functions. A state is the largest payload or answer of a task or of a Map. Events are those \
              that Step Functions writes: five for a task, four for a Map and two for each of its items, two for any \
              other state and for the execution. The size of states follows from the pairs of owner and Region, the \
              length of the history from their rounds."
            .to_owned(),
        figures,
    })
}

fn dollars(whole: &Value, wide: &Value) -> Result<Section> {
    let mut figures = Vec::new();
    for (report, size) in [(whole, WHOLE), (wide, WIDE)] {
        for (name, words) in PASSES {
            let pass = &report["passes"][name];
            let of = |name: &str| number(pass, name);
            let puts = number(&pass["others"], "PutObject")?;
            let lines = [
                ("Step Functions", of("transitions")? * price::TRANSITION),
                (
                    "Lambda",
                    of("invocations")? * price::INVOCATION
                        + of("gigabyteSeconds")? * price::GIGABYTE_SECOND,
                ),
                ("DynamoDB, writes", of("writtenUnits")? * price::WRITE),
                ("DynamoDB, reads", of("readUnits")? * price::READ),
                ("S3, objects put", puts * price::PUT),
            ];
            let sum: f64 = lines.iter().map(|(_, dollars)| dollars).sum();
            let what = format!("{}: {words}", named(size));
            figures.push(Figure::noted(format!("**{what}**"), format!("**${sum:.2}**")));
            for (line, dollars) in lines {
                figures.push(Figure::noted(format!("{words}: {line}"), format!("${dollars:.4}")));
            }
        }
    }
    Ok(Section {
        title: "Dollars",
        how: "AWS's list prices in us-east-1 (`xtask/src/commands/bench/price.rs` names the pages) times what was counted: \
              transitions, the seconds of each invocation in virtual time with the memory that the template gives it, \
              request units of DynamoDB by the size of items with those of the index, and objects put into S3. Calls to \
              SSM, Organizations and STS cost nothing. Not in them: free tiers, storage, logs, reads of S3, the key."
            .to_owned(),
        figures,
    })
}
