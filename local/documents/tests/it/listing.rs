//! ListDocuments: whose documents, which of them, page by page.

use serde_json::{Value, json};

use crate::support::{Aws, CONSUMER, OWNER, PREDEFINED, STRANGER, arn, runbook};

fn names(aws: &mut Aws, account: &str, body: Value) -> Vec<String> {
    let (documents, _) = aws.all(account, "ListDocuments", body, "DocumentIdentifiers");
    documents.iter().map(|d| d["Name"].as_str().expect("a name").to_owned()).collect()
}

fn filter(key: &str, values: &[&str]) -> Value {
    json!({ "Filters": [{ "Key": key, "Values": values }] })
}

/// Two of the owner's own, one shared with the consumer, one with all, one of the consumer's own.
fn populated() -> Aws {
    let mut aws = Aws::with("Org-Own");
    for name in ["Org-Private", "Org-Public", "Org-Secret"] {
        aws.create(OWNER, name);
    }
    aws.share("Org-Private", &[CONSUMER], "$DEFAULT");
    aws.share("Org-Public", &["all"], "$DEFAULT");
    aws.create(CONSUMER, "Mine");
    aws
}

#[test]
fn the_owner_filter_says_whose_documents_are_listed() {
    let mut aws = populated();
    let (private, public) = (arn("Org-Private"), arn("Org-Public"));
    for (owner, expected) in [
        ("Self", vec!["Mine"]),
        ("Amazon", vec![PREDEFINED]),
        ("Private", vec![private.as_str()]),
        ("Public", vec![public.as_str()]),
        ("ThirdParty", vec![]),
        ("All", vec![PREDEFINED, "Mine", &private, &public]),
    ] {
        assert_eq!(names(&mut aws, CONSUMER, filter("Owner", &[owner])), expected, "{owner}");
        let legacy = json!({ "DocumentFilterList": [{ "key": "Owner", "value": owner }] });
        assert_eq!(names(&mut aws, CONSUMER, legacy), expected, "{owner}");
    }
    assert_eq!(names(&mut aws, CONSUMER, json!({})), [PREDEFINED, "Mine", &private]);
    let own = ["Org-Own", "Org-Private", "Org-Public", "Org-Secret"];
    assert_eq!(names(&mut aws, OWNER, filter("Owner", &["Self"])), own);
    assert_eq!(names(&mut aws, OWNER, filter("Owner", &["Public"])), [""; 0]);
    assert_eq!(names(&mut aws, STRANGER, filter("Owner", &["Private"])), [""; 0]);
}

#[test]
fn a_document_shared_by_name_and_with_all_is_listed_once() {
    let mut aws = populated();
    aws.share("Org-Public", &[CONSUMER], "$DEFAULT");
    let listed = names(&mut aws, CONSUMER, filter("Owner", &["All"]));
    assert_eq!(listed.iter().filter(|name| name.ends_with("Org-Public")).count(), 1);
}

#[test]
fn values_of_one_key_are_alternatives_and_keys_add_up() {
    let mut aws = Aws::new();
    let command = json!({
        "schemaVersion": "2.2",
        "mainSteps": [{ "action": "aws:runShellScript", "name": "a", "inputs": {} }],
    })
    .to_string();
    for (name, kind, content, target, tag) in [
        ("Alpha-Run", "Automation", runbook("a"), "/AWS::EC2::Instance", "red"),
        ("Alpha-Cmd", "Command", command, "/", "blue"),
        ("Beta-Run", "Automation", runbook("b"), "/AWS::S3::Bucket", "red"),
    ] {
        let body = json!({
            "Name": name, "Content": content, "DocumentType": kind, "TargetType": target,
            "DisplayName": format!("{name} shown"), "Tags": [{ "Key": "colour", "Value": tag }],
        });
        aws.ok(OWNER, "CreateDocument", body);
    }
    for (filters, expected) in [
        (json!([{ "Key": "Name", "Values": ["Alpha-"] }]), vec!["Alpha-Cmd", "Alpha-Run"]),
        (json!([{ "Key": "Name", "Values": ["alpha-"] }]), vec![]),
        (json!([{ "Key": "Name", "Values": ["Run"] }]), vec![]),
        (json!([{ "Key": "Name", "Values": ["Alpha-R", "Beta"] }]), vec!["Alpha-Run", "Beta-Run"]),
        (json!([{ "Key": "DocumentType", "Values": ["Command"] }]), vec!["Alpha-Cmd"]),
        (json!([{ "Key": "PlatformTypes", "Values": ["Windows"] }]), vec!["Alpha-Run", "Beta-Run"]),
        (json!([{ "Key": "TargetType", "Values": ["/AWS::S3::Bucket"] }]), vec!["Beta-Run"]),
        (
            json!([{ "Key": "SearchKeyword", "Values": ["Cmd", "Beta"] }]),
            vec!["Alpha-Cmd", "Beta-Run"],
        ),
        (json!([{ "Key": "SearchKeyword", "Values": ["Beta-Run shown"] }]), vec!["Beta-Run"]),
        (json!([{ "Key": "tag:colour", "Values": ["blue", "green"] }]), vec!["Alpha-Cmd"]),
        (json!([{ "Key": "tag:shape", "Values": ["blue"] }]), vec![]),
        (
            json!([{ "Key": "tag:colour", "Values": ["red"] }, { "Key": "Name", "Values": ["A"] }]),
            vec!["Alpha-Run"],
        ),
    ] {
        let mut body = json!({ "Filters": filters.clone() });
        body["Filters"]
            .as_array_mut()
            .expect("a list")
            .push(json!({ "Key": "Owner", "Values": ["Self"] }));
        assert_eq!(names(&mut aws, OWNER, body), expected, "{filters}");
    }
}

