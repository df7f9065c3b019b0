//! Patterns over names.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wildmatch::WildMatch;

/// A pattern of `*` (any text) and `?` (one character), anchored at both ends, case-sensitive.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Glob(String);

impl Glob {
    /// A pattern; every text is one.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    /// The patterns of a list separated by commas.
    #[must_use]
    pub fn list(text: &str) -> Vec<Self> {
        text.split(',').map(str::trim).filter(|glob| !glob.is_empty()).map(Self::new).collect()
    }

    /// Whether the whole of the text matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        WildMatch::new(&self.0).matches(text)
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Glob {
    /// Whether some text matches both patterns.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let (a, b): (Vec<char>, Vec<char>) = (self.0.chars().collect(), other.0.chars().collect());
        // reachable[j]: some text matches all of `a` before i and all of `b` before j.
        let mut reachable = vec![false; b.len() + 1];
        for i in 0..=a.len() {
            let before = reachable.clone();
            for j in 0..=b.len() {
                let from_a = i.checked_sub(1).map(|i| a[i]);
                let from_b = j.checked_sub(1).map(|j| b[j]);
                // A star takes a character of the other pattern, or nothing.
                let star_a = from_a == Some('*') && (before[j] || (j > 0 && reachable[j - 1]));
                let star_b =
                    from_b == Some('*') && ((j > 0 && reachable[j - 1]) || (i > 0 && before[j]));
                let same = match (from_a, from_b) {
                    (Some('*'), _) | (_, Some('*')) | (None, _) | (_, None) => false,
                    (Some(x), Some(y)) => (x == y || x == '?' || y == '?') && before[j - 1],
                };
                reachable[j] = (i == 0 && j == 0) || star_a || star_b || same;
            }
        }
        reachable[b.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_patterns_meet_when_some_text_matches_both() {
        for (a, b, meet) in [
            ("*", "", true),
            ("a*", "*b", true),
            ("a*", "b*", false),
            ("ec2-status-*", "ec2-*-system", true),
            ("ec2-status-?", "ec2-status-ab", false),
            ("a?c", "abc", true),
            ("?", "*", true),
            ("", "?", false),
            ("*a*b*", "*b*a*", true),
            ("x*y*z", "xz", false),
        ] {
            assert_eq!(Glob::new(a).meets(&Glob::new(b)), meet, "{a} {b}");
            assert_eq!(Glob::new(b).meets(&Glob::new(a)), meet, "{b} {a}");
        }
    }

    proptest::proptest! {
        #[test]
        fn patterns_that_match_one_text_meet(text in "[ab]{0,6}", cut in 0usize..6, other in 0usize..6) {
            let star = |at: usize| {
                let at = at.min(text.len());
                let end = (at + 2).min(text.len());
                Glob::new(format!("{}*{}", &text[..at], &text[end..]))
            };
            let (a, b) = (star(cut), star(other));
            proptest::prop_assert!(a.matches(&text) && b.matches(&text) && a.meets(&b));
        }
    }
}
