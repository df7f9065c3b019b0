//! Variables.

use super::rig::{Rig, act, runbook, summary};

const TOP: &str =
    "variables:\n  count: {type: Integer, default: 1}\n  names: {type: StringList, default: [a]}\n";

fn set(name: &str, variable: &str, value: &str) -> String {
    format!(
        "  - name: {name}\n    action: aws:updateVariable\n    inputs:\n      Name: {variable}\n      Value: {value}\n"
    )
}

#[tokio::test(start_paused = true)]
async fn what_follows_sees_the_new_value_with_its_type() {
    let steps = act("a", "", "N: '{{ variable:count }}'")
        + &set("set", "variable:count", "5")
        + &act("b", "", "N: '{{ variable:count }}'");
    let rig = Rig::with(&runbook(TOP, &steps)).await;
    let view = rig.run().await;
    assert_eq!(summary(&view), "Success: a Success, set Success, b Success");
    assert_eq!(view.steps[0].inputs["N"], 1);
    assert_eq!(view.steps[2].inputs["N"], 5);
    assert_eq!(view.variables["count"], 5);
    assert_eq!(view.variables["names"], serde_json::json!(["a"]));
}

#[tokio::test(start_paused = true)]
async fn a_value_of_another_type_or_beyond_the_limits_fails_the_step() {
    let long = format!("'{}'", "x".repeat(513));
    let many = format!("[{}]", vec!["x"; 51].join(", "));
    for (variable, value) in [
        ("variable:count", "many"),
        ("variable:names", &*format!("[{long}]")),
        ("variable:names", &*many),
    ] {
        let rig = Rig::with(&runbook(TOP, &set("set", variable, value))).await;
        let view = rig.run().await;
        assert_eq!(summary(&view), "Failed: set Failed", "{value}");
        let stage = view.steps[0].failure_details.as_ref().unwrap().stage;
        assert_eq!(stage, crate::actions::FailureStage::InputValidation);
    }
}
