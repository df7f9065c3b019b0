//! The ARN of an alarm.

use std::str::FromStr;

use crate::id::arn::Arn;
use crate::id::{AccountId, InvalidId, Partition, Region};
use crate::string_traits;

/// `arn:partition:cloudwatch:region:account:alarm:name`. The name may hold almost anything, colons
/// and blanks included.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlarmArn {
    text: Box<str>,
    account: AccountId,
    region: Region,
    /// Where the name begins.
    name: usize,
}

impl AlarmArn {
    /// The ARN of an alarm of this name.
    ///
    /// # Errors
    /// When the name is empty.
    pub fn new(region: &Region, account: AccountId, name: &str) -> Result<Self, InvalidId> {
        format!("arn:{}:cloudwatch:{region}:{account}:alarm:{name}", region.partition()).parse()
    }

    /// The ARN as AWS writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The account the alarm lives in; what it watches may live in another.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The Region the alarm lives in.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The alarm's name, the last part.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.text[self.name..]
    }

    /// The console's page of the alarm, where the partition's console is public knowledge.
    #[must_use]
    pub fn console_link(&self) -> Option<String> {
        let region = &self.region;
        let domain = region.partition().console_domain()?;
        let name = crate::text::percent_encoded(self.name());
        Some(format!(
            "https://{region}.{domain}/cloudwatch/home?region={region}#alarmsV2:alarm/{name}"
        ))
    }
}

impl FromStr for AlarmArn {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = || InvalidId::new(text, Self::EXPECTED);
        let arn: Arn = text.parse().map_err(|_| expected())?;
        let name = arn.resource.strip_prefix("alarm:").ok_or_else(expected)?;
        let known: Result<Partition, _> = arn.partition.parse();
        if arn.service != "cloudwatch" || name.is_empty() || known.is_err() {
            return Err(expected());
        }
        Ok(Self {
            account: arn.account.parse().map_err(|_| expected())?,
            region: arn.region.parse().map_err(|_| expected())?,
            name: text.len() - name.len(),
            text: text.into(),
        })
    }
}

string_traits!(
    AlarmArn,
    "an alarm's ARN (arn:partition:cloudwatch:region:account:alarm:name)",
    "^arn:aws[a-z0-9-]*:cloudwatch:[a-z0-9-]+:[0-9]{12}:alarm:.+$"
);
