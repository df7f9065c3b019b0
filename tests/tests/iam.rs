//! The roles as they are deployed, against what was really used of them; and what a function sees
//! of the machine it runs on.
#![cfg(feature = "end-to-end")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use harness::{HOME_REGION, HUB, remediation};
use regex::Regex;
use serde_json::{Value, json};
use tests::{Subscriber, World, run, until};
use tokio::sync::OnceCell;

const OWNER: &str = "222233334444";
const REGION: &str = "us-east-1";

/// An exception of `tools/permissions.yaml`: permissions that [`exercise`] does not use, and why they are granted.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Exception {
    role: String,
    action: String,
    reason: String,
}

impl Exception {
    fn explains(&self, role: &str, action: &str) -> bool {
        (self.role == "*" || self.role == role) && (self.action == "*" || self.action == action)
    }
}

/// The exceptions, without those for permissions that the local AWS asks for like AWS.
fn exceptions() -> Result<BTreeSet<Exception>> {
    let text = std::fs::read_to_string(harness::root().join("tools/permissions.yaml"))?;
    let read: Value = serde_saphyr::from_str(&text)?;
    let mut found = BTreeSet::new();
    for entry in ["services", "rare"].iter().flat_map(|section| list(&read[*section])) {
        if entry["recorded"] == true {
            continue;
        }
        let reason = entry["reason"].as_str().context("an exception has a reason")?;
        for role in texts(&entry["roles"]) {
            for action in texts(&entry["actions"]) {
                found.insert(Exception { role: role.clone(), action, reason: reason.to_owned() });
            }
        }
    }
    ensure!(found.len() > 20, "tools/permissions.yaml has exceptions");
    Ok(found)
}

/// Has the suite do everything it does: accounts join, move, leave, fail to; events come twice; an
/// execution is stopped; a sweep; a backfill.
async fn exercise(world: &World) -> Result<()> {
    static ONCE: OnceCell<()> = OnceCell::const_new();
    ONCE.get_or_try_init(|| async {
        let mut outcomes = world.subscribe("iam").await?;
        // Every event twice, so that executions are found to exist already.
        world.delivery(&json!({"duplicate": 2, "AcceptHandshake": "management"})).await?;
        world.owner(OWNER, &[REGION], &["Org-Baseline", "Org-Patch"]).await?;
        world.settled(OWNER).await?;
        let rule = |ownership: &str, names: &str, accounts: &str| {
            format!(
                "documents: {{owner: \"{OWNER}\", names: [{names}]}}\nregions: [{REGION}]\n\
                 accounts: {{in: [{accounts}]}}\nownership: {ownership}\n"
            )
        };
        let (mine, ours) = (
            rule("ledger", "Org-Patch", "/Sandbox"),
            rule("exclusive", "Org-Baseline", "organization"),
        );
        world.stack.put_rule("ledger", &mine).await?;
        world.stack.put_rule("exclusive", &ours).await?;

        let created = world.create_account("iam").await?.account;
        outcomes.wait_for("the join's outcome", |o| o.accounts().any(|id| id == created)).await?;
        world.place(&created, "/Sandbox").await?;
        outcomes.wait_for("the move's outcome", |o| o.json()["trigger"]["kind"] == "move").await?;
        let handshake = world.invite("EMAIL", "guest@example.com").await?;
        let guest = "666677778888";
        let member = aws_sdk_organizations::Client::new(&world.account(guest, HOME_REGION).await);
        member.accept_handshake().handshake_id(handshake).send().await?;
        outcomes.wait_for("the guest's outcome", |o| o.accounts().any(|id| id == guest)).await?;
        world.settled(guest).await?;
        world.organizations().remove_account_from_organization().account_id(guest).send().await?;
        outcomes
            .wait_for("the departure's outcome", |o| o.json()["trigger"]["kind"] == "departure")
            .await?;

        let stopped =
            world.start_sharing("stopped", &json!({"accounts": [HUB], "after": 600})).await?;
        world.step_functions().stop_execution().execution_arn(&stopped).send().await?;
        outcomes.of(&stopped).await?;
        alarms(world, &mut outcomes).await?;
        let backfill = world.start_sharing("backfill", &json!({"organization": true})).await?;
        world.end_of(&backfill).await?;
        world.sweep().await?;
        until("everything to come to its end", || async {
            let mut running = Vec::new();
            for machine in [
                "ShareRunbooksStateMachineArn",
                "AwaitMembershipStateMachineArn",
                "RunAutomationStateMachineArn",
            ] {
                let executions = world.executions(machine).await?;
                let executions = executions.iter().filter(|(_, s)| s.as_str() == "RUNNING");
                running.extend(executions.map(|(name, _)| name.clone()));
            }
            Ok(running.is_empty().then_some(()))
        })
        .await
    })
    .await
    .map(drop)
}

