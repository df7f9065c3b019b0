//! Tests of paths and selectors.

use schemars::JsonSchema;
use serde::Deserialize;

use super::testing::{account, id, organization};
use super::*;
use crate::place::Places;
use crate::read::{self, Form, LazyForm, Written};
use crate::rules::AccountSelector;

/// A rule of any flow, as far as it selects accounts.
#[derive(Deserialize, JsonSchema)]
struct Rule {
    accounts: Accounts,
    #[serde(skip)]
    places: Places,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Accounts {
    r#in: Vec<AccountSelector>,
    #[serde(default)]
    include_child_units: bool,
    #[serde(default)]
    exclude: Vec<AccountSelector>,
}

impl Written for Rule {
    fn form() -> &'static Form {
        static FORM: LazyForm = LazyForm::new(Form::of::<Rule>);
        &FORM
    }
}

impl Rule {
    fn selection(&self) -> Selection<'_> {
        Selection {
            places: &self.places,
            accounts: &self.accounts.r#in,
            include_child_units: self.accounts.include_child_units,
            exclude: &self.accounts.exclude,
        }
    }
}

fn rule(accounts: &str) -> Rule {
    let root = yaml_tree::parse(&format!("accounts: {{{accounts}}}\n")).unwrap();
    let places = Places::of("r.yaml", &root);
    let (rule, _) = read::rule::<Rule>(&root, &places).unwrap();
    Rule { places, ..rule }
}

fn selected(organization: &Organization, accounts: &str) -> Vec<u8> {
    let rule = rule(accounts);
    let resolution = organization.resolve(&rule.selection());
    assert_eq!(resolution.problems, []);
    (0..=9).filter(|n| resolution.accounts.contains(&id(*n))).collect()
}

#[test]
fn selectors_mean_what_the_contract_says() {
    let organization = organization();
    let selected = |accounts| selected(&organization, accounts);
    assert_eq!(selected("in: [organization]"), [0, 1, 2, 3, 4]);
    assert_eq!(selected("in: [/Workloads]"), [1], "without the OUs below");
    assert_eq!(selected("in: [/Workloads], includeChildUnits: true"), [1, 2, 3]);
    assert_eq!(selected("in: [/Workloads/Prod/]"), [2]);
    assert_eq!(selected("in: [r-abcd]"), [0]);
    assert_eq!(selected("in: [/]"), [0]);
    assert_eq!(selected("in: [/], includeChildUnits: true"), [0, 1, 2, 3, 4]);
    assert_eq!(selected("in: [ou-abcd-00000003, \"000000000004\"]"), [3, 4]);
    assert_eq!(selected("in: [organization], exclude: [\"000000000002\"]"), [0, 1, 3, 4]);
    assert_eq!(selected("in: [organization], exclude: [/Workloads]"), [0, 4], "a whole branch");
    assert_eq!(selected("in: [organization], exclude: [ou-abcd-00000002]"), [0, 1, 4]);
}

