//! Every runbook that this repository ships is sound, and keeps the rules of `runbooks/README.md`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::fs;
use std::path::{Path, PathBuf};

use runbook::{ActionKind, Runbook, Step, StepBody, parse};

/// The suite's own, by name.
fn own() -> Vec<(String, String)> {
    let shipped = texts("runbooks");
    assert!(shipped.len() >= 11, "{} runbooks", shipped.len());
    shipped
}

/// Amazon's, re-authored: those of them that are runbooks.
fn predefined() -> Vec<(String, String)> {
    let mut shipped = texts("local/gateway/predefined");
    shipped.retain(|(_, text)| text.contains("schemaVersion: '0.3'"));
    assert!(shipped.len() >= 17, "{} runbooks", shipped.len());
    shipped
}

fn texts(folder: &str) -> Vec<(String, String)> {
    let mut files: Vec<PathBuf> = fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .filter(|path| !path.to_string_lossy().ends_with(".test.yaml"))
        .collect();
    files.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    };
    files.into_iter().map(read).collect()
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn sound(name: &str, text: &str) -> Runbook {
    parse(text).unwrap_or_else(|defects| panic!("{name}:\n{defects}"))
}

/// All steps, those of loops too.
fn steps(runbook: &Runbook) -> Vec<&Step> {
    let inner = |step: &Step| matches!(step.body, StepBody::Loop { .. });
    assert!(!runbook.steps.iter().any(inner), "a loop: its steps are to be looked at here too");
    runbook.steps.iter().collect()
}

#[test]
fn every_shipped_runbook_is_sound() {
    for (name, text) in own().into_iter().chain(predefined()) {
        sound(&name, &text);
        assert!(text.len() < 65_536 / 2, "{name} leaves no room for its parameters");
    }
}

#[test]
fn every_shipped_runbook_runs_under_the_role_it_is_given() {
    for (name, text) in own().into_iter().chain(predefined()) {
        let runbook = sound(&name, &text);
        assert_eq!(runbook.assume_role.as_deref(), Some("{{ AutomationAssumeRole }}"), "{name}");
    }
}

#[test]
fn a_runbook_whose_scripts_call_aws_has_to_be_given_a_role() {
    for (name, text) in own() {
        let runbook = sound(&name, &text);
        let scripted = steps(&runbook).iter().any(|step| step.action == ActionKind::ExecuteScript);
        let role = runbook.parameters.iter().find(|each| each.name == "AutomationAssumeRole");
        assert_eq!(role.unwrap().default.is_none(), scripted, "{name}");
    }
}

#[test]
fn every_own_runbook_says_what_it_needs_and_what_cannot_be_undone() {
    for (name, text) in own() {
        let runbook = sound(&name, &text);
        let description = runbook.description.as_deref().unwrap_or_default();
        for word in ["# ", "**Permissions:**", "**Irreversible:**"] {
            assert!(description.contains(word), "{name}: {word}");
        }
        assert!(!runbook.outputs.is_empty(), "{name} has no outputs");
    }
}

#[test]
fn every_parameter_is_described_and_those_of_free_text_are_fenced() {
    // Texts for people, and values that the runbook that is started checks itself.
    let free = ["Message", "Reason", "HealthCheckCommands", "Parameters", "Approvers"];
    for (name, text) in own() {
        for parameter in sound(&name, &text).parameters {
            let place = format!("{name}: {}", parameter.name);
            assert!(parameter.description.is_some(), "{place}");
            let fenced = parameter.allowed_values.is_some() || parameter.allowed_pattern.is_some();
            let textual =
                matches!(parameter.kind.name.as_str(), "String" | "StringList" | "StringMap");
            assert!(fenced || !textual || free.contains(&parameter.name.as_str()), "{place}");
        }
    }
}

#[test]
fn every_step_of_an_own_runbook_that_may_hang_has_a_time_of_its_own() {
    for (name, text) in own() {
        let runbook = sound(&name, &text);
        for step in steps(&runbook) {
            let at_once = matches!(step.action, ActionKind::Branch | ActionKind::Sleep);
            assert!(at_once || step.timeout_seconds.is_some(), "{name}: {}", step.name);
        }
    }
}

#[test]
fn every_own_runbook_is_in_the_table() {
    let table = fs::read_to_string(root().join("runbooks/README.md")).unwrap();
    for (name, text) in own() {
        assert!(name.starts_with("Relay-"), "{name}");
        let row = format!("| [{name}]({name}.yaml) ");
        let row = table.lines().find(|line| line.starts_with(&row));
        let needs_role = sound(&name, &text).parameters.iter().any(|parameter| {
            parameter.name == "AutomationAssumeRole" && parameter.default.is_none()
        });
        assert_eq!(row.map(|row| row.contains('●')), Some(needs_role), "{name}");
    }
}
