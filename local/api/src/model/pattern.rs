//! Patterns of the models, which are Java regular expressions and meant for the whole value.

use regex::Regex;
use serde::Deserialize;

/// A pattern and the text of it that messages show.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Pattern {
    pub(super) source: String,
    matcher: Matcher,
}

enum Matcher {
    Regex(Regex),
    /// The few with a look-ahead or a back-reference.
    Fancy(Box<fancy_regex::Regex>),
}

impl TryFrom<String> for Pattern {
    type Error = Box<fancy_regex::Error>;

    fn try_from(source: String) -> Result<Self, Self::Error> {
        let whole = format!("^(?:{})$", ascii_classes(&source));
        let matcher = match Regex::new(&whole) {
            Ok(regex) => Matcher::Regex(regex),
            Err(_) => Matcher::Fancy(Box::new(fancy_regex::Regex::new(&whole)?)),
        };
        Ok(Self { source, matcher })
    }
}

impl Pattern {
    /// Whether the whole text matches. A match that was abandoned as too costly does not.
    pub(super) fn matches(&self, text: &str) -> bool {
        match &self.matcher {
            Matcher::Regex(regex) => regex.is_match(text),
            Matcher::Fancy(regex) => regex.is_match(text).unwrap_or(false),
        }
    }
}

/// Java's `\w` and `\d` are ASCII, inside a bracketed class and outside.
fn ascii_classes(source: &str) -> String {
    let (mut out, mut in_class) = (String::with_capacity(source.len()), false);
    let mut characters = source.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(class @ ('w' | 'd')) => {
                    let members = if class == 'w' { "a-zA-Z0-9_" } else { "0-9" };
                    out.push_str(&if in_class { members.into() } else { format!("[{members}]") });
                }
                escaped => {
                    out.push('\\');
                    out.extend(escaped);
                }
            },
            '[' if !in_class => {
                in_class = true;
                out.push('[');
            }
            ']' => {
                in_class = false;
                out.push(']');
            }
            // A dash after a class shorthand is a dash.
            '-' if in_class && out.ends_with(['_', '9']) => out.push_str("\\-"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn javas_shorthands_are_ascii_and_stand_in_classes_and_outside() {
        for (pattern, text, matches) in [
            (r"(^i-(\w{8}|\w{17})$)|(^mi-\w{17}$)", "i-0123456789abcdef0", true),
            (r"(^i-(\w{8}|\w{17})$)|(^mi-\w{17}$)", "i-0123456789äbcdef0", false),
            (r"^\/[\w\.\-\:\/]*$", "/AWS::EC2::Instance", true),
            (r"[\w+=,.@/-]+", "path/Role-1", true),
            (r"[a-z\d-]{2,}", "eu-west-1", true),
            (r"[a-z\d-]{2,}", "eu-west-١", false),
            (r"^(?!\s*$).+", " ", false),
            (r"^(?!\s*$).+", "alarm", true),
            (r"^(?!\s*$).+", "two\nlines", false),
            (r"^([\-]?\d{4}(?!\d{2}\b))((-?)(0[1-9]|1[0-2])(\3([12]\d)))?$", "2024-11-15", true),
            (r"^([\-]?\d{4}(?!\d{2}\b))((-?)(0[1-9]|1[0-2])(\3([12]\d)))?$", "2024-1115", false),
            (r"(?i)all|[0-9]{12}", "ALL", true),
            (r"[^\p{C}]{0,3}", "abcd", false),
        ] {
            let compiled = Pattern::try_from(pattern.to_owned()).unwrap();
            assert_eq!(compiled.matches(text), matches, "{pattern} {text}");
        }
    }
}
