//! `relay runbook graph`: each form, and input that cannot be drawn.

use crate::relay::Relay;
use crate::runbooks::WAIT;

#[test]
fn a_picture_is_printed_in_each_form() {
    let relay = Relay::new();
    relay.file("a.yaml", WAIT);
    let draw = |more: &[&str]| {
        let ran = relay.run(&[&["runbook", "graph", "a.yaml"][..], more].concat());
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        ran
    };
    let mermaid = draw(&[]).out;
    let expected = "flowchart TD\n  start([start])\n  s0([\"Wait<br>sleep PT1S\"])\n  finish([end])\n  start --> s0\n  s0 --> finish\n";
    assert_eq!(mermaid, expected);
    assert!(draw(&["--format", "dot"]).out.starts_with("digraph runbook {\n"));
    assert!(draw(&["--format", "svg"]).out.starts_with("<svg "));
    let object = draw(&["--output", "json"]).json();
    assert_eq!((&object["file"], &object["format"]), (&"a.yaml".into(), &"mermaid".into()));
    assert_eq!(object["picture"], mermaid.as_str());
}

#[test]
fn what_is_no_runbook_is_not_drawn() {
    let relay = Relay::new();
    relay.file("a.yaml", "schemaVersion: '0.3'\nmainSteps: []\n");
    let ran = relay.run(&["runbook", "graph", "a.yaml"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("error[InvalidDocumentContent]"), "{}", ran.out);
    assert!(ran.err.contains("a.yaml is not a valid runbook; nothing was drawn"), "{}", ran.err);
    let ran = relay.run(&["runbook", "graph", "none.yaml"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
}

#[test]
fn a_picture_that_would_take_minutes_is_refused_with_what_to_do() {
    let relay = Relay::new();
    let step = |nth: usize| {
        let choices: Vec<String> = (nth + 1..=(nth + 5).min(60))
            .map(|next| format!("{{NextStep: s{next}, Variable: a, StringEquals: b}}"))
            .collect();
        format!(
            "  - {{name: s{nth}, action: aws:branch, inputs: {{Choices: [{}]}}}}\n",
            choices.join(", ")
        )
    };
    let steps: String = (0..60).map(step).collect();
    let end = "  - {name: s60, action: aws:sleep, inputs: {Duration: PT1S}}\n";
    relay.file("a.yaml", &format!("schemaVersion: '0.3'\nmainSteps:\n{steps}{end}"));
    let ran = relay.run(&["runbook", "graph", "a.yaml", "--format", "svg"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("a.yaml has too many branches to lay out"), "{}", ran.err);
    assert!(ran.err.contains("--format dot"), "{}", ran.err);
    assert_eq!(relay.run(&["runbook", "graph", "a.yaml"]).code, 0);
}
