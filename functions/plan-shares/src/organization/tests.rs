//! Reading the organization.

use aws_sdk_organizations::operation::describe_account::DescribeAccountError;
use aws_sdk_organizations::operation::describe_organizational_unit::DescribeOrganizationalUnitError;
use aws_smithy_mocks::mock;
use aws_smithy_types::error::ErrorMetadata;
use runtime::{ErrorName, FunctionError};

use super::*;
use crate::world::{Aws, HUB, NEWCOMER, PROD, WORKLOADS};

fn account(id: &str) -> AccountId {
    id.parse().unwrap()
}

fn accounts(ids: &[&str]) -> Scope {
    Scope::Accounts(ids.iter().map(|id| account(id)).collect())
}

#[tokio::test(start_paused = true)]
async fn for_one_account_only_it_and_the_units_above_it_are_looked_up() {
    let aws = Aws::new();
    aws.member(NEWCOMER, PROD);
    aws.member(HUB, "r-root");
    let organization = read(&aws.deps().organizations, &accounts(&[NEWCOMER])).await.unwrap();
    assert!(!organization.is_complete());
    assert_eq!(organization.path_names(account(NEWCOMER)).as_deref(), Some("/Workloads/Prod"));
    assert_eq!(
        organization.path_ids(account(NEWCOMER)).as_deref(),
        Some("r-root/ou-root-workload/ou-root-workprod")
    );
    assert_eq!(aws.calls("DescribeAccount"), 1);
    assert_eq!(aws.calls("DescribeOrganizationalUnit"), 2);
    assert_eq!(aws.calls("ListRoots") + aws.calls("ListAccounts") + aws.calls("ListParents"), 0);
}

#[tokio::test(start_paused = true)]
async fn where_aws_gives_no_path_the_parents_are_asked_for() {
    let aws = Aws::new();
    aws.member(NEWCOMER, PROD);
    aws.world.lock().unwrap().without_paths = true;
    for scope in [accounts(&[NEWCOMER]), Scope::Organization] {
        let organization = read(&aws.deps().organizations, &scope).await.unwrap();
        assert_eq!(organization.path_names(account(NEWCOMER)).as_deref(), Some("/Workloads/Prod"));
    }
    assert_eq!(aws.calls("ListParents"), 6);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_has_left_is_no_member_and_no_error() {
    let aws = Aws::new();
    let organization = read(&aws.deps().organizations, &accounts(&[NEWCOMER])).await.unwrap();
    assert_eq!(organization.accounts().count(), 0);
    assert_eq!(aws.calls("ListRoots"), 1);
}

#[tokio::test(start_paused = true)]
async fn the_whole_organization_is_read_past_empty_pages_and_with_empty_units() {
    let aws = Aws::new();
    aws.member(NEWCOMER, WORKLOADS);
    aws.member(HUB, "r-root");
    aws.world.lock().unwrap().suspended.insert(HUB.into());
    let organization = read(&aws.deps().organizations, &Scope::Organization).await.unwrap();
    assert!(organization.is_complete());
    assert_eq!(organization.path_names(account(HUB)).as_deref(), Some("/"));
    assert_eq!(organization.path_names(account(NEWCOMER)).as_deref(), Some("/Workloads"));
    assert_eq!(organization.account(account(HUB)).unwrap().state, AccountState::Suspended);
    // Root, Workloads and Prod, two pages each; everything else came along.
    assert_eq!(aws.calls("ListOrganizationalUnitsForParent"), 6);
    assert_eq!(aws.calls("DescribeOrganizationalUnit") + aws.calls("ListParents"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_unit_deleted_under_an_account_is_an_error_and_not_a_place_nobody_wants() {
    let mut aws = Aws::new();
    aws.member(NEWCOMER, PROD);
    aws.instead(
        "DescribeOrganizationalUnit",
        mock!(Client::describe_organizational_unit).then_error(|| {
            let code = ErrorMetadata::builder().code("OrganizationalUnitNotFoundException").build();
            DescribeOrganizationalUnitError::generic(code)
        }),
    );
    let error = read(&aws.deps().organizations, &accounts(&[NEWCOMER])).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::OrganizationUnreadable);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_what_was_asked_and_a_throttle_may_be_retried() {
    for (code, name) in [
        ("AccessDeniedException", ErrorName::OrganizationUnreadable),
        ("TooManyRequestsException", ErrorName::Throttled),
        ("ServiceException", ErrorName::OrganizationUnreadable),
    ] {
        let mut aws = Aws::new();
        aws.instead(
            "DescribeAccount",
            mock!(Client::describe_account).then_error(move || {
                DescribeAccountError::generic(ErrorMetadata::builder().code(code).build())
            }),
        );
        let error = read(&aws.deps().organizations, &accounts(&[NEWCOMER])).await.unwrap_err();
        assert_eq!(error.name(), name, "{code}");
        let message = error.diagnostic().error_message;
        assert!(message.starts_with(&format!("look up account {NEWCOMER}: {code}")), "{message}");
    }
}

#[test]
fn a_path_is_read_from_the_root_down() {
    let way = |path| way(path).map(|way| way.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(
        way("o-exampleorgid/r-root/ou-root-workload/444455556666/"),
        Some(vec!["r-root".to_owned(), WORKLOADS.to_owned()])
    );
    assert_eq!(way("o-exampleorgid/r-root/444455556666/"), Some(vec!["r-root".to_owned()]));
    assert_eq!(way("o-exampleorgid/444455556666/"), None);
    assert_eq!(way(""), None);
}
