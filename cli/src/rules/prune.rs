//! The checks that keep `--prune` from deleting rules by mistake.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use super::folder::{KINDS, RuleFile};
use crate::failure::Failure;

/// Refuses to delete all deployed rules of a kind: a folder that holds none of them is more often a
/// wrong path than a decision.
pub(super) fn allow(
    folder: &Path,
    files: &[RuleFile],
    present: &BTreeMap<String, String>,
) -> Result<()> {
    if folder.is_file() {
        let what =
            format!("{} is one file: --prune would delete every other rule", folder.display());
        return Err(Failure::new(what).help("Name the folder that holds all rules.").into());
    }
    for kind in KINDS {
        let deployed = present.keys().filter(|key| key.starts_with(&format!("{kind}/"))).count();
        if deployed == 0 || files.iter().any(|file| file.kind == kind) {
            continue;
        }
        let place = folder.join(kind);
        let what = format!(
            "{} has no rules: --prune would delete all {deployed} deployed ones of that kind",
            place.display()
        );
        let failure = Failure::new(what)
            .help("Check that this is the folder that was deployed.")
            .help("To delete them all: aws ssm delete-parameters --names NAME …");
        return Err(failure.into());
    }
    Ok(())
}
