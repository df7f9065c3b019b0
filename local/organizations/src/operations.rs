//! Every operation of AWS's model: who may call it, whether it writes, and its input.

use crate::shapes::{self as s, Member, optional, required};

/// Which accounts may call an operation, before IAM is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Every account, in an organization or not.
    Anyone,
    /// Every account of an organization.
    Member,
    /// The management account, delegated administrators, and whom the resource policy lets.
    Reader,
    /// The management account, and member accounts that the resource policy lets.
    Delegable,
    /// The management account alone.
    Management,
}

/// One operation.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) access: Access,
    pub(crate) writes: bool,
    pub(crate) input: &'static [Member],
}

const fn read(name: &'static str, access: Access, input: &'static [Member]) -> Operation {
    Operation { name, access, writes: false, input }
}

const fn write(name: &'static str, access: Access, input: &'static [Member]) -> Operation {
    Operation { name, access, writes: true, input }
}

const TOKEN: Member = optional("NextToken", &s::NEXT_TOKEN);
const LIMIT: Member = optional("MaxResults", &s::MAX_RESULTS);
const TAGS: Member = optional("Tags", &s::TAGS);
const ACCOUNT: Member = required("AccountId", &s::ACCOUNT);
const HANDSHAKE: Member = required("HandshakeId", &s::HANDSHAKE);
const POLICY: Member = required("PolicyId", &s::POLICY);
const TARGET: Member = required("TargetId", &s::TARGET);
const UNIT: Member = required("OrganizationalUnitId", &s::UNIT);
const PARENT: Member = required("ParentId", &s::PARENT);
const RESOURCE: Member = required("ResourceId", &s::TAGGABLE);
const PRINCIPAL: Member = required("ServicePrincipal", &s::PRINCIPAL);
const TRANSFER: Member = required("Id", &s::TRANSFER);
const TRANSFER_TYPE: Member = required("Type", &s::TRANSFER_TYPE);
const EFFECTIVE_TYPE: Member = required("PolicyType", &s::EFFECTIVE_POLICY_TYPE);

const NEW_ACCOUNT: &[Member] = &[
    required("Email", &s::EMAIL),
    required("AccountName", &s::ACCOUNT_NAME),
    optional("RoleName", &s::ROLE_NAME),
    optional("IamUserAccessToBilling", &s::BILLING_ACCESS),
    TAGS,
];
const ROOT_AND_TYPE: &[Member] =
    &[required("RootId", &s::ROOT), required("PolicyType", &s::POLICY_TYPE)];

use Access::{Anyone, Delegable, Management, Member as AnyMember, Reader};

