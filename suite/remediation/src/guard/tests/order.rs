//! Which guardrail is asked before which, and what each one says.

use jiff::{SignedDuration, Timestamp};
use relay_core::alarm::AlarmState;
use relay_core::period::Period;
use relay_core::problem::{Problem, ProblemCode};

use crate::alarm::{AlarmTrigger, Creation, Quiet};
use crate::guard::testing::Memory;
use crate::guard::*;
use crate::tests::{least, rule, trigger};
use crate::{RemediationRule, Subject};

pub(super) const INSTANCE: &str = "aws.cloudwatch/status-check-instance.json";

pub(super) fn now() -> Timestamp {
    "2026-01-02T03:04:06Z".parse().unwrap()
}

pub(super) fn subject() -> Subject {
    Subject {
        account: "444455556666".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        resources: vec!["i-0123456789abcdef0".into()],
    }
}

/// Facts to which no guardrail objects.
pub(super) fn fine() -> Facts {
    Facts {
        decided: Some(None),
        initial: Some(false),
        alarm: Some(AlarmNow { state: Some(AlarmState::Alarm), actions_enabled: true }),
        calendar: Some(CalendarState::Open),
        subject: Some(Ok(subject())),
        memory: Some(MemoryNow::default()),
        fitness: Some(Ok(())),
        takes: vec![],
    }
}

/// Runs to the decision, taking from a memory.
pub(super) fn decide(
    case: &Case<'_>,
    facts: Facts,
    memory: &mut Memory,
) -> (GuardVerdict, Vec<Take>) {
    decide_by(case, facts, |take| memory.take(&case.taker(), take))
}

/// Runs to the decision, with somebody who answers the takes.
pub(super) fn decide_by(
    case: &Case<'_>,
    mut facts: Facts,
    mut answer: impl FnMut(&Take) -> TakeAnswer,
) -> (GuardVerdict, Vec<Take>) {
    loop {
        match next(case, &facts) {
            Step::Decided(verdict) => {
                let taken = facts.takes.into_iter().map(|(take, _)| take).collect();
                return (*verdict, taken);
            }
            Step::Take(take) => {
                let answer = answer(&take);
                add(&mut facts, take, answer);
            }
            Step::Ask(question) => panic!("{question:?} is not among the facts"),
        }
    }
}

/// A deliberation ends because nothing is taken twice.
pub(super) fn add(facts: &mut Facts, take: Take, answer: TakeAnswer) {
    assert!(facts.takes.iter().all(|(taken, _)| *taken != take), "{take:?} is taken twice");
    facts.takes.push((take, answer));
}

pub(super) fn release(case: &Case<'_>, verdict: &GuardVerdict, memory: &mut Memory) {
    verdict.releases.iter().for_each(|one| memory.release(&case.taker(), one));
}

#[track_caller]
pub(super) fn suppression(decision: &Decision) -> (ProblemCode, &str) {
    match decision {
        Decision::Suppress(suppression) | Decision::Observe(Err(suppression)) => {
            (suppression.problem.code, suppression.problem.what.as_str())
        }
        other => panic!("{other:?}"),
    }
}

pub(super) fn guarded() -> RemediationRule {
    rule(&least(
        "alarm: {names: [ec2-*]}\nguard: {calendar: Freeze, perHour: 1, perAccountHour: 1, storm: {resources: 1}}\n",
    ))
}

#[test]
fn without_anything_against_it_lock_budgets_and_storm_are_taken_in_this_order() {
    let (rule, trigger, control) = (guarded(), trigger(INSTANCE), Control::default());
    let case = Case { rule: &rule, trigger: &trigger, control: &control, now: now() };
    let mut memory = Memory::default();
    let (verdict, taken) = decide(&case, fine(), &mut memory);
    assert_eq!(verdict.decision, Decision::Start(subject()));
    let key = "444455556666#eu-west-1#i-0123456789abcdef0".to_owned();
    let window = Period::minutes(5);
    assert_eq!(
        taken,
        [
            Take::Lock { key: key.clone(), lease: rule.longest_run() },
            Take::Run { budget: "rule#web".to_owned(), most: 1 },
            Take::Run { budget: "account#444455556666".to_owned(), most: 1 },
            Take::Storm { resources: key, most: 1, window },
        ]
    );
    assert_eq!(
        memory.held_by(trigger.id()),
        [
            "lock on 444455556666#eu-west-1#i-0123456789abcdef0",
            "run of account#444455556666",
            "run of rule#web",
        ]
    );
}

