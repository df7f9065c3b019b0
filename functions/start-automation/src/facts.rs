//! What has to be known of a runbook before it is started.

use std::collections::BTreeMap;

use aws::AwsError;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::ResourceTypeForTagging;
use relay_core::id::Region;
use run::{Hub, RunbookFacts, Rung};

use crate::Error;

/// What is known of a rung's runbook in a Region of the hub: DescribeDocument, and for a runbook of the
/// hub's own ListTagsForResource. Another account's tags cannot be seen.
///
/// # Errors
/// When SSM refuses or does not answer.
pub async fn read(
    client: &Client,
    hub: &Hub,
    region: &Region,
    rung: &Rung,
) -> Result<RunbookFacts, Error> {
    let failed = |source: AwsError| Error::Runbook { runbook: rung.runbook.to_string(), source };
    let described = client
        .describe_document()
        .name(rung.runbook.to_string())
        .set_document_version(rung.document_version.clone())
        .send()
        .await;
    let document = match described.map_err(AwsError::from) {
        Ok(answer) => answer.document,
        Err(error) if error.is("InvalidDocument") || error.is("InvalidDocumentVersion") => None,
        Err(error) => return Err(failed(error)),
    };
    let Some(document) = document else { return Ok(RunbookFacts::default()) };
    let parameters = document.parameters().iter().filter_map(|parameter| {
        // SSM names the default of a parameter that has one, even an empty one.
        Some((parameter.name()?.to_owned(), parameter.default_value().is_none()))
    });
    let owner = document.owner().unwrap_or_default();
    let own = owner == hub.account.as_str();
    let tags = match own {
        true => tags(client, rung.runbook.document()).await.map_err(failed)?,
        false => BTreeMap::new(),
    };
    tracing::debug!(runbook = %rung.runbook, %region, owner, "looked at");
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
