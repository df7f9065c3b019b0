//! From what Lambda hands over to what it asks for: triggers, orders of our own, and what is none.

use std::collections::BTreeMap;

use relay_core::alarm::TriggerId;
use remediation::alarm::{AlarmIntake, AlarmTrigger, Via};
use remediation::guard::digest::Bucket;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Error;

const DIGEST: &str = "digest";
const LATER: &str = "later";

/// What Lambda hands over of the queue. Of a message only id and body are read: whatever else changes
/// there is no reason to refuse it.
#[derive(Debug, Deserialize)]
pub(crate) struct Records {
    #[serde(rename = "Records")]
    records: Vec<Message>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    #[serde(default)]
    message_id: Option<String>,
    #[serde(default)]
    body: Option<String>,
}

/// What one or several messages ask for.
#[derive(Debug)]
pub(crate) enum Work {
    /// Decide about this trigger.
    Trigger(Box<Rang>),
    /// Tell the digest of a bucket.
    Digest(Bucket),
}

/// A trigger and how it came.
#[derive(Debug)]
pub(crate) struct Rang {
    pub(crate) trigger: AlarmTrigger,
    /// The ids of all the events that told it.
    pub(crate) event_ids: Vec<String>,
    /// One of its messages as it stands, without an order around it.
    pub(crate) message: Value,
}

/// Work, and the messages that ask for it.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) work: Work,
    pub(crate) messages: Vec<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// What is to be done. A trigger that came several ways is there once.
    pub(crate) asked: Vec<Asked>,
    /// Messages that cannot be read. An empty id, where SQS gave none, makes Lambda return the whole
    /// batch, which loses nothing either.
    pub(crate) unreadable: Vec<(String, Error)>,
    /// Messages that ask for nothing: event id and reason.
    pub(crate) ignored: Vec<(Option<String>, String)>,
}

enum Content {
    Work(Work),
    Ignored { event_id: Option<String>, reason: String },
}

/// Whether this is a batch of the queue.
pub(crate) fn is_batch(input: &Value) -> bool {
    input.pointer("/Records/0/eventSource").and_then(Value::as_str) == Some("aws:sqs")
}

/// Whether this is one of our orders. They are trusted because nobody but the function can put one
/// into the queue: EventBridge and SNS wrap what they send, and [`crate::handle`] passes none on.
pub(crate) fn is_order(message: &Value) -> bool {
    order(message).is_some()
}

/// The order to look at a trigger again later.
pub(crate) fn later(message: &Value) -> Value {
    json!({ LATER: message })
}

/// The order to tell a digest.
pub(crate) fn digest(bucket: &Bucket) -> Value {
    json!({ DIGEST: bucket })
}

/// Reads a batch. Never fails as a whole.
pub(crate) fn read(batch: Records) -> Batch {
    let mut read = Batch::default();
    let mut triggers: BTreeMap<TriggerId, usize> = BTreeMap::new();
    for message in batch.records {
        let (id, content) = one(message);
        match content {
            Ok(Content::Work(Work::Trigger(rang))) => {
                let trigger = rang.trigger.id();
                match triggers.get(&trigger).and_then(|at| read.asked.get_mut(*at)) {
                    Some(asked) => {
                        asked.messages.push(id);
                        if let Work::Trigger(first) = &mut asked.work {
                            first.meet(*rang);
                        }
                    }
                    None => {
                        triggers.insert(trigger, read.asked.len());
                        read.asked.push(Asked { work: Work::Trigger(rang), messages: vec![id] });
                    }
                }
            }
            Ok(Content::Work(work)) => read.asked.push(Asked { work, messages: vec![id] }),
            Ok(Content::Ignored { event_id, reason }) => read.ignored.push((event_id, reason)),
            Err(error) => read.unreadable.push((id, error)),
        }
    }
    read
}

impl Rang {
    /// The same trigger by another way. The event tells more than the others: whether the alarm was
    /// muted, and what was before.
    fn meet(&mut self, other: Self) {
        let other_ids = other.event_ids.clone();
        if other.trigger.via == Via::EventBridge && self.trigger.via != Via::EventBridge {
            let own_ids = std::mem::replace(self, other).event_ids;
            self.event_ids.extend(own_ids);
        } else {
            self.event_ids.extend(other_ids);
        }
        self.event_ids.sort();
        self.event_ids.dedup();
    }
}

fn one(message: Message) -> (String, Result<Content, Error>) {
    let id = message.message_id.unwrap_or_default();
    let content = match message.body.as_deref() {
        None => Err(Error::NoBody),
        Some(body) => content(body),
    };
    (id, content)
}

fn content(body: &str) -> Result<Content, Error> {
    // Reads the text, for its bounds; an order is none of what it knows.
    let parsed = AlarmIntake::parse(body);
    let Ok(mut message) = serde_json::from_str::<Value>(body) else {
        return intake(parsed.map_err(Error::Unreadable)?, Value::Null);
    };
    match order(&message) {
        Some((DIGEST, bucket)) => {
            let bucket = serde_json::from_value(bucket.clone()).map_err(Error::Order)?;
            Ok(Content::Work(Work::Digest(bucket)))
        }
        Some(_) => {
            let deferred = message.get_mut(LATER).map(Value::take).unwrap_or_default();
            let parsed = AlarmIntake::from_value(&deferred).map_err(Error::Unreadable)?;
            intake(parsed, deferred)
        }
        None => intake(parsed.map_err(Error::Unreadable)?, message),
    }
}

fn intake(parsed: AlarmIntake, message: Value) -> Result<Content, Error> {
    Ok(match parsed {
        AlarmIntake::Trigger(trigger) => {
            let event_ids = trigger.event_id.iter().cloned().collect();
            let trigger = *trigger;
            Content::Work(Work::Trigger(Box::new(Rang { trigger, event_ids, message })))
        }
        AlarmIntake::Ignored { event_id, reason } => Content::Ignored { event_id, reason },
    })
}

/// An object with nothing in it but an order.
fn order(message: &Value) -> Option<(&'static str, &Value)> {
    let only = |object: &Map<String, Value>| object.len() == 1;
    let object = message.as_object().filter(|object| only(object))?;
    [DIGEST, LATER].into_iter().find_map(|name| Some((name, object.get(name)?)))
}
