//! ModifyDocumentPermission, DescribeDocumentPermission, and what a consumer then sees.

use serde_json::{Value, json};

use crate::support::{Aws, CONSUMER, OWNER, PREDEFINED, STRANGER, accounts, arn, runbook};

fn modify(add: Value, remove: Value) -> Value {
    json!({
        "Name": "Org-A", "PermissionType": "Share",
        "AccountIdsToAdd": add, "AccountIdsToRemove": remove,
    })
}

fn shared(aws: &mut Aws) -> Value {
    let body = json!({ "Name": "Org-A", "PermissionType": "Share", "MaxResults": 200 });
    aws.ok(OWNER, "DescribeDocumentPermission", body)["AccountIds"].clone()
}

#[test]
fn accounts_are_added_and_removed_and_whoever_is_in_both_lists_is_removed() {
    let mut aws = Aws::with("Org-A");
    for (add, remove, expected) in [
        (json!([CONSUMER, STRANGER]), json!(null), json!([CONSUMER, STRANGER])),
        (json!([CONSUMER, CONSUMER]), json!([]), json!([CONSUMER, STRANGER])),
        (json!([CONSUMER]), json!([CONSUMER]), json!([STRANGER])),
        (json!(["222222222222"]), json!([STRANGER]), json!(["222222222222"])),
        (json!(null), json!([STRANGER]), json!(["222222222222"])),
        (json!([]), json!(["222222222222"]), json!([])),
    ] {
        assert_eq!(aws.ok(OWNER, "ModifyDocumentPermission", modify(add, remove)), json!({}));
        assert_eq!(shared(&mut aws), expected);
    }
}

#[test]
fn a_call_names_between_one_and_twenty_accounts_a_list() {
    let mut aws = Aws::with("Org-A");
    for body in [modify(json!(null), json!(null)), modify(json!([]), json!([]))] {
        let error = aws.err(OWNER, "ModifyDocumentPermission", body);
        assert_eq!(error.code, "InvalidParameterException");
        assert_eq!(
            error.message,
            "Either AccountIdsToAdd or AccountIdsToRemove must be specified for API operation"
        );
    }
    let (twenty, more) = (json!(accounts(0..20)), json!(accounts(0..21)));
    aws.ok(OWNER, "ModifyDocumentPermission", modify(twenty.clone(), twenty.clone()));
    for (body, member) in [
        (modify(more.clone(), json!(null)), "accountIdsToAdd"),
        (modify(twenty, more), "accountIdsToRemove"),
    ] {
        let error = aws.err(OWNER, "ModifyDocumentPermission", body);
        assert_eq!(error.code, "ValidationException");
        let constraint = format!(
            "at '{member}' failed to satisfy constraint: Member must have length less than or \
             equal to 20"
        );
        assert!(error.message.starts_with("1 validation error detected: Value '[2000"));
        assert!(error.message.ends_with(&constraint), "{}", error.message);
    }
}

#[test]
fn a_document_is_shared_with_at_most_1000_accounts_and_the_call_that_is_too_much_does_nothing() {
    let mut aws = Aws::with("Org-A");
    for twenty in accounts(0..1000).chunks(20) {
        aws.ok(OWNER, "ModifyDocumentPermission", modify(json!(twenty), json!(null)));
    }
    let present = accounts(0..1000);
    let error = aws.err(OWNER, "ModifyDocumentPermission", modify(json!([CONSUMER]), json!(null)));
    assert_eq!(error.code, "DocumentPermissionLimit");
    assert!(error.message.contains("maximum of 1000 accounts"), "{}", error.message);
    let one_out_two_in = modify(json!([CONSUMER, STRANGER]), json!([present[0]]));
    let code = aws.code(OWNER, "ModifyDocumentPermission", one_out_two_in);
    assert_eq!(code, "DocumentPermissionLimit");
    // Nothing was removed, what is there may be said again, and an exchange fits.
    aws.ok(OWNER, "ModifyDocumentPermission", modify(json!(present[..20]), json!(null)));
    let exchange = modify(json!([CONSUMER]), json!([present[0]]));
    aws.ok(OWNER, "ModifyDocumentPermission", exchange);
    // Who is public is not one of the thousand.
    aws.ok(OWNER, "ModifyDocumentPermission", modify(json!(["all"]), json!(null)));

    let body = json!({ "Name": "Org-A", "PermissionType": "Share", "MaxResults": 200 });
    let (listed, pages) = aws.all(OWNER, "DescribeDocumentPermission", body, "AccountIds");
    assert_eq!(pages, 6);
    assert_eq!(listed.len(), 1001);
    let mut expected = present[1..].to_vec();
    expected.extend([CONSUMER.to_owned(), "all".to_owned()]);
    expected.sort();
    assert_eq!(json!(listed), json!(expected));
}

