//! StartAutomationExecution, once per token, however SSM answers a repeat.

use aws::AwsError;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::error::BuildError;
use aws_sdk_ssm::types::{
    Alarm, AlarmConfiguration, AutomationExecutionFilter, AutomationExecutionFilterKey,
    ExecutionMode, ResourceTypeForTagging, Tag, Target, TargetLocation,
};
use jiff::Timestamp;
use relay_core::id::{AutomationId, InstallationId, TOKEN_TAG};
use run::StartAutomation;

use crate::Error;

/// Starts a run, or finds the run that an earlier start with the same token began.
pub(crate) async fn start(
    client: &Client,
    start: &StartAutomation,
    installation: &InstallationId,
    since: Timestamp,
) -> Result<AutomationId, Error> {
    let runbook = &start.document_name;
    let failed = |source: AwsError| Error::Start { runbook: runbook.clone(), source };
    let odd = |error: BuildError| failed(AwsError::invalid_request(&error));
    let text = |text: &str| Some(text.to_owned());
    let mut call = client
        .start_automation_execution()
        .document_name(runbook)
        .set_document_version(start.document_version.clone())
        .client_token(start.client_token.to_string())
        .mode(ExecutionMode::from(start.mode.as_str()))
        .set_target_parameter_name(start.target_parameter_name.clone())
        .set_max_concurrency(start.max_concurrency.clone())
        .set_max_errors(start.max_errors.clone());
    for (name, values) in &start.parameters {
        call = call.parameters(name, values.clone());
    }
    for target in &start.targets {
        let values = Some(target.values.clone());
        call =
            call.targets(Target::builder().set_key(text(&target.key)).set_values(values).build());
    }
    for location in &start.target_locations {
        call = call.target_locations(location_of(location).map_err(odd)?);
    }
    if let Some(alarms) = &start.alarm_configuration {
        call = call.alarm_configuration(alarms_of(alarms).map_err(odd)?);
    }
    for tag in &start.tags {
        call = call.tags(Tag::builder().key(&tag.key).value(&tag.value).build().map_err(odd)?);
    }
    let answer = match call.send().await.map_err(AwsError::from) {
        Ok(answer) => {
            let id = answer.automation_execution_id.unwrap_or_default();
            match id.parse() {
                Ok(id) => return Ok(id),
                Err(_) => format!("SSM answered with {id:?} as its id"),
            }
        }
        // The token was used before. Whether SSM then repeats its answer or refuses is not documented.
        Err(error) if error.is("IdempotentParameterMismatch") => format!("SSM answered {error}"),
        Err(error) => return Err(failed(error)),
    };
    let source = match find(client, start, installation, since).await {
        Ok(Some(id)) => return Ok(id),
        Ok(None) => None,
        Err(error) => Some(error),
    };
    let tag = format!("{TOKEN_TAG}={}", installation.token_tag(start.client_token));
    Err(Error::Lost { runbook: runbook.clone(), answer, tag, source })
}

/// The run with the token among its tags. SSM filters runs by the key of a tag only, so the tags of the
/// candidates are read: runs of this runbook since the machine's execution began.
async fn find(
    client: &Client,
    start: &StartAutomation,
    installation: &InstallationId,
    since: Timestamp,
) -> Result<Option<AutomationId>, AwsError> {
    let name = start.document_name.rsplit('/').next().unwrap_or_default();
    let began = since.to_string();
    let filters = [
        (AutomationExecutionFilterKey::DocumentNamePrefix, name),
        (AutomationExecutionFilterKey::TagKey, TOKEN_TAG),
        (AutomationExecutionFilterKey::StartTimeAfter, began.as_str()),
    ];
    let mut describe = client.describe_automation_executions();
    for (key, value) in filters {
        let filter = AutomationExecutionFilter::builder().key(key).values(value).build();
        describe = describe.filters(filter.map_err(|error| AwsError::invalid_request(&error))?);
    }
    let mut pages = describe.into_paginator().send();
    let token = installation.token_tag(start.client_token);
    while let Some(page) = pages.next().await {
        for execution in page?.automation_execution_metadata_list.unwrap_or_default() {
            let Some(id) = execution.automation_execution_id else { continue };
            let answer = client
                .list_tags_for_resource()
                .resource_type(ResourceTypeForTagging::Automation)
                .resource_id(&id)
                .send()
                .await?;
            if answer.tag_list().iter().any(|tag| tag.key == TOKEN_TAG && tag.value == token) {
                let id = id.parse().map_err(|error| AwsError::unreadable_answer(&error))?;
                return Ok(Some(id));
            }
        }
    }
    Ok(None)
}

fn location_of(location: &run::TargetLocation) -> Result<TargetLocation, BuildError> {
    let alarms = location.target_location_alarm_configuration.as_ref();
    Ok(TargetLocation::builder()
        .set_accounts(Some(location.accounts.clone()))
        .set_regions(Some(location.regions.clone()))
        .target_location_max_concurrency(&location.target_location_max_concurrency)
        .target_location_max_errors(&location.target_location_max_errors)
        .execution_role_name(&location.execution_role_name)
        .include_child_organization_units(location.include_child_organization_units)
        .set_exclude_accounts(
            (!location.exclude_accounts.is_empty()).then(|| location.exclude_accounts.clone()),
        )
        .set_target_location_alarm_configuration(alarms.map(alarms_of).transpose()?)
        .build())
}

fn alarms_of(alarms: &run::AlarmConfiguration) -> Result<AlarmConfiguration, BuildError> {
    let mut configuration =
        AlarmConfiguration::builder().ignore_poll_alarm_failure(alarms.ignore_poll_alarm_failure);
    for alarm in &alarms.alarms {
        configuration = configuration.alarms(Alarm::builder().name(&alarm.name).build()?);
    }
    configuration.build()
}
