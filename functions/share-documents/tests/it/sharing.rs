//! The calls of one run, and how often.

use std::time::Duration;

use aws_double::Reply;
use serde_json::json;
use sharing::plan::Removals;
use sharing::{Ownership, ShareCounts, SharedVersion};

use crate::world::{OWNER, REGION, World, accounts, modifications, names, plan, rule};

fn added(documents: u64, added: u64) -> ShareCounts {
    ShareCounts { documents, added, ..ShareCounts::default() }
}

#[tokio::test(start_paused = true)]
async fn a_join_makes_one_call_per_document_and_reads_no_permissions() {
    let world = World::new(120);
    world.plan(&accounts(1));
    let answer = world.run("join").await.unwrap();
    assert!(answer.done);
    assert_eq!(answer.counts, added(120, 120));
    assert_eq!(world.aws.count("ModifyDocumentPermission"), 120);
    assert_eq!(world.aws.count("DescribeDocumentPermission"), 0);
    assert_eq!(world.aws.count("ListDocuments"), 3, "pages of fifty");
    assert_eq!(world.aws.count("BatchGetItem"), 3, "one read of the ledger a page");
    assert_eq!(world.aws.count("AssumeRole"), 1);
    assert_eq!(world.ledger_size(), 120);
    for name in names(120) {
        assert_eq!(world.shared_with(&name), accounts(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_run_of_the_same_plan_changes_nothing() {
    let world = World::new(60);
    world.plan(&accounts(2));
    world.run("join").await.unwrap();
    world.aws.forget_calls();
    let answer = world.run("move").await.unwrap();
    assert_eq!(answer.counts, ShareCounts { documents: 60, present: 120, ..Default::default() });
    assert_eq!(world.aws.count("ModifyDocumentPermission"), 0);
    assert_eq!(world.aws.count("BatchWriteItem"), 0);
    assert!(
        !world.aws.state().objects.contains_key(&format!("details/place/{OWNER}/{REGION}.json"))
    );
}

#[tokio::test(start_paused = true)]
async fn forty_five_accounts_are_three_calls_a_document_of_at_most_twenty() {
    let world = World::new(2);
    world.plan(&accounts(45));
    let answer = world.run("backfill").await.unwrap();
    assert_eq!(answer.counts, added(2, 90));
    let mut sizes: Vec<usize> =
        modifications(&world.aws).iter().map(|call| call.texts("AccountIdsToAdd").len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [5, 5, 20, 20, 20, 20]);
    assert_eq!(world.ledger_size(), 90);
}

#[tokio::test(start_paused = true)]
async fn many_accounts_are_looked_up_document_by_document_and_few_by_key() {
    let world = World::new(3);
    world.plan(&accounts(41));
    world.run("many").await.unwrap();
    assert_eq!((world.aws.count("Query"), world.aws.count("BatchGetItem")), (3, 0));
    world.aws.forget_calls();
    world.plan(&accounts(40));
    world.run("few").await.unwrap();
    // A key for the share and one for the copy.
    assert_eq!((world.aws.count("Query"), world.aws.count("BatchGetItem")), (0, 3));
}

#[tokio::test(start_paused = true)]
async fn calls_go_side_by_side_up_to_the_concurrency_and_never_beyond() {
    let world = World::new(200);
    world.plan(&accounts(1));
    world.aws.latency(Duration::from_millis(50));
    let begun = tokio::time::Instant::now();
    world.run("join").await.unwrap();
    let took = begun.elapsed();
    assert_eq!(world.aws.most_in_flight("ModifyDocumentPermission"), 10);
    // 200 calls, ten at a time, 50 ms each: one second at best. Pages are read ahead, so that all
    // the rest comes before the first call or after the last.
    assert!(took <= Duration::from_millis(1450), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn what_no_rule_wants_any_more_is_taken_back_and_foreign_shares_stay() {
    let world = World::new(2);
    let accounts = accounts(3);
    let (ours, foreign) = (&accounts[1], &accounts[2]);
    let mut plan = plan(&accounts);
    plan.rules[0].accounts.truncate(1);
    world.put_plan(&plan);
    for name in names(2) {
        world.share(&name, &[ours.clone(), foreign.clone()]);
        world.remember(&name, ours, "$DEFAULT");
    }
    let answer = world.run("move").await.unwrap();
    assert_eq!(
        answer.counts,
        ShareCounts { documents: 2, added: 2, removed: 2, ..Default::default() }
    );
    assert_eq!(world.shared_with("Org-Runbook-000"), [accounts[0].clone(), foreign.clone()]);
    assert_eq!(world.ledger_size(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_exclusive_rule_takes_back_what_others_shared_within_the_organization_only() {
    let world = World::new(1);
    let accounts = accounts(3);
    let (wanted, member, stranger) = (&accounts[0], &accounts[1], &accounts[2]);
    let mut plan = plan(&accounts);
    plan.rules[0].accounts.truncate(1);
    plan.rules[0].ownership = Ownership::Exclusive;
    plan.places.truncate(2);
    world.put_plan(&plan);
    world.share("Org-Runbook-000", &[member.clone(), stranger.clone()]);
    let answer = world.run("move").await.unwrap();
    assert_eq!((answer.counts.added, answer.counts.removed), (1, 1));
    assert_eq!(world.shared_with("Org-Runbook-000"), [wanted.clone(), stranger.clone()]);
    assert_eq!(world.aws.count("DescribeDocumentPermission"), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_taken_back_while_a_rule_is_invalid() {
    let world = World::new(1);
    let accounts = accounts(2);
    let mut plan = plan(&accounts);
    plan.rules[0].accounts.truncate(1);
    plan.removals = Removals::Nobody;
    world.put_plan(&plan);
    world.share("Org-Runbook-000", &accounts[1..]);
    world.remember("Org-Runbook-000", &accounts[1], "$DEFAULT");
    let answer = world.run("move").await.unwrap();
    assert_eq!(answer.counts.removed, 0);
    assert_eq!(world.shared_with("Org-Runbook-000"), accounts);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_left_loses_what_the_ledger_remembers_without_a_listing() {
    let world = World::new(60);
    let accounts = accounts(1);
    let mut plan = plan(&accounts);
    plan.rules.clear();
    plan.work[0].rules.clear();
    world.put_plan(&plan);
    for name in names(60) {
        world.share(&name, &accounts);
        world.remember(&name, &accounts[0], "$DEFAULT");
    }
    let answer = world.run("departure").await.unwrap();
    assert!(answer.done);
    assert_eq!(answer.counts, ShareCounts { removed: 60, ..Default::default() });
    assert_eq!(world.aws.count("ListDocuments"), 0);
    assert_eq!(world.aws.count("ModifyDocumentPermission"), 60);
    assert_eq!(world.ledger_size(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_the_index_still_shows_and_the_table_no_longer_has_is_not_acted_on() {
    let world = World::new(1);
    let accounts = accounts(1);
    let mut plan = plan(&accounts);
    plan.work[0].rules.clear();
    world.put_plan(&plan);
    let account = accounts[0].clone();
    let stale = json!({
        "account": { "S": account }, "sk2": { "S": format!("{OWNER}#{REGION}#Org-Runbook-000") },
    });
    let stale = json!({ "Items": [stale], "Count": 1 });
    world.aws.on("Query").answers(move |_| Reply::Data(stale.clone()));
    let answer = world.run("departure").await.unwrap();
    assert_eq!(answer.counts, ShareCounts::default());
    assert_eq!(world.aws.count("ModifyDocumentPermission"), 0);
}

#[tokio::test(start_paused = true)]
async fn another_version_of_what_is_shared_is_shared_again() {
    let world = World::new(1);
    let accounts = accounts(1);
    let mut plan = plan(&accounts);
    plan.rules[0].document_version = SharedVersion::Latest;
    world.put_plan(&plan);
    world.share("Org-Runbook-000", &accounts);
    world.remember("Org-Runbook-000", &accounts[0], "$DEFAULT");
    assert_eq!(world.run("move").await.unwrap().counts, added(1, 1));
    let calls = modifications(&world.aws);
    assert_eq!(calls[0].body["SharedDocumentVersion"], "$LATEST");
}

#[tokio::test(start_paused = true)]
async fn two_rules_of_different_versions_leave_the_pair_alone_and_say_so() {
    let world = World::new(1);
    let accounts = accounts(2);
    let mut plan = plan(&accounts);
    let mut other = rule("other", &accounts[..1]);
    other.document_version = SharedVersion::All;
    plan.rules.push(other);
    plan.work[0].rules.push(1);
    world.put_plan(&plan);
    world.share("Org-Runbook-000", &accounts[..1]);
    world.remember("Org-Runbook-000", &accounts[0], "$DEFAULT");
    let answer = world.run("move").await.unwrap();
    assert_eq!(world.shared_with("Org-Runbook-000"), accounts);
    assert_eq!(
        answer.counts,
        ShareCounts { documents: 1, added: 1, failed: 1, ..Default::default() }
    );
    let problem = &world.details("move")["problems"][0];
    assert_eq!(problem["code"], "VersionConflict");
    assert_eq!(problem["where"], format!("{OWNER}/{REGION}/Org-Runbook-000"));
}

#[tokio::test(start_paused = true)]
async fn neither_answer_nor_cursor_carries_a_document_name() {
    let mut world = World::new(300);
    world.plan(&accounts(1));
    world.aws.latency(Duration::from_millis(200));
    world.time_budget = Duration::from_secs(3);
    world.ssm(|ssm| ssm.share_quota = 0);
    let answer = world.run("join").await.unwrap();
    assert!(!answer.done);
    let text = serde_json::to_string(&answer).unwrap();
    assert!(!text.contains("Org-"), "{text}");
    assert!(text.len() < 2500, "{} bytes", text.len());
    assert!(answer.counts.failed > 0, "and yet failures are counted");
}

#[tokio::test(start_paused = true)]
async fn the_details_say_what_was_shared_with_whom() {
    let world = World::new(2);
    world.plan(&accounts(2));
    world.run("join").await.unwrap();
    let details = world.details("join");
    assert_eq!(details["documents"]["Org-Runbook-001"]["added"], 2);
    assert_eq!(details["documents"]["Org-Runbook-001"]["addedAccounts"], json!(accounts(2)));
    assert_eq!(details["problems"], json!([]));
}
