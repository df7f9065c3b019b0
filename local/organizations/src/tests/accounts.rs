//! Accounts: created, described, moved, removed.

use jiff::SignedDuration;
use serde_json::json;

use super::{MANAGEMENT, OUTSIDER, World, each, text};
use crate::{CreationResult, OrganizationLimits};

#[test]
fn a_created_account_is_in_progress_for_a_second_and_then_in_the_root() {
    let mut world = World::seeded();
    let body = json!({
        "AccountName": "prod", "Email": "prod@example.com", "Tags": [{ "Key": "team", "Value": "a" }],
    });
    let status = world.manage("CreateAccount", body)["CreateAccountStatus"].clone();
    assert_eq!(status["State"], "IN_PROGRESS");
    assert_eq!(status.get("AccountId"), None);
    let id = json!({ "CreateAccountRequestId": status["Id"] });
    world.pass(0);
    let again = world.manage("DescribeCreateAccountStatus", id.clone());
    assert_eq!(again["CreateAccountStatus"], status);

    world.pass(1);
    let done = world.manage("DescribeCreateAccountStatus", id)["CreateAccountStatus"].clone();
    assert_eq!(done["State"], "SUCCEEDED");
    let account = world.manage("DescribeAccount", json!({ "AccountId": done["AccountId"] }));
    let account = &account["Account"];
    assert_eq!(account["JoinedTimestamp"], done["CompletedTimestamp"]);
    assert_eq!(account["JoinedTimestamp"], json!(1_772_359_201.25));
    assert_eq!(
        (&account["Status"], &account["State"], &account["JoinedMethod"]),
        (&json!("ACTIVE"), &json!("ACTIVE"), &json!("CREATED"))
    );
    let organization = world.service.organization_of(MANAGEMENT).expect("an organization");
    let path = format!("{organization}/{}/{}/", world.root(), text(&account["Id"]));
    assert_eq!(account["Paths"], json!([path]));
    let tags = world.manage("ListTagsForResource", json!({ "ResourceId": account["Id"] }));
    assert_eq!(tags["Tags"], json!([{ "Key": "team", "Value": "a" }]));
}

#[test]
fn a_late_look_at_the_clock_changes_nothing_about_when_an_account_joined() {
    let mut world = World::seeded();
    let body = json!({ "AccountName": "prod", "Email": "prod@example.com" });
    world.manage("CreateAccount", body);
    world.pass(3600);
    let accounts = world.manage("ListAccounts", json!({}))["Accounts"].clone();
    let created = accounts.as_array().expect("accounts").iter().find(|a| a["Name"] == "prod");
    assert_eq!(created.expect("it")["JoinedTimestamp"], json!(1_772_359_201.25));
}

#[test]
fn an_address_that_is_taken_fails_the_creation_and_not_the_call() {
    let mut world = World::seeded();
    world.account("prod");
    let body = json!({ "AccountName": "other", "Email": "PROD@example.com" });
    let id = world.manage("CreateAccount", body)["CreateAccountStatus"]["Id"].clone();
    world.pass(1);
    let status =
        world.manage("DescribeCreateAccountStatus", json!({ "CreateAccountRequestId": id }));
    assert_eq!(status["CreateAccountStatus"]["State"], "FAILED");
    assert_eq!(status["CreateAccountStatus"]["FailureReason"], "EMAIL_ALREADY_EXISTS");
    assert_eq!(status["CreateAccountStatus"].get("AccountId"), None);
    assert_eq!(
        world.manage("ListAccounts", json!({}))["Accounts"].as_array().map(Vec::len),
        Some(2)
    );
}

#[test]
fn a_script_decides_how_and_when_the_creations_it_matches_end() {
    let mut world = World::seeded();
    let failed = CreationResult::Failed("INTERNAL_FAILURE".into());
    let five = SignedDuration::from_secs(5);
    world.service.script_creation("bad-*@example.com", failed.clone(), five).expect("a script");
    for name in ["bad-one", "good"] {
        let body = json!({ "AccountName": name, "Email": format!("{name}@example.com") });
        world.manage("CreateAccount", body);
    }
    world.pass(4);
    let open = world.manage("ListCreateAccountStatus", json!({ "States": ["IN_PROGRESS"] }));
    assert_eq!(each(&open["CreateAccountStatuses"], "AccountName"), ["bad-one"]);
    world.pass(1);
    let failures = world.manage("ListCreateAccountStatus", json!({ "States": ["FAILED"] }));
    assert_eq!(each(&failures["CreateAccountStatuses"], "FailureReason"), ["INTERNAL_FAILURE"]);

    let unknown = CreationResult::Failed("BAD_WEATHER".into());
    assert!(world.service.script_creation("*", unknown, five).is_err());
    assert!(world.service.script_creation("*", failed, -five).is_err());
}

