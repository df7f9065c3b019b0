//! The steps of a run as they begin and end, a line each: the live view of `relay run` and of `relay runbook run`.

use std::collections::HashMap;

use crate::show::runs::LiveStep;

/// The lines that were printed already.
#[derive(Debug, Default)]
pub(crate) struct StepLines {
    /// The status of each step, by execution and name.
    seen: HashMap<(String, String), String>,
}

impl StepLines {
    /// The lines about steps whose status has changed, with the seconds since the start.
    pub(crate) fn news(
        &mut self,
        execution: &str,
        steps: &[LiveStep],
        elapsed: u64,
    ) -> Vec<String> {
        let mut lines = Vec::new();
        let total = steps.len();
        for (index, step) in steps.iter().enumerate() {
            if ["Pending", ""].contains(&&*step.status) {
                continue;
            }
            let key = (execution.to_owned(), step.name.clone());
            if self.seen.insert(key, step.status.clone()).as_ref() == Some(&step.status) {
                continue;
            }
            let took = step.seconds.map(|seconds| format!(", {seconds:.0} s")).unwrap_or_default();
            lines.push(format!(
                "{elapsed:>4} s    {} of {total}  {} {} ({}){took}",
                index + 1,
                step.status,
                step.name,
                step.action
            ));
            lines.extend(step.failure.as_ref().map(|failure| format!("            {failure}")));
        }
        lines
    }
}
