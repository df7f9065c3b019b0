//! Reading an organization that changes, hides paths and answers in pages.

use aws_double::{Aws, Fault, HUB, REGION};

use super::*;

const NEWCOMER: &str = "444455556666";
const WORKLOADS: &str = "ou-root-workload";
const PROD: &str = "ou-root-workprod";

/// `r-root ── ou-root-workload (Workloads) ── ou-root-workprod (Prod)`, and these members.
fn organization(members: &[(&str, &str)]) -> Aws {
    let aws = Aws::at("2026-07-01T00:00:00Z");
    let mut state = aws.state();
    state.organization.unit(WORKLOADS, "r-root", "Workloads");
    state.organization.unit(PROD, WORKLOADS, "Prod");
    for (account, parent) in members {
        state.organization.member(account, parent);
    }
    drop(state);
    aws
}

fn client(aws: &Aws) -> Client {
    crate::organizations(&aws.sdk(), &REGION.parse().unwrap())
}

fn account(id: &str) -> AccountId {
    id.parse().unwrap()
}

fn accounts(ids: &[&str]) -> BTreeSet<AccountId> {
    ids.iter().map(|id| account(id)).collect()
}

#[tokio::test(start_paused = true)]
async fn for_one_account_only_it_and_the_units_above_it_are_looked_up() {
    let aws = organization(&[(NEWCOMER, PROD), (HUB, "r-root")]);
    let organization = read_accounts(&client(&aws), &accounts(&[NEWCOMER])).await.unwrap();
    assert!(!organization.is_complete());
    assert_eq!(organization.path_names(account(NEWCOMER)).as_deref(), Some("/Workloads/Prod"));
    assert_eq!(
        organization.path_ids(account(NEWCOMER)).as_deref(),
        Some("r-root/ou-root-workload/ou-root-workprod")
    );
    assert_eq!(aws.count("DescribeAccount"), 1);
    assert_eq!(aws.count("DescribeOrganizationalUnit"), 2);
    assert_eq!(aws.count("ListRoots") + aws.count("ListAccounts") + aws.count("ListParents"), 0);
}

