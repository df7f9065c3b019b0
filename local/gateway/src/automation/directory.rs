//! The gateway's Organizations, as the engine sees them.

use engine::ports::Directory;

use crate::services::Services;

/// Systems Manager, as delegations name it.
const SERVICE: &str = "ssm.amazonaws.com";

impl Directory for Services {
    fn accounts(&self, viewer: &str, parent: &str, with_child_units: bool) -> Option<Vec<String>> {
        self.organizations(|organizations| {
            organizations.active_accounts(viewer, SERVICE, parent, with_child_units)
        })
    }
}
