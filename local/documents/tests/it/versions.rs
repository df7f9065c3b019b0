//! UpdateDocument, UpdateDocumentDefaultVersion, ListDocumentVersions, and versions on reading.

use serde_json::{Value, json};

use crate::support::{Aws, OWNER, runbook};

fn version(aws: &mut Aws, body: Value) -> Result<Value, String> {
    let got = aws.call(OWNER, "DescribeDocument", body).map_err(|error| error.code)?;
    Ok(got["Document"]["DocumentVersion"].clone())
}

#[test]
fn an_update_makes_the_next_version_and_leaves_the_default() {
    let mut aws = Aws::with("Org-A");
    let updated = aws.update("Org-A", "two");
    let told = &updated["DocumentDescription"];
    assert_eq!(told["Status"], "Updating");
    assert_eq!(told["Description"], "two");
    for (member, expected) in
        [("DocumentVersion", "2"), ("LatestVersion", "2"), ("DefaultVersion", "1")]
    {
        assert_eq!(told[member], expected, "{member}");
    }
    assert_eq!(version(&mut aws, json!({ "Name": "Org-A" })), Ok("1".into()));
}

#[test]
fn an_update_takes_over_what_it_does_not_say() {
    let mut aws = Aws::new();
    let body = json!({
        "Name": "Org-A", "Content": runbook("one"), "DocumentType": "Automation",
        "DisplayName": "A", "TargetType": "/",
    });
    aws.ok(OWNER, "CreateDocument", body);
    let updated = aws.update("Org-A", "two");
    assert_eq!(updated["DocumentDescription"]["DisplayName"], "A");
    assert_eq!(updated["DocumentDescription"]["TargetType"], "/");
    assert_eq!(updated["DocumentDescription"]["DocumentType"], "Automation");
}

#[test]
fn only_the_latest_version_can_be_updated() {
    let mut aws = Aws::with("Org-A");
    aws.update("Org-A", "two");
    for (named, accepted) in
        [("1", false), ("$DEFAULT", false), ("9", false), ("2", true), ("$LATEST", true)]
    {
        let content = runbook(&format!("after {named}"));
        let body = json!({ "Name": "Org-A", "Content": content, "DocumentVersion": named });
        let answer = aws.call(OWNER, "UpdateDocument", body).map_err(|error| error.code);
        if accepted {
            assert!(answer.is_ok(), "{named}");
        } else {
            assert_eq!(answer, Err("InvalidDocumentVersion".into()), "{named}");
        }
    }
}

#[test]
fn content_and_version_names_are_not_repeated_within_a_document() {
    let mut aws = Aws::new();
    let body = json!({
        "Name": "Org-A", "Content": runbook("one"), "DocumentType": "Automation",
        "VersionName": "first",
    });
    aws.ok(OWNER, "CreateDocument", body);
    aws.update("Org-A", "two");
    let again = json!({ "Name": "Org-A", "Content": runbook("one") });
    assert_eq!(aws.code(OWNER, "UpdateDocument", again), "DuplicateDocumentContent");
    let elsewhere = json!({ "Name": "Org-A", "Content": runbook("one"), "TargetType": "/" });
    aws.ok(OWNER, "UpdateDocument", elsewhere);
    let name = json!({ "Name": "Org-A", "Content": runbook("three"), "VersionName": "first" });
    assert_eq!(aws.code(OWNER, "UpdateDocument", name), "DuplicateDocumentVersionName");
}

#[test]
fn a_document_has_at_most_1000_versions() {
    let mut aws = Aws::with("Org-A");
    for n in 2..=1000 {
        aws.update("Org-A", &n.to_string());
    }
    let body = json!({ "Name": "Org-A", "Content": runbook("more") });
    assert_eq!(aws.code(OWNER, "UpdateDocument", body.clone()), "DocumentVersionLimitExceeded");
    aws.ok(OWNER, "DeleteDocument", json!({ "Name": "Org-A", "DocumentVersion": "1000" }));
    let updated = aws.ok(OWNER, "UpdateDocument", body);
    assert_eq!(updated["DocumentDescription"]["DocumentVersion"], "1001");
}

#[test]
fn a_package_has_at_most_25_versions() {
    let content = |version: usize| {
        let packages = json!({ "amazon": { "_any": { "x86_64": { "file": "tool.zip" } } } });
        json!({
            "schemaVersion": "2.0", "version": version.to_string(), "packages": packages,
            "files": { "tool.zip": {} },
        })
        .to_string()
    };
    let mut aws = Aws::new();
    let body = json!({ "Name": "Org-P", "Content": content(1), "DocumentType": "Package" });
    aws.ok(OWNER, "CreateDocument", body);
    for version in 2..=25 {
        aws.ok(OWNER, "UpdateDocument", json!({ "Name": "Org-P", "Content": content(version) }));
    }
    let more = json!({ "Name": "Org-P", "Content": content(26) });
    assert_eq!(aws.code(OWNER, "UpdateDocument", more), "DocumentVersionLimitExceeded");
}

