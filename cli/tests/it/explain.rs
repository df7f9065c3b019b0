//! `relay explain` without AWS: pages about codes, and an alarm's event against rules of a folder.

use std::path::Path;

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use crate::relay::Relay;

const RULES: [(&str, &str); 4] = [
    ("other-name", "alarm: {names: [\"web-*\"]}\nresource: {dimension: InstanceId}\n"),
    ("other-metric", "alarm: {namespace: AWS/RDS}\nresource: {dimension: InstanceId}\n"),
    (
        "cpu",
        "priority: 50\nmode: active\nalarm: {metric: CPUUtilization}\nresource: {dimension: InstanceId}\n",
    ),
    ("late", "priority: 200\nalarm: {names: [\"*\"]}\nresource: {literal: x}\n"),
];
const LADDER: &str = "ladder:\n  - runbook: Org-Rotate\n    parameters: {InstanceId: [\"{resource}\"], ApiToken: [hunter2-hunter2]}\n";

fn relay() -> Relay {
    let relay = Relay::new();
    for (name, text) in RULES {
        relay.file(&format!("rules/remediation/{name}.yaml"), &format!("{text}{LADDER}"));
    }
    for (name, path) in [
        ("event.json", "aws.cloudwatch/alarm-state-change.json"),
        ("ok.json", "aws.cloudwatch/alarm-state-change-to-ok.json"),
        ("create.json", "aws.organizations/account-joined.json"),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events").join(path);
        relay.file(name, &std::fs::read_to_string(path).unwrap());
    }
    relay
}

fn story(relay: &Relay, line: &[&str], expected: &Expect) {
    let ran = relay.run(line);
    expected.assert_eq(&ran.story(relay.home.path()));
}

#[test]
fn a_code_is_explained_offline_in_whatever_case() {
    let relay = Relay::new();
    story(
        &relay,
        &["explain", "coolingdown"],
        &expect![[r#"
            exit code 0
            CoolingDown

            *Problem in an outcome, about guardrails.* The same rule ran on the same resource less than `guard.coolDown` ago, counted from the end of that run.

            What the suite did

            It started nothing.

            What to do

            If the alarm comes back so soon, the runbook does not help for long: find the cause, or add a rung. Lower `guard.coolDown` only if runs at short intervals are meant.

            Once the cause is repaired by hand, `relay unlock RESOURCE --cool-down -m REASON` ends the cool-downs on that resource.
        "#]],
    );
    let page = relay.run(&["explain", "CoolingDown", "--output", "json"]).json();
    assert_eq!(page["code"], "CoolingDown");
}

#[test]
fn an_event_is_explained_against_rules_of_a_folder_without_aws() {
    for (columns, expected) in [
        (
            "80",
            expect![[r#"
        exit code 0
        alarm      arn:aws:cloudwatch:us-east-1:111122223333:alarm:ServerCpuTooHigh
        rule       cpu would answer it (mode active)
        not        other-metric: the metric AWS/EC2/CPUUtilization is not AWS/RDS/*
                   other-name: the name ServerCpuTooHigh is not `web-*`
                   late: fits, and cpu comes first
        resources  i-12345678901234567
        rung 1     Org-Rotate
                   ApiToken: ***
                   InstanceId: i-12345678901234567
        notes      the guardrails were not asked: --rules names a folder
    "#]],
        ),
        (
            "120",
            expect![[r#"
        exit code 0
        alarm      arn:aws:cloudwatch:us-east-1:111122223333:alarm:ServerCpuTooHigh
        rule       cpu would answer it (mode active)
        not        other-metric: the metric AWS/EC2/CPUUtilization is not AWS/RDS/*
                   other-name: the name ServerCpuTooHigh is not `web-*`
                   late: fits, and cpu comes first
        resources  i-12345678901234567
        rung 1     Org-Rotate
                   ApiToken: ***
                   InstanceId: i-12345678901234567
        notes      the guardrails were not asked: --rules names a folder
    "#]],
        ),
    ] {
        let relay = relay().set("COLUMNS", columns);
        let line = ["explain", "event.json", "--rules", "rules"];
        story(&relay, &line, &expected);
        let ran = relay.run(&line);
        let most: usize = columns.parse().unwrap();
        assert!(ran.out.lines().all(|line| line.chars().count() <= most), "{}", ran.out);
        assert!(!ran.out.contains("hunter2"), "{}", ran.out);
    }
}

#[test]
fn titles_are_bold_where_colour_is_wanted_and_never_with_no_color() {
    let line = ["explain", "event.json", "--rules", "rules"];
    let colored = relay().set("CLICOLOR_FORCE", "1").run(&line);
    assert!(colored.out.contains("\u{1b}[1malarm\u{1b}[0m"), "{:?}", colored.out);
    let plain = relay().set("NO_COLOR", "1").run(&line);
    assert!(!plain.out.contains('\u{1b}'), "{:?}", plain.out);
}

#[test]
fn the_explanation_is_one_object_for_programs() {
    let line = ["explain", "event.json", "--rules", "rules", "--output", "json"];
    let explained = relay().run(&line).json();
    assert_eq!(explained["rule"], "cpu");
    assert_eq!(explained["decision"], Value::Null);
    let verdicts = explained["rules"].as_array().unwrap().iter();
    let verdicts: Vec<(&str, &str)> = verdicts
        .map(|rule| (rule["rule"].as_str().unwrap(), rule["verdict"].as_str().unwrap()))
        .collect();
    assert_eq!(
        verdicts,
        [
            ("cpu", "answers"),
            ("other-metric", "differs"),
            ("other-name", "differs"),
            ("late", "later")
        ]
    );
    let parameters = json!({"InstanceId": ["i-12345678901234567"], "ApiToken": ["***"]});
    assert_eq!(explained["runs"][0]["parameters"], parameters);
}

#[test]
fn what_cannot_be_explained_says_so_and_what_to_do() {
    let relay = relay();
    story(
        &relay,
        &["explain", "ok.json", "--rules", "rules"],
        &expect![[r#"
        exit code 0
        nothing would be done: alarm ServerCpuTooHigh went to OK: no transition into ALARM
    "#]],
    );
    story(
        &relay,
        &["explain", "create.json", "--rules", "rules"],
        &expect![[r#"
        exit code 0
        nothing would be done: foreign event: source aws.organizations, AWS Service Event via CloudTrail
    "#]],
    );
    story(
        &relay,
        &["explain", "ColingDown", "--rules", "rules"],
        &expect![[r#"
        exit code 1
        error: there is no code and no file ColingDown
        help: Did you mean `CoolingDown`?
        help: With --rules, name a file with an alarm's event: an alarm is looked up in AWS.
    "#]],
    );
    story(
        &relay,
        &["explain", "event.json", "--rules", "nowhere"],
        &expect![[r#"
        exit code 1
        error: read nowhere
          caused by: No such file or directory (os error 2)
    "#]],
    );
    assert_eq!(relay.run(&["explain"]).code, 64);
}

#[test]
fn a_rule_that_hangs_on_tags_is_not_guessed() {
    let relay = relay();
    relay.file(
        "rules/remediation/cpu.yaml",
        &format!(
            "priority: 50\nalarm: {{tags: {{team: web}}}}\nresource: {{literal: x}}\n{LADDER}"
        ),
    );
    let line = ["explain", "event.json", "--rules", "rules", "--output", "json"];
    let explained = relay.run(&line).json();
    assert_eq!(explained["rule"], Value::Null);
    assert_eq!(explained["rules"][0]["why"], "depends on the alarm's tags, not looked up here");
    assert_eq!(explained["notes"][0], "whether cpu answers it was not looked up");
}
