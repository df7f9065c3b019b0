//! The command line itself: exit codes, help, suggestions, completions, man pages, colour.

use serde_json::{Value, json};

use crate::relay::Relay;

const COMMANDS: [&[&str]; 30] = [
    &["rules", "lint"],
    &["rules", "plan"],
    &["rules", "apply"],
    &["import"],
    &["runbook", "new"],
    &["runbook", "lint"],
    &["runbook", "graph"],
    &["runbook", "test"],
    &["runbook", "export"],
    &["runbooks", "diff"],
    &["runbooks", "push"],
    &["status"],
    &["outcomes"],
    &["show"],
    &["explain"],
    &["approvals"],
    &["approve"],
    &["reject"],
    &["run"],
    &["step"],
    &["retry"],
    &["cancel"],
    &["pause"],
    &["resume"],
    &["unlock"],
    &["replay"],
    &["local"],
    &["event"],
    &["completions"],
    &["man"],
];

const FLAGS: [&str; 9] = [
    "--profile",
    "--region",
    "--endpoint-url",
    "--stack",
    "--output",
    "-q, --quiet",
    "-v, --verbose",
    "--yes",
    "--no-color",
];

#[test]
fn a_wrong_command_line_exits_with_64_and_help_and_version_with_0() {
    let relay = Relay::new();
    for line in [&["--help"][..], &["--version"], &["rules", "lint", "--help"], &["help", "replay"]]
    {
        let ran = relay.run(line);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{line:?}");
        assert!(!ran.out.is_empty(), "{line:?}");
    }
    for line in [
        &[][..],
        &["rules"],
        &["nothing"],
        &["rules", "lint", "a", "b"],
        &["rules", "lint", "--output", "xml"],
        &["rules", "lint", "--quiet", "--verbose"],
        &["rules", "plan", "--profile", ""],
        &["runbooks", "push", "--regions", "Frankfurt"],
        &["replay"],
    ] {
        let ran = relay.run(line);
        assert_eq!((ran.code, ran.out.as_str()), (64, ""), "{line:?}: {}", ran.err);
        assert!(!ran.err.is_empty(), "{line:?}");
    }
}

#[test]
fn a_typo_is_answered_with_the_nearest_name() {
    let relay = Relay::new();
    for (line, meant) in [
        (&["ruls"][..], "'rules'"),
        (&["rules", "plans"], "'plan'"),
        (&["rules", "plan", "--prun"], "'--prune'"),
        (&["rules", "lint", "--output", "jsn"], "'json'"),
    ] {
        let ran = relay.run(line);
        assert!(ran.err.contains(meant), "{line:?}: {}", ran.err);
    }
}

#[test]
fn the_help_documents_every_exit_code_and_global_flag_and_shows_examples() {
    let relay = Relay::new();
    let help = relay.run(&["--help"]).out;
    for code in ["  0 ", "  1 ", "  2 ", "  64 "] {
        assert!(help.contains(&format!("\n{code}")), "{code}: {help}");
    }
    for command in COMMANDS {
        let help = relay.run(&[command, &["--help"]].concat()).out;
        let example = format!("\n  relay {} ", command.join(" "));
        let example = example.trim_end();
        assert!(help.contains("Examples:\n") && help.contains(example), "{example}: {help}");
        for flag in FLAGS {
            assert!(help.contains(flag), "{command:?} {flag}");
        }
    }
}

#[test]
fn the_manual_names_every_command_flag_and_exit_code() {
    let manual = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/relay.md");
    let manual = std::fs::read_to_string(manual).unwrap();
    for command in COMMANDS {
        let row = format!("| `relay {}", command.join(" "));
        let named = [' ', '`'].iter().any(|next| manual.contains(&format!("{row}{next}")));
        assert!(named, "{row}");
    }
    for flag in FLAGS.iter().flat_map(|flags| flags.split(", ")) {
        assert!(manual.contains(&format!("`{flag}")), "{flag}");
    }
    for code in ["0", "1", "2", "64"] {
        assert!(manual.contains(&format!("\n| {code} | ")), "{code}");
    }
}

#[test]
fn every_shell_has_completions_and_every_command_a_man_page() {
    let relay = Relay::new();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let ran = relay.run(&["completions", shell]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.contains("runbooks") && ran.out.contains("endpoint-url"), "{shell}");
    }
    let ran = relay.run(&["man", "pages/man1"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let page = |name: &str| {
        std::fs::read_to_string(relay.home.path().join("pages/man1").join(name)).unwrap()
    };
    assert!(page("relay.1").contains("Exit codes"));
    for name in ["relay-rules-lint.1", "relay-rules-apply.1", "relay-runbooks-push.1"] {
        assert!(page(name).contains("Examples"), "{name}");
    }
}

#[test]
fn colour_follows_the_terminal_no_color_and_the_flag() {
    let escape = "\x1b[";
    let line = ["rules", "lint"];
    let broken = |relay: Relay| {
        relay.file("rules/sharing/a.yaml", "regions: []\n");
        relay
    };
    let piped = broken(Relay::new());
    assert!(!piped.run(&line).out.contains(escape));
    let forced = broken(Relay::new().set("CLICOLOR_FORCE", "1"));
    assert!(forced.run(&line).out.contains(escape));
    assert!(forced.run(&["--help"]).out.contains(escape));
    assert!(!forced.run(&["rules", "lint", "--no-color"]).out.contains(escape));
    assert!(!forced.run(&["--no-color", "--help"]).out.contains(escape));
    let refused = broken(Relay::new().set("CLICOLOR_FORCE", "1").set("NO_COLOR", "1"));
    assert!(!refused.run(&line).out.contains(escape));
    assert!(!refused.run(&["--help"]).out.contains(escape));
}

#[test]
fn an_event_goes_to_the_control_interface_of_the_local_aws() {
    let stub = crate::stub::Stub::start();
    let relay = Relay::new();
    let event = json!({"id": "e-1", "account": "111122223333", "region": "eu-west-1",
        "detail-type": "Some Event", "source": "custom", "detail": {}});
    relay.file("event.json", &event.to_string());
    let ran = relay.run(&["event", "event.json", "--endpoint-url", &stub.url]);
    // The stub is not a local AWS: it refuses the path, which is what is checked here.
    assert_eq!(ran.code, 1);
    let calls = stub.state().calls.clone();
    let asked = "/_relay/events?account=111122223333&region=eu-west-1&matching=yes";
    assert_eq!(calls[0].operation, asked);
    assert_eq!(serde_json::from_str::<Value>(&calls[0].body).unwrap(), event);

    relay.file("event.json", "{}");
    let ran = relay.run(&["event", "event.json", "--endpoint-url", &stub.url]);
    assert!(ran.err.contains("event.json has no `account`"), "{}", ran.err);
    assert_eq!(stub.state().calls.len(), 1);
}