/// An alarm goes into ALARM beside a rule that cannot be read, and the first runbook does not cure its instance; it goes
/// into ALARM again; a run is stopped.
async fn alarms(world: &World, outcomes: &mut Subscriber) -> Result<()> {
    let endpoint = &world.local.endpoint;
    remediation::push_runbooks(&world.stack.hub, &harness::root().join("runbooks")).await?;
    let ssm = aws_sdk_ssm::Client::new(&world.stack.hub);
    harness::stack::put_rule(&ssm, "remediation/instance-check", remediation::RULE).await?;
    harness::stack::put_rule(&ssm, "remediation/unreadable", "alarms: everything").await?;
    let (instance, alarm) = remediation::watched_instance(endpoint, HUB, HOME_REGION).await?;
    remediation::alarm_is(endpoint, HUB, HOME_REGION, &alarm, "OK").await?;
    remediation::impair(endpoint, HUB, HOME_REGION, &instance, "stopStart").await?;
    outcomes.wait_for("the cure", |o| o.json()["runsTotal"] == 2).await?;
    aws_sdk_cloudwatch::Client::new(&world.stack.hub)
        .set_alarm_state()
        .alarm_name(&alarm)
        .state_value(aws_sdk_cloudwatch::types::StateValue::Alarm)
        .state_reason("again")
        .send()
        .await?;
    outcomes.wait_for("the cool-down", |o| o.outcome() == "suppressed").await?;
    let input = json!({"runbook": "Relay-RebootInstance", "resources": [instance],
        "parameters": {"InstanceId": ["{resource}"], "Settle": ["PT300S"]}});
    let sfn = world.step_functions();
    let machine = world.stack.output("RunAutomationStateMachineArn")?;
    let start = sfn.start_execution().state_machine_arn(machine).input(input.to_string());
    let execution = start.send().await?.execution_arn;
    until("the run to begin", || async {
        let runs = ssm.describe_automation_executions().send().await?;
        let runs = runs.automation_execution_metadata_list.unwrap_or_default();
        Ok(runs.iter().any(|run| run.execution_end_time().is_none()).then_some(()))
    })
    .await?;
    sfn.stop_execution().execution_arn(&execution).send().await?;
    outcomes.wait_for("the stop", |o| o.json()["execution"] == execution.as_str()).await?;
    Ok(())
}

#[test]
fn nothing_that_the_suite_asks_for_is_denied() {
    run(|world| async move {
        exercise(world).await?;
        let used = world.used_permissions().await?;
        ensure!(used.len() > 25, "the record holds what was used: {used:?}");
        let denied: Vec<_> = used.iter().filter(|(_, denied)| **denied).collect();
        ensure!(denied.is_empty(), "denied at least once: {denied:?}");
        Ok(())
    });
}

#[test]
fn every_permission_was_used_or_has_its_reason() {
    run(|world| async move {
        exercise(world).await?;
        let used = world.used_permissions().await?;
        let exceptions = exceptions()?;
        let mut stale: BTreeSet<&Exception> = exceptions.iter().collect();
        let mut unused = Vec::new();
        for grant in grants(world).await? {
            let key = (HUB.to_owned(), grant.role.clone(), grant.action.clone());
            let role = grant.role.trim_start_matches("runbook-relay-");
            if used.contains_key(&key) {
                continue;
            }
            // Owner accounts use the sharing role: below.
            let elsewhere = role == "share";
            if !elsewhere
                && !exceptions.iter().any(|exception| exception.explains(role, &grant.action))
            {
                unused.push(format!("{role} may {} and did not", grant.action));
            }
            stale.retain(|exception| !exception.explains(role, &grant.action));
        }
        ensure!(unused.is_empty(), "{unused:#?}");
        ensure!(stale.is_empty(), "used after all, or not granted: {stale:#?}");

        // The sharing role, in the account that owns the documents.
        for action in ["DescribeDocumentPermission", "ListDocuments", "ModifyDocumentPermission"] {
            let role = "runbook-relay-share".to_owned();
            let key = (OWNER.to_owned(), role, format!("ssm:{action}"));
            ensure!(used.contains_key(&key), "{action} of the sharing role was not used");
        }
        Ok(())
    });
}

