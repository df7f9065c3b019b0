//! Policy: the parameters under a path, whole or not at all.

use aws_sdk_ssm::Client;
use relay_core::rules::RuleText;

use crate::AwsError;

/// What Parameter Store gives in one call, at most.
const PAGE: i32 = 10;

/// The text of every parameter directly under `path`. A page that cannot be read is not an absence of
/// rules: there is no answer without it. Nothing is cached.
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
        // A page may be empty and still have a successor.
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            return Ok(texts);
        }
    }
}
