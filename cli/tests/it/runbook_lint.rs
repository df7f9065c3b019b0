//! `relay runbook lint`: findings in each form, exit codes, bad input, ruff.

use std::os::unix::fs::PermissionsExt;

use expect_test::expect;
use serde_json::json;

use crate::relay::{Ran, Relay};

/// A runbook with a finding of each weight and one that is allowed.
const FINDINGS: &str = "\
schemaVersion: '0.3'
mainSteps:
  # relay-lint: allow DestructiveWithoutApproval: the queue of a test
  - name: purge
    action: aws:executeAwsApi
    inputs:
      Service: sqs
      Api: PurgeQueue
      QueueUrl: https://sqs.eu-west-1.amazonaws.com/444455556666/mine
";

const INVALID: &str = "\
schemaVersion: '0.3'
mainSteps:
  - name: wait
    action: aws:nap
    inputs: {Duration: PT1S}
    nextStep: nowhere
";

const SCRIPT: &str = "\
schemaVersion: '0.3'
mainSteps:
  - name: run
    action: aws:executeScript
    inputs:
      Runtime: python3.11
      Handler: main
      Script: |
        import os

        def main(events, context):
            return os.system('ls ' + events['Folder'])
";

fn lint(relay: &Relay, more: &[&str]) -> Ran {
    relay.run(&[&["runbook", "lint"][..], more].concat())
}

