//! The questions of the gateway before it calls: is it ours, does it write, when is it due.

use api::Service;
use documents::Documents;
use serde_json::json;

use crate::{model, support::Aws};

#[test]
fn documents_settings_and_their_tags_are_handled_and_nothing_else() {
    for (operation, body, handled) in [
        ("CreateDocument", json!({}), true),
        ("GetServiceSetting", json!(null), true),
        ("AddTagsToResource", json!({ "ResourceType": "Document" }), true),
        ("RemoveTagsFromResource", json!({ "ResourceType": "Automation" }), false),
        ("ListTagsForResource", json!({ "ResourceType": "Nonsense" }), true),
        ("ListTagsForResource", json!({}), true),
        ("ListTagsForResource", json!({ "ResourceType": "Parameter" }), false),
        ("AddTagsToResource", json!({ "ResourceType": "ManagedInstance" }), false),
        ("AddTagsToResource", json!({ "ResourceType": "MaintenanceWindow" }), false),
        ("PutParameter", json!({}), false),
        ("GetParametersByPath", json!({}), false),
        ("StartAutomationExecution", json!({}), false),
        ("SendCommand", json!({}), false),
    ] {
        assert_eq!(Documents::handles(operation, &body), handled, "{operation} {body}");
    }
}

#[test]
fn what_only_reads_need_not_be_journalled() {
    let documents = Documents::default();
    let operations: std::collections::BTreeSet<_> =
        model::declared().into_iter().map(|(operation, _)| operation).collect();
    for operation in operations {
        let reads = ["Describe", "Get", "List"].iter().any(|verb| operation.starts_with(verb));
        assert_eq!(documents.writes(&operation), !reads, "{operation}");
    }
}

#[test]
fn a_trail_records_a_call_with_its_parameters_in_lower_camel_case() {
    let mut aws = Aws::with("Org-A");
    let tags = json!({"ResourceType": "Document", "ResourceId": "Org-A",
        "Tags": [{"Key": "share", "Value": "yes"}]});
    let request = aws.request("111122223333", "AddTagsToResource", tags);
    let mut events = Vec::new();
    let _ = aws.documents.call(&request, &mut events);
    let event = &events[0].envelope;
    assert_eq!(
        (&event["source"], &event["detail-type"]),
        (&json!("aws.ssm"), &json!("AWS API Call via CloudTrail"))
    );
    let parameters = json!({"resourceType": "Document", "resourceId": "Org-A",
        "tags": [{"key": "share", "value": "yes"}]});
    assert_eq!(event["detail"]["requestParameters"], parameters);
    assert_eq!(event["detail"]["responseElements"], json!(null));
}

#[test]
fn time_alone_changes_nothing() {
    let mut aws = Aws::with("Org-A");
    assert_eq!(aws.documents.next_due(), None);
    let mut events = Vec::new();
    aws.documents.tick("2030-01-01T00:00:00Z".parse().expect("a time"), &mut events);
    assert!(events.is_empty());
}

#[test]
fn an_operation_that_is_not_known_is_refused() {
    let mut aws = Aws::new();
    let request = aws.request("111122223333", "SendCommand", json!({}));
    let error = aws.documents.call(&request, &mut Vec::new()).expect_err("not ours");
    assert_eq!(error.code, "UnknownOperationException");
    assert!(aws.documents.authorizations(&request).is_empty());
}
