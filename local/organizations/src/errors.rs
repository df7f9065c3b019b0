//! The errors AWS Organizations declares, each with the message AWS sends.

use api::AwsError;

/// `AccessDeniedException`: the caller's account may not make this call.
pub(crate) fn access_denied() -> AwsError {
    AwsError::new("AccessDeniedException", "You don't have permissions to access this resource.")
}

/// `AWSOrganizationsNotInUseException`: the caller belongs to no organization.
pub(crate) fn not_in_use() -> AwsError {
    AwsError::new(
        "AWSOrganizationsNotInUseException",
        "Your account is not a member of an organization.",
    )
}

/// `InvalidInputException` with its reason.
pub(crate) fn invalid_input(reason: &str) -> AwsError {
    let message = match reason {
        "INPUT_REQUIRED" => "You must include a value for all required parameters.",
        "INVALID_PATTERN" => "You provided a value that does not match the required pattern.",
        "INVALID_PATTERN_TARGET_ID" => {
            "You specified a target ID that does not match the required pattern."
        }
        "INVALID_ENUM" => "You specified an invalid value.",
        "INVALID_ENUM_POLICY_TYPE" => "You specified an invalid policy type.",
        "INVALID_LIST_MEMBER" => "You provided a list that contains at least one invalid value.",
        "INVALID_NEXT_TOKEN" => "You specified an invalid value for nextToken.",
        "MAX_LENGTH_EXCEEDED" => "You provided a string parameter that is longer than allowed.",
        "MIN_LENGTH_EXCEEDED" => "You provided a string parameter that is shorter than allowed.",
        "MAX_VALUE_EXCEEDED" => {
            "You provided a numeric parameter that has a larger value than allowed."
        }
        "MIN_VALUE_EXCEEDED" => {
            "You provided a numeric parameter that has a smaller value than allowed."
        }
        "MAX_LIMIT_EXCEEDED_FILTER" => "You can specify only one filter parameter.",
        "INVALID_PARTY_TYPE_TARGET" => {
            "You specified the wrong type of entity (account, organization, or email) as a party."
        }
        "INVALID_EMAIL_ADDRESS_TARGET" => {
            "You specified an invalid email address for the invited account owner."
        }
        "INVALID_ROLE_NAME" => "You provided a role name that is not valid.",
        "INVALID_SYSTEM_TAGS_PARAMETER" => {
            "You specified a tag key that is a system tag. System tags are reserved for AWS use."
        }
        "DUPLICATE_TAG_KEY" => "You specified a tag key more than once. Tag keys must be unique.",
        "IMMUTABLE_POLICY" => {
            "You specified a policy that is managed by AWS and can't be modified."
        }
        "NON_DETACHABLE_POLICY" => "You can't detach this AWS managed policy.",
        "TARGET_NOT_SUPPORTED" => "You can't perform the operation on that target entity.",
        "UNRECOGNIZED_SERVICE_PRINCIPAL" => {
            "You specified a service principal that isn't recognized."
        }
        "INVALID_RESOURCE_POLICY_JSON" => "You specified a policy that is not valid JSON.",
        "INVALID_PRINCIPAL" => "You specified an invalid principal element in the policy.",
        "UNSUPPORTED_ACTION_IN_RESOURCE_POLICY" => {
            "You specified an action that a resource policy does not support."
        }
        "START_DATE_NOT_BEGINNING_OF_MONTH" => "The start date must be the first of a month.",
        "START_DATE_NOT_BEGINNING_OF_DAY" => "The start date must be the beginning of a day.",
        "START_DATE_TOO_EARLY" => "The start date is too early.",
        "START_DATE_TOO_LATE" => "The start date is too late.",
        "END_DATE_NOT_END_OF_MONTH" => "The end date must be the end of the last day of a month.",
        "END_DATE_TOO_EARLY" => "The end date is too early.",
        "END_DATE_TOO_LATE" => "The end date is too late.",
        _ => "You provided invalid values for one or more of the request parameters.",
    };
    AwsError::new("InvalidInputException", message).with("Reason", reason)
}

