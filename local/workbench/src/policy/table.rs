//! AWS's Service Authorization Reference as a table: which permission an operation asks for, and on
//! which resources. `tools/authorization_table.py` writes it; a check holds it current.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The permissions of one prefix, e.g. `ec2`.
#[derive(Debug)]
pub(crate) struct Section {
    prefix: &'static str,
    /// By the name in lower case: boto3's `describe_db_instances` is `DescribeDBInstances`.
    actions: HashMap<String, Action>,
    /// Operations whose permission has another name.
    renamed: HashMap<String, &'static str>,
    /// The operation of each waiter.
    waiters: HashMap<&'static str, &'static str>,
    /// The ARN of each resource type.
    types: HashMap<&'static str, &'static str>,
}

/// A permission as the reference has it.
#[derive(Debug, Clone)]
pub(crate) struct Action {
    pub(crate) name: &'static str,
    /// It may hand a role over, which needs `iam:PassRole`.
    pub(crate) passes_role: bool,
    /// The types of resources that it takes, and whether every permission has to name them.
    pub(crate) types: Vec<(&'static str, bool)>,
}

/// The text of each section, by prefix and by the names of its clients.
static SECTIONS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let mut sections = HashMap::new();
    for section in include_str!("reference.txt").split("\n= ") {
        let section = section.strip_prefix("= ").unwrap_or(section);
        let head = section.lines().next().unwrap_or_default();
        for name in head.split([' ', ',']) {
            sections.entry(name).or_insert(section);
        }
    }
    sections
});

impl Section {
    /// The permissions of a client of botocore, or of a prefix.
    pub(crate) fn of(client: &str) -> Option<Self> {
        let client = client.to_ascii_lowercase();
        SECTIONS.get(client.as_str()).map(|text| Self::read(text))
    }

    fn read(text: &'static str) -> Self {
        let mut lines = text.lines();
        let head = lines.next().unwrap_or_default();
        let mut section = Self {
            prefix: head.split(' ').next().unwrap_or_default(),
            actions: HashMap::new(),
            renamed: HashMap::new(),
            waiters: HashMap::new(),
            types: HashMap::new(),
        };
        for line in lines {
            let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
            let pair = || rest.split_once(' ').unwrap_or((rest, ""));
            match first {
                "@" => drop(section.types.insert(pair().0, pair().1)),
                "~" => drop(section.renamed.insert(pair().0.to_ascii_lowercase(), pair().1)),
                "?" => drop(section.waiters.insert(pair().0, pair().1)),
                name => {
                    let (name, passes_role) = match name.strip_suffix('!') {
                        Some(name) => (name, true),
                        None => (name, false),
                    };
                    let types = rest.split(',').filter(|kind| !kind.is_empty());
                    let types = types.map(|kind| match kind.strip_suffix('*') {
                        Some(kind) => (kind, true),
                        None => (kind, false),
                    });
                    let action = Action { name, passes_role, types: types.collect() };
                    section.actions.insert(name.to_ascii_lowercase(), action);
                }
            }
        }
        section
    }

    /// E.g. `elasticloadbalancing` of the client `elbv2`.
    pub(crate) fn prefix(&self) -> &'static str {
        self.prefix
    }

    /// The permission of an operation in any of its spellings: `StopInstances`, `stop_instances`,
    /// `stop-instances`.
    pub(crate) fn action(&self, operation: &str) -> Option<&Action> {
        let mut plain = operation.replace(['_', '-'], "").to_ascii_lowercase();
        if let Some(name) = self.renamed.get(&plain) {
            plain = name.to_ascii_lowercase();
        }
        // S3 leaves words out: `GetBucketAccelerateConfiguration` is `GetAccelerateConfiguration`.
        let short = || (self.prefix == "s3").then(|| plain.replacen("bucket", "", 1));
        self.actions.get(&plain).or_else(|| self.actions.get(&short()?))
    }

    /// Every permission of the prefix.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.actions.values().map(|action| action.name)
    }

    /// The operation that a waiter repeats.
    pub(crate) fn waiter(&self, name: &str) -> Option<&'static str> {
        self.waiters.get(name).copied()
    }

    /// The ARN of a resource type, with `${Variables}`.
    pub(crate) fn arn(&self, kind: &str) -> Option<&'static str> {
        self.types.get(kind).copied()
    }
}

/// Whether a name is that of a client, e.g. `elbv2`.
pub(crate) fn is_client(name: &str) -> bool {
    SECTIONS.contains_key(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permission(client: &str, operation: &str) -> String {
        let section = Section::of(client).unwrap();
        format!("{}:{}", section.prefix(), section.action(operation).unwrap().name)
    }

    #[test]
    fn operations_in_every_spelling_have_their_permission() {
        assert_eq!(permission("ec2", "StopInstances"), "ec2:StopInstances");
        assert_eq!(permission("ec2", "stop-instances"), "ec2:StopInstances");
        assert_eq!(permission("rds", "describe_db_instances"), "rds:DescribeDBInstances");
        assert_eq!(
            permission("elbv2", "describe_target_health"),
            "elasticloadbalancing:DescribeTargetHealth"
        );
        assert_eq!(permission("cloudwatch", "describe_alarms"), "cloudwatch:DescribeAlarms");
        assert_eq!(permission("stepfunctions", "start_execution"), "states:StartExecution");
    }

    #[test]
    fn operations_with_a_permission_of_another_name_have_that_one() {
        assert_eq!(permission("s3", "head_object"), "s3:GetObject");
        assert_eq!(permission("s3", "list_buckets"), "s3:ListAllMyBuckets");
        assert_eq!(
            permission("s3", "GetBucketAccelerateConfiguration"),
            "s3:GetAccelerateConfiguration"
        );
        assert_eq!(permission("lambda", "invoke"), "lambda:InvokeFunction");
    }

    #[test]
    fn what_nobody_knows_is_not_there() {
        assert!(Section::of("nothing").is_none());
        assert!(Section::of("ec2").unwrap().action("ThinkAboutIt").is_none());
        assert!(is_client("elbv2") && !is_client("elb3"));
    }

    #[test]
    fn resource_types_waiters_and_roles_are_there() {
        let ec2 = Section::of("ec2").unwrap();
        assert_eq!(ec2.action("StopInstances").unwrap().types, [("instance", true)]);
        assert!(ec2.arn("instance").unwrap().ends_with(":instance/${InstanceId}"));
        assert_eq!(ec2.waiter("instance_running"), Some("DescribeInstances"));
        assert!(ec2.action("RunInstances").unwrap().passes_role);
    }
}