#[test]
fn an_account_is_asked_about_by_itself_and_a_selector_becomes_what_ssm_takes() {
    let organization = organization();
    let parse = |texts: &[&str]| -> Vec<AccountSelector> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    };
    let selects = |n, wanted: &[&str], children, exclude: &[&str]| {
        organization.selects(id(n), &parse(wanted), children, &parse(exclude))
    };
    let yes = Selected::Yes;
    assert_eq!(selects(3, &["/Workloads"], true, &[]), yes);
    assert_eq!(selects(3, &["/Workloads"], false, &[]), Selected::No);
    assert_eq!(selects(3, &["organization"], false, &["/Workloads"]), Selected::No, "a branch");
    assert_eq!(selects(4, &["organization"], false, &["/Workloads"]), yes);
    assert_eq!(selects(9, &["organization"], false, &[]), Selected::No, "no member");

    // An OU that is not there may be one that was renamed: it counts where it would decide.
    let unclear = |selected| match selected {
        Selected::Unclear(problem) => problem.what,
        decided => panic!("{decided:?}"),
    };
    let nowhere = "the organization has no OU /Nowhere";
    assert_eq!(unclear(selects(3, &["/Nowhere"], true, &[])), nowhere);
    assert_eq!(unclear(selects(3, &["organization"], true, &["/Nowhere"])), nowhere);
    let gone = "the organization has no OU ou-abcd-00000009";
    assert_eq!(unclear(selects(3, &["organization"], true, &["ou-abcd-00000009"])), gone);
    assert_eq!(selects(3, &["/Nowhere", "/Workloads"], true, &[]), yes);
    assert_eq!(selects(3, &["organization"], true, &["/Nowhere", "/Workloads"]), Selected::No);
    assert_eq!(selects(3, &["/Sandbox"], true, &["/Nowhere"]), Selected::No);
    assert_eq!(selects(3, &["/Nowhere"], true, &["/Workloads"]), Selected::No);
    let target = |text: &str| organization.target_account(&text.parse().unwrap());
    assert_eq!(target("organization").unwrap(), "r-abcd");
    assert_eq!(target("/Workloads/Prod").unwrap(), "ou-abcd-00000002");
    assert_eq!(target("000000000004").unwrap(), "000000000004");
    assert_eq!(target("/Nowhere").unwrap_err().code.as_str(), "UnknownOrganizationalUnit");
}

#[test]
fn only_active_accounts_are_selected() {
    let mut organization = organization();
    for (n, state) in [AccountState::Suspended, AccountState::PendingClosure, AccountState::Closed]
        .into_iter()
        .enumerate()
    {
        let n = u8::try_from(n).unwrap();
        let account = organization.account(id(n)).unwrap().clone();
        organization.add_account(Account { state, ..account });
    }
    assert_eq!(selected(&organization, "in: [organization]"), [3, 4]);
}

#[test]
fn a_state_is_read_from_either_field_and_an_unknown_one_is_not_active() {
    assert_eq!(AccountState::read(Some("ACTIVE"), None), AccountState::Active);
    assert_eq!(AccountState::read(Some("CLOSED"), Some("SUSPENDED")), AccountState::Closed);
    assert_eq!(AccountState::read(None, Some("SUSPENDED")), AccountState::Suspended);
    assert_eq!(AccountState::read(None, None), AccountState::Active);
    assert_eq!(AccountState::read(Some("FROZEN"), Some("ACTIVE")), AccountState::Other);
}

