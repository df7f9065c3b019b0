//! Texts for people: what was probably meant, and an error with all its causes.

use std::error::Error;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use strsim::levenshtein;

/// The candidate that differs least from the text, if any is near enough to have been meant.
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = text.to_lowercase();
    let near_enough = (text.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= near_enough)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A text as one part of a URL: everything but letters, digits and `-_.~` as `%XX`.
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// An error and all its causes, outermost first, joined by colons.
#[must_use]
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Some libraries repeat the cause in their own words.
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_what_was_probably_meant_and_nothing_far_away() {
        let fields = ["documents", "regions", "accounts", "documentVersion"];
        assert_eq!(nearest("region", fields), Some("regions"));
        assert_eq!(nearest("Accounts", fields), Some("accounts"));
        assert_eq!(nearest("docments", fields), Some("documents"));
        assert_eq!(nearest("schedule", fields), None);
        assert_eq!(nearest("", fields), None);
    }

    #[test]
    fn only_unreserved_characters_of_a_url_stay() {
        assert_eq!(percent_encoded("a-b_c.d~1"), "a-b_c.d~1");
        assert_eq!(percent_encoded("CPU > 80 %/ä"), "CPU%20%3E%2080%20%25%2F%C3%A4");
    }
}
