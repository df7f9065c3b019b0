//! Credentials that no AWS API hands out: sessions of the service's own, and the callers' keys.

use std::time::Duration;

use engine::ports::{ApiError, ApiErrorKind};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use workers::{Keys, Sessions};

use crate::emulator::Emulator;

/// How long a session lasts that the service opens.
const LASTS: Duration = Duration::from_secs(3600);

/// The emulator's IAM, asked through its hooks.
pub struct Iam(Emulator);

impl Iam {
    /// The IAM of an emulator.
    pub fn new(emulator: Emulator) -> Self {
        Self(emulator)
    }

    async fn assume(&self, role: &str, session: &str, source: &str) -> Result<Keys, ApiError> {
        let question = json!({
            "role": role, "service": "ssm.amazonaws.com", "session": session,
            "sourceArn": source, "sourceAccount": source.split(':').nth(4), "seconds": LASTS.as_secs(),
        });
        let answer = self.0.hook("assume", &question).await.map_err(|error| lost(&error))?;
        keys(&answer, Some(LASTS)).ok_or_else(|| {
            let message = format!(
                "An error occurred (AccessDenied) when calling the AssumeRole operation: User: \
                 ssm.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: {role}"
            );
            refused("AccessDenied", message)
        })
    }

    async fn caller(&self, access_key: &str) -> Result<Keys, ApiError> {
        // A 12-digit key is its account's root: any secret does.
        if access_key.len() == 12 && access_key.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Keys {
                access_key_id: access_key.to_owned(),
                secret_access_key: "local".to_owned(),
                session_token: None,
                lifetime: None,
            });
        }
        let question = json!({"accessKey": access_key});
        let answer = self.0.hook("keys", &question).await.map_err(|error| lost(&error))?;
        keys(&answer, None).ok_or_else(|| {
            let text = |name: &str| answer["error"][name].as_str().unwrap_or_default().to_owned();
            refused(&text("code"), text("message"))
        })
    }
}

impl Sessions for Iam {
    fn for_service<'a>(
        &'a self,
        role_arn: &'a str,
        session_name: &'a str,
        source_arn: &'a str,
    ) -> BoxFuture<'a, Result<Keys, ApiError>> {
        self.assume(role_arn, session_name, source_arn).boxed()
    }

    fn of_caller<'a>(&'a self, access_key_id: &'a str) -> BoxFuture<'a, Result<Keys, ApiError>> {
        self.caller(access_key_id).boxed()
    }
}

fn keys(answer: &Value, lifetime: Option<Duration>) -> Option<Keys> {
    let text = |name: &str| answer[name].as_str().map(str::to_owned);
    Some(Keys {
        access_key_id: text("accessKeyId")?,
        secret_access_key: text("secretAccessKey")?,
        session_token: text("sessionToken"),
        lifetime,
    })
}

fn refused(code: &str, message: String) -> ApiError {
    ApiError { code: code.to_owned(), message, kind: ApiErrorKind::Permission }
}

fn lost(error: &anyhow::Error) -> ApiError {
    let message = format!("{error:#}");
    ApiError { code: "ServiceUnavailable".to_owned(), message, kind: ApiErrorKind::Lost }
}
