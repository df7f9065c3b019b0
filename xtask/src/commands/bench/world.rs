//! A local AWS with the suite deployed and its functions as they are packaged, and an owner of
//! made-up documents.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_sdk_organizations::types::{HandshakeParty, HandshakePartyType};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_sfn::types::{ExecutionStatus, HistoryEvent};
use aws_sdk_ssm::types::{DocumentFormat, DocumentType};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use harness::local::{Local, Options};
use harness::stack::{Stack, StackOptions};
use harness::{HOME_REGION, HUB, aws, build, seed};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use crate::commands::package;

/// The account that owns the documents.
pub(super) const OWNER: &str = "555566667777";

const RUNBOOK: &str = "\
schemaVersion: '0.3'
description: Waits a second.
mainSteps:
  - name: Wait
    action: aws:sleep
    inputs: {Duration: PT1S}
";

/// A running local AWS with the suite.
#[derive(Debug)]
pub(super) struct World {
    pub(super) local: Local,
    pub(super) stack: Stack,
}

impl World {
    /// Starts a local AWS whose organization has `members`, with the suite and the packaged functions
    /// of `binaries`.
    pub(super) async fn start(
        binaries: &Path,
        members: &[String],
        parameters: Vec<(&'static str, String)>,
    ) -> Result<Self> {
        let gateway = build::speed("gateway", &[])?.join("gateway");
        let options = Options { gateway: Some(gateway), ..Options::default() };
        let local = Local::start(&options).await?;
        let hub = aws::config(&local.endpoint, HUB, HOME_REGION).await;
        let seeded = seed::organization(&hub).await?;
        // Before the suite is there: nothing happens when they join.
        for member in members {
            join(&local.endpoint, member).await?;
        }
        let stack = Stack::deploy(&local.endpoint, seeded, &StackOptions::with(parameters)).await?;
        let world = Self { local, stack };
        for name in build::function_names()? {
            world.replace(&name, &package::bootstrap(binaries, &name)?).await?;
        }
        Ok(world)
    }

    /// The same with [`OWNER`] as another member, whose documents one rule shares with everybody.
    pub(super) async fn sharing(
        binaries: &Path,
        members: &[String],
        documents: usize,
        regions: &[&str],
    ) -> Result<Self> {
        let all: Vec<String> = members.iter().cloned().chain([OWNER.to_owned()]).collect();
        let parameters = vec![("RecheckSeconds", "0".to_owned())];
        let world = Self::start(binaries, &all, parameters).await?;
        world.stack.deploy_owner(OWNER).await?;
        for region in regions {
            world.create_documents(region, documents).await?;
        }
        let rule = json!({
            "documents": {"owner": OWNER, "names": ["Bench-*"]},
            "regions": regions,
            "accounts": {"in": ["organization"], "exclude": [HUB]},
        });
        world.stack.put_rule("bench", &rule.to_string()).await?;
        Ok(world)
    }

    /// Gives a deployed function another binary.
    async fn replace(&self, function: &str, binary: &Path) -> Result<()> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored)
            .unix_permissions(0o755);
        zip.start_file("bootstrap", options)?;
        zip.write_all(&std::fs::read(binary)?)?;
        let archive = zip.finish()?.into_inner();
        let bucket = "runbook-relay-bench";
        let s3 = aws::s3(&self.stack.hub);
        s3.create_bucket().bucket(bucket).send().await?;
        let body = ByteStream::from(archive);
        s3.put_object().bucket(bucket).key(function).body(body).send().await?;
        // The one call to Lambda here: not worth its SDK. The local AWS takes a root's word.
        let credential =
            format!("AWS4-HMAC-SHA256 Credential={HUB}/20200101/{HOME_REGION}/lambda/aws4_request");
        let request = hyper::Request::put(format!(
            "{}/2015-03-31/functions/runbook-relay-{function}/code",
            self.local.endpoint
        ))
        .header("authorization", format!("{credential}, SignedHeaders=host, Signature=0"))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(json!({"S3Bucket": bucket, "S3Key": function}).to_string())))?;
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let response = client.request(request).await?;
        let status = response.status();
        if !status.is_success() {
            let body = response.into_body().collect().await?.to_bytes();
            bail!("replace {function}: {status} {}", String::from_utf8_lossy(&body));
        }
        Ok(())
    }

    async fn create_documents(&self, region: &str, documents: usize) -> Result<()> {
        let config = aws::config(&self.local.endpoint, OWNER, region).await;
        let ssm = &aws_sdk_ssm::Client::new(&config);
        futures::stream::iter(0..documents)
            .map(|number| async move {
                ssm.create_document()
                    .name(format!("Bench-{number:03}"))
                    .content(RUNBOOK)
                    .document_type(DocumentType::Automation)
                    .document_format(DocumentFormat::Yaml)
                    .send()
                    .await
                    .map_err(aws_sdk_ssm::Error::from)
            })
            .buffer_unordered(8)
            .try_collect::<Vec<_>>()
            .await
            .with_context(|| format!("create documents in {region}"))?;
        Ok(())
    }

    /// Runs `share-runbooks` for accounts to its end, calling `meanwhile` every now and then, and
    /// returns its history.
    pub(super) async fn share(
        &self,
        name: &str,
        accounts: &[String],
        mut meanwhile: impl FnMut(),
    ) -> Result<Vec<HistoryEvent>> {
        let sfn = aws_sdk_sfn::Client::new(&self.stack.hub);
        let input = json!({"accounts": accounts, "trigger": {"kind": "manual", "eventIds": []}});
        let started = sfn
            .start_execution()
            .state_machine_arn(self.stack.output("ShareRunbooksStateMachineArn")?)
            .name(name)
            .input(input.to_string())
            .send()
            .await
            .map_err(aws_sdk_sfn::Error::from)?;
        let arn = started.execution_arn;
        loop {
            let described = sfn.describe_execution().execution_arn(&arn).send().await?;
            match described.status {
                ExecutionStatus::Running => {}
                ExecutionStatus::Succeeded => break,
                status => bail!("{name}: {status}: {:?}", described.cause),
            }
            meanwhile();
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        self.history(&arn).await
    }

    /// The history of an execution.
    pub(super) async fn history(&self, arn: &str) -> Result<Vec<HistoryEvent>> {
        let sfn = aws_sdk_sfn::Client::new(&self.stack.hub);
        let mut pages =
            sfn.get_execution_history().execution_arn(arn).into_paginator().items().send();
        let mut history = Vec::new();
        while let Some(event) = pages.next().await {
            history.push(event?);
        }
        Ok(history)
    }

    /// Has every call to SSM answered `ms` milliseconds later.
    pub(super) async fn slow_ssm(&self, ms: u64) -> Result<()> {
        let fault = json!([{"service": "ssm", "operation": "*", "kind": "delay", "ms": ms}]);
        self.local.relay("POST", "faults", &fault).await.map(drop)
    }

    /// How often the sharing role called each operation on each document in each Region; a call
    /// without a document counts under an empty name.
    pub(super) async fn calls(&self) -> Result<Calls> {
        let path = "calls?principal=runbook-relay-share/";
        let listed = self.local.relay("GET", path, &Value::Null).await?;
        let mut calls = Calls::default();
        for call in listed.as_array().context("calls are a list")? {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let place = (text(&call["region"]), text(&call["input"]["Name"]));
            let of_operation = calls.entry(text(&call["operation"])).or_default();
            *of_operation.entry(place).or_default() += 1;
        }
        Ok(calls)
    }
}

