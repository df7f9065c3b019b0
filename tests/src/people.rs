//! People: a role with one of the stack's policies, and a session of it.

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use harness::{HOME_REGION, HUB};
use serde_json::json;

use crate::World;

/// Somebody who is signed in under a role with one policy.
#[derive(Debug)]
pub struct Person {
    /// The SDK configuration of the session, in the hub's Region.
    pub config: SdkConfig,
    /// The ARN of the role.
    pub role: String,
}

impl World {
    /// Signs somebody in under a new role, which has the policy `runbook-relay-<policy>` and nothing else. `a+b` are two policies.
    ///
    /// # Errors
    /// When the policy is missing, or IAM or STS refuses.
    pub async fn person(&self, name: &str, policy: &str) -> Result<Person> {
        let root = format!("arn:aws:iam::{HUB}:root");
        let trust = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": {"AWS": root}, "Action": "sts:AssumeRole"}});
        self.iam(&[
            ("Action", "CreateRole"),
            ("RoleName", name),
            ("AssumeRolePolicyDocument", &trust.to_string()),
        ])
        .await?;
        for policy in policy.split('+') {
            let arn = format!("arn:aws:iam::{HUB}:policy/runbook-relay-{policy}");
            let attach = [("Action", "AttachRolePolicy"), ("RoleName", name), ("PolicyArn", &arn)];
            self.iam(&attach).await?;
        }
        let role = format!("arn:aws:iam::{HUB}:role/{name}");
        let hub = self.account(HUB, HOME_REGION).await;
        let session = AssumeRoleProvider::builder(&role).session_name("test").configure(&hub);
        let provider = SharedCredentialsProvider::new(session.build().await);
        Ok(Person { config: hub.to_builder().credentials_provider(provider).build(), role })
    }
}

impl Person {
    /// The variables that sign the AWS CLI and `relay` in.
    ///
    /// # Errors
    /// When STS refuses.
    pub async fn environment(&self) -> Result<Vec<(&'static str, String)>> {
        let provider = self.config.credentials_provider().context("credentials")?;
        let keys = provider.provide_credentials().await?;
        Ok(vec![
            ("AWS_ACCESS_KEY_ID", keys.access_key_id().to_owned()),
            ("AWS_SECRET_ACCESS_KEY", keys.secret_access_key().to_owned()),
            ("AWS_SESSION_TOKEN", keys.session_token().unwrap_or_default().to_owned()),
            ("AWS_REGION", HOME_REGION.to_owned()),
        ])
    }
}
