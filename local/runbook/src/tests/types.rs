//! Values made to fit a type.

use expect_test::expect;
use serde_json::json;

use crate::{OutputType, coerce};

#[test]
fn every_value_fits_a_type_or_says_that_it_does_not() {
    let mut all = String::new();
    for value in [
        json!("text"),
        json!(""),
        json!("TRUE"),
        json!(" 7 "),
        json!("[1, \"a\"]"),
        json!("[{\"a\": 1}]"),
        json!("{\"a\": 1}"),
        json!("\"{}\""),
        json!(true),
        json!(3),
        json!(3.0),
        json!(1e19),
        json!(3.5),
        json!(u64::MAX),
        json!(null),
        json!([]),
        json!(["a"]),
        json!([3]),
        json!(["a", 1, true, null, [2]]),
        json!([{"a": 1}]),
        json!([{"a": 1}, "x"]),
        json!([["a"]]),
        json!({}),
        json!({"a": [1]}),
    ] {
        all.push_str(&format!("{value}:"));
        for kind in OutputType::ALL {
            match coerce(value.clone(), kind) {
                Ok(fitted) => all.push_str(&format!(" {}={fitted}", kind.name())),
                Err(error) => {
                    assert_eq!(
                        error.to_string(),
                        format!("{value} is not of the type {}", kind.name())
                    );
                }
            }
        }
        all.push('\n');
    }
    expect![[r#"
        "text": String="text" StringList=["text"]
        "": String="" StringList=[""]
        "TRUE": String="TRUE" StringList=["TRUE"] Boolean=true
        " 7 ": String=" 7 " StringList=[" 7 "] Integer=7
        "[1, \"a\"]": String="[1, \"a\"]" StringList=["1","a"]
        "[{\"a\": 1}]": String="[{\"a\": 1}]" StringList=["{\"a\":1}"] MapList=[{"a":1}]
        "{\"a\": 1}": String="{\"a\": 1}" StringList=["{\"a\": 1}"] StringMap={"a":1} MapList=[{"a":1}]
        "\"{}\"": String="\"{}\"" StringList=["\"{}\""]
        true: String="true" StringList=["true"] Boolean=true
        3: String="3" StringList=["3"] Integer=3
        3.0: String="3.0" StringList=["3.0"] Integer=3
        1e+19: String="1e+19" StringList=["1e+19"]
        3.5: String="3.5" StringList=["3.5"]
        18446744073709551615: String="18446744073709551615" StringList=["18446744073709551615"] Integer=18446744073709551615
        null: String="null"
        []: String="[]" StringList=[] MapList=[]
        ["a"]: String="a" StringList=["a"]
        [3]: String="3" StringList=["3"] Integer=3
        ["a",1,true,null,[2]]: String="[\"a\",1,true,null,[2]]" StringList=["a","1","true","null","[2]"]
        [{"a":1}]: String="[{\"a\":1}]" StringList=["{\"a\":1}"] MapList=[{"a":1}]
        [{"a":1},"x"]: String="[{\"a\":1},\"x\"]" StringList=["{\"a\":1}","x"]
        [["a"]]: String="[[\"a\"]]" StringList=["[\"a\"]"]
        {}: String="{}" StringMap={} MapList=[{}]
        {"a":[1]}: String="{\"a\":[1]}" StringMap={"a":[1]} MapList=[{"a":[1]}]
    "#]].assert_eq(&all);
}

#[test]
fn a_type_is_known_by_its_name_exactly() {
    for kind in OutputType::ALL {
        assert_eq!(OutputType::parse(kind.name()), Some(kind));
        assert_eq!(OutputType::parse(&kind.name().to_lowercase()), None);
    }
}
