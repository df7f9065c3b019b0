//! Reading a file of tests, and judging a run by it.

use serde_json::json;

use super::{Called, Coverage, Ran, StepRan, Suite, fits, judge, same_operation};
use crate::Document;

const SUITE: &str = "\
cases:
  - name: it is stopped
    given:
      aws:
        - {call: 'ec2:StopInstances', answer: {}}
    expect:
      status: Success
      steps: [look, stop: Failed]
      outputs: {look.State: running}
      calls: ['ec2:DescribeInstances', 'ec2:StopInstances': {InstanceIds: [i-1]}]
      never: ['ec2:TerminateInstances']
      within: 60
";

type Change = fn(&mut Ran);

fn step(name: &str, status: &str) -> StepRan {
    StepRan { name: name.to_owned(), status: status.to_owned(), message: None }
}

fn call(operation: &str) -> Called {
    let parameters = json!({"InstanceIds": ["i-1"], "Force": true});
    Called { operation: operation.to_owned(), parameters: parameters.as_object().unwrap().clone() }
}

fn as_expected() -> Ran {
    Ran {
        status: "Success".to_owned(),
        steps: vec![step("look", "Success"), step("stop", "Failed")],
        outputs: [("look.State".to_owned(), json!("running"))].into(),
        calls: vec![call("ec2:DescribeInstances"), call("ec2:StopInstances")],
        took: 60,
        ..Ran::default()
    }
}

#[test]
fn each_expectation_fails_a_run_that_is_otherwise() {
    let suite = Suite::parse(SUITE).unwrap();
    let expected = &suite.cases[0].expect;
    assert_eq!(judge(expected, &as_expected()), Vec::<String>::new());
    let changes: [(&str, Change); 8] = [
        ("expected status Success, found Failed: why", |ran| {
            ran.status = "Failed".to_owned();
            ran.message = Some("why".to_owned());
        }),
        ("expected steps look, stop: Failed\nfound steps    look", |ran| {
            ran.steps.pop();
        }),
        ("expected output look.State \"running\", found none", |ran| ran.outputs.clear()),
        ("expected output look.State \"running\", found \"stopped\"", |ran| {
            ran.outputs.insert("look.State".to_owned(), json!("stopped"));
        }),
        (
            "expected a call of ec2:StopInstances with {\"InstanceIds\":[\"i-1\"]}, found ec2:StopInstances, ec2:DescribeInstances",
            |ran| ran.calls.reverse(),
        ),
        (
            "ec2:TerminateInstances must never be called, and was with {\"InstanceIds\":[\"i-1\"],\"Force\":true}",
            |ran| ran.calls.push(call("ec2:terminate_instances")),
        ),
        ("expected an end within 60 s, found 61 s", |ran| ran.took = 61),
        ("the test says nothing about a call", |ran| ran.unanswered.push("a call".to_owned())),
    ];
    for (says, change) in changes {
        let mut ran = as_expected();
        change(&mut ran);
        assert_eq!(
            judge(expected, &ran)
                .first()
                .map(|said| said.replace("terminate_instances", "TerminateInstances")),
            Some(says.to_owned())
        );
    }
}

#[test]
fn a_file_that_is_not_one_is_refused_with_what_is_wrong_and_where() {
    for (text, says) in [
        ("cases: []\n", "expected at least one case"),
        ("cases:\n  - name: a\n    expect: {status: Success, stages: []}\n", "stages"),
        (
            "cases:\n  - name: a\n    given: {aws: [{call: DescribeInstances}]}\n    expect: {status: Success}\n",
            "expected service:Operation, found \"DescribeInstances\"",
        ),
        (
            "cases:\n  - name: a\n    given: {scripts: {x: [{}]}}\n    expect: {status: Success}\n",
            "the script of x: expected one of `returns`, `raises` and `real`",
        ),
        (
            "cases:\n  - name: a\n    given: {aws: [{call: 'a:B', answer: {}, error: {code: X}}]}\n    expect: {status: Success}\n",
            "a:B has an answer and an error",
        ),
    ] {
        let error = Suite::parse(text).unwrap_err();
        assert!(error.message.contains(says), "{error:?}");
    }
    let error = Suite::parse("cases:\n  - name: a\n    expect: {status: Success, stages: []}\n")
        .unwrap_err();
    assert_eq!(error.at.map(|at| at.line), Some(3));
}

#[test]
fn a_value_holds_what_is_wanted_of_it() {
    for (wanted, found, expected) in [
        (json!({"a": 1}), json!({"a": "1", "b": 2}), true),
        (json!({"a": 1}), json!({"b": 2}), false),
        (json!([1, {"a": 1}]), json!([1, {"a": 1, "b": 1}]), true),
        (json!([1]), json!([1, 2]), false),
        (json!("x"), json!(["x"]), false),
        (json!(true), json!("true"), true),
    ] {
        assert_eq!(fits(&wanted, &found), expected, "{wanted} in {found}");
    }
    assert!(same_operation("ec2:describe-instances", "ec2:DescribeInstances"));
    assert!(!same_operation("ec2:DescribeInstances", "rds:DescribeInstances"));
}

#[test]
fn coverage_counts_steps_and_the_ways_that_are_not_the_plain_next_one() {
    let text = "\
schemaVersion: '0.3'
mainSteps:
  - {name: choose, action: aws:branch, inputs: {Choices: [{NextStep: each, Variable: a, StringEquals: a}], Default: last}}
  - name: each
    action: aws:loop
    onFailure: step:last
    inputs:
      Iterators: [1, 2]
      Steps:
        - {name: one, action: aws:sleep, inputs: {Duration: PT1S}}
        - {name: two, action: aws:sleep, inputs: {Duration: PT1S}}
  - {name: last, action: aws:sleep, inputs: {Duration: PT1S}}
";
    let document = Document::parse(text).unwrap_or_else(|defects| panic!("{defects}"));
    let mut coverage = Coverage::of(&document);
    assert_eq!((coverage.steps(), coverage.branches()), ((0, 5), (0, 3)));
    let ran = |names: &[&str]| Ran {
        steps: names.iter().map(|name| step(name, "Success")).collect(),
        ..Ran::default()
    };
    coverage.add(&ran(&["choose", "each", "one", "two", "one", "two", "last"]));
    assert_eq!((coverage.steps(), coverage.branches()), ((5, 5), (1, 3)));
    assert_eq!(coverage.missing(), ["default of choose to last", "failure of each to last"]);
    coverage.add(&Ran {
        steps: vec![step("choose", "Success"), step("last", "Success")],
        ..Ran::default()
    });
    coverage.add(&Ran {
        steps: vec![step("each", "Failed"), step("last", "Success")],
        ..Ran::default()
    });
    assert_eq!(coverage.missing(), Vec::<String>::new());
}
