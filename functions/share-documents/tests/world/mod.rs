//! Owners of documents, as SSM answers for them, on top of the in-memory AWS; and the function
//! under test with real clients on it.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use crate::support::{Answer, Aws, Call};
use aws_config::{BehaviorVersion, SdkConfig};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws::OwnerAccounts;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use jiff::Timestamp;
use relay_core::execution::ExecutionRef;
use relay_core::rules::Glob;
use relay_core::storage::S3Object;
use runtime::Clock;
use serde_json::json;
use share_documents::{Config, Deps, Error};
use sharing::plan::{AccountPlace, PlannedRule, PlannedWork, SharePlan};
use sharing::{
    DocumentSelector, Ownership, ShareCounts, ShareDocumentsInput, ShareDocumentsOutput,
    SharedVersion,
};

pub(crate) const HUB: &str = "111122223333";
pub(crate) const OWNER: &str = "222233334444";
pub(crate) const REGION: &str = "us-east-1";
pub(crate) const PLAN: &str = "plans/run.json";

/// Documents of every owner in every Region of a test: all have the same.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    pub(crate) names: Vec<String>,
    /// Who each is shared with, by whomever, and the version they see.
    pub(crate) shared: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) quota: usize,
}

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) aws: Aws,
    pub(crate) documents: Arc<Mutex<Documents>>,
    pub(crate) clock: Clock,
    pub(crate) config: Config,
}

pub(crate) fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("Org-Runbook-{n:03}")).collect()
}

pub(crate) fn accounts(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{:012}", 500_000_000_000_u64 + n as u64)).collect()
}

impl World {
    /// An owner of `count` documents, and an answer to everything.
    pub(crate) fn new(count: usize) -> Self {
        let aws = Aws::new();
        let documents = Documents { names: names(count), quota: 1000, ..Documents::default() };
        let documents = Arc::new(Mutex::new(documents));
        let state = documents.clone();
        aws.on(move |_, call| match call.service {
            "sts" => Some(assume_role(call)),
            "ssm" => Some(ssm(&mut state.lock().unwrap(), call)),
            _ => None,
        });
        let clock = Clock::from("2026-07-01T00:00:00Z".parse::<Timestamp>().unwrap());
        let config = Config {
            table: "runbook-relay".to_owned(),
            bucket: "bucket".to_owned(),
            share_role: "runbook-relay-share".to_owned(),
            concurrency: 10,
            time_budget: Duration::from_secs(240),
        };
        Self { aws, documents, clock, config }
    }