#[test]
fn a_selector_that_names_nothing_is_a_problem_with_a_hint() {
    let rule = rule(
        "in: [/workloads/prod, /Elsewhere, ou-abcd-99999999, r-efgh, \"999988887777\"], \
         exclude: [/Sandbx]",
    );
    let resolution = organization().resolve(&rule.selection());
    assert!(resolution.accounts.is_empty());
    let problems: Vec<String> = resolution.problems.iter().map(ToString::to_string).collect();
    expect_test::expect![[r#"
        r.yaml:1:17 (accounts.in[0]): the organization has no OU /workloads/prod [UnknownOrganizationalUnit]
          Did you mean /Workloads/Prod? Paths begin below the root and are case-sensitive.
        r.yaml:1:34 (accounts.in[1]): the organization has no OU /Elsewhere [UnknownOrganizationalUnit]
          Check the OU's name, its case and its place in the tree, or use its id.
        r.yaml:1:46 (accounts.in[2]): the organization has no OU ou-abcd-99999999 [UnknownOrganizationalUnit]
          Check the OU's name, its case and its place in the tree, or use its id.
        r.yaml:1:64 (accounts.in[3]): the organization's root is r-abcd, not r-efgh [UnknownOrganizationalUnit]
          Use the root's id, or `/`.
        r.yaml:1:99 (accounts.exclude[0]): the organization has no OU /Sandbx [UnknownOrganizationalUnit]
          Did you mean /Sandbox? Paths begin below the root and are case-sensitive.
        r.yaml:1:72 (accounts.in[4]): account 999988887777 is not a member of the organization [AccountNotInOrganization]
          Remove the account from the rule, or invite it."#]].assert_eq(&problems.join("\n"));
}

#[test]
fn a_partial_snapshot_says_nothing_about_what_it_does_not_hold() {
    let mut organization = Organization::partial("r-abcd".parse().unwrap());
    let workloads: OrganizationalUnitId = "ou-abcd-00000001".parse().unwrap();
    organization.add_unit(
        workloads.clone(),
        "Workloads",
        ParentId::from("r-abcd".parse::<RootId>().unwrap()),
    );
    organization.add_account(account(1, workloads));
    assert_eq!(selected(&organization, "in: [/Workloads, /Elsewhere, \"000000000007\"]"), [1]);
    assert_eq!(selected(&organization, "in: [ou-abcd-99999999]"), [0u8; 0]);
}

#[test]
fn a_partial_snapshot_says_what_it_lacks_and_what_is_missing() {
    let mut partial = Organization::partial("r-abcd".parse().unwrap());
    let root = ParentId::from("r-abcd".parse::<RootId>().unwrap());
    let prod = rule("in: [/Workloads/Prod, ou-abcd-00000009]");
    let selectors = &prod.accounts.r#in;
    let unit = |id: &str| id.parse::<OrganizationalUnitId>().unwrap();
    let unread = |organization: &Organization| {
        organization.unread(selectors).into_iter().collect::<Vec<_>>()
    };
    assert!(!partial.resolve(&prod.selection()).is_certain);
    let by_id = Unread::Unit(unit("ou-abcd-00000009"));
    assert_eq!(unread(&partial), [Unread::Below(root.clone()), by_id]);
    partial.add_missing(unit("ou-abcd-00000009"));
    partial.add_unit(unit("ou-abcd-00000001"), "Workloads", root.clone());
    let workloads = ParentId::from(unit("ou-abcd-00000001"));
    assert_eq!(unread(&partial), [Unread::Below(workloads.clone())]);
    partial.add_listed(workloads);
    assert_eq!(unread(&partial), [Unread::Below(root.clone())], "a name may hold a slash");
    partial.add_listed(root);
    assert_eq!(unread(&partial), []);
    let resolution = partial.resolve(&prod.selection());
    assert!(!resolution.is_certain, "both OUs are missing");
    assert_eq!(resolution.problems.len(), 2);
}

#[test]
fn a_name_may_hold_a_slash() {
    let mut organization = organization();
    let unit = |id: &str| id.parse::<OrganizationalUnitId>().unwrap();
    organization.add_unit(unit("ou-abcd-00000005"), "Prod/EU", unit("ou-abcd-00000001"));
    organization.add_unit(unit("ou-abcd-00000006"), "Shop", unit("ou-abcd-00000005"));
    organization.add_account(account(6, unit("ou-abcd-00000006")));
    assert_eq!(selected(&organization, "in: [/Workloads/Prod/EU/Shop]"), [6]);
    assert_eq!(selected(&organization, "in: [/Workloads/Prod/Payments]"), [3]);
}

#[test]
fn an_account_knows_its_path_in_ids_and_in_names() {
    let organization = organization();
    assert_eq!(
        organization.path_ids(id(3)).unwrap(),
        "r-abcd/ou-abcd-00000001/ou-abcd-00000002/ou-abcd-00000003"
    );
    assert_eq!(organization.path_names(id(3)).unwrap(), "/Workloads/Prod/Payments");
    assert_eq!(organization.path_names(id(0)).unwrap(), "/");
    assert_eq!(organization.path_names(id(9)), None);
}

#[test]
fn a_loop_of_units_has_no_path_and_selects_nobody() {
    let mut organization = Organization::complete("r-abcd".parse().unwrap());
    let [a, b] = ["ou-abcd-0000000a", "ou-abcd-0000000b"]
        .map(|id| id.parse::<OrganizationalUnitId>().unwrap());
    organization.add_unit(a.clone(), "A", b.clone());
    organization.add_unit(b, "B", a.clone());
    organization.add_account(account(1, a));
    assert_eq!(organization.path(id(1)), None);
    assert_eq!(selected(&organization, "in: [organization]"), [0u8; 0]);
}

#[test]
fn only_a_complete_snapshot_says_that_something_does_not_exist() {
    let nowhere = rule("in: [/Nowhere, ou-abcd-00000009, \"000000000009\"]");
    let root: RootId = "r-abcd".parse().unwrap();
    for (organization, complete) in
        [(Organization::complete(root.clone()), true), (Organization::partial(root), false)]
    {
        assert_eq!(organization.is_complete(), complete);
        assert_eq!(organization.unread(&nowhere.accounts.r#in).is_empty(), complete);
        let resolution = organization.resolve(&nowhere.selection());
        assert_eq!(resolution.problems.len(), if complete { 3 } else { 0 });
    }
}

#[test]
fn a_resolution_is_certain_where_every_ou_was_found() {
    for (accounts, certain) in [
        ("in: [/Workloads, ou-abcd-00000004, r-abcd, organization]", true),
        ("in: [\"000000000009\"]", true),
        ("in: [organization], exclude: [/Workloads/Prod, \"000000000001\"]", true),
        ("in: [/Workloads, /Nowhere]", false),
        ("in: [ou-abcd-00000009, organization]", false),
        ("in: [organization], exclude: [/Nowhere]", false),
    ] {
        let rule = rule(accounts);
        let resolution = organization().resolve(&rule.selection());
        assert_eq!(resolution.is_certain, certain, "{accounts}");
    }
}

#[test]
fn members_are_listed_in_the_order_of_their_ids() {
    let mut organization = Organization::complete("r-abcd".parse().unwrap());
    for n in [7, 3, 5] {
        organization.add_account(account(n, "r-abcd".parse::<RootId>().unwrap()));
    }
    let ids: Vec<AccountId> = organization.accounts().map(|account| account.id).collect();
    assert_eq!(ids, [3, 5, 7].map(id));
}

/// OUs below one another, as many as given; the account is in the innermost.
fn chain(depth: usize) -> Organization {
    let mut organization = Organization::complete("r-abcd".parse().unwrap());
    let mut parent = ParentId::from("r-abcd".parse::<RootId>().unwrap());
    for n in 0..depth {
        let unit: OrganizationalUnitId = format!("ou-abcd-{n:08}").parse().unwrap();
        organization.add_unit(unit.clone(), format!("L{n}"), parent);
        parent = unit.into();
    }
    organization.add_account(account(1, parent));
    organization
}

#[test]
fn a_path_is_followed_far_deeper_than_aws_allows_and_no_further() {
    let path = chain(DEEPEST).path(id(1)).unwrap();
    assert_eq!(path.len(), DEEPEST + 1, "the OUs and the root");
    assert_eq!(chain(DEEPEST + 1).path(id(1)), None);
}

proptest::proptest! {
    /// Members and the OUs of rules are read by different calls.
    #[test]
    fn two_snapshots_together_hold_what_one_would(first in proptest::collection::vec(proptest::bool::ANY, 11)) {
        let unit = |n: u8| format!("ou-abcd-0000000{n}").parse::<OrganizationalUnitId>().unwrap();
        let read = |facts: &dyn Fn(usize) -> bool| {
            let mut organization = Organization::partial("r-abcd".parse().unwrap());
            for n in (0..11u8).filter(|n| facts(usize::from(*n))) {
                match n {
                    0..4 => organization.add_unit(unit(n + 1), format!("L{n}"), unit(n)),
                    4..8 => organization.add_account(account(n, unit(n - 3))),
                    8 => organization.add_listed(unit(1)),
                    9 => organization.add_listed("r-abcd".parse::<RootId>().unwrap()),
                    _ => organization.add_missing(unit(9)),
                }
            }
            organization
        };
        let mut both = read(&|fact| first[fact]);
        both.add(read(&|fact| !first[fact]));
        assert_eq!(both, read(&|_| true));
    }
}
