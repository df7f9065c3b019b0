//! Commands of Run Command, as `aws:runCommand` looks at them.

use serde_json::{Value, json};

use super::Call;
use super::instances::items;
use crate::ports::ApiError;

/// Characters of output that an invocation shows.
const LONGEST_OUTPUT: usize = 2_500;
/// Stands between what a command printed and what it complained about.
const ERROR_TITLE: &str = "\n----------ERROR-------\n";
/// Stands where output was cut.
const CUT: &str = "\n---Output truncated---";

/// A command on one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Invocation {
    /// `Success`, `Failed`, `TimedOut`, `Cancelled`, or a status on the way there.
    pub(super) status: String,
    /// The exit code of the command.
    pub(super) code: i64,
    /// Its output, cut to the documented length.
    pub(super) output: String,
}

impl Invocation {
    pub(super) fn ended(&self) -> bool {
        ended(&self.status)
    }
}

/// Whether a command or invocation of this status has ended.
pub(super) fn ended(status: &str) -> bool {
    !["Pending", "InProgress", "Delayed", "Cancelling", ""].contains(&status)
}

/// The command on one node; `None` while Run Command does not know the node yet.
pub(super) async fn invocation(
    call: &Call<'_>,
    command: &str,
    node: &str,
) -> Result<Option<Invocation>, ApiError> {
    let parameters = json!({"CommandId": command, "InstanceId": node});
    match call.read("ssm", "GetCommandInvocation", parameters.clone()).await {
        Ok(answer) => {
            let text = |name: &str| answer[name].as_str().unwrap_or_default();
            Ok(Some(Invocation {
                status: text("Status").to_owned(),
                code: answer["ResponseCode"].as_i64().unwrap_or(-1),
                output: shown(text("StandardOutputContent"), text("StandardErrorContent")),
            }))
        }
        Err(error) if error.code == "InvocationDoesNotExist" => Ok(None),
        // A document of several steps: GetCommandInvocation wants one of them by name.
        Err(error) if error.code == "InvalidPluginName" => {
            Ok(invocations(call, parameters).await?.into_iter().next())
        }
        Err(error) => Err(error),
    }
}

/// The command on all its nodes.
pub(super) async fn invocations(
    call: &Call<'_>,
    mut parameters: Value,
) -> Result<Vec<Invocation>, ApiError> {
    parameters["Details"] = true.into();
    let mut found = Vec::new();
    loop {
        let answer = call.read("ssm", "ListCommandInvocations", parameters.clone()).await?;
        found.extend(items(&answer, "CommandInvocations").map(listed));
        match next(&answer) {
            Some(token) => parameters["NextToken"] = token.into(),
            None => return Ok(found),
        }
    }
}

/// The status of a whole command; `None` if there is none of this id.
pub(super) async fn status(call: &Call<'_>, command: &str) -> Result<Option<String>, ApiError> {
    let answer = call.read("ssm", "ListCommands", json!({"CommandId": command})).await?;
    let status = items(&answer, "Commands").next().and_then(|command| command["Status"].as_str());
    Ok(status.map(str::to_owned))
}

/// The id of the command with this comment.
pub(super) async fn commented(
    call: &Call<'_>,
    document: &str,
    comment: &str,
) -> Result<Option<String>, ApiError> {
    let filter = json!({"key": "DocumentName", "value": document});
    let mut parameters = json!({"Filters": [filter], "MaxResults": 50});
    loop {
        let answer = call.read("ssm", "ListCommands", parameters.clone()).await?;
        let found = items(&answer, "Commands").find(|command| command["Comment"] == comment);
        if let Some(id) = found.and_then(|command| command["CommandId"].as_str()) {
            return Ok(Some(id.to_owned()));
        }
        match next(&answer) {
            Some(token) => parameters["NextToken"] = token.into(),
            None => return Ok(None),
        }
    }
}

fn listed(invocation: &Value) -> Invocation {
    let plugins: Vec<_> = items(invocation, "CommandPlugins").collect();
    let code = |plugin: &&Value| plugin["ResponseCode"].as_i64();
    let output = |plugin: &&Value| plugin["Output"].as_str().unwrap_or_default().to_owned();
    Invocation {
        status: invocation["Status"].as_str().unwrap_or_default().to_owned(),
        // The step that failed says how; if none did, they all say 0.
        code: plugins.iter().filter_map(code).find(|code| *code != 0).unwrap_or(0),
        output: shown(&plugins.iter().map(output).collect::<String>(), ""),
    }
}

fn next(answer: &Value) -> Option<String> {
    answer["NextToken"].as_str().filter(|token| !token.is_empty()).map(str::to_owned)
}

/// Output and errors in at most 2,500 characters, as the agent of Systems Manager joins and cuts
/// them: what is short is shown whole at the cost of what is long.
fn shown(output: &str, errors: &str) -> String {
    let title = if errors.is_empty() { "" } else { ERROR_TITLE };
    let room = LONGEST_OUTPUT - length(title);
    if length(output) + length(errors) <= room {
        return format!("{output}{title}{errors}");
    }
    let for_output = room.saturating_sub(length(errors)).max(room / 2);
    let output = cut(output, for_output);
    let errors = cut(errors, room - length(&output));
    format!("{output}{title}{errors}")
}

fn cut(text: &str, room: usize) -> String {
    if length(text) <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room - length(CUT)).collect();
    format!("{kept}{CUT}")
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_shown_as_it_is() {
        assert_eq!(shown("", ""), "");
        assert_eq!(shown("out\n", ""), "out\n");
        assert_eq!(shown("", "failed"), "\n----------ERROR-------\nfailed");
        let most = "x".repeat(2_500);
        assert_eq!(shown(&most, ""), most);
    }

    #[test]
    fn what_does_not_fit_is_cut_to_2500_characters_and_says_so() {
        for (output, errors) in [(2_501, 0), (9_000, 0), (9_000, 10), (10, 9_000), (9_000, 9_000)] {
            let text = shown(&"\u{e9}".repeat(output), &"e".repeat(errors));
            assert_eq!(length(&text), 2_500, "{output} and {errors}");
            assert!(text.contains(CUT));
            assert_eq!(text.contains(ERROR_TITLE), errors > 0);
        }
    }

    #[test]
    fn the_short_one_of_two_is_shown_whole() {
        assert!(shown(&"o".repeat(9_000), "short").ends_with("-\nshort"));
        assert!(shown("short", &"e".repeat(9_000)).starts_with("short\n---"));
    }

    #[test]
    fn a_command_goes_on_until_it_has_a_last_status() {
        for status in ["Pending", "InProgress", "Delayed", "Cancelling", ""] {
            assert!(!ended(status), "{status}");
        }
        for status in ["Success", "Failed", "TimedOut", "Cancelled"] {
            assert!(ended(status), "{status}");
        }
    }
}
