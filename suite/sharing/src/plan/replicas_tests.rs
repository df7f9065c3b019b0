//! Tests of the planner of replicas, of what rules with a home Region want, and of their effect.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::id::{AccountId, InstallationId, REPLICA_TAG, Region};
use relay_core::rules::Glob;

use super::*;
use crate::{Claim, Document, DocumentSelector, ListedDocument, Ownership, SharedVersion};

const HOME: &str = "us-east-1";
const HERE: &str = "eu-west-1";

fn region(name: &str) -> Region {
    name.parse().unwrap()
}

fn owner() -> AccountId {
    "222233334444".parse().unwrap()
}

fn member() -> AccountId {
    "444455556666".parse().unwrap()
}

fn tag(home: &Region) -> String {
    InstallationId::default().replica_tag(home)
}

fn document(tags: &[(&str, &str)]) -> Document {
    let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let (name, kind) = ("Org-Patch".parse().unwrap(), "Automation".to_owned());
    Document { name, kind, tags: tags.collect() }
}

/// The document as it is here and at home.
fn listed(here: Option<Document>, home: Option<Document>) -> ListedDocument {
    ListedDocument {
        name: "Org-Patch".parse().unwrap(),
        here,
        homes: home.into_iter().map(|document| (region(HOME), document)).collect(),
        unread: BTreeSet::new(),
    }
}

fn rule(name: &str, home: Option<&str>) -> PlannedRule {
    PlannedRule {
        name: name.to_owned(),
        owner: owner(),
        regions: vec![region(HERE)],
        home_region: home.map(region),
        documents: DocumentSelector { names: vec![Glob::new("Org-*")], ..Default::default() },
        document_version: SharedVersion::Default,
        distribution: Default::default(),
        ownership: Ownership::Ledger,
        accounts: vec![member()],
        certain: true,
        onboarding: Vec::new(),
    }
}

fn plan(rules: Vec<PlannedRule>) -> SharePlan {
    let place = |account: AccountId| AccountPlace {
        account,
        path: Some("r-abcd".to_owned()),
        active: true,
        unsettled: false,
        fresh: false,
    };
    SharePlan {
        rules_version: "sha256:0".to_owned(),
        seen_at: "2026-07-01T00:00:00Z".parse().unwrap(),
        valid_rules: rules.len() as u64,
        organization: true,
        accounts: vec![owner(), member()],
        places: vec![place(owner()), place(member())],
        work: vec![PlannedWork {
            owner: owner(),
            region: region(HERE),
            rules: (0..rules.len()).collect(),
            only: None,
        }],
        rules,
        removals: Removals::Everybody,
        selectors_read: true,
        drift: false,
        surveyed: false,
        only: None,
        adopts: false,
        touched: false,
        problems: Vec::new(),
    }
}

fn recorded(holder: Holder, source: &str) -> RecordedReplica {
    let copy =
        RecordedCopy { holder, source: source.to_owned(), hash: format!("hash of {source}") };
    RecordedReplica { home: region(HOME), copy }
}

fn call(
    plan: &SharePlan,
    wanted: &Wanted,
    standing: Standing,
    recorded: Option<&RecordedReplica>,
) -> ReplicaCall {
    let view = plan.view(owner(), &region(HERE));
    let present = PresentReplica { standing, recorded, source: Some("now"), hash: None };
    view.replica(wanted, present)
}

/// The wish of the rules, and the work that follows where the ledger has this replica.
fn decided(
    rules: Vec<PlannedRule>,
    listed: &ListedDocument,
    recorded: Option<&RecordedReplica>,
) -> (Wanted, ReplicaCall) {
    let plan = plan(rules);
    let standing = listed.standing(recorded, tag);
    let wanted = plan.view(owner(), &region(HERE)).wanted_of(listed, standing);
    let call = call(&plan, &wanted, standing, recorded);
    (wanted, call)
}

fn replica() -> Document {
    document(&[(REPLICA_TAG, "runbook-relay/us-east-1")])
}

#[test]
fn a_document_that_is_only_at_home_is_made_and_shared_by_all_rules_that_name_it() {
    let listed = listed(None, Some(document(&[])));
    let rules = vec![rule("home", Some(HOME)), rule("plain", None)];
    let (wanted, call) = decided(rules, &listed, None);
    assert_eq!(call, ReplicaCall::Make { again: false });
    assert_eq!(wanted.rules, ["home", "plain"]);
    assert_eq!(wanted.accounts.keys().collect::<Vec<_>>(), [&member()]);
    let (wanted, call) = decided(vec![rule("plain", None)], &listed, None);
    assert_eq!((call, wanted), (ReplicaCall::Nothing, Wanted::default()));
}