#[tokio::test(start_paused = true)]
async fn where_aws_gives_no_path_the_parents_are_asked_for() {
    let aws = organization(&[(NEWCOMER, PROD)]);
    aws.state().organization.without_paths = true;
    let client = client(&aws);
    let some = read_accounts(&client, &accounts(&[NEWCOMER])).await.unwrap();
    let all = read_all(&client).await.unwrap();
    for organization in [some, all] {
        assert_eq!(organization.path_names(account(NEWCOMER)).as_deref(), Some("/Workloads/Prod"));
    }
    assert_eq!(aws.count("ListParents"), 6);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_has_left_is_no_member_and_no_error() {
    let aws = organization(&[]);
    let client = client(&aws);
    let organization = read_accounts(&client, &accounts(&[NEWCOMER])).await.unwrap();
    assert_eq!(organization.accounts().count(), 0);
    assert_eq!(aws.count("ListRoots"), 1);
    let organization = read_ancestors(&client, account(NEWCOMER)).await.unwrap();
    assert_eq!(organization.accounts().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_whole_organization_is_read_past_empty_pages_and_with_empty_units() {
    let aws = organization(&[(NEWCOMER, WORKLOADS), (HUB, "r-root")]);
    aws.state().organization.suspended.insert(HUB.into());
    let organization = read_all(&client(&aws)).await.unwrap();
    assert!(organization.is_complete());
    assert_eq!(organization.path_names(account(HUB)).as_deref(), Some("/"));
    assert_eq!(organization.path_names(account(NEWCOMER)).as_deref(), Some("/Workloads"));
    assert_eq!(organization.account(account(HUB)).unwrap().state, AccountState::Suspended);
    // Root, Workloads and Prod, two pages each; everything else came along.
    assert_eq!(aws.count("ListOrganizationalUnitsForParent"), 6);
    assert_eq!(aws.count("DescribeOrganizationalUnit") + aws.count("ListParents"), 0);
}

#[tokio::test(start_paused = true)]
async fn the_ancestors_of_an_account_are_read_level_by_level() {
    let aws = organization(&[(NEWCOMER, PROD)]);
    let organization = read_ancestors(&client(&aws), account(NEWCOMER)).await.unwrap();
    assert_eq!(organization.path_names(account(NEWCOMER)).as_deref(), Some("/Workloads/Prod"));
    assert_eq!(organization.account(account(NEWCOMER)).unwrap().state, AccountState::Active);
    assert_eq!((aws.count("ListParents"), aws.count("DescribeOrganizationalUnit")), (3, 2));
    assert_eq!(aws.all_calls().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_unit_deleted_under_an_account_is_an_error_and_not_a_place_nobody_wants() {
    let aws = organization(&[(NEWCOMER, PROD)]);
    let gone = Fault::Error("OrganizationalUnitNotFoundException", "You specified an OU");
    aws.on("DescribeOrganizationalUnit").fails(gone);
    let error = read_accounts(&client(&aws), &accounts(&[NEWCOMER])).await.unwrap_err();
    assert_eq!(error.kind(), AwsErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_what_was_asked_and_a_throttle_may_be_retried() {
    for (fault, kind, code) in [
        (Fault::Denied, AwsErrorKind::AccessDenied, "AccessDeniedException"),
        (Fault::Throttled, AwsErrorKind::Throttled, "TooManyRequestsException"),
        (Fault::Unavailable, AwsErrorKind::Unavailable, "InternalServerError"),
    ] {
        let aws = organization(&[]);
        aws.on("DescribeAccount").fails(fault);
        let error = read_accounts(&client(&aws), &accounts(&[NEWCOMER])).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{code}");
        let message = relay_core::text::error_chain(&error);
        assert!(message.starts_with(&format!("look up account {NEWCOMER}: {code}")), "{message}");
    }
}

#[test]
fn a_path_is_read_from_the_root_down() {
    let ids =
        |path| ancestors(path).map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(
        ids("o-exampleorgid/r-root/ou-root-workload/444455556666/"),
        Some(vec!["r-root".to_owned(), WORKLOADS.to_owned()])
    );
    assert_eq!(ids("o-exampleorgid/r-root/444455556666/"), Some(vec!["r-root".to_owned()]));
    assert_eq!(ids("o-exampleorgid/444455556666/"), None);
    assert_eq!(ids(""), None);
}

#[tokio::test(start_paused = true)]
async fn only_what_selectors_need_is_read_and_what_is_missing_is_known_to_be() {
    let aws = organization(&[(NEWCOMER, "r-root")]);
    let mut read = read_accounts(&client(&aws), &accounts(&[NEWCOMER])).await.unwrap();
    let selectors: Vec<AccountSelector> =
        ["/Workloads/Prod", "/Elsewhere/Deep", WORKLOADS, "ou-root-deleted1", "organization"]
            .map(|text| text.parse().unwrap())
            .into();
    let selectors: Vec<&AccountSelector> = selectors.iter().collect();
    assert_eq!(read.unread(selectors.iter().copied()).len(), 3);
    read_selected(&client(&aws), &mut read, &selectors).await.unwrap();
    assert!(read.unread(selectors.iter().copied()).is_empty());
    let listed = aws.count("ListOrganizationalUnitsForParent");
    assert_eq!(listed, 4, "the root and /Workloads, two pages each");
    let target = |selector: &AccountSelector| read.target_account(selector).ok();
    assert_eq!(target(selectors[0]).as_deref(), Some(PROD));
    assert_eq!((target(selectors[1]), target(selectors[3])), (None, None));
    assert_eq!(target(selectors[2]).as_deref(), Some(WORKLOADS));
    assert!(!read.is_complete());
}
