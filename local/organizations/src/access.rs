//! Who may call what, before IAM is asked: AWS's rules about management and member accounts.

use api::{AwsError, Request};
use serde_json::Value;

use crate::Organizations;
use crate::errors::{access_denied, not_in_use, plain};
use crate::operations::{Access, Operation};
use crate::policies::{delegates, kinds};
use crate::state::Organization;

/// Partitions that the local AWS has no endpoint in.
const FOREIGN: [&str; 4] = ["cn-", "us-gov-", "us-iso", "eu-isoe-"];

/// Operations whose model does not declare `UnsupportedAPIEndpointException`.
const EVERYWHERE: [&str; 28] = [
    "AcceptHandshake",
    "CancelHandshake",
    "CreateOrganization",
    "CreateOrganizationalUnit",
    "DeclineHandshake",
    "DeleteOrganization",
    "DeleteOrganizationalUnit",
    "DescribeAccount",
    "DescribeHandshake",
    "DescribeOrganization",
    "DescribeOrganizationalUnit",
    "EnableAllFeatures",
    "InviteAccountToOrganization",
    "LeaveOrganization",
    "ListAccounts",
    "ListAccountsForParent",
    "ListChildren",
    "ListHandshakesForAccount",
    "ListHandshakesForOrganization",
    "ListOrganizationalUnitsForParent",
    "ListParents",
    "ListRoots",
    "ListTagsForResource",
    "MoveAccount",
    "RemoveAccountFromOrganization",
    "TagResource",
    "UntagResource",
    "UpdateOrganizationalUnit",
];

impl Organizations {
    /// Refuses a call that the caller's account may not make at all.
    pub(crate) fn check_access(
        &self,
        operation: &Operation,
        request: &Request,
    ) -> Result<(), AwsError> {
        if FOREIGN.iter().any(|prefix| request.region.starts_with(prefix))
            && !EVERYWHERE.contains(&operation.name)
        {
            return Err(plain(
                "UnsupportedAPIEndpointException",
                "This action isn't available in the current AWS Region.",
            ));
        }
        if operation.access == Access::Anyone {
            return Ok(());
        }
        let org = self.organization_named(&request.account).ok_or_else(not_in_use)?;
        let allowed = request.account == org.management
            || match operation.access {
                Access::Anyone | Access::Member => true,
                Access::Reader => org.is_delegate(&request.account) || delegated(org, request),
                Access::Delegable => delegated(org, request),
                Access::Management => false,
            };
        if allowed { Ok(()) } else { Err(access_denied()) }
    }
}

/// Whether the organization's resource policy lets the caller.
fn delegated(org: &Organization, request: &Request) -> bool {
    org.resource_policy.as_ref().is_some_and(|policy| {
        delegates::allows(&policy.content, request, policy_type(org, request))
    })
}

/// The type of policy a call is about: named in the input, or that of the policy named there.
pub(crate) fn policy_type<'a>(org: &'a Organization, request: &'a Request) -> Option<&'a str> {
    let text = |member: &str| request.body.get(member).and_then(Value::as_str);
    let named = ["PolicyType", "Filter"].into_iter().find_map(text);
    let created = || (request.operation == "CreatePolicy").then(|| text("Type")).flatten();
    let of_policy = || text("PolicyId").and_then(|id| org.policy_kind(id)).map(|kind| kind.name);
    named.or_else(created).filter(|name| kinds::find(name).is_some()).or_else(of_policy)
}
