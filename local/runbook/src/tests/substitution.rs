//! Values in the place of references.

use expect_test::expect;
use serde_json::{Value, json};

use crate::{Global, Reference, Scope, Unresolved, substitute};

/// A scope of one name each.
pub(super) struct Names;

impl Scope for Names {
    fn resolve(&self, reference: &Reference) -> Result<Value, Unresolved> {
        Ok(match reference {
            Reference::Parameter(name) => match name.as_str() {
                "Text" => json!("text"),
                "List" => json!(["a", "b"]),
                "Map" => json!({"k": [1]}),
                "Number" => json!(3),
                "Fraction" => json!(1.5),
                "Flag" => json!(true),
                "Empty" => json!(""),
                "Null" => Value::Null,
                "Nested" => json!("{{ Text }}"),
                "Stored" => return Err(Unresolved::Failed("ParameterNotFound".into())),
                _ => return Err(Unresolved::Unknown),
            },
            Reference::Output { step, output } if step == "a" => json!(output),
            Reference::Output { .. } => return Err(Unresolved::NotYet),
            Reference::Variable(name) => json!(format!("v-{name}")),
            Reference::Global(Global::Region) => json!("eu-west-1"),
            Reference::Global(global) => json!(global.name()),
            Reference::ExecutionId => json!("id"),
            Reference::Ssm(name) => json!(format!("s-{name}")),
        })
    }
}

fn show(value: &Value) -> String {
    match substitute(value, &Names) {
        Ok(filled) => format!("{value} {filled}\n"),
        Err(error) => format!("{value} {error}\n"),
    }
}

#[test]
fn exactly_one_reference_keeps_its_type_and_within_text_it_is_written_out() {
    let all: String = [
        json!("{{ List }}"),
        json!("{{Map}}"),
        json!("{{ Number }}"),
        json!("{{ Flag }}"),
        json!("{{ Null }}"),
        json!("{{\tText  }}"),
        json!("x{{ List }}"),
        json!("{{ Map }} "),
        json!("{{ Number }}{{ Fraction }}{{ Flag }}{{ Null }}{{ Empty }}"),
        json!("{{{ Text }}}"),
        json!("{{ {{ Text }} }}"),
    ]
    .map(|value| show(&value))
    .concat();
    expect![[r#"
        "{{ List }}" ["a","b"]
        "{{Map}}" {"k":[1]}
        "{{ Number }}" 3
        "{{ Flag }}" true
        "{{ Null }}" null
        "{{\tText  }}" "text"
        "x{{ List }}" "x[\"a\",\"b\"]"
        "{{ Map }} " "{\"k\":[1]} "
        "{{ Number }}{{ Fraction }}{{ Flag }}{{ Null }}{{ Empty }}" "31.5truenull"
        "{{{ Text }}}" "{text}"
        "{{ {{ Text }} }}" "{{ text }}"
    "#]]
    .assert_eq(&all);
}

#[test]
fn every_kind_of_reference_is_filled_in_wherever_it_stands_but_in_keys() {
    let all: String = [
        json!(["{{ a.Out }}", {"{{ Text }}": ["{{ variable:x }}", 1, null, true]}]),
        json!("{{ global:REGION }} {{ global:DATE_TIME }} {{ automation:EXECUTION_ID }} {{ ssm:/a/b }}"),
        json!("é{{ Text }}é"),
    ]
    .map(|value| show(&value))
    .concat();
    expect![[r#"
        ["{{ a.Out }}",{"{{ Text }}":["{{ variable:x }}",1,null,true]}] ["Out",{"{{ Text }}":["v-x",1,null,true]}]
        "{{ global:REGION }} {{ global:DATE_TIME }} {{ automation:EXECUTION_ID }} {{ ssm:/a/b }}" "eu-west-1 DATE_TIME id s-/a/b"
        "é{{ Text }}é" "étexté"
    "#]].assert_eq(&all);
}

#[test]
fn a_list_in_the_place_of_an_item_gives_its_items() {
    let all: String = [
        json!(["{{ List }}"]),
        json!(["x", "{{ List }}", "y", "{{ Text }}"]),
        json!({"Values": ["{{List}}", "{{ List }}"]}),
        json!([["{{ List }}"]]),
        json!(["x{{ List }}", "{{ Map }}"]),
    ]
    .map(|value| show(&value))
    .concat();
    expect![[r#"
        ["{{ List }}"] ["a","b"]
        ["x","{{ List }}","y","{{ Text }}"] ["x","a","b","y","text"]
        {"Values":["{{List}}","{{ List }}"]} {"Values":["a","b","a","b"]}
        [["{{ List }}"]] [["a","b"]]
        ["x{{ List }}","{{ Map }}"] ["x[\"a\",\"b\"]",{"k":[1]}]
    "#]]
    .assert_eq(&all);
}

#[test]
fn what_was_filled_in_is_not_looked_at_again() {
    expect![[r#"
        ["{{ Nested }}","x{{ Nested }}"] ["{{ Text }}","x{{ Text }}"]
    "#]]
    .assert_eq(&show(&json!(["{{ Nested }}", "x{{ Nested }}"])));
}

#[test]
fn what_has_no_value_says_why() {
    let all: String = [
        json!("{{ Unknown }}"),
        json!("x {{ b.Out }}"),
        json!(["{{ Text }}", "{{ Stored }}"]),
        json!("{{ global:X }}"),
    ]
    .map(|value| show(&value))
    .concat();
    expect![[r#"
        "{{ Unknown }}" {{ Unknown }} has no value: it is not declared
        "x {{ b.Out }}" {{ b.Out }} has no value: No output available yet because the step is not successfully executed
        ["{{ Text }}","{{ Stored }}"] {{ Stored }} has no value: ParameterNotFound
        "{{ global:X }}" {{ global:X }} has no value: it is not declared
    "#]].assert_eq(&all);
}

#[test]
fn other_braces_stay_as_they_are() {
    let text = "{ { x } } {{ color: red; }} {{}} {{ a b }} {{ }} }} {{";
    assert_eq!(substitute(&json!(text), &Names), Ok(json!(text)));
}
