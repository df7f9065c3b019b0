//! ARNs of what the engine names, and the partition of a Region.

use uuid::Uuid;

/// The partition of a Region.
pub(crate) fn partition(region: &str) -> &'static str {
    const BY_PREFIX: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-iso-", "aws-iso"),
        ("eusc-", "aws-eusc"),
    ];
    let known = BY_PREFIX.iter().find(|(prefix, _)| region.starts_with(prefix));
    known.map_or("aws", |(_, partition)| partition)
}

/// `arn:PARTITION:ssm:REGION:ACCOUNT:automation-execution/ID`.
pub(crate) fn execution(region: &str, account: &str, id: Uuid) -> String {
    format!("arn:{}:ssm:{region}:{account}:automation-execution/{id}", partition(region))
}

/// `arn:PARTITION:ssm:REGION:ACCOUNT:automation-definition/NAME:VERSION`; a document that is named
/// by its ARN keeps its own account.
pub(crate) fn definition(region: &str, account: &str, name: &str, version: &str) -> String {
    match name.split_once(":document/") {
        Some((prefix, name)) => format!("{prefix}:automation-definition/{name}:{version}"),
        None => format!(
            "arn:{}:ssm:{region}:{account}:automation-definition/{name}:{version}",
            partition(region)
        ),
    }
}

/// The ARN of a document of another account.
pub(crate) fn document(region: &str, owner: &str, name: &str) -> String {
    format!("arn:{}:ssm:{region}:{owner}:document/{name}", partition(region))
}

/// The ARN of a role.
pub(crate) fn role(region: &str, account: &str, name: &str) -> String {
    format!("arn:{}:iam::{account}:role/{name}", partition(region))
}

/// Whether this is the ARN of a role: `^arn:PARTITION:iam::[0-9]{12}:role/.+$`.
pub(crate) fn is_role(arn: &str) -> bool {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let [scheme, partition, service, region, account, resource] = parts[..] else {
        return false;
    };
    scheme == "arn"
        && partition.starts_with("aws")
        && service == "iam"
        && region.is_empty()
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty())
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
