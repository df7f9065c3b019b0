//! Which rule an alarm is a case of.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::organization::testing::organization;

use super::*;

#[track_caller]
fn found(set: &RemediationRules, trigger: &AlarmTrigger, known: &Known<'_>) -> String {
    match find_rule(&set.rules, trigger, known) {
        Found::Rule(rule) => rule.name.clone(),
        Found::Nothing => "nothing".to_owned(),
        Found::Unclear { rule, problem } => format!("{}? {}", rule.name, problem.what),
        Found::Needs { lookups, .. } => format!("{lookups:?}"),
    }
}

fn blind(set: &RemediationRules, trigger: &AlarmTrigger) -> String {
    found(set, trigger, &Known::default())
}

const INSTANCE: &str = "aws.cloudwatch/status-check-instance.json";

#[test]
fn active_before_observing_then_priority_then_name() {
    let text = |more: &str| least(&format!("alarm: {{names: [ec2-*]}}\n{more}"));
    let rules = [
        ("a", text("mode: observe\npriority: 1\n")),
        ("c", text("priority: 50\n")),
        ("b", text("priority: 50\n")),
        ("d", text("")),
        ("0", text("mode: off\npriority: 0\n")),
    ];
    let mut rules: Vec<(&str, &str)> =
        rules.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let mut tried = Vec::new();
    while !rules.is_empty() {
        let name = blind(&set(&rules), &trigger(INSTANCE));
        assert!(rules.iter().any(|(rule, _)| *rule == name), "{name}");
        rules.retain(|(rule, _)| *rule != name && *rule != "0");
        tried.push(name);
    }
    assert_eq!(tried, ["b", "c", "d", "a"]);
}

#[test]
fn everything_that_is_given_has_to_hold() {
    for (selector, file, fits) in [
        ("names: [ec2-status-*]", INSTANCE, true),
        ("names: [EC2-status-*]", INSTANCE, false),
        ("names: [other, ec2-status-instance]", INSTANCE, true),
        ("namespace: AWS/EC2, metric: StatusCheckFailed_Instance", INSTANCE, true),
        ("namespace: AWS/EC2, metric: StatusCheckFailed_System", INSTANCE, false),
        ("metric: StatusCheckFailed*", INSTANCE, true),
        ("namespace: AWS/RDS", INSTANCE, false),
        ("names: [ec2-*], regions: [eu-west-1]", INSTANCE, true),
        ("names: [ec2-*], regions: [us-east-1]", INSTANCE, false),
        ("names: [ec2-*], accounts: [\"444455556666\"]", INSTANCE, true),
        ("names: [ec2-*], accounts: [\"111122223333\"]", INSTANCE, false),
        ("names: [ec2-*], accounts: [organization]", INSTANCE, true),
        ("names: [ec2-*], exclude: [\"444455556666\"]", INSTANCE, false),
        ("namespace: AWS/EC2, metric: NetworkOut", "aws.cloudwatch/metric-math.json", true),
        ("namespace: AWS/EC2, metric: CPUUtilization", "aws.cloudwatch/anomaly.json", true),
        ("namespace: AWS/DynamoDB", "aws.cloudwatch/metrics-insights.json", true),
        ("namespace: AWS/DynamoDB", "aws.cloudwatch/contributor.json", false),
        ("namespace: AWS/DynamoDB, contributors: true", "aws.cloudwatch/contributor.json", true),
        (
            "namespace: AWS/DynamoDB, contributors: true",
            "aws.cloudwatch/metrics-insights.json",
            false,
        ),
    ] {
        let text = least(&format!("alarm: {{{selector}}}\n"));
        let found = blind(&set(&[("r", &text)]), &trigger(file));
        assert_eq!(found, if fits { "r" } else { "nothing" }, "{selector} for {file}");
    }
}

#[test]
fn a_place_is_looked_up_only_where_no_account_id_decides() {
    let elsewhere = "\"111122223333\"";
    let here = "\"444455556666\"";
    for (selector, expected) in [
        (format!("accounts: [/Workloads, {elsewhere}]"), "{Place}"),
        (format!("accounts: [/Workloads, {here}]"), "r"),
        (format!("accounts: [/Workloads], exclude: [{here}]"), "nothing"),
        (format!("accounts: [{elsewhere}], exclude: [/Workloads]"), "nothing"),
        (format!("accounts: [{here}], exclude: [/Workloads]"), "{Place}"),
        (format!("accounts: [{here}], exclude: [{elsewhere}]"), "r"),
    ] {
        let text = least(&format!("alarm: {{names: [ec2-*], {selector}}}\n"));
        assert_eq!(blind(&set(&[("r", &text)]), &trigger(INSTANCE)), expected, "{selector}");
    }
}

