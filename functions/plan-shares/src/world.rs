//! For the tests: an organization, a policy, a table and a bucket in memory, behind mocked clients.
//!
//! ```text
//! r-root ── ou-root-workload (Workloads) ── ou-root-workprod (Prod)
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_organizations::operation::describe_account::{
    DescribeAccountError, DescribeAccountOutput,
};
use aws_sdk_organizations::operation::describe_organizational_unit::{
    DescribeOrganizationalUnitError, DescribeOrganizationalUnitOutput,
};
use aws_sdk_organizations::operation::list_accounts::ListAccountsOutput;
use aws_sdk_organizations::operation::list_organizational_units_for_parent::ListOrganizationalUnitsForParentOutput;
use aws_sdk_organizations::operation::list_parents::{ListParentsError, ListParentsOutput};
use aws_sdk_organizations::operation::list_roots::ListRootsOutput;
use aws_sdk_organizations::types::{
    Account, AccountState, OrganizationalUnit, Parent, ParentType, Root,
};
use aws_sdk_s3::operation::put_object::PutObjectOutput;
use aws_sdk_ssm::operation::get_parameters_by_path::GetParametersByPathOutput;
use aws_sdk_ssm::types::Parameter;
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use jiff::Timestamp;
use runtime::Clock;
use sharing::plan::SharePlan;

use crate::Deps;

pub(crate) const HUB: &str = "111122223333";
pub(crate) const OWNER: &str = "222233334444";
pub(crate) const NEWCOMER: &str = "444455556666";
pub(crate) const WORKLOADS: &str = "ou-root-workload";
pub(crate) const PROD: &str = "ou-root-workprod";

/// Parent and name of every OU.
const UNITS: [(&str, &str, &str); 2] =
    [(WORKLOADS, "r-root", "Workloads"), (PROD, WORKLOADS, "Prod")];

/// What is so; tests change it.
#[derive(Default)]
pub(crate) struct World {
    /// Members and what they lie in.
    pub(crate) members: BTreeMap<String, String>,
    /// Members that are no longer usable.
    pub(crate) suspended: BTreeSet<String>,
    /// Organizations' answers have no paths.
    pub(crate) without_paths: bool,
    /// Names of parameters and their texts.
    pub(crate) policy: BTreeMap<String, String>,
    /// Account and `sk2` of the ledger's entries.
    pub(crate) ledger: BTreeSet<(String, String)>,
    /// Items of the table, by `pk`.
    pub(crate) items: BTreeMap<String, HashMap<String, AttributeValue>>,
    /// When every member joined, in milliseconds.
    pub(crate) joined: i64,
    /// The time, in milliseconds.
    pub(crate) now: i64,
    /// Objects of the bucket.
    pub(crate) objects: BTreeMap<String, Vec<u8>>,
}

impl World {
    fn way(&self, account: &str) -> Option<Vec<&str>> {
        let mut way = vec![self.members.get(account)?.as_str()];
        while let Some((_, parent, _)) = UNITS.iter().find(|(id, ..)| way.last() == Some(id)) {
            way.push(parent);
        }
        way.reverse();
        Some(way)
    }

    fn account(&self, id: &str) -> Option<Account> {
        let path = format!("o-exampleorgid/{}/{id}/", self.way(id)?.join("/"));
        let state = if self.suspended.contains(id) {
            AccountState::Suspended
        } else {
            AccountState::Active
        };
        let account = Account::builder().id(id).state(state);
        let joined = aws_smithy_types::DateTime::from_millis(self.joined);
        let account = account.joined_timestamp(joined);
        Some(if self.without_paths { account } else { account.paths(path) }.build())
    }
}

/// The mocked services and what they were asked.
pub(crate) struct Aws {
    pub(crate) world: Arc<Mutex<World>>,
    rules: BTreeMap<&'static str, Rule>,
}

fn code<E>(code: &str, error: impl Fn(ErrorMetadata) -> E) -> E {
    error(ErrorMetadata::builder().code(code).build())
}

impl Aws {
    pub(crate) fn new() -> Self {
        let world = Arc::new(Mutex::new(World::default()));
        let rules = organizations(&world).into_iter().chain(others(&world)).collect();
        Self { world, rules }
    }

    /// Replaces the answers of one operation.
    pub(crate) fn instead(&mut self, operation: &'static str, rule: Rule) {
        assert!(self.rules.insert(operation, rule).is_some(), "{operation}");
    }

