//! An owner with documents in an AWS in memory, and the function under test on it.

use std::time::Duration;

use aws_double::{Aws, BUCKET, Call, Document, ENVIRONMENT, HUB, Ssm};
use relay_core::execution::ExecutionRef;
use relay_core::id::CLAIMS_PATH;
use relay_core::rules::Glob;
use relay_core::storage::S3Object;
use runtime::{Clock, Environment};
use serde_json::json;
use share_documents::{Deps, Error};
use sharing::plan::{AccountPlace, PlannedRule, PlannedWork, Removals, SharePlan};
use sharing::{
    Distribution, DocumentSelector, Ownership, ShareCounts, ShareDocumentsInput,
    ShareDocumentsOutput, SharedVersion,
};

pub(crate) const OWNER: &str = "222233334444";
pub(crate) const REGION: &str = "us-east-1";
pub(crate) const PLAN: &str = "plans/run.json";

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) aws: Aws,
    pub(crate) clock: Clock,
    pub(crate) time_budget: Duration,
}

pub(crate) fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("Org-Runbook-{n:03}")).collect()
}

pub(crate) fn accounts(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{:012}", 500_000_000_000_u64 + n as u64)).collect()
}

impl World {
    /// An owner of `count` documents.
    pub(crate) fn new(count: usize) -> Self {
        let aws = Aws::at("2026-07-01T00:00:00Z");
        let clock = Clock::from(aws.now());
        let world = Self { aws, clock, time_budget: Duration::from_secs(240) };
        world.ssm(|ssm| ssm.documents.extend(names(count).into_iter().map(document)));
        world.claims(&[("runbook-relay", "*")]);
        world
    }

    /// Looks at or changes what SSM remembers of the owner.
    pub(crate) fn ssm<T>(&self, f: impl FnOnce(&mut Ssm) -> T) -> T {
        f(&mut self.aws.state().at(OWNER, REGION).ssm)
    }

    /// Which installations claim which documents of the owner.
    pub(crate) fn claims(&self, claims: &[(&str, &str)]) {
        let named =
            claims.iter().map(|(id, names)| (format!("{CLAIMS_PATH}/{id}"), (*names).to_owned()));
        let mut state = self.aws.state();
        state.at(OWNER, aws_double::REGION).ssm.parameters = named.collect();
    }

    pub(crate) fn deps(&self) -> Deps {
        let environment = Environment::from_iter(ENVIRONMENT);
        let mut deps = Deps::new(&environment, &self.aws.sdk()).unwrap();
        deps.clock = self.clock.clone();
        deps.config.time_budget = self.time_budget;
        deps
    }

    /// Puts a plan of one rule over all documents for these accounts.
    pub(crate) fn plan(&self, accounts: &[String]) -> SharePlan {
        let plan = plan(accounts);
        self.put_plan(&plan);
        plan
    }

    pub(crate) fn put_plan(&self, plan: &SharePlan) {
        self.aws.state().put_object(PLAN, &serde_json::to_value(plan).unwrap());
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
        self.ssm(|ssm| ssm.documents[document].shared.keys().cloned().collect())
    }

    pub(crate) fn share(&self, document: &str, accounts: &[String]) {
        let shares = accounts.iter().map(|id| (id.clone(), "$DEFAULT".to_owned()));
        self.ssm(|ssm| ssm.documents.get_mut(document).unwrap().shared.extend(shares));
    }

    /// An entry of the ledger, written by another execution.
    pub(crate) fn remember(&self, document: &str, account: &str, version: &str) {
        self.remember_as(document, account, version, &json!({}));
    }

    /// The same with more attributes.
    pub(crate) fn remember_as(
        &self,
        document: &str,
        account: &str,
        version: &str,
        more: &serde_json::Value,
    ) {
        let mut entry = json!({
            "pk": { "S": format!("share#{OWNER}#{REGION}#{document}") },
            "sk": { "S": account },
            "account": { "S": account },
            "sk2": { "S": format!("{OWNER}#{REGION}#{document}") },
            "version": { "S": version },
            "execution": { "S": "arn:earlier" },
            "at": { "S": "2026-01-01T00:00:00Z" },
        });
        for (name, value) in more.as_object().unwrap() {
            entry[name] = value.clone();
        }
        self.aws.state().table.put(&entry);
    }

    /// Whose share it is by the ledger: `ours`, `intended` or `foreign`; `None` without an entry.
    pub(crate) fn holder(&self, document: &str, account: &str) -> Option<String> {
        let key = format!("share#{OWNER}#{REGION}#{document}");
        let entry = self.aws.state().table.get(&key, account).cloned();
        entry.map(|entry| {
            let holder = entry.get("holder").and_then(|holder| holder["S"].as_str());
            holder.unwrap_or("ours").to_owned()
        })
    }

    pub(crate) fn ledger_size(&self) -> usize {
        self.aws.state().table.keys("share#").len()
    }

    pub(crate) fn details(&self, execution: &str) -> serde_json::Value {
        let key = format!("details/{execution}/{OWNER}/{REGION}.json");
        self.aws.state().object(&key).unwrap_or_else(|| panic!("no {key}"))
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
        plan: S3Object { bucket: BUCKET.to_owned(), key: PLAN.to_owned() },
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
        home_region: None,
        documents: DocumentSelector { names: vec![Glob::new("Org-*")], ..Default::default() },
        document_version: SharedVersion::Default,
        distribution: Distribution::Share,
        ownership: Ownership::Ledger,
        accounts: accounts.iter().map(|id| id.parse().unwrap()).collect(),
        certain: true,
        onboarding: Vec::new(),
    }
}

/// The same for accounts with which others may have shared something.
pub(crate) fn settled(accounts: &[String]) -> SharePlan {
    let mut plan = plan(accounts);
    plan.places.iter_mut().for_each(|place| place.fresh = false);
    plan
}

/// A plan of one rule over all documents for these accounts, which were created minutes ago.
pub(crate) fn plan(accounts: &[String]) -> SharePlan {
    let place = |id: &String| AccountPlace {
        account: id.parse().unwrap(),
        path: Some("r-abcd".to_owned()),
        active: true,
        unsettled: false,
        fresh: true,
    };
    SharePlan {
        rules_version: "sha256:0".to_owned(),
        seen_at: "2026-07-01T00:00:00Z".parse().unwrap(),
        valid_rules: 1,
        organization: false,
        accounts: accounts.iter().map(|id| id.parse().unwrap()).collect(),
        places: accounts.iter().map(place).collect(),
        rules: vec![rule("everything", accounts)],
        work: vec![PlannedWork {
            owner: OWNER.parse().unwrap(),
            region: REGION.parse().unwrap(),
            rules: vec![0],
            only: None,
        }],
        removals: Removals::Everybody,
        selectors_read: true,
        drift: false,
        surveyed: false,
        only: None,
        adopts: false,
        touched: false,
        problems: Vec::new(),
    }
}

pub(crate) fn document(name: String) -> (String, Document) {
    (name, Document::default().tagged("share", "organization"))
}

/// The calls to the owner, each of which is made with the owner's role in the Region of the work.
pub(crate) fn modifications(aws: &Aws) -> Vec<Call> {
    let calls = aws.calls("ModifyDocumentPermission");
    for call in &calls {
        assert_eq!((call.account.as_str(), call.region.as_str()), (OWNER, REGION));
    }
    calls
}
