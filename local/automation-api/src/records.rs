//! The API's own state beside executions: associations and previews. A file of facts, each a line
//! of JSON; the last fact about a thing is in force, and the state is their fold.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::sync::{Mutex, PoisonError};

use api::AwsError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::association::Association;
use crate::errors;
use crate::preview::Preview;

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Fact {
    /// An association was created or changed.
    Association(Box<Association>),
    Disassociated(Uuid),
    /// A preview was made.
    Preview(Box<Preview>),
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) associations: BTreeMap<Uuid, Association>,
    pub(crate) previews: BTreeMap<Uuid, Preview>,
}

/// The facts of all accounts and Regions, and the file that new ones are written to.
pub struct Records(Mutex<Inner>);

struct Inner {
    state: State,
    file: Box<dyn Write + Send>,
}

impl State {
    fn apply(&mut self, fact: Fact) {
        match fact {
            Fact::Association(association) => {
                self.associations.insert(association.id, *association);
            }
            Fact::Disassociated(id) => {
                self.associations.remove(&id);
            }
            Fact::Preview(preview) => {
                self.previews.insert(preview.id, *preview);
            }
        }
    }
}

impl Records {
    /// Reads the facts of an old file, and writes new ones to it. A last line that a kill cut short
    /// was never confirmed to a caller and is ignored.
    ///
    /// # Errors
    /// When the old facts cannot be read.
    pub fn open(old: impl BufRead, file: Box<dyn Write + Send>) -> std::io::Result<Self> {
        let mut state = State::default();
        for line in old.lines() {
            if let Ok(fact) = serde_json::from_str(&line?) {
                state.apply(fact);
            }
        }
        Ok(Self(Mutex::new(Inner { state, file })))
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock().state)
    }

    /// Writes a fact, then applies it to the state.
    pub(crate) fn write(&self, fact: Fact) -> Result<(), AwsError> {
        let mut inner = self.lock();
        let line = serde_json::to_string(&fact).map_err(|e| errors::internal(e.to_string()))?;
        let written = inner.file.write_all(format!("{line}\n").as_bytes());
        written.and_then(|()| inner.file.flush()).map_err(|e| errors::internal(e.to_string()))?;
        inner.state.apply(fact);
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
