//! One rule's text becomes a rule, or problems.

use std::collections::BTreeMap;

use relay_core::id::{AccountId, DocumentName, Region};
use relay_core::problem::{Problem, ProblemCode};
use relay_core::rules::accounts::{account, selectors};
use relay_core::rules::fields::{choice, empty, globs, parameters, regions, texts};
use relay_core::rules::reader::{Fields, Reader};
use relay_core::rules::{AccountSelector, Glob, RuleText, open};
use relay_core::text::nearest;
use yaml_tree::{Node, Value};

use crate::{DocumentSelector, OnboardingRunbook, Ownership, SharedVersion, SharingRule};

pub(super) const RULE: &[&str] =
    &["documents", "regions", "accounts", "documentVersion", "ownership", "onboarding"];

pub(super) const DOCUMENTS: &[&str] = &["owner", "names", "tags", "types"];

pub(super) const ACCOUNTS: &[&str] = &["in", "includeChildUnits", "exclude"];

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
    let root = open(reader, source)?;
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
        regions: wanted_regions(reader, &fields),
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
        selector.tags = globs(reader, node, &path);
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

fn wanted_regions(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<Region> {
    let Some((node, path)) = fields.get("regions") else {
        empty(reader, fields, "regions", "the rule names no Region");
        return Vec::new();
    };
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        empty(reader, fields, "regions", "the rule names no Region");
    }
    regions(reader, node, &path)
}

fn onboarding(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<OnboardingRunbook> {
    let Some((node, path)) = fields.get("onboarding") else { return Vec::new() };
    let mut runbooks: Vec<OnboardingRunbook> = Vec::new();
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
            // Its name is its key.
            Ok(runbook) if runbooks.iter().any(|known| known.runbook == runbook) => {
                let what = format!("{runbook} is named twice; it runs once in an account");
                reader.report(ProblemCode::InvalidField, node.at, &path, what, None);
            }
            Ok(runbook) => runbooks.push(OnboardingRunbook { runbook, parameters }),
            Err(error) => {
                let what = error.to_string();
                reader.report(ProblemCode::InvalidField, node.at, &path, what, None);
            }
        }
    }
    runbooks
}

/// Who is meant, whether OUs stand for those below them, and who is left out.
pub(super) fn accounts(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
) -> (Vec<AccountSelector>, bool, Vec<AccountSelector>) {
    let Some((node, path)) = fields.get("accounts") else {
        empty(reader, fields, "accounts", "the rule selects no accounts: `in`");
        return (Vec::new(), false, Vec::new());
    };
    let own = reader.fields(node, &path, ACCOUNTS);
    let wanted = match own.get("in") {
        Some((node, path)) => selectors(reader, node, &path),
        None => Vec::new(),
    };
    let nobody = match own.get("in") {
        Some((node, _)) => matches!(&node.value, Value::List(items) if items.is_empty()),
        None => matches!(node.value, Value::Map(_)),
    };
    if nobody {
        empty(reader, &own, "in", "the rule selects no accounts");
    }
    let children = own
        .get("includeChildUnits")
        .and_then(|(node, path)| reader.boolean(node, &path))
        .unwrap_or(false);
    let exclude = match own.get("exclude") {
        Some((node, path)) => selectors(reader, node, &path),
        None => Vec::new(),
    };
    if exclude.contains(&AccountSelector::Organization) {
        empty(reader, &own, "exclude", "the rule excludes the whole organization");
    }
    (wanted, children, exclude)
}
