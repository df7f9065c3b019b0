//! The suite as people see it: its metrics, while its functions log errors alone: every metric that is declared
//! is written by a function, and the dashboard and the alarms name none that is not. And what outcomes say of an
//! alarm, in an organization with an access portal.
#![cfg(feature = "end-to-end")]

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use aws_sdk_cloudwatch::types::StateValue;
use harness::local::Options;
use harness::outcomes::Received;
use harness::remediation::{self, RULE};
use harness::stack::{StackOptions, put_rule};
use harness::{HOME_REGION, HUB, root};
use metrics::{INSTALLATION, Metric, NAMESPACE};
use regex::Regex;
use serde_json::{Value, json};
use tests::{Series, World, run_with, until};
use tokio::sync::OnceCell;

const OWNER: &str = "222233334444";
const STRANGER: &str = "333344445555";
const ID: &str = "runbook-relay";
const PORTAL: &str = "https://d-1234567890.awsapps.com/start";
const STATUS_EVENT: &str = "Step Functions Execution Status Change";
const FUNCTIONS: [&str; 10] = [
    "check-membership",
    "follow-automation",
    "plan-shares",
    "publish-outcome",
    "recover-outcomes",
    "route-alarms",
    "route-events",
    "share-documents",
    "start-automation",
    "verify-recovery",
];
/// It names the alarms about the suite itself, which are answered by no rule.
const OWN_ALARMS: &str = "\
mode: active
alarm: {names: [\"runbook-relay-*\"]}
resource: {literal: nothing}
ladder: [{runbook: Relay-RebootInstance, parameters: {InstanceId: [\"{resource}\"]}}]
";

/// The outcomes about the alarm that was answered, and about the next.
static OUTCOMES: OnceCell<[Received; 2]> = OnceCell::const_new();

/// Runs a test where functions log errors alone, after everything has happened once that is measured.
fn measured<F: Future<Output = Result<()>>>(test: impl FnOnce(&'static World) -> F) {
    let parameters = [("LogLevel", "error"), ("RecheckSeconds", "20"), ("AccessPortalUrl", PORTAL)];
    let parameters = parameters.map(|(key, value)| (key, value.to_owned())).to_vec();
    let stack = StackOptions::with(parameters);
    run_with(&Options::default(), &stack, |world| async move {
        OUTCOMES
            .get_or_try_init(|| async {
                shares_are_made_removed_refused_and_drift(world).await?;
                an_outcome_is_lost_and_swept(world).await?;
                an_alarm_is_answered_and_the_next_is_suppressed(world).await
            })
            .await?;
        test(world).await
    });
}

async fn shares_are_made_removed_refused_and_drift(world: &World) -> Result<()> {
    world.owner(OWNER, &[HOME_REGION], &["Org-One", "Prod-One"]).await?;
    world.settled(OWNER).await?;
    let rule = |owner: &str, names: &str, accounts: &str| {
        format!(
            "documents: {{owner: \"{owner}\", names: [\"{names}\"]}}\n\
             regions: [{HOME_REGION}]\naccounts: {{in: [{accounts}]}}\n"
        )
    };
    world.stack.put_rule("everyone", &rule(OWNER, "Org-*", "organization")).await?;
    world.stack.put_rule("prod", &rule(OWNER, "Prod-*", "/Workloads/Prod")).await?;
    // Without the stack that lets the suite in.
    world.stack.put_rule("stranger", &rule(STRANGER, "Org-*", "organization")).await?;
    let mut outcomes = world.subscribe("shares").await?;
    let account = world.create_account("measured").await?.account;
    let about = |kind: &'static str| {
        let account = account.clone();
        move |outcome: &Received| {
            let json = outcome.json();
            outcome.accounts().any(|id| id == account) && json["trigger"]["kind"] == kind
        }
    };
    outcomes.wait_for("the join", about("join")).await?;
    // The event of the move is lost: the recheck finds the account in its place.
    world.delivery(&json!({"drop": ["MoveAccount"]})).await?;
    world.place(&account, "/Workloads/Prod").await?;
    outcomes.wait_for("the recheck", about("recheck")).await?;
    world.delivery(&json!({})).await?;
    let units = &world.stack.seeded.units;
    world.shift(&account, &units["/Workloads/Prod"], &world.stack.seeded.root).await?;
    outcomes.wait_for("the move", about("move")).await?;
    Ok(())
}

/// The alarm about it is answered by no rule, although one names it.
async fn an_outcome_is_lost_and_swept(world: &World) -> Result<()> {
    put_rule(&aws_sdk_ssm::Client::new(&world.stack.hub), "remediation/own-alarms", OWN_ALARMS)
        .await?;
    world.delivery(&json!({"drop": [STATUS_EVENT]})).await?;
    let input = json!({"accounts": [HUB], "after": 600});
    let execution = world.start_sharing("lost", &input).await?;
    world.step_functions().stop_execution().execution_arn(&execution).send().await?;
    world.end_of(&execution).await?;
    ensure!(world.sweep().await? == 1, "one outcome was lost");
    world.delivery(&json!({})).await
}

async fn an_alarm_is_answered_and_the_next_is_suppressed(world: &World) -> Result<[Received; 2]> {
    remediation::push_runbooks(&world.stack.hub, &root().join("runbooks")).await?;
    let ssm = aws_sdk_ssm::Client::new(&world.stack.hub);
    put_rule(&ssm, "remediation/instance-check", RULE).await?;
    let mut outcomes = world.subscribe("alarms").await?;
    let endpoint = &world.local.endpoint;
    let (instance, alarm) = remediation::watched_instance(endpoint, HUB, HOME_REGION).await?;
    remediation::alarm_is(endpoint, HUB, HOME_REGION, &alarm, "OK").await?;
    let name =
        [("ResourceId.1", instance.as_str()), ("Tag.1.Key", "Name"), ("Tag.1.Value", "web-1")];
    harness::aws::ec2(endpoint, HUB, HOME_REGION, "CreateTags", &name).await?;
    remediation::impair(endpoint, HUB, HOME_REGION, &instance, "reboot").await?;
    let succeeded = outcomes.on(&instance, "succeeded").await?;
    let again = aws_sdk_cloudwatch::Client::new(&world.stack.hub).set_alarm_state();
    let again = again.alarm_name(&alarm).state_value(StateValue::Alarm).state_reason("again");
    again.send().await?;
    let suppressed = outcomes.on(&instance, "suppressed").await?;
    Ok([succeeded, suppressed])
}

/// The dimensions that a metric is declared to have.
fn declared(metric: Metric) -> BTreeSet<&'static str> {
    [INSTALLATION].into_iter().chain(metric.dimension()).collect()
}

fn names(series: &Series) -> BTreeSet<&str> {
    series.1.keys().map(String::as_str).collect()
}

#[test]
fn every_metric_is_written_by_a_function_with_its_dimensions_and_no_other() {
    measured(|world| async move {
        let what = "a series of every metric";
        let series = until(what, || async {
            let series = world.series().await?;
            let written = |metric: &Metric| series.iter().any(|(name, _)| *name == metric.as_str());
            Ok(Metric::ALL.iter().all(written).then_some(series))
        })
        .await;
        let series = match series {
            Ok(series) => series,
            Err(error) => return Err(error.context(format!("{:?}", world.series().await?))),
        };
        for one in &series {
            let metric = Metric::ALL.into_iter().find(|metric| metric.as_str() == one.0);
            let metric = metric.with_context(|| format!("{one:?} is not declared"))?;
            ensure!(names(one) == declared(metric), "{one:?}: {:?}", declared(metric));
            ensure!(one.1[INSTALLATION] == ID, "{one:?}");
        }
        let of = |metric: &str, dimension: &str, value: &str| {
            let fits = |(name, dimensions): &Series| {
                name == metric && dimensions.get(dimension).is_some_and(|found| found == value)
            };
            series.iter().any(fits)
        };
        ensure!(of("Remediations", "Result", "succeeded"), "{series:?}");
        ensure!(of("Suppressed", "Guard", "CoolingDown"), "{series:?}");
        Ok(())
    });
}

#[test]
fn while_functions_log_errors_alone_every_other_line_is_a_measurement_with_the_keys_of_its_invocation()
 {
    measured(|world| async move {
        let keys = [
            "cold_start",
            "correlation_id",
            "function_arn",
            "function_memory_size",
            "function_name",
            "function_request_id",
            "level",
            "location",
            "service",
            "timestamp",
            "version",
            "xray_trace_id",
        ];
        let mut measurements = 0;
        for function in FUNCTIONS {
            for line in world.log(function).await? {
                if line["_aws"].is_null() {
                    ensure!(line["level"] == "ERROR", "{function}: {line}");
                    continue;
                }
                measurements += 1;
                ensure!(line["function_name"] == format!("{ID}-{function}"), "{line}");
                // The sweep is about no execution.
                let swept = !line[Metric::SweepRecovered.as_str()].is_null();
                let missing =
                    |key: &&&str| line[**key].is_null() && !(swept && **key == "correlation_id");
                let missing: Vec<_> = keys.iter().filter(missing).collect();
                ensure!(missing.is_empty(), "{missing:?} are missing in {line}");
            }
        }
        ensure!(measurements >= Metric::ALL.len(), "{measurements} measurements in all logs");
        Ok(())
    });
}

/// The suite's metrics that a widget shows: a name, and the names of its dimensions.
fn shown(widget: &Value) -> Result<Vec<(String, BTreeSet<String>)>> {
    let search =
        Regex::new(r#"SEARCH\('\{([A-Za-z,]+)\} MetricName="(\w+)" Installation="([^"]+)"'"#);
    let search = search?;
    let mut found = Vec::new();
    for metric in widget["properties"]["metrics"].as_array().into_iter().flatten() {
        let words: Vec<&str> =
            metric.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if let [NAMESPACE, name, dimensions @ ..] = words.as_slice() {
            let keys = dimensions.iter().step_by(2).map(|key| (*key).to_owned());
            found.push(((*name).to_owned(), keys.collect()));
        }
        let expression = metric[0]["expression"].as_str().unwrap_or_default();
        for hit in search.captures_iter(expression).filter(|hit| &hit[3] == ID) {
            let keys = hit[1].strip_prefix(NAMESPACE).unwrap_or_default();
            let keys = keys.split(',').filter(|key| !key.is_empty()).map(str::to_owned);
            found.push((hit[2].to_owned(), keys.collect()));
        }
    }
    Ok(found)
}

#[test]
fn the_dashboard_shows_every_metric_and_none_that_no_function_writes() {
    measured(|world| async move {
        let client = aws_sdk_cloudwatch::Client::new(&world.stack.hub);
        let name = world.stack.output("DashboardName")?;
        let dashboard = client.get_dashboard().dashboard_name(name).send().await;
        let dashboard = dashboard.map_err(aws_sdk_cloudwatch::Error::from)?;
        let body = dashboard.dashboard_body().context("a body")?;
        let body: Value = serde_json::from_str(body).context("the body is JSON")?;
        let widgets = body["widgets"].as_array().context("widgets")?;
        let shown: Vec<_> = widgets.iter().map(shown).collect::<Result<_>>()?;
        let shown: Vec<_> = shown.into_iter().flatten().collect();
        let series = world.series().await?;
        for (name, dimensions) in &shown {
            let dimensions: BTreeSet<&str> = dimensions.iter().map(String::as_str).collect();
            let written = series.iter().any(|one| one.0 == *name && names(one) == dimensions);
            ensure!(written, "no function writes {name} by {dimensions:?}");
        }
        for metric in Metric::ALL {
            let is_shown = shown.iter().any(|(name, _)| name == metric.as_str());
            ensure!(is_shown, "the dashboard does not show {}", metric.as_str());
        }
        let alarms = widgets.iter().flat_map(|w| w["properties"]["alarms"].as_array());
        let on_it: BTreeSet<&str> = alarms.flatten().filter_map(Value::as_str).collect();
        let alarms = own_alarms(world).await?;
        let arns: BTreeSet<&str> = alarms.iter().filter_map(|alarm| alarm.alarm_arn()).collect();
        ensure!(on_it == arns, "the dashboard shows {on_it:?}, the alarms are {arns:?}");
        Ok(())
    });
}

async fn own_alarms(world: &World) -> Result<Vec<aws_sdk_cloudwatch::types::MetricAlarm>> {
    let client = aws_sdk_cloudwatch::Client::new(&world.stack.hub);
    let alarms = client.describe_alarms().alarm_name_prefix(format!("{ID}-")).send().await;
    Ok(alarms.map_err(aws_sdk_cloudwatch::Error::from)?.metric_alarms.unwrap_or_default())
}

#[test]
fn the_alarms_about_the_suite_ask_for_a_person_and_for_no_runbook() {
    measured(|world| async move {
        let endpoint = &world.local.endpoint;
        let swept = format!("{ID}-sweep-recovered");
        remediation::alarm_is(endpoint, HUB, HOME_REGION, &swept, "ALARM").await?;
        let topic = world.stack.output("OutcomeTopicArn")?;
        let series = world.series().await?;
        let mut watched = BTreeMap::new();
        for alarm in own_alarms(world).await? {
            let name = alarm.alarm_name().unwrap_or_default();
            ensure!(alarm.alarm_actions() == [topic], "{name}: {:?}", alarm.alarm_actions());
            let metric = alarm.metric_name().unwrap_or_default();
            if alarm.namespace() == Some(NAMESPACE) {
                ensure!(series.iter().any(|one| one.0 == metric), "{name}: nobody writes {metric}");
            }
            *watched.entry(metric.to_owned()).or_insert(0) += 1;
        }
        let expected = [
            ("ApproximateAgeOfOldestMessage", 2),
            ("ApproximateNumberOfMessagesVisible", 3),
            ("ExecutionsFailed", 3),
            ("SweepRecovered", 1),
        ];
        ensure!(
            watched == expected.map(|(name, count)| (name.to_owned(), count)).into(),
            "{watched:?}"
        );
        // The rule `own-alarms` names it, and alarms that came later are answered.
        let executions = world.executions("RunAutomationStateMachineArn").await?;
        ensure!(executions.keys().any(|name| name.contains("-status-i-")), "{executions:?}");
        ensure!(!executions.keys().any(|name| name.contains(&swept)), "{executions:?}");
        Ok(())
    });
}

#[test]
fn an_outcome_about_an_alarm_says_which_why_on_what_and_where_to_look() {
    measured(|_| async move {
        let [succeeded, suppressed] = OUTCOMES.get().context("the outcomes are there")?;
        for outcome in [succeeded, suppressed] {
            let json = outcome.json();
            ensure!(json["suiteVersion"] == env!("CARGO_PKG_VERSION"), "{json}");
            let reason = json["alarm"]["reason"].as_str().unwrap_or_default();
            ensure!(!reason.is_empty() && json["alarm"]["at"].is_string(), "{json}");
            ensure!(
                outcome.email().contains(reason.split(' ').next().unwrap_or_default()),
                "{json}"
            );
            let links = json["links"].as_array().context("links")?;
            ensure!(links.iter().any(|link| link["kind"] == "alarm"), "{json}");
            for link in links {
                let shortcut = link["shortcut"].as_str().unwrap_or_default();
                let begin =
                    format!("{PORTAL}/#/console?account_id={HUB}&destination=https%3A%2F%2F");
                ensure!(shortcut.starts_with(&begin), "{link}");
                ensure!(outcome.email().contains(shortcut), "{}", outcome.email());
            }
        }
        let names = &succeeded.json()["resourceNames"];
        ensure!(
            names.as_object().is_some_and(|names| names.values().eq([&json!("web-1")])),
            "{names}"
        );
        ensure!(succeeded.summary().contains("(web-1)"), "{}", succeeded.summary());
        ensure!(suppressed.json()["alarm"]["reason"] == "again", "{}", suppressed.json());
        Ok(())
    });
}
