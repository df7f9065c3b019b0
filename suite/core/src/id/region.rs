//! Regions and the partition each belongs to.

use std::fmt;
use std::str::FromStr;

use crate::id::InvalidId;
use crate::string_traits;

/// A Region's code, by shape: new Regions appear, and `us-iso-east-1` and `eusc-de-east-1` are
/// Regions too. Whether one is known is a separate question, asked of rules only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(Box<str>);

impl Region {
    /// The code, like `us-east-1`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition that the Region belongs to.
    #[must_use]
    pub fn partition(&self) -> Partition {
        Partition::of_region(&self.0)
    }

    /// Whether AWS had announced a Region of this code when this was written.
    #[must_use]
    pub fn is_known(&self) -> bool {
        KNOWN.contains(&self.as_str())
    }

    /// Every Region known when this was written, for hints.
    #[must_use]
    pub fn known() -> &'static [&'static str] {
        KNOWN
    }
}

impl FromStr for Region {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if has_shape(text) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidId::new(text, Self::EXPECTED))
        }
    }
}

string_traits!(Region, "a Region code (like us-east-1)", "^[a-z]{2,5}(-[a-z]+)+-[0-9]{1,2}$");

/// `xx-…-yyyy-n`: letters, at least one more group of letters, a number.
fn has_shape(text: &str) -> bool {
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let parts: Vec<&str> = text.split('-').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return false };
    letters(first)
        && (2..=5).contains(&first.len())
        && !middle.is_empty()
        && middle.iter().all(|part| letters(part))
        && (1..=2).contains(&last.len())
        && last.bytes().all(|b| b.is_ascii_digit())
}

/// A partition of AWS: its own accounts, endpoints and Organizations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Partition {
    /// `aws`: the commercial Regions.
    Aws,
    /// `aws-cn`: China.
    AwsCn,
    /// `aws-us-gov`: GovCloud (US).
    AwsUsGov,
    /// `aws-iso`: US ISO.
    AwsIso,
    /// `aws-iso-b`: US ISOB.
    AwsIsoB,
    /// `aws-iso-e`: EU ISOE.
    AwsIsoE,
    /// `aws-iso-f`: US ISOF.
    AwsIsoF,
    /// The European Sovereign Cloud.
    AwsEusc,
}

impl Partition {
    /// Every partition that AWS documents.
    pub const ALL: [Self; 8] = [
        Self::Aws,
        Self::AwsCn,
        Self::AwsUsGov,
        Self::AwsIso,
        Self::AwsIsoB,
        Self::AwsIsoE,
        Self::AwsIsoF,
        Self::AwsEusc,
    ];

    /// The partition of a Region's code, by how the code begins; `aws` for any other text.
    #[must_use]
    pub fn of_region(code: &str) -> Self {
        let begins = |partition: &Self| {
            partition.region_prefix().is_some_and(|prefix| code.starts_with(prefix))
        };
        Self::ALL.into_iter().find(begins).unwrap_or(Self::Aws)
    }

    /// As it stands in ARNs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsCn => "aws-cn",
            Self::AwsUsGov => "aws-us-gov",
            Self::AwsIso => "aws-iso",
            Self::AwsIsoB => "aws-iso-b",
            Self::AwsIsoE => "aws-iso-e",
            Self::AwsIsoF => "aws-iso-f",
            Self::AwsEusc => "aws-eusc",
        }
    }

    /// The domain that endpoints and service principals end in.
    #[must_use]
    pub fn dns_suffix(self) -> &'static str {
        match self {
            Self::Aws | Self::AwsUsGov => "amazonaws.com",
            Self::AwsCn => "amazonaws.com.cn",
            Self::AwsIso => "c2s.ic.gov",
            Self::AwsIsoB => "sc2s.sgov.gov",
            Self::AwsIsoE => "cloud.adc-e.uk",
            Self::AwsIsoF => "csp.hci.ic.gov",
            Self::AwsEusc => "amazonaws.eu",
        }
    }

    /// The one Region that answers for Organizations and sees its events.
    #[must_use]
    pub fn organizations_region(self) -> Region {
        Region(
            match self {
                Self::Aws => "us-east-1",
                Self::AwsCn => "cn-northwest-1",
                Self::AwsUsGov => "us-gov-west-1",
                Self::AwsIso => "us-iso-east-1",
                Self::AwsIsoB => "us-isob-east-1",
                Self::AwsIsoE => "eu-isoe-west-1",
                Self::AwsIsoF => "us-isof-south-1",
                Self::AwsEusc => "eusc-de-east-1",
            }
            .into(),
        )
    }

    /// The console's domain, where it is public knowledge.
    pub fn console_domain(self) -> Option<&'static str> {
        match self {
            Self::Aws => Some("console.aws.amazon.com"),
            Self::AwsCn => Some("console.amazonaws.cn"),
            Self::AwsUsGov => Some("console.amazonaws-us-gov.com"),
            Self::AwsEusc => Some("console.amazonaws-eusc.eu"),
            Self::AwsIso | Self::AwsIsoB | Self::AwsIsoE | Self::AwsIsoF => None,
        }
    }

    fn region_prefix(self) -> Option<&'static str> {
        match self {
            Self::Aws => None,
            Self::AwsCn => Some("cn-"),
            Self::AwsUsGov => Some("us-gov-"),
            Self::AwsIso => Some("us-iso-"),
            Self::AwsIsoB => Some("us-isob-"),
            Self::AwsIsoE => Some("eu-isoe-"),
            Self::AwsIsoF => Some("us-isof-"),
            Self::AwsEusc => Some("eusc-"),
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Partition {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|partition| partition.as_str() == text)
            .ok_or_else(|| InvalidId::new(text, "a partition (like aws)"))
    }
}

/// From the partitions data that botocore ships.
const KNOWN: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-isoe-west-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "us-west-1",
    "us-west-2",
];
