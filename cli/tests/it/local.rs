//! `relay local` and `relay runbook run` in a package: the program beside `relay` starts the local AWS. Here it is a script.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

const SCRIPT: &str = "#!/bin/sh\necho \"started with: $*\" in \"$PWD\"\nexit 3\n";

/// A folder `bin` with `relay`, and with the script in the place of `xtask`.
fn package(script: Option<&str>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let (built, relay) = (Path::new(env!("CARGO_BIN_EXE_relay")), bin.join("relay"));
    // A link costs nothing; another file system needs a copy.
    if std::fs::hard_link(built, &relay).is_err() {
        copy(built, &relay);
    }
    if let Some(script) = script {
        let text = folder.path().join("script");
        std::fs::write(&text, script).unwrap();
        std::fs::set_permissions(&text, PermissionsExt::from_mode(0o755)).unwrap();
        copy(&text, &bin.join("xtask"));
    }
    (folder, relay)
}

/// By another process: a program that this one has open for writing while another thread starts a child cannot be started.
fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg(from).arg(to).status().unwrap().success());
}

fn run(relay: &Path, line: &[&str]) -> (Option<i32>, String) {
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("mine.yaml"), crate::runbooks::WAIT).unwrap();
    let ran = Command::new(relay)
        .args(line)
        .current_dir(elsewhere.path())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", elsewhere.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [ran.stdout, ran.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    let said = said.concat().replace(&elsewhere.path().display().to_string(), "HERE");
    (ran.status.code(), said)
}

#[test]
fn the_program_of_the_package_takes_its_place_with_all_options_and_its_exit_code() {
    let (_folder, relay) = package(Some(SCRIPT));
    let line = ["local", "--empty", "--port", "4577", "--rules", "rules", "--parameter", "A=b c"];
    let (code, said) = run(&relay, &line);
    let options = "local --empty --port 4577 --rules rules --parameter A=b c";
    assert_eq!((code, said), (Some(3), format!("started with: {options} in HERE\n")));
}

#[test]
fn a_runbook_is_run_by_the_program_of_the_package_too() {
    let (_folder, relay) = package(Some(SCRIPT));
    let (code, said) = run(&relay, &["runbook", "run", "mine.yaml"]);
    assert_eq!(code, Some(1), "{said}");
    // The script starts nothing: it ends before a local AWS is ready.
    assert!(said.contains("the local AWS ended before it was ready"), "{said}");
    let fine = "#!/bin/sh\n[ \"$1 $2\" = 'local --without-stack' ] && echo ready http://127.0.0.1:9\nsleep 1\n";
    let (_folder, relay) = package(Some(fine));
    let (code, said) = run(&relay, &["runbook", "run", "mine.yaml"]);
    assert_eq!(code, Some(1), "nothing answers at that port: {said}");
    assert!(!said.contains("before it was ready"), "{said}");
}

#[test]
fn without_the_program_beside_it_the_way_to_a_local_aws_is_named() {
    let (_folder, relay) = package(None);
    let (code, said) = run(&relay, &["local"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("the local AWS is not beside"), "{said}");
    assert!(said.contains("cargo xtask package --with-local"), "{said}");
}
