//! Which step follows, and how the execution ends by what its steps did.

use super::rig::{Rig, act, runbook, summary};
use crate::Status;

async fn check(steps: &[(&str, &str, &str)], expected: &str) {
    let text: String =
        steps.iter().map(|(name, properties, inputs)| act(name, properties, inputs)).collect();
    let rig = Rig::with_steps(&text).await;
    assert_eq!(summary(&rig.run().await), expected, "{text}");
}

const FAILS: &str = "Fail: -1";
const SLOW: &str = "Seconds: 100";

#[tokio::test(start_paused = true)]
async fn steps_follow_each_other_in_the_order_of_the_document() {
    check(&[("a", "", ""), ("b", "", "")], "Success: a Success, b Success").await;
}

#[tokio::test(start_paused = true)]
async fn next_step_jumps_and_what_is_jumped_over_stays_pending() {
    check(
        &[("a", "nextStep: c", ""), ("b", "", ""), ("c", "", "")],
        "Success: a Success, b Pending, c Success",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn is_end_stops_after_success_and_after_a_failure() {
    check(&[("a", "isEnd: true", ""), ("b", "", "")], "Success: a Success, b Pending").await;
    check(
        &[("a", "isEnd: true; onFailure: Continue", FAILS), ("b", "", "")],
        "Success: a Failed, b Pending",
    )
    .await;
    check(&[("a", "isEnd: 'true'", ""), ("b", "", "")], "Success: a Success, b Pending").await;
}

#[tokio::test(start_paused = true)]
async fn a_step_that_ends_the_execution_may_still_jump_when_it_fails() {
    check(
        &[
            ("a", "isEnd: true; onFailure: step:c; isCritical: false", FAILS),
            ("b", "", ""),
            ("c", "", ""),
        ],
        "Success: a Failed, b Pending, c Success",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_aborts_unless_the_step_says_otherwise() {
    for abort in ["", "onFailure: Abort"] {
        check(&[("a", abort, FAILS), ("b", "", "")], "Failed: a Failed, b Pending").await;
    }
    check(&[("a", "onFailure: Continue", FAILS), ("b", "", "")], "Success: a Failed, b Success")
        .await;
    check(
        &[("a", "onFailure: step:c", FAILS), ("b", "", ""), ("c", "", "")],
        "Failed: a Failed, b Pending, c Success",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_is_ignored_goes_on_where_a_success_goes_on() {
    for (ends, expected) in [(FAILS, "a Failed"), (SLOW, "a TimedOut"), ("", "a Success")] {
        check(
            &[
                ("a", "onFailure: Continue; nextStep: c; timeoutSeconds: 10", ends),
                ("b", "", ""),
                ("c", "", ""),
            ],
            &format!("Success: {expected}, b Pending, c Success"),
        )
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn critical_steps_decide_how_the_execution_ends() {
    check(
        &[("a", "onFailure: Continue; isCritical: true", FAILS), ("b", "", "")],
        "Failed: a Failed, b Success",
    )
    .await;
    check(
        &[("a", "onFailure: step:b; isCritical: false", FAILS), ("b", "", "")],
        "Success: a Failed, b Success",
    )
    .await;
    check(&[("a", "isCritical: false", FAILS), ("b", "", "")], "Success: a Failed, b Pending")
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_critical_time_out_times_the_execution_out_and_a_failure_outweighs_it() {
    check(&[("a", "timeoutSeconds: 10", SLOW), ("b", "", "")], "TimedOut: a TimedOut, b Pending")
        .await;
    check(
        &[("a", "timeoutSeconds: 10; onFailure: step:b", SLOW), ("b", "", "")],
        "TimedOut: a TimedOut, b Success",
    )
    .await;
    check(
        &[("a", "timeoutSeconds: 10; onFailure: step:b", SLOW), ("b", "", FAILS)],
        "Failed: a TimedOut, b Failed",
    )
    .await;
    check(
        &[("a", "timeoutSeconds: 10; onFailure: Continue", SLOW), ("b", "", "")],
        "Success: a TimedOut, b Success",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn every_attempt_is_made_before_a_step_fails() {
    let steps = act("a", "maxAttempts: 3", "Fail: 2");
    let rig = Rig::with_steps(&steps).await;
    assert_eq!(summary(&rig.run().await), "Success: a Success");
    let tokens: Vec<_> = rig.actions.acted().iter().map(|acted| acted.token).collect();
    assert_eq!(tokens.len(), 3);
    assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2], "each attempt has its own token");

    let rig = Rig::with_steps(&act("a", "maxAttempts: 2", FAILS)).await;
    let view = rig.run().await;
    assert_eq!(summary(&view), "Failed: a Failed");
    assert_eq!(rig.actions.acted().len(), 2);
    assert_eq!(view.steps[0].max_attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_the_whole_time_and_the_last_one_times_the_step_out() {
    let rig = Rig::with_steps(&act("a", "maxAttempts: 3; timeoutSeconds: 10", SLOW)).await;
    let view = rig.run().await;
    assert_eq!(summary(&view), "TimedOut: a TimedOut");
    let step = &view.steps[0];
    let took = step.ended_at.unwrap().duration_since(step.started_at.unwrap());
    assert_eq!(took.as_secs(), 30);
    assert_eq!(rig.actions.cancelled().len(), 3, "what was begun is ended");
    let message = step.failure_message.as_deref().unwrap();
    assert!(message.starts_with("Step timed out while step is "), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_time_out_says_what_the_last_attempt_was_waiting_for() {
    let waits = "Seconds: 60, Waits: 'SSM Agent on Instances: [i-1] are not functioning'";
    for attempts in ["", "maxAttempts: 2; "] {
        let steps = act("a", &format!("{attempts}timeoutSeconds: 10"), waits);
        let view = Rig::with_steps(&steps).await.run().await;
        assert_eq!(summary(&view), "TimedOut: a TimedOut");
        assert_eq!(
            view.steps[0].failure_message.as_deref(),
            Some(
                "Step timed out while step is verifying the SSM Agent availability on the target \
                 instance(s). SSM Agent on Instances: [i-1] are not functioning. Please refer to \
                 Automation Service Troubleshooting Guide for more diagnosis details."
            )
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_in_the_words_of_aws() {
    let rig = Rig::with_steps(&act("a", "", FAILS)).await;
    let view = rig.run().await;
    let message = view.steps[0].failure_message.as_deref().unwrap();
    assert!(
        message.starts_with("Step fails when it is Execute/Cancelling action. An error occurred")
    );
    assert_eq!(view.failure_message.as_deref(), Some(message));
}

#[tokio::test(start_paused = true)]
async fn outputs_of_a_step_reach_later_steps_with_their_types() {
    let steps = act("a", "", "Give: {Out: text}")
        + &act(
            "b",
            "",
            "Whole: '{{ a.Out }}', Within: 'is {{a.Out}}', Id: '{{automation:EXECUTION_ID}}', At: '{{global:REGION}}'",
        );
    let rig = Rig::with(&(runbook("", &steps) + "outputs:\n  - a.Out\n  - b.Out\n")).await;
    let view = rig.run().await;
    let inputs = &view.steps[1].inputs;
    assert_eq!(inputs["Whole"], "text");
    assert_eq!(inputs["Within"], "is text");
    assert_eq!(inputs["Id"], view.id);
    assert_eq!(inputs["At"], "eu-west-1");
    assert_eq!(
        view.outputs,
        [("a.Out".to_owned(), Some("text".into())), ("b.Out".to_owned(), None)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_reference_to_what_is_not_there_fails_the_step_before_it_acts() {
    let steps =
        act("a", "onFailure: Continue", FAILS) + &act("b", "maxAttempts: 3", "X: '{{ a.Out }}'");
    let rig = Rig::with_steps(&steps).await;
    let view = rig.run().await;
    assert_eq!(summary(&view), "Failed: a Failed, b Failed");
    assert_eq!(rig.actions.names(), ["a"]);
    let details = view.steps[1].failure_details.as_ref().unwrap();
    assert_eq!(details.stage, crate::actions::FailureStage::InputValidation);
}

#[tokio::test(start_paused = true)]
async fn a_branch_takes_the_first_choice_that_holds_or_its_default_or_goes_on() {
    let branch = |choices: &str, default: &str| {
        act("a", "", "Give: {Out: linux}")
            + &format!(
                "  - name: choose\n    action: aws:branch\n    inputs:\n      Choices:\n{choices}{default}"
            )
            + &act("b", "isEnd: true", "")
            + &act("c", "isEnd: true", "")
            + &act("d", "isEnd: true", "")
    };
    let choice = |to: &str, value: &str| {
        format!(
            "        - {{NextStep: {to}, Variable: '{{{{ a.Out }}}}', StringEquals: {value}}}\n"
        )
    };
    for (choices, default, expected) in [
        (choice("c", "linux") + &choice("d", "linux"), "", "c"),
        (choice("c", "windows") + &choice("d", "linux"), "", "d"),
        (choice("c", "windows"), "      Default: d\n", "d"),
        (choice("c", "windows"), "", "b"),
    ] {
        let rig = Rig::with_steps(&branch(&choices, default)).await;
        let view = rig.run().await;
        assert_eq!(view.status, Status::Success, "{}", summary(&view));
        assert_eq!(rig.actions.names(), ["a", expected]);
    }
}

/// As AWS's samples branch on `Platform`, which EC2 returns for Windows only.
#[tokio::test(start_paused = true)]
async fn a_branch_on_an_output_that_is_not_there_takes_no_choice_but_one_that_denies_it() {
    let windows = "Variable: '{{ a.Out }}', StringEquals: windows";
    for (choice, expected) in [
        (format!("{{NextStep: b, {windows}}}"), "c"),
        (format!("{{NextStep: b, Not: {{{windows}}}}}"), "b"),
    ] {
        let steps = act("a", "", "Give: {}")
            + &format!(
                "  - name: choose\n    action: aws:branch\n    inputs:\n      Choices: [{choice}]\n      Default: c\n"
            )
            + &act("b", "isEnd: true", "")
            + &act("c", "", "");
        let rig = Rig::with_steps(&steps).await;
        let view = rig.run().await;
        assert_eq!(view.status, Status::Success, "{}", summary(&view));
        assert_eq!(rig.actions.names(), ["a", expected]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sleep_lasts_as_long_as_it_says() {
    let steps = "  - name: rest\n    action: aws:sleep\n    inputs: {Duration: PT2H}\n".to_owned()
        + &act("a", "", "");
    let rig = Rig::with_steps(&steps).await;
    let view = rig.run().await;
    assert_eq!(summary(&view), "Success: rest Success, a Success");
    let (rest, a) = (&view.steps[0], &view.steps[1]);
    assert_eq!(a.started_at.unwrap().duration_since(rest.started_at.unwrap()).as_secs(), 7_200);
}

#[tokio::test(start_paused = true)]
async fn what_is_valid_next_is_shown_and_steps_not_reached_have_no_times() {
    let steps =
        act("a", "onFailure: step:c", "") + &act("b", "isEnd: true", "") + &act("c", "", "");
    let rig = Rig::with_steps(&steps).await;
    let view = rig.run().await;
    assert_eq!(view.steps[0].next_step.as_deref(), Some("b"));
    assert_eq!(view.steps[0].valid_next_steps, ["b", "c"]);
    assert_eq!(view.steps[0].on_failure.as_deref(), Some("step:c"));
    assert_eq!(view.steps[1].next_step, None);
    assert_eq!(view.steps[1].is_end, Some(true));
    assert_eq!(view.steps[2].started_at, None);
    assert_eq!(view.progress.total, 3);
    assert_eq!(view.progress.success, 2);
}

#[tokio::test(start_paused = true)]
async fn a_sleep_lasts_as_long_as_the_scale_says() {
    let nap = "- {name: nap, action: 'aws:sleep', inputs: {Duration: PT10M}}";
    for (scale, seconds) in [(1.0, 600), (0.01, 6), (2.0, 1200)] {
        let rig = Rig::with_steps(nap).await;
        rig.engine.set_sleep_scale(scale);
        let view = rig.run().await;
        let ended = view.ended_at.unwrap();
        assert_eq!(ended.duration_since(view.started_at).as_secs(), seconds, "{scale}");
    }
}
