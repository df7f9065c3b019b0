use std::path::{Path, PathBuf};

use expect_test::expect_file;
use jsonschema::Validator;

use super::*;

fn validator() -> Validator {
    jsonschema::draft7::new(&schema()).unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn value(text: &str) -> Value {
    Value::from(runbook::tree(text).unwrap())
}

fn problems(text: &str) -> Vec<String> {
    let value = value(text);
    validator().iter_errors(&value).map(|error| error.to_string()).collect()
}

#[test]
fn the_schema_that_ships_is_this_one() {
    let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    expect_file![root().join("docs/schemas/runbook.json")].assert_eq(&text);
}

#[test]
fn every_shipped_runbook_and_template_fits() {
    let mut files = Vec::new();
    for folder in ["runbooks", "cli/src/runbook/templates"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.ends_with(".yaml") && !name.ends_with(".test.yaml") {
                files.push(path);
            }
        }
    }
    files.push(root().join("local/runbook/src/tests/whole.yaml"));
    assert!(files.len() >= 18, "{files:?}");
    for file in files {
        let found = problems(&std::fs::read_to_string(&file).unwrap());
        assert!(found.is_empty(), "{}: {found:?}", file.display());
    }
}

/// One step of each action with the inputs that it must have.
#[test]
fn every_action_fits_with_what_it_requires_and_not_without() {
    for action in ActionKind::ALL {
        let signature = action.signature();
        let mut inputs = Map::new();
        for name in signature.required {
            let value = match *name {
                "Choices" => {
                    json!([{ "NextStep": "a", "Variable": "{{ x }}", "StringEquals": "y" }])
                }
                "Steps" => {
                    json!([{ "name": "b", "action": "aws:sleep", "inputs": { "Duration": "PT1S" } }])
                }
                "DesiredState" => json!("stopped"),
                name => match vocabulary::input_type(*action, name) {
                    Some(OutputType::StringList | OutputType::MapList) => json!([]),
                    _ => json!("x"),
                },
            };
            inputs.insert((*name).to_owned(), value);
        }
        let whole = |inputs: &Map<String, Value>| json!({ "schemaVersion": "0.3", "mainSteps": [{ "name": "a", "action": action.name(), "inputs": inputs }] });
        assert!(validator().is_valid(&whole(&inputs)), "{}", action.name());
        for name in signature.required {
            let mut less = inputs.clone();
            less.remove(*name);
            assert!(!validator().is_valid(&whole(&less)), "{} without {name}", action.name());
        }
        let mut more = inputs.clone();
        more.insert("Nonsense".to_owned(), json!(1));
        let is_refused = signature.others == Others::Refused;
        assert_eq!(!validator().is_valid(&whole(&more)), is_refused, "{}", action.name());
    }
}

const SOUND: &str = "schemaVersion: '0.3'
parameters:
  Id: {type: String, default: i-1}
variables:
  n: {type: Integer, default: 1}
mainSteps:
  - name: stop
    action: aws:changeInstanceState
    maxAttempts: 2
    onFailure: step:last
    isEnd: false
    inputs: {InstanceIds: ['{{ Id }}'], DesiredState: stopped}
  - name: choose
    action: aws:branch
    inputs:
      Choices: [{NextStep: last, Variable: '{{ Id }}', StringEquals: x}]
      Default: last
  - name: last
    action: aws:executeAwsApi
    inputs: {Service: ec2, Api: DescribeInstances}
    outputs: [{Name: A, Selector: $.A, Type: String}]
";

/// Each defect is planted into a sound runbook: the parser refuses it, and so does the schema.
#[test]
fn planted_defects_are_refused_by_the_parser_and_by_the_schema() {
    assert_eq!(problems(SOUND), [""; 0]);
    let planted = [
        ("schemaVersion: '0.3'", "schemaVersion: '0.4'"),
        ("schemaVersion: '0.3'\n", ""),
        ("schemaVersion: '0.3'", "schemaVersion: '0.3'\nmainSteeps: []"),
        ("Id: {type: String", "Id: {type: Text"),
        ("Id: {type: String", "Id: {kind: String"),
        ("Id: {type", "I_d: {type"),
        ("n: {type: Integer", "n: {type: 'AWS::EC2::Instance::Id'"),
        ("name: stop", "name: st op"),
        ("  - name: stop\n    action", "  - action"),
        ("aws:changeInstanceState", "aws:changeInstance"),
        ("    action: aws:changeInstanceState\n", ""),
        ("maxAttempts: 2", "maxAttempts: often"),
        ("maxAttempts: 2", "maxAttempt: 2"),
        ("onFailure: step:last", "onFailure: last"),
        ("onFailure: step:last", "onFailure: Exit"),
        ("isEnd: false", "isEnd: perhaps"),
        ("InstanceIds: ['{{ Id }}'], ", ""),
        ("    inputs: {Service: ec2, Api: DescribeInstances}\n", ""),
        ("Service: ec2, ", ""),
        ("NextStep: last, ", ""),
        ("StringEquals: x", "StringEqual: x"),
        ("Default: last", "Otherwise: last"),
        ("Name: A, ", ""),
        ("Type: String}]", "Type: Text}]"),
        ("Selector: $.A, ", ""),
    ];
    for (from, to) in planted {
        assert!(SOUND.contains(from), "{from}");
        let text = SOUND.replacen(from, to, 1);
        assert!(runbook::parse(&text).is_err(), "the parser accepts {to:?} for {from:?}");
        assert!(!problems(&text).is_empty(), "the schema accepts {to:?} for {from:?}");
    }
}
