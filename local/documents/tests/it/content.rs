//! Formats, schema versions and structure of content.

use documents::{Defective, DocumentType, Documents, Submission};
use serde_json::{Value, json};

use crate::support::{Aws, OWNER, runbook};

const YAML: &str = "\
# A comment
schemaVersion: '0.3'
description: |-
  Two
  lines
parameters:
  Account: {type: String, default: '012345678901'}
mainSteps:
  - name: wait
    action: aws:sleep
    inputs: {Duration: PT1S}
    isEnd: true
";

fn create(kind: &str, format: &str, content: &str) -> Result<Value, (String, String)> {
    let body = json!({
        "Name": "Org-A", "Content": content, "DocumentType": kind, "DocumentFormat": format,
    });
    let created = Aws::new().call(OWNER, "CreateDocument", body);
    created.map(|mut reply| reply["DocumentDescription"].take()).map_err(|e| (e.code, e.message))
}

#[test]
fn yaml_is_kept_as_it_was_and_given_as_json_unless_yaml_is_asked_for() {
    let mut aws = Aws::new();
    let body = json!({
        "Name": "Org-A", "Content": YAML, "DocumentType": "Automation", "DocumentFormat": "YAML",
    });
    let created = aws.ok(OWNER, "CreateDocument", body);
    assert_eq!(created["DocumentDescription"]["DocumentFormat"], "YAML");
    assert_eq!(created["DocumentDescription"]["Description"], "Two\nlines");
    let mut get = |format: Value| {
        let got =
            aws.ok(OWNER, "GetDocument", json!({ "Name": "Org-A", "DocumentFormat": format }));
        (got["DocumentFormat"].clone(), got["Content"].as_str().expect("text").to_owned())
    };
    assert_eq!(get(json!("YAML")), (json!("YAML"), YAML.to_owned()));
    assert_eq!(get(json!("TEXT")), (json!("YAML"), YAML.to_owned()));
    for format in [json!("JSON"), json!(null)] {
        let (format, content) = get(format);
        assert_eq!(format, "JSON");
        let content: Value = serde_json::from_str(&content).expect("JSON");
        assert_eq!(content["parameters"]["Account"]["default"], "012345678901");
        assert_eq!(content["mainSteps"][0]["isEnd"], true);
        assert_eq!(content["description"], "Two\nlines");
    }
}

#[test]
fn json_is_given_as_yaml_when_yaml_is_asked_for() {
    let mut aws = Aws::with("Org-A");
    let body = json!({ "Name": "Org-A", "DocumentFormat": "YAML" });
    let got = aws.ok(OWNER, "GetDocument", body);
    assert_eq!(got["DocumentFormat"], "YAML");
    let content: Value =
        serde_saphyr::from_str(got["Content"].as_str().expect("text")).expect("YAML");
    let original: Value = serde_json::from_str(&runbook("Org-A")).expect("JSON");
    assert_eq!(content, original);
}

#[test]
fn content_that_does_not_parse_is_refused_with_its_place() {
    for (format, content, place) in [
        ("JSON", "{\"schemaVersion\":\n oops}", "JSON not well-formed. at Line: 2, Column: 2"),
        ("JSON", YAML, "JSON not well-formed. at Line: 1, Column: 1"),
        ("YAML", "a: 1\n b: 2\n", "YAML not well-formed. at Line: 2, Column: "),
        ("YAML", "a: 1\na: 2\n", "YAML not well-formed. at Line: 2, Column: 1"),
    ] {
        let (code, message) = create("Automation", format, content).expect_err(content);
        assert_eq!(code, "InvalidDocumentContent", "{content}");
        assert!(message.starts_with(place), "{message}");
    }
}

#[test]
fn each_type_takes_its_own_schema_versions() {
    let manifest = manifest();
    for (kind, version, taken) in [
        ("Automation", "0.3", true),
        ("Automation", "2.2", false),
        ("Automation.ChangeTemplate", "0.3", true),
        ("Command", "1.2", true),
        ("Command", "2.0", true),
        ("Command", "2.2", true),
        ("Command", "0.3", false),
        ("Session", "1.0", true),
        ("Session", "2.0", false),
        ("Package", "2.0", true),
        ("Policy", "2.0", true),
        ("Policy", "1.0", false),
    ] {
        let action = if kind == "Command" { "aws:runShellScript" } else { "aws:sleep" };
        let steps = json!([{ "name": "a", "action": action, "inputs": {} }]);
        let content = json!({
            "schemaVersion": version, "mainSteps": steps, "runtimeConfig": { "aws:runShellScript": {} },
            "version": "1", "packages": manifest["packages"], "files": manifest["files"],
        });
        let created = create(kind, "JSON", &content.to_string());
        if taken {
            assert_eq!(created.expect(kind)["SchemaVersion"], version);
        } else {
            let (code, message) = created.expect_err(kind);
            assert_eq!(code, "InvalidDocumentSchemaVersion");
            let expected =
                format!("{version} is not a valid schema version for {kind} document type");
            assert_eq!(message, expected);
        }
    }
    let (code, _) = create("Automation", "JSON", "{\"mainSteps\":[1]}").expect_err("no version");
    assert_eq!(code, "InvalidDocumentSchemaVersion");
    let unquoted = create("Automation", "YAML", &YAML.replace("'0.3'", "0.3"));
    assert_eq!(unquoted.expect("a number will do")["SchemaVersion"], "0.3");
}