#[test]
fn a_rule_by_tags_means_the_tags_at_home() {
    let mut tagged = rule("tagged", Some(HOME));
    tagged.documents.tags = BTreeMap::from([("team".to_owned(), Glob::new("web"))]);
    let home = document(&[("team", "web")]);
    let (_, made) = decided(vec![tagged.clone()], &listed(None, Some(home.clone())), None);
    assert_eq!(made, ReplicaCall::Make { again: false });
    let known = recorded(Holder::Ours, "now");
    let both = listed(Some(replica()), Some(home));
    let (wanted, kept) = decided(vec![tagged.clone()], &both, Some(&known));
    assert_eq!((kept, wanted.is_selected()), (ReplicaCall::Keep, true));
    let other = listed(Some(replica()), Some(document(&[])));
    let (wanted, deleted) = decided(vec![tagged], &other, Some(&known));
    assert_eq!((deleted, wanted.is_selected()), (ReplicaCall::Delete, false));
}

#[test]
fn a_replica_follows_its_document_and_a_second_plan_keeps_it() {
    let both = listed(Some(replica()), Some(document(&[])));
    let decide = |recorded: &RecordedReplica| {
        decided(vec![rule("home", Some(HOME))], &both, Some(recorded)).1
    };
    assert_eq!(decide(&recorded(Holder::Ours, "before")), ReplicaCall::Renew);
    assert_eq!(decide(&recorded(Holder::Ours, "now")), ReplicaCall::Keep);
    // Its making was interrupted.
    assert_eq!(decide(&recorded(Holder::Intended, "now")), ReplicaCall::Renew);
    let gone = listed(None, Some(document(&[])));
    let known = recorded(Holder::Ours, "now");
    let (_, call) = decided(vec![rule("home", Some(HOME))], &gone, Some(&known));
    assert_eq!(call, ReplicaCall::Make { again: true });
}

#[test]
fn a_replica_that_was_changed_by_hand_gets_its_content_again() {
    let plan = plan(vec![rule("home", Some(HOME))]);
    let view = plan.view(owner(), &region(HERE));
    let both = listed(Some(replica()), Some(document(&[])));
    let wanted = view.wanted_of(&both, Standing::Replica);
    let known = recorded(Holder::Ours, "now");
    let look = |hash| {
        let (standing, recorded) = (Standing::Replica, Some(&known));
        view.replica(&wanted, PresentReplica { standing, recorded, source: Some("now"), hash })
    };
    assert_eq!(look(Some("hash of now")), ReplicaCall::Keep);
    assert_eq!(look(Some("hash of something else")), ReplicaCall::Renew);
}

#[test]
fn the_owners_own_document_is_used_as_it_is_whatever_ledger_or_tag_alone_say() {
    let known = recorded(Holder::Ours, "now");
    let home = Some(document(&[]));
    for (here, recorded, expected) in [
        (document(&[]), None, ReplicaCall::Nothing),
        (replica(), None, ReplicaCall::Nothing),
        (document(&[]), Some(&known), ReplicaCall::Forget),
        (document(&[(REPLICA_TAG, "other/us-east-1")]), Some(&known), ReplicaCall::Forget),
    ] {
        let listed = listed(Some(here), home.clone());
        let (wanted, call) = decided(vec![rule("home", Some(HOME))], &listed, recorded);
        assert_eq!(call, expected);
        assert_eq!(wanted.accounts.len(), 1, "it is shared");
    }
}

#[test]
fn a_replica_whose_document_is_gone_loses_its_shares_and_is_deleted() {
    let known = recorded(Holder::Ours, "now");
    let alone = listed(Some(replica()), None);
    let (wanted, call) = decided(vec![rule("home", Some(HOME))], &alone, Some(&known));
    assert_eq!((call, wanted), (ReplicaCall::Delete, Wanted::default()));
    let (_, call) = decided(Vec::new(), &alone, Some(&known));
    assert_eq!(call, ReplicaCall::Delete, "no rule is left");
    // A rule without a home Region shares it like any other document.
    let rules = vec![rule("home", Some(HOME)), rule("plain", None)];
    let (wanted, call) = decided(rules, &alone, Some(&known));
    assert_eq!((call, &wanted.rules[..]), (ReplicaCall::Keep, &["plain".to_owned()][..]));
}

