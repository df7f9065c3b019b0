//! `aws:loop`.

use super::rig::{HERE, REGION, Rig, act, runbook, summary};
use crate::{Status, StopType};

fn indent(steps: &str) -> String {
    steps.lines().map(|line| format!("      {line}\n")).collect()
}

fn looped(name: &str, properties: &str, inputs: &str, steps: &str) -> String {
    let properties: String = properties
        .split("; ")
        .filter(|line| !line.is_empty())
        .map(|line| format!("    {line}\n"))
        .collect();
    format!(
        "  - name: {name}\n    action: aws:loop\n{properties}    inputs:\n{inputs}      Steps:\n{}",
        indent(steps)
    )
}

fn names(rig: &Rig, input: &str) -> Vec<String> {
    rig.actions.acted().iter().map(|acted| acted.inputs[input].to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn for_each_runs_its_steps_once_for_every_value() {
    let body = act(
        "a",
        "",
        "N: '{{ each.CurrentIteration }}', V: '{{ each.CurrentIteratorValue }}', Give: {Out: '{{each.CurrentIteratorValue}}'}",
    );
    let steps = looped("each", "", "      Iterators: [x, y, z]\n", &body)
        + &act("last", "", "Seen: '{{ a.Out }}', Count: '{{ each.CurrentIteration }}'");
    let rig = Rig::with_steps(&steps).await;
    let view = rig.run().await;
    assert_eq!(
        summary(&view),
        "Success: each Success, last Success, a Success, a Success, a Success"
    );
    let inner: Vec<_> = view.steps.iter().filter(|step| step.name == "a").collect();
    let parents: Vec<_> = inner
        .iter()
        .map(|step| {
            let parent = step.parent.as_ref().unwrap();
            assert_eq!((&*parent.name, &parent.id), ("each", &view.steps[0].id));
            (parent.iteration, parent.iterator_value.clone().unwrap())
        })
        .collect();
    assert_eq!(parents, [(1, "x".into()), (2, "y".into()), (3, "z".into())]);
    assert_eq!(inner[1].inputs["N"], 2);
    assert_eq!(inner[1].inputs["V"], "y");
    let last = &view.steps[1];
    assert_eq!(last.inputs["Seen"], "z");
    assert_eq!(last.inputs["Count"], 3);
    assert_eq!(view.steps[0].outputs["CurrentIteration"], 3);
}

/// As AWS-DiagnoseUnmanagedEC2NetworkIssues relies on.
#[tokio::test(start_paused = true)]
async fn is_end_inside_a_loop_ends_the_iteration_and_not_the_execution() {
    let body = act("a", "isEnd: true", "") + &act("never", "", "");
    let steps = looped("each", "", "      Iterators: [x, y]\n", &body) + &act("last", "", "");
    let view = Rig::with_steps(&steps).await.run().await;
    let ran = |name: &str| {
        let of = view.steps.iter().filter(|step| step.name == name);
        of.filter(|step| step.status == Status::Success).count()
    };
    assert_eq!((ran("a"), ran("never"), ran("last")), (2, 0, 1), "{}", summary(&view));
    assert_eq!(view.status, Status::Success);
}

#[tokio::test(start_paused = true)]
async fn iterators_keep_their_type_and_max_iterations_caps_them() {
    let body = act("a", "", "V: '{{ each.CurrentIteratorValue }}'");
    let inputs =
        "      Iterators: [1, 2, 3]\n      IteratorDataType: Integer\n      MaxIterations: 2\n";
    let rig = Rig::with_steps(&looped("each", "", inputs, &body)).await;
    assert_eq!(rig.run().await.status, Status::Success);
    assert_eq!(names(&rig, "V"), ["1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn do_while_runs_first_and_asks_after() {
    let condition = |value: &str| {
        format!(
            "      LoopCondition:\n        Variable: '{{{{ a.Out }}}}'\n        StringEquals: {value}\n      MaxIterations: 4\n"
        )
    };
    for (value, times) in [("again", 4), ("enough", 1)] {
        let rig = Rig::with_steps(&looped(
            "while",
            "",
            &condition(value),
            &act("a", "", "Give: {Out: again}"),
        ))
        .await;
        let view = rig.run().await;
        assert_eq!(view.status, Status::Success, "reaching MaxIterations is not a failure");
        assert_eq!(rig.actions.acted().len(), times, "{value}");
    }
}

#[tokio::test(start_paused = true)]
async fn loops_nest() {
    let body =
        act("a", "", "V: '{{ outer.CurrentIteratorValue }}{{ inner.CurrentIteratorValue }}'");
    let inner = looped("inner", "", "      Iterators: [1, 2]\n", &body);
    let rig = Rig::with_steps(&looped("outer", "", "      Iterators: [x, y]\n", &inner)).await;
    let view = rig.run().await;
    assert_eq!(view.status, Status::Success, "{}", summary(&view));
    assert_eq!(names(&rig, "V"), ["\"x1\"", "\"x2\"", "\"y1\"", "\"y2\""]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_within_a_loop_aborts_the_execution_whatever_the_loop_says() {
    let steps = looped(
        "each",
        "onFailure: Continue",
        "      Iterators: [x, y]\n",
        &act("a", "", "Fail: -1"),
    ) + &act("b", "", "");
    let rig = Rig::with_steps(&steps).await;
    assert_eq!(summary(&rig.run().await), "Failed: each Failed, b Pending, a Failed");
}

#[tokio::test(start_paused = true)]
async fn a_failure_within_a_loop_that_continues_goes_on_with_the_loop() {
    let body = act("a", "onFailure: Continue", "Fail: -1");
    let rig = Rig::with_steps(
        &(looped("each", "", "      Iterators: [x, y]\n", &body) + &act("b", "", "")),
    )
    .await;
    assert_eq!(summary(&rig.run().await), "Success: each Success, b Success, a Failed, a Failed");
}

#[tokio::test(start_paused = true)]
async fn the_loops_own_on_failure_is_for_what_is_wrong_with_the_loop() {
    let each = looped(
        "each",
        "onFailure: Continue",
        "      Iterators: '{{ Wrong }}'\n      IteratorDataType: Integer\n",
        &act("a", "", ""),
    );
    let top = "parameters:\n  Wrong: {type: StringList, default: [one]}\n";
    let rig = Rig::with(&runbook(top, &(each + &act("b", "", "")))).await;
    assert_eq!(summary(&rig.run().await), "Success: each Failed, b Success");
}

#[tokio::test(start_paused = true)]
async fn an_empty_list_is_a_loop_of_no_iterations() {
    let each = looped("each", "", "      Iterators: '{{ None }}'\n", &act("a", "", ""));
    let top = "parameters:\n  None: {type: StringList, default: []}\n";
    let rig = Rig::with(&runbook(top, &each)).await;
    assert_eq!(summary(&rig.run().await), "Success: each Success");
}

#[tokio::test(start_paused = true)]
async fn a_cancel_within_a_loop_runs_the_inner_steps_on_cancel() {
    let steps = looped(
        "each",
        "isEnd: true",
        "      Iterators: [x, y]\n",
        &act("a", "onCancel: step:undo", "Seconds: 100"),
    ) + &act("undo", "", "");
    let rig = Rig::with_steps(&steps).await;
    let id = rig.start().await;
    rig.until(&id, |view| view.current_step.as_deref() == Some("a")).await;
    rig.engine.stop(HERE, REGION, &id, StopType::Cancel).await.unwrap();
    let view = rig.end(&id).await;
    assert_eq!(summary(&view), "Cancelled: each Cancelled, undo Success, a Cancelled");
}

#[tokio::test(start_paused = true)]
async fn a_loop_has_a_time_limit_as_a_whole_if_it_says_so() {
    let body = "  - name: rest\n    action: aws:sleep\n    inputs: {Duration: PT1M}\n";
    let steps = looped("each", "timeoutSeconds: 90", "      Iterators: [x, y, z]\n", body)
        + &act("b", "", "");
    let rig = Rig::with_steps(&steps).await;
    let view = rig.run().await;
    assert_eq!(summary(&view), "TimedOut: each TimedOut, b Pending, rest Success, rest Success");
}
