//! The content of a local AWS that is ready: an organization with the demo's skeleton of OUs, and
//! the policies one names.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::OrganizationFeatureSet;

/// The organization of a local AWS.
#[derive(Clone, Debug)]
pub struct Seeded {
    /// `o-…`
    pub organization: String,
    /// `r-…`
    pub root: String,
    /// OU ids by path, e.g. `/Workloads/Prod`.
    pub units: BTreeMap<String, String>,
}

/// The OUs of the skeleton, three levels deep.
pub const UNITS: [&str; 7] = [
    "/Security",
    "/Infrastructure",
    "/Workloads",
    "/Workloads/Prod",
    "/Workloads/Prod/Payments",
    "/Workloads/Test",
    "/Sandbox",
];

/// Makes the hub's organization, all features, with [`UNITS`] and no account but the hub. One that is there already, from an
/// earlier start with the same state, is used as it is, and the units that it lacks are made.
///
/// # Errors
/// When Organizations refuses.
pub async fn organization(hub: &SdkConfig) -> Result<Seeded> {
    let client = Client::new(hub);
    let made = client.create_organization().feature_set(OrganizationFeatureSet::All).send().await;
    let organization = match made.map_err(aws_sdk_organizations::Error::from) {
        Ok(made) => made.organization,
        Err(aws_sdk_organizations::Error::AlreadyInOrganizationException(_)) => {
            client.describe_organization().send().await?.organization
        }
        Err(error) => return Err(error.into()),
    };
    let organization = organization.and_then(|o| o.id).context("an organization has an id")?;
    let roots = client.list_roots().send().await?;
    let root = roots.roots().first().and_then(|root| root.id()).context("there is one root")?;
    let mut units = BTreeMap::new();
    for path in UNITS {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let parent = units.get(parent).map_or(root, String::as_str);
        let list = client.list_organizational_units_for_parent().parent_id(parent);
        let there = list.send().await?;
        let known = there.organizational_units().iter().find(|unit| unit.name() == Some(name));
        if let Some(id) = known.and_then(|unit| unit.id()) {
            units.insert(path.to_owned(), id.to_owned());
            continue;
        }
        let made = client.create_organizational_unit().parent_id(parent).name(name).send().await?;
        let id = made.organizational_unit.and_then(|unit| unit.id).context("an OU has an id")?;
        units.insert(path.to_owned(), id);
    }
    Ok(Seeded { organization, root: root.to_owned(), units })
}
