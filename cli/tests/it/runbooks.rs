//! `relay runbooks diff|push` against a stub.

use expect_test::expect;

use crate::relay::Relay;
use crate::stub::{Document, Stub};

pub(crate) const WAIT: &str = "\
schemaVersion: '0.3'
description: Waits.
mainSteps:
  - name: Wait
    action: aws:sleep
    inputs: {Duration: PT1S}
";

fn with_runbook(stub: &Stub) -> Relay {
    let relay = Relay::with(stub);
    relay.file("runbooks/Relay-Wait.yaml", WAIT);
    relay
}

fn key(region: &str) -> (String, String) {
    (region.to_owned(), "Relay-Wait".to_owned())
}

#[test]
fn a_diff_is_shown_a_push_removes_it_and_a_second_push_changes_nothing() {
    let stub = Stub::deployed();
    let relay = with_runbook(&stub);
    let old = WAIT.replace("PT1S", "PT9S");
    let document = Document { versions: vec![old], default: 1, tagged: false };
    stub.state().documents.insert(key("us-east-1"), document);
    let regions = ["--regions", "us-east-1,eu-west-1"];

    let differ = relay.run(&[&["runbooks", "diff"][..], &regions].concat());
    expect![[r#"
        exit code 2
        --- Relay-Wait in eu-west-1
        +++ runbooks/Relay-Wait.yaml
        @@ -0,0 +1,6 @@
        +schemaVersion: '0.3'
        +description: Waits.
        +mainSteps:
        +  - name: Wait
        +    action: aws:sleep
        +    inputs: {Duration: PT1S}
        --- Relay-Wait in us-east-1
        +++ runbooks/Relay-Wait.yaml
        @@ -3,4 +3,4 @@
         mainSteps:
           - name: Wait
             action: aws:sleep
        -    inputs: {Duration: PT9S}
        +    inputs: {Duration: PT1S}
        2 of 2 differ: relay runbooks push
    "#]]
    .assert_eq(&differ.story(relay.home.path()));
    assert_eq!(stub.writes(), Vec::<String>::new());

    let pushed = relay.run(&[&["runbooks", "push"][..], &regions].concat());
    expect![[r#"
        exit code 0
        eu-west-1  created    Relay-Wait
        us-east-1  updated    Relay-Wait
        arn:aws:sts::111122223333:assumed-role/Operator/me, account 111122223333, us-east-1, stack runbook-relay 0.1.0
    "#]].assert_eq(&pushed.story(relay.home.path()));
    let home = stub.state().documents[&key("us-east-1")].clone();
    assert_eq!((home.versions.len(), home.default, home.tagged), (2, 2, true));

    let before = stub.writes().len();
    let again = relay.run(&[&["runbooks", "push"][..], &regions].concat());
    assert_eq!(again.out.matches("unchanged").count(), 2, "{}", again.out);
    assert_eq!(stub.writes().len(), before);
    let same = relay.run(&[&["runbooks", "diff"][..], &regions].concat());
    assert_eq!((same.code, same.out.as_str()), (0, "nothing to change: 2 of 2 are the same\n"));
}

#[test]
fn all_regions_are_looked_at_before_the_first_write() {
    let stub = Stub::deployed();
    let relay = with_runbook(&stub);
    stub.state().denied.push(("GetDocument", "us-east-1"));
    let ran = relay.run(&["runbooks", "push", "--regions", "eu-west-1,us-east-1"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("look at Relay-Wait in us-east-1"), "{}", ran.err);
    assert_eq!(stub.writes(), Vec::<String>::new());
}

#[test]
fn an_invalid_runbook_stops_the_push_before_the_first_write() {
    let stub = Stub::deployed();
    let relay = with_runbook(&stub);
    relay.file("runbooks/Relay-Broken.yaml", &WAIT.replace("aws:sleep", "aws:wait"));
    let ran = relay.run(&["runbooks", "push"]);
    expect![[r#"
        exit code 1
        error[InvalidDocumentContent]: Unknown action: aws:wait
         --> runbooks/Relay-Broken.yaml:5:13
          |
        5 |     action: aws:wait
          |             ^^^^^^^^ mainSteps[0].action
          |
          = note: relay explain InvalidDocumentContent

        error: a runbook is invalid; nothing was written
    "#]]
    .assert_eq(&ran.story(relay.home.path()));
    assert_eq!(stub.state().calls, []);
}

#[test]
fn a_default_version_that_was_set_back_is_set_forward_again() {
    let stub = Stub::deployed();
    let relay = with_runbook(&stub);
    let versions = vec![WAIT.replace("PT1S", "PT9S"), WAIT.to_owned()];
    stub.state()
        .documents
        .insert(key("us-east-1"), Document { versions, default: 1, tagged: true });
    let ran = relay.run(&["runbooks", "push"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let document = stub.state().documents[&key("us-east-1")].clone();
    assert_eq!((document.versions.len(), document.default), (2, 2));
}
