//! `relay runbook new`: what it writes is clean and passes its tests, and nothing is replaced.

use crate::relay::Relay;

#[test]
fn every_template_is_clean_and_passes_its_tests_with_every_step_taken() {
    for template in ["remediation", "approval", "script"] {
        let relay = Relay::new();
        let ran = relay.run(&["runbook", "new", "Org-Mine", "--template", template]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(ran.out, "runbooks/Org-Mine.yaml\nrunbooks/Org-Mine.test.yaml\n");
        let lint = relay.run(&["runbook", "lint", "--quiet"]);
        assert_eq!((lint.code, lint.out.as_str()), (0, "no findings in 1 runbook\n"), "{template}");
        let test = relay.run(&["runbook", "test", "--output", "json"]);
        assert_eq!(test.code, 0, "{template}: {}{}", test.out, test.err);
        let tested = &test.json()["runbooks"][0];
        assert_eq!(tested["notTaken"], serde_json::json!([]), "{template}");
        let draw = relay.run(&["runbook", "graph", "runbooks/Org-Mine.yaml"]);
        assert_eq!(draw.code, 0, "{template}: {}", draw.err);
    }
}

#[test]
fn a_file_that_is_there_stays_and_a_name_that_ssm_refuses_is_refused() {
    let relay = Relay::new();
    let mine = relay.file("mine/Org-Mine.test.yaml", "mine");
    let ran = relay.run(&["runbook", "new", "Org-Mine", "--into", "mine"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("mine/Org-Mine.test.yaml exists; nothing was written"), "{}", ran.err);
    assert_eq!(std::fs::read_to_string(&mine).unwrap(), "mine");
    assert!(!relay.home.path().join("mine/Org-Mine.yaml").exists());
    for name in ["a", "a b c", "AWS-Mine", "amazonMine", "../mine"] {
        let ran = relay.run(&["runbook", "new", name]);
        assert_eq!((ran.code, ran.out.as_str()), (64, ""), "{name}");
    }
}

#[test]
fn an_editor_gets_its_settings_once_and_keeps_its_own() {
    let relay = Relay::new();
    let ran = relay.run(&["runbook", "new", "Org-One", "--editor", "vscode"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let read = |path: &str| std::fs::read_to_string(relay.home.path().join(path)).unwrap();
    let settings: serde_json::Value = serde_json::from_str(&read(".vscode/settings.json")).unwrap();
    let files = &settings["yaml.schemas"]["./runbooks/runbook.schema.json"];
    assert_eq!(*files, serde_json::json!(["runbooks/*.yaml", "!runbooks/*.test.yaml"]));
    assert_eq!(read("runbooks/runbook.schema.json"), relay.run(&["runbook", "schema"]).out);
    relay.file(".vscode/settings.json", "{}");
    let ran = relay.run(&["runbook", "new", "Org-Two", "--editor", "vscode"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(read(".vscode/settings.json"), "{}");
    assert!(ran.err.contains(".vscode/settings.json exists and was left as it is"), "{}", ran.err);
    let ran =
        relay.run(&["runbook", "new", "Org-Three", "--into", "other", "--editor", "jetbrains"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(read(".idea/jsonSchemas.xml").contains("value=\"other/*.yaml\""));
}
