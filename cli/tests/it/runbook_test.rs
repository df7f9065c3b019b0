//! `relay runbook test`: cases that pass and fail, in each form; signals, children, commands, time; bad input.

use std::time::{Duration, Instant};

use expect_test::expect;
use serde_json::json;

use crate::relay::{Ran, Relay};

const RUNBOOK: &str = "\
schemaVersion: '0.3'
parameters:
  InstanceId: {type: String}
mainSteps:
  - name: ask
    action: aws:approve
    timeoutSeconds: 3600
    inputs: {Approvers: [Alice, 'arn:aws:iam::111122223333:user/Bob']}
  - name: wait
    action: aws:sleep
    onCancel: step:tidy
    inputs: {Duration: PT2H}
  - name: end
    action: aws:executeAwsApi
    onFailure: step:tidy
    inputs: {Service: ec2, Api: terminate_instances, InstanceIds: ['{{ InstanceId }}']}
    outputs: [{Name: State, Selector: '$.TerminatingInstances[0].CurrentState.Name', Type: String}]
    isEnd: true
  - name: tidy
    action: aws:executeAutomation
    timeoutSeconds: 60
    inputs: {DocumentName: Tidy-Up, RuntimeParameters: {Id: ['{{ InstanceId }}']}}
outputs: [end.State]
";

const TESTS: &str = "\
given:
  parameters: {InstanceId: i-1}
  signals: [{step: ask, send: Approve, after: 60}]
  children: {Tidy-Up: {outputs: [done]}}
cases:
  - name: it ends
    given:
      aws:
        - call: ec2:TerminateInstances
          with: {InstanceIds: [i-1]}
          answer: {TerminatingInstances: [{CurrentState: {Name: shutting-down}}]}
    expect:
      status: Success
      steps: [ask, wait, end]
      outputs: {end.State: shutting-down}
      calls: [{'ec2:TerminateInstances': {InstanceIds: [i-1]}}]
      within: 7260
  - name: it is refused
    given:
      aws:
        - {call: 'ec2:TerminateInstances', error: {code: OperationNotPermitted, message: it is protected}}
    expect:
      status: Failed
      message: it is protected
      steps: [ask, wait, {end: Failed}, tidy]
      outputs: {tidy.Output: [done]}
  - name: Bob says no
    given:
      signals: [{step: ask, send: Reject, by: 'arn:aws:iam::111122223333:user/Bob'}]
    expect:
      status: Failed
      steps: [{ask: Failed}]
      never: ['ec2:TerminateInstances']
  - name: it is cancelled
    given:
      signals: [{step: ask, send: Approve}, {step: wait, send: Cancel, after: 30}]
    expect:
      status: Cancelled
      steps: [ask, {wait: Cancelled}, tidy]
";

fn with(tests: &str) -> Relay {
    let relay = Relay::new();
    relay.file("r/End.yaml", RUNBOOK);
    relay.file("r/End.test.yaml", tests);
    relay
}

fn test(relay: &Relay, more: &[&str]) -> Ran {
    relay.run(&[&["runbook", "test"][..], more].concat())
}

