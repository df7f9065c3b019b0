//! `relay runbooks push`: the runbooks of a folder, in the Regions where alarms ring.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ssm::types::{DocumentFormat, DocumentType, ResourceTypeForTagging, Tag};
use relay_core::id::InstallationId;
use run::ALLOWED;

/// What to do with the runbooks.
#[derive(clap::Subcommand)]
pub enum Action {
    /// Creates or updates them and tags them `runbook-relay: allowed`
    Push(Selection),
}

#[derive(clap::Args)]
/// The runbooks of a folder, and where to.
pub struct Selection {
    /// The folder with *.yaml, each named as its runbook is to be
    #[arg(default_value = "runbooks")]
    folder: PathBuf,
    /// The Regions, separated by commas; default: that of the environment
    #[arg(long, value_delimiter = ',')]
    regions: Vec<String>,
}

/// Runs with the credentials of the environment, in the hub's account.
pub async fn run(action: Action) -> Result<()> {
    let Action::Push(Selection { folder, regions }) = action;
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let own = config.region().map(ToString::to_string);
    let regions = match regions.as_slice() {
        [] => vec![own.context("no Region: name --regions, or set AWS_REGION")?],
        regions => regions.to_vec(),
    };
    for region in regions {
        let there = config.to_builder().region(Region::new(region.clone())).build();
        for (name, pushed) in push_runbooks(&there, &folder).await? {
            let what = match pushed {
                Pushed::Created => "created",
                Pushed::Updated => "updated",
                Pushed::Unchanged => "unchanged",
            };
            println!("{region}  {what:<9}  {name}");
        }
    }
    Ok(())
}

/// Creates or updates the runbooks of a folder (`*.yaml`, named after their files) and tags them so
/// that the suite may start them; says what became of each.
///
/// # Errors
/// When the folder cannot be read or SSM refuses: with SSM's own words.
pub async fn push_runbooks(config: &SdkConfig, folder: &Path) -> Result<Vec<(String, Pushed)>> {
    let ssm = aws_sdk_ssm::Client::new(config);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .with_context(|| format!("read {}", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "yaml" || e == "yml"))
        .collect();
    files.sort();
    ensure!(!files.is_empty(), "{} holds no *.yaml", folder.display());
    let mut pushed = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file)?;
        let done = push_runbook(&ssm, &name, &text).await;
        pushed.push((name.clone(), done.with_context(|| format!("push {name}"))?));
    }
    Ok(pushed)
}

/// What became of a runbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It was not there.
    Created,
    /// It has a new default version.
    Updated,
    /// Its text was the same.
    Unchanged,
}

async fn push_runbook(ssm: &aws_sdk_ssm::Client, name: &str, text: &str) -> Result<Pushed> {
    use aws_sdk_ssm::Error;
    let tag = Tag::builder().key(InstallationId::default().runbook_tag()).value(ALLOWED).build()?;
    let create = ssm.create_document().name(name).content(text).tags(tag.clone());
    let create =
        create.document_type(DocumentType::Automation).document_format(DocumentFormat::Yaml);
    match create.send().await.map_err(Error::from) {
        Ok(_) => return Ok(Pushed::Created),
        Err(Error::DocumentAlreadyExists(_)) => {}
        Err(error) => return Err(error.into()),
    }
    // Somebody may have tagged it `destructive`: that is kept.
    let tags = ssm.list_tags_for_resource().resource_type(ResourceTypeForTagging::Document);
    let tags = tags.resource_id(name).send().await.map_err(Error::from)?;
    if !tags.tag_list().iter().any(|tag| tag.key() == InstallationId::default().runbook_tag()) {
        let add = ssm.add_tags_to_resource().resource_type(ResourceTypeForTagging::Document);
        add.resource_id(name).tags(tag).send().await.map_err(Error::from)?;
    }
    let update = ssm.update_document().name(name).content(text).document_version("$LATEST");
    let updated = match update.document_format(DocumentFormat::Yaml).send().await {
        Ok(updated) => updated,
        Err(error) => match Error::from(error) {
            Error::DuplicateDocumentContent(_) => return Ok(Pushed::Unchanged),
            error => return Err(error.into()),
        },
    };
    let version = updated.document_description.and_then(|d| d.document_version);
    let version = version.context("an updated document has a version")?;
    let default = ssm.update_document_default_version().name(name).document_version(version);
    default.send().await.map_err(Error::from)?;
    Ok(Pushed::Updated)
}
