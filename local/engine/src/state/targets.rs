//! The state of an execution's targets: which children there are to be, and how far they are.

use jiff::Timestamp;
use uuid::Uuid;

use crate::event::{ChildEnd, TargetChild, Targeting};
use crate::rate::{Amount, Rate};
use crate::status::{Outcome, Status};

/// The targets of an execution.
#[derive(Debug)]
pub(crate) struct Targets {
    pub(crate) children: Vec<TargetState>,
    /// One group for targets; for locations one for each item of `TargetLocations`, since each has
    /// its own rate.
    pub(crate) groups: Vec<Group>,
}

/// Targets with a rate of their own: those at places `first..first + total`.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) first: u32,
    pub(crate) rate: Rate,
}

#[derive(Debug)]
pub(crate) struct TargetState {
    pub(crate) child: TargetChild,
    pub(crate) status: Status,
    pub(crate) id: Option<Uuid>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) end: Option<ChildEnd>,
}

/// Default `MaxConcurrency`.
const CONCURRENCY: Amount = Amount::Count(10);
/// Default `MaxErrors`: no default is stated, AWS's examples read as this.
const ERRORS: Amount = Amount::Count(0);

impl Targets {
    pub(super) fn new(targeting: &Targeting, children: &[TargetChild]) -> Self {
        let concurrency = |text: &Option<String>, default| {
            text.as_deref().and_then(Amount::concurrency).unwrap_or(default)
        };
        let errors =
            |text: &Option<String>| text.as_deref().and_then(Amount::errors).unwrap_or(ERRORS);
        let groups = if targeting.target_locations.is_empty() {
            vec![(
                children.len(),
                concurrency(&targeting.max_concurrency, CONCURRENCY),
                errors(&targeting.max_errors),
            )]
        } else {
            let sizes = |item: usize| {
                let of = |child: &&TargetChild| {
                    child.location.as_ref().is_some_and(|(of, ..)| *of as usize == item)
                };
                children.iter().filter(of).count()
            };
            let locations = targeting.target_locations.iter().enumerate();
            locations
                .map(|(item, location)| {
                    (
                        sizes(item),
                        concurrency(&location.target_location_max_concurrency, Amount::Count(1)),
                        errors(&location.target_location_max_errors),
                    )
                })
                .collect()
        };
        let mut first = 0;
        let groups = groups
            .into_iter()
            .map(|(total, concurrency, errors)| {
                let group = Group { first, rate: Rate::new(total, concurrency, errors) };
                first += u32::try_from(total).unwrap_or(u32::MAX);
                group
            })
            .collect();
        let children = children.iter().cloned().map(TargetState::new).collect();
        Self { children, groups }
    }

    /// The targets that may be started now.
    pub(crate) fn startable(&self) -> Vec<u32> {
        self.groups.iter().flat_map(Group::startable).collect()
    }

    /// Whether nothing is in flight and nothing more will be.
    pub(crate) fn is_finished(&self) -> bool {
        self.groups.iter().all(|group| group.rate.is_finished())
    }

    /// Whether nothing is in flight.
    pub(crate) fn is_idle(&self) -> bool {
        self.groups.iter().all(|group| group.rate.running() == 0)
    }

    /// Whether somewhere more failed than is tolerated.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.groups.iter().any(|group| group.rate.exhausted())
    }

    /// The children in flight.
    pub(crate) fn in_flight(&self) -> impl Iterator<Item = Uuid> {
        self.children
            .iter()
            .filter(|child| !child.status.is_terminal())
            .filter_map(|child| child.id)
    }

    pub(super) fn start(&mut self, target: u32, id: Uuid, at: Timestamp) {
        if let Some(group) = self.group(target) {
            group.rate.start();
        }
        if let Some(child) = self.children.get_mut(target as usize) {
            child.status = Status::InProgress;
            child.id = Some(id);
            child.started_at = Some(at);
        }
    }

    pub(super) fn end(&mut self, target: u32, end: &ChildEnd, at: Timestamp) {
        let started = self.children.get(target as usize).is_some_and(|child| child.id.is_some());
        if let Some(group) = self.group(target) {
            if !started {
                group.rate.start();
            }
            group.rate.end(end.outcome != Outcome::Success);
        }
        if let Some(child) = self.children.get_mut(target as usize) {
            child.status = end.outcome.into();
            child.started_at.get_or_insert(at);
            child.ended_at = Some(at);
            child.end = Some(end.clone());
        }
    }

    fn group(&mut self, target: u32) -> Option<&mut Group> {
        self.groups.iter_mut().rev().find(|group| group.first <= target)
    }
}

impl Group {
    fn startable(&self) -> std::ops::Range<u32> {
        let next = self.first + u32::try_from(self.rate.started()).unwrap_or(u32::MAX);
        next..next + u32::try_from(self.rate.room()).unwrap_or(0)
    }
}

impl TargetState {
    fn new(child: TargetChild) -> Self {
        Self {
            child,
            status: Status::Pending,
            id: None,
            started_at: None,
            ended_at: None,
            end: None,
        }
    }
}
