//! The service model as a judge of replies: members, types, enumerations, lengths, patterns.

use std::{
    collections::{BTreeSet, HashMap},
    sync::LazyLock,
};

use local_api::AwsError;
use regex::Regex;
use serde_json::Value;

static MODEL: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../model/ssm-documents.json")).expect("the model")
});

/// The patterns by the shapes that have them, but for those that `regex` cannot say.
static PATTERNS: LazyLock<HashMap<String, Regex>> = LazyLock::new(|| {
    let shapes = MODEL["shapes"].as_object().expect("shapes").iter();
    let patterns = shapes.filter_map(|(name, shape)| {
        let pattern = shape["pattern"].as_str().filter(|pattern| !pattern.contains("(?!"))?;
        let pattern = Regex::new(&format!("^(?:{pattern})$")).expect("a pattern");
        Some((name.clone(), pattern))
    });
    patterns.collect()
});

/// What AWS may answer to any operation, or has been seen to answer.
const COMMON: [&str; 4] = [
    "AccessDeniedException",
    "InvalidParameterException",
    "SerializationException",
    "ValidationException",
];

/// Every operation with the errors it declares.
pub(crate) fn declared() -> BTreeSet<(String, String)> {
    let operations = MODEL["operations"].as_object().expect("operations");
    let of = |(operation, told): (&String, &Value)| {
        let errors = told["errors"].as_array().expect("errors").clone();
        let operation = operation.clone();
        errors.into_iter().map(move |error| {
            (operation.clone(), error.as_str().expect("a shape's name").to_owned())
        })
    };
    operations.iter().flat_map(of).collect()
}

pub(crate) fn assert_reply(operation: &str, reply: &Value) {
    let shape = MODEL["operations"][operation]["output"].as_str().expect("an output");
    conforms(shape, reply, operation);
}

pub(crate) fn assert_error(operation: &str, error: &AwsError) {
    assert_eq!(error.status, 400, "{error:?}");
    if COMMON.contains(&error.code.as_str()) {
        assert!(!error.message.is_empty(), "{operation}: {error:?}");
        return;
    }
    let known = (operation.to_owned(), error.code.clone());
    assert!(declared().contains(&known), "{operation} does not declare {}", error.code);
    let told = MODEL["shapes"][&error.code]["members"].get("Message").is_some();
    assert_eq!(!error.message.is_empty(), told, "{operation}: {error:?}");
    assert!(error.fields.is_empty(), "{operation}: {error:?}");
}

fn conforms(name: &str, value: &Value, path: &str) {
    let shape = &MODEL["shapes"][name];
    match shape["type"].as_str().expect("a type") {
        "structure" => {
            let members = value.as_object().unwrap_or_else(|| panic!("{path}: {value}"));
            for required in shape["required"].as_array().into_iter().flatten() {
                assert!(members.contains_key(required.as_str().expect("a name")), "{path}");
            }
            for (member, value) in members {
                let path = format!("{path}.{member}");
                let of = shape["members"][member]["shape"].as_str();
                conforms(of.unwrap_or_else(|| panic!("{path} is not in the model")), value, &path);
            }
        }
        "list" => {
            let items = value.as_array().unwrap_or_else(|| panic!("{path}: {value}"));
            // Requests and replies share AccountIdList, whose 20 cannot hold where a page of
            // DescribeDocumentPermission may be of 200.
            if name != "AccountIdList" {
                within(shape, items.len(), path);
            }
            for item in items {
                conforms(shape["member"]["shape"].as_str().expect("a member"), item, path);
            }
        }
        "string" => {
            let text = value.as_str().unwrap_or_else(|| panic!("{path}: {value}"));
            within(shape, text.chars().count(), path);
            if let Some(values) = shape["enum"].as_array() {
                assert!(values.contains(value), "{path}: {text}");
            }
            let fits = PATTERNS.get(name).is_none_or(|pattern| pattern.is_match(text));
            assert!(fits, "{path}: {text}");
        }
        "timestamp" => assert!(value.is_number(), "{path}: {value}"),
        "boolean" => assert!(value.is_boolean(), "{path}: {value}"),
        "integer" | "long" => assert!(value.is_i64(), "{path}: {value}"),
        other => panic!("{path}: {other}"),
    }
}

fn within(shape: &Value, length: usize, path: &str) {
    let bound = |name: &str| shape[name].as_u64().and_then(|bound| usize::try_from(bound).ok());
    assert!(bound("max").is_none_or(|max| length <= max), "{path}: {length}");
    assert!(bound("min").is_none_or(|min| length >= min), "{path}: {length}");
}
