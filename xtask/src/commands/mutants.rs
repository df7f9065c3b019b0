//! `cargo xtask mutants`: how much the tests of the suite's heart hold. Not part of the checks, because it takes an hour.
//!
//! cargo-mutants changes one place after the other and runs the crate's own tests; `.cargo/mutants.toml` says where.
//! A change that no test notices is a survivor. It needs a test, or a reason in `tools/mutants.yaml`.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread::available_parallelism;

use anyhow::{Context, Result, bail, ensure};
use harness::{build, root};
use serde::Deserialize;

/// Another version changes other places, and `tools/mutants.yaml` lists what this one leaves.
const VERSION: &str = "27.1.0";

/// The survivors that stay, with their reasons.
const LISTED: &str = "tools/mutants.yaml";

/// The least that is caught, in percent of the mutants that compile.
const LEAST_CAUGHT: usize = 95;

/// Property tests try the same cases every time, so that the list stays right, keep no case for the next mutant, and do
/// not look for the smallest case that fails: one that fails is enough. They try a quarter of the usual number: a mutant
/// that these catch is caught by all, and a mutant that only the others would catch is missed here rather than not there.
const REPRODUCIBLE: [(&str, &str); 4] = [
    ("PROPTEST_RNG_SEED", "1"),
    ("PROPTEST_CASES", "64"),
    ("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1"),
    ("PROPTEST_MAX_SHRINK_ITERS", "0"),
];

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many mutants are tested at once, each in a target folder of its own [default: half of the processors]
    #[arg(long)]
    jobs: Option<usize>,
}

/// Runs every mutant and compares the survivors with the listed ones.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    ensure_installed()?;
    let processors = available_parallelism().map_or(1, usize::from);
    let jobs = arguments.jobs.unwrap_or(processors / 2).max(1);
    let folder = root().join("target");
    let status = build::cargo()
        .arg("mutants")
        .args(["--package", "relay-core", "--package", "sharing", "--package", "remediation"])
        .args(["--jobs", &jobs.to_string(), "--output"])
        .arg(&folder)
        .envs(REPRODUCIBLE)
        .status()
        .context("run cargo mutants")?;
    // 2 and 3: there are survivors, or mutants that ran into the time limit. The list decides about those.
    ensure!(matches!(status.code(), Some(0 | 2 | 3)), "cargo mutants: {status}");
    let tally = Tally::read(&text(&folder.join("mutants.out/outcomes.json"))?)?;
    let objections = tally.objections(&listed(&text(&root().join(LISTED))?)?);
    println!("\n{}", tally.summary());
    for objection in &objections {
        println!("✗ {objection}");
    }
    ensure!(objections.is_empty(), "the tests do not hold what {LISTED} says");
    Ok(())
}

fn ensure_installed() -> Result<()> {
    let asked = build::cargo().args(["mutants", "--version"]).output();
    let found = asked.context("run cargo mutants --version")?;
    let install = format!("install it: `cargo install cargo-mutants --version {VERSION} --locked`");
    if !found.status.success() {
        bail!("cargo-mutants was not found; {install}");
    }
    let found = String::from_utf8_lossy(&found.stdout);
    ensure!(
        found.split_whitespace().any(|word| word == VERSION),
        "expected cargo-mutants {VERSION}, found {}; {install}",
        found.trim()
    );
    Ok(())
}

fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}

/// A mutant that survives, and why it stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Survivor {
    /// As cargo-mutants names it, without line and column: `<file>: <change>`.
    mutant: String,
    reason: String,
}

fn listed(text: &str) -> Result<Vec<Survivor>> {
    let listed: Vec<Survivor> =
        serde_saphyr::from_str(text).with_context(|| format!("read {LISTED}"))?;
    for Survivor { mutant, reason } in &listed {
        ensure!(!reason.trim().is_empty(), "{LISTED} has no reason for `{mutant}`");
    }
    Ok(listed)
}

