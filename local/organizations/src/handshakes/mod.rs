//! Handshakes: what two accounts agree on, and who sees it.

mod all_features;
mod answers;
mod invitations;

pub(crate) use invitations::recipient;

use api::{AwsError, Reply};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::Organizations;
use crate::accounts::default_email;
use crate::call::Call;
use crate::errors::{access_denied, not_found};
use crate::ids::arn;
use crate::input::{Input, Tags, epoch};
use crate::paging::page;
use crate::validation::is_account;

/// AWS: an invitation is open for 15 days.
const INVITATION_OPEN: SignedDuration = SignedDuration::from_hours(15 * 24);
/// AWS: the request for all features is open for 90 days.
const ALL_FEATURES_OPEN: SignedDuration = SignedDuration::from_hours(90 * 24);
/// AWS: an ended handshake can be seen for 30 days.
const SEEN_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The subject of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Invite,
    /// The management account's own, which ends the migration.
    EnableAllFeatures,
    /// Sent to each invited account.
    ApproveAllFeatures,
    TransferResponsibility,
}

impl Action {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Action::Invite => "INVITE",
            Action::EnableAllFeatures => "ENABLE_ALL_FEATURES",
            Action::ApproveAllFeatures => "APPROVE_ALL_FEATURES",
            Action::TransferResponsibility => "TRANSFER_RESPONSIBILITY",
        }
    }
}

/// The model's `HandshakeState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Requested,
    Open,
    Canceled,
    Accepted,
    Declined,
    Expired,
}

impl State {
    pub(crate) fn name(self) -> &'static str {
        match self {
            State::Requested => "REQUESTED",
            State::Open => "OPEN",
            State::Canceled => "CANCELED",
            State::Accepted => "ACCEPTED",
            State::Declined => "DECLINED",
            State::Expired => "EXPIRED",
        }
    }

    fn is_over(self) -> bool {
        !matches!(self, State::Requested | State::Open)
    }
}

/// Whom a handshake was sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Recipient {
    Account(String),
    Email(String),
    /// The sender itself: the migration's own handshake.
    Sender,
}

#[derive(Debug)]
pub(crate) struct Handshake {
    pub(crate) id: String,
    pub(crate) action: Action,
    pub(crate) state: State,
    /// The organization it was sent for, and that organization's management account.
    pub(crate) organization: String,
    pub(crate) sender: String,
    pub(crate) recipient: Recipient,
    requested: Timestamp,
    expires: Timestamp,
    ended: Option<Timestamp>,
    /// The model's `HandshakeResource`s, as they were when it was sent.
    resources: Value,
    /// Tags for the account that joins by it.
    tags: Tags,
    /// The migration that an approval is part of.
    parent: Option<String>,
    /// The transfer that an invitation to transfer responsibility is about.
    pub(crate) transfer: Option<String>,
}

/// The content of an invitation to transfer responsibility besides whom it goes to.
pub(crate) struct Offer {
    pub(crate) transfer: String,
    pub(crate) resources: Value,
}

impl Handshake {
    /// An invitation to transfer responsibility, open as long as one to join.
    pub(crate) fn transferring(
        id: String,
        (organization, sender): (&str, &str),
        recipient: Recipient,
        offer: Offer,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            action: Action::TransferResponsibility,
            state: State::Requested,
            organization: organization.to_owned(),
            sender: sender.to_owned(),
            recipient,
            requested: now,
            expires: now.saturating_add(INVITATION_OPEN).unwrap_or(Timestamp::MAX),
            ended: None,
            resources: offer.resources,
            tags: Tags::new(),
            parent: None,
            transfer: Some(offer.transfer),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.state.is_over()
    }

    pub(crate) fn end(&mut self, state: State, at: Timestamp) {
        self.state = state;
        self.ended = Some(at);
    }

    pub(crate) fn arn(&self) -> String {
        let action = self.action.name().to_lowercase();
        arn(&self.sender, &format!("handshake/{}/{action}/{}", self.organization, self.id))
    }

    /// When it expires, or, once ended, when it is forgotten.
    pub(crate) fn due(&self) -> Timestamp {
        match self.ended {
            None => self.expires,
            Some(ended) => ended.saturating_add(SEEN_AFTER).unwrap_or(Timestamp::MAX),
        }
    }

    /// The model's `Handshake`.
    pub(crate) fn shape(&self) -> Value {
        let mut parties = vec![json!({ "Id": self.organization, "Type": "ORGANIZATION" })];
        match &self.recipient {
            Recipient::Account(id) => parties.push(json!({ "Id": id, "Type": "ACCOUNT" })),
            Recipient::Email(email) => parties.push(json!({ "Id": email, "Type": "EMAIL" })),
            Recipient::Sender => {}
        }
        json!({
            "Id": self.id,
            "Arn": self.arn(),
            "Parties": parties,
            "State": self.state.name(),
            "RequestedTimestamp": epoch(self.requested),
            "ExpirationTimestamp": epoch(self.expires),
            "Action": self.action.name(),
            "Resources": self.resources,
        })
    }

