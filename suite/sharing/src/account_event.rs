//! Facts about accounts, read from the events of Organizations and Control Tower.

use relay_core::event::{Envelope, EventError, MAX_BYTES, lookup};
use relay_core::id::{AccountId, CreateAccountRequestId, HandshakeId};
use serde_json::{Map, Value};

use crate::{Touched, change_event};

/// A fact about one account, or about one that may come to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountEvent {
    /// CreateAccount or CreateGovCloudAccount was called: no account id yet.
    CreateRequested {
        /// The request to ask about.
        request: CreateAccountRequestId,
    },
    /// An account was created.
    Created {
        /// The request it came from.
        request: Option<CreateAccountRequestId>,
        /// The new account; with GovCloud the commercial one.
        account: AccountId,
    },
    /// AWS could not create it.
    CreateFailed {
        /// The request that failed.
        request: Option<CreateAccountRequestId>,
        /// AWS's word for why.
        reason: String,
    },
    /// An account was invited, by id or by e-mail address.
    Invited {
        /// The invitation, to be waited for.
        handshake: HandshakeId,
    },
    /// The invitation was accepted.
    InvitationAccepted {
        /// The invitation that was accepted.
        handshake: HandshakeId,
        /// The account; not shown where it was invited by e-mail address.
        account: Option<AccountId>,
    },
    /// The account is a member now, whichever way.
    Joined {
        /// The account that joined.
        account: AccountId,
    },
    /// The account's place in the organization may have changed.
    Moved {
        /// The account that may lie elsewhere now.
        account: AccountId,
        /// It may have joined just now (Control Tower's CreateManagedAccount).
        joined: bool,
    },
    /// The account is not a member any more, or closed.
    Departed {
        /// The account that left or was closed.
        account: AccountId,
    },
}

/// An event after the intake has read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intake {
    /// A fact to act on.
    Account {
        /// The envelope's id, the same for every delivery.
        event_id: String,
        /// The fact that the event states.
        event: AccountEvent,
    },
    /// Documents, rules or OUs have changed.
    Change {
        /// The envelope's id, the same for every delivery.
        event_id: String,
        /// The subjects that have been touched.
        touched: Touched,
    },
    /// Nothing to act on.
    Ignored {
        /// The envelope's id, for the log.
        event_id: String,
        /// Why, for the log.
        reason: String,
    },
}

impl Intake {
    /// Reads one message.
    ///
    /// # Errors
    /// When it is not an envelope, or an event that the suite handles lacks a required field.
    pub fn parse(text: &str) -> Result<Self, EventError> {
        if text.len() > MAX_BYTES {
            return Err(EventError::TooLarge { bytes: text.len() });
        }
        Self::from_value(&serde_json::from_str(text).map_err(EventError::NotJson)?)
    }

    /// Reads one envelope.
    ///
    /// # Errors
    /// As [`Intake::parse`].
    pub fn from_value(value: &Value) -> Result<Self, EventError> {
        let envelope = Envelope::read(value)?;
        let event_id = envelope.id.to_owned();
        Ok(match read(&envelope, value)? {
            Read::Fact(event) => Self::Account { event_id, event },
            Read::Change(touched) => Self::Change { event_id, touched },
            Read::Ignored(reason) => Self::Ignored { event_id, reason },
        })
    }
}

enum Read {
    Fact(AccountEvent),
    Change(Touched),
    Ignored(String),
}

fn read(envelope: &Envelope<'_>, event: &Value) -> Result<Read, EventError> {
    let Envelope { id, source, detail_type, detail } = *envelope;
    let change = |read: Result<Touched, String>| match read {
        Ok(touched) => Read::Change(touched),
        Err(reason) => Read::Ignored(reason),
    };
    if change_event::is_parameter_change(envelope) {
        let read = change_event::parameter(detail).map_err(|expected| EventError::Malformed {
            event: detail_type.to_owned(),
            event_id: id.to_owned(),
            expected,
        });
        return read.map(change);
    }
    if !matches!(source, "aws.organizations" | "aws.controltower" | "aws.ssm") {
        return Ok(Read::Ignored(format!("foreign event: source {source}, {detail_type}")));
    }
    // AWS writes "AWS API Call via CloudTrail" and "AWS Service Event via CloudTrail", and its own
    // pages do not agree on which of the two the membership events have.
    if !detail_type.ends_with("via CloudTrail") {
        return Ok(Read::Ignored(format!("not from CloudTrail: source {source}, {detail_type}")));
    }
    let malformed = |event: &str, expected| EventError::Malformed {
        event: event.to_owned(),
        event_id: id.to_owned(),
        expected,
    };
    let Some(name) = lookup::text(detail, &["eventName"]) else {
        return Err(malformed(detail_type, "the text `detail.eventName`"));
    };
    if let Some(code) = lookup::text(detail, &["errorCode"]) {
        return Ok(Read::Ignored(format!("{name} was refused by AWS: {code}")));
    }
    match source {
        "aws.ssm" => change_event::document_call(name, detail, event).map(change),
        "aws.controltower" => control_tower(name, detail),
        _ => organizations(name, detail),
    }
    .map_err(|expected| malformed(name, expected))
}

