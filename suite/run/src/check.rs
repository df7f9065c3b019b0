//! Checks of the way to run a runbook that no schema can express.

use relay_core::place::{field, item};
use relay_core::problem::ProblemCode;
use relay_core::read::Problems;
use serde_json::Value;

/// Checks the rungs of `ladder`.
pub fn ladder(read: &Value, problems: &mut Problems<'_>) {
    for (index, rung) in read["ladder"].as_array().into_iter().flatten().enumerate() {
        approval(&rung["approval"], &field(&item("ladder", index), "approval"), problems);
    }
}

/// Checks an approval: as many must approve as there are approvers at most.
pub(crate) fn approval(read: &Value, path: &str, problems: &mut Problems<'_>) {
    let Some(approvers) = read["approvers"].as_array() else { return };
    let minimum = read["minimum"].as_u64().and_then(|minimum| usize::try_from(minimum).ok());
    if let Some(minimum) = minimum.filter(|minimum| *minimum > approvers.len().max(1)) {
        let most = approvers.len();
        let what = format!("expected at most {most}, found {minimum}");
        let hint = "No more can approve than there are approvers.".to_owned();
        problems.report(ProblemCode::InvalidField, &field(path, "minimum"), what, Some(hint));
    }
}

/// Checks `run`.
pub fn options(read: &Value, problems: &mut Problems<'_>) {
    let targets = &read["run"]["targets"];
    if targets.get("key").is_some() && targets.get("resourceGroup").is_some() {
        let what = "found `key` and `resourceGroup`, which exclude each other".to_owned();
        problems.report(ProblemCode::InvalidField, "run.targets", what, None);
    }
    let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
    for (key, value) in read["run"]["tags"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        // One of the suite's own keys begins with the installation's id, which rules do not know.
        let reserved =
            key.starts_with("aws:") || key.ends_with(":execution") || key.ends_with(":token");
        let fits = (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256;
        if reserved || !fits || !key.chars().chain(value.chars()).all(allowed) {
            let what = format!("invalid tag `{key}`");
            let hint = "Use letters, digits and _.:/=+-@, up to 128 characters for the key and \
                        256 for the value; keys that begin with aws: or end with :execution or \
                        :token are reserved."
                .to_owned();
            let path = field("run.tags", key);
            problems.report(ProblemCode::InvalidField, &path, what, Some(hint));
        }
    }
}
