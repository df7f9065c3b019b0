//! Paths into answers.

use expect_test::expect;
use serde_json::{Value, json};

use crate::Selector;

fn answer() -> Value {
    json!({
        "A": {"B": [{"C": 1, "D": {"C": 2}}, {"C": [3, {"C": 4}]}]},
        "step.Output": ["x", "y"],
        "it's": true,
        "Empty": [],
        "Null": null,
        "dash-ed": {"aws:tag": "t"},
    })
}

#[test]
fn a_path_leads_to_one_value_or_after_a_deep_scan_to_a_list() {
    let all: String = [
        "$",
        "$.A.B[0].C",
        "$.A.B[1].C[1].C",
        "$.A.B[2]",
        "$.A.X",
        "$.A[0]",
        "$.Null",
        "$.Empty[0]",
        "$..C",
        "$.A.B[0]..C",
        "$..C..C",
        "$..D.C",
        "$..B[0]",
        "$..X",
        "$.'step.Output'[0]",
        "$.\"step.Output\"[1]",
        "$['step.Output'][1]",
        "$[\"it's\"]",
        "$..'aws:tag'",
        "$.dash-ed.aws:tag",
        "$.A.B[*].C",
        "$.A.B[*].C[0]",
        "$.A.*[1].D",
        "$.A.B[0][*]",
        "$.Empty[*]",
        "$.Null[*]",
        "A.B[0].C",
        "'step.Output'[0]",
        "$.A.B[0].C ",
    ]
    .iter()
    .map(|text| {
        let found = Selector::parse(text).map(|selector| selector.select(&answer()));
        match found {
            Ok(Some(value)) => format!("{text} {value}\n"),
            Ok(None) => format!("{text} leads nowhere\n"),
            Err(error) => format!("{text} {error}\n"),
        }
    })
    .collect();
    expect![[r#"
        $ {"A":{"B":[{"C":1,"D":{"C":2}},{"C":[3,{"C":4}]}]},"step.Output":["x","y"],"it's":true,"Empty":[],"Null":null,"dash-ed":{"aws:tag":"t"}}
        $.A.B[0].C 1
        $.A.B[1].C[1].C 4
        $.A.B[2] leads nowhere
        $.A.X leads nowhere
        $.A[0] leads nowhere
        $.Null null
        $.Empty[0] leads nowhere
        $..C [1,2,[3,{"C":4}],4]
        $.A.B[0]..C [1,2]
        $..C..C [4]
        $..D.C [2]
        $..B[0] [{"C":1,"D":{"C":2}}]
        $..X []
        $.'step.Output'[0] "x"
        $."step.Output"[1] "y"
        $['step.Output'][1] "y"
        $["it's"] true
        $..'aws:tag' ["t"]
        $.dash-ed.aws:tag "t"
        $.A.B[*].C [1,[3,{"C":4}]]
        $.A.B[*].C[0] [3]
        $.A.*[1].D []
        $.A.B[0][*] [1,{"C":2}]
        $.Empty[*] []
        $.Null[*] []
        A.B[0].C 1
        'step.Output'[0] "x"
        $.A.B[0].C  1
    "#]].assert_eq(&all);
}

#[test]
fn everything_else_is_refused_with_the_place() {
    let all: String = [
        "",
        ".A",
        "[0]",
        "$A",
        "$.",
        "$..",
        "$...A",
        "$.A.",
        "$.A[",
        "$.A[]",
        "$.A[x]",
        "$.A[-1]",
        "$.A[*",
        "$.A[ * ]",
        "$..*",
        "$.A*",
        "$.A[0:1]",
        "$.A[0,1]",
        "$.A[?(@.B)]",
        "$.A.length()",
        "$['A'",
        "$['A",
        "$.'A",
        "$.A B",
        "@.A",
        "$.A[18446744073709551616]",
    ]
    .iter()
    .map(|text| match Selector::parse(text) {
        Ok(selector) => format!("{text} is {selector}\n"),
        Err(error) => format!("{text}: {error}\n"),
    })
    .collect();
    expect![[r#"
        : a selector begins with $ or a name
        .A: a selector begins with $ or a name
        [0]: a selector begins with $ or a name
        $A: .name, ..name or [number] is expected at character 2
        $.: a name is expected at character 3
        $..: a name is expected at character 4
        $...A: a name is expected at character 4
        $.A.: a name is expected at character 5
        $.A[: [number] or [*] is expected at character 4; filters and slices are not supported
        $.A[]: [number] or [*] is expected at character 4; filters and slices are not supported
        $.A[x]: [number] or [*] is expected at character 4; filters and slices are not supported
        $.A[-1]: [number] or [*] is expected at character 4; filters and slices are not supported
        $.A[*: [number] or [*] is expected at character 4; filters and slices are not supported
        $.A[ * ]: [number] or [*] is expected at character 4; filters and slices are not supported
        $..*: a name is expected at character 4
        $.A*: .name, ..name or [number] is expected at character 4
        $.A[0:1]: [number] or [*] is expected at character 4; filters and slices are not supported
        $.A[0,1]: [number] or [*] is expected at character 4; filters and slices are not supported
        $.A[?(@.B)]: [number] or [*] is expected at character 4; filters and slices are not supported
        $.A.length(): .name, ..name or [number] is expected at character 11
        $['A': [number] or [*] is expected at character 2; filters and slices are not supported
        $['A: [number] or [*] is expected at character 2; filters and slices are not supported
        $.'A: a name is expected at character 3
        $.A B: .name, ..name or [number] is expected at character 4
        @.A: a selector begins with $ or a name
        $.A[18446744073709551616]: [number] or [*] is expected at character 4; filters and slices are not supported
    "#]].assert_eq(&all);
}