/// The expected value where one is missing.
type Expected = &'static str;

fn organizations(name: &str, detail: &Map<String, Value>) -> Result<Read, Expected> {
    let requested = || {
        lookup::account(detail, &["requestParameters", "accountId"])
            .ok_or("an account id at `detail.requestParameters.accountId`")
    };
    let fact = match name {
        "CreateAccount" | "CreateGovCloudAccount" => {
            let request = lookup::text(detail, &["responseElements", "createAccountStatus", "id"])
                .and_then(|id| id.parse().ok())
                .ok_or("a car- id at `detail.responseElements.createAccountStatus.id`")?;
            AccountEvent::CreateRequested { request }
        }
        "CreateAccountResult" => return create_account_result(detail),
        "InviteAccountToOrganization" => match handshake(name, detail)? {
            Ok((handshake, _)) => AccountEvent::Invited { handshake },
            Err(ignored) => return Ok(ignored),
        },
        "AcceptHandshake" => match handshake(name, detail)? {
            Ok((handshake, account)) => AccountEvent::InvitationAccepted { handshake, account },
            Err(ignored) => return Ok(ignored),
        },
        "AccountJoinedOrganization" => AccountEvent::Joined {
            account: lookup::subject(detail)
                .ok_or("an account id in `detail.serviceEventDetails.accountId`")?,
        },
        "AccountDepartedOrganization" => AccountEvent::Departed {
            account: lookup::subject(detail)
                .ok_or("an account id in `detail.serviceEventDetails.accountId`")?,
        },
        "MoveAccount" => AccountEvent::Moved { account: requested()?, joined: false },
        "RemoveAccountFromOrganization" => AccountEvent::Departed { account: requested()? },
        // Seen in the leaving account only, unless somebody forwards it: the caller is who leaves.
        "LeaveOrganization" => AccountEvent::Departed {
            account: lookup::account(detail, &["userIdentity", "accountId"])
                .or_else(|| lookup::account(detail, &["recipientAccountId"]))
                .ok_or("an account id at `detail.userIdentity.accountId`")?,
        },
        "CloseAccountResult" => return close_account_result(detail),
        name if change_event::changes_units(name) => return Ok(Read::Change(Touched::units())),
        "CloseAccount" => {
            return Ok(Read::Ignored("CloseAccount: its result comes as an event".into()));
        }
        _ => {
            return Ok(Read::Ignored(format!(
                "{name} of aws.organizations says nothing about an account's membership or place"
            )));
        }
    };
    Ok(Read::Fact(fact))
}

fn create_account_result(detail: &Map<String, Value>) -> Result<Read, Expected> {
    let status = status_object(detail, &["createAccountStatus"])
        .ok_or("the object `detail.serviceEventDetails.createAccountStatus`")?;
    let request = lookup::text(status, &["id"]).and_then(|id| id.parse().ok());
    let state = lookup::text(status, &["state"])
        .ok_or("the text `detail.serviceEventDetails.createAccountStatus.state`")?;
    Ok(match state.to_ascii_uppercase().as_str() {
        "SUCCEEDED" => match (lookup::account(status, &["accountId"]), request) {
            (Some(account), request) => Read::Fact(AccountEvent::Created { request, account }),
            // An id that is masked or missing: the request knows it.
            (None, Some(request)) => Read::Fact(AccountEvent::CreateRequested { request }),
            (None, None) => {
                return Err(
                    "an account id or a car- id in `detail.serviceEventDetails.createAccountStatus`",
                );
            }
        },
        "FAILED" => {
            let reason = lookup::text(status, &["failureReason"]).unwrap_or("UNKNOWN").to_owned();
            Read::Fact(AccountEvent::CreateFailed { request, reason })
        }
        _ => Read::Ignored(format!("CreateAccountResult in state {state} is not a result yet")),
    })
}

