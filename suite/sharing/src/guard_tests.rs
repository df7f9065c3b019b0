//! The guard against mass removal, and the id by which a plan is confirmed.

use relay_core::execution::ErrorOutput;

use crate::plan::{EffectCounts, EffectPart, effect_id};
use crate::{MassRemovalGuard, Verdict};

const GUARD: MassRemovalGuard = MassRemovalGuard { percent: 20, pairs: 20 };

fn counts(losing: u64, holding: u64) -> EffectCounts {
    EffectCounts { unshare: losing, losing, holding, fingerprint: losing, ..Default::default() }
}

fn part(owner: &str, counts: EffectCounts) -> EffectPart {
    let (owner, region) = (owner.parse().unwrap(), "us-east-1".parse().unwrap());
    EffectPart { owner, region, counts, error: None, object: None }
}

#[test]
fn a_plan_is_held_beyond_a_part_and_a_number_of_the_shares_of_members() {
    for (losing, holding, held) in [
        (20, 20, false), // not more than 20
        (21, 21, true),
        (21, 105, false), // 20 % exactly
        (21, 104, true),
        (1_000, 10_000, false),
        (2_001, 10_000, true),
        (0, 0, false),
        (u64::MAX, u64::MAX, true),
    ] {
        assert_eq!(GUARD.holds(counts(losing, holding)), held, "{losing} of {holding}");
    }
    let never = MassRemovalGuard { percent: 100, pairs: 0 };
    assert!(!never.holds(counts(50, 50)), "100 % switches it off");
    let confirmed = EffectCounts { unshare: 500, ..counts(0, 500) };
    assert!(!GUARD.holds(confirmed), "who has left does not count");
}

#[test]
fn the_guard_counts_the_whole_organization_and_a_confirmation_is_for_these_pairs_only() {
    let parts = [part("111122223333", counts(15, 20)), part("222233334444", counts(15, 20))];
    let decide =
        |parts: &[EffectPart], confirm: Option<&str>| GUARD.decide(parts, 0, false, confirm);
    assert_eq!(decide(&parts[..1], None), Verdict::Apply);
    assert_eq!(decide(&parts, None), Verdict::Held);
    let id = effect_id(&parts);
    assert_eq!(decide(&parts, Some(&id)), Verdict::Apply);
    assert_eq!(decide(&parts, Some("another")), Verdict::Held);
    let mut others = parts.clone();
    others[1].counts.fingerprint += 1;
    assert_ne!(effect_id(&others), id);
    assert_eq!(decide(&others, Some(&id)), Verdict::Held, "as many, but others");
    assert_eq!(GUARD.decide(&parts, 0, true, Some(&id)), Verdict::Shown);

    let [first, second] = parts;
    assert_eq!(effect_id(&[second, first]), id, "in whatever order");
}

#[test]
fn a_plan_without_work_is_nothing_and_one_that_could_not_look_is_tried() {
    let fine = EffectCounts { documents: 3, present: 9, holding: 9, ..Default::default() };
    let kept = EffectCounts { left: 2, foreign: 4, disputed: 1, ..fine };
    let nothing = [part("111122223333", fine), part("222233334444", kept)];
    assert_eq!(GUARD.decide(&nothing, 0, false, None), Verdict::Nothing);
    for counts in [
        EffectCounts { share: 1, ..fine },
        EffectCounts { unshare: 1, ..fine },
        EffectCounts { recorded: 1, ..fine },
        EffectCounts { failed: 1, ..fine },
    ] {
        assert_eq!(GUARD.decide(&[part("111122223333", counts)], 0, false, None), Verdict::Apply);
    }
    let mut failed = part("111122223333", EffectCounts::default());
    failed.error = Some(ErrorOutput { error: "Throttled".into(), cause: None });
    assert_eq!(GUARD.decide(&[failed], 0, false, None), Verdict::Apply);
    let problem = GUARD.problem("0a1b2c", counts(30, 60));
    assert_eq!(
        problem.what,
        "plan 0a1b2c would take back 30 of the 60 shares that members of the organization have: more than 20 % and more than 20"
    );
    assert!(problem.hint.contains("relay apply --confirm 0a1b2c"), "{}", problem.hint);
}
