//! The scripts of `aws:executeScript`: which there are, and what is wrong with each by itself.

use std::sync::LazyLock;

use regex::Regex;
use yaml_tree::{Node, Position};

use super::{Review, Rule};
use crate::document::{Document, field};
use crate::python::{self, Source};

/// A script that stands in the document.
#[derive(Debug)]
pub struct Script<'d> {
    /// The place of its step among all steps.
    pub step: usize,
    pub language: Language,
    pub text: &'d str,
    pub node: &'d Node,
    /// E.g. `mainSteps[2].inputs.Script`.
    pub path: String,
    /// Its strings and comments; of PowerShell the code is the text without comments.
    pub source: Source,
}

/// The language of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Python,
    PowerShell,
}

/// AWS refused new versions of runbooks with Python 3.6, 3.7 and 3.8 from 4 December 2024 on, and runs of
/// them from 18 February 2025 on:
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeScript.html>.
/// The page no longer lists the older runtimes of PowerShell.
const RETIRED: [(&str, &str); 5] = [
    ("python3.6", "python3.11"),
    ("python3.7", "python3.11"),
    ("python3.8", "python3.11"),
    ("PowerShell Core 6.0", "PowerShell 7.4"),
    ("PowerShell 7.0", "PowerShell 7.4"),
];

/// Every script of a document, in its order.
#[must_use]
pub fn scripts(document: &Document) -> Vec<Script<'_>> {
    let mut found = Vec::new();
    for (step, at) in document.steps().into_iter().enumerate() {
        let Some(inputs) = field(at.node, "inputs") else { continue };
        let text = |name| field(inputs, name).and_then(|node| node.value.as_written());
        let (Some(runtime), Some(script)) = (text("Runtime"), text("Script")) else { continue };
        let Some(node) = field(inputs, "Script") else { continue };
        let language = if runtime.starts_with("python") {
            Language::Python
        } else if runtime.starts_with("PowerShell") {
            Language::PowerShell
        } else {
            continue;
        };
        let source = match language {
            Language::Python => python::scan(script),
            Language::PowerShell => without_comments(script),
        };
        let path = format!("{}.inputs.Script", at.path);
        found.push(Script { step, language, text: script, node, path, source });
    }
    found
}

/// PowerShell without `#` comments that fill their line, and without `<# … #>`.
fn without_comments(script: &str) -> Source {
    static COMMENT: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?s)<#.*?#>|(?m)^[ \t]*#[^\n]*").ok());
    let Some(comment) = COMMENT.as_ref() else {
        return Source { code: script.to_owned(), strings: Vec::new() };
    };
    let blank = |found: &regex::Captures<'_>| {
        let text = found.get(0).map_or("", |found| found.as_str());
        text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect::<String>()
    };
    Source { code: comment.replace_all(script, blank).into_owned(), strings: Vec::new() }
}

impl Script<'_> {
    /// Whether it calls AWS.
    #[must_use]
    pub fn calls_aws(&self) -> bool {
        let code = &self.source.code;
        match self.language {
            Language::Python => code.contains("boto3") || code.contains("botocore"),
            Language::PowerShell => code.contains("AWS.Tools") || code.contains("AWSPowerShell"),
        }
    }

    /// Whether a build puts the script in its place later: it defines and imports nothing, such as
    /// `%%SCRIPT=file.py%%`. What such a script does is not known.
    #[must_use]
    pub fn is_placeholder(&self) -> bool {
        let code = &self.source.code;
        let is_python =
            ["def ", "import ", "class ", "lambda"].iter().any(|word| code.contains(word));
        self.language == Language::Python && !is_python
    }

    /// Where a part of it stands in the document.
    #[must_use]
    pub fn place(&self, lines: &[&str], part: &std::ops::Range<usize>) -> Position {
        yaml_tree::place(lines, self.node.at, self.text, part)
    }
}

pub(super) fn check(review: &mut Review<'_>) {
    let mut found = Vec::new();
    for at in &review.steps {
        let Some(inputs) = field(at.node, "inputs") else { continue };
        let Some(runtime) = field(inputs, "Runtime") else { continue };
        let written = runtime.value.as_written().unwrap_or_default();
        if let Some((_, instead)) = RETIRED.iter().find(|(retired, _)| *retired == written) {
            let path = format!("{}.inputs.Runtime", at.path);
            let message = format!("AWS no longer runs scripts of the runtime {written}");
            found.push((
                Rule::RetiredRuntime,
                runtime.at,
                path,
                message,
                format!("Use {instead}."),
            ));
        }
    }
    for script in review.scripts.iter().filter(|script| script.language == Language::Python) {
        let Some(at) = review.steps.get(script.step) else { continue };
        let Some(inputs) = field(at.node, "inputs") else { continue };
        // With an attachment the handler may be imported.
        if field(inputs, "Attachment").is_some() {
            continue;
        }
        let Some(handler) = field(inputs, "Handler") else { continue };
        let name = handler.value.as_written().unwrap_or_default();
        if is_name(name) && !script.is_placeholder() && !defines(&script.source.code, name) {
            let message = format!("the script defines no function {name}");
            let hint = "Name a function of the script, or define it: def NAME(events, context).";
            let path = format!("{}.inputs.Handler", at.path);
            found.push((Rule::MissingHandler, handler.at, path, message, hint.to_owned()));
        }
    }
    for (rule, at, path, message, hint) in found {
        review.find(rule, at, &path, message, hint);
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether a name is bound at the top of a script: defined, assigned or imported. What binds names
/// unseen (`import *`, `exec`) counts as well.
fn defines(code: &str, name: &str) -> bool {
    if code.contains("import *") || code.contains("exec(") {
        return true;
    }
    code.lines().any(|line| {
        let words = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let mut words = words.filter(|word| !word.is_empty());
        let binds = line.contains("def ")
            || line.contains("import")
            || line.contains("class ")
            || line.contains('=');
        binds && words.any(|word| word == name)
    })
}
