//! Reads what `relay import` makes rules of: documents and their shares, stacks, EventBridge rules. A part that cannot
//! be read is left out with the reason, and hides no other.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use aws::AwsError;
use aws_config::SdkConfig;
use aws_sdk_ssm::types::{DocumentKeyValuesFilter, DocumentPermissionType};
use futures::stream::{StreamExt, TryStreamExt, iter};
use relay_core::id::{AccountId, Region};
use relay_core::organization::Organization;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::alarm_rule::{BusRule, Origin, Target, convert};
use super::draft::{Found, LeftOut};
use super::sample::{self, Deployed};
use super::shares::{self, SharedDocument};
use crate::doctor::call_in;
use crate::output::Output;
use crate::session::SignedIn;

/// Documents whose permissions are read at once.
const AT_ONCE: usize = 4;
/// The most accounts that DescribeDocumentPermission returns at once.
const PAGE: i32 = 200;
/// How often EventBridge is asked again where it is busy: it allows few calls a second.
const ATTEMPTS: u32 = 6;

/// An account as its caller sees it.
pub(super) struct Place<'a> {
    pub signed_in: &'a SignedIn,
    pub regions: &'a [Region],
    pub buses: &'a [String],
    /// The hub's stack is here.
    pub is_hub: bool,
}

impl Place<'_> {
    /// Reads everything and makes rules of it.
    ///
    /// # Errors
    /// When the caller's account has no valid id.
    pub(super) async fn read(&self, output: &Output) -> Result<Found> {
        let account: AccountId = self.signed_in.caller.account.parse()?;
        let mut found = Found::default();
        let (mut documents, mut stacks) = (Vec::new(), Vec::new());
        for region in self.regions {
            output.note(format_args!("looking at {account} in {region}; nothing is changed"));
            let config = self.config(region);
            match shared(&config, region).await {
                Ok(read) => documents.extend(read),
                Err(error) => found.left_out.push(unread(
                    "documents",
                    region,
                    &error,
                    "ssm:ListDocuments, ssm:DescribeDocumentPermission",
                )),
            }
            match deployed(&config).await {
                Ok(read) => stacks.extend(read.into_iter().map(|stack| (region.clone(), stack))),
                Err(error) => found.left_out.push(unread(
                    "stacks",
                    region,
                    &error,
                    "cloudformation:DescribeStacks",
                )),
            }
        }
        let organization = if documents.iter().any(|document| !document.accounts.is_empty()) {
            self.organization(output).await
        } else {
            None
        };
        let home = &self.signed_in.region;
        let (drafts, left_out) = shares::rules(account, &documents, organization.as_ref());
        for draft in drafts.into_iter().chain(sample::rules(account, &stacks)) {
            found.add(draft, home);
        }
        found.left_out.extend(left_out);
        for region in self.regions {
            let origin = Origin { account, region, is_hub: self.is_hub };
            for bus in self.buses {
                self.alarm_rules(origin, bus, &mut found).await;
            }
        }
        Ok(found)
    }

    fn config(&self, region: &Region) -> SdkConfig {
        let region = aws_config::Region::new(region.as_str().to_owned());
        self.signed_in.config.clone().into_builder().region(region).build()
    }

    /// The organization, where the caller may read it: the management account, or one that was delegated to.
    async fn organization(&self, output: &Output) -> Option<Organization> {
        let region = self.signed_in.region.partition().organizations_region();
        let client = aws::organizations(&self.signed_in.config, &region);
        match aws::organization::read_all(&client).await {
            Ok(organization) => Some(organization),
            Err(error) => {
                output.note(format_args!(
                    "note: the organization cannot be read from here, so rules name accounts and not OUs: {error:#}"
                ));
                None
            }
        }
    }

    async fn alarm_rules(&self, origin: Origin<'_>, bus: &str, found: &mut Found) {
        let config = self.config(origin.region);
        let question = json!({"EventBusName": bus});
        let rules = match pages::<BusRule>(&config, "ListRules", "Rules", &question).await {
            Ok(rules) => rules,
            Err(error) => {
                let what = format!("EventBridge rules of the bus {bus}");
                found.left_out.push(unread(&what, origin.region, &error, "events:ListRules"));
                return;
            }
        };
        for rule in rules {
            let question = json!({"EventBusName": bus, "Rule": rule.name});
            match pages::<Target>(&config, "ListTargetsByRule", "Targets", &question).await {
                Ok(targets) => match convert(&rule, &targets, origin) {
                    Some(Ok(draft)) => found.add(draft, origin.region),
                    Some(Err(left_out)) => found.left_out.push(left_out),
                    None => {}
                },
                Err(error) => {
                    let what = format!("targets of the EventBridge rule {}", rule.name);
                    found.left_out.push(unread(
                        &what,
                        origin.region,
                        &error,
                        "events:ListTargetsByRule",
                    ));
                }
            }
        }
    }
}

