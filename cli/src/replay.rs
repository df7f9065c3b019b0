//! `relay replay`: dead letters or recorded events through the intake again. Every handler may run
//! twice, so a replay is safe. A dead letter is deleted only after the intake queue has it.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use aws::AwsError;
use aws_sdk_sqs::Client;
use serde_json::{Value, json};

use crate::Exit;
use crate::arguments::Global;
use crate::output::Output;
use crate::session::{Session, Stack};

const EXAMPLES: &str = "\
Examples:
  relay replay https://sqs.us-east-1.amazonaws.com/111122223333/runbook-relay-intake-dead-letters
  relay replay recorded.jsonl --profile hub

The stack's outputs IntakeDeadLetterQueueUrl and AlarmDeadLetterQueueUrl are the queues of dead letters.";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// A queue's URL, or a file: one event, an array of them, or one a line
    from: String,
    /// URL of the intake queue; default: the stack's queue for alarms or for all other events,
    /// whichever each event or the queue of dead letters belongs to
    #[arg(long, value_name = "URL")]
    to: Option<String>,
}

/// Sends everything `from` holds to the intake queue.
pub(crate) async fn run(arguments: &Arguments, global: &Global, output: &Output) -> Result<Exit> {
    let Arguments { from, to } = arguments;
    let events = if from.starts_with("http") { None } else { Some(read(Path::new(from))?) };
    let session = Session::open(global).await?;
    let intakes = match to {
        Some(url) => Intakes { accounts: url.clone(), alarms: url.clone(), alarm_letters: None },
        None => Intakes::of(&session.stack)?,
    };
    session.announce(output);
    let sqs = Client::new(&session.config);
    let sent = match events {
        None => vec![redrive(&sqs, from, intakes.of_letters(from)).await?],
        Some(events) => send_all(&sqs, &events, &intakes).await?,
    };
    for Sent { number, queue } in &sent {
        output.line(format_args!("{number} sent to {queue}"));
    }
    let sent =
        sent.iter().map(|Sent { number, queue }| json!({"queue": queue, "messages": number}));
    let sent: Vec<Value> = sent.collect();
    output.json(&json!({ "sent": sent }))?;
    Ok(Exit::Done)
}

/// How many messages a queue was sent.
struct Sent {
    number: usize,
    queue: String,
}

/// The intake queues of the stack.
struct Intakes {
    accounts: String,
    alarms: String,
    /// The dead letters of the intake of alarms.
    alarm_letters: Option<String>,
}

impl Intakes {
    fn of(stack: &Stack) -> Result<Self> {
        let output = |key: &str| stack.output(key).map(str::to_owned);
        Ok(Self {
            accounts: output("IntakeQueueUrl")?,
            alarms: output("AlarmQueueUrl")?,
            alarm_letters: Some(output("AlarmDeadLetterQueueUrl")?),
        })
    }

    /// Where the dead letters of a queue came from.
    fn of_letters(&self, from: &str) -> &str {
        let of_alarms = self.alarm_letters.as_deref() == Some(from);
        if of_alarms { &self.alarms } else { &self.accounts }
    }
}

/// Whether an event belongs to the intake of alarms: an event of CloudWatch, or the message of an alarm
/// to a topic or a function.
fn is_alarm(event: &Value) -> bool {
    event["source"] == "aws.cloudwatch"
        || ["alarmArn", "AlarmArn", "AlarmName", "TopicArn"]
            .iter()
            .any(|field| event.get(field).is_some())
        || event["Records"][0]["EventSource"] == "aws:sns"
}

async fn send_all(sqs: &Client, events: &[Value], intakes: &Intakes) -> Result<Vec<Sent>> {
    let (alarms, others): (Vec<&Value>, Vec<&Value>) = events.iter().partition(|e| is_alarm(e));
    let mut sent = Vec::new();
    for (events, to) in [(alarms, &intakes.alarms), (others, &intakes.accounts)] {
        for event in &events {
            send(sqs, to, &event.to_string()).await?;
        }
        if !events.is_empty() {
            sent.push(Sent { number: events.len(), queue: to.clone() });
        }
    }
    Ok(sent)
}

async fn redrive(sqs: &Client, from: &str, to: &str) -> Result<Sent> {
    ensure!(from != to, "{from} is the intake queue: its messages would be sent to itself");
    let mut number = 0;
    loop {
        let request = sqs.receive_message().queue_url(from).max_number_of_messages(10);
        let answer = request.wait_time_seconds(1).send().await;
        let answer = answer.map_err(AwsError::from).with_context(|| format!("read {from}"))?;
        if answer.messages().is_empty() {
            return Ok(Sent { number, queue: to.to_owned() });
        }
        for message in answer.messages() {
            send(sqs, to, message.body().unwrap_or_default()).await?;
            let handle = message.receipt_handle().unwrap_or_default();
            let deleted = sqs.delete_message().queue_url(from).receipt_handle(handle).send().await;
            deleted.map_err(AwsError::from).with_context(|| format!("delete from {from}"))?;
            number += 1;
        }
    }
}

async fn send(sqs: &Client, to: &str, body: &str) -> Result<()> {
    let sent = sqs.send_message().queue_url(to).message_body(body).send().await;
    sent.map_err(AwsError::from).with_context(|| format!("send to {to}"))?;
    Ok(())
}

fn read(file: &Path) -> Result<Vec<Value>> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("read {} (a queue is named by its URL)", file.display()))?;
    let values: Result<Vec<Value>, _> =
        serde_json::Deserializer::from_str(&text).into_iter().collect();
    let values = values.with_context(|| format!("{} is not JSON or JSON lines", file.display()))?;
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
                // Not an alarm, and in this folder so that it is not taken for one.
                let odd = path.ends_with("not-an-alarm.json");
                assert!(odd || is_alarm(&event) == alarms, "{}", path.display());
            }
        }
    }
}
