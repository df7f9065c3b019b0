//! An association as it is stored: its versions, the runs that are due and those it has made.

use std::collections::BTreeMap;

use engine::ports::Actor;
use engine::{AlarmConfiguration, StartRequest, Target, TargetLocation};
use jiff::Timestamp;
use relay_core::id::Partition;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::schedule::Schedule;

/// How many runs are remembered.
const RUNS: usize = 200;

/// The input that `CreateAssociation` and `UpdateAssociation` share, under AWS's names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Spec {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) instance_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) document_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parameters: Option<BTreeMap<String, Vec<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) targets: Option<Vec<Target>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schedule_expression: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) output_location: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) association_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) automation_target_parameter_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_errors: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_concurrency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) compliance_severity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sync_compliance: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) apply_only_at_cron_interval: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) calendar_names: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target_locations: Option<Vec<TargetLocation>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schedule_offset: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target_maps: Option<Vec<BTreeMap<String, Vec<String>>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) alarm_configuration: Option<AlarmConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) association_dispatch_assume_role: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Association {
    pub(crate) id: Uuid,
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    /// By number, from 1; the last is in force.
    pub(crate) versions: BTreeMap<u32, (Timestamp, Spec)>,
    /// When it runs next by its schedule.
    pub(crate) next: Option<Timestamp>,
    /// Runs that are due and not started yet: their ids, and since when.
    pub(crate) owed: Vec<(Uuid, Timestamp)>,
    /// Its runs, the oldest first.
    pub(crate) runs: Vec<Run>,
}

/// One run of an association.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) id: Uuid,
    pub(crate) version: u32,
    pub(crate) at: Timestamp,
    /// The execution, or the error that it was refused with.
    pub(crate) started: Result<String, String>,
    /// It was refused because of its parameters.
    #[serde(default)]
    pub(crate) has_invalid_parameters: bool,
}

impl Association {
    /// A new association with its first version.
    pub(crate) fn new(
        id: Uuid,
        account: &str,
        region: &str,
        spec: Spec,
        run: Uuid,
        now: Timestamp,
    ) -> Self {
        let mut association = Self {
            id,
            account: account.to_owned(),
            region: region.to_owned(),
            created: now,
            updated: now,
            versions: BTreeMap::new(),
            next: None,
            owed: Vec::new(),
            runs: Vec::new(),
        };
        association.put(spec, run, now);
        association
    }

    /// The number of the version in force.
    pub(crate) fn version(&self) -> u32 {
        self.versions.keys().next_back().copied().unwrap_or(1)
    }

    /// The version in force.
    pub(crate) fn spec(&self) -> Spec {
        self.versions.values().next_back().map(|(_, spec)| spec.clone()).unwrap_or_default()
    }

    /// Adds a version, which is in force from now on: it runs at once, unless it waits for its
    /// schedule.
    pub(crate) fn put(&mut self, spec: Spec, run: Uuid, now: Timestamp) {
        let schedule = schedule(&spec);
        let waits = spec.apply_only_at_cron_interval == Some(true) && schedule.is_some();
        let once = matches!(schedule, Some(Schedule::At(_)));
        self.next = schedule.and_then(|schedule| schedule.next_after(now, now));
        self.owed.clear();
        if !waits && !once {
            self.owed.push((run, now));
        }
        self.versions.insert(self.versions.len().try_into().unwrap_or(u32::MAX) + 1, (now, spec));
        self.updated = now;
    }

    /// Makes the run due whose time has come. Returns whether there is one: a single run, however
    /// many scheduled times have passed.
    pub(crate) fn advance(&mut self, now: Timestamp, open: bool) -> bool {
        let Some(due) = self.next.filter(|next| *next <= now) else { return false };
        let since = self.versions.values().next_back().map_or(self.created, |(since, _)| *since);
        self.next = schedule(&self.spec()).and_then(|schedule| schedule.next_after(since, now));
        // With a closed calendar the time passes without a run.
        if open {
            let id = Uuid::new_v5(&self.id, due.to_string().as_bytes());
            self.owed.push((id, due));
        }
        true
    }

    /// Stores the result of a run that was due.
    pub(crate) fn ran(&mut self, run: Run) {
        self.owed.retain(|(id, _)| *id != run.id);
        self.runs.push(run);
        let surplus = self.runs.len().saturating_sub(RUNS);
        self.runs.drain(..surplus);
    }

    /// The request that starts a run, with State Manager as its caller, under the role that the
    /// document assumes.
    pub(crate) fn start(&self, run: Uuid) -> StartRequest {
        let partition = Partition::of_region(&self.region);
        let actor = Actor::Caller {
            principal_arn: format!(
                "arn:{partition}:sts::{}:assumed-role/AWSServiceRoleForAmazonSSM/StateManagerService",
                self.account
            ),
            // A session of the service itself: nothing is signed with it here.
            access_key_id: String::new(),
        };
        let spec = self.spec();
        StartRequest {
            document_version: spec.document_version,
            parameters: spec.parameters.unwrap_or_default(),
            client_token: Some(run.to_string()),
            target_parameter_name: spec.automation_target_parameter_name,
            targets: spec.targets.unwrap_or_default(),
            target_maps: spec.target_maps.unwrap_or_default(),
            max_concurrency: spec.max_concurrency,
            max_errors: spec.max_errors,
            target_locations: spec.target_locations.unwrap_or_default(),
            alarms: spec.alarm_configuration,
            association_id: Some(self.id.to_string()),
            ..StartRequest::new(&self.account, &self.region, actor, run, &spec.name)
        }
    }
}

/// The schedule of a specification that was checked before it was stored.
fn schedule(spec: &Spec) -> Option<Schedule> {
    Schedule::parse(spec.schedule_expression.as_deref()?, spec.schedule_offset)
}
