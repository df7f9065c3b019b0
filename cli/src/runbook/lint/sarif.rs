//! SARIF 2.1.0, which code scanning takes:
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::{Value, json};
use workbench::lint::Rule;

use super::Report;
use crate::snippet::Finding;

pub(super) fn text(report: &Report) -> Result<String> {
    let levels =
        [("error", &report.problems), ("warning", &report.warnings), ("note", &report.notes)];
    let found = levels.iter().flat_map(|(level, findings)| {
        findings.iter().map(move |finding| result(finding, level, None))
    });
    let allowed = report
        .suppressed
        .iter()
        .map(|suppressed| result(&suppressed.finding, "warning", Some(&suppressed.reason)));
    let results: Vec<Value> = found.chain(allowed).collect();
    let codes: BTreeSet<&str> = levels
        .iter()
        .flat_map(|(_, findings)| findings.iter())
        .chain(report.suppressed.iter().map(|suppressed| &suppressed.finding))
        .map(|finding| finding.code.as_str())
        .collect();
    let rules: Vec<Value> = codes.into_iter().map(rule).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "relay runbook lint",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

fn rule(code: &str) -> Value {
    let says = match Rule::parse(code) {
        Some(rule) => rule.says(),
        None if code.starts_with("InvalidDocument") => "AWS refuses the document",
        None => "A rule of ruff about the security of Python",
    };
    json!({ "id": code, "shortDescription": { "text": says } })
}

fn result(finding: &Finding, level: &str, reason: Option<&str>) -> Value {
    let text = match finding.hint.as_str() {
        "" => finding.message.clone(),
        hint => format!("{}. {hint}", finding.message),
    };
    // A path is a URI here, and a finding about a whole file is at its first line.
    let uri = finding.file.replace('\\', "/").replace(' ', "%20");
    let region = json!({
        "startLine": finding.line.unwrap_or(1).max(1),
        "startColumn": finding.column.unwrap_or(1).max(1),
    });
    let mut result = json!({
        "ruleId": finding.code,
        "level": level,
        "message": { "text": text },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri },
            "region": region,
        }}],
    });
    if let Some(reason) = reason {
        result["suppressions"] = json!([{ "kind": "inSource", "justification": reason }]);
    }
    result
}
