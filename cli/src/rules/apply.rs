//! `relay rules apply`: writes what the plan shows.

use anyhow::{Context, Result};
use aws::AwsError;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{ParameterTier, ParameterType};

use super::Selection;
use super::lint::count;
use super::plan::{Action, Change, Planned};
use crate::Exit;
use crate::arguments::Global;
use crate::output::Output;
use crate::session::Session;

/// Plans, shows the plan, asks before a deletion, and writes.
pub(super) async fn run(selection: &Selection, global: &Global, output: &Output) -> Result<Exit> {
    let planned = Planned::make(selection, global, output).await?;
    planned.session.announce(output);
    planned.print(output);
    let changes = &planned.plan.changes;
    confirm_deletions(changes, output)?;
    write_rules(&planned.session, changes).await?;
    planned.report(changes.len(), output)?;
    match changes.len() {
        0 => output.line("nothing to change"),
        n => output.line(format_args!("{} written", count(n, "change"))),
    }
    Ok(Exit::Done)
}

/// Asks before deployed rules are deleted, if any are.
///
/// # Errors
/// When the answer is not yes.
pub(crate) fn confirm_deletions(changes: &[Change], output: &Output) -> Result<()> {
    let deletions = changes.iter().filter(|change| change.action == Action::Delete);
    let deletions: Vec<&str> = deletions.map(|change| change.parameter.as_str()).collect();
    if deletions.is_empty() {
        return Ok(());
    }
    let question = format!("Delete {}?", count(deletions.len(), "deployed rule"));
    output.confirm(&question, deletions)
}

/// Writes and deletes the parameters of rules, in this order.
///
/// # Errors
/// When one cannot be written; those before it are.
pub(crate) async fn write_rules(session: &Session, changes: &[Change]) -> Result<()> {
    let client = Client::new(&session.config);
    for (done, change) in changes.iter().enumerate() {
        let written = match &change.text {
            Some(text) => put_rule(&client, &change.parameter, text).await,
            None => delete(&client, &change.parameter).await,
        };
        written.with_context(|| {
            format!("stopped after {done} of {}", count(changes.len(), "change"))
        })?;
        tracing::debug!(parameter = change.parameter, action = ?change.action, "written");
    }
    Ok(())
}

/// Writes one rule's parameter, by its full name. Parameter Store chooses the tier: one that does not fit the Standard tier
/// becomes an Advanced parameter, and remains one, since AWS makes no Advanced parameter Standard again.
///
/// # Errors
/// When Parameter Store refuses it.
pub async fn put_rule(client: &Client, parameter: &str, text: &str) -> Result<()> {
    client
        .put_parameter()
        .name(parameter)
        .value(text)
        .r#type(ParameterType::String)
        .tier(ParameterTier::IntelligentTiering)
        .overwrite(true)
        .send()
        .await
        .map_err(AwsError::from)
        .with_context(|| format!("write the parameter {parameter}"))?;
    Ok(())
}

async fn delete(client: &Client, parameter: &str) -> Result<()> {
    let deleted = client.delete_parameter().name(parameter).send().await;
    deleted.map_err(AwsError::from).with_context(|| format!("delete the parameter {parameter}"))?;
    Ok(())
}
