//! What EC2 says of an instance, as far as a rule judges it.

use std::collections::HashMap;

use aws::AwsErrorKind;
use aws::ec2::Ec2;
use relay_core::id::{AccountId, Region};
use remediation::InstanceFacts;
use tokio::sync::Mutex;

use crate::{Deps, Error};

/// How many instance-store volumes a type of instance has. A fact of EC2's catalogue: kept as long
/// as the function lives.
#[derive(Debug, Default)]
pub(crate) struct Stores(Mutex<HashMap<String, u32>>);

/// The instances with what is known of them; those that do not exist any more are not among them.
pub(crate) async fn facts(
    deps: &Deps,
    account: AccountId,
    region: &Region,
    ids: &[&str],
) -> Result<HashMap<String, InstanceFacts>, Error> {
    let client = deps.everywhere.at(account, region).ec2;
    let wanted: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    let instances = match client.instances(&wanted).await {
        Ok(instances) => instances,
        Err(error) if error.kind == AwsErrorKind::NotFound && ids.len() == 1 => {
            return Ok(HashMap::new());
        }
        // One of them is gone: each by itself tells which.
        Err(error) if error.kind == AwsErrorKind::NotFound => {
            let mut found = HashMap::new();
            for id in ids {
                found.extend(Box::pin(facts(deps, account, region, &[id])).await?);
            }
            return Ok(found);
        }
        Err(source) => {
            let what = format!("describe {} in {account}/{region}", ids.join(", "));
            return Err(Error::LookUp { what, source });
        }
    };
    let mut found = HashMap::new();
    for instance in instances {
        // EC2 shows what was terminated for another hour.
        if ["shutting-down", "terminated"].contains(&instance.state.as_str()) {
            continue;
        }
        let volumes = volumes(deps, &client, &instance.kind).await?;
        let root = instance.instance_store_root;
        let facts = InstanceFacts {
            auto_scaling_group: instance.auto_scaling_group,
            instance_store_root: root,
            instance_store_volumes: volumes.saturating_sub(u32::from(root)),
            loose_public_address: instance.loose_public_address,
        };
        found.insert(instance.id, facts);
    }
    Ok(found)
}

/// The instance-store volumes of a type. They give a warning and hold nothing back: where the
/// catalogue cannot be read for good, there is none.
async fn volumes(deps: &Deps, client: &Ec2, kind: &str) -> Result<u32, Error> {
    let mut known = deps.stores.0.lock().await;
    if let Some(volumes) = known.get(kind) {
        return Ok(*volumes);
    }
    match client.instance_store_volumes(kind).await {
        Ok(volumes) => {
            known.insert(kind.to_owned(), volumes);
            Ok(volumes)
        }
        Err(source) if source.is_transient() => {
            Err(Error::LookUp { what: format!("look up instance type {kind}"), source })
        }
        Err(error) => {
            tracing::warn!(kind, %error, "whether volumes are lost is not known");
            Ok(0)
        }
    }
}
