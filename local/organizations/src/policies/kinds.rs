//! The types of policy and what holds for each.

/// One type of policy. Service and resource control policies grant and deny; all others are
/// management policies, which merge.
pub(crate) struct Kind {
    /// The name the API uses.
    pub(crate) name: &'static str,
    /// The largest content, in characters, by AWS's quotas.
    pub(crate) content_limit: usize,
    /// How many can be attached to one root, OU or account, by AWS's quotas.
    pub(crate) attachment_limit: usize,
    /// The only keys that content may have at its top, where AWS documents them.
    pub(crate) top_keys: &'static [&'static str],
    /// The service whose trusted access cannot be disabled while this type is enabled.
    pub(crate) service: Option<&'static str>,
    /// The policy that AWS attaches to everything when the type is enabled.
    pub(crate) default_policy: Option<&'static AwsManaged>,
}

/// A policy that AWS owns.
pub(crate) struct AwsManaged {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) content: &'static str,
    /// Whether it can be detached from anything.
    pub(crate) detachable: bool,
}

static FULL_AWS_ACCESS: AwsManaged = AwsManaged {
    id: "p-FullAWSAccess",
    name: "FullAWSAccess",
    description: "Allows access to every operation",
    content: "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \
              \"Action\": \"*\",\n      \"Resource\": \"*\"\n    }\n  ]\n}",
    detachable: true,
};

static RCP_FULL_AWS_ACCESS: AwsManaged = AwsManaged {
    id: "p-RCPFullAWSAccess",
    name: "RCPFullAWSAccess",
    description: "Allows access to every resource",
    content: "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \
              \"Principal\": \"*\",\n      \"Action\": \"*\",\n      \"Resource\": \"*\"\n    }\n  ]\n}",
    detachable: false,
};

const fn management(name: &'static str, top_keys: &'static [&'static str]) -> Kind {
    Kind {
        name,
        content_limit: 10_000,
        attachment_limit: 10,
        top_keys,
        service: None,
        default_policy: None,
    }
}

/// Every type of the model, in its order.
pub(crate) static ALL: [Kind; 14] = [
    Kind {
        name: "SERVICE_CONTROL_POLICY",
        content_limit: 5_120,
        attachment_limit: 5,
        top_keys: &["Version", "Statement", "Id"],
        service: None,
        default_policy: Some(&FULL_AWS_ACCESS),
    },
    Kind {
        name: "RESOURCE_CONTROL_POLICY",
        content_limit: 5_120,
        attachment_limit: 5,
        top_keys: &["Version", "Statement", "Id"],
        service: None,
        default_policy: Some(&RCP_FULL_AWS_ACCESS),
    },
    management("TAG_POLICY", &["tags"]),
    management("BACKUP_POLICY", &["plans"]),
    Kind {
        content_limit: 2_500,
        attachment_limit: 5,
        ..management("AISERVICES_OPT_OUT_POLICY", &["services"])
    },
    Kind { attachment_limit: 5, ..management("CHATBOT_POLICY", &["chatbot"]) },
    management("DECLARATIVE_POLICY_EC2", &["ec2_attributes"]),
    Kind {
        service: Some("securityhub.amazonaws.com"),
        ..management("SECURITYHUB_POLICY", &["securityhub"])
    },
    Kind {
        service: Some("inspector2.amazonaws.com"),
        ..management("INSPECTOR_POLICY", &["inspector"])
    },
    management("UPGRADE_ROLLOUT_POLICY", &[]),
    Kind { service: Some("bedrock.amazonaws.com"), ..management("BEDROCK_POLICY", &[]) },
    management("S3_POLICY", &[]),
    Kind {
        service: Some("network-security-director.amazonaws.com"),
        ..management("NETWORK_SECURITY_DIRECTOR_POLICY", &[])
    },
    Kind { service: Some("guardduty.amazonaws.com"), ..management("GUARDDUTY_POLICY", &[]) },
];

/// The type of that name. Validation has refused all other names before.
pub(crate) fn find(name: &str) -> Option<&'static Kind> {
    ALL.iter().find(|kind| kind.name == name)
}

/// The policies that AWS owns, with their types.
pub(crate) fn aws_managed() -> impl Iterator<Item = (&'static AwsManaged, &'static Kind)> {
    ALL.iter().filter_map(|kind| kind.default_policy.map(|policy| (policy, kind)))
}