#[test]
fn a_gov_cloud_account_comes_with_its_partner() {
    let mut world = World::seeded();
    let body = json!({ "AccountName": "gov", "Email": "gov@example.com" });
    let id = world.manage("CreateGovCloudAccount", body)["CreateAccountStatus"]["Id"].clone();
    world.pass(1);
    let status =
        world.manage("DescribeCreateAccountStatus", json!({ "CreateAccountRequestId": id }));
    let status = &status["CreateAccountStatus"];
    assert_ne!(status["AccountId"], status["GovCloudAccountId"]);
    world.manage("DescribeAccount", json!({ "AccountId": status["AccountId"] }));
    let partner = json!({ "AccountId": status["GovCloudAccountId"] });
    assert_eq!(world.fails(MANAGEMENT, "DescribeAccount", partner), "AccountNotFoundException");
}

#[test]
fn new_accounts_get_ids_of_their_own() {
    let mut world = World::seeded();
    let mut ids: Vec<String> = (0..30).map(|n| world.account(&format!("account{n}"))).collect();
    assert!(ids.iter().all(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit())));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 30);
}

#[test]
fn the_quota_of_accounts_counts_those_under_way() {
    let mut world = World::seeded();
    world.service.set_limits(OrganizationLimits { accounts: 3, ..OrganizationLimits::default() });
    for name in ["one", "two"] {
        let body = json!({ "AccountName": name, "Email": format!("{name}@example.com") });
        world.manage("CreateAccount", body);
    }
    let body = json!({ "AccountName": "three", "Email": "three@example.com" });
    assert_eq!(
        world.fails(MANAGEMENT, "CreateAccount", body.clone()),
        "ConstraintViolationException ACCOUNT_NUMBER_LIMIT_EXCEEDED"
    );
    world.service.set_limits(OrganizationLimits {
        creations_in_progress: Some(2),
        ..OrganizationLimits::default()
    });
    assert_eq!(
        world.fails(MANAGEMENT, "CreateAccount", body),
        "ConstraintViolationException ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED"
    );
}

#[test]
fn a_moved_account_is_found_in_its_new_place_alone() {
    let mut world = World::seeded();
    let (root, account) = (world.root(), world.account("prod"));
    let workloads = world.unit(&root, "Workloads");
    let prod = world.unit(&workloads, "Prod");
    let body = json!({
        "AccountId": account, "SourceParentId": root, "DestinationParentId": prod,
    });
    assert!(world.manage("MoveAccount", body.clone()).is_null());
    let parents = world.manage("ListParents", json!({ "ChildId": account }));
    assert_eq!(parents["Parents"], json!([{ "Id": prod, "Type": "ORGANIZATIONAL_UNIT" }]));
    let in_root = world.manage("ListAccountsForParent", json!({ "ParentId": root }));
    assert_eq!(each(&in_root["Accounts"], "Id"), [MANAGEMENT]);
    let in_prod = world.manage("ListAccountsForParent", json!({ "ParentId": prod }));
    assert_eq!(each(&in_prod["Accounts"], "Id"), [account.as_str()]);

    let organization = world.service.organization_of(&account).expect("an organization").to_owned();
    let path = format!("{organization}/{root}/{workloads}/{prod}/");
    assert_eq!(world.service.path_of(&account), Some(path));
    assert!(world.service.is_member(&organization, &account));
    assert_eq!(world.fails(MANAGEMENT, "MoveAccount", body), "DuplicateAccountException");
    let body = json!({
        "AccountId": account, "SourceParentId": root, "DestinationParentId": workloads,
    });
    assert_eq!(world.fails(MANAGEMENT, "MoveAccount", body), "AccountNotFoundException");
}

#[test]
fn a_removed_account_is_alone_again_and_may_be_invited_back() {
    let mut world = World::seeded();
    let account = world.account("prod");
    let joined = world.manage("DescribeAccount", json!({ "AccountId": account }));
    world.manage("RemoveAccountFromOrganization", json!({ "AccountId": account }));
    assert_eq!(world.service.organization_of(&account), None);
    assert_eq!(
        world.fails(&account, "DescribeOrganization", json!({})),
        "AWSOrganizationsNotInUseException"
    );
    world.pass(10);
    world.invited(&account);
    let again = world.manage("DescribeAccount", json!({ "AccountId": account }));
    assert_eq!(again["Account"]["JoinedMethod"], "INVITED");
    assert_eq!(again["Account"]["Email"], joined["Account"]["Email"]);
    assert_ne!(again["Account"]["JoinedTimestamp"], joined["Account"]["JoinedTimestamp"]);
}

#[test]
fn a_created_account_waits_four_days_before_it_leaves_and_an_invited_one_does_not() {
    let mut world = World::seeded();
    let created = world.account("prod");
    assert_eq!(
        world.fails(&created, "LeaveOrganization", json!({})),
        "ConstraintViolationException WAIT_PERIOD_ACTIVE"
    );
    world.pass_days(4);
    world.ok(&created, "LeaveOrganization", json!({}));
    let invited = world.invited(OUTSIDER);
    world.ok(&invited, "LeaveOrganization", json!({}));
    let left = each(&world.manage("ListAccounts", json!({}))["Accounts"], "Id");
    assert_eq!(left, [MANAGEMENT]);
}
