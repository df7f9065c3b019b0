//! Documents and what is said of them. Each rule has a document that breaks it.

mod actions;
mod binding;
mod conditions;
mod flow;
mod literals;
mod parameters;
mod patterns;
mod properties;
mod references;
mod sound;
mod steps;
mod substitution;
mod syntax;
mod types;

use expect_test::Expect;

/// Holds what is said of a document against what is expected: a defect a line.
fn check(text: &str, expected: &Expect) {
    expected.assert_eq(&said(text));
}

fn said(text: &str) -> String {
    match crate::parse(text) {
        Ok(runbook) => format!("sound, {} steps\n", runbook.steps.len()),
        Err(defects) => defects
            .0
            .iter()
            .map(|defect| {
                let at = defect.at.map(|at| at.to_string()).unwrap_or_default();
                format!("{at} {}: {}\n", defect.path, defect.message)
            })
            .collect(),
    }
}

/// The same of a document that consists of steps.
fn check_steps(steps: &str, expected: &Expect) {
    check(&with_steps(steps), expected);
}

/// The same of one step with these inputs.
fn check_inputs(action: &str, inputs: &str, expected: &Expect) {
    check(&with_inputs(action, inputs), expected);
}

fn with_steps(steps: &str) -> String {
    format!("schemaVersion: '0.3'\nmainSteps:\n{steps}")
}

fn with_inputs(action: &str, inputs: &str) -> String {
    with_steps(&format!("- name: a\n  action: aws:{action}\n  inputs: {inputs}\n"))
}

fn sound(text: &str) -> crate::Runbook {
    crate::parse(text).unwrap_or_else(|defects| panic!("{defects}\n{text}"))
}
