//! Organizational units and the tree they make.

use api::{AwsError, Reply};
use serde_json::{Value, json};

use crate::Organizations;
use crate::call::Call;
use crate::errors::{constraint, not_found, plain};
use crate::ids;
use crate::paging::page;
use crate::state::{Organization, Unit};

/// AWS: OUs can be nested this deep under the root.
const DEEPEST: usize = 5;

impl Organization {
    fn unit_shape(&self, id: &str, unit: &Unit) -> Value {
        json!({
            "Id": id,
            "Arn": self.arn("ou", id),
            "Name": unit.name,
            "Path": self.path(id),
        })
    }

    /// Names are unique among the OUs of one parent.
    fn check_unit_name(&self, parent: &str, name: &str, except: &str) -> Result<(), AwsError> {
        let taken = self
            .units
            .iter()
            .any(|(id, unit)| id != except && unit.parent == parent && unit.name == name);
        if taken {
            return Err(plain(
                "DuplicateOrganizationalUnitException",
                "An OU with the same name already exists.",
            ));
        }
        Ok(())
    }

    fn unit_reply(&self, id: &str) -> Reply {
        let unit = self.units.get(id).ok_or_else(|| not_found("OrganizationalUnit"))?;
        Ok(json!({ "OrganizationalUnit": self.unit_shape(id, unit) }))
    }
}

impl Organizations {
    pub(crate) fn create_organizational_unit(&mut self, call: &Call) -> Reply {
        let limit = self.limits.units;
        let org = self.organization_mut(call)?;
        let (parent, name) = (call.input.text("ParentId"), call.input.text("Name"));
        let tags = call.input.tags();
        if !org.has_parent(parent) {
            return Err(not_found("Parent"));
        }
        org.check_unit_name(parent, name, "")?;
        if org.depth(parent) >= DEEPEST {
            return Err(constraint("OU_DEPTH_LIMIT_EXCEEDED"));
        }
        if org.units.len() >= limit {
            return Err(constraint("OU_NUMBER_LIMIT_EXCEEDED"));
        }
        if tags.len() > crate::tags::MOST {
            return Err(constraint("MAX_TAG_LIMIT_EXCEEDED"));
        }
        let id = ids::unit(&org.root, call.origin());
        org.units.insert(id.clone(), Unit { name: name.to_owned(), parent: parent.to_owned() });
        org.attach_defaults(&id);
        if !tags.is_empty() {
            org.tags.insert(id.clone(), tags);
        }
        org.unit_reply(&id)
    }

    pub(crate) fn describe_organizational_unit(&self, call: &Call) -> Reply {
        self.organization(call)?.unit_reply(call.input.text("OrganizationalUnitId"))
    }

    pub(crate) fn update_organizational_unit(&mut self, call: &Call) -> Reply {
        let org = self.organization_mut(call)?;
        let id = call.input.text("OrganizationalUnitId");
        let unit = org.units.get(id).ok_or_else(|| not_found("OrganizationalUnit"))?;
        if let Some(name) = call.input.optional("Name") {
            org.check_unit_name(&unit.parent, name, id)?;
            if let Some(unit) = org.units.get_mut(id) {
                unit.name = name.to_owned();
            }
        }
        org.unit_reply(id)
    }

    pub(crate) fn delete_organizational_unit(&mut self, call: &Call) -> Reply {
        let org = self.organization_mut(call)?;
        let id = call.input.text("OrganizationalUnitId");
        if !org.units.contains_key(id) {
            return Err(not_found("OrganizationalUnit"));
        }
        let holds_units = org.units.values().any(|unit| unit.parent == id);
        if holds_units || org.members.values().any(|member| member.parent == id) {
            return Err(plain(
                "OrganizationalUnitNotEmptyException",
                "The specified OU is not empty. Move all accounts to another root or OU, and \
                 remove all child OUs.",
            ));
        }
        org.units.remove(id);
        org.attachments.remove(id);
        org.tags.remove(id);
        Ok(Value::Null)
    }

    pub(crate) fn list_organizational_units_for_parent(&self, call: &Call) -> Reply {
        let org = self.organization(call)?;
        let parent = call.input.text("ParentId");
        if !org.has_parent(parent) {
            return Err(not_found("Parent"));
        }
        let units = org
            .units
            .iter()
            .filter(|(_, unit)| unit.parent == parent)
            .map(|(id, unit)| (id.clone(), org.unit_shape(id, unit)));
        page(call.request, "OrganizationalUnits", units, self.empty_pages)
    }

    pub(crate) fn list_children(&self, call: &Call) -> Reply {
        let org = self.organization(call)?;
        let parent = call.input.text("ParentId");
        if !org.has_parent(parent) {
            return Err(not_found("Parent"));
        }
        let kind = call.input.text("ChildType");
        let ids: Vec<&String> = if kind == "ACCOUNT" {
            let accounts = org.members.iter().filter(|(_, member)| member.parent == parent);
            accounts.map(|(id, _)| id).collect()
        } else {
            let units = org.units.iter().filter(|(_, unit)| unit.parent == parent);
            units.map(|(id, _)| id).collect()
        };
        let children = ids.into_iter().map(|id| (id.clone(), json!({ "Id": id, "Type": kind })));
        page(call.request, "Children", children, self.empty_pages)
    }

    pub(crate) fn list_parents(&self, call: &Call) -> Reply {
        let org = self.organization(call)?;
        let parent = org.parent_of(call.input.text("ChildId")).ok_or_else(|| not_found("Child"))?;
        let kind = if parent == org.root { "ROOT" } else { "ORGANIZATIONAL_UNIT" };
        let parents = [(parent.to_owned(), json!({ "Id": parent, "Type": kind }))];
        page(call.request, "Parents", parents, self.empty_pages)
    }
}
