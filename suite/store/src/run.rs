//! The automations that an execution of `run-automation` started: `run#<execution arn>` / the rung,
//! two digits, from 00. `run` is JSON.
//!
//! Written by `start-automation`; read by `recover-outcomes`, which stops what nobody follows.

use run::StartedRun;

use crate::item::{DAYS_100, Key, Update};
use crate::{StoreError, Table};

impl Table {
    /// Stores the run of a rung, counted from 0. A repeat stores the same.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn store_run(
        &self,
        execution_arn: &str,
        rung: usize,
        run: &StartedRun,
    ) -> Result<(), StoreError> {
        let what = format!("store the run {}", run.execution_id);
        let text = serde_json::to_string(run);
        let text = text.map_err(|error| StoreError::malformed(&*what, &error))?;
        let key = Key::new(pk(execution_arn), format!("{rung:02}"));
        let update = Update::new(key, "SET #run = :run, #expires = :expires")
            .name("#run", "run")
            .name("#expires", "expires")
            .text(":run", text)
            .number(":expires", run.at.as_second() + DAYS_100);
        self.update(&what, update).await.map(drop)
    }

    /// The runs that an execution started, with their rungs, in order. Items of another shape are
    /// left out.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn runs(&self, execution_arn: &str) -> Result<Vec<(usize, StartedRun)>, StoreError> {
        let what = format!("find the automations of {execution_arn}");
        let items = self.query(&what, pk(execution_arn), "").await?;
        let runs = items.iter().filter_map(|(rung, item)| {
            Some((rung.parse().ok()?, serde_json::from_str(item.text("run")?).ok()?))
        });
        Ok(runs.collect())
    }
}

fn pk(execution_arn: &str) -> String {
    format!("run#{execution_arn}")
}
