//! Runs of associations: starts them when they are due, and lists them.

use api::paging::{PageScope, page_by_id};
use api::{AwsError, Request};
use engine::StartError;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::errors;
use super::model::{Association, Run};
use super::shapes::Standing;
use crate::api::Automation;
use crate::calendar;
use crate::errors::{invalid_next_token, validation};
use crate::executions::{paged, said};
use crate::records::Fact;
use crate::wire::epoch;

/// Items of a page, unless the caller asks for fewer.
const PAGE: usize = 50;

/// `DescribeAssociationExecutions`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Runs {
    association_id: Uuid,
    #[serde(default)]
    filters: Vec<RunFilter>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RunFilter {
    key: String,
    value: String,
    #[serde(rename = "Type")]
    operator: String,
}

/// `DescribeAssociationExecutionTargets`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Targets {
    association_id: Uuid,
    execution_id: Uuid,
    #[serde(default)]
    filters: Vec<TargetFilter>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TargetFilter {
    key: String,
    value: String,
}

impl Automation {
    /// Starts the runs that are due by `now`, each exactly once: its id is the execution's, so a
    /// start that was made but not stored finds the same execution again.
    pub async fn tick(&self, now: Timestamp) {
        // One at a time: two ticks would store the same run twice.
        let _turn = self.turn.lock().await;
        let due = self.records.read(|state| {
            let all = state.associations.values();
            let due = all.filter(|association| {
                !association.owed.is_empty() || association.next.is_some_and(|next| next <= now)
            });
            due.cloned().collect::<Vec<_>>()
        });
        for association in due {
            // An association that cannot be written is tried again with the next tick.
            let _ = self.run_due(association, now).await;
        }
    }

    async fn run_due(&self, mut association: Association, now: Timestamp) -> Result<(), AwsError> {
        let open = self.is_open(&association, now);
        if association.advance(now, open) {
            self.records.write(Fact::Association(Box::new(association.clone())))?;
        }
        if !open && !association.owed.is_empty() {
            association.owed.clear();
            self.records.write(Fact::Association(Box::new(association.clone())))?;
        }
        for (id, at) in association.owed.clone() {
            let started = self.engine.start(association.start(id)).await;
            let has_invalid_parameters = matches!(started, Err(StartError::InvalidParameters(_)));
            let run = Run {
                id,
                version: association.version(),
                at,
                has_invalid_parameters,
                started: started.map_err(|error| error.to_string()),
            };
            // It may have been changed or deleted while the run was started.
            let Some(mut present) =
                self.records.read(|state| state.associations.get(&association.id).cloned())
            else {
                return Ok(());
            };
            present.ran(run);
            self.records.write(Fact::Association(Box::new(present)))?;
        }
        Ok(())
    }

    fn is_open(&self, association: &Association, at: Timestamp) -> bool {
        let names = association.spec().calendar_names.unwrap_or_default();
        let calendars = self.calendars(&association.account, &association.region, &names);
        // A calendar that is gone does not suppress a run.
        calendars.map_or(true, |calendars| calendar::all_open(&calendars, at))
    }

    /// `DescribeAssociationExecutions`, newest first.
    pub(crate) fn association_runs(
        &self,
        request: &Request,
        input: &Runs,
    ) -> Result<Value, AwsError> {
        let association = self.association(request, input.association_id)?;
        let mut runs = Vec::new();
        for run in association.runs.iter().rev() {
            let standing = self.standing(&association, run);
            let passes = input.filters.iter().map(|filter| filter.passes(run, standing));
            if passes.collect::<Result<Vec<_>, _>>()?.into_iter().all(|passes| passes) {
                runs.push((run.id.to_string(), run));
            }
        }
        let (page, next) = page_by_id(
            runs,
            |(id, _)| id,
            &PageScope::new(request, &[&association.id.to_string(), &said(request, "Filters")]),
            input.next_token.as_deref(),
            input.max_results.unwrap_or(PAGE),
        )
        .map_err(|_| invalid_next_token())?;
        let items = page.iter().map(|(_, run)| self.run(&association, run)).collect();
        Ok(paged("AssociationExecutions", items, next))
    }

    /// `DescribeAssociationExecutionTargets`: an Automation run is one resource, the execution.
    pub(crate) fn association_targets(
        &self,
        request: &Request,
        input: &Targets,
    ) -> Result<Value, AwsError> {
        let association = self.association(request, input.association_id)?;
        let run = association.runs.iter().find(|run| run.id == input.execution_id);
        let run = run.ok_or_else(errors::no_run)?;
        if input.next_token.as_ref().is_some_and(|token| !token.is_empty()) {
            return Err(invalid_next_token());
        }
        let Ok(execution) = &run.started else {
            return Ok(paged("AssociationExecutionTargets", Vec::new(), None));
        };
        let Standing { status, detail } = self.standing(&association, run);
        let passes = input.filters.iter().all(|filter| match filter.key.as_str() {
            "Status" => filter.value == status,
            "ResourceId" => filter.value == *execution,
            _ => filter.value == "Automation",
        });
        let target = json!({
            "AssociationId": association.id,
            "AssociationVersion": run.version.to_string(),
            "ExecutionId": run.id,
            "ResourceId": execution,
            "ResourceType": "Automation",
            "Status": status,
            "DetailedStatus": detail,
            "LastExecutionDate": epoch(run.at),
            "OutputSource": {"OutputSourceId": execution, "OutputSourceType": "Automation"},
        });
        let items = if passes { vec![target] } else { Vec::new() };
        Ok(paged("AssociationExecutionTargets", items, None))
    }
}

impl RunFilter {
    fn passes(&self, run: &Run, standing: Standing) -> Result<bool, AwsError> {
        let order = match self.key.as_str() {
            "ExecutionId" => run.id.to_string().cmp(&self.value),
            "Status" => standing.status.cmp(self.value.as_str()),
            _ => {
                let time: Timestamp = self.value.parse().map_err(|_| {
                    validation(format!("CreatedTime is an ISO 8601 time, not {}.", self.value))
                })?;
                run.at.cmp(&time)
            }
        };
        Ok(match self.operator.as_str() {
            "LESS_THAN" => order.is_lt(),
            "GREATER_THAN" => order.is_gt(),
            _ => order.is_eq(),
        })
    }
}
