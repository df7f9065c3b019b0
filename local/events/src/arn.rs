//! ARNs of targets, and the name of a bus.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An ARN taken apart; its resource is left whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arn {
    text: String,
    /// `aws`, `aws-cn`, …
    pub partition: String,
    /// `sqs`, `lambda`, …
    pub service: String,
    /// May be empty.
    pub region: String,
    /// May be empty.
    pub account: String,
    /// What follows the account: `queue-name`, `function:name`, `event-bus/name`.
    pub resource: String,
}

impl Arn {
    /// Six fields, the first of which is `arn`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut fields = text.splitn(6, ':').map(str::to_owned);
        let (prefix, partition, service) = (fields.next()?, fields.next()?, fields.next()?);
        let (region, account, resource) = (fields.next()?, fields.next()?, fields.next()?);
        let whole = prefix == "arn" && !service.is_empty() && !resource.is_empty();
        whole.then(|| Self { text: text.to_owned(), partition, service, region, account, resource })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// One event bus.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BusRef {
    /// The account that owns it.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// Its name, `default` for the one every account has.
    pub name: String,
}

impl BusRef {
    /// The bus that AWS's own services send to.
    pub fn default_of(account: impl Into<String>, region: impl Into<String>) -> Self {
        Self { account: account.into(), region: region.into(), name: "default".into() }
    }

    /// The bus an ARN names, if it names one.
    pub fn from_arn(arn: &Arn) -> Option<Self> {
        let name = arn.resource.strip_prefix("event-bus/")?;
        (arn.service == "events").then(|| Self {
            account: arn.account.clone(),
            region: arn.region.clone(),
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for BusRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.account, self.region, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bus_is_named_by_its_arn() {
        let arn = Arn::parse("arn:aws-us-gov:events:us-gov-west-1:111122223333:event-bus/hub");
        let bus = BusRef::from_arn(&arn.unwrap()).unwrap();
        assert_eq!(bus.to_string(), "111122223333/us-gov-west-1/hub");
    }

    #[test]
    fn what_is_no_bus_names_none() {
        let rule = Arn::parse("arn:aws:events:us-east-1:111122223333:rule/hub/all").unwrap();
        assert_eq!(BusRef::from_arn(&rule), None);
        assert_eq!(Arn::parse("sqs:us-east-1:111122223333:queue"), None);
        assert_eq!(Arn::parse("arn:aws:sqs:us-east-1:111122223333"), None);
    }
}
