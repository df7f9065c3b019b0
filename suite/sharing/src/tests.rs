//! Tests of reading policy: what is valid, and what is said about what is not.

use expect_test::{Expect, expect};
use relay_core::id::{AccountId, DocumentName};
use relay_core::rules::{ADVANCED_TIER, AccountSelector, Glob, RuleText, STANDARD_TIER};

use super::*;

const CONTRACT: &str = r#"
documents:
  owner: "111122223333"            # quoted; default: the hub's own account
  names: ["Org-*"]                 # globs; and/or tags, types
  tags: {share: organization}
  types: [Automation]
regions: [us-east-1, eu-west-1]
accounts:
  in: [organization]
  includeChildUnits: true
  exclude: ["444455556666"]
documentVersion: $DEFAULT
distribution: auto               # share, copy or auto
ownership: ledger
onboarding:
  - runbook: Org-Baseline
    parameters: {Level: ["standard"]}
"#;

fn rule(text: &str) -> SharingRule {
    let mut set = SharingRules::parse([RuleText::file("rules/sharing/web.yaml", text)]);
    assert_eq!(set.problems, []);
    assert!(set.is_sound());
    set.rules.remove(0)
}

/// The problems of a rule that is valid but for what is given.
#[expect(clippy::needless_pass_by_value, reason = "`expect!` stands in the call itself")]
fn check(text: &str, expected: Expect) {
    let set = SharingRules::parse([RuleText::file("web.yaml", text)]);
    assert_eq!(set.rules, [], "the rule is left out");
    let problems: Vec<String> = set.problems.iter().map(ToString::to_string).collect();
    expected.assert_eq(&problems.join("\n"));
}

const DOCUMENTS: &str = "documents: {names: [\"*\"]}\n";

const REGIONS: &str = "regions: [us-east-1]\n";

const ACCOUNTS: &str = "accounts: {in: [organization]}\n";

