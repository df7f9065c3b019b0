//! A plan for the whole organization: looked at first, by one execution at a time, and held where members would
//! lose much.

use aws_double::{Execution, SHARE_RUNBOOKS};
use plan_shares::{Error, conclude, handle};
use runtime::{ErrorName, FunctionError};
use serde_json::{Value, json};
use sharing::{Conclusion, PlanSharesInput, PlanSharesOutput, Verdict};

use crate::world::{NEWCOMER, OWNER, World};

const RULE: &str = r#"
documents: {owner: "222233334444", names: ["Org-*"]}
regions: [us-east-1, eu-west-1]
accounts: {in: [organization]}
"#;

fn arn(name: &str) -> String {
    format!("{}:{name}", SHARE_RUNBOOKS.replace(":stateMachine:", ":execution:"))
}

fn execution(name: &str) -> Value {
    json!({"arn": arn(name), "name": name, "startTime": "2026-03-01T12:00:00Z"})
}

fn input(name: &str, surveys: bool, more: Value) -> PlanSharesInput {
    let mut input = json!({"organization": true, "trigger": {"kind": "reconcile"}});
    if let Value::Object(more) = more {
        more.into_iter().for_each(|(key, value)| input[key] = value);
    }
    let whole = json!({"execution": execution(name), "input": input, "surveys": surveys});
    serde_json::from_value(whole).unwrap()
}

async fn plan(world: &World, name: &str, more: Value) -> Result<PlanSharesOutput, Error> {
    handle(&world.deps(), input(name, true, more)).await
}

fn world() -> World {
    let world = World::new();
    world.member(NEWCOMER, "r-root");
    world.rule("everybody", RULE);
    world
}

fn runs(world: &World, name: &str, status: &'static str) {
    world.state().states.add(Execution {
        machine: SHARE_RUNBOOKS.to_owned(),
        name: name.to_owned(),
        status,
        input: "{}".to_owned(),
        started: "2026-03-01T12:00:00Z".parse().unwrap(),
        stopped: None,
        error: None,
        requests: Vec::new(),
    });
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_can_look_looks_first_and_one_of_the_version_before_works_at_once() {
    let world = world();
    let planned = plan(&world, "new", json!({})).await.unwrap();
    assert_eq!((planned.survey.len(), planned.work.len()), (2, 0));
    assert!(world.plan("new").surveyed && !world.plan("new").drift);
    let planned = handle(&world.deps(), input("old", false, json!({}))).await.unwrap();
    assert_eq!((planned.survey.len(), planned.work.len()), (0, 2));
    for more in [json!({"dryRun": true}), json!({"confirm": "0123456789ab"})] {
        let refused = handle(&world.deps(), input("old", false, more)).await.unwrap_err();
        assert_eq!(refused.name(), ErrorName::InvalidInput);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_leaves_no_trace_in_the_table() {
    let world = world();
    let planned = plan(&world, "dry", json!({"dryRun": true, "drift": true})).await.unwrap();
    assert_eq!(planned.survey.len(), 2);
    assert!(world.plan("dry").drift);
    assert_eq!(world.calls("PutItem"), 0);
}

#[tokio::test(start_paused = true)]
async fn one_execution_reconciles_at_a_time_and_the_next_finishes_what_an_interrupted_one_left() {
    let world = world();
    let drift = || json!({"drift": true});
    assert_eq!(plan(&world, "first", drift()).await.unwrap().busy, None);
    runs(&world, "first", "RUNNING");
    assert_eq!(plan(&world, "first", drift()).await.unwrap().busy, None, "it plans once more");
    let second = plan(&world, "second", drift()).await.unwrap();
    assert_eq!((second.busy, second.unchanged), (Some(arn("first")), true));
    assert_eq!((second.survey.len(), second.work.len()), (0, 0));
    for ended in ["ABORTED", "SUCCEEDED"] {
        runs(&world, "first", ended);
        let next = plan(&world, ended, drift()).await.unwrap();
        assert_eq!((next.busy, next.survey.len()), (None, 2));
        runs(&world, ended, ended);
    }
    // Step Functions forgets executions after 90 days.
    assert_eq!(plan(&world, "last", drift()).await.unwrap().busy, None);
    assert_eq!(plan(&world, "next", drift()).await.unwrap().busy, None);
}

async fn concluded(world: &World, name: &str, losing: u64, more: Value) -> Conclusion {
    let planned = plan(world, name, json!({})).await.unwrap();
    let mut conclude_input = json!({
        "plan": planned.plan,
        "surveys": [
            {"owner": OWNER, "region": "eu-west-1", "counts": {"documents": 3, "present": 6, "holding": 6}},
            {"owner": OWNER, "region": "us-east-1", "counts": {
                "documents": 3, "unshare": losing, "losing": losing, "holding": 40, "fingerprint": losing,
            }},
        ],
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        conclude_input[key] = value.clone();
    }
    let whole = json!({"execution": execution(name), "conclude": conclude_input});
    conclude(&world.deps(), serde_json::from_value(whole).unwrap()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_plan_by_which_members_lose_much_is_held_until_exactly_that_is_confirmed() {
    let world = world();
    let held = concluded(&world, "held", 21, json!({})).await;
    assert_eq!((held.verdict, held.work.len(), held.untouched.len()), (Verdict::Held, 0, 0));
    let problems = world.plan("held").problems;
    assert_eq!(problems.len(), 1);
    assert!(problems[0].what.contains("21 of the 46"), "{}", problems[0].what);
    assert!(problems[0].what.contains(&held.id));

    let confirm = || json!({"confirm": held.id});
    let confirmed = concluded(&world, "confirmed", 21, confirm()).await;
    assert_eq!((confirmed.verdict, confirmed.work.len()), (Verdict::Apply, 1));
    assert_eq!(world.plan("confirmed").problems, []);
    let moved = concluded(&world, "moved", 22, confirm()).await;
    assert_eq!(moved.verdict, Verdict::Held);
    assert_ne!(moved.id, held.id);
}

#[tokio::test(start_paused = true)]
async fn the_effect_is_stored_and_only_places_with_something_to_do_are_worked_on() {
    let world = world();
    let applied = concluded(&world, "applied", 5, json!({})).await;
    assert_eq!(applied.verdict, Verdict::Apply);
    assert_eq!(applied.work.len(), 1);
    assert_eq!(applied.work[0].region.as_str(), "us-east-1");
    let untouched = &applied.untouched[0];
    assert_eq!(untouched.region.as_str(), "eu-west-1");
    assert_eq!(untouched.counts.unwrap().present, 6);
    assert_eq!(applied.effect.key, "plans/applied.effect.json");
    let effect = world.state().object("plans/applied.effect.json").unwrap();
    assert_eq!((&effect["verdict"], &effect["totals"]["unshare"]), (&json!("apply"), &json!(5)));
    let object = &effect["parts"][1]["object"]["key"];
    assert_eq!(*object, "details/applied/effect/222233334444/us-east-1.json");

    let nothing = concluded(&world, "nothing", 0, json!({})).await;
    assert_eq!((nothing.verdict, nothing.work.len()), (Verdict::Nothing, 0));
    assert_eq!(nothing.untouched.len(), 2);
    let shown = concluded(&world, "shown", 40, json!({"dryRun": true})).await;
    assert_eq!((shown.verdict, shown.work.len(), shown.untouched.len()), (Verdict::Shown, 0, 0));
}
