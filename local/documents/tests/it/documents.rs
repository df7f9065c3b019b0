//! CreateDocument, DescribeDocument, GetDocument, DeleteDocument.

use api::Service;
use documents::{FetchedFile, Unusable};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Aws, CONSUMER, OWNER, PREDEFINED, REGION, arn, runbook};

#[test]
fn a_new_document_is_told_as_creating_and_found_active() {
    let mut aws = Aws::new();
    let content = runbook("Restart");
    let created = aws.ok(
        OWNER,
        "CreateDocument",
        json!({
            "Name": "Org-Restart", "Content": content, "DocumentType": "Automation",
            "DisplayName": "Restart it", "VersionName": "1.0", "TargetType": "/AWS::EC2::Instance",
            "Tags": [{ "Key": "team", "Value": "ops" }],
            "Requires": [{ "Name": "Org-Other", "Version": "1" }],
            "Attachments": [{ "Key": "SourceUrl", "Values": ["s3://b/k.zip"], "Name": "k.zip" }],
        }),
    );
    let hash = hex::encode(Sha256::digest(content.as_bytes()));
    let expected = json!({
        "Hash": hash, "HashType": "Sha256", "Name": "Org-Restart", "DisplayName": "Restart it",
        "VersionName": "1.0", "Owner": OWNER, "CreatedDate": 1_700_000_000, "Status": "Creating",
        "DocumentVersion": "1", "Description": "Restart",
        "Parameters": [
            { "Name": "InstanceId", "Type": "StringList", "Description": "Which" },
            { "Name": "Wait", "Type": "Integer", "DefaultValue": "5" },
        ],
        "PlatformTypes": ["Windows", "Linux", "MacOS"], "DocumentType": "Automation",
        "SchemaVersion": "0.3", "LatestVersion": "1", "DefaultVersion": "1",
        "DocumentFormat": "JSON", "TargetType": "/AWS::EC2::Instance",
        "Tags": [{ "Key": "team", "Value": "ops" }],
        "AttachmentsInformation": [{ "Name": "k.zip" }],
        "Requires": [{ "Name": "Org-Other", "Version": "1" }],
    });
    assert_eq!(created["DocumentDescription"], expected);

    let mut active = expected;
    active["Status"] = "Active".into();
    let described = aws.ok(OWNER, "DescribeDocument", json!({ "Name": "Org-Restart" }));
    assert_eq!(described["Document"], active);

    let got = aws.ok(OWNER, "GetDocument", json!({ "Name": "Org-Restart" }));
    assert_eq!(got["Content"], content);
    assert_eq!(got["Status"], "Active");
    assert_eq!(got["AttachmentsContent"], json!([{ "Name": "k.zip" }]));
}

#[test]
fn a_document_without_a_type_is_a_command() {
    let mut aws = Aws::new();
    let content = json!({
        "schemaVersion": "2.2",
        "mainSteps": [{ "action": "aws:runShellScript", "name": "a", "inputs": {} }],
    });
    let body = json!({ "Name": "Org-Run", "Content": content.to_string() });
    let created = aws.ok(OWNER, "CreateDocument", body);
    assert_eq!(created["DocumentDescription"]["DocumentType"], "Command");
    assert_eq!(created["DocumentDescription"]["PlatformTypes"], json!(["Linux", "MacOS"]));
}

#[test]
fn names_that_aws_keeps_to_itself_are_refused() {
    let mut aws = Aws::new();
    for name in ["aws-a", "AWS-A", "Amazon-A", "amzn.a", "AWSEC2-a", "AWSSupport-a"] {
        let body = json!({ "Name": name, "Content": runbook("a"), "DocumentType": "Automation" });
        let error = aws.err(OWNER, "CreateDocument", body);
        assert_eq!(error.code, "ValidationException", "{name}");
        assert!(error.message.contains("reserved"), "{}", error.message);
    }
}

#[test]
fn a_name_belongs_to_one_document_of_an_account_and_region() {
    let mut aws = Aws::with("Org-A");
    let body =
        json!({ "Name": "Org-A", "Content": runbook("other"), "DocumentType": "Automation" });
    let error = aws.err(OWNER, "CreateDocument", body.clone());
    assert_eq!(error.code, "DocumentAlreadyExists");
    assert_eq!(error.message, "Document with same name Org-A already exists");
    assert!(aws.call_in("eu-west-1", OWNER, "CreateDocument", body.clone()).is_ok());
    assert!(aws.call(CONSUMER, "CreateDocument", body).is_ok());
}

