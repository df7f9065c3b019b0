//! `cargo xtask replay`: dead letters or recorded events through the intake again. Every handler may
//! run twice, so a replay is safe; a dead letter is deleted only after the intake queue has it.

use std::path::Path;

use anyhow::{Context, Result, bail};
use aws_config::BehaviorVersion;
use serde_json::Value;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A queue's URL, or a file: one envelope, an array of them, or one a line
    from: String,
    /// The intake queue's URL; default: the output IntakeQueueUrl of the stack runbook-relay
    #[arg(long)]
    to: Option<String>,
}

/// Sends everything `from` holds to the intake queue.
pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let sqs = aws_sdk_sqs::Client::new(&config);
    let to = match &arguments.to {
        Some(url) => url.clone(),
        None => intake_queue(&config).await?,
    };
    let sent = if arguments.from.starts_with("http") {
        redrive(&sqs, &arguments.from, &to).await?
    } else {
        let events = read(Path::new(&arguments.from))?;
        for event in &events {
            send(&sqs, &to, &event.to_string()).await?;
        }
        events.len()
    };
    println!("{sent} sent to {to}");
    Ok(())
}

async fn intake_queue(config: &aws_config::SdkConfig) -> Result<String> {
    let stacks = aws_sdk_cloudformation::Client::new(config);
    let described = stacks.describe_stacks().stack_name("runbook-relay").send().await;
    let described = described
        .map_err(aws_sdk_cloudformation::Error::from)
        .context("find the stack runbook-relay (or name the queue with --to)")?;
    described
        .stacks()
        .iter()
        .flat_map(aws_sdk_cloudformation::types::Stack::outputs)
        .find(|output| output.output_key() == Some("IntakeQueueUrl"))
        .and_then(|output| output.output_value())
        .map(str::to_owned)
        .context("the stack runbook-relay has no output IntakeQueueUrl")
}

async fn redrive(sqs: &aws_sdk_sqs::Client, from: &str, to: &str) -> Result<usize> {
    let mut sent = 0;
    loop {
        let request = sqs.receive_message().queue_url(from).max_number_of_messages(10);
        let answer = request.wait_time_seconds(1).send().await;
        let answer =
            answer.map_err(aws_sdk_sqs::Error::from).with_context(|| format!("read {from}"))?;
        if answer.messages().is_empty() {
            return Ok(sent);
        }
        for message in answer.messages() {
            send(sqs, to, message.body().unwrap_or_default()).await?;
            let handle = message.receipt_handle().unwrap_or_default();
            sqs.delete_message().queue_url(from).receipt_handle(handle).send().await?;
            sent += 1;
        }
    }
}

async fn send(sqs: &aws_sdk_sqs::Client, to: &str, body: &str) -> Result<()> {
    let sent = sqs.send_message().queue_url(to).message_body(body).send().await;
    sent.map_err(aws_sdk_sqs::Error::from).with_context(|| format!("send to {to}"))?;
    Ok(())
}

fn read(file: &Path) -> Result<Vec<Value>> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("read {} (a queue is named by its URL)", file.display()))?;
    let values: Result<Vec<Value>, _> =
        serde_json::Deserializer::from_str(&text).into_iter().collect();
    let values =
        values.with_context(|| format!("{} is neither JSON nor JSON lines", file.display()))?;
    let events: Vec<Value> = values
        .into_iter()
        .flat_map(|value| match value {
            Value::Array(events) => events,
            event => vec![event],
        })
        .collect();
    if events.is_empty() {
        bail!("{} holds no event", file.display());
    }
    Ok(events)
}
