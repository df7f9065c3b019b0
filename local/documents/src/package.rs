//! The rules for the content of a Package document: Distributor's manifest.
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/distributor-working-with-packages-create.html>

use serde_json::{Map, Value};

/// Says what a manifest lacks: its three properties, and every file that it installs.
pub(crate) fn check(manifest: &Map<String, Value>) -> Result<(), String> {
    let has = |name: &str| match manifest.get(name) {
        Some(Value::String(text)) => name == "version" && !text.is_empty(),
        Some(Value::Object(map)) => name != "version" && !map.is_empty(),
        _ => false,
    };
    if let Some(lacking) = ["version", "packages", "files"].into_iter().find(|name| !has(name)) {
        return Err(format!("The manifest of a Package document needs {lacking}."));
    }
    let files = &manifest["files"];
    match installed(&manifest["packages"]).into_iter().find(|file| files.get(file).is_none()) {
        Some(file) => Err(format!("The packages of the manifest name {file}, its files do not.")),
        None => Ok(()),
    }
}

/// The files of every platform, release and architecture.
fn installed(packages: &Value) -> Vec<&str> {
    members(packages)
        .flat_map(members)
        .flat_map(members)
        .filter_map(|architecture| architecture["file"].as_str())
        .collect()
}

fn members(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_object().into_iter().flatten().map(|(_, member)| member)
}
