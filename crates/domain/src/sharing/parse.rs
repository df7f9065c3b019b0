//! One rule's text becomes a rule, or problems.

use std::collections::BTreeMap;

use yaml_tree::{Node, Position, Value};

use super::accounts::{account, accounts};
use super::reader::{Fields, Reader, describe, join, list, scalar};
use super::rule::{
    DocumentSelector, Glob, OnboardingRunbook, Ownership, SharedVersion, SharingRule,
};
use super::{ADVANCED_TIER, RuleText};
use crate::id::{AccountId, DocumentName, Region};
use crate::problem::{Problem, ProblemCode};
use crate::text::nearest;

pub(super) const RULE: &[&str] =
    &["documents", "regions", "accounts", "documentVersion", "ownership", "onboarding"];
pub(super) const DOCUMENTS: &[&str] = &["owner", "names", "tags", "types"];
pub(super) const ONBOARDING: &[&str] = &["runbook", "parameters"];
const VERSIONS: &[&str] = &["$DEFAULT", "$LATEST", "$ALL"];
const OWNERSHIPS: &[&str] = &["ledger", "exclusive"];

/// SSM's document types (service model 2014-11-06).
pub(super) const DOCUMENT_TYPES: &[&str] = &[
    "Command",
    "Policy",
    "Automation",
    "Session",
    "Package",
    "ApplicationConfiguration",
    "ApplicationConfigurationSchema",
    "DeploymentStrategy",
    "ChangeCalendar",
    "Automation.ChangeTemplate",
    "ProblemAnalysis",
    "ProblemAnalysisTemplate",
    "CloudFormation",
    "ConformancePackTemplate",
    "QuickSetup",
    "ManualApprovalPolicy",
    "AutoApprovalPolicy",
];

/// Reads one rule; everything wrong with it is named at once.
pub(super) fn rule(source: &RuleText) -> Result<SharingRule, Vec<Problem>> {
    let mut reader = Reader::new(&source.origin);
    let rule = read(&mut reader, source);
    match (rule, reader.into_problems()) {
        (Some(rule), problems) if problems.is_empty() => Ok(rule),
        (_, problems) => Err(problems),
    }
}

fn read(reader: &mut Reader<'_>, source: &RuleText) -> Option<SharingRule> {
    let start = Position { line: 1, column: 1 };
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if source.name.is_empty() || !source.name.chars().all(named) {
        let what = format!("the rule's name {:?} is no parameter's name", source.name);
        let hint = "Use letters, digits, `_`, `-` and `.`.".to_owned();
        reader.report(ProblemCode::InvalidField, start, "", what, Some(hint));
    }
    if source.text.len() > ADVANCED_TIER {
        let what = format!("the rule has {} bytes, at most {ADVANCED_TIER} fit", source.text.len());
        let hint = "Split the rule in two.".to_owned();
        reader.report(ProblemCode::RuleTooLarge, start, "", what, Some(hint));
        return None;
    }
    if let Some(at) = braces(&source.text) {
        let what = "found `{{`, which no parameter may hold".to_owned();
        reader.report(ProblemCode::TemplateBraces, at, "", what, None);
        return None;
    }
    let root = match yaml_tree::parse(&source.text) {
        Ok(root) => root,
        Err(error) => {
            let at = error.at.unwrap_or(start);
            reader.report(ProblemCode::PolicySyntax, at, "", error.message, None);
            return None;
        }
    };
    if matches!(root.value, Value::Null) {
        let what = "the rule is empty".to_owned();
        reader.report(ProblemCode::EmptySelection, root.at, "", what, None);
        return None;
    }
    let fields = reader.fields(&root, "", RULE);
    if !matches!(root.value, Value::Map(_)) {
        return None;
    }
    let (owner, documents) = documents(reader, &fields);
    let (accounts, include_child_units, exclude) = accounts(reader, &fields);
    Some(SharingRule {
        name: source.name.clone(),
        origin: source.origin.clone(),
        owner,
        documents,
        regions: regions(reader, &fields),
        accounts,
        include_child_units,
        exclude,
        document_version: choice(reader, &fields, "documentVersion", VERSIONS)
            .and_then(|text| SharedVersion::parse(&text))
            .unwrap_or_default(),
        ownership: match choice(reader, &fields, "ownership", OWNERSHIPS).as_deref() {
            Some("exclusive") => Ownership::Exclusive,
            _ => Ownership::Ledger,
        },
        onboarding: onboarding(reader, &fields),
    })
}

/// Where the text holds `{{`.
fn braces(text: &str) -> Option<Position> {
    text.lines().zip(1..).find_map(|(text, line)| {
        let before = text.find("{{")?;
        let column = u64::try_from(text[..before].chars().count()).ok()? + 1;
        Some(Position { line, column })
    })
}

fn documents(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
) -> (Option<AccountId>, DocumentSelector) {
    let mut selector = DocumentSelector::default();
    let Some((node, path)) = fields.get("documents") else {
        empty(
            reader,
            fields,
            "documents",
            "the rule selects no documents: `names`, `tags` or `types`",
        );
        return (None, selector);
    };
    let own = reader.fields(node, &path, DOCUMENTS);
    let owner = own.get("owner").and_then(|(node, path)| account(reader, node, &path));
    if let Some((node, path)) = own.get("names") {
        selector.names = texts(reader, node, &path, "names").into_iter().map(Glob::new).collect();
    }
    if let Some((node, path)) = own.get("types") {
        selector.types = document_types(reader, node, &path);
    }
    if let Some((node, path)) = own.get("tags") {
        selector.tags = tags(reader, node, &path);
    }
    let given = |name| {
        own.get(name).is_some_and(|(node, _)| match &node.value {
            Value::List(items) => !items.is_empty(),
            Value::Map(entries) => !entries.is_empty(),
            _ => true,
        })
    };
    if matches!(node.value, Value::Map(_)) && !DOCUMENTS[1..].iter().any(|name| given(name)) {
        empty(
            reader,
            fields,
            "documents",
            "the rule selects no documents: `names`, `tags` or `types`",
        );
    }
    (owner, selector)
}

