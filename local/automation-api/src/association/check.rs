//! The checks of an association before it is stored.

use api::AwsError;
use engine::ports::DocumentError;
use jiff::Timestamp;
use uuid::Uuid;

use super::errors;
use super::model::{Association, Spec};
use super::schedule::Schedule;
use crate::api::Automation;

impl Automation {
    /// Checks an association as State Manager does; parameters are checked against the document as
    /// they will be when the association runs.
    pub(crate) fn check_spec(
        &self,
        account: &str,
        region: &str,
        spec: &Spec,
        now: Timestamp,
    ) -> Result<(), AwsError> {
        if let Some(id) = &spec.instance_id {
            return Err(errors::invalid_instance_id(id));
        }
        let version = spec.document_version.as_deref();
        let found = self.documents.find(account, region, &spec.name, version);
        let document = found.map_err(|error| match error {
            DocumentError::NotFound => errors::invalid_document(&spec.name),
            DocumentError::VersionNotFound => {
                errors::invalid_document_version(version.unwrap_or_default())
            }
        })?;
        if document.document_type != "Automation" {
            return Err(errors::not_automation(&spec.name));
        }
        check_schedule(spec)?;
        check_targets(spec)?;
        for name in spec.calendar_names.iter().flatten() {
            self.calendars(account, region, std::slice::from_ref(name)).map_err(
                |error| match error.code.as_str() {
                    "InvalidDocument" => errors::invalid_document(name),
                    _ => errors::invalid_document_type(name),
                },
            )?;
        }
        self.check_start(account, region, spec, now)
    }

    /// State Manager runs automations only under a role.
    fn check_start(
        &self,
        account: &str,
        region: &str,
        spec: &Spec,
        now: Timestamp,
    ) -> Result<(), AwsError> {
        let trial = Association::new(Uuid::nil(), account, region, spec.clone(), Uuid::nil(), now);
        match self.engine.assume_role(&trial.start(Uuid::nil())) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(errors::invalid_parameters(
                "An association of an Automation document needs the parameter \
                 AutomationAssumeRole with the ARN of a role.",
            )),
            Err(error @ engine::StartError::InvalidTarget(_)) => {
                Err(errors::invalid_target(error.to_string()))
            }
            Err(error) => Err(errors::invalid_parameters(error.to_string())),
        }
    }
}

fn check_schedule(spec: &Spec) -> Result<(), AwsError> {
    let Some(text) = &spec.schedule_expression else {
        return match spec.schedule_offset {
            None => Ok(()),
            Some(_) => Err(errors::invalid_schedule("ScheduleOffset needs a ScheduleExpression.")),
        };
    };
    let schedule = Schedule::parse(text, spec.schedule_offset).ok_or_else(|| {
        errors::invalid_schedule(format!("The schedule expression {text} is not valid."))
    })?;
    if spec.apply_only_at_cron_interval == Some(true) && schedule.is_rate() {
        let message = "ApplyOnlyAtCronInterval is not supported for rate expressions.";
        return Err(errors::invalid_schedule(message));
    }
    Ok(())
}

fn check_targets(spec: &Spec) -> Result<(), AwsError> {
    let targets = spec.targets.as_ref().is_some_and(|targets| !targets.is_empty());
    let maps = spec.target_maps.as_ref().is_some_and(|maps| !maps.is_empty());
    if targets && maps {
        return Err(errors::invalid_target_maps(
            "Targets and TargetMaps can't be used in the same request.",
        ));
    }
    if targets && spec.automation_target_parameter_name.is_none() {
        return Err(errors::invalid_target(
            "AutomationTargetParameterName is required with Targets.",
        ));
    }
    Ok(())
}
