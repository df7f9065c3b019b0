//! ARNs: taking them apart, and the few that functions put together. The partition always comes
//! from the Region or from another ARN, never from a literal.

use std::fmt;
use std::str::FromStr;

use crate::alarm::AlarmArn;
use crate::id::{AccountId, AutomationId, DocumentName, InvalidId, Partition, Region};
use crate::text::percent_encoded;

/// `arn:partition:service:region:account:resource`, taken apart. Region and account stay text:
/// services leave them empty (`arn:aws:iam::…`) or put other words there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Arn {
    /// The partition, as written.
    pub partition: String,
    /// The service, like `ssm`.
    pub service: String,
    /// The Region, empty for global services.
    pub region: String,
    /// The account, empty for what AWS owns.
    pub account: String,
    /// All the rest, colons included.
    pub resource: String,
}

impl Arn {
    /// The name of a Step Functions execution, when this is one.
    #[must_use]
    pub fn execution_name(&self) -> Option<&str> {
        self.resource.strip_prefix("execution:")?.split_once(':').map(|(_, name)| name)
    }
}

impl FromStr for Arn {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", partition, service, region, account, resource]
                if !partition.is_empty() && !service.is_empty() && !resource.is_empty() =>
            {
                Ok(Self {
                    partition: (*partition).to_owned(),
                    service: (*service).to_owned(),
                    region: (*region).to_owned(),
                    account: (*account).to_owned(),
                    resource: (*resource).to_owned(),
                })
            }
            _ => {
                Err(InvalidId::new(text, "an ARN (arn:partition:service:region:account:resource)"))
            }
        }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, service, region, account, resource } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

/// The ARN of an IAM role without a path.
#[must_use]
pub fn role(partition: Partition, account: AccountId, name: &str) -> String {
    format!("arn:{partition}:iam::{account}:role/{name}")
}

/// The ARN by which other accounts call a shared document.
#[must_use]
pub fn document(region: &Region, owner: AccountId, name: &DocumentName) -> String {
    format!("arn:{}:ssm:{region}:{owner}:document/{name}", region.partition())
}

/// The console's page of a Step Functions execution; `None` where the partition's console is not
/// public knowledge or the text is not an execution's ARN.
#[must_use]
pub fn execution_console_link(execution_arn: &str) -> Option<String> {
    let arn: Arn = execution_arn.parse().ok()?;
    arn.execution_name()?;
    let region: Region = arn.region.parse().ok()?;
    let domain = region.partition().console_domain()?;
    Some(format!(
        "https://{region}.{domain}/states/home?region={region}#/v2/executions/details/{arn}"
    ))
}

/// The console's page of an alarm, as the account it belongs to sees it.
#[must_use]
pub fn alarm_console_link(alarm: &AlarmArn) -> Option<String> {
    let region = alarm.region();
    let domain = region.partition().console_domain()?;
    let name = percent_encoded(alarm.name());
    Some(format!("https://{region}.{domain}/cloudwatch/home?region={region}#alarmsV2:alarm/{name}"))
}

/// The console's page of an automation execution, as the account it runs in sees it.
#[must_use]
pub fn automation_console_link(region: &Region, id: &AutomationId) -> Option<String> {
    let domain = region.partition().console_domain()?;
    Some(format!(
        "https://{region}.{domain}/systems-manager/automation/execution/{id}?region={region}"
    ))
}

/// The console's page of an SSM document, as its owner sees it.
#[must_use]
pub fn document_console_link(region: &Region, name: &DocumentName) -> Option<String> {
    let domain = region.partition().console_domain()?;
    Some(format!(
        "https://{region}.{domain}/systems-manager/documents/{name}/description?region={region}"
    ))
}