#[test]
fn cases_pass_in_virtual_time_with_answers_errors_approvals_cancels_and_children() {
    let relay = with(TESTS);
    let began = Instant::now();
    let ran = test(&relay, &["r"]);
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "hours of waiting took {:?}",
        began.elapsed()
    );
    expect![[r#"
        exit code 0
        End: 4 of 4 steps, 2 of 2 branches
          ok      it ends
          ok      it is refused
          ok      Bob says no
          ok      it is cancelled
        4 cases of 1 runbook passed
    "#]]
    .assert_eq(&ran.story(relay.home.path()));
    for path in ["r/End.yaml", "r/End.test.yaml"] {
        assert_eq!(test(&relay, &[path]).out, ran.out, "{path}");
    }
}

#[test]
fn a_case_that_fails_says_what_was_expected_and_what_was_found() {
    let relay = with(
        &TESTS
            .replace("status: Success", "status: Failed")
            .replace("shutting-down}\n      calls", "terminated}\n      calls")
            .replace("with: {InstanceIds: [i-1]}", "with: {InstanceIds: [i-2]}"),
    );
    let ran = test(&relay, &["r", "--case", "it ends"]);
    assert_eq!(ran.code, 1);
    expect![[r#"
        exit code 1
        End: 4 of 4 steps, 1 of 2 branches
          FAILED  it ends
                  the test says nothing about the call ec2:TerminateInstances with {"InstanceIds":["i-1"]}
                  expected steps ask, wait, end
                  found steps    ask, wait, end: Failed, tidy
                  expected output end.State "terminated", found none
          not taken: cancel of wait to tidy
        1 of 1 case failed
    "#]].assert_eq(&ran.story(relay.home.path()));
}

#[test]
fn a_program_gets_one_object_and_a_pipeline_a_report() {
    let relay = with(&TESTS.replace("[ask, wait, end]", "[ask, end]"));
    let ran = test(&relay, &["r", "--output", "json", "--junit", "report.xml"]);
    assert_eq!(ran.code, 1);
    let found = ran.json();
    let tested = &found["runbooks"][0];
    assert_eq!(tested["runbook"], "End");
    assert_eq!(tested["steps"], json!({"taken": 4, "all": 4}));
    assert_eq!(tested["branches"], json!({"taken": 2, "all": 2}));
    assert_eq!(
        tested["cases"][0]["failures"],
        json!(["expected steps ask, end\nfound steps    ask, wait, end"])
    );
    assert_eq!(
        (&tested["cases"][1]["passed"], &tested["cases"][1]["failures"]),
        (&json!(true), &json!([]))
    );
    let report = std::fs::read_to_string(relay.home.path().join("report.xml")).unwrap();
    assert!(report.contains("<testsuite name=\"End\" tests=\"4\" failures=\"1\""), "{report}");
    assert!(
        report.contains("<failure message=\"expected steps ask, end&#10;found steps"),
        "{report}"
    );
    assert_eq!(report.matches("<testcase ").count(), 4, "{report}");
}

#[test]
fn what_a_case_does_not_answer_fails_it() {
    let tests = "\
cases:
  - name: silence
    given: {parameters: {InstanceId: i-1}, signals: [{step: ask, send: Approve}]}
    expect: {status: Failed}
";
    let relay = with(tests);
    let ran = test(&relay, &["r"]);
    assert_eq!(ran.code, 1);
    let says = "the test says nothing about the call ec2:TerminateInstances with {\"InstanceIds\":[\"i-1\"]}";
    assert!(ran.out.contains(says), "{}", ran.out);
    // A runbook that cannot be started is a case that fails, too.
    let relay = with(&tests.replace("InstanceId: i-1", "Instance: i-1"));
    let ran = test(&relay, &["r"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("expected status Failed, found NotStarted"), "{}", ran.out);
}

#[test]
fn a_run_that_waits_for_ever_fails_instead() {
    let relay = Relay::new();
    relay.file(
        "r/Wait.yaml",
        "schemaVersion: '0.3'\nmainSteps:\n  - {name: wait, action: aws:pause, inputs: {}}\n",
    );
    let tests = "cases:\n  - {name: nobody comes, expect: {status: Success}}\n  - name: somebody does\n    given: {signals: [{step: wait, send: Resume, after: 5}]}\n    expect: {status: Success, within: 5}\n";
    relay.file("r/Wait.test.yaml", tests);
    let ran = test(&relay, &["r"]);
    assert_eq!(ran.code, 1);
    expect![[r#"
        exit code 1
        Wait: 1 of 1 steps, 0 of 0 branches
          FAILED  nobody comes
                  the test says nothing about the end of the run: it waits for ever
                  expected status Success, found Waiting
          ok      somebody does
        1 of 2 cases failed
    "#]]
    .assert_eq(&ran.story(relay.home.path()));
}

#[test]
fn bad_input_is_named_at_its_place() {
    let relay = with("cases:\n  - name: a\n    expect: {status: Success, stages: []}\n");
    let ran = test(&relay, &["r"]);
    expect![[r#"
        exit code 1
        error[TestSyntax]: unknown field `stages`, expected one of status, message, steps, outputs, calls, never, within
         --> r/End.test.yaml:3:31
          |
        3 |     expect: {status: Success, stages: []}
          |                               ^^^^^^
          |
          = note: see docs/runbooks-workbench.md#test-it

    "#]].assert_eq(&ran.story(relay.home.path()));
    let relay = Relay::new();
    relay.file("r/None.yaml", RUNBOOK);
    relay.file("r/Lost.test.yaml", TESTS);
    relay.file("s/a.txt", "");
    relay.file("t/Broken.yaml", "schemaVersion: '0.3'\nmainSteps: []\n");
    relay.file("t/Broken.test.yaml", TESTS);
    for (line, code, says) in [
        (&["r/None.yaml"][..], 1, "error: r/None.yaml has no tests"),
        (&["r/Lost.test.yaml"], 1, "error: read r/Lost.yaml"),
        (&["missing.yaml"], 1, "error: read missing.yaml"),
        (&["s"], 1, "error: no tests in s"),
        (&["t"], 1, ""),
        (&[], 1, "error: read runbooks"),
    ] {
        let ran = test(&relay, line);
        assert_eq!(ran.code, code, "{line:?}: {}{}", ran.out, ran.err);
        assert!(ran.err.starts_with(says), "{line:?}: {}", ran.err);
    }
    let ran = test(&relay, &["t"]);
    assert!(ran.out.contains("error[InvalidDocumentContent]"), "{}", ran.out);
    let relay = with(TESTS);
    let ran = test(&relay, &["r", "--case", "nothing of that name"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("no case has a name with the text of --case"), "{}", ran.err);
}

const SCRIPT: &str = r#"schemaVersion: '0.3'
parameters:
  Bucket: {type: String}
mainSteps:
  - name: count
    action: aws:executeScript
    inputs:
      Runtime: python3.11
      Handler: main
      InputPayload: {Bucket: '{{ Bucket }}'}
      Script: |
        import json, os, time
        import boto3
        from botocore.exceptions import ClientError

        def main(events, context):
            ec2, s3 = boto3.client("ec2"), boto3.client("s3")
            time.sleep(3600)
            found = [i["InstanceId"] for page in ec2.get_paginator("describe_instances").paginate()
                     for r in page["Reservations"] for i in r["Instances"]]
            try:
                known = json.load(s3.get_object(Bucket=events["Bucket"], Key="known")["Body"])
            except s3.exceptions.NoSuchKey:
                known = []
            if os.environ.get("SECRET"):
                raise RuntimeError("the environment has a secret")
            try:
                ec2.stop_instances(InstanceIds=found)
            except ClientError as error:
                raise ValueError(f"{error.response['Error']['Code']}: {len(found)} found") from error
            return {"New": sorted(set(found) - set(known))}
    outputs: [{Name: New, Selector: $.Payload.New, Type: StringList}]
"#;

const REAL: &str = "\
given:
  parameters: {Bucket: logs}
  scripts: {count: [{real: true}]}
  aws:
    - {call: 'ec2:DescribeInstances', answer: {Reservations: [{Instances: [{InstanceId: i-2}, {InstanceId: i-1}]}]}}
cases:
  - name: what is known is left out
    given:
      aws:
        - {call: 's3:GetObject', with: {Bucket: logs}, answer: {Body: '[\"i-1\"]'}}
        - {call: 'ec2:StopInstances'}
    expect:
      status: Success
      outputs: {count.New: [i-2]}
      calls: [{'ec2:StopInstances': {InstanceIds: [i-2, i-1]}}]
      never: ['ec2:TerminateInstances']
  - name: a missing key is handled, and a refused call fails the run
    given:
      aws:
        - {call: 's3:GetObject', error: {code: NoSuchKey, message: it is not there}}
        - {call: 'ec2:StopInstances', error: {code: IncorrectInstanceState, message: it hangs}}
    expect:
      status: Failed
      message: 'ValueError - IncorrectInstanceState: 2 found'
      within: 60
";

#[test]
fn a_script_is_run_as_it_is_with_aws_as_the_case_has_it() {
    let relay = Relay::new();
    relay.file("a.yaml", SCRIPT);
    relay.file("a.test.yaml", REAL);
    let ran = test(&relay, &["a.yaml"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("2 cases of 1 runbook passed"), "{}", ran.out);
    // A call that the case does not answer is named, as that of a step is.
    relay.file(
        "a.test.yaml",
        &REAL.replace("- {call: 'ec2:StopInstances'}", "- {call: 'ec2:StartInstances'}"),
    );
    let ran = test(&relay, &["a.yaml"]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.out.contains("the call ec2:StopInstances"), "{}", ran.out);
}

const ATTACHED: &str = r#"schemaVersion: '0.3'
description: Counts with what is attached.
files: {tool.py: {checksums: {sha256: 3778ce3b13a1f060a16020c99f1d13c067f440f9e80446322b5ef5118441d38b}}}
mainSteps:
  - name: alone
    action: aws:executeScript
    inputs: {Runtime: python3.11, Handler: tool.count, Attachment: tool.py, InputPayload: {Names: [a, b]}}
    outputs: [{Name: Number, Selector: $.Payload.Number, Type: Integer}]
  - name: imported
    action: aws:executeScript
    inputs:
      Runtime: python3.11
      Handler: main
      Attachment: tool.py
      InputPayload: {Names: [a]}
      Script: |
        import tool

        def main(events, context):
            return {"Number": 10 + tool.count(events, context)["Number"]}
    outputs: [{Name: Number, Selector: $.Payload.Number, Type: Integer}]
"#;

#[test]
fn a_script_that_is_attached_is_run_from_the_file_beside_the_runbook() {
    let relay = Relay::new();
    relay.file("a.yaml", ATTACHED);
    let cases = "given: {scripts: {alone: [{real: true}], imported: [{real: true}]}}\n\
        cases: [{name: both count, expect: {status: Success, outputs: {alone.Number: 2, imported.Number: 11}}}]\n";
    relay.file("a.test.yaml", cases);
    let ran = test(&relay, &["a.yaml"]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.out.contains("no attachment of the name tool.py"), "{}", ran.out);

    let tool = "def count(events, context):\n    return {'Number': len(events['Names'])}\n";
    relay.file("tool.py", tool);
    let ran = test(&relay, &["a.yaml"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}
