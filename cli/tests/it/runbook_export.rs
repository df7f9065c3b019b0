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

const FILES: &str = "\
schemaVersion: '0.3'
mainSteps:
  - name: Run
    action: aws:executeScript
    inputs: {Runtime: python3.11, Handler: a.main, Attachment: a.py}
files: {a.py: {checksums: {sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855}}}
";

#[test]
fn a_construct_of_the_cdk_has_content_tags_and_attachments() {
    let relay = Relay::new();
    relay.file("Org-Wait.yaml", WAIT);
    let export = ["runbook", "export", "Org-Wait.yaml", "--format", "cdk", "--tag", "team=web"];
    let ran = relay.run(&export);
    expect![[r#"
        exit code 0
        import { CfnDocument } from 'aws-cdk-lib/aws-ssm';
        import { Construct } from 'constructs';

        /** The runbook "Org-Wait", written by `relay runbook export`. */
        export class OrgWait extends Construct {
          readonly document: CfnDocument;

          constructor(scope: Construct, id: string) {
            super(scope, id);
            this.document = new CfnDocument(this, 'Document', {
              name: "Org-Wait",
              documentType: 'Automation',
              documentFormat: 'JSON',
              // A replacement would be another document, shared with nobody.
              updateMethod: 'NewVersion',
              tags: [
                { key: "runbook-relay", value: "allowed" },
                { key: "team", value: "web" },
              ],
              content: {
                "schemaVersion": "0.3",
                "description": "Waits.",
                "mainSteps": [
                  {
                    "name": "Wait",
                    "action": "aws:sleep",
                    "inputs": {
                      "Duration": "PT1S"
                    }
                  }
                ]
              },
            });
          }
        }
    "#]]
    .assert_eq(&ran.story(relay.home.path()));
    relay.file("Org-Files.yaml", FILES);
    let export = ["runbook", "export", "Org-Files.yaml", "--attachments", "s3://bucket/runbooks/"];
    let cdk = relay.run(&[&export[..], &["--format", "cdk"]].concat()).out;
    let attachment = r#"{ key: 'S3FileUrl', name: "a.py", values: ["s3://bucket/runbooks/a.py"] }"#;
    assert!(cdk.contains(attachment), "{cdk}");
    let template = relay.run(&export).json();
    let attachments = &template["Resources"]["OrgFiles"]["Properties"]["Attachments"];
    assert_eq!(attachments[0]["Values"][0], "s3://bucket/runbooks/a.py");
    let terraform = relay.run(&[&export[..], &["--format", "terraform"]].concat()).out;
    assert!(terraform.contains("values = [\"s3://bucket/runbooks/a.py\"]"), "{terraform}");
}

#[test]
fn attachments_that_are_nowhere_are_asked_for() {
    let relay = Relay::new();
    relay.file("Org-Files.yaml", FILES);
    let ran = relay.run(&["runbook", "export", "Org-Files.yaml"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("Org-Files has attachments: a.py"), "{}", ran.err);
    assert!(ran.err.contains("--attachments s3://BUCKET/PREFIX"), "{}", ran.err);
    let wrong = ["runbook", "export", "Org-Files.yaml", "--attachments", "https://bucket"];
    assert_eq!(relay.run(&wrong).code, 64);
}

#[test]
fn what_is_not_a_runbook_is_not_exported() {
    let relay = Relay::new();
    relay.file("a.yaml", "schemaVersion: '0.3'\nmainSteps: []\n");
    let ran = relay.run(&["runbook", "export", "a.yaml"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("a.yaml is not a valid runbook; nothing was exported"), "{}", ran.err);
}