#[test]
fn all_stands_alone_in_any_spelling_and_at_most_five_documents_are_public() {
    let mut aws = Aws::with("Org-A");
    let both = modify(json!(["all", CONSUMER]), json!(null));
    let error = aws.err(OWNER, "ModifyDocumentPermission", both);
    assert_eq!(error.code, "DocumentPermissionLimit");
    assert_eq!(error.message, "Accounts can either be all or a group of AWS accounts");
    aws.ok(OWNER, "ModifyDocumentPermission", modify(json!(["All"]), json!(null)));
    assert_eq!(shared(&mut aws), json!(["all"]));
    for n in 1..5 {
        aws.create(OWNER, &format!("Org-Public{n}"));
        aws.share(&format!("Org-Public{n}"), &["all"], "$DEFAULT");
    }
    aws.create(OWNER, "Org-Sixth");
    let sixth = json!({
        "Name": "Org-Sixth", "PermissionType": "Share", "AccountIdsToAdd": ["all"],
    });
    let error = aws.err(OWNER, "ModifyDocumentPermission", sixth.clone());
    assert_eq!(error.code, "DocumentPermissionLimit");
    // A public document may be made public again, and room is made by withdrawing one.
    aws.ok(OWNER, "ModifyDocumentPermission", modify(json!(["all"]), json!(null)));
    aws.ok(OWNER, "ModifyDocumentPermission", modify(json!(null), json!(["ALL"])));
    aws.ok(OWNER, "ModifyDocumentPermission", sixth);
}

#[test]
fn public_sharing_can_be_blocked_for_an_account_and_region() {
    let mut aws = Aws::with("Org-A");
    let id = "/ssm/documents/console/public-sharing-permission";
    let block = json!({ "SettingId": id, "SettingValue": "Disable" });
    aws.ok(OWNER, "UpdateServiceSetting", block);
    let public = modify(json!(["all"]), json!(null));
    let code = aws.code(OWNER, "ModifyDocumentPermission", public.clone());
    assert_eq!(code, "AccessDeniedException");
    aws.share("Org-A", &[CONSUMER], "$DEFAULT");
    aws.ok(OWNER, "ResetServiceSetting", json!({ "SettingId": id }));
    aws.ok(OWNER, "ModifyDocumentPermission", public);
}

#[test]
fn permissions_are_the_owners_business() {
    let mut aws = Aws::with("Org-A");
    aws.share("Org-A", &[CONSUMER], "$DEFAULT");
    let body = json!({
        "Name": "Org-A", "PermissionType": "Share", "AccountIdsToAdd": [STRANGER],
    });
    assert_eq!(aws.code(CONSUMER, "ModifyDocumentPermission", body), "InvalidDocument");
    let body =
        json!({ "Name": arn("Org-A"), "PermissionType": "Share", "AccountIdsToAdd": [STRANGER] });
    assert_eq!(aws.code(CONSUMER, "ModifyDocumentPermission", body), "ValidationException");
    let body = json!({ "Name": "Org-A", "PermissionType": "Share" });
    assert_eq!(aws.code(CONSUMER, "DescribeDocumentPermission", body), "InvalidDocument");
    let body = json!({ "Name": PREDEFINED, "PermissionType": "Share" });
    assert_eq!(aws.code(OWNER, "DescribeDocumentPermission", body), "InvalidDocumentOperation");
}