#[test]
fn no_replica_is_deleted_where_it_is_not_known_that_no_rule_wants_it() {
    let known = recorded(Holder::Ours, "now");
    let alone = listed(Some(replica()), None);
    let certain = plan(vec![rule("home", Some(HOME))]);
    let none = Wanted::default();
    assert_eq!(call(&certain, &none, Standing::Replica, Some(&known)), ReplicaCall::Delete);
    for removals in [Removals::Departed, Removals::Nobody] {
        let plan = SharePlan { removals, ..certain.clone() };
        let call = call(&plan, &none, Standing::Replica, Some(&known));
        assert_eq!(call, ReplicaCall::Leave(LeftBecause::Doubt), "{removals:?}");
    }
    let few = SharePlan { organization: false, ..certain };
    let left = call(&few, &none, Standing::Replica, Some(&known));
    assert_eq!(left, ReplicaCall::Leave(LeftBecause::Doubt));
    let theirs = none.under(Claim::Unknown);
    let left = call(&plan(Vec::new()), &theirs, Standing::Replica, Some(&known));
    assert_eq!(left, ReplicaCall::Leave(LeftBecause::Claim));
    // The home Region could not be listed: members keep what they have.
    let unread = ListedDocument { unread: BTreeSet::from([region(HOME)]), ..alone };
    let (wanted, left) = decided(vec![rule("home", Some(HOME))], &unread, Some(&known));
    assert_eq!(left, ReplicaCall::Leave(LeftBecause::Doubt));
    assert!(wanted.doubtful && wanted.is_selected());
}

#[test]
fn rules_that_want_different_replicas_get_none() {
    let both =
        BTreeMap::from([(region(HOME), document(&[])), (region("us-west-2"), document(&[]))]);
    let listed = ListedDocument { homes: both, ..listed(None, None) };
    let rules = vec![rule("east", Some(HOME)), rule("west", Some("us-west-2"))];
    let (wanted, call) = decided(rules, &listed, None);
    assert_eq!(call, ReplicaCall::Leave(LeftBecause::Conflict));
    assert!(wanted.everybody().is_empty());
    let problem = wanted.problem(owner(), &region(HERE), &listed.name).unwrap();
    assert!(problem.what.contains("the rules east, west want replicas"), "{}", problem.what);
}

#[test]
fn the_effect_names_the_replica_and_the_guard_counts_one_that_would_be_deleted() {
    let plan = plan(vec![rule("home", Some(HOME))]);
    let view = plan.view(owner(), &region(HERE));
    let effect = |wanted: &Wanted, recorded: Option<&RecordedReplica>, call| {
        let nothing = DocumentEffect::nothing("Org-Patch".parse().unwrap());
        let mut effect = (nothing, EffectCounts::default());
        view.add_replica(&mut effect, wanted, recorded, call);
        effect
    };
    let wanted = view.wanted_of(&listed(None, Some(document(&[]))), Standing::Absent);
    let (made, counts) = effect(&wanted, None, ReplicaCall::Make { again: false });
    let home = region(HOME);
    assert_eq!(made.replica, Some(ReplicaEffect { home, change: ReplicaChange::Make }));
    assert_eq!((counts.copy, counts.losing, counts.has_changes()), (1, 0, true));
    let known = recorded(Holder::Ours, "now");
    let (gone, counts) = effect(&Wanted::default(), Some(&known), ReplicaCall::Delete);
    assert_eq!(gone.replica.map(|replica| replica.change), Some(ReplicaChange::Delete));
    assert_eq!((counts.delete, counts.losing, counts.holding), (1, 1, 1));
    assert_ne!(counts.fingerprint, 0);
}

#[test]
fn a_plan_that_is_applied_makes_its_own_replicas_only_and_finds_those_that_have_moved() {
    let plan = plan(vec![rule("home", Some(HOME))]);
    let view = plan.view(owner(), &region(HERE));
    let absent = listed(None, Some(document(&[])));
    let mut wanted = view.wanted_of(&absent, Standing::Absent);
    wanted.only = Some(OnlyPairs::default());
    assert_eq!(call(&plan, &wanted, Standing::Absent, None), ReplicaCall::Nothing);
    let change = ReplicaChange::Make;
    let shown = DocumentEffect {
        replica: Some(ReplicaEffect { home: region(HOME), change }),
        ..DocumentEffect::nothing(absent.name.clone())
    };
    wanted.only = Some(OnlyPairs::from(&shown));
    let made = call(&plan, &wanted, Standing::Absent, None);
    assert_eq!(made, ReplicaCall::Make { again: false });
    // No rule wants it any more.
    let wanted = Wanted { only: wanted.only, ..Wanted::default() };
    let mut effect = (DocumentEffect::nothing(absent.name), EffectCounts::default());
    view.add_replica(&mut effect, &wanted, None, ReplicaCall::Nothing);
    assert_eq!((effect.1.moved, effect.0.moved), (1, vec![owner()]));
}