fn close_account_result(detail: &Map<String, Value>) -> Result<Read, Expected> {
    let status = status_object(detail, &["closeAccountStatus"])
        .ok_or("the object `detail.serviceEventDetails.closeAccountStatus`")?;
    let state = lookup::text(status, &["state"])
        .ok_or("the text `detail.serviceEventDetails.closeAccountStatus.state`")?;
    if !state.eq_ignore_ascii_case("SUCCEEDED") {
        return Ok(Read::Ignored(format!("CloseAccountResult in state {state}: not closed")));
    }
    let account = lookup::account(status, &["accountId"])
        .ok_or("an account id at `detail.serviceEventDetails.closeAccountStatus.accountId`")?;
    Ok(Read::Fact(AccountEvent::Departed { account }))
}

/// The handshake in a response and the account among its parties, or why it does not concern the suite.
type Invitation = Result<(HandshakeId, Option<AccountId>), Read>;

fn handshake(name: &str, detail: &Map<String, Value>) -> Result<Invitation, Expected> {
    let handshake = lookup::at(detail, &["responseElements", "handshake"])
        .and_then(Value::as_object)
        .ok_or("the object `detail.responseElements.handshake`")?;
    // AcceptHandshake also answers ENABLE_ALL_FEATURES and others.
    if let Some(action) = lookup::text(handshake, &["action"])
        && !action.eq_ignore_ascii_case("INVITE")
    {
        return Ok(Err(Read::Ignored(format!(
            "{name}: a handshake about {action}, no invitation"
        ))));
    }
    if name == "AcceptHandshake"
        && let Some(state) = lookup::text(handshake, &["state"])
        && !state.eq_ignore_ascii_case("ACCEPTED")
    {
        return Ok(Err(Read::Ignored(format!("{name}: the handshake is {state}"))));
    }
    let id = lookup::text(handshake, &["id"])
        .and_then(|id| id.parse().ok())
        .ok_or("an h- id at `detail.responseElements.handshake.id`")?;
    Ok(Ok((id, invited_account(handshake))))
}

/// The parties know the account; the request's target differs from them in AWS's own sample.
fn invited_account(handshake: &Map<String, Value>) -> Option<AccountId> {
    lookup::at(handshake, &["parties"])?.as_array()?.iter().find_map(|party| {
        let party = party.as_object()?;
        lookup::text(party, &["type"]).filter(|kind| kind.eq_ignore_ascii_case("ACCOUNT"))?;
        lookup::account(party, &["id"])
    })
}

fn control_tower(name: &str, detail: &Map<String, Value>) -> Result<Read, Expected> {
    let joined = match name {
        "CreateManagedAccount" => true,
        "UpdateManagedAccount" => false,
        _ => {
            return Ok(Read::Ignored(format!(
                "{name} of aws.controltower says nothing about an account's membership or place"
            )));
        }
    };
    let status =
        status_object(detail, &["createManagedAccountStatus", "updateManagedAccountStatus"])
            .ok_or("the status object in `detail.serviceEventDetails`")?;
    let state = lookup::text(status, &["state"])
        .ok_or("the text `state` in the status object of `detail.serviceEventDetails`")?;
    if !state.eq_ignore_ascii_case("SUCCEEDED") {
        return Ok(Read::Ignored(format!("{name} in state {state} put no account in its place")));
    }
    let account = lookup::account(status, &["account", "accountId"])
        .ok_or("an account id at `account.accountId` in `detail.serviceEventDetails`")?;
    Ok(Read::Fact(AccountEvent::Moved { account, joined }))
}

/// The status in an event's details, under the first of these keys that is there. Its documented
/// place is `serviceEventDetails`; the API's own response is read too.
fn status_object<'a>(
    detail: &'a Map<String, Value>,
    keys: &[&str],
) -> Option<&'a Map<String, Value>> {
    ["serviceEventDetails", "responseElements"]
        .iter()
        .flat_map(|place| keys.iter().map(move |key| [*place, *key]))
        .find_map(|path| lookup::at(detail, &path)?.as_object())
}