    fn matches(&self, filter: Option<Input>) -> bool {
        let wanted = |member| filter.and_then(|filter| filter.optional(member));
        wanted("ActionType").is_none_or(|action| action == self.action.name())
            && wanted("ParentHandshakeId").is_none_or(|id| self.parent.as_deref() == Some(id))
    }
}

fn one_filter(call: &Call) -> Result<(), AwsError> {
    let members = call.input.0.get("Filter").and_then(Value::as_object).map_or(0, Map::len);
    if members > 1 {
        return Err(crate::errors::invalid_input("MAX_LIMIT_EXCEEDED_FILTER"));
    }
    Ok(())
}

impl Organizations {
    /// Whether an account is the one a handshake was sent to. An address that no account is known
    /// by may be anyone's who has not shown another: the account that accepts takes it.
    pub(crate) fn is_recipient(&self, handshake: &Handshake, account: &str) -> bool {
        match &handshake.recipient {
            Recipient::Account(id) => id == account,
            Recipient::Sender => handshake.sender == account,
            Recipient::Email(email) => match self.account_by_email(email) {
                Some(known) => known == account,
                None => !self.profiles.contains_key(account),
            },
        }
    }

    /// The account that an address belongs to, as far as the local AWS knows.
    pub(crate) fn account_by_email(&self, email: &str) -> Option<String> {
        let known = self.profiles.iter().find(|(_, known)| known.email.eq_ignore_ascii_case(email));
        known.map(|(id, _)| id.clone()).or_else(|| {
            let id = email.strip_prefix("account-")?.strip_suffix("@example.com")?;
            (is_account(id) && default_email(id) == email).then(|| id.to_owned())
        })
    }

    /// A handshake that the caller is a party of, or may describe.
    pub(crate) fn own_handshake(&self, call: &Call) -> Result<&Handshake, AwsError> {
        let handshake = self
            .handshakes
            .get(call.input.text("HandshakeId"))
            .ok_or_else(|| not_found("Handshake"))?;
        let org = self.organizations.get(&handshake.organization);
        let sent = org.map_or(handshake.sender.as_str(), |org| &org.management) == call.account();
        // "You can call this operation from any account in a organization" (API_DescribeHandshake).
        let describes = call.request.operation == "DescribeHandshake";
        let member = self.organization_named(call.account());
        let reads = describes && member.is_some_and(|org| org.id == handshake.organization);
        if sent || reads || self.is_recipient(handshake, call.account()) {
            Ok(handshake)
        } else {
            Err(access_denied())
        }
    }

    pub(crate) fn describe_handshake(&self, call: &Call) -> Reply {
        Ok(json!({ "Handshake": self.own_handshake(call)?.shape() }))
    }

    pub(crate) fn list_handshakes_for_account(&self, call: &Call) -> Reply {
        one_filter(call)?;
        let filter = call.input.structure("Filter");
        let mine = self
            .handshakes
            .values()
            .filter(|one| self.is_recipient(one, call.account()) && one.matches(filter))
            .map(|one| (one.id.clone(), one.shape()));
        page(call.request, "Handshakes", mine, self.empty_pages)
    }

    pub(crate) fn list_handshakes_for_organization(&self, call: &Call) -> Reply {
        one_filter(call)?;
        let org = self.organization(call)?;
        let filter = call.input.structure("Filter");
        let sent = self
            .handshakes
            .values()
            .filter(|one| one.organization == org.id && one.matches(filter))
            .map(|one| (one.id.clone(), one.shape()));
        page(call.request, "Handshakes", sent, self.empty_pages)
    }

    /// Cancels what an organization that ends has open.
    pub(crate) fn cancel_handshakes_of(&mut self, organization: &str, at: Timestamp) {
        let open = |one: &&mut Handshake| one.organization == organization && one.is_open();
        for handshake in self.handshakes.values_mut().filter(open) {
            handshake.end(State::Canceled, at);
        }
    }

    /// Lets a handshake expire, or forgets one that ended long ago.
    pub(crate) fn age_handshake(&mut self, id: &str) {
        let Some(handshake) = self.handshakes.get_mut(id) else { return };
        if !handshake.is_open() {
            self.handshakes.remove(id);
            return;
        }
        let at = handshake.expires;
        handshake.end(State::Expired, at);
        let transfer = handshake.transfer.clone();
        self.close_transfer(transfer.as_deref(), State::Expired);
        for child in self.handshakes.values_mut() {
            if child.parent.as_deref() == Some(id) && child.is_open() {
                child.end(State::Expired, at);
            }
        }
    }
}
