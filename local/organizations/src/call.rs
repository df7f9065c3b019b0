//! One call on its way through: the request, its input, and what it brings about besides a reply.

use api::{Emission, Request};
use jiff::Timestamp;
use uuid::Uuid;

use crate::input::Input;

pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    pub(crate) input: Input<'a>,
    /// Service events that follow the call's own event.
    pub(crate) after: Vec<Emission>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(request: &'a Request) -> Self {
        Self { request, input: Input(&request.body), after: Vec::new() }
    }

    pub(crate) fn account(&self) -> &'a str {
        &self.request.account
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.request.now
    }

    /// The id that what this call makes is named after.
    pub(crate) fn origin(&self) -> Uuid {
        self.request.derived_id(0)
    }
}
