//! `aws:executeAutomation`.

use super::rig::{ALICE, HERE, REGION, Rig, act, runbook, summary};
use crate::{Status, StopType};

fn parent(more: &str) -> String {
    format!("  - name: child\n    action: aws:executeAutomation\n{more}")
}

async fn rig(parent_steps: &str, child: &str) -> Rig {
    let rig = Rig::with_steps(parent_steps).await;
    rig.world.documents.add("Child", child);
    rig
}

fn child(inputs: &str) -> String {
    runbook("parameters:\n  P: {type: String, default: none}\n", &act("c", "", inputs))
        + "outputs:\n  - c.Out\n"
}

#[tokio::test(start_paused = true)]
async fn the_step_waits_for_its_child_and_has_its_outputs() {
    let steps = parent(
        "    inputs:\n      DocumentName: Child\n      RuntimeParameters: {P: '{{global:REGION}}'}\n",
    ) + &act("after", "", "Seen: '{{ child.Output }}'");
    let rig = rig(&steps, &child("Seconds: 60, Give: {Out: '{{ P }}'}")).await;
    let view = rig.run().await;
    assert_eq!(summary(&view), "Success: child Success, after Success");
    let children = rig.children(&view.id);
    assert_eq!(children.len(), 1);
    let run = &children[0];
    assert_eq!(run.executed_by, ALICE);
    assert_eq!(run.parent.as_deref(), Some(view.id.as_str()));
    let outputs = &view.steps[0].outputs;
    assert_eq!(outputs["ExecutionId"], run.id);
    assert_eq!(outputs["Status"], "Success");
    assert_eq!(outputs["Output"], serde_json::json!(["eu-west-1"]));
    assert_eq!(view.steps[1].inputs["Seen"], serde_json::json!(["eu-west-1"]));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_fails_fails_the_step_and_each_attempt_is_another_child() {
    let steps = parent("    maxAttempts: 2\n    inputs: {DocumentName: Child}\n");
    let rig = rig(&steps, &child("Fail: -1")).await;
    let view = rig.run().await;
    assert_eq!(summary(&view), "Failed: child Failed");
    assert_eq!(rig.children(&view.id).len(), 2);
    assert_eq!(view.steps[0].outputs["Status"], "Failed");
    // In the place of what the child did not give, as AWS shows it.
    let message = view.steps[0].failure_message.clone().unwrap();
    assert!(message.contains(&format!("Output=[{}]", ::runbook::NO_OUTPUT)), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_step_selects_in_the_outputs_of_its_child() {
    let outputs = "    outputs:\n      - {Name: First, Selector: '$.Output[0]', Type: String}\n      \
                   - {Name: How, Selector: '$.Status', Type: String}\n";
    let steps = parent(&format!("    inputs: {{DocumentName: Child}}\n{outputs}"));
    let rig = rig(&steps, &child("Give: {Out: made}")).await;
    let view = rig.run().await;
    assert_eq!(summary(&view), "Success: child Success");
    let outputs = &view.steps[0].outputs;
    assert_eq!((&outputs["First"], &outputs["How"]), (&"made".into(), &"Success".into()));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_cannot_be_started_fails_the_step_in_the_words_of_aws() {
    let rig = rig(&parent("    inputs: {DocumentName: Nothing}\n"), &child("")).await;
    let view = rig.run().await;
    let message = view.steps[0].failure_message.clone().unwrap();
    assert!(
        message.starts_with(
            "Step fails when it is Executing. Fail to start automation, errorMessage: "
        ),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_child_has_one_target_at_most() {
    let inputs =
        "    inputs:\n      DocumentName: Child\n      TargetParameterName: P\n      Targets:\n";
    let tags = "      - {Key: 'tag:A', Values: [x]}\n      - {Key: 'tag:B', Values: [y]}\n";
    let rig = rig(&parent(&format!("{inputs}{tags}")), &child("")).await;
    let message = rig.run().await.steps[0].failure_message.clone().unwrap();
    let words = "errorMessage: Only one resource group or tag can be specified at a time.";
    assert!(message.contains(words), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_cancel_reaches_children_and_grandchildren_and_waits_for_them() {
    let rig = rig(&parent("    inputs: {DocumentName: Middle}\n"), &child("Seconds: 1000")).await;
    rig.world.documents.add("Middle", &runbook("", &parent("    inputs: {DocumentName: Child}\n")));
    let id = rig.start().await;
    let started = |rig: &Rig| rig.engine.executions(HERE, REGION).len() == 3;
    rig.until(&id, |_| started(&rig)).await;
    rig.until(&id, |_| !rig.actions.acted().is_empty()).await;
    rig.engine.stop(HERE, REGION, &id, StopType::Cancel).await.unwrap();
    assert_eq!(summary(&rig.end(&id).await), "Cancelled: child Cancelled");
    let all = rig.engine.executions(HERE, REGION);
    assert!(all.iter().all(|view| view.status == Status::Cancelled));
}

#[tokio::test(start_paused = true)]
async fn a_child_whose_step_times_out_is_cancelled() {
    let steps = parent("    timeoutSeconds: 10\n    inputs: {DocumentName: Child}\n");
    let rig = rig(&steps, &child("Seconds: 1000")).await;
    let view = rig.run().await;
    assert_eq!(summary(&view), "TimedOut: child TimedOut");
    let child = rig.children(&view.id).remove(0);
    assert_eq!(rig.end(&child.id).await.status, Status::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn parents_that_fill_the_quota_do_not_wait_for_each_other() {
    let rig = rig(&parent("    inputs: {DocumentName: Child}\n"), &child("Seconds: 5")).await;
    rig.engine.set_quotas(crate::Quotas { running: 2, ..crate::Quotas::default() }).await;
    let ids = [rig.start().await, rig.start().await, rig.start().await];
    assert_eq!(rig.view(&ids[2]).status, Status::Pending);
    for id in &ids {
        assert_eq!(rig.end(id).await.status, Status::Success);
    }
}
