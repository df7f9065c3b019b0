//! Whether an execution has nothing to do, because an earlier one did it: then it changes and publishes
//! nothing, and logs that.

use std::collections::BTreeMap;

use relay_core::execution::{Trigger, TriggerKind};
use relay_core::id::AccountId;
use relay_core::id::arn::Arn;
use sharing::plan::SharePlan;
use store::PlannedPlace;

/// Decides by the execution's trigger.
///
/// `any_rules`: whether there is any rule at all, valid or not. `last`: for a recheck, what each account
/// was last planned for.
#[must_use]
pub fn is_unchanged(
    trigger: &Trigger,
    plan: &SharePlan,
    any_rules: bool,
    last: &BTreeMap<AccountId, PlannedPlace>,
) -> bool {
    match trigger.kind {
        // A join, a call by hand and a schedule are answered even when there is nothing to share. An
        // account that left loses its shares, with or without rules.
        TriggerKind::Join
        | TriggerKind::Manual
        | TriggerKind::Departure
        | TriggerKind::Alarm
        | TriggerKind::Schedule
        | TriggerKind::Association
        | TriggerKind::Onboarding => false,
        TriggerKind::Move
        | TriggerKind::Backfill
        | TriggerKind::Reconcile
        | TriggerKind::Change => !any_rules,
        TriggerKind::Recheck => {
            !any_rules
                || !plan.makes_copies()
                    && plan.accounts.iter().all(|account| is_settled(trigger, plan, *account, last))
        }
    }
}

/// Whether the join that this execution rechecks was the last to plan for the account, and nothing that its
/// plan rested on has changed. Where another execution planned in between, the two may have worked in either
/// order; where one planned before, it may have left its removals to the join, which removes nothing. So the
/// account is planned again.
fn is_settled(
    trigger: &Trigger,
    plan: &SharePlan,
    account: AccountId,
    last: &BTreeMap<AccountId, PlannedPlace>,
) -> bool {
    let join = trigger.arn.as_deref().and_then(|arn| arn.parse::<Arn>().ok());
    let join = join.as_ref().and_then(Arn::execution_name);
    let now = plan.places.iter().find(|place| place.account == account);
    now.zip(last.get(&account)).is_some_and(|(now, then)| {
        now.path.as_deref() == Some(&then.path)
            && now.active == then.active
            && then.first
            && plan.rules_version == then.rules_version
            && join == Some(then.execution.as_str())
    })
}
