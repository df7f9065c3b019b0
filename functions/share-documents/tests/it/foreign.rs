//! Shares that somebody else made, and plans that somebody else made later.

use aws_double::Fault;
use serde_json::json;
use sharing::plan::{Removals, SharePlan};
use sharing::{ShareCounts, SharedVersion};

use crate::world::{World, accounts, settled};

const DOCUMENT: &str = "Org-Runbook-000";

/// The same plan after the rule has ceased to mean these accounts.
fn nobody_any_more(plan: &SharePlan) -> SharePlan {
    let mut plan = plan.clone();
    plan.rules[0].accounts.clear();
    plan
}

#[tokio::test(start_paused = true)]
async fn a_share_that_was_there_before_is_never_removed() {
    let world = World::new(1);
    let accounts = accounts(2);
    let (ours, theirs) = (&accounts[0], &accounts[1]);
    world.share(DOCUMENT, std::slice::from_ref(theirs));
    let plan = settled(&accounts);
    world.put_plan(&plan);
    let answer = world.run("move").await.unwrap();
    let expected = ShareCounts { documents: 1, added: 1, present: 1, ..Default::default() };
    assert_eq!(answer.counts, expected);
    assert_eq!(world.aws.count("DescribeDocumentPermission"), 1);
    assert_eq!(world.holder(DOCUMENT, ours).as_deref(), Some("ours"));
    assert_eq!(world.holder(DOCUMENT, theirs).as_deref(), Some("foreign"));

    world.put_plan(&nobody_any_more(&plan));
    let answer = world.run("move-back").await.unwrap();
    assert_eq!(answer.counts.removed, 1);
    assert_eq!(&world.shared_with(DOCUMENT)[..], std::slice::from_ref(theirs));
    assert_eq!(world.ledger_size(), 0, "what is not wanted and not ours is forgotten");
}

#[tokio::test(start_paused = true)]
async fn a_foreign_share_that_its_maker_removed_is_made_and_is_ours_then() {
    let world = World::new(1);
    let accounts = accounts(1);
    world.remember_as(DOCUMENT, &accounts[0], "$DEFAULT", &json!({"holder": {"S": "foreign"}}));
    world.put_plan(&settled(&accounts));
    assert_eq!(world.run("move").await.unwrap().counts.added, 1);
    assert_eq!(world.shared_with(DOCUMENT), accounts);
    assert_eq!(world.holder(DOCUMENT, &accounts[0]).as_deref(), Some("ours"));
}

#[tokio::test(start_paused = true)]
async fn a_foreign_share_of_another_version_is_left_and_named() {
    let world = World::new(1);
    let accounts = accounts(1);
    world.share(DOCUMENT, &accounts);
    let mut plan = settled(&accounts);
    plan.rules[0].document_version = SharedVersion::Latest;
    world.put_plan(&plan);
    let answer = world.run("move").await.unwrap();
    assert_eq!(answer.counts, ShareCounts { documents: 1, failed: 1, ..Default::default() });
    assert_eq!(world.aws.count("ModifyDocumentPermission"), 0);
    let problem = &world.details("move")["problems"][0];
    assert_eq!(problem["code"], "ForeignShare");
    assert!(problem["what"].as_str().unwrap().contains(&accounts[0]), "{problem}");
}