fn unread(what: &str, region: &Region, error: &AwsError, permission: &str) -> LeftOut {
    let help = format!("It needs {permission}. Once the caller has it, import again.");
    LeftOut::new(format!("{what} in {region}"), format!("not read: {error}"), help)
}

/// The account's own documents that are shared with anybody.
async fn shared(config: &SdkConfig, region: &Region) -> Result<Vec<SharedDocument>, AwsError> {
    let client = aws_sdk_ssm::Client::new(config);
    let own = DocumentKeyValuesFilter::builder().key("Owner").values("Self").build();
    let listed = client.list_documents().filters(own).into_paginator().items().send();
    let listed: Vec<_> = listed.try_collect().await.map_err(AwsError::from)?;
    let names = listed.into_iter().filter_map(|document| document.name?.parse().ok());
    let reads = iter(names).map(|name: relay_core::id::DocumentName| {
        let client = &client;
        async move {
            let accounts = permissions(client, name.as_str()).await?;
            Ok::<_, AwsError>(SharedDocument { region: region.clone(), name, accounts })
        }
    });
    let documents: Vec<SharedDocument> = reads.buffered(AT_ONCE).try_collect().await?;
    Ok(documents.into_iter().filter(|document| !document.accounts.is_empty()).collect())
}

/// With whom a document is shared, and which version they see.
async fn permissions(
    client: &aws_sdk_ssm::Client,
    name: &str,
) -> Result<BTreeMap<String, String>, AwsError> {
    let mut accounts = BTreeMap::new();
    let mut token: Option<String> = None;
    loop {
        let page = client
            .describe_document_permission()
            .name(name)
            .permission_type(DocumentPermissionType::Share)
            .max_results(PAGE)
            .set_next_token(token)
            .send()
            .await
            .map_err(AwsError::from)?;
        for account in page.account_ids() {
            accounts.entry(account.to_lowercase()).or_default();
        }
        for info in page.account_sharing_info_list() {
            let version = info.shared_document_version().unwrap_or_default().to_owned();
            accounts.extend(info.account_id().map(|id| (id.to_lowercase(), version)));
        }
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(accounts);
        }
    }
}

/// The stacks of the account.
async fn deployed(config: &SdkConfig) -> Result<Vec<Deployed>, AwsError> {
    let client = aws_sdk_cloudformation::Client::new(config);
    let stacks = client.describe_stacks().into_paginator().items().send();
    let stacks: Vec<_> = stacks.try_collect().await.map_err(AwsError::from)?;
    let deployed = stacks.into_iter().map(|stack| {
        let parameters = stack.parameters.unwrap_or_default().into_iter();
        let outputs = stack.outputs.unwrap_or_default().into_iter();
        Deployed {
            name: stack.stack_name.unwrap_or_default(),
            parameters: parameters
                .filter_map(|pair| Some((pair.parameter_key?, pair.parameter_value?)))
                .collect(),
            outputs: outputs
                .filter_map(|pair| Some((pair.output_key?, pair.output_value?)))
                .collect(),
        }
    });
    Ok(deployed.collect())
}

/// All items of a call of EventBridge that answers in pages.
async fn pages<T: DeserializeOwned>(
    config: &SdkConfig,
    operation: &str,
    items: &str,
    question: &Value,
) -> Result<Vec<T>, AwsError> {
    let mut question = question.clone();
    let mut all = Vec::new();
    loop {
        let answer = patiently(config, operation, &question).await?;
        for item in answer[items].as_array().into_iter().flatten() {
            let read = serde_json::from_value(item.clone());
            all.push(read.map_err(|error| AwsError::invalid_request(&error))?);
        }
        match answer["NextToken"].as_str().filter(|token| !token.is_empty()) {
            Some(token) => question["NextToken"] = json!(token),
            None => return Ok(all),
        }
    }
}

/// A call that is made again where EventBridge is busy.
async fn patiently(
    config: &SdkConfig,
    operation: &str,
    question: &Value,
) -> Result<Value, AwsError> {
    let target = format!("AWSEvents.{operation}");
    let mut pause = Duration::from_millis(200);
    for _ in 1..ATTEMPTS {
        match call_in(config, "events", &target, question).await {
            Err(error) if error.is_transient() => tokio::time::sleep(pause).await,
            answer => return answer,
        }
        pause *= 2;
    }
    call_in(config, "events", &target, question).await
}
