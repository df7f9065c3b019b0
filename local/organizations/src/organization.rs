//! The organization itself: made, described, deleted; its root; seeding.

use api::{AwsError, Reply};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Organizations;
use crate::accounts::{JoinedMethod, Member};
use crate::call::Call;
use crate::errors::{constraint, not_found, not_in_use, plain};
use crate::events::{Departure, membership};
use crate::paging::page;
use crate::state::Organization;

impl Organizations {
    /// An organization with all features, one root and the management account in it; returns its
    /// id. All ids derive from `origin`. Seeding the same account twice returns the first id.
    pub fn seed_organization(
        &mut self,
        management_account: &str,
        origin: Uuid,
        now: Timestamp,
    ) -> String {
        if let Some(existing) = self.membership.get(management_account) {
            return existing.clone();
        }
        self.found(management_account, origin, true, now)
    }

    /// Makes an organization and puts its management account into the root.
    fn found(&mut self, management: &str, origin: Uuid, all: bool, now: Timestamp) -> String {
        let organization = Organization::new(origin, management, all, now);
        let id = organization.id.clone();
        self.profile(management);
        self.organizations.insert(id.clone(), organization);
        self.admit(&id, management, JoinedMethod::Invited, now);
        id
    }

    /// Puts an account into an organization's root, with what every account of it has.
    pub(crate) fn admit(
        &mut self,
        organization: &str,
        account: &str,
        method: JoinedMethod,
        at: Timestamp,
    ) {
        if let Some(org) = self.organizations.get_mut(organization) {
            org.members.insert(account.to_owned(), Member::new(&org.root, method, at));
            org.attach_defaults(account);
            self.membership.insert(account.to_owned(), organization.to_owned());
        }
    }

    pub(crate) fn create_organization(&mut self, call: &mut Call) -> Reply {
        if self.membership.contains_key(call.account()) {
            return Err(plain(
                "AlreadyInOrganizationException",
                "The AWS account is already a member of an organization.",
            ));
        }
        let all = call.input.optional("FeatureSet") != Some("CONSOLIDATED_BILLING");
        let id = self.found(call.account(), call.origin(), all, call.now());
        let joined = membership(
            call.account(),
            call.account(),
            &id,
            JoinedMethod::Invited.into(),
            call.now(),
            call.request.derived_id(1),
        );
        call.after.push(joined);
        self.describe_organization(call)
    }

    pub(crate) fn describe_organization(&self, call: &Call) -> Reply {
        let org = self.organization(call)?;
        let email = self.profiles.get(&org.management).map_or("", |profile| &profile.email);
        Ok(json!({ "Organization": org.shape(email) }))
    }

    pub(crate) fn delete_organization(&mut self, call: &mut Call) -> Reply {
        let org = self.organization(call)?;
        if org.members.len() > 1 || org.creations.values().any(|creation| creation.is_open()) {
            return Err(plain(
                "OrganizationNotEmptyException",
                "To delete an organization you must first remove all member accounts (except the \
                 management account).",
            ));
        }
        if self.has_active_transfer(&org.management) {
            return Err(constraint("ACTIVE_RESPONSIBILITY_TRANSFER_PROCESS"));
        }
        let id = org.id.clone();
        self.cancel_handshakes_of(&id, call.now());
        self.organizations.remove(&id);
        self.membership.remove(call.account());
        let left = membership(
            call.account(),
            call.account(),
            &id,
            Departure::Left.into(),
            call.now(),
            call.request.derived_id(1),
        );
        call.after.push(left);
        Ok(Value::Null)
    }

    pub(crate) fn list_roots(&self, call: &Call) -> Reply {
        let org = self.organization(call)?;
        page(call.request, "Roots", [(org.root.clone(), org.root_shape())], self.empty_pages)
    }

    pub(crate) fn organization(&self, call: &Call) -> Result<&Organization, AwsError> {
        self.organization_named(call.account()).ok_or_else(not_in_use)
    }

    /// The caller's organization, to change it.
    pub(crate) fn organization_mut(&mut self, call: &Call) -> Result<&mut Organization, AwsError> {
        let id = self.membership.get(call.account()).ok_or_else(not_in_use)?;
        self.organizations.get_mut(id).ok_or_else(not_in_use)
    }

    /// The caller's organization, if it supports all features.
    pub(crate) fn full_organization(&self, call: &Call) -> Result<&Organization, AwsError> {
        let org = self.organization(call)?;
        if org.all_features {
            Ok(org)
        } else {
            Err(constraint("ORGANIZATION_NOT_IN_ALL_FEATURES_MODE"))
        }
    }

    /// The same, to change it.
    pub(crate) fn full_organization_mut(
        &mut self,
        call: &Call,
    ) -> Result<&mut Organization, AwsError> {
        self.full_organization(call)?;
        self.organization_mut(call)
    }

    /// The organization an account belongs to.
    pub(crate) fn organization_named(&self, account: &str) -> Option<&Organization> {
        self.organizations.get(self.membership.get(account)?)
    }

    /// The caller's organization, if that root is its root.
    pub(crate) fn with_root(&mut self, call: &Call) -> Result<&mut Organization, AwsError> {
        let root = call.input.text("RootId");
        let org = self.organization_mut(call)?;
        if org.root == root { Ok(org) } else { Err(not_found("Root")) }
    }
}
