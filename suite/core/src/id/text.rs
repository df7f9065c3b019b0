//! Ids that are text with a prefix and a length, and the name of a document.

use std::str::FromStr;

use crate::id::InvalidId;
use crate::string_traits;

/// `prefix` and then `min..=max` lowercase letters or digits.
fn prefixed(text: &str, prefix: &str, min: usize, max: usize) -> bool {
    text.strip_prefix(prefix).is_some_and(|tail| lower_alphanumeric(tail, min, max))
}

fn lower_alphanumeric(text: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn is_organizational_unit(text: &str) -> bool {
    text.strip_prefix("ou-").and_then(|rest| rest.split_once('-')).is_some_and(|(root, own)| {
        lower_alphanumeric(root, 4, 32) && lower_alphanumeric(own, 8, 32)
    })
}

fn is_document_name(text: &str) -> bool {
    (3..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

fn is_runbook_name(text: &str) -> bool {
    (3..=128).contains(&text.len())
        && text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':' | b'/')
        })
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $pattern:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidId::new(text, Self::EXPECTED))
                }
            }
        }

        string_traits!($name, $expected, $pattern);
    };
}

text_id!(
    /// The name of an SSM document, as its owner knows it: no ARN, no version.
    DocumentName,
    "a document name (3 to 128 of a-z, A-Z, 0-9, _, - and .)",
    r"^[a-zA-Z0-9_\-.]{3,128}$",
    is_document_name
);

impl DocumentName {
    /// Whether only AWS gives such names: its documents have them in every account.
    #[must_use]
    pub fn is_amazons(&self) -> bool {
        // CreateDocument's reference: "aws", "amazon", "amzn", "AWSEC2", "AWSConfigRemediation",
        // "AWSSupport".
        let name = self.0.to_ascii_lowercase();
        ["aws", "amazon", "amzn"].iter().any(|prefix| name.starts_with(prefix))
    }
}

text_id!(
    /// The name of a runbook at its start: a document's name, or the ARN of one that is shared.
    RunbookName,
    "a runbook's name or ARN (3 to 128 of a-z, A-Z, 0-9, and _-.:/)",
    r"^[a-zA-Z0-9_\-.:/]{3,128}$",
    is_runbook_name
);

impl RunbookName {
    /// The document's name: the ARN's last part, without a version.
    #[must_use]
    pub fn document(&self) -> &str {
        match self.0.split_once(":document/") {
            Some((_, name)) => name.split(':').next().unwrap_or(name),
            None => &self.0,
        }
    }
}

text_id!(
    /// SSM's id of an automation execution: a UUID.
    AutomationId,
    "an automation execution id (a UUID)",
    "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
    |text| text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
);

text_id!(
    /// The id that `CreateAccount` answers with: `car-…`.
    CreateAccountRequestId,
    "a CreateAccount request id (car-…)",
    "^car-[a-z0-9]{8,32}$",
    |text| prefixed(text, "car-", 8, 32)
);

text_id!(
    /// An invitation's id: `h-…`.
    HandshakeId,
    "a handshake id (h-…)",
    "^h-[0-9a-z]{8,32}$",
    |text| prefixed(text, "h-", 8, 32)
);

text_id!(
    /// The id of an organization's root: `r-…`.
    RootId,
    "a root id (r-…)",
    "^r-[0-9a-z]{4,32}$",
    |text| prefixed(text, "r-", 4, 32)
);

text_id!(
    /// The id of an organizational unit: `ou-<root>-…`.
    OrganizationalUnitId,
    "an OU id (ou-…-…)",
    "^ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}$",
    is_organizational_unit
);

text_id!(
    /// The parent of an account or an OU: a root or an OU.
    ParentId,
    "a root id (r-…) or an OU id (ou-…-…)",
    "^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})$",
    |text| prefixed(text, "r-", 4, 32) || is_organizational_unit(text)
);

impl ParentId {
    /// Whether this is a root, where paths begin.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.starts_with("r-")
    }
}

impl From<RootId> for ParentId {
    fn from(root: RootId) -> Self {
        Self(root.0)
    }
}

impl From<OrganizationalUnitId> for ParentId {
    fn from(unit: OrganizationalUnitId) -> Self {
        Self(unit.0)
    }
}
