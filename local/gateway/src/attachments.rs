//! Files attached to documents: fetched from S3 when the document is made, kept beside the
//! journal, given to the engine with the document.
//!
//! Real SSM takes its own copy too: what happens to the object later does not matter.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use documents::Usable;
use http::Request;
use serde_json::Value;

use crate::emulator::Emulator;

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

    /// Fetches what a `CreateDocument` or `UpdateDocument` attaches.
    ///
    /// # Errors
    /// Names what cannot be had.
    pub async fn fetch(
        &self,
        account: &str,
        region: &str,
        input: &Value,
    ) -> Result<Vec<AttachedFile>> {
        let mut files = Vec::new();
        for attachment in input["Attachments"].as_array().into_iter().flatten() {
            let name = attachment["Name"].as_str();
            let Some(value) = attachment["Values"][0].as_str() else { continue };
            if attachment["Key"] == "AttachmentReference" {
                files.push(self.referenced(account, region, value)?);
                continue;
            }
            let exact = attachment["Key"] == "S3FileUrl";
            let location = location(value, name.filter(|_| !exact))
                .with_context(|| format!("{value} is not an address of S3"))?;
            let content = self.object(account, region, &location).await?;
            let last = location.key.rsplit('/').next().unwrap_or_default();
            files.push(AttachedFile { name: name.unwrap_or(last).to_owned(), content });
        }
        Ok(files)
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

    /// `document/version/file`, of another document of the same account and Region.
    fn referenced(&self, account: &str, region: &str, value: &str) -> Result<AttachedFile> {
        let mut parts = value.rsplitn(3, '/');
        let (Some(file), Some(version), Some(document)) =
            (parts.next(), parts.next(), parts.next())
        else {
            bail!("{value}: a document, its version and a file are expected");
        };
        let document = document.rsplit('/').next().unwrap_or(document);
        let name = plain(file).with_context(|| format!("{file} is not a file name"))?;
        let path = self.place(region, account, document, version).join(name);
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
