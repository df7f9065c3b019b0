//! One organization: its tree, its members and what hangs on them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::accounts::{Creation, Member};
use crate::ids::arn;
use crate::input::Tags;
use crate::policies::{Policy, kinds};

/// An organization with its one root.
#[derive(Debug)]
pub(crate) struct Organization {
    pub(crate) id: String,
    pub(crate) management: String,
    pub(crate) root: String,
    pub(crate) all_features: bool,
    pub(crate) units: BTreeMap<String, Unit>,
    pub(crate) members: BTreeMap<String, Member>,
    pub(crate) creations: BTreeMap<String, Creation>,
    pub(crate) policies: BTreeMap<String, Policy>,
    /// Policy ids by the root, OU or account they are attached to.
    pub(crate) attachments: BTreeMap<String, BTreeSet<String>>,
    /// The names of the policy types enabled in the root.
    pub(crate) enabled_types: BTreeSet<&'static str>,
    /// When a management policy or its attachments last changed.
    pub(crate) policies_changed: Timestamp,
    /// Trusted services, and since when.
    pub(crate) services: BTreeMap<String, Timestamp>,
    /// Delegated administrators: (account, service), and since when.
    pub(crate) delegates: BTreeMap<(String, String), Timestamp>,
    pub(crate) resource_policy: Option<ResourcePolicy>,
    pub(crate) tags: BTreeMap<String, Tags>,
    /// When accounts were closed: AWS limits how many in 30 days.
    pub(crate) closures: Vec<Timestamp>,
}

#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) name: String,
    pub(crate) parent: String,
}

/// The organization's resource policy.
#[derive(Debug)]
pub(crate) struct ResourcePolicy {
    pub(crate) id: String,
    pub(crate) content: String,
}

impl Organization {
    /// An empty organization; the management account joins it separately.
    pub(crate) fn new(origin: Uuid, management: &str, all_features: bool, now: Timestamp) -> Self {
        let mut organization = Self {
            id: crate::ids::organization(origin),
            management: management.to_owned(),
            root: crate::ids::root(Uuid::new_v5(&origin, b"root")),
            all_features,
            units: BTreeMap::new(),
            members: BTreeMap::new(),
            creations: BTreeMap::new(),
            policies: BTreeMap::new(),
            attachments: BTreeMap::new(),
            enabled_types: BTreeSet::new(),
            policies_changed: now,
            services: BTreeMap::new(),
            delegates: BTreeMap::new(),
            resource_policy: None,
            tags: BTreeMap::new(),
            closures: Vec::new(),
        };
        if all_features && let Some(scp) = kinds::find("SERVICE_CONTROL_POLICY") {
            organization.enable_type(scp);
        }
        organization
    }

    /// The ARN of a resource of this organization.
    pub(crate) fn arn(&self, kind: &str, id: &str) -> String {
        arn(&self.management, &format!("{kind}/{}/{id}", self.id))
    }

    /// The organization's own ARN.
    pub(crate) fn own_arn(&self) -> String {
        arn(&self.management, &format!("organization/{}", self.id))
    }

    /// Whether a root or OU of that id exists.
    pub(crate) fn has_parent(&self, id: &str) -> bool {
        id == self.root || self.units.contains_key(id)
    }

    /// The parent of an OU or account.
    pub(crate) fn parent_of(&self, child: &str) -> Option<&str> {
        let unit = self.units.get(child).map(|unit| unit.parent.as_str());
        unit.or_else(|| self.members.get(child).map(|member| member.parent.as_str()))
    }

    /// The root, OU or account itself and everything above it, the root first.
    pub(crate) fn lineage<'a>(&'a self, id: &'a str) -> Vec<&'a str> {
        let mut line = vec![id];
        while let Some(parent) = line.last().and_then(|last| self.parent_of(last)) {
            line.push(parent);
        }
        line.reverse();
        line
    }

    /// How many OUs lie between the root and this one, itself included; 0 for the root.
    pub(crate) fn depth(&self, id: &str) -> usize {
        self.lineage(id).len().saturating_sub(1)
    }

    /// `o-…/r-…/ou-…/` for a root or OU, with the account's id at the end for an account.
    pub(crate) fn path(&self, id: &str) -> String {
        format!("{}/{}/", self.id, self.lineage(id).join("/"))
    }

    /// The kind of a root, OU or account of this organization, as ARNs name it, e.g. `ou`.
    pub(crate) fn node_kind(&self, id: &str) -> Option<&'static str> {
        if id == self.root {
            Some("root")
        } else if self.units.contains_key(id) {
            Some("ou")
        } else if self.members.contains_key(id) {
            Some("account")
        } else {
            None
        }
    }

    /// Every root, OU and account.
    pub(crate) fn nodes(&self) -> Vec<String> {
        let below = self.units.keys().chain(self.members.keys()).cloned();
        std::iter::once(self.root.clone()).chain(below).collect()
    }

    /// Whether an account administers any service for the organization.
    pub(crate) fn is_delegate(&self, account: &str) -> bool {
        self.delegates.keys().any(|(delegate, _)| delegate == account)
    }

    /// The model's `Root`.
    pub(crate) fn root_shape(&self) -> Value {
        let types: Vec<Value> = self
            .enabled_types
            .iter()
            .map(|name| json!({ "Type": name, "Status": "ENABLED" }))
            .collect();
        json!({
            "Id": self.root,
            "Arn": self.arn("root", &self.root),
            "Name": "Root",
            "PolicyTypes": types,
        })
    }

    /// The model's `Organization`.
    pub(crate) fn shape(&self, management_email: &str) -> Value {
        let available = if self.all_features {
            json!([{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }])
        } else {
            json!([])
        };
        json!({
            "Id": self.id,
            "Arn": self.own_arn(),
            "FeatureSet": if self.all_features { "ALL" } else { "CONSOLIDATED_BILLING" },
            "MasterAccountArn": self.arn("account", &self.management),
            "MasterAccountId": self.management,
            "MasterAccountEmail": management_email,
            "AvailablePolicyTypes": available,
        })
    }
}
