//! `relay runbook policy` and `relay runbook docs`.

use crate::relay::Relay;
use crate::runbooks::WAIT;

const STOP: &str = "\
schemaVersion: '0.3'
parameters: {Id: {type: String}}
mainSteps:
  - name: Stop
    action: aws:changeInstanceState
    inputs: {InstanceIds: ['{{ Id }}'], DesiredState: stopped}
  - name: Then
    action: aws:executeAutomation
    inputs: {DocumentName: Org-Wait}
";

#[test]
fn a_policy_is_printed_and_its_own_comparison_finds_nothing() {
    let relay = Relay::new();
    relay.file("Org-Stop.yaml", STOP);
    relay.file("Org-Wait.yaml", WAIT);
    let line = ["runbook", "policy", "Org-Stop.yaml", "--account", "111122223333"];
    let ran = relay.run(&[&line[..], &["--region", "eu-west-1"]].concat());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let policy = ran.json();
    let resources: Vec<_> = policy["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["Resource"].clone())
        .collect();
    let stops = "arn:aws:ec2:eu-west-1:111122223333:instance/*";
    assert!(resources.contains(&stops.into()), "{policy}");
    relay.file("policy.json", &policy.to_string());
    let check = |more: &[&str]| {
        relay.run(
            &[&["runbook", "policy", "Org-Stop.yaml", "--check", "policy.json"][..], more].concat(),
        )
    };
    let same = check(&["--account", "111122223333", "--region", "eu-west-1"]);
    assert_eq!(same.code, 0, "{}", same.out);
    // Everywhere is more than one Region.
    assert_eq!(check(&[]).code, 2);
}

#[test]
fn what_a_role_lacks_and_has_too_much_is_named() {
    let relay = Relay::new();
    relay.file("Org-Stop.yaml", STOP);
    let policy = r#"{"PolicyDocument": {"Statement": [
        {"Effect": "Allow", "Action": ["ec2:DescribeInstances", "ec2:TerminateInstances"], "Resource": "*"}]}}"#;
    relay.file("policy.json", policy);
    let ran = relay.run(&["runbook", "policy", "Org-Stop.yaml", "--check", "policy.json"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.out.contains("missing: ec2:StopInstances on arn:aws:ec2:*:*:instance/*\n"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("not needed: ec2:TerminateInstances\n"), "{}", ran.out);
    assert!(!ran.out.contains("missing: ec2:DescribeInstances "), "{}", ran.out);
    let unseen = "not in the policy: calls of the runbook Org-Wait: its file is not beside this one (step Then)";
    assert!(ran.err.contains(unseen), "{}", ran.err);
    relay.file("policy.json", "[]x");
    let ran = relay.run(&["runbook", "policy", "Org-Stop.yaml", "--check", "policy.json"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("policy.json is not JSON"), "{}", ran.err);
}

#[test]
fn a_page_has_the_picture_and_the_policy() {
    let relay = Relay::new();
    relay.file("Org-Stop.yaml", STOP);
    let ran = relay.run(&["runbook", "docs", "Org-Stop.yaml"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    for part in [
        "# Org-Stop\n",
        "```mermaid\nflowchart",
        "| `Id` | `String` | **required** |",
        "\"ec2:StopInstances\"",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    let page = relay.run(&["runbook", "docs", "Org-Stop.yaml", "--output", "json"]).json();
    assert_eq!(page["page"], ran.out.as_str());
}
