//! The suite on a local AWS: organization, stacks, policies.

use std::path::Path;

use anyhow::{Context, Result};
use aws_config::SdkConfig;
pub use relay::rules::demand_valid as demand_valid_rules;
use relay::rules::rule_files;

use crate::deploy::{self, Outputs};
use crate::seed::Seeded;
use crate::{HOME_REGION, HUB, aws};

/// Intervals that fit a laptop: seconds where AWS has minutes.
pub const QUICK: [(&str, &str); 12] = [
    ("MembershipPollMinimumSeconds", "1"),
    ("MembershipPollMaximumSeconds", "5"),
    ("RecheckSeconds", "5"),
    ("GatherSeconds", "1"),
    ("SettleSeconds", "4"),
    ("OrganizationEventBatchingWindowSeconds", "0"),
    ("AlarmBatchingWindowSeconds", "0"),
    ("AutomationPollSeconds", "2,5,10"),
    ("AutomationPollStageSeconds", "10,60"),
    ("RecoveryPollSeconds", "1"),
    ("StatusCheckIntervalSeconds", "2"),
    ("LogRetentionDays", "7"),
];

/// How the suite is deployed.
#[derive(Clone, Debug, Default)]
pub struct StackOptions {
    /// Template parameters beside the quick intervals, or instead of them.
    pub parameters: Vec<(String, String)>,
}

impl StackOptions {
    /// The options with these template parameters, and no other of an own value.
    pub fn with<K: Into<String>>(parameters: impl IntoIterator<Item = (K, String)>) -> Self {
        let parameters = parameters.into_iter().map(|(key, value)| (key.into(), value)).collect();
        Self { parameters }
    }
}

/// The suite as it is deployed.
#[derive(Debug)]
pub struct Stack {
    /// The SDK configuration of the hub.
    pub hub: SdkConfig,
    /// The organization of the demo.
    pub seeded: Seeded,
    /// The outputs of the stack.
    pub outputs: Outputs,
}

impl Stack {
    /// Deploys the suite into the hub of an organization.
    ///
    /// # Errors
    /// When a call is refused or the stack does not become complete.
    pub async fn deploy(endpoint: &str, seeded: Seeded, options: &StackOptions) -> Result<Self> {
        let hub = aws::config(endpoint, HUB, HOME_REGION).await;
        let mut parameters = vec![("OrganizationId".to_owned(), seeded.organization.clone())];
        for (key, value) in QUICK {
            if !options.parameters.iter().any(|(own, _)| own == key) {
                parameters.push((key.to_owned(), value.to_owned()));
            }
        }
        parameters.extend(options.parameters.clone());
        let named: Vec<(&str, String)> =
            parameters.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
        let outputs = deploy::suite(&hub, &named).await?;
        let stack = Self { hub, seeded, outputs };
        if !options.parameters.iter().any(|(own, _)| own == "AlarmVisibilityTimeoutSeconds") {
            stack.return_alarms_soon().await?;
        }
        Ok(stack)
    }

    /// An alarm that could not be taken in returns after seconds. The template takes nothing shorter than the function's
    /// time-out, as Lambda does when it maps a queue to a function; the queue itself may be changed later.
    ///
    /// # Errors
    /// When SQS refuses.
    pub async fn return_alarms_soon(&self) -> Result<()> {
        use aws_sdk_sqs::types::QueueAttributeName::VisibilityTimeout;
        aws_sdk_sqs::Client::new(&self.hub)
            .set_queue_attributes()
            .queue_url(self.output("AlarmQueueUrl")?)
            .attributes(VisibilityTimeout, "5")
            .send()
            .await
            .map_err(aws_sdk_sqs::Error::from)
            .context("set the visibility time-out of the alarm queue")?;
        Ok(())
    }

    /// One of the stack's outputs.
    ///
    /// # Errors
    /// When the template has no such output.
    pub fn output(&self, key: &str) -> Result<&str> {
        let value = self.outputs.get(key).map(String::as_str);
        value.with_context(|| format!("the stack has no output {key}"))
    }

    /// Deploys `stacks/owner-account.yaml` into an account that owns runbooks.
    ///
    /// # Errors
    /// When the stack does not become complete.
    pub async fn deploy_owner(&self, account: &str) -> Result<()> {
        self.deploy_owner_in(account, HOME_REGION).await
    }

    /// The same in another Region, from where it forwards what happens to documents.
    ///
    /// # Errors
    /// As [`Stack::deploy_owner`].
    pub async fn deploy_owner_in(&self, account: &str, region: &str) -> Result<()> {
        let endpoint = self.hub.endpoint_url().unwrap_or_default();
        let owner = aws::config(endpoint, account, region).await;
        let parameters = [
            ("HubAccount", HUB.to_owned()),
            ("HubRegion", HOME_REGION.to_owned()),
            ("RolesRegion", HOME_REGION.to_owned()),
            ("OrganizationId", self.seeded.organization.clone()),
        ];
        deploy::stack(&owner, "runbook-relay-owner-account", "owner-account.yaml", &parameters)
            .await?;
        Ok(())
    }

    /// Writes one sharing rule as it stands, valid or not.
    ///
    /// # Errors
    /// When Parameter Store refuses it.
    pub async fn put_rule(&self, name: &str, text: &str) -> Result<()> {
        put_rule(&aws_sdk_ssm::Client::new(&self.hub), &format!("sharing/{name}"), text).await
    }

    /// Writes `DIR/sharing/*.yaml` and `DIR/remediation/*.yaml` as parameters named after their
    /// files, valid or not, and says how many.
    ///
    /// # Errors
    /// When the folder cannot be read or Parameter Store refuses.
    pub async fn put_rules(&self, folder: &Path) -> Result<usize> {
        let client = aws_sdk_ssm::Client::new(&self.hub);
        let files = rule_files(folder)?;
        for file in &files {
            put_rule(&client, &file.key(), &file.text).await?;
        }
        Ok(files.len())
    }
}

/// Writes one rule as it stands, valid or not, by its kind and name: `remediation/instance-check`.
///
/// # Errors
/// When Parameter Store refuses it.
pub async fn put_rule(client: &aws_sdk_ssm::Client, key: &str, text: &str) -> Result<()> {
    relay::rules::put_rule(client, &format!("/runbook-relay/{key}"), text).await
}
