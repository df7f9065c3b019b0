//! The project's Python: `.venv`, made once from the hash-locked `tools/requirements.txt`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use crate::root;

/// The interpreter of `.venv`, made or brought up to date first. Offline once it is made.
///
/// # Errors
/// When there is no Python 3.11 or newer, or the packages cannot be installed.
pub fn ensure_venv() -> Result<PathBuf> {
    ensure(".venv", "tools/requirements.txt")
}

/// The interpreter of a virtual environment made from a hash-locked file, both named from the
/// project's root.
///
/// # Errors
/// As [`ensure_venv`].
pub fn ensure(venv: &str, requirements: &str) -> Result<PathBuf> {
    let (name, venv) = (venv, root().join(venv));
    let python = venv.join("bin/python");
    let file = requirements;
    let requirements = root().join(requirements);
    let locked = std::fs::read(&requirements).with_context(|| format!("read {file}"))?;
    let stamp = format!("{:x}", HexDigest(&Sha256::digest(&locked)));
    let stamp_file = venv.join("relay-requirements.sha256");
    if python.exists() && std::fs::read_to_string(&stamp_file).is_ok_and(|made| made == stamp) {
        return Ok(python);
    }
    let system = system_python()?;
    eprintln!("installing the Python packages of {file} into {name} (once, about a minute)");
    run(Command::new(system).args(["-m", "venv", "--clear"]).arg(&venv))?;
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(["--require-hashes", "--no-deps", "-r"])
        .arg(&requirements))?;
    std::fs::write(stamp_file, stamp)?;
    Ok(python)
}

fn system_python() -> Result<&'static str> {
    let check = "import sys; sys.exit(sys.version_info < (3, 11))";
    for candidate in ["python3", "python3.13", "python3.12", "python3.11"] {
        let found = Command::new(candidate).args(["-c", check]).output();
        if found.is_ok_and(|output| output.status.success()) {
            return Ok(candidate);
        }
    }
    bail!("no Python 3.11 or newer was found: install it, then run this again")
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("run {command:?}"))?;
    ensure!(status.success(), "{command:?} failed: {status}");
    Ok(())
}

/// A program of `.venv/bin`.
pub fn tool(python: &Path, name: &str) -> PathBuf {
    python.with_file_name(name)
}

struct HexDigest<'a>(&'a [u8]);

impl std::fmt::LowerHex for HexDigest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
