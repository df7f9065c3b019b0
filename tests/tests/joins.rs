//! An account joins: whatever its events do, it has its runbooks once and one outcome.
#![cfg(feature = "end-to-end")]

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use futures::future::try_join_all;
use harness::{HOME_REGION, HUB};
use serde_json::{Value, json};
use tests::{Created, Subscriber, World, run, until};

const OWNER: &str = "222233334444";
const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];
const EVERYONE: [&str; 2] = ["Org-Baseline", "Org-Patch"];
const PROD: [&str; 2] = ["Prod-Deploy", "Prod-Rollback"];

/// Two rules that overlap: everybody gets `Org-*`, what is under `/Workloads/Prod` also `Prod-*`.
async fn ground(world: &World) -> Result<()> {
    static ONCE: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();
    ONCE.get_or_try_init(|| async {
        let names: Vec<&str> = EVERYONE.iter().chain(&PROD).copied().collect();
        world.owner(OWNER, &REGIONS, &names).await?;
        world.settled(OWNER).await?;
        let documents = |names: &str| {
            format!(
                "documents: {{owner: \"{OWNER}\", names: {names}}}\nregions: [us-east-1, eu-west-1]\n"
            )
        };
        let everyone = documents("[\"Org-*\"]") + "accounts: {in: [organization]}\n";
        world.stack.put_rule("everyone", &everyone).await?;
        let prod = documents("[\"Prod-*\", Org-Patch]")
            + "accounts: {in: [/Workloads/Prod], includeChildUnits: true}\n";
        world.stack.put_rule("prod", &prod).await
    })
    .await
    .map(drop)
}

/// Every pair of Region and name, as often as it is to be shared: once.
fn once(names: &[&str]) -> BTreeMap<(String, String), u32> {
    REGIONS
        .iter()
        .flat_map(|region| names.iter().map(|name| (((*region).into(), (*name).into()), 1)))
        .collect()
}

fn all_names() -> Vec<&'static str> {
    EVERYONE.iter().chain(&PROD).copied().collect()
}

/// Waits until an account has what its OU should have, and then checks how it came to it.
async fn assert_joined(
    world: &World,
    outcomes: &mut Subscriber,
    created: &Created,
    names: &[&str],
) -> Result<()> {
    let account = &created.account;
    until(&format!("{account} to have its runbooks"), || async {
        Ok((world.modifications(account).await?.added.len() == once(names).len()).then_some(()))
    })
    .await?;
    world.settled(account).await?;
    outcomes
        .wait_for("the join's outcome", |outcome| {
            outcome.accounts().any(|id| id == account)
                && outcome.json()["trigger"]["kind"] == "join"
        })
        .await?;
    let modifications = world.modifications(account).await?;
    ensure!(modifications.added == once(names), "{account}: {:?}", modifications.added);
    ensure!(modifications.removed.is_empty(), "{account}: {:?}", modifications.removed);
    let joins = outcomes.about(account, "join").await?;
    ensure!(joins.len() == 1, "{account} has {} join outcomes", joins.len());
    ensure!(joins[0].outcome() == "succeeded", "{account}: {}", joins[0].json());
    for region in REGIONS {
        let visible = world.visible(account, region).await?;
        ensure!(visible == names.iter().map(|n| (*n).to_owned()).collect(), "{visible:?}");
    }
    Ok(())
}

