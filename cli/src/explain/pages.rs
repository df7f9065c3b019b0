//! The pages about codes and errors, which are part of the program.

use anyhow::Result;
use serde_json::json;

use crate::Exit;
use crate::output::{Output, style};

/// Name and text of every page of `docs/errors`, by name.
static PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/error_pages.rs"));

/// The names of all pages.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|(name, _)| *name)
}

/// The page with this name, in whatever case.
pub(super) fn find(name: &str) -> Option<(&'static str, &'static str)> {
    PAGES.iter().find(|(code, _)| code.eq_ignore_ascii_case(name)).copied()
}

/// Prints a page, its headings in bold.
pub(super) fn print((name, text): (&str, &str), output: &Output) -> Result<Exit> {
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
}
