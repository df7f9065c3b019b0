//! `allowedPattern`: a regular expression of Java, held against whole values.
//!
//! Java's own forms are translated; the rest goes to an engine that knows
//! lookarounds, atomic groups and possessive quantifiers as Java's does.

use std::fmt;

use fancy_regex::{Regex, RegexBuilder};

use crate::java::translate;

/// Steps back before a match is given up: a pattern must not cost more than its document is worth.
const BACKTRACKING: usize = 200_000;
/// Bytes a compiled pattern may take: `.{0,32768}`, the longest that AWS's limits suggest, fits.
const SIZE: usize = 64 << 20;

/// A pattern that was compiled.
#[derive(Clone)]
pub struct Pattern {
    written: String,
    regex: Regex,
}

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{written} is not a regular expression: {why}")]
pub struct PatternError {
    written: String,
    why: String,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// When the text is not a regular expression.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let error = |why: String| PatternError { written: text.to_owned(), why };
        let translated = translate(text).map_err(error)?;
        // Every group is closed: no bracket of the text closes ours.
        let regex = RegexBuilder::new(&format!(r"\A(?:{translated})\z"))
            .backtrack_limit(BACKTRACKING)
            .delegate_size_limit(SIZE)
            .build()
            .map_err(|why| error(unplaced(&why.to_string()).to_owned()))?;
        Ok(Self { written: text.to_owned(), regex })
    }

    /// Whether it matches a whole text. Not if that takes too many steps.
    pub fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text).unwrap_or(false)
    }

    /// As the document has it.
    pub fn as_str(&self) -> &str {
        &self.written
    }
}

/// An error without its place, which is one in the translation.
fn unplaced(error: &str) -> &str {
    let after = error.strip_prefix("Parsing error at position ").and_then(|e| e.split_once(": "));
    after.map_or(error, |(_, error)| error)
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.written).finish()
    }
}
