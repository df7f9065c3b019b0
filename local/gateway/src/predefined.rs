//! The documents that Amazon owns in every account and Region, as far as the local AWS has them:
//! AWS's names, parameters and behaviour, re-authored from AWS's documentation. Their text is in
//! `predefined/`.

use anyhow::{Result, anyhow};
use documents::{DocumentFormat, DocumentType, Documents, Predefined};

use crate::content;

/// A document: its name, what it is run on (a resource type, empty for none) and its text.
type Written = (&'static str, &'static str, &'static str);

/// Documents from their files.
macro_rules! documents {
    ($($name:literal => $target:literal),+ $(,)?) => {
        &[$(($name, $target, include_str!(concat!("../predefined/", $name, ".yaml")))),+]
    };
}

const RUNBOOKS: &[Written] = documents![
    "AWS-ConfigureS3BucketVersioning" => "AWS::S3::Bucket",
    "AWS-CreateImage" => "AWS::EC2::Instance",
    "AWS-CreateSnapshot" => "AWS::EC2::Volume",
    "AWS-DisablePublicAccessForSecurityGroup" => "AWS::EC2::SecurityGroup",
    "AWS-EnableCloudTrail" => "",
    "AWS-PublishSNSNotification" => "AWS::SNS::Topic",
    "AWS-ResizeInstance" => "AWS::EC2::Instance",
    "AWS-RestartEC2Instance" => "AWS::EC2::Instance",
    "AWS-RestartEC2InstanceWithApproval" => "AWS::EC2::Instance",
    "AWS-StartEC2Instance" => "AWS::EC2::Instance",
    "AWS-StartEC2InstanceWithApproval" => "AWS::EC2::Instance",
    "AWS-StopEC2Instance" => "AWS::EC2::Instance",
    "AWS-StopEC2InstanceWithApproval" => "AWS::EC2::Instance",
    "AWS-TerminateEC2Instance" => "AWS::EC2::Instance",
    "AWS-TerminateEC2InstanceWithApproval" => "AWS::EC2::Instance",
    "AWSConfigRemediation-ConfigureS3BucketPublicAccessBlock" => "AWS::S3::Bucket",
    "AWSConfigRemediation-EnforceEC2InstanceIMDSv2" => "AWS::EC2::Instance",
];

/// The documents that SendCommand and `aws:runCommand` run on nodes.
const COMMANDS: &[Written] = documents![
    "AWS-ApplyAnsiblePlaybooks" => "",
    "AWS-ConfigureAWSPackage" => "",
    "AWS-ConfigureDocker" => "",
    "AWS-DownloadContent" => "",
    "AWS-InstallApplication" => "",
    "AWS-RefreshAssociation" => "",
    "AWS-RunDocument" => "",
    "AWS-RunPatchBaseline" => "",
    "AWS-RunPowerShellScript" => "",
    "AWS-RunRemoteScript" => "",
    "AWS-RunShellScript" => "",
    "AWS-UpdateSSMAgent" => "",
    "AmazonCloudWatch-ManageAgent" => "",
];

/// SSM with the predefined documents and nothing else.
///
/// # Errors
/// A predefined document that SSM would refuse.
pub(crate) fn documents() -> Result<Documents> {
    let of = |kind| {
        move |(name, target, content): &Written| Predefined {
            name: (*name).to_owned(),
            document_type: kind,
            format: DocumentFormat::Yaml,
            content: (*content).to_owned(),
            target_type: (!target.is_empty()).then(|| format!("/{target}")),
        }
    };
    let runbooks = RUNBOOKS.iter().map(of(DocumentType::Automation));
    let commands = COMMANDS.iter().map(of(DocumentType::Command));
    Documents::new(runbooks.chain(commands).collect(), content::check)
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
        let named = RUNBOOKS.iter().chain(COMMANDS).map(|(name, ..)| (*name).to_owned()).collect();
        assert_eq!(files, named);
    }
}
