//! An outcome without an execution that is published once, by whichever instance notices first:
//! `published#<outcome id>` / `once`. Written and read by `route-alarms`.

use jiff::Timestamp;
use uuid::Uuid;

use crate::item::{DAYS_40, Key, Update};
use crate::{StoreError, Table};

impl Table {
    /// Whether an outcome was published.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn is_published(&self, outcome: Uuid) -> Result<bool, StoreError> {
        Ok(self.get("look whether an outcome was published", key(outcome)).await?.is_some())
    }

    /// Notes, after publishing, that an outcome was published.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn note_published(&self, outcome: Uuid, now: Timestamp) -> Result<(), StoreError> {
        let update = Update::new(key(outcome), "SET #expires = :expires")
            .name("#expires", "expires")
            .number(":expires", now.as_second() + DAYS_40);
        self.update("note that an outcome was published", update).await.map(drop)
    }
}

fn key(outcome: Uuid) -> Key {
    Key::new(format!("published#{outcome}"), "once")
}
