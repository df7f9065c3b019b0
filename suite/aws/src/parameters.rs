//! The rules in Parameter Store: every parameter under a path, or an error.

use aws_sdk_ssm::Client;
use relay_core::rules::RuleText;

use crate::AwsError;

/// The most that Parameter Store returns in one call.
const PAGE: i32 = 10;

/// The text of every parameter directly under `path`. One page that cannot be read is an error, since a
/// missing rule would count as deleted. Nothing is cached.
///
/// # Errors
/// When AWS refuses or does not answer.
pub async fn texts(client: &Client, path: &str) -> Result<Vec<RuleText>, AwsError> {
    let mut texts = Vec::new();
    let mut token = None;
    loop {
        let page = client
            .get_parameters_by_path()
            .path(path)
            .recursive(false)
            .with_decryption(true)
            .max_results(PAGE)
            .set_next_token(token)
            .send()
            .await?;
        texts.extend(page.parameters().iter().filter_map(|parameter| {
            Some(RuleText::parameter(parameter.name()?, parameter.value().unwrap_or_default()))
        }));
        // A page may be empty and still have a next one.
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            return Ok(texts);
        }
    }
}
