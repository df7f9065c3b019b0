//! Compares a runbook with its document in a Region.

use anyhow::{Context, Result, bail};
use aws::AwsError;
use aws_config::SdkConfig;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{DocumentType, ResourceTypeForTagging};
use relay_core::id::{InstallationId, Region};
use serde::Serialize;
use similar::TextDiff;

use super::folder::RunbookFile;

/// A runbook in a Region, beside its file.
#[derive(Debug, Clone)]
pub(super) struct Compared {
    pub region: Region,
    pub file: RunbookFile,
    pub found: Found,
}

/// The document in a Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// The text of its default version, and whether it has a tag of ours.
    Document {
        text: String,
        is_tagged: bool,
    },
}

/// How the two differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Difference {
    /// The Region has no such document.
    New,
    /// The text of the default version differs.
    Changed,
    /// The text is the same; the tag is missing, without which the suite does not start it.
    Untagged,
    /// They do not differ.
    Same,
}

impl Compared {
    pub(super) fn difference(&self) -> Difference {
        match &self.found {
            Found::Nothing => Difference::New,
            Found::Document { text, .. } if *text != self.file.text => Difference::Changed,
            Found::Document { is_tagged: false, .. } => Difference::Untagged,
            Found::Document { .. } => Difference::Same,
        }
    }

    /// The difference as a unified diff; empty where the texts are the same.
    pub(super) fn text_diff(&self) -> String {
        let Self { region, file, found } = self;
        let old = match found {
            Found::Nothing => "",
            Found::Document { text, .. } => text.as_str(),
        };
        let path = file.path.display().to_string();
        TextDiff::from_lines(old, file.text.as_str())
            .unified_diff()
            .header(&format!("{} in {region}", file.name), &path)
            .to_string()
    }
}

/// A configuration of the same caller in another Region.
pub(super) fn in_region(config: &SdkConfig, region: &Region) -> SdkConfig {
    config.to_builder().region(aws_config::Region::new(region.as_str().to_owned())).build()
}

/// Looks every runbook up in every Region. Writes nothing, and fails if one Region cannot be read: a
/// push that ends between two Regions leaves them different.
pub(super) async fn compare(
    config: &SdkConfig,
    installation: &InstallationId,
    files: &[RunbookFile],
    regions: &[Region],
) -> Result<Vec<Compared>> {
    let mut compared = Vec::new();
    for region in regions {
        let ssm = Client::new(&in_region(config, region));
        for file in files {
            let found = look(&ssm, installation, file).await;
            let found = found.with_context(|| format!("look at {} in {region}", file.name))?;
            compared.push(Compared { region: region.clone(), file: file.clone(), found });
        }
    }
    Ok(compared)
}

async fn look(ssm: &Client, installation: &InstallationId, file: &RunbookFile) -> Result<Found> {
    let name = &file.name;
    // Without a format SSM answers in JSON, whatever the document was written in.
    let get = ssm.get_document().name(name).document_format(file.format.clone());
    let answer = match get.send().await.map_err(AwsError::from) {
        Ok(answer) => answer,
        Err(error) if error.is("InvalidDocument") => return Ok(Found::Nothing),
        Err(error) => return Err(error.into()),
    };
    match answer.document_type() {
        None | Some(DocumentType::Automation) => {}
        Some(kind) => bail!("{name} is a document of type {kind} there, not a runbook"),
    }
    let tags = ssm.list_tags_for_resource().resource_type(ResourceTypeForTagging::Document);
    let tags = tags.resource_id(name).send().await.map_err(AwsError::from)?;
    let is_tagged = tags.tag_list().iter().any(|tag| tag.key() == installation.runbook_tag());
    Ok(Found::Document { text: answer.content.unwrap_or_default(), is_tagged })
}