#[test]
fn a_composites_metrics_are_looked_up_only_where_a_rule_asks_for_them() {
    let by_name = least("alarm: {names: [Service*]}\npriority: 2\n");
    let by_metric = least("alarm: {namespace: AWS/EC2}\npriority: 1\n");
    let mut composite = trigger("aws.cloudwatch/composite.json");
    assert_eq!(blind(&set(&[("name", &by_name)]), &composite), "name");
    let both = set(&[("name", &by_name), ("metric", &by_metric)]);
    assert_eq!(blind(&both, &composite), "{Children}", "the earlier rule depends on it");
    let known = Known { children: true, ..Known::default() };
    assert_eq!(found(&both, &composite, &known), "name", "its children are gone");
    composite.metrics = trigger(INSTANCE).metrics;
    assert_eq!(blind(&both, &composite), "metric");
}

#[test]
fn tags_and_places_are_looked_up_only_where_they_decide() {
    let tagged = least("alarm: {names: [ec2-*], tags: {team: pay*}}\npriority: 1\n");
    let placed = least("alarm: {names: [ec2-*], accounts: [/Workloads]}\npriority: 2\n");
    let any = least("alarm: {names: [ec2-*]}\npriority: 3\n");
    let first = least("alarm: {names: [ec2-*]}\npriority: 0\n");
    let alarm = trigger(INSTANCE);
    assert_eq!(
        blind(&set(&[("t", &tagged), ("p", &placed), ("a", &any)]), &alarm),
        "{Tags, Place}"
    );
    assert_eq!(blind(&set(&[("t", &tagged), ("f", &first)]), &alarm), "f", "nothing to ask");
    let set = set(&[("t", &tagged), ("a", &any)]);
    for (value, expected) in [("payments", "t"), ("web", "a")] {
        let tags: BTreeMap<String, String> = [("team".to_owned(), value.to_owned())].into();
        let known = Known { tags: Some(&tags), ..Known::default() };
        assert_eq!(found(&set, &alarm, &known), expected);
    }
}

#[test]
fn the_place_of_the_alarms_account_is_that_in_the_organization() {
    let organization = organization();
    let known = Known { organization: Some(&organization), ..Known::default() };
    let mut alarm = trigger(INSTANCE);
    for (account, selector, fits) in [
        ("000000000001", "accounts: [/Workloads]", true),
        ("000000000003", "accounts: [/Workloads]", false),
        ("000000000003", "accounts: [/Workloads], includeChildUnits: true", true),
        ("000000000003", "exclude: [/Workloads]", false),
        ("000000000004", "exclude: [/Workloads]", true),
        ("000000000009", "accounts: [organization]", false),
    ] {
        let arn = alarm.alarm.as_str().replace(alarm.alarm.account().as_str(), account);
        alarm.alarm = arn.parse().unwrap();
        let text = least(&format!("alarm: {{names: [ec2-*], {selector}}}\n"));
        let set = set(&[("r", &text)]);
        assert_eq!(found(&set, &alarm, &known) == "r", fits, "{selector} for {account}");
    }
}

#[test]
fn an_ou_that_is_gone_keeps_its_rule_and_the_later_ones_from_answering() {
    let organization = organization();
    let known = Known { organization: Some(&organization), ..Known::default() };
    let mut alarm = trigger(INSTANCE);
    let arn = alarm.alarm.as_str().replace(alarm.alarm.account().as_str(), "000000000004");
    alarm.alarm = arn.parse().unwrap();
    let later = least("alarm: {names: [ec2-*]}\npriority: 9\n");
    let unclear = "r? the organization has no OU /Prod";
    for (selector, expected) in [
        ("exclude: [/Prod]", unclear),
        ("accounts: [/Prod]", unclear),
        ("accounts: [/Prod, /Sandbox]", "r"),
        ("exclude: [/Prod, /Sandbox]", "later"),
        ("exclude: [/Prod], regions: [ap-south-1]", "later"),
    ] {
        let text = least(&format!("alarm: {{names: [ec2-*], {selector}}}\npriority: 1\n"));
        let set = set(&[("r", &text), ("later", &later)]);
        assert_eq!(found(&set, &alarm, &known), expected, "{selector}");
    }
    let tagged = least("alarm: {names: [ec2-*], tags: {team: pay*}}\npriority: 0\n");
    let excluding = least("alarm: {names: [ec2-*], exclude: [/Prod]}\npriority: 1\n");
    let set = set(&[("t", &tagged), ("r", &excluding)]);
    assert_eq!(found(&set, &alarm, &known), "{Tags}", "an earlier rule may still answer");
}

