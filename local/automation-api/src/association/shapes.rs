//! Associations and their runs as the API shows them.

use engine::Status;
use serde_json::{Map, Value, json};

use super::model::{Association, Run};
use crate::api::Automation;
use crate::wire::{Members, epoch, plain};

/// The result of a run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) status: &'static str,
    pub(crate) detail: &'static str,
}

impl Automation {
    /// The status of a run: that of its execution, or failed if the start was refused.
    pub(crate) fn standing(&self, association: &Association, run: &Run) -> Standing {
        let found =
            run.started.as_ref().ok().and_then(|id| {
                self.engine.execution(&association.account, &association.region, id)
            });
        let Some(view) = found else {
            // As in https://github.com/CrowdStrike/aws-ssm-distributor/issues/57.
            let detail =
                if run.has_invalid_parameters { "InvalidAutomationParameters" } else { "Failed" };
            return Standing { status: "Failed", detail };
        };
        let status = match view.status {
            Status::Success => "Success",
            Status::Pending => "Pending",
            Status::InProgress | Status::Waiting | Status::Cancelling => "InProgress",
            Status::Failed | Status::TimedOut | Status::Cancelled => "Failed",
        };
        Standing { status, detail: view.status.name() }
    }

    /// `AssociationDescription`.
    pub(crate) fn described(&self, association: &Association, version: u32) -> Value {
        let spec = association.versions.get(&version).map(|(_, spec)| plain(spec));
        let mut members = match spec {
            Some(Value::Object(members)) => members,
            _ => Map::new(),
        };
        members.insert("AssociationId".into(), json!(association.id));
        members.insert("AssociationVersion".into(), json!(version.to_string()));
        members.insert("Date".into(), epoch(association.created));
        members.insert("LastUpdateAssociationDate".into(), epoch(association.updated));
        members.insert("Overview".into(), self.overview(association));
        if let Some(run) = association.runs.last() {
            members.insert("LastExecutionDate".into(), epoch(run.at));
        }
        let mut newest = association.runs.iter().rev();
        if let Some(run) = newest.find(|run| self.standing(association, run).status == "Success") {
            members.insert("LastSuccessfulExecutionDate".into(), epoch(run.at));
        }
        default_version(&mut members);
        Value::Object(members)
    }

    /// An item of `ListAssociations`.
    pub(crate) fn listed(&self, association: &Association) -> Value {
        let spec = association.spec();
        Members::default()
            .with("Name", spec.name)
            .with("AssociationId", association.id.to_string())
            .with("AssociationVersion", association.version().to_string())
            .with("DocumentVersion", spec.document_version.unwrap_or_else(|| "$DEFAULT".into()))
            .maybe("Targets", spec.targets.as_ref().map(plain))
            .maybe("LastExecutionDate", association.runs.last().map(|run| epoch(run.at)))
            .with("Overview", self.overview(association))
            .maybe("ScheduleExpression", spec.schedule_expression)
            .maybe("AssociationName", spec.association_name)
            .maybe("ScheduleOffset", spec.schedule_offset)
            .maybe("Duration", spec.duration)
            .maybe("TargetMaps", spec.target_maps.as_ref().map(plain))
            .done()
    }

    /// An item of `DescribeAssociationExecutions`.
    pub(crate) fn run(&self, association: &Association, run: &Run) -> Value {
        let Standing { status, detail } = self.standing(association, run);
        json!({
            "AssociationId": association.id,
            "AssociationVersion": run.version.to_string(),
            "ExecutionId": run.id,
            "Status": status,
            "DetailedStatus": detail,
            "CreatedTime": epoch(run.at),
            "LastExecutionDate": epoch(run.at),
            "ResourceCountByStatus": format!("{{{detail}=1}}"),
        })
    }

    pub(crate) fn status(&self, association: &Association) -> &'static str {
        match association.runs.last() {
            Some(run) => self.standing(association, run).status,
            None => "Pending",
        }
    }

    fn overview(&self, association: &Association) -> Value {
        let Some(run) = association.runs.last() else {
            return json!({"Status": "Pending", "DetailedStatus": "Creating"});
        };
        let Standing { status, detail } = self.standing(association, run);
        json!({
            "Status": status,
            "DetailedStatus": detail,
            "AssociationStatusAggregatedCount": {detail: 1},
        })
    }
}

/// An item of `ListAssociationVersions`.
pub(crate) fn version(association: &Association, number: u32) -> Value {
    let Some((created, spec)) = association.versions.get(&number) else { return Value::Null };
    let mut members = match plain(spec) {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    // Not in the model's AssociationVersionInfo.
    for absent in ["AutomationTargetParameterName", "AlarmConfiguration", "InstanceId"] {
        members.remove(absent);
    }
    members.insert("AssociationId".into(), json!(association.id));
    members.insert("AssociationVersion".into(), json!(number.to_string()));
    members.insert("CreatedDate".into(), epoch(*created));
    default_version(&mut members);
    Value::Object(members)
}

fn default_version(members: &mut Map<String, Value>) {
    members.entry("DocumentVersion").or_insert_with(|| json!("$DEFAULT"));
}
