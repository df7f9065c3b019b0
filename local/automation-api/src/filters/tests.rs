//! Which executions and steps match each filter, and which filters are refused.

use engine::{ExecutionView, ParentStep, Status, StepView, Target};
use runbook::ActionKind;
use serde_json::json;

use super::{executions, steps};
use crate::input::Filter;
use crate::samples::{at, execution, pending};

fn filter(key: &str, values: &[&str]) -> Filter {
    Filter { key: key.into(), values: values.iter().map(|&value| value.into()).collect() }
}

/// The ids of those of these executions that pass.
fn passing(filters: &[Filter]) -> Vec<String> {
    let views = [
        execution("plain"),
        ExecutionView {
            document_name: "Org-Patch".into(),
            started_at: at(60),
            status: Status::Failed,
            parent: Some("plain".into()),
            current_action: None,
            tags: Vec::new(),
            ..execution("child")
        },
        ExecutionView {
            targets: vec![Target { key: "ResourceGroup".into(), values: vec!["web".into()] }],
            started_at: at(120),
            cross_account: true,
            ..execution("fanned")
        },
    ];
    let filters = executions::Filters::parse(filters).unwrap();
    views.iter().filter(|view| filters.pass(view)).map(|view| view.id.clone()).collect()
}

#[test]
fn executions_are_filtered_by_every_key() {
    for (filters, expected) in [
        (vec![], vec!["plain", "child", "fanned"]),
        (vec![filter("DocumentNamePrefix", &["Org-", "X"])], vec!["child"]),
        (vec![filter("ExecutionStatus", &["Failed", "Success"])], vec!["child"]),
        (vec![filter("ExecutionId", &["plain", "fanned"])], vec!["plain", "fanned"]),
        (vec![filter("ParentExecutionId", &["plain"])], vec!["child"]),
        (vec![filter("CurrentAction", &["aws:changeInstanceState"])], vec!["plain", "fanned"]),
        (vec![filter("StartTimeAfter", &["2023-11-14T22:13:30Z"])], vec!["child", "fanned"]),
        (vec![filter("StartTimeBefore", &["2023-11-14T22:14:30+00:00"])], vec!["plain", "child"]),
        (vec![filter("AutomationType", &["CrossAccount"])], vec!["fanned"]),
        (vec![filter("TagKey", &["team"])], vec!["plain", "fanned"]),
        (vec![filter("TargetResourceGroup", &["web"])], vec!["fanned"]),
        (vec![filter("AutomationSubtype", &["ChangeRequest"])], vec![]),
        (vec![filter("OpsItemId", &["oi-1"])], vec![]),
        (
            vec![filter("ExecutionStatus", &["InProgress"]), filter("TagKey", &["team"])],
            vec!["plain", "fanned"],
        ),
    ] {
        let keys: Vec<_> = filters.iter().map(|f| f.key.clone()).collect();
        assert_eq!(passing(&filters), expected, "{keys:?}");
    }
}

#[test]
fn filters_of_executions_that_make_no_sense_are_refused() {
    for (filters, code) in [
        (vec![filter("Colour", &["red"])], "InvalidFilterKey"),
        (vec![filter("TagKey", &["a"]), filter("TagKey", &["b"])], "InvalidFilterKey"),
        (vec![filter("ExecutionStatus", &["Done"])], "InvalidFilterValue"),
        (vec![filter("StartTimeAfter", &["yesterday"])], "InvalidFilterValue"),
        (
            vec![filter("StartTimeAfter", &["2023-11-14T22:13:30Z", "2023-11-14T22:13:31Z"])],
            "InvalidFilterValue",
        ),
        (vec![filter("AutomationType", &["Remote"])], "InvalidFilterValue"),
        (vec![filter("AutomationSubtype", &["Remote"])], "InvalidFilterValue"),
    ] {
        let error = executions::Filters::parse(&filters).err().expect("a refusal");
        assert_eq!(error.code, code, "{}", error.message);
    }
}

#[test]
fn steps_are_filtered_by_every_key() {
    let inner = StepView {
        started_at: Some(at(5)),
        status: Status::Success,
        parent: Some(ParentStep {
            id: "loop-id".into(),
            name: "repeat".into(),
            action: ActionKind::Loop,
            iteration: 2,
            iterator_value: Some(json!(7)),
        }),
        ..pending("inner", ActionKind::Sleep)
    };
    let all = [inner, pending("later", ActionKind::Pause)];
    for (key, values, expected) in [
        ("Action", vec!["aws:sleep"], vec!["inner"]),
        ("StepName", vec!["later", "inner"], vec!["inner", "later"]),
        ("StepExecutionId", vec![all[0].id.as_str()], vec!["inner", "later"]),
        ("StepExecutionStatus", vec!["Pending"], vec!["later"]),
        ("StartTimeAfter", vec!["2023-11-14T22:13:20Z"], vec!["inner"]),
        ("StartTimeBefore", vec!["2023-11-14T22:13:20Z"], vec![]),
        ("ParentStepExecutionId", vec!["loop-id"], vec!["inner"]),
        ("ParentStepIteration", vec!["1", "2"], vec!["inner"]),
        ("ParentStepIteratorValue", vec!["7"], vec!["inner"]),
    ] {
        let filters = steps::Filters::parse(&[filter(key, &values)]).unwrap();
        let names: Vec<_> =
            all.iter().filter(|step| filters.pass(step)).map(|step| step.name.as_str()).collect();
        assert_eq!(names, expected, "{key}");
    }
}

#[test]
fn filters_of_steps_that_make_no_sense_are_refused() {
    for (filter, code) in [
        (filter("Colour", &["red"]), "InvalidFilterKey"),
        (filter("StepExecutionStatus", &["Done"]), "InvalidFilterValue"),
        (filter("ParentStepIteration", &["first"]), "InvalidFilterValue"),
        (filter("StartTimeBefore", &[]), "InvalidFilterValue"),
    ] {
        let error = steps::Filters::parse(&[filter]).err().expect("a refusal");
        assert_eq!(error.code, code, "{}", error.message);
    }
}
