//! Files attached to documents: fetched from S3 when the document is made, kept beside the
//! journal, given to the engine with the document.
//!
//! Real SSM takes its own copy too: what happens to the object later does not matter.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use documents::{Documents, FetchedFile, Usable};
use http::Request;
use serde_json::Value;

use crate::emulator::Emulator;
use crate::services::Services;

/// The member of an attachment that says which files it is.
const FETCHED: &str = "Fetched";

/// The files attached to all documents.
#[derive(Debug)]
pub struct Attachments {
    folder: PathBuf,
    emulator: Emulator,
}

/// A file that a request attaches, fetched.
#[derive(Debug)]
pub struct AttachedFile {
    name: String,
    content: Bytes,
}

/// Where S3 has an object.
#[derive(Debug, PartialEq, Eq)]
struct Location {
    bucket: String,
    key: String,
}

impl Attachments {
    /// Kept in a folder, fetched through the emulator.
    pub fn new(folder: PathBuf, emulator: Emulator) -> Self {
        Self { folder, emulator }
    }

    /// Fetches what a `CreateDocument` or `UpdateDocument` attaches, and adds to each attachment of the
    /// input which files it is: `Fetched`.
    ///
    /// # Errors
    /// Names what cannot be had.
    pub async fn fetch(
        &self,
        account: &str,
        region: &str,
        input: &mut Value,
        services: &Services,
    ) -> Result<Vec<AttachedFile>> {
        let named = documents::file_names(input["Content"].as_str().unwrap_or_default());
        let mut files: Vec<AttachedFile> = Vec::new();
        for attachment in input["Attachments"].as_array_mut().into_iter().flatten() {
            let Some(members) = attachment.as_object_mut() else { continue };
            members.remove(FETCHED);
            let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
            let value = members.get("Values").and_then(|values| values[0].as_str());
            let Some(value) = value.map(str::to_owned) else { continue };
            let (key, name) = (text("Key"), text("Name"));
            let mut fetched = Vec::new();
            match key.as_deref() {
                Some("AttachmentReference") => {
                    let file = self.referenced(services, account, region, &value)?;
                    fetched.push(AttachedFile { name: name.unwrap_or(file.name), ..file });
                }
                // A folder: of the name, or of all files that the content names.
                Some("SourceUrl") => {
                    let names = name.map_or_else(|| named.clone(), |name| vec![name]);
                    for name in names {
                        let location = address(&value, Some(&name))?;
                        let content = self.object(account, region, &location).await?;
                        fetched.push(AttachedFile { name, content });
                    }
                }
                _ => {
                    let location = address(&value, None)?;
                    let content = self.object(account, region, &location).await?;
                    let last = location.key.rsplit('/').next().unwrap_or_default().to_owned();
                    fetched.push(AttachedFile { name: name.unwrap_or(last), content });
                }
            }
            let facts: Vec<_> =
                fetched.iter().map(|file| FetchedFile::of(&file.name, &file.content)).collect();
            members.insert(FETCHED.to_owned(), serde_json::to_value(facts)?);
            files.extend(fetched);
        }
        let mut names = BTreeSet::new();
        if let Some(twice) = files.iter().find(|file| !names.insert(&file.name)) {
            bail!(
                "the attachment {} is attached twice; give each file a name of its own",
                twice.name
            );
        }
        Ok(files)
    }

    /// A file of a document's version: `REGION/OWNER/DOCUMENT/VERSION/FILE`.
    pub fn file(&self, path: &str) -> Option<Vec<u8>> {
        let parts: Option<Vec<&str>> = path.split('/').map(plain).collect();
        let parts = parts.filter(|parts| parts.len() == 5)?;
        std::fs::read(parts.iter().fold(self.folder.clone(), |folder, part| folder.join(part))).ok()
    }

