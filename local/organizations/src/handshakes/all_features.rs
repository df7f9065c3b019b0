//! From consolidated billing to all features: the invited accounts approve, then the management
//! account ends it.

use api::{AwsError, Reply};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::{ALL_FEATURES_OPEN, Action, Handshake, Recipient, State};
use crate::Organizations;
use crate::accounts::JoinedMethod;
use crate::call::Call;
use crate::errors::{constraint, handshake_constraint};
use crate::ids;
use crate::input::Tags;
use crate::policies::kinds;

impl Organizations {
    pub(crate) fn enable_all_features(&mut self, call: &Call) -> Reply {
        let org = self.organization(call)?;
        if org.all_features {
            return Err(handshake_constraint("ORGANIZATION_ALREADY_HAS_ALL_FEATURES"));
        }
        if self.migration_of(&org.id).is_some() {
            let reason = "ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION";
            return Err(handshake_constraint(reason));
        }
        if org.members.len() > self.limits.migrating_accounts {
            return Err(constraint("ALL_FEATURES_MIGRATION_ORGANIZATION_SIZE_LIMIT_EXCEEDED"));
        }
        let parent = ids::handshake(call.origin());
        let (organization, sender) = (org.id.clone(), org.management.clone());
        let expires = call.now().saturating_add(ALL_FEATURES_OPEN).unwrap_or(Timestamp::MAX);
        let asked: Vec<String> = org
            .members
            .iter()
            .filter(|(id, member)| **id != org.management && member.method == JoinedMethod::Invited)
            .map(|(id, _)| id.clone())
            .collect();
        let make = |id: String, recipient: Recipient, parent: Option<&str>| Handshake {
            id,
            action: match recipient {
                Recipient::Sender => Action::EnableAllFeatures,
                _ => Action::ApproveAllFeatures,
            },
            state: State::Requested,
            organization: organization.clone(),
            sender: sender.clone(),
            requested: call.now(),
            expires,
            ended: None,
            resources: match (&recipient, parent) {
                (Recipient::Account(account), Some(parent)) => json!([
                    { "Type": "ORGANIZATION", "Value": organization },
                    { "Type": "ACCOUNT", "Value": account },
                    { "Type": "PARENT_HANDSHAKE", "Value": parent },
                ]),
                _ => json!([{ "Type": "ORGANIZATION", "Value": organization }]),
            },
            recipient,
            tags: Tags::new(),
            parent: parent.map(str::to_owned),
            transfer: None,
        };
        let whole = make(parent.clone(), Recipient::Sender, None);
        let approvals: Vec<Handshake> = asked
            .into_iter()
            .map(|account| {
                let id = Uuid::new_v5(&call.origin(), account.as_bytes());
                make(ids::handshake(id), Recipient::Account(account), Some(&parent))
            })
            .collect();
        for handshake in approvals.into_iter().chain([whole]) {
            self.handshakes.insert(handshake.id.clone(), handshake);
        }
        self.review_migration(&organization);
        let shape = self.handshakes.get(&parent).map(Handshake::shape);
        Ok(json!({ "Handshake": shape }))
    }

    /// The id of the migration that an organization has under way.
    pub(crate) fn migration_of(&self, organization: &str) -> Option<String> {
        let under_way = |one: &&Handshake| {
            one.organization == organization
                && one.action == Action::EnableAllFeatures
                && one.is_open()
        };
        self.handshakes.values().find(under_way).map(|one| one.id.clone())
    }

    /// Opens the migration for its end once every invited account has approved.
    pub(super) fn review_migration(&mut self, organization: &str) {
        let Some(parent) = self.migration_of(organization) else { return };
        let waiting = self.handshakes.values().any(|one| {
            one.parent.as_ref() == Some(&parent)
                && !matches!(one.state, State::Accepted | State::Canceled)
        });
        if let Some(handshake) = self.handshakes.get_mut(&parent)
            && !waiting
        {
            handshake.state = State::Open;
        }
    }

    /// An account that leaves need not approve any more.
    pub(crate) fn withdraw_approval(&mut self, organization: &str, account: &str, at: Timestamp) {
        let recipient = Recipient::Account(account.to_owned());
        let asked = |one: &&mut Handshake| {
            one.organization == organization
                && one.action == Action::ApproveAllFeatures
                && one.recipient == recipient
                && one.is_open()
        };
        for handshake in self.handshakes.values_mut().filter(asked) {
            handshake.end(State::Canceled, at);
        }
        self.review_migration(organization);
    }

    /// The organization gets all features, and service control policies with them.
    pub(super) fn finish_migration(&mut self, call: &Call) -> Result<(), AwsError> {
        let org = self.organization_mut(call)?;
        org.all_features = true;
        if let Some(scp) = kinds::find("SERVICE_CONTROL_POLICY") {
            org.enable_type(scp);
        }
        Ok(())
    }

    /// With the migration end the approvals that are still asked for.
    pub(super) fn end_approvals(&mut self, parent: &str, at: Timestamp) {
        for handshake in self.handshakes.values_mut() {
            if handshake.parent.as_deref() == Some(parent) && handshake.is_open() {
                handshake.end(State::Canceled, at);
            }
        }
    }
}
