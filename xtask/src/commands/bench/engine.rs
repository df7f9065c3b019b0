//! The cost of runs in the automation engine: throughput, memory, the store, scripts, rate control.
//!
//! The measuring itself is in the examples of `engine` and `workers`, each part in a process
//! of its own, so that no part's memory is another's.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use harness::{build, python};
use serde_json::Value;

use super::figure::{Figure, Section, median};

/// Runs for the throughput.
const RUNS: usize = 20_000;
const LEAST_A_SECOND: f64 = 1_000.0;
/// How many times as many runs a second the log alone may take.
const MOST_OF_LOG: f64 = 2.0;
const LEAVING: usize = 2_000;
const LEAVING_SECONDS: f64 = 60.0;
/// Runs that wait, for the memory of one.
const WAITING: usize = 20_000;
const WAITING_KB: f64 = 10.0;
/// Runs that are queued.
const QUEUED: usize = 100_000;
const QUEUED_MB: f64 = 1_500.0;
/// How many runs, and how often: few runs are soon over, and their time is their noise.
const GROWTH: [(usize, usize); 4] = [(100, 9), (1_000, 5), (10_000, 1), (100_000, 1)];
/// The growth that a busy machine may cause.
const FLAT: f64 = 1.5;
/// The programs that measure: a package below `local/`, and its example.
const THROUGHPUT: (&str, &str) = ("engine", "throughput");
const SCRIPT_OVERHEAD: (&str, &str) = ("workers", "script_overhead");
const TARGETS: usize = 10_000;
const CONCURRENCY: usize = 100;
const SCRIPTS: usize = 300;
const SCRIPT_MS: f64 = 15.0;

/// Throughput, weights, growth, and targets.
pub(super) fn measure() -> Result<Section> {
    let (package, name) = THROUGHPUT;
    let example = Example::build(package, Some("testing"), name)?;
    let mut figures = Vec::new();
    let mut on_disk = 0.0;
    for (what, part) in [("log on disk", "disk"), ("log in memory", "memory")] {
        let told = example.json(&[part, &RUNS.to_string()])?;
        let rate = RUNS as f64 / number(&told, "seconds")?;
        let what = format!("runs of ten steps, {what}");
        figures.push(match part {
            "disk" => {
                on_disk = rate;
                Figure::at_least(&what, rate, LEAST_A_SECOND, "a second")
            }
            _ => Figure::noted(&what, format!("{rate:.0} a second")),
        });
        let each = number(&told, "processorSeconds")? * 1e6 / RUNS as f64;
        figures
            .push(Figure::noted(format!("{what}: processor time"), format!("{each:.0} µs a run")));
        let resident = number(&told, "resident")? / RUNS as f64 / 1e3;
        let resident = format!("{resident:.1} KB a run");
        figures.push(Figure::noted(format!("{what}: resident when all have ended"), resident));
        if let Some(store) = told["store"].as_f64() {
            let store = format!("{:.1} KB a run", store / RUNS as f64 / 1e3);
            figures.push(Figure::noted(format!("{what}: store"), store));
        }
    }
    let told = example.json(&["log", &RUNS.to_string()])?;
    let rate = RUNS as f64 / number(&told, "seconds")?;
    figures.push(Figure::noted("the same entries, log alone", format!("{rate:.0} runs a second")));
    let each = number(&told, "processorSeconds")? * 1e6 / RUNS as f64;
    let what = "the same entries, log alone: processor time";
    figures.push(Figure::noted(what, format!("{each:.0} µs a run")));
    let what = "the same entries, log alone: its rate against that of the runs";
    figures.push(Figure::at_most(what, rate / on_disk, MOST_OF_LOG, ""));
    let told = example.json(&["leaving", &LEAVING.to_string()])?;
    ensure!(told["left"] == 0, "{} runs that have ended are in memory", told["left"]);
    let seconds = number(&told, "seconds")?;
    let what = format!("{} runs that have ended: out of memory after", thousands(LEAVING));
    figures.push(Figure::at_most(what, seconds, LEAVING_SECONDS, "s"));

    let told = example.json(&["waiting", &WAITING.to_string()])?;
    ensure!(told["as_wanted"] == true, "runs that should wait are {}", told["status"]);
    let each = number(&told, "each")? / 1e3;
    figures.push(Figure::at_most("a waiting run: resident", each, WAITING_KB, "KB"));
    let store = number(&told, "store")? / WAITING as f64 / 1e3;
    figures.push(Figure::noted("a waiting run: store", format!("{store:.1} KB")));

    let told = example.json(&["queued", &QUEUED.to_string()])?;
    ensure!(told["as_wanted"] == true, "runs that should be queued are {}", told["status"]);
    let resident = number(&told, "resident")? / 1e6;
    let what = format!("{} queued runs: ", thousands(QUEUED));
    figures.push(Figure::at_most(format!("{what}resident"), resident, QUEUED_MB, "MB"));
    let store = number(&told, "store")? / 1e6;
    figures.push(Figure::noted(format!("{what}store"), format!("{store:.0} MB")));

    figures.extend(growth(&example)?);

    let told = example.json(&["targets", &TARGETS.to_string()])?;
    let whole = |name: &str| told[name].as_u64().and_then(|n| usize::try_from(n).ok());
    let what = format!("{} targets at concurrency {CONCURRENCY}", thousands(TARGETS));
    figures.push(Figure::exactly(
        format!("{what}: succeeded"),
        whole("ended").unwrap_or_default(),
        TARGETS,
    ));
    figures.push(Figure::exactly(
        format!("{what}: most in flight"),
        whole("most").unwrap_or_default(),
        CONCURRENCY,
    ));
    figures.push(Figure::exactly(
        format!("{what}: least, from the ramp's end until fewer remain"),
        whole("least").unwrap_or_default(),
        CONCURRENCY,
    ));
    let used = number(&told, "processorSeconds")?;
    figures.push(Figure::noted(format!("{what}: processor time"), format!("{used:.1} s")));
    Ok(Section {
        title: "The automation engine",
        how: format!(
            "Optimised (profile `speed`), on two worker threads, AWS and its actions answered by \
             the in-memory double, 200 runs started side by side. The log is SQLite (WAL, group \
             commit, `synchronous=NORMAL`). Each part has a process of its own; resident is what \
             the kernel says of it, of a waiting run the difference that {} make. The log \
             alone takes the same appends, as many side by side, each after the commit of the one \
             before, without the engine. Growth is the \
             time from the first start to the last end, divided by the runs; for 100 and 1,000 the \
             median of several. The targets run in virtual time, ten seconds each, so that what is \
             in flight at an instant is exact.",
            thousands(WAITING)
        ),
        figures,
    })
}

