//! Parses a message of the queue.

use aws_lambda_events::event::sqs::SqsMessage;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use sharing::{AccountEvent, Intake, Touched};

use crate::Error;

/// A younger event may be ahead of what Organizations shows. As long as SQS takes to deliver a message five
/// times, so that no fresh join is ignored before it reaches the dead-letter queue.
const FRESH: SignedDuration = SignedDuration::from_hours(1);

/// A message with its parsed content.
#[derive(Debug)]
pub(crate) struct Message {
    /// Empty where SQS sent none: an empty id among the failed items makes Lambda return the whole batch,
    /// which loses nothing either.
    pub(crate) id: String,
    pub(crate) content: Content,
}

/// The content of a message.
#[derive(Debug)]
pub(crate) enum Content {
    /// A fact about an account.
    Fact {
        event: AccountEvent,
        event_id: String,
        fresh: bool,
    },
    /// Documents, rules or OUs have changed.
    Change {
        event_id: String,
        touched: Touched,
    },
    /// An event that needs no action.
    Ignored {
        event_id: String,
        reason: String,
    },
    Unreadable(Error),
}

impl Content {
    /// The id of the event, where there is one.
    pub(crate) fn event_id(&self) -> Option<&str> {
        match self {
            Self::Fact { event_id, .. }
            | Self::Change { event_id, .. }
            | Self::Ignored { event_id, .. } => Some(event_id),
            Self::Unreadable(error) => error.event_id(),
        }
    }
}

impl Message {
    /// The span of this message's log lines.
    pub(crate) fn span(&self) -> tracing::Span {
        let account = match &self.content {
            Content::Fact { event, .. } => account(event),
            Content::Change { .. } | Content::Ignored { .. } | Content::Unreadable(_) => None,
        };
        tracing::error_span!(
            "message",
            message_id = self.id,
            correlation_id = self.content.event_id(),
            event = self.content.event_id(),
            account = account.map(tracing::field::display)
        )
    }
}

fn account(event: &AccountEvent) -> Option<relay_core::id::AccountId> {
    match event {
        AccountEvent::Created { account, .. }
        | AccountEvent::Joined { account }
        | AccountEvent::Moved { account, .. }
        | AccountEvent::Departed { account } => Some(*account),
        AccountEvent::InvitationAccepted { account, .. } => *account,
        AccountEvent::CreateRequested { .. }
        | AccountEvent::CreateFailed { .. }
        | AccountEvent::Invited { .. } => None,
    }
}

/// Parses a message. An unreadable message is a result, too.
pub(crate) fn read(message: SqsMessage, now: Timestamp) -> Message {
    let content = match message.body.as_deref() {
        None => Content::Unreadable(Error::NoBody),
        Some(body) => match Intake::parse(body) {
            Ok(Intake::Account { event_id, event }) => {
                Content::Fact { event, event_id, fresh: is_fresh(body, now) }
            }
            Ok(Intake::Change { event_id, touched }) => Content::Change { event_id, touched },
            Ok(Intake::Ignored { event_id, reason }) => Content::Ignored { event_id, reason },
            Err(error) => Content::Unreadable(Error::Unreadable(error)),
        },
    };
    Message { id: message.message_id.unwrap_or_default(), content }
}

/// By the envelope's own time, which a redelivery does not change; without one, fresh.
fn is_fresh(body: &str, now: Timestamp) -> bool {
    #[derive(Deserialize)]
    struct Envelope {
        time: Timestamp,
    }
    serde_json::from_str::<Envelope>(body)
        .map_or(true, |envelope| now.duration_since(envelope.time) < FRESH)
}
