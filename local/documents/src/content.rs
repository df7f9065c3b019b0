//! A document's content: the checks of every type of document, and the parts that describe it. The
//! [`ContentCheck`] checks the steps of an Automation document.

use std::collections::BTreeMap;

use api::AwsError;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{
    attachments::{self, NamedFile},
    document::{DocumentFormat, DocumentType},
    errors, format, package, platforms, steps,
};

/// 64 KB.
const LARGEST: usize = 65_536;

/// Content that somebody wants to create or update.
#[derive(Debug)]
pub struct Submission<'a> {
    pub document_type: DocumentType,
    /// The format of `text`.
    pub format: DocumentFormat,
    /// The content as it was sent.
    pub text: &'a str,
}

/// A deeper check of content, before this crate's own.
pub type ContentCheck = fn(&Submission<'_>) -> Result<(), Defective>;

/// Content that the deeper check refuses: AWS's error, with its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Defective {
    /// `InvalidDocumentContent`.
    Content(String),
    /// `InvalidDocumentSchemaVersion`.
    SchemaVersion(String),
}

/// Accepted content, with the parts that describe it.
#[derive(Clone)]
pub(crate) struct Content {
    pub(crate) text: String,
    pub(crate) format: DocumentFormat,
    /// SHA-256 of `text`, hexadecimal.
    pub(crate) hash: String,
    pub(crate) schema_version: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) platforms: Vec<&'static str>,
    /// The attachments that it names.
    pub(crate) files: BTreeMap<String, NamedFile>,
}

/// A parameter as `DescribeDocument` returns it.
#[derive(Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Parameter {
    name: String,
    /// As the document declares it. The model names `String` and `StringList` only, but AWS returns the
    /// others as well.
    #[serde(rename = "Type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_value: Option<String>,
}

impl Content {
    /// Checks content and takes it.
    pub(crate) fn accept(
        kind: DocumentType,
        format: DocumentFormat,
        text: String,
        check: ContentCheck,
    ) -> Result<Self, AwsError> {
        if text.len() > LARGEST {
            return Err(errors::too_large());
        }
        formats_of(kind, format)?;
        check(&Submission { document_type: kind, format, text: &text }).map_err(|defective| {
            match defective {
                Defective::Content(message) => errors::invalid_content(message),
                Defective::SchemaVersion(message) => errors::invalid_schema_version(message),
            }
        })?;
        let value = format::read(&text, format).map_err(errors::invalid_content)?;
        let schema_version = schema_version(&value);
        if let Some(supported) = schema_versions(kind) {
            let root = value.as_object().ok_or_else(|| {
                errors::invalid_content(
                    "The content of a document must be a map of its properties.",
                )
            })?;
            check_schema_version(kind, supported, schema_version.as_deref())?;
            check_structure(kind, schema_version.as_deref(), root)?;
        }
        if kind == DocumentType::ChangeCalendar && !text.trim_start().starts_with("BEGIN:VCALENDAR")
        {
            return Err(errors::invalid_content(
                "The content of a ChangeCalendar document must be an iCalendar object.",
            ));
        }
        Ok(Self {
            hash: hex::encode(Sha256::digest(text.as_bytes())),
            description: value.get("description").and_then(Value::as_str).map(str::to_owned),
            parameters: parameters(&value),
            platforms: platforms::of(kind, &value),
            files: attachments::named(&value),
            schema_version,
            text,
            format,
        })
    }

    /// The text in a format, which is JSON unless asked for another. Content that is only text
    /// stays text, and asking for text gives what was stored.
    pub(crate) fn rendered(&self, wanted: Option<DocumentFormat>) -> (String, DocumentFormat) {
        let wanted = wanted.unwrap_or_default();
        let converted = if self.format == wanted || self.format == DocumentFormat::Text {
            None
        } else {
            format::read(&self.text, self.format)
                .ok()
                .and_then(|value| format::write(&value, wanted))
        };
        match converted {
            Some(text) => (text, wanted),
            None => (self.text.clone(), self.format),
        }
    }
}

