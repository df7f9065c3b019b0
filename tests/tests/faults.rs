//! AWS, the network and the machines at their worst: sharing still comes to its end, says
//! what failed, and loses and doubles nothing.
#![cfg(feature = "end-to-end")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use aws_sdk_sqs::types::QueueAttributeName;
use harness::{HOME_REGION, HUB, build};
use serde_json::{Value, json};
use tests::{Subscriber, World, run, until};
use tokio::sync::{Mutex, MutexGuard};

const OWNER: &str = "222233334444";
/// Has no owner-account stack, so nobody may assume its sharing role.
const CLOSED: &str = "333344445555";
const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

/// The state that the tests of this file share. They change how all of the local AWS behaves, so they run
/// one after the other: the test that holds this lock runs.
struct Ground {
    outcomes: Subscriber,
}

static GROUND: Mutex<Option<Ground>> = Mutex::const_new(None);

/// The ground, in peace: no fault in force.
async fn ground(world: &World) -> Result<MutexGuard<'static, Option<Ground>>> {
    let mut ground = GROUND.lock().await;
    world.no_faults().await?;
    if ground.is_none() {
        // Members join and rules and documents change unheard: what happens then is tested elsewhere.
        let unheard = [
            "InviteAccountToOrganization",
            "AcceptHandshake",
            "AccountJoinedOrganization",
            "Parameter Store Change",
            "CreateDocument",
            "DeleteDocument",
        ];
        world.delivery(&json!({"drop": unheard})).await?;
        world.owner(OWNER, &[], &[]).await?;
        world.join_by_invitation(CLOSED).await?;
        // Instead of eleven minutes, so that what the intake could not do comes again soon.
        set_intake(world, QueueAttributeName::VisibilityTimeout, "2").await?;
        *ground = Some(Ground { outcomes: world.subscribe("faults").await? });
    }
    Ok(ground)
}

/// Documents of the owner, an account, and a rule that shares the ones with the other.
struct Case {
    prefix: &'static str,
    account: &'static str,
    documents: usize,
}

impl Case {
    async fn prepare(&self, world: &World) -> Result<()> {
        self.prepare_in(world, &REGIONS).await
    }

    async fn prepare_in(&self, world: &World, regions: &[&str]) -> Result<()> {
        let names = self.names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        world.documents(OWNER, regions, &names).await?;
        world.join_by_invitation(self.account).await?;
        let name = self.prefix.to_lowercase();
        world.stack.put_rule(&name, &self.rule(OWNER, regions)).await
    }

    fn rule(&self, owner: &str, regions: &[&str]) -> String {
        let Self { prefix, account, .. } = self;
        format!(
            "documents: {{owner: \"{owner}\", names: [\"{prefix}-*\"]}}\nregions: [{}]\n\
             accounts: {{in: [\"{account}\"]}}\n",
            regions.join(", ")
        )
    }

    fn names(&self) -> Vec<String> {
        (0..self.documents).map(|n| format!("{}-{n:02}", self.prefix)).collect()
    }

    /// Region and name of every document.
    fn all(&self) -> BTreeSet<(String, String)> {
        let pairs = |region: &&str| {
            self.names().into_iter().map(|name| ((*region).to_owned(), name)).collect::<Vec<_>>()
        };
        REGIONS.iter().flat_map(pairs).collect()
    }

    async fn start(&self, world: &World) -> Result<String> {
        self.start_as(world, &format!("share-{}", self.prefix)).await
    }

    async fn start_as(&self, world: &World, name: &str) -> Result<String> {
        let trigger = json!({"kind": "manual", "arn": null, "eventIds": []});
        world.start_sharing(name, &json!({"accounts": [self.account], "trigger": trigger})).await
    }

    /// Everything was shared `most` times or fewer, is in the ledger, and is seen by the account.
    async fn assert_all_shared(&self, world: &World, most: u32) -> Result<()> {
        let made = world.modifications(self.account).await?;
        let shared: BTreeSet<_> = made.added.keys().cloned().collect();
        ensure!(shared == self.all(), "{}: shared {shared:?}", self.prefix);
        let repeated: BTreeMap<_, _> = made.added.iter().filter(|(_, n)| **n > most).collect();
        ensure!(repeated.is_empty(), "{}: at most {most} each, not {repeated:?}", self.prefix);
        ensure!(made.removed.is_empty(), "{}: removed {:?}", self.prefix, made.removed);
        self.assert_recorded(world).await
    }

