//! One execution at a time brings the whole organization into line. A second one ends and says which one does it;
//! what an interrupted one left is done by the next.

use aws::AwsError;
use aws_sdk_sfn::types::ExecutionStatus;

use crate::{Deps, Error};

/// How often another execution may be faster before that is an error.
const ATTEMPTS: usize = 5;

/// The other execution that reconciles, if one runs; otherwise this one does from now on.
///
/// # Errors
/// When the table or Step Functions does not answer.
pub(crate) async fn other(deps: &Deps, execution: &str) -> Result<Option<String>, Error> {
    for _ in 0..ATTEMPTS {
        let before = deps.table.reconciling().await?;
        if let Some(other) = before.as_deref().filter(|other| *other != execution)
            && runs(deps, other).await?
        {
            tracing::info!(other, "another execution reconciles");
            return Ok(Some(other.to_owned()));
        }
        if deps.table.reconcile(execution, before.as_deref()).await? {
            return Ok(None);
        }
    }
    Err(Error::Crowded)
}

/// Whether an execution runs. One that is forgotten has ended long ago.
async fn runs(deps: &Deps, execution: &str) -> Result<bool, Error> {
    let described = deps.executions.describe_execution().execution_arn(execution).send().await;
    match described.map_err(AwsError::from) {
        Ok(described) => Ok(*described.status() == ExecutionStatus::Running),
        Err(error) if error.is("ExecutionDoesNotExist") => Ok(false),
        Err(source) => Err(Error::Execution { execution: execution.to_owned(), source }),
    }
}
