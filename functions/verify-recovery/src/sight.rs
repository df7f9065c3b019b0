//! Looks at an alarm and at the status checks of instances.

use aws::AwsError;
use aws::ec2::Ec2;
use aws_sdk_cloudwatch::types::AlarmType;
use relay_core::alarm::AlarmState;
use remediation::is_instance;
use run::{AlarmRef, RunAutomationInput};

use crate::{Deps, Error};

/// The state of the alarm, or of its contributor that went into ALARM; `None` when it is gone or may not be
/// read.
pub(crate) async fn alarm(deps: &Deps, alarm: &AlarmRef) -> Result<Option<AlarmState>, Error> {
    let arn = &alarm.arn;
    let config = deps.accounts.config(arn.account(), arn.region());
    let client = aws_sdk_cloudwatch::Client::new(&config);
    let state = match &alarm.contributor {
        Some(contributor) => {
            // CloudWatch lists only contributors in ALARM.
            let mut token = None;
            let mut in_alarm = false;
            loop {
                let page = client
                    .describe_alarm_contributors()
                    .alarm_name(arn.name())
                    .set_next_token(token)
                    .send()
                    .await
                    .map_err(AwsError::from);
                let page = match page {
                    Ok(page) => page,
                    Err(error) => return blind(alarm, error),
                };
                in_alarm |= page
                    .alarm_contributors()
                    .iter()
                    .any(|one| one.contributor_id() == Some(contributor.id.as_str()));
                token = page.next_token;
                if token.is_none() {
                    break;
                }
            }
            Some(if in_alarm { AlarmState::Alarm } else { AlarmState::Ok })
        }
        None => {
            let answer = client
                .describe_alarms()
                .alarm_names(arn.name())
                .alarm_types(AlarmType::MetricAlarm)
                .alarm_types(AlarmType::CompositeAlarm)
                .send()
                .await
                .map_err(AwsError::from);
            let answer = match answer {
                Ok(answer) => answer,
                Err(error) => return blind(alarm, error),
            };
            let metric = answer.metric_alarms().first().and_then(|alarm| alarm.state_value());
            let composite = answer.composite_alarms().first().and_then(|alarm| alarm.state_value());
            metric.or(composite).and_then(|state| AlarmState::parse(state.as_str()))
        }
    };
    Ok(state)
}

/// A transient error is retried; an alarm that may not be read has no state.
fn blind(alarm: &AlarmRef, error: AwsError) -> Result<Option<AlarmState>, Error> {
    if error.is_transient() {
        return Err(Error::Alarm { alarm: alarm.arn.to_string(), source: error });
    }
    tracing::warn!(%error, alarm = %alarm.arn, "the alarm cannot be read");
    Ok(None)
}

/// Whether both status checks of every instance are ok; `None` where there is no instance, or where
/// they may not be read.
pub(crate) async fn checks(deps: &Deps, input: &RunAutomationInput) -> Result<Option<bool>, Error> {
    let instances: Vec<String> =
        input.resources.iter().filter(|resource| is_instance(resource)).cloned().collect();
    if instances.is_empty() || instances.len() < input.resources.len() {
        return Ok(None);
    }
    let alarm = input.alarm.as_ref().map(|alarm| &alarm.arn);
    let account = input.account.or(alarm.map(|arn| arn.account()));
    let region = input.region.clone().or(alarm.map(|arn| arn.region().clone()));
    let (Some(account), Some(region)) = (account, region) else { return Ok(None) };
    let client = Ec2::new(&deps.accounts.config(account, &region));
    match client.passing_both_checks(&instances).await {
        // An instance that is not running is not counted.
        Ok(passing) => Ok(Some(passing == instances.len())),
        Err(source) if source.is_transient() => {
            Err(Error::Checks { instances: instances.join(", "), source })
        }
        Err(error) => {
            tracing::warn!(%error, "the status checks cannot be read");
            Ok(None)
        }
    }
}
