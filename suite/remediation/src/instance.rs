//! Facts about an EC2 instance that decide whether a runbook may run on it.

use relay_core::problem::{Problem, ProblemCode};

use crate::{AutoScaling, InstanceStore, RemediationRule};

/// An instance as DescribeInstances and DescribeAutoScalingInstances show it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstanceFacts {
    /// Its name, for the outcome. It decides nothing.
    pub name: Option<String>,
    /// Its Auto Scaling group.
    pub auto_scaling_group: Option<String>,
    /// Its root lies on an instance store.
    pub instance_store_root: bool,
    /// How many more volumes of it do.
    pub instance_store_volumes: u32,
    /// It has a public address that is not an Elastic IP.
    pub loose_public_address: bool,
}

/// Whether a run may begin on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstanceVerdict {
    /// Go on, with a word about what may be lost.
    Run {
        /// Warnings about losses that the run may cause.
        warnings: Vec<Problem>,
        /// The group that the instance is taken out of first, and put back into afterwards.
        standby: Option<String>,
    },
    /// The rule does not allow it.
    Refused(Problem),
}

/// Whether a resource is an EC2 instance, by its id.
#[must_use]
pub fn is_instance(resource: &str) -> bool {
    resource.strip_prefix("i-").is_some_and(|tail| {
        matches!(tail.len(), 8 | 17) && tail.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

impl RemediationRule {
    /// Judges an instance by what the rule allows.
    #[must_use]
    pub fn judge(&self, instance: &str, facts: &InstanceFacts) -> InstanceVerdict {
        let selector = self.resource.clone().unwrap_or_default();
        let group = facts.auto_scaling_group.as_deref();
        let refused = |path: &str, what: String| {
            let place = self.place(path);
            InstanceVerdict::Refused(Problem::new(ProblemCode::ResourceRefused, place, what))
        };
        if let (Some(group), AutoScaling::Refuse) = (group, selector.auto_scaling) {
            let what = format!("{instance} belongs to the Auto Scaling group {group}");
            return refused("resource.autoScaling", what);
        }
        if facts.instance_store_root && selector.instance_store == InstanceStore::Refuse {
            let what = format!("the root of {instance} is an instance store");
            return refused("resource.instanceStore", what);
        }
        let mut warnings = Vec::new();
        let mut warn = |what: String| {
            let problem = Problem::new(ProblemCode::InstanceMayLose, instance, what);
            warnings.push(problem);
        };
        if facts.instance_store_volumes > 0 {
            let n = facts.instance_store_volumes;
            warn(format!("{n} instance-store volumes lose their data when it is stopped"));
        }
        if facts.loose_public_address {
            warn(
                "its public address is not an Elastic IP and changes when it is stopped".to_owned(),
            );
        }
        let standby = match selector.auto_scaling {
            AutoScaling::Standby => group.map(str::to_owned),
            AutoScaling::Refuse | AutoScaling::Allow => None,
        };
        InstanceVerdict::Run { warnings, standby }
    }
}
