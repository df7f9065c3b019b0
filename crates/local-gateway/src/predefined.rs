//! The documents that Amazon owns in every account and Region, as far as the local AWS has them:
//! AWS's names, parameters and behaviour, re-authored from AWS's documentation. Their text is in
//! `predefined/`.

use anyhow::{Result, anyhow};
use local_ssm::{DocumentFormat, DocumentType, Documents, Predefined};

/// Names and texts of documents from their files.
macro_rules! documents {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../predefined/", $name, ".yaml")))),+]
    };
}

const RUNBOOKS: &[(&str, &str)] = documents![
    "AWS-ConfigureS3BucketVersioning",
    "AWS-CreateImage",
    "AWS-CreateSnapshot",
    "AWS-DisablePublicAccessForSecurityGroup",
    "AWS-EnableCloudTrail",
    "AWS-PublishSNSNotification",
    "AWS-ResizeInstance",
    "AWS-RestartEC2Instance",
    "AWS-RestartEC2InstanceWithApproval",
    "AWS-StartEC2Instance",
    "AWS-StartEC2InstanceWithApproval",
    "AWS-StopEC2Instance",
    "AWS-StopEC2InstanceWithApproval",
    "AWS-TerminateEC2Instance",
    "AWS-TerminateEC2InstanceWithApproval",
    "AWSConfigRemediation-ConfigureS3BucketPublicAccessBlock",
    "AWSConfigRemediation-EnforceEC2InstanceIMDSv2",
];

/// What `aws:runCommand` runs on nodes.
const COMMANDS: &[(&str, &str)] = documents!["AWS-RunPatchBaseline", "AWS-RunShellScript"];

/// SSM with the predefined documents and nothing else.
///
/// # Errors
/// A predefined document that SSM would refuse.
pub(crate) fn documents() -> Result<Documents> {
    let of = |kind| {
        move |(name, content): &(&str, &str)| Predefined {
            name: (*name).to_owned(),
            document_type: kind,
            format: DocumentFormat::Yaml,
            content: (*content).to_owned(),
        }
    };
    let runbooks = RUNBOOKS.iter().map(of(DocumentType::Automation));
    let commands = COMMANDS.iter().map(of(DocumentType::Command));
    Documents::new(runbooks.chain(commands).collect(), |_| Ok(()))
        .map_err(|error| anyhow!("a predefined document: {}: {}", error.code, error.message))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::ffi::OsStr;
    use std::fs;
    use std::path::Path;

    use super::{COMMANDS, RUNBOOKS};

    #[test]
    fn ssm_takes_every_predefined_document() {
        assert!(super::documents().is_ok());
    }

    #[test]
    fn every_file_is_a_document() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("predefined");
        let files: BTreeSet<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension() == Some(OsStr::new("yaml")))
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        let named = RUNBOOKS.iter().chain(COMMANDS).map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(files, named);
    }
}
