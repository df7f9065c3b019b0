//! Parameter types that name AWS's resources: a String or StringList with a check of its own.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/populating-input-parameters.html>.
//! Types that AWS has added since are taken without a check.

use crate::kind::OutputType;
use crate::model::ParameterType;
use crate::pattern::Pattern;

const CHECKS: [(&str, &str); 3] = [
    ("AWS::EC2::Instance::Id", r"^m?i-([a-z0-9]{8}|[a-z0-9]{17})$"),
    ("AWS::S3::Bucket::Name", r"^[0-9a-z][a-z0-9\-\.]{3,63}$"),
    (
        "AWS::IAM::Role::Arn",
        "^arn:(aws|aws-cn|aws-us-gov|aws-iso|aws-iso-b):iam::[0-9]{12}:role/.*$",
    ),
];

/// The resource of a type, e.g. `AWS::EC2::Instance::Id`.
fn resource(name: &str) -> &str {
    name.strip_prefix("List<").and_then(|name| name.strip_suffix('>')).unwrap_or(name)
}

/// The check of a type.
pub(crate) fn pattern(name: &str) -> Option<Pattern> {
    let resource = resource(name);
    let (_, pattern) = CHECKS.iter().find(|(known, _)| *known == resource)?;
    Pattern::parse(pattern).ok()
}

impl ParameterType {
    /// The type of a name; `None` if the name is unknown.
    pub fn parse(name: &str) -> Option<Self> {
        let shape = match OutputType::parse(name) {
            Some(shape) => shape,
            None => {
                let resource = resource(name);
                let is_part = |part: &str| {
                    !part.is_empty()
                        && part.bytes().all(|c| c.is_ascii_alphanumeric() || b"<>".contains(&c))
                };
                if !resource.starts_with("AWS::") || !resource.split("::").all(is_part) {
                    return None;
                }
                if resource == name { OutputType::String } else { OutputType::StringList }
            }
        };
        Some(Self { name: name.to_owned(), shape })
    }
}
