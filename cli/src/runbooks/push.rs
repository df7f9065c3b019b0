//! `relay runbooks push`: creates and updates runbooks, after all Regions have been compared.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use aws::AwsError;
use aws_config::SdkConfig;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{DocumentType, ResourceTypeForTagging, Tag};
use relay_core::id::{InstallationId, Region};
use run::ALLOWED;

use super::compare::{Compared, Difference, Found, compare, in_region};
use super::diff::{Entry, Report};
use super::{Selection, folder};
use crate::Exit;
use crate::arguments::Global;
use crate::output::Output;
use crate::session::Session;

/// Compares, says who writes where, and writes.
pub(super) async fn run(selection: &Selection, global: &Global, output: &Output) -> Result<Exit> {
    let files = folder::read(&selection.path)?;
    folder::demand_valid(&files, output)?;
    selection.warn(output);
    let session = Session::open(global).await?;
    let installation = session.stack.installation()?;
    let regions = selection.regions(&session);
    let compared = compare(&session.config, &installation, &files, &regions).await?;
    session.announce(output);
    for one in &compared {
        write(&session.config, &installation, one).await?;
        let done = match one.difference() {
            Difference::New => "created",
            Difference::Changed => "updated",
            Difference::Untagged => "tagged",
            Difference::Same => "unchanged",
        };
        output.line(format_args!("{}  {done:<9}  {}", one.region, one.file.name));
    }
    let entries = compared.iter().map(|one| Entry::new(one, String::new()));
    output.json(&Report { place: session.place(), runbooks: entries.collect() })?;
    Ok(Exit::Done)
}

/// Creates or updates the runbooks of a folder in the Region of `config`, tags them so that the suite
/// of the default installation id may start them, and returns their names.
///
/// # Errors
/// When the folder cannot be read or SSM refuses.
pub async fn push_runbooks(config: &SdkConfig, folder: &Path) -> Result<Vec<String>> {
    let files = folder::read(folder)?;
    let region: Region = config.region().context("a Region is configured")?.as_ref().parse()?;
    let installation = InstallationId::default();
    for one in compare(config, &installation, &files, &[region]).await? {
        write(config, &installation, &one).await?;
    }
    Ok(files.into_iter().map(|file| file.name).collect())
}

/// Makes the Region's document that of the file. May be repeated.
async fn write(
    config: &SdkConfig,
    installation: &InstallationId,
    compared: &Compared,
) -> Result<()> {
    let Compared { region, file, found } = compared;
    let ssm = Client::new(&in_region(config, region));
    let written = match found {
        Found::Nothing => create(&ssm, installation, compared).await,
        // A tag `destructive` is kept: only one that is missing is added.
        Found::Document { text, is_tagged } => {
            let tagged =
                if *is_tagged { Ok(()) } else { tag(&ssm, installation, &file.name).await };
            match tagged {
                Ok(()) if *text != file.text => update(&ssm, compared).await,
                tagged => tagged,
            }
        }
    };
    written.with_context(|| format!("push {} to {region}", file.name))?;
    tracing::debug!(region = region.as_str(), runbook = file.name, "pushed");
    Ok(())
}

fn allowed(installation: &InstallationId) -> Result<Tag> {
    Ok(Tag::builder().key(installation.runbook_tag()).value(ALLOWED).build()?)
}

async fn create(ssm: &Client, installation: &InstallationId, compared: &Compared) -> Result<()> {
    let file = &compared.file;
    let create =
        ssm.create_document().name(&file.name).content(&file.text).tags(allowed(installation)?);
    let create = create.document_type(DocumentType::Automation);
    create.document_format(file.format.clone()).send().await.map_err(AwsError::from)?;
    Ok(())
}

async fn tag(ssm: &Client, installation: &InstallationId, name: &str) -> Result<()> {
    let add = ssm.add_tags_to_resource().resource_type(ResourceTypeForTagging::Document);
    add.resource_id(name).tags(allowed(installation)?).send().await.map_err(AwsError::from)?;
    Ok(())
}

/// Adds a version and makes it the default. SSM refuses a version whose text it has already: then the
/// latest one is made the default, if its text is this.
async fn update(ssm: &Client, compared: &Compared) -> Result<()> {
    let file = &compared.file;
    let update = ssm.update_document().name(&file.name).content(&file.text);
    let update = update.document_version("$LATEST").document_format(file.format.clone());
    let version = match update.send().await.map_err(AwsError::from) {
        Ok(updated) => updated.document_description.and_then(|d| d.document_version),
        Err(error) if error.is("DuplicateDocumentContent") => {
            let latest = ssm.get_document().name(&file.name).document_version("$LATEST");
            let latest = latest.document_format(file.format.clone());
            let latest = latest.send().await.map_err(AwsError::from)?;
            ensure!(
                latest.content.as_deref() == Some(file.text.as_str()),
                "an older version has this text: make it the default version"
            );
            latest.document_version
        }
        Err(error) => return Err(error.into()),
    };
    let version = version.context("SSM does not name the new version")?;
    let default = ssm.update_document_default_version().name(&file.name).document_version(version);
    default.send().await.map_err(AwsError::from)?;
    Ok(())
}
