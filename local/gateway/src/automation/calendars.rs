//! `Calendar State Change` events: when a change calendar opens or closes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use api::{Emission, arn};
use automation_api::Calendar;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::services::Services;

/// The known calendars that accounts own.
#[derive(Debug, Default)]
pub struct CalendarWatch(Mutex<HashMap<Key, CalendarState>>);

/// Region, account and name of a calendar.
type Key = (String, String, String);

#[derive(Debug)]
struct CalendarState {
    content: String,
    /// Nothing if it is not supported.
    calendar: Option<Calendar>,
    open: bool,
    /// When to look again.
    next: Option<Timestamp>,
}

impl CalendarWatch {
    /// The events of calendars that have opened or closed since it was last asked. A calendar that
    /// is new has changed nothing.
    pub fn changes(&self, services: &Services, now: Timestamp) -> Vec<Emission> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut events = Vec::new();
        services.documents(|documents| {
            known.retain(|(region, account, name), _| {
                documents.calendars().any(|(r, a, n, _)| r == region && a == account && n == name)
            });
            for (region, account, name, content) in documents.calendars() {
                let key = (region.to_owned(), account.to_owned(), name.to_owned());
                match known.get_mut(&key) {
                    None => {
                        known.insert(key, CalendarState::read(content, now));
                    }
                    Some(calendar) => {
                        if calendar.look(content, now) {
                            events.push(calendar.event(&key, now));
                        }
                    }
                }
            }
        });
        events
    }
}

impl CalendarState {
    fn read(content: &str, now: Timestamp) -> Self {
        let calendar = Calendar::read(content).ok();
        Self {
            content: content.to_owned(),
            open: calendar.as_ref().is_some_and(|calendar| calendar.is_open(now)),
            next: calendar.as_ref().and_then(|calendar| calendar.next_transition(now)),
            calendar,
        }
    }

    /// Whether it has opened or closed.
    fn look(&mut self, content: &str, now: Timestamp) -> bool {
        if self.content == content && self.next.is_none_or(|next| now < next) {
            return false;
        }
        let was = (self.calendar.is_some(), self.open);
        *self = Self::read(content, now);
        self.calendar.is_some() && was.0 && was.1 != self.open
    }

    fn event(&self, (region, account, name): &Key, now: Timestamp) -> Emission {
        let second = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let resource = arn::ssm(region, account, &format!("document/{name}"));
        let mut detail = json!({
            "state": if self.open { "OPEN" } else { "CLOSED" },
            "atTime": second(now),
        });
        if let Some(next) = self.next {
            detail["nextTransitionTime"] = Value::from(second(next));
        }
        let said = format!("{resource} {detail}");
        let envelope = json!({
            "version": "0",
            "id": Uuid::new_v5(&Uuid::NAMESPACE_OID, said.as_bytes()),
            "detail-type": "Calendar State Change",
            "source": "aws.ssm",
            "account": account,
            "time": second(now),
            "region": region,
            "resources": [resource],
            "detail": detail,
        });
        Emission { account: account.clone(), region: region.clone(), envelope }
    }
}