/// The content of cargo-mutants' `outcomes.json`, as far as it is needed.
#[derive(Deserialize)]
struct Outcomes {
    outcomes: Vec<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    scenario: Scenario,
    summary: Summary,
}

#[derive(Deserialize)]
enum Scenario {
    /// The tests without any change.
    Baseline,
    Mutant {
        /// `<file>:<line>:<column>: <change>`.
        name: String,
    },
}

#[derive(Deserialize)]
enum Summary {
    Success,
    CaughtMutant,
    MissedMutant,
    Unviable,
    Failure,
    Timeout,
}

/// How many mutants ended in which way.
#[derive(Debug, Default, PartialEq)]
struct Tally {
    caught: usize,
    /// By their names in `outcomes.json`.
    missed: Vec<String>,
    /// They do not compile.
    unviable: usize,
    /// The tests did not end. They count as caught: such a mutant does not go unnoticed.
    timeouts: usize,
}

impl Tally {
    fn read(outcomes: &str) -> Result<Self> {
        let read: Outcomes = serde_json::from_str(outcomes).context("read outcomes.json")?;
        let mut tally = Self::default();
        for Outcome { scenario, summary } in read.outcomes {
            let Scenario::Mutant { name } = scenario else { continue };
            match summary {
                Summary::CaughtMutant => tally.caught += 1,
                Summary::MissedMutant => tally.missed.push(name),
                Summary::Unviable => tally.unviable += 1,
                Summary::Timeout => tally.timeouts += 1,
                Summary::Success | Summary::Failure => bail!("{name} has no result"),
            }
        }
        Ok(tally)
    }

    fn noticed(&self) -> usize {
        self.caught + self.timeouts
    }

    fn viable(&self) -> usize {
        self.noticed() + self.missed.len()
    }

    fn summary(&self) -> String {
        let Self { caught, missed, unviable, timeouts } = self;
        let percent = 100.0 * self.noticed() as f64 / self.viable() as f64;
        let missed = missed.len();
        format!(
            "mutants: {caught} caught, {timeouts} timeouts, {missed} missed, {unviable} unviable: {percent:.1} % of {} \
             viable ones are caught",
            self.viable()
        )
    }

    /// Why the tests hold less, or more, than the list says.
    fn objections(&self, listed: &[Survivor]) -> Vec<String> {
        let mut objections = Vec::new();
        if self.noticed() * 100 < LEAST_CAUGHT * self.viable() || self.viable() == 0 {
            objections.push(format!("expected at least {LEAST_CAUGHT} % to be caught"));
        }
        // Two changes of one function may have the same name: each needs an entry of its own.
        let mut stay: BTreeMap<&str, usize> = BTreeMap::new();
        for Survivor { mutant, .. } in listed {
            *stay.entry(mutant).or_default() += 1;
        }
        for name in &self.missed {
            match stay.get_mut(without_position(name).as_str()).filter(|left| **left > 0) {
                Some(left) => *left -= 1,
                None => objections
                    .push(format!("{name} survives: write a test, or a reason into {LISTED}")),
            }
        }
        for (mutant, left) in stay.into_iter().filter(|(_, left)| *left > 0) {
            objections.push(format!(
                "{mutant} does not survive: remove it from {LISTED} ({left} too many)"
            ));
        }
        objections
    }
}

