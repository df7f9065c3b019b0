//! Values as lists of strings: parameters and outputs on the wire.

use serde_json::Value;

use super::gson;

/// One string for a scalar or a map, one for each item of a list; none for an empty string, which
/// the model does not allow and AWS shows as `[]`.
pub(crate) fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) if text.is_empty() => Vec::new(),
        Value::Array(items) => items.iter().map(string).collect(),
        other => vec![string(other)],
    }
}

/// Text as it is, anything else as JSON.
fn string(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => gson::text(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_type_of_parameter_has_its_form_on_the_wire() {
        for (value, expected) in [
            (json!("a=b"), vec!["a=b"]),
            (json!(""), vec![]),
            (json!(7), vec!["7"]),
            (json!(true), vec!["true"]),
            (json!(["i-1", "i-2"]), vec!["i-1", "i-2"]),
            (json!([]), vec![]),
            (json!({"a": "b=c"}), vec![r#"{"a":"b\u003dc"}"#]),
            (json!([{"a": 1}, {"b": 2}]), vec![r#"{"a":1}"#, r#"{"b":2}"#]),
            (json!(null), vec![]),
        ] {
            assert_eq!(strings(&value), expected, "{value}");
        }
    }
}
