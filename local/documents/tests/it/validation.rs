//! Requests that AWS's front end refuses before the service looks, in its words.

use serde_json::{Value, json};

use crate::support::{Aws, OWNER};

#[test]
fn each_kind_of_constraint_is_told_in_awss_words() {
    let mut aws = Aws::with("Org-A");
    let share = |members: Value| {
        let mut body = json!({ "Name": "Org-A", "PermissionType": "Share" });
        body.as_object_mut().expect("a map").extend(members.as_object().expect("a map").clone());
        body
    };
    for (operation, body, message) in [
        (
            "GetDocument",
            json!({}),
            "1 validation error detected: Value null at 'name' failed to satisfy constraint: \
             Member must not be null",
        ),
        (
            "CreateDocument",
            json!(null),
            "2 validation errors detected: Value null at 'content' failed to satisfy constraint: \
             Member must not be null; Value null at 'name' failed to satisfy constraint: Member \
             must not be null",
        ),
        (
            "DeleteDocument",
            json!({ "Name": "arn:aws:ssm:us-east-1:1:document/a" }),
            "1 validation error detected: Value 'arn:aws:ssm:us-east-1:1:document/a' at 'name' \
             failed to satisfy constraint: Member must satisfy regular expression pattern: \
             ^[a-zA-Z0-9_\\-.]{3,128}$",
        ),
        (
            "ListDocuments",
            json!({ "MaxResults": 51 }),
            "1 validation error detected: Value '51' at 'maxResults' failed to satisfy \
             constraint: Member must have value less than or equal to 50",
        ),
        (
            "DescribeDocumentPermission",
            share(json!({ "MaxResults": 0 })),
            "1 validation error detected: Value '0' at 'maxResults' failed to satisfy \
             constraint: Member must have value greater than or equal to 1",
        ),
        (
            "GetDocument",
            json!({ "Name": "Org-A", "DocumentFormat": "XML" }),
            "1 validation error detected: Value 'XML' at 'documentFormat' failed to satisfy \
             constraint: Member must satisfy enum value set: [YAML, JSON, TEXT]",
        ),
        (
            "ModifyDocumentPermission",
            share(json!({ "AccountIdsToAdd": ["444455556666", "12"] })),
            "1 validation error detected: Value '[444455556666, 12]' at 'accountIdsToAdd' failed \
             to satisfy constraint: Member must satisfy constraint: [Member must satisfy regular \
             expression pattern: (?i)all|[0-9]{12}]",
        ),
        (
            "ModifyDocumentPermission",
            share(json!({ "AccountIdsToAdd": ["all"], "SharedDocumentVersion": "1" })),
            "1 validation error detected: Value '1' at 'sharedDocumentVersion' failed to satisfy \
             constraint: Member must satisfy regular expression pattern: \
             ([$]LATEST|[$]DEFAULT|[$]ALL)",
        ),
        (
            "ListDocuments",
            json!({ "Filters": [{ "Key": "", "Values": [] }] }),
            "1 validation error detected: Value '' at 'filters.1.member.key' failed to satisfy \
             constraint: Member must have length greater than or equal to 1",
        ),
    ] {
        let error = aws.err(OWNER, operation, body);
        assert_eq!((error.code.as_str(), error.message.as_str()), ("ValidationException", message));
    }
}

#[test]
fn patterns_are_for_the_whole_value_and_for_ascii_words() {
    let mut aws = Aws::with("Org-A");
    for (member, value, fits) in [
        ("DocumentVersion", "1", true),
        ("DocumentVersion", "x1", false),
        ("DocumentVersion", "01", false),
        ("DisplayName", "A b:c/d", true),
        ("DisplayName", "Ünïcode", false),
        ("TargetType", "/AWS::EC2::Instance", true),
        ("TargetType", "AWS::EC2::Instance", false),
    ] {
        let body = json!({ "Name": "Org-A", "Content": "not JSON", member: value });
        let code = aws.code(OWNER, "UpdateDocument", body);
        let expected = if fits { "InvalidDocumentContent" } else { "ValidationException" };
        assert_eq!(code, expected, "{member} {value}");
    }
}

#[test]
fn values_of_the_wrong_json_type_are_refused() {
    let mut aws = Aws::with("Org-A");
    for (operation, body, message) in [
        ("GetDocument", json!({ "Name": 1 }), "NUMBER_VALUE can not be converted to a String"),
        (
            "ListDocuments",
            json!({ "MaxResults": "5" }),
            "STRING_VALUE can not be converted to an Integer",
        ),
        (
            "ListDocuments",
            json!({ "MaxResults": 1.5 }),
            "DECIMAL_VALUE can not be converted to an Integer",
        ),
        (
            "DeleteDocument",
            json!({ "Name": "Org-A", "Force": "yes" }),
            "STRING_VALUE can not be converted to a Boolean",
        ),
        ("ListDocuments", json!({ "Filters": "x" }), "Unexpected token: expected a list or a map"),
        (
            "GetDocument",
            json!({ "Name": {} }),
            "Start of structure or map found where not expected.",
        ),
        ("GetDocument", json!([]), "Start of structure or map found where not expected."),
    ] {
        let error = aws.err(OWNER, operation, body);
        assert_eq!(
            (error.code.as_str(), error.message.as_str()),
            ("SerializationException", message)
        );
    }
}

#[test]
fn members_that_the_model_does_not_know_are_ignored() {
    let mut aws = Aws::with("Org-A");
    aws.ok(OWNER, "GetDocument", json!({ "Name": "Org-A", "Unknown": { "a": 1 } }));
}