/// The name of a mutant that stays the same when lines above it are added.
fn without_position(name: &str) -> String {
    let Some((place, change)) = name.split_once(": ") else { return name.to_owned() };
    let file = place.rsplitn(3, ':').nth(2).unwrap_or(place);
    format!("{file}: {change}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As cargo-mutants 27.1.0 writes it, without what is not read.
    fn outcomes(mutants: &[(&str, &str)]) -> String {
        let mutants = mutants.iter().map(|(name, summary)| {
            serde_json::json!({
                "scenario": {"Mutant": {"name": name, "package": "sharing"}},
                "summary": summary,
                "log_path": "log/a.log",
                "phase_results": []
            })
        });
        let baseline = serde_json::json!({"scenario": "Baseline", "summary": "Success"});
        let all: Vec<_> = std::iter::once(baseline).chain(mutants).collect();
        serde_json::json!({"outcomes": all, "total_mutants": all.len() - 1}).to_string()
    }

    fn tally(caught: usize, missed: &[&str]) -> Tally {
        let missed = missed.iter().map(ToString::to_string).collect();
        Tally { caught, missed, ..Tally::default() }
    }

    const AT_LEAST: &str = "a/b.rs: replace > with >= in room";

    fn one() -> Vec<Survivor> {
        listed(&format!("- mutant: '{AT_LEAST}'\n  reason: Both lead to the same.\n")).unwrap()
    }

    #[test]
    fn every_mutant_of_a_run_is_counted_and_the_baseline_is_not() {
        let run = outcomes(&[
            ("a/b.rs:3:14: replace > with >= in room", "MissedMutant"),
            ("a/b.rs:3:14: replace > with < in room", "CaughtMutant"),
            ("a/b.rs:3:14: replace > with == in room", "CaughtMutant"),
            ("a/b.rs:9:5: replace room -> Room with Default::default()", "Unviable"),
            ("a/b.rs:9:5: replace room -> Room with loop", "Timeout"),
        ]);
        let tally = Tally::read(&run).unwrap();
        let missed = vec!["a/b.rs:3:14: replace > with >= in room".to_owned()];
        assert_eq!(tally, Tally { caught: 2, missed, unviable: 1, timeouts: 1 });
        assert_eq!(
            tally.summary(),
            "mutants: 2 caught, 1 timeouts, 1 missed, 1 unviable: 75.0 % of 4 viable ones are caught"
        );
        assert!(Tally::read(&outcomes(&[("a", "Failure")])).is_err(), "it has no result");
        assert!(Tally::read("{}").is_err());
    }

    #[test]
    fn a_listed_survivor_stays_wherever_its_line_is() {
        for at in ["3:14", "4000:1"] {
            let name = format!("a/b.rs:{at}: replace > with >= in room");
            assert_eq!(tally(99, &[&name]).objections(&one()), [""; 0]);
        }
    }

    #[test]
    fn a_survivor_that_is_not_listed_and_a_listed_one_that_is_caught_are_named() {
        let other = "a/b.rs:7:1: replace room -> bool with true";
        assert_eq!(
            tally(99, &[other]).objections(&one()),
            [
                format!("{other} survives: write a test, or a reason into tools/mutants.yaml"),
                format!(
                    "{AT_LEAST} does not survive: remove it from tools/mutants.yaml (1 too many)"
                ),
            ]
        );
    }

    #[test]
    fn two_survivors_of_one_name_need_two_entries() {
        let both =
            ["a/b.rs:3:14: replace > with >= in room", "a/b.rs:5:14: replace > with >= in room"];
        let objections = tally(99, &both).objections(&one());
        assert_eq!(objections.len(), 1, "{objections:?}");
        assert!(objections[0].starts_with(both[1]), "{objections:?}");
    }

    #[test]
    fn less_than_95_percent_is_refused_even_where_every_survivor_is_listed() {
        let survivor = "a/b.rs:3:14: replace > with >= in room";
        assert_eq!(tally(19, &[survivor]).objections(&one()), [""; 0], "19 of 20");
        let objections = tally(18, &[survivor]).objections(&one());
        assert_eq!(objections, ["expected at least 95 % to be caught"], "18 of 19");
        assert_eq!(tally(0, &[]).objections(&[]).len(), 1, "a run without mutants shows nothing");
    }

    #[test]
    fn every_listed_survivor_has_a_reason_and_a_file() {
        for Survivor { mutant, .. } in listed(&text(&root().join(LISTED)).unwrap()).unwrap() {
            let (file, _) = mutant.split_once(": ").unwrap();
            assert!(root().join(file).is_file(), "{mutant}");
        }
        assert!(listed("- mutant: a\n  reason: ' '\n").is_err());
        assert!(listed("- mutant: a\n").is_err());
    }
}