    pub(crate) fn calls(&self, operation: &str) -> usize {
        self.rules[operation].num_calls()
    }

    pub(crate) fn deps(&self) -> Deps {
        let rules: Vec<&Rule> = self.rules.values().collect();
        let now = self.world.lock().unwrap().now;
        Deps {
            ssm: mock_client!(aws_sdk_ssm, RuleMode::MatchAny, &rules),
            organizations: mock_client!(aws_sdk_organizations, RuleMode::MatchAny, &rules),
            dynamodb: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, &rules),
            s3: mock_client!(aws_sdk_s3, RuleMode::MatchAny, &rules),
            hub: HUB.parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            policy_path: "/runbook-relay/sharing".into(),
            table: "table".into(),
            bucket: "bucket".into(),
            clock: Clock::fixed(Timestamp::from_millisecond(now).unwrap()),
        }
    }

    pub(crate) fn member(&self, account: &str, parent: &str) {
        self.world.lock().unwrap().members.insert(account.into(), parent.into());
    }

    pub(crate) fn rule(&self, name: &str, text: &str) {
        let name = format!("/runbook-relay/sharing/{name}");
        self.world.lock().unwrap().policy.insert(name, text.into());
    }

    pub(crate) fn shared(&self, account: &str, sk2: &str) {
        self.world.lock().unwrap().ledger.insert((account.into(), sk2.into()));
    }

    pub(crate) fn plan(&self, execution: &str) -> SharePlan {
        let world = self.world.lock().unwrap();
        serde_json::from_slice(&world.objects[&format!("plans/{execution}.json")]).unwrap()
    }
}