    pub(crate) fn deps(&self) -> Deps {
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(self.aws.http())
            .region(aws_config::Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                HUB, "secret", None, None, "test",
            )))
            .build();
        let s3 = aws_sdk_s3::config::Builder::from(&sdk).force_path_style(true).build();
        let retries = aws_sdk_ssm::config::retry::RetryConfig::disabled();
        Deps {
            dynamodb: aws_sdk_dynamodb::Client::new(&sdk),
            s3: aws_sdk_s3::Client::from_conf(s3),
            owners: OwnerAccounts::new(&sdk, &*self.config.share_role, "test")
                .with_retries(retries),
            clock: self.clock.clone(),
            config: self.config.clone(),
        }
    }

    /// Puts a plan of one rule over all documents for these accounts.
    pub(crate) fn plan(&self, accounts: &[String]) -> SharePlan {
        let plan = plan(accounts);
        self.put_plan(&plan);
        plan
    }

    pub(crate) fn put_plan(&self, plan: &SharePlan) {
        self.aws.put_object(PLAN, &serde_json::to_value(plan).unwrap());
    }

    pub(crate) async fn invoke(
        &self,
        execution: &str,
        cursor: Option<String>,
        counts: Option<ShareCounts>,
    ) -> Result<ShareDocumentsOutput, Error> {
        share_documents::handle(&self.deps(), input(execution, cursor, counts)).await
    }

    /// The first invocation of an execution.
    pub(crate) async fn run(&self, execution: &str) -> Result<ShareDocumentsOutput, Error> {
        self.invoke(execution, None, None).await
    }

    /// As the state machine does: again and again until it is done.
    pub(crate) async fn finish(&self, execution: &str) -> ShareDocumentsOutput {
        let mut answer = self.run(execution).await.unwrap();
        for _ in 0..100 {
            if answer.done {
                return answer;
            }
            answer = self.invoke(execution, answer.cursor, Some(answer.counts)).await.unwrap();
        }
        panic!("not done after a hundred invocations");
    }

    pub(crate) fn shared_with(&self, document: &str) -> Vec<String> {
        let documents = self.documents.lock().unwrap();
        documents.shared.get(document).map(|s| s.keys().cloned().collect()).unwrap_or_default()
    }

    pub(crate) fn share(&self, document: &str, accounts: &[String]) {
        let mut documents = self.documents.lock().unwrap();
        let shared = documents.shared.entry(document.to_owned()).or_default();
        shared.extend(accounts.iter().map(|id| (id.clone(), "$DEFAULT".to_owned())));
    }

    /// An entry of the ledger, written by another execution.
    pub(crate) fn remember(&self, document: &str, account: &str, version: &str) {
        self.aws.table(|table| {
            table.put(&[
                ("pk", &format!("share#{OWNER}#{REGION}#{document}")),
                ("sk", account),
                ("account", account),
                ("sk2", &format!("{OWNER}#{REGION}#{document}")),
                ("version", version),
                ("execution", "arn:earlier"),
                ("at", "2026-01-01T00:00:00Z"),
            ]);
        });
    }

    pub(crate) fn ledger_size(&self) -> usize {
        self.aws.table(|table| table.keys("share#").len())
    }

    pub(crate) fn details(&self, execution: &str) -> serde_json::Value {
        let key = format!("details/{execution}/{OWNER}/{REGION}.json");
        self.aws.object(&key).unwrap_or_else(|| panic!("no {key}"))
    }
}

pub(crate) fn input(
    execution: &str,
    cursor: Option<String>,
    counts: Option<ShareCounts>,
) -> ShareDocumentsInput {
    ShareDocumentsInput {
        execution: ExecutionRef {
            arn: format!("arn:aws:states:us-east-1:{HUB}:execution:share-runbooks:{execution}"),
            name: execution.to_owned(),
            start_time: "2026-07-01T00:00:00Z".parse().unwrap(),
        },
        plan: S3Object { bucket: "bucket".to_owned(), key: PLAN.to_owned() },
        owner: OWNER.parse().unwrap(),
        region: REGION.parse().unwrap(),
        cursor,
        counts,
    }
}

pub(crate) fn rule(name: &str, accounts: &[String]) -> PlannedRule {
    PlannedRule {
        name: name.to_owned(),
        owner: OWNER.parse().unwrap(),
        regions: vec![REGION.parse().unwrap()],
        documents: DocumentSelector { names: vec![Glob::new("Org-*")], ..Default::default() },
        document_version: SharedVersion::Default,
        ownership: Ownership::Ledger,
        accounts: accounts.iter().map(|id| id.parse().unwrap()).collect(),
        onboarding: Vec::new(),
    }
}

pub(crate) fn plan(accounts: &[String]) -> SharePlan {
    let place = |id: &String| AccountPlace {
        account: id.parse().unwrap(),
        path: "r-abcd".to_owned(),
        active: true,
    };
    SharePlan {
        policy_version: "sha256:0".to_owned(),
        valid_rules: 1,
        organization: false,
        accounts: accounts.iter().map(|id| id.parse().unwrap()).collect(),
        places: accounts.iter().map(place).collect(),
        rules: vec![rule("everything", accounts)],
        work: vec![PlannedWork {
            owner: OWNER.parse().unwrap(),
            region: REGION.parse().unwrap(),
            rules: vec![0],
        }],
        removals_allowed: true,
        problems: Vec::new(),
    }
}

