//! `aws:runCommand`: runs a Command document on nodes and waits until it has ended on all of them.

use serde_json::{Map, Value, json};

use super::failure::phrase;
use super::inputs::{self, Inputs};
use super::{Call, Done, Failure, command, outputs, words};
use crate::ports::ApiError;

/// SendCommand takes no more ids.
const MOST_IDS: usize = 50;

struct Step {
    document: String,
    ids: Vec<String>,
    /// The attempt's token, unless the runbook has a comment of its own: SendCommand takes no
    /// token, and a command can be found again by its comment.
    mark: Option<String>,
    parameters: Value,
}

impl Step {
    fn read(call: &Call<'_>) -> Result<Self, Failure> {
        let inputs = Inputs::of(call)?;
        let ids = inputs.texts("InstanceIds")?;
        let targets = inputs.raw("Targets");
        if ids.is_empty() == targets.is_null() {
            return Err(Failure::input("Give one of the inputs InstanceIds and Targets"));
        }
        if ids.len() > MOST_IDS {
            return Err(Failure::input(&format!(
                "Input InstanceIds may have at most {MOST_IDS} items, but has {}",
                ids.len()
            )));
        }
        let comment = inputs.optional("Comment")?;
        let mark = comment.is_none().then(|| format!("automation attempt {}", call.token));
        let document = inputs.text("DocumentName")?;
        let parameters = json!({
            "DocumentName": document,
            "DocumentVersion": inputs.optional("DocumentVersion")?,
            "DocumentHash": inputs.optional("DocumentHash")?,
            "DocumentHashType": inputs.optional("DocumentHashType")?,
            "InstanceIds": Some(&ids).filter(|ids| !ids.is_empty()),
            "Targets": targets,
            "Parameters": parameters(&inputs.raw("Parameters"))?,
            "Comment": comment.as_ref().or(mark.as_ref()),
            "TimeoutSeconds": inputs.integer("TimeoutSeconds")?,
            "MaxConcurrency": inputs.optional("MaxConcurrency")?,
            "MaxErrors": inputs.optional("MaxErrors")?,
            "ServiceRoleArn": inputs.optional("ServiceRoleArn")?,
            "OutputS3BucketName": inputs.optional("OutputS3BucketName")?,
            "OutputS3KeyPrefix": inputs.optional("OutputS3KeyPrefix")?,
            "NotificationConfig": inputs.raw("NotificationConfig"),
            "CloudWatchOutputConfig": inputs.raw("CloudWatchOutputConfig"),
        });
        Ok(Self { document, ids, mark, parameters })
    }

    /// Those of the nodes that a message names; all of them if it names none.
    fn named(&self, message: &str) -> String {
        let named: Vec<&str> =
            self.ids.iter().map(String::as_str).filter(|id| message.contains(id)).collect();
        if named.is_empty() { self.ids.join(", ") } else { named.join(", ") }
    }

