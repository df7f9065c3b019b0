//! Attachments: how they are described, and whether they are the files that the content names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::document::{DocumentFormat, Version};
use crate::format;
use crate::input::Attachment;

/// A file that was fetched for an attachment. Who serves the request fetches it and adds this to the
/// attachment, as `Fetched`; no caller can.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct FetchedFile {
    pub name: String,
    /// How many bytes it has.
    pub size: u64,
    /// SHA-256, hexadecimal.
    pub hash: String,
}

impl FetchedFile {
    /// The facts of a file's content.
    pub fn of(name: &str, content: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            size: content.len() as u64,
            hash: hex::encode(Sha256::digest(content)),
        }
    }
}

/// The names of the `files` of a document's content, JSON or YAML; none if it cannot be read.
pub fn file_names(content: &str) -> Vec<String> {
    named(&structure(content)).into_keys().collect()
}

/// A document's content, JSON or YAML, as a value; null if it cannot be read.
pub fn structure(content: &str) -> Value {
    // JSON is YAML.
    format::read(content, DocumentFormat::Yaml).unwrap_or_default()
}

/// A file as the `files` of a document name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedFile {
    /// SHA-256, hexadecimal, in lower case.
    sha256: Option<String>,
    size: Option<u64>,
}

/// The `files` of a document's content, by name.
pub(crate) fn named(content: &Value) -> BTreeMap<String, NamedFile> {
    let files = content.get("files").and_then(Value::as_object);
    let read = |(name, file): (&String, &Value)| {
        let checksums = file.get("checksums").and_then(Value::as_object);
        let sha256 = checksums.into_iter().flatten().find_map(|(algorithm, digest)| {
            let is_sha256 = algorithm.replace('-', "").eq_ignore_ascii_case("sha256");
            digest.as_str().filter(|_| is_sha256).map(str::to_ascii_lowercase)
        });
        (name.clone(), NamedFile { sha256, size: file.get("size").and_then(Value::as_u64) })
    };
    files.into_iter().flatten().map(read).collect()
}

/// Why a version with these attachments cannot be used: a file is not the one that the content names.
/// AWS then shows the version as `Failed`.
pub(crate) fn failure(
    files: &BTreeMap<String, NamedFile>,
    attachments: &[Attachment],
) -> Option<String> {
    attachments.iter().flat_map(|attachment| &attachment.fetched).find_map(|fetched| {
        let FetchedFile { name, size, hash } = fetched;
        let named = files.get(name)?;
        if let Some(sha256) = named.sha256.as_ref().filter(|sha256| *sha256 != hash) {
            return Some(format!(
                "The SHA-256 checksum of the attachment {name} is {hash}, but the files of the \
                 document say {sha256}. Attach the file of that checksum, or correct it."
            ));
        }
        let expected = named.size.filter(|expected| expected != size)?;
        Some(format!(
            "The attachment {name} has {size} bytes, but the files of the document say {expected}. \
             Attach the file of that size, or correct it."
        ))
    })
}

/// `AttachmentsInformation`: the names.
pub(crate) fn information(version: &Version) -> Option<Vec<Value>> {
    list(version, |name, _| json!({"Name": name}))
}

/// `AttachmentsContent`: size and hash as well. Who serves the request adds `Url`.
pub(crate) fn content(version: &Version) -> Option<Vec<Value>> {
    list(version, |name, fetched| match fetched {
        Some(FetchedFile { size, hash, .. }) => {
            json!({"Name": name, "Size": size, "Hash": hash, "HashType": "Sha256"})
        }
        None => json!({"Name": name}),
    })
}

fn list(
    version: &Version,
    describe: impl Fn(&str, Option<&FetchedFile>) -> Value,
) -> Option<Vec<Value>> {
    let mut all = Vec::new();
    for attachment in &version.attachments {
        match (&attachment.fetched[..], &attachment.name) {
            ([], Some(name)) => all.push(describe(name, None)),
            (fetched, _) => {
                all.extend(fetched.iter().map(|file| describe(&file.name, Some(file))));
            }
        }
    }
    (!all.is_empty()).then_some(all)
}