fn assume_role(call: &Call) -> Answer {
    let arn = call.body["RoleArn"].as_str().unwrap();
    let account = arn.split(':').nth(4).unwrap();
    Answer::Reply(
        200,
        format!(
            "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
         <Credentials><AccessKeyId>{account}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
         <SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
         </AssumeRoleResult></AssumeRoleResponse>"
        ),
    )
}

fn ssm(documents: &mut Documents, call: &Call) -> Answer {
    assert_eq!((call.account.as_str(), call.region.as_str()), (OWNER, REGION));
    match call.operation.as_str() {
        "ListDocuments" => list(documents, call),
        "ModifyDocumentPermission" => modify(documents, call),
        "DescribeDocumentPermission" => describe(documents, call),
        other => panic!("no answer to {other}"),
    }
}

fn list(documents: &Documents, call: &Call) -> Answer {
    assert_eq!(call.body["Filters"], json!([{ "Key": "Owner", "Values": ["Self"] }]));
    assert_eq!(call.body["MaxResults"], json!(50));
    let from = match call.body["NextToken"].as_str() {
        None => 0,
        Some(token) => match token.strip_prefix("from-").and_then(|n| n.parse::<usize>().ok()) {
            Some(from) => from,
            None => return Answer::error("InvalidNextToken", "The specified token is not valid."),
        },
    };
    let page: Vec<_> = documents.names.iter().skip(from).take(50).collect();
    let identifiers: Vec<_> = page
        .iter()
        .map(|name| {
            json!({ "Name": name, "DocumentType": "Automation", "Owner": OWNER,
                    "Tags": [{ "Key": "share", "Value": "organization" }] })
        })
        .collect();
    let mut body = json!({ "DocumentIdentifiers": identifiers });
    if from + 50 < documents.names.len() {
        body["NextToken"] = json!(format!("from-{}", from + 50));
    }
    Answer::ok(&body)
}

pub(crate) fn ids(call: &Call, field: &str) -> Vec<String> {
    let ids = call.body[field].as_array().cloned().unwrap_or_default();
    ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

fn modify(documents: &mut Documents, call: &Call) -> Answer {
    let (add, remove) = (ids(call, "AccountIdsToAdd"), ids(call, "AccountIdsToRemove"));
    assert!(add.len() <= 20 && remove.len() <= 20 && !(add.is_empty() && remove.is_empty()));
    assert!(call.body.get("AccountIdsToAdd").is_none_or(|ids| !ids.as_array().unwrap().is_empty()));
    let name = call.body["Name"].as_str().unwrap();
    if !documents.names.iter().any(|n| n == name) {
        return Answer::error("InvalidDocument", "The specified document does not exist.");
    }
    let version = call.body["SharedDocumentVersion"].as_str().unwrap_or("$DEFAULT").to_owned();
    let quota = documents.quota;
    let shared = documents.shared.entry(name.to_owned()).or_default();
    let mut after = shared.clone();
    after.retain(|id, _| !remove.contains(id));
    after.extend(add.into_iter().map(|id| (id, version.clone())));
    if after.len() > quota && after.len() > shared.len() {
        return Answer::error(
            "DocumentPermissionLimit",
            "The document can't be shared with more accounts.",
        );
    }
    *shared = after;
    Answer::ok(&json!({}))
}

fn describe(documents: &Documents, call: &Call) -> Answer {
    let name = call.body["Name"].as_str().unwrap();
    let from: usize = call.body["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
    let shared = documents.shared.get(name).cloned().unwrap_or_default();
    let page: Vec<_> = shared.iter().skip(from).take(200).collect();
    let mut body = json!({
        "AccountIds": page.iter().map(|(id, _)| id).collect::<Vec<_>>(),
        "AccountSharingInfoList": page.iter().map(|(id, version)| {
            json!({ "AccountId": id, "SharedDocumentVersion": version })
        }).collect::<Vec<_>>(),
    });
    if from + 200 < shared.len() {
        body["NextToken"] = json!((from + 200).to_string());
    }
    Answer::ok(&body)
}
