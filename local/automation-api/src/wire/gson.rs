//! JSON text as Gson writes it: compact, with the characters that matter to HTML escaped.

use serde_json::Value;

/// A value as JSON text in Gson's spelling.
pub(crate) fn text(value: &Value) -> String {
    escape(&value.to_string())
}

/// Outside of strings JSON has none of these characters, so they can be replaced anywhere.
fn escape(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '<' | '>' | '&' | '=' | '\'' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_matters_to_html_is_escaped_and_reads_back_the_same() {
        let value = json!({"a": "x=1 & 'y' <z>", "b": [1, true, null]});
        let text = text(&value);
        assert_eq!(
            text,
            r#"{"a":"x\u003d1 \u0026 \u0027y\u0027 \u003cz\u003e","b":[1,true,null]}"#
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
