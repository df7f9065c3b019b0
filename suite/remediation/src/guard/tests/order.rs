//! Which brake is asked before which, and what each one says.

use jiff::{SignedDuration, Timestamp};
use relay_core::alarm::AlarmState;
use relay_core::item::{Attribute, Item, Key};
use relay_core::period::Period;
use relay_core::problem::{Problem, ProblemCode};

use super::table::Table;
use crate::alarm::{AlarmTrigger, Creation, Quiet, Via};
use crate::guard::*;
use crate::tests::{least, rule, trigger};
use crate::{RemediationRule, Subject};

const INSTANCE: &str = "aws.cloudwatch/status-check-instance.json";

fn now() -> Timestamp {
    "2026-01-02T03:04:06Z".parse().unwrap()
}

fn subject() -> Subject {
    Subject {
        account: "444455556666".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        resources: vec!["i-0123456789abcdef0".into()],
    }
}

/// A world in which nothing holds anything back.
fn fine() -> Facts {
    Facts {
        decided: Some(None),
        initial: Some(false),
        alarm: Some(AlarmNow { state: Some(AlarmState::Alarm), actions_enabled: true }),
        calendar: Some(CalendarState::Open),
        subject: Some(Ok(subject())),
        breaker: Some(None),
        takes: vec![],
    }
}

/// Runs to the decision, taking from a table.
fn decide(case: &Case<'_>, mut facts: Facts, table: &mut Table) -> (Verdict, Vec<Take>) {
    loop {
        match next(case, &facts) {
            Step::Decided(verdict) => {
                let taken = facts.takes.into_iter().map(|(take, _)| take).collect();
                return (*verdict, taken);
            }
            Step::Take(take, write) => facts.takes.push((take, table.write(&write))),
            Step::Look(look) => panic!("{look:?} is not among the facts"),
        }
    }
}

#[track_caller]
fn held(decision: &Decision) -> (ProblemCode, &str) {
    match decision {
        Decision::Hold(held) | Decision::Observe(Err(held)) => {
            (held.problem.code, held.problem.what.as_str())
        }
        other => panic!("{other:?}"),
    }
}

fn guarded() -> RemediationRule {
    rule(&least(
        "alarm: {names: [ec2-*]}\nguard: {calendar: Freeze, perHour: 1, perAccountHour: 1, storm: {resources: 1}}\n",
    ))
}

#[test]
fn without_anything_against_it_lock_budgets_and_storm_are_taken_in_this_order() {
    let (rule, trigger, control) = (guarded(), trigger(INSTANCE), Control::default());
    let case = Case { rule: &rule, trigger: &trigger, control: &control, now: now() };
    let mut table = Table::default();
    let (verdict, taken) = decide(&case, fine(), &mut table);
    assert_eq!(verdict.decision, Decision::Start(subject()));
    let key = "444455556666#eu-west-1#i-0123456789abcdef0";
    assert_eq!(taken, [Take::Lock(key.into()), Take::RuleBudget, Take::AccountBudget, Take::Storm]);
    let keys: Vec<String> =
        table.items.keys().map(|key| format!("{} {}", key.pk, key.sk)).collect();
    assert_eq!(
        keys,
        [
            "budget#account#444455556666 1767322800",
            "budget#rule#web 1767322800",
            "resource#444455556666#eu-west-1#i-0123456789abcdef0 brake",
            "storm#web 1767322800",
        ]
    );
}

#[test]
fn nothing_is_looked_up_before_the_brakes_that_need_nothing_and_each_only_once() {
    let (rule, control) = (guarded(), Control::default());
    let trigger = AlarmTrigger { creation: Creation::Unknown, ..trigger(INSTANCE) };
    let case = Case { rule: &rule, trigger: &trigger, control: &control, now: now() };
    let (mut facts, all) = (Facts::default(), fine());
    let mut asked = Vec::new();
    while let Step::Look(look) = next(&case, &facts) {
        match look {
            Look::Decided => facts.decided = all.decided.clone(),
            Look::History => facts.initial = all.initial,
            Look::Alarm => facts.alarm = all.alarm,
            Look::Calendar(_) => facts.calendar = all.calendar.clone(),
            Look::Subject => facts.subject = all.subject.clone(),
            Look::Breaker => facts.breaker = all.breaker,
        }
        asked.push(format!("{look:?}"));
    }
    assert_eq!(
        asked,
        ["Decided", "History", "Alarm", "Calendar(Calendar(\"Freeze\"))", "Subject", "Breaker"]
    );
}

