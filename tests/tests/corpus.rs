//! Every runbook of the repository runs to its end, whatever AWS answers.
#![cfg(feature = "end-to-end")]

use corpus::Models;

/// How often each runbook is run.
const SEEDS: u64 = 12;

#[test]
fn the_engine_makes_no_mistake_in_any_runbook_whatever_aws_answers() {
    let root = harness::root();
    let models = Models::of_venv(&root.join(".venv")).unwrap();
    let mut documents = Vec::new();
    for folder in ["runbooks", "local/gateway/predefined", "local/runbook/src/tests"] {
        documents.extend(corpus::documents(&root.join(folder)).unwrap());
    }
    assert!(documents.len() > 25, "only {} documents", documents.len());
    let report = corpus::run(&documents, &models, SEEDS).unwrap();
    assert_eq!(report.objections, []);
    assert!(report.refused.is_empty(), "{:?}", report.refused);
    assert_eq!(
        report.ran(),
        documents.len(),
        "{:?} {:?}",
        report.without_values,
        report.not_started
    );
    // Both ends were reached, and most steps: otherwise the runs show nothing.
    assert!(
        report.ended["Success"] > SEEDS && report.ended["Failed"] > SEEDS,
        "{:?}",
        report.ended
    );
    let (reached, steps) = report.steps();
    assert!(reached * 10 > steps * 7, "{reached} of {steps} steps were reached");
}