#[test]
fn every_guardrail_has_its_place_in_the_order_and_its_takes_say_what_they_are() {
    let placed: Vec<Guardrail> = Guardrail::in_order().collect();
    let first = |(index, one): &(usize, &Guardrail)| !placed[..*index].contains(one);
    let order: Vec<Guardrail> =
        placed.iter().enumerate().filter(first).map(|(_, one)| *one).collect();
    assert_eq!(order, Guardrail::ALL, "in the order in which they object first");
    let rule = guarded();
    let words: Vec<String> = takes(&rule, &subject()).map(|take| take.describe()).collect();
    assert_eq!(
        words,
        [
            "take the lock on 444455556666#eu-west-1#i-0123456789abcdef0",
            "take a run from the budget rule#web",
            "take a run from the budget account#444455556666",
            "count the resources for the storm",
        ]
    );
    let releases: Vec<String> = takes(&rule, &subject())
        .filter_map(|take| take.release())
        .map(|release| release.describe())
        .collect();
    assert_eq!(
        releases,
        [
            "release the lock on 444455556666#eu-west-1#i-0123456789abcdef0",
            "return a run to the budget rule#web",
            "return a run to the budget account#444455556666",
        ],
        "a resource stays counted"
    );
}

#[test]
fn nothing_is_looked_up_before_the_guardrails_that_need_nothing_and_each_only_once() {
    let (rule, control) = (guarded(), Control::default());
    let trigger = AlarmTrigger { creation: Creation::Unknown, ..trigger(INSTANCE) };
    let case = Case { rule: &rule, trigger: &trigger, control: &control, now: now() };
    let (mut facts, all) = (Facts::default(), fine());
    let mut asked = Vec::new();
    while let Step::Ask(question) = next(&case, &facts) {
        match question {
            Question::Decided => facts.decided = all.decided.clone(),
            Question::History => facts.initial = all.initial,
            Question::Alarm => facts.alarm = all.alarm,
            Question::Calendar(_) => facts.calendar = all.calendar.clone(),
            Question::Subject => facts.subject = all.subject.clone(),
            Question::Memory(_) => facts.memory = all.memory.clone(),
            Question::Fitness => facts.fitness = all.fitness.clone(),
        }
        let asks = format!("{question:?}");
        asked.push(asks.split('(').next().unwrap_or_default().to_owned());
    }
    assert_eq!(
        asked,
        ["Decided", "Subject", "Memory", "History", "Alarm", "Calendar", "Fitness"],
        "AWS is asked last, and DescribeInstances only for what may run"
    );
}

