//! The runbooks that ship, in the workbench: no findings, and their pictures are those of README.md.

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
