//! The checked-in schemas are the generated ones, and the contract's own examples fit them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas")
}

fn validator(file: &str) -> jsonschema::Validator {
    let (_, text) = all().into_iter().find(|(name, _)| *name == file).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

#[track_caller]
fn fits(file: &str, value: &Value) {
    let validator = validator(file);
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, [""; 0]);
}

#[test]
fn the_files_are_what_the_types_say() {
    let mut generated = BTreeSet::new();
    for (file, text) in all() {
        let stored = std::fs::read_to_string(folder().join(file)).unwrap_or_default();
        assert!(stored == text, "{file} is stale: cargo run --example schemas");
        generated.insert(file.to_owned());
    }
    let stored: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        // The workbench's, which has a test of its own.
        .filter(|name| name != "runbook.json")
        .collect();
    assert_eq!(stored, generated);
}

#[test]
fn the_reference_page_of_rules_is_what_the_types_say() {
    let stored =
        std::fs::read_to_string(folder().join("../rules-reference.md")).unwrap_or_default();
    assert!(stored == reference::page(), "stale: cargo run --example schemas");
}

#[test]
fn the_reference_page_has_every_field_of_the_schemas_of_rules() {
    let page = reference::page();
    for file in ["sharing-rule.json", "remediation-rule.json", "control.json"] {
        let (_, text) = all().into_iter().find(|(name, _)| *name == file).unwrap();
        let schema: Value = serde_json::from_str(&text).unwrap();
        let definitions = schema["$defs"].as_object().unwrap().values();
        for properties in definitions.chain([&schema]).filter_map(|of| of["properties"].as_object())
        {
            for name in properties.keys() {
                let found = [format!("`{name}` |"), format!(".{name}` |")];
                assert!(found.iter().any(|found| page.contains(found)), "{file}: {name}");
            }
        }
    }
}

fn rule() -> Value {
    json!({
        "documents": {"owner": "111122223333", "names": ["Org-*"],
                      "tags": {"share": "organization"}, "types": ["Automation"]},
        "regions": ["us-east-1", "eu-west-1"],
        "accounts": {"in": ["organization", "/Workloads/Prod", "r-abcd", "ou-abcd-12345678"],
                     "includeChildUnits": true, "exclude": ["444455556666"]},
        "documentVersion": "$DEFAULT",
        "ownership": "ledger",
        "onboarding": [{"runbook": "Org-Baseline", "parameters": {"Level": ["standard"]}}]
    })
}

#[test]
fn the_contracts_rule_fits_its_schema() {
    fits("sharing-rule.json", &rule());
    fits(
        "sharing-rule.json",
        &json!({"documents": {"types": ["Automation"]}, "regions": ["us-east-1"],
                "accounts": {"in": ["organization"]}}),
    );
}

#[test]
fn the_schema_of_rules_refuses_what_the_parser_refuses() {
    let validator = validator("sharing-rule.json");
    for (pointer, wrong) in [
        ("/documents/owner", json!(111122223333u64)),
        ("/documents/types/0", json!("Runbook")),
        ("/documents/names", json!([])),
        ("/regions", json!([])),
        ("/regions/0", json!("us-east-1a")),
        ("/accounts/in", json!([])),
        ("/accounts/in/0", json!("organisation")),
        ("/accounts/exclude/0", json!("4444")),
        ("/documentVersion", json!("3")),
        ("/ownership", json!("mine")),
        ("/onboarding/0/runbook", json!("a:b")),
        ("/documents", json!({"owner": "111122223333"})),
    ] {
        let mut rule = rule();
        *rule.pointer_mut(pointer).unwrap() = wrong;
        assert!(!validator.is_valid(&rule), "{pointer}");
    }
    let mut rule = rule();
    rule["region"] = json!([]);
    assert!(!validator.is_valid(&rule), "an unknown field");
}

