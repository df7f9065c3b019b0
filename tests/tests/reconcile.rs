//! The organization stays as the rules say: what was shared or taken back by hand, what a plan would do, and a
//! plan that would take back too much.
#![cfg(feature = "end-to-end")]

#[path = "reconcile/import.rs"]
mod import;

use std::process::Command;

use anyhow::{Context, Result, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use harness::{HOME_REGION, HUB, build};
use serde_json::{Value, json};
use tests::{Ended, World, run, until};

#[path = "reconcile/copies.rs"]
mod copies;

#[path = "reconcile/replicas.rs"]
mod replicas;

const OWNER: &str = "222233334444";
const REGION: &str = "us-east-1";
const STRANGER: &str = "989898989898";

/// One test at a time changes rules: each reconciles the whole organization.
static RULES: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A reconcile is there for this: the events of changes are lost.
async fn deaf(world: &World) -> Result<()> {
    let lost = json!({"drop": ["Parameter Store Change", "CreateDocument"]});
    world.local.relay("POST", "events/delivery", &lost).await.map(drop)
}

fn rule(documents: &str, accounts: &str) -> String {
    format!(
        "documents: {{owner: \"{OWNER}\", names: [\"{documents}\"]}}\nregions: [{REGION}]\n\
         accounts: {{in: [{accounts}]}}\n"
    )
}

async fn reconcile(world: &World, name: &str, more: Value) -> Result<Ended> {
    let mut input = json!({"organization": true, "drift": true, "trigger": {"kind": "reconcile"}});
    for (key, value) in more.as_object().into_iter().flatten() {
        input[key] = value.clone();
    }
    let execution = world.start_sharing(name, &input).await?;
    world.end_of(&execution).await
}

/// Shares a document by hand, or takes it back.
async fn by_hand(
    world: &World,
    document: &str,
    add: Option<&str>,
    remove: Option<&str>,
) -> Result<()> {
    let ssm = world.ssm(OWNER, REGION).await;
    let modify = ssm.modify_document_permission().name(document);
    let modify = modify.permission_type(aws_sdk_ssm::types::DocumentPermissionType::Share);
    let ids = |id: Option<&str>| id.map(|id| vec![id.to_owned()]);
    let modify = modify.set_account_ids_to_add(ids(add)).set_account_ids_to_remove(ids(remove));
    modify.send().await.map_err(aws_sdk_ssm::Error::from)?;
    Ok(())
}

async fn sees(world: &World, account: &str, count: usize) -> Result<()> {
    until(&format!("{account} to see {count} documents"), || async {
        Ok((world.visible(account, REGION).await?.len() == count).then_some(()))
    })
    .await
}

/// How often permissions were modified so far, by anybody.
async fn modifications(world: &World) -> Result<usize> {
    let calls =
        world.local.relay("GET", "calls?principal=runbook-relay-share/", &Value::Null).await?;
    let calls = calls.as_array().context("calls are a list")?;
    Ok(calls.iter().filter(|call| call["operation"] == "ModifyDocumentPermission").count())
}

fn codes(outcome: &Value) -> Vec<&str> {
    let problems = outcome["problems"].as_array().into_iter().flatten();
    problems.filter_map(|problem| problem["code"].as_str()).collect()
}

#[test]
fn what_drifted_is_brought_back_what_is_others_is_named_and_nothing_is_published_of_nothing() {
    run(|world| async move {
        let _alone = RULES.lock().await;
        deaf(world).await?;
        let names: Vec<String> = (0..12).map(|n| format!("Org-{n:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        world.owner(OWNER, &[REGION], &names).await?;
        world.settled(OWNER).await?;
        world.stack.put_rule("drift", &rule("Org-*", "organization")).await?;
        let mut outcomes = world.subscribe("reconcile").await?;
        let (one, two) = (
            world.create_account("drift-1").await?.account,
            world.create_account("drift-2").await?.account,
        );
        for account in [&one, &two] {
            world.settled(account).await?;
            sees(world, account, 12).await?;
        }
        // The hub and the owner are members, too.
        let first = reconcile(world, "first", json!({})).await?;
        ensure!(first.status == ExecutionStatus::Succeeded, "{}", first.cause);

        by_hand(world, "Org-03", None, Some(&one)).await?;
        by_hand(world, "Org-04", Some(STRANGER), None).await?;
        let before = modifications(world).await?;
        let plan = reconcile(world, "shown", json!({"dryRun": true})).await?;
        ensure!(plan.output["plan"]["verdict"] == "shown", "{}", plan.output);
        let totals = &plan.output["plan"]["totals"];
        ensure!(totals["share"] == 1 && totals["restore"] == 1, "{totals}");
        ensure!(totals["unshare"] == 0 && totals["foreign"] == 1, "{totals}");
        ensure!(modifications(world).await? == before, "a dry run changed something");

        let drifted = reconcile(world, "drifted", json!({})).await?;
        ensure!(drifted.output["outcome"] == "succeeded", "{}", drifted.output);
        sees(world, &one, 12).await?;
        ensure!(modifications(world).await? == before + 1, "one call mends one pair");
        let told = outcomes
            .wait_for("the drift's outcome", |o| {
                o.json()["execution"].as_str().is_some_and(|arn| arn.ends_with(":drifted"))
            })
            .await?;
        ensure!(told.json()["trigger"]["kind"] == "reconcile", "{}", told.json());
        let shares = told.json()["shares"].as_array().context("shares are a list")?;
        ensure!(shares.iter().any(|share| share["added"] == 1), "{}", told.json());
        ensure!(codes(told.json()) == ["SharesOfOthers"], "{}", told.json());
        let ssm = world.ssm(OWNER, REGION).await;
        let shared = ssm
            .describe_document_permission()
            .name("Org-04")
            .permission_type(aws_sdk_ssm::types::DocumentPermissionType::Share)
            .send()
            .await?;
        ensure!(shared.account_ids().iter().any(|id| id == STRANGER), "a foreign share is gone");

        let quiet = reconcile(world, "quiet", json!({})).await?;
        ensure!(quiet.output["outcome"] == "none", "{}", quiet.output);
        ensure!(quiet.output["plan"]["verdict"] == "nothing", "{}", quiet.output);
        ensure!(modifications(world).await? == before + 1, "the steady state only reads");
        let published = outcomes
            .all()
            .await?
            .iter()
            .any(|o| o.json()["execution"].as_str().is_some_and(|arn| arn.ends_with(":quiet")));
        ensure!(!published, "it published nothing");

        // A rule that means nobody any more: 24 of 24 or more pairs of members.
        world.stack.put_rule("drift", &rule("Org-*", &format!("\"{OWNER}\""))).await?;
        let held = reconcile(world, "held", json!({})).await?;
        ensure!(held.output["plan"]["verdict"] == "held", "{}", held.output);
        let told = outcomes
            .wait_for("the plan that is held", |o| codes(o.json()).contains(&"MassRemovalHeld"))
            .await?;
        ensure!(told.outcome() == "partial", "{}", told.json());
        let id = held.output["plan"]["id"].as_str().context("a plan has an id")?.to_owned();
        ensure!(told.json()["problems"].to_string().contains(&id), "{}", told.json());
        let other = reconcile(world, "other", json!({"confirm": "0123456789ab"})).await?;
        ensure!(other.output["plan"]["verdict"] == "held", "{}", other.output);
        ensure!(other.output["outcome"] == "none", "it is published once: {}", other.output);
        sees(world, &one, 12).await?;
        ensure!(modifications(world).await? == before + 1, "what is held changes nothing");

        let confirmed = reconcile(world, "confirmed", json!({"confirm": id})).await?;
        ensure!(confirmed.output["outcome"] == "succeeded", "{}", confirmed.output);
        for account in [&one, &two] {
            sees(world, account, 0).await?;
        }
        let solved = outcomes
            .wait_for("the end of it", |o| !o.json()["solved"].as_array().is_none_or(Vec::is_empty))
            .await?;
        ensure!(solved.json().to_string().contains("MassRemovalHeld"), "{}", solved.json());
        Ok(())
    });
}

/// The program as the root of an account: its exit code and what it printed.
fn relay_of(world: &World, account: &str, line: &[&str]) -> Result<(Option<i32>, String)> {
    let ran = Command::new(build::binary("relay"))
        .args(line)
        .env_clear()
        .env("AWS_ENDPOINT_URL", &world.local.endpoint)
        .env("AWS_REGION", HOME_REGION)
        .env("AWS_ACCESS_KEY_ID", account)
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((ran.status.code(), text(&ran.stdout) + &text(&ran.stderr)))
}

/// The same as the root of the hub.
fn relay(world: &World, line: &[&str]) -> Result<(Option<i32>, String)> {
    relay_of(world, HUB, line)
}

#[test]
fn an_operator_plans_applies_and_confirms() {
    run(|world| async move {
        let _alone = RULES.lock().await;
        deaf(world).await?;
        let owner = "313131313131";
        world.join_by_invitation(owner).await?;
        world.stack.deploy_owner(owner).await?;
        let names: Vec<String> = (0..22).map(|n| format!("Ops-{n:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        world.documents(owner, &[REGION], &names).await?;
        let account = world.create_account("operator").await?.account;
        world.settled(&account).await?;
        let wanted = rule("Ops-*", &format!("\"{account}\"")).replace(OWNER, owner);
        world.stack.put_rule("operator", &wanted).await?;
        let seen = world.visible(&account, REGION).await?.len();

        let (code, text) = relay(world, &["plan"])?;
        ensure!(code == Some(2), "{code:?}: {text}");
        let line = format!("+ share Ops-00 of {owner} with 1 account in 1 Region");
        ensure!(text.contains(&line), "{text}");
        let (code, text) = relay(world, &["plan", "--by", "account", "--format", "markdown"])?;
        ensure!(code == Some(2), "{code:?}: {text}");
        ensure!(
            text.contains(&format!("+ share 22 documents with {account} in 1 Region")),
            "{text}"
        );
        let (_, text) = relay(world, &["plan", "--output", "json", "--quiet"])?;
        let json: Value = serde_json::from_str(&text).with_context(|| text.clone())?;
        ensure!(json["effect"]["totals"]["share"] == 22, "{json}");
        sees(world, &account, seen).await?;

        let (code, text) = relay(world, &["apply"])?;
        ensure!(code == Some(0) && text.contains("succeeded"), "{code:?}: {text}");
        sees(world, &account, seen + 22).await?;
        let (code, text) = relay(world, &["plan"])?;
        ensure!(code == Some(0) && text.contains("nothing to change"), "{code:?}: {text}");

        world.stack.put_rule("operator", &wanted.replace(&account, owner)).await?;
        let (code, text) = relay(world, &["apply"])?;
        ensure!(code == Some(1) && text.contains("held"), "{code:?}: {text}");
        sees(world, &account, seen + 22).await?;
        let id = text.split("--confirm ").nth(1).context("it names the plan")?;
        let id = id.get(..12).context("twelve digits")?;
        let (code, text) = relay(world, &["apply", "--confirm", id])?;
        ensure!(code == Some(0), "{code:?}: {text}");
        sees(world, &account, seen).await?;

        // Two at once: one waits for the other.
        let both = std::thread::scope(|threads| {
            let apply = || threads.spawn(|| relay(world, &["apply"]));
            [apply(), apply()].map(|one| one.join())
        });
        for one in both {
            let (code, text) = one.map_err(|_| anyhow::anyhow!("a thread panicked"))??;
            ensure!(code == Some(0) && text.contains("nothing to change"), "{code:?}: {text}");
        }
        Ok(())
    });
}

#[test]
fn flags_of_a_reconcile_go_with_the_organization_only() {
    run(|world| async move {
        for (name, input) in [
            ("dry", json!({"accounts": [OWNER], "dryRun": true})),
            ("drift", json!({"accounts": [OWNER], "drift": true})),
            ("confirm", json!({"organization": true, "confirm": "yes"})),
            ("words", json!({"organization": true, "dryRun": "true"})),
        ] {
            let execution = world.start_sharing(&format!("flags-{name}"), &input).await?;
            let ended = world.end_of(&execution).await?;
            ensure!(ended.status == ExecutionStatus::Failed, "{input}: {}", ended.output);
        }
        Ok(())
    });
}

/// A folder of rules, as in Git.
fn folder(rules: &[(&str, String)]) -> Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    for (name, text) in rules {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().context("a folder")?)?;
        std::fs::write(path, text)?;
    }
    Ok(folder)
}

#[test]
fn a_rule_is_changed_in_git_planned_applied_drifts_and_is_back_in_line() {
    run(|world| async move {
        let _alone = RULES.lock().await;
        deaf(world).await?;
        let owner = "323232323232";
        world.join_by_invitation(owner).await?;
        world.stack.deploy_owner(owner).await?;
        world.documents(owner, &[REGION], &["Git-0", "Git-1", "Git-2"]).await?;
        let account = world.create_account("git").await?.account;
        world.settled(&account).await?;
        let seen = world.visible(&account, REGION).await?.len();
        let rule =
            |documents: &str| rule(documents, &format!("\"{account}\"")).replace(OWNER, owner);
        world.stack.put_rule("git", &rule("Git-0")).await?;
        let mut outcomes = world.subscribe("git").await?;
        let (code, text) = relay(world, &["apply"])?;
        ensure!(code == Some(0), "{code:?}: {text}");
        sees(world, &account, seen + 1).await?;

        // Changed in Git: planned before it is deployed, for the pull request.
        let git = folder(&[
            ("sharing/git.yaml", rule("Git-*")),
            (
                "remediation/restart.yaml",
                "alarm: {names: [\"git-*\"]}\nresource: {dimension: InstanceId}\nladder: [{runbook: Relay-RebootInstance, parameters: {InstanceId: [\"{resource}\"]}}]\n"
                    .to_owned(),
            ),
        ])?;
        let path = git.path().to_str().context("a path")?;
        let file = git.path().join("plan.json");
        let out = file.to_str().context("a path")?;
        let (code, text) = relay(world, &["plan", path, "--format", "markdown"])?;
        ensure!(code == Some(2), "{code:?}: {text}");
        ensure!(text.contains("! /runbook-relay/sharing/git"), "{text}");
        ensure!(text.contains("+ /runbook-relay/remediation/restart"), "{text}");
        ensure!(
            text.contains(&format!("+ share Git-2 of {owner} with 1 account in 1 Region")),
            "{text}"
        );
        let (code, text) = relay(world, &["plan", path, "--out", out])?;
        ensure!(
            code == Some(2) && text.contains(&format!("relay apply {out}")),
            "{code:?}: {text}"
        );
        sees(world, &account, seen + 1).await?;

        // Things that moved since are named, and nothing is changed: a document of the plan, then a rule of it.
        let ssm = world.ssm(owner, REGION).await;
        ssm.delete_document().name("Git-2").send().await?;
        let (code, text) = relay(world, &["apply", out])?;
        ensure!(code == Some(1), "{code:?}: {text}");
        ensure!(
            text.contains("! leave Git-2 of") && text.contains("not current any more"),
            "{text}"
        );
        sees(world, &account, seen + 1).await?;
        world.documents(owner, &[REGION], &["Git-2"]).await?;
        world.stack.put_rule("git", &(rule("Git-0") + "# by hand\n")).await?;
        let (code, text) = relay(world, &["apply", out])?;
        ensure!(
            code == Some(1) && text.contains("sharing/git has another text"),
            "{code:?}: {text}"
        );
        world.stack.put_rule("git", &rule("Git-0")).await?;
        let (code, text) = relay(world, &["apply", out, "--stack", "no-such-stack"])?;
        ensure!(code == Some(1), "{code:?}: {text}");

        // Applied by one command: exactly what was planned, though another rule wants more by now.
        world.stack.put_rule("other", &rule("Git-1").replace(&account, HUB)).await?;
        let (code, text) = relay(world, &["apply", out])?;
        ensure!(code == Some(0) && text.contains("succeeded"), "{code:?}: {text}");
        sees(world, &account, seen + 3).await?;
        let told = outcomes.wait_for("the outcome of the plan", |o| {
            o.json()["shares"].as_array().is_some_and(|all| all.iter().any(|s| s["added"] == 2))
        });
        told.await?;
        let (code, text) = relay(world, &["plan"])?;
        ensure!(code == Some(2) && text.contains("+ share Git-1 of"), "{code:?}: {text}");
        let (code, text) = relay(world, &["apply", path])?;
        ensure!(code == Some(0), "{code:?}: {text}");
        let (code, text) = relay(world, &["apply", out])?;
        ensure!(
            code == Some(0) && text.contains("nothing to change"),
            "a plan that is done: {code:?}: {text}"
        );

        // Drifted by hand, found, and mended by a reconcile.
        let modify = ssm.modify_document_permission().name("Git-1");
        let modify = modify.permission_type(aws_sdk_ssm::types::DocumentPermissionType::Share);
        modify.account_ids_to_remove(account.as_str()).send().await?;
        let (code, text) = relay(world, &["plan"])?;
        ensure!(code == Some(2) && text.contains("(1 taken back by hand)"), "{code:?}: {text}");
        let mended = reconcile(world, "mended", json!({})).await?;
        ensure!(mended.output["outcome"] == "succeeded", "{}", mended.output);
        sees(world, &account, seen + 3).await
    });
}

#[test]
fn the_schedule_starts_a_reconcile_that_mends_what_drifted() {
    run(|world| async move {
        let _alone = RULES.lock().await;
        deaf(world).await?;
        let owner = "353535353535";
        world.join_by_invitation(owner).await?;
        world.stack.deploy_owner(owner).await?;
        world.documents(owner, &[REGION], &["Due-0"]).await?;
        let account = world.create_account("due").await?.account;
        world.settled(&account).await?;
        let seen = world.visible(&account, REGION).await?.len();
        let wanted = rule("Due-0", &format!("\"{account}\"")).replace(OWNER, owner);
        world.stack.put_rule("due", &wanted).await?;
        let mut outcomes = world.subscribe("due").await?;
        world.local.relay("POST", "clock", &json!({"advance": "PT5H"})).await?;
        world.local.relay("POST", "clock", &json!({"advance": "PT1H"})).await?;
        sees(world, &account, seen + 1).await?;
        let told = outcomes
            .wait_for("the outcome of the scheduled reconcile", |o| {
                o.json()["trigger"]["kind"] == "reconcile" && o.json()["drift"]["added"] == 1
            })
            .await?;
        ensure!(told.json()["drift"]["missing"] == 1, "{}", told.json());
        let (_, text) = relay(world, &["status"])?;
        ensure!(text.contains("1 missing (0 taken back by hand), 0 too many"), "{text}");
        Ok(())
    });
}
