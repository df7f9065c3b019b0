//! Where steps lead.

use expect_test::expect;

use super::check_steps;
use crate::Position;
use crate::read::{Link, LinkKind, Outline, Reader};

#[test]
fn steps_lead_to_steps_that_exist() {
    check_steps(
        "- {name: a, action: 'aws:pause', nextStep: x, onFailure: 'step:y', onCancel: 'step:z'}\n- name: b\n  action: aws:branch\n  inputs:\n    Choices: [{Variable: '{{ a.x }}', StringEquals: y, NextStep: v}]\n    Default: w\n",
        &expect![[r#"
            3:44 mainSteps[0].nextStep: Unknown step name: "x" in nextStep
            3:58 mainSteps[0].onFailure: Unknown step name: "y" in onFailure
            3:78 mainSteps[0].onCancel: Unknown step name: "z" in onCancel
            7:66 mainSteps[1].inputs.Choices[0].NextStep: Unknown step name: "v" in Choices
            8:14 mainSteps[1].inputs.Default: Unknown step name: "w" in Default
        "#]],
    );
}

#[test]
fn what_is_cancelled_leads_to_what_may_run_then() {
    check_steps(
        "- {name: a, action: 'aws:deleteImage', inputs: {ImageId: x}, onCancel: 'step:b'}\n- {name: b, action: 'aws:pause'}\n- {name: c, action: 'aws:pause', onCancel: 'step:d'}\n- {name: d, action: 'aws:deleteImage', inputs: {ImageId: x}}\n",
        &expect![[r#"
            3:72 mainSteps[0].onCancel: onCancel leads to "b", whose action aws:pause is not supported there
        "#]],
    );
    check_steps(
        "- name: a\n  action: aws:loop\n  onCancel: step:c\n  inputs:\n    Iterators: [x]\n    Steps: [{name: b, action: 'aws:pause', onCancel: 'step:c'}]\n- {name: c, action: 'aws:deleteImage', inputs: {ImageId: x}}\n",
        &expect![[r#"
            5:13 mainSteps[0].onCancel: onCancel is not supported by action aws:loop
        "#]],
    );
}

#[test]
fn a_cycle_is_named_with_its_trace() {
    check_steps(
        "- {name: a, action: 'aws:pause', nextStep: a}\n",
        &expect![[r#"
            3:44 mainSteps[0].nextStep: The steps form a cycle: a -> a
        "#]],
    );
    check_steps(
        "- {name: a, action: 'aws:pause'}\n- {name: b, action: 'aws:pause'}\n- {name: c, action: 'aws:pause', nextStep: b}\n",
        &expect![[r#"
            5:44 mainSteps[2].nextStep: The steps form a cycle: b -> c -> b
        "#]],
    );
    check_steps(
        "- {name: a, action: 'aws:pause', nextStep: c}\n- {name: b, action: 'aws:pause', nextStep: c}\n- {name: c, action: 'aws:pause', onFailure: 'step:b', isEnd: true}\n",
        &expect![[r#"
            4:44 mainSteps[1].nextStep: The steps form a cycle: c -> b -> c
        "#]],
    );
    check_steps(
        "- {name: a, action: 'aws:pause'}\n- name: b\n  action: aws:branch\n  inputs:\n    Choices: [{Variable: '{{ a.x }}', StringEquals: y, NextStep: a}]\n    Default: c\n- {name: c, action: 'aws:pause'}\n",
        &expect![[r#"
            7:66 mainSteps[1].inputs.Choices[0].NextStep: The steps form a cycle: a -> b -> a
        "#]],
    );
    check_steps(
        "- {name: a, action: 'aws:deleteImage', inputs: {ImageId: x}, onCancel: 'step:b', isEnd: true}\n- {name: b, action: 'aws:deleteImage', inputs: {ImageId: x}, onCancel: 'step:a', isEnd: true}\n",
        &expect![[r#"
            4:72 mainSteps[1].onCancel: The steps form a cycle: a -> b -> a
        "#]],
    );
}

#[test]
fn jumping_forward_and_to_what_ends_the_execution_is_no_cycle() {
    check_steps(
        "- {name: a, action: 'aws:pause', onFailure: 'step:c', nextStep: d}\n- {name: b, action: 'aws:pause', isEnd: true}\n- {name: c, action: 'aws:pause', nextStep: b}\n- {name: d, action: 'aws:pause', onFailure: 'step:c'}\n- {name: e, action: 'aws:pause', nextStep: c}\n",
        &expect![[r#"
            sound, 5 steps
        "#]],
    );
}

#[test]
fn steps_of_a_loop_lead_among_themselves_and_out_of_it_but_nothing_leads_into_it() {
    check_steps(
        "- name: l\n  action: aws:loop\n  nextStep: d\n  inputs:\n    Iterators: [x]\n    Steps:\n    - {name: b, action: 'aws:pause', onFailure: 'step:c', isEnd: true}\n    - {name: c, action: 'aws:pause', nextStep: d}\n- {name: d, action: 'aws:pause'}\n",
        &expect![[r#"
            sound, 2 steps
        "#]],
    );
    check_steps(
        "- {name: a, action: 'aws:pause', onFailure: 'step:b'}\n- name: l\n  action: aws:loop\n  inputs:\n    Iterators: [x]\n    Steps:\n    - {name: b, action: 'aws:pause', nextStep: c}\n    - {name: c, action: 'aws:pause', nextStep: b}\n- name: m\n  action: aws:loop\n  inputs:\n    Iterators: [x]\n    Steps:\n    - {name: e, action: 'aws:pause', nextStep: a, onFailure: 'step:b'}\n",
        &expect![[r#"
            3:45 mainSteps[0].onFailure: Unknown step name: "b" in onFailure
            10:48 mainSteps[1].inputs.Steps[1].nextStep: The steps form a cycle: b -> c -> b
            16:48 mainSteps[2].inputs.Steps[0].nextStep: The steps form a cycle: a -> l -> m -> a
            16:62 mainSteps[2].inputs.Steps[0].onFailure: Unknown step name: "b" in onFailure
        "#]],
    );
}

#[test]
fn ways_of_any_length_are_followed_without_deep_recursion() {
    const LENGTH: usize = 50_000;
    let step = |nth: usize| Outline {
        name: Some(format!("s{nth}")),
        named_at: Position { line: 1, column: 1 },
        at: Position { line: 1, column: 1 },
        path: String::new(),
        action: None,
        links: Vec::new(),
        goes_on: nth + 1 < LENGTH,
        inner: Vec::new(),
    };
    let mut steps: Vec<_> = (0..LENGTH).map(step).collect();
    let defects = |steps: &[Outline]| {
        let mut reader = Reader::new("");
        crate::check::flow(&mut reader, steps);
        reader.finish(Some(())).err().map_or(0, |defects| defects.0.len())
    };
    assert_eq!(defects(&steps), 0);
    steps[LENGTH - 1].links.push(Link {
        to: "s0".to_owned(),
        kind: LinkKind::NextStep,
        at: Position { line: 1, column: 1 },
        path: String::new(),
    });
    assert_eq!(defects(&steps), 1);
}
