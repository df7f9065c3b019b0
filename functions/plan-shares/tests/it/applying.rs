//! A plan that somebody has seen: made with rules that are not deployed yet, and applied exactly or not at all.

use plan_shares::{Error, conclude, handle};
use runtime::{ErrorName, FunctionError};
use serde_json::{Value, json};
use sharing::{Conclusion, PlanSharesOutput, Verdict};

use crate::world::{NEWCOMER, OWNER, World};

const RULE: &str = r#"
documents: {owner: "222233334444", names: ["Org-*"]}
regions: [us-east-1]
accounts: {in: [organization]}
"#;

fn execution(name: &str) -> Value {
    let arn = format!(
        "arn:aws:states:us-east-1:111122223333:execution:runbook-relay-share-runbooks:{name}"
    );
    json!({"arn": arn, "name": name, "startTime": "2026-03-01T12:00:00Z"})
}

async fn plan(world: &World, name: &str, more: Value) -> Result<PlanSharesOutput, Error> {
    let mut input = json!({"organization": true, "drift": true});
    if let Value::Object(more) = more {
        more.into_iter().for_each(|(key, value)| input[key] = value);
    }
    let whole = json!({"execution": execution(name), "input": input, "surveys": true});
    handle(&world.deps(), serde_json::from_value(whole).unwrap()).await
}

fn world() -> World {
    let world = World::new();
    world.member(NEWCOMER, "r-root");
    world.rule("everybody", RULE);
    world.rule("others", &RULE.replace("Org-*", "Ops-*"));
    world
}

fn rules(world: &World, name: &str) -> Vec<String> {
    world.plan(name).rules.iter().map(|rule| rule.name.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_takes_rules_as_they_would_be_and_the_others_as_they_are_deployed() {
    let world = world();
    let deployed = plan(&world, "deployed", json!({"dryRun": true})).await.unwrap();
    assert_eq!((deployed.proposed, deployed.applies), (0, None));
    let proposed = json!({
        "everybody": RULE.replace("us-east-1", "eu-west-1"), "others": null, "new": RULE,
    });
    let shown = plan(&world, "shown", json!({"dryRun": true, "rules": proposed})).await.unwrap();
    assert_eq!(shown.proposed, 3);
    assert_eq!(rules(&world, "shown"), ["everybody", "new"]);
    let regions: Vec<&str> = shown.survey.iter().map(|work| work.region.as_str()).collect();
    assert_eq!(regions, ["eu-west-1", "us-east-1"]);
    assert_ne!(shown.rules_version, deployed.rules_version);
    // The next plan rests on the deployed rules again.
    let after = plan(&world, "after", json!({})).await.unwrap();
    assert_eq!(after.rules_version, deployed.rules_version);
    assert_eq!(rules(&world, "after"), ["everybody", "others"]);
}

#[tokio::test(start_paused = true)]
async fn an_invalid_proposal_is_a_problem_at_its_parameter() {
    let world = world();
    let broken = json!({"dryRun": true, "rules": {"everybody": "regions: [us-east-1"}});
    plan(&world, "broken", broken).await.unwrap();
    let problems = world.plan("broken").problems;
    let syntax = problems.iter().find(|problem| problem.code.as_str() == "RuleSyntax").unwrap();
    let place = syntax.place.to_string();
    assert!(place.starts_with("/runbook-relay/sharing/everybody"), "{place}");
}

async fn concluded(world: &World, name: &str, more: Value, counts: Value) -> Conclusion {
    let planned = plan(world, name, more.clone()).await.unwrap();
    let mut survey = json!({"owner": OWNER, "region": "us-east-1"});
    survey.as_object_mut().unwrap().extend(counts.as_object().unwrap().clone());
    let conclude_input = json!({
        "plan": planned.plan, "surveys": [survey], "dryRun": more["dryRun"] == true,
    });
    let whole = json!({"execution": execution(name), "conclude": conclude_input});
    conclude(&world.deps(), serde_json::from_value(whole).unwrap()).await.unwrap()
}

/// A dry run that would share twice and take back once.
async fn seen(world: &World) {
    let counts =
        json!({"counts": {"documents": 3, "share": 2, "unshare": 1, "losing": 1, "holding": 9}});
    let shown = concluded(world, "seen", json!({"dryRun": true}), counts).await;
    assert_eq!(shown.verdict, Verdict::Shown);
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_applied_while_it_is_current_and_held_as_soon_as_a_pair_has_moved() {
    let world = world();
    seen(&world).await;
    let counts =
        |moved: u64| json!({"counts": {"documents": 3, "share": 2, "unshare": 1, "moved": moved}});
    let applied = concluded(&world, "applied", json!({"plan": "seen"}), counts(0)).await;
    assert_eq!((applied.verdict, applied.work.len()), (Verdict::Apply, 1));
    let only = world.plan("applied").only.unwrap();
    assert_eq!((only.execution.as_str(), only.parts.len()), ("seen", 1));

    let stale = concluded(&world, "stale", json!({"plan": "seen"}), counts(1)).await;
    assert_eq!((stale.verdict, stale.work.len()), (Verdict::Held, 0));
    let problems = world.plan("stale").problems;
    assert_eq!(problems[0].code.as_str(), "PlanOutdated");
    assert!(problems[0].what.starts_with("1 share is not as it was"), "{}", problems[0].what);
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_looked_at_again_holds_the_plan() {
    let world = world();
    seen(&world).await;
    let broken = json!({"error": {"Error": "Throttled", "Cause": ""}});
    let held = concluded(&world, "unseen", json!({"plan": "seen"}), broken).await;
    assert_eq!((held.verdict, held.totals.moved), (Verdict::Held, 3));
}

#[tokio::test(start_paused = true)]
async fn only_a_dry_run_that_is_still_kept_can_be_applied() {
    let world = world();
    let refused = plan(&world, "next", json!({"plan": "forgotten"})).await.unwrap_err();
    assert_eq!(refused.name(), ErrorName::InvalidInput);
    assert!(refused.to_string().contains("forgotten"), "{refused}");
    let counts = json!({"counts": {"documents": 3, "share": 1}});
    concluded(&world, "real", json!({}), counts).await;
    let refused = plan(&world, "next", json!({"plan": "real"})).await.unwrap_err();
    assert!(matches!(refused, Error::NoPlan { .. }), "{refused}");
}
