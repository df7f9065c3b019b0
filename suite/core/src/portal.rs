//! The AWS access portal of IAM Identity Center, and links that sign in on the way to a page of the console.
//!
//! Source: IAM Identity Center guide, "Create shortcut links to AWS Management Console destinations".

use std::fmt;
use std::str::FromStr;

use crate::id::{AccountId, InvalidId};
use crate::text::percent_encoded;

/// The address of an access portal, such as `https://d-1234567890.awsapps.com/start`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessPortal(Box<str>);

impl AccessPortal {
    /// A link that opens a page of the console in an account. No role is named: the portal asks which of the
    /// person's own it shall be.
    #[must_use]
    pub fn shortcut(&self, account: AccountId, page: &str) -> String {
        let destination = percent_encoded(page);
        format!("{self}/#/console?account_id={account}&destination={destination}")
    }
}

impl FromStr for AccessPortal {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let address = text.trim_end_matches('/');
        let host = address.strip_prefix("https://");
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte);
        match host {
            Some(host) if !host.is_empty() && host.bytes().all(plain) => Ok(Self(address.into())),
            _ => Err(InvalidId::new(
                text,
                "the address of an access portal (https://d-1234567890.awsapps.com/start)",
            )),
        }
    }
}

impl fmt::Display for AccessPortal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortcut_signs_in_on_the_way_to_the_page() {
        let page = "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#alarmsV2:alarm/cpu";
        for portal in
            ["https://d-1234567890.awsapps.com/start", "https://d-1234567890.awsapps.com/start/"]
        {
            let portal: AccessPortal = portal.parse().unwrap();
            assert_eq!(
                portal.shortcut("111122223333".parse().unwrap(), page),
                "https://d-1234567890.awsapps.com/start/#/console?account_id=111122223333&destination=\
                 https%3A%2F%2Fus-east-1.console.aws.amazon.com%2Fcloudwatch%2Fhome%3Fregion%3Dus-east-1\
                 %23alarmsV2%3Aalarm%2Fcpu"
            );
        }
    }

    #[test]
    fn what_is_not_the_address_of_a_portal_is_refused_with_an_example() {
        for text in [
            "",
            "https://",
            "http://d-1.awsapps.com/start",
            "d-1.awsapps.com/start",
            "https://d-1.awsapps.com/start#/console",
            "https://d-1.awsapps.com/start?x=1",
        ] {
            let error = text.parse::<AccessPortal>().unwrap_err().to_string();
            assert!(error.contains("awsapps.com/start"), "{text}: {error}");
        }
    }
}
