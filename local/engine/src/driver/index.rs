//! The executions of each account and Region, in the order of their start, whether they are in memory
//! or not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use super::execution::Execution;

type Place = (Arc<str>, Arc<str>);

#[derive(Default)]
pub(super) struct ExecutionIndex {
    executions: Mutex<HashMap<Place, Vec<Uuid>>>,
    names: Mutex<HashMap<String, Arc<str>>>,
}

impl ExecutionIndex {
    pub(super) fn add(&self, execution: &Execution) {
        let place = (Arc::clone(&execution.account), Arc::clone(&execution.region));
        let mut executions = self.executions.lock().unwrap_or_else(PoisonError::into_inner);
        executions.entry(place).or_default().push(execution.id);
    }

    pub(super) fn remove(&self, execution: &Execution) {
        let place = (Arc::clone(&execution.account), Arc::clone(&execution.region));
        let mut executions = self.executions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(executions) = executions.get_mut(&place) {
            executions.retain(|known| *known != execution.id);
        }
    }

    /// The executions of an account and Region, the oldest first.
    pub(super) fn of(&self, account: &str, region: &str) -> Vec<Uuid> {
        let place = (self.name(account), self.name(region));
        let executions = self.executions.lock().unwrap_or_else(PoisonError::into_inner);
        executions.get(&place).cloned().unwrap_or_default()
    }

    /// One shared text for all executions of an account or a Region.
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
