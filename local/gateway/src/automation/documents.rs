//! The documents and settings of the gateway's SSM, as the engine sees them.

use std::collections::BTreeMap;
use std::sync::Arc;

use documents::{Unusable, Usable};
use engine::ports::{DocumentError, Documents, FoundDocument};

use crate::attachments::Attachments;
use crate::services::Services;

/// The documents that every account sees.
pub(super) struct GatewayDocuments {
    services: Arc<Services>,
    attachments: Arc<Attachments>,
}

impl GatewayDocuments {
    /// The gateway's SSM, with the files attached to its documents.
    pub(super) fn new(services: Arc<Services>, attachments: Arc<Attachments>) -> Self {
        Self { services, attachments }
    }
}

impl Documents for GatewayDocuments {
    fn find(
        &self,
        account: &str,
        region: &str,
        name: &str,
        version: Option<&str>,
    ) -> Result<FoundDocument, DocumentError> {
        let usable = self.services.documents(|documents| {
            documents.usable(account, region, name, version).map_err(|error| match error {
                Unusable::NoDocument => DocumentError::NotFound,
                Unusable::NoVersion => DocumentError::VersionNotFound,
            })
        })?;
        let attachments = self.attachments.of(region, &usable);
        Ok(found(name, usable, attachments))
    }

    fn setting(&self, account: &str, region: &str, id: &str) -> Option<String> {
        self.services.documents(|documents| documents.setting_value(account, region, id))
    }
}

fn found(name: &str, usable: Usable, attachments: BTreeMap<String, Vec<u8>>) -> FoundDocument {
    FoundDocument {
        name: name.to_owned(),
        owner: usable.owner,
        version: usable.version.to_string(),
        document_type: usable.document_type.name().to_owned(),
        target_type: usable.target_type,
        content: usable.content,
        attachments,
    }
}