/// Every guardrail objects; the first in the order is the one that is named. Then its reason is
/// taken away.
#[test]
fn the_order_is_switch_mute_resource_breaker_creation_ok_calendar_fitness_lock_cool_down_budgets_storm()
 {
    let rule = guarded();
    let mut control = Control { mode: crate::Mode::Off, until: None, reason: "drill".into() };
    let mut trigger = trigger(INSTANCE);
    trigger.quiet = Some(Quiet::Muted { by: "arn:mute".into(), until: None });
    trigger.creation = Creation::Initial;
    let mut facts = Facts {
        alarm: Some(AlarmNow { state: Some(AlarmState::Ok), actions_enabled: false }),
        calendar: Some(CalendarState::Closed { until: None }),
        subject: Some(Err(Problem::new(ProblemCode::ResourceUnknown, "", "no dimension"))),
        memory: Some(MemoryNow { breaker: Some(now()), refused: vec![] }),
        fitness: Some(Err(Problem::new(ProblemCode::ResourceRefused, "", "it belongs to a group"))),
        ..fine()
    };
    let rival = AlarmTrigger { at: now(), ..crate::tests::trigger(INSTANCE) };
    let other = Case { rule: &rule, trigger: &rival, control: &Control::default(), now: now() };
    let mut memory = Memory::default();
    let (verdict, _) = decide(&other, fine(), &mut memory);
    assert!(matches!(verdict.decision, Decision::Start(_)));

    let mut said = Vec::new();
    loop {
        let case = Case { rule: &rule, trigger: &trigger, control: &control, now: now() };
        let (verdict, _) = decide(&case, facts.clone(), &mut memory);
        let Decision::Suppress(suppression) = verdict.decision else { break };
        said.push(suppression.problem.code.as_str());
        assert!(said.len() < 20, "the reason was taken away: {said:?}");
        match suppression.problem.code {
            ProblemCode::KillSwitch => control.until = Some(now()),
            ProblemCode::AlarmMuted if trigger.quiet.is_some() => trigger.quiet = None,
            ProblemCode::InitialCreation => trigger.creation = Creation::Evaluated,
            ProblemCode::AlarmMuted => {
                facts.alarm = Some(AlarmNow { actions_enabled: true, ..facts.alarm.unwrap() });
            }
            ProblemCode::AlreadyOk => facts.alarm = fine().alarm,
            ProblemCode::CalendarClosed => facts.calendar = fine().calendar,
            ProblemCode::ResourceUnknown => facts.subject = fine().subject,
            ProblemCode::StormBreaker if facts.memory != fine().memory => {
                facts.memory = fine().memory;
            }
            ProblemCode::ResourceRefused => facts.fitness = fine().fitness,
            ProblemCode::Locked => {
                // The rival's run ends: its cool-down begins.
                let key = subject().keys(&rule).remove(0);
                let cool_down = Period::minutes(30);
                memory.release(&other.taker(), &Release::EndOfRun { key, cool_down });
            }
            ProblemCode::CoolingDown => {
                // Another resource is not cooling down; its budget is spent, and it is one too many.
                facts.subject =
                    Some(Ok(Subject { resources: vec!["i-other".into()], ..subject() }));
            }
            ProblemCode::StormBreaker => {
                // Without the storm the budget is what is left.
                memory.acting.storms.clear();
                memory.acting.breakers.clear();
            }
            ProblemCode::RuleBudget => {
                memory.acting.budgets.retain(|(key, _), _| key != "rule#web");
            }
            ProblemCode::AccountBudget => memory.acting.budgets.clear(),
            other => panic!("{other}"),
        }
    }
    assert_eq!(
        said,
        [
            "KillSwitch",
            "AlarmMuted",
            "ResourceUnknown",
            "StormBreaker",
            "InitialCreation",
            "AlarmMuted",
            "AlreadyOk",
            "CalendarClosed",
            "ResourceRefused",
            "Locked",
            "CoolingDown",
            "StormBreaker",
            "RuleBudget",
            "AccountBudget"
        ]
    );
    // As the order has it, with three exceptions: the resource is not a guardrail, a budget that objects
    // asks the storm first, and what memory says of locks and budgets has a test of its own.
    let mut order: Vec<&str> = Guardrail::in_order().map(|one| one.code().as_str()).collect();
    let storm = order.pop().unwrap();
    order.insert(order.len() - 2, storm);
    order.drain(3..7);
    said.retain(|code| !code.starts_with("Resource"));
    assert_eq!(said, order);
}

/// A memory objects in the words of the guardrail that would refuse the take, and before AWS is
/// asked for anything; nothing is taken but the place in the storm.
#[test]
fn what_the_memory_knows_objects_before_aws_is_asked() {
    let (rule, control) = (guarded(), Control::default());
    let mut memory = Memory::default();
    let first = trigger(INSTANCE);
    let case = Case { rule: &rule, trigger: &first, control: &control, now: now() };
    decide(&case, fine(), &mut memory);
    let ended = {
        let mut ended = memory.clone();
        let (key, cool_down) = (subject().keys(&rule).remove(0), Period::minutes(30));
        ended.release(&case.taker(), &Release::EndOfRun { key, cool_down });
        ended
    };
    let later = AlarmTrigger { at: now(), ..first.clone() };
    let elsewhere = Subject { resources: vec!["i-other".into()], ..subject() };
    let spent_account = {
        let mut spent = memory.clone();
        spent.acting.budgets.retain(|(key, _), _| key != "rule#web");
        spent.acting.storms.clear();
        spent
    };
    for (memory, subject, code, takes) in [
        (&memory, subject(), ProblemCode::Locked, 0),
        (&ended, subject(), ProblemCode::CoolingDown, 0),
        (&memory, elsewhere.clone(), ProblemCode::StormBreaker, 2),
        (&spent_account, elsewhere, ProblemCode::AccountBudget, 1),
    ] {
        let case = Case { rule: &rule, trigger: &later, control: &control, now: now() };
        let mut facts =
            Facts { decided: Some(None), subject: Some(Ok(subject)), ..Facts::default() };
        let Step::Ask(Question::Memory(looks)) = next(&case, &facts) else { panic!("{code}") };
        assert_eq!(looks.len(), 3, "the lock and both budgets: {looks:?}");
        facts.memory = Some(memory.look(&case.taker(), &looks));
        let mut after = memory.clone();
        let (verdict, taken) = decide(&case, facts, &mut after);
        assert_eq!(suppression(&verdict.decision).0, code);
        assert_eq!(taken.len(), takes, "{code}: {taken:?}");
        assert_eq!(after.held_by(later.id()), [""; 0], "{code}");
    }
    // The trigger's own lock and runs are not in its way.
    let mut facts = Facts { memory: None, ..fine() };
    let Step::Ask(Question::Memory(looks)) = next(&case, &facts) else { panic!() };
    facts.memory = Some(memory.look(&case.taker(), &looks));
    let (verdict, _) = decide(&case, facts, &mut memory);
    assert!(matches!(verdict.decision, Decision::Start(_)));
}