/// The events of one join, as AWS sends them, about an account that exists.
async fn events_of(world: &World, created: &Created) -> Result<BTreeMap<&'static str, Value>> {
    let described = world.organizations().describe_account().account_id(&created.account);
    let account = described.send().await?.account.context("the account exists")?;
    let joined = account.joined_timestamp().context("it has joined")?.secs();
    let time = jiff::Timestamp::from_second(joined)?.to_string();
    let envelope = |name: &str, service_event: bool, detail: Value| {
        let mut event = json!({
            "version": "0", "source": "aws.organizations", "account": HUB, "region": HOME_REGION,
            "time": time, "resources": [],
            "id": uuid_like(&created.account, name),
            "detail-type": if service_event {
                "AWS Service Event via CloudTrail"
            } else {
                "AWS API Call via CloudTrail"
            },
            "detail": {
                "eventVersion": "1.11", "eventTime": time, "awsRegion": HOME_REGION,
                "eventSource": "organizations.amazonaws.com", "eventName": name,
                "eventType": if service_event { "AwsServiceEvent" } else { "AwsApiCall" },
                "recipientAccountId": HUB, "readOnly": false, "managementEvent": true,
                "userIdentity": {"accountId": HUB, "invokedBy": "organizations.amazonaws.com"},
                "requestParameters": null, "responseElements": null,
            },
        });
        for (key, value) in detail.as_object().into_iter().flatten() {
            event["detail"][key] = value.clone();
        }
        event
    };
    let status = json!({"id": created.request, "state": "SUCCEEDED", "accountId": created.account,
        "accountName": "****", "requestedTimestamp": "Nov 23, 2026, 9:20:50 PM"});
    let root = &world.stack.seeded.root;
    let prod = &world.stack.seeded.units["/Workloads/Prod"];
    Ok(BTreeMap::from([
        (
            "CreateAccount",
            envelope(
                "CreateAccount",
                false,
                json!({
                    "requestParameters": {"accountName": "****", "email": "****"},
                    "responseElements": {"createAccountStatus": {"id": created.request,
                        "state": "IN_PROGRESS", "accountName": "****",
                        "requestedTimestamp": "Nov 23, 2026, 9:20:50 PM"}},
                }),
            ),
        ),
        (
            "CreateAccountResult",
            envelope(
                "CreateAccountResult",
                true,
                json!({"serviceEventDetails": {"createAccountStatus": status}}),
            ),
        ),
        (
            "AccountJoinedOrganization",
            envelope(
                "AccountJoinedOrganization",
                true,
                json!({"serviceEventDetails": {
                "accountId": created.account, "joinedMethod": "Created", "joinedTime": time}}),
            ),
        ),
        (
            "MoveAccount",
            envelope(
                "MoveAccount",
                false,
                json!({"requestParameters": {
                "accountId": created.account, "sourceParentId": root,
                "destinationParentId": prod}}),
            ),
        ),
    ]))
}

fn uuid_like(account: &str, name: &str) -> String {
    let sum: u32 = name.bytes().map(u32::from).sum();
    format!("{sum:08x}-0000-4000-8000-{account}")
}

fn orders<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for n in 0..items.len() {
        let mut rest = items.to_vec();
        let first = rest.remove(n);
        all.extend(orders(&rest).into_iter().map(|mut order| {
            order.insert(0, first.clone());
            order
        }));
    }
    all
}

#[test]
fn a_created_account_gets_its_runbooks_once_and_one_outcome() {
    run(|world| async move {
        ground(world).await?;
        let mut outcomes = world.subscribe("plain").await?;
        let created = world.create_account("plain").await?;
        assert_joined(world, &mut outcomes, &created, &EVERYONE).await
    });
}

#[test]
fn one_correlation_id_leads_through_the_logs_of_all_functions() {
    run(|world| async move {
        ground(world).await?;
        let mut outcomes = world.subscribe("story").await?;
        let created = world.create_account("story").await?;
        assert_joined(world, &mut outcomes, &created, &EVERYONE).await?;
        let outcome = outcomes.about(&created.account, "join").await?.remove(0);
        let execution = outcome.json()["execution"].as_str().context("an execution")?.to_owned();
        let name = execution.rsplit(':').next().context("a name")?;
        let functions = ["route-events", "plan-shares", "share-documents", "publish-outcome"];
        for function in functions {
            let what = format!("a line of {function} about {name}");
            let line = until(&what, || async {
                let lines = world.log(function).await?;
                Ok(lines.into_iter().find(|line| line["correlation_id"] == name))
            })
            .await?;
            ensure!(line["account"] == created.account.as_str(), "{line}");
            ensure!(line["service"] == "runbook-relay" && line["level"] == "INFO", "{line}");
            let trace = line["xray_trace_id"].as_str().unwrap_or_default();
            ensure!(trace.starts_with("1-") && !trace.contains(';'), "{line}");
            for key in ["message", "location", "function_request_id", "cold_start", "version"] {
                ensure!(!line[key].is_null(), "{key} is missing in {line}");
            }
        }
        Ok(())
    });
}

