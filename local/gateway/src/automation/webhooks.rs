//! Webhooks of `aws:invokeWebhook`: to the loopback interface only, unless the settings allow others.

use std::net::IpAddr;

use bytes::Bytes;
use engine::ports::{WebhookAnswer, WebhookError, WebhookRequest, Webhooks};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Posts to webhooks over plain HTTP.
pub(super) struct WebhookClient {
    client: Client<HttpConnector, Full<Bytes>>,
    everywhere: bool,
}

impl WebhookClient {
    /// To the loopback interface, or `everywhere`.
    pub(super) fn new(everywhere: bool) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), everywhere }
    }

    async fn send(&self, webhook: &WebhookRequest) -> Result<WebhookAnswer, WebhookError> {
        let uri: Uri = webhook
            .url
            .parse()
            .map_err(|error| WebhookError::Invalid(format!("{}: {error}", webhook.url)))?;
        self.allowed(&uri)?;
        let mut request = Request::post(uri);
        for (name, value) in &webhook.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Full::new(Bytes::from(webhook.body.clone())))
            .map_err(|error| WebhookError::Invalid(error.to_string()))?;
        let lost = |error: String| WebhookError::Lost(format!("{}: {error}", webhook.url));
        let answer = self.client.request(request).await.map_err(|e| lost(e.to_string()))?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.map_err(|e| lost(e.to_string()))?;
        let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        Ok(WebhookAnswer { status, body })
    }

    fn allowed(&self, uri: &Uri) -> Result<(), WebhookError> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let loopback = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        if !self.everywhere && !loopback {
            return Err(WebhookError::NotAllowed(format!(
                "{uri} is not on the loopback interface; --allow-webhooks lets webhooks out"
            )));
        }
        if uri.scheme_str() != Some("http") {
            return Err(WebhookError::NotAllowed(format!(
                "{uri}: the local AWS posts to http:// addresses only"
            )));
        }
        Ok(())
    }
}

impl Webhooks for WebhookClient {
    fn post<'a>(
        &'a self,
        request: &'a WebhookRequest,
    ) -> BoxFuture<'a, Result<WebhookAnswer, WebhookError>> {
        self.send(request).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_not_on_loopback_is_not_posted_to() {
        for (url, everywhere, allowed) in [
            ("http://127.0.0.1:8080/hook", false, true),
            ("http://localhost/hook", false, true),
            ("http://[::1]:80/hook", false, true),
            ("http://hooks.example.com/hook", false, false),
            ("http://10.0.0.1/hook", false, false),
            ("http://hooks.example.com/hook", true, true),
            ("https://127.0.0.1/hook", false, false),
        ] {
            let uri = url.parse().unwrap();
            assert_eq!(WebhookClient::new(everywhere).allowed(&uri).is_ok(), allowed, "{url}");
        }
    }
}