/// Does a run cost more when there were many before it?
fn growth(example: &Example) -> Result<Vec<Figure>> {
    let mut costs = Vec::new();
    for (runs, times) in GROWTH {
        let mut taken = Vec::new();
        for _ in 0..times {
            let told = example.json(&["disk", &runs.to_string()])?;
            taken.push(number(&told, "seconds")? * 1e6 / runs as f64);
        }
        costs.push((runs, median(taken)));
    }
    let dearest = costs.iter().map(|(_, cost)| *cost).fold(0.0, f64::max);
    let mut figures: Vec<_> = costs
        .iter()
        .map(|(runs, cost)| {
            let bar = "█".repeat((cost / dearest * 20.0).round() as usize);
            Figure::noted(format!("{} runs", thousands(*runs)), format!("{cost:.0} µs a run {bar}"))
        })
        .collect();
    let of = |wanted: usize| costs.iter().find(|(runs, _)| *runs == wanted).map(|(_, cost)| *cost);
    let most = GROWTH[GROWTH.len() - 1].0;
    let growth = of(most).zip(of(1_000)).map(|(most, few)| most / few).context("no costs")?;
    let what = format!("cost of a run, {} against 1,000", thousands(most));
    figures.push(Figure::at_most(what, growth, FLAT, ""));
    Ok(figures)
}

/// The cost of a script beside its own work.
pub(super) fn scripts() -> Result<Section> {
    python::ensure_venv()?;
    let (package, name) = SCRIPT_OVERHEAD;
    let example = Example::build(package, None, name)?;
    let told = example.json(&[&SCRIPTS.to_string()])?;
    let mut figures = Vec::new();
    for script in told.as_array().context("scripts are a list")? {
        let what = script["what"].as_str().context("a script has a name")?;
        let at = |name: &str| number(script, name);
        figures.push(if script["limited"] == true {
            Figure::at_most(format!("{what}: median"), at("p50")?, SCRIPT_MS, "ms")
        } else {
            Figure::noted(format!("{what}: median"), format!("{:.1} ms", at("p50")?))
        });
        let rest = format!("{:.1} ms, {:.1} ms", at("p90")?, at("p99")?);
        figures.push(Figure::noted(format!("{what}: 90th, 99th percentile"), rest));
    }
    Ok(Section {
        title: "Scripts",
        how: format!(
            "`aws:executeScript`'s Python from the request to its answer, {SCRIPTS} times one after \
             the other, the workers warm. The first script does nothing: what it takes is what the \
             engine adds. The others show what a script's own imports add to that."
        ),
        figures,
    })
}

/// A program that measures.
pub(super) struct Example {
    pub(super) binary: PathBuf,
}

impl Example {
    fn build(package: &str, feature: Option<&str>, name: &str) -> Result<Self> {
        let mut what = vec!["--example", name];
        what.extend(feature.iter().flat_map(|feature| ["--features", feature]));
        Ok(Self { binary: build::speed(package, &what)?.join("examples").join(name) })
    }

    /// Runs the program and parses its output.
    pub(super) fn json(&self, arguments: &[&str]) -> Result<Value> {
        let name = self.binary.display();
        let output = Command::new(&self.binary)
            .args(arguments)
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("run {name}"))?;
        ensure!(output.status.success(), "{name} {arguments:?}: {}", output.status);
        serde_json::from_slice(&output.stdout).with_context(|| format!("{name} {arguments:?}"))
    }
}

pub(super) fn number(report: &Value, name: &str) -> Result<f64> {
    report[name].as_f64().with_context(|| format!("{report} has no {name}"))
}

/// With commas, as the page has it.
pub(super) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_that_measure_are_where_they_are_said_to_be() {
        for (package, name) in [THROUGHPUT, SCRIPT_OVERHEAD] {
            let folder = harness::root().join("local").join(package);
            let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
            assert!(manifest.contains(&format!("name = \"{package}\"\n")), "{package}");
            assert!(folder.join(format!("examples/{name}.rs")).is_file(), "{name}");
        }
    }

    #[test]
    fn thousands_have_commas() {
        assert_eq!([100, 1_000, 100_000].map(thousands), ["100", "1,000", "100,000"]);
    }
}
