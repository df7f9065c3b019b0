//! Builds the functions and the gateway and packs each function as Lambda wants it.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use zip::write::SimpleFileOptions;

use crate::{bundle, root};

/// The names of all functions: the folders of `functions/`.
///
/// # Errors
/// When the folder cannot be read.
pub fn function_names() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root().join("functions"))? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").exists() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Whether gateway and functions were built before.
#[must_use]
pub fn is_built() -> bool {
    binary("gateway").exists()
}

/// Builds gateway and functions, unoptimised: what demo, local and tests run. Cargo shows its
/// progress. A bundle has them.
///
/// # Errors
/// When something does not compile, or the bundle is not whole.
pub fn build_dev() -> Result<()> {
    if let Some(bundle) = bundle::own() {
        return bundle::demand_complete(bundle);
    }
    let status = dev_build().status().context("run cargo build")?;
    ensure!(status.success(), "the build failed");
    Ok(())
}

/// The same, and the program that runs is renewed: where its own sources have changed, the one that was just built takes its
/// place with the same arguments. A program that `cargo` did not start, as `relay local` does, may be older than they are.
///
/// # Errors
/// As [`build_dev`], and when the new one cannot be started.
pub fn build_dev_and_renew() -> Result<()> {
    let own = std::env::current_exe().context("find this program")?;
    let before = Made::of(&own);
    build_dev()?;
    if before == Made::of(&own) {
        return Ok(());
    }
    let mut renewed = Command::new(&own);
    let error = renewed.args(std::env::args_os().skip(1)).exec();
    Err(error).with_context(|| format!("start {}, which was just built", own.display()))
}

/// Which file a path leads to, and when it was written.
#[derive(Debug, PartialEq, Eq)]
struct Made(Option<(u64, i64, i64)>);

impl Made {
    fn of(path: &Path) -> Self {
        let meta = path.metadata().ok();
        Self(meta.map(|meta| (meta.ino(), meta.mtime(), meta.mtime_nsec())))
    }
}

/// The features of the tests that need Python and the built programs.
pub const END_TO_END: &str = "tests/end-to-end,gateway/end-to-end,workers/end-to-end";

/// The variables in which Cargo names the package of a program, as far as build scripts ask to be run again where
/// they differ: that of `ring` does.
const OF_THIS_PACKAGE: [&str; 7] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_PKG_NAME",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
];

/// Cargo as a shell starts it. Under `cargo run` and `cargo test` it would inherit the package of its caller, and compile
/// nearly everything again.
pub fn cargo() -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(root());
    for name in OF_THIS_PACKAGE {
        command.env_remove(name);
    }
    command
}

/// The whole workspace, as `cargo xtask` itself and the tests are built: another choice of packages or features would
/// compile everything again. A first build lasts for minutes, so Cargo shows what it does.
fn dev_build() -> Command {
    let mut command = cargo();
    command.args(["build", "--workspace", "--bins", "--features", END_TO_END]);
    command
}

/// Builds a package, or what `more` names of it, optimised for speed, and says where that lies.
///
/// # Errors
/// When the build fails.
pub fn speed(package: &str, more: &[&str]) -> Result<PathBuf> {
    let folder = target_dir();
    let mut command = cargo();
    command
        .args(["build", "--quiet", "--locked", "--profile", "speed", "--target-dir"])
        .arg(&folder)
        .args(["--package", package])
        .args(more);
    let status = command.status().context("run cargo build")?;
    ensure!(status.success(), "{package} does not build");
    Ok(folder.join("speed"))
}

/// A binary that [`build_dev`] built, or that the bundle has.
pub fn binary(name: &str) -> PathBuf {
    if let Some(bundle) = bundle::own() {
        return bundle.join("bin").join(name);
    }
    target_dir().join("debug").join(name)
}

/// Cargo's target folder, as this command itself was started from it.
pub fn target_dir() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    own.ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").exists())
        .map_or_else(|| root().join("target"), Path::to_path_buf)
}

/// A zip archive with the function's stripped binary as `bootstrap`, made anew only if the binary
/// changed. Stored, not deflated: it goes no further than this machine. That of a bundle is the one that is deployed.
///
/// # Errors
/// When the binary is missing or the archive cannot be written.
pub fn archive(name: &str) -> Result<PathBuf> {
    if let Some(bundle) = bundle::own() {
        return Ok(bundle.join("functions").join(format!("{name}.zip")));
    }
    // Another process has other names for what is not ready; another thread of this one waits.
    static PACKING: Mutex<()> = Mutex::new(());
    let _alone = PACKING.lock().unwrap_or_else(PoisonError::into_inner);
    let built = binary(name);
    let folder = target_dir().join("lambda").join(name);
    let archive = folder.join("bootstrap.zip");
    let modified = |path: &Path| path.metadata().and_then(|meta| meta.modified());
    let age = modified(&built).with_context(|| format!("{} is not built", built.display()))?;
    if modified(&archive).is_ok_and(|made| made > age) {
        return Ok(archive);
    }
    std::fs::create_dir_all(&folder)?;
    let stripped = folder.join(format!("bootstrap.{}", std::process::id()));
    std::fs::copy(&built, &stripped)?;
    // Without `strip` the archive is larger, not wrong.
    let _ = Command::new("strip").arg(&stripped).status();
    let bytes = std::fs::read(&stripped)?;
    std::fs::remove_file(&stripped)?;
    let partial = folder.join(format!("bootstrap.zip.{}", std::process::id()));
    let mut zip = zip::ZipWriter::new(File::create(&partial)?);
    let options = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .unix_permissions(0o755);
    zip.start_file("bootstrap", options)?;
    zip.write_all(&bytes)?;
    zip.finish()?;
    std::fs::rename(partial, &archive)?;
    Ok(archive)
}

/// Makes the folder that `cargo xtask package` makes, from the functions that [`build_dev`] built: what the commands of
/// docs/deploy.md deploy. Without what describes it: checksums, bill of materials, licences.
///
/// # Errors
/// When a function is not built, or the folder cannot be written.
pub fn distribution(folder: &Path) -> Result<()> {
    let lay_out = "import distribution, pathlib, sys; \
                   distribution.lay_out(distribution.ROOT, pathlib.Path(sys.argv[1]))";
    let made = Command::new(crate::python::ensure_venv()?)
        .env("PYTHONPATH", root().join("tools"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .args(["-c", lay_out])
        .arg(folder)
        .status();
    let made = made.context("run tools/distribution.py")?;
    ensure!(made.success(), "tools/distribution.py: {made}");
    for name in function_names()? {
        std::fs::copy(archive(&name)?, folder.join(format!("functions/{name}.zip")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_was_built_anew_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("xtask");
        assert_eq!(Made::of(&program), Made(None));
        std::fs::write(&program, "old").unwrap();
        let before = Made::of(&program);
        assert_eq!(Made::of(&program), before);
        // Cargo puts a new file in its place.
        std::fs::write(folder.path().join("new"), "new").unwrap();
        std::fs::rename(folder.path().join("new"), &program).unwrap();
        assert_ne!(Made::of(&program), before);
    }

    #[test]
    fn a_first_build_shows_cargos_progress() {
        let command = dev_build();
        let arguments: Vec<_> =
            command.get_args().map(|argument| argument.to_string_lossy()).collect();
        assert!(
            !arguments.iter().any(|argument| argument == "--quiet" || argument == "-q"),
            "{arguments:?}"
        );
        let silenced =
            command.get_envs().any(|(name, _)| name.to_string_lossy().starts_with("CARGO_TERM"));
        assert!(!silenced, "its progress is hidden by the environment");
    }
}
