//! The name of a bus.

use std::fmt;

use relay_core::id::Arn;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BusRef {
    /// The account that owns it.
    pub account: String,
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
        let arn = "arn:aws-us-gov:events:us-gov-west-1:111122223333:event-bus/hub";
        let bus = BusRef::from_arn(&arn.parse().unwrap()).unwrap();
        assert_eq!(bus.to_string(), "111122223333/us-gov-west-1/hub");
    }

    #[test]
    fn an_arn_of_anything_else_names_no_bus() {
        let rule = "arn:aws:events:us-east-1:111122223333:rule/hub/all";
        assert_eq!(BusRef::from_arn(&rule.parse().unwrap()), None);
    }
}