#[tokio::test(start_paused = true)]
async fn what_is_recorded_as_ours_is_not_read_again() {
    let world = World::new(3);
    let accounts = accounts(2);
    world.put_plan(&settled(&accounts));
    world.run("move").await.unwrap();
    assert_eq!(world.aws.count("DescribeDocumentPermission"), 3);
    world.aws.forget_calls();
    world.run("again").await.unwrap();
    assert_eq!(world.aws.count("DescribeDocumentPermission"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_share_made_right_before_a_kill_is_still_ours() {
    let world = World::new(1);
    let accounts = accounts(1);
    let plan = settled(&accounts);
    world.put_plan(&plan);
    // The intention is written; the share is made; the ledger does not answer any more.
    world.aws.on("BatchWriteItem").after(1).fails(Fault::Denied);
    world.run("move").await.unwrap_err();
    assert_eq!(world.shared_with(DOCUMENT), accounts);
    assert_eq!(world.holder(DOCUMENT, &accounts[0]).as_deref(), Some("intended"));
    world.aws.heal();

    assert_eq!(
        world.run("move").await.unwrap().counts.added,
        1,
        "it is counted once, and not lost"
    );
    assert_eq!(world.holder(DOCUMENT, &accounts[0]).as_deref(), Some("ours"));
    world.put_plan(&nobody_any_more(&plan));
    world.run("move-back").await.unwrap();
    assert_eq!(world.shared_with(DOCUMENT), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_intention_that_ssm_refused_is_withdrawn() {
    let world = World::new(1);
    let accounts = accounts(2);
    world.ssm(|ssm| ssm.share_quota = 1);
    world.put_plan(&settled(&accounts));
    let answer = world.run("move").await.unwrap();
    assert_eq!((answer.counts.added, answer.counts.failed), (1, 1));
    assert_eq!(world.ledger_size(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_intention_is_withdrawn_where_the_role_may_not_share() {
    let world = World::new(1);
    world.put_plan(&settled(&accounts(2)));
    world.aws.on("ModifyDocumentPermission").fails(Fault::Denied);
    assert_eq!(world.run("move").await.unwrap().counts.failed, 2);
    assert_eq!(world.ledger_size(), 0, "a share that somebody makes by hand now is not ours");
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_aws_raised_is_used_where_permissions_are_read() {
    let world = World::new(1);
    let accounts = accounts(1030);
    world.ssm(|ssm| ssm.share_quota = 2000);
    world.share(DOCUMENT, &accounts[..990]);
    world.put_plan(&settled(&accounts));
    let answer = world.finish("backfill").await;
    assert_eq!((answer.counts.present, answer.counts.added, answer.counts.failed), (990, 40, 0));
}

#[tokio::test(start_paused = true)]
async fn a_document_that_is_gone_leaves_no_intention_behind() {
    let world = World::new(1);
    let accounts = accounts(1);
    world.remember_as(DOCUMENT, &accounts[0], "$DEFAULT", &json!({"holder": {"S": "intended"}}));
    let gone = Fault::Error("InvalidDocument", "The document does not exist.");
    world.aws.on("DescribeDocumentPermission").fails(gone);
    world.put_plan(&nobody_any_more(&settled(&accounts)));
    assert_eq!(world.run("move").await.unwrap().counts, documents(1));
    assert_eq!(world.ledger_size(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_fresh_account_is_one_for_a_quarter_of_an_hour() {
    let world = World::new(1);
    let accounts = accounts(1);
    let mut plan = crate::world::plan(&accounts);
    plan.seen_at = "2026-06-30T23:44:59Z".parse().unwrap();
    world.put_plan(&plan);
    world.share(DOCUMENT, &accounts);
    world.run("join").await.unwrap();
    assert_eq!(world.holder(DOCUMENT, &accounts[0]).as_deref(), Some("foreign"));
}

#[tokio::test(start_paused = true)]
async fn an_older_plan_makes_nothing_again_that_a_later_one_removed() {
    let world = World::new(1);
    let accounts = accounts(1);
    world.aws.state().table.put(&json!({
        "pk": {"S": format!("place#{}", accounts[0])}, "sk": {"S": "place"},
        "at": {"N": "1782864060000"}, "active": {"BOOL": true},
    }));
    world.put_plan(&settled(&accounts));
    assert_eq!(world.run("backfill").await.unwrap().counts, documents(1));
    assert_eq!(world.shared_with(DOCUMENT), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_join_shares_nothing_with_an_account_that_has_left_meanwhile() {
    for (active, shared) in [(false, vec![]), (true, accounts(1))] {
        let world = World::new(1);
        let accounts = accounts(1);
        world.aws.state().table.put(&json!({
            "pk": {"S": format!("place#{}", accounts[0])}, "sk": {"S": "place"},
            "at": {"N": "1782864060000"}, "active": {"BOOL": active},
        }));
        let plan = SharePlan { removals: Removals::Nobody, ..settled(&accounts) };
        world.put_plan(&plan);
        world.run("join").await.unwrap();
        assert_eq!(world.shared_with(DOCUMENT), shared);
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_plan_for_the_organization_does_not_keep_the_shares_of_who_left() {
    let world = World::new(1);
    let accounts = accounts(1);
    world.share(DOCUMENT, &accounts);
    world.remember(DOCUMENT, &accounts[0], "$DEFAULT");
    world.aws.state().table.put(&json!({
        "pk": {"S": "place#organization"}, "sk": {"S": "place"}, "at": {"N": "1782864060000"},
    }));
    let mut plan = nobody_any_more(&settled(&accounts));
    plan.places.clear();
    world.put_plan(&plan);
    assert_eq!(world.run("departure").await.unwrap().counts.removed, 1);
}

#[tokio::test(start_paused = true)]
async fn who_was_just_planned_for_and_is_not_in_the_list_yet_keeps_its_shares() {
    let world = World::new(1);
    let accounts = accounts(1);
    world.share(DOCUMENT, &accounts);
    world.remember(DOCUMENT, &accounts[0], "$DEFAULT");
    world.aws.state().table.put(&json!({
        "pk": {"S": format!("place#{}", accounts[0])}, "sk": {"S": "place"},
        "at": {"N": "1782863990000"}, "active": {"BOOL": true},
    }));
    let mut plan = nobody_any_more(&settled(&accounts));
    (plan.organization, plan.accounts, plan.places) = (true, vec![], vec![]);
    world.put_plan(&plan);
    assert_eq!(world.run("backfill").await.unwrap().counts.removed, 0);
    assert_eq!(world.shared_with(DOCUMENT), accounts);
}

#[tokio::test(start_paused = true)]
async fn an_older_plan_removes_nothing_that_a_later_one_recorded() {
    let world = World::new(1);
    let accounts = accounts(1);
    world.share(DOCUMENT, &accounts);
    let later = json!({"seenAt": {"N": "1782864060000"}}); // a minute after the plan
    world.remember_as(DOCUMENT, &accounts[0], "$DEFAULT", &later);
    world.put_plan(&nobody_any_more(&settled(&accounts)));
    assert_eq!(world.run("move").await.unwrap().counts, documents(1));
    assert_eq!(world.shared_with(DOCUMENT), accounts);
}

#[tokio::test(start_paused = true)]
async fn an_older_plan_removes_nothing_from_whom_a_later_one_was_made_for() {
    for key in [format!("place#{}", accounts(1)[0]), "place#organization".to_owned()] {
        let world = World::new(2);
        let accounts = accounts(1);
        for document in crate::world::names(2) {
            world.share(&document, &accounts);
            world.remember(&document, &accounts[0], "$DEFAULT");
        }
        world.aws.state().table.put(&json!({
            "pk": {"S": key}, "sk": {"S": "place"}, "at": {"N": "1782864060000"},
        }));
        world.put_plan(&nobody_any_more(&settled(&accounts)));
        assert_eq!(world.run("move").await.unwrap().counts, documents(2));
        assert_eq!(world.shared_with(DOCUMENT), accounts, "{key}");
        assert!(world.aws.count("GetItem") <= 2, "once for the account, not for each document");
    }
}

fn documents(documents: u64) -> ShareCounts {
    ShareCounts { documents, ..ShareCounts::default() }
}

#[tokio::test(start_paused = true)]
async fn shares_of_others_that_are_wanted_become_the_suites_and_nothing_else_is_done() {
    let world = World::new(1);
    let accounts = accounts(3);
    // The first is wanted and there, the second wanted and not there, the third there and not wanted.
    world.share(DOCUMENT, &[accounts[0].clone(), accounts[2].clone()]);
    let mut plan = settled(&accounts[..2]);
    (plan.drift, plan.adopts) = (true, true);
    world.put_plan(&plan);
    let answer = world.run("adopt").await.unwrap();
    assert_eq!(world.aws.count("ModifyDocumentPermission"), 0);
    assert_eq!((answer.counts.added, answer.counts.present), (0, 1));
    let holders: Vec<Option<String>> =
        accounts.iter().map(|account| world.holder(DOCUMENT, account)).collect();
    assert_eq!(holders, [Some("ours".to_owned()), None, None]);

    // From now on it follows the rules.
    plan.adopts = false;
    world.put_plan(&nobody_any_more(&plan));
    assert_eq!(world.run("gone").await.unwrap().counts.removed, 1);
    assert_eq!(&world.shared_with(DOCUMENT)[..], std::slice::from_ref(&accounts[2]));
}

#[tokio::test(start_paused = true)]
async fn shares_of_a_document_that_another_installation_claims_as_well_are_not_taken_over() {
    let world = World::new(1);
    let accounts = accounts(1);
    world.share(DOCUMENT, &accounts);
    world.claims(&[("runbook-relay", "*"), ("relay-trial", "*")]);
    let mut plan = settled(&accounts);
    (plan.drift, plan.adopts) = (true, true);
    world.put_plan(&plan);
    world.run("adopt").await.unwrap();
    assert_eq!(world.holder(DOCUMENT, &accounts[0]), None);
}
