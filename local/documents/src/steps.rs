//! The rules for the steps of a Command document. Automation's are the engine's language.

use serde_json::{Map, Value};

/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-command-ssm-plugin-reference.html>
const PLUGINS: [&str; 15] = [
    "aws:applications",
    "aws:cloudwatch",
    "aws:configuredocker",
    "aws:configurepackage",
    "aws:domainjoin",
    "aws:downloadcontent",
    "aws:psmodule",
    "aws:refreshassociation",
    "aws:rundockeraction",
    "aws:rundocument",
    "aws:runpowershellscript",
    "aws:runshellscript",
    "aws:softwareinventory",
    "aws:updateagent",
    "aws:updatessmagent",
];

/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html>
const TYPES: [&str; 6] = ["String", "StringList", "Integer", "Boolean", "MapList", "StringMap"];

/// Says what is wrong with a Command document's parameters and steps.
pub(crate) fn check(version: Option<&str>, root: &Map<String, Value>) -> Result<(), String> {
    for (name, definition) in
        root.get("parameters").and_then(Value::as_object).into_iter().flatten()
    {
        let kind = definition["type"].as_str().unwrap_or_default();
        if !TYPES.contains(&kind) {
            let known = TYPES.join(", ");
            return Err(format!("Parameter \"{name}\" has type {kind}. Expected one of {known}."));
        }
    }
    let steps = if version == Some("1.2") { "runtimeConfig" } else { "mainSteps" };
    root.get(steps).map_or(Ok(()), |steps| references(steps, root))?;
    if version == Some("1.2") {
        let plugins = root.get("runtimeConfig").and_then(Value::as_object);
        return plugins.into_iter().flatten().try_for_each(|(plugin, _)| known(plugin));
    }
    let Some(steps) = root.get("mainSteps").and_then(Value::as_array) else {
        return Err("mainSteps must be a list of steps.".to_owned());
    };
    for (place, step) in steps.iter().enumerate() {
        let text = |key: &str| step[key].as_str().filter(|text| !text.is_empty());
        let (Some(action), Some(_)) = (text("action"), text("name")) else {
            return Err(format!("Step {} of mainSteps needs an action and a name.", place + 1));
        };
        known(action)?;
    }
    Ok(())
}

/// Looks for `{{ name }}` of a parameter that is not declared, a script's own braces included, as SSM
/// does. Names with other characters (`ssm:…`, `.Names`) are something else.
fn references(value: &Value, root: &Map<String, Value>) -> Result<(), String> {
    match value {
        Value::String(text) => mentioned(text)
            .find(|name| root.get("parameters").is_none_or(|all| all.get(name).is_none()))
            .map_or(Ok(()), |name| Err(format!("Parameter \"{name}\" is not declared."))),
        Value::Array(items) => items.iter().try_for_each(|item| references(item, root)),
        Value::Object(map) => map.values().try_for_each(|item| references(item, root)),
        _ => Ok(()),
    }
}

fn mentioned(text: &str) -> impl Iterator<Item = &str> {
    let inner = text.split("{{").skip(1).filter_map(|after| after.split_once("}}"));
    inner.map(|(inner, _)| inner.trim()).filter(|name| {
        !name.is_empty()
            && *name != "platformType"
            && name.chars().all(|letter| letter.is_ascii_alphanumeric())
    })
}

fn known(plugin: &str) -> Result<(), String> {
    // Old documents have aws:domainjoin and aws:psmodule.
    if PLUGINS.contains(&plugin.to_ascii_lowercase().as_str()) {
        return Ok(());
    }
    // https://github.com/ministryofjustice/modernisation-platform-environments/pull/3756
    Err(format!("Unknown plugin name: {plugin}"))
}