#[test]
fn the_example_of_the_contract_is_read_field_by_field() {
    let rule = rule(CONTRACT);
    assert_eq!(rule.name, "web");
    assert_eq!(rule.documents.owner, Some("111122223333".parse().unwrap()));
    assert_eq!(rule.documents.selector.names, [Glob::new("Org-*")]);
    assert_eq!(rule.documents.selector.tags["share"], Glob::new("organization"));
    assert_eq!(rule.documents.selector.types, ["Automation"]);
    assert_eq!(rule.regions, ["eu-west-1", "us-east-1"].map(|code| code.parse().unwrap()));
    assert_eq!(rule.accounts.r#in, [AccountSelector::Organization]);
    assert!(rule.accounts.include_child_units);
    let excluded: AccountId = "444455556666".parse().unwrap();
    assert_eq!(rule.accounts.exclude, [AccountSelector::Account(excluded)]);
    assert_eq!(rule.document_version, SharedVersion::Default);
    assert_eq!(rule.distribution, Distribution::Auto);
    assert_eq!(rule.ownership, Ownership::Ledger);
    assert_eq!(rule.onboarding[0].runbook.as_str(), "Org-Baseline");
    assert_eq!(rule.onboarding[0].parameters["Level"], ["standard"]);
}

#[test]
fn what_is_left_out_has_the_defaults_of_the_contract() {
    let rule = rule(&format!("{DOCUMENTS}{REGIONS}{ACCOUNTS}"));
    assert_eq!(rule.documents.owner, None);
    assert!(!rule.accounts.include_child_units);
    assert_eq!(rule.accounts.exclude, []);
    assert_eq!(rule.document_version, SharedVersion::Default);
    assert_eq!(rule.distribution, Distribution::Share);
    assert_eq!(rule.ownership, Ownership::Ledger);
    assert_eq!(rule.onboarding, []);
}

#[test]
fn a_copy_is_of_one_version_and_never_of_all() {
    check(
        &format!("{DOCUMENTS}{REGIONS}{ACCOUNTS}distribution: copy\ndocumentVersion: $ALL\n"),
        expect![[r#"
            web.yaml:5:18 (documentVersion): a copy has the content of one version, and `distribution: copy` makes copies [InvalidField]
              Write `$DEFAULT` or `$LATEST`, or `distribution: share`."#]],
    );
    let latest =
        format!("{DOCUMENTS}{REGIONS}{ACCOUNTS}distribution: auto\ndocumentVersion: $LATEST\n");
    assert_eq!(rule(&latest).document_version, SharedVersion::Latest);
}

#[test]
fn a_replica_is_of_one_version_and_never_of_all() {
    let documents = "documents: {names: [\"Org-*\"], homeRegion: eu-west-1}\n";
    check(
        &format!("{documents}{REGIONS}{ACCOUNTS}documentVersion: $ALL\n"),
        expect![[r#"
            web.yaml:4:18 (documentVersion): a replica has the content of one version, and `homeRegion: eu-west-1` makes replicas [InvalidField]
              Write `$DEFAULT` or `$LATEST`, or leave out `homeRegion`."#]],
    );
    let rule = rule(&format!("{documents}{REGIONS}{ACCOUNTS}documentVersion: $LATEST\n"));
    assert_eq!(rule.documents.home_region, Some("eu-west-1".parse().unwrap()));
}

#[test]
fn a_change_at_home_touches_the_regions_of_its_replicas() {
    let regions = "regions: [us-east-1, us-west-2]\n";
    let text =
        format!("documents: {{names: [\"Org-*\"], homeRegion: eu-west-1}}\n{regions}{ACCOUNTS}");
    let rules = SharingRules::parse([RuleText::file("rules/sharing/web.yaml", &text)]);
    let hub: AccountId = "111122223333".parse().unwrap();
    let name: DocumentName = "Org-Patch".parse().unwrap();
    let pairs = |owner: AccountId, region: &str| {
        let touched = Touched::document(owner, region.parse().unwrap(), name.clone());
        touched.pairs(&rules, hub, &RulePairs::new()).unwrap()
    };
    let found = pairs(hub, "eu-west-1");
    let regions: Vec<&str> = found.keys().map(|pair| pair.region.as_str()).collect();
    assert_eq!(regions, ["us-east-1", "us-west-2"]);
    assert!(found.values().all(|only| only.as_ref().is_some_and(|only| only.contains(&name))));
    assert_eq!(pairs(hub, "us-east-1").len(), 1, "a change of a replica is about it alone");
    assert!(pairs("222233334444".parse().unwrap(), "eu-west-1").is_empty());
}

#[test]
fn json_is_read_by_the_same_path() {
    let rule = rule(
        r#"{"documents": {"names": ["Org-*"]}, "regions": ["us-east-1"],
            "accounts": {"in": ["000011112222", "/Workloads/Prod/", "/", "r-abcd",
                                "ou-abcd-12345678"]}, "documentVersion": "$ALL"}"#,
    );
    assert_eq!(
        rule.accounts.r#in.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["000011112222", "/Workloads/Prod", "/", "r-abcd", "ou-abcd-12345678"]
    );
    assert_eq!(rule.document_version, SharedVersion::All);
    check(
        r#"{"documents": {"names": ["*"]}, "regions": ["us-east-1"], "accounts": {"in": [444455556666]}}"#,
        expect![[r#"
            web.yaml:1:79 (accounts.in[0]): expected an account id in quotes, found the number 444455556666 [AccountIdNotQuoted]
              Quote it: "444455556666"."#]],
    );
}

#[test]
fn an_unquoted_account_id_is_refused_however_yaml_reads_it() {
    check(
        &format!(
            "{DOCUMENTS}{REGIONS}accounts:\n  in:\n    - 444455556666\n    - 012345670123\n    \
             - 098765432109\n    - 1234567\n    - 4444_5555_6666\n"
        ),
        expect![[r#"
            web.yaml:5:7 (accounts.in[0]): expected an account id in quotes, found the number 444455556666 [AccountIdNotQuoted]
              Quote it: "444455556666".
            web.yaml:6:7 (accounts.in[1]): expected an account id in quotes, found the number 012345670123 [AccountIdNotQuoted]
              Quote it: "012345670123".
            web.yaml:7:7 (accounts.in[2]): expected an account id in quotes, found the number 098765432109 [AccountIdNotQuoted]
              Quote it: "098765432109".
            web.yaml:8:7 (accounts.in[3]): expected a 12-digit account id in quotes, found the number 1234567 [AccountIdNotQuoted]
              Quote it, with its leading zeros.
            web.yaml:9:7 (accounts.in[4]): expected a 12-digit account id, found "4444_5555_6666" [InvalidAccountId]
              Write it without separators: "444455556666"."#]],
    );
    check(
        &format!("documents: {{owner: 000011112222, names: [a*]}}\n{REGIONS}{ACCOUNTS}",),
        expect![[r#"
            web.yaml:1:20 (documents.owner): expected an account id in quotes, found the number 000011112222 [AccountIdNotQuoted]
              Quote it: "000011112222"."#]],
    );
}

#[test]
fn an_impossible_account_id_is_named_with_its_length() {
    check(
        &format!("{DOCUMENTS}{REGIONS}accounts:\n  in: [\"44445555666\", \"4444 5555 6666\"]\n"),
        expect![[r#"
            web.yaml:4:8 (accounts.in[0]): expected a 12-digit account id, found "44445555666" [InvalidAccountId]
              An account id has 12 digits; this has 11.
            web.yaml:4:23 (accounts.in[1]): expected a 12-digit account id, found "4444 5555 6666" [InvalidAccountId]
              Write it without separators: "444455556666"."#]],
    );
    check(
        &format!("documents: {{owner: hub, names: [a*]}}\n{REGIONS}{ACCOUNTS}"),
        expect![[r#"
            web.yaml:1:20 (documents.owner): expected a 12-digit account id, found "hub" [InvalidAccountId]
              An account id has 12 digits."#]],
    );
}

#[test]
fn an_unknown_field_is_named_with_the_nearest_known_one() {
    check(
        &format!(
            "documents: {{names: [\"*\"], tag: {{a: b}}}}\nregion: [us-east-1]\n{REGIONS}\
             accounts:\n  in: [organization]\n  includeChildOUs: true\nschedule: daily\n"
        ),
        expect![[r#"
            web.yaml:1:27 (documents.tag): unknown field `tag`, expected one of `owner`, `homeRegion`, `names`, `tags`, `types` [UnknownField]
              Did you mean `tags`?
            web.yaml:2:1 (region): unknown field `region`, expected one of `documents`, `regions`, `accounts`, `documentVersion`, `distribution`, `ownership`, `onboarding` [UnknownField]
              Did you mean `regions`?
            web.yaml:6:3 (accounts.includeChildOUs): unknown field `includeChildOUs`, expected one of `in`, `includeChildUnits`, `exclude` [UnknownField]
              Did you mean `includeChildUnits`?
            web.yaml:7:1 (schedule): unknown field `schedule`, expected one of `documents`, `regions`, `accounts`, `documentVersion`, `distribution`, `ownership`, `onboarding` [UnknownField]
              Remove the field or correct its spelling."#]],
    );
}

#[test]
fn a_text_that_is_not_a_region_is_named_with_the_nearest_known_one() {
    check(
        &format!("{DOCUMENTS}regions: [us-east-1, us-east-1a, global]\n{ACCOUNTS}"),
        expect![[r#"
            web.yaml:2:22 (regions[1]): unknown AWS Region `us-east-1a` [UnknownRegion]
              Did you mean `us-east-1`?
            web.yaml:2:34 (regions[2]): unknown AWS Region `global` [UnknownRegion]
              Use a Region code such as us-east-1."#]],
    );
}

#[test]
fn a_region_newer_than_the_list_leaves_a_warning_and_a_valid_rule() {
    let text = format!("{DOCUMENTS}regions: [us-east-1, eu-wset-1, ap-east-9]\n{ACCOUNTS}");
    let set = SharingRules::parse([RuleText::file("web.yaml", &text)]);
    assert!(set.problems.is_empty() && set.is_sound(), "{:?}", set.problems);
    let warnings: Vec<String> = set.warnings.iter().map(ToString::to_string).collect();
    expect![[r#"
        web.yaml:2:22 (regions[1]): unknown AWS Region `eu-wset-1` [UnknownRegion]
          Did you mean `eu-west-1`?
        web.yaml:2:33 (regions[2]): unknown AWS Region `ap-east-9` [UnknownRegion]
          Did you mean `ap-east-1`?"#]]
    .assert_eq(&warnings.join("\n"));
}

#[test]
fn an_empty_selection_is_a_problem_wherever_it_is() {
    check(
        "",
        expect![[r#"
            web.yaml:1:1: the text is empty [EmptySelection]
              Name at least one, or remove what is empty."#]],
    );
    check(
        "regions: []\n",
        expect![[r#"
            web.yaml:1:1 (documents): missing field `documents` [MissingField]
              Add it: which documents are shared.
            web.yaml:1:1 (accounts): missing field `accounts` [MissingField]
              Add it: the accounts they are shared with.
            web.yaml:1:10 (regions): expected at least 1 entries, found none [EmptySelection]
              Name at least one, or remove what is empty."#]],
    );
    check(
        "documents: {names: []}\nregions:\naccounts: {in: []}\n",
        expect![[r#"
            web.yaml:1:20 (documents.names): expected at least 1 entries, found none [EmptySelection]
              Name at least one, or remove what is empty.
            web.yaml:2:8 (regions): missing field `regions` [MissingField]
              Add it: the Regions in which they are shared.
            web.yaml:3:16 (accounts.in): expected at least 1 entries, found none [EmptySelection]
              Name at least one, or remove what is empty."#]],
    );
    check(
        &format!("{DOCUMENTS}{REGIONS}accounts: {{in: [organization], exclude: [organization]}}\n"),
        expect![[r#"
            web.yaml:3:42 (accounts.exclude[0]): the rule excludes the whole organization [EmptySelection]
              Name at least one, or remove what is empty."#]],
    );
}

#[test]
fn broken_yaml_is_named_with_line_and_column() {
    check(
        "documents: {names: [\"*\"\nregions: x\n",
        expect![[r#"
        web.yaml:2:8: illegal placement of ':' indicator [RuleSyntax]
          Correct the YAML at this place; `relay rules lint` checks the whole set."#]],
    );
    check(
        "a: b\n c: d\n",
        expect![[r#"
        web.yaml:2:3: mapping values are not allowed in this context [RuleSyntax]
          Correct the YAML at this place; `relay rules lint` checks the whole set."#]],
    );
    check(
        "regions: [us-east-1]\nregions: [eu-west-1]\n",
        expect![[r#"
        web.yaml:2:1: duplicate mapping key `regions` is not allowed here [RuleSyntax]
          Correct the YAML at this place; `relay rules lint` checks the whole set."#]],
    );
    check(
        "--- {}\n--- {}\n",
        expect![[r#"
        web.yaml:2:5: only single YAML document expected but multiple found [RuleSyntax]
          Correct the YAML at this place; `relay rules lint` checks the whole set."#]],
    );
    check(
        "just a text",
        expect![[r#"
            web.yaml:1:1: expected a mapping with `documents`, `regions`, `accounts`, `documentVersion`, `distribution`, `ownership`, `onboarding`, found "just a text" [InvalidField]
              Correct the value."#]],
    );
    check(
        "- documents",
        expect![[r#"
            web.yaml:1:1: expected a mapping with `documents`, `regions`, `accounts`, `documentVersion`, `distribution`, `ownership`, `onboarding`, found a list [InvalidField]
              Correct the value."#]],
    );
    check(
        "a: *nowhere",
        expect![[r#"
        web.yaml:1:4: reference to unknown value [RuleSyntax]
          Correct the YAML at this place; `relay rules lint` checks the whole set."#]],
    );
}

#[test]
fn values_of_the_wrong_kind_say_what_was_expected() {
    check(
        "documents: {names: \"*\", tags: [a], types: [Runbook, automation]}\n\
             regions: us-east-1\naccounts:\n  in: [organisation, Workloads/Prod, [x], ou-1]\n  \
             includeChildUnits: yes\ndocumentVersion: 3\nownership: Exclusive\nonboarding:\n  \
             - parameters: {a: [b]}\n  - runbook: \"a:1\"\n",
        expect![[r#"
            web.yaml:1:20 (documents.names): expected a list, found "*" [InvalidField]
              Put it in brackets: ["*"].
            web.yaml:1:31 (documents.tags): expected a mapping of tags to values, found a list [InvalidField]
              Correct the value.
            web.yaml:1:44 (documents.types[0]): expected a document type of SSM, found "Runbook" [InvalidField]
              Runbooks are of type `Automation`.
            web.yaml:1:53 (documents.types[1]): expected a document type of SSM, found "automation" [InvalidField]
              Did you mean `Automation`?
            web.yaml:2:10 (regions): expected a list, found "us-east-1" [InvalidField]
              Put it in brackets: ["us-east-1"].
            web.yaml:4:8 (accounts.in[0]): expected `organization`, an OU path (/Workloads/Prod), a root, OU or account id, found "organisation" [InvalidField]
              Write `organization` for every account.
            web.yaml:4:22 (accounts.in[1]): expected `organization`, an OU path (/Workloads/Prod), a root, OU or account id, found "Workloads/Prod" [InvalidField]
              Paths begin with a slash: `/Workloads/Prod`.
            web.yaml:4:38 (accounts.in[2]): expected `organization`, an OU path (/Workloads/Prod), a root, OU or account id, found a list [InvalidField]
              Correct the value.
            web.yaml:4:43 (accounts.in[3]): expected `organization`, an OU path (/Workloads/Prod), a root, OU or account id, found "ou-1" [InvalidField]
              Correct the value.
            web.yaml:5:22 (accounts.includeChildUnits): expected true or false, found "yes" [InvalidField]
              Correct the value.
            web.yaml:6:18 (documentVersion): expected one of `$DEFAULT`, `$LATEST`, `$ALL`, found the number 3 [InvalidField]
              SSM does not share versions by number.
            web.yaml:7:12 (ownership): expected one of `ledger`, `exclusive`, found "Exclusive" [InvalidField]
              Did you mean `exclusive`?
            web.yaml:9:5 (onboarding[0].runbook): missing field `runbook` [MissingField]
              Add it: the name of a runbook of the owner, or of one of Amazon's.
            web.yaml:10:14 (onboarding[1].runbook): expected a document name (3 to 128 of a-z, A-Z, 0-9, _, - and .), found "a:1" [InvalidField]
              Correct the value."#]],
    );
}

#[test]
fn double_braces_and_too_much_text_are_refused_before_parameter_store_does() {
    check(
        &format!("{DOCUMENTS}{REGIONS}{ACCOUNTS}# a {{{{x}}}}\n"),
        expect![[r#"
            web.yaml:4:5: found `{{`, which is not allowed in a parameter [TemplateBraces]
              Remove the double braces; Parameter Store reserves them."#]],
    );
    check(
        &"#".repeat(ADVANCED_TIER + 1),
        expect![[r#"
            web.yaml:1:1: expected a rule of at most 8192 bytes, found 8193 [RuleTooLarge]
              Split the rule in two."#]],
    );
    check(
        "documents: {names: [a]}\nregions: [us-east-1]\naccounts: {in: [organization]}\nonboarding: [{runbook: Org-A, parameters: {a: {b: c}}}]\n",
        expect![[r#"
            web.yaml:4:47 (onboarding[0].parameters.a): expected a list, found a mapping [InvalidField]
              Correct the value."#]],
    );
    check(
        "documents: {names: [a]}\nregions: [us-east-1]\naccounts: {in: [organization]}\nonboarding: [{runbook: Org-A}, {runbook: Org-A}]\n",
        expect![[r#"
            web.yaml:4:42 (onboarding[1].runbook): Org-A is named twice, and it runs once in an account [InvalidField]
              Correct the value."#]],
    );
}

#[test]
fn a_rule_over_four_kilobytes_works_and_is_warned_of() {
    let text = format!("{DOCUMENTS}{REGIONS}{ACCOUNTS}#{}", "x".repeat(STANDARD_TIER));
    let set = SharingRules::parse([RuleText::parameter("/runbook-relay/sharing/big", text)]);
    assert!(set.is_sound());
    assert_eq!(set.warnings.len(), 1);
    assert!(set.warnings[0].hint.contains("Advanced"), "{}", set.warnings[0]);
}

#[test]
fn an_invalid_rule_takes_no_other_with_it_but_makes_the_set_unsound() {
    let good = format!("{DOCUMENTS}{REGIONS}{ACCOUNTS}");
    let set = SharingRules::parse([
        RuleText::parameter("/runbook-relay/sharing/b", "documents: ["),
        RuleText::parameter("/runbook-relay/sharing/a", good.as_str()),
        RuleText::file("other/a.json", good.as_str()),
    ]);
    assert_eq!(set.rules.len(), 1);
    assert_eq!(set.rules[0].places.origin, "/runbook-relay/sharing/a");
    assert_eq!(set.rule("a"), Some(&set.rules[0]));
    assert_eq!(set.rule("b"), None, "it is invalid");
    let codes: Vec<_> = set.problems.iter().map(|problem| problem.code.as_str()).collect();
    assert_eq!(codes, ["DuplicateRule", "RuleSyntax"]);
    assert!(!set.is_sound());
    assert!(!SharingRules::parse([]).is_sound(), "without any rule the set is not sound");
}

#[test]
fn the_version_of_policy_depends_on_every_text_and_on_no_order() {
    let text = |name: &str, text: &str| RuleText::parameter(name, text);
    let version = |texts: Vec<RuleText>| SharingRules::parse(texts).version;
    let both = version(vec![text("a", "x"), text("b", "y")]);
    assert_eq!(both, version(vec![text("b", "y"), text("a", "x")]));
    assert!(both.starts_with("sha256:") && both.len() == 71);
    assert_ne!(both, version(vec![text("a", "x"), text("b", "z")]));
    assert_ne!(both, version(vec![text("a", "x")]));
    assert_ne!(version(vec![text("a", "bc")]), version(vec![text("ab", "c")]));
}

#[test]
fn a_document_is_selected_when_everything_given_holds() {
    let selector = rule(CONTRACT).documents.selector;
    let document = |name: &str, kind: &str, tag: &str| Document {
        name: name.parse().unwrap(),
        kind: kind.to_owned(),
        tags: [("share".to_owned(), tag.to_owned())].into(),
    };
    assert!(selector.selects(&document("Org-A", "Automation", "organization")));
    assert!(!selector.selects(&document("org-A", "Automation", "organization")), "case");
    assert!(!selector.selects(&document("XOrg-A", "Automation", "organization")), "anchored");
    assert!(!selector.selects(&document("Org-A", "Command", "organization")), "type");
    assert!(!selector.selects(&document("Org-A", "Automation", "team")), "tag");
}

#[test]
fn a_rule_that_is_written_down_again_is_the_same() {
    let mut first = rule(CONTRACT);
    let mut again = rule(&serde_json::to_string(&first).unwrap());
    (first.places, again.places) = Default::default();
    assert_eq!(first, again);
}

#[test]
fn a_version_is_written_and_read_as_ssm_spells_it() {
    for (version, text) in [
        (SharedVersion::Default, "$DEFAULT"),
        (SharedVersion::Latest, "$LATEST"),
        (SharedVersion::All, "$ALL"),
    ] {
        assert_eq!((version.as_str(), version.to_string().as_str()), (text, text));
        assert_eq!(SharedVersion::parse(text), Some(version));
        assert_eq!(serde_json::to_value(version).unwrap(), text, "as rules spell it");
    }
    assert_eq!(SharedVersion::parse("3"), None);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "[a-z:{}\\[\\]\\-\"' \n#&*!|>%@0-9_]{0,200}") {
        let set = SharingRules::parse([RuleText::file("x.yaml", text)]);
        assert_eq!(set.rules.len() + usize::from(!set.problems.is_empty()), 1);
    }

    #[test]
    fn a_rule_with_something_else_in_one_place_is_taken_or_named(
        line in 0usize..14, text in "[a-zA-Z0-9$/\"\\[\\]{}:, -]{0,30}"
    ) {
        let mut lines: Vec<&str> = CONTRACT.trim().lines().collect();
        lines[line] = &text;
        let set = SharingRules::parse([RuleText::file("x.yaml", lines.join("\n"))]);
        assert_eq!(set.rules.len() + usize::from(!set.problems.is_empty()), 1);
    }
}
