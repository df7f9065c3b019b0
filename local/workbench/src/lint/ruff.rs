//! Findings of `ruff` about scripts, at their lines in the document.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Finding, Rule, Script, Severity};

/// The output of ruff does not have the form that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuffError(pub String);

/// A finding of `ruff check --output-format json`.
#[derive(Debug, Deserialize)]
pub struct RuffReport {
    code: Option<String>,
    message: String,
    filename: String,
    location: Location,
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Location {
    row: u64,
    column: u64,
}

/// Everything that ruff printed.
///
/// # Errors
/// When it is not the JSON that ruff prints.
pub fn ruff_reports(printed: &str) -> Result<Vec<RuffReport>, RuffError> {
    serde_json::from_str(printed).map_err(|error| RuffError(error.to_string()))
}

impl RuffReport {
    /// The name of the file that it is about, without folders.
    #[must_use]
    pub fn file(&self) -> &str {
        self.filename.rsplit(['/', '\\']).next().unwrap_or_default()
    }

    /// The same about the script that was in the file, at its line in the document. A report without a
    /// rule is about syntax.
    #[must_use]
    pub fn about(&self, script: &Script<'_>, lines: &[&str]) -> Finding {
        let row = usize::try_from(self.location.row).unwrap_or(1).saturating_sub(1);
        let before: usize = script.text.split_inclusive('\n').take(row).map(str::len).sum();
        let line = script.text.lines().nth(row).unwrap_or_default();
        let skip = usize::try_from(self.location.column).unwrap_or(1).saturating_sub(1);
        let start = line.char_indices().nth(skip).map_or(line.len(), |(start, _)| start);
        // The rest of the line is looked for, so that a short word is not found further left.
        let at = script.place(lines, &(before + start..before + line.len()));
        let is_rule = |code: &&String| code.starts_with('S') && code.len() == 4;
        let code = self.code.as_ref().filter(is_rule);
        let url = self.url.as_ref().filter(|_| code.is_some());
        Finding {
            code: code
                .map_or(Cow::Borrowed(Rule::ScriptSyntax.id()), |code| Cow::Owned(code.clone())),
            severity: Severity::Warning,
            at,
            path: script.path.clone(),
            message: self.message.clone(),
            hint: url.map(|url| format!("{url} says why and what to do.")).unwrap_or_default(),
        }
    }
}
