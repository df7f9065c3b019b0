//! Failures at one document, at one owner, or everywhere, and the work that goes on all the same.

use std::time::Duration;

use aws_double::Fault;
use runtime::FunctionError;
use serde_json::json;
use sharing::ShareCounts;

use crate::world::{OWNER, REGION, World, accounts};

const MODIFY: &str = "ModifyDocumentPermission";
const NOT_VALID: Fault = Fault::Error("InvalidParameterException", "account is not valid");

fn on_document(world: &World, name: &'static str, fault: Fault) {
    world
        .aws
        .on(MODIFY)
        .fails_where(move |call| (call.body["Name"] == name).then(|| fault.clone()));
}

fn code(world: &World, execution: &str) -> String {
    let details = world.details(execution);
    let problems = details["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_ne!(problems[0]["hint"], "");
    problems[0]["code"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn throttling_slows_down_and_everything_is_shared_once() {
    let world = World::new(100);
    world.plan(&accounts(1));
    world.aws.latency(Duration::from_millis(50));
    world.aws.on(MODIFY).times(60).fails(Fault::Throttled);
    let answer = world.run("join").await.unwrap();
    assert_eq!(answer.counts, ShareCounts { documents: 100, added: 100, ..Default::default() });
    assert_eq!(world.aws.count(MODIFY), 160);
    assert_eq!(world.ledger_size(), 100);
}

#[tokio::test(start_paused = true)]
async fn while_ssm_throttles_fewer_calls_are_in_flight() {
    let mut world = World::new(100);
    world.plan(&accounts(1));
    world.time_budget = Duration::from_secs(20);
    world.aws.latency(Duration::from_millis(50));
    world.aws.on(MODIFY).fails(Fault::Throttled);
    world.run("join").await.unwrap();
    let calls = world.aws.calls(MODIFY);
    let last = calls.last().unwrap().at;
    let late: Vec<_> = calls.iter().filter(|c| c.at + Duration::from_secs(5) > last).collect();
    let together =
        |at| late.iter().filter(|c| c.at <= at && at < c.at + Duration::from_millis(50)).count();
    let most = late.iter().map(|c| together(c.at)).max().unwrap();
    assert_eq!(most, 1, "one call at a time is left of ten");
}

#[tokio::test(start_paused = true)]
async fn throttling_without_end_comes_back_later_and_is_an_error_after_three_invocations() {
    let mut world = World::new(5);
    world.plan(&accounts(1));
    world.time_budget = Duration::from_secs(30);
    world.aws.on(MODIFY).fails(Fault::Throttled);
    let first = world.run("join").await.unwrap();
    assert!(!first.done);
    let second = world.invoke("join", first.cursor, Some(first.counts)).await.unwrap();
    assert!(!second.done);
    let third = world.invoke("join", second.cursor, Some(second.counts)).await.unwrap_err();
    assert_eq!(third.name().as_str(), "Throttled");
}

#[tokio::test(start_paused = true)]
async fn a_document_that_is_denied_stops_no_other() {
    let world = World::new(3);
    world.plan(&accounts(1));
    on_document(&world, "Org-Runbook-001", Fault::Denied);
    let answer = world.run("join").await.unwrap();
    assert!(answer.done);
    assert_eq!(
        answer.counts,
        ShareCounts { documents: 3, added: 2, failed: 1, ..Default::default() }
    );
    assert_eq!(code(&world, "join"), "AccessDenied");
    assert_eq!(
        world.details("join")["problems"][0]["where"],
        format!("{OWNER}/{REGION}/Org-Runbook-001")
    );
    assert_eq!(world.aws.count(MODIFY), 3, "what is denied is called once");
}

#[tokio::test(start_paused = true)]
async fn a_document_deleted_meanwhile_is_a_problem_of_its_own() {
    let world = World::new(3);
    world.plan(&accounts(1));
    on_document(&world, "Org-Runbook-002", Fault::Error("InvalidDocument", "does not exist"));
    let answer = world.run("join").await.unwrap();
    assert_eq!((answer.counts.added, answer.counts.failed), (2, 1));
    assert_eq!(code(&world, "join"), "DocumentGone");
}

#[tokio::test(start_paused = true)]
async fn what_the_ledger_remembers_of_a_deleted_document_is_forgotten() {
    let world = World::new(1);
    let accounts = accounts(1);
    let mut plan = crate::world::plan(&accounts);
    plan.work[0].rules.clear();
    world.put_plan(&plan);
    world.remember("Org-Deleted", &accounts[0], "$DEFAULT");
    let answer = world.run("departure").await.unwrap();
    assert_eq!(answer.counts, ShareCounts { removed: 1, ..Default::default() });
    assert_eq!(world.ledger_size(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_cannot_be_assumed_is_one_problem_with_a_hint() {
    let world = World::new(3);
    world.plan(&accounts(1));
    world.aws.state().without_roles.insert(OWNER.to_owned());
    let answer = world.run("join").await.unwrap();
    assert!(answer.done);
    assert_eq!(answer.counts, ShareCounts { failed: 1, ..Default::default() });
    assert_eq!(code(&world, "join"), "RoleNotAssumable");
    let problem = &world.details("join")["problems"][0];
    assert_eq!(problem["where"], format!("{OWNER}/{REGION}"));
    assert!(problem["hint"].as_str().unwrap().contains("stacks/owner-account.yaml"), "{problem}");
    assert_eq!(world.aws.count("ListDocuments"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_region_that_does_not_know_the_owner_or_does_not_answer_is_one_problem() {
    for fault in [
        Fault::Error(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        Fault::Unreachable,
    ] {
        let world = World::new(3);
        world.plan(&accounts(1));
        world.aws.on("ListDocuments").fails(fault);
        let answer = world.run("join").await.unwrap();
        assert!(answer.done);
        assert_eq!(code(&world, "join"), "RegionNotEnabled");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_or_a_5xx_is_tried_again() {
    let world = World::new(2);
    world.plan(&accounts(1));
    world.aws.on(MODIFY).once().fails(Fault::LostReply);
    world.aws.on("ListDocuments").times(2).fails(Fault::Unavailable);
    let answer = world.run("join").await.unwrap();
    assert_eq!((answer.counts.added, answer.counts.failed), (2, 0));
    assert_eq!(world.aws.count("ListDocuments"), 3);
    assert_eq!(world.aws.count(MODIFY), 3);
}

#[tokio::test(start_paused = true)]
async fn a_document_at_its_quota_takes_what_fits_and_names_the_rest() {
    let world = World::new(1);
    let wanted = accounts(10);
    world.plan(&wanted);
    // 995 foreign accounts, and two of the wanted are on it already.
    let foreign: Vec<String> =
        (0..995).map(|n| format!("{:012}", 900_000_000_000_u64 + n)).collect();
    world.share("Org-Runbook-000", &foreign);
    world.share("Org-Runbook-000", &wanted[..2]);
    let answer = world.run("join").await.unwrap();
    assert_eq!(
        answer.counts,
        ShareCounts { documents: 1, added: 3, present: 2, failed: 5, ..Default::default() }
    );
    assert_eq!(world.shared_with("Org-Runbook-000").len(), 1000);
    assert_eq!(code(&world, "join"), "DocumentPermissionLimit");
    let what = world.details("join")["problems"][0]["what"].as_str().unwrap().to_owned();
    assert!(
        what.starts_with("shared with 997 accounts, quota 1000: no room for 5 accounts"),
        "{what}"
    );
    assert_eq!(world.aws.count(MODIFY), 2);
    assert_eq!(world.aws.count("DescribeDocumentPermission"), 5, "pages of two hundred");
    assert_eq!(world.ledger_size(), 5, "who was there already is ours from now on");
}

#[tokio::test(start_paused = true)]
async fn a_full_document_costs_one_call_and_one_look() {
    let world = World::new(1);
    world.plan(&accounts(1));
    let foreign: Vec<String> =
        (0..1000).map(|n| format!("{:012}", 900_000_000_000_u64 + n)).collect();
    world.share("Org-Runbook-000", &foreign);
    let answer = world.run("join").await.unwrap();
    assert_eq!(answer.counts.failed, 1);
    assert_eq!(world.aws.count(MODIFY), 1);
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_aws_raised_is_felt_for_and_filled() {
    let world = World::new(1);
    world.ssm(|ssm| ssm.share_quota = 1007);
    world.plan(&accounts(10));
    let foreign: Vec<String> =
        (0..1004).map(|n| format!("{:012}", 900_000_000_000_u64 + n)).collect();
    world.share("Org-Runbook-000", &foreign);
    let answer = world.run("join").await.unwrap();
    assert_eq!((answer.counts.added, answer.counts.failed), (3, 7));
    assert_eq!(world.shared_with("Org-Runbook-000").len(), 1007);
}

#[tokio::test(start_paused = true)]
async fn removals_make_room_before_additions_need_it() {
    let world = World::new(1);
    let accounts = accounts(2);
    let mut plan = crate::world::plan(&accounts);
    plan.rules[0].accounts.truncate(1);
    world.put_plan(&plan);
    let foreign: Vec<String> =
        (0..999).map(|n| format!("{:012}", 900_000_000_000_u64 + n)).collect();
    world.share("Org-Runbook-000", &foreign);
    world.share("Org-Runbook-000", &accounts[1..]);
    world.remember("Org-Runbook-000", &accounts[1], "$DEFAULT");
    let answer = world.run("move").await.unwrap();
    assert_eq!((answer.counts.added, answer.counts.removed, answer.counts.failed), (1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn an_account_that_ssm_does_not_take_yet_is_waited_for() {
    let world = World::new(20);
    world.plan(&accounts(1));
    let begun = tokio::time::Instant::now();
    world
        .aws
        .on(MODIFY)
        .fails_where(move |call| (call.at < begun + Duration::from_secs(25)).then_some(NOT_VALID));
    let answer = world.run("join").await.unwrap();
    assert_eq!((answer.counts.added, answer.counts.failed), (20, 0));
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_never_taken_fails_alone() {
    let world = World::new(2);
    let wanted = accounts(20);
    let refused = wanted[7].clone();
    world.plan(&wanted);
    world.aws.on(MODIFY).fails_where(move |call| {
        call.texts("AccountIdsToAdd").contains(&refused).then_some(NOT_VALID)
    });
    let answer = world.run("backfill").await.unwrap();
    assert_eq!((answer.counts.added, answer.counts.failed), (38, 2));
    let details = world.details("backfill");
    assert_eq!(details["problems"][0]["code"], "AccountNotReady");
    assert!(details["problems"][0]["what"].as_str().unwrap().contains(&wanted[7]));
}

#[tokio::test(start_paused = true)]
async fn what_the_ledger_leaves_unprocessed_is_written_again() {
    let world = World::new(30);
    world.plan(&accounts(1));
    world.aws.state().table.leave_unprocessed = 20;
    world.run("join").await.unwrap();
    assert_eq!(world.ledger_size(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_cannot_be_written_ends_the_work_and_gives_the_lock_back() {
    let world = World::new(100);
    world.plan(&accounts(1));
    world.aws.latency(Duration::from_millis(50));
    world.aws.on("BatchWriteItem").fails(Fault::Denied);
    let error = world.run("join").await.unwrap_err();
    assert_eq!(error.name().as_str(), "LedgerUnavailable");
    assert!(world.aws.count(MODIFY) < 100, "nothing goes on without a ledger");
    assert!(world.aws.state().table.keys("lock#").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_is_gone_or_not_for_this_owner_has_its_own_error() {
    let world = World::new(1);
    assert_eq!(world.run("join").await.unwrap_err().name().as_str(), "PlanUnreadable");
    let mut plan = world.plan(&accounts(1));
    plan.work.clear();
    world.put_plan(&plan);
    assert_eq!(world.run("join").await.unwrap_err().name().as_str(), "InvalidInput");
    world.aws.state().put_object(crate::world::PLAN, &json!({ "no": "plan" }));
    assert_eq!(world.run("join").await.unwrap_err().name().as_str(), "PlanUnreadable");
    assert!(world.aws.state().table.keys("lock#").is_empty());
}
