//! SSM documents for the local AWS: content and versions, sharing, tags and service settings.
//!
//! [`Documents`] is the whole state of every account and Region, and pure: time and ids come with
//! the [`Request`]. What it does not hold: Parameter Store, managed nodes and Automation
//! executions with their tags, which other services of the local AWS answer for; [`Documents::handles`] separates the
//! gateway which requests come here.
//!
//! Inputs are checked against the service model that botocore ships (`model/`). Messages follow
//! AWS's where they have been published; where AWS's wording is not known, the model's own
//! description of the error is used.

#![expect(
    clippy::result_large_err,
    reason = "AwsError is the contract of every service; its size is not this crate's to choose"
)]

mod arn;
mod attachments;
mod authorization;
mod content;
mod control;
mod create;
mod describe;
mod document;
mod errors;
mod events;
mod filters;
mod format;
mod input;
mod listing;
mod lookup;
mod package;
mod permissions;
mod platforms;
mod reply;
mod reviews;
mod settings;
mod state;
mod steps;
mod tags;
mod usage;
mod validation;
mod versions;

pub use attachments::{FetchedFile, file_names, structure};
pub use content::{ContentCheck, Defective, Submission};
pub use control::DocumentControl;
pub use document::{DocumentFormat, DocumentType, Predefined};
pub use state::Documents;
pub use usage::{AttachmentSource, Unusable, Usable};

use api::{Authorization, Emission, Reply, Request, Service, model::Refusal};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    reply::{empty, reply},
    validation::{check, model, parse},
};

/// The operations that can change state.
const WRITES: [&str; 10] = [
    "AddTagsToResource",
    "CreateDocument",
    "DeleteDocument",
    "ModifyDocumentPermission",
    "RemoveTagsFromResource",
    "ResetServiceSetting",
    "UpdateDocument",
    "UpdateDocumentDefaultVersion",
    "UpdateDocumentMetadata",
    "UpdateServiceSetting",
];

/// Resources that other services of the local AWS tag through the same three operations.
const OTHERS_RESOURCE_TYPES: [&str; 9] = [
    "Association",
    "Automation",
    "CloudConnector",
    "MaintenanceWindow",
    "ManagedInstance",
    "OpsItem",
    "OpsMetadata",
    "Parameter",
    "PatchBaseline",
];

impl Documents {
    /// Whether a request is for this service: any operation on documents and service settings,
    /// and tagging unless the body names a resource type that is someone else's.
    pub fn handles(operation: &str, body: &Value) -> bool {
        match operation {
            "AddTagsToResource" | "RemoveTagsFromResource" | "ListTagsForResource" => {
                let kind = body.get("ResourceType").and_then(Value::as_str);
                !kind.is_some_and(|kind| OTHERS_RESOURCE_TYPES.contains(&kind))
            }
            _ => model().knows(operation),
        }
    }
}

impl Documents {
    fn serve(&mut self, request: &Request) -> Reply {
        let body = &request.body;
        check(&request.operation, body)?;
        match request.operation.as_str() {
            "AddTagsToResource" => empty(self.add_tags(request, parse(body)?)),
            "CreateDocument" => reply(self.create(request, parse(body)?)),
            "DeleteDocument" => empty(self.delete(request, &parse(body)?)),
            "DescribeDocument" => reply(self.describe(request, &parse(body)?)),
            "DescribeDocumentPermission" => reply(self.permissions(request, &parse(body)?)),
            "GetDocument" => reply(self.get(request, &parse(body)?)),
            "GetServiceSetting" => reply(self.setting(request, &parse(body)?)),
            "ListDocumentMetadataHistory" => reply(self.reviews(request, &parse(body)?)),
            "ListDocumentVersions" => reply(self.versions(request, &parse(body)?)),
            "ListDocuments" => reply(self.list(request, &parse(body)?)),
            "ListTagsForResource" => reply(self.tags(request, &parse(body)?)),
            "ModifyDocumentPermission" => empty(self.share(request, &parse(body)?)),
            "RemoveTagsFromResource" => empty(self.remove_tags(request, &parse(body)?)),
            "ResetServiceSetting" => reply(self.reset_setting(request, &parse(body)?)),
            "UpdateDocument" => reply(self.update(request, parse(body)?)),
            "UpdateDocumentDefaultVersion" => reply(self.set_default(request, &parse(body)?)),
            "UpdateDocumentMetadata" => empty(self.review(request, &parse(body)?)),
            "UpdateServiceSetting" => empty(self.update_setting(request, parse(body)?)),
            unknown => Err(Refusal::UnknownOperation(unknown.to_owned()).into_error()),
        }
    }
}

impl Service for Documents {
    fn call(&mut self, request: &Request, events: &mut Vec<Emission>) -> Reply {
        let reply = self.serve(request);
        if WRITES.contains(&request.operation.as_str()) {
            events.push(events::api_call(request, &reply));
        }
        reply
    }

    fn tick(&mut self, _now: Timestamp, _events: &mut Vec<Emission>) {}

    fn next_due(&self) -> Option<Timestamp> {
        None
    }

    fn authorizations(&self, request: &Request) -> Vec<Authorization> {
        self.required(request)
    }

    fn writes(&self, operation: &str) -> bool {
        WRITES.contains(&operation)
    }
}