#[test]
fn a_version_is_read_by_number_by_name_or_by_both() {
    let mut aws = Aws::with("Org-A");
    let body = json!({ "Name": "Org-A", "Content": runbook("two"), "VersionName": "two" });
    aws.ok(OWNER, "UpdateDocument", body);
    for (named, expected) in [
        (json!({}), Ok("1")),
        (json!({ "DocumentVersion": "$DEFAULT" }), Ok("1")),
        (json!({ "DocumentVersion": "$LATEST" }), Ok("2")),
        (json!({ "DocumentVersion": "2" }), Ok("2")),
        (json!({ "VersionName": "two" }), Ok("2")),
        (json!({ "DocumentVersion": "2", "VersionName": "two" }), Ok("2")),
        (json!({ "DocumentVersion": "1", "VersionName": "two" }), Err(())),
        (json!({ "DocumentVersion": "3" }), Err(())),
        (json!({ "DocumentVersion": "99999999999999999999" }), Err(())),
        (json!({ "VersionName": "three" }), Err(())),
    ] {
        let mut body = named.clone();
        body["Name"] = "Org-A".into();
        let expected = expected.map(Value::from).map_err(|()| "InvalidDocumentVersion".to_owned());
        assert_eq!(version(&mut aws, body.clone()), expected, "{named}");
        let got = aws.call(OWNER, "GetDocument", body).map(|got| got["DocumentVersion"].clone());
        assert_eq!(got.map_err(|error| error.code), expected, "{named}");
    }
}

#[test]
fn the_default_version_can_be_chosen_by_number() {
    let mut aws = Aws::with("Org-A");
    let body = json!({ "Name": "Org-A", "Content": runbook("two"), "VersionName": "two" });
    aws.ok(OWNER, "UpdateDocument", body);
    let choose = json!({ "Name": "Org-A", "DocumentVersion": "2" });
    assert_eq!(
        aws.ok(OWNER, "UpdateDocumentDefaultVersion", choose),
        json!({ "Description": {
            "Name": "Org-A", "DefaultVersion": "2", "DefaultVersionName": "two",
        } })
    );
    assert_eq!(version(&mut aws, json!({ "Name": "Org-A" })), Ok("2".into()));
    for (named, code) in [("3", "InvalidDocumentVersion"), ("$LATEST", "ValidationException")] {
        let body = json!({ "Name": "Org-A", "DocumentVersion": named });
        assert_eq!(aws.code(OWNER, "UpdateDocumentDefaultVersion", body), code);
    }
}

#[test]
fn a_version_can_be_deleted_unless_it_is_the_default_and_its_number_is_not_given_again() {
    let mut aws = Aws::with("Org-A");
    let named = json!({ "Name": "Org-A", "Content": runbook("two"), "VersionName": "two" });
    aws.ok(OWNER, "UpdateDocument", named);
    aws.update("Org-A", "three");
    for (named, code) in [
        (json!({ "DocumentVersion": "1" }), "InvalidDocumentOperation"),
        (json!({ "DocumentVersion": "$DEFAULT" }), "InvalidDocumentOperation"),
        (json!({ "DocumentVersion": "9" }), "InvalidDocument"),
        (json!({ "VersionName": "nine" }), "InvalidDocument"),
    ] {
        let mut body = named.clone();
        body["Name"] = "Org-A".into();
        assert_eq!(aws.code(OWNER, "DeleteDocument", body), code, "{named}");
    }
    aws.ok(OWNER, "DeleteDocument", json!({ "Name": "Org-A", "VersionName": "two" }));
    aws.ok(OWNER, "DeleteDocument", json!({ "Name": "Org-A", "DocumentVersion": "$LATEST" }));
    let described = aws.ok(OWNER, "DescribeDocument", json!({ "Name": "Org-A" }));
    assert_eq!(described["Document"]["LatestVersion"], "1");
    let updated = aws.update("Org-A", "four");
    assert_eq!(updated["DocumentDescription"]["DocumentVersion"], "4");
}

#[test]
fn versions_are_listed_page_by_page_from_the_oldest() {
    let mut aws = Aws::with("Org-A");
    for n in 2..=25 {
        aws.update("Org-A", &n.to_string());
    }
    let body = json!({ "Name": "Org-A", "MaxResults": 9 });
    let (versions, pages) = aws.all(OWNER, "ListDocumentVersions", body, "DocumentVersions");
    assert_eq!(pages, 3);
    let numbers: Vec<_> =
        versions.iter().map(|version| version["DocumentVersion"].clone()).collect();
    let expected: Vec<_> = (1..=25).map(|n| Value::from(n.to_string())).collect();
    assert_eq!(numbers, expected);
    let defaults = versions.iter().filter(|version| version["IsDefaultVersion"] == true);
    assert_eq!(defaults.count(), 1);
}

#[test]
fn a_command_of_schema_version_1_2_has_one_version_for_ever() {
    let mut aws = Aws::new();
    let old = |n: u32| {
        json!({ "schemaVersion": "1.2", "runtimeConfig": { "aws:runShellScript": { "n": n } } })
            .to_string()
    };
    aws.ok(OWNER, "CreateDocument", json!({ "Name": "Org-Old", "Content": old(1) }));
    let update = json!({ "Name": "Org-Old", "Content": old(2) });
    assert_eq!(aws.code(OWNER, "UpdateDocument", update), "InvalidDocumentSchemaVersion");
    let choose = json!({ "Name": "Org-Old", "DocumentVersion": "1" });
    let code = aws.code(OWNER, "UpdateDocumentDefaultVersion", choose);
    assert_eq!(code, "InvalidDocumentSchemaVersion");
}
