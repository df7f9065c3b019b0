//! A local AWS to call: requests of a given account and Region, replies held against the model.

use api::{Authorization, AwsError, Emission, Request, Service};
use documents::{DocumentFormat, DocumentType, Documents, Predefined};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::model;

pub(crate) const OWNER: &str = "111122223333";
pub(crate) const CONSUMER: &str = "444455556666";
pub(crate) const STRANGER: &str = "777788889999";
pub(crate) const REGION: &str = "us-east-1";
pub(crate) const PREDEFINED: &str = "AWS-StopEC2Instance";

pub(crate) struct Aws {
    pub(crate) documents: Documents,
    calls: u32,
}

impl Aws {
    /// With one document of Amazon's own.
    pub(crate) fn new() -> Self {
        let predefined = Predefined {
            name: PREDEFINED.into(),
            document_type: DocumentType::Automation,
            format: DocumentFormat::Json,
            content: runbook("Stop instances"),
            target_type: Some("/AWS::EC2::Instance".into()),
        };
        let documents = Documents::new(vec![predefined], |_| Ok(())).expect("its content is valid");
        Self { documents, calls: 0 }
    }

    /// With a runbook of this name, owned by [`OWNER`].
    pub(crate) fn with(name: &str) -> Self {
        let mut aws = Self::new();
        aws.create(OWNER, name);
        aws
    }

    pub(crate) fn request(&self, account: &str, operation: &str, body: Value) -> Request {
        self.request_in(REGION, account, operation, body)
    }

    pub(crate) fn request_in(
        &self,
        region: &str,
        account: &str,
        operation: &str,
        body: Value,
    ) -> Request {
        let second = 1_700_000_000 + i64::from(self.calls);
        Request {
            id: Uuid::from_u128(self.calls.into()),
            account: account.into(),
            region: region.into(),
            principal_arn: format!("arn:aws:sts::{account}:assumed-role/Admin/session@example"),
            access_key_id: account.into(),
            user_agent: "test".into(),
            operation: operation.into(),
            body,
            now: Timestamp::from_second(second).expect("in range"),
        }
    }

    /// Calls in [`REGION`].
    pub(crate) fn call(
        &mut self,
        account: &str,
        operation: &str,
        body: Value,
    ) -> Result<Value, AwsError> {
        self.call_in(REGION, account, operation, body)
    }

    pub(crate) fn call_in(
        &mut self,
        region: &str,
        account: &str,
        operation: &str,
        body: Value,
    ) -> Result<Value, AwsError> {
        let request = self.request_in(region, account, operation, body);
        assert!(Documents::handles(operation, &request.body), "{operation}");
        self.calls += 1;
        let mut events = Vec::new();
        let reply = self.documents.call(&request, &mut events);
        // A trail records every call that writes, answered or refused, and no other.
        assert_eq!(events.len(), usize::from(self.documents.writes(operation)), "{operation}");
        for Emission { account: bus, region: at, envelope } in &events {
            assert_eq!((bus.as_str(), at.as_str()), (account, region));
            assert_eq!(envelope["detail"]["eventName"], operation);
            let code = &envelope["detail"]["errorCode"];
            assert_eq!(code.as_str(), reply.as_ref().err().map(|error| error.code.as_str()));
        }
        match &reply {
            Ok(reply) => model::assert_reply(operation, reply),
            Err(error) => model::assert_error(operation, error),
        }
        reply
    }

    pub(crate) fn ok(&mut self, account: &str, operation: &str, body: Value) -> Value {
        let shown = format!("{operation} {body}");
        self.call(account, operation, body).unwrap_or_else(|error| panic!("{shown}: {error:?}"))
    }

    pub(crate) fn err(&mut self, account: &str, operation: &str, body: Value) -> AwsError {
        let shown = format!("{operation} {body}");
        self.call(account, operation, body).expect_err(&shown)
    }

    /// The code of the error.
    pub(crate) fn code(&mut self, account: &str, operation: &str, body: Value) -> String {
        self.err(account, operation, body).code
    }

    pub(crate) fn create(&mut self, owner: &str, name: &str) -> Value {
        let body = json!({
            "Name": name, "Content": runbook(name), "DocumentType": "Automation",
        });
        self.ok(owner, "CreateDocument", body)
    }

    /// A further version of a runbook of [`OWNER`].
    pub(crate) fn update(&mut self, name: &str, description: &str) -> Value {
        let body = json!({ "Name": name, "Content": runbook(description) });
        self.ok(OWNER, "UpdateDocument", body)
    }

    /// Shares a runbook of [`OWNER`].
    pub(crate) fn share(&mut self, name: &str, with: &[&str], version: &str) {
        let body = json!({
            "Name": name, "PermissionType": "Share", "AccountIdsToAdd": with,
            "SharedDocumentVersion": version,
        });
        self.ok(OWNER, "ModifyDocumentPermission", body);
    }

    pub(crate) fn authorizations(
        &self,
        account: &str,
        operation: &str,
        body: Value,
    ) -> Vec<Authorization> {
        self.documents.authorizations(&self.request(account, operation, body))
    }

    /// Every item of a list, page by page, and how many pages there were.
    pub(crate) fn all(
        &mut self,
        account: &str,
        operation: &str,
        mut body: Value,
        list: &str,
    ) -> (Vec<Value>, usize) {
        let (mut items, mut pages) = (Vec::new(), 0);
        loop {
            let reply = self.ok(account, operation, body.clone());
            items.extend(reply[list].as_array().expect("a list").iter().cloned());
            pages += 1;
            match reply.get("NextToken") {
                Some(token) => body["NextToken"] = token.clone(),
                None => return (items, pages),
            }
        }
    }
}

/// The content of a runbook, which differs from others in its description.
pub(crate) fn runbook(description: &str) -> String {
    json!({
        "schemaVersion": "0.3",
        "description": description,
        "parameters": {
            "InstanceId": { "type": "StringList", "description": "Which" },
            "Wait": { "type": "Integer", "default": 5 },
        },
        "mainSteps": [{ "name": "wait", "action": "aws:sleep", "inputs": { "Duration": "PT1S" } }],
    })
    .to_string()
}

pub(crate) fn arn(name: &str) -> String {
    format!("arn:aws:ssm:{REGION}:{OWNER}:document/{name}")
}

pub(crate) fn accounts(range: std::ops::Range<u64>) -> Vec<String> {
    range.map(|n| format!("{:012}", 200_000_000_000 + n)).collect()
}