/// Everything is against it; what is first in the order is what is said. Then that is taken away.
#[test]
fn the_order_is_switch_mute_creation_ok_calendar_resource_breaker_lock_cool_down_budgets_storm() {
    let rule = guarded();
    let mut control = Control { mode: crate::Mode::Off, until: None, reason: "drill".into() };
    let mut trigger = trigger(INSTANCE);
    trigger.quiet = Some(Quiet::Muted { by: "arn:mute".into(), until: None });
    trigger.creation = Creation::Initial;
    let mut facts = Facts {
        alarm: Some(AlarmNow { state: Some(AlarmState::Ok), actions_enabled: false }),
        calendar: Some(CalendarState::Closed { until: None }),
        subject: Some(Err(Problem::new(ProblemCode::ResourceUnknown, "", "no dimension"))),
        breaker: Some(Some(now())),
        ..fine()
    };
    let rival = AlarmTrigger { at: now(), ..crate::tests::trigger(INSTANCE) };
    let other = Case { rule: &rule, trigger: &rival, control: &Control::default(), now: now() };
    let mut table = Table::default();
    let (verdict, _) = decide(&other, fine(), &mut table);
    assert!(matches!(verdict.decision, Decision::Start(_)));

    let mut said = Vec::new();
    let mut table_of_another = table.clone();
    loop {
        let case = Case { rule: &rule, trigger: &trigger, control: &control, now: now() };
        let (verdict, _) = decide(&case, facts.clone(), &mut table_of_another);
        let Decision::Hold(held) = verdict.decision else { break };
        said.push(held.problem.code.as_str());
        match held.problem.code {
            ProblemCode::KillSwitch => control.until = Some(now()),
            ProblemCode::AlarmMuted if trigger.quiet.is_some() => trigger.quiet = None,
            ProblemCode::InitialCreation => trigger.creation = Creation::Evaluated,
            ProblemCode::AlarmMuted => {
                facts.alarm = Some(AlarmNow { actions_enabled: true, ..facts.alarm.unwrap() });
            }
            ProblemCode::AlreadyOk => facts.alarm = fine().alarm,
            ProblemCode::CalendarClosed => facts.calendar = fine().calendar,
            ProblemCode::ResourceUnknown => facts.subject = fine().subject,
            ProblemCode::StormBreaker if facts.breaker != Some(None) => facts.breaker = Some(None),
            ProblemCode::Locked => {
                // The rival's run ends: its cool-down begins.
                let taker = Case { now: now(), ..other }.taker();
                let key = &subject().keys(&rule)[0];
                table_of_another.write(&taker.release(key, &Period::minutes(30)));
            }
            ProblemCode::CoolingDown => {
                // Another resource is not cooling down; its budget is spent, and it is one too many.
                facts.subject =
                    Some(Ok(Subject { resources: vec!["i-other".into()], ..subject() }));
            }
            ProblemCode::StormBreaker => {
                // Without the storm the budget is what is left.
                table_of_another.items.retain(|key, _| !key.pk.starts_with("storm#"));
            }
            ProblemCode::RuleBudget => {
                table_of_another.items.retain(|key, _| !key.pk.starts_with("budget#rule"));
            }
            ProblemCode::AccountBudget => {
                table_of_another.items.retain(|key, _| !key.pk.starts_with("budget#"));
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(
        said,
        [
            "KillSwitch",
            "AlarmMuted",
            "InitialCreation",
            "AlarmMuted",
            "AlreadyOk",
            "CalendarClosed",
            "ResourceUnknown",
            "StormBreaker",
            "Locked",
            "CoolingDown",
            "StormBreaker",
            "RuleBudget",
            "AccountBudget"
        ]
    );
}

#[test]
fn what_a_later_brake_refuses_gives_back_what_earlier_ones_took() {
    let (rule, control) = (guarded(), Control::default());
    let (first, second) = (trigger(INSTANCE), trigger("aws.cloudwatch/status-check-system.json"));
    let mut table = Table::default();
    let case = Case { rule: &rule, trigger: &first, control: &control, now: now() };
    decide(&case, fine(), &mut table);
    let before = table.items.clone();
    // Another resource, so the lock is free; the account's budget is not.
    table.items.retain(|key, _| !key.pk.starts_with("budget#rule"));
    let late = now() + SignedDuration::from_mins(6);
    let case = Case { rule: &rule, trigger: &second, control: &control, now: late };
    let other = Subject { resources: vec!["i-other".into()], ..subject() };
    let facts = Facts { subject: Some(Ok(other)), ..fine() };
    let (verdict, taken) = decide(&case, facts, &mut table);
    assert_eq!(held(&verdict.decision).0, ProblemCode::AccountBudget);
    assert_eq!(taken.len(), 4, "lock, both budgets, storm: {taken:?}");
    assert_eq!(verdict.returns.len(), 2, "lock and rule budget");
    for write in &verdict.returns {
        table.write(write);
        table.write(write);
    }
    let taken_by_second = |item: &Item| {
        item.values().any(|value| match value {
            Attribute::Text(text) => *text == second.id().to_string(),
            Attribute::Texts(texts) => texts.contains(&second.id().to_string()),
            Attribute::Number(_) => false,
        })
    };
    assert!(!table.items.values().any(taken_by_second), "{:#?}", table.items);
    for (key, item) in before.iter().filter(|(key, _)| !key.pk.starts_with("budget#rule")) {
        assert_eq!(&table.items[key], item, "what the first took is untouched");
    }
}

#[test]
fn ec2s_own_recovery_has_its_time_before_anything_is_taken_and_only_for_system_checks() {
    let rule = rule(&least("alarm: {names: [ec2-*]}\n"));
    let control = Control::default();
    let system = trigger("aws.cloudwatch/status-check-system.json");
    let mut table = Table::default();
    let case = Case { rule: &rule, trigger: &system, control: &control, now: now() };
    let until = system.at + SignedDuration::from_mins(5);
    assert_eq!(decide(&case, fine(), &mut table).0.decision, Decision::Later(until));
    assert!(table.items.is_empty());
    let later = Case { now: until, ..case };
    let ok = AlarmNow { state: Some(AlarmState::Ok), actions_enabled: true };
    let (verdict, _) = decide(&later, Facts { alarm: Some(ok), ..fine() }, &mut table);
    assert_eq!(
        held(&verdict.decision),
        (ProblemCode::AlreadyOk, "the alarm has cleared by itself")
    );
    let (verdict, _) = decide(&later, fine(), &mut table);
    assert!(matches!(verdict.decision, Decision::Start(_)));
    let instance = trigger(INSTANCE);
    assert_eq!(rule.deferred_until(&instance), None);
    let eager = crate::tests::rule(&least("guard: {deferToAutoRecovery: 0s}\n"));
    assert_eq!(eager.deferred_until(&system), None);
}

#[test]
fn actions_that_are_off_silence_events_only_and_a_quiet_alarm_is_no_reason_to_act() {
    let (rule, control) = (guarded(), Control::default());
    let off = AlarmNow { state: Some(AlarmState::Alarm), actions_enabled: false };
    for (via, silenced) in [(Via::EventBridge, true), (Via::Sns, false), (Via::Lambda, false)] {
        let trigger = AlarmTrigger { via, ..trigger(INSTANCE) };
        let case = Case { rule: &rule, trigger: &trigger, control: &control, now: now() };
        let facts = Facts { alarm: Some(off), ..fine() };
        let (verdict, _) = decide(&case, facts, &mut Table::default());
        assert_eq!(matches!(verdict.decision, Decision::Hold(_)), silenced, "{via:?}");
    }
    let trigger = trigger(INSTANCE);
    let case = Case { rule: &rule, trigger: &trigger, control: &control, now: now() };
    let gone = AlarmNow { state: None, actions_enabled: true };
    let facts = Facts { alarm: Some(gone), ..fine() };
    let (verdict, _) = decide(&case, facts, &mut Table::default());
    assert_eq!(held(&verdict.decision).0, ProblemCode::AlreadyOk);
}

#[test]
fn observing_decides_everything_keeps_its_own_accounts_and_never_blocks_a_rule_that_acts() {
    let rule = rule(&least("alarm: {names: [ec2-*]}\nmode: observe\n"));
    let control = Control::default();
    let alarm = trigger(INSTANCE);
    let mut table = Table::default();
    let case = Case { rule: &rule, trigger: &alarm, control: &control, now: now() };
    let (verdict, _) = decide(&case, fine(), &mut table);
    assert_eq!(verdict.decision, Decision::Observe(Ok(subject())));
    verdict.returns.iter().for_each(|write| drop(table.write(write)));
    assert!(table.items.keys().all(|key| key.pk.starts_with("observed-")), "{:?}", table.items);
    let again = AlarmTrigger { at: alarm.at + SignedDuration::from_mins(1), ..alarm.clone() };
    let later = now() + SignedDuration::from_mins(1);
    let case = Case { rule: &rule, trigger: &again, control: &control, now: later };
    let (verdict, _) = decide(&case, fine(), &mut table);
    assert_eq!(held(&verdict.decision).0, ProblemCode::CoolingDown, "as if it had run");
    let mut active = rule;
    active.mode = crate::Mode::Active;
    let case = Case { rule: &active, trigger: &again, control: &control, now: later };
    let (verdict, _) = decide(&case, fine(), &mut table);
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
    let mut table = Table::default();
    let ring = |n: i64, at: Timestamp, table: &mut Table| {
        let trigger =
            AlarmTrigger { at: alarm.at + SignedDuration::from_millis(n), ..alarm.clone() };
        let case = Case { rule: &rule, trigger: &trigger, control: &control, now: at };
        let breaker = table.items.get(&case.taker().breaker_key());
        let until = breaker.and_then(|item| item["until"].as_number());
        let facts = Facts {
            subject: Some(Ok(Subject { resources: vec![format!("i-{n}")], ..subject() })),
            breaker: Some(until.map(|until| Timestamp::from_second(until).unwrap())),
            ..fine()
        };
        let (verdict, _) = decide(&case, facts, table);
        verdict.returns.iter().for_each(|write| drop(table.write(write)));
        match verdict.decision {
            Decision::Start(_) => "started".to_owned(),
            decision => held(&decision).1.to_owned(),
        }
    };
    let words: Vec<String> = (0..5).map(|n| ring(n, now(), &mut table)).collect();
    assert_eq!(
        words,
        [
            "started",
            "started",
            "more than 2 resources rang within 5m: the storm breaker opened",
            "the storm breaker of the rule is open",
            "the storm breaker of the rule is open",
        ]
    );
    let resources = table.set("storm#web");
    assert_eq!(resources.len(), 2, "it remembers no more than it has to");
    let later = now() + SignedDuration::from_mins(5) + SignedDuration::from_secs(1);
    assert_eq!(ring(6, later, &mut table), "started");
}

#[test]
fn several_resources_are_locked_together_or_not_at_all() {
    let rule = rule(&least("alarm: {names: [ec2-*]}\nrun: {maxConcurrency: 1}\n"));
    let control = Control::default();
    let (first, second) = (trigger(INSTANCE), trigger("aws.cloudwatch/status-check-system.json"));
    let mut table = Table::default();
    let of = |resources: &[&str]| Facts {
        subject: Some(Ok(Subject {
            resources: resources.iter().map(ToString::to_string).collect(),
            ..subject()
        })),
        ..fine()
    };
    let late = now() + SignedDuration::from_mins(6);
    let case = Case { rule: &rule, trigger: &first, control: &control, now: late };
    assert!(matches!(decide(&case, of(&["b"]), &mut table).0.decision, Decision::Start(_)));
    let case = Case { rule: &rule, trigger: &second, control: &control, now: late };
    let (verdict, _) = decide(&case, of(&["a", "b"]), &mut table);
    assert_eq!(held(&verdict.decision).0, ProblemCode::Locked);
    verdict.returns.iter().for_each(|write| drop(table.write(write)));
    let key = Key { pk: "resource#444455556666#eu-west-1#a".into(), sk: "brake".into() };
    assert!(!table.items[&key].contains_key("owner"), "given back");
}

#[test]
fn a_decision_is_recorded_once_and_says_where_it_is_told() {
    let alarm = trigger(INSTANCE);
    let held = HeldBack {
        brake: Some(Brake::Lock),
        problem: Problem::new(ProblemCode::Locked, "web", "held"),
        until: None,
    };
    let mut table = Table::default();
    let start = Recorded::new(&Decision::Start(subject()), "web", "sha256:1", now()).unwrap();
    let hold = Recorded::new(&Decision::Hold(held.clone()), "web", "sha256:1", now()).unwrap();
    assert_eq!(table.write(&start.write(alarm.id())), TakeAnswer::Taken);
    let TakeAnswer::Refused(item) = table.write(&hold.write(alarm.id())) else { panic!() };
    assert_eq!(Recorded::read(&item), Some(start.clone()));
    assert_eq!(start.bucket(), None);
    let bucket = hold.bucket().unwrap();
    assert_eq!(bucket.pk(), "digest#web#Locked#1767322800");
    assert_eq!(bucket.delay(now()), 300 + 10 - 246);
    let observed = Recorded::new(&Decision::Observe(Err(held)), "web", "", now()).unwrap();
    assert_eq!(observed.bucket().unwrap().pk(), "observed#web#Locked#1767322800");
    assert_eq!(Recorded::new(&Decision::Later(now()), "web", "", now()), None);
}

#[test]
fn of_a_bucket_one_trigger_is_the_first_and_each_is_counted_once() {
    let bucket = digest::Bucket::at("web", ProblemCode::Locked, false, now());
    let alarm = trigger(INSTANCE);
    let ids: Vec<_> = (0..4)
        .map(|n| {
            AlarmTrigger { at: alarm.at + SignedDuration::from_millis(n), ..alarm.clone() }.id()
        })
        .collect();
    let mut table = Table::default();
    let mut firsts = 0;
    for id in ids.iter().chain(&ids) {
        let record = digest::Record {
            trigger: *id,
            alarm: alarm.alarm.to_string(),
            account: "444455556666".into(),
            region: "eu-west-1".into(),
            resources: vec!["i-1".into(), "i-2".into()],
            what: "held".into(),
        };
        table.write(&bucket.record(&record));
        firsts += usize::from(table.write(&bucket.first(*id)) == TakeAnswer::Taken);
        let key = Key { pk: bucket.pk(), sk: format!("t#{id}") };
        assert_eq!(digest::Record::read(&key.sk, &table.items[&key]), Some(record));
    }
    assert_eq!(firsts, 2, "the first, and its repeat");
    let counted = table.items.keys().filter(|key| key.sk.starts_with("t#")).count();
    assert_eq!(counted, 4);
}

#[test]
fn what_was_told_of_a_bucket_only_grows() {
    let mut table = Table::default();
    let bucket = digest::Bucket::at("web", ProblemCode::Locked, false, now());
    let first = trigger(INSTANCE).id();
    let opening = |table: &Table| digest::Opening::read(&table.items[&bucket.opening_key()]);
    table.write(&bucket.first(first));
    assert_eq!(opening(&table), Some(digest::Opening { first, told: 0 }));
    for (told, answer) in [(1, true), (7, true), (7, false), (1, false)] {
        assert_eq!(table.write(&bucket.told(told)) == TakeAnswer::Taken, answer, "{told}");
    }
    assert_eq!(opening(&table), Some(digest::Opening { first, told: 7 }));
    assert_eq!(table.write(&bucket.first(first)), TakeAnswer::Taken, "the first may come again");
    let end = now() + SignedDuration::from_secs(i64::from(bucket.delay(now())));
    assert!(!bucket.is_over(now()) && bucket.is_over(end));
}

#[test]
fn the_input_of_a_run_is_kept_as_it_was_first() {
    let mut table = Table::default();
    let me = trigger(INSTANCE).id();
    assert_eq!(table.write(&Recorded::input_write(me, "{1}", now())), TakeAnswer::Taken);
    let TakeAnswer::Refused(_) = table.write(&Recorded::input_write(me, "{2}", now())) else {
        panic!("another was written over it");
    };
    let item = &table.items[&Recorded::input_key(me)];
    assert_eq!(Recorded::read_input(item), Some("{1}"));
    assert_ne!(Recorded::input_key(me), Recorded::key(me));
}
