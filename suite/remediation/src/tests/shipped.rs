//! The rules that ship: valid, observing, and made for the runbooks that ship beside them.

use std::path::{Path, PathBuf};

use run::ASSUME_ROLE;
use serde_json::Value;

use super::*;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn shipped() -> RemediationRules {
    let files = std::fs::read_dir(root().join("rules/remediation")).unwrap();
    RemediationRules::parse(files.map(|entry| {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        RuleText::file(path.to_str().unwrap(), text)
    }))
}

#[test]
fn every_shipped_rule_is_valid_and_observes_and_none_is_warned_of() {
    let set = shipped();
    assert_eq!(set.problems, []);
    assert_eq!(set.warnings, []);
    let names: Vec<&str> = set.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "ec2-cpu-credits",
            "ec2-disk-full",
            "ec2-instance-check",
            "ec2-memory",
            "ec2-system-check"
        ]
    );
    assert!(set.rules.iter().all(|rule| rule.mode == Mode::Observe));
}

#[test]
fn every_shipped_rule_gives_a_runbook_that_ships_what_it_takes_and_needs() {
    for rule in &shipped().rules {
        for rung in &rule.ladder {
            let path = root().join(format!("runbooks/{}.yaml", rung.runbook));
            let text = std::fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("{}: {}: {error}", rule.name, path.display()));
            let runbook: Value = serde_saphyr::from_str(&text).unwrap();
            let declared = runbook["parameters"].as_object().unwrap();
            for given in rung.parameters.keys() {
                assert!(
                    declared.contains_key(given),
                    "{}: {} takes no {given}",
                    rule.name,
                    rung.runbook
                );
            }
            assert!(declared.contains_key(ASSUME_ROLE), "{}", rung.runbook);
            // The role is the stack's to give.
            for (name, parameter) in declared.iter().filter(|(name, _)| *name != ASSUME_ROLE) {
                let filled =
                    parameter.get("default").is_some() || rung.parameters.contains_key(name);
                assert!(filled, "{}: {} needs {name}", rule.name, rung.runbook);
            }
        }
    }
}

#[test]
fn each_failed_check_has_its_own_lever() {
    let set = shipped();
    for (file, rule, lever) in [
        ("aws.cloudwatch/status-check-instance.json", "ec2-instance-check", "Relay-RebootInstance"),
        ("aws.cloudwatch/status-check-system.json", "ec2-system-check", "Relay-StopStartInstance"),
    ] {
        let trigger = trigger(file);
        let Found::Rule(found) = find_rule(&set.rules, &trigger, &Known::default()) else {
            panic!("{file}")
        };
        assert_eq!((found.name.as_str(), found.ladder[0].runbook.as_str()), (rule, lever));
        let Resolution::Known(subject) = found.resolve(&trigger) else { panic!("{file}") };
        assert_eq!(subject.resources, ["i-0123456789abcdef0"]);
    }
    let system = set.rule("ec2-system-check").unwrap();
    let trigger = trigger("aws.cloudwatch/status-check-system.json");
    let until = system.deferred_until(&trigger).unwrap();
    assert_eq!(until.duration_since(trigger.at).as_mins(), 10, "EC2's own recovery comes first");
    let cpu = self::trigger("aws.cloudwatch/alarm-state-change.json");
    assert_eq!(
        find_rule(&set.rules, &cpu, &Known::default()),
        Found::Nothing,
        "somebody else's alarm"
    );
}
