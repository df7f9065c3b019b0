//! CreateAccount and CreateGovCloudAccount: asked for at once, done a while later.

use api::{Emission, Reply};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{CreationResult, JoinedMethod, Profile};
use crate::Organizations;
use crate::call::Call;
use crate::errors::{constraint, invalid_input, not_found};
use crate::events::{creation_result, membership};
use crate::ids;
use crate::input::{Tags, epoch};
use crate::paging::page;

/// One request to create an account.
#[derive(Debug)]
pub(crate) struct Creation {
    id: String,
    name: String,
    email: String,
    /// The account in GovCloud that is made with it, if asked for.
    govcloud: Option<String>,
    account: String,
    tags: Tags,
    requested: Timestamp,
    /// When it ends, and how; `None` while it only waits for `due`.
    due: Timestamp,
    scripted: Option<CreationResult>,
    done: Option<CreationResult>,
    origin: Uuid,
}

impl Creation {
    /// Whether it has not ended yet.
    pub(crate) fn is_open(&self) -> bool {
        self.done.is_none()
    }

    /// When it ends, while it is open.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.is_open().then_some(self.due)
    }

    /// The model's `CreateAccountState`.
    fn state(&self) -> &'static str {
        match &self.done {
            None => "IN_PROGRESS",
            Some(CreationResult::Succeeded) => "SUCCEEDED",
            Some(CreationResult::Failed(_)) => "FAILED",
        }
    }

    /// The model's `CreateAccountStatus`.
    pub(crate) fn shape(&self) -> Value {
        let mut shape = Map::new();
        shape.insert("Id".into(), self.id.clone().into());
        shape.insert("AccountName".into(), self.name.clone().into());
        shape.insert("State".into(), self.state().into());
        shape.insert("RequestedTimestamp".into(), epoch(self.requested));
        if self.done.is_some() {
            shape.insert("CompletedTimestamp".into(), epoch(self.due));
        }
        match &self.done {
            Some(CreationResult::Succeeded) => {
                shape.insert("AccountId".into(), self.account.clone().into());
                if let Some(govcloud) = &self.govcloud {
                    shape.insert("GovCloudAccountId".into(), govcloud.clone().into());
                }
            }
            Some(CreationResult::Failed(reason)) => {
                shape.insert("FailureReason".into(), reason.clone().into());
            }
            None => {}
        }
        shape.into()
    }
}

impl Organizations {
    pub(crate) fn create_account(&mut self, call: &Call) -> Reply {
        self.request_account(call, false)
    }

    pub(crate) fn create_gov_cloud_account(&mut self, call: &Call) -> Reply {
        if !self.limits.govcloud {
            return Err(constraint("MASTER_ACCOUNT_NOT_GOVCLOUD_ENABLED"));
        }
        if !self.organization(call)?.all_features {
            return Err(constraint("ORGANIZATION_NOT_IN_ALL_FEATURES_MODE"));
        }
        self.request_account(call, true)
    }

    fn request_account(&mut self, call: &Call, govcloud: bool) -> Reply {
        let input = call.input;
        if input.optional("RoleName").is_some_and(|role| role.starts_with("AWSServiceRoleFor")) {
            return Err(invalid_input("INVALID_ROLE_NAME"));
        }
        let tags = input.tags();
        if tags.len() > crate::tags::MOST {
            return Err(constraint("MAX_TAG_LIMIT_EXCEEDED"));
        }
        let org = self.organization(call)?;
        let open = org.creations.values().filter(|creation| creation.is_open()).count();
        if org.members.len() + open >= self.limits.accounts {
            return Err(constraint("ACCOUNT_NUMBER_LIMIT_EXCEEDED"));
        }
        if self.limits.creations_in_progress.is_some_and(|most| open >= most) {
            return Err(constraint("ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED"));
        }
        let (scripted, takes) = self.scripted(input.text("Email"));
        let account = self.unused_account(call, 10);
        let creation = Creation {
            id: ids::creation(call.origin()),
            name: input.text("AccountName").to_owned(),
            email: input.text("Email").to_owned(),
            govcloud: govcloud.then(|| self.unused_account(call, 500_000)),
            account: account.clone(),
            tags,
            requested: call.now(),
            due: call.now().saturating_add(takes).unwrap_or(Timestamp::MAX),
            scripted,
            done: None,
            origin: call.request.derived_id(1),
        };
        self.reserved.insert(account);
        self.reserved.extend(creation.govcloud.clone());
        let shape = creation.shape();
        self.organization_mut(call)?.creations.insert(creation.id.clone(), creation);
        Ok(json!({ "CreateAccountStatus": shape }))
    }

    /// An account id that nothing here has used: derived from the request, so stable under replay.
    fn unused_account(&self, call: &Call, first: u32) -> String {
        (first..)
            .map(|n| ids::account(call.request.derived_id(n)))
            .find(|id| !self.profiles.contains_key(id) && !self.reserved.contains(id))
            .unwrap_or_default()
    }

    /// Ends a creation that is due: the account is born in the root, or there is none.
    pub(crate) fn finish_creation(&mut self, org_id: &str, id: &str, events: &mut Vec<Emission>) {
        let Some(org) = self.organizations.get_mut(org_id) else { return };
        let Some(creation) = org.creations.get_mut(id) else { return };
        let taken =
            self.profiles.values().any(|known| known.email.eq_ignore_ascii_case(&creation.email));
        let result = match creation.scripted.take() {
            Some(scripted) => scripted,
            None if taken => CreationResult::Failed("EMAIL_ALREADY_EXISTS".into()),
            None => CreationResult::Succeeded,
        };
        creation.done = Some(result.clone());
        let (at, origin, account) = (creation.due, creation.origin, creation.account.clone());
        let management = org.management.clone();
        events.push(creation_result(&management, &creation.shape(), at, origin));
        if result != CreationResult::Succeeded {
            return;
        }
        let profile = Profile { name: creation.name.clone(), email: creation.email.clone() };
        let tags = std::mem::take(&mut creation.tags);
        if !tags.is_empty() {
            org.tags.insert(account.clone(), tags);
        }
        self.profiles.insert(account.clone(), profile);
        self.admit(org_id, &account, JoinedMethod::Created, at);
        let id = Uuid::new_v5(&origin, b"joined");
        let how = JoinedMethod::Created.into();
        events.push(membership(&management, &account, org_id, how, at, id));
    }

    pub(crate) fn describe_create_account_status(&self, call: &Call) -> Reply {
        let org = self.organization(call)?;
        let creation = org.creations.get(call.input.text("CreateAccountRequestId"));
        let creation = creation.ok_or_else(|| not_found("CreateAccountStatus"))?;
        Ok(json!({ "CreateAccountStatus": creation.shape() }))
    }

    pub(crate) fn list_create_account_status(&self, call: &Call) -> Reply {
        let org = self.organization(call)?;
        let states = call.input.texts("States");
        let statuses = org
            .creations
            .values()
            .filter(|creation| states.is_empty() || states.contains(&creation.state()))
            .map(|creation| (creation.id.clone(), creation.shape()));
        page(call.request, "CreateAccountStatuses", statuses, self.empty_pages)
    }
}
