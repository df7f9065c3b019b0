//! Who may call what, before IAM is asked: AWS's rules about management and member accounts.

use api::{AwsError, Request};
use relay_core::id::Partition;
use serde_json::Value;

use crate::Organizations;
use crate::errors::{access_denied, not_in_use, plain};
use crate::policies::{delegates, kinds};
use crate::state::Organization;
use crate::validation::model;

/// Which accounts may call an operation, before IAM is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Every account, in an organization or not.
    Anyone,
    /// Every account of an organization.
    Member,
    /// The management account, delegated administrators, and accounts that the resource policy
    /// allows.
    Reader,
    /// The management account, and member accounts that the resource policy allows.
    Delegable,
    /// The management account alone.
    Management,
}

/// Which accounts may call an operation: each of the API reference's pages says so.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Operations.html>
pub(crate) fn access(operation: &str) -> Access {
    match operation {
        "AcceptHandshake"
        | "CancelHandshake"
        | "CreateOrganization"
        | "DeclineHandshake"
        | "DescribeHandshake"
        | "ListHandshakesForAccount" => Access::Anyone,
        "DescribeEffectivePolicy" | "DescribeOrganization" | "LeaveOrganization" => Access::Member,
        "AttachPolicy" | "CreatePolicy" | "DeletePolicy" | "DetachPolicy" | "DisablePolicyType"
        | "EnablePolicyType" | "TagResource" | "UntagResource" | "UpdatePolicy" => {
            Access::Delegable
        }
        "DescribeResponsibilityTransfer"
        | "ListInboundResponsibilityTransfers"
        | "ListOutboundResponsibilityTransfers" => Access::Management,
        operation if reads(operation) => Access::Reader,
        _ => Access::Management,
    }
}

/// Whether an operation changes nothing.
pub(crate) fn reads(operation: &str) -> bool {
    operation.starts_with("Describe") || operation.starts_with("List")
}

impl Organizations {
    /// Refuses a call that the caller's account may not make at all.
    pub(crate) fn check_access(&self, request: &Request) -> Result<(), AwsError> {
        let unsupported = "UnsupportedAPIEndpointException";
        // The local AWS has no endpoint in the other partitions.
        let partition = Partition::of_region(&request.region);
        if !matches!(partition, Partition::Aws | Partition::AwsEusc)
            && model().declares(&request.operation, unsupported)
        {
            let message = "This action isn't available in the current AWS Region.";
            return Err(plain(unsupported, message));
        }
        let access = access(&request.operation);
        if access == Access::Anyone {
            return Ok(());
        }
        let org = self.organization_named(&request.account).ok_or_else(not_in_use)?;
        let allowed = request.account == org.management
            || match access {
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
