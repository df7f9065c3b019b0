//! AWS Organizations for the local AWS: the whole API of the service's model, as pure state.
//!
//! It reads no clock and draws no random number: time is the request's, ids derive from the
//! request's, so replaying the requests that wrote gives the same organization. It does not decide
//! what a principal may do (IAM does, with [`Service::authorizations`]); it does decide what an
//! account may do.

#![expect(
    clippy::result_large_err,
    reason = "an AwsError is an answer, made once a request: boxing it would buy nothing"
)]

mod access;
mod accounts;
mod authorization;
mod call;
mod delegation;
mod directory;
mod due;
mod errors;
mod events;
mod handshakes;
mod ids;
mod input;
mod organization;
mod paging;
mod policies;
mod state;
mod tags;
mod transfers;
mod units;
mod validation;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use api::{Authorization, AwsError, Emission, Reply, Request, Service};
use jiff::{SignedDuration, Timestamp};

pub use accounts::{CreationResult, InvalidScript};
use accounts::{LEAVING_WAIT, Profile, Script};
use call::Call;
use handshakes::Handshake;
use state::Organization;
use transfers::Transfer;

/// The state of AWS Organizations.
#[derive(Debug, Default)]
pub struct Organizations {
    organizations: BTreeMap<String, Organization>,
    /// The organization of each account that belongs to one.
    membership: BTreeMap<String, String>,
    /// Every account that has a name and an address, in an organization or not.
    profiles: BTreeMap<String, Profile>,
    handshakes: BTreeMap<String, Handshake>,
    transfers: BTreeMap<String, Transfer>,
    /// Account ids that no new account gets.
    reserved: BTreeSet<String>,
    script: Vec<Script>,
    delivery: AcceptDelivery,
    limits: OrganizationLimits,
    empty_pages: bool,
}

/// Whose bus sees `AcceptHandshake`: AWS documents the caller's; whether the management account's
/// does is unconfirmed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AcceptDelivery {
    /// The account that accepts.
    #[default]
    Caller,
    /// The management account of the organization that sent the handshake.
    Management,
    None,
}

/// The quotas that AWS lets its customers raise, and what else depends on the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationLimits {
    /// Accounts in one organization, those being created included.
    pub accounts: usize,
    /// Creations under way at once. AWS allows 5; `None`, the default, allows a test to create
    /// many accounts without waiting for each.
    pub creations_in_progress: Option<usize>,
    /// OUs in one organization.
    pub units: usize,
    /// The largest organization that may go to all features by itself.
    pub migrating_accounts: usize,
    /// Invitations in 24 hours.
    pub invitations_a_day: usize,
    /// How long a created account must wait before it may leave by itself.
    pub leaving_wait: SignedDuration,
    /// Whether management accounts have a partner in AWS GovCloud (US).
    pub govcloud: bool,
}

impl Default for OrganizationLimits {
    fn default() -> Self {
        Self {
            accounts: 10_000,
            creations_in_progress: None,
            units: 2_000,
            migrating_accounts: 5_000,
            invitations_a_day: 10_000,
            leaving_wait: LEAVING_WAIT,
            govcloud: true,
        }
    }
}

impl Organizations {
    /// No organization at all.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whose bus sees `AcceptHandshake` from now on.
    pub fn deliver_accept_handshake(&mut self, delivery: AcceptDelivery) {
        self.delivery = delivery;
    }

    pub fn set_limits(&mut self, limits: OrganizationLimits) {
        self.limits = limits;
    }

    /// Whether every list begins with an empty page and a token, which AWS reserves the right to.
    pub fn start_lists_empty(&mut self, empty: bool) {
        self.empty_pages = empty;
    }

    /// An account id that no new account may get.
    pub fn reserve_account(&mut self, account: &str) {
        self.reserved.insert(account.to_owned());
    }

    /// The organization an account belongs to (`aws:PrincipalOrgID`).
    #[must_use]
    pub fn organization_of(&self, account: &str) -> Option<&str> {
        self.membership.get(account).map(String::as_str)
    }

    /// Every account that belongs to an organization, in order.
    pub fn member_accounts(&self) -> impl Iterator<Item = &str> {
        self.membership.keys().map(String::as_str)
    }

    /// The management account of the organization an account belongs to.
    #[must_use]
    pub fn management_account_of(&self, account: &str) -> Option<&str> {
        self.organization_named(account).map(|org| org.management.as_str())
    }

    /// The root of the organization an account belongs to.
    #[must_use]
    pub fn root_of(&self, account: &str) -> Option<&str> {
        self.organization_named(account).map(|org| org.root.as_str())
    }

    /// Whether an account belongs to an organization.
    #[must_use]
    pub fn is_member(&self, organization: &str, account: &str) -> bool {
        self.organization_of(account) == Some(organization)
    }

    /// Where an account is, e.g. `o-…/r-…/ou-…/` (`aws:PrincipalOrgPaths`): it ends with the
    /// parent, not with the account.
    #[must_use]
    pub fn path_of(&self, account: &str) -> Option<String> {
        let org = self.organization_named(account)?;
        Some(org.path(org.parent_of(account)?))
    }

    /// The accounts whose buses get the event of a call.
    fn watchers(&self, request: &Request) -> Vec<String> {
        if request.operation != "AcceptHandshake" {
            return vec![request.account.clone()];
        }
        let id = input::Input(&request.body).text("HandshakeId");
        match (self.delivery, self.handshakes.get(id)) {
            (AcceptDelivery::None, _) => Vec::new(),
            (AcceptDelivery::Management, Some(handshake)) => vec![handshake.sender.clone()],
            _ => vec![request.account.clone()],
        }
    }

