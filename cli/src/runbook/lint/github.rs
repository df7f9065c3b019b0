//! Commands of a workflow of GitHub, which become annotations of a pull request:
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>.

use super::Report;
use crate::snippet::Finding;

pub(super) fn text(report: &Report) -> String {
    let levels =
        [("error", &report.problems), ("warning", &report.warnings), ("notice", &report.notes)];
    let lines = levels
        .iter()
        .flat_map(|(level, findings)| findings.iter().map(move |finding| line(level, finding)));
    lines.collect()
}

fn line(level: &str, finding: &Finding) -> String {
    let mut properties = format!("file={}", property(&finding.file));
    if let (Some(line), Some(column)) = (finding.line, finding.column) {
        properties += &format!(",line={line},col={column}");
    }
    let message = match finding.hint.as_str() {
        "" => finding.message.clone(),
        hint => format!("{}\n{hint}", finding.message),
    };
    format!("::{level} {properties},title={}::{}\n", property(&finding.code), data(&message))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
