//! The task of a state machine that waits for an automation: `wait#<automation id>` / `task`.
//! `request` is JSON, with the task's token; the latest counts.
//!
//! Written and read by `follow-automation`.

use relay_core::id::AutomationId;
use run::FollowAutomationInput;

use crate::item::{DAYS_100, Key, Update};
use crate::{StoreError, Table};

impl Table {
    /// Stores the task that waits for a run, in place of one that waited before.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn store_waiting_task(&self, task: &FollowAutomationInput) -> Result<(), StoreError> {
        let what = format!("store the task that waits for {}", task.run.execution_id);
        let text = serde_json::to_string(task);
        let text = text.map_err(|error| StoreError::malformed(&*what, &error))?;
        let update =
            Update::new(key(&task.run.execution_id), "SET #task = :task, #expires = :expires")
                .name("#task", "request")
                .name("#expires", "expires")
                .text(":task", text)
                .number(":expires", task.run.at.as_second() + DAYS_100);
        self.update(&what, update).await.map(drop)
    }

    /// The task that waits for an automation; `None` too for an item of another shape.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn waiting_task(
        &self,
        automation: &AutomationId,
    ) -> Result<Option<FollowAutomationInput>, StoreError> {
        let what = format!("find the task that waits for {automation}");
        let item = self.get(&what, key(automation)).await?;
        Ok(item.and_then(|item| serde_json::from_str(item.text("request")?).ok()))
    }
}

fn key(automation: &AutomationId) -> Key {
    Key::new(format!("wait#{automation}"), "task")
}
