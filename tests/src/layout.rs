//! A layout of docs/deploy.md, deployed by the commands of that page, and what has to happen across it.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use aws_sdk_organizations::types::OrganizationFeatureSet;
use harness::local::Local;
use harness::seed::Seeded;
use harness::stack::{QUICK, Stack};
use harness::{aws, deploy, remediation};

use crate::{Shell, World, until};

/// A layout of the page, with accounts and Regions of its own.
#[derive(Debug)]
pub struct Layout {
    /// The heading of its section, or of the one that it is built from.
    pub heading: &'static str,
    /// The account that the organization is managed from; it may be the hub.
    pub management: &'static str,
    /// The account that the hub's stack is deployed to.
    pub hub: &'static str,
    /// An account that owns runbooks.
    pub owner: Option<&'static str>,
    /// The Region that the hub's stack is deployed to.
    pub home: &'static str,
    /// The Region from which alarms are forwarded to the hub's.
    pub second: &'static str,
    /// More parameters of the hub's stack.
    pub parameters: &'static str,
}

impl Layout {
    /// The text that a reader would write instead of the layout's first block.
    fn names(&self) -> String {
        let mut names = format!(
            "export AWS_PROFILE=hub AWS_REGION={0} AWS_DEFAULT_REGION={0}\nSECOND_REGION={1}\n",
            self.home, self.second
        );
        if self.hub != self.management {
            names += "ORGANIZATIONS_REGION=us-east-1\n";
        }
        if let Some(owner) = self.owner {
            names += &format!("OWNER={owner}\n");
        }
        let quick: String = QUICK.iter().map(|(name, value)| format!("{name}={value} ")).collect();
        names + &format!("PARAMETERS=({quick}{})\n", self.parameters)
    }

    /// A shell with the profiles of the layout.
    ///
    /// # Errors
    /// When its folder cannot be made.
    pub fn shell(&self, endpoint: &str) -> Result<Shell> {
        let mut profiles = vec![("management", self.management), ("hub", self.hub)];
        profiles.extend(self.owner.map(|owner| ("owner", owner)));
        let shell = Shell::new(endpoint, &profiles, &self.names())?;
        // The rule that ships waits for minutes where this one waits for seconds.
        let rule = remediation::RULE.replace("mode: active", "mode: observe")
            + "guard: {perHour: 100, perAccountHour: 100}\n";
        std::fs::write(shell.file("dist/rules/remediation/ec2-instance-check.yaml"), rule)?;
        Ok(shell)
    }

    /// Pastes the layout, then makes its one rule for alarms active.
    ///
    /// # Errors
    /// When a command fails.
    pub async fn deployed(&self, local: Arc<Local>) -> Result<(Shell, World)> {
        let shell = self.shell(&local.endpoint)?;
        shell.layout(self.heading).await.context(self.heading)?;
        shell.section("From observe to active").await?;
        let world = self.world(local, "runbook-relay").await?;
        Ok((shell, world))
    }

    /// The resources of a stack of the hub.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn world(&self, local: Arc<Local>, stack: &str) -> Result<World> {
        let management = aws::config(&local.endpoint, self.management, self.home).await;
        let organizations = aws_sdk_organizations::Client::new(&management);
        let organization = organizations.describe_organization().send().await?.organization;
        let organization = organization.and_then(|o| o.id).context("an organization has an id")?;
        let root = organizations.list_roots().send().await?;
        let root = root.roots().first().and_then(|root| root.id()).context("there is one root")?;
        let seeded = Seeded { organization, root: root.to_owned(), units: Default::default() };
        let hub = aws::config(&local.endpoint, self.hub, self.home).await;
        let outputs = deploy::outputs(&hub, stack).await?;
        let stack = Stack { hub, seeded, outputs };
        stack.return_alarms_soon().await?;
        Ok(World { stack, local, management })
    }

    /// The organization as it is before: the hub and the owner are in it, and the owner has a runbook in both Regions.
    ///
    /// # Errors
    /// When a call is refused.
    pub async fn prepare(&self, local: Arc<Local>) -> Result<()> {
        let hub = aws::config(&local.endpoint, self.hub, self.home).await;
        let management = aws::config(&local.endpoint, self.management, self.home).await;
        let organizations = aws_sdk_organizations::Client::new(&management);
        let create = organizations.create_organization().feature_set(OrganizationFeatureSet::All);
        create.send().await.map_err(aws_sdk_organizations::Error::from)?;
        let seeded =
            Seeded { organization: String::new(), root: String::new(), units: Default::default() };
        let stack = Stack { hub, seeded, outputs: Default::default() };
        let before = World { stack, local, management };
        if self.hub != self.management {
            before.join_by_invitation(self.hub).await?;
        }
        if let Some(owner) = self.owner {
            before.join_by_invitation(owner).await?;
            before.documents(owner, &[self.home, self.second], &["Org-Backup"]).await?;
        }
        Ok(())
    }

    /// An account that joins sees these documents in both Regions.
    ///
    /// # Errors
    /// When it does not, in time.
    pub async fn joins(&self, world: &World, name: &str, documents: &[&str]) -> Result<String> {
        let account = world.create_account(name).await?.account;
        for region in [self.home, self.second] {
            until(&format!("{account} to see {documents:?} in {region}"), || async {
                let visible = world.visible(&account, region).await?;
                Ok(documents.iter().all(|name| visible.contains(*name)).then_some(()))
            })
            .await?;
        }
        Ok(account)
    }

    /// An alarm of each account in each Region is answered: the instance recovers, and one outcome says so.
    ///
    /// # Errors
    /// When one is not, in time.
    pub async fn recover(&self, world: &World, accounts: &[&str]) -> Result<()> {
        let places = accounts.iter().flat_map(|account| {
            [self.home, self.second].map(|region| recovers(world, account, region))
        });
        futures::future::try_join_all(places).await.map(drop)
    }
}

/// An alarm of an account in a Region is answered.
async fn recovers(world: &World, account: &str, region: &str) -> Result<()> {
    let mut inbox = world.subscribe(&format!("{account}-{region}")).await?;
    let endpoint = &world.local.endpoint;
    let (instance, alarm) = remediation::watched_instance(endpoint, account, region).await?;
    remediation::alarm_is(endpoint, account, region, &alarm, "OK").await?;
    remediation::impair(endpoint, account, region, &instance, "reboot").await?;
    let told = inbox.on(&instance, "succeeded").await;
    let told = told.with_context(|| format!("{account} in {region}"))?;
    ensure!(told.json()["runs"][0]["account"] == account, "{}", told.json());
    ensure!(told.json()["runs"][0]["region"] == region, "{}", told.json());
    Ok(())
}

/// Waits until an account has its stack of the StackSet in a Region.
///
/// # Errors
/// When it has none, in time.
pub async fn has_roles(world: &World, account: &str, region: &str) -> Result<()> {
    let config = world.account(account, region).await;
    let client = aws_sdk_cloudformation::Client::new(&config);
    until(&format!("the stack of {account} in {region}"), || async {
        let stacks = client.describe_stacks().send().await?;
        let complete = |stack: &aws_sdk_cloudformation::types::Stack| {
            stack.stack_status().is_some_and(|status| status.as_str() == "CREATE_COMPLETE")
        };
        Ok(stacks.stacks().iter().any(complete).then_some(()))
    })
    .await
}
