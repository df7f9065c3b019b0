//! The hub's CloudFormation stack: its version, and the names that its outputs decide.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws::AwsError;
use aws_config::SdkConfig;
use aws_sdk_cloudformation::types::{Stack as Described, StackStatus};
use relay_core::id::InstallationId;

use crate::failure::Failure;

/// Where rules are when the stack does not say.
const RULE_PATH: &str = "/runbook-relay/";

/// The hub's stack as it was deployed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stack {
    /// Its name, as `--stack` names it.
    pub name: String,
    /// CloudFormation calls it the stack id.
    pub arn: String,
    /// The output `Version`; stacks older than that output have none.
    pub version: Option<String>,
    outputs: BTreeMap<String, String>,
    parameters: BTreeMap<String, String>,
}

impl Stack {
    /// Looks a stack up in the Region of `config`.
    ///
    /// # Errors
    /// When it is not there, was never completed, or may not be described.
    pub(crate) async fn find(config: &SdkConfig, name: &str, account: &str) -> Result<Self> {
        let region = config.region().map(AsRef::as_ref).unwrap_or_default();
        let client = aws_sdk_cloudformation::Client::new(config);
        let answer = client.describe_stacks().stack_name(name).send().await.map_err(AwsError::from);
        let described = match answer {
            Ok(answer) => answer.stacks.unwrap_or_default().into_iter().next(),
            // CloudFormation has no code of its own for a stack that does not exist.
            Err(error) if error.is("ValidationError") && error.message.contains("not exist") => {
                None
            }
            Err(error) => {
                return Err(error).with_context(|| format!("look the stack {name} up"));
            }
        };
        let Some(described) = described else { return Err(missing(name, account, region).into()) };
        match described.stack_status() {
            Some(status) if is_unusable(status) => {
                let what = format!("the stack {name} in {account}, {region} is {status}");
                let help = "Repair or delete it in CloudFormation, then deploy it again.";
                Err(Failure::new(what).help(help).into())
            }
            _ => Ok(Self::of(name, described)),
        }
    }

    fn of(name: &str, described: Described) -> Self {
        let outputs = described.outputs.unwrap_or_default().into_iter();
        let outputs: BTreeMap<_, _> =
            outputs.filter_map(|output| Some((output.output_key?, output.output_value?))).collect();
        let parameters = described.parameters.unwrap_or_default().into_iter();
        let parameters = parameters.filter_map(|p| Some((p.parameter_key?, p.parameter_value?)));
        Self {
            name: name.to_owned(),
            arn: described.stack_id.unwrap_or_default(),
            version: outputs.get("Version").cloned(),
            parameters: parameters.collect(),
            outputs,
        }
    }

    /// The command that updates it with the template of `aws cloudformation package`, without its parameters.
    pub(crate) fn deploy(&self) -> String {
        format!(
            "aws cloudformation deploy --template-file packaged.yaml --stack-name {} --s3-bucket BUCKET \
             --capabilities CAPABILITY_NAMED_IAM CAPABILITY_AUTO_EXPAND",
            self.name
        )
    }

    /// One of its outputs.
    ///
    /// # Errors
    /// When the deployed template has no such output.
    pub(crate) fn output(&self, key: &str) -> Result<&str> {
        let value = self.outputs.get(key).map(String::as_str);
        value.with_context(|| format!("the stack {} has no output {key}", self.name))
    }

    /// One of its parameters; empty if the deployed template has no such parameter.
    pub(crate) fn parameter(&self, key: &str) -> &str {
        self.parameters.get(key).map(String::as_str).unwrap_or_default()
    }

    /// The id of its installation; the default for stacks older than that parameter.
    ///
    /// # Errors
    /// When the parameter is not an id.
    pub(crate) fn installation(&self) -> Result<InstallationId> {
        match self.parameter("InstallationId") {
            "" => Ok(InstallationId::default()),
            id => Ok(id.parse()?),
        }
    }

    /// The path of its rules in Parameter Store, with a slash at both ends.
    pub(crate) fn rule_path(&self) -> String {
        match self.outputs.get("RulePath").map(|path| path.trim_matches('/')) {
            Some(path) if !path.is_empty() => format!("/{path}/"),
            _ => RULE_PATH.to_owned(),
        }
    }
}

fn missing(name: &str, account: &str, region: &str) -> Failure {
    Failure::new(format!("no stack {name} in account {account}, Region {region}"))
        .help("Check that --profile and --region are those of the hub.")
        .help("A stack of another name is found with --stack NAME.")
        .help("If runbook-relay is not deployed yet: docs/deploy.md.")
}

/// Whether a stack has nothing that works.
fn is_unusable(status: &StackStatus) -> bool {
    matches!(
        status,
        StackStatus::CreateFailed
            | StackStatus::CreateInProgress
            | StackStatus::DeleteComplete
            | StackStatus::DeleteFailed
            | StackStatus::DeleteInProgress
            | StackStatus::ReviewInProgress
            | StackStatus::RollbackComplete
            | StackStatus::RollbackFailed
            | StackStatus::RollbackInProgress
    )
}
