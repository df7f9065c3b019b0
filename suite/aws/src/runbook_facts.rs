//! The facts about a runbook that decide whether it may be started.

use std::collections::BTreeMap;

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::ResourceTypeForTagging;
use run::{Hub, RunbookFacts, Rung};

use crate::AwsError;

/// Reads them in one of the hub's Regions: DescribeDocument and, for a runbook that the hub owns,
/// ListTagsForResource. Tags of another account's runbook cannot be read. A runbook that does not exist
/// is an answer: [`RunbookFacts::exists`].
///
/// # Errors
/// When SSM refuses or does not answer.
pub async fn read(client: &Client, hub: &Hub, rung: &Rung) -> Result<RunbookFacts, AwsError> {
    let described = client
        .describe_document()
        .name(rung.runbook.to_string())
        .set_document_version(rung.document_version.clone())
        .send()
        .await;
    let document = match described.map_err(AwsError::from) {
        Ok(answer) => answer.document,
        Err(error) if error.is("InvalidDocument") || error.is("InvalidDocumentVersion") => None,
        Err(error) => return Err(error),
    };
    let Some(document) = document else { return Ok(RunbookFacts::default()) };
    let parameters = document.parameters().iter().filter_map(|parameter| {
        // SSM names the default of a parameter that has one, even an empty one.
        Some((parameter.name()?.to_owned(), parameter.default_value().is_none()))
    });
    let owner = document.owner().unwrap_or_default();
    let own = owner == hub.account.as_str();
    let tags = if own { tags(client, rung.runbook.document()).await? } else { BTreeMap::new() };
    Ok(RunbookFacts {
        exists: true,
        by_amazon: owner == "Amazon",
        shared: !own && owner != "Amazon",
        parameters: parameters.collect(),
        tags,
    })
}

async fn tags(client: &Client, name: &str) -> Result<BTreeMap<String, String>, AwsError> {
    let answer = client
        .list_tags_for_resource()
        .resource_type(ResourceTypeForTagging::Document)
        .resource_id(name)
        .send()
        .await?;
    let tags = answer.tag_list.unwrap_or_default();
    Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
}
