//! The children of a run: one for each target, or for each account and Region. SSM calls a run with errors allowed a
//! success although every child failed. It says nothing about the children of a child: of a run that an approval starts, and
//! of one account and Region where a run has several targets. So every execution that has children is looked at.

use std::collections::VecDeque;

use futures::StreamExt;
use relay_core::id::{AccountId, Region};

use crate::Deps;
use crate::look::{RunSnapshot, Step};

/// The most executions that are looked at for their children. A child beyond them counts as what SSM calls it.
const LOOKS: usize = 50;
/// How many executions are read side by side.
const AT_ONCE: usize = 8;

/// The children of a run, over all its levels.
#[derive(Debug, Default)]
pub(crate) struct Children {
    pub(crate) succeeded: u32,
    pub(crate) failed: u32,
    /// Those that failed, each with where it ran, in the order in which they ended.
    pub(crate) failures: Vec<(Place, Step)>,
}

/// Where an execution ran.
pub(crate) type Place = (AccountId, Region);

impl Children {
    /// Counts the children of a run that has ended. `asked` says that its runbook asks for an approval and then starts
    /// another.
    pub(crate) async fn read(deps: &Deps, place: &Place, run: &RunSnapshot, asked: bool) -> Self {
        let mut all = Self::default();
        let mut open = VecDeque::new();
        all.count(place, run, asked, &mut open);
        let mut looks = LOOKS;
        while !open.is_empty() {
            let now: Vec<Open> = open.drain(..open.len().min(looks)).collect();
            if now.is_empty() {
                break;
            }
            looks -= now.len();
            let looked: Vec<_> = futures::stream::iter(now)
                .map(async |child| (child.look(deps).await, child))
                .buffered(AT_ONCE)
                .collect()
                .await;
            for (snapshot, child) in looked {
                match snapshot {
                    Some(snapshot) if snapshot.fans_out() => {
                        all.count(&child.place, &snapshot, false, &mut open);
                    }
                    _ => all.add(child),
                }
            }
        }
        open.into_iter().for_each(|child| all.add(child));
        all
    }

    /// Counts the children of one execution; those that may have children of their own are left open.
    fn count(&mut self, place: &Place, run: &RunSnapshot, asked: bool, open: &mut VecDeque<Open>) {
        let further = |step: &Step| {
            if run.fans_out() { run.fans_out_twice() } else { asked || step.fans_out }
        };
        let (deep, flat): (Vec<&Step>, Vec<&Step>) =
            run.ended().partition(|step| step.child.is_some() && further(step));
        let there = |step: &Step| step.place.clone().unwrap_or_else(|| place.clone());
        open.extend(deep.iter().map(|step| Open {
            place: there(step),
            step: (*step).clone(),
            is_child: run.fans_out(),
        }));
        if !run.fans_out() {
            // Runbooks that a step starts are steps of the run: one that failed is worth a look.
            let started = flat.iter().filter(|step| step.failed() && step.child.is_some());
            self.failures.extend(started.map(|step| (there(step), (*step).clone())));
            return;
        }
        let failed: Vec<&&Step> = flat.iter().filter(|step| step.failed()).collect();
        let named = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        match run.counters().filter(|_| deep.is_empty()) {
            Some((succeeded, failures)) => {
                self.succeeded = self.succeeded.saturating_add(succeeded);
                self.failed = self.failed.saturating_add(failures);
            }
            None => {
                self.failed = self.failed.saturating_add(named(failed.len()));
                let succeeded = named(flat.len() - failed.len());
                self.succeeded = self.succeeded.saturating_add(succeeded);
            }
        }
        self.failures.extend(failed.into_iter().map(|step| (there(step), (*step).clone())));
    }

    /// Counts a child by what SSM calls it.
    fn add(&mut self, child: Open) {
        let failed = child.step.failed();
        if child.is_child {
            let count = if failed { &mut self.failed } else { &mut self.succeeded };
            *count = count.saturating_add(1);
        }
        if failed {
            self.failures.push((child.place, child.step));
        }
    }
}

/// A child that may have children of its own.
#[derive(Debug)]
struct Open {
    place: Place,
    step: Step,
    /// It is a target, or an account and Region; not only a runbook that a step starts.
    is_child: bool,
}

impl Open {
    /// None if it cannot be looked at.
    async fn look(&self, deps: &Deps) -> Option<RunSnapshot> {
        let (account, region) = &self.place;
        let child = self.step.child.as_ref()?;
        let read = RunSnapshot::read(&deps.accounts.ssm(*account, region), child).await;
        read.inspect_err(|error| {
            tracing::warn!(%error, %account, "the children of a child could not be looked at");
        })
        .ok()
    }
}