#[test]
fn an_account_created_in_the_root_and_moved_ends_with_its_ous_runbooks() {
    run(|world| async move {
        ground(world).await?;
        let mut outcomes = world.subscribe("moved").await?;
        let created = world.create_account("moved").await?;
        world.place(&created.account, "/Workloads/Prod/Payments").await?;
        assert_joined(world, &mut outcomes, &created, &all_names()).await
    });
}

/// All 24 orders of the four events of a join, each event delivered twice; each event missing in
/// turn; and none but CreateAccount. All at once, each with an account of its own.
#[test]
fn order_repetition_and_loss_of_a_joins_events_change_nothing() {
    run(|world| async move {
        ground(world).await?;
        let names =
            ["CreateAccount", "CreateAccountResult", "AccountJoinedOrganization", "MoveAccount"];
        let mut cases: Vec<Vec<&str>> = orders(&names);
        for missing in names {
            cases.push(names.into_iter().filter(|name| *name != missing).collect());
        }
        cases.push(vec!["CreateAccount"]);

        // The gateway's own events of these creations are lost; each case delivers its choice.
        let lost = json!({"drop": names});
        world.local.relay("POST", "events/delivery", &lost).await?;
        let created = try_join_all(
            (0..cases.len())
                .map(|n| async move { world.create_account(&format!("case-{n}")).await }),
        )
        .await?;
        for account in &created {
            world.place(&account.account, "/Workloads/Prod").await?;
        }
        world.local.relay("POST", "events/delivery", &json!({})).await?;

        let mut outcomes = world.subscribe("orders").await?;
        for (case, account) in cases.iter().zip(&created) {
            let events = events_of(world, account).await?;
            for name in case {
                world.deliver(&events[name]).await?;
            }
            for name in case {
                world.deliver(&events[name]).await?;
            }
        }
        for (case, account) in cases.iter().zip(&created) {
            assert_joined(world, &mut outcomes, account, &all_names())
                .await
                .with_context(|| format!("{case:?}"))?;
        }
        Ok(())
    });
}

#[test]
fn a_failed_creation_ends_in_one_failed_outcome_with_awss_reason() {
    run(|world| async move {
        ground(world).await?;
        let mut outcomes = world.subscribe("failed").await?;
        let script = json!({"emailPattern": "taken@*", "result": "FAILED",
            "reason": "EMAIL_ALREADY_EXISTS", "after": "PT1S"});
        world.local.relay("POST", "create-account", &script).await?;
        let asked = world.organizations().create_account();
        let asked = asked.email("taken@example.com").account_name("taken").send().await?;
        let request = asked.create_account_status.and_then(|s| s.id).context("a request's id")?;
        let about = |outcome: &harness::outcomes::Received| {
            outcome.json()["execution"].as_str().is_some_and(|arn| arn.ends_with(&request))
        };
        let outcome = outcomes.wait_for("the failed outcome", about).await?;
        ensure!(outcome.outcome() == "failed", "{}", outcome.json());
        let problem = outcome.problems().next().context("a problem says why")?;
        ensure!(problem["code"] == "AccountCreationFailed", "{problem}");
        ensure!(problem["what"].to_string().contains("EMAIL_ALREADY_EXISTS"), "{problem}");
        ensure!(outcomes.all().await?.iter().filter(|o| about(o)).count() == 1);
        Ok(())
    });
}

#[test]
fn refused_calls_and_foreign_events_start_nothing() {
    run(|world| async move {
        ground(world).await?;
        let before = world.executions("AwaitMembershipStateMachineArn").await?;
        let refused = include_str!("../../events/aws.organizations/create-account-refused.json");
        let foreign =
            include_str!("../../events/aws.organizations/create-organizational-unit.json");
        for event in [refused, foreign] {
            world.deliver(&serde_json::from_str(event)?).await?;
        }
        // The work after them in the queue is done when this join is.
        let created = world.create_account("after").await?;
        world.settled(&created.account).await?;
        let mut after = world.executions("AwaitMembershipStateMachineArn").await?;
        after.retain(|name, _| !before.contains_key(name) && *name != created.request);
        // Other tests create accounts at the same time; the refused call's id is in none of them.
        ensure!(after.keys().all(|name| name.starts_with("car-")), "{after:?}");
        ensure!(after.values().all(|status| *status != ExecutionStatus::Failed), "{after:?}");
        Ok(())
    });
}
