//! Tests of the whole service through its one entry, `Service::call`.
//!
//! Every reply and every error that a test sees is held against botocore's model (`model.rs`).

mod accounts;
mod authorization;
mod closing;
mod delegation;
mod errors;
mod events;
mod handshakes;
mod lists;
mod model;
mod policies;
mod replay;
mod transfers;
mod units;

use api::{AwsError, Emission, Request, Service};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Organizations;

/// The management account of the seeded organization.
pub(crate) const MANAGEMENT: &str = "111122223333";
/// An account of no organization.
pub(crate) const OUTSIDER: &str = "999988887777";

/// The service with a clock and what it has emitted.
pub(crate) struct World {
    pub(crate) service: Organizations,
    pub(crate) now: Timestamp,
    pub(crate) events: Vec<Emission>,
    pub(crate) calls: u128,
    pub(crate) region: &'static str,
}

impl World {
    pub(crate) fn empty() -> Self {
        Self {
            service: Organizations::new(),
            now: "2026-03-01T10:00:00.250Z".parse().expect("an instant"),
            events: Vec::new(),
            calls: 0,
            region: "us-east-1",
        }
    }

    /// An organization with all features that has only its management account.
    pub(crate) fn seeded() -> Self {
        let mut world = Self::empty();
        world.service.seed_organization(MANAGEMENT, Uuid::from_u128(7), world.now);
        world
    }

    /// An organization for consolidated billing.
    pub(crate) fn billing() -> Self {
        let mut world = Self::empty();
        world.ok(MANAGEMENT, "CreateOrganization", json!({ "FeatureSet": "CONSOLIDATED_BILLING" }));
        world
    }

    pub(crate) fn request(&mut self, account: &str, operation: &str, body: Value) -> Request {
        self.calls += 1;
        Request {
            id: Uuid::from_u128(0xA000_0000_0000_4000_8000_0000_0000_0000 + self.calls),
            account: account.to_owned(),
            region: self.region.to_owned(),
            principal_arn: format!("arn:aws:sts::{account}:assumed-role/Admin/someone"),
            access_key_id: account.to_owned(),
            user_agent: "test".to_owned(),
            operation: operation.to_owned(),
            body,
            now: self.now,
        }
    }

    pub(crate) fn call(
        &mut self,
        account: &str,
        operation: &str,
        body: Value,
    ) -> Result<Value, AwsError> {
        let request = self.request(account, operation, body);
        let reply = self.service.call(&request, &mut self.events);
        match &reply {
            Ok(value) => model::check_reply(operation, value),
            Err(error) => model::check_error(operation, error),
        }
        reply
    }

    /// A call that succeeds.
    pub(crate) fn ok(&mut self, account: &str, operation: &str, body: Value) -> Value {
        self.call(account, operation, body).unwrap_or_else(|error| panic!("{operation}: {error:?}"))
    }

    /// A call that fails: its code, and its reason where it has one.
    pub(crate) fn fails(&mut self, account: &str, operation: &str, body: Value) -> String {
        match self.call(account, operation, body) {
            Ok(reply) => panic!("{operation} succeeded: {reply}"),
            Err(error) => match error.fields.get("Reason").and_then(Value::as_str) {
                Some(reason) => format!("{} {reason}", error.code),
                None => error.code,
            },
        }
    }

    /// A call of the management account that succeeds.
    pub(crate) fn manage(&mut self, operation: &str, body: Value) -> Value {
        self.ok(MANAGEMENT, operation, body)
    }

    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).expect("an instant");
        self.service.tick(self.now, &mut self.events);
    }

    pub(crate) fn pass_days(&mut self, days: i64) {
        self.pass(days * 24 * 60 * 60);
    }

    pub(crate) fn account(&mut self, name: &str) -> String {
        let body = json!({ "AccountName": name, "Email": format!("{name}@example.com") });
        let status = self.manage("CreateAccount", body);
        self.pass(1);
        let id = &status["CreateAccountStatus"]["Id"];
        let status =
            self.manage("DescribeCreateAccountStatus", json!({ "CreateAccountRequestId": id }));
        text(&status["CreateAccountStatus"]["AccountId"])
    }

    /// An account that was invited and has accepted.
    pub(crate) fn invited(&mut self, account: &str) -> String {
        let body = json!({ "Target": { "Type": "ACCOUNT", "Id": account } });
        let id = text(&self.manage("InviteAccountToOrganization", body)["Handshake"]["Id"]);
        self.ok(account, "AcceptHandshake", json!({ "HandshakeId": id }));
        account.to_owned()
    }

    pub(crate) fn root(&self) -> String {
        self.service.root_of(MANAGEMENT).expect("a root").to_owned()
    }

    pub(crate) fn unit(&mut self, parent: &str, name: &str) -> String {
        let body = json!({ "ParentId": parent, "Name": name });
        text(&self.manage("CreateOrganizationalUnit", body)["OrganizationalUnit"]["Id"])
    }

    pub(crate) fn policy(&mut self, kind: &str, name: &str, content: &Value) -> String {
        let body = json!({
            "Type": kind, "Name": name, "Description": "", "Content": content.to_string(),
        });
        text(&self.manage("CreatePolicy", body)["Policy"]["PolicySummary"]["Id"])
    }

    /// Trusted access for a service, and an administrator of it.
    pub(crate) fn delegate(&mut self, account: &str) {
        let principal = json!({ "ServicePrincipal": "ssm.amazonaws.com" });
        self.manage("EnableAWSServiceAccess", principal);
        let body = json!({ "AccountId": account, "ServicePrincipal": "ssm.amazonaws.com" });
        self.manage("RegisterDelegatedAdministrator", body);
    }

    /// The details of the events of that name, oldest first.
    pub(crate) fn seen(&self, name: &str) -> Vec<&Value> {
        let details = self.events.iter().map(|event| &event.envelope["detail"]);
        details.filter(|detail| detail["eventName"] == name).collect()
    }
}

/// A string out of a reply.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no string: {value}")).to_owned()
}

/// A member of each item of a list.
pub(crate) fn each(list: &Value, member: &str) -> Vec<String> {
    list.as_array().expect("a list").iter().map(|item| text(&item[member])).collect()
}

/// An SCP that denies one action.
pub(crate) fn deny(action: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Deny", "Action": action, "Resource": "*" }],
    })
}
