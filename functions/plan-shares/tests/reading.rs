//! Reading the organization.

#![expect(clippy::unwrap_used, reason = "all of this is test code")]

mod world;

use aws_double::{Fault, HUB};
use plan_shares::organization::read;
use relay_core::id::AccountId;
use relay_core::organization::AccountState;
use runtime::{ErrorName, FunctionError};
use sharing::Scope;
use world::{NEWCOMER, PROD, WORKLOADS, World};

fn account(id: &str) -> AccountId {
    id.parse().unwrap()
}

fn accounts(ids: &[&str]) -> Scope {
    Scope::Accounts(ids.iter().map(|id| account(id)).collect())
}

#[tokio::test(start_paused = true)]
async fn for_one_account_only_it_and_the_units_above_it_are_looked_up() {
    let world = World::new();
    world.member(NEWCOMER, PROD);
    world.member(HUB, "r-root");
    let organization = read(&world.deps().organizations, &accounts(&[NEWCOMER])).await.unwrap();
    assert!(!organization.is_complete());
    assert_eq!(organization.path_names(account(NEWCOMER)).as_deref(), Some("/Workloads/Prod"));
    assert_eq!(
        organization.path_ids(account(NEWCOMER)).as_deref(),
        Some("r-root/ou-root-workload/ou-root-workprod")
    );
    assert_eq!(world.calls("DescribeAccount"), 1);
    assert_eq!(world.calls("DescribeOrganizationalUnit"), 2);
    assert_eq!(
        world.calls("ListRoots") + world.calls("ListAccounts") + world.calls("ListParents"),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn where_aws_gives_no_path_the_parents_are_asked_for() {
    let world = World::new();
    world.member(NEWCOMER, PROD);
    world.state().organization.without_paths = true;
    for scope in [accounts(&[NEWCOMER]), Scope::Organization] {
        let organization = read(&world.deps().organizations, &scope).await.unwrap();
        assert_eq!(organization.path_names(account(NEWCOMER)).as_deref(), Some("/Workloads/Prod"));
    }
    assert_eq!(world.calls("ListParents"), 6);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_has_left_is_no_member_and_no_error() {
    let world = World::new();
    let organization = read(&world.deps().organizations, &accounts(&[NEWCOMER])).await.unwrap();
    assert_eq!(organization.accounts().count(), 0);
    assert_eq!(world.calls("ListRoots"), 1);
}

#[tokio::test(start_paused = true)]
async fn the_whole_organization_is_read_past_empty_pages_and_with_empty_units() {
    let world = World::new();
    world.member(NEWCOMER, WORKLOADS);
    world.member(HUB, "r-root");
    world.suspend(HUB);
    let organization = read(&world.deps().organizations, &Scope::Organization).await.unwrap();
    assert!(organization.is_complete());
    assert_eq!(organization.path_names(account(HUB)).as_deref(), Some("/"));
    assert_eq!(organization.path_names(account(NEWCOMER)).as_deref(), Some("/Workloads"));
    assert_eq!(organization.account(account(HUB)).unwrap().state, AccountState::Suspended);
    // Root, Workloads and Prod, two pages each; everything else came along.
    assert_eq!(world.calls("ListOrganizationalUnitsForParent"), 6);
    assert_eq!(world.calls("DescribeOrganizationalUnit") + world.calls("ListParents"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_unit_deleted_under_an_account_is_an_error_and_not_a_place_nobody_wants() {
    let world = World::new();
    world.member(NEWCOMER, PROD);
    let deleted = Fault::Error("OrganizationalUnitNotFoundException", "");
    world.aws.on("DescribeOrganizationalUnit").fails(deleted);
    let error = read(&world.deps().organizations, &accounts(&[NEWCOMER])).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::OrganizationUnreadable);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_what_was_asked_and_a_throttle_may_be_retried() {
    for (code, name) in [
        ("AccessDeniedException", ErrorName::OrganizationUnreadable),
        ("TooManyRequestsException", ErrorName::Throttled),
        ("ServiceException", ErrorName::OrganizationUnreadable),
    ] {
        let world = World::new();
        world.aws.on("DescribeAccount").fails(Fault::Error(code, ""));
        let error = read(&world.deps().organizations, &accounts(&[NEWCOMER])).await.unwrap_err();
        assert_eq!(error.name(), name, "{code}");
        let message = error.diagnostic().error_message;
        assert!(message.starts_with(&format!("look up account {NEWCOMER}: {code}")), "{message}");
    }
}
