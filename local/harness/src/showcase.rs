//! An organization with something to show: a member account with two instances that alarms watch, three runbooks, three
//! rules.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use aws_sdk_cloudwatch::types::StateValue;

use crate::stack::Stack;
use crate::{HOME_REGION, HUB, aws, remediation, root, scenario};

/// The member account: its alarms are answered.
pub const MEMBER: &str = "222233334444";
/// Where it is moved to.
pub const UNIT: &str = "/Workloads/Prod";
/// The rules that answer the alarms and ask for the approvals.
pub const RUNBOOKS: [&str; 3] =
    ["Relay-RebootInstance", "Relay-StopStartInstance", "Relay-ApproveThenRun"];
/// The rules: key and text as they stand in Parameter Store.
pub const RULES: [(&str, &str); 3] = [
    ("sharing/relay", include_str!("showcase/relay.yaml")),
    ("remediation/instance-check", include_str!("showcase/instance-check.yaml")),
    ("remediation/any-check", include_str!("showcase/any-check.yaml")),
];
/// How many instances there are.
const INSTANCES: usize = 2;
/// How often, and after how long again, the alarms are looked at.
const ATTEMPTS: usize = 100;
const PAUSE: Duration = Duration::from_millis(200);

/// An instance of the member account, and the alarm that watches its status check.
#[derive(Clone, Debug)]
pub struct Watched {
    /// `i-…`
    pub instance: String,
    /// The name of the alarm over its status check.
    pub alarm: String,
}

/// Fills a local AWS on which the suite is deployed: the runbooks are pushed, the rules written, and then the member joins,
/// so that the suite shares the runbooks with it. May be repeated.
///
/// # Errors
/// When a call is refused or a stack does not become complete.
pub async fn fill(stack: &Stack, with_rules: bool) -> Result<Vec<Watched>> {
    let endpoint = stack.hub.endpoint_url().unwrap_or_default();
    let folder = tempfile::tempdir()?;
    copy_runbooks(folder.path())?;
    remediation::push_runbooks(&stack.hub, folder.path()).await?;
    if with_rules {
        let ssm = aws_sdk_ssm::Client::new(&stack.hub);
        for (key, text) in RULES {
            crate::stack::put_rule(&ssm, key, text).await?;
        }
    }
    join(stack).await?;
    remediation::answer_alarms(stack, MEMBER, HOME_REGION).await?;
    let mut watched = Vec::new();
    for _ in 0..INSTANCES {
        let (instance, alarm) =
            remediation::watched_instance(endpoint, MEMBER, HOME_REGION).await?;
        let any = ("StatusCheckFailed", format!("any-{instance}"));
        remediation::watch(endpoint, MEMBER, HOME_REGION, &instance, &any).await?;
        watched.push(Watched { instance, alarm });
    }
    evaluated(endpoint).await?;
    Ok(watched)
}

/// Waits until every alarm was evaluated once: one that goes into ALARM with its first evaluation is suppressed.
async fn evaluated(endpoint: &str) -> Result<()> {
    let member = aws::config(endpoint, MEMBER, HOME_REGION).await;
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&member);
    for _ in 0..ATTEMPTS {
        let alarms = cloudwatch.describe_alarms().send().await;
        let alarms = alarms.map_err(aws_sdk_cloudwatch::Error::from)?;
        let mut states = alarms.metric_alarms().iter().map(|alarm| alarm.state_value());
        if states.all(|state| state != Some(&StateValue::InsufficientData)) {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    anyhow::bail!("the alarms of {MEMBER} are not evaluated")
}

fn copy_runbooks(folder: &Path) -> Result<()> {
    for name in RUNBOOKS {
        let file = format!("{name}.yaml");
        std::fs::copy(root().join("runbooks").join(&file), folder.join(&file))
            .with_context(|| format!("read runbooks/{file}"))?;
    }
    Ok(())
}

/// Lets the member join and moves it to its unit. One that is a member already, from an earlier start with the same state,
/// stays where it is.
async fn join(stack: &Stack) -> Result<()> {
    let endpoint = stack.hub.endpoint_url().unwrap_or_default();
    let hub = aws_sdk_organizations::Client::new(&aws::config(endpoint, HUB, HOME_REGION).await);
    if hub.describe_account().account_id(MEMBER).send().await.is_ok() {
        return Ok(());
    }
    scenario::join(endpoint, MEMBER).await?;
    let moved = hub
        .move_account()
        .account_id(MEMBER)
        .source_parent_id(&stack.seeded.root)
        .destination_parent_id(&stack.seeded.units[UNIT]);
    moved.send().await.map_err(aws_sdk_organizations::Error::from)?;
    Ok(())
}
