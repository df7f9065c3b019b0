//! Paths into answers.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use crate::Path;

fn answer() -> Value {
    json!({
        "A": {"B": [{"C": 1, "D": {"C": 2}}, {"C": [3, {"C": 4}]}]},
        "step.Output": ["x", "y"],
        "it's": true,
        "Empty": [],
        "Null": null,
        "dash-ed": {"aws:tag": "t"},
        "Tags": [
            {"Key": "Tier", "Value": "db"},
            {"Key": "Name", "Value": "orders", "Size": 3},
            {"Key": "Team", "Value": "Blue", "Size": 12},
        ],
        "Limit": 5,
        "Numbers": [4, 1.5, -2],
        "Groups": [{"Ids": ["i-1", "i-2"], "Text": "a.b"}, {"Ids": [], "Text": "axb"}],
    })
}

fn check(paths: &[&str], expected: &Expect) {
    let found = |path: &str| match Path::parse(path).map(|path| path.select(&answer())) {
        Ok(Some(value)) => format!("{path} {value}\n"),
        Ok(None) => format!("{path} leads nowhere\n"),
        Err(error) => format!("{path}: {error}\n"),
    };
    expected.assert_eq(&paths.iter().map(|path| found(path)).collect::<String>());
}

#[test]
fn names_and_indices_lead_to_one_value() {
    check(
        &[
            "$",
            "$.A.B[0].C",
            "$.A.B[1].C[1].C",
            "$.A.B[2]",
            "$.A.X",
            "$.A[0]",
            "$.Null",
            "$.Empty[0]",
            "$.Tags[-1].Key",
            "$.'step.Output'[0]",
            "$.\"step.Output\"[1]",
            "$['step.Output'][1]",
            "$[\"it's\"]",
            "$['it\\'s']",
            "$.dash-ed.aws:tag",
            "A.B[0].C",
            "'step.Output'[0]",
            "$.A.B[0].C ",
            "$['A', 'Limit', 'X']",
            "$.A['X','Y']",
        ],
        &expect![[r#"
            $ {"A":{"B":[{"C":1,"D":{"C":2}},{"C":[3,{"C":4}]}]},"step.Output":["x","y"],"it's":true,"Empty":[],"Null":null,"dash-ed":{"aws:tag":"t"},"Tags":[{"Key":"Tier","Value":"db"},{"Key":"Name","Value":"orders","Size":3},{"Key":"Team","Value":"Blue","Size":12}],"Limit":5,"Numbers":[4,1.5,-2],"Groups":[{"Ids":["i-1","i-2"],"Text":"a.b"},{"Ids":[],"Text":"axb"}]}
            $.A.B[0].C 1
            $.A.B[1].C[1].C 4
            $.A.B[2] leads nowhere
            $.A.X leads nowhere
            $.A[0] leads nowhere
            $.Null null
            $.Empty[0] leads nowhere
            $.Tags[-1].Key "Team"
            $.'step.Output'[0] "x"
            $."step.Output"[1] "y"
            $['step.Output'][1] "y"
            $["it's"] true
            $['it\'s'] true
            $.dash-ed.aws:tag "t"
            A.B[0].C 1
            'step.Output'[0] "x"
            $.A.B[0].C  1
            $['A', 'Limit', 'X'] {"A":{"B":[{"C":1,"D":{"C":2}},{"C":[3,{"C":4}]}]},"Limit":5}
            $.A['X','Y'] leads nowhere
        "#]],
    );
}

#[test]
fn what_may_lead_to_several_values_finds_a_list() {
    check(
        &[
            "$..C",
            "$.A.B[0]..C",
            "$..C..C",
            "$..D.C",
            "$..B[0]",
            "$..X",
            "$..'aws:tag'",
            "$.A.B[*].C",
            "$.A.B[*].C[0]",
            "$.A.*[1].D",
            "$.A.B[0][*]",
            "$.Empty[*]",
            "$.Null[*]",
            "$.Tags..*",
            "$.Tags[0:2].Value",
            "$.Tags[-2:].Value",
            "$.Tags[::2].Value",
            "$.Tags[::-1].Value",
            "$.Tags[0, 2].Value",
            "$.Tags[0,-1].Value",
            "$.Tags[*]['Key','Size']",
            "$.Tags[*]['Key','Size'][0]",
            "$..['Key']",
        ],
        &expect![[r#"
            $..C [1,2,[3,{"C":4}],4]
            $.A.B[0]..C [1,2]
            $..C..C [4]
            $..D.C [2]
            $..B[0] [{"C":1,"D":{"C":2}}]
            $..X []
            $..'aws:tag' ["t"]
            $.A.B[*].C [1,[3,{"C":4}]]
            $.A.B[*].C[0] [3]
            $.A.*[1].D []
            $.A.B[0][*] [1,{"C":2}]
            $.Empty[*] []
            $.Null[*] []
            $.Tags..* [{"Key":"Tier","Value":"db"},{"Key":"Name","Value":"orders","Size":3},{"Key":"Team","Value":"Blue","Size":12},"Tier","db","Name","orders",3,"Team","Blue",12]
            $.Tags[0:2].Value ["db","orders"]
            $.Tags[-2:].Value ["orders","Blue"]
            $.Tags[::2].Value ["db","Blue"]
            $.Tags[::-1].Value ["Blue","orders","db"]
            $.Tags[0, 2].Value ["db","Blue"]
            $.Tags[0,-1].Value ["db","Blue"]
            $.Tags[*]['Key','Size'] [{"Key":"Tier"},{"Key":"Name","Size":3},{"Key":"Team","Size":12}]
            $.Tags[*]['Key','Size'][0] []
            $..['Key'] ["Tier","Name","Team"]
        "#]],
    );
}

#[test]
fn filters_keep_what_fits() {
    check(
        &[
            "$.Tags[?(@.Key == 'Name')].Value",
            "$.Tags[?(@.Key=='Name')].Value",
            "$.Tags[?(@.Key==\"Name\")].Value",
            "$.Tags[?@.Key == 'Name'].Value",
            "$.Tags[?(@['Key'] == 'Name')].Value",
            "$.Tags[?(@.Key == 'Owner')].Value",
            "$.Tags[?(@.Key != 'Name')].Value",
            "$.Tags[?(@.Size)].Key",
            "$.Tags[?(!@.Size)].Key",
            "$.Tags[?(@.Size > 3)].Key",
            "$.Tags[?(@.Size > $.Limit)].Key",
            "$.Tags[?(@.Size >= 3 && @.Key == 'Name')].Value",
            "$.Tags[?(@.Key == 'Tier' || (@.Size > 3 && @.Key == 'Team'))].Value",
            "$.Tags[?(@.Value =~ /ord.*/)].Key",
            "$.Tags[?(@.Value =~ /ord/)].Key",
            "$.Tags[?(@.Value =~ /blue/i)].Key",
            "$.Tags[?(@.Key in ['Tier', 'Team'])].Value",
            "$.Tags[?(@.Key nin ['Tier', 'Team'])].Value",
            "$.Tags[?(@.Key in [])].Value",
            "$.Groups[?(@.Ids contains 'i-2')].Ids[0]",
            "$.Groups[?(@.Text contains 'a.b')].Text",
            "$.Groups[?(@.Ids size 2)].Text",
            "$.Groups[?(@.Ids empty true)].Text",
            "$.Groups[?(@.Ids empty false)].Text",
            "$.Groups[?(@.Ids.length() > 1)].Text",
            "$.Groups[?length(@.Ids) == 0].Text",
            "$.Groups[?match(@.Text, 'a.b')].Text",
            "$..[?(@.Key == 'Name')].Value",
            "$.Groups[?(@.Ids[?(@ == 'i-1')])].Text",
            "$.Tags[?(@.Key == 'a]b')]",
        ],
        &expect![[r#"
            $.Tags[?(@.Key == 'Name')].Value ["orders"]
            $.Tags[?(@.Key=='Name')].Value ["orders"]
            $.Tags[?(@.Key=="Name")].Value ["orders"]
            $.Tags[?@.Key == 'Name'].Value ["orders"]
            $.Tags[?(@['Key'] == 'Name')].Value ["orders"]
            $.Tags[?(@.Key == 'Owner')].Value []
            $.Tags[?(@.Key != 'Name')].Value ["db","Blue"]
            $.Tags[?(@.Size)].Key ["Name","Team"]
            $.Tags[?(!@.Size)].Key ["Tier"]
            $.Tags[?(@.Size > 3)].Key ["Team"]
            $.Tags[?(@.Size > $.Limit)].Key ["Team"]
            $.Tags[?(@.Size >= 3 && @.Key == 'Name')].Value ["orders"]
            $.Tags[?(@.Key == 'Tier' || (@.Size > 3 && @.Key == 'Team'))].Value ["db","Blue"]
            $.Tags[?(@.Value =~ /ord.*/)].Key ["Name"]
            $.Tags[?(@.Value =~ /ord/)].Key []
            $.Tags[?(@.Value =~ /blue/i)].Key ["Team"]
            $.Tags[?(@.Key in ['Tier', 'Team'])].Value ["db","Blue"]
            $.Tags[?(@.Key nin ['Tier', 'Team'])].Value ["orders"]
            $.Tags[?(@.Key in [])].Value []
            $.Groups[?(@.Ids contains 'i-2')].Ids[0] ["i-1"]
            $.Groups[?(@.Text contains 'a.b')].Text ["a.b"]
            $.Groups[?(@.Ids size 2)].Text ["a.b"]
            $.Groups[?(@.Ids empty true)].Text ["axb"]
            $.Groups[?(@.Ids empty false)].Text ["a.b"]
            $.Groups[?(@.Ids.length() > 1)].Text ["a.b"]
            $.Groups[?length(@.Ids) == 0].Text ["axb"]
            $.Groups[?match(@.Text, 'a.b')].Text ["a.b","axb"]
            $..[?(@.Key == 'Name')].Value ["orders"]
            $.Groups[?(@.Ids[?(@ == 'i-1')])].Text ["a.b"]
            $.Tags[?(@.Key == 'a]b')] []
        "#]],
    );
}

#[test]
fn functions_end_a_path() {
    check(
        &[
            "$.Tags.length()",
            "$.A.size()",
            "$.Limit.length()",
            "$.Tags[*].Size.max()",
            "$.Numbers.min()",
            "$.Numbers.max()",
            "$.Numbers.sum()",
            "$.Numbers.avg()",
            "$.Numbers.stddev()",
            "$.Empty.max()",
            "$.Tags[0].keys()",
            "$.Tags[*].Value.first()",
            "$.Tags[?(@.Size)].Value.last()",
            "$.Tags.index(1)",
            "$.Tags[*].Key.index(-1)",
            "$.Tags.index(9)",
        ],
        &expect![[r#"
            $.Tags.length() 3
            $.A.size() 1
            $.Limit.length() leads nowhere
            $.Tags[*].Size.max() 12
            $.Numbers.min() -2
            $.Numbers.max() 4
            $.Numbers.sum() 3.5
            $.Numbers.avg() 1.1666666666666667
            $.Numbers.stddev() 2.4608038433722337
            $.Empty.max() leads nowhere
            $.Tags[0].keys() ["Key","Value"]
            $.Tags[*].Value.first() "db"
            $.Tags[?(@.Size)].Value.last() "Blue"
            $.Tags.index(1) {"Key":"Name","Value":"orders","Size":3}
            $.Tags[*].Key.index(-1) "Team"
            $.Tags.index(9) leads nowhere
        "#]],
    );
}

#[test]
fn everything_else_is_refused_with_the_place() {
    check(
        &[
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
            "$.A[*",
            "$.A*",
            "$.A[0:x]",
            "$.A[0,]",
            "$.A[?(@.B]",
            "$.A[?(@.B)",
            "$.A[?(@.B = 1)]",
            "$.A[?(@.B == C)]",
            "$.A[?]",
            "$.A[?(@.B =~ x)]",
            "$.A[?(in ['x'])]",
            "$.A.big()",
            "$.A.length().B",
            "$['A'",
            "$['A",
            "$.'A",
            "$.A B",
            "@.A",
            "$.A[18446744073709551616]",
        ],
        &expect![[r#"
            : a selector begins with $ or a name
            .A: a selector begins with $ or a name
            [0]: a selector begins with $ or a name
            $A: .name, ..name, [number] or [?(filter)] is expected at character 2
            $.: a name is expected at character 3
            $..: a name is expected at character 4
            $...A: a name is expected at character 4
            $.A.: a name is expected at character 5
            $.A[: [number], ['name'], [*], [from:to] or [?(filter)] is expected at character 4
            $.A[]: [number], ['name'], [*], [from:to] or [?(filter)] is expected at character 4
            $.A[x]: [number], ['name'], [*], [from:to] or [?(filter)] is expected at character 4
            $.A[*: [number], ['name'], [*], [from:to] or [?(filter)] is expected at character 4
            $.A*: .name, ..name, [number] or [?(filter)] is expected at character 4
            $.A[0:x]: [number], ['name'], [*], [from:to] or [?(filter)] is expected at character 4
            $.A[0,]: [number], ['name'], [*], [from:to] or [?(filter)] is expected at character 4
            $.A[?(@.B]: the path cannot be read: ] is unexpected in a filter
            $.A[?(@.B): the path cannot be read: a filter ends with ]
            $.A[?(@.B = 1)]: the path cannot be read: = 1)] is unexpected in a filter
            $.A[?(@.B == C)]: the path cannot be read: at position 8, in long-hand segment, parser error
            $.A[?]: the path cannot be read: at position 8, in long-hand segment, parser error
            $.A[?(@.B =~ x)]: the path cannot be read: =~ takes /pattern/
            $.A[?(in ['x'])]: the path cannot be read: at position 11, in long-hand segment, parser error
            $.A.big(): the function big() at character 5 is unknown. Expected one of length, size, keys, min, max, sum, avg, stddev, first, last, index
            $.A.length().B: .name, ..name, [number] or [?(filter)] is expected at character 13
            $['A': [number], ['name'], [*], [from:to] or [?(filter)] is expected at character 2
            $['A: [number], ['name'], [*], [from:to] or [?(filter)] is expected at character 2
            $.'A: a name is expected at character 3
            $.A B: .name, ..name, [number] or [?(filter)] is expected at character 4
            @.A: a selector begins with $ or a name
            $.A[18446744073709551616]: [number], ['name'], [*], [from:to] or [?(filter)] is expected at character 4
        "#]],
    );
}

#[test]
fn a_path_is_shown_as_it_was_written() {
    for path in ["$.Tags[?(@.Key == 'Name')].Value", "A.B[0]", "$.'step.Output'[0]"] {
        let read = Path::parse(path).unwrap();
        assert_eq!(read.to_string(), path);
        assert_eq!(Path::parse(&read.to_string()), Ok(read));
    }
}
