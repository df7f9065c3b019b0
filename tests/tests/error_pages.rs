//! The pages of `docs/errors`: each says what kind of word it is about, and the index is made from them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "this is test code: it fails by panicking")]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use expect_test::expect_file;
use regex::Regex;
use relay_core::problem::ProblemCode;
use runtime::ErrorName;

/// The groups of the index, in their order.
const GROUPS: &[&str] = &[
    "rules",
    "plan",
    "shares",
    "alarms and resources",
    "runbooks",
    "guardrails",
    "runs",
    "membership",
    "executions and functions",
];

const BEGIN: &str = "<!-- made from the pages by tests/tests/error_pages.rs -->\n";
const END: &str = "<!-- to here -->\n";

struct Page {
    name: &'static str,
    kind: &'static str,
    group: String,
    meaning: String,
}

/// Every word, problems first, each once, in the order of the enums.
fn pages() -> Vec<Page> {
    let form = Regex::new(r"\A# (\w+)\n\n\*(.+?), about ([a-z ]+)\.\* (.+)\n").unwrap();
    let errors: BTreeSet<&str> = ErrorName::ALL.iter().map(|name| name.as_str()).collect();
    let problems: Vec<&str> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
    let only_errors = ErrorName::ALL.iter().map(|name| name.as_str());
    let only_errors = only_errors.filter(|name| !problems.contains(name));
    problems
        .iter()
        .copied()
        .chain(only_errors)
        .map(|name| {
            let text = read(&format!("docs/errors/{name}.md"));
            let found = form
                .captures(&text)
                .unwrap_or_else(|| panic!("docs/errors/{name}.md does not begin as the others do"));
            assert_eq!(&found[1], name, "the heading of docs/errors/{name}.md");
            let kind = match (&found[2], errors.contains(name), problems.contains(&name)) {
                ("Error of a function and problem in an outcome", true, true) => "both",
                ("Error of a function", true, false) => "error",
                ("Problem in an outcome", false, true) => "problem",
                ("Warning of `relay rules`", false, true) => "warning",
                (other, ..) => panic!("docs/errors/{name}.md says \"{other}\", which it is not"),
            };
            for heading in ["## What the suite did", "## What to do"] {
                assert!(text.contains(heading), "docs/errors/{name}.md has no \"{heading}\"");
            }
            Page { name, kind, group: found[3].to_owned(), meaning: first_sentence(&found[4]) }
        })
        .collect()
}

/// Up to the first full stop that ends a sentence and is not within code.
fn first_sentence(text: &str) -> String {
    let mut code = false;
    for (at, c) in text.char_indices() {
        code ^= c == '`';
        if c == '.' && !code && !text[at + 1..].starts_with(|next: char| !next.is_whitespace()) {
            return text[..=at].to_owned();
        }
    }
    text.to_owned()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(harness::root().join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// `UPDATE_EXPECT=1 cargo test -p tests --test error_pages` writes it anew.
#[test]
fn the_index_of_errors_is_made_from_the_pages() {
    let pages = pages();
    let mut index = String::new();
    for group in GROUPS {
        let title = group[..1].to_uppercase() + &group[1..];
        writeln!(index, "\n## {title}\n\n| word | is | meaning |\n|---|---|---|").unwrap();
        let rows: Vec<&Page> = pages.iter().filter(|page| page.group == *group).collect();
        assert!(!rows.is_empty(), "no page is about {group}");
        for Page { name, kind, meaning, .. } in rows {
            writeln!(index, "| [{name}]({name}.md) | {kind} | {meaning} |").unwrap();
        }
    }
    for page in &pages {
        assert!(
            GROUPS.contains(&page.group.as_str()),
            "{}: unknown group {}",
            page.name,
            page.group
        );
    }
    let readme = read("docs/errors/README.md");
    let (head, rest) = readme.split_once(BEGIN).unwrap();
    let (_, tail) = rest.split_once(END).unwrap();
    expect_file!["../../docs/errors/README.md"]
        .assert_eq(&format!("{head}{BEGIN}{index}\n{END}{tail}"));
}
