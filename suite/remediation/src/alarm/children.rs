//! The metrics of a composite alarm: it has none of its own, so its children are looked up,
//! and theirs where they are composites too.

use std::collections::BTreeSet;

use relay_core::alarm::{AlarmArn, AlarmState};

use crate::alarm::{AlarmKind, AlarmMetric, AlarmTrigger, rule_references};

/// Composites nested deeper than this are left alone: CloudWatch even lets them go in circles.
const DEEPEST: usize = 4;

/// A child as DescribeAlarms shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildDescription {
    /// The ARN of the child alarm.
    pub arn: AlarmArn,
    /// Its state at the look.
    pub state: AlarmState,
    /// The metrics that it watches.
    pub metrics: Vec<AlarmMetric>,
    /// Its metric math and queries.
    pub expressions: Vec<String>,
    /// Its rule, where it is a composite itself.
    pub alarm_rule: Option<String>,
}

/// The search for what a composite stands for: look up [`ChildSearch::wanted`], give it what was
/// found, until nothing is wanted any more. It ends, whatever refers to whatever.
#[derive(Debug, Clone)]
pub struct ChildSearch {
    seen: BTreeSet<AlarmArn>,
    wanted: Vec<AlarmArn>,
    depth: usize,
    metrics: BTreeSet<AlarmMetric>,
    expressions: BTreeSet<String>,
}

impl ChildSearch {
    /// The search for a trigger; for an alarm with metrics of its own it is over at once.
    #[must_use]
    pub fn new(trigger: &AlarmTrigger) -> Self {
        let mut search = Self {
            seen: BTreeSet::from([trigger.alarm.clone()]),
            wanted: Vec::new(),
            depth: 0,
            metrics: BTreeSet::new(),
            expressions: BTreeSet::new(),
        };
        if trigger.kind == AlarmKind::Composite && trigger.metrics.is_empty() {
            // Those in ALARM; where the message names none, those that the rule waits for.
            let rang = trigger
                .children
                .iter()
                .filter(|child| child.state.is_none_or(|state| state == AlarmState::Alarm))
                .map(|child| child.arn.clone());
            search.want(rang.collect());
            if search.wanted.is_empty() {
                let rule = trigger.alarm_rule.as_deref().unwrap_or_default();
                search.want(waited_for(rule, &trigger.alarm));
            }
        }
        search
    }

    /// The alarms to look up next, all in the trigger's account and Region; none: it is over.
    #[must_use]
    pub fn wanted(&self) -> &[AlarmArn] {
        &self.wanted
    }

    /// Takes what was found. What was wanted and is not among it does not exist any more.
    pub fn learn(&mut self, found: Vec<ChildDescription>) {
        self.wanted.clear();
        self.depth += 1;
        for child in found {
            // A child that is quiet did not set the parent off.
            if child.state != AlarmState::Alarm {
                continue;
            }
            self.metrics.extend(child.metrics);
            self.expressions.extend(child.expressions);
            if let (Some(rule), true) = (child.alarm_rule, self.depth < DEEPEST) {
                self.want(waited_for(&rule, &child.arn));
            }
        }
    }

    /// Gives the trigger the metrics and expressions that were found.
    pub fn tell(self, trigger: &mut AlarmTrigger) {
        trigger.metrics.extend(self.metrics);
        trigger.expressions.extend(self.expressions);
    }

    fn want(&mut self, alarms: Vec<AlarmArn>) {
        for alarm in alarms {
            if self.seen.insert(alarm.clone()) {
                self.wanted.push(alarm);
            }
        }
    }
}

/// The alarms whose state ALARM makes a rule true. Names mean alarms beside the composite.
fn waited_for(rule: &str, beside: &AlarmArn) -> Vec<AlarmArn> {
    rule_references(rule)
        .into_iter()
        .filter(|reference| reference.state == AlarmState::Alarm && !reference.negated)
        .filter_map(|reference| {
            let named = || AlarmArn::new(beside.region(), beside.account(), &reference.alarm);
            reference.alarm.parse().or_else(|_| named()).ok()
        })
        .collect()
}
