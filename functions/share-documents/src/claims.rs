//! Which installation claims which of the owner's documents: read once an invocation, while the first documents
//! are listed.

use aws::AwsError;
use aws_sdk_ssm::Client;
use relay_core::id::{CLAIMS_PATH, InstallationId};
use sharing::Claims;
use tokio::sync::OnceCell;

use crate::calls::{Caller, Refusal};

/// The most that Parameter Store returns in one call.
const PAGE: i32 = 10;

/// The claims in an owner account.
#[derive(Debug)]
pub(crate) struct RecordedClaims<'a> {
    client: &'a Client,
    caller: &'a Caller,
    installation: &'a InstallationId,
    read: OnceCell<Claims>,
}

impl<'a> RecordedClaims<'a> {
    /// With a client in the Region where claims are.
    pub(crate) fn new(
        client: &'a Client,
        caller: &'a Caller,
        installation: &'a InstallationId,
    ) -> Self {
        Self { client, caller, installation, read: OnceCell::new() }
    }

    /// The claims. A stack of an older version lets nobody read it: then it is not known.
    ///
    /// # Errors
    /// When the time budget ended: to be read by the next invocation.
    pub(crate) async fn get(&self) -> Result<&Claims, Refusal> {
        let read = async || match self.read_all().await {
            Ok(parameters) => {
                let texts = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                Ok(Claims::read(self.installation, texts))
            }
            Err(Refusal::Later) => Err(Refusal::Later),
            Err(refusal) => {
                let (_, error, _) = refusal.explain();
                tracing::warn!(%error, "the claims on documents cannot be read");
                Ok(Claims::unreadable(self.installation, error.to_string()))
            }
        };
        self.read.get_or_try_init(read).await
    }

    async fn read_all(&self) -> Result<Vec<(String, String)>, Refusal> {
        let mut parameters = Vec::new();
        let mut token = None;
        loop {
            let request = self.client.get_parameters_by_path().path(CLAIMS_PATH).max_results(PAGE);
            let request = request.set_next_token(token);
            let page = self
                .caller
                .read_ahead("GetParametersByPath", || {
                    let request = request.clone();
                    async move { request.send().await.map_err(AwsError::from) }
                })
                .await?;
            parameters.extend(page.parameters().iter().filter_map(|parameter| {
                let value = parameter.value().unwrap_or_default();
                Some((parameter.name()?.to_owned(), value.to_owned()))
            }));
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(parameters);
            }
        }
    }
}
