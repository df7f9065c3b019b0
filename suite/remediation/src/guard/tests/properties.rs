//! Properties that hold in every case: triggers delivered twice, at once, cut off in the middle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use relay_core::alarm::{AlarmState, TriggerId};

use crate::alarm::AlarmTrigger;
use crate::guard::testing::{Lock, Memory};
use crate::guard::*;
use crate::tests::{least, rule, trigger};
use crate::{RemediationRule, Subject};

/// The first second of the hour in which everything begins.
const HOUR: i64 = 1_767_322_800;

fn begin() -> Timestamp {
    "2026-01-02T03:00:01Z".parse().unwrap()
}

/// The n-th trigger: each its own instant, so its own identity.
fn nth(n: usize) -> AlarmTrigger {
    static ALARM: LazyLock<AlarmTrigger> =
        LazyLock::new(|| trigger("aws.cloudwatch/status-check-instance.json"));
    let alarm = ALARM.clone();
    AlarmTrigger { at: alarm.at + SignedDuration::from_millis(n as i64), ..alarm }
}

fn subject(resource: usize) -> Subject {
    Subject {
        account: "444455556666".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        resources: vec![format!("i-{resource}")],
    }
}

/// One delivery of a trigger, as far as it has got.
#[derive(Clone)]
struct Delivery {
    trigger: usize,
    now: Timestamp,
    facts: Facts,
    recorded: bool,
}

/// Deliveries of triggers against one memory, step by step in any order.
struct World {
    rule: RemediationRule,
    control: Control,
    memory: Memory,
    /// The decisions as they are recorded: the first about a trigger stays.
    records: BTreeMap<TriggerId, DecisionRecord>,
    triggers: Vec<(AlarmTrigger, usize)>,
    under_way: Vec<Delivery>,
    /// The recorded decision about each trigger.
    decisions: BTreeMap<usize, DecisionRecord>,
    /// Started and not ended.
    running: BTreeSet<usize>,
}

impl World {
    fn new(guard: &str, resources: &[usize]) -> Self {
        let text = least(&format!("alarm: {{names: [ec2-*]}}\nguard: {guard}\n"));
        let triggers = resources.iter().enumerate().map(|(n, resource)| (nth(n), *resource));
        Self {
            rule: rule(&text),
            control: Control::default(),
            memory: Memory::default(),
            records: BTreeMap::new(),
            triggers: triggers.collect(),
            under_way: vec![],
            decisions: BTreeMap::new(),
            running: BTreeSet::new(),
        }
    }

    fn deliver(&mut self, trigger: usize, now: Timestamp) {
        let facts = Facts {
            alarm: Some(AlarmNow { state: Some(AlarmState::Alarm), actions_enabled: true }),
            subject: Some(Ok(subject(self.triggers[trigger].1))),
            fitness: Some(Ok(())),
            ..Facts::default()
        };
        self.under_way.push(Delivery { trigger, now, facts, recorded: false });
    }

    /// One step of one delivery: a question, a take, or acting on the decision.
    fn step(&mut self, index: usize) {
        let delivery = &mut self.under_way[index];
        let number = delivery.trigger;
        let trigger = &self.triggers[number].0;
        let (rule, control) = (&self.rule, &self.control);
        let case = Case { rule, trigger, control, now: delivery.now };
        match next(&case, &delivery.facts) {
            Step::Ask(Question::Decided) => {
                delivery.facts.decided = Some(self.records.get(&trigger.id()).cloned());
            }
            Step::Ask(Question::Memory(takes)) => {
                delivery.facts.memory = Some(self.memory.look(&case.taker(), &takes));
            }
            Step::Ask(question) => panic!("{question:?}"),
            Step::Take(take) => {
                let answer = self.memory.take(&case.taker(), &take);
                super::order::add(&mut delivery.facts, take, answer);
            }
            Step::Decided(verdict) if !delivery.recorded => {
                delivery.recorded = true;
                let (decision, now) = (&verdict.decision, delivery.now);
                if let Some(record) = DecisionRecord::new(decision, &rule.name, "v", now, None) {
                    self.records.entry(trigger.id()).or_insert(record);
                }
            }
            Step::Decided(verdict) => {
                let record = self.records.get(&trigger.id()).cloned();
                let starts = record.as_ref().is_some_and(DecisionRecord::starts);
                if !starts {
                    let taker = case.taker();
                    verdict.releases.iter().for_each(|one| self.memory.release(&taker, one));
                }
                if let Some(record) = record {
                    let before = self.decisions.insert(number, record.clone());
                    assert!(before.is_none_or(|before| before == record), "decided twice");
                    if starts {
                        self.running.insert(number);
                    }
                }
                self.under_way.remove(index);
            }
        }
    }