#[test]
fn two_rules_that_may_be_about_one_alarm_are_warned_of() {
    fn overlap(a: &str, b: &str) -> bool {
        let (a, b) = (least(&format!("alarm: {{{a}}}\n")), least(&format!("alarm: {{{b}}}\n")));
        let warnings = set(&[("a", &a), ("b", &b)]).warnings;
        assert!(warnings.len() < 2, "{warnings:?}");
        warnings.iter().any(|warning| warning.code.as_str() == "RulesOverlap")
    }
    assert!(overlap("names: [web-*]", "names: [\"*-cpu\"]"));
    assert!(!overlap("names: [web-*]", "names: [db-*]"));
    assert!(overlap("names: [web-*]", "namespace: AWS/EC2"));
    assert!(!overlap("names: [w], regions: [us-east-1]", "names: [w], regions: [eu-west-1]"));
    assert!(!overlap("names: [w], contributors: true", "names: [w]"));
    assert!(!overlap("names: [w], tags: {team: a}", "names: [w], tags: {team: b}"));
    assert!(overlap("names: [w], tags: {team: a}", "names: [w], tags: {stage: b}"));
    assert!(!overlap(
        "names: [w], accounts: [\"111122223333\"]",
        "names: [w], accounts: [\"444455556666\"]"
    ));
    assert!(overlap("names: [w], accounts: [\"111122223333\"]", "names: [w], accounts: [/Prod]"));
    let rule = least("");
    let off = least("mode: off\n");
    assert_eq!(
        set(&[("a", &rule), ("b", &off)]).warnings,
        [],
        "a rule that is off overlaps with none"
    );
    let warned: BTreeSet<String> = set(&[("a", &rule), ("b", &least("mode: observe\n"))])
        .warnings
        .iter()
        .map(ToString::to_string)
        .collect();
    expect_test::expect![[r#"
        /runbook-relay/remediation/b:1:8 (alarm): an alarm may be a case of `a` and of `b`; `a` is tried first [RulesOverlap]
          Narrow one of the two, or leave it: the lower `priority` wins, then the name."#]].assert_eq(&warned.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn every_rule_is_compared_in_the_order_of_trial_with_what_differs_or_is_not_known() {
    let organization = organization();
    let known = Known { organization: Some(&organization), ..Known::default() };
    let mut alarm = trigger(INSTANCE);
    let arn = alarm.alarm.as_str().replace(alarm.alarm.account().as_str(), "000000000004");
    alarm.alarm = arn.parse().unwrap();
    let texts = [
        ("off", "names: [ec2-*]}\nmode: off\npriority: 1"),
        ("other", "names: [web-*], regions: [us-east-1], namespace: AWS/EC2}\npriority: 2"),
        ("tagged", "names: [ec2-*], tags: {team: pay*}}\npriority: 3"),
        ("gone", "names: [ec2-*], exclude: [/Prod]}\npriority: 4"),
        ("fits", "names: [ec2-*]}\npriority: 5"),
        ("later", "metric: StatusCheckFailed*}\npriority: 6"),
    ];
    let texts = texts.map(|(name, text)| (name, least(&format!("alarm: {{{text}\n"))));
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, &**text)).collect();
    let set = set(&texts);
    let compared = compare_rules(&set.rules, &alarm, &known);
    let verdicts: Vec<(&str, String)> = compared
        .iter()
        .map(|RuleComparison { rule, verdict }| {
            let verdict = match verdict {
                RuleVerdict::Unclear(problem) => problem.what.clone(),
                verdict => format!("{verdict:?}"),
            };
            (rule.name.as_str(), verdict)
        })
        .collect();
    let expected = [
        ("other", "Differs([Names, Regions])"),
        ("tagged", "Needs({Tags})"),
        ("gone", "the organization has no OU /Prod"),
        ("fits", "Fits"),
        ("later", "Fits"),
        ("off", "Off"),
    ];
    assert_eq!(verdicts, expected.map(|(name, verdict)| (name, verdict.to_owned())));
}
