//! The service model as a judge of replies and errors.

use std::{collections::BTreeSet, sync::LazyLock};

use api::{AwsError, model::Model};
use serde_json::Value;

/// Requests and replies share AccountIdList, whose 20 cannot hold where a page of
/// DescribeDocumentPermission may be of 200.
static MODEL: LazyLock<Model> = LazyLock::new(|| {
    Model::read(include_str!("../../model/ssm-documents.json")).unbounded("AccountIdList")
});

/// Errors that AWS may answer to any operation, or has been seen to answer.
const COMMON: [&str; 4] = [
    "AccessDeniedException",
    "InvalidParameterException",
    "SerializationException",
    "ValidationException",
];

/// Every operation with the errors it declares.
pub(crate) fn declared() -> BTreeSet<(String, String)> {
    let of = |operation: &str| {
        let told = MODEL.errors(operation).map(|error| (operation.to_owned(), error.to_owned()));
        told.collect::<Vec<_>>()
    };
    MODEL.operations().flat_map(of).collect()
}

/// AWS describes parameters of every type with that type; the model's `DocumentParameterType` knows two.
const PARAMETER_TYPES: [&str; 4] = ["Integer", "Boolean", "StringMap", "MapList"];

pub(crate) fn assert_reply(operation: &str, reply: &Value) {
    let mut defects = MODEL.reply_defects(operation, reply);
    defects.retain(|defect| {
        !(defect.contains(".Parameters[")
            && PARAMETER_TYPES.iter().any(|kind| defect.contains(&format!("].Type: {kind}: "))))
    });
    assert_eq!(defects, Vec::<String>::new(), "{reply}");
}

pub(crate) fn assert_error(operation: &str, error: &AwsError) {
    assert_eq!(error.status, 400, "{error:?}");
    if COMMON.contains(&error.code.as_str()) {
        assert!(!error.message.is_empty(), "{operation}: {error:?}");
        return;
    }
    assert!(MODEL.declares(operation, &error.code), "{operation} does not declare {}", error.code);
    let told = MODEL.has_message(&error.code);
    assert_eq!(!error.message.is_empty(), told, "{operation}: {error:?}");
    assert!(error.fields.is_empty(), "{operation}: {error:?}");
}
