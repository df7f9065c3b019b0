//! Every error that an implemented operation declares, produced by plain calls after a preparation.

use std::collections::BTreeSet;

use documents::{DocumentControl, DocumentType};
use serde_json::{Value, json};

use crate::{
    model,
    support::{Aws, CONSUMER, OWNER, PREDEFINED, REGION, accounts, arn, runbook},
};

/// Errors that only a fault injected by the gateway can produce.
const FAULTS: [&str; 1] = ["InternalServerError"];

const TIER: &str = "/ssm/parameter-store/default-parameter-tier";

/// A document `Org-A` of two versions, and a document of schema version 1.2, `Org-Old`.
fn prepared() -> Aws {
    let mut aws = Aws::new();
    let body = json!({
        "Name": "Org-A", "Content": runbook("one"), "DocumentType": "Automation",
        "VersionName": "one",
    });
    aws.ok(OWNER, "CreateDocument", body);
    aws.update("Org-A", "two");
    let old = json!({ "schemaVersion": "1.2", "runtimeConfig": { "aws:runShellScript": {} } });
    aws.ok(OWNER, "CreateDocument", json!({ "Name": "Org-Old", "Content": old.to_string() }));
    aws
}

fn nothing(_: &mut Aws) {}

fn shared(aws: &mut Aws) {
    aws.share("Org-A", &[CONSUMER], "$DEFAULT");
}

fn control(aws: &mut Aws, control: DocumentControl) {
    aws.documents.control(control).expect("it is there");
}

fn updating(aws: &mut Aws) {
    for arn in [arn("Org-A"), format!("arn:aws:ssm:{REGION}:{OWNER}:servicesetting{TIER}")] {
        control(aws, DocumentControl::Updating { arn, updating: true });
    }
}

fn associated(aws: &mut Aws) {
    let (region, owner, name) = (REGION.into(), OWNER.into(), "Org-A".into());
    control(
        aws,
        DocumentControl::Associate { region, owner, name, instances: vec!["mi-0".into()] },
    );
}

fn one_document(aws: &mut Aws) {
    let (region, account) = (REGION.into(), OWNER.into());
    control(aws, DocumentControl::DocumentsQuota { region, account, limit: 1 });
}

fn one_account(aws: &mut Aws) {
    let (region, owner, name) = (REGION.into(), OWNER.into(), "Org-A".into());
    control(aws, DocumentControl::SharedAccountsQuota { region, owner, name, limit: 1 });
}

fn retired(aws: &mut Aws) {
    control(aws, DocumentControl::Retire { document_type: DocumentType::DeploymentStrategy });
}

fn many_versions(aws: &mut Aws) {
    for n in 3..=1000 {
        aws.update("Org-A", &n.to_string());
    }
}

fn with(mut body: Value, more: Value) -> Value {
    body.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
    body
}

type Prepare = fn(&mut Aws);

