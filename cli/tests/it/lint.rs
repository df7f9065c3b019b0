//! `relay rules lint`: everything at once, with the line, the caret, the remedy and the page.

use expect_test::expect;

use crate::relay::Relay;

/// One rule of each kind with problems, and one that is valid.
fn broken() -> Relay {
    let relay = Relay::new();
    relay.file(
        "rules/sharing/baseline.yaml",
        "documents: {names: [\"Org-*\"], owner: 222233334444}\n\
         regoins: [us-east-1]\n\
         regions: [us-east-1]\n\
         accounts: {in: [organization]}\n",
    );
    relay.file("rules/remediation/disk.yaml", "alarm: {namespace: CWAgent\nladder: []\n");
    relay.file("rules/remediation/reboot.yaml", REBOOT);
    relay
}

const REBOOT: &str = "\
alarm: {namespace: AWS/EC2, metric: StatusCheckFailed_Instance}
resource: {dimension: InstanceId}
ladder:
  - runbook: Relay-RebootInstance
    parameters: {InstanceId: [\"{resource}\"]}
    recoverWithin: 10m
guard: {coolDown: 1h}
";

#[test]
fn every_problem_is_drawn_at_its_line_with_remedy_and_page() {
    let relay = broken();
    let ran = relay.run(&["rules", "lint"]);
    expect![[r#"
        exit code 2
        error[AccountIdNotQuoted]: expected an account id in quotes, found the number 222233334444
         --> rules/sharing/baseline.yaml:1:38
          |
        1 | documents: {names: ["Org-*"], owner: 222233334444}
          |                                      ^^^^^^^^^^^^ documents.owner
          |
          = help: Quote it: "222233334444".
          = note: relay explain AccountIdNotQuoted

        error[UnknownField]: unknown field `regoins`, expected one of `documents`, `regions`, `accounts`, `documentVersion`, `distribution`, `ownership`, `onboarding`
         --> rules/sharing/baseline.yaml:2:1
          |
        2 | regoins: [us-east-1]
          | ^^^^^^^ regoins
          |
          = help: Did you mean `regions`?
          = note: relay explain UnknownField

        error[RuleSyntax]: while parsing a flow mapping, did not find expected ',' or '}'
         --> rules/remediation/disk.yaml:2:7
          |
        2 | ladder: []
          |       ^
          |
          = help: Correct the YAML at this place; `relay rules lint` checks the whole set.
          = note: relay explain RuleSyntax

        3 problems in 2 of 3 rules
    "#]].assert_eq(&ran.story(relay.home.path()));
}

#[test]
fn a_program_gets_one_object_with_problems_warnings_and_rules() {
    let relay = broken();
    let ran = relay.run(&["rules", "lint", "--output", "json"]);
    expect![[r#"
        exit code 2
        {
          "problems": [
            {
              "code": "AccountIdNotQuoted",
              "file": "rules/sharing/baseline.yaml",
              "line": 1,
              "column": 38,
              "field": "documents.owner",
              "message": "expected an account id in quotes, found the number 222233334444",
              "hint": "Quote it: \"222233334444\".",
              "page": "docs/errors/AccountIdNotQuoted.md"
            },
            {
              "code": "UnknownField",
              "file": "rules/sharing/baseline.yaml",
              "line": 2,
              "column": 1,
              "field": "regoins",
              "message": "unknown field `regoins`, expected one of `documents`, `regions`, `accounts`, `documentVersion`, `distribution`, `ownership`, `onboarding`",
              "hint": "Did you mean `regions`?",
              "page": "docs/errors/UnknownField.md"
            },
            {
              "code": "RuleSyntax",
              "file": "rules/remediation/disk.yaml",
              "line": 2,
              "column": 7,
              "field": null,
              "message": "while parsing a flow mapping, did not find expected ',' or '}'",
              "hint": "Correct the YAML at this place; `relay rules lint` checks the whole set.",
              "page": "docs/errors/RuleSyntax.md"
            }
          ],
          "warnings": [],
          "rules": [
            {
              "kind": "sharing",
              "name": "baseline",
              "file": "rules/sharing/baseline.yaml",
              "valid": false
            },
            {
              "kind": "remediation",
              "name": "disk",
              "file": "rules/remediation/disk.yaml",
              "valid": false
            },
            {
              "kind": "remediation",
              "name": "reboot",
              "file": "rules/remediation/reboot.yaml",
              "valid": true
            }
          ]
        }
    "#]].assert_eq(&ran.story(relay.home.path()));
}

#[test]
fn warnings_alone_are_no_reason_to_fail() {
    let relay = Relay::new();
    relay.file("rules/remediation/reboot.yaml", &REBOOT.replace("coolDown: 1h", "coolDown: 0s"));
    let ran = relay.run(&["rules", "lint"]);
    expect![[r#"
        exit code 0
        warning[GuardLoose]: no cool-down: a runbook that does not help is started again at once
         --> rules/remediation/reboot.yaml:7:19
          |
        7 | guard: {coolDown: 0s}
          |                   ^^ guard.coolDown
          |
          = help: Give it some minutes.
          = note: relay explain GuardLoose

        1 rule is valid, 1 warning
    "#]]
    .assert_eq(&ran.story(relay.home.path()));
}

#[test]
fn valid_rules_exit_with_0_and_one_file_can_be_checked_by_itself() {
    let relay = broken();
    let ran = relay.run(&["rules", "lint", "rules/remediation/reboot.yaml"]);
    assert_eq!(ran.story(relay.home.path()), "exit code 0\n1 rule is valid\n");
}

#[test]
fn nothing_to_check_is_a_failure() {
    let relay = Relay::new();
    relay.file("rules/notes.txt", "not a rule");
    relay.file("other/reboot.yaml", REBOOT);
    for line in [
        ["rules", "lint", "rules"],
        ["rules", "lint", "none"],
        ["rules", "lint", "other/reboot.yaml"],
    ] {
        let ran = relay.run(&line);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{line:?}");
        assert!(ran.err.starts_with("error: "), "{line:?}: {}", ran.err);
    }
}

#[test]
fn two_files_of_one_rule_are_a_problem() {
    let relay = Relay::new();
    relay.file("rules/remediation/reboot.yaml", REBOOT);
    relay.file("rules/remediation/reboot.yml", REBOOT);
    let ran = relay.run(&["rules", "lint"]);
    assert_eq!(ran.code, 2);
    assert!(ran.out.contains("error[DuplicateRule]"), "{}", ran.out);
    assert!(ran.out.contains("--> rules/remediation/reboot.yml"), "{}", ran.out);
}
