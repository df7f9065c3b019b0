//! AWS's reasons, and what to do about them.

/// Advice on a `CreateAccountFailureReason` of Organizations (2016-11-28), for the person who asked for
/// the account.
fn advice(reason: &str) -> &'static str {
    match reason {
        "ACCOUNT_LIMIT_EXCEEDED" => {
            "the organization has as many accounts as its quota allows: close accounts or ask \
             AWS Support for a higher quota"
        }
        "CONCURRENT_ACCOUNT_MODIFICATION" => {
            "another request about accounts was being worked on: create the account again"
        }
        "EMAIL_ALREADY_EXISTS" => {
            "another AWS account has this e-mail address: create it with another one"
        }
        "FAILED_BUSINESS_VALIDATION" | "UNKNOWN_BUSINESS_VALIDATION" => {
            "AWS could not validate the business of the management account: ask AWS Support"
        }
        "GOVCLOUD_ACCOUNT_ALREADY_EXISTS" => {
            "the account in GovCloud could not be created, since there is one with this address"
        }
        "INTERNAL_FAILURE" => {
            "a fault at AWS: create the account again, and ask AWS Support if it stays"
        }
        "INVALID_ADDRESS" => "the management account's postal address is not valid: correct it",
        "INVALID_EMAIL" => "the e-mail address is not valid: create the account with another one",
        "INVALID_IDENTITY_FOR_BUSINESS_VALIDATION" => {
            "the owner of the management account could not be identified: complete its information"
        }
        "INVALID_PAYMENT_INSTRUMENT" => {
            "the management account's payment method was refused: correct it"
        }
        "MISSING_BUSINESS_VALIDATION" => {
            "the business of the management account has not been validated: complete its information"
        }
        "MISSING_PAYMENT_INSTRUMENT" => "the management account has no payment method: add one",
        "PENDING_BUSINESS_VALIDATION" => {
            "the business of the management account is still being validated: create the account \
             again once it is"
        }
        "UPDATE_EXISTING_RESOURCE_POLICY_WITH_TAGS_NOT_SUPPORTED" => {
            "the account exists and cannot be created again with these tags: tag it instead"
        }
        _ => "AWS gives no more detail: look at the request in Organizations and create it again",
    }
}

/// AWS's word, verbatim and first, then what it means.
pub(crate) fn creation(reason: &str) -> String {
    format!("{reason}: {}", advice(reason))
}

#[cfg(test)]
mod tests {
    use aws_sdk_organizations::types::CreateAccountFailureReason;

    use super::*;

    #[test]
    fn every_reason_of_the_service_model_has_advice_of_its_own() {
        let unknown = advice("SOMETHING_NEW");
        for reason in CreateAccountFailureReason::values() {
            assert_ne!(advice(reason), unknown, "{reason}");
        }
    }

    #[test]
    fn awss_word_comes_first() {
        assert!(creation("EMAIL_ALREADY_EXISTS").starts_with("EMAIL_ALREADY_EXISTS: another"));
        assert!(creation("SOMETHING_NEW").starts_with("SOMETHING_NEW: "));
    }
}
