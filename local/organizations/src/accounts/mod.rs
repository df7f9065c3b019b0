//! Member accounts: described, listed, moved.

mod closing;
mod creation;
mod leaving;
mod script;

use api::Reply;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::Organizations;
use crate::call::Call;
use crate::errors::{not_found, plain};
use crate::input::epoch;
use crate::paging::page;
use crate::state::Organization;

pub(crate) use creation::Creation;
pub(crate) use leaving::{LEAVING_WAIT, may_depart};
pub(crate) use script::Script;
pub use script::{CreationResult, InvalidScript};

/// How an account came into its organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JoinedMethod {
    Created,
    Invited,
}

/// Where in its life a member account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Active,
    /// Being closed until the first instant; the event then carries the second, when it was asked.
    Closing {
        until: Timestamp,
        asked: Timestamp,
    },
    /// Closed at this instant; 90 days later it leaves the organization for good.
    Closed {
        at: Timestamp,
    },
}

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) parent: String,
    pub(crate) joined: Timestamp,
    pub(crate) method: JoinedMethod,
    pub(crate) state: State,
}

impl Member {
    /// An active account, born in the root.
    pub(crate) fn new(root: &str, method: JoinedMethod, joined: Timestamp) -> Self {
        Self { parent: root.to_owned(), joined, method, state: State::Active }
    }
}

impl State {
    /// The retired `Status`, which knows no CLOSED.
    fn status(self) -> &'static str {
        match self {
            State::Active => "ACTIVE",
            State::Closing { .. } => "PENDING_CLOSURE",
            State::Closed { .. } => "SUSPENDED",
        }
    }

    fn name(self) -> &'static str {
        match self {
            State::Active => "ACTIVE",
            State::Closing { .. } => "PENDING_CLOSURE",
            State::Closed { .. } => "CLOSED",
        }
    }
}

/// The facts about an account, in an organization or not.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) email: String,
}

impl Organizations {
    /// The facts about an account. One never heard of gets a name and an address made of its id:
    /// every 12-digit id is a usable account.
    pub(crate) fn profile(&mut self, account: &str) -> &mut Profile {
        self.profiles.entry(account.to_owned()).or_insert_with(|| Profile {
            name: format!("account-{account}"),
            email: default_email(account),
        })
    }

    /// The model's `Account`, without its paths.
    pub(crate) fn account_core(&self, org: &Organization, id: &str) -> Map<String, Value> {
        let mut shape = Map::new();
        let Some(member) = org.members.get(id) else { return shape };
        shape.insert("Id".into(), id.into());
        shape.insert("Arn".into(), org.arn("account", id).into());
        if let Some(profile) = self.profiles.get(id) {
            shape.insert("Email".into(), profile.email.clone().into());
            shape.insert("Name".into(), profile.name.clone().into());
        }
        shape.insert("Status".into(), member.state.status().into());
        shape.insert("State".into(), member.state.name().into());
        let method = match member.method {
            JoinedMethod::Created => "CREATED",
            JoinedMethod::Invited => "INVITED",
        };
        shape.insert("JoinedMethod".into(), method.into());
        shape.insert("JoinedTimestamp".into(), epoch(member.joined));
        shape
    }

    /// The model's `Account`.
    fn account_shape(&self, org: &Organization, id: &str) -> Value {
        let mut shape = self.account_core(org, id);
        shape.insert("Paths".into(), json!([org.path(id)]));
        shape.into()
    }

    pub(crate) fn describe_account(&self, call: &Call) -> Reply {
        let org = self.organization(call)?;
        let id = call.input.text("AccountId");
        if !org.members.contains_key(id) {
            return Err(not_found("Account"));
        }
        Ok(json!({ "Account": self.account_shape(org, id) }))
    }

    pub(crate) fn list_accounts(&self, call: &Call) -> Reply {
        let org = self.organization(call)?;
        let accounts = org.members.keys().map(|id| (id.clone(), self.account_shape(org, id)));
        page(call.request, "Accounts", accounts, self.empty_pages)
    }

    pub(crate) fn list_accounts_for_parent(&self, call: &Call) -> Reply {
        let org = self.organization(call)?;
        let parent = call.input.text("ParentId");
        if !org.has_parent(parent) {
            return Err(not_found("Parent"));
        }
        let accounts = org
            .members
            .iter()
            .filter(|(_, member)| member.parent == parent)
            .map(|(id, _)| (id.clone(), self.account_shape(org, id)));
        page(call.request, "Accounts", accounts, self.empty_pages)
    }

    pub(crate) fn move_account(&mut self, call: &Call) -> Reply {
        let org = self.organization_mut(call)?;
        let source = call.input.text("SourceParentId");
        let destination = call.input.text("DestinationParentId");
        let (has_source, has_destination) = (org.has_parent(source), org.has_parent(destination));
        let member = org
            .members
            .get_mut(call.input.text("AccountId"))
            .ok_or_else(|| not_found("Account"))?;
        if !has_source {
            return Err(not_found("SourceParent"));
        }
        if !has_destination {
            return Err(not_found("DestinationParent"));
        }
        if member.parent == destination {
            return Err(plain(
                "DuplicateAccountException",
                "The specified account is already present in the specified destination.",
            ));
        }
        if member.parent != source {
            return Err(not_found("Account"));
        }
        member.parent = destination.to_owned();
        org.policies_changed = call.now();
        Ok(Value::Null)
    }
}

/// The address of an account that nobody gave one.
pub(crate) fn default_email(account: &str) -> String {
    format!("account-{account}@example.com")
}
