//! An attempt that is killed between taking and releasing: the next one releases what it left over.

use super::order::{decide_by, fine, guarded, now, subject};
use crate::guard::testing::Memory;
use crate::guard::*;
use crate::tests::{least, rule, trigger};
use crate::{RemediationRule, Subject};

const INSTANCE: &str = "aws.cloudwatch/status-check-instance.json";

/// Takes until the take with this number, which is refused: whatever guardrail stands there objects.
/// The attempt dies before it releases anything.
fn die_at(refused: usize, case: &Case<'_>, facts: Facts) -> (GuardVerdict, Memory, bool) {
    let (mut memory, mut number) = (Memory::default(), 0);
    let (verdict, _) = decide_by(case, facts, |take| {
        number += 1;
        if number == refused + 1 { TakeAnswer::Full } else { memory.take(&case.taker(), take) }
    });
    (verdict, memory, number > refused)
}

#[track_caller]
fn nothing_is_left_over(rule: &RemediationRule, subject: &Subject) -> usize {
    let (alarm, control) = (trigger(INSTANCE), Control::default());
    let case = Case { rule, trigger: &alarm, control: &control, now: now() };
    let mut objections = 0;
    for refused in 0.. {
        let facts = Facts { subject: Some(Ok(subject.clone())), ..fine() };
        let (verdict, mut memory, met) = die_at(refused, &case, facts);
        if !met {
            break;
        }
        objections += 1;
        let mut released = memory.clone();
        verdict.releases.iter().for_each(|one| released.release(&case.taker(), one));
        assert_eq!(released.held_by(alarm.id()), [""; 0], "the attempt itself, at take {refused}");

        let record = DecisionRecord::new(&verdict.decision, &rule.name, "v", now(), None).unwrap();
        assert!(!record.starts(), "take {refused} was refused");
        let taker = record.taker(alarm.id());
        assert_eq!(taker, case.taker());
        let leftovers = record.leftovers(rule, subject);
        leftovers.iter().for_each(|one| memory.release(&taker, one));
        assert_eq!(memory.held_by(alarm.id()), [""; 0], "the next attempt, at take {refused}");
    }
    objections
}

/// Holds for every guardrail that takes, today's and those to come: each line of the order is met.
#[test]
fn whichever_guardrail_objects_the_next_attempt_releases_what_a_dead_one_took() {
    let rule = guarded();
    let takes = takes(&rule, &subject()).count();
    assert_eq!(takes, 4, "lock, both budgets, storm");
    assert_eq!(nothing_is_left_over(&rule, &subject()), takes);
}

#[test]
fn of_several_resources_none_stays_locked_when_one_is_not_free() {
    let rule = rule(&least("alarm: {names: [ec2-*]}\nrun: {maxConcurrency: 1}\n"));
    let resources = vec!["i-1".to_owned(), "i-2".to_owned(), "i-3".to_owned()];
    let subject = Subject { resources, ..subject() };
    assert_eq!(nothing_is_left_over(&rule, &subject), 6);
}

#[test]
fn a_rule_that_observes_leaves_nothing_over_either() {
    let mut rule = guarded();
    rule.mode = crate::Mode::Observe;
    assert_eq!(nothing_is_left_over(&rule, &subject()), 4);
    // It would have been started, and the attempt died before it said so: the cool-down begins.
    let (alarm, control) = (trigger(INSTANCE), Control::default());
    let case = Case { rule: &rule, trigger: &alarm, control: &control, now: now() };
    let (verdict, mut memory, _) = die_at(usize::MAX - 1, &case, fine());
    let record = DecisionRecord::new(&verdict.decision, &rule.name, "v", now(), None).unwrap();
    assert_eq!(record.conclusion, Conclusion::WouldStart);
    let leftovers = record.leftovers(&rule, &subject());
    assert_eq!(leftovers, verdict.releases);
    leftovers.iter().for_each(|one| memory.release(&record.taker(alarm.id()), one));
    let lock = &memory.observed.locks["444455556666#eu-west-1#i-0123456789abcdef0"];
    assert_eq!((lock.owner, lock.cool_downs.len()), (None, 1));
}

/// The attempt before died after it had taken everything and recorded nothing; by now the alarm has
/// returned to OK.
#[test]
fn a_decision_that_took_nothing_itself_releases_what_an_attempt_before_it_took() {
    let (rule, alarm, control) = (guarded(), trigger(INSTANCE), Control::default());
    let case = Case { rule: &rule, trigger: &alarm, control: &control, now: now() };
    let (_, mut memory, _) = die_at(usize::MAX - 1, &case, fine());
    assert_eq!(memory.held_by(alarm.id()).len(), 3);
    let ok = AlarmNow { state: None, actions_enabled: true };
    let facts = Facts { alarm: Some(ok), ..fine() };
    let (verdict, taken) = decide_by(&case, facts, |take| panic!("{take:?}"));
    assert_eq!(taken, []);
    let record = DecisionRecord::new(&verdict.decision, &rule.name, "v", now(), None).unwrap();
    let leftovers = record.leftovers(&rule, &subject());
    leftovers.iter().for_each(|one| memory.release(&record.taker(alarm.id()), one));
    assert_eq!(memory.held_by(alarm.id()), [""; 0]);
}

/// An execution that starts needs all that was taken.
#[test]
fn a_start_releases_nothing() {
    let rule = guarded();
    let start = Decision::Start(subject());
    let record = DecisionRecord::new(&start, &rule.name, "v", now(), None).unwrap();
    assert_eq!(record.leftovers(&rule, &subject()), []);
}