#[test]
fn every_role_is_known_and_none_has_a_wildcard_action() {
    run(|world| async move {
        let grants = grants(world).await?;
        let roles: BTreeSet<&str> = grants.iter().map(|grant| grant.role.as_str()).collect();
        let expected = harness::build::function_names()?
            .iter()
            .map(|function| format!("runbook-relay-{function}"))
            .chain(
                [
                    "await-membership",
                    "share-runbooks",
                    "run-automation",
                    "reconcile",
                    "service",
                    "execution",
                    "share",
                    "copy",
                ]
                .map(|r| format!("runbook-relay-{r}")),
            )
            .collect::<BTreeSet<String>>();
        ensure!(roles == expected.iter().map(String::as_str).collect(), "{roles:?}");
        for grant in &grants {
            ensure!(grant.effect == "Allow", "{grant:?}");
            ensure!(!grant.action.contains('*'), "{grant:?}");
        }
        Ok(())
    });
}

#[test]
fn state_machines_lend_their_roles_to_no_other_accounts_machines() {
    run(|world| async move {
        for (role, trust) in trusts(world).await? {
            for statement in list(&trust["Statement"]) {
                let service = &statement["Principal"]["Service"];
                if service == "lambda.amazonaws.com" {
                    continue;
                }
                let conditions = statement["Condition"].to_string();
                let lent = ["states.amazonaws.com", "ssm.amazonaws.com", "events.amazonaws.com"]
                    .iter()
                    .any(|name| *service == *name);
                let bound = if lent {
                    conditions.contains("aws:SourceAccount") && conditions.contains("aws:SourceArn")
                } else {
                    conditions.contains("aws:PrincipalOrgID")
                };
                ensure!(bound, "{role} trusts {statement}");
            }
        }
        Ok(())
    });
}

/// One action that a role may take.
#[derive(Debug)]
struct Grant {
    role: String,
    effect: String,
    action: String,
}

/// The permissions of the suite's roles in the hub, their managed policies included.
async fn grants(world: &World) -> Result<Vec<Grant>> {
    let details = world.authorization_details().await?;
    let managed: BTreeMap<String, Value> = members(&details, "Policies")?
        .iter()
        .map(|policy| Ok((tag(policy, "Arn")?, document(policy, "Document")?)))
        .collect::<Result<_>>()?;
    let mut grants = Vec::new();
    for role in roles(&details)? {
        let name = tag(&role, "RoleName")?;
        let mut policies = Vec::new();
        for inline in each(&role, "PolicyDocument") {
            policies.push(serde_json::from_str(&decoded(inline)?)?);
        }
        for arn in each(&role, "PolicyArn") {
            policies.push(managed.get(arn).with_context(|| format!("{name} has {arn}"))?.clone());
        }
        for statement in policies.iter().flat_map(|policy| list(&policy["Statement"])) {
            for action in texts(&statement["Action"]) {
                grants.push(Grant {
                    role: name.clone(),
                    effect: statement["Effect"].as_str().unwrap_or_default().to_owned(),
                    action,
                });
            }
        }
    }
    Ok(grants)
}

/// Who may take on the suite's roles.
async fn trusts(world: &World) -> Result<Vec<(String, Value)>> {
    let details = world.authorization_details().await?;
    let trust = |role: &String| {
        anyhow::Ok((tag(role, "RoleName")?, document(role, "AssumeRolePolicyDocument")?))
    };
    roles(&details)?.iter().map(trust).collect()
}

fn roles(details: &str) -> Result<Vec<String>> {
    let all = members(details, "RoleDetailList")?;
    let ours: Vec<String> =
        all.into_iter().filter(|role| role.contains("<RoleName>runbook-relay-")).collect();
    ensure!(ours.len() >= 9, "six functions, two state machines and the sharing role have roles");
    Ok(ours)
}

