//! Properties that hold of every text.

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::substitution::Names;
use crate::reference::mentions;
use crate::{
    OutputType, Pattern, Reference, Scope, Selector, Unresolved, coerce, parse, substitute,
};

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("a number of JSON", |n| n.is_finite()).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        braces().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c.' \"]{0,3}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Texts made of what references are made of.
fn braces() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "{",
        "}",
        "{{",
        "}}",
        " ",
        "\t",
        "\n",
        ".",
        ":",
        "Text",
        "List",
        "Unknown",
        "a",
        "variable",
        "global",
        "REGION",
        "ssm",
        "automation",
        "EXECUTION_ID",
        "é",
        "-",
        "/",
    ]);
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

/// Resolves every reference to the text that it was.
struct Echo;

impl Scope for Echo {
    fn resolve(&self, reference: &Reference) -> Result<Value, Unresolved> {
        Ok(Value::String(format!("{{{{ {reference} }}}}")))
    }
}

proptest! {
    #[test]
    fn substitution_never_panics(value in json()) {
        let filled = substitute(&value, &Names);
        prop_assert!(filled.is_ok() || filled.is_err_and(|error| !error.to_string().is_empty()));
    }

    #[test]
    fn what_has_no_references_stays_as_it_is(text in ".{0,40}") {
        prop_assume!(mentions(&text).next().is_none());
        prop_assert_eq!(substitute(&Value::from(text.clone()), &Names), Ok(Value::from(text)));
    }

    #[test]
    fn references_that_are_filled_in_by_themselves_can_be_filled_in_again(text in braces()) {
        if let Ok(once) = substitute(&Value::from(text), &Echo) {
            prop_assert_eq!(substitute(&once, &Echo), Ok(once));
        }
    }

    #[test]
    fn mentions_do_not_overlap_and_stand_where_they_say(text in braces()) {
        let mut end = 0;
        for mention in mentions(&text) {
            prop_assert!(mention.range.start >= end);
            prop_assert!(text[mention.range.clone()].starts_with("{{"));
            prop_assert!(text[mention.range.clone()].ends_with("}}"));
            end = mention.range.end;
        }
    }

    #[test]
    fn a_selector_is_read_again_as_it_is_shown(text in "\\$?([.]{0,2}['\"]?[a-c .:-]{0,3}['\"]?(\\[[0-9*]{0,2}\\])?){0,4}", value in json()) {
        if let Ok(selector) = Selector::parse(&text) {
            let again = Selector::parse(&selector.to_string());
            prop_assert_eq!(again.as_ref(), Ok(&selector));
            prop_assert_eq!(again.map(|again| again.select(&value)), Ok(selector.select(&value)));
        }
    }

    #[test]
    fn a_selector_that_names_the_way_finds_what_lies_there(value in json()) {
        for (path, found) in ways(&value) {
            let selector = Selector::parse(&path).map_err(|error| TestCaseError::fail(format!("{path}: {error}")))?;
            prop_assert_eq!(selector.select(&value), Some(found));
        }
    }

    #[test]
    fn a_value_that_was_made_to_fit_fits(value in json()) {
        for kind in OutputType::ALL {
            if let Ok(fitted) = coerce(value.clone(), kind) {
                prop_assert_eq!(coerce(fitted.clone(), kind), Ok(fitted));
            }
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[ -~\n{}:\\[\\]'\"-]{0,120}") {
        prop_assert!(parse(&text).is_err());
    }

    #[test]
    fn no_change_of_a_document_makes_the_parser_panic(
        line in 0usize..130, change in prop_oneof![
            Just(String::new()), Just("- x".into()), Just("x: [".into()), Just("  name: '{{ a.b }}'".into()), "[ -~]{0,20}",
        ],
    ) {
        let lines: Vec<_> = include_str!("whole.yaml").lines().enumerate()
            .map(|(nth, written)| if nth == line { change.as_str() } else { written })
            .collect();
        if let Err(defects) = parse(&lines.join("\n")) {
            prop_assert!(!defects.0.is_empty());
            prop_assert!(defects.0.is_sorted_by_key(|defect| defect.at));
        }
    }

    #[test]
    fn no_text_makes_a_pattern_panic(text in "[\\\\\\[\\]()?*+{}^$|a-eQpPxu0-9<>:&~-]{0,24}", value in ".{0,8}") {
        if let Ok(pattern) = Pattern::parse(&text) {
            let matches = pattern.matches(&value);
            prop_assert_eq!(pattern.matches(&value), matches);
        }
    }

    #[test]
    fn a_quoted_text_matches_itself_and_nothing_longer(text in "[^\\\\]{0,12}") {
        let pattern = Pattern::parse(&format!("\\Q{text}\\E")).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert!(pattern.matches(&text));
        let longer = format!("{text}x");
        prop_assert!(!pattern.matches(&longer));
    }
}

/// Every value within a value, and the path that leads to it.
fn ways(value: &Value) -> Vec<(String, Value)> {
    fn walk(path: String, value: &Value, into: &mut Vec<(String, Value)>) {
        match value {
            Value::Array(items) => items
                .iter()
                .enumerate()
                .for_each(|(nth, item)| walk(format!("{path}[{nth}]"), item, into)),
            Value::Object(map) => map.iter().for_each(|(key, item)| {
                // No quotes are left for a name that has both.
                if !(key.contains('\'') && key.contains('"')) {
                    let quote = if key.contains('\'') { '"' } else { '\'' };
                    walk(format!("{path}.{quote}{key}{quote}"), item, into);
                }
            }),
            _ => {}
        }
        into.push((path, value.clone()));
    }
    let mut into = Vec::new();
    walk("$".to_owned(), value, &mut into);
    into
}