/// The errors of one operation: code, preparation, input.
type Errors = Vec<(&'static str, Prepare, Value)>;

fn named(name: &str) -> Value {
    json!({ "Name": name })
}

fn new(name: &str) -> Value {
    json!({ "Name": name, "Content": runbook("b"), "DocumentType": "Automation" })
}

fn new_of(content: &str) -> Value {
    with(new("Org-B"), json!({ "Content": content }))
}

fn new_as(kind: &str) -> Value {
    with(new("Org-B"), json!({ "DocumentType": kind }))
}

fn update(name: &str, content: &str) -> Value {
    json!({ "Name": name, "Content": content })
}

fn version(name: &str, version: &str) -> Value {
    json!({ "Name": name, "DocumentVersion": version })
}

fn review(name: &str) -> Value {
    json!({ "Name": name, "DocumentReviews": { "Action": "SendForReview" } })
}

fn history(name: &str) -> Value {
    json!({ "Name": name, "Metadata": "DocumentReviews" })
}

fn share(name: &str, kind: &str) -> Value {
    json!({ "Name": name, "PermissionType": kind, "AccountIdsToAdd": accounts(0..2) })
}

fn tag(kind: &str, id: &str) -> Value {
    json!({
        "ResourceType": kind, "ResourceId": id, "Tags": [{ "Key": "a", "Value": "1" }],
        "TagKeys": ["a"],
    })
}

fn many_tags() -> Value {
    let tag = |n: u32| json!({ "Key": format!("k{n}"), "Value": "v" });
    with(tag_of_document(), json!({ "Tags": (0..51).map(tag).collect::<Vec<_>>() }))
}

fn tag_of_document() -> Value {
    tag("Document", "Org-A")
}

fn setting(id: &str) -> Value {
    json!({ "SettingId": id, "SettingValue": "Advanced" })
}

fn with_token(body: Value) -> Value {
    with(body, json!({ "NextToken": "nonsense" }))
}

fn of_documents() -> Vec<(&'static str, Errors)> {
    let large = runbook(&"x".repeat(70_000));
    let three = runbook("three");
    let named_one = with(update("Org-A", &three), json!({ "VersionName": "one" }));
    let of_first = with(update("Org-A", &three), json!({ "DocumentVersion": "1" }));
    let create = vec![
        ("DocumentAlreadyExists", nothing as Prepare, new("Org-A")),
        ("MaxDocumentSizeExceeded", nothing, new_of(&large)),
        ("InvalidDocumentContent", nothing, new_of("{")),
        ("InvalidDocumentSchemaVersion", nothing, new_as("Command")),
        ("DocumentLimitExceeded", one_document, new("Org-B")),
        ("TooManyUpdates", updating, new("Org-A")),
        ("NoLongerSupportedException", retired, new_as("DeploymentStrategy")),
    ];
    let update = vec![
        ("MaxDocumentSizeExceeded", nothing as Prepare, update("Org-A", &large)),
        ("DocumentVersionLimitExceeded", many_versions, update("Org-A", &runbook("1001"))),
        ("DuplicateDocumentContent", nothing, update("Org-A", &runbook("one"))),
        ("DuplicateDocumentVersionName", nothing, named_one),
        ("InvalidDocumentContent", nothing, update("Org-A", "{")),
        ("InvalidDocumentVersion", nothing, of_first),
        ("InvalidDocumentSchemaVersion", nothing, update("Org-Old", &three)),
        ("InvalidDocument", nothing, update("Org-None", &three)),
        ("InvalidDocumentOperation", nothing, update(PREDEFINED, &three)),
    ];
    let set_default = vec![
        ("InvalidDocument", nothing as Prepare, version("Org-None", "1")),
        ("InvalidDocumentVersion", nothing, version("Org-A", "3")),
        ("InvalidDocumentSchemaVersion", nothing, version("Org-Old", "1")),
    ];
    let delete = vec![
        ("InvalidDocument", nothing as Prepare, named("Org-None")),
        ("InvalidDocumentOperation", shared, named("Org-A")),
        ("AssociatedInstances", associated, named("Org-A")),
        ("TooManyUpdates", updating, named("Org-A")),
    ];
    let read = || {
        vec![
            ("InvalidDocument", nothing as Prepare, named("Org-None")),
            ("InvalidDocumentVersion", nothing, version("Org-A", "3")),
        ]
    };
    vec![
        ("CreateDocument", create),
        ("UpdateDocument", update),
        ("UpdateDocumentDefaultVersion", set_default),
        ("DeleteDocument", delete),
        ("DescribeDocument", read()),
        ("GetDocument", read()),
    ]
}

fn of_lists_and_reviews() -> Vec<(&'static str, Errors)> {
    let colour = json!({ "Filters": [{ "Key": "Colour", "Values": ["red"] }] });
    let list = vec![
        ("InvalidNextToken", nothing as Prepare, with_token(json!({}))),
        ("InvalidFilterKey", nothing, colour),
    ];
    let versions = vec![
        ("InvalidNextToken", nothing as Prepare, with_token(named("Org-A"))),
        ("InvalidDocument", nothing, named("Org-None")),
    ];
    let of_ninth = with(review("Org-T"), json!({ "DocumentVersion": "9" }));
    let metadata = vec![
        ("InvalidDocument", nothing as Prepare, review("Org-None")),
        ("InvalidDocumentOperation", nothing, review("Org-A")),
        ("InvalidDocumentVersion", change_template, of_ninth),
        ("TooManyUpdates", updating, review("Org-A")),
    ];
    let of_third = with(history("Org-A"), json!({ "DocumentVersion": "3" }));
    let history = vec![
        ("InvalidDocument", nothing as Prepare, history("Org-None")),
        ("InvalidDocumentVersion", nothing, of_third),
        ("InvalidNextToken", nothing, with_token(history("Org-A"))),
    ];
    vec![
        ("ListDocuments", list),
        ("ListDocumentVersions", versions),
        ("UpdateDocumentMetadata", metadata),
        ("ListDocumentMetadataHistory", history),
    ]
}

fn of_permissions() -> Vec<(&'static str, Errors)> {
    let modify = vec![
        ("InvalidDocument", nothing as Prepare, share("Org-None", "Share")),
        ("InvalidPermissionType", nothing, share("Org-A", "Lend")),
        ("DocumentPermissionLimit", one_account, share("Org-A", "Share")),
        ("DocumentLimitExceeded", one_document, share("Org-A", "Share")),
    ];
    let describe = vec![
        ("InvalidDocument", nothing as Prepare, share("Org-None", "Share")),
        ("InvalidNextToken", nothing, with_token(share("Org-A", "Share"))),
        ("InvalidPermissionType", nothing, share("Org-A", "Lend")),
        ("InvalidDocumentOperation", nothing, share(PREDEFINED, "Share")),
    ];
    vec![("ModifyDocumentPermission", modify), ("DescribeDocumentPermission", describe)]
}

fn of_tags_and_settings() -> Vec<(&'static str, Errors)> {
    let tags = || {
        vec![
            ("InvalidResourceType", nothing as Prepare, tag("Runbook", "Org-A")),
            ("InvalidResourceId", nothing, tag("Document", "Org-None")),
        ]
    };
    let updates = || vec![("TooManyUpdates", updating as Prepare, tag_of_document())];
    let many = vec![("TooManyTagsError", nothing as Prepare, many_tags())];
    let unknown = || vec![("ServiceSettingNotFound", nothing as Prepare, setting("/ssm/nothing"))];
    let busy = || vec![("TooManyUpdates", updating as Prepare, setting(TIER))];
    vec![
        ("AddTagsToResource", [tags(), updates(), many].concat()),
        ("RemoveTagsFromResource", [tags(), updates()].concat()),
        ("ListTagsForResource", tags()),
        ("GetServiceSetting", unknown()),
        ("UpdateServiceSetting", [unknown(), busy()].concat()),
        ("ResetServiceSetting", [unknown(), busy()].concat()),
    ]
}

fn change_template(aws: &mut Aws) {
    let body = json!({
        "Name": "Org-T", "Content": runbook("t"), "DocumentType": "Automation.ChangeTemplate",
    });
    aws.ok(OWNER, "CreateDocument", body);
}

#[test]
fn every_declared_error_is_produced() {
    let mut produced = BTreeSet::new();
    let all =
        [of_documents(), of_lists_and_reviews(), of_permissions(), of_tags_and_settings()].concat();
    for (operation, errors) in all {
        for (code, prepare, body) in errors {
            let mut aws = prepared();
            prepare(&mut aws);
            assert_eq!(aws.code(OWNER, operation, body), code, "{operation}");
            produced.insert((operation.to_owned(), code.to_owned()));
        }
    }
    let mut declared = model::declared();
    declared.retain(|(_, error)| !FAULTS.contains(&error.as_str()));
    assert_eq!(produced, declared);
}

#[test]
fn what_was_updating_can_be_updated_when_it_no_longer_is() {
    let mut aws = prepared();
    updating(&mut aws);
    control(&mut aws, DocumentControl::Updating { arn: arn("Org-A"), updating: false });
    aws.ok(OWNER, "DeleteDocument", json!({ "Name": "Org-A" }));
}

#[test]
fn controls_are_data() {
    let control = DocumentControl::SharedAccountsQuota {
        region: REGION.into(),
        owner: OWNER.into(),
        name: "Org-A".into(),
        limit: 3,
    };
    let told = serde_json::to_value(&control).expect("JSON");
    assert_eq!(
        told,
        json!({
            "control": "sharedAccountsQuota", "region": REGION, "owner": OWNER, "name": "Org-A",
            "limit": 3,
        })
    );
    assert_eq!(serde_json::from_value::<DocumentControl>(told).expect("the same"), control);
    let error = Aws::new().documents.control(control).expect_err("there is no such document");
    assert_eq!(error.code, "InvalidDocument");
}
