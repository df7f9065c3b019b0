//! Documents and settings as other services of the local AWS use them.

use crate::{
    arn,
    document::{Document, DocumentType},
    input::Attachment,
    settings,
    state::Documents,
};

/// A version of a document that an account may use.
#[derive(Clone, Debug, PartialEq)]
pub struct Usable {
    /// Its name, without the owner.
    pub name: String,
    /// The owner's account; empty for AWS's own.
    pub owner: String,
    pub version: u32,
    /// The default version's number.
    pub default_version: u32,
    pub document_type: DocumentType,
    /// Its `TargetType`, e.g. `/AWS::EC2::Instance`.
    pub target_type: Option<String>,
    /// The content as it was stored, YAML, JSON or text.
    pub content: String,
    /// SHA-256 of the content, hexadecimal.
    pub hash: String,
    /// The operating systems it is for: `Linux`, `Windows`, `MacOS`.
    pub platforms: Vec<&'static str>,
    /// The names of the files that were attached to it, and where the caller said they are.
    pub attachments: Vec<AttachmentSource>,
}

/// Where an attachment comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentSource {
    /// `SourceUrl`, `S3FileUrl` or `AttachmentReference`.
    pub key: String,
    pub value: String,
    /// The file's name, if the caller gave it one.
    pub name: Option<String>,
}

/// Why a document cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// The account sees none of this name.
    NoDocument,
    /// It has no such version, the account does not see it, or its status is `Failed`.
    NoVersion,
}

impl Documents {
    /// A document that `account` may use in `region`, by name or ARN, in a version (`$DEFAULT`,
    /// `$LATEST`, a number; without one, the one that an unversioned request gets).
    ///
    /// # Errors
    /// When the account sees none.
    pub fn usable(
        &self,
        account: &str,
        region: &str,
        name: &str,
        version: Option<&str>,
    ) -> Result<Usable, Unusable> {
        let view = self.seen_by(account, region, name).ok_or(Unusable::NoDocument)?;
        let found = view.select(version, None).map_err(|_| Unusable::NoVersion)?;
        if found.failure.is_some() {
            return Err(Unusable::NoVersion);
        }
        let document = view.document;
        Ok(Usable {
            name: document.name.clone(),
            owner: document.owner.clone(),
            version: found.number,
            default_version: document.default_version,
            document_type: document.kind,
            target_type: found.target_type.clone(),
            content: found.content.text.clone(),
            hash: found.content.hash.clone(),
            platforms: found.content.platforms.clone(),
            attachments: found.attachments.iter().filter_map(Attachment::source).collect(),
        })
    }

    /// The owner and the name of a document that an account calls by name or ARN; the owner is empty
    /// for AWS's own.
    pub fn place(&self, account: &str, region: &str, name: &str) -> Option<(&str, &str)> {
        let document = self.seen_by(account, region, name)?.document;
        Some((&document.owner, &document.name))
    }

    /// The ARN by which policies name a document that an account calls by name or ARN.
    pub fn arn_for(&self, account: &str, region: &str, name: &str) -> String {
        match self.seen_by(account, region, name) {
            Some(view) => {
                let Document { owner, name, .. } = view.document;
                arn::ssm(region, owner, &format!("document/{name}"))
            }
            None if name.starts_with("arn:") => name.to_owned(),
            None => arn::ssm(region, account, &format!("document/{name}")),
        }
    }

    /// The value in force of a service setting; `None` if there is no such setting.
    pub fn setting_value(&self, account: &str, region: &str, id: &str) -> Option<String> {
        settings::value(self, account, region, id)
    }

    /// The change calendars that accounts own: Region, account, name and content of the default
    /// version.
    pub fn calendars(&self) -> impl Iterator<Item = (&str, &str, &str, &str)> {
        self.regions.iter().flat_map(|(region, documents)| {
            let owned = documents.owned.values().flat_map(|documents| documents.values());
            owned.filter(|document| document.kind == DocumentType::ChangeCalendar).filter_map(
                move |document| {
                    let version = document.versions.get(&document.default_version)?;
                    let (owner, name) = (document.owner.as_str(), document.name.as_str());
                    Some((region.as_str(), owner, name, version.content.text.as_str()))
                },
            )
        })
    }
}
