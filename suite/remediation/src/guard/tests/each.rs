//! The guardrails one by one.

use jiff::{SignedDuration, Timestamp};
use relay_core::alarm::AlarmState;
use relay_core::problem::{Problem, ProblemCode};

use super::order::*;
use crate::Subject;
use crate::alarm::{AlarmTrigger, Quiet, Via};
use crate::guard::testing::Memory;
use crate::guard::*;
use crate::tests::{least, rule, trigger};

#[test]
fn ec2s_own_recovery_has_its_time_before_anything_is_taken_and_only_for_system_checks() {
    let rule = rule(&least("alarm: {names: [ec2-*]}\n"));
    let control = Control::default();
    let system = trigger("aws.cloudwatch/status-check-system.json");
    let mut memory = Memory::default();
    let case = Case { rule: &rule, trigger: &system, control: &control, now: now() };
    let until = system.at + SignedDuration::from_mins(5);
    assert_eq!(decide(&case, fine(), &mut memory).0.decision, Decision::Later(until));
    assert_eq!(memory, Memory::default());
    let later = Case { now: until, ..case };
    let ok = AlarmNow { state: Some(AlarmState::Ok), actions_enabled: true };
    let (verdict, _) = decide(&later, Facts { alarm: Some(ok), ..fine() }, &mut memory);
    assert_eq!(
        suppression(&verdict.decision),
        (ProblemCode::AlreadyOk, "the alarm returned to OK by itself")
    );
    let (verdict, _) = decide(&later, fine(), &mut memory);
    assert!(matches!(verdict.decision, Decision::Start(_)));
    let instance = trigger(INSTANCE);
    assert_eq!(rule.deferred_until(&instance), None);
    let eager = crate::tests::rule(&least("guard: {deferToAutoRecovery: 0s}\n"));
    assert_eq!(eager.deferred_until(&system), None);
}

#[test]
fn disabled_actions_suppress_events_only_and_an_alarm_that_is_gone_starts_nothing() {
    let (rule, control) = (guarded(), Control::default());
    let off = AlarmNow { state: Some(AlarmState::Alarm), actions_enabled: false };
    for (via, silenced) in [(Via::EventBridge, true), (Via::Sns, false), (Via::Lambda, false)] {
        let trigger = AlarmTrigger { via, ..trigger(INSTANCE) };
        let case = Case { rule: &rule, trigger: &trigger, control: &control, now: now() };
        let facts = Facts { alarm: Some(off), ..fine() };
        let (verdict, _) = decide(&case, facts, &mut Memory::default());
        assert_eq!(matches!(verdict.decision, Decision::Suppress(_)), silenced, "{via:?}");
    }
    let trigger = trigger(INSTANCE);
    let case = Case { rule: &rule, trigger: &trigger, control: &control, now: now() };
    let gone = AlarmNow { state: None, actions_enabled: true };
    let facts = Facts { alarm: Some(gone), ..fine() };
    let (verdict, _) = decide(&case, facts, &mut Memory::default());
    assert_eq!(suppression(&verdict.decision).0, ProblemCode::AlreadyOk);
}

#[test]
fn observing_decides_everything_keeps_its_own_accounts_and_never_blocks_a_rule_that_acts() {
    let rule = rule(&least("alarm: {names: [ec2-*]}\nmode: observe\n"));
    let control = Control::default();
    let alarm = trigger(INSTANCE);
    let mut memory = Memory::default();
    let case = Case { rule: &rule, trigger: &alarm, control: &control, now: now() };
    let (verdict, _) = decide(&case, fine(), &mut memory);
    assert_eq!(verdict.decision, Decision::Observe(Ok(subject())));
    release(&case, &verdict, &mut memory);
    assert_eq!(memory.acting, testing::Kept::default());
    assert!(!memory.observed.storms.is_empty());
    let again = AlarmTrigger { at: alarm.at + SignedDuration::from_mins(1), ..alarm.clone() };
    let later = now() + SignedDuration::from_mins(1);
    let case = Case { rule: &rule, trigger: &again, control: &control, now: later };
    let (verdict, _) = decide(&case, fine(), &mut memory);
    assert_eq!(suppression(&verdict.decision).0, ProblemCode::CoolingDown, "as if it had run");
    let mut active = rule;
    active.mode = crate::Mode::Active;
    let case = Case { rule: &active, trigger: &again, control: &control, now: later };
    let (verdict, _) = decide(&case, fine(), &mut memory);
    assert!(matches!(verdict.decision, Decision::Start(_)));
    let watching = Control { mode: crate::Mode::Observe, until: None, reason: String::new() };
    let case = Case { rule: &active, trigger: &alarm, control: &watching, now: now() };
    assert_eq!(case.mode(), crate::Mode::Observe, "the more restrained holds");
}