#[test]
fn filters_that_make_no_sense_are_refused() {
    let mut aws = Aws::new();
    for (body, code) in [
        (filter("Colour", &["red"]), "InvalidFilterKey"),
        (filter("tag:", &["red"]), "InvalidFilterKey"),
        (json!({ "Filters": [{ "Values": ["red"] }] }), "InvalidFilterKey"),
        (filter("Owner", &["Me"]), "ValidationException"),
        (filter("Owner", &["Self", "Amazon"]), "ValidationException"),
        (filter("Owner", &[]), "ValidationException"),
        (filter("SearchKeyword", &["ab"]), "ValidationException"),
        (filter("SearchKeyword", &["abc"; 6]), "ValidationException"),
        (
            json!({ "Filters": [
                { "Key": "SearchKeyword", "Values": ["abc"] }, { "Key": "Name", "Values": ["abc"] },
            ] }),
            "ValidationException",
        ),
        (
            json!({ "Filters": vec![json!({ "Key": "Name", "Values": ["a"] }); 7] }),
            "ValidationException",
        ),
        (
            json!({ "DocumentFilterList": [{ "key": "TargetType", "value": "/" }] }),
            "ValidationException",
        ),
        (json!({ "MaxResults": 51 }), "ValidationException"),
        (json!({ "MaxResults": 0 }), "ValidationException"),
    ] {
        assert_eq!(aws.code(OWNER, "ListDocuments", body.clone()), code, "{body}");
    }
}

#[test]
fn pages_neither_repeat_nor_lose_what_stays_while_others_come_and_go() {
    let mut aws = Aws::new();
    for n in 10..60 {
        aws.create(OWNER, &format!("Org-{n}"));
    }
    let mut body = filter("Owner", &["Self"]);
    body["MaxResults"] = json!(20);
    let first = aws.ok(OWNER, "ListDocuments", body.clone());
    aws.ok(OWNER, "DeleteDocument", json!({ "Name": "Org-15" }));
    aws.ok(OWNER, "DeleteDocument", json!({ "Name": "Org-29" }));
    aws.create(OWNER, "Org-00");
    body["NextToken"] = first["NextToken"].clone();
    let rest = names(&mut aws, OWNER, body);
    assert_eq!(rest, (30..60).map(|n| format!("Org-{n}")).collect::<Vec<_>>());
}

#[test]
fn a_token_holds_for_the_query_it_was_given_for() {
    let mut aws = populated();
    let mut body = filter("Owner", &["Self"]);
    body["MaxResults"] = json!(1);
    let token = aws.ok(OWNER, "ListDocuments", body.clone())["NextToken"].clone();
    body["MaxResults"] = json!(2);
    body["NextToken"] = token.clone();
    assert_eq!(names(&mut aws, OWNER, body.clone()), ["Org-Private", "Org-Public", "Org-Secret"]);
    assert_eq!(aws.code(CONSUMER, "ListDocuments", body.clone()), "InvalidNextToken");
    let unfiltered = json!({ "NextToken": token });
    assert_eq!(aws.code(OWNER, "ListDocuments", unfiltered), "InvalidNextToken");
    for wrong in ["x", "zz", "00", "0011223344556677"] {
        body["NextToken"] = wrong.into();
        assert_eq!(aws.code(OWNER, "ListDocuments", body.clone()), "InvalidNextToken", "{wrong}");
    }
}

#[test]
fn an_identifier_tells_of_the_version_that_the_caller_gets() {
    let mut aws = Aws::with("Org-A");
    aws.update("Org-A", "two");
    aws.share("Org-A", &[CONSUMER], "$LATEST");
    let tags = json!({
        "ResourceType": "Document", "ResourceId": "Org-A",
        "Tags": [{ "Key": "team", "Value": "ops" }],
    });
    aws.ok(OWNER, "AddTagsToResource", tags);
    let own = aws.ok(OWNER, "ListDocuments", filter("Owner", &["Self"]));
    assert_eq!(
        own["DocumentIdentifiers"],
        json!([{
            "Name": "Org-A", "CreatedDate": 1_700_000_000, "Owner": OWNER,
            "PlatformTypes": ["Windows", "Linux", "MacOS"], "DocumentVersion": "1",
            "DocumentType": "Automation", "SchemaVersion": "0.3", "DocumentFormat": "JSON",
            "Tags": [{ "Key": "team", "Value": "ops" }],
        }])
    );
    let shared = aws.ok(CONSUMER, "ListDocuments", filter("Owner", &["Private"]));
    let shared = &shared["DocumentIdentifiers"][0];
    assert_eq!(shared["Name"], arn("Org-A"));
    assert_eq!((&shared["DocumentVersion"], &shared["Tags"]), (&json!("2"), &json!([])));
}
