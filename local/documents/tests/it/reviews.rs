//! UpdateDocumentMetadata, ListDocumentMetadataHistory.

use serde_json::{Value, json};

use crate::support::{Aws, OWNER, runbook};

/// A change template with three versions.
fn template() -> Aws {
    let mut aws = Aws::new();
    let body = json!({
        "Name": "Org-T", "Content": runbook("one"), "DocumentType": "Automation.ChangeTemplate",
    });
    aws.ok(OWNER, "CreateDocument", body);
    aws.update("Org-T", "two");
    aws.update("Org-T", "three");
    aws
}

fn review(version: &str, action: &str) -> Value {
    let comment = json!([{ "Type": "Comment", "Content": format!("{action} it") }]);
    json!({
        "Name": "Org-T", "DocumentVersion": version,
        "DocumentReviews": { "Action": action, "Comment": comment },
    })
}

fn status(aws: &mut Aws, version: &str) -> Value {
    let body = json!({ "Name": "Org-T", "DocumentVersion": version });
    aws.ok(OWNER, "GetDocument", body)["ReviewStatus"].clone()
}

#[test]
fn one_version_is_in_review_and_one_is_approved_at_most() {
    let mut aws = template();
    assert_eq!(status(&mut aws, "1"), "NOT_REVIEWED");
    for (version, action, refused) in [
        ("1", "Approve", true),
        ("1", "SendForReview", false),
        ("2", "SendForReview", true),
        ("1", "UpdateReview", false),
        ("1", "Approve", false),
        ("2", "SendForReview", false),
        ("2", "Approve", false),
        ("3", "SendForReview", false),
        ("3", "Reject", false),
    ] {
        let answer = aws.call(OWNER, "UpdateDocumentMetadata", review(version, action));
        let expected =
            if refused { Err("InvalidDocumentOperation".to_owned()) } else { Ok(json!({})) };
        assert_eq!(answer.map_err(|error| error.code), expected, "{version} {action}");
    }
    // The approval of version 2 ended that of version 1.
    let statuses: Vec<_> = ["1", "2", "3"].map(|version| status(&mut aws, version)).into();
    assert_eq!(json!(statuses), json!(["REJECTED", "APPROVED", "REJECTED"]));
    let described = aws.ok(OWNER, "DescribeDocument", json!({ "Name": "Org-T" }));
    assert_eq!(described["Document"]["ApprovedVersion"], "2");
    assert!(described["Document"].get("PendingReviewVersion").is_none());
}

#[test]
fn the_history_has_each_reviewers_latest_answer() {
    let mut aws = template();
    aws.ok(OWNER, "UpdateDocumentMetadata", review("1", "SendForReview"));
    aws.ok(OWNER, "UpdateDocumentMetadata", review("1", "Approve"));
    let body = json!({ "Name": "Org-T", "DocumentVersion": "1", "Metadata": "DocumentReviews" });
    let history = aws.ok(OWNER, "ListDocumentMetadataHistory", body);
    assert_eq!(
        history,
        json!({
            "Name": "Org-T", "DocumentVersion": "1",
            "Author": format!("arn:aws:sts::{OWNER}:assumed-role/Admin/session@example"),
            "Metadata": { "ReviewerResponse": [{
                "CreateTime": 1_700_000_003, "UpdatedTime": 1_700_000_004,
                "ReviewStatus": "APPROVED", "Reviewer": "sessionexample",
                "Comment": [{ "Type": "Comment", "Content": "Approve it" }],
            }] },
        })
    );
}

#[test]
fn only_change_templates_are_reviewed() {
    let mut aws = Aws::with("Org-A");
    let body = json!({ "Name": "Org-A", "DocumentReviews": { "Action": "SendForReview" } });
    assert_eq!(aws.code(OWNER, "UpdateDocumentMetadata", body), "InvalidDocumentOperation");
    let described = aws.ok(OWNER, "DescribeDocument", json!({ "Name": "Org-A" }));
    assert!(described["Document"].get("ReviewStatus").is_none());
    let body = json!({ "Name": "Org-A", "Metadata": "DocumentReviews" });
    let history = aws.ok(OWNER, "ListDocumentMetadataHistory", body);
    assert_eq!(history["Metadata"], json!({ "ReviewerResponse": [] }));
}
