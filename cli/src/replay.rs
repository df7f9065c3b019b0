//! `relay replay`: dead letters or recorded events through the intake again. Every handler may
//! run twice, so a replay is safe; a dead letter is deleted only after the intake queue has it.

use std::path::Path;

use anyhow::{Context, Result, bail};
use aws_config::BehaviorVersion;
use serde_json::Value;

#[derive(clap::Args)]
/// What to send, and where to.
pub struct Arguments {
    /// A queue's URL, or a file: one envelope, an array of them, or one a line
    from: String,
    /// The intake queue's URL; default: the one of the stack runbook-relay that the dead letters came
    /// from, and for a file AlarmQueueUrl for alarms, IntakeQueueUrl for all others
    #[arg(long)]
    to: Option<String>,
}

/// Sends everything `from` holds to the intake queue.
pub async fn run(arguments: &Arguments) -> Result<()> {
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let sqs = aws_sdk_sqs::Client::new(&config);
    let intakes = match &arguments.to {
        Some(url) => Intakes { accounts: url.clone(), alarms: url.clone(), alarm_letters: None },
        None => intakes(&config).await?,
    };
    if arguments.from.starts_with("http") {
        let to = match intakes.alarm_letters.as_ref() == Some(&arguments.from) {
            true => &intakes.alarms,
            false => &intakes.accounts,
        };
        let sent = redrive(&sqs, &arguments.from, to).await?;
        println!("{sent} sent to {to}");
        return Ok(());
    }
    let events = read(Path::new(&arguments.from))?;
    let (alarms, others): (Vec<&Value>, Vec<&Value>) = events.iter().partition(|e| is_alarm(e));
    for (events, to) in [(alarms, &intakes.alarms), (others, &intakes.accounts)] {
        for event in &events {
            send(&sqs, to, &event.to_string()).await?;
        }
        if !events.is_empty() {
            println!("{} sent to {to}", events.len());
        }
    }
    Ok(())
}

/// The queues of the stack.
struct Intakes {
    accounts: String,
    alarms: String,
    /// What the intake of alarms could not deal with.
    alarm_letters: Option<String>,
}

/// Whether the intake of alarms is meant: an event of CloudWatch, or what an alarm sends to a topic or
/// a function.
fn is_alarm(event: &Value) -> bool {
    event["source"] == "aws.cloudwatch"
        || ["alarmArn", "AlarmArn", "AlarmName", "TopicArn"]
            .iter()
            .any(|field| event.get(field).is_some())
        || event["Records"][0]["EventSource"] == "aws:sns"
}

async fn intakes(config: &aws_config::SdkConfig) -> Result<Intakes> {
    let stacks = aws_sdk_cloudformation::Client::new(config);
    let described = stacks.describe_stacks().stack_name("runbook-relay").send().await;
    let described = described
        .map_err(aws_sdk_cloudformation::Error::from)
        .context("find the stack runbook-relay (or name the queue with --to)")?;
    let output = |key: &str| {
        described
            .stacks()
            .iter()
            .flat_map(aws_sdk_cloudformation::types::Stack::outputs)
            .find(|output| output.output_key() == Some(key))
            .and_then(|output| output.output_value())
            .map(str::to_owned)
            .with_context(|| format!("the stack runbook-relay has no output {key}"))
    };
    Ok(Intakes {
        accounts: output("IntakeQueueUrl")?,
        alarms: output("AlarmQueueUrl")?,
        alarm_letters: Some(output("AlarmDeadLetterQueueUrl")?),
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_are_told_from_the_events_of_accounts_in_whichever_way_they_came() {
        let events = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
        for (folder, alarms) in [
            ("aws.cloudwatch", true),
            ("sns", true),
            ("lambda-alarm", true),
            ("aws.organizations", false),
        ] {
            for entry in std::fs::read_dir(events.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                let text = std::fs::read_to_string(&path).unwrap();
                let event: Value = serde_json::from_str(&text).unwrap();
                // Not an alarm, and in the folder to be told from one.
                let odd = path.ends_with("not-an-alarm.json");
                assert!(odd || is_alarm(&event) == alarms, "{}", path.display());
            }
        }
    }
}
