//! How many calls a second AWS takes: `POST /_relay/rates`. Off until asked for, since nothing on a laptop is
//! that patient; on in the tests of what throttling does and in the benchmark of a storm.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, bail};
use api::AwsError;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::faults::throttled;
use crate::incoming::Incoming;

/// Calls a second by account and Region, from the quotas that CloudWatch documents. AWS documents none for
/// StartAutomationExecution and ModifyDocumentPermission: those are set by hand.
const DOCUMENTED: [(&str, f64); 3] =
    [("DescribeAlarms", 9.0), ("DescribeAlarmHistory", 3.0), ("SetAlarmState", 3.0)];

/// `POST /_relay/rates`: `{"documented": true, "StartAutomationExecution": 5}`.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    documented: bool,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// The rates in force.
#[derive(Debug, Default)]
pub struct Rates(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Calls a second, by operation.
    rates: BTreeMap<String, f64>,
    /// By operation, account and Region: the calls that may still be made, and when that was so.
    buckets: HashMap<(String, String, String), (f64, Timestamp)>,
}

impl Rates {
    /// Adds rates to those in force.
    pub(crate) fn add(&self, asked: Asked) -> Result<()> {
        let mut rates = BTreeMap::new();
        if asked.documented {
            rates.extend(DOCUMENTED.map(|(operation, rate)| (operation.to_owned(), rate)));
        }
        for (operation, rate) in asked.others {
            match rate.as_f64() {
                Some(rate) if rate > 0.0 => rates.insert(operation, rate),
                _ => bail!("{operation}: calls a second are expected, more than 0, not {rate}"),
            };
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).rates.extend(rates);
        Ok(())
    }

    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
    }

    pub(crate) fn list(&self) -> Value {
        json!(self.0.lock().unwrap_or_else(PoisonError::into_inner).rates)
    }

    /// The service's throttling error, where the account has used up its calls of this second. Within a
    /// second as many come through at once as the rate has.
    pub(crate) fn refusal(
        &self,
        incoming: &Incoming,
        account: &str,
        now: Timestamp,
    ) -> Option<AwsError> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rate = *state.rates.get(&incoming.operation)?;
        let key = (incoming.operation.clone(), account.to_owned(), incoming.region.clone());
        let (left, at) = state.buckets.entry(key).or_insert((rate, now));
        let passed = now.duration_since(*at).as_secs_f64().max(0.0);
        (*left, *at) = ((*left + passed * rate).min(rate.max(1.0)), now);
        if *left < 1.0 {
            return Some(throttled(&incoming.service, &incoming.operation));
        }
        *left -= 1.0;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    fn asked(value: Value) -> Asked {
        serde_json::from_value(value).unwrap()
    }

    /// How many of so many calls at one moment come through.
    fn through(rates: &Rates, (operation, account, region): (&str, &str, &str), at: i64) -> usize {
        let incoming = Incoming {
            service: "monitoring".into(),
            operation: operation.into(),
            region: region.into(),
            ..Incoming::default()
        };
        let at = Timestamp::UNIX_EPOCH + SignedDuration::from_millis(at);
        (0..20).filter(|_| rates.refusal(&incoming, account, at).is_none()).count()
    }

    #[test]
    fn each_account_and_region_has_the_calls_that_aws_documents() {
        let rates = Rates::default();
        let here = ("DescribeAlarms", "111122223333", "us-east-1");
        assert_eq!(through(&rates, here, 0), 20, "nothing is limited until it is asked for");
        rates.add(asked(json!({"documented": true, "StartAutomationExecution": 0.5}))).unwrap();
        assert_eq!(through(&rates, here, 0), 9);
        assert_eq!(through(&rates, (here.0, "444455556666", here.2), 0), 9);
        assert_eq!(through(&rates, (here.0, here.1, "eu-west-1"), 0), 9);
        assert_eq!(through(&rates, ("DescribeAlarmHistory", here.1, here.2), 0), 3);
        assert_eq!(through(&rates, ("DescribeInstances", here.1, here.2), 0), 20);
        assert_eq!(through(&rates, here, 500), 4, "half a second's");
        assert_eq!(through(&rates, here, 60_000), 9, "no more are saved up");
        let start = ("StartAutomationExecution", here.1, here.2);
        assert_eq!(through(&rates, start, 3_000), 0, "half a call was left");
        assert_eq!(through(&rates, start, 5_000), 1, "one in two seconds");
        rates.clear();
        assert_eq!(through(&rates, here, 60_000), 20);
        assert_eq!(rates.list(), json!({}));
    }

    #[test]
    fn a_rate_that_makes_no_sense_is_refused_and_changes_nothing() {
        let rates = Rates::default();
        for rate in [json!(0), json!(-1), json!("9"), json!(null)] {
            let error = rates.add(asked(json!({"documented": true, "DescribeAlarms": rate})));
            let error = error.unwrap_err().to_string();
            assert!(error.starts_with("DescribeAlarms: calls a second are expected"), "{error}");
        }
        assert_eq!(rates.list(), json!({}));
    }
}
