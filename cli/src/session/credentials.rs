//! Credentials as people have them, and what to do when there are none.
//!
//! IAM Identity Center, `aws login`, `credential_process`, chains of roles, environment, container and
//! instance roles are aws-config's. It does not ask for MFA codes.

use std::error::Error;

use aws_config::BehaviorVersion;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::error::CredentialsError;

use crate::arguments::Global;
use crate::failure::Failure;

/// The reason of a profile that exists and has no credentials.
const NOTHING: &str = "it has no credentials";

/// The credentials of one profile, whatever the environment holds.
pub(super) async fn of_profile(name: &str, global: &Global) -> ProfileFileCredentialsProvider {
    let settings = ProviderConfig::without_region().with_http_client(aws::https_client());
    // STS and Identity Center are called in the Region that the command works in.
    let region = match &global.region {
        Some(region) => Some(aws_config::Region::new(region.clone())),
        None => {
            let defaults = aws_config::defaults(BehaviorVersion::latest());
            let defaults = defaults.http_client(aws::https_client()).profile_name(name);
            defaults.load().await.region().cloned()
        }
    };
    let settings = settings.with_region(region);
    ProfileFileCredentialsProvider::builder().configure(&settings).profile_name(name).build()
}

/// The reason why no credentials were found, if a call failed for that: the sources that were tried, or the
/// provider's own reason, and how to sign in.
pub(super) fn refusal(error: &(dyn Error + 'static), global: &Global) -> Option<Failure> {
    let found = find(error)?;
    let reason = reasons(found);
    let Some(profile) = &global.profile else {
        // The instance's role is the last of the chain: whatever it says, nothing was found before.
        let nothing = matches!(found, CredentialsError::CredentialsNotLoaded(_));
        return Some(if nothing || reason.contains("IMDS") {
            nothing_found()
        } else {
            sign_in(Failure::new(format!("credentials cannot be loaded: {reason}")), &reason, "")
        });
    };
    let reason = if reason.is_empty() { NOTHING.to_owned() } else { reason };
    let failure = Failure::new(format!("no credentials from the profile {profile}: {reason}"));
    Some(sign_in(failure, &reason, &format!(" --profile {profile}")))
}

/// Adds how to sign in, which depends on the provider that gave the reason.
fn sign_in(failure: Failure, reason: &str, profile: &str) -> Failure {
    let reason = reason.to_lowercase();
    failure.help(if reason == NOTHING {
        format!("Set it up: `aws configure sso{profile}`, or `aws login{profile}`.")
    } else if reason.contains("was not defined") {
        "`aws configure list-profiles` shows the profiles there are.".to_owned()
    } else if reason.contains("sso") {
        format!("Sign in again: `aws sso login{profile}`.")
    } else if reason.contains("login") {
        format!("Sign in again: `aws login{profile}`.")
    } else {
        format!("`aws sts get-caller-identity{profile}` shows whether they work.")
    })
}

fn nothing_found() -> Failure {
    Failure::new("no AWS credentials found")
        .help(
            "Tried: the environment (AWS_ACCESS_KEY_ID), the profile of AWS_PROFILE or `default` in \
             ~/.aws, a web identity token, a container's role, an instance's role.",
        )
        .help("Sign in with `aws login` or `aws sso login`, or name a profile with --profile.")
}

fn find<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CredentialsError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// The causes of an error, without its own message, which says only that a provider failed.
fn reasons(error: &dyn Error) -> String {
    let mut reasons: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        let generic = cause.is::<CredentialsError>();
        if !generic && !reasons.iter().any(|known| known.contains(&text)) {
            reasons.push(text.trim_end_matches([' ', ':', '.']).to_owned());
        }
        next = cause.source();
    }
    reasons.join(": ")
}
