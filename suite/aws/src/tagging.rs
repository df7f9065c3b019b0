//! Resources by their tags: GetResources, the only operation of the Resource Groups Tagging API that the
//! suite calls (docs/decisions/0014).

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use serde::{Deserialize, Serialize};

use crate::AwsError;
use crate::signed::{Signed, refusal};

const HEADERS: [(&str, &str); 2] = [
    ("content-type", "application/x-amz-json-1.1"),
    ("x-amz-target", "ResourceGroupsTaggingAPI_20170126.GetResources"),
];

/// The tagging API in one account and Region.
#[derive(Debug, Clone)]
pub struct Tagging(Signed);

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Question<'a> {
    tag_filters: Vec<Filter<'a>>,
    resource_type_filters: [&'a str; 1],
    pagination_token: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Filter<'a> {
    key: &'a str,
    values: [&'a str; 1],
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    pagination_token: Option<String>,
    #[serde(default)]
    resource_tag_mapping_list: Vec<Mapping>,
}

#[derive(Deserialize)]
struct Mapping {
    #[serde(rename = "ResourceARN")]
    arn: String,
}
impl Tagging {
    /// From the configuration of an account and Region. Calls nothing.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self(Signed::new(config, "tagging"))
    }

    /// The ARNs of resources of a type (`ec2:instance`) that have all these tags; pages are followed
    /// until there are `enough`.
    ///
    /// # Errors
    /// When AWS refuses or does not answer.
    pub async fn resources(
        &self,
        kind: &str,
        tags: &BTreeMap<String, String>,
        enough: usize,
    ) -> Result<Vec<String>, AwsError> {
        let (mut arns, mut token) = (Vec::new(), String::new());
        loop {
            let filters = tags.iter().map(|(key, value)| Filter { key, values: [value] });
            let question = Question {
                tag_filters: filters.collect(),
                resource_type_filters: [kind],
                pagination_token: &token,
            };
            // Texts always serialise.
            let body = serde_json::to_string(&question).unwrap_or_default();
            let (status, text) = self.0.post("GetResources", &HEADERS, body).await?;
            if status != 200 {
                return Err(refusal(&text, status));
            }
            let page: Page =
                serde_json::from_str(&text).map_err(|error| AwsError::unreadable_answer(&error))?;
            arns.extend(page.resource_tag_mapping_list.into_iter().map(|mapping| mapping.arn));
            token = page.pagination_token.unwrap_or_default();
            if token.is_empty() || arns.len() >= enough {
                return Ok(arns);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_as_the_api_has_it() {
        let question = Question {
            tag_filters: vec![Filter { key: "App", values: ["web"] }],
            resource_type_filters: ["ec2:instance"],
            pagination_token: "",
        };
        assert_eq!(
            serde_json::to_string(&question).unwrap(),
            r#"{"TagFilters":[{"Key":"App","Values":["web"]}],"ResourceTypeFilters":["ec2:instance"],"PaginationToken":""}"#
        );
    }
}
