//! Holds `docs/actions.md` against the registry, cell by cell.

use runbook::ActionKind;

use super::*;

const PAGE: &str = include_str!("../../../../../docs/actions.md");

/// The table's rows, each a list of cells.
fn rows() -> Vec<Vec<&'static str>> {
    let rows = PAGE.lines().filter(|line| line.starts_with("| `aws:"));
    rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items = items.collect::<Vec<_>>().join(", ");
    if items.is_empty() { "—".into() } else { items }
}

fn grouped(seconds: u64) -> String {
    if seconds < 1_000 {
        format!("{seconds} s")
    } else {
        format!("{},{:03} s", seconds / 1_000, seconds % 1_000)
    }
}

fn words(recovery: Recovery) -> &'static str {
    match recovery {
        Recovery::Token => "same token",
        Recovery::NaturalKey => "looks first",
        Recovery::Idempotent => "runs again",
        Recovery::ByCall => "runs again if the call only reads",
        Recovery::Interrupted => "interrupted",
        Recovery::Replay => "goes on",
    }
}

#[test]
fn the_page_lists_every_action_once_in_the_order_of_their_names() {
    let listed: Vec<_> = rows().iter().map(|row| row[0].trim_matches('`').to_owned()).collect();
    let actions: Vec<_> = ActionKind::ALL.iter().map(|action| action.name().to_owned()).collect();
    assert_eq!(listed, actions);
}

#[test]
fn the_page_says_of_every_action_what_the_registry_says() {
    for (row, entry) in rows().iter().zip(entries()) {
        let action = entry.action.name();
        assert_eq!(row.len(), 6, "{action} has a cell too many or too few");

        let inputs = entry.inputs.iter().map(|input| {
            let star = if input.required { "*" } else { "" };
            format!("`{}`{star}", input.name)
        });
        let others = match entry.others {
            Others::Refused => None,
            Others::Api => Some("parameters of the API".to_owned()),
            Others::Operation(name) => Some(format!("others of {name}")),
        };
        assert_eq!(row[1], list(inputs.chain(others)), "inputs of {action}");

        let outputs = entry.outputs.iter().map(|output| format!("`{output}`"));
        assert_eq!(row[2], list(outputs), "outputs of {action}");

        let timeout = entry.timeout.map_or("none".into(), |timeout| grouped(timeout.as_secs()));
        assert_eq!(row[3], timeout, "time-out of {action}");

        let expected = words(entry.recovery);
        assert!(row[4].starts_with(expected), "{action} after a restart: {}", row[4]);
        assert!(row[5].ends_with('.'), "differences of {action}: {}", row[5]);
    }
}

#[test]
fn the_page_says_how_calls_that_read_are_told() {
    let row = rows().into_iter().find(|row| row[0] == "`aws:executeAwsApi`").unwrap();
    for read in crate::actions::service::READS {
        let told = |name: &str| name.to_ascii_lowercase().trim_end_matches('…') == read;
        assert!(row[4].split('`').any(told), "{read} is not on the page");
    }
}
