//! Words of problems.

use yaml_tree::Value;

/// A value as a message says that it was found.
pub(super) fn found(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(_, text) => text.clone(),
        Value::Number(_, text) => format!("the number {text}"),
        Value::Text { text, .. } if text.is_empty() => "an empty text".to_owned(),
        Value::Text { text, .. } => format!("\"{}\"", text.chars().take(60).collect::<String>()),
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "a mapping".to_owned(),
    }
}

/// `a`, `b`, `c`: in backticks.
pub(super) fn quoted<T: AsRef<str>>(words: &[T]) -> String {
    words.iter().map(|word| format!("`{}`", word.as_ref())).collect::<Vec<_>>().join(", ")
}

/// From one number to another, as far as there are bounds.
pub(super) fn range(least: Option<u64>, most: Option<u64>) -> String {
    match (least, most) {
        (Some(least), Some(most)) => format!("{least} to {most}"),
        (Some(least), None) => format!("at least {least}"),
        (None, Some(most)) => format!("at most {most}"),
        (None, None) => "any number".to_owned(),
    }
}

/// The first sentence of a description, to be read within another sentence.
pub(super) fn as_clause(description: &str) -> String {
    let sentence = description.split(". ").next().unwrap_or_default().trim_end_matches('.');
    let mut rest = sentence.chars();
    match (rest.next(), rest.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            format!("{}{}", first.to_lowercase(), &sentence[first.len_utf8()..])
        }
        _ => sentence.to_owned(),
    }
}