    fn finish(&mut self) {
        while !self.under_way.is_empty() {
            self.step(0);
        }
    }

    /// The run of a trigger ends and releases its resource.
    fn end(&mut self, trigger: usize, now: Timestamp) {
        let (alarm, resource) = &self.triggers[trigger];
        let case = Case { rule: &self.rule, trigger: alarm, control: &self.control, now };
        let key = subject(*resource).keys(&self.rule).remove(0);
        let cool_down = self.rule.guard.cool_down.clone();
        self.memory.release(&case.taker(), &Release::EndOfRun { key, cool_down });
        self.running.remove(&trigger);
    }

    fn started(&self) -> BTreeSet<usize> {
        self.decisions.iter().filter(|(_, record)| record.starts()).map(|(n, _)| *n).collect()
    }

    fn code(&self, trigger: usize) -> &str {
        match &self.decisions[&trigger].conclusion {
            Conclusion::Start => "start",
            Conclusion::Suppress(suppression) => suppression.problem.code.as_str(),
            other => panic!("{other:?}"),
        }
    }

    /// The triggers that hold the lock on a resource now.
    fn owners(&self) -> Vec<TriggerId> {
        let owner = |lock: &Lock| lock.owner.map(|(owner, _)| owner);
        self.memory.acting.locks.values().filter_map(owner).collect()
    }
}

