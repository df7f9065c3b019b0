//! The events of a history.

use proptest::prelude::*;

pub(crate) const OWNERS: [&str; 2] = ["222233334444", "333344445555"];
/// Accounts that come and go; the next number is one that is never a member.
pub(crate) const ACCOUNTS: usize = 5;
pub(crate) const RULES: usize = 3;
/// The OUs, each with its parent; the last one is renamed now and then.
pub(crate) const UNITS: [(&str, &str); 3] = [
    ("ou-root-workload", "r-root"),
    ("ou-root-workprod", "ou-root-workload"),
    ("ou-root-sandbox0", "r-root"),
];

/// The accounts that a rule selects.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whom {
    Everybody,
    Unit(usize, bool),
    Account(usize),
}

/// A rule: its owner, the names of documents, the accounts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) owner: usize,
    pub(crate) names: &'static str,
    pub(crate) whom: Whom,
}

/// One event of a history. Numbers beyond what there is begin anew.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Join(usize),
    Move(usize, usize),
    Leave(usize),
    Rename,
    Make(usize),
    Delete(usize, usize),
    Put(usize, Rule),
    Drop(usize),
    Break(usize),
    Share(usize, usize, usize),
    Unshare(usize, usize, usize),
    /// A call fails some times: the share, its answer, or the ledger.
    Fail(usize, usize),
    /// An event so far is delivered, whether it was before or not. Its execution may be stopped.
    Deliver(usize, Option<u16>),
    /// The same, but the execution only plans.
    Plan(usize),
    /// An execution that has planned goes on.
    Finish(usize, Option<u16>),
}

fn rule() -> impl Strategy<Value = Rule> {
    let whom = prop_oneof![
        2 => Just(Whom::Everybody),
        3 => (0..UNITS.len(), any::<bool>()).prop_map(|(unit, children)| Whom::Unit(unit, children)),
        1 => (0..ACCOUNTS).prop_map(Whom::Account),
    ];
    let names = prop_oneof![Just("Org-*"), Just("Org-1*"), Just("Org-2")];
    (0..OWNERS.len(), names, whom).prop_map(|(owner, names, whom)| Rule { owner, names, whom })
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let stop = || proptest::option::weighted(0.4, 0_u16..600);
    let pair = || (0..OWNERS.len(), 0_usize..4, 0..=ACCOUNTS);
    prop_oneof![
        2 => (0..ACCOUNTS).prop_map(Step::Join),
        2 => (0..ACCOUNTS, 0..=UNITS.len()).prop_map(|(account, unit)| Step::Move(account, unit)),
        1 => (0..ACCOUNTS).prop_map(Step::Leave),
        1 => Just(Step::Rename),
        3 => (0..OWNERS.len()).prop_map(Step::Make),
        1 => (0..OWNERS.len(), 0_usize..4).prop_map(|(owner, document)| Step::Delete(owner, document)),
        3 => (0..RULES, rule()).prop_map(|(number, rule)| Step::Put(number, rule)),
        1 => (0..RULES).prop_map(Step::Drop),
        1 => (0..RULES).prop_map(Step::Break),
        2 => pair().prop_map(|(owner, document, account)| Step::Share(owner, document, account)),
        2 => pair().prop_map(|(owner, document, account)| Step::Unshare(owner, document, account)),
        1 => (0_usize..3, 1_usize..4).prop_map(|(call, times)| Step::Fail(call, times)),
        8 => (any::<prop::sample::Index>(), stop()).prop_map(|(event, stop)| Step::Deliver(event.index(64), stop)),
        2 => any::<prop::sample::Index>().prop_map(|event| Step::Plan(event.index(64))),
        2 => (0_usize..4, stop()).prop_map(|(plan, stop)| Step::Finish(plan, stop)),
    ]
}
