//! Who calls, where, and which stack is meant: everything a command needs before it talks to AWS.
//!
//! A command that works with a deployed stack opens a [`Session`], which fails where the stack is not
//! found: writing into the wrong account or Region is the mistake that this guards against.

mod credentials;
mod stack;

use anyhow::{Context, Result};
use aws::AwsError;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use relay_core::id::Region;
use serde::Serialize;

pub(crate) use self::stack::Stack;
use crate::arguments::Global;
use crate::failure::Failure;
use crate::output::Output;

/// A caller, a Region and the stack that was found there.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// For clients in the stack's Region.
    pub config: SdkConfig,
    /// The identity behind every call of `config`.
    pub caller: Caller,
    /// The Region in which the stack was found.
    pub region: Region,
    /// The hub's stack as it was deployed.
    pub stack: Stack,
}

/// Who calls, as STS names them.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Caller {
    /// 12 digits.
    pub account: String,
    /// A user, a session of a role, or the account's root.
    pub arn: String,
}

impl Caller {
    /// The caller as people know them: the ARN without partition, service and account.
    pub(crate) fn name(&self) -> &str {
        self.arn.rsplit(':').next().unwrap_or_default()
    }
}

/// The part of a session that results under `--output json` repeat.
#[derive(Debug, Serialize)]
pub(crate) struct Where<'a> {
    caller: &'a str,
    account: &'a str,
    region: &'a str,
    stack: &'a str,
    version: Option<&'a str>,
}

impl<'a> Where<'a> {
    /// The stack's version, if it says one.
    pub(crate) fn version(&self) -> Option<&'a str> {
        self.version
    }
}

/// A caller and a Region, for commands that need no stack.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    /// For clients in the configured Region.
    pub config: SdkConfig,
    /// The identity behind every call of `config`.
    pub caller: Caller,
    /// The Region that flags, environment or profile name.
    pub region: Region,
}

impl SignedIn {
    /// Finds credentials and asks who the caller is. Writes nothing.
    ///
    /// # Errors
    /// When there are no credentials or no Region; each with what to do.
    pub(crate) async fn new(global: &Global) -> Result<Self> {
        let config = configure(global).await;
        let Some(region) = config.region() else {
            return Err(no_region(&config, global).await.into());
        };
        let region: Region = region.as_ref().parse()?;
        let caller = caller(&config, global).await?;
        tracing::debug!(arn = caller.arn, account = caller.account, "caller");
        Ok(Self { config, caller, region })
    }
}

impl Session {
    /// Finds credentials, asks who the caller is and looks the stack up. Writes nothing.
    ///
    /// # Errors
    /// When there are no credentials or no Region, or the stack is not found; each with what to do.
    pub(crate) async fn open(global: &Global) -> Result<Self> {
        let SignedIn { config, caller, region } = SignedIn::new(global).await?;
        let stack = Stack::find(&config, &global.stack, &caller.account).await?;
        tracing::debug!(stack = stack.arn, version = ?stack.version, "stack");
        Ok(Self { config, caller, region, stack })
    }

    /// Where the organization's API and events are.
    pub(crate) fn organizations_region(&self) -> Region {
        let given = self.stack.parameter("OrganizationsRegion").parse();
        given.unwrap_or_else(|_| self.region.partition().organizations_region())
    }

    /// Says who is about to write where. Every command that writes calls this before it does.
    pub(crate) fn announce(&self, output: &Output) {
        let Self { caller: Caller { account, arn }, region, stack, .. } = self;
        let version = stack.version.as_deref().unwrap_or("of unknown version");
        output.note(format_args!(
            "{arn}, account {account}, {region}, stack {} {version}",
            stack.name
        ));
    }

    /// The same for a program.
    pub(crate) fn place(&self) -> Where<'_> {
        Where {
            caller: &self.caller.arn,
            account: &self.caller.account,
            region: self.region.as_str(),
            stack: &self.stack.name,
            version: self.stack.version.as_deref(),
        }
    }
}

/// Settings of the SDK. A profile named by flag comes before credentials of the environment, as in
/// the AWS CLI; one named by `AWS_PROFILE` comes after them.
pub(crate) async fn configure(global: &Global) -> SdkConfig {
    let mut loader =
        aws_config::defaults(BehaviorVersion::latest()).http_client(aws::https_client());
    if let Some(region) = &global.region {
        loader = loader.region(aws_config::Region::new(region.clone()));
    }
    if let Some(url) = &global.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some(profile) = &global.profile {
        loader = loader.profile_name(profile);
        loader = loader.credentials_provider(credentials::of_profile(profile, global).await);
    }
    loader.load().await
}

async fn caller(config: &SdkConfig, global: &Global) -> Result<Caller> {
    let asked = aws_sdk_sts::Client::new(config).get_caller_identity().send().await;
    let answer = asked.map_err(|error| match credentials::refusal(&error, global) {
        Some(failure) => anyhow::Error::from(failure),
        None => refused(AwsError::from(error), config),
    })?;
    let account = answer.account.context("STS does not name the caller's account")?;
    let arn = answer.arn.context("STS does not name the caller")?;
    Ok(Caller { account, arn })
}

/// The first call of all failed, and not for want of credentials.
fn refused(error: AwsError, config: &SdkConfig) -> anyhow::Error {
    let failure = Failure::new("AWS does not say who the caller is (sts:GetCallerIdentity)");
    let failure = match (error.code.as_str(), config.endpoint_url()) {
        ("NoAnswer", Some(url)) => failure.help(format!(
            "All calls go to {url}: --endpoint-url, AWS_ENDPOINT_URL or the profile."
        )),
        ("NoAnswer", None) => failure.help("Check the network, and the Region's name."),
        _ => failure.help("The credentials are expired or not valid here: sign in again."),
    };
    anyhow::Error::from(error).context(failure)
}

/// Without a Region nothing can be asked. A profile that does not exist is named first: it would have
/// had one.
async fn no_region(config: &SdkConfig, global: &Global) -> Failure {
    if let (Some(_), Some(provider)) = (&global.profile, config.credentials_provider())
        && let Err(error) = provider.provide_credentials().await
        && let Some(failure) = credentials::refusal(&error, global)
    {
        return failure;
    }
    Failure::new("no Region is configured").help(
        "Name the Region of the hub's stack: --region, AWS_REGION, or `region` in the profile.",
    )
}
