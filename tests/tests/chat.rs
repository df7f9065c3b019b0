//! The topic for chat channels: every outcome as a notification, and what a subscription's filter policy leaves of them. And the
//! stack that makes OpsItems of outcomes.
#![cfg(feature = "end-to-end")]

use std::future::Future;

use anyhow::{Context, Result, ensure};
use aws_sdk_sqs::types::QueueAttributeName::{Policy, QueueArn};
use aws_sdk_ssm::types::OpsItemFilter;
use harness::local::Options;
use harness::stack::StackOptions;
use harness::{HOME_REGION, HUB, deploy};
use serde_json::{Value, json};
use tests::{World, run_with, until};

fn run<F: Future<Output = Result<()>>>(test: impl FnOnce(&'static World) -> F) {
    let parameters = [("CreateChatTopic", "true".to_owned())];
    run_with(&Options::default(), &StackOptions::with(parameters), test);
}

/// A queue in the place of a channel, with a filter policy.
struct Channel {
    sqs: aws_sdk_sqs::Client,
    url: String,
    received: Vec<Value>,
}

impl Channel {
    async fn subscribe(world: &World, name: &str, filter: &Value) -> Result<Self> {
        let topic = world.stack.output("ChatTopicArn")?;
        let sqs = aws_sdk_sqs::Client::new(&world.stack.hub);
        let url = sqs.create_queue().queue_name(name).send().await?.queue_url.context("a URL")?;
        let asked = sqs.get_queue_attributes().queue_url(&url).attribute_names(QueueArn);
        let attributes = asked.send().await?.attributes.unwrap_or_default();
        let arn = attributes.get(&QueueArn).context("an ARN")?;
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage", "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}]});
        let set = sqs.set_queue_attributes().queue_url(&url);
        set.attributes(Policy, policy.to_string()).send().await?;
        let sns = aws_sdk_sns::Client::new(&world.stack.hub);
        let subscribe = sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(arn);
        let raw = subscribe.attributes("RawMessageDelivery", "true");
        raw.attributes("FilterPolicy", filter.to_string()).send().await?;
        Ok(Self { sqs, url, received: Vec::new() })
    }

    /// Waits for the notification of an outcome.
    async fn until(&mut self, id: &str) -> Result<()> {
        let channel = tokio::sync::Mutex::new(self);
        until("the notification", || async {
            let mut channel = channel.lock().await;
            channel.receive().await?;
            Ok(channel.received.iter().any(|one| one["id"] == id).then_some(()))
        })
        .await
    }

    async fn receive(&mut self) -> Result<()> {
        let answer = self.sqs.receive_message().queue_url(&self.url).max_number_of_messages(10);
        for message in answer.send().await?.messages() {
            self.received.push(serde_json::from_str(message.body().unwrap_or_default())?);
            let handle = message.receipt_handle().unwrap_or_default();
            self.sqs.delete_message().queue_url(&self.url).receipt_handle(handle).send().await?;
        }
        Ok(())
    }
}

#[test]
fn the_chat_topic_gets_every_outcome_and_a_channel_filters_it() {
    run(|world| async move {
        let mut bad = Channel::subscribe(
            world,
            "chat-failed",
            &json!({"outcome": ["failed", "partial", "pendingApproval"]}),
        )
        .await?;
        let others = json!({"outcome": [{"anything-but": ["observed", "suppressed"]}]});
        let mut all = Channel::subscribe(world, "chat-all", &others).await?;
        let mut outcomes = world.subscribe("chat").await?;
        let good = world.start_sharing("chat-good", &json!({"accounts": [HUB]})).await?;
        let good = outcomes.of(&good).await?.id().to_owned();
        let refused = world.start_sharing("chat-refused", &json!({"accounts": []})).await?;
        let refused = outcomes.of(&refused).await?.id().to_owned();
        let has = |channel: &Channel, id: &str| channel.received.iter().any(|one| one["id"] == id);
        // The last of them: each channel gets its notifications in this order.
        all.until(&refused).await?;
        bad.until(&refused).await?;
        ensure!(has(&all, &good), "{:?}", all.received);
        ensure!(!has(&bad, &good), "{:?}", bad.received);
        let one = bad.received.iter().find(|one| one["id"] == *refused).context("the refused")?;
        ensure!(one["version"] == "1.0" && one["source"] == "custom", "{one}");
        ensure!(one["content"]["textType"] == "client-markdown", "{one}");
        let step = format!("What happened and why: `relay show {}`", &refused[..8]);
        ensure!(one["content"]["nextSteps"][0] == step, "{one}");
        Ok(())
    });
}

#[test]
fn an_outcome_that_failed_is_one_ops_item() {
    run(|world| async move {
        let outputs = deploy::stack(&world.stack.hub, "ops-items", "ops-items.yaml", &[]).await?;
        let mut outcomes = world.subscribe("ops-items").await?;
        let good = world.start_sharing("ops-good", &json!({"accounts": [HUB]})).await?;
        let good = outcomes.of(&good).await?.id().to_owned();
        let refused = world.start_sharing("ops-refused", &json!({"accounts": []})).await?;
        let refused = outcomes.of(&refused).await?;
        let ssm = aws_sdk_ssm::Client::new(&world.stack.hub);
        let of = |id: &str| {
            let filter = OpsItemFilter::builder().key("OperationalData".into());
            let value = json!({"key": "outcome", "value": id}).to_string();
            let filter = filter.operator("Equal".into()).values(value).build();
            let describe =
                ssm.describe_ops_items().set_ops_item_filters(filter.ok().map(|f| vec![f]));
            async move { anyhow::Ok(describe.send().await?.ops_item_summaries.unwrap_or_default()) }
        };
        let items = until("the OpsItem", || async {
            let items = of(refused.id()).await?;
            Ok((!items.is_empty()).then_some(items))
        })
        .await?;
        ensure!(items[0].title() == Some("runbook-relay: sharing failed"), "{items:?}");
        ensure!(items[0].severity() == Some("2") && items[0].source() == Some("runbook-relay"));
        let id = items[0].ops_item_id().context("an id")?;
        let item = ssm.get_ops_item().ops_item_id(id).send().await?.ops_item.context("it")?;
        ensure!(item.description() == refused.json()["summary"].as_str(), "{item:?}");

        // The same event once more makes no other one, and counts as delivered.
        let again = json!({"version": "0", "id": "0c0f1f9e-0000-4000-8000-00000000000f",
            "detail-type": "Runbook Relay Outcome", "source": "runbook-relay", "account": HUB,
            "time": "2026-01-02T03:04:05Z", "region": HOME_REGION,
            "resources": [world.stack.output("OutcomeTopicArn")?], "detail": refused.json()});
        world.deliver(&again).await?;
        until("the event to be delivered", || async {
            let records = world.local.relay("GET", "events", &Value::Null).await?;
            let records = records.as_array().context("records are a list")?;
            let delivered = records.iter().any(|record| {
                let target = record["target"].as_str().unwrap_or_default();
                record["eventId"] == again["id"] && target.ends_with(":opsitem")
            });
            Ok(delivered.then_some(()))
        })
        .await?;
        ensure!(of(refused.id()).await?.len() == 1 && of(&good).await?.is_empty());
        let url = outputs.get("UndeliveredEventsQueueUrl").context("a queue")?;
        let sqs = aws_sdk_sqs::Client::new(&world.stack.hub);
        let left = sqs.receive_message().queue_url(url).send().await?;
        ensure!(left.messages().is_empty(), "{left:?}");
        Ok(())
    });
}
