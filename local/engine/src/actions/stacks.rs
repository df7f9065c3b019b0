//! The common parts of the actions on CloudFormation stacks.

use serde_json::{Value, json};

use super::Call;
use super::instances::items;
use crate::ports::ApiError;

/// A stack at one moment.
#[derive(Clone, Debug)]
pub(super) struct Stack {
    /// Its id, by which it can be described after it was deleted.
    pub(super) id: String,
    /// E.g. `CREATE_IN_PROGRESS`.
    pub(super) status: String,
    /// CloudFormation's reason; empty if it gives none.
    pub(super) reason: String,
}

/// The stack of a name or id; `None` if there is none.
pub(super) async fn find(call: &Call<'_>, name: &str) -> Result<Option<Stack>, ApiError> {
    let answer = call.read("cloudformation", "DescribeStacks", json!({"StackName": name})).await;
    match answer {
        Ok(answer) => Ok(items(&answer, "Stacks").next().map(stack)),
        Err(error) if unknown(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a stack was made by the call with this token: all events of a call carry its token.
/// `None` if its events carry none at all.
pub(super) async fn made_with(
    call: &Call<'_>,
    name: &str,
    token: &str,
) -> Result<Option<bool>, ApiError> {
    let mut any = false;
    let mut next = Value::Null;
    loop {
        let parameters = json!({"StackName": name, "NextToken": next});
        let answer = call.read("cloudformation", "DescribeStackEvents", parameters).await?;
        for event in items(&answer, "StackEvents") {
            match event["ClientRequestToken"].as_str() {
                Some(found) if found == token => return Ok(Some(true)),
                found => any |= found.is_some(),
            }
        }
        next = answer["NextToken"].clone();
        if next.as_str().unwrap_or_default().is_empty() {
            return Ok(any.then_some(false));
        }
    }
}

fn stack(stack: &Value) -> Stack {
    let text = |name: &str| stack[name].as_str().unwrap_or_default().to_owned();
    Stack { id: text("StackId"), status: text("StackStatus"), reason: text("StackStatusReason") }
}

/// CloudFormation has no error of its own for a stack that does not exist.
fn unknown(error: &ApiError) -> bool {
    error.code == "ValidationError" && error.message.contains("does not exist")
}