const WIDE: &str = "{perHour: 1000, perAccountHour: 1000, storm: {resources: 1000}, coolDown: 30m}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Triggers of few resources, delivered several times, stepped in any order, some cut off: of
    /// each resource at most one runs, and once a trigger was decided it stays so.
    #[test]
    fn of_concurrent_triggers_on_one_resource_never_two_pass(
        resources in prop::collection::vec(0usize..3, 1..8),
        script in prop::collection::vec((0u8..10, 0usize..64), 1..200),
    ) {
        let mut world = World::new(WIDE, &resources);
        for (action, pick) in script {
            match action {
                0 | 1 => world.deliver(pick % resources.len(), begin()),
                2 if !world.under_way.is_empty() => {
                    // Cut off: the function dies, and the queue delivers again later.
                    let index = pick % world.under_way.len();
                    let cut = world.under_way.remove(index);
                    world.deliver(cut.trigger, cut.now);
                }
                _ if !world.under_way.is_empty() => world.step(pick % world.under_way.len()),
                _ => {}
            }
        }
        world.finish();
        let mut holders: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for trigger in world.started() {
            holders.entry(resources[trigger]).or_default().push(trigger);
        }
        for (resource, triggers) in holders {
            prop_assert_eq!(triggers.len(), 1, "resource {} by {:?}", resource, triggers);
        }
        for trigger in world.decisions.keys() {
            prop_assert!(["start", "Locked"].contains(&world.code(*trigger)));
        }
    }

    /// Alone in the world, a trigger is started, however often it is cut off and delivered again.
    #[test]
    fn a_retry_never_meets_its_own_lock(
        cuts in prop::collection::vec(0usize..8, 0..6), late in 0i64..7200
    ) {
        let mut world = World::new("{perHour: 1, perAccountHour: 1, storm: {resources: 1}}", &[0]);
        for (n, steps) in cuts.iter().enumerate() {
            let now = begin() + SignedDuration::from_secs(late * n as i64 / 6);
            world.deliver(0, now);
            for _ in 0..*steps {
                if !world.under_way.is_empty() {
                    world.step(0);
                }
            }
            world.under_way.clear();
        }
        world.deliver(0, begin() + SignedDuration::from_secs(late));
        world.finish();
        prop_assert_eq!(world.code(0), "start");
        // And once more, while it runs: the same decision, nothing is released.
        world.deliver(0, begin() + SignedDuration::from_secs(late + 60));
        world.finish();
        prop_assert_eq!(world.code(0), "start");
        prop_assert_eq!(world.owners(), [world.triggers[0].0.id()]);
    }

    /// With every trigger on its own resource, exactly as many run as the budget has, in any order,
    /// and what is in the budget at the end is what ran.
    #[test]
    fn budgets_are_exact(
        count in 1usize..12, most in 1u32..6, script in prop::collection::vec(0usize..64, 0..160)
    ) {
        let resources: Vec<usize> = (0..count).collect();
        let guard =
            format!("{{perHour: {most}, perAccountHour: 1000, storm: {{resources: 1000}}}}");
        let mut world = World::new(&guard, &resources);
        for trigger in 0..count {
            world.deliver(trigger, begin());
            world.deliver(trigger, begin());
        }
        for pick in script {
            if !world.under_way.is_empty() {
                world.step(pick % world.under_way.len());
            }
        }
        world.finish();
        let started = world.started();
        prop_assert_eq!(started.len(), count.min(most as usize));
        let ids: BTreeSet<TriggerId> = started.iter().map(|n| world.triggers[*n].0.id()).collect();
        let kept = &world.memory.acting;
        let account = "account#444455556666".to_owned();
        prop_assert_eq!(&kept.budgets[&(account, HOUR)], &ids);
        prop_assert_eq!(&kept.budgets[&("rule#web".to_owned(), HOUR)], &ids);
    }

    /// A run that the account's budget refuses takes nothing from the rule's.
    #[test]
    fn what_is_refused_later_leaves_no_trace_in_an_earlier_budget(
        count in 1usize..10, most in 1u32..5, script in prop::collection::vec(0usize..64, 0..160)
    ) {
        let resources: Vec<usize> = (0..count).collect();
        let guard =
            format!("{{perHour: 1000, perAccountHour: {most}, storm: {{resources: 1000}}}}");
        let mut world = World::new(&guard, &resources);
        (0..count).for_each(|trigger| world.deliver(trigger, begin()));
        for pick in script {
            if !world.under_way.is_empty() {
                world.step(pick % world.under_way.len());
            }
        }
        world.finish();
        let started = world.started();
        prop_assert_eq!(started.len(), count.min(most as usize));
        let takers = &world.memory.acting.budgets[&("rule#web".to_owned(), HOUR)];
        prop_assert_eq!(takers.len(), started.len());
        let owned = world.owners().len();
        prop_assert_eq!(owned, started.len(), "only those that run hold a lock");
    }

    /// A dead run's lease ends, a run's end begins the cool-down, and both are over when they are.
    #[test]
    fn leases_and_cool_downs_run_out(ended in any::<bool>(), after in 0i64..20_000) {
        let mut world = World::new("{coolDown: 30m}", &[0, 0]);
        let bound = i64::from(world.rule.longest_run().as_secs());
        world.deliver(0, begin());
        world.finish();
        if ended {
            world.end(0, begin());
        }
        world.deliver(1, begin() + SignedDuration::from_secs(after));
        world.finish();
        let (busy, code) = if ended { (1800, "CoolingDown") } else { (bound, "Locked") };
        prop_assert_eq!(world.code(1), if after > busy { "start" } else { code });
    }

    /// Two rules on one resource: one at a time all the same, but each has its own cool-down.
    #[test]
    fn a_cool_down_is_of_rule_and_resource(after in 0i64..4_000) {
        let mut world = World::new("{coolDown: 30m}", &[0, 0]);
        world.deliver(0, begin());
        world.finish();
        world.rule.name = "another".into();
        world.deliver(1, begin());
        world.finish();
        prop_assert_eq!(world.code(1), "Locked");
        world.rule.name = "web".into();
        world.end(0, begin());
        world.rule.name = "another".into();
        world.triggers.push((nth(2), 0));
        world.deliver(2, begin() + SignedDuration::from_secs(after));
        world.finish();
        prop_assert_eq!(world.code(2), "start");
    }
}

#[test]
fn a_trigger_that_comes_again_long_after_its_run_does_not_run_again() {
    let mut world = World::new(WIDE, &[0]);
    world.deliver(0, begin());
    world.finish();
    world.end(0, begin() + SignedDuration::from_mins(10));
    // Even without the record: the lock remembers whose run ended last.
    world.records.clear();
    let before = world.memory.clone();
    world.decisions.clear();
    world.deliver(0, begin() + SignedDuration::from_hours(20));
    world.finish();
    assert!(world.decisions.is_empty(), "neither started nor published");
    assert_eq!(world.memory, before);
}

#[test]
fn a_thousand_triggers_on_a_hundred_resources_are_a_hundred_starts() {
    let resources: Vec<usize> = (0..1000).map(|n| n % 100).collect();
    let mut world = World::new(WIDE, &resources);
    for trigger in 0..1000 {
        world.deliver(trigger, begin());
        // A hundred at a time.
        if world.under_way.len() == 100 {
            while !world.under_way.is_empty() {
                let last = world.under_way.len() - 1;
                world.step(trigger % (last + 1));
            }
        }
    }
    world.finish();
    assert_eq!(world.started().len(), 100);
    assert_eq!((0..1000).filter(|n| world.code(*n) == "Locked").count(), 900);
}
