//! Looks of the actions on EC2 instances: states and status checks.

use serde_json::{Value, json};

use super::Call;
use crate::ports::ApiError;

/// DescribeInstanceStatus takes no more ids than this.
const MOST_IDS: usize = 100;

/// An instance at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instance {
    /// E.g. `i-0123456789abcdef0`.
    pub(super) id: String,
    /// `pending`, `running`, `stopping`, `stopped`, `shutting-down` or `terminated`.
    pub(super) state: String,
}

/// The instances of these ids, in their order; those that EC2 does not show are left out.
pub(super) async fn look(call: &Call<'_>, ids: &[String]) -> Result<Vec<Instance>, ApiError> {
    let mut found = Vec::new();
    for ids in ids.chunks(MOST_IDS) {
        let answer = call.read("ec2", "DescribeInstances", json!({"InstanceIds": ids})).await?;
        let instances: Vec<Instance> = items(&answer, "Reservations")
            .flat_map(|reservation| items(reservation, "Instances"))
            .filter_map(instance)
            .collect();
        let known = |id: &String| instances.iter().find(|instance| instance.id == *id).cloned();
        found.extend(ids.iter().filter_map(known));
    }
    Ok(found)
}

/// Whether both status checks of every instance are passed.
pub(super) async fn healthy(call: &Call<'_>, ids: &[String]) -> Result<bool, ApiError> {
    for ids in ids.chunks(MOST_IDS) {
        let answer =
            call.read("ec2", "DescribeInstanceStatus", json!({"InstanceIds": ids})).await?;
        let passed = |status: &&Value| {
            ["InstanceStatus", "SystemStatus"].iter().all(|check| status[check]["Status"] == "ok")
        };
        if items(&answer, "InstanceStatuses").filter(passed).count() < ids.len() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether EC2 says that there is no such instance, or not yet.
pub(super) fn unknown(error: &ApiError) -> bool {
    error.code == "InvalidInstanceID.NotFound"
}

fn instance(instance: &Value) -> Option<Instance> {
    Some(Instance {
        id: instance["InstanceId"].as_str()?.to_owned(),
        state: instance["State"]["Name"].as_str()?.to_owned(),
    })
}

/// The items of a list in an answer; none if there is no such list.
pub(super) fn items<'a>(
    answer: &'a Value,
    name: &str,
) -> impl Iterator<Item = &'a Value> + use<'a> {
    answer[name].as_array().into_iter().flatten()
}
