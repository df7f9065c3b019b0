//! The two structured formats of content: reading either with a place for every mistake, and
//! writing one as the other.

use serde_json::Value;

use crate::document::DocumentFormat;

/// Reads content. The message of a mistake is what AWS says of it (`JSON not well-formed. at Line:
/// 3, Column: 1`), then what is wrong there.
pub(crate) fn read(text: &str, format: DocumentFormat) -> Result<Value, String> {
    match format {
        DocumentFormat::Json => serde_json::from_str(text).map_err(|error| {
            not_well_formed("JSON", error.line(), error.column(), &error.to_string())
        }),
        DocumentFormat::Yaml => serde_saphyr::from_str(text).map_err(|error| {
            let (line, column) = error.location().map_or((1, 1), |at| {
                (usize::try_from(at.line()).unwrap_or(1), usize::try_from(at.column()).unwrap_or(1))
            });
            not_well_formed("YAML", line, column, &error.to_string())
        }),
        DocumentFormat::Text => Ok(Value::String(text.into())),
    }
}

/// Writes content that [`read`] has read; `None` where the format cannot say it.
pub(crate) fn write(value: &Value, format: DocumentFormat) -> Option<String> {
    match format {
        DocumentFormat::Json => serde_json::to_string_pretty(value).ok(),
        DocumentFormat::Yaml => serde_saphyr::to_string(value).ok(),
        DocumentFormat::Text => None,
    }
}

fn not_well_formed(format: &str, line: usize, column: usize, detail: &str) -> String {
    // The parsers repeat the place, and saphyr draws it.
    let detail = detail.lines().next().unwrap_or_default();
    let detail = detail.split(" at line ").next().unwrap_or_default();
    let detail = detail.strip_prefix("error: ").unwrap_or(detail);
    format!("{format} not well-formed. at Line: {line}, Column: {column} ({detail})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ -~]{0,24}".prop_map(Value::from),
            prop::sample::select(vec![
                "0.3",
                "2.2",
                "yes",
                "no",
                "on",
                "null",
                "~",
                "012345678901",
                "1e3",
                "0x1F",
                "",
                " lead",
                "trail ",
                "a: b",
                "# c",
                "{{ Param }}",
                "*",
                "&a",
                "!t",
                "- x",
                "a\nb\n",
                "a\n\n  b",
                "\ttab",
                "é",
                "2020-01-01",
                ".inf",
                "0o7",
                "1_000",
                "=",
                "<<",
                "true",
            ])
            .prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a-zA-Z0-9_ .:-]{1,12}", inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_in_either_format_reads_back_the_same(value in values()) {
            for format in [DocumentFormat::Json, DocumentFormat::Yaml] {
                let text = write(&value, format).expect("both formats can say it");
                let read = read(&text, format);
                prop_assert_eq!(read.as_ref(), Ok(&value), "{}", text);
            }
        }
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        let json = read("{\n  \"a\": }", DocumentFormat::Json).expect_err("no value");
        assert_eq!(json, "JSON not well-formed. at Line: 2, Column: 8 (expected value)");
        let yaml = read("a: 1\nb: [1, 2\nc: 3\n", DocumentFormat::Yaml).expect_err("open list");
        assert!(yaml.starts_with("YAML not well-formed. at Line: 3, Column: "), "{yaml}");
    }
}