#[test]
fn each_account_has_the_version_it_was_last_shared_with() {
    let mut aws = Aws::with("Org-A");
    aws.share("Org-A", &[CONSUMER, STRANGER], "$ALL");
    aws.share("Org-A", &[STRANGER], "$LATEST");
    let body = json!({ "Name": "Org-A", "PermissionType": "Share" });
    let list = aws.ok(OWNER, "DescribeDocumentPermission", body.clone());
    assert_eq!(
        list["AccountSharingInfoList"],
        json!([
            { "AccountId": CONSUMER, "SharedDocumentVersion": "$ALL" },
            { "AccountId": STRANGER, "SharedDocumentVersion": "$LATEST" },
        ])
    );
    // Left out, it is the default version.
    aws.ok(OWNER, "ModifyDocumentPermission", modify(json!([CONSUMER]), json!(null)));
    let list = aws.ok(OWNER, "DescribeDocumentPermission", body);
    assert_eq!(list["AccountSharingInfoList"][0]["SharedDocumentVersion"], "$DEFAULT");
}

#[test]
fn a_consumer_calls_a_shared_document_by_its_arn_only_and_may_not_change_it() {
    let mut aws = Aws::with("Org-A");
    let by_arn = json!({ "Name": arn("Org-A") });
    assert_eq!(aws.code(CONSUMER, "GetDocument", by_arn.clone()), "InvalidDocument");
    aws.share("Org-A", &[CONSUMER], "$DEFAULT");
    let got = aws.ok(CONSUMER, "GetDocument", by_arn.clone());
    assert_eq!((&got["Name"], &got["Content"]), (&json!(arn("Org-A")), &json!(runbook("Org-A"))));
    let described = aws.ok(CONSUMER, "DescribeDocument", by_arn.clone());
    assert_eq!(described["Document"]["Owner"], OWNER);
    let bare = json!({ "Name": "Org-A" });
    assert_eq!(aws.code(CONSUMER, "GetDocument", bare.clone()), "InvalidDocument");
    assert_eq!(aws.code(STRANGER, "GetDocument", by_arn.clone()), "InvalidDocument");
    assert_eq!(aws.code(CONSUMER, "DeleteDocument", bare), "InvalidDocument");
    aws.ok(OWNER, "ModifyDocumentPermission", modify(json!(null), json!([CONSUMER])));
    assert_eq!(aws.code(CONSUMER, "GetDocument", by_arn.clone()), "InvalidDocument");
    aws.share("Org-A", &["all"], "$DEFAULT");
    aws.ok(STRANGER, "GetDocument", by_arn);
}

#[test]
fn a_consumer_sees_the_shared_version_and_no_other() {
    // The default is 2, the latest 3.
    for (shared, unversioned, seen) in [
        ("$DEFAULT", "2", vec!["2"]),
        ("$LATEST", "3", vec!["3"]),
        ("$ALL", "2", vec!["1", "2", "3"]),
    ] {
        let mut aws = Aws::with("Org-A");
        aws.update("Org-A", "two");
        aws.update("Org-A", "three");
        let choose = json!({ "Name": "Org-A", "DocumentVersion": "2" });
        aws.ok(OWNER, "UpdateDocumentDefaultVersion", choose);
        aws.share("Org-A", &[CONSUMER], shared);
        let got = aws.ok(CONSUMER, "GetDocument", json!({ "Name": arn("Org-A") }));
        assert_eq!(got["DocumentVersion"], unversioned, "{shared}");
        for version in ["1", "2", "3", "$DEFAULT", "$LATEST"] {
            let number = match version {
                "$DEFAULT" => "2",
                "$LATEST" => "3",
                number => number,
            };
            let body = json!({ "Name": arn("Org-A"), "DocumentVersion": version });
            let got = aws.call(CONSUMER, "GetDocument", body).map(|g| g["DocumentVersion"].clone());
            let expected = if seen.contains(&number) {
                Ok(json!(number))
            } else {
                Err("InvalidDocumentVersion".to_owned())
            };
            assert_eq!(got.map_err(|error| error.code), expected, "{shared} {version}");
        }
        let body = json!({ "Name": arn("Org-A") });
        let (listed, _) = aws.all(CONSUMER, "ListDocumentVersions", body, "DocumentVersions");
        let listed: Vec<_> =
            listed.iter().map(|version| version["DocumentVersion"].clone()).collect();
        assert_eq!(json!(listed), json!(seen), "{shared}");
    }
}
