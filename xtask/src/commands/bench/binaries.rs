//! How large the functions are, and how soon they answer: against bare functions with the same SDK
//! clients.

use std::path::Path;

use anyhow::Result;
use harness::build;

use super::figure::{Figure, Section, median};
use super::runtime;
use crate::commands::package;

/// Each function with the bare one that has the same clients (`xtask/bench/bare`), and an event that
/// both answer without calling AWS.
const BARE: [(&str, &str, &str); 10] = [
    ("check-membership", "bare-route-events", NOTHING),
    ("follow-automation", "bare-follow-automation", NOTHING),
    ("plan-shares", "bare-plan-shares", NOTHING),
    ("publish-outcome", "bare-publish-outcome", NOTHING),
    ("recover-outcomes", "bare-recover-outcomes", NOTHING),
    ("route-alarms", "bare-route-alarms", ORDER),
    ("route-events", "bare-route-events", NOTHING),
    ("share-documents", "bare-share-documents", NOTHING),
    ("start-automation", "bare-start-automation", NOTHING),
    ("verify-recovery", "bare-verify-recovery", NOTHING),
];

const NOTHING: &str = "{}";
/// `route-alarms` puts whatever calls it into its queue; but no order from outside.
const ORDER: &str = r#"{"digest": "bench"}"#;

/// How often each is started.
const ROUNDS: usize = 41;

const LARGEST_MB: f64 = 10.0;
/// How much memory a function may use, in millions of bytes.
pub(super) const RESIDENT_MB: f64 = 40.0;
const SLOWEST: f64 = 1.3;

