//! Tags on accounts, OUs, the root, policies, the resource policy and transfers.

use api::{AwsError, Reply};
use serde_json::{Value, json};

use crate::Organizations;
use crate::call::Call;
use crate::errors::{constraint, not_found};
use crate::paging::page;
use crate::state::Organization;

/// AWS: a resource has at most this many tags.
pub(crate) const MOST: usize = 50;

impl Organizations {
    /// Whether this is a resource of the caller's organization that can carry tags.
    fn check_taggable(&self, org: &Organization, id: &str) -> Result<(), AwsError> {
        let resource_policy = org.resource_policy.as_ref().is_some_and(|policy| policy.id == id);
        let known = org.node_kind(id).is_some()
            || org.policies.contains_key(id)
            || resource_policy
            || self.transfer_of(org, id).is_some();
        if known { Ok(()) } else { Err(not_found("Target")) }
    }

    pub(crate) fn tag_resource(&mut self, call: &Call) -> Reply {
        let id = call.input.text("ResourceId");
        self.check_taggable(self.organization(call)?, id)?;
        let org = self.organization_mut(call)?;
        let mut tags = org.tags.get(id).cloned().unwrap_or_default();
        tags.extend(call.input.tags());
        if tags.len() > MOST {
            return Err(constraint("MAX_TAG_LIMIT_EXCEEDED"));
        }
        org.tags.insert(id.to_owned(), tags);
        Ok(Value::Null)
    }

    pub(crate) fn untag_resource(&mut self, call: &Call) -> Reply {
        let id = call.input.text("ResourceId");
        self.check_taggable(self.organization(call)?, id)?;
        let org = self.organization_mut(call)?;
        if let Some(tags) = org.tags.get_mut(id) {
            for key in call.input.texts("TagKeys") {
                tags.remove(key);
            }
        }
        Ok(Value::Null)
    }

    /// Has no `MaxResults`: a page of tags holds all that a resource can have.
    pub(crate) fn list_tags_for_resource(&self, call: &Call) -> Reply {
        let org = self.organization(call)?;
        let id = call.input.text("ResourceId");
        self.check_taggable(org, id)?;
        let tags = org.tags.get(id).into_iter().flatten();
        let tags = tags.map(|(key, value)| (key.clone(), json!({ "Key": key, "Value": value })));
        page(call.request, "Tags", tags, self.empty_pages)
    }
}
