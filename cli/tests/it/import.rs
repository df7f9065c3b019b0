//! `relay import` where little may be read.

use expect_test::expect;

use crate::relay::Relay;
use crate::stub::Stub;

#[test]
fn a_part_that_cannot_be_read_is_named_with_its_permission_and_hides_no_other() {
    let stub = Stub::start();
    let relay = Relay::with(&stub);
    let ran = relay.run(&["import", "--out", "rules"]);
    expect![[r#"
        exit code 2
        ! documents in us-east-1: not read: InvalidDocument: 
          It needs ssm:ListDocuments, ssm:DescribeDocumentPermission. Once the caller has it, import again.
        ! stacks in us-east-1: not read: ValidationError: Stack with id runbook-relay does not exist
          It needs cloudformation:DescribeStacks. Once the caller has it, import again.
        ! EventBridge rules of the bus default in us-east-1: not read: InvalidDocument: 
          It needs events:ListRules. Once the caller has it, import again.
        nothing to write, 3 things left out: looked for shares, AWS's sample and EventBridge rules that start runbooks
        looking at 111122223333 in us-east-1; nothing is changed
    "#]]
    .assert_eq(&ran.story(relay.home.path()));
    assert_eq!(stub.writes(), Vec::<String>::new());
    assert!(!relay.home.path().join("rules").exists());
}