#[test]
fn an_account_has_at_most_500_documents_in_a_region() {
    let mut aws = Aws::new();
    for n in 0..500 {
        aws.create(OWNER, &format!("Org-{n}"));
    }
    let body = json!({ "Name": "Org-A", "Content": runbook("a"), "DocumentType": "Automation" });
    let error = aws.err(OWNER, "CreateDocument", body.clone());
    assert_eq!(error.code, "DocumentLimitExceeded");
    assert_eq!(error.message, "You can have at most 500 active SSM documents.");
    assert!(aws.call_in("eu-west-1", OWNER, "CreateDocument", body.clone()).is_ok());
    aws.ok(OWNER, "DeleteDocument", json!({ "Name": "Org-7" }));
    assert!(aws.call(OWNER, "CreateDocument", body).is_ok());
}

#[test]
fn what_was_deleted_is_gone_and_its_name_is_free() {
    let mut aws = Aws::with("Org-A");
    assert_eq!(aws.ok(OWNER, "DeleteDocument", json!({ "Name": "Org-A" })), json!({}));
    for operation in ["DescribeDocument", "GetDocument", "ListDocumentVersions", "DeleteDocument"] {
        let error = aws.err(OWNER, operation, json!({ "Name": "Org-A" }));
        assert_eq!(error.code, "InvalidDocument");
        assert_eq!(error.message, "Document with name Org-A does not exist.");
    }
    assert_eq!(aws.create(OWNER, "Org-A")["DocumentDescription"]["DocumentVersion"], "1");
}

#[test]
fn a_shared_document_cannot_be_deleted_until_it_is_unshared() {
    let mut aws = Aws::with("Org-A");
    aws.share("Org-A", &[CONSUMER], "$DEFAULT");
    let error = aws.err(OWNER, "DeleteDocument", json!({ "Name": "Org-A" }));
    assert_eq!(error.code, "InvalidDocumentOperation");
    assert!(error.message.contains("still shared"), "{}", error.message);
    let body = json!({
        "Name": "Org-A", "PermissionType": "Share", "AccountIdsToRemove": [CONSUMER],
    });
    aws.ok(OWNER, "ModifyDocumentPermission", body);
    aws.ok(OWNER, "DeleteDocument", json!({ "Name": "Org-A" }));
}

#[test]
fn a_configuration_schema_is_deleted_only_by_force() {
    let mut aws = Aws::new();
    let body = json!({
        "Name": "Org-Schema", "Content": "{\"type\":\"object\"}",
        "DocumentType": "ApplicationConfigurationSchema",
    });
    aws.ok(OWNER, "CreateDocument", body);
    let plain = json!({ "Name": "Org-Schema" });
    assert_eq!(aws.code(OWNER, "DeleteDocument", plain), "InvalidDocumentOperation");
    aws.ok(OWNER, "DeleteDocument", json!({ "Name": "Org-Schema", "Force": true }));
}

#[test]
fn amazons_documents_are_there_in_every_account_and_region_and_nobodys_to_change() {
    let mut aws = Aws::new();
    let arn = format!("arn:aws:ssm:eu-west-1::document/{PREDEFINED}");
    for name in [PREDEFINED, &arn] {
        let body = json!({ "Name": name });
        let told = aws.call_in("eu-west-1", CONSUMER, "DescribeDocument", body);
        let told = told.expect("it is there");
        assert_eq!(told["Document"]["Owner"], "Amazon");
        assert_eq!(told["Document"]["Name"], PREDEFINED);
        assert_eq!(told["Document"]["CreatedDate"], 1_514_764_800);
    }
    let share = json!({
        "Name": PREDEFINED, "PermissionType": "Share", "AccountIdsToAdd": [CONSUMER],
    });
    for (operation, body, code) in [
        ("UpdateDocument", json!({ "Content": runbook("mine") }), "InvalidDocumentOperation"),
        ("DeleteDocument", json!({}), "InvalidDocumentOperation"),
        ("ModifyDocumentPermission", share, "InvalidDocument"),
        ("UpdateDocumentDefaultVersion", json!({ "DocumentVersion": "1" }), "InvalidDocument"),
    ] {
        let mut body = body;
        body["Name"] = PREDEFINED.into();
        assert_eq!(aws.code(OWNER, operation, body), code, "{operation}");
    }
}

#[test]
fn a_document_is_found_by_its_own_arn_only_in_its_own_region_and_partition() {
    let mut aws = Aws::with("Org-A");
    let mut named = |region: &str, name: String| {
        let body = json!({ "Name": name });
        aws.call_in(region, OWNER, "GetDocument", body).map(|got| got["Name"].clone())
    };
    assert_eq!(named(REGION, arn("Org-A")), Ok(Value::from("Org-A")));
    for (region, name) in [
        ("eu-west-1", arn("Org-A")),
        ("eu-west-1", "Org-A".to_owned()),
        (REGION, format!("arn:aws-cn:ssm:{REGION}:{OWNER}:document/Org-A")),
        (REGION, format!("arn:aws:ssm:{REGION}:{OWNER}:parameter/Org-A")),
        (REGION, format!("arn:aws:ssm:{REGION}:{CONSUMER}:document/Org-A")),
        (REGION, format!("arn:aws:ssm:{REGION}::document/Org-A")),
    ] {
        let error = named(region, name.clone()).expect_err("not there");
        assert_eq!(error.code, "InvalidDocument", "{region} {name}");
    }
}

