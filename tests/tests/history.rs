//! The history and the event bus, as the deployed functions fill them under their own roles.
#![cfg(feature = "end-to-end")]

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;
use harness::{HOME_REGION, HUB};
use outcome::Outcome;
use serde_json::{Value, json};
use tests::{World, run, until};

/// A person's rule would look like this: every outcome of the suite.
const PATTERN: &str = r#"{"source": ["runbook-relay"], "detail-type": ["Runbook Relay Outcome"]}"#;

/// A queue with a rule of EventBridge in front of it.
async fn queue(world: &World) -> Result<(aws_sdk_sqs::Client, String)> {
    let sqs = aws_sdk_sqs::Client::new(&world.stack.hub);
    let url = sqs.create_queue().queue_name("outcome-events").send().await?.queue_url;
    let url = url.context("a queue has a URL")?;
    let arn = format!("arn:aws:sqs:{HOME_REGION}:{HUB}:outcome-events");
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage", "Resource": arn,
    }]});
    let set = sqs.set_queue_attributes().queue_url(&url);
    set.attributes(QueueAttributeName::Policy, policy.to_string()).send().await?;
    let stack = json!({"Resources": {"Outcomes": {"Type": "AWS::Events::Rule", "Properties": {
        "Name": "people-outcomes",
        "EventPattern": serde_json::from_str::<Value>(PATTERN)?,
        "Targets": [{"Id": "queue", "Arn": arn}],
    }}}});
    let cloudformation = aws_sdk_cloudformation::Client::new(&world.stack.hub);
    let create = cloudformation.create_stack().stack_name("people-outcomes");
    create.template_body(stack.to_string()).send().await?;
    Ok((sqs, url))
}

async fn item(world: &World, pk: String) -> Result<Vec<HashMap<String, AttributeValue>>> {
    let dynamodb = aws_sdk_dynamodb::Client::new(&world.stack.hub);
    let query = dynamodb.query().table_name(world.stack.output("TableName")?);
    let query = query.key_condition_expression("pk = :pk");
    let answer = query.expression_attribute_values(":pk", AttributeValue::S(pk)).send().await?;
    Ok(answer.items.unwrap_or_default())
}

#[test]
fn an_outcome_is_in_the_history_and_on_the_bus_and_none_of_the_suites_rules_takes_it() {
    run(|world| async move {
        let (sqs, url) = queue(world).await?;
        let mut outcomes = world.subscribe("history").await?;
        let execution = world.start_sharing("by-hand-history", &json!({"accounts": []})).await?;
        let received = outcomes.of(&execution).await?;

        let event = until("the event", || async {
            let received =
                sqs.receive_message().queue_url(&url).wait_time_seconds(1).send().await?;
            let message = received.messages.unwrap_or_default().into_iter().next();
            Ok(message.and_then(|message| message.body))
        })
        .await?;
        let event: Value = serde_json::from_str(&event)?;
        ensure!(event["detail"] == *received.json(), "{event}");
        ensure!(event["source"] == "runbook-relay" && event["account"] == HUB, "{event}");
        let topic = world.stack.output("OutcomeTopicArn")?;
        ensure!(event["resources"] == json!([topic, execution]), "{event}");

        let path = format!("events?account={HUB}&region={HOME_REGION}&matching=yes");
        let matching = world.local.relay("POST", &path, &event).await?;
        ensure!(matching["rules"] == json!(["people-outcomes"]), "{matching}");

        let stored = item(world, format!("history#outcome#{}", received.id())).await?;
        let text = stored[0]["outcome"].as_s().ok().context("a text")?;
        ensure!(serde_json::from_str::<Value>(text)? == *received.json(), "{text}");
        let outcome: Outcome = serde_json::from_str(text)?;
        let day = &outcome.at.to_string()[..10];
        let listed = item(world, format!("history#day#{day}")).await?;
        let ours = |entry: &&HashMap<String, AttributeValue>| {
            entry["sk"].as_s().is_ok_and(|sk| sk.ends_with(received.id()))
        };
        ensure!(listed.iter().filter(ours).count() == 1, "{listed:?}");
        Ok(())
    });
}
