//! Problems of rules and runbooks, with the line that each is about: drawn for people, as objects for
//! programs.

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use relay_core::problem::Problem;
use serde::Serialize;

use crate::explain::pages;
use crate::output::Output;

/// Where the pages about problems are: a folder of the repository.
const ERROR_PAGES: &str = "docs/errors";

/// A problem and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Finding {
    /// A stable word, e.g. `UnknownField`.
    pub code: String,
    /// The file, or the place in AWS if it is not about a file.
    pub file: String,
    /// From 1.
    pub line: Option<u64>,
    /// From 1, in characters.
    pub column: Option<u64>,
    /// The path of the field, e.g. `accounts.in[0]`.
    pub field: Option<String>,
    /// The finding: found and expected.
    pub message: String,
    /// The remedy; may be empty.
    pub hint: String,
    /// The page about the code, if it has one.
    pub page: Option<String>,
}

impl From<&Problem> for Finding {
    fn from(problem: &Problem) -> Self {
        let place = &problem.place;
        Self {
            code: problem.code.as_str().to_owned(),
            file: place.origin.clone(),
            line: place.at.map(|at| at.line),
            column: place.at.map(|at| at.column),
            field: place.field.clone(),
            message: problem.what.clone(),
            hint: problem.hint.clone(),
            page: Some(format!("{ERROR_PAGES}/{}.md", problem.code.as_str())),
        }
    }
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// The rule or runbook is invalid.
    Error,
    /// It is valid, and yet may not be what was meant.
    Warning,
    /// It is worth knowing.
    Note,
}

/// Draws findings, with an empty line after each. `texts` are the files' texts by name.
pub(crate) fn draw(
    findings: &[Finding],
    weight: Weight,
    texts: &BTreeMap<String, &str>,
    output: &Output,
) {
    let renderer = Renderer::styled().term_width(output.width());
    for finding in findings {
        let text = texts.get(finding.file.as_str()).copied();
        output.line(format_args!("{}\n", render(finding, weight, text, &renderer)));
    }
}

fn render(finding: &Finding, weight: Weight, text: Option<&str>, renderer: &Renderer) -> String {
    let level = match weight {
        Weight::Error => Level::ERROR,
        Weight::Warning => Level::WARNING,
        Weight::Note => Level::NOTE,
    };
    let group = level.primary_title(&finding.message).id(&finding.code);
    let span = text.and_then(|text| Some((text, span(text, finding.line?, finding.column?)?)));
    let group = match span {
        Some((text, span)) => {
            let mark = AnnotationKind::Primary.span(span).label(finding.field.as_deref());
            group.element(Snippet::source(text).path(finding.file.as_str()).annotation(mark))
        }
        None => group.element(annotate_snippets::Origin::path(finding.file.as_str())),
    };
    let hint = (!finding.hint.is_empty()).then(|| Level::HELP.message(&finding.hint));
    let page = match pages::find(&finding.code) {
        Some((code, _)) => Some(format!("relay explain {code}")),
        None => finding.page.as_ref().map(|page| format!("see {page}")),
    };
    let page = page.map(|page| Level::NOTE.message(page));
    renderer.render(&[group.elements(hint).elements(page)])
}

/// The bytes of the word at a line and column: what the caret underlines.
fn span(text: &str, line: u64, column: u64) -> Option<Range<usize>> {
    let line = usize::try_from(line).ok()?.checked_sub(1)?;
    let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let line = text.split_inclusive('\n').nth(line)?.trim_end_matches(['\n', '\r']);
    let column = usize::try_from(column).ok()?.checked_sub(1)?;
    let start = line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
    Some(before + start..before + start + word(&line[start..]))
}

/// The length of the scalar that a text begins with: up to its closing quote, or to what ends a plain
/// scalar; one character where there is no scalar.
fn word(text: &str) -> usize {
    let mut chars = text.chars();
    let first = chars.next();
    let quoted = first.filter(|first| matches!(first, '"' | '\''));
    let end = match quoted {
        Some(quote) => text[1..].find(quote).map(|end| end + 2),
        None => text.find(|c: char| matches!(c, ',' | ']' | '}' | '#') || c.is_whitespace()),
    };
    let word = text[..end.unwrap_or(text.len())].trim_end_matches(':');
    word.len().max(first.map_or(0, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_underlines_the_scalar_and_never_leaves_the_text() {
        let text = "regions: [us-east-1, eü-west-1]\r\nname: \"a b\"  # why\nlast:";
        for (line, column, marked) in [
            (1, 1, "regions"),
            (1, 11, "us-east-1"),
            (1, 22, "eü-west-1"),
            (1, 31, "]"),
            (2, 7, "\"a b\""),
            (3, 1, "last"),
            (3, 6, ""),
            (3, 60, ""),
        ] {
            let span = span(text, line, column).unwrap();
            assert_eq!(&text[span], marked, "{line}:{column}");
        }
        assert_eq!(span(text, 4, 1), None);
        assert_eq!(span(text, 0, 1), None);
    }
}