/// The whole API, by name.
pub(crate) static OPERATIONS: &[Operation] = &[
    write("AcceptHandshake", Anyone, &[HANDSHAKE]),
    write("AttachPolicy", Delegable, &[POLICY, TARGET]),
    write("CancelHandshake", Anyone, &[HANDSHAKE]),
    write("CloseAccount", Management, &[ACCOUNT]),
    write("CreateAccount", Management, NEW_ACCOUNT),
    write("CreateGovCloudAccount", Management, NEW_ACCOUNT),
    write("CreateOrganization", Anyone, &[optional("FeatureSet", &s::FEATURE_SET)]),
    write("CreateOrganizationalUnit", Management, &[PARENT, required("Name", &s::UNIT_NAME), TAGS]),
    write(
        "CreatePolicy",
        Delegable,
        &[
            required("Content", &s::CONTENT),
            required("Description", &s::DESCRIPTION),
            required("Name", &s::POLICY_NAME),
            required("Type", &s::POLICY_TYPE),
            TAGS,
        ],
    ),
    write("DeclineHandshake", Anyone, &[HANDSHAKE]),
    write("DeleteOrganization", Management, &[]),
    write("DeleteOrganizationalUnit", Management, &[UNIT]),
    write("DeletePolicy", Delegable, &[POLICY]),
    write("DeleteResourcePolicy", Management, &[]),
    write("DeregisterDelegatedAdministrator", Management, &[ACCOUNT, PRINCIPAL]),
    read("DescribeAccount", Reader, &[ACCOUNT]),
    read(
        "DescribeCreateAccountStatus",
        Reader,
        &[required("CreateAccountRequestId", &s::CREATION)],
    ),
    read("DescribeEffectivePolicy", AnyMember, &[EFFECTIVE_TYPE, optional("TargetId", &s::TARGET)]),
    read("DescribeHandshake", Anyone, &[HANDSHAKE]),
    read("DescribeOrganization", AnyMember, &[]),
    read("DescribeOrganizationalUnit", Reader, &[UNIT]),
    read("DescribePolicy", Reader, &[POLICY]),
    read("DescribeResourcePolicy", Reader, &[]),
    read("DescribeResponsibilityTransfer", Management, &[TRANSFER]),
    write("DetachPolicy", Delegable, &[POLICY, TARGET]),
    write("DisableAWSServiceAccess", Management, &[PRINCIPAL]),
    write("DisablePolicyType", Delegable, ROOT_AND_TYPE),
    write("EnableAWSServiceAccess", Management, &[PRINCIPAL]),
    write("EnableAllFeatures", Management, &[]),
    write("EnablePolicyType", Delegable, ROOT_AND_TYPE),
    write(
        "InviteAccountToOrganization",
        Management,
        &[required("Target", &s::PARTY), optional("Notes", &s::NOTES), TAGS],
    ),
    write(
        "InviteOrganizationToTransferResponsibility",
        Management,
        &[
            TRANSFER_TYPE,
            required("Target", &s::PARTY),
            optional("Notes", &s::NOTES),
            required("StartTimestamp", &s::TIMESTAMP),
            required("SourceName", &s::TRANSFER_NAME),
            TAGS,
        ],
    ),
    write("LeaveOrganization", AnyMember, &[]),
    read("ListAWSServiceAccessForOrganization", Reader, &[TOKEN, LIMIT]),
    read("ListAccounts", Reader, &[TOKEN, LIMIT]),
    read("ListAccountsForParent", Reader, &[PARENT, TOKEN, LIMIT]),
    read("ListAccountsWithInvalidEffectivePolicy", Reader, &[EFFECTIVE_TYPE, TOKEN, LIMIT]),
    read("ListChildren", Reader, &[PARENT, required("ChildType", &s::CHILD_TYPE), TOKEN, LIMIT]),
    read(
        "ListCreateAccountStatus",
        Reader,
        &[optional("States", &s::CREATION_STATES), TOKEN, LIMIT],
    ),
    read(
        "ListDelegatedAdministrators",
        Reader,
        &[optional("ServicePrincipal", &s::PRINCIPAL), TOKEN, LIMIT],
    ),
    read("ListDelegatedServicesForAccount", Reader, &[ACCOUNT, TOKEN, LIMIT]),
    read("ListEffectivePolicyValidationErrors", Reader, &[ACCOUNT, EFFECTIVE_TYPE, TOKEN, LIMIT]),
    read(
        "ListHandshakesForAccount",
        Anyone,
        &[optional("Filter", &s::HANDSHAKE_FILTER), TOKEN, LIMIT],
    ),
    read(
        "ListHandshakesForOrganization",
        Reader,
        &[optional("Filter", &s::HANDSHAKE_FILTER), TOKEN, LIMIT],
    ),
    read(
        "ListInboundResponsibilityTransfers",
        Management,
        &[TRANSFER_TYPE, optional("Id", &s::TRANSFER), TOKEN, LIMIT],
    ),
    read("ListOrganizationalUnitsForParent", Reader, &[PARENT, TOKEN, LIMIT]),
    read("ListOutboundResponsibilityTransfers", Management, &[TRANSFER_TYPE, TOKEN, LIMIT]),
    read("ListParents", Reader, &[required("ChildId", &s::CHILD), TOKEN, LIMIT]),
    read("ListPolicies", Reader, &[required("Filter", &s::POLICY_TYPE), TOKEN, LIMIT]),
    read(
        "ListPoliciesForTarget",
        Reader,
        &[TARGET, required("Filter", &s::POLICY_TYPE), TOKEN, LIMIT],
    ),
    read("ListRoots", Reader, &[TOKEN, LIMIT]),
    read("ListTagsForResource", Reader, &[RESOURCE, TOKEN]),
    read("ListTargetsForPolicy", Reader, &[POLICY, TOKEN, LIMIT]),
    write(
        "MoveAccount",
        Management,
        &[
            ACCOUNT,
            required("SourceParentId", &s::PARENT),
            required("DestinationParentId", &s::PARENT),
        ],
    ),
    write(
        "PutResourcePolicy",
        Management,
        &[required("Content", &s::RESOURCE_POLICY_CONTENT), TAGS],
    ),
    write("RegisterDelegatedAdministrator", Management, &[ACCOUNT, PRINCIPAL]),
    write("RemoveAccountFromOrganization", Management, &[ACCOUNT]),
    write("TagResource", Delegable, &[RESOURCE, required("Tags", &s::TAGS)]),
    write(
        "TerminateResponsibilityTransfer",
        Management,
        &[TRANSFER, optional("EndTimestamp", &s::TIMESTAMP)],
    ),
    write("UntagResource", Delegable, &[RESOURCE, required("TagKeys", &s::TAG_KEYS)]),
    write("UpdateOrganizationalUnit", Management, &[UNIT, optional("Name", &s::UNIT_NAME)]),
    write(
        "UpdatePolicy",
        Delegable,
        &[
            POLICY,
            optional("Name", &s::POLICY_NAME),
            optional("Description", &s::DESCRIPTION),
            optional("Content", &s::CONTENT),
        ],
    ),
    write(
        "UpdateResponsibilityTransfer",
        Management,
        &[TRANSFER, required("Name", &s::TRANSFER_NAME)],
    ),
];

/// The operation of that name.
pub(crate) fn find(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.name == name)
}
