//! From the messages of the queue to work: triggers, orders of our own, and everything else.

use std::collections::BTreeMap;

use relay_core::alarm::TriggerId;
use remediation::alarm::{AlarmIntake, AlarmTrigger, Via};
use remediation::guard::digest::DigestWindow;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Error;

const DIGEST: &str = "digest";
const LATER: &str = "later";

/// A batch of the queue. Nothing else of its messages is read: what changes there does not break us.
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
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Attributes {
    /// How often the message was handed over, this time included.
    approximate_receive_count: Option<String>,
}

/// A request of one or several messages.
#[derive(Debug)]
pub(crate) enum Work {
    /// Decide about this trigger.
    Trigger(Box<IncomingAlarm>),
    /// Publish the digest of a window.
    Digest(DigestWindow),
}

/// A trigger and how it arrived.
#[derive(Debug)]
pub(crate) struct IncomingAlarm {
    pub(crate) trigger: AlarmTrigger,
    /// The ids of all the events that reported it.
    pub(crate) event_ids: Vec<String>,
    /// One of its messages as it arrived, without an order around it.
    pub(crate) message: Value,
    /// One of its messages was handed over before, or may have been: that attempt failed, or was
    /// killed at any point.
    pub(crate) redelivered: bool,
}

/// Work, and the messages that ask for it.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) work: Work,
    pub(crate) messages: Vec<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// The work of the batch. A trigger that came several ways is there once.
    pub(crate) requests: Vec<Request>,
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

/// The order to publish a digest.
pub(crate) fn digest(window: &DigestWindow) -> Value {
    json!({ DIGEST: window })
}

/// Reads a batch. Never fails as a whole.
pub(crate) fn read(batch: Records) -> Batch {
    let mut read = Batch::default();
    let mut triggers: BTreeMap<TriggerId, usize> = BTreeMap::new();
    for message in batch.records {
        let (id, content) = one(message);
        match content {
            Ok(Content::Work(Work::Trigger(alarm))) => {
                let trigger = alarm.trigger.id();
                match triggers.get(&trigger).and_then(|at| read.requests.get_mut(*at)) {
                    Some(request) => {
                        request.messages.push(id);
                        if let Work::Trigger(first) = &mut request.work {
                            first.merge(*alarm);
                        }
                    }
                    None => {
                        let work = Work::Trigger(alarm);
                        triggers.insert(trigger, read.requests.len());
                        read.requests.push(Request { work, messages: vec![id] });
                    }
                }
            }
            Ok(Content::Work(work)) => read.requests.push(Request { work, messages: vec![id] }),
            Ok(Content::Ignored { event_id, reason }) => read.ignored.push((event_id, reason)),
            Err(error) => read.unreadable.push((id, error)),
        }
    }
    read
}

impl IncomingAlarm {
    /// Adds the same trigger as it arrived another way. The event has more than the others: whether
    /// the alarm was muted, and the state before. But an action that CloudWatch performs after all stands
    /// above what says that the alarm was muted.
    fn merge(&mut self, other: Self) {
        let other_ids = other.event_ids.clone();
        let redelivered = self.redelivered || other.redelivered;
        let (own, its) = (&self.trigger, &other.trigger);
        let takes_its = match (own.is_action(), its.is_action()) {
            (true, false) if its.quiet.is_some() => false,
            (false, true) if own.quiet.is_some() => true,
            _ => its.via == Via::EventBridge && own.via != Via::EventBridge,
        };
        if takes_its {
            let own_ids = std::mem::replace(self, other).event_ids;
            self.event_ids.extend(own_ids);
        } else {
            self.event_ids.extend(other_ids);
        }
        self.event_ids.sort();
        self.event_ids.dedup();
        self.redelivered = redelivered;
    }
}

fn one(message: Message) -> (String, Result<Content, Error>) {
    let id = message.message_id.unwrap_or_default();
    let content = match message.body.as_deref() {
        None => Err(Error::NoBody),
        Some(body) => content(body, message.attributes.redelivered()),
    };
    (id, content)
}

impl Attributes {
    /// Whether there may have been an attempt before this one; Lambda always says.
    fn redelivered(&self) -> bool {
        self.approximate_receive_count.as_deref() != Some("1")
    }
}

fn content(body: &str, redelivered: bool) -> Result<Content, Error> {
    // Reads the text, for its bounds. It does not know orders.
    let parsed = AlarmIntake::parse(body);
    let Ok(mut message) = serde_json::from_str::<Value>(body) else {
        return intake(parsed.map_err(Error::Unreadable)?, Value::Null, redelivered);
    };
    // A message that can be read as an alarm is not taken for an order, whatever else is in it.
    match order(&message).filter(|_| parsed.is_err()) {
        Some((DIGEST, window)) => {
            let window = serde_json::from_value(window.clone()).map_err(Error::Order)?;
            Ok(Content::Work(Work::Digest(window)))
        }
        Some(_) => {
            let deferred = message.get_mut(LATER).map(Value::take).unwrap_or_default();
            let parsed = AlarmIntake::from_value(&deferred).map_err(Error::Unreadable)?;
            intake(parsed, deferred, redelivered)
        }
        None => intake(parsed.map_err(Error::Unreadable)?, message, redelivered),
    }
}

fn intake(parsed: AlarmIntake, message: Value, redelivered: bool) -> Result<Content, Error> {
    Ok(match parsed {
        AlarmIntake::Trigger(trigger) => {
            let event_ids = trigger.event_id.iter().cloned().collect();
            let trigger = *trigger;
            let alarm = IncomingAlarm { trigger, event_ids, message, redelivered };
            Content::Work(Work::Trigger(Box::new(alarm)))
        }
        AlarmIntake::Ignored { event_id, reason } => Content::Ignored { event_id, reason },
    })
}

/// The order in a message. A later version may have put more beside it.
fn order(message: &Value) -> Option<(&'static str, &Value)> {
    [DIGEST, LATER].into_iter().find_map(|name| Some((name, message.get(name)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_may_have_more_beside_it_and_a_message_that_is_an_alarm_is_no_order() {
        let window = json!({"rule": "web", "code": "Locked", "begin": 0, "ofALaterVersion": 1});
        for more in [json!({}), json!({"ofALaterVersion": {"a": 1}})] {
            let mut order = json!({DIGEST: window});
            order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let read = content(&order.to_string(), false).unwrap();
            assert!(matches!(read, Content::Work(Work::Digest(_))), "{order}");
        }
        let event = include_str!("../../../events/aws.cloudwatch/alarm-state-change.json");
        let mut event: Value = serde_json::from_str(event).unwrap();
        let mut later = later(&event);
        later["ofALaterVersion"] = json!(1);
        event[DIGEST] = window;
        for message in [later, event] {
            let read = content(&message.to_string(), false).unwrap();
            assert!(matches!(read, Content::Work(Work::Trigger(_))), "{message}");
        }
    }
}