/// The settings that every function needs to start; the bare ones get the same.
const SETTINGS: &[(&str, &str)] = &[
    ("AWS_REGION", "us-east-1"),
    ("AWS_ACCESS_KEY_ID", "111122223333"),
    ("AWS_SECRET_ACCESS_KEY", "local"),
    ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "bench"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
    // Nothing is called; if anything were, it would fail at once.
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
    ("RUST_LOG", "info"),
    ("HUB_ACCOUNT", "111122223333"),
    ("ORGANIZATIONS_REGION", "us-east-1"),
    ("AWAIT_MEMBERSHIP_ARN", "arn:aws:states:us-east-1:111122223333:stateMachine:await"),
    ("SHARE_RUNBOOKS_ARN", "arn:aws:states:us-east-1:111122223333:stateMachine:share"),
    ("TABLE_NAME", "table"),
    ("BUCKET_NAME", "bucket"),
    ("CONCURRENCY", "10"),
    ("TIME_BUDGET_SECONDS", "240"),
    ("GATHER_SECONDS", "4"),
    ("SETTLE_SECONDS", "60"),
    ("MASS_REMOVAL_PERCENT", "20"),
    ("MASS_REMOVAL_PAIRS", "20"),
    ("POLL_FIRST_SECONDS", "5"),
    ("POLL_LONGEST_SECONDS", "3600"),
    ("TOPIC_ARN", "arn:aws:sns:us-east-1:111122223333:outcomes"),
    ("CHAT_TOPIC_ARN", "arn:aws:sns:us-east-1:111122223333:chat"),
    ("SWEEP_HOURS", "48"),
    ("INSTALLATION_ID", "runbook-relay"),
    ("ALARM_QUEUE_URL", "http://127.0.0.1:9/111122223333/alarms"),
    ("RUN_AUTOMATION_ARN", "arn:aws:states:us-east-1:111122223333:stateMachine:run"),
    ("ALLOWED_RUNBOOKS", "Relay-*"),
    ("READ_ROLE", "/runbook-relay-read"),
    ("SHARE_ROLE", "/runbook-relay-share"),
    ("COPY_ROLE", "/runbook-relay-copy"),
    ("EXECUTION_ROLE", "/runbook-relay-execution"),
    ("ACCESS_PORTAL_URL", "https://example.awsapps.com/start"),
    ("SERVICE_ROLE_ARN", "arn:aws:iam::111122223333:role/runbook-relay/service"),
    ("APPROVAL_TOPIC_ARN", "arn:aws:sns:us-east-1:111122223333:approvals"),
    ("PACE", r#"{"stages":[600,3600],"rounds":[150,300,900],"verify":60,"apart":60}"#),
    ("ONBOARDING_SECONDS", "3600"),
    ("SHARED_RUNBOOK_ARNS", "arn:aws:ssm:*:222233334444:document/Org-*"),
    ("LANG", "C.UTF-8"),
];

/// Sizes of the built binaries.
pub(super) fn sizes(folder: &Path) -> Result<Section> {
    let mut figures = Vec::new();
    for name in build::function_names()? {
        let size = package::bootstrap(folder, &name)?.metadata()?.len();
        figures.push(Figure::at_most(name, megabytes(size), LARGEST_MB, "MB"));
    }
    Ok(Section {
        title: "Size of the functions",
        how: "The binary that `cargo lambda build --release` writes, for the architecture of the \
              machine that measured."
            .into(),
        figures,
    })
}

/// Starts functions and bare functions in turn and compares the medians.
pub(super) async fn starts(folder: &Path) -> Result<Section> {
    let mut figures = Vec::new();
    for (name, bare, event) in BARE {
        let (own, bare) = (package::bootstrap(folder, name)?, package::bootstrap(folder, bare)?);
        let (mut taken, mut taken_bare, mut resident) = (Vec::new(), Vec::new(), 0);
        for round in 0..=ROUNDS {
            let started = runtime::start(&own, SETTINGS, event).await?;
            let started_bare = runtime::start(&bare, SETTINGS, event).await?;
            resident = resident.max(started.resident);
            // The first round only fills the kernel's cache with the binaries.
            if round > 0 {
                taken.push(started.took.as_secs_f64() * 1e3);
                taken_bare.push(started_bare.took.as_secs_f64() * 1e3);
            }
        }
        let (taken, taken_bare) = (median(taken), median(taken_bare));
        figures.push(Figure::at_most(
            format!("{name}: {taken:.1} ms against {taken_bare:.1} ms"),
            taken / taken_bare,
            SLOWEST,
            "",
        ));
        let memory = megabytes(resident);
        figures.push(Figure::at_most(format!("{name}: resident"), memory, RESIDENT_MB, "MB"));
    }
    Ok(Section {
        title: "Process start to first answer",
        how: format!(
            "Each function and a bare `lambda_runtime` function that builds the same SDK clients \
             (`xtask/bench/bare`), started in turn {ROUNDS} times against a Lambda runtime API in \
             the measuring process; medians, and their ratio. The event is one that the function \
             answers without calling AWS: `{{}}`, but for `route-alarms`. Resident is the largest peak of all starts."
        ),
        figures,
    })
}

/// A megabyte is 1,000,000 bytes.
pub(super) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_its_bare_one() {
        let measured: Vec<_> = BARE.iter().map(|(name, ..)| (*name).to_owned()).collect();
        assert_eq!(measured, build::function_names().unwrap());
        for (_, bare, _) in BARE {
            let source = harness::root().join(format!("xtask/bench/bare/src/bin/{bare}.rs"));
            assert!(source.is_file(), "{bare}");
        }
    }

    #[test]
    fn every_variable_of_the_template_has_a_value() {
        let template = std::fs::read_to_string(harness::root().join("template.yaml")).unwrap();
        let mut blocks = template.split("        Variables:\n").skip(1).peekable();
        assert!(blocks.peek().is_some());
        for block in blocks {
            for line in block.lines() {
                let Some(variable) = line.strip_prefix("          ") else { break };
                let name = variable.split(':').next().unwrap_or_default();
                assert!(SETTINGS.iter().any(|(setting, _)| *setting == name), "{name}");
            }
        }
    }
}
