//! The folder that `cargo xtask package --with-local` makes: everything that a local AWS needs, without a checkout and without Rust.
//! Files are at the same paths as in a checkout; programs are in `bin/`, functions as archives in `functions/`.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Result, ensure};

/// A file that a bundle has, and a folder of Cargo's does not.
const EMULATOR: &str = "local/gateway/emulator/relay_emulator.py";

/// The bundle that the running program belongs to; `None` in a checkout.
pub(crate) fn own() -> Option<&'static Path> {
    static OWN: OnceLock<Option<PathBuf>> = OnceLock::new();
    OWN.get_or_init(|| of(&std::env::current_exe().ok()?)).as_deref()
}

/// The bundle that a program belongs to.
fn of(program: &Path) -> Option<PathBuf> {
    let bin = program.parent().filter(|folder| folder.ends_with("bin"))?;
    let bundle = bin.parent()?;
    bundle.join(EMULATOR).is_file().then(|| bundle.to_owned())
}

/// Ensures that a bundle has what a local AWS is started from.
///
/// # Errors
/// With the first file that is missing.
pub(crate) fn demand_complete(bundle: &Path) -> Result<()> {
    for file in ["bin/gateway", "template.yaml", "tools/requirements.txt"] {
        let file = bundle.join(file);
        ensure!(file.is_file(), "{} is missing: unpack the package again, whole", file.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_in_bin_beside_the_emulator_belongs_to_a_bundle_and_one_of_cargos_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let bundle = folder.path();
        let file = |path: &str| {
            let file = bundle.join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "").unwrap();
        };
        let program = bundle.join("bin/xtask");
        assert_eq!(of(&program), None, "nothing is beside it");
        file(EMULATOR);
        assert_eq!(of(&program).as_deref(), Some(bundle));
        assert_eq!(of(&bundle.join("target/debug/xtask")), None);
        assert_eq!(of(&bundle.join("xtask")), None);

        let missing = demand_complete(bundle).unwrap_err().to_string();
        assert!(missing.contains("bin/gateway is missing"), "{missing}");
        ["bin/gateway", "template.yaml", "tools/requirements.txt"].into_iter().for_each(file);
        demand_complete(bundle).unwrap();
    }
}
