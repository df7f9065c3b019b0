//! The credentials of a role in another account.

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result as CredentialsResult, future};

use crate::AwsError;

/// Credentials of a role. Unlike those of the SDK's own provider, its errors keep AWS's code: a role that
/// may not be assumed differs from an STS that is down.
#[derive(Debug)]
pub(crate) struct AssumedRole {
    sts: aws_sdk_sts::Client,
    role: String,
    session: String,
}

impl AssumedRole {
    pub(crate) fn new(sts: aws_sdk_sts::Client, role: String, session: String) -> Self {
        Self { sts, role, session }
    }

    async fn assume(&self) -> CredentialsResult {
        let answer = self
            .sts
            .assume_role()
            .role_arn(&self.role)
            .role_session_name(&self.session)
            .send()
            .await
            .map_err(|error| {
                let error = AwsError::from(error).while_assuming(&self.role);
                CredentialsError::provider_error(error)
            })?;
        let credentials = answer.credentials().ok_or_else(|| {
            let what = format!("assume {}: STS answered without credentials", self.role);
            CredentialsError::provider_error(AwsError::unreadable_answer(&what))
        })?;
        let expires = std::time::SystemTime::try_from(*credentials.expiration())
            .map_err(CredentialsError::unhandled)?;
        Ok(aws_credential_types::Credentials::new(
            credentials.access_key_id(),
            credentials.secret_access_key(),
            Some(credentials.session_token().to_owned()),
            Some(expires),
            "AssumedRole",
        ))
    }
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.assume())
    }
}