#[test]
fn a_parameter_is_described_with_the_type_that_it_has() {
    let mut aws = Aws::new();
    let types = [
        "String",
        "StringList",
        "Boolean",
        "Integer",
        "StringMap",
        "MapList",
        "AWS::EC2::Instance::Id",
        "List<AWS::EC2::Instance::Id>",
    ];
    let parameters: serde_json::Map<String, Value> = types
        .iter()
        .enumerate()
        .map(|(nth, kind)| (format!("P{nth}"), json!({ "type": kind })))
        .collect();
    let content = json!({
        "schemaVersion": "0.3", "parameters": parameters,
        "mainSteps": [{ "name": "a", "action": "aws:pause", "inputs": {} }],
    });
    let body = json!({ "Name": "Org-Types", "Content": content.to_string(), "DocumentType": "Automation" });
    // The model's enumeration has none of the types of resources, and AWS returns them all the same.
    let request = aws.request(OWNER, "CreateDocument", body);
    let reply = aws.documents.call(&request, &mut Vec::new()).unwrap();
    let described: Vec<_> = reply["DocumentDescription"]["Parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|parameter| parameter["Type"].as_str().unwrap())
        .collect();
    assert_eq!(described, types);
}

fn with_file(digest: &str, size: Option<u64>) -> String {
    let mut file = json!({ "checksums": { "SHA-256": digest.to_uppercase() } });
    if let Some(size) = size {
        file["size"] = size.into();
    }
    json!({
        "schemaVersion": "0.3", "files": { "tool.py": file },
        "mainSteps": [{ "name": "a", "action": "aws:pause", "inputs": {} }],
    })
    .to_string()
}

/// An attachment as the gateway passes it on: with the file that it fetched.
fn fetched(content: &[u8]) -> Value {
    let file = FetchedFile::of("tool.py", content);
    json!([{ "Key": "S3FileUrl", "Values": ["s3://b/tool.py"], "Name": "tool.py", "Fetched": [file] }])
}

#[test]
fn an_attachment_is_described_with_its_size_and_hash() {
    let mut aws = Aws::new();
    let digest = hex::encode(Sha256::digest(b"code"));
    aws.ok(
        OWNER,
        "CreateDocument",
        json!({
            "Name": "Org-Tool", "Content": with_file(&digest, Some(4)),
            "DocumentType": "Automation", "Attachments": fetched(b"code"),
        }),
    );
    let name = json!({ "Name": "Org-Tool" });
    let got = aws.ok(OWNER, "GetDocument", name.clone());
    assert_eq!(
        got["AttachmentsContent"],
        json!([{ "Name": "tool.py", "Size": 4, "Hash": digest, "HashType": "Sha256" }])
    );
    let described = aws.ok(OWNER, "DescribeDocument", name);
    assert_eq!(described["Document"]["AttachmentsInformation"], json!([{ "Name": "tool.py" }]));
    assert_eq!(described["Document"]["Status"], "Active");
}

#[test]
fn a_version_whose_attachment_is_another_file_fails_and_cannot_be_used() {
    let digest = hex::encode(Sha256::digest(b"code"));
    for (content, says) in [
        (with_file(&"0".repeat(64), None), "The SHA-256 checksum of the attachment tool.py is "),
        (with_file(&digest, Some(5)), "The attachment tool.py has 4 bytes, but"),
    ] {
        let mut aws = Aws::with("Org-Tool");
        let update = json!({
            "Name": "Org-Tool", "Content": content, "DocumentVersion": "$LATEST",
            "Attachments": fetched(b"code"),
        });
        let updated = aws.ok(OWNER, "UpdateDocument", update);
        assert_eq!(updated["DocumentDescription"]["Status"], "Updating");
        let second = json!({ "Name": "Org-Tool", "DocumentVersion": "2" });
        for operation in ["DescribeDocument", "GetDocument"] {
            let reply = aws.ok(OWNER, operation, second.clone());
            let shown = if operation == "GetDocument" { &reply } else { &reply["Document"] };
            assert_eq!(shown["Status"], "Failed");
            let why = shown["StatusInformation"].as_str().unwrap();
            assert!(why.starts_with(says), "{why}");
        }
        let versions = aws.ok(OWNER, "ListDocumentVersions", json!({ "Name": "Org-Tool" }));
        assert_eq!(versions["DocumentVersions"][1]["Status"], "Failed");
        let usable = |version| aws.documents.usable(OWNER, REGION, "Org-Tool", version);
        assert_eq!(usable(Some("2")), Err(Unusable::NoVersion));
        assert!(usable(None).is_ok());
    }
}
