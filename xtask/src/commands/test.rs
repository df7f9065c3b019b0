//! `cargo xtask test`: every check and test, in the order of what fails fastest.

use std::fs::File;
use std::io::Seek;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use harness::local::{Local, Options};
use harness::{build, python, root};

const TESTS: [&str; 3] = ["--workspace", "--features", build::END_TO_END];

/// The test programs in two groups, by the first letters of their names. They run side by side, since a program mostly waits
/// for the processes of its local AWS, and take about the same time.
const GROUPS: [&[&str]; 2] = [&["--lib", "--bins", "--test", "[a-l]*"], &["--test", "[!a-l]*"]];

/// Runs everything; a failing step does not hide the later ones.
pub(crate) async fn run() -> Result<()> {
    let mut report = Report { passed: 0, failed: Vec::new(), step_began: Instant::now() };
    let python = python::ensure_venv()?;
    // Two minutes of one processor, which Cargo does not always use.
    let checkers = Beside::start(&mut pytest(&python, "tools", &[]));
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
    report.step("build", build::build_dev());
    report.step("rules", rules());
    // Twice the same selection: first with cargo's progress, then with the tests' own.
    report.step("build the tests", cargo(&[["test", "--no-run"].as_slice(), &TESTS].concat()));
    report.step("the checkers themselves", checkers.and_then(Beside::finish));
    report.step("unit, contract and end-to-end tests", tests());
    report.step("AWS clients", aws_clients(&python).await);
    report.close()
}

struct Report {
    passed: usize,
    failed: Vec<&'static str>,
    step_began: Instant,
}

impl Report {
    fn step(&mut self, name: &'static str, result: Result<()>) {
        let seconds = self.step_began.elapsed().as_secs();
        match result {
            Ok(()) => {
                self.passed += 1;
                println!("✓ {name} ({seconds} s)\n");
            }
            Err(error) => {
                self.failed.push(name);
                println!("✗ {name} ({seconds} s): {error:#}\n");
            }
        }
        self.step_began = Instant::now();
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
    status(build::cargo().args(arguments))
}

/// A command that runs beside others. Its output follows when they are done.
struct Beside {
    child: Child,
    output: File,
}

impl Beside {
    fn start(command: &mut Command) -> Result<Self> {
        let output = tempfile::tempfile().context("make a file for the output of tests")?;
        command.current_dir(root()).stdout(output.try_clone()?).stderr(output.try_clone()?);
        let child = command.spawn().with_context(|| format!("{command:?}"))?;
        Ok(Self { child, output })
    }

    fn finish(mut self) -> Result<()> {
        let status = self.child.wait()?;
        self.output.rewind()?;
        std::io::copy(&mut self.output, &mut std::io::stdout())?;
        if status.success() { Ok(()) } else { bail!("{status}") }
    }
}

/// The tests with AWS's clients, on a gateway of their own. Not beside the others: some of both are about times.
async fn aws_clients(python: &Path) -> Result<()> {
    let local = Local::start(&Options::default()).await?;
    let tested = status(&mut pytest(python, "tests/aws", &[("RELAY_ENDPOINT", &local.endpoint)]));
    local.stop().await?;
    tested
}

/// Every test program, in two groups.
fn tests() -> Result<()> {
    let [mut first, mut second] = GROUPS.map(|group| {
        let arguments = [["test", "--quiet", "--no-fail-fast"].as_slice(), &TESTS, group].concat();
        println!("── cargo {}", arguments.join(" "));
        let mut command = build::cargo();
        command.args(arguments);
        command
    });
    let second = Beside::start(&mut second)?;
    let first = status(&mut first);
    second.finish().and(first)
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

/// pytest over a folder. Of `tests/aws`: boto3, and every response held against botocore's service model.
fn pytest(python: &Path, folder: &str, environment: &[(&str, &str)]) -> Command {
    println!("── pytest {folder}");
    let mut command = Command::new(python);
    command.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", folder]);
    command.envs(environment.iter().copied());
    command
}

fn status(command: &mut Command) -> Result<()> {
    let status = command.current_dir(root()).status().with_context(|| format!("{command:?}"))?;
    if status.success() { Ok(()) } else { bail!("{status}") }
}
