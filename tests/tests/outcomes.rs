//! Whatever happens to the publisher or to the execution, subscribers hear one outcome per
//! execution: once or more often, always under the one id that follows from the execution's ARN.
#![cfg(feature = "end-to-end")]

use anyhow::{Context, Result, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use futures::future::try_join_all;
use harness::local::Options;
use harness::outcomes::Received;
use harness::stack::StackOptions;
use harness::{HUB, aws};
use outcome::{MAX_REQUEST_BYTES, Message, Outcome};
use serde_json::{Value, json};
use tests::{Ended, Subscriber, World, run_with, until};
use tokio::sync::{Mutex, MutexGuard};

const OWNER: &str = "222233334444";
const ACCOUNT: &str = "900000000001";
const STATUS_EVENT: &str = "Step Functions Execution Status Change";

/// The subscriber all tests of this file share. They change how all of the local AWS behaves, so
/// they run one after the other: the test that holds this lock runs.
static SUBSCRIBER: Mutex<Option<Subscriber>> = Mutex::const_new(None);

/// Runs a test in peace: no fault in force, every event delivered. State machines wait a fifth of
/// what they say, since the last resort's retries take a minute.
fn alone(test: impl AsyncFnOnce(&World, &mut Subscriber) -> Result<()>) {
    let options = Options { wait_scale: Some(0.2), ..Options::default() };
    run_with(&options, &StackOptions::default(), |world| async move {
        let mut held: MutexGuard<Option<Subscriber>> = SUBSCRIBER.lock().await;
        world.no_faults().await?;
        world.delivery(&json!({})).await?;
        if held.is_none() {
            *held = Some(world.subscribe("first").await?);
        }
        test(world, held.as_mut().context("just subscribed")?).await
    });
}

/// Starts an execution that has something to publish and nothing to do: a join without rules.
async fn joined(world: &World, name: &str) -> Result<String> {
    let trigger = json!({"kind": "join", "arn": null, "eventIds": []});
    world.start_sharing(name, &json!({"accounts": [HUB], "trigger": trigger})).await
}

/// Starts an execution whose outcome is that its input cannot be used.
async fn refused(world: &World, name: &str) -> Result<String> {
    world.start_sharing(name, &json!({"accounts": []})).await
}

fn publishing(kind: &str) -> Value {
    json!([{"service": "sns", "operation": "Publish", "kind": kind}])
}

fn ended_as(ended: &Ended, error: &str) -> Result<()> {
    ensure!(ended.status == ExecutionStatus::Failed && ended.error == error, "{ended:?}");
    Ok(())
}

/// Whether the publishing function published it, and not the state machine: it names the file with
/// the whole outcome.
fn is_whole(outcome: &Received) -> bool {
    !outcome.json()["details"].is_null()
}

#[test]
fn a_topic_that_fails_for_a_while_delays_the_outcome() {
    alone(async |world, outcomes| {
        for (name, kind) in [("slowed", "throttle"), ("broken", "error5xx")] {
            // The SDK gives up after four, so the state machine has to try again.
            let fault = json!([{"service": "sns", "operation": "Publish", "times": 5,
                "kind": kind}]);
            world.faults(&fault).await?;
            let execution = joined(world, name).await?;
            let outcome = outcomes.of(&execution).await?;
            ensure!(outcome.outcome() == "succeeded" && is_whole(&outcome), "{}", outcome.json());
            let ended = world.end_of(&execution).await?;
            ensure!(ended.output["id"] == outcome.id(), "{ended:?}");
            let all = outcomes.assert_one_id(&execution).await?;
            ensure!(all.len() == 1, "{kind}: one message, not {}", all.len());
        }
        Ok(())
    });
}

#[test]
fn a_publisher_that_is_broken_for_good_is_stood_in_for_by_the_state_machine() {
    alone(async |world, outcomes| {
        world.faults(&publishing("deny")).await?;
        let execution = joined(world, "stood-in").await?;
        let ended = world.end_of(&execution).await?;
        world.no_faults().await?;
        ensure!(ended.status == ExecutionStatus::Succeeded, "{ended:?}");
        let outcome = outcomes.of(&execution).await?;
        ensure!(outcome.outcome() == "succeeded" && !is_whole(&outcome), "{}", outcome.json());
        ensure!(outcome.json()["truncated"] == true, "{}", outcome.json());
        ensure!(ended.output["id"] == outcome.id(), "{ended:?}");
        let expected = [("account", HUB), ("flow", "sharing"), ("outcome", "succeeded")];
        for (name, value) in expected {
            let found = outcome.attributes().get(name).map(String::as_str);
            ensure!(found == Some(value), "{name}: {:?}", outcome.attributes());
        }
        let problem = outcome.problems().next().context("it says that it is a stand-in")?;
        ensure!(problem["where"] == "publish-outcome", "{problem}");
        Ok(())
    });
}

#[test]
fn the_sweep_tells_the_whole_of_what_the_state_machine_could_only_outline() {
    alone(async |world, outcomes| {
        world.delivery(&json!({"drop": [STATUS_EVENT]})).await?;
        world.faults(&publishing("deny")).await?;
        let execution = refused(world, "outlined").await?;
        ended_as(&world.end_of(&execution).await?, "OutcomeFailed")?;
        world.no_faults().await?;
        let outline = outcomes.of(&execution).await?;
        ensure!(outline.outcome() == "failed" && !is_whole(&outline), "{}", outline.json());
        ensure!(world.sweep().await? == 1, "one outcome had no marker");
        let whole = outcomes
            .wait_for("the whole outcome", |o| o.json()["execution"] == execution && is_whole(o))
            .await?;
        ensure!(whole.id() == outline.id() && whole.outcome() == "failed", "{}", whole.json());
        ensure!(world.sweep().await? == 0, "nothing is swept twice");
        ensure!(outcomes.assert_one_id(&execution).await?.len() == 2, "an outline and the whole");
        Ok(())
    });
}

#[test]
fn when_neither_publisher_gets_through_the_sweep_does_once() {
    alone(async |world, outcomes| {
        world.delivery(&json!({"drop": [STATUS_EVENT]})).await?;
        let topic = world.stack.output("OutcomeTopicArn")?;
        let sns = aws_sdk_sns::Client::new(&world.stack.hub);
        sns.delete_topic().topic_arn(topic).send().await?;
        let execution = joined(world, "unheard").await?;
        let ended = world.end_of(&execution).await;
        let name = topic.rsplit(':').next().context("a topic's ARN ends in its name")?;
        let made = sns.create_topic().name(name).send().await?;
        ensure!(made.topic_arn() == Some(topic), "{made:?}");
        *outcomes = world.subscribe("second").await?;
        ended_as(&ended?, "OutcomeUnpublished")?;
        ensure!(world.sweep().await? == 1, "one outcome went unheard");
        let outcome = outcomes.of(&execution).await?;
        ensure!(outcome.outcome() == "succeeded" && is_whole(&outcome), "{}", outcome.json());
        ensure!(world.sweep().await? == 0, "nothing is swept twice");
        ensure!(outcomes.assert_one_id(&execution).await?.len() == 1, "published once");
        Ok(())
    });
}

#[test]
fn a_publish_whose_reply_is_lost_is_repeated_under_the_same_id() {
    alone(async |world, outcomes| {
        let fault = json!([{"service": "sns", "operation": "Publish", "times": 2,
            "kind": "loseReply"}]);
        world.faults(&fault).await?;
        let execution = joined(world, "lost-reply").await?;
        world.end_of(&execution).await?;
        let all = messages(outcomes, &execution, 3).await?;
        ensure!(all.iter().all(is_whole), "every repeat is the whole outcome");
        Ok(())
    });
}

/// Waits for so many messages about an execution; all have its one id.
async fn messages(
    outcomes: &mut Subscriber,
    execution: &str,
    count: usize,
) -> Result<Vec<Received>> {
    let counted = Mutex::new(outcomes);
    until(&format!("{count} messages about {execution}"), || async {
        let all = counted.lock().await.assert_one_id(execution).await?;
        Ok((all.len() >= count).then_some(all))
    })
    .await
}

#[test]
fn a_marker_that_cannot_be_written_costs_one_repeat_and_no_more() {
    alone(async |world, outcomes| {
        world.delivery(&json!({"drop": [STATUS_EVENT]})).await?;
        // All the SDK's attempts of the one write that this execution makes.
        let fault = json!([{"service": "dynamodb", "operation": "PutItem", "times": 4,
            "kind": "error5xx"}]);
        world.faults(&fault).await?;
        let execution = refused(world, "unmarked").await?;
        ended_as(&world.end_of(&execution).await?, "OutcomeFailed")?;
        ensure!(messages(outcomes, &execution, 1).await?.len() == 1, "published once");
        ensure!(world.sweep().await? == 1, "the sweep sees no marker");
        ensure!(messages(outcomes, &execution, 2).await?.len() == 2, "published twice");
        ensure!(world.sweep().await? == 0, "the sweep sees the marker");
        Ok(())
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_publisher_killed_before_or_after_its_message_is_called_again_under_the_same_id() {
    alone(async |world, outcomes| {
        let role = "assumed-role/runbook-relay-publish-outcome/";
        let asked = |service: &'static str, operation: &'static str| async move {
            let calls = world.calls(role, service).await?;
            anyhow::Ok(calls.iter().filter(|call| call["operation"] == operation).count())
        };
        // The slow call, and the call that has been answered by the time of the kill.
        let moments = [
            ("before", ("sns", "Publish"), ("dynamodb", "GetItem"), 1),
            ("after", ("dynamodb", "PutItem"), ("sns", "Publish"), 2),
        ];
        for (moment, slow, done, told) in moments {
            let before = asked(done.0, done.1).await?;
            let fault = json!([{"service": slow.0, "operation": slow.1, "kind": "delay",
                "ms": 3000}]);
            let execution = refused(world, &format!("killed-{moment}")).await?;
            world.faults(&fault).await?;
            until(done.1, || async { Ok((asked(done.0, done.1).await? > before).then_some(())) })
                .await?;
            ensure!(world.kill("publish-outcome")? > 0, "a publisher was there to be killed");
            world.no_faults().await?;
            ended_as(&world.end_of(&execution).await?, "OutcomeFailed")?;
            let all = messages(outcomes, &execution, told).await?;
            ensure!(all.iter().all(is_whole), "killed {moment}: the function itself published it");
        }
        Ok(())
    });
}

#[test]
fn a_stopped_execution_is_told_as_failed_with_the_operators_reason() {
    alone(async |world, outcomes| {
        let execution = stopped(world, "stopped").await?;
        let outcome = outcomes.of(&execution).await?;
        ensure!(outcome.outcome() == "failed", "{}", outcome.json());
        let problem = outcome.problems().next().context("the stop is a problem")?;
        ensure!(problem["code"] == "ExecutionAborted", "{problem}");
        let what = problem["what"].as_str().unwrap_or_default();
        ensure!(what.contains("Maintenance") && what.contains("not tonight"), "{what}");
        ensure!(outcome.accounts().eq([HUB]), "{}", outcome.json());
        Ok(())
    });
}

#[test]
fn what_a_lost_status_event_would_have_told_the_sweep_tells_once() {
    alone(async |world, outcomes| {
        world.delivery(&json!({"drop": [STATUS_EVENT]})).await?;
        let execution = stopped(world, "unnoticed").await?;
        ensure!(outcomes.assert_one_id(&execution).await?.is_empty(), "nothing published it");
        ensure!(world.sweep().await? == 1, "one execution ended unpublished");
        let outcome = outcomes.of(&execution).await?;
        ensure!(outcome.outcome() == "failed", "{}", outcome.json());
        ensure!(world.sweep().await? == 0, "nothing is swept twice");
        ensure!(outcomes.assert_one_id(&execution).await?.len() == 1, "published once");
        Ok(())
    });
}

/// Starts an execution that waits, and stops it as an operator would.
async fn stopped(world: &World, name: &str) -> Result<String> {
    let input = json!({"accounts": [HUB], "after": 600});
    let execution = world.start_sharing(name, &input).await?;
    let stop = world.step_functions().stop_execution().execution_arn(&execution);
    stop.error("Maintenance").cause("not tonight").send().await?;
    let ended = world.end_of(&execution).await?;
    ensure!(ended.status == ExecutionStatus::Aborted, "{ended:?}");
    Ok(execution)
}

/// The emulator knows no data limit. What `recover-outcomes` sees of one is an execution that
/// failed with this error and no other word, so the machine's definition is replaced, for one
/// execution, by one that ends just so.
#[test]
fn an_overrun_data_limit_is_told_as_failed() {
    alone(async |world, outcomes| {
        let sfn = world.step_functions();
        let machine = world.stack.output("ShareRunbooksStateMachineArn")?;
        let described = sfn.describe_state_machine().state_machine_arn(machine).send().await?;
        let overrun = json!({"StartAt": "Overrun", "States": {"Overrun": {
            "Type": "Fail", "Error": "States.DataLimitExceeded",
            "Cause": "The state/task returned a result with a size exceeding the maximum number \
                      of bytes service limit."}}});
        let replace = |definition: String| {
            let update = sfn.update_state_machine().state_machine_arn(machine);
            async move { update.definition(definition).send().await.map(drop) }
        };
        replace(overrun.to_string()).await?;
        let execution = world.start_sharing("overrun", &json!({"accounts": [HUB]})).await;
        let ended = match &execution {
            Ok(execution) => world.end_of(execution).await,
            Err(error) => Err(anyhow::anyhow!("{error:#}")),
        };
        replace(described.definition).await?;
        ended_as(&ended?, "States.DataLimitExceeded")?;
        let execution = execution?;
        let outcome = outcomes.of(&execution).await?;
        ensure!(outcome.outcome() == "failed", "{}", outcome.json());
        let problem = outcome.problems().next().context("the limit is a problem")?;
        let what = problem["what"].as_str().unwrap_or_default();
        ensure!(what.contains("States.DataLimitExceeded"), "{problem}");
        ensure!(!problem["hint"].as_str().unwrap_or_default().is_empty(), "{problem}");
        Ok(())
    });
}

#[test]
fn an_input_that_cannot_be_used_fails_with_what_was_expected() {
    alone(async |world, outcomes| {
        const FORM: &str = "Expected {\"accounts\": [\"<12 digits>\"";
        let inputs = [
            ("no-object", json!(["900000000001"]), FORM),
            ("text", json!("900000000001"), FORM),
            ("too-long", json!({"accounts": ["1".repeat(190_000)]}), FORM),
            ("empty", json!({}), "expected exactly one of `accounts`, `organization`, found none"),
            ("nobody", json!({"accounts": []}), "accounts: expected 1 to 1000 entries, found none"),
            (
                "short",
                json!({"accounts": ["123"]}),
                "accounts[0]: expected a 12-digit account id, found \"123\"",
            ),
            ("number", json!({"accounts": [111_122_223_333_u64]}), "Quote it: \"111122223333\"."),
            ("one-text", json!({"accounts": HUB}), "Put it in brackets: [\"111122223333\"]."),
            ("both", json!({"accounts": [HUB], "organization": true}), "Keep one of them."),
            ("not-true", json!({"organization": "yes"}), "organization: expected true"),
            (
                "past",
                json!({"accounts": [HUB], "after": -1}),
                "after: expected a whole number from 0 to 604800",
            ),
            (
                "broken-second",
                json!({"accounts": [HUB], "after": 0.5}),
                "after: expected a whole number",
            ),
            (
                "too-late",
                json!({"accounts": [HUB], "after": 604_801}),
                "after: expected a whole number",
            ),
            (
                "too-many",
                json!({"accounts": vec![HUB; 1001]}),
                "accounts: expected 1 to 1000 entries, found 1001",
            ),
            ("typo", json!({"acounts": [HUB]}), "unknown field `acounts`"),
            ("second-typo", json!({"accounts": [HUB], "aftr": 5}), "Did you mean `after`?"),
            ("not-its-own", json!({"runbook": "Relay-RebootInstance"}), "unknown field `runbook`"),
        ];
        let starts = inputs.iter().map(|(name, input, expected)| async move {
            let started = world.start_sharing(&format!("unusable-{name}"), input).await?;
            anyhow::Ok((started, expected))
        });
        for (execution, expected) in try_join_all(starts).await? {
            let ended = world.end_of(&execution).await?;
            ended_as(&ended, "OutcomeFailed")?;
            ensure!(ended.cause.contains(expected), "the cause of {execution}: {}", ended.cause);
            let outcome = outcomes.of(&execution).await?;
            ensure!(outcome.outcome() == "failed", "{}", outcome.json());
            let problem = outcome.problems().next().context("the input is a problem")?;
            ensure!(problem["code"] == "InvalidInput", "{execution}: {problem}");
            let what = problem["what"].as_str().unwrap_or_default();
            ensure!(what.contains(expected), "{problem}");
            let hint = problem["hint"].as_str().unwrap_or_default();
            ensure!(hint.contains("docs/schemas/share-runbooks-input.json"), "{problem}");
        }
        Ok(())
    });
}

#[test]
fn an_outcome_with_hundreds_of_problems_stays_within_what_sns_takes() {
    alone(async |world, outcomes| {
        const DOCUMENTS: usize = 300;
        let names: Vec<String> = (0..DOCUMENTS).map(|n| format!("Many-{n:03}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        world.owner(OWNER, &["us-east-1"], &names).await?;
        world.join_by_invitation(ACCOUNT).await?;
        let rule = format!(
            "documents: {{owner: \"{OWNER}\", names: [\"Many-*\"]}}\nregions: [us-east-1]\n\
             accounts: {{in: [\"{ACCOUNT}\"]}}\n"
        );
        // The accounts that joined just now are done before there is anything to share.
        world.settled(OWNER).await?;
        world.settled(ACCOUNT).await?;
        world.stack.put_rule("many", &rule).await?;
        let gone = json!([{"service": "ssm", "operation": "ModifyDocumentPermission",
            "account": OWNER, "kind": "deny", "code": "InvalidDocument"}]);
        world.faults(&gone).await?;
        let execution = world.start_sharing("many", &json!({"accounts": [ACCOUNT]})).await?;
        ended_as(&world.end_of(&execution).await?, "OutcomeFailed")?;
        world.no_faults().await?;
        let outcome = outcomes.of(&execution).await?;
        let json = outcome.json();
        ensure!(json["problemsTotal"] == DOCUMENTS, "{json}");
        ensure!(outcome.problems().count() == 50 && json["truncated"] == true, "{json}");

        // The text that went over the wire, as the function renders it.
        let sent: Outcome = serde_json::from_value(json.clone())?;
        let message = Message::render(&sent);
        ensure!(message.encoded_len() <= MAX_REQUEST_BYTES, "{} bytes", message.encoded_len());
        ensure!(message.subject.len() < 100, "{}", message.subject);
        ensure!(message.subject.bytes().all(|b| (b' '..=b'~').contains(&b)), "{}", message.subject);
        let empty = outcome.attributes().iter().find(|(_, value)| value.is_empty());
        ensure!(empty.is_none(), "{empty:?} is empty");
        ensure!((1..=10).contains(&outcome.attributes().len()), "{:?}", outcome.attributes());

        // The rest is where the message says.
        let (bucket, key) = (&json["details"]["bucket"], &json["details"]["key"]);
        let (bucket, key) = (bucket.as_str().unwrap_or_default(), key.as_str().unwrap_or_default());
        let stored = aws::s3(&world.stack.hub).get_object().bucket(bucket).key(key).send().await?;
        let whole: Value = serde_json::from_slice(&stored.body.collect().await?.into_bytes())?;
        ensure!(whole["id"] == outcome.id(), "{}", whole["id"]);
        let stored = whole["problems"].as_array().map(Vec::len);
        ensure!(stored == Some(DOCUMENTS), "{stored:?} problems are stored");
        Ok(())
    });
}
