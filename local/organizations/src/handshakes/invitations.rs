//! Invitations to join an organization.

use api::{AwsError, Reply};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Action, Handshake, INVITATION_OPEN, Recipient, State};
use crate::Organizations;
use crate::accounts::{JoinedMethod, may_depart};
use crate::call::Call;
use crate::errors::{constraint, handshake_constraint, invalid_input, plain};
use crate::events::{Departure, membership};
use crate::ids;
use crate::input::Input;
use crate::state::Organization;
use crate::validation::{is_account, is_email};

/// Invitations are counted over this window.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The target of an invitation, in the shape its type asks for.
pub(crate) fn recipient(target: Option<Input>) -> Result<Recipient, AwsError> {
    let Some(target) = target else { return Err(invalid_input("INPUT_REQUIRED")) };
    let id = target.text("Id");
    match target.text("Type") {
        "ACCOUNT" if is_account(id) => Ok(Recipient::Account(id.to_owned())),
        "ACCOUNT" => Err(invalid_input("INVALID_PATTERN_TARGET_ID")),
        "EMAIL" if is_email(id) => Ok(Recipient::Email(id.to_owned())),
        "EMAIL" => Err(invalid_input("INVALID_EMAIL_ADDRESS_TARGET")),
        _ => Err(invalid_input("INVALID_PARTY_TYPE_TARGET")),
    }
}

impl Organizations {
    pub(crate) fn invite_account_to_organization(&mut self, call: &Call) -> Reply {
        let recipient = recipient(call.input.structure("Target"))?;
        let tags = call.input.tags();
        if tags.len() > crate::tags::MOST {
            return Err(constraint("MAX_TAG_LIMIT_EXCEEDED"));
        }
        let org = self.organization(call)?;
        if self.account_of(&recipient).is_some_and(|id| org.members.contains_key(&id)) {
            return Err(handshake_constraint("ALREADY_IN_AN_ORGANIZATION"));
        }
        if self.migration_of(&org.id).is_some() {
            return Err(handshake_constraint("INVITE_DISABLED_DURING_ENABLE_ALL_FEATURES"));
        }
        self.check_not_sent(&org.id, Action::Invite, &recipient)?;
        let invited = self.invitations_since(&org.id, call.now());
        if org.members.len() + invited.open >= self.limits.accounts {
            return Err(handshake_constraint("ACCOUNT_NUMBER_LIMIT_EXCEEDED"));
        }
        if invited.in_a_day >= self.limits.invitations_a_day {
            return Err(handshake_constraint("HANDSHAKE_RATE_LIMIT_EXCEEDED"));
        }
        let handshake = Handshake {
            id: ids::handshake(call.origin()),
            action: Action::Invite,
            state: State::Open,
            organization: org.id.clone(),
            sender: org.management.clone(),
            resources: self.invitation_resources(org, &recipient, call.input.optional("Notes")),
            recipient,
            requested: call.now(),
            expires: call.now().saturating_add(INVITATION_OPEN).unwrap_or(Timestamp::MAX),
            ended: None,
            tags,
            parent: None,
            transfer: None,
        };
        let shape = handshake.shape();
        self.handshakes.insert(handshake.id.clone(), handshake);
        Ok(json!({ "Handshake": shape }))
    }

    /// The account behind a recipient, if it is known.
    pub(crate) fn account_of(&self, recipient: &Recipient) -> Option<String> {
        match recipient {
            Recipient::Account(id) => Some(id.clone()),
            Recipient::Email(email) => self.account_by_email(email),
            Recipient::Sender => None,
        }
    }

    /// Two open handshakes about the same with the same account are one too many.
    pub(crate) fn check_not_sent(
        &self,
        organization: &str,
        action: Action,
        recipient: &Recipient,
    ) -> Result<(), AwsError> {
        let account = self.account_of(recipient);
        let same = |other: &Recipient| {
            other == recipient || (account.is_some() && self.account_of(other) == account)
        };
        let sent = self.handshakes.values().any(|one| {
            one.organization == organization
                && one.action == action
                && one.is_open()
                && same(&one.recipient)
        });
        if sent {
            return Err(plain(
                "DuplicateHandshakeException",
                "A handshake with the same action and target already exists.",
            ));
        }
        Ok(())
    }

    fn invitations_since(&self, organization: &str, now: Timestamp) -> Invitations {
        let mut count = Invitations { open: 0, in_a_day: 0 };
        for one in self.handshakes.values() {
            if one.organization == organization && one.action == Action::Invite {
                count.open += usize::from(one.is_open());
                count.in_a_day += usize::from(now.duration_since(one.requested) < DAY);
            }
        }
        count
    }

    fn invitation_resources(
        &self,
        org: &Organization,
        recipient: &Recipient,
        notes: Option<&str>,
    ) -> Value {
        let sender = self.profiles.get(&org.management);
        let mut resources = vec![json!({
            "Type": "ORGANIZATION",
            "Value": org.id,
            "Resources": [
                { "Type": "MASTER_EMAIL", "Value": sender.map_or("", |known| &known.email) },
                { "Type": "MASTER_NAME", "Value": sender.map_or("", |known| &known.name) },
                {
                    "Type": "ORGANIZATION_FEATURE_SET",
                    "Value": if org.all_features { "ALL" } else { "CONSOLIDATED_BILLING" },
                },
            ],
        })];
        match recipient {
            Recipient::Account(id) => resources.push(json!({ "Type": "ACCOUNT", "Value": id })),
            Recipient::Email(email) => resources.push(json!({ "Type": "EMAIL", "Value": email })),
            Recipient::Sender => {}
        }
        if let Some(notes) = notes {
            resources.push(json!({ "Type": "NOTES", "Value": notes }));
        }
        resources.into()
    }

    /// The invited account joins; out of another organization if it is a member of one.
    pub(super) fn join_by_invitation(&mut self, call: &mut Call, id: &str) -> Result<(), AwsError> {
        let Some(handshake) = self.handshakes.get(id) else { return Ok(()) };
        let organization = handshake.organization.clone();
        let (recipient, tags) = (handshake.recipient.clone(), handshake.tags.clone());
        let account = call.account().to_owned();
        if let Some(current) = self.organization_named(&account) {
            if current.id == organization {
                return Err(handshake_constraint("ALREADY_IN_AN_ORGANIZATION"));
            }
            may_depart(current, &account)?;
        }
        let Some(org) = self.organizations.get(&organization) else {
            return Err(plain(
                "InvalidHandshakeTransitionException",
                "The organization that sent the invitation no longer exists.",
            ));
        };
        if org.members.len() >= self.limits.accounts {
            return Err(handshake_constraint("ACCOUNT_NUMBER_LIMIT_EXCEEDED"));
        }
        let management = org.management.clone();
        self.depart_in_call(call, &account, Departure::Left);
        let profile = self.profile(&account);
        if let Recipient::Email(email) = recipient {
            profile.email = email;
        }
        self.admit(&organization, &account, JoinedMethod::Invited, call.now());
        if let Some(org) = self.organizations.get_mut(&organization)
            && !tags.is_empty()
        {
            org.tags.insert(account.clone(), tags);
        }
        let how = JoinedMethod::Invited.into();
        let id = call.request.derived_id(1);
        let joined = membership(&management, &account, &organization, how, call.now(), id);
        call.after.push(joined);
        Ok(())
    }
}

struct Invitations {
    open: usize,
    in_a_day: usize,
}
