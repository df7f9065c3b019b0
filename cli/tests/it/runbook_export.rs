//! `relay runbook export`: the resource in each form.

use expect_test::expect;

use crate::relay::Relay;
use crate::runbooks::WAIT;

#[test]
fn a_template_has_the_runbook_as_it_is_and_updates_it_in_place() {
    let relay = Relay::new();
    relay.file("Org-Wait.yaml", WAIT);
    let ran = relay.run(&["runbook", "export", "Org-Wait.yaml"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let resource = &ran.json()["Resources"]["OrgWait"];
    assert_eq!(resource["Type"], "AWS::SSM::Document");
    let properties = &resource["Properties"];
    assert_eq!(
        (&properties["Name"], &properties["UpdateMethod"]),
        (&"Org-Wait".into(), &"NewVersion".into())
    );
    let content = properties["Content"].to_string();
    relay.file("again.json", &content);
    let draw = |file: &str| relay.run(&["runbook", "graph", file]).out;
    assert_eq!(draw("again.json"), draw("Org-Wait.yaml"));
    assert_eq!(properties["Content"]["schemaVersion"], "0.3");
}

#[test]
fn terraform_reads_the_file_beside_it() {
    let relay = Relay::new();
    relay.file("Org-Wait.yaml", WAIT);
    let ran = relay.run(&["runbook", "export", "Org-Wait.yaml", "--format", "terraform"]);
    expect![[r#"
        exit code 0
        resource "aws_ssm_document" "org_wait" {
          name            = "Org-Wait"
          document_type   = "Automation"
          document_format = "YAML"
          content         = file("${path.module}/Org-Wait.yaml")

          tags = {
            "runbook-relay" = "allowed"
          }
        }
    "#]]
    .assert_eq(&ran.story(relay.home.path()));
    let object = relay.run(&[
        "runbook",
        "export",
        "Org-Wait.yaml",
        "--format",
        "terraform",
        "--output",
        "json",
    ]);
    assert_eq!(object.json()["resource"], ran.out.as_str());
}

#[test]
fn what_is_not_a_runbook_is_not_exported() {
    let relay = Relay::new();
    relay.file("a.yaml", "schemaVersion: '0.3'\nmainSteps: []\n");
    let ran = relay.run(&["runbook", "export", "a.yaml"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("a.yaml is not a valid runbook; nothing was exported"), "{}", ran.err);
}
