//! The top level of a document.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use yaml_tree::Node;

use super::Outline;
use super::parameter;
use super::reader::{Cursor, Fields, Reader, join, written};
use super::step;
use crate::defect::DefectKind;
use crate::model::{AttachmentFile, OutputName, Runbook};
use crate::reference::{Reference, mentions};

/// The keys of a document.
pub(crate) const KEYS: &[&str] = &[
    "schemaVersion",
    "description",
    "assumeRole",
    "parameters",
    "variables",
    "mainSteps",
    "outputs",
    "files",
    "emergencyChange",
    "autoApprovable",
    "templateInformation",
    "executableRunBooks",
];
/// The keys that `Automation.ChangeTemplate` documents have besides.
const CHANGE_TEMPLATE: &[&str] =
    &["emergencyChange", "autoApprovable", "templateInformation", "executableRunBooks"];
const VERSION: &str = "0.3";
const SHA_256: &[&str] = &["sha256", "SHA256", "sha-256", "SHA-256"];

/// The declarations of a document that may be broken elsewhere.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) parameters: Vec<String>,
    pub(crate) variables: Vec<String>,
    pub(crate) steps: Vec<Outline>,
}

pub(super) fn read(reader: &mut Reader<'_>, root: &Node) -> (Option<Runbook>, Names) {
    let cursor = Cursor { node: root, path: String::new() };
    if !matches!(root.value, yaml_tree::Value::Map(_)) {
        reader.mismatch(&cursor, "a mapping with schemaVersion and mainSteps");
        return (None, Names::default());
    }
    let fields = reader.fields(&cursor, Some(KEYS));
    schema_version(reader, &cursor, &fields);
    let description = fields.get("description").and_then(|cursor| reader.text(cursor, "a text"));
    let assume_role = fields.get("assumeRole").and_then(|cursor| {
        reader.note(cursor, false);
        reader.text(cursor, "the ARN of a role or {{ Parameter }}")
    });
    let (parameters, parameter_names) = parameter::parameters(reader, fields.get("parameters"));
    let (variables, variable_names) = parameter::variables(reader, fields.get("variables"));
    let (steps, outlines) = match fields.get("mainSteps") {
        Some(cursor) => step::steps(reader, cursor),
        None => {
            reader.wrong(&cursor, "Missing \"mainSteps\" in the document.");
            (None, Vec::new())
        }
    };
    let outputs = fields.get("outputs").map(|cursor| outputs(reader, cursor));
    let files = fields.get("files").map(|cursor| files(reader, cursor)).unwrap_or_default();
    let mut change_template = Map::new();
    for key in CHANGE_TEMPLATE {
        if let Some(cursor) = fields.get(key) {
            let value: Value = reader.json(cursor);
            change_template.insert((*key).to_owned(), value);
        }
    }
    let names = Names { parameters: parameter_names, variables: variable_names, steps: outlines };
    let runbook = steps.map(|steps| Runbook {
        description,
        assume_role: assume_role.filter(|role| !role.trim().is_empty()),
        parameters,
        variables,
        steps,
        outputs: outputs.unwrap_or_default(),
        files,
        change_template,
    });
    (runbook, names)
}

fn schema_version(reader: &mut Reader<'_>, document: &Cursor<'_>, fields: &Fields<'_>) {
    let (cursor, message) = match fields.get("schemaVersion") {
        None => (document, "Missing \"schemaVersion\" in the document.".to_owned()),
        Some(cursor) => match written(cursor.node) {
            Some(version) if version == VERSION => return,
            version => {
                let version = version.unwrap_or_default();
                (cursor, format!("Document schema version is invalid. Value: {version}"))
            }
        },
    };
    reader.push(cursor.node.at, "schemaVersion", message, DefectKind::SchemaVersion);
}

/// `step.Output`, each of which has to name a step.
fn outputs(reader: &mut Reader<'_>, cursor: &Cursor<'_>) -> Vec<OutputName> {
    let mut names = Vec::new();
    for item in reader.items(cursor, "step.Output") {
        let Some(text) = reader.text(&item, "step.Output") else {
            continue;
        };
        let text = text.trim();
        let braced =
            if text.starts_with("{{") { text.to_owned() } else { format!("{{{{{text}}}}}") };
        let mention = mentions(&braced).next().filter(|mention| mention.range == (0..braced.len()));
        match mention.map(|mention| mention.to) {
            Some(Ok(Reference::Output { step, output })) => {
                reader
                    .refer(&item, Reference::Output { step: step.clone(), output: output.clone() });
                names.push(OutputName { step, output });
            }
            _ => reader.mismatch(&item, "step.Output"),
        }
    }
    names
}

fn files(reader: &mut Reader<'_>, cursor: &Cursor<'_>) -> BTreeMap<String, AttachmentFile> {
    let mut files = BTreeMap::new();
    for (name, _, cursor) in reader.fields(cursor, None).list {
        let fields = reader.fields(&cursor, Some(&["checksums", "size"]));
        let sha256 = fields.get("checksums").and_then(|cursor| {
            let sums = reader.fields(cursor, Some(SHA_256));
            let Some((_, _, sum)) = sums.list.first() else {
                reader.wrong(cursor, "Missing \"sha256\" in checksums of a file.");
                return None;
            };
            let text = reader.text(sum, "64 hexadecimal digits")?;
            let is_sum = text.len() == 64 && text.bytes().all(|c| c.is_ascii_hexdigit());
            if !is_sum {
                reader.mismatch(sum, "64 hexadecimal digits");
            }
            is_sum.then(|| text.to_ascii_lowercase())
        });
        let size = fields.get("size").and_then(|cursor| reader.count(cursor, "a number of bytes"));
        if fields.get("checksums").is_none() {
            let path = join(&cursor.path, "checksums");
            reader.defect(cursor.node.at, &path, "Missing \"checksums\" of a file.");
        }
        files.insert(name, AttachmentFile { sha256, size });
    }
    files
}