    /// The ledger has everything, and the account sees it.
    async fn assert_recorded(&self, world: &World) -> Result<()> {
        let ledger = world.ledger(self.account).await?;
        let ledger: BTreeSet<_> =
            ledger.into_iter().map(|(_, region, name)| (region, name)).collect();
        ensure!(ledger == self.all(), "{}: the ledger has {ledger:?}", self.prefix);
        for region in REGIONS {
            let visible = world.visible(self.account, region).await?;
            ensure!(visible == self.names().into_iter().collect(), "{region}: {visible:?}");
        }
        Ok(())
    }
}

/// Runs a case with faults in force: all is shared, each with `most` calls or fewer, and published once.
fn survives(case: Case, faults: Value, most: u32) {
    run(|world| async move {
        let mut ground = ground(world).await?;
        let outcomes = &mut ground.as_mut().context("there is ground")?.outcomes;
        case.prepare(world).await?;
        let before = failures(world, &faults).await?;
        world.faults(&faults).await?;
        let execution = case.start(world).await?;
        let ended = world.end_of(&execution).await?;
        world.no_faults().await?;
        let struck = failures(world, &faults).await? - before;
        ensure!(struck > 0, "no call met any of {faults}");
        ensure!(ended.status == ExecutionStatus::Succeeded, "{ended:?}");
        let outcome = outcomes.of(&execution).await?;
        ensure!(outcome.outcome() == "succeeded", "{}", outcome.json());
        ensure!(outcome.problems().next().is_none(), "{}", outcome.json());
        case.assert_all_shared(world, most).await
    });
}

/// How many of the suite's calls to the services that faults name have failed.
async fn failures(world: &World, faults: &Value) -> Result<usize> {
    let mut failed = 0;
    for fault in faults.as_array().context("faults are a list")? {
        let calls = world.calls("runbook-relay", text(&fault["service"])).await?;
        failed += calls.iter().filter(|call| call["error"].is_string()).count();
    }
    Ok(failed)
}

#[test]
fn a_third_of_the_shares_throttled_are_made_later_and_once() {
    survives(
        Case { prefix: "Throttled", account: "900000000001", documents: 12 },
        json!([{"service": "ssm", "operation": "ModifyDocumentPermission", "account": OWNER,
            "rate": 0.3, "kind": "throttle"}]),
        1,
    );
}

#[test]
fn server_errors_of_ssm_are_repeated_until_it_answers() {
    survives(
        Case { prefix: "Broken", account: "900000000002", documents: 6 },
        // Each call is tried five times. Four failures for each operation and Region: no call can meet more.
        json!(
            [
                "ListDocuments",
                "GetParametersByPath",
                "DescribeDocumentPermission",
                "ModifyDocumentPermission"
            ]
            .into_iter()
            .flat_map(|operation| ["us-east-1", "eu-west-1"].map(|region| json!({
                "service": "ssm", "operation": operation, "region": region, "account": OWNER,
                "times": 4, "kind": "error5xx"
            })))
            .collect::<Vec<_>>()
        ),
        1,
    );
}

#[test]
fn a_third_of_all_calls_to_dynamodb_s3_and_organizations_may_fail() {
    survives(
        Case { prefix: "Shaken", account: "900000000003", documents: 6 },
        json!([
            {"service": "dynamodb", "operation": "*", "rate": 0.34, "kind": "throttle"},
            {"service": "s3", "operation": "*", "rate": 0.34, "kind": "error5xx"},
            {"service": "organizations", "operation": "*", "rate": 0.34, "kind": "throttle"},
        ]),
        1,
    );
}

/// More failures in a row than the SDK repeats: the state machine calls the function again, and
/// what had been shared but not written down is shared once more.
#[test]
fn a_ledger_that_is_down_for_a_while_costs_at_most_a_repeat() {
    survives(
        Case { prefix: "Ledger", account: "900000000004", documents: 3 },
        json!([{"service": "dynamodb", "operation": "BatchWriteItem", "times": 6,
            "kind": "error5xx"}]),
        2,
    );
}

#[test]
fn a_bucket_that_is_down_for_a_while_loses_no_plan_and_no_outcome() {
    survives(
        Case { prefix: "Bucket", account: "900000000005", documents: 2 },
        json!([{"service": "s3", "operation": "*", "times": 7, "kind": "error5xx"}]),
        1,
    );
}

