//! `aws:createStack`: creates a CloudFormation stack and waits for it.

use serde_json::{Value, json};

use super::failure::phrase;
use super::inputs::Inputs;
use super::request::Lost;
use super::{Call, Done, Failure, outputs, stacks};
use crate::ports::ApiError;

/// Bytes of a template in the call.
const LONGEST_BODY: usize = 51_200;
/// Tags of a stack that the action takes.
const MOST_TAGS: usize = 10;
/// Topics of a stack.
const MOST_TOPICS: usize = 5;

/// The inputs, as parameters of CreateStack.
struct Step {
    name: String,
    token: String,
    parameters: Value,
}

impl Step {
    fn read(call: &Call<'_>) -> Result<Self, Failure> {
        let inputs = Inputs::of(call)?;
        let body = inputs.at_most("TemplateBody", LONGEST_BODY)?;
        let url = inputs.optional("TemplateURL")?;
        if body.is_some() == url.is_some() {
            return Err(Failure::input("Give one of the inputs TemplateBody and TemplateURL"));
        }
        let on_failure = inputs.one_of("OnFailure", &["DO_NOTHING", "ROLLBACK", "DELETE"])?;
        let disable_rollback = inputs.flag("DisableRollback")?;
        if on_failure.is_some() && disable_rollback.is_some() {
            return Err(Failure::input("Give one of the inputs OnFailure and DisableRollback"));
        }
        let list = |name: &str, most: usize| -> Result<Value, Failure> {
            let value = inputs.raw(name);
            match value.as_array().map(Vec::len) {
                Some(items) if items > most => Err(Failure::input(&format!(
                    "Input {name} may have at most {most} items, but has {items}"
                ))),
                _ => Ok(value),
            }
        };
        let texts = |name: &str| -> Result<Option<Vec<String>>, Failure> {
            Ok(Some(inputs.texts(name)?).filter(|items| !items.is_empty()))
        };
        let name = inputs.text("StackName")?;
        let token =
            inputs.optional("ClientRequestToken")?.unwrap_or_else(|| call.token.to_string());
        list("NotificationARNs", MOST_TOPICS)?;
        let parameters = inputs.with_others(json!({
            "StackName": name,
            "TemplateBody": body,
            "TemplateURL": url,
            "Parameters": parameters(inputs.raw("Parameters"))?,
            "Capabilities": texts("Capabilities")?,
            "ClientRequestToken": token,
            "DisableRollback": disable_rollback,
            "OnFailure": on_failure,
            "NotificationARNs": texts("NotificationARNs")?,
            "ResourceTypes": texts("ResourceTypes")?,
            "RoleARN": inputs.optional("RoleARN")?,
            "StackPolicyBody": inputs.optional("StackPolicyBody")?,
            "StackPolicyURL": inputs.optional("StackPolicyURL")?,
            "Tags": list("Tags", MOST_TAGS)?,
            "TimeoutInMinutes": inputs.integer("TimeoutInMinutes")?,
        }));
        Ok(Self { name, token, parameters })
    }

    /// Creates the stack, or finds the one that an earlier try of this attempt created: a stack of
    /// the name whose events carry the token. (Where events carry no tokens, the name alone has to
    /// do after a restart.)
    async fn create(self, call: &Call<'_>) -> Result<String, ApiError> {
        let Self { name, token, parameters } = self;
        let refused =
            match call.request("cloudformation", "CreateStack", parameters, Lost::Repeat).await {
                Ok(answer) => return Ok(answer["StackId"].as_str().unwrap_or(&name).to_owned()),
                Err(error) if error.code == "AlreadyExistsException" => error,
                Err(error) => return Err(error),
            };
        let ours = stacks::made_with(call, &name, &token).await?.unwrap_or(call.resumed);
        match stacks::find(call, &name).await? {
            Some(stack) if ours => Ok(stack.id),
            _ => Err(refused),
        }
    }
}

/// Creates the stack and waits until CloudFormation is done with it: created, or else kept, rolled
/// back or deleted as `OnFailure` and `DisableRollback` say, which fails the step.
pub(super) async fn run(call: &Call<'_>) -> Result<Done, Failure> {
    let step = Step::read(call)?;
    let id = step.create(call).await.map_err(|error| Failure::api(phrase::EXECUTE, &error))?;
    let mut waits = call.waits();
    // The reason is in the event of the failure, not in that of the roll-back's end.
    let mut why = String::new();
    loop {
        let stack =
            stacks::find(call, &id).await.map_err(|error| Failure::api(phrase::POLL, &error))?;
        let (status, reason) =
            stack.map_or(("DELETE_COMPLETE".into(), String::new()), |s| (s.status, s.reason));
        if why.is_empty() && status != "CREATE_IN_PROGRESS" {
            why.clone_from(&reason);
        }
        let told =
            |reason| json!({"StackId": id, "StackStatus": status, "StackStatusReason": reason});
        match status.as_str() {
            "CREATE_COMPLETE" => return outputs::fixed(call, told(&reason)),
            "CREATE_FAILED" | "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "DELETE_COMPLETE"
            | "DELETE_FAILED" => {
                let because = if why.is_empty() { String::new() } else { format!(": {why}") };
                let error = format!("Stack {id} entered unexpected state: {status}{because}");
                return Err(Failure::unverified(phrase::POLL, &error)
                    .with_outputs(outputs::map(told(&why))));
            }
            _ => waits.pause().await,
        }
    }
}

/// `Parameters` as CloudFormation takes them: values are text.
fn parameters(given: Value) -> Result<Value, Failure> {
    let Value::Array(mut given) = given else { return Ok(given) };
    for parameter in &mut given {
        let Some(value) = parameter.get_mut("ParameterValue") else { continue };
        *value = match value.take() {
            Value::Null => Value::Null,
            // A list parameter's value is its items with commas between them.
            Value::Array(items) => {
                let mut texts = Vec::new();
                super::inputs::flatten(&Value::Array(items), &mut texts)
                    .ok_or_else(|| Failure::input("A ParameterValue must be a string"))?;
                texts.join(",").into()
            }
            other => super::inputs::text(&other)
                .ok_or_else(|| Failure::input("A ParameterValue must be a string"))?
                .into(),
        };
    }
    Ok(Value::Array(given))
}

#[cfg(test)]
#[path = "create_stack_tests.rs"]
mod tests;
