//! ARNs of what the engine names.

use relay_core::id::{AccountId, Arn, Partition};
use uuid::Uuid;

/// `arn:PARTITION:ssm:REGION:ACCOUNT:automation-execution/ID`.
pub(crate) fn execution(region: &str, account: &str, id: Uuid) -> String {
    format!("arn:{}:ssm:{region}:{account}:automation-execution/{id}", Partition::of_region(region))
}

/// `arn:PARTITION:ssm:REGION:ACCOUNT:automation-definition/NAME:VERSION`; a document that is named
/// by its ARN keeps its own account.
pub(crate) fn definition(region: &str, account: &str, name: &str, version: &str) -> String {
    match name.split_once(":document/") {
        Some((prefix, name)) => format!("{prefix}:automation-definition/{name}:{version}"),
        None => format!(
            "arn:{}:ssm:{region}:{account}:automation-definition/{name}:{version}",
            Partition::of_region(region)
        ),
    }
}

/// The ARN of a document of another account.
pub(crate) fn document(region: &str, owner: &str, name: &str) -> String {
    format!("arn:{}:ssm:{region}:{owner}:document/{name}", Partition::of_region(region))
}

/// The ARN of a role.
pub(crate) fn role(region: &str, account: &str, name: &str) -> String {
    format!("arn:{}:iam::{account}:role/{name}", Partition::of_region(region))
}

/// Whether this is the ARN of a role: `^arn:PARTITION:iam::[0-9]{12}:role/.+$`.
pub(crate) fn is_role(arn: &str) -> bool {
    arn.parse().is_ok_and(|arn: Arn| {
        arn.partition.starts_with("aws")
            && arn.service == "iam"
            && arn.region.is_empty()
            && arn.account.parse::<AccountId>().is_ok()
            && arn.resource.strip_prefix("role/").is_some_and(|name| !name.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_named_by_who_owns_the_document() {
        assert_eq!(
            definition("eu-west-1", "111122223333", "Restart", "1"),
            "arn:aws:ssm:eu-west-1:111122223333:automation-definition/Restart:1"
        );
        assert_eq!(
            definition(
                "eu-west-1",
                "111122223333",
                "arn:aws:ssm:eu-west-1:444455556666:document/R",
                "2"
            ),
            "arn:aws:ssm:eu-west-1:444455556666:automation-definition/R:2"
        );
    }

    #[test]
    fn a_role_is_known_by_its_arn() {
        for good in [
            "arn:aws:iam::111122223333:role/Automation",
            "arn:aws-cn:iam::111122223333:role/path/Automation",
        ] {
            assert!(is_role(good), "{good}");
        }
        for bad in [
            "",
            "Automation",
            "arn:aws:iam::1111:role/Automation",
            "arn:aws:iam::111122223333:user/Automation",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:sts::111122223333:assumed-role/a/b",
        ] {
            assert!(!is_role(bad), "{bad}");
        }
    }
}
