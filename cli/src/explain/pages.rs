//! The pages about codes and errors, which are part of the program.

use std::borrow::Cow;

use anyhow::Result;
use serde_json::json;

use crate::Exit;
use crate::output::{Output, style};

/// Name and text of every page of `docs/errors`, by name.
static PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/error_pages.rs"));

/// The page of `relay runbook lint`, whose tables have a row for each code.
const LINT: &str = include_str!("../../../docs/lint.md");

/// The names of all pages.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|(name, _)| *name).chain(rows().map(|(name, _)| name))
}

/// The page with this name, in whatever case, and its name as it is written. A code of outcomes that the linter has, too,
/// has one page after the other.
pub(crate) fn find(name: &str) -> Option<(&'static str, Cow<'static, str>)> {
    let page = PAGES.iter().find(|(code, _)| code.eq_ignore_ascii_case(name));
    let row = rows().find(|(code, _)| code.eq_ignore_ascii_case(name));
    Some(match (page, row) {
        (Some((code, text)), None) => (code, Cow::Borrowed(text)),
        (None, Some((code, cells))) => (code, Cow::Owned(finding(code, &cells))),
        (Some((code, text)), Some((_, cells))) => {
            (code, Cow::Owned(format!("{text}\n{}", finding(code, &cells))))
        }
        (None, None) => return None,
    })
}

/// The rows about codes in the page of `relay runbook lint`: the code and the cells after it.
fn rows() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    LINT.lines().filter_map(|line| {
        let row = line.strip_prefix("| <a id=\"")?.trim_end().strip_suffix('|')?;
        let mut cells = row.split('|').map(str::trim);
        let (_, code) = cells.next()?.split_once('`')?;
        Some((code.split('`').next()?, cells.collect()))
    })
}

/// A page about a code of `relay runbook lint`: what it finds, and for a rule what it spares, an example and a remedy.
fn finding(code: &str, cells: &[&str]) -> String {
    let finds = cells.first().copied().unwrap_or_default();
    let mut page = format!("# {code}\n\n*Finding of `relay runbook lint`.* {finds}.\n");
    if let [_, spared, example, instead] = cells {
        let allowed = format!(
            "A comment in the line or before the step: `# relay-lint: allow {code}: REASON`"
        );
        for (heading, text) in [
            ("Example", *example),
            ("Instead", instead),
            ("Not found", spared),
            ("Where it is meant", &allowed),
        ] {
            if !text.is_empty() {
                page.push_str(&format!("\n## {heading}\n\n{text}\n"));
            }
        }
    }
    page
}

/// Prints a page, its headings in bold.
pub(super) fn print((name, text): (&str, Cow<'_, str>), output: &Output) -> Result<Exit> {
    output.json(&json!({ "code": name, "page": text }))?;
    for line in text.trim_end().lines() {
        match line.trim_start_matches('#') {
            heading if heading.len() < line.len() => {
                output.line(format_args!(
                    "{}{}{}",
                    style::BOLD,
                    heading.trim_start(),
                    style::RESET
                ));
            }
            _ => output.line(line),
        }
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use relay_core::problem::ProblemCode;

    use super::*;

    #[test]
    fn every_code_of_a_problem_has_its_page_in_the_program() {
        for code in ProblemCode::ALL {
            let (name, text) = find(&code.as_str().to_lowercase()).unwrap();
            assert_eq!(name, code.as_str());
            assert!(text.starts_with(&format!("# {name}\n")), "{name}");
        }
        assert!(find("Nothing").is_none());
        assert!(names().count() > ProblemCode::ALL.len(), "errors have pages, too");
    }

    #[test]
    fn every_code_of_a_finding_in_a_runbook_has_its_page_in_the_program() {
        for rule in workbench::lint::Rule::ALL {
            let (name, text) = find(&rule.id().to_lowercase()).unwrap();
            assert_eq!(name, rule.id());
            assert!(text.contains(rule.says()), "{text}");
            assert!(text.contains(&format!("`# relay-lint: allow {name}: REASON`")), "{text}");
        }
        let (_, refused) = find("InvalidDocumentContent").unwrap();
        expect_test::expect![[r#"
            # InvalidDocumentContent

            *Finding of `relay runbook lint`.* CreateDocument and UpdateDocument refuse the document. The message is AWS's where its words are known.
        "#]].assert_eq(&refused);
        let (_, account) = find("HardCodedAccount").unwrap();
        expect_test::expect![[r#"
            # HardCodedAccount

            *Finding of `relay runbook lint`.* An account id stands where the runbook works in that account alone.

            ## Example

            `Accounts: ['444455556666']`

            ## Instead

            a parameter, `{{ global:ACCOUNT_ID }}`

            ## Not found

            descriptions, messages, patterns, comments; accounts that publish for everybody, such as Amazon's and Canonical's images

            ## Where it is meant

            A comment in the line or before the step: `# relay-lint: allow HardCodedAccount: REASON`
        "#]].assert_eq(&account);
    }
}