#[test]
fn findings_are_drawn_with_line_caret_remedy_and_page() {
    let relay = Relay::new();
    relay.file("a.yaml", FINDINGS);
    relay.file("b.yaml", INVALID);
    expect![[r#"
        exit code 2
        error[InvalidDocumentContent]: Unknown action: aws:nap
         --> b.yaml:4:13
          |
        4 |     action: aws:nap
          |             ^^^^^^^ mainSteps[0].action
          |
          = note: relay explain InvalidDocumentContent

        error[InvalidDocumentContent]: Unknown step name: "nowhere" in nextStep
         --> b.yaml:6:15
          |
        6 |     nextStep: nowhere
          |               ^^^^^^^ mainSteps[0].nextStep
          |
          = note: relay explain InvalidDocumentContent

        warning[HardCodedAccount]: the account 444455556666 is written into the runbook
         --> a.yaml:9:53
          |
        9 |       QueueUrl: https://sqs.eu-west-1.amazonaws.com/444455556666/mine
          |                                                     ^^^^^^^^^^^^^^^^^ mainSteps[0].inputs.QueueUrl
          |
          = help: Take it as a parameter; for the account of the run write {{ global:ACCOUNT_ID }}.
          = note: relay explain HardCodedAccount

        note[MissingAssumeRole]: the runbook has no assumeRole: it acts with the rights of the caller that starts it
         --> a.yaml:4:3
          |
        4 |   - name: purge
          |   ^
          |
          = help: Add assumeRole, so that people may start it without having its rights.
          = note: relay explain MissingAssumeRole

        2 problems, 1 warning, 1 note, 1 allowed in 2 runbooks
    "#]].assert_eq(&lint(&relay, &["a.yaml", "b.yaml"]).story(relay.home.path()));
}

#[test]
fn colour_is_there_where_it_is_wanted_and_nowhere_else() {
    let relay = Relay::new();
    relay.file("a.yaml", FINDINGS);
    assert!(!lint(&relay, &["a.yaml"]).out.contains("\x1b["));
    let relay = Relay::new().set("CLICOLOR_FORCE", "1");
    relay.file("a.yaml", FINDINGS);
    let ran = lint(&relay, &["a.yaml"]);
    assert!(ran.out.contains("\x1b[") && ran.out.contains("HardCodedAccount"), "{}", ran.out);
    assert!(!lint(&relay, &["a.yaml", "--no-color"]).out.contains("\x1b["));
}

#[test]
fn a_program_gets_one_object_by_either_flag() {
    let relay = Relay::new();
    relay.file("a.yaml", FINDINGS);
    let by_output = lint(&relay, &["a.yaml", "--output", "json"]);
    let by_format = lint(&relay, &["a.yaml", "--format", "json"]);
    assert_eq!((by_output.code, &by_output.out), (2, &by_format.out));
    let found = by_output.json();
    assert_eq!(found["runbooks"], json!([{"file": "a.yaml", "valid": true}]));
    assert_eq!(found["problems"], json!([]));
    assert_eq!(
        found["warnings"],
        json!([{
            "code": "HardCodedAccount", "file": "a.yaml", "line": 9, "column": 53,
            "field": "mainSteps[0].inputs.QueueUrl",
            "message": "the account 444455556666 is written into the runbook",
            "hint": "Take it as a parameter; for the account of the run write {{ global:ACCOUNT_ID }}.",
            "page": "docs/lint.md#hardcodedaccount",
        }])
    );
    assert_eq!(found["notes"][0]["code"], "MissingAssumeRole");
    assert_eq!(found["suppressed"][0]["code"], "DestructiveWithoutApproval");
    assert_eq!(found["suppressed"][0]["reason"], "the queue of a test");
    let both = lint(&relay, &["a.yaml", "--output", "json", "--format", "sarif"]);
    assert_eq!((both.code, both.out.as_str()), (64, ""));
    assert!(both.err.contains("--output json and --format name two forms"), "{}", both.err);
}

#[test]
fn github_gets_an_annotation_for_each_finding() {
    let relay = Relay::new();
    relay.file("a.yaml", FINDINGS);
    relay.file("b.yaml", INVALID);
    let ran = lint(&relay, &["a.yaml", "b.yaml", "--format", "github"]);
    expect![[r#"
        exit code 2
        ::error file=b.yaml,line=4,col=13,title=InvalidDocumentContent::Unknown action: aws:nap
        ::error file=b.yaml,line=6,col=15,title=InvalidDocumentContent::Unknown step name: "nowhere" in nextStep
        ::warning file=a.yaml,line=9,col=53,title=HardCodedAccount::the account 444455556666 is written into the runbook%0ATake it as a parameter; for the account of the run write {{ global:ACCOUNT_ID }}.
        ::notice file=a.yaml,line=4,col=3,title=MissingAssumeRole::the runbook has no assumeRole: it acts with the rights of the caller that starts it%0AAdd assumeRole, so that people may start it without having its rights.
    "#]].assert_eq(&ran.story(relay.home.path()));
}

#[test]
fn sarif_has_rules_results_and_suppressions() {
    let relay = Relay::new();
    relay.file("a.yaml", FINDINGS);
    let ran = lint(&relay, &["a.yaml", "--format", "sarif"]);
    assert_eq!(ran.code, 2);
    let log = ran.json();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    let of = |code: &str| results.iter().find(|result| result["ruleId"] == code).unwrap();
    let account = of("HardCodedAccount");
    assert_eq!(account["level"], "warning");
    let place = &account["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a.yaml");
    assert_eq!(place["region"], json!({"startLine": 9, "startColumn": 53}));
    assert_eq!(of("MissingAssumeRole")["level"], "note");
    assert_eq!(
        of("DestructiveWithoutApproval")["suppressions"],
        json!([{"kind": "inSource", "justification": "the queue of a test"}])
    );
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for result in results {
        assert!(rules.iter().any(|rule| rule["id"] == result["ruleId"]), "{result}");
    }
}

#[test]
fn bad_input_is_an_error_and_not_a_finding_unless_it_is_a_broken_runbook() {
    let relay = Relay::new();
    relay.file("notes/readme.md", "mainSteps");
    relay.file("notes/template.yaml", "AWSTemplateFormatVersion: '2010-09-09'\nResources: {}\n");
    for (line, says) in [
        (&["missing.yaml"][..], "error: read missing.yaml"),
        (&["notes"], "error: no runbooks in notes"),
        (&[], "error: read runbooks"),
    ] {
        let ran = lint(&relay, line);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{line:?}");
        assert!(ran.err.starts_with(says), "{line:?}: {}", ran.err);
    }
    relay.file("notes/broken.yaml", "schemaVersion: '0.3'\nmainSteps: [\n");
    relay.file("text.yaml", "not a runbook");
    for path in ["notes", "text.yaml"] {
        let ran = lint(&relay, &[path]);
        assert_eq!(ran.code, 2, "{path}: {}{}", ran.out, ran.err);
        assert!(ran.out.contains("error[InvalidDocumentContent]"), "{path}: {}", ran.out);
    }
}

#[test]
fn a_folder_is_searched_and_what_is_hidden_or_a_test_is_left_alone() {
    let relay = Relay::new();
    for path in
        ["r/a.yaml", "r/deep/b.yml", "r/.git/c.yaml", "r/node_modules/d.yaml", "r/a.test.yaml"]
    {
        relay.file(path, FINDINGS);
    }
    relay.file("r/deep/c.json", r#"{"schemaVersion": "0.3", "mainSteps": [{"name": "a", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}]}"#);
    let found = lint(&relay, &["r", "r/a.yaml", "--output", "json"]).json();
    let files: Vec<_> =
        found["runbooks"].as_array().unwrap().iter().map(|each| &each["file"]).collect();
    assert_eq!(files, ["r/a.yaml", "r/deep/b.yml", "r/deep/c.json"]);
}

#[test]
fn without_ruff_one_note_says_so() {
    let relay = Relay::new();
    relay.file("r/a.yaml", SCRIPT);
    relay.file("r/b.yaml", SCRIPT);
    let ran = lint(&relay, &["r"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "no findings in 2 runbooks\n"));
    expect![[r#"
        note: ruff is not on the PATH: the scripts were not checked by it (pip install ruff)
    "#]]
    .assert_eq(&ran.err);
    assert_eq!(lint(&relay, &["r", "--quiet"]).err, "");
    // Without a script in Python there is nothing to say.
    relay.file("c.yaml", FINDINGS);
    assert_eq!(lint(&relay, &["c.yaml"]).err, "");
}

/// A program that answers as ruff does, with one finding in the first script.
fn with_ruff(version: &str) -> Relay {
    let relay = Relay::new();
    let ruff = format!(
        r#"#!/bin/sh
if [ "$1" = --version ]; then echo "ruff {version}"; exit; fi
for last; do :; done
printf '[{{"code": "S605", "message": "Starting a process with a shell", "filename": "%s/0-0.py",
  "location": {{"row": 4, "column": 12}}, "url": "https://docs.astral.sh/ruff/rules/S605"}}]' "$last"
"#
    );
    let file = relay.file("bin/ruff", &ruff);
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", relay.home.path().join("bin").display());
    relay.set("PATH", &path)
}

#[test]
fn what_ruff_finds_is_shown_at_its_line_in_the_runbook() {
    let relay = with_ruff("0.17.6");
    relay.file("a.yaml", SCRIPT);
    expect![[r#"
        exit code 2
        warning[S605]: Starting a process with a shell
          --> a.yaml:12:20
           |
        12 |             return os.system('ls ' + events['Folder'])
           |                    ^^^^^^^^^^^^^ mainSteps[0].inputs.Script
           |
           = help: https://docs.astral.sh/ruff/rules/S605 says why and what to do.

        1 warning in 1 runbook
    "#]]
    .assert_eq(&lint(&relay, &["a.yaml"]).story(relay.home.path()));
    let comment = "            # relay-lint: allow S605: the folder is ours\n";
    let allowed = SCRIPT.replace("            return", &format!("{comment}            return"));
    relay.file("a.yaml", &allowed);
    // The double's finding has to move down with its line.
    let moved = std::fs::read_to_string(relay.home.path().join("bin/ruff")).unwrap();
    relay.file("bin/ruff", &moved.replace("\"row\": 4", "\"row\": 5"));
    let ran = lint(&relay, &["a.yaml"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "no findings, 1 allowed in 1 runbook\n"),
        "{}",
        ran.err
    );
}

#[test]
fn an_old_ruff_is_not_believed() {
    let relay = with_ruff("0.4.10");
    relay.file("a.yaml", SCRIPT);
    let ran = lint(&relay, &["a.yaml"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    expect![[r#"
        note: expected ruff 0.5 or newer, found ruff 0.4.10: the scripts were not checked by it
    "#]]
    .assert_eq(&ran.err);
}

#[test]
fn every_rule_is_on_the_page_with_its_sentence() {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/lint.md")).unwrap();
    for rule in workbench::lint::Rule::ALL {
        let anchor = format!("<a id=\"{}\"></a>`{}`", rule.id().to_lowercase(), rule.id());
        assert!(page.contains(&anchor), "{anchor}");
        assert!(page.contains(rule.says()), "{}: {}", rule.id(), rule.says());
    }
}

#[test]
fn a_folder_of_many_runbooks_is_linted_in_one_run() {
    let relay = Relay::new();
    let step = "  - name: sN\n    action: aws:executeAwsApi\n    timeoutSeconds: 60\n    inputs: {Service: ec2, Api: DescribeInstances, InstanceIds: ['{{ InstanceId }}']}\n    outputs: [{Name: State, Selector: '$.Reservations[0].Instances[0].State.Name', Type: String}]\n";
    let steps: String = (0..12).map(|nth| step.replace("sN", &format!("s{nth}"))).collect();
    let text = format!(
        "schemaVersion: '0.3'\nparameters:\n  InstanceId: {{type: String}}\nmainSteps:\n{steps}"
    );
    for nth in 0..60 {
        relay.file(&format!("r/{nth}.yaml"), &text);
    }
    let ran = lint(&relay, &["r"]);
    assert!(ran.out.ends_with("60 notes in 60 runbooks\n"), "{}{}", ran.out, ran.err);
}