#[test]
fn a_storm_opens_the_breaker_once_and_it_closes_after_a_window() {
    let rule = rule(&least(
        "alarm: {names: [ec2-*]}\nguard: {perHour: 100, perAccountHour: 100, storm: {resources: 2, window: 5m}}\n",
    ));
    let control = Control::default();
    let alarm = trigger(INSTANCE);
    let mut memory = Memory::default();
    let arrive = |n: i64, at: Timestamp, memory: &mut Memory| {
        let trigger =
            AlarmTrigger { at: alarm.at + SignedDuration::from_millis(n), ..alarm.clone() };
        let case = Case { rule: &rule, trigger: &trigger, control: &control, now: at };
        let facts = Facts {
            subject: Some(Ok(Subject { resources: vec![format!("i-{n}")], ..subject() })),
            memory: Some(memory.look(&case.taker(), &[])),
            ..fine()
        };
        let (verdict, _) = decide(&case, facts, memory);
        release(&case, &verdict, memory);
        match verdict.decision {
            Decision::Start(_) => "started".to_owned(),
            decision => suppression(&decision).1.to_owned(),
        }
    };
    let words: Vec<String> = (0..5).map(|n| arrive(n, now(), &mut memory)).collect();
    assert_eq!(
        words,
        [
            "started",
            "started",
            "more than 2 resources went into ALARM within 5m: the storm breaker opened",
            "the storm breaker of the rule is open",
            "the storm breaker of the rule is open",
        ]
    );
    let resources = memory.acting.storms.values().next().unwrap();
    assert_eq!(resources.len(), 2, "it remembers no more than it has to");
    let later = now() + SignedDuration::from_mins(5) + SignedDuration::from_secs(1);
    assert_eq!(arrive(6, later, &mut memory), "started");
}

#[test]
fn several_resources_are_locked_together_or_not_at_all() {
    let rule = rule(&least("alarm: {names: [ec2-*]}\nrun: {maxConcurrency: 1}\n"));
    let control = Control::default();
    let (first, second) = (trigger(INSTANCE), trigger("aws.cloudwatch/status-check-system.json"));
    let mut memory = Memory::default();
    let of = |resources: &[&str]| Facts {
        subject: Some(Ok(Subject {
            resources: resources.iter().map(ToString::to_string).collect(),
            ..subject()
        })),
        ..fine()
    };
    let late = now() + SignedDuration::from_mins(6);
    let case = Case { rule: &rule, trigger: &first, control: &control, now: late };
    assert!(matches!(decide(&case, of(&["b"]), &mut memory).0.decision, Decision::Start(_)));
    let case = Case { rule: &rule, trigger: &second, control: &control, now: late };
    let (verdict, _) = decide(&case, of(&["a", "b"]), &mut memory);
    assert_eq!(suppression(&verdict.decision).0, ProblemCode::Locked);
    release(&case, &verdict, &mut memory);
    assert_eq!(memory.acting.locks["444455556666#eu-west-1#a"].owner, None, "released");
}

#[test]
fn a_kill_switch_that_hides_a_mute_leaves_the_later_action_to_a_decision_of_its_own() {
    let rule = guarded();
    let control = Control { mode: crate::Mode::Off, until: None, reason: "drill".into() };
    for (quiet, held_back) in
        [(None, false), (Some(Quiet::Muted { by: "arn:mute".into(), until: None }), true)]
    {
        let mut trigger = trigger(INSTANCE);
        trigger.quiet = quiet;
        let case = Case { rule: &rule, trigger: &trigger, control: &control, now: now() };
        let (verdict, _) = decide(&case, fine(), &mut Memory::default());
        assert_eq!(suppression(&verdict.decision).0, ProblemCode::KillSwitch);
        let record = DecisionRecord::new(&verdict.decision, "web", "v", now(), None).unwrap();
        assert_eq!(record.was_held_back(), held_back);
    }
}

#[test]
fn a_decision_to_start_nothing_belongs_to_the_digest_of_its_reason() {
    let suppression = Suppression {
        guardrail: Some(Guardrail::Lock),
        problem: Problem::new(ProblemCode::Locked, "web", "locked"),
        until: None,
        held_back: false,
    };
    let record = |decision: &Decision| DecisionRecord::new(decision, "web", "v", now(), None);
    let start = record(&Decision::Start(subject())).unwrap();
    assert!(start.starts());
    assert_eq!(start.window(), None);
    let window = record(&Decision::Suppress(suppression.clone())).unwrap().window().unwrap();
    assert_eq!(window.to_string(), "suppressed/web/Locked/1767322800");
    assert_eq!(window.delay(now()), 300 + 10 - 246);
    let end = now() + SignedDuration::from_secs(i64::from(window.delay(now())));
    assert!(!window.is_over(now()) && window.is_over(end));
    let observed = record(&Decision::Observe(Err(suppression))).unwrap();
    assert_eq!(observed.window().unwrap().to_string(), "observed/web/Locked/1767322800");
    assert_eq!(record(&Decision::Later(now())), None);
}
