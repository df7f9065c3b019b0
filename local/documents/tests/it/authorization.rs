//! The IAM action, resource and condition keys of each request.

use serde_json::{Value, json};

use crate::support::{Aws, CONSUMER, OWNER, PREDEFINED, arn, runbook};

fn needed(aws: &Aws, account: &str, operation: &str, body: Value) -> Value {
    serde_json::to_value(aws.authorizations(account, operation, body)).expect("JSON")
}

/// A runbook with a tag, shared with the consumer.
fn tagged() -> Aws {
    let mut aws = Aws::with("Org-A");
    let body = json!({
        "ResourceType": "Document", "ResourceId": "Org-A",
        "Tags": [{ "Key": "share", "Value": "yes" }],
    });
    aws.ok(OWNER, "AddTagsToResource", body);
    aws.share("Org-A", &[CONSUMER], "$DEFAULT");
    aws
}

#[test]
fn an_operation_on_a_document_needs_its_action_on_that_document() {
    let aws = tagged();
    let context = json!({
        "ssm:DocumentType": "Automation", "aws:ResourceTag/share": "yes",
        "ssm:resourceTag/share": "yes",
    });
    let share =
        json!({ "Name": "Org-A", "PermissionType": "Share", "AccountIdsToAdd": [CONSUMER] });
    for (operation, body) in [
        ("GetDocument", json!({ "Name": "Org-A" })),
        ("GetDocument", json!({ "Name": arn("Org-A") })),
        ("DescribeDocument", json!({ "Name": "Org-A" })),
        ("ListDocumentVersions", json!({ "Name": "Org-A" })),
        ("ListDocumentMetadataHistory", json!({ "Name": "Org-A", "Metadata": "DocumentReviews" })),
        ("UpdateDocument", json!({ "Name": "Org-A", "Content": "x" })),
        ("UpdateDocumentDefaultVersion", json!({ "Name": "Org-A", "DocumentVersion": "1" })),
        (
            "UpdateDocumentMetadata",
            json!({ "Name": "Org-A", "DocumentReviews": { "Action": "Approve" } }),
        ),
        ("DeleteDocument", json!({ "Name": "Org-A" })),
        ("ModifyDocumentPermission", share),
        ("DescribeDocumentPermission", json!({ "Name": "Org-A", "PermissionType": "Share" })),
        ("ListTagsForResource", json!({ "ResourceType": "Document", "ResourceId": "Org-A" })),
    ] {
        let expected = json!([{
            "action": format!("ssm:{operation}"), "resource": arn("Org-A"), "context": context,
        }]);
        assert_eq!(needed(&aws, OWNER, operation, body), expected, "{operation}");
    }
}

#[test]
fn the_resource_is_the_owners_and_awss_own_have_no_account() {
    let aws = tagged();
    let shared = needed(&aws, CONSUMER, "GetDocument", json!({ "Name": arn("Org-A") }));
    assert_eq!(
        shared,
        json!([{
            "action": "ssm:GetDocument", "resource": arn("Org-A"),
            "context": { "ssm:DocumentType": "Automation" },
        }])
    );
    let amazons = format!("arn:aws:ssm:us-east-1::document/{PREDEFINED}");
    for name in [PREDEFINED, &amazons] {
        let told = needed(&aws, CONSUMER, "GetDocument", json!({ "Name": name }));
        assert_eq!(told[0]["resource"], amazons);
    }
    let missing = needed(&aws, CONSUMER, "GetDocument", json!({ "Name": "Org-A" }));
    let own = format!("arn:aws:ssm:us-east-1:{CONSUMER}:document/Org-A");
    let expected = json!([{ "action": "ssm:GetDocument", "resource": own, "context": {} }]);
    assert_eq!(missing, expected);
}

#[test]
fn creating_needs_the_type_and_with_tags_the_permission_to_tag() {
    let aws = Aws::new();
    let resource = arn("Org-New");
    let plain = json!({ "Name": "Org-New", "Content": runbook("a") });
    assert_eq!(
        needed(&aws, OWNER, "CreateDocument", plain),
        json!([{
            "action": "ssm:CreateDocument", "resource": resource,
            "context": { "ssm:DocumentType": "Command" },
        }])
    );
    let tagged = json!({
        "Name": "Org-New", "Content": runbook("a"), "DocumentType": "Automation",
        "Tags": [{ "Key": "a", "Value": "1" }],
    });
    let tags = json!({ "aws:RequestTag/a": "1", "aws:TagKeys": ["a"] });
    let mut context = tags.clone();
    context["ssm:DocumentType"] = "Automation".into();
    assert_eq!(
        needed(&aws, OWNER, "CreateDocument", tagged),
        json!([
            { "action": "ssm:CreateDocument", "resource": resource, "context": context },
            { "action": "ssm:AddTagsToResource", "resource": resource, "context": tags },
        ])
    );
}

#[test]
fn tagging_needs_the_resource_its_tags_and_the_tags_asked_for() {
    let aws = tagged();
    let body = json!({
        "ResourceType": "Document", "ResourceId": "Org-A", "Tags": [{ "Key": "b", "Value": "2" }],
    });
    assert_eq!(
        needed(&aws, OWNER, "AddTagsToResource", body),
        json!([{
            "action": "ssm:AddTagsToResource", "resource": arn("Org-A"),
            "context": {
                "ssm:DocumentType": "Automation", "aws:ResourceTag/share": "yes",
                "ssm:resourceTag/share": "yes", "aws:RequestTag/b": "2", "aws:TagKeys": ["b"],
            },
        }])
    );
    let body = json!({ "ResourceType": "Document", "ResourceId": "Org-A", "TagKeys": ["a", "b"] });
    assert_eq!(
        needed(&aws, OWNER, "RemoveTagsFromResource", body),
        json!([{
            "action": "ssm:RemoveTagsFromResource", "resource": arn("Org-A"),
            "context": {
                "ssm:DocumentType": "Automation", "aws:ResourceTag/share": "yes",
                "ssm:resourceTag/share": "yes", "aws:TagKeys": ["a", "b"],
            },
        }])
    );
}

#[test]
fn listing_needs_everything_and_a_setting_its_own_arn() {
    let aws = Aws::new();
    assert_eq!(
        needed(&aws, OWNER, "ListDocuments", json!(null)),
        json!([{ "action": "ssm:ListDocuments", "resource": "*", "context": {} }])
    );
    let id = "/ssm/documents/console/public-sharing-permission";
    let arn = format!("arn:aws:ssm:us-east-1:{OWNER}:servicesetting{id}");
    for named in [id, &arn] {
        let body = json!({ "SettingId": named, "SettingValue": "Disable" });
        let expected =
            json!([{ "action": "ssm:UpdateServiceSetting", "resource": arn, "context": {} }]);
        assert_eq!(needed(&aws, OWNER, "UpdateServiceSetting", body), expected);
    }
}

#[test]
fn what_the_front_end_refuses_needs_nothing() {
    let mut aws = Aws::new();
    for (operation, body) in [
        ("GetDocument", json!({})),
        ("ListDocuments", json!({ "MaxResults": 51 })),
        ("AddTagsToResource", json!({ "ResourceType": "Document" })),
        ("CreateDocument", json!("text")),
    ] {
        assert_eq!(needed(&aws, OWNER, operation, body.clone()), json!([]), "{operation}");
        assert!(aws.call(OWNER, operation, body).is_err());
    }
}
