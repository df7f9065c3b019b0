//! Regular expressions of Java.

use expect_test::expect;

use crate::{Pattern, PatternError};

#[test]
fn patterns_match_whole_values_as_java_does() {
    let all: Vec<_> = [
        // Whole values, alternatives and empty ones.
        ("a|b", &["a", "b", "ab", ""][..]),
        ("^$|^i-[a-z0-9]{8}$", &["", "i-12345678", "i-12345678x", "xi-12345678"]),
        ("^[1-9][0-9]?$|^100$", &["1", "99", "100", "0", "101"]),
        // Groups, flags, lookarounds.
        ("(?i:enabled|disabled)", &["Enabled", "DISABLED", "x"]),
        ("(?i)yes", &["YES"]),
        ("(?iu)yes|(?d)no", &["YES", "no"]),
        ("(?u:x)y", &["xy"]),
        ("(?-i)x", &["x"]),
        ("^(?!.*--)[a-z-]+(?<!-)$", &["a-b", "a--b", "a-"]),
        ("(?<a>x)\\k<a>", &["xx", "x"]),
        ("(a)(b)\\2\\1", &["abba", "abab"]),
        ("(?>a+)b", &["aab"]),
        // Possessive quantifiers do not backtrack.
        ("a++a", &["aaa"]),
        ("[a-z]*+\\d", &["abc1", "abc"]),
        // Classes are ASCII.
        ("\\d+", &["12", "١٢"]),
        ("\\w+", &["a_1", "é"]),
        ("\\p{Alpha}+\\p{Digit}", &["ab1", "é1"]),
        ("[\\p{Alnum}_-]+", &["a-1_", "a b"]),
        ("\\P{Alpha}", &["1", "a"]),
        ("\\p{javaLowerCase}\\p{IsAlphabetic}\\p{Lu}\\pL", &["aaAa", "éébé"]),
        ("[\\p{Punct}]+", &["!\"#[]^`{|}~", "a"]),
        ("a\\hb", &["a b", "a\tb", "aab"]),
        ("a\\Hb\\Vc", &["axbyc"]),
        ("\\S+\\s\\S+", &["a b", "a\u{a0}b"]),
        ("[^\\s/]+", &["ab", "a/b"]),
        ("[\\D]", &["a", "1"]),
        // Nested classes and operators; only Java's operators are operators here.
        ("[a-z&&[^aeiou]]+", &["xyz", "abc"]),
        ("[a[0-9]]+", &["a1"]),
        ("[+--]+", &["+,-", "."]),
        ("[~~a]+", &["~a"]),
        ("[]a]+", &["]a"]),
        ("[a-]+", &["a-"]),
        ("[-a]+", &["a-"]),
        ("[a-\\d]+", &["a-1", "b"]),
        ("[\\w+=,.@-]+", &["a+=,.@-", "a b"]),
        ("[\\.\\-_\\\\!*'()/]+", &[".-_\\!*'()/", "a"]),
        ("[\\x00-\\x7F]{1,128}", &["abc", "é"]),
        ("[\\[\\]^]+", &["[]^"]),
        ("[#-&]+", &["#$%&"]),
        ("[\\w\\s_\\./-:]{0,36}", &["a/b:1 2", "a;b"]),
        ("[a-z0-9-,]*", &["a-1,b", "a.b"]),
        ("[-_a-z\\/\\s\\.“\\-]*", &["a“b-", "A"]),
        // Lookarounds over whole values, loops over what may be empty.
        (
            "(?=^.{3,9}$)(?!^(\\d+\\.){3}$)(^[a-z]([a-z-]*(\\.[a-z])?)*$(?<!-))",
            &["a-b.c", "ab", "abc-"],
        ),
        ("([+-]?(?=\\.\\d|\\d)(?:\\d+)?(?:\\.?\\d*))(?:[eE]([+-]?\\d+))?", &["1.5e-3", ".5", "."]),
        // Escapes.
        ("\\<\\/\\-\\>", &["</->"]),
        ("\\Qa.b*\\E+", &["a.b*", "a.b**", "axb"]),
        ("[\\Q^]\\E]+", &["^]"]),
        (
            "\\x41\\x{1F600}\\u0042\\uD83D\\uDE00\\0101\\t\\n\\r\\f\\a\\e\\cA",
            &["A😀B😀A\t\n\r\u{c}\u{7}\u{1b}\u{1}"],
        ),
        ("a\\Z", &["a"]),
        ("\\Aab\\b.*\\z", &["ab", "ab c", "abc"]),
        ("a\\Rb", &["a\r\nb", "a\nb"]),
        ("^\\[\\]$|^\\[\\\"vpc-[0-9a-f]{1,128}\\\"\\]$", &["[]", "[\"vpc-1\"]"]),
        // Large repetitions.
        ("[\\s\\S]{0,4096}", &["", "x"]),
        ("a{2}b{1,}c{0,1}}", &["aabb}"]),
    ]
    .iter()
    .map(|(pattern, texts)| match Pattern::parse(pattern) {
        Ok(compiled) => {
            let matches: Vec<_> = texts
                .iter()
                .map(|text| format!("{}{text:?}", if compiled.matches(text) { "" } else { "not " }))
                .collect();
            format!("{pattern}: {}\n", matches.join(", "))
        }
        Err(error) => format!("{error}\n"),
    })
    .collect();
    expect![[r##"
        a|b: "a", "b", not "ab", not ""
        ^$|^i-[a-z0-9]{8}$: "", "i-12345678", not "i-12345678x", not "xi-12345678"
        ^[1-9][0-9]?$|^100$: "1", "99", "100", not "0", not "101"
        (?i:enabled|disabled): "Enabled", "DISABLED", not "x"
        (?i)yes: "YES"
        (?iu)yes|(?d)no: "YES", "no"
        (?u:x)y: "xy"
        (?-i)x: "x"
        ^(?!.*--)[a-z-]+(?<!-)$: "a-b", not "a--b", not "a-"
        (?<a>x)\k<a>: "xx", not "x"
        (a)(b)\2\1: "abba", not "abab"
        (?>a+)b: "aab"
        a++a: not "aaa"
        [a-z]*+\d: "abc1", not "abc"
        \d+: "12", not "١٢"
        \w+: "a_1", not "é"
        \p{Alpha}+\p{Digit}: "ab1", not "é1"
        [\p{Alnum}_-]+: "a-1_", not "a b"
        \P{Alpha}: "1", not "a"
        \p{javaLowerCase}\p{IsAlphabetic}\p{Lu}\pL: "aaAa", not "éébé"
        [\p{Punct}]+: "!\"#[]^`{|}~", not "a"
        a\hb: "a b", "a\tb", not "aab"
        a\Hb\Vc: "axbyc"
        \S+\s\S+: "a b", not "a\u{a0}b"
        [^\s/]+: "ab", not "a/b"
        [\D]: "a", not "1"
        [a-z&&[^aeiou]]+: "xyz", not "abc"
        [a[0-9]]+: "a1"
        [+--]+: "+,-", not "."
        [~~a]+: "~a"
        []a]+: "]a"
        [a-]+: "a-"
        [-a]+: "a-"
        [a-\d]+: "a-1", not "b"
        [\w+=,.@-]+: "a+=,.@-", not "a b"
        [\.\-_\\!*'()/]+: ".-_\\!*'()/", not "a"
        [\x00-\x7F]{1,128}: "abc", not "é"
        [\[\]^]+: "[]^"
        [#-&]+: "#$%&"
        [\w\s_\./-:]{0,36}: "a/b:1 2", not "a;b"
        [a-z0-9-,]*: "a-1,b", not "a.b"
        [-_a-z\/\s\.“\-]*: "a“b-", not "A"
        (?=^.{3,9}$)(?!^(\d+\.){3}$)(^[a-z]([a-z-]*(\.[a-z])?)*$(?<!-)): "a-b.c", not "ab", not "abc-"
        ([+-]?(?=\.\d|\d)(?:\d+)?(?:\.?\d*))(?:[eE]([+-]?\d+))?: "1.5e-3", ".5", not "."
        \<\/\-\>: "</->"
        \Qa.b*\E+: "a.b*", "a.b**", not "axb"
        [\Q^]\E]+: "^]"
        \x41\x{1F600}\u0042\uD83D\uDE00\0101\t\n\r\f\a\e\cA: "A😀B😀A\t\n\r\u{c}\u{7}\u{1b}\u{1}"
        a\Z: "a"
        \Aab\b.*\z: "ab", "ab c", not "abc"
        a\Rb: "a\r\nb", "a\nb"
        ^\[\]$|^\[\"vpc-[0-9a-f]{1,128}\"\]$: "[]", "[\"vpc-1\"]"
        [\s\S]{0,4096}: "", "x"
        a{2}b{1,}c{0,1}}: "aabb}"
    "##]]
    .assert_eq(&all.concat());
}

#[test]
fn what_is_no_pattern_says_why() {
    let all: Vec<_> = [
        "(",
        ")",
        "a)(b",
        "[",
        "[]",
        "[a",
        "a{2",
        "*",
        "\\",
        "[\\",
        "\\y",
        "\\p{Nothing}",
        "\\p{",
        "\\x",
        "\\xZZ",
        "\\x{110000}",
        "\\uD800",
        "\\u12",
        "(?<n",
        "(?U)a",
        "(?q)a",
        "(?",
        "[a-\\b]",
        "[z-a]",
        "a{3,2}",
        "a{,2}",
        "a{+1}",
        "{2}",
        "{{",
        "\\c",
        "\\k<none>",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[a",
    ]
    .iter()
    .map(|pattern| match Pattern::parse(pattern) {
        Ok(_) => format!("{pattern} is a pattern\n"),
        Err(error) => format!("{error}\n"),
    })
    .collect();
    expect![[r#"
        ( is not a regular expression: a group is not closed
        ) is not a regular expression: no group is open at a )
        a)(b is not a regular expression: no group is open at a )
        [ is not a regular expression: a class is not closed
        [] is not a regular expression: a class is not closed
        [a is not a regular expression: a class is not closed
        a{2 is not a regular expression: { begins no repetition
        * is not a regular expression: Target of repeat operator is invalid
        \ is not a regular expression: it ends within an escape
        [\ is not a regular expression: it ends within an escape
        \y is not a regular expression: \y is not supported
        \p{Nothing} is not a regular expression: Nothing is not a property
        \p{ is not a regular expression: it ends within an escape
        \x is not a regular expression: \x is followed by no character's number
        \xZZ is not a regular expression: \x is followed by no character's number
        \x{110000} is not a regular expression: \x is followed by no character's number
        \uD800 is not a regular expression: \u is followed by no character's number
        \u12 is not a regular expression: \u is followed by no character's number
        (?<n is not a regular expression: a group is not closed
        (?U)a is not a regular expression: the flag U is not supported
        (?q)a is not a regular expression: q is not a flag
        (? is not a regular expression: a group is not closed
        [a-\b] is not a regular expression: a range has no end
        [z-a] is not a regular expression: z-a is not a range
        a{3,2} is not a regular expression: { begins no repetition
        a{,2} is not a regular expression: { begins no repetition
        a{+1} is not a regular expression: { begins no repetition
        {2} is a pattern
        {{ is not a regular expression: { begins no repetition
        \c is not a regular expression: it ends within an escape
        \k<none> is not a regular expression: Invalid back reference
        [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[a is not a regular expression: classes are too deep within one another
    "#]].assert_eq(&all.concat());
}

#[test]
fn a_match_that_takes_too_long_is_no_match() -> Result<(), PatternError> {
    let pattern = Pattern::parse("(?=(a+)+$)(a|aa)+\\1b")?;
    assert!(!pattern.matches(&"a".repeat(200)));
    Ok(())
}

#[test]
fn a_pattern_shows_what_the_document_wrote() -> Result<(), PatternError> {
    let pattern = Pattern::parse("\\h+")?;
    assert_eq!(pattern.as_str(), "\\h+");
    assert_eq!(format!("{pattern:?}"), "Pattern(\"\\\\h+\")");
    Ok(())
}