/// `ConstraintViolationException` with its reason.
pub(crate) fn constraint(reason: &str) -> AwsError {
    let message = match reason {
        "ACCOUNT_NUMBER_LIMIT_EXCEEDED" => "You have exceeded the allowed number of AWS accounts.",
        "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED" => {
            "You have exceeded the number of accounts that can be in progress at a time."
        }
        "ACCOUNT_CANNOT_LEAVE_ORGANIZATION" => {
            "The management account can't be removed from the organization."
        }
        "WAIT_PERIOD_ACTIVE" => "This operation requires a wait period. Try again later.",
        "ORGANIZATION_NOT_IN_ALL_FEATURES_MODE" => {
            "This operation requires the organization to support all features."
        }
        "OU_NUMBER_LIMIT_EXCEEDED" => "You have exceeded the allowed number of OUs.",
        "OU_DEPTH_LIMIT_EXCEEDED" => "You have exceeded the allowed OU depth.",
        "POLICY_NUMBER_LIMIT_EXCEEDED" => "You have exceeded the allowed number of policies.",
        "POLICY_CONTENT_LIMIT_EXCEEDED" => {
            "You have exceeded the maximum size of a policy of this type."
        }
        "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED" => {
            "You have exceeded the number of policies of this type that can be attached."
        }
        "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED" => {
            "You cannot remove the last policy attached to the specified target. You must have at \
             least one attached at all times."
        }
        "MAX_TAG_LIMIT_EXCEEDED" => "You have exceeded the number of tags allowed.",
        "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR" => {
            "You cannot register the management account as a delegated administrator for an AWS \
             service in your organization."
        }
        "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR" => {
            "You cannot register a suspended account as a delegated administrator."
        }
        "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG" => {
            "You cannot remove an account that is a delegated administrator: deregister it first."
        }
        "SERVICE_ACCESS_NOT_ENABLED" => {
            "Service access is not enabled for this service. Enable it first."
        }
        "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED" => {
            "You have exceeded the number of delegated administrators for this service."
        }
        "POLICY_TYPE_ENABLED_FOR_THIS_SERVICE" => {
            "Disable the service's policy type before its access to the organization."
        }
        "CANNOT_CLOSE_MANAGEMENT_ACCOUNT" => "You can't close the management account.",
        "CLOSE_ACCOUNT_QUOTA_EXCEEDED" => {
            "You have exceeded close account quota for the past 30 days."
        }
        "MASTER_ACCOUNT_NOT_GOVCLOUD_ENABLED" => {
            "The management account has no associated account in AWS GovCloud (US)."
        }
        "ACTIVE_RESPONSIBILITY_TRANSFER_PROCESS" => {
            "You can't delete an organization with an ongoing responsibility transfer."
        }
        "TRANSFER_RESPONSIBILITY_UPDATE_NOT_ALLOWED" => {
            "You cannot update this transfer because it is no longer active."
        }
        _ => "Performing this operation violates a minimum or maximum value limit.",
    };
    AwsError::new("ConstraintViolationException", message).with("Reason", reason)
}

/// `HandshakeConstraintViolationException` with its reason.
pub(crate) fn handshake_constraint(reason: &str) -> AwsError {
    let message = match reason {
        "ALREADY_IN_AN_ORGANIZATION" => {
            "The invited account is already a member of an organization."
        }
        "ACCOUNT_NUMBER_LIMIT_EXCEEDED" => "You have exceeded the allowed number of AWS accounts.",
        "ORGANIZATION_ALREADY_HAS_ALL_FEATURES" => {
            "The organization has already enabled all features."
        }
        "ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION" => {
            "The organization has already started the process to enable all features."
        }
        "INVITE_DISABLED_DURING_ENABLE_ALL_FEATURES" => {
            "You can't issue new invitations while the organization enables all features."
        }
        "HANDSHAKE_RATE_LIMIT_EXCEEDED" => {
            "You have exceeded the number of handshakes that you can send in one day."
        }
        "SOURCE_AND_TARGET_CANNOT_MATCH" => {
            "An account can't be both the sender and the recipient of the invitation."
        }
        "RESPONSIBILITY_TRANSFER_ALREADY_EXISTS" => {
            "You cannot perform this operation with the current transfer."
        }
        _ => "The requested operation would violate a constraint of the handshake.",
    };
    AwsError::new("HandshakeConstraintViolationException", message).with("Reason", reason)
}

/// An error named after what does not exist, e.g. `AccountNotFoundException`.
pub(crate) fn not_found(what: &str) -> AwsError {
    let noun = match what {
        "Account" => "an account",
        "Child" => "a child",
        "CreateAccountStatus" => "a create account request",
        "DestinationParent" => "a destination parent",
        "Handshake" => "a handshake",
        "OrganizationalUnit" => "an organizational unit",
        "Parent" => "a parent",
        "Policy" => "a policy",
        "ResourcePolicy" => "a resource policy",
        "ResponsibilityTransfer" => "a transfer",
        "Root" => "a root",
        "SourceParent" => "a source parent",
        _ => "a target",
    };
    AwsError::new(
        &format!("{what}NotFoundException"),
        format!("You specified {noun} that doesn't exist."),
    )
}

/// An error whose message says all there is.
pub(crate) fn plain(code: &str, message: &str) -> AwsError {
    AwsError::new(code, message)
}
