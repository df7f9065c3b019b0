//! Changes of documents through services that the local AWS does not have, and quotas that
//! AWS Support would change. Every state of these can then be met through plain API calls.

use api::AwsError;
use serde::{Deserialize, Serialize};

use crate::{document::DocumentType, errors, state::Documents};

/// A change from outside the API. It is data, so that it can be journalled like a request.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "control", rename_all = "camelCase", deny_unknown_fields)]
pub enum DocumentControl {
    /// Sets the quota of accounts that one document may be shared with (AWS: 1,000). What is
    /// shared already stays shared.
    #[serde(rename_all = "camelCase")]
    SharedAccountsQuota { region: String, owner: String, name: String, limit: usize },
    /// Sets the quota of documents that an account may own in a Region (AWS: 500).
    #[serde(rename_all = "camelCase")]
    DocumentsQuota { region: String, account: String, limit: usize },
    /// Sets the managed nodes that a document is associated with.
    #[serde(rename_all = "camelCase")]
    Associate {
        region: String,
        owner: String,
        name: String,
        /// Ids of the nodes; none ends all associations.
        instances: Vec<String>,
    },
    /// Says that something else is just updating a resource, or no longer is.
    #[serde(rename_all = "camelCase")]
    Updating {
        /// The resource: a document or a service setting.
        arn: String,
        /// Whether it is being updated.
        updating: bool,
    },
    /// Says that documents of a type can no longer be created.
    #[serde(rename_all = "camelCase")]
    Retire { document_type: DocumentType },
}

impl Documents {
    /// Brings a change about.
    ///
    /// # Errors
    /// `InvalidDocument` if there is no such document.
    pub fn control(&mut self, control: DocumentControl) -> Result<(), AwsError> {
        match control {
            DocumentControl::SharedAccountsQuota { region, owner, name, limit } => {
                let document = self.region_mut(&region).document_mut(&owner, &name);
                let document = document.ok_or_else(|| errors::invalid_document(&name))?;
                document.permissions.quota = Some(limit);
            }
            DocumentControl::DocumentsQuota { region, account, limit } => {
                self.region_mut(&region).quotas.insert(account, limit);
            }
            DocumentControl::Associate { region, owner, name, instances } => {
                let document = self.region_mut(&region).document_mut(&owner, &name);
                let document = document.ok_or_else(|| errors::invalid_document(&name))?;
                document.instances = instances.into_iter().collect();
            }
            DocumentControl::Updating { arn, updating: true } => {
                self.busy.insert(arn);
            }
            DocumentControl::Updating { arn, updating: false } => {
                self.busy.remove(&arn);
            }
            DocumentControl::Retire { document_type } => {
                self.retired.insert(document_type);
            }
        }
        Ok(())
    }
}
