//! Which resource an alarm is about.

use expect_test::expect;

use super::*;

#[track_caller]
fn known(text: &str, trigger: &AlarmTrigger) -> (String, String, Vec<String>) {
    match rule(text).resolve(trigger) {
        Resolution::Known(subject) => {
            (subject.account.to_string(), subject.region.to_string(), subject.resources)
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(text: &str, trigger: &AlarmTrigger) -> String {
    match rule(text).resolve(trigger) {
        Resolution::Refused(problem) => problem.to_string(),
        other => panic!("{other:?}"),
    }
}

fn here(account: &str, region: &str, ids: &[&str]) -> (String, String, Vec<String>) {
    (account.into(), region.into(), ids.iter().map(ToString::to_string).collect())
}

const CPU: &str = "aws.cloudwatch/alarm-state-change.json";

#[test]
fn a_dimension_names_the_resource_where_its_metric_comes_from() {
    let cpu = trigger(CPU);
    assert_eq!(
        known(&least(""), &cpu),
        here("111122223333", "us-east-1", &["i-12345678901234567"])
    );
    assert_eq!(
        known(&least(""), &trigger("aws.cloudwatch/alarm-state-change-cross-account.json")),
        here("444455556666", "us-east-1", &["i-12345678901234567"]),
        "of the metric's account"
    );
    assert_eq!(
        known(
            &least(
                "resource: {dimension: InstanceId, account: \"777788889999\", region: eu-west-1}\n"
            ),
            &cpu
        ),
        here("777788889999", "eu-west-1", &["i-12345678901234567"]),
        "of the account that the rule names"
    );
    assert_eq!(
        known(
            &least("resource: {dimension: TableName}\n"),
            &trigger("aws.cloudwatch/contributor.json")
        ),
        here("111122223333", "us-east-1", &["example-dynamodb-table-name"])
    );
}

#[test]
fn a_literal_and_no_resource_at_all_ask_nothing_of_the_alarm() {
    let cpu = trigger(CPU);
    assert_eq!(
        known(&least("resource: {literal: vol-1}\n"), &cpu),
        here("111122223333", "us-east-1", &["vol-1"])
    );
    let targets = "alarm: {names: [w]}\nladder: [{runbook: Org-A}]\nrun: {targets: {parameter: A, values: [x]}}\n";
    assert_eq!(known(targets, &cpu), here("111122223333", "us-east-1", &[]));
}

#[test]
fn what_has_tags_is_looked_up_and_named_by_the_end_of_its_arn() {
    let cpu = trigger(CPU);
    let rule = rule(&least("resource: {tags: {App: web}, account: \"777788889999\"}\n"));
    assert_eq!(
        rule.resolve(&cpu),
        Resolution::LookUp {
            account: "777788889999".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            kind: "ec2:instance".into(),
            tags: [("App".to_owned(), "web".to_owned())].into(),
        }
    );
    let found = |ids: &[&str]| {
        let arns: Vec<String> = ids
            .iter()
            .map(|id| format!("arn:aws:ec2:us-east-1:777788889999:instance/{id}"))
            .collect();
        rule.resolve_found(&cpu, &arns)
    };
    let Resolution::Known(subject) = found(&["i-1"]) else { panic!() };
    assert_eq!(subject.account.as_str(), "777788889999");
    assert_eq!(subject.resources, ["i-1"]);
    assert!(matches!(found(&[]), Resolution::Refused(_)));
    assert!(matches!(found(&["i-1", "i-2"]), Resolution::Refused(_)));
}

#[test]
fn several_resources_are_refused_unless_the_rule_sets_rate_controls() {
    let two = trigger("aws.cloudwatch/metric-math-two-instances.json");
    expect![[r#"
        web.yaml:2:11 (resource): the alarm is about 2 resources: i-0fedcba9876543210, i-12345678901234567 [SeveralResources]
          Set `run.maxConcurrency` and `run.maxErrors` if the runbook may run on all of them."#]].assert_eq(&refused(&least(""), &two));
    assert_eq!(
        known(&least("run: {maxConcurrency: 1, maxErrors: 0}\n"), &two),
        here("111122223333", "us-east-1", &["i-0fedcba9876543210", "i-12345678901234567"])
    );
    let mut apart = two;
    apart.metrics[0].account = Some("777788889999".parse().unwrap());
    expect![[r#"
        web.yaml:2:11 (resource): the alarm is about resources of several accounts or Regions [SeveralResources]
          Write one rule for each, or use `run.locations`."#]].assert_eq(&refused(&least("run: {maxErrors: 0}\n"), &apart));
}

#[test]
fn an_alarm_without_the_dimension_says_which_it_has() {
    let disk = least("resource: {dimension: VolumeId}\n");
    expect![[r#"
        web.yaml:3:23 (resource.dimension): alarm ServerCpuTooHigh has no dimension `VolumeId`; it has InstanceId [ResourceUnknown]
          Name a dimension that the alarm has, tags, or a literal in `resource`."#]].assert_eq(&refused(&disk, &trigger(CPU)));
    expect![[r#"
        web.yaml:3:23 (resource.dimension): alarm DynamoDBInsightsAlarm has no dimension `VolumeId`; it has no dimensions [ResourceUnknown]
          Name a dimension that the alarm has, tags, or a literal in `resource`."#]].assert_eq(&refused(&disk, &trigger("aws.cloudwatch/metrics-insights.json")));
}

#[test]
fn parameters_are_filled_in_from_alarm_and_resource() {
    let rule = rule(&least(
        "ladder: [{runbook: Org-A, parameters: {A: [\"{resource}\", \"{account}/{region}\"], \
         B: [\"{alarm} {dimension.InstanceId}\"], C: [\"{dimension.path}\"]}}]\n",
    ));
    let cpu = trigger(CPU);
    let Resolution::Known(subject) = rule.resolve(&cpu) else { panic!() };
    let values = rule.values(&cpu, &subject);
    let mut parameters = rule.ladder[0].parameters.clone();
    let (parameter, error) = values.fill_all(&parameters).unwrap_err();
    assert_eq!(parameter, "C");
    assert!(error.to_string().contains("`{dimension.path}`"), "{error}");
    parameters.remove("C");
    let filled = values.fill_all(&parameters).unwrap();
    assert_eq!(filled["A"], ["i-12345678901234567", "111122223333/us-east-1"]);
    assert_eq!(filled["B"], ["ServerCpuTooHigh i-12345678901234567"]);
}

#[test]
fn an_instance_of_a_group_or_on_an_instance_store_is_left_alone_unless_the_rule_says_otherwise() {
    let group = InstanceFacts { auto_scaling_group: Some("web".into()), ..Default::default() };
    let store = InstanceFacts { instance_store_root: true, ..Default::default() };
    let judge = |more: &str, facts: &InstanceFacts| {
        rule(&least(&format!("resource: {{dimension: InstanceId{more}}}\n"))).judge("i-1", facts)
    };
    for facts in [&group, &store] {
        let InstanceVerdict::Refused(problem) = judge("", facts) else { panic!() };
        assert_eq!(problem.code.as_str(), "ResourceRefused");
    }
    let run = |standby: Option<&str>| InstanceVerdict::Run {
        warnings: vec![],
        standby: standby.map(str::to_owned),
    };
    assert_eq!(judge(", autoScaling: standby", &group), run(Some("web")));
    assert_eq!(judge(", autoScaling: allow", &group), run(None));
    assert_eq!(judge(", instanceStore: allow", &store), run(None));
    assert_eq!(judge("", &InstanceFacts::default()), run(None));
}

#[test]
fn what_an_instance_may_lose_is_warned_of() {
    let facts = InstanceFacts {
        instance_store_volumes: 2,
        loose_public_address: true,
        ..Default::default()
    };
    let InstanceVerdict::Run { warnings, .. } = rule(&least("")).judge("i-1", &facts) else {
        panic!()
    };
    let words: Vec<_> = warnings.iter().map(|warning| warning.what.as_str()).collect();
    assert_eq!(
        words,
        [
            "2 instance-store volumes lose their data when it is stopped",
            "its public address is not an Elastic IP and changes when it is stopped"
        ]
    );
}

#[test]
fn an_instance_is_told_by_its_id() {
    assert!(is_instance("i-12345678") && is_instance("i-0123456789abcdef0"));
    for other in ["vol-12345678", "i-", "i-123", "i-0123456789abcdefg", "mi-0123456789abcdef0"] {
        assert!(!is_instance(other), "{other}");
    }
}
