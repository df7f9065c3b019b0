//! ARNs of documents.

pub(crate) use api::arn::ssm;
use relay_core::id::Partition;

/// A document as a request names it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Named<'a> {
    /// By its name alone: the caller's own, or one of AWS's.
    Bare(&'a str),
    /// By its ARN; the account is empty for AWS's own.
    Arn { region: &'a str, account: &'a str, name: &'a str },
    /// By something that names no document.
    Nothing,
}

impl<'a> Named<'a> {
    pub(crate) fn parse(text: &'a str) -> Self {
        if !text.contains([':', '/']) {
            return Self::Bare(text);
        }
        let parts: Vec<_> = text.splitn(6, ':').collect();
        let ["arn", partition, "ssm", region, account, resource] = parts[..] else {
            return Self::Nothing;
        };
        match resource.strip_prefix("document/") {
            Some(name)
                if partition == Partition::of_region(region).as_str()
                    && !name.contains([':', '/']) =>
            {
                Self::Arn { region, account, name }
            }
            _ => Self::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_named_bare_or_by_the_arn_of_its_own_partition() {
        let arn = |region, account, name| Named::Arn { region, account, name };
        for (text, named) in [
            ("Org-A", Named::Bare("Org-A")),
            (
                "arn:aws:ssm:us-east-1:111122223333:document/A",
                arn("us-east-1", "111122223333", "A"),
            ),
            ("arn:aws:ssm:us-east-1::document/AWS-A", arn("us-east-1", "", "AWS-A")),
            ("arn:aws-cn:ssm:cn-north-1:1:document/A", arn("cn-north-1", "1", "A")),
            ("arn:aws:ssm:cn-north-1:1:document/A", Named::Nothing),
            ("arn:aws:ssm:us-east-1:1:document/A:2", Named::Nothing),
            ("arn:aws:ssm:us-east-1:1:parameter/A", Named::Nothing),
            ("document/A", Named::Nothing),
        ] {
            assert_eq!(Named::parse(text), named, "{text}");
        }
    }
}
