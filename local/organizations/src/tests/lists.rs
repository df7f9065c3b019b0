//! Pages, tokens and the checks every input goes through.

use serde_json::{Value, json};

use super::{MANAGEMENT, OUTSIDER, World, each, text};

#[test]
fn pages_join_to_the_whole_list_without_repeats() {
    let mut world = World::seeded();
    let mut made: Vec<String> = (0..24).map(|n| world.account(&format!("account{n}"))).collect();
    made.push(MANAGEMENT.to_owned());
    made.sort();
    for limit in [None, Some(1), Some(7), Some(20)] {
        let (mut all, mut token) = (Vec::new(), None::<String>);
        loop {
            let mut body = json!({});
            if let Some(limit) = limit {
                body["MaxResults"] = limit.into();
            }
            if let Some(token) = token {
                body["NextToken"] = token.into();
            }
            let page = world.manage("ListAccounts", body);
            let ids = each(&page["Accounts"], "Id");
            assert!(ids.len() <= limit.unwrap_or(20));
            all.extend(ids);
            match page.get("NextToken") {
                Some(next) => token = Some(text(next)),
                None => break,
            }
        }
        assert_eq!(all, made);
    }
}

#[test]
fn a_list_may_begin_with_an_empty_page() {
    let mut world = World::seeded();
    world.service.start_lists_empty(true);
    let first = world.manage("ListAccounts", json!({}));
    assert_eq!(first["Accounts"], json!([]));
    let second = world.manage("ListAccounts", json!({ "NextToken": first["NextToken"] }));
    assert_eq!(each(&second["Accounts"], "Id"), [MANAGEMENT]);
    assert_eq!(second.get("NextToken"), None);
}

#[test]
fn a_token_fits_only_the_list_it_came_from() {
    let mut world = World::seeded();
    world.service.start_lists_empty(true);
    let token = world.manage("ListAccounts", json!({}))["NextToken"].clone();
    for (operation, body) in [
        ("ListAccounts", json!({ "NextToken": "abc" })),
        ("ListAccounts", json!({ "NextToken": "" })),
        ("ListAccounts", json!({ "NextToken": format!("{}x", text(&token)) })),
        ("ListRoots", json!({ "NextToken": token })),
    ] {
        assert_eq!(
            world.fails(MANAGEMENT, operation, body),
            "InvalidInputException INVALID_NEXT_TOKEN"
        );
    }
}

#[test]
fn what_does_not_fit_the_model_is_refused_with_its_reason() {
    let tag = |key: &str| json!({ "Key": key, "Value": "" });
    let cases: Vec<(&str, Value, &str)> = vec![
        ("DescribeAccount", json!({}), "INPUT_REQUIRED"),
        ("DescribeAccount", json!({ "AccountId": null }), "INPUT_REQUIRED"),
        ("DescribeAccount", json!({ "AccountId": "12345678901" }), "INVALID_PATTERN"),
        ("DescribeAccount", json!({ "AccountId": "１２３４５６７８９０１２" }), "INVALID_PATTERN"),
        ("DescribeAccount", json!({ "AccountId": "1234567890123" }), "MAX_LENGTH_EXCEEDED"),
        ("ListAccounts", json!({ "MaxResults": 21 }), "MAX_VALUE_EXCEEDED"),
        ("ListAccounts", json!({ "MaxResults": 0 }), "MIN_VALUE_EXCEEDED"),
        ("ListPolicies", json!({ "Filter": "SCP" }), "INVALID_ENUM_POLICY_TYPE"),
        ("ListChildren", json!({ "ParentId": "r-abcd", "ChildType": "OU" }), "INVALID_ENUM"),
        ("ListChildren", json!({ "ParentId": "root", "ChildType": "ACCOUNT" }), "INVALID_PATTERN"),
        (
            "AttachPolicy",
            json!({ "PolicyId": "p-FullAWSAccess", "TargetId": "somewhere" }),
            "INVALID_PATTERN_TARGET_ID",
        ),
        (
            "CreateAccount",
            json!({ "AccountName": "", "Email": "a@example.com" }),
            "MIN_LENGTH_EXCEEDED",
        ),
        (
            "CreateAccount",
            json!({ "AccountName": "Ümläut", "Email": "a@example.com" }),
            "INVALID_PATTERN",
        ),
        (
            "CreateAccount",
            json!({ "AccountName": "a", "Email": "not an address" }),
            "INVALID_PATTERN",
        ),
        (
            "CreateAccount",
            json!({
                "AccountName": "a", "Email": "a@example.com", "RoleName": "AWSServiceRoleForMe",
            }),
            "INVALID_ROLE_NAME",
        ),
        (
            "TagResource",
            json!({ "ResourceId": MANAGEMENT, "Tags": [tag("a"), tag("a")] }),
            "DUPLICATE_TAG_KEY",
        ),
        (
            "TagResource",
            json!({ "ResourceId": MANAGEMENT, "Tags": [tag("aws:a")] }),
            "INVALID_SYSTEM_TAGS_PARAMETER",
        ),
        (
            "TagResource",
            json!({ "ResourceId": MANAGEMENT, "Tags": [tag("a%b")] }),
            "INVALID_PATTERN",
        ),
        (
            "InviteAccountToOrganization",
            json!({ "Target": { "Type": "ORGANIZATION", "Id": "o-a" } }),
            "INVALID_PARTY_TYPE_TARGET",
        ),
        (
            "InviteAccountToOrganization",
            json!({ "Target": { "Type": "ACCOUNT", "Id": "1" } }),
            "INVALID_PATTERN_TARGET_ID",
        ),
        (
            "InviteAccountToOrganization",
            json!({ "Target": { "Type": "EMAIL", "Id": "nobody" } }),
            "INVALID_EMAIL_ADDRESS_TARGET",
        ),
        (
            "ListHandshakesForAccount",
            json!({ "Filter": { "ActionType": "INVITE", "ParentHandshakeId": "h-12345678" } }),
            "MAX_LIMIT_EXCEEDED_FILTER",
        ),
        (
            "EnableAWSServiceAccess",
            json!({ "ServicePrincipal": "ssm" }),
            "UNRECOGNIZED_SERVICE_PRINCIPAL",
        ),
    ];
    let mut world = World::seeded();
    for (operation, body, reason) in cases {
        let what = format!("{operation} {body}");
        let expected = format!("InvalidInputException {reason}");
        assert_eq!(world.fails(MANAGEMENT, operation, body), expected, "{what}");
    }
}

#[test]
fn a_value_of_the_wrong_type_is_no_input_at_all() {
    let mut world = World::seeded();
    for (operation, body) in [
        ("DescribeAccount", json!({ "AccountId": 111_122_223_333_u64 })),
        ("ListAccounts", json!({ "MaxResults": "5" })),
        ("TagResource", json!({ "ResourceId": MANAGEMENT, "Tags": {} })),
        ("InviteAccountToOrganization", json!({ "Target": MANAGEMENT })),
        ("ListAccounts", json!([])),
    ] {
        assert_eq!(world.fails(MANAGEMENT, operation, body), "SerializationException");
    }
    assert_eq!(world.fails(OUTSIDER, "FrobAccount", json!({})), "UnknownOperationException");
}
