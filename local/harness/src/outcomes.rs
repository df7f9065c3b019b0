//! A subscriber of the outcome topic: a queue, as an operator's own would be.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_sdk_sqs::types::QueueAttributeName;
use outcome::Message;
use serde_json::{Value, json};

use crate::stack::Stack;

/// An outcome as a subscriber received it.
#[derive(Clone, Debug)]
pub struct Received {
    json: Value,
    attributes: BTreeMap<String, String>,
    email: String,
}

impl Received {
    /// The outcome as a JSON document.
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// The attributes of the SNS message.
    pub fn attributes(&self) -> &BTreeMap<String, String> {
        &self.attributes
    }

    /// The text that an e-mail subscriber reads.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// Its `outcome`.
    pub fn outcome(&self) -> &str {
        self.json["outcome"].as_str().unwrap_or_default()
    }

    /// Its `id`.
    pub fn id(&self) -> &str {
        self.json["id"].as_str().unwrap_or_default()
    }

    /// Its `summary`.
    pub fn summary(&self) -> &str {
        self.json["summary"].as_str().unwrap_or_default()
    }

    /// The accounts it is about.
    pub fn accounts(&self) -> impl Iterator<Item = &str> {
        self.json["accounts"].as_array().into_iter().flatten().filter_map(Value::as_str)
    }

    /// The problems that the document holds inline.
    pub fn problems(&self) -> impl Iterator<Item = &Value> {
        self.json["problems"].as_array().into_iter().flatten()
    }
}

/// A queue subscribed to the outcome topic.
#[derive(Debug)]
pub struct Inbox {
    sqs: aws_sdk_sqs::Client,
    url: String,
}

impl Inbox {
    /// Makes a queue in the hub and subscribes it.
    ///
    /// # Errors
    /// When a call is refused.
    pub async fn subscribe(stack: &Stack, name: &str) -> Result<Self> {
        let topic = stack.output("OutcomeTopicArn")?;
        let sqs = aws_sdk_sqs::Client::new(&stack.hub);
        let made = sqs.create_queue().queue_name(format!("outcomes-{name}")).send().await?;
        let url = made.queue_url.context("a queue has a URL")?;
        let arn = sqs
            .get_queue_attributes()
            .queue_url(&url)
            .attribute_names(QueueAttributeName::QueueArn)
            .send()
            .await?
            .attributes
            .and_then(|mut attributes| attributes.remove(&QueueAttributeName::QueueArn))
            .context("a queue has an ARN")?;
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage", "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }]});
        sqs.set_queue_attributes()
            .queue_url(&url)
            .attributes(QueueAttributeName::Policy, policy.to_string())
            .send()
            .await?;
        let sns = aws_sdk_sns::Client::new(&stack.hub);
        sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(arn).send().await?;
        Ok(Self { sqs, url })
    }

    /// The outcomes that have arrived since the last time.
    ///
    /// # Errors
    /// When the queue does not answer or holds something else than an outcome.
    pub async fn receive(&mut self) -> Result<Vec<Received>> {
        let mut received = Vec::new();
        loop {
            let request = self.sqs.receive_message().queue_url(&self.url);
            let answer = request.max_number_of_messages(10).send().await?;
            if answer.messages().is_empty() {
                return Ok(received);
            }
            for message in answer.messages() {
                received.push(parse(message.body().unwrap_or_default())?);
                let handle = message.receipt_handle().unwrap_or_default();
                self.sqs
                    .delete_message()
                    .queue_url(&self.url)
                    .receipt_handle(handle)
                    .send()
                    .await?;
            }
        }
    }
}

fn parse(body: &str) -> Result<Received> {
    let envelope: Value = serde_json::from_str(body).context("an SNS notification is JSON")?;
    let message = envelope["Message"].as_str().context("a notification has a message")?;
    let json: Value = serde_json::from_str(message)
        .with_context(|| format!("an outcome is JSON, this is not: {message}"))?;
    let attributes = envelope["MessageAttributes"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), value["Value"].as_str().unwrap_or_default().to_owned()))
        .collect();
    let outcome: outcome::Outcome =
        serde_json::from_value(json.clone()).context("an outcome fits its schema")?;
    // SNS gives this text to e-mail subscribers; the outcome it is made from is the same.
    let body: Value = serde_json::from_str(&Message::render(&outcome).body)?;
    let email = body["email"].as_str().unwrap_or_default().to_owned();
    Ok(Received { json, attributes, email })
}