#[test]
fn a_runbook_has_steps_and_parameters_with_plain_names_and_types() {
    let steps = json!([{ "name": "a", "action": "aws:sleep", "inputs": {} }]);
    for (content, part) in [
        (json!([]), "must be a map"),
        (json!({ "schemaVersion": "0.3" }), "mainSteps"),
        (json!({ "schemaVersion": "0.3", "mainSteps": [] }), "mainSteps"),
        (
            json!({ "schemaVersion": "0.3", "mainSteps": steps, "parameters": [] }),
            "parameters of a document",
        ),
        (
            json!({ "schemaVersion": "0.3", "mainSteps": steps,
                    "parameters": { "event_type": { "type": "String" } } }),
            "Parameter name \"event_type\" is not alpha-numeric.",
        ),
        (
            json!({ "schemaVersion": "0.3", "mainSteps": steps, "parameters": { "A": {} } }),
            "Parameter \"A\" has no type.",
        ),
    ] {
        let (code, message) =
            create("Automation", "JSON", &content.to_string()).expect_err("refused");
        assert_eq!(code, "InvalidDocumentContent", "{content}");
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_document_is_at_most_64_kb() {
    let filled = |length: usize| {
        let empty = runbook("").len();
        runbook(&"x".repeat(length - empty))
    };
    assert!(create("Automation", "JSON", &filled(65_536)).is_ok());
    let (code, _) = create("Automation", "JSON", &filled(65_537)).expect_err("one byte more");
    assert_eq!(code, "MaxDocumentSizeExceeded");
}

#[test]
fn a_calendar_is_text_and_stays_text() {
    let calendar = "BEGIN:VCALENDAR\r\nPRODID:-//AWS//Change Calendar 1.0//EN\r\nEND:VCALENDAR\r\n";
    let mut aws = Aws::new();
    let body = json!({
        "Name": "Org-C", "Content": calendar, "DocumentType": "ChangeCalendar",
        "DocumentFormat": "TEXT",
    });
    let created = aws.ok(OWNER, "CreateDocument", body);
    assert_eq!(created["DocumentDescription"]["PlatformTypes"], json!([]));
    assert!(created["DocumentDescription"].get("SchemaVersion").is_none());
    let got = aws.ok(OWNER, "GetDocument", json!({ "Name": "Org-C" }));
    assert_eq!((&got["Content"], &got["DocumentFormat"]), (&json!(calendar), &json!("TEXT")));
    for (kind, format, content) in [
        ("ChangeCalendar", "JSON", "{}"),
        ("ChangeCalendar", "TEXT", "hello"),
        ("Automation", "TEXT", YAML),
    ] {
        let (code, _) = create(kind, format, content).expect_err(kind);
        assert_eq!(code, "InvalidDocumentContent", "{kind} {format}");
    }
}

#[test]
fn a_command_document_has_named_steps_of_known_plugins_and_typed_parameters() {
    let step = |action: &str, name: &str| json!({ "action": action, "name": name, "inputs": {} });
    let shell = step("aws:runShellScript", "a");
    let with = |steps: Value| json!({ "schemaVersion": "2.2", "mainSteps": steps });
    let saying = |line: &str| {
        let inputs = json!({ "runCommand": ["true", line] });
        with(json!([{ "action": "aws:runShellScript", "name": "a", "inputs": inputs }]))
    };
    let typed = |kind: &str| {
        let mut content = with(json!([shell]));
        content["parameters"] = json!({ "Times": { "type": kind } });
        content
    };
    for (content, part) in [
        (with(json!({ "a": shell })), "mainSteps must be a list of steps."),
        (with(json!([shell, { "action": "aws:runShellScript" }])), "Step 2 of mainSteps needs"),
        (with(json!([{ "name": "a" }])), "Step 1 of mainSteps needs an action and a name."),
        (with(json!([step("aws:sing", "a")])), "Unknown plugin name: aws:sing"),
        (with(json!([step("aws:createImage", "a")])), "Unknown plugin name: aws:createImage"),
        (saying("echo {{ Name }}"), "Parameter \"Name\" is not declared."),
        (saying("docker inspect -f '{{else}}'"), "Parameter \"else\" is not declared."),
        (typed("Number"), "Parameter \"Times\" has type Number."),
        (
            json!({ "schemaVersion": "1.2", "runtimeConfig": { "aws:sing": {} } }),
            "Unknown plugin name: aws:sing",
        ),
    ] {
        let (code, message) = create("Command", "JSON", &content.to_string()).expect_err(part);
        assert_eq!(code, "InvalidDocumentContent");
        assert!(message.contains(part), "{message}");
    }
    for content in [
        typed("Integer"),
        typed("StringMap"),
        saying("docker ps --format '{{.Names}}' {{ssm:name}} {{ platformType }} } {{"),
        with(json!([shell, step("aws:updateSsmAgent", "b")])),
        json!({ "schemaVersion": "1.2", "runtimeConfig": { "aws:psmodule": {} } }),
    ] {
        create("Command", "JSON", &content.to_string()).expect("valid");
    }
}

/// Distributor's, of one file for Amazon Linux.
fn manifest() -> Value {
    json!({
        "schemaVersion": "2.0", "version": "1.0.0",
        "packages": { "amazon": { "_any": { "x86_64": { "file": "tool.zip" } } } },
        "files": { "tool.zip": { "checksums": { "sha256": "0".repeat(64) } } },
    })
}

#[test]
fn a_package_has_a_manifest_with_all_its_files() {
    create("Package", "JSON", &manifest().to_string()).expect("valid");
    for lacking in ["version", "packages", "files"] {
        let mut manifest = manifest();
        manifest[lacking] = Value::Null;
        let (code, message) = create("Package", "JSON", &manifest.to_string()).expect_err(lacking);
        let expected = format!("The manifest of a Package document needs {lacking}.");
        assert_eq!((code.as_str(), message), ("InvalidDocumentContent", expected));
    }
    let mut other = manifest();
    other["packages"]["windows"] = json!({ "_any": { "x86_64": { "file": "tool.exe" } } });
    let (code, message) = create("Package", "JSON", &other.to_string()).expect_err("no file");
    assert_eq!(code, "InvalidDocumentContent");
    assert!(message.contains("name tool.exe"), "{message}");
}

#[test]
fn platforms_come_from_the_steps_of_a_command() {
    let step = |action: &str| json!({ "action": action, "name": "a", "inputs": {} });
    let only = |platform: &str| {
        json!({ "action": "aws:runDocument", "name": "b", "inputs": {},
                "precondition": { "StringEquals": ["platformType", platform] } })
    };
    for (steps, expected) in [
        (json!([step("aws:runShellScript")]), json!(["Linux", "MacOS"])),
        (json!([step("aws:psModule")]), json!(["Windows"])),
        (json!([step("aws:softwareInventory")]), json!(["Windows", "Linux", "MacOS"])),
        (json!([only("Linux")]), json!(["Linux"])),
        (json!([only("Windows"), only("macOS")]), json!(["Windows", "MacOS"])),
    ] {
        let content = json!({ "schemaVersion": "2.2", "mainSteps": steps }).to_string();
        let created = create("Command", "JSON", &content).expect("valid");
        assert_eq!(created["PlatformTypes"], expected, "{content}");
    }
}

#[test]
fn the_deeper_check_has_the_first_word() {
    fn check(submission: &Submission<'_>) -> Result<(), Defective> {
        assert_eq!(submission.document_type, DocumentType::Automation);
        if submission.text.contains("forbidden") {
            Err(Defective::Content("no forbidden".into()))
        } else if submission.text.contains("0.2") {
            Err(Defective::SchemaVersion("no 0.2".into()))
        } else {
            Ok(())
        }
    }
    let mut aws = Aws::new();
    aws.documents = Documents::new(Vec::new(), check).expect("nothing to check yet");
    aws.create(OWNER, "Org-A");
    let body = json!({ "Name": "Org-A", "Content": runbook("forbidden") });
    let error = aws.err(OWNER, "UpdateDocument", body);
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("InvalidDocumentContent", "no forbidden")
    );
    let old = runbook("old").replace("0.3", "0.2");
    let error = aws.err(OWNER, "UpdateDocument", json!({ "Name": "Org-A", "Content": old }));
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("InvalidDocumentSchemaVersion", "no 0.2")
    );
}

#[test]
fn a_document_full_of_steps_is_read_as_quickly_as_a_small_one() {
    let mut yaml = "schemaVersion: '0.3'\nmainSteps:\n".to_owned();
    for n in 0..1000 {
        yaml.push_str(&format!(
            "- {{name: s{n}, action: aws:sleep, inputs: {{Duration: PT1S}}}}\n"
        ));
    }
    assert!(yaml.len() > 50_000 && yaml.len() <= 65_536, "{}", yaml.len());
    assert!(create("Automation", "YAML", &yaml).is_ok());
}

#[test]
fn yaml_of_other_kinds_may_have_tags_and_anchors() {
    let template = "\
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties: &properties {BucketName: !Ref Name, Tags: !GetAtt [Other, Tags]}
  Again:
    Type: AWS::S3::Bucket
    Properties: *properties
";
    assert!(create("CloudFormation", "YAML", template).is_ok());
}
