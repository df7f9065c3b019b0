//! `relay rules lint|diff|push`: the rules of a folder against the deployed parameters.

mod against;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use aws_config::BehaviorVersion;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{ParameterTier, ParameterType};
use relay_core::rules::RuleText;
use sharing::SharingRules;

/// What to do with the rules.
#[derive(clap::Subcommand)]
pub enum Action {
    /// Checks the rules of a folder; needs no AWS account
    Lint {
        /// The folder with sharing/*.yaml and remediation/*.yaml
        #[arg(default_value = "rules")]
        folder: PathBuf,
    },
    /// Shows what a push would change; fails when a rule is invalid
    Diff(Selection),
    /// Writes what changed, if the whole set is valid
    Push(Selection),
}

#[derive(clap::Args)]
/// The rules of a folder.
pub struct Selection {
    /// The folder with sharing/*.yaml and remediation/*.yaml
    #[arg(default_value = "rules")]
    folder: PathBuf,
    /// Delete parameters that have no file any more
    #[arg(long)]
    prune: bool,
}

/// Runs `diff` or `push` with the credentials and Region of the environment.
pub async fn run(action: Action) -> Result<()> {
    let (selection, write) = match action {
        Action::Lint { folder } => {
            println!("{} rules are valid", check(&folder)?);
            return Ok(());
        }
        Action::Diff(selection) => (selection, false),
        Action::Push(selection) => (selection, true),
    };
    check(&selection.folder)?;
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let client = Client::new(&config);
    let remarks = against::deployed_stack(&config, &selection.folder).await?;
    for remark in remarks {
        eprintln!("warning: {remark}");
    }
    let wanted: BTreeMap<String, String> = rule_files(&selection.folder)?.into_iter().collect();
    let present = deployed(&client).await?;
    let mut changes = 0;
    for (name, text) in &wanted {
        let sign = match present.get(name) {
            None => "+",
            Some(old) if old != text => "~",
            Some(_) => continue,
        };
        changes += 1;
        println!("{sign} /runbook-relay/{name}");
        if write {
            put_rule(&client, name, text).await?;
        }
    }
    for name in present.keys().filter(|name| !wanted.contains_key(*name)) {
        if !selection.prune {
            println!("  /runbook-relay/{name} has no file; --prune deletes it");
            continue;
        }
        changes += 1;
        println!("- /runbook-relay/{name}");
        if write {
            let deleted = client.delete_parameter().name(format!("/runbook-relay/{name}")).send();
            deleted.await.map_err(aws_sdk_ssm::Error::from)?;
        }
    }
    match (changes, write) {
        (0, _) => println!("nothing to change"),
        (n, true) => println!("{n} written"),
        (n, false) => println!("{n} to write"),
    }
    Ok(())
}

/// Checks the whole set of a folder, of both kinds, and says how many rules it holds.
pub fn check(folder: &Path) -> Result<usize> {
    let sharing = SharingRules::parse(texts(folder, "sharing/")?);
    let remediation = remediation::RemediationRules::parse(texts(folder, "remediation/")?);
    for warning in sharing.warnings.iter().chain(&remediation.warnings) {
        eprintln!("warning: {warning}");
    }
    let problems: Vec<_> = sharing.problems.iter().chain(&remediation.problems).collect();
    if problems.is_empty() {
        return Ok(sharing.rules.len() + remediation.rules.len());
    }
    for problem in &problems {
        eprintln!("{problem}");
    }
    bail!("{} problems in {}; nothing was written", problems.len(), folder.display())
}

/// The rules of one kind in a folder.
fn texts(folder: &Path, kind: &str) -> Result<Vec<RuleText>> {
    let files = rule_files(folder)?;
    let of_kind = files.iter().filter(|(name, _)| name.starts_with(kind));
    Ok(of_kind
        .map(|(name, text)| {
            RuleText::file(format!("{}/{name}.yaml", folder.display()), text.as_str())
        })
        .collect())
}

/// The deployed rules: `sharing/<name>` and `remediation/<name>` to text.
async fn deployed(client: &Client) -> Result<BTreeMap<String, String>> {
    let mut rules = BTreeMap::new();
    let mut pages = client
        .get_parameters_by_path()
        .path("/runbook-relay/")
        .recursive(true)
        .with_decryption(true)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(aws_sdk_ssm::Error::from);
        for parameter in page.context("read the parameters under /runbook-relay/")?.parameters() {
            let name = parameter.name().unwrap_or_default().trim_start_matches("/runbook-relay/");
            if name.starts_with("sharing/") || name.starts_with("remediation/") {
                rules.insert(name.to_owned(), parameter.value().unwrap_or_default().to_owned());
            }
        }
    }
    Ok(rules)
}

/// The rule files of a folder: (`sharing/<name>`, text), by name.
///
/// # Errors
/// When the folder cannot be read.
pub fn rule_files(folder: &Path) -> Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    std::fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))?;
    for kind in ["sharing", "remediation"] {
        let Ok(entries) = std::fs::read_dir(folder.join(kind)) else { continue };
        for entry in entries {
            let path = entry?.path();
            let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
            if let (true, Some(stem)) =
                (["yaml", "yml", "json"].contains(&extension), path.file_stem())
            {
                let name = format!("{kind}/{}", stem.to_string_lossy());
                files.push((name, std::fs::read_to_string(&path)?));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Writes one rule; one that does not fit the Standard tier becomes an Advanced parameter.
///
/// # Errors
/// When Parameter Store refuses it.
pub async fn put_rule(client: &Client, name: &str, text: &str) -> Result<()> {
    let advanced = text.len() > 4096;
    client
        .put_parameter()
        .name(format!("/runbook-relay/{name}"))
        .value(text)
        .r#type(ParameterType::String)
        .tier(if advanced { ParameterTier::Advanced } else { ParameterTier::Standard })
        .overwrite(true)
        .send()
        .await
        .map_err(aws_sdk_ssm::Error::from)
        .with_context(|| format!("write the parameter /runbook-relay/{name}"))?;
    Ok(())
}