/// The top members of a list in IAM's XML, which nests lists of members.
fn members(xml: &str, list: &str) -> Result<Vec<String>> {
    let start = xml.find(&format!("<{list}>")).context("the list begins")?;
    let end = xml.find(&format!("</{list}>")).context("the list ends")?;
    let (mut found, mut depth, mut from) = (Vec::new(), 0, 0);
    for edge in Regex::new("</?member>")?.find_iter(&xml[start..end]) {
        if edge.as_str() == "<member>" {
            if depth == 0 {
                from = edge.end();
            }
            depth += 1;
        } else {
            depth -= 1;
            if depth == 0 {
                found.push(xml[start + from..start + edge.start()].to_owned());
            }
        }
    }
    Ok(found)
}

/// The texts of all elements of a name.
fn each<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open).skip(1).filter_map(|rest| rest.split(&close).next()).collect()
}

fn tag(xml: &str, name: &str) -> Result<String> {
    each(xml, name).first().map(|text| (*text).to_owned()).with_context(|| name.to_owned())
}

/// A policy in IAM's XML is percent-encoded JSON.
fn document(xml: &str, name: &str) -> Result<Value> {
    Ok(serde_json::from_str(&decoded(&tag(xml, name)?)?)?)
}

fn decoded(text: &str) -> Result<String> {
    let mut bytes = Vec::new();
    let mut parts = text.split('%');
    bytes.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        let (code, rest) = part.split_at_checked(2).context("two digits follow a percent sign")?;
        bytes.push(u8::from_str_radix(code, 16)?);
        bytes.extend(rest.bytes());
    }
    Ok(String::from_utf8(bytes)?)
}

/// A list, or the one value that stands for a list of one.
fn texts(value: &Value) -> Vec<String> {
    list(value).iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    }
}

#[cfg(target_os = "linux")]
#[test]
fn functions_know_the_local_endpoint_and_nothing_of_the_environment_they_were_started_from() {
    const SECRET: &str = "planted-6d3f0c1e";
    const NAME: &str = "RELAY_PLANTED";
    #[expect(clippy::disallowed_methods, reason = "whether this is the run with the plant in it")]
    let planted = std::env::var(NAME).is_ok();
    if !planted {
        // The same test in a process of its own, with what a developer's shell may hold.
        let own = std::env::current_exe().expect("this test has a file");
        let test = "functions_know_the_local_endpoint_and_nothing_of_the_environment_they_were_started_from";
        let mut again = Command::new(own);
        again.args(["--exact", test, "--nocapture"]);
        let names = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "GITHUB_TOKEN"];
        for name in names.iter().chain(&[NAME]) {
            again.env(name, SECRET);
        }
        let ran = again.output().expect("it runs");
        assert!(
            ran.status.success(),
            "{}{}",
            String::from_utf8_lossy(&ran.stdout),
            String::from_utf8_lossy(&ran.stderr)
        );
        return;
    }
    run(|world| async move {
        let execution = world.start_sharing("look-around", &json!({"accounts": [HUB]})).await?;
        world.end_of(&execution).await?;
        world.sweep().await?;
        let functions = world.processes(None)?;
        ensure!(functions.len() >= 3, "plan-shares, publish-outcome and recover-outcomes ran");
        for function in &functions {
            let endpoint = function.environment.get("AWS_ENDPOINT_URL");
            ensure!(endpoint == Some(&world.local.endpoint), "{:?}", function.environment);
        }
        // Emulator, gateway, functions: every process that has it, beside this one.
        let mut holders = BTreeSet::new();
        for entry in std::fs::read_dir("/proc")? {
            let entry = entry?;
            // `self` and its like are this process under another name.
            if entry.file_name().to_string_lossy().parse::<u32>().is_err() {
                continue;
            }
            let Ok(environment) = std::fs::read(entry.path().join("environ")) else { continue };
            if String::from_utf8_lossy(&environment).contains(SECRET) {
                holders.insert(entry.file_name().to_string_lossy().into_owned());
            }
        }
        ensure!(
            holders == BTreeSet::from([std::process::id().to_string()]),
            "only this process, {}, has what was planted: {holders:?}",
            std::process::id()
        );
        Ok(())
    });
}