#[test]
fn the_contracts_remediation_rule_fits_its_schema_and_what_the_parser_refuses_does_not() {
    let mut rule: Value =
        serde_saphyr::from_str(include_str!("../../../remediation/src/tests/contract.yaml"))
            .unwrap();
    fits("remediation-rule.json", &rule);
    let least = json!({"alarm": {"names": ["a"]}, "resource": {"literal": "x"},
                       "ladder": [{"runbook": "Org-A"}]});
    fits("remediation-rule.json", &least);
    let validator = validator("remediation-rule.json");
    for (pointer, wrong) in [
        ("/mode", json!("on")),
        ("/alarm", json!({"regions": ["us-east-1"]})),
        ("/alarm/regions/0", json!("us-east-1a")),
        ("/alarm/accounts/0", json!("organisation")),
        ("/resource", json!({"dimension": "a", "literal": "b"})),
        ("/resource/autoScaling", json!("yes")),
        ("/ladder", json!([])),
        ("/ladder/0/runbook", json!("a b")),
        ("/ladder/0/recoverWithin", json!("PT5M")),
        ("/ladder/1/approval/approvers", json!([])),
        ("/run/serviceRole", json!("Automation")),
        ("/run/mode", json!("Manual")),
        ("/run/maxConcurrency", json!("0")),
        ("/run/maxErrors", json!("101%")),
        ("/run/locations/regions", json!([])),
        ("/guard/coolDown", json!(30)),
        ("/guard/perHour", json!(0)),
        ("/severity", json!("urgent")),
    ] {
        let mut wronged = rule.clone();
        *wronged.pointer_mut(pointer).unwrap() = wrong;
        assert!(!validator.is_valid(&wronged), "{pointer}");
    }
    rule["alarms"] = json!({});
    assert!(!validator.is_valid(&rule), "an unknown field");
}

#[test]
fn the_contracts_outcome_fits_its_schema_and_its_type() {
    let outcome = json!({
        "version": "1", "suiteVersion": "0.1.0", "id": "0472af54-dd01-5d43-9bae-bdc798260d9c",
        "flow": "sharing", "outcome": "partial", "severity": "high", "summary": "…", "at": "2026-01-02T03:04:05Z",
        "durationSeconds": 41.2, "attempt": 1, "rules": ["zeta"], "rulesVersion": "sha256:…",
        "execution": "arn:aws:states:us-east-1:111122223333:execution:m:n",
        "trigger": {"kind": "join", "arn": null, "eventIds": ["…"]},
        "alarm": {"arn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:cpu", "name": "cpu",
                  "account": "111122223333", "region": "us-east-1", "contributor": null,
                  "at": "2026-01-02T03:04:05Z", "reason": "…"},
        "alarms": ["arn:aws:cloudwatch:us-east-1:111122223333:alarm:cpu"],
        "approval": {"status": "pending", "runbook": "…", "executionId": "…",
                     "approvers": ["arn:aws:iam::111122223333:role/on-call"], "minimum": 1,
                     "withinSeconds": 3600,
                     "decisions": [{"approver": "arn:aws:sts::111122223333:assumed-role/on-call/alice",
                                    "answer": "approved", "at": "2026-01-02T03:04:05Z", "comment": "…"}]},
        "links": [{"kind": "execution", "href": "https://…", "account": "111122223333",
                   "shortcut": "https://d-….awsapps.com/start/#/console?…"}],
        "accounts": ["444455556666"], "regions": ["us-east-1"], "resources": ["i-…"],
        "resourceNames": {"i-…": "web-1"}, "count": 1,
        "runs": [{"runbook": "…", "rung": 1, "executionId": "…", "account": "444455556666",
                  "region": "us-east-1", "status": "Success", "console": "https://…",
                  "failedStep": null, "reason": null}],
        "shares": [{"owner": "111122223333", "region": "us-east-1", "documents": 118,
                    "added": 118, "removed": 0, "failed": 2}],
        "drift": {"missing": 120, "takenBack": 2, "surplus": 0, "added": 118, "removed": 0, "failed": 2,
                  "held": false, "left": [{"because": "foreign", "pairs": 4}]},
        "problems": [{"code": "DocumentPermissionLimit", "where": "owner/region/document",
                      "what": "…", "hint": "…"}],
        "problemsTotal": 2,
        "solved": [{"code": "UnknownOrganizationalUnit", "where": "rule:3:17", "what": "…", "hint": "…"}],
        "details": {"bucket": "…", "key": "outcomes/…/<id>.json"}, "truncated": false
    });
    fits("outcome.json", &outcome);
    let parsed: Outcome = serde_json::from_value(outcome).unwrap();
    fits("outcome.json", &serde_json::to_value(&parsed).unwrap());
}

