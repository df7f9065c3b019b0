//! `relay rules plan|apply` against a stub: what is written, what is refused, what is asked.

use expect_test::expect;
use serde_json::json;

use crate::relay::Relay;
use crate::stub::Stub;

const SHARING: &str = "\
documents: {names: [\"Org-*\"]}
regions: [us-east-1]
accounts: {in: [organization]}
";

fn with_rules(stub: &Stub) -> Relay {
    let relay = Relay::with(stub);
    relay.file("rules/sharing/baseline.yaml", SHARING);
    relay
}

#[test]
fn a_plan_is_applied_and_then_there_is_nothing_to_change() {
    let stub = Stub::deployed();
    let relay = with_rules(&stub);
    let old = SHARING.replace("us-east-1", "eu-west-1");
    stub.state().parameters.insert("/runbook-relay/sharing/baseline".into(), old);
    stub.state().parameters.insert("/runbook-relay/control".into(), "{}".into());
    relay.file("rules/sharing/extra.yaml", SHARING);

    let planned = relay.run(&["rules", "plan"]);
    expect![[r#"
        exit code 2
        ~ /runbook-relay/sharing/baseline
            @@ -1,3 +1,3 @@
             documents: {names: ["Org-*"]}
            -regions: [eu-west-1]
            +regions: [us-east-1]
             accounts: {in: [organization]}
        + /runbook-relay/sharing/extra
        2 changes to make: relay rules apply
        looking at every owner and Region; nothing is changed
        note: the effect on shares is not shown: the stack runbook-relay is older than this command
    "#]]
    .assert_eq(&planned.story(relay.home.path()));
    assert_eq!(stub.writes(), Vec::<String>::new());

    let applied = relay.run(&["rules", "apply"]);
    expect![[r#"
        exit code 0
        ~ /runbook-relay/sharing/baseline
            @@ -1,3 +1,3 @@
             documents: {names: ["Org-*"]}
            -regions: [eu-west-1]
            +regions: [us-east-1]
             accounts: {in: [organization]}
        + /runbook-relay/sharing/extra
        2 changes written
        arn:aws:sts::111122223333:assumed-role/Operator/me, account 111122223333, us-east-1, stack runbook-relay 0.1.0
    "#]].assert_eq(&applied.story(relay.home.path()));
    assert_eq!(stub.writes(), ["PutParameter us-east-1", "PutParameter us-east-1"]);
    assert_eq!(stub.state().parameters["/runbook-relay/sharing/baseline"], SHARING);

    let again = relay.run(&["rules", "plan"]);
    assert_eq!(again.story(relay.home.path()), "exit code 0\nnothing to change\n");
}

#[test]
fn without_the_stack_nothing_is_written_and_the_error_says_what_to_do() {
    let stub = Stub::start();
    let relay = with_rules(&stub);
    relay.file("runbooks/Relay-Wait.yaml", crate::runbooks::WAIT);
    relay.file("events.jsonl", "{\"source\": \"aws.organizations\"}\n");
    let refused = relay.run(&["rules", "apply"]);
    expect![[r#"
        exit code 1
        error: no stack runbook-relay in account 111122223333, Region us-east-1
        help: Check that --profile and --region are those of the hub.
        help: A stack of another name is found with --stack NAME.
        help: If runbook-relay is not deployed yet: docs/deploy.md.
    "#]]
    .assert_eq(&refused.story(relay.home.path()));
    for line in [
        &["rules", "plan"][..],
        &["runbooks", "push"],
        &["replay", "events.jsonl", "--to", "http://q"],
    ] {
        let ran = relay.run(line);
        assert_eq!(ran.code, 1, "{line:?}");
        assert!(ran.err.contains("no stack runbook-relay"), "{line:?}: {}", ran.err);
    }
    assert_eq!(stub.writes(), Vec::<String>::new());
}

#[test]
fn an_invalid_rule_ends_the_command_before_aws_is_asked_anything() {
    let stub = Stub::deployed();
    let relay = with_rules(&stub);
    relay.file("rules/sharing/broken.yaml", "regions: []\n");
    for command in ["plan", "apply"] {
        let ran = relay.run(&["rules", command]);
        assert_eq!(ran.code, 1);
        assert!(ran.out.contains("error[EmptySelection]"), "{}", ran.out);
        assert!(ran.err.contains("nothing was written"), "{}", ran.err);
    }
    assert_eq!(stub.state().calls, []);
}

#[test]
fn a_prune_lists_what_it_would_delete_and_asks() {
    let stub = Stub::deployed();
    let relay = with_rules(&stub);
    for name in ["baseline", "gone", "old"] {
        stub.state().parameters.insert(format!("/runbook-relay/sharing/{name}"), SHARING.into());
    }
    let plan = relay.run(&["rules", "plan"]);
    expect![[r#"
        exit code 0
          /runbook-relay/sharing/gone has no file; --prune deletes it
          /runbook-relay/sharing/old has no file; --prune deletes it
        nothing to change
    "#]]
    .assert_eq(&plan.story(relay.home.path()));
    // Nobody is at standard input.
    let refused = relay.run(&["rules", "apply", "--prune"]);
    expect![[r#"
        exit code 1
        - /runbook-relay/sharing/gone
        - /runbook-relay/sharing/old
        arn:aws:sts::111122223333:assumed-role/Operator/me, account 111122223333, us-east-1, stack runbook-relay 0.1.0
        error: not confirmed: standard input is not a terminal
        help: Delete 2 deployed rules? Repeat the command with --yes if that is meant.
    "#]].assert_eq(&refused.story(relay.home.path()));
    assert_eq!(stub.writes(), Vec::<String>::new());

    let pruned = relay.run(&["rules", "apply", "--prune", "--yes"]);
    assert_eq!(pruned.code, 0, "{}", pruned.err);
    let left: Vec<String> = stub.state().parameters.keys().cloned().collect();
    assert_eq!(left, ["/runbook-relay/sharing/baseline"]);
}

#[test]
fn a_prune_of_a_missing_or_empty_folder_or_of_a_whole_kind_is_refused() {
    let stub = Stub::deployed();
    let relay = with_rules(&stub);
    stub.state().parameters.insert("/runbook-relay/remediation/reboot".into(), "alarm: {}".into());
    std::fs::create_dir(relay.home.path().join("empty")).unwrap();
    for (path, said) in [
        ("nowhere", "read nowhere"),
        ("empty", "no rules in empty"),
        ("rules", "rules/remediation has no rules"),
        ("rules/sharing/baseline.yaml", "is one file"),
    ] {
        let ran = relay.run(&["rules", "apply", path, "--prune", "--yes"]);
        assert_eq!(ran.code, 1, "{path}");
        assert!(ran.err.contains(said), "{path}: {}", ran.err);
    }
    assert_eq!(stub.writes(), Vec::<String>::new());
}

#[test]
fn the_stack_decides_the_path_of_the_rules() {
    let stub = Stub::deployed();
    stub.state().outputs.insert("RulePath", "/relay-test".into());
    let relay = with_rules(&stub);
    let ran = relay.run(&["rules", "apply", "--output", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(
        ran.json(),
        json!({
            "caller": "arn:aws:sts::111122223333:assumed-role/Operator/me",
            "account": "111122223333",
            "region": "us-east-1",
            "stack": "runbook-relay",
            "version": "0.1.0",
            "changes": [{"action": "create", "parameter": "/relay-test/sharing/baseline"}],
            "withoutFile": [],
            "findings": [],
            "warnings": [],
            "written": 1,
        })
    );
    assert_eq!(stub.state().parameters["/relay-test/sharing/baseline"], SHARING);
}

#[test]
fn what_the_stack_would_refuse_is_a_finding_at_its_line() {
    let stub = Stub::deployed();
    let relay = Relay::with(&stub);
    let rule = "\
alarm: {namespace: AWS/EC2, metric: StatusCheckFailed_Instance}
resource: {dimension: InstanceId}
ladder:
  - runbook: Relay-Missing
    parameters: {InstanceId: [\"{resource}\"]}
    recoverWithin: 10m
";
    relay.file("rules/remediation/reboot.yaml", rule);
    stub.state().parameters.insert("/runbook-relay/remediation/reboot".into(), rule.into());
    let ran = relay.run(&["rules", "plan"]);
    expect![[r#"
        exit code 2
        warning[RunbookNotFound]: Relay-Missing is not there, in account 111122223333 and Region us-east-1
         --> rules/remediation/reboot.yaml:4:14
          |
        4 |   - runbook: Relay-Missing
          |              ^^^^^^^^^^^^^ ladder[0].runbook
          |
          = help: Correct the name, or create and share the runbook in this account and Region.
          = note: relay explain RunbookNotFound

        nothing to change, 1 finding
    "#]].assert_eq(&ran.story(relay.home.path()));
}

#[test]
fn a_refusal_of_aws_is_its_code_and_message() {
    let stub = Stub::deployed();
    let relay = with_rules(&stub);
    stub.state().denied.push(("PutParameter", "us-east-1"));
    let ran = relay.run(&["rules", "apply", "--quiet"]);
    expect![[r#"
        exit code 1
        + /runbook-relay/sharing/baseline
        error: stopped after 0 of 1 change
          caused by: write the parameter /runbook-relay/sharing/baseline
          caused by: AccessDeniedException: not authorized: PutParameter
    "#]]
    .assert_eq(&ran.story(relay.home.path()));
}