fn organizations(world: &Arc<Mutex<World>>) -> Vec<(&'static str, Rule)> {
    use aws_sdk_organizations::Client;
    let w = || Arc::clone(world);
    let (accounts, describe, parents) = (w(), w(), w());
    vec![
        (
            "ListRoots",
            mock!(Client::list_roots).then_output(|| {
                ListRootsOutput::builder().roots(Root::builder().id("r-root").build()).build()
            }),
        ),
        (
            // Pages of one, the first of them empty.
            "ListAccounts",
            mock!(Client::list_accounts).then_compute_output(move |request| {
                let world = accounts.lock().unwrap();
                let Some(page) = request.next_token() else {
                    return ListAccountsOutput::builder().next_token("0").build();
                };
                let page: usize = page.parse().unwrap();
                let mut ids = world.members.keys().skip(page);
                let account = ids.next().and_then(|id| world.account(id));
                ListAccountsOutput::builder()
                    .set_accounts(Some(account.into_iter().collect()))
                    .set_next_token(ids.next().map(|_| (page + 1).to_string()))
                    .build()
            }),
        ),
        (
            "DescribeAccount",
            mock!(Client::describe_account).then_compute_response(move |request| {
                match describe.lock().unwrap().account(request.account_id().unwrap()) {
                    Some(account) => MockResponse::Output(
                        DescribeAccountOutput::builder().account(account).build(),
                    ),
                    None => MockResponse::Error(code(
                        "AccountNotFoundException",
                        DescribeAccountError::generic,
                    )),
                }
            }),
        ),
        (
            "ListParents",
            mock!(Client::list_parents).then_compute_response(move |request| {
                let child = request.child_id().unwrap();
                let world = parents.lock().unwrap();
                let unit = UNITS.iter().find(|(id, ..)| *id == child).map(|unit| unit.1);
                match unit.or(world.members.get(child).map(String::as_str)) {
                    Some(parent) => MockResponse::Output(
                        ListParentsOutput::builder()
                            .parents(Parent::builder().id(parent).r#type(ParentType::Root).build())
                            .build(),
                    ),
                    None => MockResponse::Error(code(
                        "ChildNotFoundException",
                        ListParentsError::generic,
                    )),
                }
            }),
        ),
        (
            "ListOrganizationalUnitsForParent",
            mock!(Client::list_organizational_units_for_parent).then_compute_output(|request| {
                let units = UNITS
                    .iter()
                    .filter(|(_, parent, _)| Some(*parent) == request.parent_id())
                    .map(|(id, _, name)| OrganizationalUnit::builder().id(*id).name(*name).build());
                let page = ListOrganizationalUnitsForParentOutput::builder();
                match request.next_token() {
                    // The first page is empty and has a successor.
                    None => page.next_token("2").build(),
                    Some(_) => page.set_organizational_units(Some(units.collect())).build(),
                }
            }),
        ),
        (
            "DescribeOrganizationalUnit",
            mock!(Client::describe_organizational_unit).then_compute_response(|request| {
                let wanted = request.organizational_unit_id().unwrap();
                match UNITS.iter().find(|(id, ..)| *id == wanted) {
                    Some((id, _, name)) => MockResponse::Output(
                        DescribeOrganizationalUnitOutput::builder()
                            .organizational_unit(
                                OrganizationalUnit::builder().id(*id).name(*name).build(),
                            )
                            .build(),
                    ),
                    None => MockResponse::Error(code(
                        "OrganizationalUnitNotFoundException",
                        DescribeOrganizationalUnitError::generic,
                    )),
                }
            }),
        ),
    ]
}

fn others(world: &Arc<Mutex<World>>) -> Vec<(&'static str, Rule)> {
    let w = || Arc::clone(world);
    let (policy, ledger, get, put, objects) = (w(), w(), w(), w(), w());
    vec![
        (
            // Pages of one.
            "GetParametersByPath",
            mock!(aws_sdk_ssm::Client::get_parameters_by_path)
                .match_requests(|request| {
                    request.path() == Some("/runbook-relay/sharing")
                        && request.recursive() == Some(false)
                        && request.with_decryption() == Some(true)
                        && request.max_results() == Some(10)
                })
                .then_compute_output(move |request| {
                    let world = policy.lock().unwrap();
                    let page: usize = request.next_token().map_or(0, |page| page.parse().unwrap());
                    let mut rest = world.policy.iter().skip(page);
                    let parameters = rest
                        .next()
                        .map(|(name, text)| Parameter::builder().name(name).value(text).build());
                    GetParametersByPathOutput::builder()
                        .set_parameters(Some(parameters.into_iter().collect()))
                        .set_next_token(rest.next().map(|_| (page + 1).to_string()))
                        .build()
                }),
        ),
        (
            "Query",
            mock!(aws_sdk_dynamodb::Client::query)
                .match_requests(|request| {
                    request.table_name() == Some("table")
                        && request.index_name() == Some("by-account")
                        && request.limit() == Some(1)
                })
                .then_compute_output(move |request| {
                    let values = request.expression_attribute_values().unwrap();
                    let account = values[":account"].as_s().unwrap();
                    let after = values[":after"].as_s().unwrap();
                    let world = ledger.lock().unwrap();
                    let next = world.ledger.iter().find(|(of, sk2)| of == account && sk2 > after);
                    let items = next.map(|(_, sk2)| {
                        [("sk2".to_owned(), AttributeValue::S(sk2.clone()))].into_iter().collect()
                    });
                    QueryOutput::builder().set_items(Some(items.into_iter().collect())).build()
                }),
        ),
        (
            "GetItem",
            mock!(aws_sdk_dynamodb::Client::get_item)
                .match_requests(|request| request.consistent_read() == Some(true))
                .then_compute_output(move |request| {
                    let key = request.key().unwrap()["pk"].as_s().unwrap();
                    let item = get.lock().unwrap().items.get(key).cloned();
                    GetItemOutput::builder().set_item(item).build()
                }),
        ),
        (
            "PutItem",
            mock!(aws_sdk_dynamodb::Client::put_item).then_compute_response(move |request| {
                assert_eq!(
                    request.condition_expression(),
                    Some("attribute_not_exists(pk) OR #at <= :at")
                );
                let item = request.item().unwrap().clone();
                let key = item["pk"].as_s().unwrap().clone();
                let at = |item: &HashMap<String, AttributeValue>| {
                    item["at"].as_n().unwrap().parse::<i64>().unwrap()
                };
                let items = &mut put.lock().unwrap().items;
                if items.get(&key).is_some_and(|there| at(there) > at(&item)) {
                    let code_of = "ConditionalCheckFailedException";
                    return MockResponse::Error(code(code_of, PutItemError::generic));
                }
                items.insert(key, item);
                MockResponse::Output(PutItemOutput::builder().build())
            }),
        ),
        (
            "PutObject",
            mock!(aws_sdk_s3::Client::put_object)
                .match_requests(|request| request.bucket() == Some("bucket"))
                .then_compute_output(move |request| {
                    let body = request.body().bytes().unwrap().to_vec();
                    let key = request.key().unwrap().to_owned();
                    objects.lock().unwrap().objects.insert(key, body);
                    PutObjectOutput::builder().build()
                }),
        ),
    ]
}
