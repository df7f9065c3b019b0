//! AddTagsToResource, RemoveTagsFromResource, ListTagsForResource.

use serde_json::{Value, json};

use crate::support::{Aws, CONSUMER, OWNER, PREDEFINED, STRANGER, arn, runbook};

fn add(kind: &str, id: &str, tags: &[(&str, &str)]) -> Value {
    let tags: Vec<_> =
        tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    json!({ "ResourceType": kind, "ResourceId": id, "Tags": tags })
}

fn list(aws: &mut Aws, account: &str, kind: &str, id: &str) -> Value {
    let body = json!({ "ResourceType": kind, "ResourceId": id });
    aws.ok(account, "ListTagsForResource", body)["TagList"].clone()
}

#[test]
fn tags_are_added_overwritten_and_removed() {
    let (kind, id) = ("Document", "Org-A");
    let mut aws = Aws::with(id);
    assert_eq!(list(&mut aws, OWNER, kind, id), json!([]));
    aws.ok(OWNER, "AddTagsToResource", add(kind, id, &[("b", "1"), ("a", "")]));
    aws.ok(OWNER, "AddTagsToResource", add(kind, id, &[("b", "2")]));
    let both = json!([{ "Key": "a", "Value": "" }, { "Key": "b", "Value": "2" }]);
    assert_eq!(list(&mut aws, OWNER, kind, id), both);
    let remove = json!({ "ResourceType": kind, "ResourceId": id, "TagKeys": ["a", "c"] });
    aws.ok(OWNER, "RemoveTagsFromResource", remove);
    assert_eq!(list(&mut aws, OWNER, kind, id), json!([{ "Key": "b", "Value": "2" }]));
}

#[test]
fn a_resource_has_at_most_50_tags_and_the_call_that_is_too_much_adds_none() {
    let mut aws = Aws::with("Org-A");
    let keys: Vec<_> = (0..51).map(|n| format!("k{n}")).collect();
    let tags: Vec<_> = keys.iter().map(|key| (key.as_str(), "v")).collect();
    let error = aws.err(OWNER, "AddTagsToResource", add("Document", "Org-A", &tags));
    assert_eq!(error.code, "TooManyTagsError");
    assert_eq!(list(&mut aws, OWNER, "Document", "Org-A"), json!([]));
    aws.ok(OWNER, "AddTagsToResource", add("Document", "Org-A", &tags[..50]));
    aws.ok(OWNER, "AddTagsToResource", add("Document", "Org-A", &[("k0", "again")]));
    let code = aws.code(OWNER, "AddTagsToResource", add("Document", "Org-A", &[("more", "v")]));
    assert_eq!(code, "TooManyTagsError");
    let body = json!({
        "Name": "Org-B", "Content": runbook("b"), "DocumentType": "Automation",
        "Tags": add("", "", &tags)["Tags"],
    });
    assert_eq!(aws.code(OWNER, "CreateDocument", body), "ValidationException");
}

#[test]
fn keys_of_awss_own_are_refused() {
    let mut aws = Aws::with("Org-A");
    let code = aws.code(OWNER, "AddTagsToResource", add("Document", "Org-A", &[("AWS:x", "1")]));
    assert_eq!(code, "ValidationException");
}

#[test]
fn only_what_the_caller_sees_can_be_tagged() {
    let mut aws = Aws::with("Org-A");
    for (account, kind, id) in [
        (OWNER, "Document", "Org-B"),
        (OWNER, "Document", PREDEFINED),
        (CONSUMER, "Document", "Org-A"),
        (STRANGER, "Document", &arn("Org-A")),
    ] {
        let code = aws.code(account, "AddTagsToResource", add(kind, id, &[("a", "1")]));
        assert_eq!(code, "InvalidResourceId", "{account} {id}");
    }
}

#[test]
fn a_consumers_tags_on_a_shared_document_are_its_own() {
    let mut aws = Aws::with("Org-A");
    aws.share("Org-A", &[CONSUMER], "$DEFAULT");
    aws.ok(OWNER, "AddTagsToResource", add("Document", &arn("Org-A"), &[("a", "owner")]));
    aws.ok(CONSUMER, "AddTagsToResource", add("Document", &arn("Org-A"), &[("a", "consumer")]));
    let told = |value: &str| json!([{ "Key": "a", "Value": value }]);
    assert_eq!(list(&mut aws, OWNER, "Document", "Org-A"), told("owner"));
    assert_eq!(list(&mut aws, CONSUMER, "Document", &arn("Org-A")), told("consumer"));
}
