//! The ground that end-to-end tests stand on: one local AWS with the suite deployed per test
//! binary, and the questions tests ask of it. Emulator and gateway end with the test process,
//! whose standard-input pipes are their leash.

#![expect(clippy::expect_used, clippy::panic, reason = "this is test code: it fails by panicking")]

mod layout;
mod logs;
mod page;
mod people;
mod probe;

pub use layout::{Layout, has_roles};
pub use logs::Series;
pub use page::Shell;
pub use people::Person;
pub use probe::{Ended, FunctionProcess, LARGEST_STATE};

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_sdk_organizations::types::CreateAccountState;
use aws_sdk_sfn::types::ExecutionStatus;
use harness::local::{Local, Options};
use harness::outcomes::{Inbox, Received};
use harness::stack::{Stack, StackOptions};
use harness::{HOME_REGION, HUB, aws, seed};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(90);

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Runtime::new().expect("a runtime for the tests"));
static WORLD: OnceCell<World> = OnceCell::const_new();

/// A local AWS with the suite deployed.
#[derive(Debug)]
pub struct World {
    /// The emulator and the gateway.
    pub local: Arc<Local>,
    /// The suite, deployed on it.
    pub stack: Stack,
    /// The SDK configuration of the management account.
    pub management: aws_config::SdkConfig,
}

