//! CloseAccount: pending, closed, and after 90 days gone.

use api::{Emission, Reply};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use super::State;
use crate::Organizations;
use crate::call::Call;
use crate::errors::{constraint, not_found, plain};
use crate::events::{Departure, close_result, membership};

/// How long a closure takes locally.
const CLOSING_TAKES: SignedDuration = SignedDuration::from_secs(1);
/// AWS: how long a closed account stays in the organization.
const CLOSED_STAYS: SignedDuration = SignedDuration::from_hours(90 * 24);
/// AWS: closures are counted over this window.
const QUOTA_WINDOW: SignedDuration = SignedDuration::from_hours(30 * 24);

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

impl State {
    /// When this state changes by itself.
    pub(crate) fn due(self) -> Option<Timestamp> {
        match self {
            State::Active => None,
            State::Closing { until, .. } => Some(until),
            State::Closed { at } => Some(later(at, CLOSED_STAYS)),
        }
    }
}

impl Organizations {
    pub(crate) fn close_account(&mut self, call: &Call) -> Reply {
        let now = call.now();
        let org = self.organization_mut(call)?;
        if !org.all_features {
            return Err(constraint("ORGANIZATION_NOT_IN_ALL_FEATURES_MODE"));
        }
        let account = call.input.text("AccountId");
        if account == org.management {
            return Err(constraint("CANNOT_CLOSE_MANAGEMENT_ACCOUNT"));
        }
        // AWS: the higher of 250 or 20 % of the members in 30 days, and never more than 1,000.
        let quota = (org.members.len() / 5).clamp(250, 1_000);
        org.closures.retain(|at| now < later(*at, QUOTA_WINDOW));
        let closures = org.closures.len();
        let member = org.members.get_mut(account).ok_or_else(|| not_found("Account"))?;
        match member.state {
            State::Closed { .. } => {
                return Err(plain(
                    "AccountAlreadyClosedException",
                    "You attempted to close an account that is already closed.",
                ));
            }
            State::Closing { .. } => {
                return Err(plain(
                    "ConflictException",
                    "The request failed because the account is already being closed.",
                ));
            }
            State::Active => {}
        }
        if closures >= quota {
            return Err(constraint("CLOSE_ACCOUNT_QUOTA_EXCEEDED"));
        }
        member.state = State::Closing { until: later(now, CLOSING_TAKES), asked: now };
        org.closures.push(now);
        Ok(Value::Null)
    }

    /// Brings a closure, or the end of a closed account, about.
    pub(crate) fn finish_closure(
        &mut self,
        org_id: &str,
        account: &str,
        events: &mut Vec<Emission>,
    ) {
        let Some(org) = self.organizations.get_mut(org_id) else { return };
        let management = org.management.clone();
        let Some(member) = org.members.get_mut(account) else { return };
        let seed = format!("{org_id}/{account}/{}", member.joined.as_millisecond());
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, seed.as_bytes());
        match member.state {
            State::Active => {}
            State::Closing { until, asked } => {
                member.state = State::Closed { at: until };
                events.push(close_result(&management, account, asked, until, id));
            }
            State::Closed { at } => {
                let at = later(at, CLOSED_STAYS);
                let gone = Departure::Cleaned.into();
                let id = Uuid::new_v5(&id, b"cleaned");
                org.delegates.retain(|(delegate, _), _| delegate != account);
                events.push(membership(&management, account, org_id, gone, at, id));
                self.forget_member(org_id, account, at);
            }
        }
    }
}
