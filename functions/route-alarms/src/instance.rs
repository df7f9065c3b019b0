//! EC2 instances among the resources: what EC2 says of them, and whether the rule may be run on them.

use std::collections::{BTreeMap, HashMap};

use aws::ec2::{Ec2, Instance};
use aws::{AwsError, AwsErrorKind};
use relay_core::problem::{Problem, ProblemCode};
use remediation::{InstanceFacts, InstanceVerdict, RemediationRule, Subject, is_instance};
use tokio::sync::Mutex;

use crate::{Deps, Error};

/// How many instance-store volumes a type of instance has. A fact of EC2's catalogue: kept as long
/// as the function lives.
#[derive(Debug, Default)]
pub(crate) struct InstanceTypes(Mutex<HashMap<String, u32>>);

/// The warnings and the standby that the assessment of instances adds to a run.
#[derive(Debug, Default)]
pub(crate) struct InstanceAssessment {
    /// Warnings about losses that the run may cause.
    pub(crate) warnings: Vec<Problem>,
    /// The group that the instance is taken out of during the run.
    pub(crate) standby: Option<String>,
    /// The names of the instances that have one.
    pub(crate) names: BTreeMap<String, String>,
}

/// Whether the rule may be run on the instances among the resources.
pub(crate) async fn assess(
    deps: &Deps,
    rule: &RemediationRule,
    subject: &Subject,
    assessment: &mut InstanceAssessment,
) -> Result<Result<(), Problem>, Error> {
    let resources = subject.resources.iter().map(String::as_str);
    let ids: Vec<&str> = resources.filter(|resource| is_instance(resource)).collect();
    if ids.is_empty() {
        return Ok(Ok(()));
    }
    let facts = facts(deps, subject, &ids).await?;
    for id in ids {
        let Some(facts) = facts.get(id) else {
            let what =
                format!("instance {id} does not exist in {}/{}", subject.account, subject.region);
            let place = rule.place("resource");
            return Ok(Err(Problem::new(ProblemCode::ResourceUnknown, place, what)));
        };
        if let Some(name) = &facts.name {
            assessment.names.insert(id.to_owned(), name.clone());
        }
        match rule.judge(id, facts) {
            InstanceVerdict::Refused(problem) => return Ok(Err(problem)),
            InstanceVerdict::Run { warnings, standby } => {
                assessment.warnings.extend(warnings);
                if assessment.standby.is_some() && assessment.standby != standby {
                    let what = "the instances belong to several Auto Scaling groups".to_owned();
                    let place = rule.place("resource.autoScaling");
                    return Ok(Err(Problem::new(ProblemCode::ResourceRefused, place, what)));
                }
                assessment.standby = standby;
            }
        }
    }
    Ok(Ok(()))
}

/// The facts about the instances; those that do not exist any more are not among them.
async fn facts(
    deps: &Deps,
    subject: &Subject,
    ids: &[&str],
) -> Result<HashMap<String, InstanceFacts>, Error> {
    let (account, region) = (subject.account, &subject.region);
    let client = deps.clients.at(account, region).ec2;
    let call = {
        let client = client.clone();
        move |ids| described(client.clone(), ids)
    };
    let answers = deps.instances.ask((account, region.clone()), ids, call).await;
    let mut found = HashMap::new();
    for id in ids {
        let instance = match answers.get(*id) {
            None => continue,
            Some(Ok(instance)) => instance,
            Some(Err(error)) if error.kind == AwsErrorKind::NotFound => continue,
            Some(Err(error)) => {
                let what = format!("describe {id} in {account}/{region}");
                return Err(Error::LookUp { what, source: error.clone() });
            }
        };
        // EC2 shows what was terminated for another hour.
        if ["shutting-down", "terminated"].contains(&instance.state.as_str()) {
            continue;
        }
        let volumes = deps.instance_types.volumes(&client, &instance.kind).await?;
        let root = instance.instance_store_root;
        let facts = InstanceFacts {
            name: instance.name.clone(),
            auto_scaling_group: instance.auto_scaling_group.clone(),
            instance_store_root: root,
            instance_store_volumes: volumes.saturating_sub(u32::from(root)),
            loose_public_address: instance.loose_public_address,
        };
        found.insert((*id).to_owned(), facts);
    }
    Ok(found)
}

async fn described(client: Ec2, ids: Vec<String>) -> Result<HashMap<String, Instance>, AwsError> {
    let instances = client.instances(&ids).await?;
    Ok(instances.into_iter().map(|instance| (instance.id.clone(), instance)).collect())
}

impl InstanceTypes {
    /// The instance-store volumes of a type. They give a warning and suppress nothing: where the
    /// catalogue cannot be read for good, there is none.
    async fn volumes(&self, client: &Ec2, kind: &str) -> Result<u32, Error> {
        let mut known = self.0.lock().await;
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
}
