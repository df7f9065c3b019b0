//! `cargo run -p corpus -- FOLDER`: runs every runbook of a folder and says what the engine made of them.
#![expect(clippy::print_stdout, reason = "a command line prints")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Parser;
use corpus::Models;

/// Runs a folder of runbooks on the engine, AWS stubbed with random well-typed answers
#[derive(Parser)]
struct Arguments {
    /// The folder; those below it belong to it
    folder: PathBuf,
    /// How often each runbook is run, each time with other answers
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// Say every refused document and every reason for which a run was not started
    #[arg(long)]
    verbose: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool> {
    let venv = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv");
    let models = Models::of_venv(&venv)?;
    let documents = corpus::documents(&arguments.folder)?;
    ensure!(!documents.is_empty(), "{} holds no Automation document", arguments.folder.display());
    let report = corpus::run(&documents, &models, arguments.seeds)?;
    if arguments.verbose {
        for refused in &report.refused {
            println!("refused {}: {}", refused.path.display(), refused.defect);
        }
        for (parameter, times) in &report.without_values {
            println!("no value, {times} times: {parameter}");
        }
        for (why, times) in &report.failures {
            println!("failed, {times} times: {why}");
        }
        for (why, times) in &report.not_started {
            println!("not started, {times} times: {why}");
        }
    }
    for (path, seed, objection) in &report.objections {
        println!("{} with seed {seed}: {objection}", path.display());
    }
    let (reached, steps) = report.steps();
    println!(
        "{} documents: {} accepted, {} refused; {} ran at least once",
        documents.len(),
        report.accepted,
        report.refused.len(),
        report.ran()
    );
    let ends = report.ended.iter().map(|(status, runs)| format!("{runs} {status}"));
    println!("{} runs ended: {}", report.runs(), ends.collect::<Vec<_>>().join(", "));
    println!(
        "{} runs had no values for their parameters, {} were not started",
        report.without_values.values().sum::<u64>(),
        report.not_started.values().sum::<u64>()
    );
    println!("{reached} of {steps} steps were reached in the longest runs");
    println!("{} objections", report.objections.len());
    Ok(report.objections.is_empty())
}
