//! The runbooks that ship, in the workbench: no findings, tests that pass, and their pictures in README.md.

use std::path::{Path, PathBuf};
use std::process::Command;

use expect_test::expect_file;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../runbooks")
}

/// The runbooks by name, without their tests.
fn names() -> Vec<String> {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let names = files.filter_map(|name| name.to_str()?.strip_suffix(".yaml").map(str::to_owned));
    let mut names: Vec<String> = names.filter(|name| !name.ends_with(".test")).collect();
    names.sort();
    assert!(names.len() >= 11, "{names:?}");
    names
}

/// Runs the program as it is, with what is on the PATH.
fn relay(line: &[&str]) -> (i32, String) {
    let ran = Command::new(env!("CARGO_BIN_EXE_relay"))
        .args(line)
        .current_dir(folder())
        .output()
        .unwrap();
    let out = String::from_utf8(ran.stdout).unwrap() + &String::from_utf8(ran.stderr).unwrap();
    (ran.status.code().unwrap(), out)
}

#[test]
fn every_shipped_runbook_passes_the_reviewers_rules() {
    let (code, out) = relay(&["runbook", "lint", ".", "--quiet"]);
    let all = names().len();
    assert_eq!(code, 0, "{out}");
    assert!(
        out.starts_with("no findings") && out.ends_with(&format!("in {all} runbooks\n")),
        "{out}"
    );
}

#[test]
fn the_readme_shows_the_picture_of_every_shipped_runbook() {
    let readme = folder().join("README.md");
    let text = std::fs::read_to_string(&readme).unwrap();
    let (before, _) = text.split_once("## Pictures\n").unwrap();
    let mut expected = format!(
        "{before}## Pictures\n\nMade by `relay runbook graph`. Dashed red ways lead on from a failure or a cancel. A step \
         without one ends the run\nwhen it fails.\n"
    );
    for name in names() {
        let (code, picture) = relay(&["runbook", "graph", &format!("{name}.yaml")]);
        assert_eq!(code, 0, "{picture}");
        expected += &format!(
            "\n<details>\n<summary>{name}</summary>\n\n```mermaid\n{picture}```\n\n</details>\n"
        );
    }
    expect_file![readme].assert_eq(&expected);
}

#[test]
fn every_shipped_runbook_has_its_page_and_its_policy_lacks_nothing() {
    let pages = folder().join("../docs/runbooks");
    for name in names() {
        let (code, page) = relay(&["runbook", "docs", &format!("{name}.yaml")]);
        assert_eq!(code, 0, "{page}");
        expect_file![pages.join(format!("{name}.md"))].assert_eq(&page);
        // The description names for people the actions that the policy has.
        let (_, described) = page.split_once("**Permissions:** ").unwrap_or(("", ""));
        let described = described.split("\n\n").next().unwrap_or_default();
        let (_, policy) = page.split_once("## Permissions of the role").unwrap();
        for permission in described.split('`').skip(1).step_by(2) {
            if permission.contains(':') && !permission.contains(['*', ' ', '{']) {
                assert!(policy.contains(permission), "{name}: {permission}");
            }
        }
    }
}

#[test]
fn every_shipped_runbook_passes_its_tests_and_one_of_them_is_of_a_failure() {
    let (code, out) = relay(&["runbook", "test", ".", "--output", "json"]);
    assert_eq!(code, 0, "{out}");
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let tested = report["runbooks"].as_array().unwrap();
    let names: Vec<String> = names();
    assert_eq!(
        tested.iter().map(|each| each["runbook"].as_str().unwrap()).collect::<Vec<_>>(),
        names
    );
    for each in tested {
        let ends: Vec<&str> = each["cases"]
            .as_array()
            .unwrap()
            .iter()
            .map(|case| case["status"].as_str().unwrap())
            .collect();
        assert!(ends.contains(&"Success"), "{}: {ends:?}", each["runbook"]);
        assert!(
            ends.iter().any(|end| ["Failed", "TimedOut"].contains(end)),
            "{}: {ends:?}",
            each["runbook"]
        );
        // Steps that differ from others in an input or two may be left out, but not many.
        let (taken, all) =
            (each["steps"]["taken"].as_u64().unwrap(), each["steps"]["all"].as_u64().unwrap());
        assert!(taken * 3 >= all * 2, "{}: {taken} of {all} steps", each["runbook"]);
    }
}
