//! Accounts that leave: removed by the management account, or of their own accord.

use api::{AwsError, Reply};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{JoinedMethod, State};
use crate::Organizations;
use crate::call::Call;
use crate::errors::{constraint, not_found, plain};
use crate::events::{Departure, membership};
use crate::state::Organization;

impl Organizations {
    pub(crate) fn remove_account_from_organization(&mut self, call: &mut Call) -> Reply {
        let org = self.organization(call)?;
        let account = call.input.text("AccountId").to_owned();
        if !org.members.contains_key(&account) {
            return Err(not_found("Account"));
        }
        may_depart(org, &account)?;
        self.depart_in_call(call, &account, Departure::Removed);
        Ok(Value::Null)
    }

    pub(crate) fn leave_organization(&mut self, call: &mut Call) -> Reply {
        let org = self.organization(call)?;
        let account = call.account().to_owned();
        may_depart(org, &account)?;
        let wait = self.limits.leaving_wait;
        if org.members.get(&account).is_some_and(|member| {
            member.method == JoinedMethod::Created
                && call.now() < member.joined.saturating_add(wait).unwrap_or(Timestamp::MAX)
        }) {
            return Err(constraint("WAIT_PERIOD_ACTIVE"));
        }
        self.depart_in_call(call, &account, Departure::Left);
        Ok(Value::Null)
    }

    /// Takes an account out and pushes the event of it.
    pub(crate) fn depart_in_call(&mut self, call: &mut Call, account: &str, how: Departure) {
        let Some((org, management)) =
            self.organization_named(account).map(|org| (org.id.clone(), org.management.clone()))
        else {
            return;
        };
        self.forget_member(&org, account, call.now());
        let id = call.request.derived_id(2);
        call.after.push(membership(&management, account, &org, how.into(), call.now(), id));
    }

    /// Takes an account and all that hung on it out of an organization.
    pub(crate) fn forget_member(&mut self, org_id: &str, account: &str, at: Timestamp) {
        if let Some(org) = self.organizations.get_mut(org_id) {
            org.members.remove(account);
            org.attachments.remove(account);
            org.tags.remove(account);
        }
        self.membership.remove(account);
        self.withdraw_approval(org_id, account, at);
    }
}

/// The departures that AWS always refuses: the management account's, a delegated administrator's, and
/// that of an account being closed.
pub(crate) fn may_depart(org: &Organization, account: &str) -> Result<(), AwsError> {
    if account == org.management {
        return Err(plain(
            "MasterCannotLeaveOrganizationException",
            "You can't remove a management account from an organization.",
        ));
    }
    if org.is_delegate(account) {
        return Err(constraint("CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG"));
    }
    let active = org.members.get(account).is_some_and(|member| member.state == State::Active);
    if active { Ok(()) } else { Err(constraint("ACCOUNT_CANNOT_LEAVE_ORGANIZATION")) }
}

/// AWS: four days after it was created an account may leave by itself.
pub(crate) const LEAVING_WAIT: SignedDuration = SignedDuration::from_hours(4 * 24);
