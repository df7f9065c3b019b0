//! Clients in other accounts against an AWS that answers from memory.

use std::sync::Arc;

use aws_config::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use super::*;
use crate::{AwsError, AwsErrorKind};

const CREDENTIALS: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials>\
    <AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>\
    <SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>\
    </Credentials></AssumeRoleResult></AssumeRoleResponse>";
const DENIED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
    <Message>not authorized to perform sts:AssumeRole</Message></Error></ErrorResponse>";

/// Answers STS and SSM, and remembers what was asked.
#[derive(Debug, Clone)]
struct Aws {
    sts: (u16, &'static str),
    seen: Arc<Mutex<Vec<Seen>>>,
}

#[derive(Debug, Clone)]
struct Seen {
    host: String,
    authorization: String,
    body: String,
}

impl Aws {
    fn new(status: u16, answer: &'static str) -> Self {
        Self { sts: (status, answer), seen: Arc::default() }
    }

    fn seen(&self, service: &str) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|seen| seen.host.starts_with(service)).cloned().collect()
    }
}

impl HttpConnector for Aws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let uri = request.uri().to_owned();
        let host = uri.trim_start_matches("https://").split('/').next().unwrap().to_owned();
        let (status, answer) = if host.starts_with("sts.") {
            self.sts
        } else {
            (200, r#"{"DocumentIdentifiers":[]}"#)
        };
        self.seen.lock().unwrap().push(Seen {
            host,
            authorization: request.headers().get("authorization").unwrap_or_default().to_owned(),
            body: String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned(),
        });
        HttpConnectorFuture::ready(Ok(HttpResponse::new(
            StatusCode::try_from(status).unwrap(),
            SdkBody::from(answer),
        )))
    }
}

impl HttpClient for Aws {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

async fn owners(aws: &Aws) -> Accounts {
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(aws.clone())
        .identity_cache(aws_config::identity::IdentityCache::lazy().build())
        .region(aws_config::Region::new("us-east-1"))
        .credentials_provider(aws_credential_types::Credentials::new(
            "AKIAHUB", "secret", None, None, "test",
        ))
        .load()
        .await;
    Accounts::new(&config, "runbook-relay-share", "share-documents")
}

#[tokio::test(start_paused = true)]
async fn one_assumed_role_serves_every_region_of_an_account() {
    let aws = Aws::new(200, CREDENTIALS);
    let owners = owners(&aws).await;
    let account = "222233334444".parse().unwrap();
    for region in ["us-east-1", "eu-west-1", "eu-west-1"] {
        let ssm = owners.ssm(account, &region.parse().unwrap());
        ssm.list_documents().send().await.unwrap();
    }

    let assumed = aws.seen("sts.us-east-1.");
    assert_eq!(assumed.len(), 1, "{assumed:?}");
    assert!(assumed[0].authorization.contains("Credential=AKIAHUB/"));
    assert!(
        assumed[0].body.contains("arn%3Aaws%3Aiam%3A%3A222233334444%3Arole%2Frunbook-relay-share")
    );
    assert!(assumed[0].body.contains("RoleSessionName=share-documents"));
    let ssm = aws.seen("ssm.");
    assert_eq!(ssm.len(), 3);
    assert!(ssm.iter().all(|call| call.authorization.contains("Credential=ASIAROLE/")));
    assert_eq!(ssm[1].host, "ssm.eu-west-1.amazonaws.com");
}

#[tokio::test(start_paused = true)]
async fn each_account_is_entered_through_its_own_role() {
    let aws = Aws::new(200, CREDENTIALS);
    let owners = owners(&aws).await;
    for account in ["222233334444", "333344445555"] {
        let ssm = owners.ssm(account.parse().unwrap(), &"us-east-1".parse().unwrap());
        ssm.list_documents().send().await.unwrap();
    }
    assert_eq!(aws.seen("sts.").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_roles_arn_is_of_the_regions_partition() {
    let aws = Aws::new(200, CREDENTIALS);
    let owners = owners(&aws).await;
    let ssm = owners.ssm("222233334444".parse().unwrap(), &"us-gov-west-1".parse().unwrap());
    ssm.list_documents().send().await.unwrap();
    assert!(aws.seen("sts.")[0].body.contains("arn%3Aaws-us-gov%3Aiam"));
}

#[tokio::test(start_paused = true)]
async fn a_role_that_cannot_be_assumed_is_told_from_a_call_that_is_denied() {
    let aws = Aws::new(403, DENIED);
    let owners = owners(&aws).await;
    let ssm = owners.ssm("222233334444".parse().unwrap(), &"us-east-1".parse().unwrap());
    let error = AwsError::from(ssm.list_documents().send().await.unwrap_err());
    assert_eq!(error.kind, AwsErrorKind::RoleNotAssumable);
    assert_eq!(error.code, "AccessDenied");
    assert!(error.message.contains("arn:aws:iam::222233334444:role/runbook-relay-share"));
    assert!(error.message.contains("not authorized to perform sts:AssumeRole"), "{error}");
    assert!(aws.seen("ssm.").is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_sts_that_is_down_is_worth_another_try() {
    let aws = Aws::new(503, "");
    let owners = owners(&aws).await;
    let ssm = owners.ssm("222233334444".parse().unwrap(), &"us-east-1".parse().unwrap());
    let error = AwsError::from(ssm.list_documents().send().await.unwrap_err());
    assert_eq!(error.kind, AwsErrorKind::Unavailable, "{error}");
    assert!(aws.seen("sts.").len() > 1, "the SDK tried once only");
}