#[test]
fn organizations_that_throttle_for_a_while_only_delay_the_plan() {
    survives(
        Case { prefix: "Planned", account: "900000000006", documents: 2 },
        json!([{"service": "organizations", "operation": "*", "times": 6, "kind": "throttle"}]),
        1,
    );
}

#[test]
fn shares_whose_replies_are_lost_are_made_at_most_once_more_and_written_down() {
    run(|world| async move {
        let mut ground = ground(world).await?;
        let outcomes = &mut ground.as_mut().context("there is ground")?.outcomes;
        let case = Case { prefix: "Lost", account: "900000000007", documents: 8 };
        case.prepare(world).await?;
        let fault = json!([{"service": "ssm", "operation": "ModifyDocumentPermission",
            "account": OWNER, "times": 4, "rate": 0.5, "kind": "loseReply"}]);
        world.faults(&fault).await?;
        let execution = case.start(world).await?;
        world.end_of(&execution).await?;
        world.no_faults().await?;
        let outcome = outcomes.of(&execution).await?;
        ensure!(outcome.outcome() == "succeeded", "{}", outcome.json());
        case.assert_all_shared(world, 2).await?;
        let made = world.modifications(case.account).await?;
        let calls: u32 = made.added.values().sum();
        let expected = case.all().len() as u32 + 4;
        ensure!(calls == expected, "four replies lost, so {expected} calls, not {calls}");

        // The ledger is right: the same again has nothing to do and nothing to publish.
        let again = case.start_as(world, "share-Lost-again").await?;
        let ended = world.end_of(&again).await?;
        ensure!(ended.output["outcome"] == "none", "{ended:?}");
        ensure!(world.modifications(case.account).await? == made, "shared once more");
        let said = outcomes.assert_one_id(&again).await?;
        ensure!(said.is_empty(), "{:?}", said[0].json());
        Ok(())
    });
}

#[test]
fn what_fails_for_one_owner_region_or_document_stops_nothing_else() {
    run(|world| async move {
        let mut ground = ground(world).await?;
        let outcomes = &mut ground.as_mut().context("there is ground")?.outcomes;
        let regions = ["us-east-1", "eu-west-1", "ap-southeast-2", "eu-central-1", "us-west-2"];
        let case = Case { prefix: "Partial", account: "900000000008", documents: 2 };
        case.prepare_in(world, &regions).await?;
        world.stack.put_rule("closed", &case.rule(CLOSED, &["us-east-1"])).await?;
        fill_up(world, "us-east-1", "Partial-00").await?;
        world
            .faults(&json!([
                {"service": "ssm", "operation": "*", "account": OWNER, "region": "eu-west-1",
                    "kind": "deny"},
                {"service": "ssm", "operation": "*", "account": OWNER, "region": "ap-southeast-2",
                    "kind": "deny", "code": "UnrecognizedClientException"},
                {"service": "ssm", "operation": "ListDocuments", "account": OWNER,
                    "region": "eu-central-1", "kind": "error5xx"},
            ]))
            .await?;
        let execution = case.start(world).await?;
        let ended = world.end_of(&execution).await?;
        world.no_faults().await?;
        let outcome = outcomes.of(&execution).await?;
        ensure!(outcome.outcome() == "partial", "{}", outcome.json());
        ensure!(ended.output["outcome"] == "partial", "{ended:?}");
        let expected = BTreeMap::from([
            (format!("{CLOSED}/us-east-1"), "RoleNotAssumable"),
            (format!("{OWNER}/us-east-1/Partial-00"), "DocumentPermissionLimit"),
            (format!("{OWNER}/eu-west-1"), "AccessDenied"),
            (format!("{OWNER}/ap-southeast-2"), "RegionNotEnabled"),
            (format!("{OWNER}/eu-central-1"), "ShareFailed"),
        ]);
        let named: BTreeMap<String, &str> = outcome
            .problems()
            .map(|problem| (text(&problem["where"]).to_owned(), text(&problem["code"])))
            .collect();
        ensure!(named == expected, "{named:#?}");
        for problem in outcome.problems() {
            ensure!(!text(&problem["hint"]).is_empty(), "{problem}");
        }
        let limit = outcome.problems().find(|p| p["code"] == "DocumentPermissionLimit");
        ensure!(text(&limit.context("named above")?["hint"]).contains("1,000"), "{limit:?}");

        // Everything else got through.
        let made = world.modifications(case.account).await?;
        let shared: Vec<_> = made.added.into_iter().collect();
        let once = |region: &str, name: &str| ((region.to_owned(), name.to_owned()), 1);
        let rest = [
            once("us-east-1", "Partial-01"),
            once("us-west-2", "Partial-00"),
            once("us-west-2", "Partial-01"),
        ];
        ensure!(shared == rest, "{shared:?}");
        Ok(())
    });
}