/// Runs a test on this binary's world, which the first test starts.
///
/// # Panics
/// When the world cannot be started or the test fails.
pub fn run<F: Future<Output = Result<()>>>(test: impl FnOnce(&'static World) -> F) {
    run_with(&Options::default(), &StackOptions::default(), test);
}

/// The same on a local AWS and a stack with options of the binary's own: all its tests have to name
/// the same.
///
/// # Panics
/// As [`run`].
pub fn run_with<F: Future<Output = Result<()>>>(
    options: &Options,
    stack: &StackOptions,
    test: impl FnOnce(&'static World) -> F,
) {
    RUNTIME.block_on(async {
        let world = WORLD.get_or_try_init(|| World::start(options, stack)).await;
        let world = world.expect("the local AWS starts");
        if let Err(error) = test(world).await {
            panic!("{error:?}");
        }
    });
}

/// Runs a test on this binary's local AWS, on which nothing is deployed yet.
///
/// # Panics
/// When it cannot be started or the test fails.
pub fn run_without_stack<F: Future<Output = Result<()>>>(test: impl FnOnce(Arc<Local>) -> F) {
    static LOCAL: OnceCell<Arc<Local>> = OnceCell::const_new();
    RUNTIME.block_on(async {
        let start = || async { anyhow::Ok(Arc::new(Local::start(&Options::default()).await?)) };
        let local = LOCAL.get_or_try_init(start).await.expect("the local AWS starts");
        if let Err(error) = test(Arc::clone(local)).await {
            panic!("{error:?}");
        }
    });
}

/// Asks again until there is an answer.
///
/// # Errors
/// When asking fails, or there is no answer in time.
pub async fn until<T, F: Future<Output = Result<Option<T>>>>(
    what: &str,
    mut ask: impl FnMut() -> F,
) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        if Instant::now() > deadline {
            bail!("waited {PATIENCE:?} for {what}");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

impl World {
    async fn start(options: &Options, stack: &StackOptions) -> Result<Self> {
        let local = Local::start(options).await?;
        let hub = aws::config(&local.endpoint, HUB, HOME_REGION).await;
        let seeded = seed::organization(&hub).await?;
        let stack = Stack::deploy(&local.endpoint, seeded, stack).await?;
        Ok(Self { local: Arc::new(local), stack, management: hub })
    }

    /// The configuration of an account's root.
    pub async fn account(&self, account: &str, region: &str) -> aws_config::SdkConfig {
        aws::config(&self.local.endpoint, account, region).await
    }

    /// Organizations, as the management account sees it.
    pub fn organizations(&self) -> aws_sdk_organizations::Client {
        aws_sdk_organizations::Client::new(&self.management)
    }

    /// Step Functions in the hub.
    pub fn step_functions(&self) -> aws_sdk_sfn::Client {
        aws_sdk_sfn::Client::new(&self.stack.hub)
    }

    /// SSM in an account and Region.
    pub async fn ssm(&self, account: &str, region: &str) -> aws_sdk_ssm::Client {
        aws_sdk_ssm::Client::new(&self.account(account, region).await)
    }

    /// Makes an account that owns runbooks: it joins by invitation, has the owner-account stack, and the
    /// named documents in the named Regions.
    ///
    /// # Errors
    /// When a call is refused.
    pub async fn owner(&self, account: &str, regions: &[&str], names: &[&str]) -> Result<()> {
        self.join_by_invitation(account).await?;
        self.stack.deploy_owner(account).await?;
        self.documents(account, regions, names).await
    }

    /// Creates documents.
    ///
    /// # Errors
    /// When SSM refuses.
    pub async fn documents(&self, account: &str, regions: &[&str], names: &[&str]) -> Result<()> {
        for region in regions {
            let ssm = self.ssm(account, region).await;
            for name in names {
                ssm.create_document()
                    .name(*name)
                    .content(RUNBOOK)
                    .document_type(aws_sdk_ssm::types::DocumentType::Automation)
                    .document_format(aws_sdk_ssm::types::DocumentFormat::Yaml)
                    .send()
                    .await
                    .map_err(aws_sdk_ssm::Error::from)
                    .with_context(|| format!("create {name} in {account}/{region}"))?;
            }
        }
        Ok(())
    }

    /// Invites an account and has it accept.
    ///
    /// # Errors
    /// When Organizations refuses.
    pub async fn join_by_invitation(&self, account: &str) -> Result<()> {
        let handshake = self.invite("ACCOUNT", account).await?;
        let member = aws_sdk_organizations::Client::new(&self.account(account, HOME_REGION).await);
        let accepted = member.accept_handshake().handshake_id(handshake).send().await;
        accepted.map_err(aws_sdk_organizations::Error::from)?;
        Ok(())
    }

    /// Invites an account (`ACCOUNT`, by id) or an address (`EMAIL`); returns the handshake's id.
    ///
    /// # Errors
    /// When Organizations refuses.
    pub async fn invite(&self, kind: &str, id: &str) -> Result<String> {
        let target = aws_sdk_organizations::types::HandshakeParty::builder()
            .r#type(kind.into())
            .id(id)
            .build()?;
        let invited =
            self.organizations().invite_account_to_organization().target(target).send().await;
        let invited = invited.map_err(aws_sdk_organizations::Error::from)?;
        invited.handshake.and_then(|h| h.id).context("a handshake has an id")
    }

    /// Creates an account and waits until it exists.
    ///
    /// # Errors
    /// When the creation fails.
    pub async fn create_account(&self, name: &str) -> Result<Created> {
        let organizations = self.organizations();
        let asked = organizations
            .create_account()
            .email(format!("{name}@example.com"))
            .account_name(name)
            .send()
            .await
            .map_err(aws_sdk_organizations::Error::from)?;
        let request = asked.create_account_status.and_then(|s| s.id).context("a request's id")?;
        let account = until("an account", || async {
            let described = organizations
                .describe_create_account_status()
                .create_account_request_id(&request)
                .send()
                .await?;
            let status = described.create_account_status.context("a status")?;
            match status.state() {
                Some(CreateAccountState::Succeeded) => Ok(status.account_id),
                Some(CreateAccountState::Failed) => bail!("{status:?}"),
                _ => Ok(None),
            }
        })
        .await?;
        Ok(Created { account, request })
    }

    /// Moves an account from the root to an OU of the skeleton, e.g. `/Workloads/Prod`.
    ///
    /// # Errors
    /// When Organizations refuses.
    pub async fn place(&self, account: &str, path: &str) -> Result<()> {
        self.shift(account, &self.stack.seeded.root, &self.stack.seeded.units[path]).await
    }

    /// Moves an account from one parent to another.
    ///
    /// # Errors
    /// When Organizations refuses.
    pub async fn shift(&self, account: &str, from: &str, to: &str) -> Result<()> {
        let organizations = self.organizations();
        let moved = organizations.move_account().account_id(account);
        let moved = moved.source_parent_id(from).destination_parent_id(to).send().await;
        moved.map_err(aws_sdk_organizations::Error::from)?;
        Ok(())
    }

    /// A subscriber of the outcomes from now on.
    ///
    /// # Errors
    /// When a call is refused.
    pub async fn subscribe(&self, name: &str) -> Result<Subscriber> {
        Ok(Subscriber { inbox: Inbox::subscribe(&self.stack, name).await?, seen: Vec::new() })
    }

    /// How often each (Region, document) was shared with or taken from an account: the answered
    /// calls of the sharing role.
    ///
    /// # Errors
    /// When the gateway does not answer.
    pub async fn modifications(&self, account: &str) -> Result<Modifications> {
        let calls =
            self.local.relay("GET", "calls?principal=runbook-relay-share/", &Value::Null).await?;
        let mut modifications = Modifications::default();
        for call in calls.as_array().context("calls are a list")? {
            if call["operation"] != "ModifyDocumentPermission" || call["status"] != 200 {
                continue;
            }
            let named = |list: &str| {
                call["input"][list].as_array().is_some_and(|ids| ids.iter().any(|id| id == account))
            };
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let key = (text(&call["region"]), text(&call["input"]["Name"]));
            if named("AccountIdsToAdd") {
                *modifications.added.entry(key.clone()).or_default() += 1;
            }
            if named("AccountIdsToRemove") {
                *modifications.removed.entry(key).or_default() += 1;
            }
        }
        Ok(modifications)
    }

    /// The documents that an account sees as shared with it in a Region.
    ///
    /// # Errors
    /// When SSM refuses.
    pub async fn visible(&self, account: &str, region: &str) -> Result<BTreeSet<String>> {
        let filter = aws_sdk_ssm::types::DocumentKeyValuesFilter::builder()
            .key("Owner")
            .values("Private")
            .build();
        let ssm = self.ssm(account, region).await;
        let mut pages = ssm.list_documents().filters(filter).into_paginator().send();
        let mut names = BTreeSet::new();
        while let Some(page) = pages.next().await {
            for document in page?.document_identifiers() {
                let name = document.name().unwrap_or_default();
                names.insert(name.rsplit('/').next().unwrap_or(name).to_owned());
            }
        }
        Ok(names)
    }

    /// The executions of a machine: name to status.
    ///
    /// # Errors
    /// When Step Functions refuses.
    pub async fn executions(&self, machine: &str) -> Result<BTreeMap<String, ExecutionStatus>> {
        let client = self.step_functions();
        let mut pages = client
            .list_executions()
            .state_machine_arn(self.stack.output(machine)?)
            .into_paginator()
            .send();
        let mut found = BTreeMap::new();
        while let Some(page) = pages.next().await {
            for execution in page?.executions {
                found.insert(execution.name, execution.status);
            }
        }
        Ok(found)
    }

    /// Waits until no execution of share-runbooks whose name contains `part` runs, and at least one
    /// has ended; none of their states may be larger than [`LARGEST_STATE`].
    ///
    /// # Errors
    /// When they do not end in time, or one carried too much.
    pub async fn settled(&self, part: &str) -> Result<BTreeMap<String, ExecutionStatus>> {
        let machine = "ShareRunbooksStateMachineArn";
        let ended = until(&format!("executions of {part} to end"), || async {
            let mut found = self.executions(machine).await?;
            found.retain(|name, _| name.contains(part));
            let running = found.values().any(|status| *status == ExecutionStatus::Running);
            Ok((!found.is_empty() && !running).then_some(found))
        })
        .await?;
        let executions = self.stack.output(machine)?.replace(":stateMachine:", ":execution:");
        for name in ended.keys() {
            self.assert_small_states(&format!("{executions}:{name}")).await?;
        }
        Ok(ended)
    }

    /// Delivers an envelope through the deployed rules, as it stands.
    ///
    /// # Errors
    /// When the gateway refuses.
    pub async fn deliver(&self, envelope: &Value) -> Result<()> {
        let path = format!("events?account={HUB}&region={HOME_REGION}");
        self.local.relay("POST", &path, envelope).await.map(drop)
    }

    /// Puts faults in force until they are used up.
    ///
    /// # Errors
    /// When the gateway refuses.
    pub async fn faults(&self, faults: &Value) -> Result<()> {
        self.local.relay("POST", "faults", faults).await.map(drop)
    }

    /// Ends all faults.
    ///
    /// # Errors
    /// When the gateway does not answer.
    pub async fn no_faults(&self) -> Result<()> {
        self.local.relay("DELETE", "faults", &json!({})).await.map(drop)
    }
}

/// An account that was created.
#[derive(Clone, Debug)]
pub struct Created {
    /// Its id, 12 digits.
    pub account: String,
    /// The request it came from, `car-…`.
    pub request: String,
}

/// The calls of the sharing role about an account: (Region, document) to how often.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Modifications {
    /// How often each document was shared.
    pub added: BTreeMap<(String, String), u32>,
    /// How often it was unshared.
    pub removed: BTreeMap<(String, String), u32>,
}

/// A subscriber that remembers what it got.
#[derive(Debug)]
pub struct Subscriber {
    inbox: Inbox,
    seen: Vec<Received>,
}

impl Subscriber {
    /// Everything received so far.
    ///
    /// # Errors
    /// When the queue does not answer.
    pub async fn all(&mut self) -> Result<&[Received]> {
        self.seen.extend(self.inbox.receive().await?);
        Ok(&self.seen)
    }

    /// Waits for an outcome that fits, and returns the first one.
    ///
    /// # Errors
    /// When none comes in time: with what came.
    pub async fn wait_for(
        &mut self,
        what: &str,
        fits: impl Fn(&Received) -> bool,
    ) -> Result<Received> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = self.all().await?.iter().find(|outcome| fits(outcome)) {
                return Ok(found.clone());
            }
            if Instant::now() > deadline {
                let got: Vec<_> = self.seen.iter().map(|o| o.json().to_string()).collect();
                bail!("waited {PATIENCE:?} for {what}; got {}", got.join("\n"));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits for an outcome of a kind about a resource.
    ///
    /// # Errors
    /// When none comes in time.
    pub async fn on(&mut self, resource: &str, wanted: &str) -> Result<Received> {
        let fits = |outcome: &Received| about(resource)(outcome) && outcome.outcome() == wanted;
        self.wait_for(&format!("the outcome {wanted} of {resource}"), fits).await
    }

    /// The ids of all outcomes about a resource: repeats of one count once.
    ///
    /// # Errors
    /// When the queue does not answer.
    pub async fn ids(&mut self, resource: &str) -> Result<BTreeSet<String>> {
        let told = self.all().await?.iter().filter(|told| about(resource)(told));
        Ok(told.map(|told| told.id().to_owned()).collect())
    }

    /// The outcomes about an account whose trigger is of a kind, repeats of an id counted once.
    ///
    /// # Errors
    /// When the queue does not answer.
    pub async fn about(&mut self, account: &str, kind: &str) -> Result<Vec<Received>> {
        let mut ids = BTreeSet::new();
        let fits = |outcome: &&Received| {
            outcome.accounts().any(|id| id == account) && outcome.json()["trigger"]["kind"] == kind
        };
        let all = self.all().await?;
        let found = all.iter().filter(fits).filter(|outcome| ids.insert(outcome.id().to_owned()));
        Ok(found.cloned().collect())
    }
}

/// Whether an outcome is about a resource.
pub fn about(resource: &str) -> impl Fn(&Received) -> bool {
    move |outcome| {
        let resources = outcome.json()["resources"].as_array();
        resources.is_some_and(|resources| resources.iter().any(|id| id == resource))
    }
}

/// A small Automation runbook.
pub const RUNBOOK: &str = "\
schemaVersion: '0.3'
description: Waits a second.
mainSteps:
  - name: Wait
    action: aws:sleep
    inputs: {Duration: PT1S}
";
