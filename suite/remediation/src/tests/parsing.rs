//! Reading: every field, every default, and what is wrong with line and column.

use expect_test::{Expect, expect};
use relay_core::flow::Severity;
use relay_core::period::Period;
use relay_core::rules::STANDARD_TIER;
use run::RunOptions;

use super::*;

#[expect(clippy::needless_pass_by_value, reason = "`expect![]` stands in the call itself")]
#[track_caller]
fn check(text: &str, expected: Expect) {
    let set = RemediationRules::parse([RuleText::file("web.yaml", text)]);
    assert!(set.rules.is_empty(), "{text} is valid");
    let problems: Vec<String> = set.problems.iter().map(ToString::to_string).collect();
    expected.assert_eq(&problems.join("\n"));
}

#[test]
fn the_example_of_the_contract_is_read_field_by_field() {
    let rule = rule(CONTRACT);
    assert_eq!((rule.priority, rule.mode, rule.severity), (100, Mode::Active, Severity::High));
    assert_eq!(rule.alarm.names[0].as_str(), "ec2-status-*");
    assert_eq!(rule.alarm.regions.len(), 2);
    let resource = rule.resource.as_ref().unwrap();
    assert_eq!(resource.dimension.as_deref(), Some("InstanceId"));
    let [reboot, replace] = rule.ladder.as_slice() else { panic!() };
    assert_eq!(reboot.recover_within, Period::minutes(10));
    assert_eq!(reboot.target_parameter(), Some("InstanceId"));
    let approval = replace.approval.as_ref().unwrap();
    assert_eq!((approval.minimum, approval.within.as_secs()), (1, 3600));
    assert_eq!(rule.run.service_role.as_ref().unwrap().path(), "/runbook-relay/");
    assert_eq!(rule.run.targets.as_ref().unwrap().target().0, "tag:App");
    let locations = rule.run.locations.as_ref().unwrap();
    assert!(locations.include_child_units && locations.exclude.is_empty());
    assert_eq!(locations.max_concurrency.as_str(), "1");
    assert_eq!(
        rule.guard,
        Guard {
            calendar: Some("arn:aws:ssm:us-east-1:111122223333:document/Freeze".parse().unwrap()),
            ..Guard::default()
        }
    );
}

#[test]
fn what_is_left_out_has_the_defaults_of_the_contract() {
    let rule = rule(&least("").replace("mode: active\n", ""));
    // A first draft never acts.
    assert_eq!((rule.priority, rule.mode, rule.severity), (100, Mode::Observe, Severity::High));
    assert_eq!(rule.resource.as_ref().unwrap().auto_scaling, AutoScaling::Refuse);
    assert_eq!(rule.resource.as_ref().unwrap().instance_store, InstanceStore::Refuse);
    assert_eq!(rule.guard.cool_down, Period::minutes(30));
    assert_eq!((rule.guard.per_hour, rule.guard.per_account_hour), (5, 20));
    assert_eq!(rule.guard.storm, Storm { resources: 20, window: Period::minutes(5) });
    assert_eq!(rule.run, RunOptions::default());
    assert!(!rule.alarm.contributors && !rule.alarm.include_child_units);
    let rung = &rule.ladder[0];
    assert_eq!(rung.recover_within, Period::minutes(10));
    assert_eq!(rung.timeout, Period::minutes(60));
    assert!(!rung.destructive && rung.approval.is_none());
}

#[test]
fn a_mode_is_named_as_it_is_written() {
    for mode in [Mode::Active, Mode::Observe, Mode::Off] {
        assert_eq!(serde_json::to_value(mode).unwrap(), mode.as_str());
    }
}

#[test]
fn json_is_read_by_the_same_path() {
    let json = serde_json::to_string(&rule(&least("mode: observe\nguard: {coolDown: 1h30m}\n")));
    let again = rule(&json.unwrap());
    assert_eq!(again.mode, Mode::Observe);
    assert_eq!(again.guard.cool_down.as_secs(), 5400);
}

#[test]
fn a_rule_that_is_written_down_again_is_the_same() {
    for text in [CONTRACT, &least("run: {mode: Interactive}\n")] {
        let mut first = rule(text);
        let mut again = rule(&serde_json::to_string(&first).unwrap());
        (first.places, again.places) = Default::default();
        assert_eq!(first, again);
    }
}

