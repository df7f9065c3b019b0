//! `relay event FILE`: one EventBridge envelope, delivered to a local AWS through the deployed rules.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::output::Output;
use crate::{Exit, local_aws};

/// Where `cargo xtask local` answers.
const LOCAL_AWS: &str = "http://127.0.0.1:4566";

const EXAMPLES: &str = "\
Examples:
  relay event events/aws.organizations/create-account-result.json
  relay event alarm.json --endpoint-url http://127.0.0.1:4577

The local AWS is the one of `cargo xtask local`. --endpoint-url, else AWS_ENDPOINT_URL, names another
than http://127.0.0.1:4566.";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The file with the envelope, as EventBridge would deliver it
    file: PathBuf,
}

/// Delivers the envelope to the default bus of its own account and Region.
///
/// # Errors
/// When the file is not an envelope, or the local AWS does not answer or refuses.
pub(crate) async fn run(
    arguments: &Arguments,
    endpoint: Option<&str>,
    output: &Output,
) -> Result<Exit> {
    let envelope = read(&arguments.file)?;
    let field = |name: &str| {
        let text = envelope[name].as_str();
        text.with_context(|| format!("{} has no `{name}`", arguments.file.display()))
    };
    let (account, region) = (field("account")?, field("region")?);
    let (id, kind) = (field("id")?, field("detail-type")?);
    let endpoint = endpoint.unwrap_or(LOCAL_AWS).trim_end_matches('/');
    let path = format!("events?account={account}&region={region}&matching=yes");
    let answer = local_aws::relay(endpoint, "POST", &path, &envelope).await?;
    let rules: Vec<&str> =
        answer["rules"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    output.json(&json!({
        "id": id, "detailType": kind, "account": account, "region": region, "endpoint": endpoint,
        "rules": rules,
    }))?;
    output.line(summary(&format!("{id} ({kind}) to {account} in {region}"), &rules));
    Ok(Exit::Done)
}

/// One line on which rules of EventBridge matched the event.
fn summary(event: &str, rules: &[&str]) -> String {
    match rules {
        [] => format!("no rule matched {event}: nothing is done about it"),
        rules => format!("delivered {event}: {}", rules.join(", ")),
    }
}

fn read(file: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_no_rule_matches_is_not_called_delivered() {
        let said = summary("e-1 (Something) to 111122223333 in us-east-1", &[]);
        assert!(said.starts_with("no rule matched e-1"), "{said}");
        let said = summary("e-1", &["runbook-relay-alarm-events"]);
        assert_eq!(said, "delivered e-1: runbook-relay-alarm-events");
    }
}