    /// Sends the command; while a node is not known to Run Command, again and again (an instance
    /// that was just launched has no agent yet; the step's time-out ends it).
    async fn send(self, call: &Call<'_>) -> Result<String, ApiError> {
        let mut waits = call.waits();
        loop {
            match call.write("ssm", "SendCommand", self.parameters.clone()).await {
                Ok(answer) => {
                    call.progress.clear();
                    let id = answer["Command"]["CommandId"].as_str().unwrap_or_default();
                    return Ok(id.to_owned());
                }
                Err(error) if error.code == "InvalidInstanceId" => {
                    let nodes = words::agents_missing(&self.named(&error.message));
                    call.progress.wait_for(phrase::AGENT, nodes);
                    waits.pause().await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// Sends a command, unless one of this attempt is found after a restart, and waits for its end.
/// Anything but success on all nodes (or, with `Targets`, of the command) fails the step.
pub(super) async fn run(call: &Call<'_>) -> Result<Done, Failure> {
    let step = Step::read(call)?;
    let ids = step.ids.clone();
    let refused = |error| Failure::api(phrase::EXECUTE, &error);
    let sent = match (call.resumed, &step.mark) {
        (false, _) => None,
        (true, None) => return Err(Failure::interrupted()),
        (true, Some(mark)) => {
            command::commented(call, &step.document, mark).await.map_err(refused)?
        }
    };
    let id = match sent {
        Some(id) => id,
        None => step.send(call).await.map_err(refused)?,
    };
    let reported = match ids.as_slice() {
        [node] => on_one(call, &id, node).await,
        [] => on_targets(call, &id).await,
        nodes => on_several(call, &id, nodes).await,
    }
    .map_err(|error| Failure::api(phrase::COMMAND, &error))?;
    if reported["Status"] == "Success" {
        return outputs::fixed(call, reported);
    }
    Err(unsuccessful(&id, reported))
}

/// Cancels the command of a dropped attempt, if it can be found again.
pub(super) async fn cancel(call: &Call<'_>) -> Result<(), ApiError> {
    let Ok(Step { document, mark: Some(mark), .. }) = Step::read(call) else { return Ok(()) };
    if let Some(id) = command::commented(call, &document, &mark).await? {
        call.read("ssm", "CancelCommand", json!({"CommandId": id})).await?;
    }
    Ok(())
}

async fn on_one(call: &Call<'_>, id: &str, node: &str) -> Result<Value, ApiError> {
    let mut waits = call.waits();
    loop {
        match command::invocation(call, id, node).await? {
            Some(done) if done.ended() => {
                return Ok(json!({
                    "Status": done.status,
                    "ResponseCode": done.code,
                    "Output": done.output,
                    "CommandId": id,
                }));
            }
            _ => waits.pause().await,
        }
    }
}

async fn on_several(call: &Call<'_>, id: &str, nodes: &[String]) -> Result<Value, ApiError> {
    let mut waits = call.waits();
    let mut status = "Success".to_owned();
    let mut open: Vec<&String> = nodes.iter().collect();
    loop {
        let mut still_open = Vec::new();
        for node in open {
            match command::invocation(call, id, node).await? {
                Some(done) if done.ended() => {
                    if status == "Success" {
                        status = done.status;
                    }
                }
                _ => still_open.push(node),
            }
        }
        if still_open.is_empty() {
            return Ok(json!({"Status": status, "CommandId": id}));
        }
        open = still_open;
        waits.pause().await;
    }
}

async fn on_targets(call: &Call<'_>, id: &str) -> Result<Value, ApiError> {
    let mut waits = call.waits();
    loop {
        let status = command::status(call, id).await?.unwrap_or_default();
        if command::ended(&status) {
            // One node is one node, whichever way it was named.
            return Ok(
                match command::invocations(call, json!({"CommandId": id})).await?.as_slice() {
                    [only] => json!({
                        "Status": status,
                        "ResponseCode": only.code,
                        "Output": only.output,
                        "CommandId": id,
                    }),
                    _ => json!({"Status": status, "CommandId": id}),
                },
            );
        }
        waits.pause().await;
    }
}

/// `{Status=[Failed], ResponseCode=[1], Output=[…], OutputPayload=[{…}], CommandId=[…]}`, as AWS
/// writes it.
fn unsuccessful(id: &str, reported: Value) -> Failure {
    let member = |name: &str| match &reported[name] {
        Value::Null => None,
        Value::String(text) => Some(format!("{name}=[{text}]")),
        other => Some(format!("{name}=[{other}]")),
    };
    let parts = [
        member("Status"),
        member("ResponseCode"),
        member("Output"),
        Some(format!("OutputPayload=[{reported}]")),
        member("CommandId"),
    ];
    let parts = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let error = words::unexpected_invocation(id, &parts);
    Failure::unverified(phrase::COMMAND, &error).with_outputs(outputs::with_payload(reported))
}

/// Parameters of a command document are lists of texts: single values are lists of one, maps are
/// JSON text.
fn parameters(given: &Value) -> Result<Value, Failure> {
    let Value::Object(given) = given else { return Ok(given.clone()) };
    let mut taken = Map::new();
    for (name, value) in given {
        let mut texts = Vec::new();
        match value {
            Value::Null => continue,
            Value::Array(items) => items.iter().for_each(|item| lines(item, &mut texts)),
            other => lines(other, &mut texts),
        }
        taken.insert(name.clone(), texts.into());
    }
    Ok(Value::Object(taken))
}

/// Lists in lists are one list; an empty line of a script is a line.
fn lines(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| lines(item, into)),
        Value::Null => {}
        Value::Object(_) => into.push(value.to_string()),
        other => into.extend(inputs::text(other)),
    }
}

#[cfg(test)]
#[path = "run_command_tests.rs"]
mod tests;
