//! The measurements that an outcome adds to the suite's metrics, once it is published.

use metrics::{Measurement, Metric};
use relay_core::execution::TriggerKind;
use relay_core::flow::Flow;
use relay_core::problem::ProblemCode;

use crate::{Outcome, OutcomeStatus};

/// The measurements of a published outcome. A count of zero is left out: a metric without data is not paid for.
/// Suppressed triggers are not among them: they are counted when they are decided about, not minutes later.
#[must_use]
pub fn measurements(outcome: &Outcome) -> Vec<Measurement> {
    let mut counts = vec![(Metric::Problems, outcome.problems_total)];
    let kind = outcome.trigger.as_ref().map(|trigger| trigger.kind);
    if outcome.flow == Flow::Sharing {
        let sum = |of: fn(&crate::Shares) -> u64| outcome.shares.iter().map(of).sum::<u64>();
        let (added, removed) = (sum(|share| share.added), sum(|share| share.removed));
        let copies = sum(|share| share.copied + share.deleted);
        let joined = kind == Some(TriggerKind::Join) && has_joined(outcome);
        let looked_again = matches!(
            kind,
            Some(TriggerKind::Recheck | TriggerKind::Reconcile | TriggerKind::Schedule)
        );
        counts.extend([
            (Metric::Joins, if joined { outcome.accounts.len() as u64 } else { 0 }),
            (Metric::SharesAdded, added),
            (Metric::SharesRemoved, removed),
            (Metric::SharesFailed, sum(|share| share.failed)),
            (Metric::SharesDrifted, if looked_again { added + removed + copies } else { 0 }),
        ]);
    }
    let counted = counts.into_iter().filter(|(_, count)| *count > 0);
    let mut measurements: Vec<Measurement> =
        counted.map(|(metric, count)| Measurement::count(metric, count)).collect();
    let ended = outcome.outcome != OutcomeStatus::PendingApproval && !outcome.execution.is_empty();
    if outcome.flow == Flow::Remediation && ended {
        let result = outcome.outcome.as_str();
        measurements.push(Measurement::count(Metric::Remediations, 1).of(result));
    }
    measurements
}

/// A creation that failed and an invitation that was not accepted are published as joins that came to nothing.
fn has_joined(outcome: &Outcome) -> bool {
    outcome.problems.iter().all(|problem| {
        !matches!(
            problem.code,
            ProblemCode::AccountCreationFailed
                | ProblemCode::InvitationNotAccepted
                | ProblemCode::MembershipUnresolved
        )
    })
}

#[cfg(test)]
mod tests {
    use relay_core::execution::Trigger;
    use relay_core::problem::Problem;

    use super::*;
    use crate::Shares;

    fn outcome(flow: Flow, status: OutcomeStatus, kind: TriggerKind) -> Outcome {
        let at = "2026-01-02T03:04:05Z".parse().unwrap();
        Outcome {
            trigger: Some(Trigger::without_event(kind)),
            execution: "arn:aws:states:us-east-1:111122223333:execution:m:e".to_owned(),
            ..Outcome::new(uuid::Uuid::nil(), flow, status, at)
        }
    }

    fn shares(added: u64, removed: u64, failed: u64) -> Vec<Shares> {
        let region = "us-east-1".parse().unwrap();
        let owner = "111122223333".parse().unwrap();
        let (copied, deleted) = (0, 0);
        vec![Shares { owner, region, documents: 9, added, removed, copied, deleted, failed }; 2]
    }

    #[test]
    fn joins_that_one_outcome_is_about_are_counted_with_their_shares_of_all_owners_and_regions() {
        let join = outcome(Flow::Sharing, OutcomeStatus::Partial, TriggerKind::Join);
        let accounts = ["444455556666", "555566667777"].map(|id| id.parse().unwrap());
        let join = Outcome { shares: shares(3, 0, 1), accounts: accounts.into(), ..join };
        assert_eq!(
            measurements(&join),
            [
                Measurement::count(Metric::Joins, 2),
                Measurement::count(Metric::SharesAdded, 6),
                Measurement::count(Metric::SharesFailed, 2),
            ]
        );
    }

    #[test]
    fn a_creation_that_failed_is_a_problem_and_no_join() {
        let failed = outcome(Flow::Sharing, OutcomeStatus::Failed, TriggerKind::Join);
        let problem = Problem::new(ProblemCode::AccountCreationFailed, "car-1", "EMAIL_EXISTS");
        let failed = failed.with_problems(vec![problem]);
        assert_eq!(measurements(&failed), [Measurement::count(Metric::Problems, 1)]);
    }

    #[test]
    fn what_a_recheck_has_to_change_has_drifted_and_what_a_move_changes_has_not() {
        for (kind, drifted) in [(TriggerKind::Recheck, true), (TriggerKind::Move, false)] {
            let changed = outcome(Flow::Sharing, OutcomeStatus::Succeeded, kind);
            let changed = Outcome { shares: shares(1, 2, 0), ..changed };
            let expected = Measurement::count(Metric::SharesDrifted, 6);
            assert_eq!(measurements(&changed).contains(&expected), drifted, "{kind:?}");
        }
    }

    #[test]
    fn a_remediation_is_counted_by_its_result_when_it_ends() {
        let status = OutcomeStatus::Succeeded;
        let ended = outcome(Flow::Remediation, status, TriggerKind::Alarm);
        let counted = [Measurement::count(Metric::Remediations, 1).of("succeeded")];
        assert_eq!(measurements(&ended), counted);
        let waits = outcome(Flow::Remediation, OutcomeStatus::PendingApproval, TriggerKind::Alarm);
        assert_eq!(measurements(&waits), []);
        let suppressed = Outcome { execution: String::new(), ..ended };
        assert_eq!(measurements(&suppressed), []);
        let by_hand = outcome(Flow::Run, OutcomeStatus::Failed, TriggerKind::Manual);
        assert_eq!(measurements(&by_hand), []);
    }
}