#[test]
fn a_lock_that_is_not_free_names_the_resource_the_reason_and_its_end() {
    let (rule, control) = (guarded(), Control::default());
    let (first, second) = (trigger(INSTANCE), AlarmTrigger { at: now(), ..trigger(INSTANCE) });
    let mut memory = Memory::default();
    let holder = Case { rule: &rule, trigger: &first, control: &control, now: now() };
    decide(&holder, fine(), &mut memory);
    let refused = |memory: &mut Memory| {
        let case = Case { trigger: &second, ..holder };
        match decide(&case, fine(), memory).0.decision {
            Decision::Suppress(suppression) => (suppression.problem.what, suppression.until),
            decision => panic!("{decision:?}"),
        }
    };
    let lease = now() + rule.longest_run().duration();
    let held = format!("i-0123456789abcdef0 is locked by the run of trigger {}", first.id());
    assert_eq!(refused(&mut memory), (held, Some(lease)));
    let (key, cool_down) = (subject().keys(&rule).remove(0), rule.guard.cool_down.clone());
    memory.release(&holder.taker(), &Release::EndOfRun { key, cool_down });
    let cooling = "i-0123456789abcdef0 cools down for 30m after the rule's last run".to_owned();
    let end = now() + SignedDuration::from_mins(30);
    assert_eq!(refused(&mut memory), (cooling, Some(end)));
}

#[test]
fn a_suppression_says_until_when_its_reason_holds_where_that_is_known() {
    let rule = guarded();
    let end = Some(now() + SignedDuration::from_mins(7));
    for until in [None, end] {
        let off = Control { mode: crate::Mode::Off, until, reason: String::new() };
        let quiet = Some(Quiet::Muted { by: "arn:mute".into(), until });
        let muted = AlarmTrigger { quiet, ..trigger(INSTANCE) };
        let closed = Facts { calendar: Some(CalendarState::Closed { until }), ..fine() };
        let memory = Some(MemoryNow { breaker: end, refused: vec![] });
        let stormy = Facts { memory, ..fine() };
        let (on, loud) = (Control::default(), trigger(INSTANCE));
        for (control, trigger, facts, expected) in [
            (&off, &loud, fine(), until),
            (&on, &muted, fine(), until),
            (&on, &loud, closed, until),
            (&on, &loud, stormy, end),
        ] {
            let case = Case { rule: &rule, trigger, control, now: now() };
            match decide(&case, facts, &mut Memory::default()).0.decision {
                Decision::Suppress(suppression) => assert_eq!(suppression.until, expected),
                decision => panic!("{decision:?}"),
            }
        }
    }
}

#[test]
fn when_a_later_guardrail_objects_what_earlier_ones_took_is_released() {
    let (rule, control) = (guarded(), Control::default());
    let (first, second) = (trigger(INSTANCE), trigger("aws.cloudwatch/status-check-system.json"));
    let mut memory = Memory::default();
    let case = Case { rule: &rule, trigger: &first, control: &control, now: now() };
    decide(&case, fine(), &mut memory);
    // Another resource, so the lock is free; the account's budget is not.
    memory.acting.budgets.retain(|(key, _), _| key != "rule#web");
    let before = memory.held_by(first.id());
    assert_eq!(before.len(), 2, "lock and account budget");
    let late = now() + SignedDuration::from_mins(6);
    let case = Case { rule: &rule, trigger: &second, control: &control, now: late };
    let other = Subject { resources: vec!["i-other".into()], ..subject() };
    let facts = Facts { subject: Some(Ok(other)), ..fine() };
    let (verdict, taken) = decide(&case, facts, &mut memory);
    assert_eq!(suppression(&verdict.decision).0, ProblemCode::AccountBudget);
    assert_eq!(taken.len(), 4, "lock, both budgets, storm: {taken:?}");
    assert_eq!(verdict.releases.len(), 2, "lock and rule budget");
    release(&case, &verdict, &mut memory);
    release(&case, &verdict, &mut memory);
    assert!(memory.held_by(second.id()).is_empty(), "{memory:#?}");
    assert_eq!(memory.held_by(first.id()), before, "what the first took is untouched");
}
