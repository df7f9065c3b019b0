//! `GetCalendarState`.

use api::{AwsError, Request};
use engine::ports::DocumentError;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{Calendar, all_open, next_transition};
use crate::api::Automation;
use crate::wire::Members;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetCalendarState {
    calendar_names: Vec<String>,
    at_time: Option<String>,
}

impl Automation {
    /// `GetCalendarState`: open if all of the calendars are.
    pub(crate) fn calendar_state(
        &self,
        request: &Request,
        input: &GetCalendarState,
    ) -> Result<Value, AwsError> {
        let at = match &input.at_time {
            None => request.now,
            Some(time) => time.parse().map_err(|_| {
                let message = format!("AtTime is not an ISO 8601 time: {time}");
                AwsError::new("ValidationException", message)
            })?,
        };
        let (account, region) = (&request.account, &request.region);
        let calendars = self.calendars(account, region, &input.calendar_names)?;
        let state = if all_open(&calendars, at) { "OPEN" } else { "CLOSED" };
        Ok(Members::default()
            .with("State", state)
            .with("AtTime", whole_seconds(at))
            .maybe("NextTransitionTime", next_transition(&calendars, at).map(whole_seconds))
            .done())
    }

    /// The calendars of these names or ARNs, as an account sees them.
    pub(crate) fn calendars(
        &self,
        account: &str,
        region: &str,
        names: &[String],
    ) -> Result<Vec<Calendar>, AwsError> {
        let calendar = |name: &String| {
            let found = self.documents.find(account, region, name, None);
            let document = found.map_err(|error| match error {
                DocumentError::NotFound | DocumentError::VersionNotFound => AwsError::new(
                    "InvalidDocument",
                    format!("Document with name {name} does not exist."),
                ),
            })?;
            if document.document_type != "ChangeCalendar" {
                let message = format!("The document {name} is not of the type ChangeCalendar.");
                return Err(AwsError::new("InvalidDocumentType", message));
            }
            Calendar::read(&document.content).map_err(|unsupported| {
                let message = format!("The calendar {name} isn't supported: {}", unsupported.0);
                AwsError::new("UnsupportedCalendarException", message)
            })
        };
        names.iter().map(calendar).collect()
    }
}

/// ISO 8601 without a fraction, as AWS writes these.
pub(crate) fn whole_seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
