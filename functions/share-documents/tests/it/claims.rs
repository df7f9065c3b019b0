//! Several installations on one owner's documents: the recorded claim decides.

use aws_double::Fault;
use serde_json::json;
use sharing::plan::SharePlan;
use sharing::{Ownership, ShareCounts, SharedVersion};

use crate::world::{OWNER, World, accounts, settled};

const DOCUMENT: &str = "Org-Runbook-000";

/// Both of them have the document, by this installation; the rules no longer mean the second.
fn world() -> (World, Vec<String>, SharePlan) {
    let world = World::new(1);
    let accounts = accounts(2);
    world.share(DOCUMENT, &accounts);
    for account in &accounts {
        world.remember(DOCUMENT, account, "$DEFAULT");
    }
    let mut plan = settled(&accounts);
    plan.rules[0].accounts.pop();
    world.put_plan(&plan);
    (world, accounts, plan)
}

fn counts(added: u64, removed: u64, present: u64, disputed: u64) -> ShareCounts {
    ShareCounts { documents: 1, added, removed, present, disputed, ..Default::default() }
}

#[tokio::test(start_paused = true)]
async fn a_document_that_is_ours_alone_is_taken_back() {
    let (world, accounts, _) = world();
    world.claims(&[("runbook-relay", "Org-*,Ops-*"), ("relay-trial", "Trial-*")]);
    assert_eq!(world.run("run").await.unwrap().counts, counts(0, 1, 1, 0));
    assert_eq!(world.shared_with(DOCUMENT), accounts[..1]);
}

#[tokio::test(start_paused = true)]
async fn what_another_installation_claims_as_well_is_shared_and_never_taken_back() {
    let (world, mut accounts, mut plan) = world();
    world.claims(&[("runbook-relay", "*"), ("relay-trial", "Org-*")]);
    let third = "600000000000".to_owned();
    plan.rules[0].accounts.push(third.parse().unwrap());
    plan.rules[0].ownership = Ownership::Exclusive;
    world.put_plan(&plan);
    assert_eq!(world.run("run").await.unwrap().counts, counts(1, 0, 1, 1));
    accounts.push(third);
    assert_eq!(world.shared_with(DOCUMENT), accounts);
    let problems = &world.details("run")["problems"];
    assert_eq!(problems[0]["code"], "DocumentsClaimedTwice");
    assert_eq!(problems[0]["where"], OWNER);
    assert!(problems[0]["what"].as_str().unwrap().contains("relay-trial"), "{problems}");
    assert!(problems[0]["what"].as_str().unwrap().contains(DOCUMENT), "{problems}");
}

#[tokio::test(start_paused = true)]
async fn the_version_of_a_document_that_two_claim_is_left() {
    let (world, _, mut plan) = world();
    world.claims(&[("runbook-relay", "*"), ("relay-trial", "*")]);
    plan.rules[0].document_version = SharedVersion::Latest;
    world.put_plan(&plan);
    assert_eq!(world.run("run").await.unwrap().counts, counts(0, 0, 1, 1));
    assert_eq!(world.aws.count("ModifyDocumentPermission"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_only_another_installation_claims_is_neither_shared_nor_taken_back() {
    let (world, accounts, mut plan) = world();
    world.claims(&[("runbook-relay", "Ops-*"), ("relay-trial", "*")]);
    plan.rules[0].accounts.push("600000000000".parse().unwrap());
    world.put_plan(&plan);
    assert_eq!(world.run("run").await.unwrap().counts, counts(0, 0, 0, 1));
    assert_eq!(world.shared_with(DOCUMENT), accounts);
    assert_eq!(world.details("run")["problems"][0]["code"], "DocumentsClaimedElsewhere");
}

#[tokio::test(start_paused = true)]
async fn an_account_that_has_left_the_organization_loses_what_two_claim() {
    let (world, accounts, mut plan) = world();
    world.claims(&[("runbook-relay", "*"), ("relay-trial", "*")]);
    plan.places.pop();
    world.put_plan(&plan);
    assert_eq!(world.run("departure").await.unwrap().counts, counts(0, 1, 1, 1));
    assert_eq!(world.shared_with(DOCUMENT), accounts[..1]);
}

/// An owner's stack of the version before lets nobody read claims, and makes none.
#[tokio::test(start_paused = true)]
async fn without_a_claim_that_can_be_read_nothing_is_taken_back() {
    let (denied, before, _) = world();
    denied.aws.on("GetParametersByPath").fails(Fault::Denied);
    let (none, ..) = world();
    none.claims(&[]);
    for (world, reason) in [(denied, "AccessDenied"), (none, "by no installation")] {
        assert_eq!(world.run("run").await.unwrap().counts, counts(0, 0, 1, 1));
        assert_eq!(world.shared_with(DOCUMENT), before);
        let problem = &world.details("run")["problems"][0];
        assert_eq!(problem["code"], "DocumentsUnclaimed");
        assert!(problem["what"].as_str().unwrap().contains(reason), "{problem}");
        assert!(problem["hint"].as_str().unwrap().contains("stacks/owner-account.yaml"));
        // New ones are shared with.
        let mut plan = settled(&accounts(3));
        plan.rules[0].accounts.remove(1);
        world.put_plan(&plan);
        assert_eq!(world.run("next").await.unwrap().counts, counts(1, 0, 1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn claims_are_read_once_in_the_hubs_region_however_many_documents_there_are() {
    let world = World::new(120);
    world.put_plan(&settled(&accounts(1)));
    world.aws.on("GetParametersByPath").after(0).times(2).fails(Fault::Throttled);
    world.finish("run").await;
    let calls = world.aws.calls("GetParametersByPath");
    assert_eq!(calls.len(), 3, "two were throttled");
    for call in calls {
        assert_eq!((call.account.as_str(), call.region.as_str()), (OWNER, aws_double::REGION));
        assert_eq!(call.body["Path"], "/runbook-relay/claims");
    }
}

#[tokio::test(start_paused = true)]
async fn a_document_that_is_nothing_to_this_installation_is_no_problem() {
    let (world, ..) = world();
    world.claims(&[("runbook-relay", "Org-*"), ("relay-trial", "Trial-*")]);
    world.ssm(|ssm| {
        ssm.documents.insert("Trial-Backup".to_owned(), aws_double::Document::default())
    });
    assert_eq!(world.run("run").await.unwrap().counts.disputed, 0);
    let details = world.details("run");
    assert_eq!(details["problems"], json!([]), "{details}");
}
