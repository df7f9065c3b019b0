//! When things go wrong on the way: credentials that have expired, throttling, no network, a reader that goes away, Ctrl-C.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use expect_test::expect;

use crate::relay::Relay;
use crate::stub::Stub;

const SHARING: &str =
    "documents: {names: [\"Org-*\"]}\nregions: [us-east-1]\naccounts: {in: [organization]}\n";

#[test]
fn expired_credentials_are_named_with_what_to_do() {
    let stub = Stub::suite();
    let expired = "The security token included in the request is expired";
    stub.state().failing.insert("GetCallerIdentity", (99, "ExpiredToken", expired));
    let relay = Relay::with(&stub);
    let ran = relay.run(&["outcomes"]);
    expect![[r#"
        exit code 1
        error: AWS does not say who the caller is (sts:GetCallerIdentity)
          caused by: ExpiredToken: The security token included in the request is expired
        help: The credentials are expired or not valid here: sign in again.
    "#]]
    .assert_eq(&ran.story(relay.home.path()));
    assert!(stub.writes().is_empty());
}

#[test]
fn throttling_that_passes_is_waited_for_and_throttling_that_lasts_is_named() {
    let stub = Stub::suite();
    stub.state().failing.insert("Query", (2, "ThrottlingException", "Rate exceeded"));
    let relay = Relay::with(&stub);
    let passes = relay.run(&["outcomes"]);
    assert_eq!(passes.code, 0, "{}", passes.err);
    assert_eq!(stub.state().failing["Query"].0, 0, "it was throttled");
    stub.state().failing.insert("Query", (99, "ThrottlingException", "Rate exceeded"));
    let lasts = relay.run(&["outcomes"]);
    expect![[r#"
        exit code 1
        error: read the history
          caused by: ThrottlingException: Rate exceeded
    "#]]
    .assert_eq(&lasts.story(relay.home.path()));
}

#[test]
fn without_a_network_the_address_that_does_not_answer_is_named() {
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let relay = Relay::new()
        .set("AWS_ENDPOINT_URL", &gone)
        .set("AWS_REGION", "us-east-1")
        .set("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
        .set("AWS_SECRET_ACCESS_KEY", "secret");
    let ran = relay.run(&["status"]);
    let story = ran.story(relay.home.path()).replace(&gone, "http://127.0.0.1:PORT");
    expect![[r#"
        exit code 1
        error: AWS does not say who the caller is (sts:GetCallerIdentity)
          caused by: NoAnswer: io error: client error (Connect): tcp connect error: Connection refused (os error 111)
        help: All calls go to http://127.0.0.1:PORT: --endpoint-url, AWS_ENDPOINT_URL or the profile.
    "#]].assert_eq(&story);
}

#[test]
fn a_reader_that_goes_away_ends_a_command_without_an_error() {
    let stub = Stub::suite();
    let relay = Relay::with(&stub);
    for line in [&["status"][..], &["outcomes"], &["explain", "CoolingDown"], &["--help"]] {
        let mut child =
            relay.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(0), "{line:?}: {said}");
        assert!(!said.contains("panicked"), "{line:?}: {said}");
    }
}

/// The same command, which SIGINT ends even where the parent of the tests ignores it, as a shell does for programs in
/// its background.
fn interruptible(command: &Command) -> Command {
    let mut made = Command::new("env");
    made.arg("--default-signal=INT").arg(command.get_program()).args(command.get_args());
    made.env_clear();
    made.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(folder) = command.get_current_dir() {
        made.current_dir(folder);
    }
    made
}

#[test]
fn ctrl_c_in_the_middle_of_a_write_leaves_whole_rules_and_a_repeat_writes_the_rest() {
    let stub = Stub::deployed();
    let relay = Relay::with(&stub);
    for name in ["a", "b", "c"] {
        relay.file(&format!("rules/sharing/{name}.yaml"), SHARING);
    }
    stub.state().late = Some(("PutParameter", Duration::from_secs(20)));
    let mut child = interruptible(&relay.command(&["rules", "apply"]))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It is written and not yet answered.
    while stub.state().parameters.is_empty() {
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(child.try_wait().unwrap(), None, "it waits for the answer");
    }
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupt.unwrap().success());
    let ended = child.wait().unwrap();
    assert_eq!((ended.code(), ended.signal()), (None, Some(2)), "a shell sees 130");
    assert_eq!(stub.state().parameters.len(), 1);

    stub.state().late = None;
    let again = relay.run(&["rules", "apply"]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(again.out.contains("2 changes written"), "{}", again.out);
    let state = stub.state();
    assert_eq!(state.parameters.len(), 3);
    assert!(state.parameters.values().all(|text| text == SHARING));
}
