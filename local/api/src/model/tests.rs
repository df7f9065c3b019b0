//! A small model with every kind of shape, and the messages about values that break it.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::*;

fn model() -> Model {
    let string = |min: usize, max: usize| json!({"type": "string", "min": min, "max": max});
    let model = json!({
        "operations": {"Start": {"input": "In", "output": "Out", "errors": ["NotFound"]}},
        "shapes": {
            "In": {"type": "structure", "required": ["Name"], "members": {
                "Name": {"shape": "Name"}, "Mode": {"shape": "Mode"}, "Count": {"shape": "Count"},
                "Names": {"shape": "Names"}, "Parameters": {"shape": "Parameters"}}},
            "Out": {"type": "structure", "required": ["Id"], "members": {"Id": {"shape": "Name"}}},
            "Name": string(2, 5),
            "Mode": {"type": "string", "enum": ["Auto", "Interactive"]},
            "Count": {"type": "integer", "min": 1, "max": 50},
            "Names": {"type": "list", "max": 2, "member": {"shape": "Name"}},
            "Parameters": {"type": "map", "max": 2, "key": {"shape": "Key"}, "value": {"shape": "Names"}},
            "Key": string(1, 3),
        },
    });
    Model::read(&model.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "bodies are written where they are used")]
fn check(body: Value, expected: Expect) {
    let error = model().check("Start", &body).map_err(Refusal::into_error);
    let message = error.map_or_else(|e| format!("{}: {}", e.code, e.message), |()| "fits".into());
    expected.assert_eq(&message);
}

#[test]
fn an_input_that_fits_is_accepted() {
    check(
        json!({"Name": "abc", "Mode": "Auto", "Count": 1, "Parameters": {"a": ["xy"]}}),
        expect!["fits"],
    );
}

#[test]
fn every_violation_is_in_one_message() {
    check(
        json!({"Mode": "Slow", "Count": 51}),
        expect![
            "ValidationException: 3 validation errors detected: Value '51' at 'count' failed to satisfy constraint: Member must have value less than or equal to 50; Value 'Slow' at 'mode' failed to satisfy constraint: Member must satisfy enum value set: [Auto, Interactive]; Value null at 'name' failed to satisfy constraint: Member must not be null"
        ],
    );
}

#[test]
fn lists_and_maps_are_shown_as_a_whole() {
    check(
        json!({"Name": "abc", "Names": ["ab", "toolong"]}),
        expect![
            "ValidationException: 1 validation error detected: Value '[ab, toolong]' at 'names' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 5, Member must have length greater than or equal to 2]"
        ],
    );
    check(
        json!({"Name": "abc", "Parameters": {"long": ["ab"], "b": ["toolong"]}}),
        expect![
            "ValidationException: 2 validation errors detected: Value '{long=[\"ab\"], b=[\"toolong\"]}' at 'parameters' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 3, Member must have length greater than or equal to 1]; Value '{long=[\"ab\"], b=[\"toolong\"]}' at 'parameters' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 2, Member must satisfy constraint: [Member must have length less than or equal to 5, Member must have length greater than or equal to 2]]"
        ],
    );
}

#[test]
fn a_wrong_json_type_is_a_serialization_error() {
    check(
        json!({"Name": 7}),
        expect!["SerializationException: NUMBER_VALUE can not be converted to a String"],
    );
    check(
        json!({"Name": "abc", "Parameters": []}),
        expect!["SerializationException: Start of structure or map found where not expected."],
    );
}

#[test]
fn a_shape_without_bounds_takes_any_length() {
    let body = json!({"Name": "much too long"});
    assert!(model().check("Start", &body).is_err());
    assert_eq!(model().unbounded("Name").check("Start", &body), Ok(()));
}

#[test]
fn replies_are_checked_by_the_same_model() {
    assert_eq!(model().reply_defects("Start", &json!({"Id": "abc"})), Vec::<String>::new());
    let defects = model().reply_defects("Start", &json!({"Name": "abc"}));
    assert_eq!(defects, ["Start: Id is missing", "Start.Name is not in the model"]);
    assert!(model().declares("Start", "NotFound") && !model().declares("Start", "Other"));
}
