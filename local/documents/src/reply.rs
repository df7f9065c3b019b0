//! How replies are made: typed answers as the JSON that the protocol carries.

use api::{AwsError, Reply};
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::json;

use crate::errors;

/// An operation's typed answer as its reply.
pub(crate) fn reply<T: Serialize>(answer: Result<T, AwsError>) -> Reply {
    serde_json::to_value(answer?).map_err(|error| errors::serialization(error.to_string()))
}

/// The reply of an operation that answers nothing.
pub(crate) fn empty(done: Result<(), AwsError>) -> Reply {
    done.map(|()| json!({}))
}

/// A timestamp as AWS JSON 1.1 carries it: seconds since the epoch, with milliseconds.
#[derive(Clone, Copy)]
pub(crate) struct Epoch(pub(crate) Timestamp);

impl Serialize for Epoch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let milliseconds = self.0.as_millisecond();
        match u64::try_from(milliseconds) {
            Ok(whole) if whole % 1000 == 0 => serializer.serialize_u64(whole / 1000),
            _ => {
                #[expect(clippy::cast_precision_loss, reason = "exact up to the year 287396")]
                let seconds = milliseconds as f64 / 1000.0;
                serializer.serialize_f64(seconds)
            }
        }
    }
}
