//! `aws:pause`: waits for a `Resume`, however long.

use super::next::Next;
use crate::event::{Event, Wait};

pub(super) fn enter(place: u32) -> Next {
    Next::event(Event::Waits { step: place, wait: Wait::Resume })
}
