//! Faults of a call.

use std::time::Duration;

use crate::{Aws, Call, Refusal, Reply, Served};

/// A fault. Its code is the one that the called service has for it.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Too many calls; nothing is done.
    Throttled,
    /// The caller may not do this; nothing is done.
    Denied,
    /// A 5xx; nothing is done.
    Unavailable,
    /// The connection breaks before anything is done.
    Unreachable,
    /// It is done, and the connection breaks before the answer arrives.
    LostReply,
    /// Nothing is done, and no answer ever comes.
    Silent,
    /// It is done, and the answer takes this long.
    Slow(Duration),
    /// This code and message; nothing is done.
    Error(&'static str, &'static str),
    /// Something else than the service would say; nothing is done.
    Answer(Served),
}

impl Fault {
    /// The answer that arrives, if any does.
    pub(crate) fn answer(&self, call: &Call) -> Option<Served> {
        let service = call.service.as_str();
        let (code, message) = match self {
            Self::Throttled => match service {
                "ec2" => ("RequestLimitExceeded", "Request limit exceeded."),
                "organizations" => ("TooManyRequestsException", "Rate exceeded"),
                "s3" => ("SlowDown", "Please reduce your request rate."),
                "sns" | "sts" | "monitoring" => ("Throttling", "Rate exceeded"),
                _ => ("ThrottlingException", "Rate exceeded"),
            },
            Self::Denied => match service {
                "ec2" => ("UnauthorizedOperation", "You are not authorized"),
                "s3" | "sts" | "monitoring" => ("AccessDenied", "not authorized"),
                "sns" => ("AuthorizationError", "not authorized"),
                _ => ("AccessDeniedException", "not authorized"),
            },
            Self::Unavailable => match service {
                "s3" | "sns" | "sts" | "ec2" => ("InternalError", "An internal error occurred"),
                "monitoring" => ("InternalServiceFault", "An internal error occurred"),
                _ => ("InternalServerError", "An internal error occurred"),
            },
            Self::Error(code, message) => (*code, *message),
            Self::Answer(served) => return Some(served.clone()),
            Self::Unreachable | Self::LostReply | Self::Silent | Self::Slow(_) => return None,
        };
        Some(Err(Refusal::new(code, message)))
    }
}

type React = Box<dyn FnMut(&Call) -> Option<Fault> + Send>;

/// A fault of an operation that is still to come.
pub(crate) struct Disturbance {
    operation: &'static str,
    after: usize,
    times: usize,
    react: React,
}

/// The fault that meets a call: the newest disturbance of its operation that has one.
pub(crate) fn of(disturbances: &mut [Disturbance], call: &Call) -> Option<Fault> {
    let of_call = disturbances.iter_mut().rev().filter(|one| one.operation == call.operation);
    for disturbance in of_call {
        if disturbance.times == 0 {
            continue;
        }
        let Some(fault) = (disturbance.react)(call) else { continue };
        if disturbance.after > 0 {
            disturbance.after -= 1;
            continue;
        }
        disturbance.times -= 1;
        return Some(fault);
    }
    None
}

/// Says which calls of an operation are disturbed, and then how. Without more it is every one.
#[must_use]
pub struct Disturb<'a> {
    aws: &'a Aws,
    operation: &'static str,
    after: usize,
    times: usize,
}

impl<'a> Disturb<'a> {
    pub(crate) fn new(aws: &'a Aws, operation: &'static str) -> Self {
        Self { aws, operation, after: 0, times: usize::MAX }
    }

    /// So many pass first.
    pub fn after(self, after: usize) -> Self {
        Self { after, ..self }
    }

    /// Only so many. The SDK's retries are calls of their own.
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    pub fn once(self) -> Self {
        self.times(1)
    }

    pub fn fails(self, fault: Fault) {
        self.fails_where(move |_| Some(fault.clone()));
    }

    /// The calls for which `react` has a fault; the others pass and are not counted.
    pub fn fails_where(self, react: impl FnMut(&Call) -> Option<Fault> + Send + 'static) {
        let Self { aws, operation, after, times } = self;
        let react = Box::new(react);
        aws.state().disturbances.push(Disturbance { operation, after, times, react });
    }

    /// Answers in the place of the service.
    pub fn answers(self, mut answer: impl FnMut(&Call) -> Reply + Send + 'static) {
        self.fails_where(move |call| Some(Fault::Answer(Ok(answer(call)))));
    }
}
