//! Whether an execution finds what the one before it has seen to: then it changes nothing,
//! publishes nothing and says so in the log.

use std::collections::BTreeMap;

use relay_core::execution::{Trigger, TriggerKind};
use relay_core::id::AccountId;
use relay_core::id::arn::Arn;
use sharing::plan::SharePlan;

use crate::ledger::Place;

/// Decides by what set the execution off.
///
/// `any_rules` tells whether policy has any text at all, valid or not. `last` holds, for a second
/// look after a join, what each account was last planned for.
#[must_use]
pub fn is_unchanged(
    trigger: &Trigger,
    plan: &SharePlan,
    any_rules: bool,
    last: &BTreeMap<AccountId, Place>,
) -> bool {
    match trigger.kind {
        // A join is answered even when there is nothing to share, and so is whoever asks, by hand or
        // by schedule. Whoever left loses what it has, with or without rules.
        TriggerKind::Join
        | TriggerKind::Manual
        | TriggerKind::Leave
        | TriggerKind::Alarm
        | TriggerKind::Schedule
        | TriggerKind::Association
        | TriggerKind::Onboarding => false,
        TriggerKind::Place | TriggerKind::Backfill => !any_rules,
        TriggerKind::Settle => {
            !any_rules
                || plan.accounts.iter().all(|account| is_settled(trigger, plan, *account, last))
        }
    }
}

/// Whether the join that this is the second look at was the last to plan for the account, and
/// nothing that its plan rested on has changed. Where somebody else planned in between, the two may
/// have worked in either order: that is looked into.
fn is_settled(
    trigger: &Trigger,
    plan: &SharePlan,
    account: AccountId,
    last: &BTreeMap<AccountId, Place>,
) -> bool {
    let join = trigger.arn.as_deref().and_then(|arn| arn.parse::<Arn>().ok());
    let join = join.as_ref().and_then(Arn::execution_name);
    let now = plan.places.iter().find(|place| place.account == account);
    now.zip(last.get(&account)).is_some_and(|(now, then)| {
        now.path == then.path
            && now.active == then.active
            && plan.rules_version == then.rules_version
            && join == Some(then.execution.as_str())
    })
}