    /// Keeps files for a version of a document.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn keep(
        &self,
        region: &str,
        owner: &str,
        reply: &Value,
        files: &[AttachedFile],
    ) -> Result<()> {
        let description = &reply["DocumentDescription"];
        let text = |member: &str| description[member].as_str().unwrap_or_default();
        let folder = self.place(region, owner, text("Name"), text("DocumentVersion"));
        std::fs::create_dir_all(&folder)?;
        for file in files {
            let name =
                plain(&file.name).with_context(|| format!("{} is not a file name", file.name))?;
            std::fs::write(folder.join(name), &file.content)?;
        }
        Ok(())
    }

    /// The files of a document's version by name. What cannot be read is not there.
    pub fn of(&self, region: &str, document: &Usable) -> BTreeMap<String, Vec<u8>> {
        if document.attachments.is_empty() {
            return BTreeMap::new();
        }
        let version = document.version.to_string();
        let folder = self.place(region, &document.owner, &document.name, &version);
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let files = entries.filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some((name, std::fs::read(entry.path()).ok()?))
        });
        files.collect()
    }

    /// `document/version/file`, of another document of the Region: by its name one of the same account, by its ARN one
    /// that another account shares.
    fn referenced(
        &self,
        services: &Services,
        account: &str,
        region: &str,
        value: &str,
    ) -> Result<AttachedFile> {
        let mut parts = value.rsplitn(3, '/');
        let (Some(file), Some(version), Some(document)) =
            (parts.next(), parts.next(), parts.next())
        else {
            bail!("{value}: a document, its version and a file are expected");
        };
        let seen =
            |documents: &Documents| documents.usable(account, region, document, Some(version)).ok();
        let found = services.documents(seen);
        let found = found.with_context(|| format!("account {account} does not see {value}"))?;
        let name = plain(file).with_context(|| format!("{file} is not a file name"))?;
        let number = found.version.to_string();
        let path = self.place(region, &found.owner, &found.name, &number).join(name);
        let content = std::fs::read(path).with_context(|| format!("there is no {value}"))?;
        Ok(AttachedFile { name: name.to_owned(), content: content.into() })
    }

    async fn object(&self, account: &str, region: &str, location: &Location) -> Result<Bytes> {
        let Location { bucket, key } = location;
        let request = Request::get(format!("/{bucket}/{key}"));
        let (status, content) =
            self.emulator.as_root(account, region, "s3", request, String::new()).await?;
        if status != 200 {
            bail!("s3://{bucket}/{key} cannot be read: status {status}");
        }
        Ok(content)
    }

    fn place(&self, region: &str, owner: &str, name: &str, version: &str) -> PathBuf {
        self.folder.join(region).join(owner).join(name).join(version)
    }
}

fn address(address: &str, name: Option<&str>) -> Result<Location> {
    location(address, name).with_context(|| format!("{address} is not an address of S3"))
}

/// A file's name that leads nowhere else.
fn plain(name: &str) -> Option<&str> {
    let leads = name.contains(['/', '\\', '\0']) || name.is_empty() || name.starts_with('.');
    (!leads).then_some(name)
}

/// The object that an address names; with `name`, the one of that name below it.
fn location(address: &str, name: Option<&str>) -> Option<Location> {
    let (bucket, key) = if let Some(path) = address.strip_prefix("s3://") {
        path.split_once('/').unwrap_or((path, ""))
    } else {
        let rest = address.split_once("://")?.1;
        let (host, path) = rest.split_once('/')?;
        let path = path.split('?').next().unwrap_or(path);
        match host.split_once(".s3") {
            Some((bucket, _)) => (bucket, path),
            None => path.split_once('/').unwrap_or((path, "")),
        }
    };
    let key = match name {
        Some(name) if !key.ends_with(name) => format!("{}/{name}", key.trim_end_matches('/')),
        _ => key.to_owned(),
    };
    let key = key.trim_start_matches('/').to_owned();
    (!bucket.is_empty() && !key.is_empty()).then(|| Location { bucket: bucket.to_owned(), key })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_address_of_s3_names_its_object() {
        for (address, name, expected) in [
            ("s3://bucket/folder/script.py", None, Some(("bucket", "folder/script.py"))),
            ("s3://bucket/folder", Some("script.py"), Some(("bucket", "folder/script.py"))),
            (
                "s3://bucket/folder/script.py",
                Some("script.py"),
                Some(("bucket", "folder/script.py")),
            ),
            ("s3://bucket", Some("script.py"), Some(("bucket", "script.py"))),
            ("https://s3.amazonaws.com/bucket/script.py", None, Some(("bucket", "script.py"))),
            (
                "https://s3.eu-west-1.amazonaws.com/bucket/a/b.zip",
                None,
                Some(("bucket", "a/b.zip")),
            ),
            (
                "https://bucket.s3.eu-west-1.amazonaws.com/b.zip?x=1",
                None,
                Some(("bucket", "b.zip")),
            ),
            ("http://127.0.0.1:4566/bucket/b.zip", None, Some(("bucket", "b.zip"))),
            ("bucket/b.zip", None, None),
            ("s3://bucket", None, None),
        ] {
            let found = location(address, name);
            let expected =
                expected.map(|(bucket, key)| Location { bucket: bucket.into(), key: key.into() });
            assert_eq!(found, expected, "{address}");
        }
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_no_file_name() {
        assert_eq!(plain("script.py"), Some("script.py"));
        for name in ["../script.py", "a/b", "", ".hidden", "a\\b"] {
            assert_eq!(plain(name), None, "{name}");
        }
    }
}
