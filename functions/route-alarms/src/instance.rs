//! What EC2 says of an instance, as far as a rule judges it.

use std::collections::HashMap;

use aws_sdk_ec2::types::{DeviceType, Instance, InstanceStateName, InstanceType};
use domain::id::{AccountId, Region};
use domain::remediation::InstanceFacts;
use lambda::{AwsError, AwsErrorKind};
use tokio::sync::Mutex;

use crate::{Deps, Error};

const GROUP: &str = "aws:autoscaling:groupName";

/// How many instance-store volumes a type of instance has. A fact of EC2's catalogue: kept as long
/// as the function lives.
#[derive(Debug, Default)]
pub(crate) struct Stores(Mutex<HashMap<InstanceType, u32>>);

/// The instances with what is known of them; those that do not exist any more are not among them.
pub(crate) async fn facts(
    deps: &Deps,
    account: AccountId,
    region: &Region,
    ids: &[&str],
) -> Result<HashMap<String, InstanceFacts>, Error> {
    let client = deps.everywhere.at(account, region).ec2;
    let ids_given = ids.iter().map(|id| (*id).to_owned()).collect();
    let answer = client.describe_instances().set_instance_ids(Some(ids_given)).send().await;
    let answer = match answer.map_err(AwsError::from) {
        Ok(answer) => answer,
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
    for instance in answer.reservations().iter().flat_map(|reservation| reservation.instances()) {
        let Some(id) = instance.instance_id() else { continue };
        // EC2 shows what was terminated for another hour.
        let state = instance.state().and_then(|state| state.name());
        if matches!(state, Some(InstanceStateName::ShuttingDown | InstanceStateName::Terminated)) {
            continue;
        }
        let volumes = match instance.instance_type() {
            Some(kind) => volumes(deps, &client, kind).await?,
            None => 0,
        };
        found.insert(id.to_owned(), read(instance, volumes));
    }
    Ok(found)
}

/// What DescribeInstances tells, and the number of instance-store volumes of its type.
fn read(instance: &Instance, volumes: u32) -> InstanceFacts {
    let group = instance.tags().iter().find(|tag| tag.key() == Some(GROUP));
    let instance_store_root = instance.root_device_type() == Some(&DeviceType::InstanceStore);
    let loose = instance.network_interfaces().iter().any(|interface| {
        // An Elastic IP is owned by an account, an address of the pool by `amazon`.
        let owner = interface.association().and_then(|association| association.ip_owner_id());
        owner == Some("amazon")
    });
    InstanceFacts {
        auto_scaling_group: group.and_then(|tag| tag.value()).map(str::to_owned),
        instance_store_root,
        instance_store_volumes: volumes.saturating_sub(u32::from(instance_store_root)),
        loose_public_address: loose,
    }
}

/// The instance-store volumes of a type. They give a warning and hold nothing back: where the
/// catalogue cannot be read for good, there is none.
async fn volumes(
    deps: &Deps,
    client: &aws_sdk_ec2::Client,
    kind: &InstanceType,
) -> Result<u32, Error> {
    let mut known = deps.stores.0.lock().await;
    if let Some(volumes) = known.get(kind) {
        return Ok(*volumes);
    }
    let answer = client.describe_instance_types().instance_types(kind.clone()).send().await;
    let answer = match answer.map_err(AwsError::from) {
        Ok(answer) => answer,
        Err(source)
            if matches!(source.kind, AwsErrorKind::Throttled | AwsErrorKind::Unavailable) =>
        {
            let what = format!("look up instance type {}", kind.as_str());
            return Err(Error::LookUp { what, source });
        }
        Err(error) => {
            tracing::warn!(kind = kind.as_str(), %error, "whether volumes are lost is not known");
            return Ok(0);
        }
    };
    let disks = answer
        .instance_types()
        .iter()
        .filter_map(|described| described.instance_storage_info())
        .flat_map(|storage| storage.disks())
        .filter_map(|disk| u32::try_from(disk.count()?).ok())
        .sum();
    known.insert(kind.clone(), disks);
    Ok(disks)
}
