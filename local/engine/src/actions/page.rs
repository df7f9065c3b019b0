//! Holds `docs/actions.md` against the two tables of actions, cell by cell.

use std::collections::BTreeSet;

use runbook::{ActionKind, Others};

use super::{Recovery, Runner, handling, service};

const PAGE: &str = include_str!("../../../../docs/actions.md");

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
fn the_page_says_of_every_action_what_the_tables_say() {
    for (row, action) in rows().iter().zip(ActionKind::ALL) {
        let (name, signature) = (action.name(), action.signature());
        assert_eq!(row.len(), 6, "{name} has a cell too many or too few");

        let required = signature.required.iter().map(|input| format!("`{input}`*"));
        let optional = signature.optional.iter().map(|input| format!("`{input}`"));
        let others = match signature.others {
            Others::Refused | Others::FailStep => None,
            Others::Api => Some("parameters of the API".to_owned()),
            Others::Operation(name) => Some(format!("others of {name}")),
        };
        assert_eq!(row[1], list(required.chain(optional).chain(others)), "inputs of {name}");

        let outputs = signature.outputs.iter().map(|output| format!("`{output}`"));
        assert_eq!(row[2], list(outputs), "outputs of {name}");

        let timeout = signature.timeout.map_or("none".into(), |timeout| grouped(timeout.as_secs()));
        assert_eq!(row[3], timeout, "time-out of {name}");

        let expected = words(handling(*action).recovery);
        assert!(row[4].starts_with(expected), "{name} after a restart: {}", row[4]);
        assert!(row[5].ends_with('.'), "differences of {name}: {}", row[5]);
    }
}

#[test]
fn the_page_says_which_calls_only_read() {
    let row = rows().into_iter().find(|row| row[0] == "`aws:executeAwsApi`").unwrap();
    for read in service::READS {
        let named = |name: &str| name.to_ascii_lowercase().trim_end_matches('…') == read;
        assert!(row[4].split('`').any(named), "{read} is not on the page");
    }
}

#[test]
fn no_input_or_output_is_listed_twice() {
    for action in ActionKind::ALL {
        let signature = action.signature();
        let inputs: Vec<_> = signature.required.iter().chain(signature.optional).collect();
        for names in [inputs, signature.outputs.iter().collect()] {
            let unique: BTreeSet<_> = names.iter().collect();
            assert_eq!(unique.len(), names.len(), "{}", action.name());
        }
    }
}

#[test]
fn steering_actions_are_recovered_by_replay_and_no_others() {
    for action in ActionKind::ALL {
        let handling = handling(*action);
        let steers = matches!(handling.runner, Runner::Decision);
        assert_eq!(steers, handling.recovery == Recovery::Replay, "{}", action.name());
    }
}

#[test]
fn time_outs_are_the_documented_ones() {
    let seconds = |action: ActionKind| action.signature().timeout.map(|timeout| timeout.as_secs());
    assert_eq!(seconds(ActionKind::Approve), Some(604_800));
    assert_eq!(seconds(ActionKind::ChangeInstanceState), Some(3_600));
    assert_eq!(seconds(ActionKind::WaitForAwsResourceProperty), Some(3_600));
    assert_eq!(seconds(ActionKind::ExecuteScript), Some(600));
    assert_eq!(seconds(ActionKind::InvokeLambdaFunction), Some(300));
    assert_eq!(seconds(ActionKind::Pause), None);
}
