//! Closed accounts.

use serde_json::json;

use super::{World, each};

#[test]
fn a_closed_account_is_pending_then_closed_and_after_90_days_gone() {
    let mut world = World::seeded();
    let account = world.account("prod");
    let id = json!({ "AccountId": account });
    let describe = |world: &mut World| {
        let account = world.manage("DescribeAccount", id.clone())["Account"].clone();
        (account["Status"].clone(), account["State"].clone())
    };
    world.manage("CloseAccount", id.clone());
    assert_eq!(describe(&mut world), (json!("PENDING_CLOSURE"), json!("PENDING_CLOSURE")));
    world.pass(1);
    assert_eq!(describe(&mut world), (json!("SUSPENDED"), json!("CLOSED")));
    let result = &world.seen("CloseAccountResult")[0]["serviceEventDetails"]["closeAccountStatus"];
    assert_eq!(
        *result,
        json!({
            "accountId": account,
            "state": "SUCCEEDED",
            "requestedTimestamp": "Mar 1, 2026, 10:00:01 AM",
            "completedTimestamp": "Mar 1, 2026, 10:00:02 AM",
        })
    );

    world.pass_days(90);
    let left = &world.seen("AccountDepartedOrganization")[0]["serviceEventDetails"];
    assert_eq!(left["departureMethod"], "CLEANED");
    assert_eq!(left["accountId"], account.as_str());
    assert!(!each(&world.manage("ListAccounts", json!({}))["Accounts"], "Id").contains(&account));
}

#[test]
fn no_more_than_250_accounts_are_closed_in_30_days() {
    let mut world = World::seeded();
    for n in 0..251 {
        let body = json!({ "AccountName": "many", "Email": format!("many{n}@example.com") });
        world.manage("CreateAccount", body);
    }
    world.pass(1);
    let statuses = {
        let mut ids = Vec::new();
        let mut token = json!({});
        loop {
            let page = world.manage("ListCreateAccountStatus", token);
            ids.extend(each(&page["CreateAccountStatuses"], "AccountId"));
            let Some(next) = page.get("NextToken") else { break ids };
            token = json!({ "NextToken": next });
        }
    };
    let (last, others) = statuses.split_last().expect("accounts");
    for account in others {
        world.manage("CloseAccount", json!({ "AccountId": account }));
    }
    assert_eq!(
        world.fails(super::MANAGEMENT, "CloseAccount", json!({ "AccountId": last })),
        "ConstraintViolationException CLOSE_ACCOUNT_QUOTA_EXCEEDED"
    );
    world.pass_days(30);
    world.manage("CloseAccount", json!({ "AccountId": last }));
}
