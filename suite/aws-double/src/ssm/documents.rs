//! Documents and with whom they are shared.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Ssm, tag_list};
use crate::{Call, Refusal, State};

/// ListDocuments gives no more at once, and DescribeDocumentPermission.
const MOST_LISTED: usize = 50;
const MOST_ACCOUNTS: usize = 200;
/// ModifyDocumentPermission takes no more in each of its two lists.
const MOST_CHANGES: usize = 20;

/// An Automation document, as far as the suite reads one.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// It is Amazon's, and everybody has it.
    pub by_amazon: bool,
    pub parameters: Vec<Parameter>,
    pub tags: BTreeMap<String, String>,
    /// The accounts that it is shared with, and the version that each sees.
    pub shared: BTreeMap<String, String>,
    /// The contents of its versions, from version 1 on; one that is not given is empty.
    pub versions: Vec<String>,
    /// The number of the default version; 0 is the first one, too.
    pub default: usize,
    /// Names of the files that are attached.
    pub files: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct Parameter {
    pub name: &'static str,
    /// A parameter without a default is required.
    pub default: Option<&'static str>,
}

impl Document {
    /// With parameters that are required.
    #[must_use]
    pub fn requiring(parameters: &[&'static str]) -> Self {
        let required = |name: &&'static str| Parameter { name, default: None };
        Self { parameters: parameters.iter().map(required).collect(), ..Self::default() }
    }

    #[must_use]
    pub fn tagged(mut self, key: &str, value: &str) -> Self {
        self.tags.insert(key.to_owned(), value.to_owned());
        self
    }

    /// With a version after its latest, which is the default from now on.
    #[must_use]
    pub fn with_version(mut self, content: &str) -> Self {
        self.versions.push(content.to_owned());
        self.default = self.versions.len();
        self
    }

    /// The content of the default version.
    #[must_use]
    pub fn content(&self) -> &str {
        self.version("$DEFAULT").map_or("", |(_, content)| content)
    }

    /// The number and the content of a version, `$DEFAULT` and `$LATEST` included.
    fn version(&self, named: &str) -> Option<(usize, &str)> {
        let latest = self.versions.len().max(1);
        let number = match named {
            "$DEFAULT" => self.default.max(1),
            "$LATEST" => latest,
            number => number.parse().ok().filter(|number| (1..=latest).contains(number))?,
        };
        Some((number, self.versions.get(number - 1).map_or("", String::as_str)))
    }
}

fn invalid() -> Refusal {
    Refusal::new("InvalidDocument", "The specified document does not exist.")
}

pub(super) fn serve(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    if call.operation == "DescribeDocument" {
        let (owner, document) = find(state, call, call.text("Name")).ok_or_else(invalid)?;
        return Ok(json!({ "Document": described(call, &owner, &document)? }));
    }
    match call.operation.as_str() {
        "CreateDocument" | "UpdateDocument" if !can_attach(&state.objects, call) => {
            let what = "The attachment content is not supported: it cannot be read.";
            Err(Refusal::new("UnsupportedAttachment", what))
        }
        _ => serve_own(state, call),
    }
}

/// The documents of the account itself.
fn serve_own(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let ssm = &mut state.at(&call.account, &call.region).ssm;
    match call.operation.as_str() {
        "ListDocuments" => list(ssm, call),
        "ListTagsForResource" => {
            let missing = || Refusal::new("InvalidResourceId", "The document does not exist.");
            let document = ssm.documents.get(call.text("ResourceId")).ok_or_else(missing)?;
            Ok(json!({ "TagList": tag_list(&document.tags) }))
        }
        "ModifyDocumentPermission" => modify(ssm, call),
        "DescribeDocumentPermission" => permissions(ssm, call),
        "CreateDocument" => create(ssm, call),
        "DeleteDocument" => {
            let shared = ssm.documents.get(call.text("Name")).map(|found| !found.shared.is_empty());
            if shared == Some(true) {
                let what = "You attempted to delete a document while it is still shared.";
                return Err(Refusal::new("InvalidDocumentOperation", what));
            }
            let deleted = ssm.documents.remove(call.text("Name"));
            deleted.map(|_| json!({})).ok_or_else(invalid)
        }
        "GetDocument" | "UpdateDocument" | "UpdateDocumentDefaultVersion" => {
            let document = ssm.documents.get_mut(call.text("Name")).ok_or_else(invalid)?;
            versioned(document, call)
        }
        _ => call.unknown(),
    }
}

/// A document by its name, or by its ARN where another account owns and shares it; with its owner.
pub(super) fn find(state: &mut State, call: &Call, name: &str) -> Option<(String, Document)> {
    let owner = match name.split(':').collect::<Vec<_>>()[..] {
        ["arn", _, "ssm", region, owner, _] if region == call.region => owner.to_owned(),
        [_] => call.account.clone(),
        _ => return None,
    };
    let document = name.rsplit('/').next()?;
    let document = state.at(&owner, &call.region).ssm.documents.get(document)?.clone();
    if document.by_amazon {
        Some(("Amazon".to_owned(), document))
    } else {
        let visible = owner == call.account || document.shared.contains_key(&call.account);
        visible.then_some((owner, document))
    }
}

/// Whether S3 has the files that are attached from there, or the document's own Region has the document.
fn can_attach(objects: &BTreeMap<String, Vec<u8>>, call: &Call) -> bool {
    let files = call.body["Attachments"].as_array().into_iter().flatten();
    files.filter_map(|file| file["Values"][0].as_str()).all(|value| {
        match value.strip_prefix("s3://") {
            Some(object) => objects.contains_key(object),
            None => value.split(':').nth(3) == Some(call.region.as_str()),
        }
    })
}

fn create(ssm: &mut Ssm, call: &Call) -> Result<Value, Refusal> {
    let name = call.text("Name").to_owned();
    if ssm.documents.contains_key(&name) {
        return Err(Refusal::new(
            "DocumentAlreadyExists",
            "The specified document already exists.",
        ));
    }
    let mut document = Document::default().with_version(call.text("Content"));
    let listed = |field: &str| call.body[field].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    document.tags =
        listed("Tags").iter().map(|tag| (text(&tag["Key"]), text(&tag["Value"]))).collect();
    document.files = listed("Attachments").iter().map(|file| text(&file["Name"])).collect();
    let described = described(call, &call.account, &document)?;
    ssm.documents.insert(name, document);
    Ok(json!({ "DocumentDescription": described }))
}

fn versioned(document: &mut Document, call: &Call) -> Result<Value, Refusal> {
    match call.operation.as_str() {
        "GetDocument" => {
            let (number, content) =
                document.version(call.text("DocumentVersion")).ok_or_else(no_version)?;
            let files = document.files.iter().map(|name| {
                json!({ "Name": name, "Size": name.len(), "Url": format!("https://files.example/{name}") })
            });
            Ok(json!({
                "Content": content, "DocumentVersion": number.to_string(),
                "AttachmentsContent": files.collect::<Vec<_>>(),
            }))
        }
        "UpdateDocument" => {
            let content = call.text("Content").to_owned();
            if document.versions.contains(&content) {
                let what = "The content of the document matches another version.";
                return Err(Refusal::new("DuplicateDocumentContent", what));
            }
            document.versions.push(content);
            if let Some(files) = call.body["Attachments"].as_array() {
                let name = |file: &Value| file["Name"].as_str().unwrap().to_owned();
                document.files = files.iter().map(name).collect();
            }
            let latest = Document { default: document.versions.len(), ..document.clone() };
            let mut described = described(call, &call.account, &latest)?;
            described["DocumentVersion"] = json!(document.versions.len().to_string());
            Ok(json!({ "DocumentDescription": described }))
        }
        _ => {
            let number = document.version(call.text("DocumentVersion")).ok_or_else(no_version)?.0;
            document.default = number;
            Ok(json!({}))
        }
    }
}

fn no_version() -> Refusal {
    Refusal::new("InvalidDocumentVersion", "The document does not have this version.")
}

fn described(call: &Call, owner: &str, document: &Document) -> Result<Value, Refusal> {
    let parameter = |Parameter { name, default }: &Parameter| json!({ "Name": name, "Type": "String", "DefaultValue": default });
    let parameters: Vec<Value> = document.parameters.iter().map(parameter).collect();
    let asked = call.body["DocumentVersion"].as_str().unwrap_or("$DEFAULT");
    let (number, content) = document.version(asked).ok_or_else(no_version)?;
    let files: Vec<Value> = document.files.iter().map(|name| json!({ "Name": name })).collect();
    Ok(json!({
        "Name": call.text("Name"), "Owner": owner, "DocumentType": "Automation",
        "Status": "Active", "Parameters": parameters, "DocumentFormat": "YAML",
        "Hash": format!("hash of {content}"), "Tags": tag_list(&document.tags),
        "DocumentVersion": number.to_string(), "DefaultVersion": document.default.max(1).to_string(),
        "LatestVersion": document.versions.len().max(1).to_string(), "AttachmentsInformation": files,
    }))
}

fn list(ssm: &Ssm, call: &Call) -> Result<Value, Refusal> {
    assert_eq!(call.body["Filters"], json!([{ "Key": "Owner", "Values": ["Self"] }]));
    assert_eq!(call.body["MaxResults"], MOST_LISTED);
    let from = match call.body["NextToken"].as_str() {
        None => 0,
        Some(token) => {
            let invalid = || Refusal::new("InvalidNextToken", "The specified token is not valid.");
            let from = token.strip_prefix("from-").and_then(|from| from.parse().ok());
            from.ok_or_else(invalid)?
        }
    };
    let own: Vec<_> = ssm.documents.iter().filter(|(_, document)| !document.by_amazon).collect();
    let listed: Vec<Value> = own
        .iter()
        .skip(from)
        .take(MOST_LISTED)
        .map(|(name, document)| {
            json!({
                "Name": name, "DocumentType": "Automation", "Owner": call.account,
                "Tags": tag_list(&document.tags),
            })
        })
        .collect();
    let next = from + MOST_LISTED;
    let next = (next < own.len()).then(|| format!("from-{next}"));
    Ok(json!({ "DocumentIdentifiers": listed, "NextToken": next }))
}

fn modify(ssm: &mut Ssm, call: &Call) -> Result<Value, Refusal> {
    let [add, remove] = ["AccountIdsToAdd", "AccountIdsToRemove"].map(|field| {
        let ids = call.texts(field);
        assert!(call.body[field].is_null() || !ids.is_empty(), "SSM takes no empty {field}");
        assert!(ids.len() <= MOST_CHANGES, "SSM takes no {} in {field}", ids.len());
        ids
    });
    assert!(!(add.is_empty() && remove.is_empty()), "SSM takes no change of nobody");
    let version = call.body["SharedDocumentVersion"].as_str().unwrap_or("$DEFAULT");
    let quota = ssm.share_quota;
    let document = ssm.documents.get_mut(call.text("Name")).ok_or_else(invalid)?;
    let mut after = document.shared.clone();
    after.retain(|id, _| !remove.contains(id));
    after.extend(add.into_iter().map(|id| (id, version.to_owned())));
    if after.len() > quota && after.len() > document.shared.len() {
        let what = "The document can't be shared with more accounts.";
        return Err(Refusal::new("DocumentPermissionLimit", what));
    }
    document.shared = after;
    Ok(json!({}))
}

fn permissions(ssm: &Ssm, call: &Call) -> Result<Value, Refusal> {
    let document = ssm.documents.get(call.text("Name")).ok_or_else(invalid)?;
    let shared: Vec<(&String, &String)> = document.shared.iter().collect();
    let token = call.body["NextToken"].as_str();
    let (page, next) = crate::call::page(&shared, token, MOST_ACCOUNTS, false);
    let ids: Vec<&String> = page.iter().map(|(id, _)| *id).collect();
    let infos: Vec<Value> = page
        .iter()
        .map(|(id, version)| json!({ "AccountId": id, "SharedDocumentVersion": version }))
        .collect();
    Ok(json!({ "AccountIds": ids, "AccountSharingInfoList": infos, "NextToken": next }))
}