/// Operation → (Region, document) → how often.
pub(super) type Calls = BTreeMap<String, BTreeMap<(String, String), usize>>;

/// The calls that are in `all` and were not in `before`.
pub(super) fn since(mut all: Calls, before: &Calls) -> Calls {
    for (operation, places) in before {
        let Some(now) = all.get_mut(operation) else { continue };
        for (place, times) in places {
            if let Some(now) = now.get_mut(place) {
                *now -= times;
            }
        }
        now.retain(|_, times| *times > 0);
    }
    all
}

async fn join(endpoint: &str, account: &str) -> Result<()> {
    let hub = aws_sdk_organizations::Client::new(&aws::config(endpoint, HUB, HOME_REGION).await);
    let target = HandshakeParty::builder().id(account).r#type(HandshakePartyType::Account);
    let invited = hub.invite_account_to_organization().target(target.build()?).send().await;
    let invited = invited.map_err(aws_sdk_organizations::Error::from)?;
    let id = invited.handshake.and_then(|h| h.id).context("a handshake has an id")?;
    let member =
        aws_sdk_organizations::Client::new(&aws::config(endpoint, account, HOME_REGION).await);
    let accepted = member.accept_handshake().handshake_id(id).send().await;
    accepted.map_err(aws_sdk_organizations::Error::from)?;
    Ok(())
}
