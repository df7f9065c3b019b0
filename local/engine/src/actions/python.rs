//! Values as Python writes them: `aws:assertAwsResourceProperty` and
//! `aws:waitForAwsResourceProperty` compare `str(value)`.

use serde_json::Value;

/// `str(value)`: booleans are `True` and `False`, null is `None`.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => literal(other),
    }
}

/// `repr(value)`: as [`text`], strings quoted.
fn literal(value: &Value) -> String {
    match value {
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => {
            let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
            let escaped = text.replace('\\', "\\\\").replace('\n', "\\n");
            let escaped = if quote == '\'' { escaped.replace('\'', "\\'") } else { escaped };
            format!("{quote}{escaped}{quote}")
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", "))
        }
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                format!("{}: {}", literal(&name.as_str().into()), literal(value))
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Written down from Python 3.11.
    #[test]
    fn values_read_as_python_prints_them() {
        for (value, expected) in [
            (json!("running"), "running"),
            (json!(true), "True"),
            (json!(false), "False"),
            (json!(null), "None"),
            (json!(16), "16"),
            (json!(1.5), "1.5"),
            (json!(1.0), "1.0"),
            (json!(["ok", 1, true, null]), "['ok', 1, True, None]"),
            (
                json!({"a": "it's", "b": [{"c": "x\"y'z"}]}),
                r#"{'a': "it's", 'b': [{'c': 'x"y\'z'}]}"#,
            ),
            (json!(["a\nb\\"]), r"['a\nb\\']"),
        ] {
            assert_eq!(text(&value), expected);
        }
    }
}
