//! Asks Organizations what the decisions need: every question of a batch once, all at the same
//! time.

use std::collections::HashMap;
use std::time::Duration;

use aws::AwsError;
use aws::members::{self, Member};
use aws_sdk_organizations::Client;
use futures::future::join_all;

use crate::messages::{Content, Message};
use crate::{Error, Question, question};

/// Pauses before looking again at an account that has just joined. Longer than that is the queue's
/// to wait.
const AGAIN: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

#[derive(Debug, Default)]
pub(crate) struct Answers(HashMap<Question, Result<Option<Member>, AwsError>>);

impl Answers {
    /// The answer to a question that was asked.
    pub(crate) fn get(&self, question: &Question) -> Result<Option<Member>, Error> {
        match self.0.get(question) {
            Some(Ok(member)) => Ok(*member),
            Some(Err(source)) => Err(failed(question, source.clone())),
            None => Ok(None),
        }
    }
}

fn failed(question: &Question, source: AwsError) -> Error {
    match question {
        Question::Member(account) => Error::LookUpAccount { account: *account, source },
        Question::Invited(handshake) => {
            Error::LookUpInvitation { handshake: handshake.clone(), source }
        }
    }
}

/// Asks what these messages need to know.
pub(crate) async fn answer(client: &Client, messages: &[Message]) -> Answers {
    // A fact that is fresh in one message is not less so for being told in another.
    let mut questions: HashMap<Question, bool> = HashMap::new();
    for message in messages {
        if let Content::Fact { event, fresh, .. } = &message.content
            && let Some(question) = question(event)
        {
            *questions.entry(question).or_default() |= fresh;
        }
    }
    let answers = questions.into_iter().map(async |(question, fresh)| {
        let answer = ask(client, &question, fresh).await;
        (question, answer)
    });
    Answers(join_all(answers).await.into_iter().collect())
}

async fn ask(
    client: &Client,
    question: &Question,
    fresh: bool,
) -> Result<Option<Member>, AwsError> {
    let pauses: &[Duration] = if fresh { &AGAIN } else { &[] };
    let mut pauses = pauses.iter();
    loop {
        let answer = ask_once(client, question).await?;
        match pauses.next() {
            Some(pause) if answer.is_none() => tokio::time::sleep(*pause).await,
            _ => return Ok(answer),
        }
    }
}

async fn ask_once(client: &Client, question: &Question) -> Result<Option<Member>, AwsError> {
    match question {
        Question::Member(account) => members::member(client, *account).await,
        Question::Invited(handshake) => match members::invitation(client, handshake).await? {
            Some(invitation) => members::invited_member(client, &invitation).await,
            None => Ok(None),
        },
    }
}