#[test]
fn what_a_rule_must_have_is_asked_for() {
    check(
        "{}",
        expect![[r#"
            web.yaml:1:1 (alarm): missing field `alarm` [MissingField]
              Add it: which alarms the rule answers.
            web.yaml:1:1 (ladder): missing field `ladder` [MissingField]
              Add it: the runbooks, tried one after the other until the alarm returns to OK.
            web.yaml:1:1: expected at least one of `resource`, `run.targets`, `run.locations`, found none [EmptySelection]
              Name at least one, or remove what is empty."#]],
    );
    check(
        &least("alarm: {regions: [us-east-1], names: []}\n"),
        expect![[r#"
            web.yaml:3:38 (alarm.names): expected at least 1 entries, found none [EmptySelection]
              Name at least one, or remove what is empty."#]],
    );
    check(
        &least("alarm: {accounts: [organization], tags: {}}\n"),
        expect![[r#"
            web.yaml:3:8 (alarm): expected at least one of `names`, `namespace`, `metric`, `tags`, found none [EmptySelection]
              Name at least one, or remove what is empty."#]],
    );
    check(
        &least("ladder: []\n"),
        expect![[r#"
            web.yaml:3:9 (ladder): expected 1 to 10 entries, found none [EmptySelection]
              Name at least one, or remove what is empty."#]],
    );
    check(
        &least("ladder: [{parameters: {a: [b]}}]\n"),
        expect![[r#"
            web.yaml:3:10 (ladder[0].runbook): missing field `runbook` [MissingField]
              Add it: the runbook's name, or its ARN if another account shares it."#]],
    );
    check(
        &least("resource: {autoScaling: allow}\n"),
        expect![[r#"
            web.yaml:3:11 (resource): expected exactly one of `dimension`, `tags`, `literal`, found none [InvalidField]
              Add one of them."#]],
    );
    check(
        &least("resource: {dimension: a, literal: b}\n"),
        expect![[r#"
            web.yaml:3:11 (resource): expected exactly one of `dimension`, `tags`, `literal`, found `dimension`, `literal` [InvalidField]
              Keep one of them."#]],
    );
}

#[test]
fn unknown_fields_are_named_with_what_was_probably_meant() {
    check(
        &least(
            "gard: {cooldown: 5m}\nguard: {cooldown: 5m, storm: {resource: 3}}\nrun: {mod: Auto}\n",
        ),
        expect![[r#"
            web.yaml:4:1 (gard): unknown field `gard`, expected one of `priority`, `mode`, `alarm`, `resource`, `ladder`, `run`, `guard`, `severity` [UnknownField]
              Did you mean `guard`?
            web.yaml:5:9 (guard.cooldown): unknown field `cooldown`, expected one of `coolDown`, `perHour`, `perAccountHour`, `storm`, `calendar`, `deferToAutoRecovery` [UnknownField]
              Did you mean `coolDown`?
            web.yaml:5:31 (guard.storm.resource): unknown field `resource`, expected one of `resources`, `window` [UnknownField]
              Did you mean `resources`?
            web.yaml:6:7 (run.mod): unknown field `mod`, expected one of `serviceRole`, `executionRole`, `mode`, `targets`, `locations`, `maxConcurrency`, `maxErrors`, `stopOnAlarm`, `adaptiveConcurrency`, `tags` [UnknownField]
              Did you mean `mode`?"#]],
    );
}

#[test]
fn lengths_of_time_have_units_and_bounds() {
    check(
        &least("guard: {coolDown: 30, deferToAutoRecovery: 2h, storm: {window: 5 min}}\n"),
        expect![[r#"
            web.yaml:4:19 (guard.coolDown): expected a length of time from 0s to 30d, like 10m, found the number 30 [InvalidField]
              Add the unit: 30s, 30m or 30h.
            web.yaml:4:44 (guard.deferToAutoRecovery): expected a length of time from 0s to 1h, like 10m, found "2h" [InvalidField]
              Correct the value.
            web.yaml:4:64 (guard.storm.window): expected a length of time from 10s to 1d, like 10m, found "5 min" [InvalidField]
              Correct the value."#]],
    );
    check(
        &least(
            "ladder: [{runbook: Org-A, recoverWithin: PT10M, timeout: 30s, approval: {approvers: [a], within: 8d}}]\n",
        ),
        expect![[r#"
            web.yaml:3:42 (ladder[0].recoverWithin): expected a length of time from 0s to 1d, like 10m, found "PT10M" [InvalidField]
              Correct the value.
            web.yaml:3:58 (ladder[0].timeout): expected a length of time from 1m to 1d, like 10m, found "30s" [InvalidField]
              Correct the value.
            web.yaml:3:98 (ladder[0].approval.within): expected a length of time from 1m to 7d, like 10m, found "8d" [InvalidField]
              Correct the value."#]],
    );
}

#[test]
fn a_bad_way_to_run_is_named_field_by_field() {
    check(
        &least(
            "run:\n  serviceRole: Automation\n  executionRole: arn:aws:iam::111122223333:role/x\n  \
             mode: Manual\n  maxConcurrency: 0\n  maxErrors: \"101%\"\n  \
             tags: {a: b, c: d, e: f, g: h, \"aws:x\": y}\n",
        ),
        expect![[r#"
            web.yaml:5:16 (run.serviceRole): expected a role's ARN (arn:partition:iam::account:role/name), found "Automation" [InvalidField]
              Correct the value.
            web.yaml:6:18 (run.executionRole): expected the name of a role that every account has, without its ARN, found "arn:aws:iam::111122223333:role/x" [InvalidField]
              Correct the value.
            web.yaml:7:9 (run.mode): expected one of `Auto`, `Interactive`, found "Manual" [InvalidField]
              Correct the value.
            web.yaml:8:19 (run.maxConcurrency): expected a number from 1, or a percentage from "1%" to "100%", found the number 0 [InvalidField]
              Correct the value.
            web.yaml:9:14 (run.maxErrors): expected a number from 0, or a percentage from "0%" to "100%", found "101%" [InvalidField]
              Correct the value.
            web.yaml:10:9 (run.tags): expected at most 3 entries, found 5 [InvalidField]
              SSM takes five tags at a start, and two are the suite's own.
            web.yaml:10:43 (run.tags.aws:x): invalid tag `aws:x` [InvalidField]
              Use letters, digits and _.:/=+-@, up to 128 characters for the key and 256 for the value; keys that begin with aws: or end with :execution or :token are reserved."#]],
    );
    check(
        &least(
            "run:\n  targets: {key: App, values: []}\n  locations: {accounts: [prod], maxErrors: -1}\n",
        ),
        expect![[r#"
            web.yaml:5:12 (run.targets.parameter): missing field `parameter` [MissingField]
              Add it: the runbook's parameter that takes a target.
            web.yaml:5:18 (run.targets.key): expected `tag:<key>` or `AWS::EC2::Instance`, found "App" [InvalidField]
              Correct the value.
            web.yaml:5:31 (run.targets.values): expected 1 to 50 entries, found none [EmptySelection]
              Name at least one, or remove what is empty.
            web.yaml:6:14 (run.locations.regions): missing field `regions` [MissingField]
              Add it: the Regions in which each account is meant.
            web.yaml:6:26 (run.locations.accounts[0]): expected `organization`, an OU path (/Workloads/Prod), a root, OU or account id, found "prod" [InvalidField]
              Correct the value.
            web.yaml:6:44 (run.locations.maxErrors): expected a number from 0, or a percentage from "0%" to "100%", found the number -1 [InvalidField]
              Correct the value."#]],
    );
    check(
        &least("run: {targets: {parameter: A, key: App, values: [x], resourceGroup: g}}\n"),
        expect![[r#"
            web.yaml:4:16 (run.targets): expected exactly one of `values`, `resourceGroup`, found `values`, `resourceGroup` [InvalidField]
              Keep one of them.
            web.yaml:4:16 (run.targets): found `key` and `resourceGroup`, which exclude each other [InvalidField]
              Correct the value.
            web.yaml:4:36 (run.targets.key): expected `tag:<key>` or `AWS::EC2::Instance`, found "App" [InvalidField]
              Correct the value."#]],
    );
}

#[test]
fn an_approval_that_nobody_can_give_is_named() {
    check(
        &least(
            "ladder: [{runbook: Org-A, approval: {approvers: [a], minimum: 2, topic: \"arn:aws:sns:us-east-1:111122223333:Ops\"}}, {runbook: Org-B, approval: {}}]\n",
        ),
        expect![[r#"
            web.yaml:3:63 (ladder[0].approval.minimum): expected at most 1, found 2 [InvalidField]
              No more can approve than there are approvers.
            web.yaml:3:73 (ladder[0].approval.topic): expected the ARN of a topic whose name begins with `Automation`, found "arn:aws:sns:us-east-1:111122223333:Ops" [InvalidField]
              Correct the value.
            web.yaml:3:144 (ladder[1].approval.approvers): missing field `approvers` [MissingField]
              Add it: the ARNs of the IAM users and roles that may approve."#]],
    );
}

#[test]
fn words_of_the_wrong_kind_say_which_there_are() {
    check(
        &least(
            "mode: observing\nseverity: urgent\npriority: high\nresource: {dimension: A, autoScaling: yes}\n",
        ),
        expect![[r#"
            web.yaml:3:7 (mode): expected one of `active`, `observe`, `off`, found "observing" [InvalidField]
              Did you mean `observe`?
            web.yaml:4:11 (severity): expected one of `info`, `low`, `medium`, `high`, `critical`, found "urgent" [InvalidField]
              Correct the value.
            web.yaml:5:11 (priority): expected a whole number from 0 to 1000000, found "high" [InvalidField]
              Correct the value.
            web.yaml:6:39 (resource.autoScaling): expected one of `refuse`, `standby`, `allow`, found "yes" [InvalidField]
              Correct the value."#]],
    );
    check(
        &least("ladder: [{runbook: \"a b\", documentVersion: 01, destructive: yes}]\n"),
        expect![[r#"
            web.yaml:3:20 (ladder[0].runbook): expected a runbook's name or ARN (3 to 128 of a-z, A-Z, 0-9, and _-.:/), found "a b" [InvalidField]
              Correct the value.
            web.yaml:3:44 (ladder[0].documentVersion): expected a version number, `$LATEST` or `$DEFAULT`, found "01" [InvalidField]
              Correct the value.
            web.yaml:3:61 (ladder[0].destructive): expected true or false, found "yes" [InvalidField]
              Correct the value."#]],
    );
}

#[test]
fn words_in_braces_that_nobody_can_fill_in_are_named() {
    check(
        &least(
            "ladder: [{runbook: Org-A, parameters: {A: [\"{resourc}\"], B: \"{dimension.}\", C: [\"{\\\"a\\\": 1}\"]}}]\n",
        ),
        expect![[r#"
            web.yaml:3:44 (ladder[0].parameters.A[0]): `{resourc}` has no value [InvalidField]
              Did you mean `{resource}`?
            web.yaml:3:61 (ladder[0].parameters.B[0]): `{dimension.}` has no value [InvalidField]
              Correct the value."#]],
    );
    check(
        "alarm: {names: [a]}\nladder: [{runbook: Org-A, parameters: {A: [\"{resource}\"]}}]\nrun: {targets: {parameter: A, values: [x]}}\n",
        expect![[r#"
            web.yaml:2:44 (ladder[0].parameters.A[0]): `{resource}` is used, and the rule has no `resource` [InvalidField]
              Correct the value."#]],
    );
}

#[test]
fn a_rules_own_alarm_is_no_stop_alarm() {
    check(
        &least("run: {stopOnAlarm: web-1}\n"),
        expect![[r#"
            web.yaml:4:20 (run.stopOnAlarm): `web-1` is one of the alarms that the rule answers [StopAlarmIsOwn]
              Name another alarm: this one is in ALARM already, and SSM would cancel the run at once."#]],
    );
    rule(&least("run: {stopOnAlarm: payments-down}\n"));
}

#[test]
fn what_sounds_destructive_needs_to_be_meant_or_agreed_to() {
    check(
        &least(
            "ladder: [{runbook: AWS-TerminateEC2Instance}, {runbook: \"arn:aws:ssm:us-east-1:111122223333:document/Org-DeleteVolume\"}]\n",
        ),
        expect![[r#"
            web.yaml:3:20 (ladder[0].runbook): `AWS-TerminateEC2Instance` sounds destructive (Terminate), and nobody has to agree [DestructiveWithoutApproval]
              Write `destructive: true` at the rung if it is meant, or ask for an approval.
            web.yaml:3:57 (ladder[1].runbook): `arn:aws:ssm:us-east-1:111122223333:document/Org-DeleteVolume` sounds destructive (Delete), and nobody has to agree [DestructiveWithoutApproval]
              Write `destructive: true` at the rung if it is meant, or ask for an approval."#]],
    );
    rule(&least("ladder: [{runbook: AWS-TerminateEC2Instance, destructive: true}]\n"));
    rule(&least("ladder: [{runbook: Org-DeleteVolume, approval: {approvers: [a]}}]\n"));
    rule(&least("ladder: [{runbook: Org-ListDeletedVolumes}]\n"));
}

#[test]
fn with_rate_controls_it_is_clear_where_a_resource_goes() {
    check(
        &least(
            "run: {maxErrors: 1}\nladder: [{runbook: Org-A, parameters: {A: [\"{resource}\"], B: [\"x {resource}\"]}}, {runbook: Org-B}]\n",
        ),
        expect![[r#"
            web.yaml:4:39 (ladder[0].parameters): with rate controls one parameter must be `["{resource}"]` and no other may hold it [InvalidField]
              SSM puts each resource into that one; or name it in `run.targets.parameter`.
            web.yaml:4:82 (ladder[1].parameters): with rate controls one parameter must be `["{resource}"]` and no other may hold it [InvalidField]
              SSM puts each resource into that one; or name it in `run.targets.parameter`."#]],
    );
    rule(&least("run: {maxConcurrency: 2}\n"));
    rule(&least("run: {maxConcurrency: 2, targets: {parameter: A, values: [x]}}\n"));
}

#[test]
fn a_rule_over_four_kilobytes_works_and_is_warned_of() {
    let text = least(&format!("#{}", "x".repeat(STANDARD_TIER)));
    let set = set(&[("big", &text)]);
    assert_eq!(set.warnings.len(), 1);
    assert_eq!(set.warnings[0].code.as_str(), "RuleTooLarge");
}

#[test]
fn an_invalid_rule_takes_no_other_with_it_and_braces_are_refused() {
    let good = least("");
    let set = RemediationRules::parse([
        RuleText::parameter("/runbook-relay/remediation/b", "alarm: ["),
        RuleText::parameter("/runbook-relay/remediation/a", good.as_str()),
        RuleText::parameter("/runbook-relay/remediation/c", "alarm: {names: [\"{{x}}\"]}"),
        RuleText::file("other/a.json", good.as_str()),
    ]);
    assert_eq!(set.rules.len(), 1);
    let codes: Vec<_> = set.problems.iter().map(|problem| problem.code.as_str()).collect();
    assert_eq!(codes, ["DuplicateRule", "RuleSyntax", "TemplateBraces"]);
    assert_eq!(set.texts, 4);
    assert!(set.version.starts_with("sha256:"));
}

#[test]
fn a_field_is_found_again_by_its_path() {
    let rule = rule(&least(""));
    assert_eq!(
        rule.place("ladder[0].parameters").to_string(),
        "web.yaml:3:54 (ladder[0].parameters)"
    );
    assert_eq!(rule.place("guard.coolDown").to_string(), "web.yaml:1:1 (guard.coolDown)");
    assert_eq!(rule.place("ladder[0].approval").to_string(), "web.yaml:3:10 (ladder[0].approval)");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "[a-z:{}\\[\\]\\-\"' \n#&*!|>%@0-9_]{0,200}") {
        let set = RemediationRules::parse([RuleText::file("x.yaml", text)]);
        assert_eq!(set.rules.len() + usize::from(!set.problems.is_empty()), 1);
    }

    #[test]
    fn a_rule_with_something_else_in_one_place_is_taken_or_named(
        line in 0usize..24, text in "[a-zA-Z0-9$/\"\\[\\]{}:, -]{0,30}"
    ) {
        let mut lines: Vec<&str> = CONTRACT.trim().lines().collect();
        let last = lines.len() - 1;
        lines[line.min(last)] = &text;
        let set = RemediationRules::parse([RuleText::file("x.yaml", lines.join("\n"))]);
        assert_eq!(set.rules.len() + usize::from(!set.problems.is_empty()), 1);
    }
}

#[test]
fn a_run_names_at_most_as_many_accounts_as_ssm_takes_at_a_start() {
    let of = |count: usize| {
        let ids: Vec<String> = (0..count).map(|n| format!("\"{:012}\"", 100_000 + n)).collect();
        let locations = format!("{{accounts: [{}], regions: [us-east-1]}}", ids.join(", "));
        least(&format!("run: {{locations: {locations}}}\n"))
    };
    assert!(RemediationRules::parse([RuleText::file("web.yaml", of(50))]).problems.is_empty());
    let set = RemediationRules::parse([RuleText::file("web.yaml", of(51))]);
    assert_eq!(set.problems.len(), 1, "{:?}", set.problems);
    assert_eq!(set.problems[0].what, "expected 1 to 50 entries, found 51");
    assert!(set.problems[0].hint.contains("name OUs"), "{}", set.problems[0]);
}
