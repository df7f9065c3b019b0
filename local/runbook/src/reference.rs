//! `{{ … }}`: what a text may refer to, and where it does.
//!
//! Text between double braces that is not a reference, such as the CSS of a script's HTML,
//! is text like any other.

use std::fmt;
use std::ops::Range;

/// A value that a maintenance window fills in where it starts a runbook; public runbooks have them as
/// defaults. Without a window they are text.
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/maintenance-window-tasks-pseudo-parameters.html>
pub const MAINTENANCE_WINDOW: [&str; 2] = ["TARGET_ID", "RESOURCE_ID"];

/// The text between double braces.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reference {
    /// `{{ Name }}`
    Parameter(String),
    /// `{{ step.Output }}`; of a loop also `CurrentIteration` and `CurrentIteratorValue`.
    Output { step: String, output: String },
    /// `{{ variable:name }}`
    Variable(String),
    /// `{{ global:NAME }}`
    Global(Global),
    /// `{{ automation:EXECUTION_ID }}`
    ExecutionId,
    /// `{{ ssm:name }}`: a parameter of Parameter Store.
    Ssm(String),
}

/// A value that every execution knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Global {
    /// `ACCOUNT_ID`
    AccountId,
    Region,
    /// `AWS_PARTITION`
    AwsPartition,
    /// `DATE`: `yyyy-MM-dd`, at the moment of substitution.
    Date,
    /// `DATE_TIME`: `yyyy-MM-dd_HH.mm.ss`, at the moment of substitution.
    DateTime,
}

impl Global {
    /// Every one of them.
    pub const ALL: [Self; 5] =
        [Self::AccountId, Self::Region, Self::AwsPartition, Self::Date, Self::DateTime];

    /// Its name after `global:`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccountId => "ACCOUNT_ID",
            Self::Region => "REGION",
            Self::AwsPartition => "AWS_PARTITION",
            Self::Date => "DATE",
            Self::DateTime => "DATE_TIME",
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter(name) => f.write_str(name),
            Self::Output { step, output } => write!(f, "{step}.{output}"),
            Self::Variable(name) => write!(f, "variable:{name}"),
            Self::Global(global) => write!(f, "global:{}", global.name()),
            Self::ExecutionId => f.write_str("automation:EXECUTION_ID"),
            Self::Ssm(name) => write!(f, "ssm:{name}"),
        }
    }
}

/// A place in a text that has the form of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// Where it is written, braces included.
    pub range: Range<usize>,
    /// The value it refers to, or the name that nothing has, such as `global:NOTHING`.
    pub to: Result<Reference, String>,
}

/// Every reference in a text, in order.
pub fn mentions(text: &str) -> impl Iterator<Item = Mention> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let open = from + text.get(from..)?.find("{{")?;
            let inner = text.get(open + 2..)?;
            let name = inner.find("}}").and_then(|close| inner.get(..close));
            if let Some(name) = name
                && let Some(to) = parse(name.trim_matches([' ', '\t']))
            {
                from = open + 2 + name.len() + 2;
                return Some(Mention { range: open..from, to });
            }
            // Of `{{{ X }}}` the inner braces are the reference.
            from = open + 1;
        }
    })
}

/// The one reference that a text consists of, if it does.
pub(crate) fn whole(text: &str) -> Option<Mention> {
    mentions(text).next().filter(|mention| mention.range == (0..text.len()))
}

/// `None` for what has not the form of a reference.
fn parse(name: &str) -> Option<Result<Reference, String>> {
    let is_word = |text: &str| {
        !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
    };
    if let Some((space, rest)) = name.split_once(':') {
        let to = match space {
            "variable" if is_word(rest) => Reference::Variable(rest.to_owned()),
            "automation" if rest == "EXECUTION_ID" => Reference::ExecutionId,
            "ssm" if is_stored(rest) => Reference::Ssm(rest.to_owned()),
            "global" if is_word(rest) => {
                match Global::ALL.into_iter().find(|global| global.name() == rest) {
                    Some(global) => Reference::Global(global),
                    None => return Some(Err(name.to_owned())),
                }
            }
            "automation" if is_word(rest) => return Some(Err(name.to_owned())),
            _ => return None,
        };
        return Some(Ok(to));
    }
    if let Some((step, output)) = name.split_once('.') {
        let is_output =
            output.split('.').all(|part| !part.is_empty() && part.split('-').all(is_word));
        let to = Reference::Output { step: step.to_owned(), output: output.to_owned() };
        return (is_word(step) && is_output).then_some(Ok(to));
    }
    is_word(name).then(|| Ok(Reference::Parameter(name.to_owned())))
}

/// A name of Parameter Store, with a version or label perhaps.
fn is_stored(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'-' | b'/' | b':'))
}
