//! The fate of coming `CreateAccount` calls: the control interface's script.

use jiff::SignedDuration;
use wildmatch::WildMatch;

use crate::Organizations;

/// How long AWS takes locally where no script says otherwise.
pub(crate) const CREATION_TAKES: SignedDuration = SignedDuration::from_secs(1);

/// The model's `CreateAccountFailureReason`.
const REASONS: [&str; 15] = [
    "ACCOUNT_LIMIT_EXCEEDED",
    "EMAIL_ALREADY_EXISTS",
    "INVALID_ADDRESS",
    "INVALID_EMAIL",
    "CONCURRENT_ACCOUNT_MODIFICATION",
    "INTERNAL_FAILURE",
    "GOVCLOUD_ACCOUNT_ALREADY_EXISTS",
    "MISSING_BUSINESS_VALIDATION",
    "FAILED_BUSINESS_VALIDATION",
    "PENDING_BUSINESS_VALIDATION",
    "INVALID_IDENTITY_FOR_BUSINESS_VALIDATION",
    "UNKNOWN_BUSINESS_VALIDATION",
    "MISSING_PAYMENT_INSTRUMENT",
    "INVALID_PAYMENT_INSTRUMENT",
    "UPDATE_EXISTING_RESOURCE_POLICY_WITH_TAGS_NOT_SUPPORTED",
];

/// How a creation ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreationResult {
    /// The account exists and is in the root.
    Succeeded,
    /// No account; the reason is one of the model's `CreateAccountFailureReason`.
    Failed(String),
}

/// Why a script was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidScript(String);

impl std::fmt::Display for InvalidScript {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidScript {}

#[derive(Debug)]
pub(crate) struct Script {
    emails: String,
    result: CreationResult,
    after: SignedDuration,
}

impl Organizations {
    /// Scripts the creations whose e-mail address matches the glob (`*`, `?`), until another script
    /// with the same glob replaces it. Of several that match, the newest counts. Without one a
    /// creation succeeds after a second, or fails if the address is taken.
    ///
    /// # Errors
    /// A failure's reason that AWS does not have, or a negative duration.
    pub fn script_creation(
        &mut self,
        email_pattern: &str,
        result: CreationResult,
        after: SignedDuration,
    ) -> Result<(), InvalidScript> {
        if let CreationResult::Failed(reason) = &result
            && !REASONS.contains(&reason.as_str())
        {
            return Err(InvalidScript(format!(
                "{reason} is not a reason of CreateAccount; AWS has: {}",
                REASONS.join(", ")
            )));
        }
        if after.is_negative() {
            return Err(InvalidScript("an account cannot be ready before it is asked for".into()));
        }
        self.script.retain(|script| script.emails != email_pattern);
        self.script.push(Script { emails: email_pattern.to_owned(), result, after });
        Ok(())
    }

    /// How the creation for this address is to end and how long it takes.
    pub(crate) fn scripted(&self, email: &str) -> (Option<CreationResult>, SignedDuration) {
        let matches = |script: &&Script| WildMatch::new(&script.emails).matches(email);
        match self.script.iter().rev().find(matches) {
            Some(script) => (Some(script.result.clone()), script.after),
            None => (None, CREATION_TAKES),
        }
    }
}