/// Shares a document with as many accounts as SSM takes.
async fn fill_up(world: &World, region: &str, document: &str) -> Result<()> {
    let ssm = world.ssm(OWNER, region).await;
    let accounts: Vec<String> =
        (0..1000).map(|n| format!("{:012}", 700_000_000_000_u64 + n)).collect();
    for twenty in accounts.chunks(20) {
        let share = ssm.modify_document_permission().name(document).permission_type("Share".into());
        let share = share.set_account_ids_to_add(Some(twenty.to_vec())).send().await;
        share.map_err(aws_sdk_ssm::Error::from)?;
    }
    Ok(())
}

#[test]
fn a_document_that_vanishes_between_listing_and_sharing_is_named_and_the_rest_is_shared() {
    run(|world| async move {
        let mut ground = ground(world).await?;
        let outcomes = &mut ground.as_mut().context("there is ground")?.outcomes;
        let case = Case { prefix: "Vanishing", account: "900000000009", documents: 3 };
        case.prepare_in(world, &["us-east-1"]).await?;
        world.faults(&slow_shares()).await?;
        let listed = listings(world).await?;
        let execution = case.start(world).await?;
        until("the listing", || async { Ok((listings(world).await? > listed).then_some(())) })
            .await?;
        let owner = world.ssm(OWNER, "us-east-1").await;
        let deleted = owner.delete_document().name("Vanishing-01").send().await;
        deleted.map_err(aws_sdk_ssm::Error::from)?;
        world.end_of(&execution).await?;
        let outcome = outcomes.of(&execution).await?;
        ensure!(outcome.outcome() == "partial", "{}", outcome.json());
        let problems: Vec<&Value> = outcome.problems().collect();
        ensure!(problems.len() == 1, "{problems:?}");
        ensure!(problems[0]["code"] == "DocumentGone", "{problems:?}");
        ensure!(problems[0]["where"] == format!("{OWNER}/us-east-1/Vanishing-01"), "{problems:?}");
        let visible = world.visible(case.account, "us-east-1").await?;
        let left = ["Vanishing-00", "Vanishing-02"].map(str::to_owned);
        ensure!(visible == left.into(), "{visible:?}");
        Ok(())
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_function_killed_in_the_middle_is_called_again_and_nothing_is_lost() {
    run(|world| async move {
        let mut ground = ground(world).await?;
        let outcomes = &mut ground.as_mut().context("there is ground")?.outcomes;
        let case = Case { prefix: "Killed", account: "900000000010", documents: 4 };
        case.prepare(world).await?;
        world.faults(&slow_shares()).await?;
        let listed = listings(world).await?;
        let execution = case.start(world).await?;
        until("both workers to have listed", || async {
            Ok((listings(world).await? >= listed + 2).then_some(()))
        })
        .await?;
        let killed = world.kill("share-documents")?;
        ensure!(killed >= 2, "{killed} processes of share-documents were there to be killed");
        world.no_faults().await?;
        let ended = world.end_of(&execution).await?;
        ensure!(ended.status == ExecutionStatus::Succeeded, "{ended:?}");
        let outcome = outcomes.of(&execution).await?;
        ensure!(outcome.outcome() == "succeeded", "{}", outcome.json());
        case.assert_all_shared(world, 2).await
    });
}

/// Every share takes two seconds: time to do something in the middle.
fn slow_shares() -> Value {
    json!([{"service": "ssm", "operation": "ModifyDocumentPermission", "account": OWNER,
        "kind": "delay", "ms": 2000}])
}

/// How many pages of documents the owner's sharing role has listed.
async fn listings(world: &World) -> Result<usize> {
    let calls = world.calls("runbook-relay-share/", "ssm").await?;
    Ok(calls.iter().filter(|call| call["operation"] == "ListDocuments").count())
}

#[test]
fn an_intake_that_cannot_ask_organizations_takes_the_join_when_the_queue_brings_it_again() {
    run(|world| async move {
        let mut ground = ground(world).await?;
        let outcomes = &mut ground.as_mut().context("there is ground")?.outcomes;
        let case = Case { prefix: "Deaf", account: "900000000011", documents: 1 };
        case.prepare(world).await?;
        let refused = json!([{"service": "organizations", "operation": "DescribeAccount",
            "times": 5, "kind": "error5xx"}]);
        world.faults(&refused).await?;
        send(world, &joined(case.account).to_string()).await?;
        let outcome = outcomes
            .wait_for("the join's outcome", |outcome| {
                outcome.accounts().any(|account| account == case.account)
            })
            .await?;
        ensure!(outcome.outcome() == "succeeded", "{}", outcome.json());
        ensure!(outcome.json()["trigger"]["kind"] == "join", "{}", outcome.json());
        case.assert_all_shared(world, 1).await?;
        ensure!(dead_letters(world).await? == 0, "nothing went to the dead letters");
        Ok(())
    });
}

#[test]
fn malformed_messages_become_dead_letters_as_they_stand_and_their_neighbours_are_taken_in() {
    run(|world| async move {
        let mut ground = ground(world).await?;
        let outcomes = &mut ground.as_mut().context("there is ground")?.outcomes;
        let large = Case { prefix: "Large", account: "900000000012", documents: 1 };
        let small = Case { prefix: "Small", account: "900000000013", documents: 1 };
        large.prepare(world).await?;
        small.prepare(world).await?;
        // As large as SQS takes them, which is four times what EventBridge sends.
        let mut padded = joined(large.account);
        padded["detail"]["padding"] = json!("x".repeat(1_000_000));
        let malformed = [
            "no JSON".to_owned(),
            "{\"detail\": {".to_owned(),
            json!({"version": "0", "detail-type": "AWS Service Event via CloudTrail",
                "source": "aws.organizations"})
            .to_string(),
            format!("{{\"padding\": \"{}\"}}", "x".repeat(1_000_000)),
        ];
        for body in &malformed {
            send(world, body).await?;
        }
        send(world, &joined(small.account).to_string()).await?;
        send(world, &padded.to_string()).await?;
        for case in [&small, &large] {
            let outcome = outcomes
                .wait_for(case.prefix, |o| o.accounts().any(|account| account == case.account))
                .await?;
            ensure!(outcome.outcome() == "succeeded", "{}", outcome.json());
            case.assert_all_shared(world, 1).await?;
        }
        until("the malformed messages to become dead letters", || async {
            Ok((dead_letters(world).await? == malformed.len()).then_some(()))
        })
        .await?;
        let mut kept = BTreeSet::new();
        while kept.len() < malformed.len() {
            let letters = receive(world, 60).await?;
            ensure!(!letters.is_empty(), "{} dead letters are as they were sent", kept.len());
            kept.extend(letters.into_iter().map(|letter| letter.body));
        }
        ensure!(kept == malformed.into(), "dead letters are kept as they stand");
        let queue = world.stack.output("IntakeDeadLetterQueueUrl")?;
        sqs(world).purge_queue().queue_url(queue).send().await?;
        Ok(())
    });
}

#[test]
fn what_eventbridge_cannot_deliver_is_kept_and_a_replay_brings_it_through() {
    run(|world| async move {
        let mut ground = ground(world).await?;
        let outcomes = &mut ground.as_mut().context("there is ground")?.outcomes;
        let case = Case { prefix: "Replayed", account: "900000000014", documents: 2 };
        case.prepare(world).await?;
        let policy = attribute(world, "IntakeQueueUrl", QueueAttributeName::Policy).await?;
        let closed = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny",
            "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}]});
        set_intake(world, QueueAttributeName::Policy, &closed.to_string()).await?;
        world.place(case.account, "/Sandbox").await?;
        let kept = until("the event to become a dead letter", || async {
            Ok((dead_letters(world).await? == 1).then_some(()))
        })
        .await;
        set_intake(world, QueueAttributeName::Policy, &policy).await?;
        kept?;
        let letters = receive(world, 0).await?;
        let letter = letters.first().context("there is a dead letter")?;
        let event: Value = serde_json::from_str(&letter.body)?;
        ensure!(event["detail"]["eventName"] == "MoveAccount", "{event}");
        for attribute in ["RULE_ARN", "TARGET_ARN", "ERROR_CODE"] {
            ensure!(letter.attributes.contains(attribute), "{:?}", letter.attributes);
        }
        let made = world.modifications(case.account).await?;
        ensure!(made.added.is_empty(), "nothing is shared before the replay: {made:?}");

        let said = replay(world)?;
        ensure!(said.starts_with("1 sent to "), "{said}");
        let outcome = outcomes
            .wait_for("the move's outcome", |o| o.accounts().any(|account| account == case.account))
            .await?;
        ensure!(outcome.outcome() == "succeeded", "{}", outcome.json());
        ensure!(outcome.json()["trigger"]["kind"] == "move", "{}", outcome.json());
        case.assert_all_shared(world, 1).await?;
        ensure!(dead_letters(world).await? == 0, "a replayed letter is gone");
        Ok(())
    });
}

/// An `AccountJoinedOrganization`, as far as the intake reads it. Without a time it
/// counts as new.
fn joined(account: &str) -> Value {
    json!({
        "version": "0", "id": format!("joined-{account}"), "source": "aws.organizations",
        "detail-type": "AWS Service Event via CloudTrail", "account": HUB, "region": HOME_REGION,
        "detail": {
            "eventSource": "organizations.amazonaws.com", "eventType": "AwsServiceEvent",
            "eventName": "AccountJoinedOrganization",
            "serviceEventDetails": {"accountId": account, "joinedMethod": "INVITED"},
        },
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn sqs(world: &World) -> aws_sdk_sqs::Client {
    aws_sdk_sqs::Client::new(&world.stack.hub)
}

/// Puts a message straight into the intake's queue.
async fn send(world: &World, body: &str) -> Result<()> {
    let send = sqs(world).send_message().queue_url(world.stack.output("IntakeQueueUrl")?);
    send.message_body(body).send().await.map_err(aws_sdk_sqs::Error::from)?;
    Ok(())
}

async fn set_intake(world: &World, name: QueueAttributeName, value: &str) -> Result<()> {
    let set = sqs(world).set_queue_attributes().queue_url(world.stack.output("IntakeQueueUrl")?);
    set.attributes(name, value).send().await.map_err(aws_sdk_sqs::Error::from)?;
    Ok(())
}

async fn attribute(world: &World, queue: &str, name: QueueAttributeName) -> Result<String> {
    let get = sqs(world).get_queue_attributes().queue_url(world.stack.output(queue)?);
    let got = get.attribute_names(name.clone()).send().await.map_err(aws_sdk_sqs::Error::from)?;
    got.attributes().and_then(|all| all.get(&name)).cloned().with_context(|| format!("{name}"))
}

/// How many messages lie in the intake's dead-letter queue.
async fn dead_letters(world: &World) -> Result<usize> {
    let name = QueueAttributeName::ApproximateNumberOfMessages;
    Ok(attribute(world, "IntakeDeadLetterQueueUrl", name).await?.parse()?)
}

struct Letter {
    body: String,
    /// The names of its message attributes.
    attributes: BTreeSet<String>,
}

/// Reads dead letters and leaves them in the queue, hidden for some seconds.
async fn receive(world: &World, hidden: i32) -> Result<Vec<Letter>> {
    let queue = world.stack.output("IntakeDeadLetterQueueUrl")?;
    let receive = sqs(world).receive_message().queue_url(queue).visibility_timeout(hidden);
    let receive = receive.message_attribute_names("All").max_number_of_messages(10);
    let received = receive.send().await.map_err(aws_sdk_sqs::Error::from)?;
    let letter = |message: &aws_sdk_sqs::types::Message| Letter {
        body: message.body().unwrap_or_default().to_owned(),
        attributes: message
            .message_attributes()
            .map(|all| all.keys().cloned().collect())
            .unwrap_or_default(),
    };
    Ok(received.messages().iter().map(letter).collect())
}

/// `relay replay` of the intake's dead letters, as an operator would run it.
fn replay(world: &World) -> Result<String> {
    let ran = Command::new(build::binary("relay"))
        .args(["replay", world.stack.output("IntakeDeadLetterQueueUrl")?])
        .env_clear()
        .env("AWS_ENDPOINT_URL", &world.local.endpoint)
        .env("AWS_REGION", HOME_REGION)
        .env("AWS_ACCESS_KEY_ID", HUB)
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .output()?;
    ensure!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    Ok(String::from_utf8(ran.stdout)?)
}