#[test]
fn the_least_an_outcome_may_say_fits_the_schema() {
    fits(
        "outcome.json",
        &json!({
            "version": "1", "id": "0472af54-dd01-5d43-9bae-bdc798260d9c", "flow": "sharing",
            "outcome": "failed", "severity": "high", "summary": "…", "at": "2026-01-02T03:04:05Z",
            "execution": "arn:aws:states:us-east-1:111122223333:execution:m:n"
        }),
    );
}

#[test]
fn machine_inputs_fit_their_schemas_and_neither_nobody_nor_both() {
    for input in [
        json!({"accounts": ["000000000001"]}),
        json!({"organization": true, "trigger": {"kind": "backfill"}}),
        json!({"organization": true, "drift": true, "dryRun": true, "confirm": "0123456789ab"}),
        json!({"accounts": ["000000000001"], "after": 300,
               "trigger": {"kind": "recheck", "arn": null, "eventIds": []}}),
    ] {
        fits("share-runbooks-input.json", &input);
        let parsed: ShareRunbooksInput = serde_json::from_value(input).unwrap();
        fits("share-runbooks-input.json", &serde_json::to_value(&parsed).unwrap());
    }
    let validator = validator("share-runbooks-input.json");
    for input in [
        json!({}),
        json!({"accounts": []}),
        json!({"organization": false}),
        json!({"accounts": ["000000000001"], "organization": true}),
        json!({"organization": true, "dryRun": "yes"}),
    ] {
        assert!(!validator.is_valid(&input), "{input}");
        assert!(serde_json::from_value::<ShareRunbooksInput>(input).is_err());
    }
    fits(
        "await-membership-input.json",
        &json!({"request": {"handshakeId": "h-12345678"}, "trigger": {"kind": "join"}}),
    );
}

#[test]
fn inputs_of_run_automation_fit_their_schema_and_neither_nothing_nor_both() {
    for input in [
        json!({"runbook": "Relay-RebootInstance"}),
        json!({"runbook": "Org-Patch", "parameters": {"InstanceId": ["{resource}"]},
               "account": "444455556666", "region": "eu-west-1", "resources": ["i-1"],
               "trigger": {"kind": "schedule"}, "timeout": "2h", "destructive": true,
               "run": {"mode": "Interactive", "tags": {"team": "payments"}}}),
        json!({"ladder": [{"runbook": "Org-A"}, {"runbook": "Org-B", "recoverWithin": "5m"}],
               "alarm": {"arn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:cpu"},
               "run": {"locations": {"accounts": ["/Workloads/Prod"], "regions": ["us-east-1"]}}}),
    ] {
        fits("run-automation-input.json", &input);
        let parsed: RunAutomationInput = serde_json::from_value(input).unwrap();
        fits("run-automation-input.json", &serde_json::to_value(&parsed).unwrap());
    }
    let validator = validator("run-automation-input.json");
    for input in [
        json!({}),
        json!({"ladder": []}),
        json!({"runbook": "Org-A", "ladder": [{"runbook": "Org-B"}]}),
        json!({"runbook": "a b"}),
        json!({"runbook": "Org-A", "account": 444455556666u64}),
        json!({"runbook": "Org-A", "run": {"mode": "Manual"}}),
        json!({"runbook": "Org-A", "parametrs": {}}),
    ] {
        assert!(!validator.is_valid(&input), "{input}");
        let request = json!({
            "execution": {"arn": "a", "name": "a", "startTime": "2026-01-02T03:04:05Z"},
            "input": input, "rung": 0
        });
        assert!(serde_json::from_value::<run::StartAutomationInput>(request).is_err());
    }
}

#[test]
fn the_control_document_fits_its_schema() {
    fits("control.json", &json!({"mode": "off", "until": "2026-01-02T03:04:05Z", "reason": "x"}));
    fits("control.json", &json!({"mode": "observe"}));
    let validator = validator("control.json");
    for control in [json!({}), json!({"mode": "on"}), json!({"mode": "off", "untill": "x"})] {
        assert!(!validator.is_valid(&control), "{control}");
    }
}