    fn serve(&mut self, call: &mut Call) -> Reply {
        match call.request.operation.as_str() {
            "AcceptHandshake" => self.accept_handshake(call),
            "AttachPolicy" => self.attach_policy(call),
            "CancelHandshake" => self.cancel_handshake(call),
            "CloseAccount" => self.close_account(call),
            "CreateAccount" => self.create_account(call),
            "CreateGovCloudAccount" => self.create_gov_cloud_account(call),
            "CreateOrganization" => self.create_organization(call),
            "CreateOrganizationalUnit" => self.create_organizational_unit(call),
            "CreatePolicy" => self.create_policy(call),
            "DeclineHandshake" => self.decline_handshake(call),
            "DeleteOrganization" => self.delete_organization(call),
            "DeleteOrganizationalUnit" => self.delete_organizational_unit(call),
            "DeletePolicy" => self.delete_policy(call),
            "DeleteResourcePolicy" => self.delete_resource_policy(call),
            "DeregisterDelegatedAdministrator" => self.deregister_delegated_administrator(call),
            "DescribeAccount" => self.describe_account(call),
            "DescribeCreateAccountStatus" => self.describe_create_account_status(call),
            "DescribeEffectivePolicy" => self.describe_effective_policy(call),
            "DescribeHandshake" => self.describe_handshake(call),
            "DescribeOrganization" => self.describe_organization(call),
            "DescribeOrganizationalUnit" => self.describe_organizational_unit(call),
            "DescribePolicy" => self.describe_policy(call),
            "DescribeResourcePolicy" => self.describe_resource_policy(call),
            "DescribeResponsibilityTransfer" => self.describe_responsibility_transfer(call),
            "DetachPolicy" => self.detach_policy(call),
            "DisableAWSServiceAccess" => self.disable_aws_service_access(call),
            "DisablePolicyType" => self.disable_policy_type(call),
            "EnableAWSServiceAccess" => self.enable_aws_service_access(call),
            "EnableAllFeatures" => self.enable_all_features(call),
            "EnablePolicyType" => self.enable_policy_type(call),
            "InviteAccountToOrganization" => self.invite_account_to_organization(call),
            "InviteOrganizationToTransferResponsibility" => {
                self.invite_organization_to_transfer_responsibility(call)
            }
            "LeaveOrganization" => self.leave_organization(call),
            "ListAWSServiceAccessForOrganization" => {
                self.list_aws_service_access_for_organization(call)
            }
            "ListAccounts" => self.list_accounts(call),
            "ListAccountsForParent" => self.list_accounts_for_parent(call),
            "ListAccountsWithInvalidEffectivePolicy" => {
                self.list_accounts_with_invalid_effective_policy(call)
            }
            "ListChildren" => self.list_children(call),
            "ListCreateAccountStatus" => self.list_create_account_status(call),
            "ListDelegatedAdministrators" => self.list_delegated_administrators(call),
            "ListDelegatedServicesForAccount" => self.list_delegated_services_for_account(call),
            "ListEffectivePolicyValidationErrors" => {
                self.list_effective_policy_validation_errors(call)
            }
            "ListHandshakesForAccount" => self.list_handshakes_for_account(call),
            "ListHandshakesForOrganization" => self.list_handshakes_for_organization(call),
            "ListInboundResponsibilityTransfers" => {
                self.list_inbound_responsibility_transfers(call)
            }
            "ListOrganizationalUnitsForParent" => self.list_organizational_units_for_parent(call),
            "ListOutboundResponsibilityTransfers" => {
                self.list_outbound_responsibility_transfers(call)
            }
            "ListParents" => self.list_parents(call),
            "ListPolicies" => self.list_policies(call),
            "ListPoliciesForTarget" => self.list_policies_for_target(call),
            "ListRoots" => self.list_roots(call),
            "ListTagsForResource" => self.list_tags_for_resource(call),
            "ListTargetsForPolicy" => self.list_targets_for_policy(call),
            "MoveAccount" => self.move_account(call),
            "PutResourcePolicy" => self.put_resource_policy(call),
            "RegisterDelegatedAdministrator" => self.register_delegated_administrator(call),
            "RemoveAccountFromOrganization" => self.remove_account_from_organization(call),
            "TagResource" => self.tag_resource(call),
            "TerminateResponsibilityTransfer" => self.terminate_responsibility_transfer(call),
            "UntagResource" => self.untag_resource(call),
            "UpdateOrganizationalUnit" => self.update_organizational_unit(call),
            "UpdatePolicy" => self.update_policy(call),
            "UpdateResponsibilityTransfer" => self.update_responsibility_transfer(call),
            _ => Err(unknown_operation()),
        }
    }
}

fn unknown_operation() -> AwsError {
    AwsError::new("UnknownOperationException", "")
}

impl Service for Organizations {
    /// An event due before the call happens before it. A failed call changes nothing.
    fn call(&mut self, request: &Request, events: &mut Vec<Emission>) -> Reply {
        self.advance(request.now, events);
        if !validation::model().knows(&request.operation) {
            return Err(unknown_operation());
        }
        let watchers = self.watchers(request);
        let mut call = Call::new(request);
        let reply = validation::check(&request.operation, &request.body)
            .and_then(|()| self.check_access(request))
            .and_then(|()| self.serve(&mut call));
        if self.writes(&request.operation) {
            let seen = watchers.iter().map(|account| events::api_call(request, &reply, account));
            events.extend(seen);
            if reply.is_ok() {
                events.append(&mut call.after);
            }
        }
        reply
    }

    fn tick(&mut self, now: Timestamp, events: &mut Vec<Emission>) {
        self.advance(now, events);
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.next()
    }

    fn authorizations(&self, request: &Request) -> Vec<Authorization> {
        self.required(request)
    }

    fn writes(&self, operation: &str) -> bool {
        validation::model().knows(operation) && !access::reads(operation)
    }
}
