//! The executions of each account and Region, in the order of their start.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::run::Run;

type Place = (Arc<str>, Arc<str>);

#[derive(Default)]
pub(super) struct Places {
    runs: Mutex<HashMap<Place, Vec<Arc<Run>>>>,
    names: Mutex<HashMap<String, Arc<str>>>,
}

impl Places {
    pub(super) fn add(&self, run: &Arc<Run>) {
        let place = (Arc::clone(&run.account), Arc::clone(&run.region));
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.entry(place).or_default().push(Arc::clone(run));
    }

    pub(super) fn remove(&self, run: &Arc<Run>) {
        let place = (Arc::clone(&run.account), Arc::clone(&run.region));
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runs) = runs.get_mut(&place) {
            runs.retain(|known| !Arc::ptr_eq(known, run));
        }
    }

    /// Oldest first.
    pub(super) fn of(&self, account: &str, region: &str) -> Vec<Arc<Run>> {
        let place = (self.name(account), self.name(region));
        let runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.get(&place).cloned().unwrap_or_default()
    }

    /// One text for all executions of an account or a Region.
    pub(super) fn name(&self, text: &str) -> Arc<str> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = names.get(text) {
            return Arc::clone(name);
        }
        let name: Arc<str> = text.into();
        names.insert(text.to_owned(), Arc::clone(&name));
        name
    }
}
