//! Filters of lists. An item must match one value of every key.

pub(crate) mod executions;
pub(crate) mod steps;

use api::AwsError;
use engine::Status;
use jiff::Timestamp;

use crate::errors;

/// The statuses that the model has. Those of change requests are valid, but match nothing here.
const STATUSES: [&str; 19] = [
    "Pending",
    "InProgress",
    "Waiting",
    "Success",
    "TimedOut",
    "Cancelling",
    "Cancelled",
    "Failed",
    "PendingApproval",
    "Approved",
    "Rejected",
    "Scheduled",
    "RunbookInProgress",
    "PendingChangeCalendarOverride",
    "ChangeCalendarOverrideApproved",
    "ChangeCalendarOverrideRejected",
    "CompletedWithSuccess",
    "CompletedWithFailure",
    "Exited",
];

/// Values that each must be one of a set.
fn each_of(key: &str, values: &[String], known: &[&str]) -> Result<(), AwsError> {
    match values.iter().find(|value| !known.contains(&value.as_str())) {
        None => Ok(()),
        Some(value) => Err(errors::invalid_filter_value(format!(
            "{value} is not a valid value of the filter {key}: it takes {}.",
            known.join(", ")
        ))),
    }
}

fn statuses(key: &str, values: &[String]) -> Result<(), AwsError> {
    each_of(key, values, &STATUSES)
}

fn has_status(values: &[String], status: Status) -> bool {
    values.iter().any(|value| value == status.name())
}

/// The one ISO 8601 instant that a time filter takes.
fn instant(key: &str, values: &[String]) -> Result<Timestamp, AwsError> {
    let refused = || {
        errors::invalid_filter_value(format!(
            "The filter {key} takes one time such as 2024-11-04T15:38:00Z, not [{}].",
            values.join(", ")
        ))
    };
    let [value] = values else { return Err(refused()) };
    value.parse().map_err(|_| refused())
}

/// A key may occur once in a request: its values are alternatives already.
fn once<'a>(keys: impl Iterator<Item = &'a str>) -> Result<(), AwsError> {
    let mut seen = Vec::new();
    for key in keys {
        if seen.contains(&key) {
            return Err(errors::invalid_filter_key(format!("The filter {key} is given twice.")));
        }
        seen.push(key);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
