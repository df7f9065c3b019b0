//! `allowedPattern`: a regular expression of Java, held against whole values.
//!
//! What Java writes differently is translated; what remains goes to an engine that knows
//! lookarounds, atomic groups and possessive quantifiers as Java's does.

use std::fmt;

use fancy_regex::{Regex, RegexBuilder};

use crate::java::translate;

/// Steps back before a match is given up: a pattern must not cost more than its document is worth.
const BACKTRACKING: usize = 200_000;

/// A pattern that was compiled.
#[derive(Clone)]
pub struct Pattern {
    written: String,
    regex: Regex,
}

/// A pattern that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{written} is no regular expression: {why}")]
pub struct PatternError {
    written: String,
    why: String,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// When the text is no regular expression.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let error = |why: String| PatternError { written: text.to_owned(), why };
        let build = |text: &str| {
            let regex = RegexBuilder::new(text).backtrack_limit(BACKTRACKING).build();
            regex.map_err(|why| error(why.to_string()))
        };
        let translated = translate(text).map_err(error)?;
        // Alone at first, so that no bracket of the text closes one of ours.
        build(&translated)?;
        Ok(Self { written: text.to_owned(), regex: build(&format!(r"\A(?:{translated})\z"))? })
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

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.written).finish()
    }
}
