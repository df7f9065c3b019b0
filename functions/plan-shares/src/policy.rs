//! The sharing policy, whole or not at all: a page that cannot be read is not an absence of rules.

use aws_sdk_ssm::Client;
use domain::sharing::{RuleSet, RuleText};
use lambda::AwsError;

use crate::Error;

/// What Parameter Store gives in one call, at most.
const PAGE: i32 = 10;

/// Reads every parameter directly under `path`. Never cached: a function stays warm for hours.
pub(crate) async fn read(client: &Client, path: &str) -> Result<RuleSet, Error> {
    let failed = |source| Error::Policy { path: path.to_owned(), source };
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
            .await
            .map_err(|error| failed(AwsError::from(error)))?;
        texts.extend(page.parameters().iter().filter_map(|parameter| {
            Some(RuleText::parameter(parameter.name()?, parameter.value().unwrap_or_default()))
        }));
        // A page may be empty and still have a successor.
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            return Ok(RuleSet::parse(texts));
        }
    }
}
