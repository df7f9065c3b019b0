//! Two installations on a document of one owner, each with a ledger of its own: the claims that are recorded in the
//! owner's account decide, and there is never a tug of war.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use relay_core::id::{AccountId, CLAIMS_PATH, InstallationId};

use super::calls_tests::{OWNER, Shares, apply, id, record};
use super::*;
use crate::{Claims, SharedVersion};

/// As many accounts as there are, the owner not among them.
const ACCOUNTS: u16 = 6;

type Accounts = BTreeSet<AccountId>;

/// Two installations and what SSM has.
#[derive(Debug, Default)]
struct Rivals {
    permissions: Shares,
    ledgers: [Recorded; 2],
    wanted: [Accounts; 2],
}

impl Rivals {
    /// The document, which somebody else shares with these accounts.
    fn new(foreign: &Accounts) -> Self {
        let version = SharedVersion::default();
        let permissions = foreign.iter().map(|id| (*id, version)).collect();
        Self { permissions, ..Self::default() }
    }

    /// One of them reconciles; answers how many calls that were.
    fn reconcile(&mut self, turn: usize, claimants: &[usize]) -> usize {
        let accounts: BTreeMap<AccountId, SharedVersion> =
            self.wanted[turn].iter().map(|id| (*id, SharedVersion::default())).collect();
        let wanted = Wanted { accounts, rules: vec!["r".to_owned()], ..Wanted::default() };
        let wanted = wanted.under(claims(turn, claimants).of(&"Org-Patch".parse().unwrap()));
        let ledger = &mut self.ledgers[turn];
        let present = Present { ledger, permissions: Some(&self.permissions) };
        let calls = plan_calls(id(OWNER), &wanted, present, &territory(), DEFAULT_QUOTA);
        apply(&mut self.permissions, &calls.calls);
        record(ledger, &calls, &wanted);
        calls.calls.len()
    }

    fn shared(&self) -> Accounts {
        self.permissions.keys().copied().collect()
    }
}

/// The documents that one of them reads in the owner's account.
fn claims(reader: usize, claimants: &[usize]) -> Claims {
    let name = |installation: usize| format!("relay-{installation}");
    let own: InstallationId = name(reader).parse().unwrap();
    let parameters: Vec<String> =
        claimants.iter().map(|one| format!("{CLAIMS_PATH}/{}", name(*one))).collect();
    Claims::read(&own, parameters.iter().map(|parameter| (parameter.as_str(), "Org-*")))
}

fn territory() -> Territory {
    let members: Accounts = (0..ACCOUNTS).map(id).collect();
    Territory {
        removals: Removals::Everybody,
        everyone: true,
        accounts: members.clone(),
        members: members.clone(),
        active: members,
        uncertain: BTreeSet::new(),
        fresh: BTreeSet::new(),
    }
}

fn accounts() -> impl Strategy<Value = Accounts> {
    prop::collection::btree_set((0..ACCOUNTS).prop_map(id), 0..=ACCOUNTS as usize)
}

/// Whose turn it is, and what its rules want by then.
fn history() -> impl Strategy<Value = Vec<(usize, Accounts)>> {
    prop::collection::vec((0_usize..2, accounts()), 0..12)
}

proptest! {
    #[test]
    fn whoever_alone_claims_a_document_brings_it_into_line_and_the_other_makes_no_call(
        foreign in accounts(), history in history(), last in accounts()
    ) {
        let mut rivals = Rivals::new(&foreign);
        for (turn, wanted) in history.into_iter().chain([(0, last.clone())]) {
            rivals.wanted[turn] = wanted;
            let calls = rivals.reconcile(turn, &[0]);
            prop_assert!(turn == 0 || calls == 0, "the other one changed something");
        }
        prop_assert_eq!(rivals.shared(), &last | &foreign);
    }

    #[test]
    fn what_both_claim_or_nobody_does_is_shared_by_both_and_never_taken_back(
        foreign in accounts(), history in history(), both: bool
    ) {
        let claimants: &[usize] = if both { &[0, 1] } else { &[] };
        let mut rivals = Rivals::new(&foreign);
        for (turn, wanted) in history {
            rivals.wanted[turn] = wanted;
            let before = rivals.shared();
            rivals.reconcile(turn, claimants);
            prop_assert!(before.is_subset(&rivals.shared()), "something was taken back");
        }
        rivals.reconcile(0, claimants);
        rivals.reconcile(1, claimants);
        prop_assert!(rivals.wanted.iter().all(|wanted| wanted.is_subset(&rivals.shared())));
        for turn in [0, 1, 0] {
            prop_assert_eq!(rivals.reconcile(turn, claimants), 0, "a tug of war");
        }
    }

    #[test]
    fn the_claim_that_is_left_decides_about_what_its_installation_made(
        foreign in accounts(), history in history()
    ) {
        let mut rivals = Rivals::new(&foreign);
        for (turn, wanted) in history {
            rivals.wanted[turn] = wanted;
            rivals.reconcile(turn, &[0, 1]);
        }
        let ours = |share: &RecordedShare| share.holder == Holder::Ours;
        let made: Accounts =
            rivals.ledgers[0].iter().filter(|(_, share)| ours(share)).map(|(id, _)| *id).collect();
        let before = rivals.shared();
        prop_assert_eq!(rivals.reconcile(1, &[0]), 0);
        rivals.reconcile(0, &[0]);
        let expected = &(&before - &made) | &rivals.wanted[0];
        prop_assert_eq!(rivals.shared(), expected, "what the other one made stays");
        for turn in [1, 0] {
            prop_assert_eq!(rivals.reconcile(turn, &[0]), 0);
        }
    }
}
