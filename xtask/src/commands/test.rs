//! `cargo xtask test`: every check and test, in the order of what fails fastest.

use std::io::Seek;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use harness::local::{Local, Options};
use harness::{build, python, root};

/// The features of the tests that need Python and the built programs.
const END_TO_END: &str = "tests/end-to-end,gateway/end-to-end,workers/end-to-end";

const TESTS: [&str; 3] = ["--workspace", "--features", END_TO_END];

/// The test programs in two groups, by the first letters of their names. They run side by side, since a program mostly waits
/// for the processes of its local AWS, and take about the same time.
const GROUPS: [&[&str]; 2] = [&["--lib", "--bins", "--test", "[a-l]*"], &["--test", "[!a-l]*"]];

/// Runs everything; a failing step does not hide the later ones.
pub(crate) async fn run() -> Result<()> {
    let python = python::ensure_venv()?;
    let mut report = Report::default();
    report.step("format", cargo(&["fmt", "--all", "--check"]));
    report.step(
        "clippy",
        cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--",
            "--deny",
            "warnings",
        ]),
    );
    report.step("state machines", checker(&python, "check_statemachines.py"));
    report.step("templates", checker(&python, "check_templates.py"));
    report.step("checkov", checkov(&python));
    report.step("permissions", checker(&python, "check_permissions.py"));
    report.step("permissions in use", checker(&python, "check_uses.py"));
    report.step("words", checker(&python, "check_words.py"));
    report.step("spelling", spelling(&python));
    report.step("the checkers themselves", pytest(&python, "tools", &[]));
    report.step("build", build::build_dev());
    report.step("rules", rules());
    // Twice the same selection: first with cargo's progress, then with the tests' own.
    report.step("build the tests", cargo(&[["test", "--no-run"].as_slice(), &TESTS].concat()));
    report.step("unit, contract and end-to-end tests", tests());
    report.step("AWS clients", aws_clients(&python).await);
    report.close()
}

#[derive(Default)]
struct Report {
    passed: usize,
    failed: Vec<&'static str>,
}

impl Report {
    fn step(&mut self, name: &'static str, result: Result<()>) {
        match result {
            Ok(()) => {
                self.passed += 1;
                println!("✓ {name}\n");
            }
            Err(error) => {
                self.failed.push(name);
                println!("✗ {name}: {error:#}\n");
            }
        }
    }

    fn close(self) -> Result<()> {
        println!("steps: {} passed, {} failed", self.passed, self.failed.len());
        if self.failed.is_empty() {
            return Ok(());
        }
        bail!("failed: {}", self.failed.join(", "))
    }
}

fn cargo(arguments: &[&str]) -> Result<()> {
    println!("── cargo {}", arguments.join(" "));
    status(Command::new("cargo").args(arguments))
}

/// Every test program. What the second group says follows when both are done.
fn tests() -> Result<()> {
    let mut said = tempfile::tempfile().context("make a file for the output of tests")?;
    let [mut first, mut second] = GROUPS.map(|group| {
        let arguments = [["test", "--quiet", "--no-fail-fast"].as_slice(), &TESTS, group].concat();
        println!("── cargo {}", arguments.join(" "));
        let mut command = Command::new("cargo");
        command.current_dir(root()).args(arguments);
        command
    });
    let mut beside = second.stdout(said.try_clone()?).stderr(said.try_clone()?).spawn()?;
    let first = status(&mut first);
    let second = beside.wait()?;
    said.rewind()?;
    std::io::copy(&mut said, &mut std::io::stdout())?;
    first?;
    if second.success() { Ok(()) } else { bail!("{second}") }
}

fn checker(python: &Path, name: &str) -> Result<()> {
    println!("── tools/{name}");
    status(Command::new(python).arg(root().join("tools").join(name)))
}

/// checkov, in an environment of its own, with the reasons of `tools/checkov.yaml`.
fn checkov(python: &Path) -> Result<()> {
    println!("── checkov");
    let its_own = python::ensure(".venv-checkov", "tools/requirements-checkov.txt")?;
    let mut command = Command::new(python);
    command.arg(root().join("tools/check_checkov.py")).arg(python::tool(&its_own, "checkov"));
    status(&mut command)
}

/// `typos`, with the exceptions of `_typos.toml`.
fn spelling(python: &Path) -> Result<()> {
    println!("── typos");
    status(&mut Command::new(python::tool(python, "typos")))
}

/// The shipped rules must be valid as a set.
fn rules() -> Result<()> {
    println!("── relay rules lint rules");
    status(Command::new(build::binary("relay")).args(["rules", "lint", "rules"]))
}

/// boto3 against a gateway of its own: every response against botocore's service model.
async fn aws_clients(python: &Path) -> Result<()> {
    let local = Local::start(&Options::default()).await?;
    let tested = pytest(python, "tests/aws", &[("RELAY_ENDPOINT", &local.endpoint)]);
    local.stop().await?;
    tested
}

fn pytest(python: &Path, folder: &str, environment: &[(&str, &str)]) -> Result<()> {
    println!("── pytest {folder}");
    let mut command = Command::new(python);
    command.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", folder]);
    status(command.envs(environment.iter().copied()))
}

fn status(command: &mut Command) -> Result<()> {
    let status = command.current_dir(root()).status().with_context(|| format!("{command:?}"))?;
    if status.success() { Ok(()) } else { bail!("{status}") }
}
