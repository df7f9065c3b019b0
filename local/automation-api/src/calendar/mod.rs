//! Change calendars: whether one is open at a time, and when that changes.
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-change-calendar.html>

mod event;
mod ics;
mod operation;
#[cfg(test)]
mod tests;

use event::Event;
use jiff::Timestamp;

/// How many begins and ends are looked at for the next change: overlapping events may hide many.
const EDGES: usize = 10_000;

/// A calendar with its events.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// `DEFAULT_OPEN`: events close it. `DEFAULT_CLOSED`: events open it.
    open_by_default: bool,
    events: Vec<Event>,
}

/// The reason why Change Calendar does not accept a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported(pub String);

impl Calendar {
    /// Reads iCalendar text.
    ///
    /// # Errors
    /// When it does not say whether it is open by default, or has an event that cannot be read.
    pub fn read(text: &str) -> Result<Self, Unsupported> {
        let calendar = ics::read(text).ok_or_else(|| Unsupported("no iCalendar object".into()))?;
        let kind = calendar.property("X-CALENDAR-TYPE").map(|property| property.value.as_str());
        let open_by_default = match kind {
            Some("DEFAULT_OPEN") => true,
            Some("DEFAULT_CLOSED") => false,
            _ => {
                let message = "X-CALENDAR-TYPE is neither DEFAULT_OPEN nor DEFAULT_CLOSED";
                return Err(Unsupported(message.into()));
            }
        };
        let value = |component: &ics::Component, name: &str| {
            component.property(name).map(|property| property.value.clone())
        };
        let all: Vec<_> = calendar.components.iter().filter(|one| one.name == "VEVENT").collect();
        let events = all.iter().filter(|one| value(one, "STATUS").as_deref() != Some("CANCELLED"));
        let events = events.map(|one| {
            // An event of the same UID with a RECURRENCE-ID replaces one repetition.
            let mut moved = Vec::new();
            if one.property("RECURRENCE-ID").is_none() {
                let uid = value(one, "UID");
                let same = all.iter().filter(|other| uid.is_some() && value(other, "UID") == uid);
                moved.extend(same.filter_map(|other| other.property("RECURRENCE-ID")));
            }
            Event::read(one, &moved).map_err(Unsupported)
        });
        Ok(Self { open_by_default, events: events.collect::<Result<_, _>>()? })
    }

    /// Whether changes are allowed at a time.
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.events.iter().any(|event| event.is_on(at)) != self.open_by_default
    }

    /// When the calendar opens or closes next, if ever.
    pub fn next_transition(&self, after: Timestamp) -> Option<Timestamp> {
        next_transition(std::slice::from_ref(self), after)
    }

    fn next_edge(&self, after: Timestamp) -> Option<Timestamp> {
        self.events.iter().filter_map(|event| event.next_edge(after)).min()
    }
}

/// Whether all of these calendars are open at a time.
pub(crate) fn all_open(calendars: &[Calendar], at: Timestamp) -> bool {
    calendars.iter().all(|calendar| calendar.is_open(at))
}

/// When the answer of [`all_open`] changes next, if ever.
pub(crate) fn next_transition(calendars: &[Calendar], after: Timestamp) -> Option<Timestamp> {
    let now = all_open(calendars, after);
    let mut at = after;
    for _ in 0..EDGES {
        at = calendars.iter().filter_map(|calendar| calendar.next_edge(at)).min()?;
        if all_open(calendars, at) != now {
            return Some(at);
        }
    }
    None
}