/// Calendars are iCalendar text, and what has a schema version has structure.
fn formats_of(kind: DocumentType, format: DocumentFormat) -> Result<(), AwsError> {
    let text_only = kind == DocumentType::ChangeCalendar;
    let structured = schema_versions(kind).is_some();
    let text = format == DocumentFormat::Text;
    if (text_only && !text) || (structured && text) {
        let name = if text { "TEXT" } else { "JSON or YAML" };
        return Err(errors::invalid_content(format!(
            "{name} is not a valid document format for {} document type",
            kind.name()
        )));
    }
    Ok(())
}

/// The schema versions of a type; `None` for types whose content has a schema of its own.
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-schemas-features.html>
fn schema_versions(kind: DocumentType) -> Option<&'static [&'static str]> {
    match kind {
        DocumentType::Automation | DocumentType::ChangeTemplate => Some(&["0.3"]),
        DocumentType::Command => Some(&["1.2", "2.0", "2.2"]),
        DocumentType::Policy => Some(&["2.0", "2.2"]),
        DocumentType::Package => Some(&["2.0"]),
        DocumentType::Session => Some(&["1.0"]),
        _ => None,
    }
}

/// YAML without quotes makes a number of it, which AWS takes as its text.
fn schema_version(value: &Value) -> Option<String> {
    match value.get("schemaVersion")? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The wording is AWS's: <https://github.com/hashicorp/terraform-provider-aws/issues/7516>.
fn check_schema_version(
    kind: DocumentType,
    supported: &[&str],
    version: Option<&str>,
) -> Result<(), AwsError> {
    let version = version.unwrap_or("null");
    if supported.contains(&version) {
        return Ok(());
    }
    Err(errors::invalid_schema_version(format!(
        "{version} is not a valid schema version for {} document type",
        kind.name()
    )))
}

fn check_structure(
    kind: DocumentType,
    version: Option<&str>,
    root: &Map<String, Value>,
) -> Result<(), AwsError> {
    let steps = match (kind, version) {
        (DocumentType::Command, Some("1.2")) => Some("runtimeConfig"),
        (DocumentType::Automation | DocumentType::Command, _) => Some("mainSteps"),
        _ => None,
    };
    let holds = |value: &Value| {
        value.as_array().is_some_and(|list| !list.is_empty())
            || value.as_object().is_some_and(|map| !map.is_empty())
    };
    if let Some(steps) = steps.filter(|steps| !root.get(*steps).is_some_and(holds)) {
        return Err(errors::invalid_content(format!(
            "The document must contain at least one step in {steps}."
        )));
    }
    if kind == DocumentType::Package {
        return package::check(root).map_err(errors::invalid_content);
    }
    if !matches!(
        kind,
        DocumentType::Automation | DocumentType::Command | DocumentType::ChangeTemplate
    ) {
        return Ok(());
    }
    let nothing = Value::Object(Map::new());
    let parameters = root
        .get("parameters")
        .filter(|value| !value.is_null())
        .unwrap_or(&nothing)
        .as_object()
        .ok_or_else(|| errors::invalid_content("The parameters of a document must be a map."))?;
    for (name, definition) in parameters {
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(errors::invalid_content(format!(
                "Parameter name \"{name}\" is not alpha-numeric."
            )));
        }
        if !definition.get("type").is_some_and(Value::is_string) {
            return Err(errors::invalid_content(format!("Parameter \"{name}\" has no type.")));
        }
    }
    if kind == DocumentType::Command {
        steps::check(version, root).map_err(errors::invalid_content)?;
    }
    Ok(())
}

fn parameters(value: &Value) -> Vec<Parameter> {
    let Some(parameters) = value.get("parameters").and_then(Value::as_object) else {
        return Vec::new();
    };
    let told = |(name, definition): (&String, &Value)| {
        let kind = definition.get("type")?.as_str()?;
        Some(Parameter {
            name: name.clone(),
            kind: kind.to_owned(),
            description: definition.get("description").and_then(Value::as_str).map(str::to_owned),
            default_value: definition
                .get("default")
                .map(|default| default.as_str().map_or_else(|| default.to_string(), str::to_owned)),
        })
    };
    parameters.iter().filter_map(told).collect()
}
