//! Which steps and branches the cases of a runbook have taken.

use std::collections::BTreeSet;

use super::judge::{Ran, StepRan};
use crate::Document;
use crate::document::StepAt;
use crate::flow::{Flow, Way, WayKind};

/// The steps and branches that were taken, out of all.
#[derive(Debug)]
pub struct Coverage {
    names: Vec<String>,
    flow: Flow,
    steps: BTreeSet<usize>,
    ways: BTreeSet<usize>,
}

impl Coverage {
    /// Nothing is taken yet.
    #[must_use]
    pub fn of(document: &Document) -> Self {
        let steps: Vec<StepAt<'_>> = document.steps();
        let names = steps.iter().map(|at| at.step.name.clone()).collect();
        Self { names, flow: Flow::of(&steps), steps: BTreeSet::new(), ways: BTreeSet::new() }
    }

    /// Takes a run into account.
    pub fn add(&mut self, ran: &Ran) {
        let places: Vec<Option<usize>> = ran.steps.iter().map(|step| self.place(step)).collect();
        self.steps.extend(places.iter().flatten());
        for (nth, step) in ran.steps.iter().enumerate() {
            let Some(from) = places.get(nth).copied().flatten() else { continue };
            let next = places.get(nth + 1).copied().flatten();
            self.take(from, next, &step.status);
        }
    }

    fn place(&self, step: &StepRan) -> Option<usize> {
        self.names.iter().position(|name| *name == step.name)
    }

    /// Marks the way from a step to the next one, through the ends of loops where it leads there.
    fn take(&mut self, mut from: usize, to: Option<usize>, status: &str) {
        let kinds: &[WayKind] = match status {
            "Success" => &[WayKind::Next, WayKind::Choice, WayKind::Default, WayKind::Enter],
            "Failed" | "TimedOut" => &[WayKind::Failure],
            "Cancelled" => &[WayKind::Cancel],
            _ => &[],
        };
        for _ in 0..self.names.len() {
            let direct: Vec<usize> =
                self.found(|way| way.from == from && way.to == to && kinds.contains(&way.kind));
            if !direct.is_empty() {
                self.ways.extend(direct);
                return;
            }
            let again = self.found(|way| way.from == from && way.kind == WayKind::Again);
            let outer =
                again.first().and_then(|way| self.flow.ways.get(*way)).and_then(|way| way.to);
            let Some(outer) = outer else { return };
            self.ways.extend(again);
            from = outer;
        }
    }

    fn found(&self, is: impl Fn(&Way) -> bool) -> Vec<usize> {
        let ways = self.flow.ways.iter().enumerate();
        ways.filter(|(_, way)| is(way)).map(|(place, _)| place).collect()
    }

    /// The steps that were taken, and how many there are.
    #[must_use]
    pub fn steps(&self) -> (usize, usize) {
        (self.steps.len(), self.names.len())
    }

    /// The branches that were taken, and how many there are: choices, failures and cancels that lead on.
    #[must_use]
    pub fn branches(&self) -> (usize, usize) {
        let all = self.found(|way| is_branch(way.kind));
        (all.iter().filter(|way| self.ways.contains(way)).count(), all.len())
    }

    /// The steps and branches that no case has taken, a phrase each.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let steps = (0..self.names.len()).filter(|step| !self.steps.contains(step));
        let steps = steps.filter_map(|step| Some(format!("step {}", self.names.get(step)?)));
        let ways = self.flow.ways.iter().enumerate();
        let ways = ways.filter(|(place, way)| is_branch(way.kind) && !self.ways.contains(place));
        let name = |step: usize| self.names.get(step).map_or("", String::as_str);
        let ways = ways.map(|(_, way)| {
            let to = way.to.map_or("end", name);
            let label =
                if way.label.is_empty() { String::new() } else { format!(" ({})", way.label) };
            format!("{} of {} to {to}{label}", way.kind.name(), name(way.from))
        });
        steps.chain(ways).collect()
    }
}

fn is_branch(kind: WayKind) -> bool {
    matches!(kind, WayKind::Choice | WayKind::Default | WayKind::Failure | WayKind::Cancel)
}
