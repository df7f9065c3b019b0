//! Looks up at Organizations what the decisions need: each once per batch, all at the same time.

use std::collections::HashMap;
use std::time::Duration;

use aws::AwsError;
use aws::members::{self, Member};
use aws_sdk_organizations::Client;
use futures::future::join_all;

use crate::messages::{Content, Message};
use crate::{Error, MemberLookup, needed_lookup};

/// Pauses before looking again at an account that has just joined. A longer wait is left to the queue.
const AGAIN: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

#[derive(Debug, Default)]
pub(crate) struct Answers(HashMap<MemberLookup, Result<Option<Member>, AwsError>>);

impl Answers {
    /// The result of a look-up.
    pub(crate) fn get(&self, lookup: &MemberLookup) -> Result<Option<Member>, Error> {
        match self.0.get(lookup) {
            Some(Ok(member)) => Ok(*member),
            Some(Err(source)) => Err(failed(lookup, source.clone())),
            None => Ok(None),
        }
    }
}

fn failed(lookup: &MemberLookup, source: AwsError) -> Error {
    match lookup {
        MemberLookup::Member(account) => Error::LookUpAccount { account: *account, source },
        MemberLookup::Invited(handshake) => {
            Error::LookUpInvitation { handshake: handshake.clone(), source }
        }
    }
}

/// Looks up what these messages need.
pub(crate) async fn answer(client: &Client, messages: &[Message]) -> Answers {
    // Fresh in one message is fresh, even if another message repeats the fact later.
    let mut lookups: HashMap<MemberLookup, bool> = HashMap::new();
    for message in messages {
        if let Content::Fact { event, fresh, .. } = &message.content
            && let Some(lookup) = needed_lookup(event)
        {
            *lookups.entry(lookup).or_default() |= fresh;
        }
    }
    let answers = lookups.into_iter().map(async |(lookup, fresh)| {
        let answer = ask(client, &lookup, fresh).await;
        (lookup, answer)
    });
    Answers(join_all(answers).await.into_iter().collect())
}

async fn ask(
    client: &Client,
    lookup: &MemberLookup,
    fresh: bool,
) -> Result<Option<Member>, AwsError> {
    let pauses: &[Duration] = if fresh { &AGAIN } else { &[] };
    let mut pauses = pauses.iter();
    loop {
        let answer = ask_once(client, lookup).await?;
        match pauses.next() {
            Some(pause) if answer.is_none() => tokio::time::sleep(*pause).await,
            _ => return Ok(answer),
        }
    }
}

async fn ask_once(client: &Client, lookup: &MemberLookup) -> Result<Option<Member>, AwsError> {
    match lookup {
        MemberLookup::Member(account) => members::member(client, *account).await,
        MemberLookup::Invited(handshake) => match members::invitation(client, handshake).await? {
            Some(invitation) => members::invited_member(client, &invitation).await,
            None => Ok(None),
        },
    }
}
