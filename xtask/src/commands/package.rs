//! `cargo xtask package`: the functions as they are deployed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use harness::{build, python, root};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Build for x86_64 instead of arm64; deploy with the template's parameter Architecture=x86_64
    #[arg(long = "x86_64", alias = "x86-64")]
    x86_64: bool,
    /// Add the local AWS and `relay`, for machines of the same architecture without Rust: `dist/bin/relay local`
    #[arg(long)]
    with_local: bool,
}

/// The programs of a local AWS, and `relay`.
const PROGRAMS: [&str; 3] = ["relay", "xtask", "gateway"];

/// The machine of a function.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Architecture {
    /// AWS Graviton, the template's default.
    Arm64,
    /// Intel and AMD, with `Architecture=x86_64`.
    X86_64,
}

impl Architecture {
    /// That of the machine this runs on.
    pub(crate) fn host() -> Result<Self> {
        match std::env::consts::ARCH {
            "aarch64" => Ok(Self::Arm64),
            "x86_64" => Ok(Self::X86_64),
            other => anyhow::bail!("Lambda has no functions for {other}"),
        }
    }

    fn triple(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86_64 => "x86_64-unknown-linux-gnu",
        }
    }

    fn flag(self) -> &'static str {
        match self {
            Self::Arm64 => "--arm64",
            Self::X86_64 => "--x86-64",
        }
    }
}

/// Builds every function into `target/lambda/<function>/bootstrap`, where the template's `CodeUri`
/// finds it, says how large each is, and makes `dist/`: the same without the checkout.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let architecture = if arguments.x86_64 { Architecture::X86_64 } else { Architecture::Arm64 };
    if arguments.with_local {
        let host = Architecture::host()?;
        ensure!(
            host == architecture,
            "the functions of a local AWS run on this machine: package for it with {}",
            if host == Architecture::X86_64 { "--x86_64" } else { "no --x86_64" }
        );
    }
    let folder = root().join("target/lambda");
    let functions = build::function_names()?;
    binaries(architecture, &functions, &[], &folder)?;
    for name in &functions {
        let binary = bootstrap(&folder, name)?;
        alone(&binary)?;
        println!("{:>6.1} MB  {name}", binary.metadata()?.len() as f64 / 1e6);
    }
    let python = python::ensure(".venv-package", "tools/requirements-package.txt")?;
    let dist = root().join("dist");
    let mut make = Command::new(python);
    make.current_dir(root()).args([Path::new("tools/distribution.py"), &folder, &dist]);
    if arguments.with_local {
        make.arg(programs()?);
    }
    let made = make.status();
    let made = made.context("run tools/distribution.py")?;
    ensure!(made.success(), "tools/distribution.py: {made}");
    println!("dist/ deploys from anywhere: docs/deploy.md");
    if arguments.with_local {
        println!("dist/bin/relay local starts a local AWS from anywhere: docs/local.md");
    }
    Ok(())
}

/// Builds the programs of a local AWS, optimised; the folder they are in.
fn programs() -> Result<PathBuf> {
    let mut command = build::cargo();
    command.args(["build", "--release", "--locked", "--workspace"]);
    for program in PROGRAMS {
        command.args(["--bin", program]);
    }
    let status = command.status().context("run cargo build")?;
    ensure!(status.success(), "cargo build: {status}");
    Ok(build::target_dir().join("release"))
}

/// Builds the binaries of packages with `cargo lambda` as it is locked: optimised, against Amazon
/// Linux 2023's C library. Each comes to lie where [`bootstrap`] finds it.
pub(crate) fn binaries(
    architecture: Architecture,
    packages: &[String],
    features: &[&str],
    folder: &Path,
) -> Result<()> {
    ensure_target(architecture)?;
    let python = python::ensure(".venv-package", "tools/requirements-package.txt")?;
    let tools = python.parent().context("the interpreter has a folder")?;
    // cargo-lambda looks for zig, and for the Python that has it, on the path.
    let path = std::env::join_paths(
        std::iter::once(tools.to_owned()).chain(std::env::split_paths(&super::environment("PATH"))),
    )?;
    let mut command = Command::new(python::tool(&python, "cargo-lambda"));
    command
        .current_dir(root())
        .env("PATH", path)
        .args(["lambda", "build", "--release", "--locked", architecture.flag()])
        // Its defaults would have panics abort: the functions answer them with a named error. The
        // profile in Cargo.toml is what counts.
        .arg("--disable-optimizations")
        .args(["--output-format", "binary", "--lambda-dir"])
        .arg(folder);
    // By package: only what these use decides over the features of what they share.
    for name in packages {
        command.args(["--package", name]);
    }
    for name in features {
        command.args(["--features", name]);
    }
    let status = command.status().context("run cargo lambda build")?;
    ensure!(status.success(), "cargo lambda build: {status}");
    Ok(())
}

/// A binary that [`binaries`] built.
pub(crate) fn bootstrap(folder: &Path, name: &str) -> Result<PathBuf> {
    let file = folder.join(name).join("bootstrap");
    ensure!(file.is_file(), "{} was not built", file.display());
    Ok(file)
}

/// Cargo cannot compile for a target whose standard library is missing; it would say so once for
/// every crate.
fn ensure_target(architecture: Architecture) -> Result<()> {
    let triple = architecture.triple();
    let asked = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", triple])
        .current_dir(root())
        .output()
        .context("run rustc")?;
    let folder = PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim());
    let other = match architecture {
        Architecture::Arm64 => {
            "; or build for x86_64 with `cargo xtask package --x86_64` and deploy with the \
             template's parameter Architecture=x86_64"
        }
        Architecture::X86_64 => "",
    };
    ensure!(
        asked.status.success() && folder.is_dir(),
        "Rust's target {triple} is not installed: `rustup target add {triple}`{other}"
    );
    Ok(())
}

/// Removes what else lies beside a function's binary: it would be deployed with it.
fn alone(binary: &Path) -> Result<()> {
    let folder = binary.parent().context("a binary has a folder")?;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path != binary {
            std::fs::remove_file(&path).with_context(|| format!("remove {}", path.display()))?;
        }
    }
    Ok(())
}
