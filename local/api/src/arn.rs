//! ARNs of SSM's resources.

use relay_core::id::Partition;

/// The ARN of a resource of SSM, e.g. `document/NAME`. AWS's own documents have no account.
pub fn ssm(region: &str, account: &str, resource: &str) -> String {
    format!("arn:{}:ssm:{region}:{account}:{resource}", Partition::of_region(region))
}
