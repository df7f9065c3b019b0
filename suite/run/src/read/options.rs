//! Reading `run`: the ways to run an automation.

use std::collections::BTreeMap;

use relay_core::problem::ProblemCode;
use relay_core::rules::accounts::selectors;
use relay_core::rules::fields::{empty, flag, regions, shaped, tags, texts, word};
use relay_core::rules::reader::{Fields, Reader};
use yaml_tree::{Node, Value};

use crate::options::{no_errors, one_at_a_time};
use crate::{Locations, RunMode, RunOptions, Targets};

pub const RUN: &[&str] = &[
    "serviceRole",
    "executionRole",
    "mode",
    "targets",
    "locations",
    "maxConcurrency",
    "maxErrors",
    "stopOnAlarm",
    "adaptiveConcurrency",
    "tags",
];

pub const TARGETS: &[&str] = &["parameter", "key", "values", "resourceGroup"];

pub const LOCATIONS: &[&str] =
    &["accounts", "includeChildUnits", "exclude", "regions", "maxConcurrency", "maxErrors"];

/// SSM takes five tags at a start, and two are the suite's own.
const MOST_TAGS: usize = 3;

/// SSM takes 50 values of a target.
const MOST_VALUES: usize = 50;

pub fn run(reader: &mut Reader<'_>, fields: &Fields<'_>) -> RunOptions {
    let Some((node, path)) = fields.get("run") else { return RunOptions::default() };
    let own = reader.fields(node, &path, RUN);
    RunOptions {
        service_role: shaped(reader, &own, "serviceRole", "a role's ARN"),
        execution_role: execution_role(reader, &own),
        mode: word(
            reader,
            &own,
            "mode",
            &[("Auto", RunMode::Auto), ("Interactive", RunMode::Interactive)],
        )
        .unwrap_or_default(),
        targets: own.get("targets").and_then(|(node, path)| targets(reader, node, &path)),
        locations: own.get("locations").map(|(node, path)| locations(reader, node, &path)),
        max_concurrency: shaped(reader, &own, "maxConcurrency", "a number or a percentage"),
        max_errors: shaped(reader, &own, "maxErrors", "a number or a percentage"),
        stop_on_alarm: own
            .get("stopOnAlarm")
            .and_then(|(node, path)| reader.text(node, &path, "an alarm's name")),
        adaptive_concurrency: flag(reader, &own, "adaptiveConcurrency"),
        tags: own.get("tags").map(|(node, path)| run_tags(reader, node, &path)).unwrap_or_default(),
    }
}

fn execution_role(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<String> {
    let (node, path) = fields.get("executionRole")?;
    let name = reader.text(node, &path, "a role's name")?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-/".contains(c);
    if name.len() > 64 || !name.chars().all(allowed) {
        let expected = "a role's name: the same role in every account, without its ARN";
        reader.mismatch(node, &path, expected);
        return None;
    }
    Some(name)
}

fn targets(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<Targets> {
    let own = reader.fields(node, path, TARGETS);
    let mut text = |name: &str, expected: &str| {
        let (node, path) = own.get(name)?;
        reader.text(node, &path, expected)
    };
    let parameter = text("parameter", "a parameter of the runbook");
    let key = text("key", "a key, like tag:App");
    let resource_group = text("resourceGroup", "a resource group's name");
    let values = match own.get("values") {
        Some((node, path)) => texts(reader, node, &path, "values"),
        None => Vec::new(),
    };
    if !matches!(node.value, Value::Map(_)) {
        return None;
    }
    let mut wrong = |what: String| {
        reader.report(ProblemCode::InvalidField, node.at, path, what, None);
    };
    let Some(parameter) = parameter else {
        wrong("no `parameter` is named: SSM puts each target into one".to_owned());
        return None;
    };
    if values.len() > MOST_VALUES {
        wrong(format!("found {} values, SSM takes {MOST_VALUES}", values.len()));
    }
    match (&resource_group, values.is_empty()) {
        (None, true) => wrong("expected `values` or `resourceGroup`".to_owned()),
        (Some(_), false) => {
            wrong("`values` and `resourceGroup` exclude each other".to_owned());
        }
        (Some(_), true) if key.is_some() => {
            wrong("`key` and `resourceGroup` exclude each other".to_owned());
        }
        _ => {}
    }
    if let Some(key) = &key {
        let tag = key.strip_prefix("tag:").is_some_and(|name| !name.is_empty());
        if !tag && key != "AWS::EC2::Instance" {
            wrong(format!("found the key `{key}`, expected `tag:<key>` or `AWS::EC2::Instance`"));
        }
    }
    Some(Targets { parameter, key, values, resource_group })
}

fn locations(reader: &mut Reader<'_>, node: &Node, path: &str) -> Locations {
    let own = reader.fields(node, path, LOCATIONS);
    let mut list = |name: &str| match own.get(name) {
        Some((node, path)) => selectors(reader, node, &path),
        None => Vec::new(),
    };
    let (accounts, exclude) = (list("accounts"), list("exclude"));
    let regions = match own.get("regions") {
        Some((node, path)) => regions(reader, node, &path),
        None => Vec::new(),
    };
    let nothing = |name: &str| match own.get(name) {
        Some((node, _)) => matches!(&node.value, Value::List(items) if items.is_empty()),
        None => matches!(node.value, Value::Map(_)),
    };
    for (name, what) in [("accounts", "no accounts are named"), ("regions", "no Region is named")] {
        if nothing(name) {
            empty(reader, &own, name, what);
        }
    }
    Locations {
        accounts,
        include_child_units: flag(reader, &own, "includeChildUnits"),
        exclude,
        regions,
        max_concurrency: shaped(reader, &own, "maxConcurrency", "a number or a percentage")
            .unwrap_or_else(one_at_a_time),
        max_errors: shaped(reader, &own, "maxErrors", "a number or a percentage")
            .unwrap_or_else(no_errors),
    }
}

fn run_tags(reader: &mut Reader<'_>, node: &Node, path: &str) -> BTreeMap<String, String> {
    if matches!(&node.value, Value::Map(entries) if entries.is_empty()) {
        return BTreeMap::new();
    }
    let tags = tags(reader, node, path);
    if tags.len() > MOST_TAGS {
        let what = format!(
            "found {} tags, expected at most {MOST_TAGS}: SSM takes five, two are the suite's",
            tags.len()
        );
        reader.report(ProblemCode::InvalidField, node.at, path, what, None);
    }
    let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
    for (key, value) in &tags {
        // The suite's own keys begin with the installation's id, which rules do not know.
        let reserved =
            key.starts_with("aws:") || key.ends_with(":execution") || key.ends_with(":token");
        let fits = key.chars().count() <= 128 && value.chars().count() <= 256;
        if reserved || !fits || !key.chars().chain(value.chars()).all(allowed) {
            let what = format!("invalid tag `{key}`");
            let hint = "Use letters, digits and _.:/=+-@, up to 128 characters for the key and \
                        256 for the value; keys that begin with aws: or end with :execution or \
                        :token are reserved."
                .to_owned();
            reader.report(ProblemCode::InvalidField, node.at, path, what, Some(hint));
        }
    }
    tags
}
