//! EC2's instances, and the tagging API's view of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::call::texts;
use crate::{Call, HUB, Place, Refusal, Reply, Served};

/// A type with one instance-store volume.
const TYPE: &str = "m5d.large";

#[derive(Debug, Clone)]
pub struct Instance {
    /// `running`, `stopped`, `terminated`, …
    pub state: &'static str,
    /// The Auto Scaling group that it is a member of.
    pub group: Option<&'static str>,
    /// Its root device is instance store.
    pub instance_store: bool,
    /// Its public address is of Amazon's pool and is lost with a stop.
    pub loose_address: bool,
    pub tags: BTreeMap<String, String>,
    /// The status of the instance's own check and of the system's: `ok`, `impaired`, …
    pub checks: [&'static str; 2],
}

impl Default for Instance {
    /// One that runs, passes both checks and loses nothing with a stop but its volume.
    fn default() -> Self {
        Self {
            state: "running",
            group: None,
            instance_store: false,
            loose_address: false,
            tags: BTreeMap::new(),
            checks: ["ok", "ok"],
        }
    }
}

impl Instance {
    fn described(&self, id: &str) -> String {
        let group = self.group.map(|group| ("aws:autoscaling:groupName", group));
        let tags = self.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).chain(group);
        let tags: String = tags
            .map(|(key, value)| format!("<item><key>{key}</key><value>{value}</value></item>"))
            .collect();
        let root = if self.instance_store { "instance-store" } else { "ebs" };
        let owner = if self.loose_address { "amazon" } else { HUB };
        let state = self.state;
        format!(
            "<item><instanceId>{id}</instanceId><instanceType>{TYPE}</instanceType>\
             <instanceState><name>{state}</name></instanceState>\
             <rootDeviceType>{root}</rootDeviceType><tagSet>{tags}</tagSet>\
             <networkInterfaceSet><item><association><ipOwnerId>{owner}</ipOwnerId></association>\
             </item></networkInterfaceSet></item>"
        )
    }

    fn status(&self, id: &str) -> String {
        let [instance, system] = self.checks;
        format!(
            "<item><instanceId>{id}</instanceId>\
             <instanceStatus><status>{instance}</status></instanceStatus>\
             <systemStatus><status>{system}</status></systemStatus></item>"
        )
    }
}

pub(crate) fn serve(place: &Place, call: &Call) -> Served {
    match call.operation.as_str() {
        "DescribeInstances" => {
            let instances = found(place, call)?;
            let items: String = instances.iter().map(|(id, one)| one.described(id)).collect();
            Ok(Reply::Xml(format!(
                "<reservationSet><item><instancesSet>{items}</instancesSet></item></reservationSet>"
            )))
        }
        "DescribeInstanceStatus" => {
            // Only instances that run are in the answer.
            let instances =
                found(place, call)?.into_iter().filter(|(_, one)| one.state == "running");
            let items: String = instances.map(|(id, one)| one.status(id)).collect();
            Ok(Reply::Xml(format!("<instanceStatusSet>{items}</instanceStatusSet>")))
        }
        "DescribeInstanceTypes" => Ok(Reply::Xml(format!(
            "<instanceTypeSet><item><instanceType>{TYPE}</instanceType><instanceStorageInfo>\
             <disks><item><count>1</count></item></disks></instanceStorageInfo></item>\
             </instanceTypeSet>"
        ))),
        "GetResources" => Ok(Reply::Data(resources(place, call))),
        _ => call.unknown(),
    }
}

/// The instances that a call names, in their order.
fn found<'a>(place: &'a Place, call: &Call) -> Result<Vec<(&'a String, &'a Instance)>, Refusal> {
    let ids = (1..).map_while(|n| call.body[format!("InstanceId.{n}")].as_str());
    ids.map(|id| {
        let what = format!("The instance ID '{id}' does not exist");
        let missing = || Refusal::new("InvalidInstanceID.NotFound", &what);
        place.instances.get_key_value(id).ok_or_else(missing)
    })
    .collect()
}

fn resources(place: &Place, call: &Call) -> Value {
    assert_eq!(call.texts("ResourceTypeFilters"), ["ec2:instance"]);
    let filters = call.body["TagFilters"].as_array().unwrap();
    let tagged = |instance: &&Instance| {
        filters.iter().all(|filter| {
            let value = instance.tags.get(filter["Key"].as_str().unwrap());
            value.is_some_and(|value| texts(&filter["Values"]).contains(value))
        })
    };
    let found = place.instances.iter().filter(|(_, instance)| tagged(instance));
    let mapping = |(id, _)| {
        let arn = format!("arn:aws:ec2:{}:{}:instance/{id}", call.region, call.account);
        json!({ "ResourceARN": arn })
    };
    json!({ "ResourceTagMappingList": found.map(mapping).collect::<Vec<_>>() })
}
