//! Outcomes as rows of a table that fits the terminal.

use comfy_table::{ContentArrangement, Table, presets};
use outcome::{HistoryEntry, OutcomeStatus};

use crate::output::style;

/// From this width on, account and rule have columns of their own.
const WIDE: usize = 110;
/// The first characters of an id, which `relay show` takes.
const ID: usize = 8;

/// A header and the rows, at most so wide, the status of each in its colour.
pub(crate) fn lines(entries: &[HistoryEntry], width: usize) -> Vec<String> {
    let wide = width >= WIDE;
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    let header: &[&str] = if wide {
        &["STATUS", "TIME (UTC)", "ID", "ACCOUNT", "RULE", "SUMMARY"]
    } else {
        &["STATUS", "TIME (UTC)", "ID", "SUMMARY"]
    };
    table.set_header(header);
    for entry in entries {
        let time = entry.at.strftime(if wide { "%Y-%m-%d %H:%M:%S" } else { "%m-%d %H:%M" });
        let mut row = vec![entry.outcome.as_str().to_owned(), time.to_string(), short(entry)];
        if wide {
            row.push(first(entry.accounts.iter().map(|account| account.as_str())));
            row.push(first(entry.rules.iter().map(String::as_str)));
        }
        row.push(entry.summary.clone());
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| colored(line.trim_end())).collect()
}

/// One outcome on one line, for those who follow.
pub(crate) fn line(entry: &HistoryEntry) -> String {
    let status = entry.outcome.as_str();
    let line = format!("{status:<15}  {}  {}  {}", entry.at, short(entry), entry.summary);
    colored(&line)
}

fn short(entry: &HistoryEntry) -> String {
    entry.id.to_string().chars().take(ID).collect()
}

fn first<'a>(mut texts: impl Iterator<Item = &'a str>) -> String {
    match (texts.next(), texts.count()) {
        (None, _) => String::new(),
        (Some(one), 0) => one.to_owned(),
        (Some(one), more) => format!("{one} +{more}"),
    }
}

/// A line in which the status at its begin has its colour.
fn colored(line: &str) -> String {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match serde_json::from_value::<OutcomeStatus>(word.into()) {
        Ok(status) => format!("{} {rest}", colored_status(status)),
        Err(_) => line.to_owned(),
    }
}

/// The word of a status in its colour.
pub(crate) fn colored_status(status: OutcomeStatus) -> String {
    let color = match status {
        OutcomeStatus::Succeeded => style::GREEN,
        OutcomeStatus::Failed => style::BOLD_RED,
        OutcomeStatus::Partial => style::RED,
        OutcomeStatus::Suppressed | OutcomeStatus::PendingApproval => style::YELLOW,
        OutcomeStatus::Observed | OutcomeStatus::Cancelled => style::CYAN,
    };
    format!("{color}{}{}", status.as_str(), style::RESET)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn entries() -> Vec<HistoryEntry> {
        let entry = |id: &str, outcome: &str, summary: &str| {
            serde_json::from_value(serde_json::json!({
                "id": id, "at": "2026-01-02T03:04:05.678Z", "flow": "remediation",
                "outcome": outcome, "severity": "high", "summary": summary, "count": 1,
                "execution": "", "rules": ["ec2-status-check", "b"],
                "accounts": ["444455556666"], "regions": [], "resources": [], "alarms": [],
            }))
            .unwrap()
        };
        vec![
            entry(
                "0472af54-dd01-5d43-9bae-bdc798260d9c",
                "pendingApproval",
                "Alarm web-status: Relay-StopStartInstance on i-1 waits for 1 of on-call to approve it.",
            ),
            entry("333ba70b-2333-48db-b17e-a5e69c6f4d1c", "succeeded", "Alarm ok."),
        ]
    }

    fn check(width: usize, expected: &Expect) {
        let lines = lines(&entries(), width);
        let plain: Vec<String> =
            lines.iter().map(|line| anstream::adapter::strip_str(line).to_string()).collect();
        assert!(plain.iter().all(|line| line.chars().count() <= width), "{plain:#?}");
        expected.assert_eq(&format!("{}\n", plain.join("\n")));
    }

    #[test]
    fn a_table_fits_eighty_and_a_hundred_and_twenty_columns() {
        check(
            80,
            &expect![[r#"
                STATUS           TIME (UTC)   ID        SUMMARY
                pendingApproval  01-02 03:04  0472af54  Alarm web-status:
                                                        Relay-StopStartInstance on i-1 waits
                                                        for 1 of on-call to approve it.
                succeeded        01-02 03:04  333ba70b  Alarm ok.
            "#]],
        );
        check(
            120,
            &expect![[r#"
                STATUS           TIME (UTC)           ID        ACCOUNT       RULE                 SUMMARY
                pendingApproval  2026-01-02 03:04:05  0472af54  444455556666  ec2-status-check +1  Alarm web-status:
                                                                                                   Relay-StopStartInstance on i-1
                                                                                                   waits for 1 of on-call to approve
                                                                                                   it.
                succeeded        2026-01-02 03:04:05  333ba70b  444455556666  ec2-status-check +1  Alarm ok.
            "#]],
        );
    }

    #[test]
    fn a_status_has_its_colour_and_a_text_that_begins_otherwise_has_none() {
        let lines = lines(&entries(), 80);
        assert!(lines[1].starts_with("\u{1b}[33mpendingApproval\u{1b}[0m "), "{}", lines[1]);
        assert!(lines[0].starts_with("STATUS"), "{}", lines[0]);
    }
}
