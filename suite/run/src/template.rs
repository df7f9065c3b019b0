//! The words that a rule leaves open in its parameters and a trigger fills in: `{resource}`, `{account}`,
//! `{region}`, `{alarm}`, `{alarmArn}`, `{dimension.<name>}`.
//!
//! Braces around anything but a word are left as they are: parameters may be JSON.

use std::collections::BTreeMap;

/// The words that can be filled in, beside `dimension.<name>`.
pub const WORDS: &[&str] = &["resource", "account", "region", "alarm", "alarmArn"];

/// The prefix of the words that stand for dimensions.
pub const DIMENSION: &str = "dimension.";

/// The values of the words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// Words and `dimension.<name>`, with their values.
    values: BTreeMap<String, String>,
}

/// Why a text could not be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// Nothing is known under this word here: an alarm without the dimension, a run without an alarm.
    #[error("nothing is known to put in the place of `{{{word}}}`")]
    Unknown {
        /// The word, without its braces.
        word: String,
    },
    /// SSM would read the value as a template of its own: alarm names and dimensions are written by
    /// somebody who may create alarms and need not be allowed to read parameters.
    #[error("the value of `{{{word}}}` holds `{{{{`, which SSM takes for a reference of its own")]
    Unsafe {
        /// The word, without its braces.
        word: String,
    },
}

impl Values {
    /// The same with a value more.
    #[must_use]
    pub fn with(mut self, word: impl Into<String>, value: impl Into<String>) -> Self {
        self.values.insert(word.into(), value.into());
        self
    }

    /// The same with the value of a dimension.
    #[must_use]
    pub fn with_dimension(self, name: &str, value: impl Into<String>) -> Self {
        self.with(format!("{DIMENSION}{name}"), value)
    }

    /// The values of dimensions alone, by `dimension.<name>`.
    #[must_use]
    pub fn dimensions(self) -> BTreeMap<String, String> {
        self.values.into_iter().filter(|(word, _)| word.starts_with(DIMENSION)).collect()
    }

    /// Fills in a text. What is filled in is not looked at again.
    ///
    /// # Errors
    /// When a word has no value, or one that SSM would take for more than a value.
    pub fn fill(&self, text: &str) -> Result<String, FillError> {
        let mut filled = String::with_capacity(text.len());
        for part in parts(text) {
            match part {
                Part::Plain(plain) => filled.push_str(plain),
                Part::Word(word) => {
                    let unknown = || FillError::Unknown { word: word.to_owned() };
                    let value = self.values.get(word).ok_or_else(unknown)?;
                    // A brace at an edge may make two of one beside it.
                    if value.contains("{{") || value.starts_with('{') || value.ends_with('{') {
                        return Err(FillError::Unsafe { word: word.to_owned() });
                    }
                    filled.push_str(value);
                }
            }
        }
        // Two halves may meet: `{` before a value that begins with one.
        if filled.contains("{{") && !text.contains("{{") {
            return Err(FillError::Unsafe {
                word: words(text).next().unwrap_or_default().to_owned(),
            });
        }
        Ok(filled)
    }

    /// Fills in parameters.
    ///
    /// # Errors
    /// As [`Values::fill`], with the parameter it happened in.
    pub fn fill_all(
        &self,
        parameters: &BTreeMap<String, Vec<String>>,
    ) -> Result<BTreeMap<String, Vec<String>>, (String, FillError)> {
        parameters
            .iter()
            .map(|(name, texts)| {
                let texts: Result<Vec<String>, FillError> =
                    texts.iter().map(|text| self.fill(text)).collect();
                Ok((name.clone(), texts.map_err(|error| (name.clone(), error))?))
            })
            .collect()
    }
}

/// The words that a text leaves open.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    parts(text).filter_map(|part| match part {
        Part::Word(word) => Some(word),
        Part::Plain(_) => None,
    })
}

/// Whether a word can be filled in at all.
pub fn is_known(word: &str) -> bool {
    WORDS.contains(&word) || word.strip_prefix(DIMENSION).is_some_and(|name| !name.is_empty())
}

enum Part<'a> {
    Plain(&'a str),
    Word(&'a str),
}

fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some(word) = word(rest) {
            rest = &rest[word.len() + 2..];
            return Some(Part::Word(word));
        }
        let end = rest
            .char_indices()
            .skip(1)
            .find(|(at, c)| *c == '{' && word_starts(&rest[*at..]))
            .map_or(rest.len(), |(at, _)| at);
        let (plain, after) = rest.split_at(end);
        rest = after;
        Some(Part::Plain(plain))
    })
}

fn word_starts(text: &str) -> bool {
    word(text).is_some()
}

/// `{word}` or `{word.anything}` at the beginning of a text.
fn word(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('{')?;
    let word = &inner[..inner.find(['{', '}'])?];
    if !inner[word.len()..].starts_with('}') {
        return None;
    }
    let (name, _) = word.split_once('.').unwrap_or((word, ""));
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain.then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        Values::default()
            .with("resource", "i-1")
            .with("alarm", "a {region} b")
            .with("region", "eu-west-1")
            .with_dimension("path", "/var/log")
    }

    #[test]
    fn words_are_filled_in_once_and_other_braces_are_left() {
        for (text, filled) in [
            ("{resource}", "i-1"),
            ("arn:{region}:{resource}/x", "arn:eu-west-1:i-1/x"),
            ("{alarm}", "a {region} b"),
            ("{dimension.path}", "/var/log"),
            ("{\"a\": {\"b\": \"{resource}\"}}", "{\"a\": {\"b\": \"i-1\"}}"),
            ("{}", "{}"),
            ("{ resource }", "{ resource }"),
            ("{a: 1}", "{a: 1}"),
            ("{1,2}", "{1,2}"),
            ("{", "{"),
            ("ä{resource}ö", "äi-1ö"),
            ("", ""),
        ] {
            assert_eq!(values().fill(text).as_deref(), Ok(filled), "{text}");
        }
    }

    #[test]
    fn a_word_without_a_value_is_named() {
        for word in ["account", "dimension.device", "typo"] {
            let error = values().fill(&format!("x{{{word}}}")).unwrap_err();
            assert_eq!(error, FillError::Unknown { word: word.into() });
            assert!(error.to_string().contains(&format!("`{{{word}}}`")), "{error}");
        }
    }

    #[test]
    fn a_value_that_ssm_would_read_as_a_reference_is_refused() {
        let values =
            Values::default().with("alarm", "x {{ssm:/secret}}").with("resource", "{ssm:/secret}}");
        for text in ["{alarm}", "{{resource}"] {
            assert!(matches!(values.fill(text), Err(FillError::Unsafe { .. })), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn text_without_words_stays_as_it_is(text in "[a-z{}\". :]{0,30}") {
            if words(&text).next().is_none() {
                proptest::prop_assert_eq!(values().fill(&text).unwrap(), text);
            }
        }
    }
}