fn document_types(reader: &mut Reader<'_>, node: &Node, path: &str) -> Vec<String> {
    let mut types = Vec::new();
    for (index, item) in reader.items(node, path, "document types").iter().enumerate() {
        let path = format!("{path}[{index}]");
        let Some(kind) = reader.text(item, &path, "a document type") else { continue };
        if DOCUMENT_TYPES.contains(&kind.as_str()) {
            types.push(kind);
            continue;
        }
        let what = format!("`{kind}` is no document type of SSM");
        let hint = match nearest(&kind, DOCUMENT_TYPES.iter().copied()) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => "Runbooks are of type `Automation`.".to_owned(),
        };
        reader.report(ProblemCode::InvalidField, item.at, &path, what, Some(hint));
    }
    types
}

fn tags(reader: &mut Reader<'_>, node: &Node, path: &str) -> BTreeMap<String, Glob> {
    let Value::Map(entries) = &node.value else {
        reader.mismatch(node, path, "a mapping of tags to values");
        return BTreeMap::new();
    };
    let mut tags = BTreeMap::new();
    for (key, value) in entries {
        let Some(name) = reader.text(key, path, "a tag's key") else { continue };
        match scalar(&value.value) {
            Some(text) => {
                tags.insert(name, Glob::new(text));
            }
            None => reader.mismatch(value, &join(path, &name), "the tag's value, as a text"),
        }
    }
    tags
}

fn regions(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<Region> {
    let Some((node, path)) = fields.get("regions") else {
        empty(reader, fields, "regions", "the rule names no Region");
        return Vec::new();
    };
    let items = reader.items(node, &path, "Regions");
    if items.is_empty() && matches!(node.value, Value::List(_)) {
        empty(reader, fields, "regions", "the rule names no Region");
    }
    let mut regions = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let Some(text) = reader.text(item, &path, "a Region's code") else { continue };
        match text.parse::<Region>() {
            Ok(region) if region.is_known() => regions.push(region),
            _ => {
                let what = format!("`{text}` is no Region of AWS");
                let hint = nearest(&text, Region::known().iter().copied())
                    .map(|near| format!("Did you mean `{near}`?"));
                reader.report(ProblemCode::UnknownRegion, item.at, &path, what, hint);
            }
        }
    }
    regions.sort();
    regions.dedup();
    regions
}

fn onboarding(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<OnboardingRunbook> {
    let Some((node, path)) = fields.get("onboarding") else { return Vec::new() };
    let mut runbooks = Vec::new();
    for (index, item) in reader.items(node, &path, "runbooks").iter().enumerate() {
        let path = format!("{path}[{index}]");
        let own = reader.fields(item, &path, ONBOARDING);
        let parameters = match own.get("parameters") {
            Some((node, path)) => parameters(reader, node, &path),
            None => BTreeMap::new(),
        };
        let Some((node, path)) = own.get("runbook") else {
            if matches!(item.value, Value::Map(_)) {
                let what = "no `runbook` is named".to_owned();
                reader.report(ProblemCode::InvalidField, item.at, &path, what, None);
            }
            continue;
        };
        let Some(name) = reader.text(node, &path, "a document's name") else { continue };
        match name.parse::<DocumentName>() {
            Ok(runbook) => runbooks.push(OnboardingRunbook { runbook, parameters }),
            Err(error) => {
                let what = error.to_string();
                reader.report(ProblemCode::InvalidField, node.at, &path, what, None);
            }
        }
    }
    runbooks
}

/// SSM's parameters are lists of texts; a single text stands for a list of one.
fn parameters(reader: &mut Reader<'_>, node: &Node, path: &str) -> BTreeMap<String, Vec<String>> {
    let Value::Map(entries) = &node.value else {
        reader.mismatch(node, path, "a mapping of parameters to lists of texts");
        return BTreeMap::new();
    };
    let mut parameters = BTreeMap::new();
    for (key, value) in entries {
        let Some(name) = reader.text(key, path, "a parameter's name") else { continue };
        let values = match scalar(&value.value) {
            Some(text) => vec![text],
            None => texts(reader, value, &join(path, &name), "texts"),
        };
        parameters.insert(name, values);
    }
    parameters
}

fn texts(reader: &mut Reader<'_>, node: &Node, path: &str, of: &str) -> Vec<String> {
    let items = reader.items(node, path, of);
    items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| reader.text(item, &format!("{path}[{index}]"), "a text"))
        .collect()
}

/// One of a few words.
fn choice(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &str,
    words: &[&str],
) -> Option<String> {
    let (node, path) = fields.get(name)?;
    let found = scalar(&node.value).filter(|text| words.contains(&text.as_str()));
    if found.is_none() {
        let what = format!("found {}, expected one of {}", describe(&node.value), list(words));
        let hint = match &node.value {
            Value::Number(..) => Some("Versions are not shared by number.".to_owned()),
            value => scalar(value)
                .and_then(|text| nearest(&text, words.iter().copied()))
                .map(|near| format!("Did you mean `{near}`?")),
        };
        reader.report(ProblemCode::InvalidField, node.at, &path, what, hint);
    }
    found
}

pub(super) fn empty(reader: &mut Reader<'_>, fields: &Fields<'_>, name: &str, what: &str) {
    let (at, path) = fields.place(name);
    reader.report(ProblemCode::EmptySelection, at, &path, what.to_owned(), None);
}
