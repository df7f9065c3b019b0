//! ARNs of SSM's resources, and the partition a Region belongs to.

/// The partition of a Region. Region names are not all `xx-yyyy-n`: `us-iso-east-1`,
/// `eusc-de-east-1`.
pub fn partition(region: &str) -> &'static str {
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

/// The ARN of a resource of SSM, e.g. `document/NAME`. AWS's own documents have no account.
pub fn ssm(region: &str, account: &str, resource: &str) -> String {
    format!("arn:{}:ssm:{region}:{account}:{resource}", partition(region))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_is_told_from_its_regions() {
        for (region, expected) in [
            ("eu-west-1", "aws"),
            ("cn-northwest-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-south-1", "aws-iso-f"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            assert_eq!(partition(region), expected, "{region}");
        }
    }
}
